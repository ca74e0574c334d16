//! `pgward audit replay`: what was done on a grant or in a session, as a transcript.

use std::io::{self, Write};

use serde_json::Value;

use super::progress::Meter;
use super::show::{count, joined, milliseconds, number, outcome, text};
use super::{Printer, Source, files, server, tell_missed};
use crate::audit::search::replay::{Audience, Whose};
use crate::audit::search::{Found, Progress};
use crate::base::SessionId;
use crate::cli::output::{self, Failure, Format, printable, say};

/// Where the text of a statement begins.
const INDENT: &str = "                     ";

pub(super) fn run<W: Write>(
    source: &Source,
    whose: Whose,
    printer: &mut Printer<W>,
) -> Result<(), Failure> {
    let mut transcript =
        Transcript { printer, meter: Meter::new(), session: None, headed: false, records: 0 };
    let result = match source {
        Source::Files(audit) => files::replay(audit, whose, &mut transcript),
        Source::Server(client) => server::replay(client, whose, &mut transcript),
    };
    transcript.meter.clear();
    let records = transcript.records;
    printer.out.flush()?;
    let missed = result?;
    if records == 0 {
        say(&format!("no records of {whose}"));
    }
    tell_missed(&missed)
}

/// Writes what it is told as it comes.
struct Transcript<'p, W> {
    printer: &'p mut Printer<W>,
    meter: Meter,
    session: Option<SessionId>,
    /// The grant has been introduced.
    headed: bool,
    records: u64,
}

impl<W: Write> Audience for Transcript<'_, W> {
    fn history(&mut self, found: &Found) -> io::Result<()> {
        self.begin();
        if self.printer.format == Format::Json {
            return self.printer.line(&found.line);
        }
        let record = parse(&found.line);
        if text(&record, "event").starts_with("grant.") && !self.headed {
            self.headed = true;
            self.head(&record)?;
        }
        let time = output::time(text(&record, "time"));
        self.write(&format!("  {time}  {}", event_of_grant(&record)))
    }

    fn record(&mut self, session: SessionId, found: &Found) -> io::Result<()> {
        self.begin();
        if self.printer.format == Format::Json {
            self.printer.line(&found.line)?;
            return found.done.as_ref().map_or(Ok(()), |done| self.printer.line(done));
        }
        let record = parse(&found.line);
        if self.session != Some(session) {
            self.session = Some(session);
            self.introduce(session, &record)?;
        }
        let done = found.done.as_deref().map(parse);
        match text(&record, "event") {
            "session.start" => Ok(()),
            "statement.allowed" | "statement.refused" => self.statement(&record, done.as_ref()),
            _ => {
                let what = event_of_session(&record);
                self.write(&format!("  {}        {what}", clock(&record)))
            }
        }
    }

    fn progress(&mut self, progress: &Progress<'_>) -> io::Result<()> {
        self.meter.show(progress, self.records);
        self.printer.out.flush()
    }
}

impl<W: Write> Transcript<'_, W> {
    fn begin(&mut self) {
        self.meter.clear();
        self.records += 1;
    }

    fn write(&mut self, line: &str) -> io::Result<()> {
        writeln!(self.printer.out, "{}", printable(line).trim_end())
    }

    fn head(&mut self, record: &Value) -> io::Result<()> {
        let (id, user) = (text(record, "grant_id"), text(record, "user"));
        let database = text(record, "database");
        self.write(&format!("grant {id}: {user} on {database}, {}", scopes(record)))?;
        self.write(&format!("  {}", why(record)))
    }

    fn introduce(&mut self, session: SessionId, record: &Value) -> io::Result<()> {
        writeln!(self.printer.out)?;
        let (user, database) = (text(record, "user"), text(record, "database"));
        let time = output::time(text(record, "time"));
        let grant = text(record, "grant_id");
        self.write(&format!(
            "session {session}: {user} on {database}, grant {grant}, from {time}"
        ))?;
        if text(record, "event") != "session.start" {
            return Ok(());
        }
        let from = match number(record, "client_port") {
            Some(port) => format!("from {}:{port}", text(record, "client_addr")),
            None => String::new(),
        };
        let pid = number(record, "backend_pid").map_or_else(String::new, |pid| {
            format!(
                "backend {pid} of {} as {}",
                text(record, "server_addr"),
                text(record, "db_user")
            )
        });
        let application = text(record, "application_name").to_owned();
        let parts = vec![from, application, text(record, "auth_method").to_owned(), pid];
        self.write(&format!("  {}", joined(parts)))?;
        self.write(&format!("  {}; {}", scopes(record), why(record)))
    }

    fn statement(&mut self, record: &Value, done: Option<&Value>) -> io::Result<()> {
        let number_of = |key: &str| number(record, key).unwrap_or(0);
        let id = format!("#{}", number_of("statement_id"));
        let start = format!("  {}  {id:<5}", clock(record));
        if let Some(parse) = number(record, "parse_id") {
            self.write(&format!("{start} runs #{parse}{}", parameters(record)))?;
        } else {
            self.query(&start, record)?;
        }
        if text(record, "event") == "statement.refused" {
            let (code, rule) = (text(record, "sqlstate"), text(record, "rule"));
            let error = text(record, "error");
            self.write(&format!("{INDENT} REFUSED ({rule}, {code}): {error}"))?;
            return match text(record, "detail") {
                "" => Ok(()),
                detail => self.write(&format!("{INDENT} {detail}")),
            };
        }
        let mut parts = Vec::new();
        match done {
            Some(done) => outcome(done, &mut parts),
            None => parts.push("how it ended is not on record".to_owned()),
        }
        self.write(&format!("{INDENT} → {}", joined(parts)))
    }

    /// The text as it was written, every line under the first.
    fn query(&mut self, start: &str, record: &Value) -> io::Result<()> {
        let mut before = start;
        let query = text(record, "query");
        if query.trim().is_empty() {
            return self.write(&format!("{start} (empty)"));
        }
        for line in query.lines().filter(|line| !line.trim().is_empty()) {
            self.write(&format!("{before} {line}"))?;
            before = INDENT;
        }
        match number(record, "query_bytes") {
            Some(bytes) => self.write(&format!("{INDENT} … cut; {bytes} bytes in all")),
            None => Ok(()),
        }
    }
}

