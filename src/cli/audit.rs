//! `pgward audit tail` and `pgward audit search`: the record, read from its files. Whoever reads
//! it is on record too (`audit.read`), before anything is shown.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::Common;
use super::output::{self, Failure, Format, printable, say};
use crate::audit::{AdminStream, Log, Record, log, read};
use crate::base::{GrantId, Moment};
use crate::config::{Audit, Config};

/// How often `tail -f` looks for more.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Characters of a statement on a line for people; `-o json` has all of it.
const QUERY_CHARACTERS: usize = 160;

/// Arguments of `pgward audit`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Print the last records, and with -f those that come
    ///
    /// With -o json each line is a record exactly as it stands on file.
    Tail {
        /// How many records
        #[arg(short = 'n', long, value_name = "N", default_value_t = 10)]
        lines: usize,
        /// Go on with what is written from now on
        #[arg(short, long)]
        follow: bool,
    },
    /// Print every record of a grant, oldest first, rotated files included
    ///
    /// With -o json each line is a record exactly as it stands on file.
    Search {
        /// The grant
        #[arg(long, value_name = "ID")]
        grant: GrantId,
    },
}

/// Runs the command.
pub fn run(args: Args, common: &Common) -> ExitCode {
    match execute(&args.command, common) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => output::report(&failure),
    }
}

fn execute(command: &Command, common: &Common) -> Result<(), Failure> {
    let config = Config::glance(&common.config).map_err(|problems| {
        Failure::new("the configuration can't be read")
            .detail(problems.to_string())
            .hint("pgward config check shows all of its problems")
    })?;
    let directory = config.audit.directory.as_path();
    // Whether it is there can't be told by who may not look into the directory.
    let found = directory.join(log::FILE_NAME).try_exists();
    if !found.map_err(|error| unreadable(directory, error))? {
        let what = format!("there is no audit log in {}", directory.display());
        return Err(Failure::new(what)
            .hint("name the running server's configuration with --config, or start it"));
    }
    let mut printer = Printer { format: common.output, out: io::stdout().lock(), begun: false };
    let result = match command {
        Command::Tail { lines, follow } => tail(&config.audit, *lines, *follow, &mut printer),
        Command::Search { grant } => search(&config.audit, *grant, &mut printer),
    };
    result.and_then(|()| Ok(printer.out.flush()?))
}

fn search<W: Write>(
    audit: &Audit,
    grant: GrantId,
    printer: &mut Printer<W>,
) -> Result<(), Failure> {
    put_on_record(audit, &format!("audit search --grant {grant}"))?;
    let passed = read::of_grant(&audit.directory, grant, |line| printer.print(line))
        .map_err(|error| unreadable(&audit.directory, error))?;
    if passed.records == 0 {
        say(&format!("no records of {grant}"));
    }
    tell(passed);
    Ok(())
}

fn tail<W: Write>(
    audit: &Audit,
    count: usize,
    follow: bool,
    printer: &mut Printer<W>,
) -> Result<(), Failure> {
    let failed = |error| unreadable(&audit.directory, error);
    // Gathered before our own record is written, which would else always be the last one.
    let mut last = Vec::new();
    let (passed, mut follower) = read::tail(&audit.directory, count, |line| {
        last.push((line.text.to_owned(), line.record.clone()));
        Ok(())
    })
    .map_err(failed)?;
    let flag = if follow { " --follow" } else { "" };
    put_on_record(audit, &format!("audit tail --lines {count}{flag}"))?;
    for (text, record) in last {
        printer.print(&read::Line { text: &text, record }).map_err(failed)?;
    }
    tell(passed);
    if !follow {
        return Ok(());
    }
    loop {
        printer.out.flush()?;
        thread::sleep(LOOK_EVERY);
        tell(follower.read(|line| printer.print(line)).map_err(failed)?);
    }
}

/// Who reads is on record, or does not read.
fn put_on_record(audit: &Audit, detail: &str) -> Result<(), Failure> {
    // The server rotates; a reader only appends its one record.
    let audit = Audit { rotate_bytes: None, ..audit.clone() };
    let failed = |error: &dyn std::fmt::Display| {
        Failure::new("this reading can't be put on record, so nothing is shown")
            .detail(error.to_string())
            .hint("run this as the user that pgward runs as, on a disk with free space")
    };
    let log = Log::open(&audit).map_err(|error| failed(&format!("{error}: {}", error.source)))?;
    let now = Moment { boot: 0, wall: jiff::Timestamp::now().as_microsecond() };
    let record = Record::AuditRead { actor: &actor(), detail };
    AdminStream::named(Arc::new(log), "cli")
        .record(&record, now)
        .map_err(|error| failed(&format!("{error}: {}", error.0)))
}

