//! One worker's stream of records: built in memory, written with one write(2) of whole lines.

use std::sync::Arc;

use crate::base::Moment;
use crate::session::Event;

/// The log file all streams append to (O_APPEND), with its rotation. Shared by all threads.
#[derive(Debug)]
pub struct Log {}

/// One worker's stream, with its own `seq`. Not shared between threads.
#[derive(Debug)]
pub struct Stream {}

/// A point in a stream's unwritten records that can be returned to.
#[derive(Debug, Clone, Copy)]
pub struct Mark {}

/// The record could not be written; nothing that depends on it may be forwarded.
#[derive(Debug, thiserror::Error)]
#[error("the audit log cannot be written")]
pub struct Unwritable(#[from] pub std::io::Error);

/// What every record of one session carries; made once at login, serialised once.
#[derive(Debug, Clone)]
pub struct SessionContext {}

impl Stream {
    /// A stream of `log`; `name` is its `stream` key (`w0`, `w1`, `admin`).
    #[must_use]
    pub fn new(log: Arc<Log>, name: &str) -> Self {
        let _ = (log, name);
        Self {}
    }

    /// Where the unwritten records end now.
    #[must_use]
    pub fn mark(&self) -> Mark {
        Mark {}
    }

    /// Forgets what was added since `mark` (their seq numbers are used again).
    pub fn rollback(&mut self, mark: Mark) {
        let _ = mark;
    }

    /// Adds a record; nothing is written yet.
    pub fn add(&mut self, session: &SessionContext, event: &Event<'_>, now: Moment) {
        let _ = (session, event, now);
    }

    /// Writes everything added so far; on an error nothing of it counts as written, and it is
    /// kept to be tried again (decisions are taken back with `rollback` by the caller).
    pub fn commit(&mut self) -> Result<(), Unwritable> {
        Ok(())
    }
}