fn parse(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_default()
}

/// `11:03:04.120`
fn clock(record: &Value) -> String {
    text(record, "time").get(11..23).unwrap_or_default().to_owned()
}

fn scopes(record: &Value) -> String {
    let scopes = record.get("scopes").and_then(Value::as_array);
    let scopes: Vec<&str> = scopes.into_iter().flatten().filter_map(Value::as_str).collect();
    if scopes.is_empty() { "read-only".to_owned() } else { scopes.join(" ") }
}

fn why(record: &Value) -> String {
    let ticket = match text(record, "ticket") {
        "" => String::new(),
        ticket => format!("ticket {ticket}"),
    };
    joined(vec![format!("reason \"{}\"", text(record, "reason")), ticket])
}

fn event_of_grant(record: &Value) -> String {
    let event = text(record, "event");
    if event == "auth.failed" {
        let from = text(record, "client_addr");
        return format!("login failed: {} from {from}", text(record, "cause"));
    }
    let word = event.strip_prefix("grant.").unwrap_or(event);
    let by = match text(record, "actor") {
        "" => String::new(),
        actor => format!(" by {actor}"),
    };
    let detail = text(record, "detail");
    // What has ended lasts until now, and its detail begins with by whom.
    let over = ["revoked", "released", "denied", "cancelled", "expired", "exhausted"];
    if over.contains(&word) {
        let said = format!("{word}{by}");
        return detail.strip_prefix(&said).map_or_else(
            || joined(vec![said.clone(), detail.to_owned()]),
            |rest| format!("{said}{rest}"),
        );
    }
    let until = match text(record, "expires_at") {
        "" => String::new(),
        time => format!("until {}", output::time(time)),
    };
    joined(vec![format!("{word}{by}"), until, detail.to_owned()])
}

fn event_of_session(record: &Value) -> String {
    match text(record, "event") {
        "transaction.end" => {
            let transaction = number(record, "transaction_id").unwrap_or(0);
            format!("transaction {transaction} {}", text(record, "tx_outcome").replace('_', " "))
        }
        "session.end" => joined(vec![
            format!("end: {}", text(record, "end_reason").replace('_', " ")),
            text(record, "detail").to_owned(),
            count(number(record, "statements").unwrap_or(0), "statement"),
            milliseconds(number(record, "duration_us")),
        ]),
        "session.kill" => format!("killed by {}", text(record, "actor")),
        "statement.done" => {
            let mut parts = Vec::new();
            outcome(record, &mut parts);
            let statement = number(record, "statement_id").unwrap_or(0);
            format!("#{statement} → {}", joined(parts))
        }
        other => other.to_owned(),
    }
}

/// ` with 'späť', NULL`
fn parameters(record: &Value) -> String {
    let Some(values) = record.get("params").and_then(Value::as_array) else {
        return String::new();
    };
    let values: Vec<String> = values
        .iter()
        .map(|value| match value {
            Value::Null => "NULL".to_owned(),
            Value::String(text) => format!("'{}'", text.replace('\'', "''")),
            other => other.to_string(),
        })
        .collect();
    if values.is_empty() { String::new() } else { format!(" with {}", values.join(", ")) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn events_of_a_grant() {
        let event = |event: &str, detail: &str| {
            event_of_grant(&json!({ "event": event, "actor": "os:dana", "detail": detail,
                "expires_at": "2026-11-20T12:41:11Z" }))
        };
        for (name, detail, expected) in [
            (
                "grant.extended",
                "ends in 30m",
                "extended by os:dana; until 2026-11-20 12:41:11 UTC; ends in 30m",
            ),
            (
                "grant.revoked",
                "revoked by os:dana: demo is over",
                "revoked by os:dana: demo is over",
            ),
            ("grant.revoked", "revoked by os:dana", "revoked by os:dana"),
            ("grant.expired", "", "expired by os:dana"),
            ("grant.cancelled", "not needed", "cancelled by os:dana; not needed"),
        ] {
            assert_eq!(event(name, detail), expected);
        }
    }
}
