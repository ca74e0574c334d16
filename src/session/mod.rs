//! The heart: one client session between login and end, without IO, clock or randomness.
//!
//! The shell gives bytes and time in, and gets out what to record, what to send to the upstream
//! and to the client (ranges of the bytes it gave in, as they came, and bytes of our own), and
//! whether the session ends. Five promises, each held by a property test:
//!
//! 1. Conservation: every client byte is forwarded once, or belongs to a frame that was refused
//!    once.
//! 2. Record first: a decision is recorded in the same call that gives out its bytes, and the
//!    shell writes the record before it sends them.
//! 3. One answer per request, in the order of the requests, refusals included.
//! 4. Refuse by default: what is unread, unknown or out of place is refused or ends the session.
//! 5. Bounded: rows and COPY data are walked by their headers and never held.
//!
//! A refusal is not answered beside the stream. A statement that the server itself fails takes
//! the refused one's place, and the server's error is dressed as ours on its way back: so
//! aborted blocks, implicit transactions and skip-to-Sync stay PostgreSQL's own.
//!
//! What is true changes when the server says so, never on send: names of statements and portals
//! and the state of the transaction follow the replies. While a change that a message depends on
//! is in flight, the message is held.

mod again;
mod caps;
mod client;
mod completions;
mod copy;
mod decide;
mod ending;
pub mod event;
mod failures;
mod names;
mod renew;
mod replies;
mod run;
mod statements;
mod transaction;
pub mod turn;
mod upstream;
mod warning;

use std::collections::VecDeque;
use std::sync::Arc;

use crate::base::{Moment, Refusal};
use crate::policy::{Judge, Terms};
use copy::Gate;
use names::Names;
use replies::Reply;
use transaction::Transactions;

pub use event::{Event, Recorder};
pub use renew::Cut;
pub use turn::{End, Output, Segment, Turn};
pub use upstream::{is_utf8, misleads};
pub use warning::News;

/// What a session starts from, once the upstream is ready.
#[derive(Debug)]
pub struct Start {
    /// The grant's terms.
    pub terms: Arc<Terms>,
    /// Random: makes the text that takes a refused statement's place unguessable.
    pub nonce: u64,
    /// Whether the upstream has reported no other `client_encoding` than UTF-8; see [`is_utf8`].
    pub utf8: bool,
}

/// One client session.
#[derive(Debug)]
pub struct Session {
    terms: Arc<Terms>,
    nonce: u64,
    /// What the client's side of the stream has led to; see [`Mark`].
    ahead: Ahead,
    /// Requests forwarded whose replies have not all come.
    replies: VecDeque<Reply>,
    names: Names,
    transactions: Transactions,
    upstream: upstream::Walk,
    ending: ending::Ending,
    audit_ok: bool,
    /// Whether the upstream reads our text as UTF8.
    utf8: bool,
    capping: caps::Capping,
    /// What tells the server that the grant's end was moved.
    renewal: renew::Renewal,
    rows_returned: u64,
    rows_written: u64,
    /// What the client is to be told of its grant.
    warning: warning::Warning,
}

/// All that client bytes change before a reply has come, so that a turn whose record could not
/// be written can be taken back.
#[derive(Debug, Clone, Copy, Default)]
struct Ahead {
    /// Where in a frame the client's stream stands.
    stream: Stream,
    /// Counts Syncs and Queries: requests of one segment are skipped together on an error.
    segment: u64,
    /// Decisions so far.
    statements: u64,
    /// Refusals so far; part of the text that takes their place.
    refusals: u64,
    /// Whether COPY IN is open or may be.
    gate: Gate,
    /// The server skips what comes until Sync.
    discarding: bool,
    /// A message waits for a reply on which it depends.
    held: bool,
    /// A text waits to be judged on the pool.
    judging: bool,
    /// A Flush of ours makes the server answer what a held message waits for.
    flushed: bool,
    /// The server's unnamed statement may be one that a Query was run by.
    left_unnamed: bool,
    /// The client has begun something that waits for its Sync.
    open: bool,
    /// The server was told of the renewal.
    renewed: bool,
    /// What was sent since all was answered has a request that caps wait for.
    counted: bool,
}

/// The client's stream inside a frame.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Stream {
    /// At the start of a frame.
    #[default]
    Head,
    /// This many bytes of a frame that is forwarded are still to come.
    Pass(usize),
    /// This many bytes of a frame that was refused are still to come.
    Drop(usize),
}

/// A point to which the client's side can be taken back within one turn.
#[derive(Debug, Clone, Copy)]
pub struct Mark {
    ahead: Ahead,
    replies: usize,
}

/// What a session is doing, in the words of `pg_stat_activity.state`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Waits for the client, outside a transaction.
    Idle,
    /// A reply is due.
    Active,
    /// Waits for the client, inside a transaction.
    IdleInTransaction,
    /// The same in a transaction that failed.
    IdleInTransactionAborted,
}

