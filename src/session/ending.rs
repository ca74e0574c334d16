//! How a session ends: the client is told once, at a boundary between messages; the records of
//! what was under way are closed with what is known.

use super::event::{Done, Event, Outcome, TransactionOutcome};
use super::names::Portal;
use super::replies::{Query, Request};
use super::{Call, End, Session};
use crate::base::{Moment, Refusal, Severity};
use crate::wire::write;

/// SQLSTATEs with which a backend ends itself between two steps of what it does:
/// admin_shutdown, idle_session_timeout, idle_in_transaction_session_timeout,
/// transaction_timeout.
const INTERRUPTS: [&[u8]; 4] = [b"57P01", b"57P05", b"25P03", b"25P04"];

/// Whether and how the session ends.
#[derive(Debug, Default)]
pub(super) enum Ending {
    /// It goes on.
    #[default]
    No,
    /// The client is to be told at the next boundary.
    Pending(Box<Refusal>),
    /// Nothing more goes to the client; the upstream is only observed.
    Told,
}

impl Ending {
    /// Whether nothing more of the client is forwarded.
    pub(super) const fn begun(&self) -> bool {
        !matches!(self, Self::No)
    }

    /// Whether nothing more goes to the client.
    pub(super) const fn told(&self) -> bool {
        matches!(self, Self::Told)
    }

    pub(super) fn finish(&mut self) {
        *self = Self::Told;
    }
}

impl Session {
    /// Stops forwarding; tells the client now, or at the end of the message under way.
    #[cold]
    pub(super) fn begin_end(&mut self, mut refusal: Refusal, call: &mut Call<'_>) {
        if self.ending.begun() {
            return;
        }
        refusal.severity = Severity::Fatal;
        self.ending = Ending::Pending(Box::new(refusal));
        self.tell_end(call);
    }

    /// Tells the client why, if that is due and the stream stands between two messages.
    pub(super) fn tell_end(&mut self, call: &mut Call<'_>) {
        if !self.upstream.at_boundary() || !matches!(self.ending, Ending::Pending(_)) {
            return;
        }
        self.tell_end_now(call);
    }

    #[cold]
    fn tell_end_now(&mut self, call: &mut Call<'_>) {
        if let Ending::Pending(refusal) = std::mem::replace(&mut self.ending, Ending::Told) {
            call.turn.client.own(|out| write::error(out, &refusal));
            call.turn.end = Some(Box::new(End::Refused(*refusal)));
        }
    }

    /// The upstream said FATAL: it has ended the session. What it was doing did not complete;
    /// what waited behind that was never begun.
    ///
    /// Where it was interrupted (`ProcessInterrupts`), a write under way is certainly rolled
    /// back: interrupts are held while a transaction commits, and the reply to a statement
    /// whose transaction has committed is sent before the next one is served.
    pub(super) fn ended_by_upstream(&mut self, sqlstate: &[u8], call: &mut Call<'_>) {
        let interrupted = INTERRUPTS.contains(&sqlstate);
        self.close(Outcome::Cancelled, Outcome::Skipped, interrupted, call);
    }

    /// Closes every open record when the upstream is gone without a word: nobody knows how far
    /// it got.
    pub(super) fn close_records(&mut self, call: &mut Call<'_>) {
        self.close(Outcome::Unknown, Outcome::Unknown, false, call);
    }

    /// `first` is the outcome of the statement under way, `rest` that of those behind it;
    /// `interrupted`: the statement under way did not get as far as its end.
    fn close(&mut self, first: Outcome, rest: Outcome, interrupted: bool, call: &mut Call<'_>) {
        let mut outcome = first;
        let (mut unknown, mut cut_off) = (false, false);
        let in_block = self.transactions.status() != b'I';
        while let Some(reply) = self.replies.pop_front() {
            // A write outside a block commits by itself; in a block, only a COMMIT leaves open
            // whether it happened.
            let wrote = self.transactions.wrote();
            unknown |= match &reply.request {
                Request::Query(query) if query.run.is_some() => {
                    let unknown = wrote && !interrupted && query.may_have_committed();
                    cut_off |= !unknown && query.writes;
                    unknown
                }
                Request::Query(query) if in_block => wrote && commits(query),
                Request::Query(query) if interrupted => {
                    cut_off |= query.writes && query.refused.is_none();
                    false
                }
                Request::Execute { writes, .. } if interrupted => {
                    cut_off |= *writes;
                    false
                }
                Request::Query(query) => query.writes && query.refused.is_none() && !query.failed,
                Request::Execute { portal, .. } if in_block => wrote && self.commits(portal),
                Request::Execute { writes, .. } => *writes,
                Request::Sync { .. } => !in_block && wrote,
                _ => false,
            };
            if self.close_request(&reply.request, outcome, call) {
                outcome = rest;
            }
        }
        self.close_portals(call);
        if unknown {
            let number = self.transaction_ahead();
            self.transactions.note_write(number);
            self.transaction_ended(TransactionOutcome::Unknown, call);
        } else {
            if cut_off {
                let number = self.transaction_ahead();
                self.transactions.note_write(number);
            }
            self.transaction_ended(TransactionOutcome::RolledBack, call);
        }
    }

