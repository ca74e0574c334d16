//! `pgward grant create|list|show|revoke`

use clap::Subcommand;

use super::Common;
use super::client::Client;
use super::output::{self, Failure, Format, printable, say};
use crate::admin::forms::{Because, CreatedGrant, GrantView, RevokeMany, Revoked, RevokedMany};
use crate::base::GrantId;
use crate::grants::Wish;

const CREATE_EXAMPLES: &str = "\
Examples:
  pgward grant create --user alice --database app --ttl 1h --reason \"INC-4211 stuck orders\"
      alice may read app for an hour
  pgward grant create --user alice --database app --ttl 30m --ticket INC-4211 \\
      --scope update,delete:public.orders --scope insert:public.notes --reason \"unstick orders\"
      and change what the scopes name, nothing else
  pgward grant create --user ci --database app --reason \"nightly report\" -o json | jq -r .token
      for a program

The token is printed once; only what verifies it is kept. It is the password of the connection,
with the grant's id or the user's name as user. It works until the TTL is over, counted from now,
or until `pgward grant revoke`.";

const REVOKE_EXAMPLES: &str = "\
Examples:
  pgward grant revoke g_7k2m9x0qwe --reason \"fixed\"
  pgward grant revoke --user alice
  pgward grant revoke --all --reason \"incident\"

Live sessions are told why and end within a second, what they were running is cancelled and not
committed, and the command returns when their backends are gone.";

/// The verbs.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Let somebody in, for a reason and for a time
    #[command(after_help = CREATE_EXAMPLES)]
    Create(Create),
    /// List grants: those in use and those that ended in the last 24 hours
    List(List),
    /// Show one grant
    Show(Show),
    /// End grants and their sessions, now
    #[command(after_help = REVOKE_EXAMPLES)]
    Revoke(Revoke),
}

#[derive(Debug, clap::Args)]
pub(super) struct Create {
    /// The person or program that the grant is for
    #[arg(long, value_name = "NAME")]
    user: String,

    /// The database, by its name in the configuration
    #[arg(long, value_name = "NAME")]
    database: String,

    /// How long it lasts: 30s, 15m, 1h, 4h30m, 2d [default: policy.default_ttl]
    ///
    /// At most policy.max_ttl; with scopes at most policy.max_write_ttl. There is no grant without
    /// an end.
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    ttl: Option<String>,

    /// Why: stands in every record of the grant's sessions
    #[arg(long, value_name = "TEXT")]
    reason: String,

    /// The ticket that asks for it
    #[arg(long, value_name = "TICKET")]
    ticket: Option<String>,

    #[allow(rustdoc::broken_intra_doc_links, reason = "a help text, not a link")]
    /// What may be done beyond reading: VERB[,VERB]...:SCHEMA.TABLE
    ///
    /// Verbs: insert, update, delete, truncate; maintain (VACUUM, ANALYZE, REINDEX, CLUSTER,
    /// REFRESH); select (then only what it names may be read). Also execute:SCHEMA.FUNCTION and
    /// ddl:SCHEMA. The table may be *, for all of the schema's. May be given more than once.
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,

    /// Sessions at once [default: limits.max_sessions_per_grant]
    #[arg(long, value_name = "N")]
    max_sessions: Option<u64>,

    /// Rows that one statement may write, 0 for any number [default: limits.max_rows_written]
    #[arg(long, value_name = "N")]
    max_rows_written: Option<u64>,
}

#[derive(Debug, clap::Args)]
pub(super) struct List {
    /// Every grant there ever was
    #[arg(long)]
    all: bool,

    /// Only those of this person
    #[arg(long, value_name = "NAME")]
    user: Option<String>,

    /// Only those of this database
    #[arg(long, value_name = "NAME")]
    database: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Show {
    /// The grant's id, as `grant list` shows it
    #[arg(value_name = "ID")]
    id: GrantId,
}

#[derive(Debug, clap::Args)]
pub(super) struct Revoke {
    #[command(flatten)]
    which: Which,

    /// Why: the sessions are told, and it stands on record
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// Which grants: exactly one of these is named.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Which {
    /// The grant's id, as `grant list` shows it
    #[arg(value_name = "ID")]
    id: Option<GrantId>,

    /// Every grant of this person
    #[arg(long, value_name = "NAME")]
    user: Option<String>,

    /// Every grant of this database
    #[arg(long, value_name = "NAME")]
    database: Option<String>,