/// Where one call stands: its time and its outputs.
struct Call<'a> {
    now: Moment,
    recorder: &'a mut dyn Recorder,
    turn: &'a mut Turn,
}

impl Session {
    /// A session whose upstream has just said ReadyForQuery.
    #[must_use]
    pub fn new(start: &Start) -> Self {
        Self {
            terms: Arc::clone(&start.terms),
            nonce: start.nonce,
            ahead: Ahead::default(),
            replies: VecDeque::new(),
            names: Names::default(),
            transactions: Transactions::default(),
            upstream: upstream::Walk::default(),
            ending: ending::Ending::default(),
            audit_ok: true,
            utf8: start.utf8,
            capping: caps::Capping::default(),
            renewal: renew::Renewal::default(),
            rows_returned: 0,
            rows_written: 0,
            warning: warning::Warning::default(),
        }
    }

    /// Takes client bytes: `input` is everything not yet consumed, from the start of a frame or
    /// of what is left of one. Returns how many bytes are done with; the shell gives the rest
    /// in again, with more behind it, or after [`Session::upstream_bytes`] has made
    /// [`Session::held`] false.
    pub fn client_bytes(
        &mut self,
        input: &[u8],
        now: Moment,
        judge: &mut Judge,
        recorder: &mut dyn Recorder,
        turn: &mut Turn,
    ) -> usize {
        self.walk_client(input, judge, &mut Call { now, recorder, turn })
    }

    /// Takes upstream bytes in the same way; never holds more than the start of one message.
    pub fn upstream_bytes(
        &mut self,
        input: &[u8],
        now: Moment,
        recorder: &mut dyn Recorder,
        turn: &mut Turn,
    ) -> usize {
        self.walk_upstream(input, &mut Call { now, recorder, turn })
    }

    /// Ends the session: nothing more is forwarded to the upstream, and the client is told
    /// `refusal` at the next boundary between messages towards it. `turn.end` says when that
    /// has happened. What the upstream still says is only observed, for the record.
    pub fn end(
        &mut self,
        refusal: Refusal,
        now: Moment,
        recorder: &mut dyn Recorder,
        turn: &mut Turn,
    ) {
        self.begin_end(refusal, &mut Call { now, recorder, turn });
    }

    /// The upstream's connection is gone (or is being dropped): closes every open record.
    pub fn lost(&mut self, now: Moment, recorder: &mut dyn Recorder) {
        let mut turn = Turn::default();
        self.close_records(&mut Call { now, recorder, turn: &mut turn });
    }

    /// The state to which [`Session::rollback`] returns.
    #[must_use]
    pub fn mark(&self) -> Mark {
        Mark { ahead: self.ahead, replies: self.replies.len() }
    }

    /// Takes back everything [`Session::client_bytes`] did since `mark`; there must have been no
    /// other call in between.
    pub fn rollback(&mut self, mark: Mark) {
        self.ahead = mark.ahead;
        self.replies.truncate(mark.replies);
    }

    /// While false, every statement is refused because its record can't be written.
    pub fn set_audit_ok(&mut self, ok: bool) {
        self.audit_ok = ok;
    }

    /// Whether a message of the client waits for a reply. Its bytes are to be given in again
    /// after the next upstream bytes.
    #[must_use]
    pub const fn held(&self) -> bool {
        self.ahead.held
    }

    /// Whether the first unconsumed frame waits to be judged on the pool.
    #[must_use]
    pub const fn judging(&self) -> bool {
        self.ahead.judging
    }

    /// Whether more client bytes are of use now.
    #[must_use]
    pub const fn wants_client(&self) -> bool {
        !self.ahead.held && !self.ahead.judging
    }

    /// Whether a write is in flight or uncommitted whose outcome is not known yet.
    #[must_use]
    pub fn unsettled(&self) -> bool {
        self.transactions.wrote() || self.replies.iter().any(Reply::may_write)
    }

    /// What the session is doing.
    #[must_use]
    pub fn state(&self) -> State {
        match (self.replies.is_empty(), self.transactions.status()) {
            (false, _) => State::Active,
            (true, b'T') => State::IdleInTransaction,
            (true, b'E') => State::IdleInTransactionAborted,
            (true, _) => State::Idle,
        }
    }

    /// The grant's terms.
    #[must_use]
    pub fn terms(&self) -> &Arc<Terms> {
        &self.terms
    }

    /// Decisions so far.
    #[must_use]
    pub const fn statements(&self) -> u64 {
        self.ahead.statements
    }

    /// Rows sent to the client so far.
    #[must_use]
    pub const fn rows_returned(&self) -> u64 {
        self.rows_returned
    }

    /// Rows written so far, by the command tags.
    #[must_use]
    pub const fn rows_written(&self) -> u64 {
        self.rows_written
    }
}

impl State {
    /// The word, as in `pg_stat_activity.state`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Active => "active",
            Self::IdleInTransaction => "idle in transaction",
            Self::IdleInTransactionAborted => "idle in transaction (aborted)",
        }
    }
}
