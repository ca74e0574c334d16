//! The record read straight from its files: works whether the server runs or not.

use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustix::fs::{Access as Mode, access as may};

use super::{Tail, Told, now};
use crate::audit::search::replay::{self, Audience, Whose};
use crate::audit::search::{self, Missed, Query, Sink, Summary};
use crate::audit::{AdminStream, Asked, Log, Record, log, read};
use crate::cli::output::Failure;
use crate::config::Audit;

/// How often `tail -f` looks for more.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Whose files they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// This user may read them, and put on record that they did.
    Own,
    /// This user may not.
    Foreign,
    /// There are none.
    Missing,
}

/// What this user may do with the log in that directory.
pub(super) fn access(directory: &Path) -> Result<Access, Failure> {
    let both = Mode::READ_OK | Mode::WRITE_OK;
    let found = may(directory, both | Mode::EXEC_OK)
        .and_then(|()| may(directory.join(log::FILE_NAME), both))
        .map_err(io::Error::from);
    match found {
        Ok(()) => Ok(Access::Own),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Ok(Access::Foreign),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Access::Missing),
        Err(error) => Err(unreadable(directory, error)),
    }
}

pub(super) fn search(
    audit: &Audit,
    query: &Query,
    sink: &mut dyn Sink,
) -> Result<Summary, Failure> {
    let filter = query.filter(now().wall);
    put_on_record(audit, &Asked::Search(Box::new(query.clone())))?;
    search::run(&audit.directory, &filter, sink)
        .map_err(|error| unreadable(&audit.directory, error))
}

pub(super) fn replay(
    audit: &Audit,
    whose: Whose,
    audience: &mut dyn Audience,
) -> Result<Missed, Failure> {
    put_on_record(audit, &Asked::Replay(whose))?;
    replay::run(&audit.directory, whose, audience)
        .map_err(|error| unreadable(&audit.directory, error))
}

pub(super) fn tail(
    audit: &Audit,
    Tail { lines, follow }: Tail,
    each: &mut dyn FnMut(Told<'_>) -> io::Result<()>,
) -> Result<(), Failure> {
    let failed = |error| unreadable(&audit.directory, error);
    // Before our own record is written, which would else always be the last one.
    let standing = read::stand(&audit.directory).map_err(failed)?;
    put_on_record(audit, &Asked::Tail { lines, follow })?;
    let record = |line: &read::Line<'_>, each: &mut dyn FnMut(Told<'_>) -> io::Result<()>| {
        each(Told::Record { text: line.text, record: &line.record })
    };
    let tailed = standing.tail(lines, &|| Ok(()), |line| record(line, each));
    let (passed, mut follower) = tailed.map_err(failed)?;
    each(Told::Torn(passed.torn))?;
    if !follow {
        return Ok(());
    }
    loop {
        each(Told::AllSoFar)?;
        thread::sleep(LOOK_EVERY);
        let passed = follower.read(|line| record(line, each)).map_err(failed)?;
        each(Told::Torn(passed.torn))?;
    }
}

/// Who reads is on record, or does not read.
fn put_on_record(audit: &Audit, asked: &Asked) -> Result<(), Failure> {
    let words = asked.words().map_err(|error| {
        Failure::new(error.to_string())
            .hint("what is asked for stands on record whole: look for a part of the text")
    })?;
    // The server rotates; a reader only appends its one record.
    let audit = Audit { rotate_bytes: None, ..audit.clone() };
    let failed = |error: &dyn std::fmt::Display| {
        Failure::new("this reading can't be put on record, so nothing is shown")
            .detail(error.to_string())
            .hint("run this as the user that pgward runs as, on a disk with free space")
    };
    let log = Log::open(&audit).map_err(|error| failed(&format!("{error}: {}", error.source)))?;
    let record = Record::AuditRead { actor: &actor(), detail: &words };
    AdminStream::named(Arc::new(log), "cli")
        .record(&record, now())
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

fn unreadable(directory: &Path, error: io::Error) -> Failure {
    if error.kind() == ErrorKind::BrokenPipe {
        return error.into();
    }
    Failure::new(format!("the audit log in {} can't be read", directory.display()))
        .detail(error.to_string())
        .hint("run this as the user that pgward runs as: sudo -u USER pgward audit …")
}
