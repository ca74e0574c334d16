//! Caps on rows: what a statement may write, and what it may return.
//!
//! **Written.** The command tag says how many rows a statement wrote, and it comes before the
//! commit if we see to it. Behind a write nothing is forwarded until its tag has come. In
//! extended protocol the commit is the Sync's, so it is enough to hold that: a count above the
//! cap puts a message that fails before the Sync, and PostgreSQL itself rolls back. A simple
//! Query commits by itself, so outside a block it is run in the extended protocol ([`super::run`]).
//! Inside a block of the client's a statement that fails is sent after the one that wrote too
//! much, so the block is aborted before anything can commit it: there a Sync need not wait.
//!
//! **Returned.** Rows are counted as they pass. The one above the cap is not passed; the client
//! is told at once, what is left of the reply is kept from it up to ReadyForQuery, and the
//! upstream is cancelled.

use super::copy::Gate;
use super::names::Sent;
use super::replies::{Request, Why};
use super::run::Run;
use super::upstream::{Fate, OutOfOrder};
use super::{Call, Session};
use crate::base::Refusal;
use crate::base::refusal::caps as texts;
use crate::policy::reason::in_context;
use crate::policy::{Judged, Judgement, RowCaps};
use crate::sql::facts::Action;
use crate::wire::backend::Fields;
use crate::wire::frontend::tag;
use crate::wire::write;

/// Where a session stands with its caps.
#[derive(Debug, Default)]
pub(super) struct Capping {
    /// What the client was told in the middle of a reply; the rest of it, up to ReadyForQuery,
    /// is kept from it.
    over: Option<Box<Refusal>>,
    /// Messages of a Query that runs in the extended protocol, until it would have brought them:
    /// a RowDescription that waits for the first row, a CommandComplete for the commit.
    withheld: Vec<u8>,
    /// A cancel request is on its way to the upstream: it must not meet another statement.
    cancelling: bool,
}

/// A row bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bound {
    Rows(u64),
    Bytes(u64),
}

impl Bound {
    /// The one that was passed when so much was sent.
    pub(super) const fn passed(caps: RowCaps, sent: Sent) -> Option<Self> {
        if caps.rows_read_max > 0 && sent.rows > caps.rows_read_max {
            Some(Self::Rows(caps.rows_read_max))
        } else if caps.bytes_read_max > 0 && sent.bytes > caps.bytes_read_max {
            Some(Self::Bytes(caps.bytes_read_max))
        } else {
            None
        }
    }
}

impl Session {
    /// Whether the client is kept from what comes.
    pub(super) const fn muted(&self) -> bool {
        self.capping.over.is_some()
    }

    /// The cancel request that [`Turn::cancel`](super::Turn) asked for has reached the upstream,
    /// or failed: what it held back may go on.
    pub const fn cancelled(&mut self) {
        self.capping.cancelling = false;
    }

    /// Whether a text's rows are counted against a cap.
    pub(super) fn counts(&self, judgement: &Judgement, executes_write: bool) -> bool {
        self.terms.row_caps.rows_written_max > 0
            && (executes_write || judgement.statements.iter().any(writes_rows))
    }

    /// Whether a message has to wait for a count, or for a cancel.
    pub(super) fn waits_for_cap(&self, tag: u8) -> bool {
        // Most often nothing is counted, broken off or cancelled.
        if !self.ahead.counted && !self.muted() && !self.capping.cancelling {
            return false;
        }
        if matches!(tag, tag::COPY_DATA | tag::COPY_DONE | tag::COPY_FAIL | tag::FLUSH) {
            return false;
        }
        if tag == tag::SYNC && (self.ahead.gate != Gate::Free || self.counted_in_block()) {
            return false;
        }
        if self.counting() {
            return true;
        }
        let told = self.muted() || self.capping.cancelling;
        // The Sync that ends the segment is what the server waits for.
        let due = || {
            self.replies
                .iter()
                .any(|reply| matches!(reply.request, Request::Query(_) | Request::Sync { .. }))
        };
        told && tag != tag::TERMINATE && (tag != tag::SYNC || due())
    }

    /// Whether the last request's rows are being counted.
    pub(super) fn counting(&self) -> bool {
        match self.last_request() {
            Some(Request::Query(query)) => query.counted,
            Some(Request::Execute { counted, .. }) => *counted,
            Some(Request::Abort) => true,
            // One that went through at once.
            Some(Request::Sync { .. }) => matches!(
                self.replies.iter().rev().nth(1).map(|reply| &reply.request),
                Some(Request::Execute { counted: true, .. })
            ),
            _ => false,
        }
    }

    /// Whether nothing but one Execute that is counted is under way in a block of the client's: a
    /// Sync commits nothing then, and the block can be aborted behind it.
    fn counted_in_block(&self) -> bool {
        let mut requests = self.replies.iter().rev().map(|reply| &reply.request);
        self.transactions.status() == b'T'
            && self.transactions.in_block()
            && matches!(
                requests.next(),
                Some(Request::Execute { counted: true, copies: false, .. })
            )
            && requests.all(|request| {
                matches!(request, Request::Parse { .. } | Request::Bind(_) | Request::Describe)
            })
    }

