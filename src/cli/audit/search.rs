//! `pgward audit search`: what is asked for, and how what is found is printed.

use std::io::{self, Write};
use std::time::Duration;

use serde_json::Value;

use super::progress::Meter;
use super::{Printer, put_on_record, tell_missed, unreadable};
use crate::audit::search::{self, Decided, Filter, Found, Progress, Sink};
use crate::base::{GrantId, SessionId};
use crate::cli::output::{Failure, Format, say};
use crate::config::{self, Audit};

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
    #[arg(long, value_name = "TIME", value_parser = when)]
    since: Option<When>,
    /// Before then, written like --since
    #[arg(long, value_name = "TIME", value_parser = when)]
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

/// A point in time as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
struct When {
    written: String,
    point: Point,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Point {
    /// So long ago.
    Ago(Duration),
    /// Microseconds since 1970.
    At(i64),
}

fn when(text: &str) -> Result<When, String> {
    let at = |point| Ok(When { written: text.to_owned(), point });
    if let Ok(duration) = config::parse_duration(text) {
        return at(Point::Ago(duration));
    }
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return at(Point::At(time.as_microsecond()));
    }
    let midnight = text.parse::<jiff::civil::Date>().ok();
    let midnight = midnight.and_then(|date| date.to_zoned(jiff::tz::TimeZone::UTC).ok());
    match midnight {
        Some(midnight) => at(Point::At(midnight.timestamp().as_microsecond())),
        None => Err("write how long ago (2h), a date (2026-11-20), or a time in RFC 3339 \
                     (2026-11-20T11:00:00Z)"
            .to_owned()),
    }
}

impl Point {
    fn micros(self, now: i64) -> i64 {
        match self {
            Self::At(micros) => micros,
            Self::Ago(duration) => {
                now.saturating_sub(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX))
            }
        }
    }
}

impl Args {
    fn filter(&self, now: i64) -> Filter {
        Filter {
            grant: self.grant,
            session: self.session,
            user: self.user.clone(),
            database: self.database.clone(),
            since: self.since.as_ref().map(|when| when.point.micros(now)),
            until: self.until.as_ref().map(|when| when.point.micros(now)),
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

    /// The command as it is put on record.
    fn words(&self) -> String {
        let mut words = "audit search".to_owned();
        let decision = self.decision.map(|decision| match decision {
            Decision::Allowed => "allowed".to_owned(),
            Decision::Refused => "refused".to_owned(),
        });
        for (flag, value) in [
            ("grant", self.grant.map(|id| id.to_string())),
            ("session", self.session.map(|id| id.to_string())),
            ("user", self.user.clone()),
            ("database", self.database.clone()),
            ("since", self.since.as_ref().map(|when| when.written.clone())),
            ("until", self.until.as_ref().map(|when| when.written.clone())),
            ("table", self.table.clone()),
            ("operation", self.operation.clone()),
            ("decision", decision),
            ("rule", self.rule.clone()),
            ("text", self.text.clone()),
            ("rows-over", self.rows_over.map(|rows| rows.to_string())),
        ] {
            let Some(value) = value else { continue };
            let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | ':');
            if value.is_empty() || !value.chars().all(plain) {
                words.push_str(&format!(" --{flag} {value:?}"));
            } else {
                words.push_str(&format!(" --{flag} {value}"));
            }
        }
        if self.errors {
            words.push_str(" --errors");
        }
        words
    }
}

pub(super) fn run<W: Write>(
    audit: &Audit,
    args: &Args,
    printer: &mut Printer<W>,
) -> Result<(), Failure> {
    let now = jiff::Timestamp::now().as_microsecond();
    put_on_record(audit, &args.words())?;
    let mut filter = args.filter(now);
    // What is on record of this search itself is no answer to it.
    filter.until.get_or_insert(now);
    let mut found = Screen { printer, meter: Meter::new(), found: 0 };
    let result = search::run(&audit.directory, &filter, &mut found);
    found.meter.clear();
    let summary = result.map_err(|error| unreadable(&audit.directory, error))?;
    printer.out.flush()?;
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

    fn progress(&mut self, progress: &Progress<'_>) {
        let _ = self.printer.out.flush();
        self.meter.show(progress, self.found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_in_time() {
        let now = 1_795_172_584_000_000;
        for (text, expected) in [
            ("2h", Some(now - 7_200_000_000)),
            ("2026-11-20T11:03:04Z", Some(now)),
            ("2026-11-20T12:03:04+01:00", Some(now)),
            ("2026-11-20", Some(1_795_132_800_000_000)),
            ("yesterday", None),
            ("", None),
        ] {
            let found = when(text).ok().map(|when| when.point.micros(now));
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn the_command_is_put_on_record_as_it_was_given() {
        let args = Args {
            grant: Some(GrantId::from_random(9)),
            since: when("2h").ok(),
            decision: Some(Decision::Refused),
            text: Some("say \"x\"".to_owned()),
            rows_over: Some(5),
            errors: true,
            ..Args::default()
        };
        assert_eq!(
            args.words(),
            "audit search --grant g_0000000009 --since 2h --decision refused \
             --text \"say \\\"x\\\"\" --rows-over 5 --errors"
        );
        assert_eq!(Args::default().words(), "audit search");
    }
}
