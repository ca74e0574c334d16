//! Who has access now, and who had: the grants by what people ask for.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;

use super::caller::Caller;
use super::clerk::{Clerk, ClerkError};
use super::forms::{GrantView, HistoryView, SessionView, time};
use crate::base::GrantId;
use crate::config::parse_duration;
use crate::grants::{Grant, Live, Stage, State, Usage, WishError};

/// What `GET /v1/grants` takes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ListWish {
    /// Those that ended long ago too.
    pub all: bool,
    /// Only those of this person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Only those of this database.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// Only those in this state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Only those in use that end within this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expiring_within: Option<String>,
    /// Only those in use for longer than this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub older_than: Option<String>,
    /// Only those in use that never had a session.
    pub unused: bool,
    /// Only those taken by break-glass that nobody has reviewed, whenever they were.
    pub unreviewed: bool,
    /// Only those that wait for somebody's approval, extensions too.
    pub waiting: bool,
}

/// The same, understood.
struct Filter<'a> {
    wish: &'a ListWish,
    state: Option<State>,
    expiring_us: Option<i64>,
    older_us: Option<i64>,
    now: i64,
}

impl Clerk {
    /// One grant with its history, whenever it was.
    ///
    /// # Errors
    /// When there is none that this person may see, or the store can't be read.
    pub async fn show(&self, id: GrantId, caller: &Caller) -> Result<GrantView, ClerkError> {
        let grant = self.find_own(id, caller).await?;
        let ledger = Arc::clone(&self.ledger);
        let history = spawn_blocking(move || ledger.history(id)).await??;
        let sessions = self.sessions.list().await;
        let mut view = self.view(&grant, &sessions, None);
        let line = |change: crate::grants::Change| HistoryView {
            at: time(change.at),
            event: change.event,
            actor: change.actor,
            detail: change.detail,
        };
        view.history = history.into_iter().map(line).collect();
        Ok(view)
    }

    /// Grants that this person may see, oldest first: those in use and those that ended in the
    /// last day, or all, or those that are asked for.
    ///
    /// # Errors
    /// When the wish can't be understood, or the store can't be read.
    pub async fn list(
        &self,
        wish: &ListWish,
        caller: &Caller,
    ) -> Result<Vec<GrantView>, ClerkError> {
        let filter = Filter::new(wish, (self.clock)())?;
        let ledger = Arc::clone(&self.ledger);
        let read = spawn_blocking(move || {
            let usage: HashMap<GrantId, Usage> = ledger.usage()?.into_iter().collect();
            Ok::<_, crate::grants::StoreError>((ledger.all()?, usage))
        });
        let (mut grants, kept) = read.await??;
        let live = self.ledger.live();
        let usage = |id: GrantId| {
            let now = live.usage(id);
            if now.sessions > 0 { now } else { kept.get(&id).copied().unwrap_or_default() }
        };
        grants.retain(|grant| caller.sees(grant) && filter.takes(grant, usage(grant.id)));
        let sessions = self.sessions.list().await;
        let view = |grant: &Grant| self.view(grant, &sessions, Some(usage(grant.id)));
        Ok(grants.iter().map(view).collect())
    }

    pub(super) fn view(
        &self,
        grant: &Grant,
        sessions: &[SessionView],
        usage: Option<Usage>,
    ) -> GrantView {
        let count = sessions.iter().filter(|session| session.grant_id == grant.id).count();
        let usage = usage.unwrap_or_else(|| self.ledger.live().usage(grant.id));
        GrantView::new(grant, &self.config.load(), count, usage, (self.clock)())
    }

    /// The live sessions that this person may see, oldest first.
    pub async fn session_list(&self, caller: &Caller) -> Vec<SessionView> {
        use crate::config::Right;
        let mut sessions = self.sessions.list().await;
        if !caller.may_any(&[Right::Approve, Right::Administer, Right::Audit]) {
            let live = self.ledger.live();
            sessions.retain(|session| {
                live.by_id(session.grant_id).is_some_and(|grant| caller.owns(&grant))
            });
        }
        sessions.sort_by(|a, b| (&a.started_at, a.id).cmp(&(&b.started_at, b.id)));
        sessions
    }
}

impl<'a> Filter<'a> {
    fn new(wish: &'a ListWish, now: i64) -> Result<Self, WishError> {
        let span = |text: &Option<String>, option: &str| -> Result<Option<i64>, WishError> {
            let Some(text) = text else { return Ok(None) };
            let span = parse_duration(text).map_err(|why| WishError {
                what: format!("\"{}\" is not a duration: {why}", text.escape_debug()),
                hint: format!("write one such as {option} 30m"),
            })?;
            Ok(Some(i64::try_from(span.as_micros()).unwrap_or(i64::MAX)))
        };
        let state = match &wish.state {
            None => None,
            Some(word) => Some(State::from_word(word).ok_or_else(|| WishError {
                what: format!("\"{}\" is not a state", word.escape_debug()),
                hint: format!("possible: {}", State::ALL.map(State::word).join(", ")),
            })?),
        };
        Ok(Self {
            wish,
            state,
            expiring_us: span(&wish.expiring_within, "--expiring-within")?,
            older_us: span(&wish.older_than, "--older-than")?,
            now,
        })
    }

    fn takes(&self, grant: &Grant, usage: Usage) -> bool {
        let (wish, now) = (self.wish, self.now);
        let state = grant.state_at(now);
        let in_use = state == State::Active;
        let ended_at = grant.ended.as_ref().map_or(grant.expires_at, |ended| ended.at);
        // Who asks for something that may be old is shown it.
        let recent =
            wish.all || wish.unreviewed || self.state.is_some() || Live::remembers(ended_at, now);
        let same =
            |wanted: &Option<String>, is: &str| wanted.as_deref().is_none_or(|wanted| wanted == is);
        let unreviewed = grant.life.break_glass && grant.life.reviewed.is_none();
        let waits = state == State::Pending
            || grant.life.stage == Stage::Issued && in_use && grant.asked(now).is_some();
        recent
            && same(&wish.user, &grant.user)
            && same(&wish.database, &grant.database)
            && self.state.is_none_or(|wanted| wanted == state)
            && self
                .expiring_us
                .is_none_or(|within| in_use && grant.expires_at.saturating_sub(now) <= within)
            && self
                .older_us
                .is_none_or(|longer| in_use && now.saturating_sub(grant.created_at) > longer)
            && (!wish.unused || in_use && usage.sessions == 0)
            && (!wish.unreviewed || unreviewed)
            && (!wish.waiting || waits)
    }
}