    /// Closes the records of one request; tells whether there were any.
    pub(super) fn close_request(
        &mut self,
        request: &Request,
        outcome: Outcome,
        call: &mut Call<'_>,
    ) -> bool {
        match request {
            Request::Query(query) if query.refused.is_none() => {
                let mut outcome = outcome;
                // Only the first of those that are left can have been at work all the time.
                let mut duration_us = time_of(outcome, query.started, call);
                for index in query.answered..query.statements {
                    let statement = query.first + index as u64;
                    let done = Done { duration_us, ..Done::ended(statement, outcome) };
                    call.recorder.record(&Event::Done(done));
                    duration_us = 0;
                    if outcome == Outcome::Cancelled {
                        outcome = Outcome::Skipped;
                    }
                }
                query.answered < query.statements
            }
            Request::Parse { prepared, started, .. } => {
                let duration_us = time_of(outcome, *started, call);
                let done = Done { duration_us, ..Done::ended(prepared.statement, outcome) };
                call.recorder.record(&Event::Done(done));
                true
            }
            Request::Bind(bind) => {
                let duration_us = time_of(outcome, bind.started, call);
                let done = Done { duration_us, ..Done::ended(bind.statement, outcome) };
                call.recorder.record(&Event::Done(done));
                true
            }
            Request::Fetch { statement, started, sent } => {
                call.recorder.record(&Event::Done(Done {
                    rows_returned: (sent.rows > 0).then_some(sent.rows),
                    bytes_out: sent.bytes,
                    duration_us: call.now.since(*started),
                    ..Done::ended(*statement, outcome)
                }));
                true
            }
            Request::Execute { portal, .. } => {
                let Some(portal) = self.names.portal_mut(portal) else { return false };
                if std::mem::replace(&mut portal.done, true) {
                    return false;
                }
                let done = Done {
                    rows_returned: (portal.sent.rows > 0).then_some(portal.sent.rows),
                    bytes_out: portal.sent.bytes,
                    duration_us: call.now.since(portal.started),
                    ..Done::ended(portal.statement, outcome)
                };
                call.recorder.record(&Event::Done(done));
                true
            }
            _ => false,
        }
    }

    /// Every portal is gone: those not run to their end are done with what they sent.
    pub(super) fn close_portals(&mut self, call: &mut Call<'_>) {
        // Most often there is the unnamed one alone: no list is made for it.
        if !self.names.has_named_portals() {
            if let Some(portal) = self.names.remove_portal(b"") {
                Self::close_portal(&portal, call);
            }
            return;
        }
        for portal in self.names.take_portals() {
            Self::close_portal(&portal, call);
        }
    }

    pub(super) fn close_portal(portal: &Portal, call: &mut Call<'_>) {
        if portal.done {
            return;
        }
        call.recorder.record(&Event::Done(Done {
            rows_returned: (portal.sent.rows > 0).then_some(portal.sent.rows),
            bytes_out: portal.sent.bytes,
            duration_us: call.now.since(portal.started),
            ..Done::ended(portal.statement, Outcome::Completed)
        }));
    }

    fn commits(&self, portal: &[u8]) -> bool {
        self.names.portal(portal).is_some_and(|portal| portal.judgement.commits())
    }
}

/// How long a statement ran that ends without a word of its own, microseconds: what was skipped
/// has not run.
fn time_of(outcome: Outcome, started: Moment, call: &Call<'_>) -> u64 {
    if outcome == Outcome::Skipped { 0 } else { call.now.since(started) }
}

/// Whether a COMMIT is among its statements.
fn commits(query: &Query) -> bool {
    query.refused.is_none() && query.judgement.as_ref().is_some_and(|judgement| judgement.commits())
}
