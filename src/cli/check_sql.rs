//! `pgward check`

use std::io::Read as _;
use std::process::ExitCode;

use super::Common;
use super::client::Client;
use super::output::{self, Failure, Format, printable};
use crate::admin::check::{CheckView, CheckWish};
use crate::base::GrantId;

const EXAMPLES: &str = "\
Examples:
  pgward check \"SELECT * FROM orders\"
      what a read grant would make of it
  pgward check \"UPDATE orders SET note = NULL WHERE id = 7\" --scope update:public.orders
      what a grant with that scope would
  pgward check \"VACUUM orders\" --grant g_7k2m9x0qwe -o json | jq -r .scope
      the scope that this grant lacks
  pgward check - < migration.sql

The statement is sent to no database and nothing is put on record. Where PostgreSQL holds sessions
to their scopes, it is asked whether it would give these: `warning` says so when it would not.
Unqualified names of written tables are looked up in public.

Exit status: 0 allowed, 1 refused (or failed), 2 usage error.";

/// Arguments.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The statement, or - to read it from stdin
    #[arg(value_name = "SQL")]
    sql: String,

    /// Judge it under this grant
    #[arg(long, value_name = "ID", conflicts_with_all = ["scopes", "database"])]
    grant: Option<GrantId>,

    /// Judge it under a grant with this scope [default: a read grant]
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,

    /// The database, by its name in the configuration [default: the only one]
    #[arg(long, value_name = "NAME")]
    database: Option<String>,
}

/// Asks the running server, and exits 1 when the statement would be refused.
pub(super) fn run(args: Args, common: &Common) -> ExitCode {
    match check(args, common) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => output::report(&failure),
    }
}

fn check(args: Args, common: &Common) -> Result<bool, Failure> {
    let Args { sql, grant, scopes, database } = args;
    let sql = if sql == "-" { stdin()? } else { sql };
    let wish = CheckWish { sql, grant, scopes, database };
    let view: CheckView = Client::new(common)?.post("/v1/check", &wish)?;
    let allowed = view.verdict == "allowed";
    match common.output {
        Format::Json => output::json(&view)?,
        Format::Table => output::print(&shown(&view))?,
    }
    Ok(allowed)
}

fn stdin() -> Result<String, Failure> {
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .map_err(|error| Failure::new(format!("stdin can't be read: {error}")))?;
    Ok(text)
}

/// The verdict with its texts, and what each statement was read as.
fn shown(view: &CheckView) -> String {
    let mut lines = vec![format!("{:<9} {}", view.verdict, view.rule)];
    let parts = [
        ("sqlstate", &view.sqlstate),
        ("message", &view.message),
        ("detail", &view.detail),
        ("hint", &view.hint),
        ("scope", &view.scope),
        ("warning", &view.warning),
    ];
    for (name, text) in parts {
        if let Some(text) = text {
            lines.push(format!("{name:<9} {}", printable(text)));
        }
    }
    let statements = view.facts.get("postgresql").and_then(|facts| facts.as_array());
    for statement in statements.into_iter().flatten() {
        let text = |key: &str| match statement.get(key) {
            Some(serde_json::Value::String(text)) => text.clone(),
            Some(serde_json::Value::Array(items)) => {
                items.iter().filter_map(|item| item.as_str()).collect::<Vec<_>>().join(", ")
            }
            _ => String::new(),
        };
        let mut facts = text("operation");
        for key in ["reads", "writes", "calls", "settings", "creates", "defines"] {
            let found = text(key);
            if !found.is_empty() {
                facts.push_str(&format!("; {key} {found}"));
            }
        }
        lines.push(format!("{:<9} {}", "facts", printable(&facts)));
    }
    let second = view.facts.get("sqlparser").and_then(|second| second.as_str()).unwrap_or_default();
    lines.push(format!("{:<9} {}", "second", printable(&format!("sqlparser {second}"))));
    lines.join("\n")
}
