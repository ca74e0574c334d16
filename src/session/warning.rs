//! The NOTICE that a grant ends soon. A NoticeResponse may come at any time between two messages
//! (PostgreSQL 18, 54.2.7 "Asynchronous Operations"); but a client that waits for nothing may not
//! read, or not show, what comes while nothing is under way. So who is idle is told at once, and
//! again with the next reply.

use super::{Call, Session, State, Turn};
use crate::base::Moment;
use crate::base::refusal::policy;
use crate::wire::{backend::tag, write};

/// Whether the client is to be told. Times are the grant's end, microseconds since 1970.
#[derive(Debug, Default)]
pub(super) enum Warning {
    /// There is nothing to tell.
    #[default]
    None,
    /// At the next boundary between messages.
    Due(i64),
    /// It was told while nothing was under way: again before the next reply.
    Again(i64),
}

impl Warning {
    /// Whether something is to be told; asked before every message.
    pub(super) const fn waits(&self) -> bool {
        !matches!(self, Self::None)
    }
}

impl Session {
    /// Tells the client that its grant ends at `ends_at` (microseconds since 1970): now, if its
    /// stream stands between two messages, else as soon as it does.
    pub fn warn_of_end(&mut self, ends_at: i64, now: Moment, turn: &mut Turn) {
        if self.ending.begun() {
            return;
        }
        self.warning = Warning::Due(ends_at);
        if self.upstream.at_boundary() && !self.muted() {
            let idle = self.state() != State::Active;
            self.write_warning(ends_at, now, turn);
            if idle {
                self.warning = Warning::Again(ends_at);
            }
        }
    }

    /// Before a message of the upstream.
    pub(super) fn tell_warning(&mut self, next: u8, call: &mut Call<'_>) {
        let asynchronous = matches!(
            next,
            tag::NOTICE_RESPONSE | tag::NOTIFICATION_RESPONSE | tag::PARAMETER_STATUS
        );
        let ends_at = match self.warning {
            Warning::Due(ends_at) => ends_at,
            Warning::Again(ends_at) if !asynchronous => ends_at,
            Warning::Again(_) | Warning::None => return,
        };
        if !self.ending.begun() && !self.muted() {
            self.write_warning(ends_at, call.now, call.turn);
        }
    }

    fn write_warning(&mut self, ends_at: i64, now: Moment, turn: &mut Turn) {
        self.warning = Warning::None;
        let notice = policy::ends_soon(self.terms.grant, ends_at, now.wall);
        turn.client.own(|out| write::notice(out, &notice));
    }
}