    /// Whether an Execute is being counted: the server keeps its reply until it is asked.
    pub(super) fn counting_execute(&self) -> bool {
        matches!(self.last_request(), Some(Request::Execute { counted: true, .. }))
    }

    fn last_request(&self) -> Option<&Request> {
        let mut requests = self.replies.iter().rev().map(|reply| &reply.request);
        requests.find(|request| !matches!(request, Request::Sync { optional: true }))
    }

    /// Whether every reply has come, so that the server's last word on the transaction is true.
    pub(super) fn all_answered(&self) -> bool {
        self.replies.iter().all(|reply| matches!(reply.request, Request::Sync { optional: true }))
    }

    /// CommandComplete, as far as caps have to do with it.
    pub(super) fn command_completed(
        &mut self,
        body: &[u8],
        tag: (&[u8], Option<u64>),
        call: &mut Call<'_>,
    ) -> Result<Fate, OutOfOrder> {
        if self.muted() {
            return Ok(self.completed_too_late(call));
        }
        self.release(call);
        if let Some(count) = tag.1.filter(|count| self.writes_too_much(*count)) {
            return Ok(self.wrote_too_much(count, call));
        }
        self.completed(tag, call)?;
        Ok(self.run_on(body, call))
    }

    /// Keeps a message from the client until it is released, or dropped for an error.
    pub(super) fn withhold(&mut self, tag: u8, body: &[u8]) {
        write::backend(&mut self.capping.withheld, tag, body);
    }

    /// Gives the client the message that waited: something follows it.
    pub(super) fn release(&mut self, call: &mut Call<'_>) {
        if self.capping.withheld.is_empty() {
            return;
        }
        if !self.ending.told() {
            let withheld = &self.capping.withheld;
            call.turn.client.own(|out| out.extend_from_slice(withheld));
        }
        self.capping.withheld.clear();
    }

    fn writes_too_much(&self, count: u64) -> bool {
        let cap = self.terms.row_caps.rows_written_max;
        if cap == 0 || count <= cap {
            return false;
        }
        match self.front() {
            Some(Request::Query(query)) => {
                let one = query.judgement.as_ref();
                let one = one.and_then(|all| all.statements.get(query.answered));
                one.is_some_and(|one| {
                    writes_rows(one)
                        || (query.executes_write && matches!(one.action, Action::Execute { .. }))
                })
            }
            Some(Request::Execute { counted, .. }) => *counted,
            _ => false,
        }
    }

    /// A statement wrote more than it may: nothing of it is to be committed.
    #[cold]
    fn wrote_too_much(&mut self, count: u64, call: &mut Call<'_>) -> Fate {
        let cap = self.terms.row_caps.rows_written_max;
        let refusal = in_context(&self.terms, call.now.wall, |context| {
            texts::rows_written(context, count, cap)
        });
        let transaction = match self.front() {
            Some(Request::Query(query)) => Some(query.transaction),
            Some(Request::Execute { portal, .. }) => {
                self.names.portal(portal).map(|portal| portal.transaction)
            }
            _ => None,
        };
        if let Some(transaction) = transaction {
            self.transactions.note_write(transaction);
        }
        self.transactions.note_failure();
        self.fail_front(&refusal, call);
        if self.upstream.copy_in {
            self.copy_completed();
        }
        call.turn.cap = Some("max_rows_written");
        if matches!(self.front(), Some(Request::Query(_))) {
            self.tell(refusal, call);
            self.fail_run(call);
        } else if matches!(self.replies.get(1).map(|r| &r.request), Some(Request::Sync { .. })) {
            // ReadyForQuery follows: the block is aborted then.
            self.tell(refusal, call);
            self.replies.pop_front();
        } else {
            self.replies.pop_front();
            let refused = self.refuse_extended(Why::Own(Box::new(refusal)), call);
            self.push(Request::Refused(refused));
        }
        Fate::Replaced
    }

    /// Closes the record of what is being answered, as failed by us.
    #[cold]
    fn fail_front(&mut self, refusal: &Refusal, call: &mut Call<'_>) {
        let fields = Fields {
            sqlstate: refusal.sqlstate.code().as_bytes(),
            message: refusal.message.as_bytes(),
            ..Fields::default()
        };
        self.record_failure(&fields, call);
    }

    /// Tells the client in the middle of a reply.
    fn tell(&mut self, refusal: Refusal, call: &mut Call<'_>) {
        if !self.ending.told() {
            call.turn.client.own(|out| write::error(out, &refusal));
        }
        self.capping.over = Some(Box::new(refusal));
    }

    /// Whether a row may pass; where it is the one too many, the client is told.
    pub(super) fn row_passes(&mut self, sent: Sent, call: &mut Call<'_>) {
        if let Some(bound) = Bound::passed(self.terms.row_caps, sent) {
            self.break_off(bound, call);
        }
    }

