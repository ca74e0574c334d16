//! Reading the audit log through the API: searched, followed and replayed by who has the right to
//! audit, without the right to its files.
//!
//! Files are read by a thread for each reading, of the lowest priority: not by a worker, which has
//! sessions to serve, and not by the runtime of the admin side, which has other requests. Who reads
//! is on record before the first line is sent.

mod answer;
pub mod forms;
mod places;

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Extension, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::sync::oneshot;

use super::api::{Failure, read};
use super::caller::{Caller, still_may};
use super::clerk::{Clerk, ClerkError};
use super::record::{AdminEvent, Record};
use crate::audit::read::{self as log, Standing};
use crate::audit::search::replay::{self, Whose};
use crate::audit::search::{self, Filter, Missed, Query};
use crate::audit::{Asked, Unwritable};
use crate::config::Right;
use answer::{Out, Stop, answer, put};
use forms::{AuditEnd, AuditReplay, AuditTail};
use places::{Full, Kind, Place};

pub use places::Readings;

/// Lowest priority of a thread, as nice(1) counts: a session's worker gets 70 times its share of a
/// processor that both want (sched(7)).
#[cfg(target_os = "linux")]
const NICE_MAX: i32 = 19;

/// How often a tail that follows looks for more.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// How often it is looked whether who reads still may.
const RIGHT_EVERY: Duration = Duration::from_secs(1);

/// The type of an answer: one JSON value on each line.
const LINES: &str = "application/x-ndjson";

/// One reading, for a thread of its own.
struct Reading {
    directory: PathBuf,
    work: Work,
    out: Out,
    actor: Arc<str>,
    /// As it is put on record.
    words: String,
    record: Arc<dyn Record>,
    _place: Place,
}

enum Work {
    Search(Box<Filter>),
    Replay(Whose),
    Tail { lines: u64, follow: bool },
}

/// Why a reading doesn't begin.
#[derive(Debug, thiserror::Error)]
enum Unread {
    #[error("the audit log can't be read")]
    Io(#[from] io::Error),
    #[error(transparent)]
    Unrecorded(#[from] Unwritable),
}

pub(super) async fn audit_search(
    State(clerk): State<Arc<Clerk>>,
    Extension(caller): Extension<Caller>,
    body: Bytes,
) -> Result<Response, Failure> {
    let query: Query = read(&body)?;
    begin(&clerk, &caller, Asked::Search(Box::new(query))).await
}

pub(super) async fn audit_replay(
    State(clerk): State<Arc<Clerk>>,
    Extension(caller): Extension<Caller>,
    body: Bytes,
) -> Result<Response, Failure> {
    let AuditReplay { id } = read(&body)?;
    begin(&clerk, &caller, Asked::Replay(id)).await
}

pub(super) async fn audit_tail(
    State(clerk): State<Arc<Clerk>>,
    Extension(caller): Extension<Caller>,
    body: Bytes,
) -> Result<Response, Failure> {
    let AuditTail { lines, follow } = read(&body)?;
    begin(&clerk, &caller, Asked::Tail { lines, follow }).await
}

/// Begins a reading: what can be told at once is told with a status of its own.
async fn begin(clerk: &Arc<Clerk>, caller: &Caller, asked: Asked) -> Result<Response, Failure> {
    let words = asked.words().map_err(|error| {
        Failure::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string())
            .hint("what is asked for stands on record whole: look for a part of the text")
    })?;
    let kind = match asked {
        Asked::Search(_) | Asked::Replay(_) => Kind::Search,
        Asked::Tail { .. } => Kind::Tail,
    };
    let place =
        clerk.readings.take(kind, caller.name()).map_err(|full| too_many(full, kind, caller))?;
    let work = match asked {
        Asked::Search(query) => Work::Search(Box::new(query.filter((clerk.clock)()))),
        Asked::Replay(whose) => Work::Replay(whose),
        Asked::Tail { lines, follow } => Work::Tail { lines, follow },
    };
    let no_right = Arc::new(AtomicBool::new(false));
    let watched = Arc::downgrade(&no_right);
    let (out, answer) = answer(no_right);
    let reading = Reading {
        directory: clerk.config.load().audit.directory.clone(),
        work,
        out,
        actor: Arc::clone(&caller.actor),
        words,
        record: Arc::clone(&clerk.record),
        _place: place,
    };
    let (ready, begun) = oneshot::channel();
    let thread = thread::Builder::new().name("audit-read".to_owned());
    thread.spawn(move || reading.run(ready)).map_err(|error| unread(error.into()))?;
    match begun.await {
        Ok(begun) => begun.map_err(unread)?,
        Err(_) => return Err(unread(io::Error::other("the reading broke off").into())),
    }
    tokio::spawn(watch(Arc::clone(clerk), caller.clone(), watched));
    Ok(([(header::CONTENT_TYPE, LINES)], Body::new(answer)).into_response())
}

impl Reading {
    fn run(mut self, ready: oneshot::Sender<Result<(), Unread>>) {
        let standing = match self.prepare() {
            Ok(standing) => standing,
            Err(error) => {
                let _ = ready.send(Err(error));
                return;
            }
        };
        if ready.send(Ok(())).is_err() {
            return;
        }
        // Only now: until here locks were held that sessions wait for.
        come_last();
        let result = self.work(standing);
        match &result {
            Err(error) if Stop::of(error).is_some() => {
                tracing::debug!(%error, actor = %self.actor, "a reading of the audit log stopped");
            }
            Err(error) => {
                tracing::error!(%error, actor = %self.actor, "the audit log can't be read");
            }
            Ok(_) => {}
        }
        self.out.finish(result);
    }

