//! The command line: one file per verb. stdout is data, stderr is talk; exit 0 is done, 1 refused
//! or failed, 2 a usage error. The help texts are the manual.

mod adapters;
mod alerting;
pub mod audit;
mod check;
mod check_sql;
mod client;
pub mod demo;
mod grant;
mod journal;
mod operator;
pub mod output;
mod places;
mod remote;
mod request;
mod rights;
mod serve;
mod session;
mod setup_sql;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use output::Format;

const EXAMPLES: &str = "\
Examples:
  pgward demo
      try everything on a throwaway PostgreSQL with sample data
  pgward config check
      validate proxy.toml, connect to each database, report what the roles could do
  pgward serve
      stand between clients and the databases of ./proxy.toml
  pgward grant create --user alice --database app --ttl 1h --reason \"INC-4211 stuck orders\"
      let alice read app for an hour; prints the psql line and, once, the token
  pgward grant create --user alice --database app --ttl 30m \\
      --scope update:public.orders --reason \"INC-4211 unstick orders\"
      the same, and update that one table
  pgward check \"UPDATE orders SET note = NULL WHERE id = 7\"
      say whether a read grant could run it, why not, and which scope would allow it
  pgward grant revoke --user alice --reason \"shift is over\"
      end alice's grants and sessions now

Exit status: 0 done, 1 refused or failed, 2 usage error.";

/// Temporary access to production PostgreSQL: read-only unless granted, every statement on
/// record, access that ends.
///
/// A person or a tool connects through pgward with a grant, which names who, why, which database,
/// what may be done, and until when. Without a write scope the session can only read. Every
/// statement is on record before the database sees it. When the grant ends, so does the session.
#[derive(Debug, Parser)]
#[command(name = "pgward", version, after_help = EXAMPLES, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,

    #[command(flatten)]
    common: Common,
}

/// What every command takes.
#[derive(Debug, Clone, clap::Args)]
pub struct Common {
    /// The configuration file
    ///
    /// Commands find the running server through its admin.socket, and the audit log through its
    /// audit.directory.
    #[arg(
        long,
        global = true,
        display_order = 1_000,
        value_name = "FILE",
        env = "PGWARD_CONFIG",
        default_value = "proxy.toml",
        hide_env_values = true
    )]
    pub config: PathBuf,

    /// The running server's API at another machine, instead of its admin socket
    ///
    /// Needs the token of an operator in the environment, as PGWARD_OPERATOR_TOKEN. In clear text
    /// (http:) only to this machine.
    #[arg(
        long,
        global = true,
        display_order = 1_002,
        value_name = "URL",
        env = "PGWARD_SERVER",
        hide_env_values = true
    )]
    pub server: Option<String>,

    /// Roots that the server's certificate chains to, a PEM file [default: the platform's]
    #[arg(
        long,
        global = true,
        display_order = 1_003,
        value_name = "FILE",
        env = "PGWARD_SERVER_CA",
        hide_env_values = true
    )]
    pub server_ca: Option<PathBuf>,

    /// How results are printed: for people, or for programs
    #[arg(
        short,
        long,
        global = true,
        display_order = 1_001,
        alias = "format",
        value_enum,
        value_name = "FORMAT",
        default_value = "table"
    )]
    pub output: Format,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Try everything: a throwaway PostgreSQL with sample data behind a real pgward
    Demo(demo::Args),
    /// Stand between clients and the configured databases
    Serve(serve::Args),
    /// Check the configuration, or print the SQL that prepares a database
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Ask for grants, approve, make, list, extend and end them
    #[command(subcommand)]
    Grant(Box<grant::Command>),
    /// List and end live sessions
    #[command(subcommand)]
    Session(session::Command),
    /// Say who may operate this server from elsewhere
    #[command(subcommand)]
    Operator(operator::Command),
    /// Say what would become of a statement, and why
    Check(check_sql::Args),
    /// Follow and search the audit log
    Audit(audit::Args),
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Validate everything and report every problem at once
    Check(check::Args),
    /// Print the SQL and the pg_hba.conf lines that let pgward in
    SetupSql(setup_sql::Args),
}

