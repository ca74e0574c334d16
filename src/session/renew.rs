//! The grant's end is moved while its session is open: from then on refusals tell the new one,
//! and so does the server, when it is asked (`SHOW pgward.expires_at`).
//!
//! A `statement_timeout` that pgward cut at the start, since little time was left, grows with it.
//! Whether it is still pgward's own, the server alone knows for certain: the client may have set
//! another, in a function, or in a block that was then rolled back. So the server compares, and
//! sets it only where it is one of those that pgward has set.
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
use crate::base::Moment;
use crate::base::moment::Deadline;
use crate::base::refusal::policy::time;
use crate::policy::Terms;
use crate::wire::backend::{self, tag};
use crate::wire::{frontend, write};

/// The session's `statement_timeout`, cut at its start to the time that was left, milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// What it was set to.
    pub to_ms: u64,
    /// What it would be without the grant's end.
    pub from_ms: u64,
}

/// How often the server is told again what it has failed.
const RETRIES: u8 = 2;

/// What the server is to be told.
#[derive(Debug, Default)]
pub(super) struct Renewal {
    /// Nothing before the end is moved.
    texts: Vec<String>,
    /// The timeout without the grant's end.
    from_ms: u64,
    /// How often it is told again when the server fails it.
    retries: u8,
    /// Every timeout that was ours, as the server shows them; empty where none was cut.
    timeouts: Vec<String>,
}

impl Renewal {
    /// The timeout grows, as far as the time that is left.
    fn grow(&mut self, left_ms: u64) -> Option<String> {
        let last = self.timeouts.last()?;
        let new = time(left_ms.min(self.from_ms).max(1));
        if *last == new {
            return self.texts.get(1).cloned();
        }
        let ours = self.timeouts.join(",");
        let text = format!(
            "SELECT WHERE CASE WHEN pg_catalog.current_setting('statement_timeout') \
             OPERATOR(pg_catalog.=) ANY ('{{{ours}}}'::pg_catalog.text[]) \
             THEN pg_catalog.set_config('statement_timeout', '{new}', false) IS NULL ELSE false END"
        );
        self.timeouts.retain(|known| *known != new);
        self.timeouts.push(new);
        Some(text)
    }
}

impl Session {
    /// Its `statement_timeout` was cut at the start: it grows when the grant's end is moved.
    pub fn note_cut(&mut self, cut: Cut) {
        self.renewal.from_ms = cut.from_ms;
        self.renewal.timeouts = vec![time(cut.to_ms)];
    }

    /// The grant ends at another time, which people are shown as `shown` (RFC 3339, UTC).
    pub fn renew(&mut self, expires_at: i64, shown: &str, now: Moment) {
        self.terms = Arc::new(Terms { expires_at, ..Terms::clone(&self.terms) });
        // It is ours, and yet: a literal is a literal.
        let literal = shown.replace('\'', "''");
        let left_ms = Deadline::at_wall(expires_at, now).left(now) / 1_000;
        let grows = self.renewal.grow(left_ms);
        self.renewal.texts = vec![format!("SET pgward.expires_at TO '{literal}'")];
        self.renewal.texts.extend(grows);
        self.renewal.retries = RETRIES;
        self.ahead.renewed = false;
    }

    /// What the server was told may be forgotten: `tag` is that of a statement which goes back to
    /// values of the start. SET TO DEFAULT has the tag of any SET; in a block, a SET LOCAL is
    /// more likely.
    pub(super) fn note_reset(&mut self, tag: &[u8]) {
        let resets = matches!(tag, b"RESET" | b"DISCARD ALL");
        if resets || tag == b"SET" && !self.transactions.in_block() {
            self.ahead.renewed = false;
        }
    }

    /// Tells the server, if there is something to tell and nothing is under way.
    pub(super) fn tell_server(&mut self, call: &mut Call<'_>) {
        if self.ahead.renewed || self.renewal.texts.is_empty() || !self.at_rest() {
            return;
        }
        self.tell_server_now(call);
    }

    #[cold]
    fn tell_server_now(&mut self, call: &mut Call<'_>) {
        let name = format!("pgward_renewal_{:016x}", self.nonce);
        for text in &self.renewal.texts {
            call.turn.upstream.own(|out| write::aside(out, &name, text));
        }
        for _ in 0..self.renewal.texts.len() {
            self.push(Request::Renewal);
        }
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
                // A cancel request of the client, most likely, that came at this moment.
                if let Some(left) = self.renewal.retries.checked_sub(1) {
                    self.renewal.retries = left;
                    self.ahead.renewed = false;
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