    /// Puts the reading on record. What a tail shows is found before: its own record is not of the
    /// last ones.
    fn prepare(&self) -> Result<Option<Standing>, Unread> {
        let standing = match self.work {
            Work::Tail { .. } => Some(log::stand(&self.directory)?),
            Work::Search(_) | Work::Replay(_) => None,
        };
        self.record.before(&AdminEvent {
            event: "audit.read",
            actor: &self.actor,
            grant: None,
            session: None,
            detail: Some(&self.words),
        })?;
        Ok(standing)
    }

    fn work(&mut self, standing: Option<Standing>) -> io::Result<AuditEnd> {
        let (directory, out) = (&self.directory, &mut self.out);
        match (&self.work, standing) {
            (Work::Search(filter), _) => search::run(directory, filter, out).map(AuditEnd::from),
            (Work::Replay(whose), _) => {
                let missed = replay::run(directory, *whose, out)?;
                Ok(AuditEnd { found: out.found, ..missed.into() })
            }
            (Work::Tail { lines, follow }, Some(standing)) => tail(standing, *lines, *follow, out),
            (Work::Tail { .. }, None) => Err(io::ErrorKind::InvalidInput.into()),
        }
    }
}

/// Lets everything else go before this thread. Elsewhere than on Linux that would be the whole
/// process (setpriority(2)).
fn come_last() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, NICE_MAX) {
        tracing::warn!(%error, "a reading of the audit log has the priority of sessions");
    }
}

fn tail(standing: Standing, lines: u64, follow: bool, out: &mut Out) -> io::Result<AuditEnd> {
    let going = out.going();
    let (passed, mut follower) = standing.tail(lines, &going, |line| put(out, line))?;
    if !follow {
        return Ok(AuditEnd { found: out.found, torn: passed.torn, ..AuditEnd::default() });
    }
    out.torn(passed.torn);
    loop {
        out.flush()?;
        thread::sleep(LOOK_EVERY);
        let passed = follower.read(|line| put(out, line))?;
        out.torn(passed.torn);
    }
}

impl From<Missed> for AuditEnd {
    fn from(Missed { torn, unreadable }: Missed) -> Self {
        Self { torn, unreadable, ..Self::default() }
    }
}

impl From<search::Summary> for AuditEnd {
    fn from(search::Summary { found, missed, unjoined, skipped }: search::Summary) -> Self {
        let skipped = skipped as u64;
        Self { found, unjoined, skipped, ..missed.into() }
    }
}

/// Stops a reading of who may no more: a tail is followed for hours.
async fn watch(clerk: Arc<Clerk>, caller: Caller, reading: Weak<AtomicBool>) {
    loop {
        tokio::time::sleep(RIGHT_EVERY).await;
        let Some(no_right) = reading.upgrade() else { return };
        let operators = clerk.operators().await;
        let config = clerk.config.load();
        let may = |operators: &[_]| still_may(&caller.actor, Right::Audit, &config, operators);
        if !operators.is_ok_and(|operators| may(&operators)) {
            no_right.store(true, Ordering::Relaxed);
            return;
        }
    }
}

fn too_many(full: Full, kind: Kind, caller: &Caller) -> Failure {
    let what = match kind {
        Kind::Search => "searches of the audit log",
        Kind::Tail => "tails of the audit log",
    };
    let of = if full.own { format!(" of {}", caller.actor) } else { String::new() };
    let what = format!("{} {what}{of} are going on already", full.count);
    Failure::new(StatusCode::TOO_MANY_REQUESTS, what)
        .hint("wait until one of them is done, or end it with Ctrl-C where it runs")
}

fn unread(why: Unread) -> Failure {
    match why {
        Unread::Unrecorded(error) => ClerkError::Unrecorded(error).into(),
        Unread::Io(error) => {
            tracing::error!(%error, "the audit log can't be read for an operator");
            Failure::new(StatusCode::INTERNAL_SERVER_ERROR, "the audit log can't be read")
                .detail(error.to_string())
                .hint("the server's log says more")
        }
    }
}
