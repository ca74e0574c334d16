//! `pgward audit tail`, `search` and `replay`: the record, read from its files. Whoever reads it
//! is on record too (`audit.read`), before anything is shown.

mod progress;
mod replay;
mod search;
mod show;

use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::Common;
use super::output::{self, Failure, Format, say};
use crate::audit::search::Missed;
use crate::audit::search::replay::Whose;
use crate::audit::{AdminStream, Log, Record, log, read};
use crate::base::Moment;
use crate::config::{Audit, Config};

/// How often `tail -f` looks for more.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Bytes of output that are kept to be written together.
const OUT_BYTES: usize = 64 * 1024;

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
    /// Print the records that match, in the order they were written, rotated files included
    ///
    /// Everything that is named must hold; nothing named is everything. A statement is shown with
    /// what came of it (rows, outcome, duration). With -o json each line is a record exactly as it
    /// stands on file, a statement.done right behind its statement. Rotated files are read whether
    /// they are compressed (.gz, .zst) or not.
    Search(Box<search::Args>),
    /// Print what was done on a grant or in a session, as a transcript
    ///
    /// Session by session: who, why, each statement with its outcome, rows and duration, refusals
    /// with their reasons, ends of transactions.
    Replay {
        /// The grant (g_…) or session (s_…)
        #[arg(value_name = "ID", value_parser = replay::whose)]
        whose: Whose,
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
    let out = BufWriter::with_capacity(OUT_BYTES, io::stdout().lock());
    let mut printer = Printer { format: common.output, out, begun: false };
    let result = match command {
        Command::Tail { lines, follow } => tail(&config.audit, *lines, *follow, &mut printer),
        Command::Search(args) => search::run(&config.audit, args, &mut printer),
        Command::Replay { whose } => replay::run(&config.audit, *whose, &mut printer),
    };
    result.and_then(|()| Ok(printer.out.flush()?))
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
        printer.print(&text, &record).map_err(failed)?;
    }
    tell(passed);
    if !follow {
        return Ok(());
    }
    loop {
        printer.out.flush()?;
        thread::sleep(LOOK_EVERY);
        tell(follower.read(|line| printer.print(line.text, &line.record)).map_err(failed)?);
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
    tell_torn(passed.torn);
}

fn tell_torn(torn: u64) {
    if torn > 0 {
        say(&format!("passed over {}: torn by a crash or a full disk", lines(torn)));
    }
}

/// What a reading passed over; what it could not read makes it fail, behind all that it found.
fn tell_missed(missed: &Missed) -> Result<(), Failure> {
    tell_torn(missed.torn);
    if missed.unreadable.is_empty() {
        return Ok(());
    }
    let count = missed.unreadable.len();
    let files = if count == 1 { "1 file".to_owned() } else { format!("{count} files") };
    Err(Failure::new(format!("{files} of the audit log can't be read to the end"))
        .detail(missed.unreadable.join("; "))
        .hint("what is above is all that the others hold; look for an intact copy of these"))
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
        .hint("run this as the user that pgward runs as: sudo -u USER pgward audit …")
}

/// Prints records as they come.
struct Printer<W> {
    format: Format,
    out: W,
    begun: bool,
}

impl<W: Write> Printer<W> {
    fn print(&mut self, text: &str, record: &Value) -> io::Result<()> {
        if self.format == Format::Json { self.line(text) } else { self.record(record, None) }
    }

    /// A record as it stands on file.
    fn line(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "{text}")
    }

    /// A record for people, with what came of it.
    fn record(&mut self, record: &Value, done: Option<&Value>) -> io::Result<()> {
        if !self.begun {
            self.begun = true;
            writeln!(self.out, "{}", show::row(["TIME", "USER", "GRANT", "EVENT", "WHAT"]))?;
        }
        writeln!(self.out, "{}", show::describe(record, done))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        search::run(&audit, &search::Args::default(), &mut printer).unwrap();
        let out = String::from_utf8(printer.out).unwrap();
        assert!(out.contains("audit tail") && !out.contains("audit search"), "{out}");
        assert_eq!(shown().lines().count(), 3);
    }
}
