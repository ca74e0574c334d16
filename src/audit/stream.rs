//! One worker's stream of records: built in memory, written with one write(2) of whole lines.
//!
//! A decision is written before its statement is forwarded: the caller adds the records of a
//! turn, commits, and only then sends. What only tells what happened (`statement.done`) may wait
//! in the buffer for the next commit; the caller commits at least once a second.

use std::sync::Arc;

use super::json::{self, key};
use super::records::Record;
use super::statement;
use super::time::Clock;
use crate::base::Moment;
use crate::session::{Event, Recorder};

pub use super::context::{SessionContext, SessionFacts};
pub use super::log::{Log, OpenError};

/// Bytes that may wait while the log cannot be written. No statement is forwarded then, so what
/// waits is the end of what was running, and failed logins. Beyond it records are counted, and
/// the count goes on record (`audit.gap`) as soon as anything can.
pub const WAITING_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Memory that an empty buffer keeps.
const KEPT_BYTES_MAX: usize = 256 * 1024;

/// One worker's stream, with its own `seq`. Not shared between threads.
#[derive(Debug)]
pub struct Stream {
    log: Arc<Log>,
    /// `","node":"…","stream":"…","seq":`
    origin: Vec<u8>,
    clock: Clock,
    buffer: Vec<u8>,
    /// Records in `buffer`.
    waiting: u64,
    /// `seq` of the last record added.
    seq: u64,
    /// Records written.
    written: u64,
    /// Records that found no room.
    lost: u64,
    /// Counts commits that wrote, so that a mark from before one is known.
    commits: u64,
    /// When the last record was added.
    now: Moment,
    /// When the first record in `buffer` was, by CLOCK_BOOTTIME, microseconds.
    since: u64,
}

/// A point in a stream's unwritten records that can be returned to.
#[derive(Debug, Clone, Copy)]
pub struct Mark {
    commits: u64,
    length: usize,
    waiting: u64,
    seq: u64,
}

/// The record could not be written; nothing that depends on it may be forwarded.
#[derive(Debug, thiserror::Error)]
#[error("the audit log cannot be written")]
pub struct Unwritable(#[from] pub std::io::Error);

/// Records the events of one session into a stream.
#[derive(Debug)]
pub struct SessionRecorder<'a> {
    stream: &'a mut Stream,
    session: &'a SessionContext,
    now: Moment,
}

impl Stream {
    /// A stream of `log`; `name` is its `stream` key (`w0`, `w1`, `admin`).
    #[must_use]
    pub fn new(log: Arc<Log>, name: &str) -> Self {
        let mut origin = b"\",\"node\":".to_vec();
        json::string(&mut origin, log.node().as_bytes());
        json::text(&mut origin, key!("stream"), name);
        origin.extend_from_slice(key!("seq"));
        Self {
            log,
            origin,
            clock: Clock::new(),
            buffer: Vec::with_capacity(8 * 1024),
            waiting: 0,
            seq: 0,
            written: 0,
            lost: 0,
            commits: 0,
            now: Moment::default(),
            since: 0,
        }
    }

    /// Where the unwritten records end now.
    #[must_use]
    pub fn mark(&self) -> Mark {
        Mark {
            commits: self.commits,
            length: self.buffer.len(),
            waiting: self.waiting,
            seq: self.seq,
        }
    }

    /// Forgets what was added since `mark` (their seq numbers are used again). A mark from before
    /// the last commit that wrote changes nothing: what is on record stays.
    pub fn rollback(&mut self, mark: Mark) {
        if mark.commits == self.commits && mark.length <= self.buffer.len() {
            self.buffer.truncate(mark.length);
            self.waiting = mark.waiting;
            self.seq = mark.seq;
        }
    }

    /// Adds a record of a session; nothing is written yet.
    pub fn add(&mut self, session: &SessionContext, event: &Event<'_>, now: Moment) {
        // A decision is committed or rolled back within its turn, so it always has room.
        if !matches!(event, Event::Decision(_)) && !self.has_room(now) {
            return;
        }
        let parameters = self.log.parameters();
        self.line(now, |out| statement::write(out, session, event, parameters));
    }

    /// Adds any other record; nothing is written yet.
    pub fn add_record(&mut self, record: &Record<'_>, now: Moment) {
        if self.has_room(now) {
            self.line(now, |out| {
                json::word(out, key!("event"), record.name());
                record.write(out);
            });
        }
    }

    /// A recorder for the events of one call of a session.
    pub fn recorder<'a>(
        &'a mut self,
        session: &'a SessionContext,
        now: Moment,
    ) -> SessionRecorder<'a> {
        SessionRecorder { stream: self, session, now }
    }

    /// Writes everything added so far; on an error nothing of it counts as written, and it is
    /// kept to be tried again (decisions are taken back with `rollback` by the caller).
    ///
    /// # Errors
    /// [`Unwritable`] with the cause: nothing that depends on these records may be forwarded.
    pub fn commit(&mut self) -> Result<(), Unwritable> {
        if self.buffer.is_empty() && self.lost == 0 {
            return Ok(());
        }
        let mark = self.mark();
        let lost = self.lost;
        if lost > 0 {
            self.line(self.now, |out| {
                json::word(out, key!("event"), "audit.gap");
                let detail = format!("{lost} records lost while the log could not be written");
                json::text(out, key!("detail"), detail);
            });
        }
        if let Err(error) = self.log.append(&self.buffer, self.now) {
            self.rollback(mark);
            return Err(Unwritable(error));
        }
        self.lost = 0;
        self.commits += 1;
        self.written += self.waiting;
        self.waiting = 0;
        self.buffer.clear();
        self.buffer.shrink_to(KEPT_BYTES_MAX);
        Ok(())
    }

    /// Whether records wait to be written.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        !self.buffer.is_empty() || self.lost > 0
    }

    /// Since when, by CLOCK_BOOTTIME, microseconds; `None` if none do.
    #[must_use]
    pub fn waiting_since(&self) -> Option<u64> {
        self.is_waiting().then_some(self.since)
    }

    /// Records written since the stream was made, for `pgward_audit_records_total`.
    #[must_use]
    pub const fn records_written(&self) -> u64 {
        self.written
    }

    fn has_room(&mut self, now: Moment) -> bool {
        self.now = now;
        let room = self.buffer.len() < WAITING_BYTES_MAX;
        if !room {
            self.lost += 1;
        }
        room
    }

    /// `write` adds everything from `event` on.
    fn line(&mut self, now: Moment, write: impl FnOnce(&mut Vec<u8>)) {
        self.now = now;
        self.seq += 1;
        self.waiting += 1;
        let out = &mut self.buffer;
        if out.is_empty() {
            self.since = now.boot;
        }
        out.extend_from_slice(b"{\"v\":1,\"time\":\"");
        out.extend_from_slice(self.clock.text(now.wall));
        out.extend_from_slice(&self.origin);
        json::digits(out, self.seq);
        write(out);
        out.extend_from_slice(b"}\n");
    }
}

impl Drop for Stream {
    /// The last chance for what waits; there is nobody left to tell if it fails.
    fn drop(&mut self) {
        let _ = self.commit();
    }
}

impl Recorder for SessionRecorder<'_> {
    fn record(&mut self, event: &Event<'_>) {
        self.stream.add(self.session, event, self.now);
    }
}