/// `os:alice`, or `os:1000` for a user without a name.
fn actor() -> String {
    let uid = rustix::process::getuid().as_raw();
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next().filter(|name| !name.is_empty())?;
        (fields.nth(1)?.parse() == Ok(uid)).then_some(name)
    });
    name.map_or_else(|| format!("os:{uid}"), |name| format!("os:{name}"))
}

fn tell(passed: read::Passed) {
    if passed.torn > 0 {
        say(&format!("passed over {}: torn by a crash or a full disk", lines(passed.torn)));
    }
}

fn lines(count: u64) -> String {
    if count == 1 {
        "1 line that is no record".to_owned()
    } else {
        format!("{count} lines that are no records")
    }
}

fn unreadable(directory: &Path, error: io::Error) -> Failure {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return error.into();
    }
    Failure::new(format!("the audit log in {} can't be read", directory.display()))
        .detail(error.to_string())
        .hint("run this as the user that pgward runs as")
}

/// Prints records as they come.
struct Printer<W> {
    format: Format,
    out: W,
    begun: bool,
}

impl<W: Write> Printer<W> {
    fn print(&mut self, line: &read::Line<'_>) -> io::Result<()> {
        if self.format == Format::Json {
            return writeln!(self.out, "{}", line.text);
        }
        if !self.begun {
            self.begun = true;
            writeln!(self.out, "{}", row(["TIME", "USER", "GRANT", "EVENT", "WHAT"]))?;
        }
        writeln!(self.out, "{}", describe(&line.record))
    }
}

fn row([time, user, grant, event, what]: [&str; 5]) -> String {
    format!("{time:<23}  {user:<12}  {grant:<12}  {event:<18}  {what}").trim_end().to_owned()
}

/// One record on one line for people.
fn describe(record: &Value) -> String {
    let text = |key: &str| record.get(key).and_then(Value::as_str).unwrap_or_default();
    let time: String = text("time").chars().take(23).collect::<String>().replace('T', " ");
    let user = if text("user").is_empty() { text("actor") } else { text("user") };
    let what = printable(&what(record));
    row([&printable(&time), &printable(user), text("grant_id"), text("event"), &what])
}

fn what(record: &Value) -> String {
    let text = |key: &str| record.get(key).and_then(Value::as_str).unwrap_or_default();
    let number = |key: &str| record.get(key).and_then(Value::as_u64);
    let mut parts = Vec::new();
    let mut add = |part: String| parts.push(part);
    match text("event") {
        "statement.allowed" => add(short(text("query"))),
        "statement.refused" => {
            add(short(text("query")));
            add(text("error").to_owned());
        }
        "statement.done" => {
            add(format!("#{} {}", number("statement_id").unwrap_or(0), text("outcome")));
            number("rows_returned").into_iter().for_each(|rows| add(count(rows, "row")));
            number("rows_affected").into_iter().for_each(|rows| add(format!("{rows} written")));
            add(milliseconds(number("duration_us")));
            add(format!("{} {}", text("sqlstate"), text("error")).trim().to_owned());
        }
        "transaction.end" => add(text("tx_outcome").to_owned()),
        "session.start" => {
            add(format!("{} to {}", text("session_id"), text("database")));
            add(format!("from {} {}", text("client_addr"), text("application_name")));
        }
        "session.end" => {
            add(format!("{} {}", text("session_id"), text("end_reason")));
            add(count(number("statements").unwrap_or(0), "statement"));
            add(milliseconds(number("duration_us")));
        }
        "auth.failed" => add(format!("{} from {}", text("cause"), text("client_addr"))),
        event if event.starts_with("grant.") => {
            add(format!("by {}", text("actor")));
            add(format!("{} until {}", text("database"), output::time(text("expires_at"))));
            add(text("reason").to_owned());
            add(text("detail").to_owned());
        }
        "config.reloaded" => {
            add(text("result").to_owned());
            let problems = record.get("problems").and_then(Value::as_array);
            let problems = problems.into_iter().flatten().filter_map(Value::as_str);
            problems.for_each(|problem| add(short(problem)));
        }
        _ => {
            add(text("session_id").to_owned());
            add(text("detail").to_owned());
        }
    }
    parts.retain(|part| !part.trim().is_empty());
    parts.join("; ")
}

