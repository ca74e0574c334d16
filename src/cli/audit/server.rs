//! The record read by the running server, for who has the right to audit and not that to the
//! files. What it sends is told as if it had been read here.

use std::io;
use std::path::Path;

use serde_json::value::RawValue;

use super::{Tail, Told};
use crate::admin::reading::forms::{AuditEnd, AuditLine, AuditReplay, AuditTail};
use crate::audit::search::replay::{Audience, Whose, session_of};
use crate::audit::search::{Found, Missed, Progress, Query, Sink, Summary};
use crate::cli::client::{Client, broken, lost};
use crate::cli::output::Failure;

/// What comes before the end.
enum Piece<'l> {
    Found(Found),
    Progress(Progress<'l>),
    Torn(u64),
    /// The server is there.
    Alive,
}

pub(super) fn search(
    client: &Client,
    query: &Query,
    sink: &mut dyn Sink,
) -> Result<Summary, Failure> {
    let end = ask(client, "/v1/audit/search", query, &mut |piece| match piece {
        Piece::Found(found) => sink.found(&found),
        Piece::Progress(progress) => sink.progress(&progress),
        Piece::Torn(_) | Piece::Alive => Ok(()),
    })?;
    let skipped = usize::try_from(end.skipped).unwrap_or(usize::MAX);
    let (found, unjoined) = (end.found, end.unjoined);
    Ok(Summary { found, unjoined, skipped, missed: missed(end) })
}

pub(super) fn replay(
    client: &Client,
    whose: Whose,
    audience: &mut dyn Audience,
) -> Result<Missed, Failure> {
    let wish = AuditReplay { id: whose };
    let end = ask(client, "/v1/audit/replay", &wish, &mut |piece| match piece {
        Piece::Found(found) => match session_of(&found) {
            Some(session) => audience.record(session, &found),
            None => audience.history(&found),
        },
        Piece::Progress(progress) => audience.progress(&progress),
        Piece::Torn(_) | Piece::Alive => Ok(()),
    })?;
    Ok(missed(end))
}

pub(super) fn tail(
    client: &Client,
    Tail { lines, follow }: Tail,
    each: &mut dyn FnMut(Told<'_>) -> io::Result<()>,
) -> Result<(), Failure> {
    let wish = AuditTail { lines, follow };
    let end = ask(client, "/v1/audit/tail", &wish, &mut |piece| match piece {
        Piece::Found(Found { line, .. }) => {
            let record = serde_json::from_str(&line)?;
            each(Told::Record { text: &line, record: &record })?;
            // What comes is seldom, and is to be seen at once.
            if follow { each(Told::AllSoFar) } else { Ok(()) }
        }
        Piece::Torn(torn) => each(Told::Torn(torn)),
        Piece::Progress(_) | Piece::Alive => Ok(()),
    })?;
    Ok(each(Told::Torn(end.torn))?)
}

/// Asks, and tells each piece of the answer as it comes. An answer without its end is a failure.
fn ask(
    client: &Client,
    path: &str,
    wish: &impl serde::Serialize,
    each: &mut dyn FnMut(Piece<'_>) -> io::Result<()>,
) -> Result<AuditEnd, Failure> {
    let mut end = None;
    client.lines(path, wish, &mut |line| {
        let line: AuditLine =
            serde_json::from_slice(line).map_err(|error| broken(&error.to_string()))?;
        if let Some(error) = line.error {
            return Err(Failure { what: error.error, detail: error.detail, hint: error.hint });
        }
        let piece = if let Some(record) = line.record {
            let done = line.done.as_deref().map(RawValue::get).map(str::to_owned);
            Piece::Found(Found { line: record.get().to_owned(), done })
        } else if let Some(progress) = &line.progress {
            let (done, total) = (progress.done, progress.total);
            Piece::Progress(Progress { file: Path::new(&progress.file), done, total })
        } else if let Some(torn) = line.torn {
            Piece::Torn(torn)
        } else {
            end = line.end.or(end.take());
            Piece::Alive
        };
        Ok(each(piece)?)
    })?;
    end.ok_or_else(|| lost("it has no end"))
}

fn missed(end: AuditEnd) -> Missed {
    Missed { torn: end.torn, unreadable: end.unreadable }
}