    /// Every grant
    #[arg(long)]
    all: bool,
}

/// Runs a verb.
pub(super) fn run(command: Command, common: &Common) -> Result<(), Failure> {
    let client = Client::new(common)?;
    match command {
        Command::Create(args) => create(&client, args, common.output),
        Command::List(args) => list(&client, &args, common.output),
        Command::Show(args) => show(&client, &args, common.output),
        Command::Revoke(args) => revoke(&client, args, common.output),
    }
}

fn create(client: &Client, args: Create, format: Format) -> Result<(), Failure> {
    let Create { user, database, ttl, reason, ticket, scopes, max_sessions, max_rows_written } =
        args;
    let wish = Wish { user, database, ttl, reason, ticket, scopes, max_sessions, max_rows_written };
    let grant: CreatedGrant = client.post("/v1/grants", &wish)?;
    if format == Format::Json {
        return output::json(&grant);
    }
    let CreatedGrant { id, token, user, database, psql, pgpass, jdbc, expires_at, .. } = &grant;
    let may = may(&grant.scopes);
    let expires_at = output::time(expires_at);
    let (user, database) = (printable(user), printable(database));
    output::print(&format!(
        "grant {id}: {user} may {may} in {database} until {expires_at}\n\
         \n  connect   {psql}\n  password  {token}\n\
         \n  ~/.pgpass {pgpass}\n  JDBC      {jdbc}\n"
    ))?;
    say("the token is shown this once; every statement is recorded with the reason");
    Ok(())
}

fn may(scopes: &[String]) -> String {
    if scopes.is_empty() { "read".to_owned() } else { format!("read and {}", scopes.join(", ")) }
}

fn list(client: &Client, args: &List, format: Format) -> Result<(), Failure> {
    let mut grants: Vec<GrantView> =
        client.get(if args.all { "/v1/grants?all=true" } else { "/v1/grants" })?;
    grants.retain(|grant| {
        args.user.as_ref().is_none_or(|user| *user == grant.user)
            && args.database.as_ref().is_none_or(|database| *database == grant.database)
    });
    if format == Format::Json {
        return output::json(&grants);
    }
    let rows = grants.into_iter().map(|grant| {
        let scopes = if grant.scopes.is_empty() { "read".into() } else { grant.scopes.join(" ") };
        vec![
            grant.id.to_string(),
            grant.user,
            grant.database,
            scopes,
            grant.state,
            output::minute(&grant.expires_at),
            grant.sessions.to_string(),
            output::brief(&grant.reason),
        ]
    });
    let header = ["id", "user", "database", "scopes", "state", "expires", "sessions", "reason"];
    output::table(&header, rows.collect(), &nothing(args))
}

/// What is said when the list is empty.
fn nothing(args: &List) -> String {
    let mut text = "no grants".to_owned();
    if let Some(user) = &args.user {
        text.push_str(&format!(" of user \"{}\"", printable(user)));
    }
    if let Some(database) = &args.database {
        text.push_str(&format!(" for database \"{}\"", printable(database)));
    }
    text.push_str(if args.all { "" } else { " in use, or ended in the last 24 hours" });
    if args.user.is_none() && args.database.is_none() {
        text.push_str("; `pgward grant create --help` says how to make one");
    } else if args.all {
        text.push_str("; `pgward grant list --all` shows every one");
    } else {
        text.push_str("; --all shows older ones");
    }
    text
}

fn show(client: &Client, args: &Show, format: Format) -> Result<(), Failure> {
    let grant: GrantView = client.get(&format!("/v1/grants/{}", args.id))?;
    if format == Format::Json {
        return output::json(&grant);
    }
    let mut rows = vec![
        ("id", grant.id.to_string()),
        ("user", grant.user),
        ("database", grant.database),
        ("scopes", may(&grant.scopes)),
        ("state", grant.state),
        ("reason", grant.reason),
        ("created", format!("{} by {}", output::time(&grant.created_at), grant.created_by)),
        ("expires", output::time(&grant.expires_at)),
        ("sessions", grant.sessions.to_string()),
        ("psql", grant.psql),
        ("jdbc", grant.jdbc),
    ];
    rows.extend(grant.ended_because.map(|because| ("ended", because)));
    rows.extend(grant.ticket.map(|ticket| ("ticket", ticket)));
    let lines: Vec<String> =
        rows.into_iter().map(|(name, value)| format!("{name:<9} {}", printable(&value))).collect();
    output::print(&lines.join("\n"))
}

fn revoke(client: &Client, args: Revoke, format: Format) -> Result<(), Failure> {
    let Revoke { which: Which { id, user, database, all }, reason } = args;
    if let Some(id) = id {
        let path = format!("/v1/grants/{id}/revoke");
        let revoked: Revoked = client.post(&path, &Because { reason })?;
        warn(&revoked);
        if format == Format::Json {
            return output::json(&revoked);
        }
        return output::print(&format!("grant {id} is {}: {}", revoked.state, revoked.summary));
    }
    let wish = RevokeMany { user, database, all, reason };
    let revoked: RevokedMany = client.post("/v1/grants/revoke", &wish)?;
    revoked.grants.iter().for_each(warn);
    if format == Format::Json {
        return output::json(&revoked);
    }
    let count = revoked.grants.len();
    if count == 0 {
        say("no such grant is in use: nothing was revoked; `pgward grant list` shows them");
        return Ok(());
    }
    let s = if count == 1 { "" } else { "s" };
    let mut lines: Vec<String> = revoked
        .grants
        .iter()
        .map(|grant| format!("grant {} is {}", grant.id, grant.state))
        .collect();
    lines.push(format!("{count} grant{s} revoked: {}", revoked.summary));
    output::print(&lines.join("\n"))
}

fn warn(revoked: &Revoked) {
    if let Some(warning) = &revoked.warning {
        say(&format!("pgward: grant {}: {}", revoked.id, printable(warning)));
    }
}