fn count(number: u64, thing: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{s}")
}

/// A statement on one line.
fn short(query: &str) -> String {
    let words: Vec<_> = query.split_whitespace().collect();
    let line = words.join(" ");
    match line.char_indices().nth(QUERY_CHARACTERS) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or(&line)),
        None => line,
    }
}

fn milliseconds(micros: Option<u64>) -> String {
    micros.map_or_else(String::new, |us| format!("{}.{:03} ms", us / 1_000, us % 1_000))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn records_for_people() {
        let mut record = json!({
            "time": "2026-11-20T11:03:04.120000Z", "event": "statement.allowed", "user": "alice",
            "grant_id": "g_0000000009", "query": "SELECT\n  1 \u{1b}[2J", "statement_id": 3,
        });
        let start = "2026-11-20 11:03:04.120  alice         g_0000000009  ";
        assert_eq!(describe(&record), format!("{start}statement.allowed   SELECT 1  [2J"));
        record["event"] = "statement.refused".into();
        record["error"] = "pgward: UPDATE refused".into();
        let expected = format!("{start}statement.refused   SELECT 1  [2J; pgward: UPDATE refused");
        assert_eq!(describe(&record), expected);
        record["event"] = "statement.done".into();
        record["error"] = Value::Null;
        for (key, value) in [
            ("rows_returned", json!(7)),
            ("duration_us", json!(1_050)),
            ("outcome", json!("completed")),
        ] {
            record[key] = value;
        }
        let expected = format!("{start}statement.done      #3 completed; 7 rows; 1.050 ms");
        assert_eq!(describe(&record), expected);
        record["rows_returned"] = json!(1);
        assert_eq!(describe(&record), expected.replace("7 rows", "1 row"));
        let read = json!({ "event": "audit.read", "actor": "os:root", "detail": "audit tail" });
        assert!(
            describe(&read).ends_with("os:root                     audit.read          audit tail")
        );
        assert_eq!(describe(&json!({})), "");
        for (record, expected) in [
            (
                json!({ "event": "grant.created", "actor": "os:root", "database": "app",
                    "expires_at": "2026-11-20T12:41:11.132369Z", "reason": "INC-1" }),
                "by os:root; app until 2026-11-20 12:41:11 UTC; INC-1",
            ),
            (
                json!({ "event": "config.reloaded", "result": "rejected",
                    "problems": ["proxy.toml:8: unknown key\n    did you mean `port`?"] }),
                "rejected; proxy.toml:8: unknown key did you mean `port`?",
            ),
        ] {
            assert_eq!(what(&record), expected);
        }
    }

    #[test]
    fn a_long_statement_is_cut_for_people_only() {
        let long = "é".repeat(QUERY_CHARACTERS + 1);
        assert_eq!(short(&long).chars().count(), QUERY_CHARACTERS + 1);
        assert!(short(&long).ends_with('…'));
        assert_eq!(short(" a\n\tb "), "a b");
    }

    #[test]
    fn reading_is_on_record_and_not_in_its_own_tail() {
        let directory = tempfile::tempdir().unwrap();
        let audit = Audit {
            directory: directory.path().join("audit"),
            sync: crate::config::AuditSync::Write,
            parameters: crate::config::AuditParameters::Full,
            rotate_bytes: Some(1),
        };
        Log::open(&audit).unwrap();
        let shown = || {
            let mut printer = Printer { format: Format::Json, out: Vec::new(), begun: false };
            tail(&audit, 10, false, &mut printer).unwrap();
            String::from_utf8(printer.out).unwrap()
        };
        assert_eq!(shown(), "");
        let second = shown();
        let record: Value = serde_json::from_str(&second).unwrap();
        assert_eq!(record["event"], "audit.read");
        assert_eq!(record["stream"], "cli");
        assert_eq!(record["detail"], "audit tail --lines 10");
        assert!(record["actor"].as_str().unwrap().starts_with("os:"));
        let mut printer = Printer { format: Format::Table, out: Vec::new(), begun: false };
        search(&audit, GrantId::from_random(1), &mut printer).unwrap();
        assert!(printer.out.is_empty());
        assert_eq!(shown().lines().count(), 3);
    }
}
