//! `pgward audit tail`, `search` and `replay`: the record, read from its files by who may, and
//! through the server by everybody else with the right to audit. Whoever reads it is on record too
//! (`audit.read`), before anything is shown.

mod files;
mod progress;
mod replay;
mod search;
mod server;
mod show;

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use serde_json::Value;

use super::Common;
use super::client::{self, Client};
use super::output::{self, Failure, Format, say};
use crate::audit::search::Missed;
use crate::audit::search::replay::Whose;
use crate::base::Moment;
use crate::config::Audit;
use crate::net::clock;
use files::Access;

/// Bytes of output that are kept to be written together.
const OUT_BYTES: usize = 64 * 1024;

const WHERE: &str = "\
Where it is read:
  Who may read and write the files in audit.directory (the user that pgward runs as, and root) reads
  them straight, whether the server runs or not. For everybody else the running server reads them:
  through its admin socket, or with --server at another machine. That needs the right to audit, in
  admin.operators or by pgward operator create --may audit. The answer is the same. Either way who
  reads is on record first.";

/// Arguments of `pgward audit`.
#[derive(Debug, clap::Args)]
#[command(after_help = WHERE)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Print the last records, and with -f those that come
    ///
    /// With -o json each line is a record exactly as it stands on file.
    #[command(after_help = WHERE)]
    Tail(Tail),
    /// Print the records that match, in the order they were written, rotated files included
    ///
    /// Everything that is named must hold; nothing named is everything. A statement is shown with
    /// what came of it (rows, outcome, duration). With -o json each line is a record exactly as it
    /// stands on file, a statement.done right behind its statement. Rotated files are read whether
    /// they are compressed (.gz, .zst) or not.
    #[command(after_help = WHERE)]
    Search(Box<search::Args>),
    /// Print what was done on a grant or in a session, as a transcript
    ///
    /// Session by session: who, why, each statement with its outcome, rows and duration, refusals
    /// with their reasons, ends of transactions.
    #[command(after_help = WHERE)]
    Replay {
        /// The grant (g_…) or session (s_…)
        #[arg(value_name = "ID")]
        whose: Whose,
    },
}

#[derive(Debug, Clone, Copy, clap::Args)]
struct Tail {
    /// How many records
    #[arg(short = 'n', long, value_name = "N", default_value_t = 10)]
    lines: u64,
    /// Go on with what is written from now on
    #[arg(short, long)]
    follow: bool,
}

/// Where the record is read.
enum Source {
    /// From its files.
    Files(Box<Audit>),
    /// Through the server.
    Server(Client),
}

/// Runs the command.
pub fn run(args: Args, common: &Common) -> ExitCode {
    match execute(&args.command, common) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => output::report(&failure),
    }
}

fn execute(command: &Command, common: &Common) -> Result<(), Failure> {
    let source = Source::find(common)?;
    let out = BufWriter::with_capacity(OUT_BYTES, io::stdout().lock());
    let mut printer = Printer { format: common.output, out, begun: false };
    let result = match command {
        Command::Tail(args) => tail(&source, *args, &mut printer),
        Command::Search(args) => search::run(&source, args, &mut printer),
        Command::Replay { whose } => replay::run(&source, *whose, &mut printer),
    };
    // What was found before a failure is shown.
    let flushed = printer.out.flush();
    result.and_then(|()| Ok(flushed?))
}

impl Source {
    fn find(common: &Common) -> Result<Self, Failure> {
        if common.server.is_some() {
            return Ok(Self::Server(Client::new(common)?));
        }
        let config = client::glance(common)?;
        let place = config.audit.directory.display();
        match files::access(&config.audit.directory)? {
            Access::Own => Ok(Self::Files(Box::new(config.audit))),
            // A file that says no more than where the socket is.
            Access::Missing => {
                let client = Client::new(common)?;
                client.knock().map_err(|_| {
                    Failure::new(format!("there is no audit log in {place}"))
                        .hint("name the running server's configuration with --config, or start it")
                })?;
                Ok(Self::Server(client))
            }
            Access::Foreign => {
                let client = Client::new(common)?;
                client.knock().map_err(|failure| {
                    let why = failure.what;
                    let what = format!("the audit log in {place} is not for this user, and {why}");
                    Failure { what, ..failure }
                })?;
                Ok(Self::Server(client))
            }
        }
    }
}

fn tail<W: Write>(source: &Source, args: Tail, printer: &mut Printer<W>) -> Result<(), Failure> {
    let each = &mut |told: Told<'_>| match told {
        Told::Record { text, record } => printer.print(text, record),
        Told::Torn(torn) => {
            tell_torn(torn);
            Ok(())
        }
        Told::AllSoFar => printer.out.flush(),
    };
    match source {
        Source::Files(audit) => files::tail(audit, args, each),
        Source::Server(client) => server::tail(client, args, each),
    }
}

/// What a tail tells.
#[derive(Debug, Clone, Copy)]
enum Told<'a> {
    /// A record, as it stands on file and read.
    Record { text: &'a str, record: &'a Value },
    /// So many lines were passed over.
    Torn(u64),
    /// That was all, for now.
    AllSoFar,
}

/// Both clocks, now.
fn now() -> Moment {
    clock::now()
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
    use crate::audit::Log;

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
        let source = Source::Files(Box::new(audit));
        let shown = || {
            let mut printer = Printer { format: Format::Json, out: Vec::new(), begun: false };
            tail(&source, Tail { lines: 10, follow: false }, &mut printer).unwrap();
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
        search::run(&source, &search::Args::default(), &mut printer).unwrap();
        let out = String::from_utf8(printer.out).unwrap();
        assert!(out.contains("audit tail") && !out.contains("audit search"), "{out}");
        assert_eq!(shown().lines().count(), 3);
    }
}