    #[cold]
    fn break_off(&mut self, bound: Bound, call: &mut Call<'_>) {
        self.release(call);
        let refusal = in_context(&self.terms, call.now.wall, |context| match bound {
            Bound::Rows(cap) => texts::rows_read(context, cap),
            Bound::Bytes(cap) => texts::bytes_read(context, cap),
        });
        call.turn.cap = Some(match bound {
            Bound::Rows(_) => "max_rows_read",
            Bound::Bytes(_) => "max_bytes_read",
        });
        self.transactions.note_failure();
        self.tell(refusal, call);
        self.capping.cancelling = true;
        call.turn.cancel = true;
    }

    /// A statement that returned too much came to its end before it was cancelled.
    #[cold]
    fn completed_too_late(&mut self, call: &mut Call<'_>) -> Fate {
        if let Some(refusal) = self.capping.over.take() {
            self.fail_front(&refusal, call);
            self.capping.over = Some(refusal);
        }
        if matches!(self.front(), Some(Request::Query(_))) {
            self.fail_run(call);
        } else {
            self.replies.pop_front();
            self.abort_segment(call);
        }
        Fate::Replaced
    }

    /// Where nothing follows yet: has the server skip to Sync, and the transaction fail.
    fn abort_segment(&mut self, call: &mut Call<'_>) {
        if let Some(refusal) = self.capping.over.as_ref().filter(|_| self.all_answered()) {
            let why = Why::Own(refusal.clone());
            let refused = self.refuse_extended(why, call);
            self.push(Request::Refused(refused));
        }
    }

    /// A Parse that fails, whose error is nobody's: the server then skips to the Sync.
    pub(super) fn fail_segment(&mut self, call: &mut Call<'_>) {
        let text = self.token().1;
        call.turn.upstream.own(|out| write::parse(out, b"pgward_refused", &text, &[]));
    }

    /// A message other than CommandComplete and ReadyForQuery in a reply that is kept from the
    /// client; `None` where it is looked at like any other.
    pub(super) fn muted_message(&mut self, tag: u8, call: &mut Call<'_>) -> Option<Fate> {
        use crate::wire::backend::tag as from;
        if !self.muted() {
            return None;
        }
        match tag {
            from::PORTAL_SUSPENDED => Some(self.completed_too_late(call)),
            // Later statements of the same Query: their records are closed.
            from::ROW_DESCRIPTION | from::EMPTY_QUERY_RESPONSE
                if matches!(self.front(), Some(Request::Query(_))) =>
            {
                Some(Fate::Replaced)
            }
            _ => None,
        }
    }

    /// ErrorResponse, as far as caps have to do with it; `None`: it is an error like any other.
    pub(super) fn failed_by_cap(&mut self, call: &mut Call<'_>) -> Option<Fate> {
        match self.front() {
            Some(Request::Abort) => Some(Fate::Replaced),
            Some(Request::Query(query)) if query.run == Some(Run::Commits) => {
                // A constraint that was deferred: the error takes the CommandComplete's place.
                self.capping.withheld.clear();
                self.transactions.note_failure();
                Some(Fate::Pass)
            }
            Some(Request::Query(query)) if query.run == Some(Run::Fails) => Some(Fate::Replaced),
            Some(Request::Query(query)) if self.muted() => {
                if query.answered < query.statements
                    && let Some(refusal) = self.capping.over.take()
                {
                    self.fail_front(&refusal, call);
                    self.capping.over = Some(refusal);
                }
                self.run_failed(call);
                Some(Fate::Replaced)
            }
            Some(Request::Execute { .. } | Request::Fetch { .. }) if self.muted() => {
                if let Some(refusal) = self.capping.over.take() {
                    self.fail_front(&refusal, call);
                    self.capping.over = Some(refusal);
                }
                self.skip_to_sync(call);
                Some(Fate::Replaced)
            }
            _ => {
                // The rows that were described do not come.
                self.capping.withheld.clear();
                None
            }
        }
    }

    /// ReadyForQuery, as far as caps have to do with it; `None`: it ends a segment like any
    /// other.
    pub(super) fn ready_by_cap(
        &mut self,
        status: u8,
        call: &mut Call<'_>,
    ) -> Result<Option<Fate>, OutOfOrder> {
        let over = self.capping.over.take().is_some();
        match self.front() {
            Some(Request::Abort) => {
                self.replies.pop_front();
                self.ready(status, call);
                Ok(Some(Fate::Pass))
            }
            Some(Request::Query(query)) if query.run.is_some() => {
                self.run_ended(call)?;
                Ok(None)
            }
            Some(Request::Query(_) | Request::Sync { .. })
                if over && status == b'T' && self.replies.len() == 1 =>
            {
                self.segment_answered(call);
                let text = self.token().1;
                call.turn.upstream.own(|out| write::query(out, &text));
                self.push(Request::Abort);
                Ok(Some(Fate::Replaced))
            }
            _ => Ok(None),
        }
    }
}

/// Whether its command tag counts rows written. What maintains, defines or calls is not counted,
/// and may not be able to run in a block.
fn writes_rows(one: &Judged) -> bool {
    one.writes && !matches!(one.action, Action::Call | Action::Maintain | Action::Ddl)
}