/// Runs the command that `args` names.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    let arguments = match Arguments::try_parse_from(&args) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version go to stdout with 0, everything else to stderr with 2.
            match without_tokens(&error.render().to_string(), &args) {
                Some(text) => output::say(text.trim_end()),
                None => drop(error.print()),
            }
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let Arguments { command, common } = arguments;
    let result = match command {
        Command::Demo(args) => return demo::run(args),
        Command::Audit(args) => return audit::run(args, &common),
        Command::Check(args) => return check_sql::run(args, &common),
        Command::Serve(args) => serve::run(&args, &common),
        Command::Config(ConfigCommand::Check(args)) => check::run(&args, &common),
        Command::Config(ConfigCommand::SetupSql(args)) => setup_sql::run(&args, &common),
        Command::Grant(command) => grant::run(*command, &common),
        Command::Session(command) => session::run(command, &common),
        Command::Operator(command) => operator::run(command, &common),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => output::report(&failure),
    }
}

/// A usage error without the tokens that were pasted where something else belongs: stderr ends
/// up in logs. `None` where there are none.
fn without_tokens(text: &str, args: &[OsString]) -> Option<String> {
    let args = args.iter().filter_map(|arg| arg.to_str());
    let tokens: Vec<&str> = args.filter(|arg| arg.contains("pgw_")).collect();
    if tokens.is_empty() {
        return None;
    }
    Some(tokens.iter().fold(text.to_owned(), |text, token| text.replace(token, "<token>")))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_tree_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn good_lines_are_understood() {
        for line in [
            "pgward serve --config x.toml",
            "pgward --config x.toml grant revoke --all --reason r",
            "pgward grant revoke g_0000000000 --reason r",
            "pgward grant revoke --user alice --reason r -o json",
            "pgward grant revoke --database app",
            "pgward grant create --user a --database b --reason r --scope x --scope y --format json",
            "pgward grant create --user a --database b --reason r --role x --uses 1",
            "pgward grant request --database b --reason r --client-cidr 10.0.0.0/8 --not-before x",
            "pgward grant break-glass --database b --reason r --end-when-idle 5m",
            "pgward grant approve g_0000000000 --server https://h:1",
            "pgward grant deny g_0000000000 --reason r",
            "pgward grant redeem g_0000000000 -o json",
            "pgward grant extend g_0000000000 --ttl 1h --scope update:a.b --scope insert:a.b",
            "pgward grant rotate g_0000000000",
            "pgward grant release g_0000000000",
            "pgward grant review g_0000000000 --reason r",
            "pgward grant list --waiting --expiring-within 5m --unused --unreviewed",
            "pgward operator create a --may request,approve --may audit",
            "pgward operator remove a",
            "pgward operator list",
            "pgward session list --watch",
            "pgward session kill s_000000000000 --reason r",
            "pgward session list --pid 1",
            "pgward check SELECT --scope update:public.t --database app -o json",
            "pgward check SELECT --grant g_0000000000",
            "pgward config check --offline",
            "pgward config setup-sql --database app --from 10.0.0.7/32",
        ] {
            let words: Vec<&str> = line.split(' ').collect();
            if let Err(error) = Arguments::try_parse_from(words) {
                panic!("{line}: {error}");
            }
        }
    }

    #[test]
    fn usage_errors_are_told_apart() {
        let words = |line: &str| line.split(' ').map(OsString::from).collect::<Vec<_>>();
        for line in [
            "pgward",
            "pgward grant",
            "pgward grant approve",
            "pgward grant extend g_0000000000",
            "pgward grant review g_0000000000",
            "pgward grant list --active --state pending",
            "pgward operator create alice",
            "pgward grant revoke",
            "pgward grant revoke g_0000000000 --all",
            "pgward grant revoke --user a --database b",
            "pgward grant revoke alice",
            "pgward grant create --user alice --database app",
            "pgward grant list --colour",
            "pgward session kill g_0000000000",
            "pgward check",
            "pgward check SELECT --grant alice",
            "pgward check SELECT --grant g_0000000000 --scope update:public.t",
            "pgward grant list -o yaml",
            "pgward operators list",
        ] {
            let error = Arguments::try_parse_from(words(line)).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{line}");
        }
    }
}
