//! `pgward audit search`: what is asked for, and how what is found is printed.

use std::io::{self, Write};

use serde_json::Value;

use super::progress::Meter;
use super::{Printer, Source, files, server, tell_missed};
use crate::audit::search::{Decided, Found, Progress, Query, Sink, When};
use crate::base::{GrantId, SessionId};
use crate::cli::output::{Failure, Format, say};

/// What is asked for.
#[derive(Debug, Default, clap::Args)]
pub(super) struct Args {
    /// Of this grant
    #[arg(long, value_name = "ID")]
    grant: Option<GrantId>,
    /// Of this session
    #[arg(long, value_name = "ID")]
    session: Option<SessionId>,
    /// Of this person
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// In this database, by its name in the configuration
    #[arg(long, value_name = "NAME")]
    database: Option<String>,
    /// From then on: 2h (ago), 2026-11-20, or 2026-11-20T11:00:00Z
    #[arg(long, value_name = "TIME")]
    since: Option<When>,
    /// Before then, written like --since
    #[arg(long, value_name = "TIME")]
    until: Option<When>,
    /// Statements that name this table or view: orders, or public.orders
    #[arg(long, value_name = "NAME")]
    table: Option<String>,
    /// Statements of this command: update, "create table"; create means all of its kind
    #[arg(long, alias = "verb", value_name = "COMMAND")]
    operation: Option<String>,
    /// Statements decided so
    #[arg(long, value_enum, value_name = "DECISION")]
    decision: Option<Decision>,
    /// Statements decided by this rule, such as write_without_scope
    #[arg(long, value_name = "RULE")]
    rule: Option<String>,
    /// With this in the statement, its parameters, the error or the detail; case doesn't matter
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,
    /// Statements that returned or changed more than so many rows
    #[arg(long, value_name = "N")]
    rows_over: Option<u64>,
    /// What went wrong: statements refused, failed or cancelled, sessions ended, failed logins
    #[arg(long)]
    errors: bool,
}

/// `--decision`
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Decision {
    /// Forwarded to the database
    Allowed,
    /// Refused by pgward
    Refused,
}

impl Args {
    fn query(&self) -> Query {
        Query {
            grant: self.grant,
            session: self.session,
            user: self.user.clone(),
            database: self.database.clone(),
            since: self.since.clone(),
            until: self.until.clone(),
            table: self.table.clone(),
            operation: self.operation.clone(),
            decision: self.decision.map(|decision| match decision {
                Decision::Allowed => Decided::Allowed,
                Decision::Refused => Decided::Refused,
            }),
            rule: self.rule.clone(),
            text: self.text.clone(),
            rows_over: self.rows_over,
            errors: self.errors,
        }
    }
}

pub(super) fn run<W: Write>(
    source: &Source,
    args: &Args,
    printer: &mut Printer<W>,
) -> Result<(), Failure> {
    let mut found = Screen { printer, meter: Meter::new(), found: 0 };
    let result = match source {
        Source::Files(audit) => files::search(audit, &args.query(), &mut found),
        Source::Server(client) => server::search(client, &args.query(), &mut found),
    };
    found.meter.clear();
    printer.out.flush()?;
    let summary = result?;
    if summary.found == 0 {
        say("no records match");
    }
    if summary.unjoined > 0 {
        let count = summary.unjoined;
        say(&format!("{count} statements are shown without their end, which came much later"));
    }
    tell_missed(&summary.missed)
}

struct Screen<'p, W> {
    printer: &'p mut Printer<W>,
    meter: Meter,
    found: u64,
}

impl<W: Write> Sink for Screen<'_, W> {
    fn found(&mut self, found: &Found) -> io::Result<()> {
        self.meter.clear();
        self.found += 1;
        let Found { line, done } = found;
        if self.printer.format == Format::Json {
            self.printer.line(line)?;
            return done.as_ref().map_or(Ok(()), |done| self.printer.line(done));
        }
        let parse = |line: &str| serde_json::from_str::<Value>(line).unwrap_or_default();
        let done = done.as_deref().map(parse);
        self.printer.record(&parse(line), done.as_ref())
    }

    fn progress(&mut self, progress: &Progress<'_>) -> io::Result<()> {
        self.meter.show(progress, self.found);
        self.printer.out.flush()
    }
}
