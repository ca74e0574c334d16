//! `pgward operator create|list|remove`

use clap::Subcommand;

use super::Common;
use super::client::{Client, percent};
use super::grant::warn;
use super::output::{self, Failure, Format, printable, say};
use crate::admin::forms::{Because, CreatedOperator, OperatorView, OperatorWish, RemovedOperator};

const CREATE_EXAMPLES: &str = "\
Examples:
  pgward operator create alice --may request
  pgward operator create dana --may approve --may administer

The token is printed once; only what verifies it is kept. On another machine:
  export PGWARD_OPERATOR_TOKEN=pgw_…
  pgward --server https://gateway:6433 grant request --database app --reason \"…\"
The server must have admin.address. Users of the server's own machine need no token: they stand
in admin.operators, and the system says who they are.";

/// The verbs.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make an operator, who proves themselves by a token
    #[command(after_help = CREATE_EXAMPLES)]
    Create(Create),
    /// List operators, of the configuration too
    List,
    /// Remove an operator, and end what rests on their word
    Remove(Remove),
}

#[derive(Debug, clap::Args)]
pub(super) struct Create {
    /// The person's name, as everywhere else
    #[arg(value_name = "NAME")]
    name: String,

    /// What they may do: request, approve, administer, audit, break-glass
    ///
    /// May be given more than once, or with commas between.
    #[arg(long, value_name = "RIGHT", value_delimiter = ',', required = true)]
    may: Vec<String>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Remove {
    /// The operator's name
    #[arg(value_name = "NAME")]
    name: String,
}

/// Runs a verb.
pub(super) fn run(command: Command, common: &Common) -> Result<(), Failure> {
    let client = Client::new(common)?;
    match command {
        Command::Create(args) => create(&client, args, common.output),
        Command::List => list(&client, common.output),
        Command::Remove(args) => remove(&client, &args, common.output),
    }
}

fn create(client: &Client, args: Create, format: Format) -> Result<(), Failure> {
    let Create { name, may } = args;
    let operator: CreatedOperator = client.post("/v1/operators", &OperatorWish { name, may })?;
    if format == Format::Json {
        return output::json(&operator);
    }
    let (name, may) = (printable(&operator.name), operator.may.join(", "));
    let token = &operator.token;
    output::print(&format!("operator {name} may {may}\n\n  PGWARD_OPERATOR_TOKEN={token}\n"))?;
    say("the token is shown this once");
    Ok(())
}

fn list(client: &Client, format: Format) -> Result<(), Failure> {
    let operators: Vec<OperatorView> = client.get("/v1/operators")?;
    if format == Format::Json {
        return output::json(&operators);
    }
    let rows = operators.into_iter().map(|one| {
        let at = one.created_at.map(|at| output::minute(&at)).unwrap_or_default();
        vec![one.actor, one.may.join(", "), one.by, at, one.created_by.unwrap_or_default()]
    });
    let header = ["operator", "may", "by", "created", "created by"];
    let nothing = "no operators but the user that the server runs as, and root; \
                   `pgward operator create --help` says how to make one";
    output::table(&header, rows.collect(), nothing)
}

fn remove(client: &Client, args: &Remove, format: Format) -> Result<(), Failure> {
    let path = format!("/v1/operators/{}/remove", percent(&args.name));
    let removed: RemovedOperator = client.post(&path, &Because::default())?;
    removed.grants.iter().for_each(warn);
    if format == Format::Json {
        return output::json(&removed);
    }
    let mut lines: Vec<String> = removed
        .grants
        .iter()
        .map(|grant| format!("grant {} is {}", grant.id, grant.state))
        .collect();
    let (name, count) = (printable(&removed.name), removed.grants.len());
    let s = if count == 1 { "" } else { "s" };
    lines.push(format!("operator {name} is removed: {count} grant{s} ended, {}", removed.summary));
    output::print(&lines.join("\n"))
}
