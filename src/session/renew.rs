//! The grant's end is moved while its session is open: from then on refusals tell the new one,
//! and so does the server, when it is asked (`SHOW pgward.expires_at`).
//!
//! The server is told directly before the next message of the client that begins something: when
//! nothing is under way, no transaction is open, and the client has begun nothing that waits for
//! its Sync. Statement and portal have a name that the client can't know, since the unnamed ones
//! are the client's; none of it is seen by the client.

use std::sync::Arc;

use super::copy::Gate;
use super::replies::Request;
use super::upstream::{Fate, OutOfOrder};
use super::{Call, Session, Stream};
use crate::policy::Terms;
use crate::wire::backend::{self, tag};
use crate::wire::{frontend, write};

impl Session {
    /// The grant ends at another time, which people are shown as `shown` (RFC 3339, UTC).
    pub fn renew(&mut self, expires_at: i64, shown: &str) {
        self.terms = Arc::new(Terms { expires_at, ..Terms::clone(&self.terms) });
        // It is ours, and yet: a literal is a literal.
        let literal = shown.replace('\'', "''");
        self.renewal = Some(format!("SET pgward.expires_at TO '{literal}'"));
        self.ahead.renewed = false;
    }

    /// Tells the server, if there is something to tell and nothing is under way.
    pub(super) fn tell_server(&mut self, call: &mut Call<'_>) {
        if self.ahead.renewed || !self.at_rest() {
            return;
        }
        let Some(text) = &self.renewal else { return };
        let name = format!("pgward_renewal_{:016x}", self.nonce);
        call.turn.upstream.own(|out| write::aside(out, &name, text));
        self.push(Request::Renewal);
        self.ahead.segment += 1;
        self.ahead.renewed = true;
    }

    fn at_rest(&self) -> bool {
        self.replies.is_empty()
            && self.transactions.status() == b'I'
            && self.ahead.stream == Stream::Head
            && self.ahead.gate == Gate::Free
            && !self.ahead.open
            && !self.ahead.discarding
            && !self.ending.begun()
            && !self.muted()
            && !self.waits_for_cap(frontend::tag::QUERY)
    }

    /// The client's message was taken: whether what it began waits for its Sync.
    pub(super) const fn note_open(&mut self, tag: u8) {
        use frontend::tag as from;
        match tag {
            from::QUERY | from::SYNC | from::FUNCTION_CALL => self.ahead.open = false,
            from::PARSE | from::BIND | from::EXECUTE | from::DESCRIBE | from::CLOSE => {
                self.ahead.open = true;
            }
            _ => {}
        }
    }

    /// What the server answers to that; `None` where it isn't such an answer.
    pub(super) fn renewed(&mut self, tag: u8, body: &[u8]) -> Option<Result<Fate, OutOfOrder>> {
        if !matches!(self.front(), Some(Request::Renewal)) {
            return None;
        }
        match tag {
            tag::PARSE_COMPLETE
            | tag::BIND_COMPLETE
            | tag::COMMAND_COMPLETE
            | tag::CLOSE_COMPLETE => {}
            // The server says goodbye: that is for the client.
            tag::ERROR_RESPONSE => {
                let severity = backend::fields(body).severity;
                if matches!(severity, b"FATAL" | b"PANIC") {
                    self.replies.pop_front();
                    return None;
                }
            }
            tag::READY_FOR_QUERY => {
                self.replies.pop_front();
            }
            tag::NOTICE_RESPONSE | tag::NOTIFICATION_RESPONSE | tag::PARAMETER_STATUS => {
                return None;
            }
            _ => return Some(Err(OutOfOrder("it sent a message out of place"))),
        }
        Some(Ok(Fate::Replaced))
    }
}
