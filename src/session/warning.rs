//! NOTICEs of what becomes of the grant while its session is open: it ends soon, its end was
//! moved, it has more scopes. A NoticeResponse may come at any time between two messages
//! (PostgreSQL 18, 54.2.7 "Asynchronous Operations"); but a client that waits for nothing may not
//! read, or not show, what comes while nothing is under way. So who is idle is told at once, and
//! of the end again with the next reply; a change, which somebody is there to speak of, is told
//! once. Nobody is told inside COPY, where a client reads lines.

use super::replies::Request;
use super::{Call, Session, State, Turn};
use crate::base::refusal::news as texts;
use crate::base::{GrantId, Moment, Notice};
use crate::policy::Judgement;
use crate::sql::facts::Action;
use crate::wire::{backend::tag, write};

/// What a client is told. Times are the grant's end, microseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// It ends soon.
    EndsSoon(i64),
    /// It ends at another time than before.
    Moved(i64),
    /// These scopes, as written, were added; they hold from the next connection on.
    Scopes(Vec<String>),
}

/// What is to be told.
#[derive(Debug, Default)]
pub(super) struct Warning {
    /// At the next boundary between messages.
    due: Vec<News>,
    /// It was told while nothing was under way: again before the next reply.
    again: Vec<News>,
}

impl News {
    fn notice(&self, grant: GrantId, wall: i64) -> Notice {
        match self {
            Self::EndsSoon(ends_at) => texts::ends_soon(grant, *ends_at, wall),
            Self::Moved(ends_at) => texts::end_moved(grant, *ends_at, wall),
            Self::Scopes(scopes) => texts::scopes_added(grant, scopes),
        }
    }

    /// Whether somebody changed the grant, which time alone did not.
    #[must_use]
    pub const fn is_of_change(&self) -> bool {
        !matches!(self, Self::EndsSoon(_))
    }

    /// Whether it is overtaken by `later`.
    const fn yields_to(&self, later: &Self) -> bool {
        !matches!((self, later), (Self::Scopes(_), _) | (_, Self::Scopes(_)))
    }
}

impl Warning {
    /// Whether something is to be told; asked before every message.
    pub(super) const fn waits(&self) -> bool {
        !self.due.is_empty() || !self.again.is_empty()
    }

    fn put(list: &mut Vec<News>, news: News) {
        list.retain(|earlier| !earlier.yields_to(&news));
        list.push(news);
    }
}

impl Session {
    /// Tells the client something of its grant: now, if it waits for nothing, else as soon as its
    /// stream stands between two messages. That the grant ends soon is told while a statement
    /// runs, too.
    pub fn announce(&mut self, news: News, now: Moment, turn: &mut Turn) {
        if self.ending.begun() {
            return;
        }
        let idle = self.state() != State::Active;
        let at_once = idle || matches!(news, News::EndsSoon(_)) && !self.copies();
        if !(at_once && self.upstream.at_boundary()) || self.muted() {
            Warning::put(&mut self.warning.due, news);
            return;
        }
        self.write_news(&news, now, turn);
        if idle && !news.is_of_change() {
            Warning::put(&mut self.warning.again, news);
        }
    }

    /// Before a message of the upstream.
    #[cold]
    pub(super) fn tell_warning(&mut self, next: u8, call: &mut Call<'_>) {
        let in_copy = self.upstream.copy_in || matches!(next, tag::COPY_DATA | tag::COPY_DONE);
        if in_copy || self.ending.begun() || self.muted() {
            return;
        }
        let asynchronous = matches!(
            next,
            tag::NOTICE_RESPONSE | tag::NOTIFICATION_RESPONSE | tag::PARAMETER_STATUS
        );
        if !asynchronous {
            for news in std::mem::take(&mut self.warning.again) {
                self.write_news(&news, call.now, call.turn);
            }
        }
        for news in std::mem::take(&mut self.warning.due) {
            self.write_news(&news, call.now, call.turn);
        }
    }

    /// Whether what is being answered may be a COPY.
    fn copies(&self) -> bool {
        let copies = |judgement: &Judgement| {
            judgement.statements.iter().any(|one| one.action == Action::CopyOut)
        };
        self.upstream.copy_in
            || match self.front() {
                Some(Request::Query(query)) => query.judgement.as_deref().is_some_and(copies),
                Some(Request::Execute { portal, .. }) => {
                    self.names.portal(portal).is_some_and(|portal| copies(&portal.judgement))
                }
                _ => false,
            }
    }

    fn write_news(&self, news: &News, now: Moment, turn: &mut Turn) {
        let notice = news.notice(self.terms.grant, now.wall);
        turn.client.own(|out| write::notice(out, &notice));
    }
}
