//! The clerk carries out what operators ask: checks it, puts it on record with its actor, does
//! it, and says what came of it. It knows nothing of HTTP.
//!
//! What *gives* access is on record before it takes effect, or isn't done. What *ends* access is
//! done in any case; where it can't be put on record at once, it is with the next record that
//! can be written, and the store's history has it already.

use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::task::{JoinError, JoinSet, spawn_blocking};

use super::forms::{CreatedGrant, GrantView, Killed, Revoked, RevokedMany, SessionView, time};
use super::names;
use super::record::{AdminEvent, Record};
use super::sessions::{Cause, Report, Sessions};
use super::summary::Tally;
use crate::base::{GrantId, SessionId};
use crate::catalog::{Catalogues, scope_roles};
use crate::config::Config;
use crate::grants::ledger::MakeError;
use crate::grants::rules::Which;
use crate::grants::{Grant, Ledger, Live, Made, Rules, State, StoreError, Wish, WishError};

/// Who does what happens by itself.
pub const SELF: &str = "pgward";

const REASON_CHARACTERS_MAX: usize = 500;

/// Carries out what operators ask.
#[derive(Debug)]
pub struct Clerk {
    /// The configuration as it is now.
    pub config: Arc<ArcSwap<Config>>,
    /// The grants.
    pub ledger: Arc<Ledger>,
    /// The live sessions.
    pub sessions: Arc<dyn Sessions>,
    /// What the databases hold, for the names in scopes.
    pub catalogues: Arc<Catalogues>,
    /// Where acts are put on record.
    pub record: Arc<dyn Record>,
    /// Microseconds since the epoch, now.
    pub clock: fn() -> i64,
}

/// Why the clerk didn't do it.
#[derive(Debug, thiserror::Error)]
pub enum ClerkError {
    /// The wish breaks a rule.
    #[error(transparent)]
    Wish(#[from] WishError),
    /// There is no such grant.
    #[error("there is no grant {0}")]
    NoGrant(GrantId),
    /// There is no such session.
    #[error("there is no session {0}")]
    NoSession(SessionId),
    /// The reason can't stand on record.
    #[error("the reason is longer than 500 characters or has control characters")]
    Reason,
    /// The act can't be put on record, so it isn't done.
    #[error("nothing was done: the audit log cannot be written")]
    Unrecorded(#[from] crate::audit::Unwritable),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The work was broken off.
    #[error("the work was broken off: {0}")]
    Broken(#[from] JoinError),
}

impl From<MakeError> for ClerkError {
    fn from(error: MakeError) -> Self {
        match error {
            MakeError::Wish(error) => Self::Wish(error),
            MakeError::Store(error) => Self::Store(error),
        }
    }
}

impl Clerk {
    /// Makes a grant. Its token is in the answer and nowhere else.
    ///
    /// # Errors
    /// When a rule forbids it, or it can't be put on record or kept; there is no grant then.
    pub async fn create(&self, wish: Wish, actor: &str) -> Result<CreatedGrant, ClerkError> {
        let (config, now, who) = (self.config.load_full(), (self.clock)(), actor.to_owned());
        let (ledger, rules) = (Arc::clone(&self.ledger), Arc::clone(&config));
        let roles = scope_roles::is_installed(&self.catalogues.get(&wish.database));
        let made = spawn_blocking(move || {
            ledger.make(&wish, Rules::new(&rules).scope_roles(roles), &who, now)
        });
        let Made { grant, token } = made.await??;
        // Where the catalogue isn't loaded no session is let in either.
        if self.catalogues.is_loaded(&grant.database) {
            names::check(&grant.scopes, &self.catalogues.get(&grant.database))?;
        }
        let event = AdminEvent {
            event: "grant.created",
            actor,
            grant: Some(&grant),
            session: None,
            detail: None,
        };
        self.record.before(&event)?;
        let ledger = Arc::clone(&self.ledger);
        let kept = grant.clone();
        if let Err(error) = spawn_blocking(move || ledger.keep(kept)).await? {
            let detail = format!("it was never in force: {error}");
            let failed =
                AdminEvent { event: "grant.revoked", actor: SELF, detail: Some(&detail), ..event };
            let _ = self.record.soon(&failed);
            return Err(error.into());
        }
        Ok(CreatedGrant::new(&grant, token.expose(), &config))
    }

    /// One grant, whenever it was.
    ///
    /// # Errors
    /// When there is none, or the store can't be read.
    pub async fn show(&self, id: GrantId) -> Result<GrantView, ClerkError> {
        let ledger = Arc::clone(&self.ledger);
        let grant = spawn_blocking(move || ledger.find(id)).await??;
        let grant = grant.ok_or(ClerkError::NoGrant(id))?;
        let sessions = self.sessions.list().await;
        Ok(self.view(&grant, &sessions))
    }

    /// Grants, oldest first: those in use and those that ended in the last day, or all.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn list(&self, all: bool) -> Result<Vec<GrantView>, ClerkError> {
        let ledger = Arc::clone(&self.ledger);
        let mut grants = spawn_blocking(move || ledger.all()).await??;
        let now = (self.clock)();
        grants.retain(|grant| {
            let ended_at = grant.ended.as_ref().map_or(grant.expires_at, |ended| ended.at);
            all || Live::remembers(ended_at, now)
        });
        let sessions = self.sessions.list().await;
        Ok(grants.iter().map(|grant| self.view(grant, &sessions)).collect())
    }

    fn view(&self, grant: &Grant, sessions: &[SessionView]) -> GrantView {
        let count = sessions.iter().filter(|session| session.grant_id == grant.id).count();
        GrantView::new(grant, &self.config.load(), count, (self.clock)())
    }

    /// Ends a grant and its sessions. One that has ended already stays as it ended.
    ///
    /// # Errors
    /// When there is no such grant, or the reason can't stand on record.
    pub async fn revoke(
        &self,
        id: GrantId,
        reason: Option<&str>,
        actor: &str,
    ) -> Result<Revoked, ClerkError> {
        check_reason(reason)?;
        let known = self.ledger.live().by_id(id);
        let known = match known {
            Some(grant) => grant,
            None => {
                let ledger = Arc::clone(&self.ledger);
                let found = spawn_blocking(move || ledger.find(id)).await??;
                Arc::new(found.ok_or(ClerkError::NoGrant(id))?)
            }
        };
        let because = match reason {
            Some(reason) => format!("revoked by {actor}: {reason}"),
            None => format!("revoked by {actor}"),
        };
        self.end(&known, State::Revoked, &because, actor).await
    }

    /// Ends every grant in use that `which` is about, all at once.
    ///
    /// # Errors
    /// When the reason can't stand on record.
    pub async fn revoke_many(
        self: &Arc<Self>,
        which: &Which,
        reason: Option<&str>,
        actor: &str,
    ) -> Result<RevokedMany, ClerkError> {
        check_reason(reason)?;
        let (now, tally) = ((self.clock)(), Tally::start(&self.sessions.list().await));
        let mut grants = self.ledger.live().all();
        grants.retain(|grant| grant.state_at(now) == State::Active && which.includes(grant));
        grants.sort_by_key(|grant| (grant.created_at, grant.id));
        let mut work = JoinSet::new();
        for grant in &grants {
            let (clerk, id) = (Arc::clone(self), grant.id);
            let (reason, actor) = (reason.map(str::to_owned), actor.to_owned());
            work.spawn(async move { clerk.revoke(id, reason.as_deref(), &actor).await });
        }
        let mut revoked = Vec::new();
        while let Some(done) = work.join_next().await {
            revoked.push(done??);
        }
        revoked.sort_by_key(|one| grants.iter().position(|grant| grant.id == one.id));
        let report = Report {
            sessions_ended: revoked.iter().map(|one| one.sessions_ended).sum(),
            statements_cancelled: revoked.iter().map(|one| one.statements_cancelled).sum(),
            still_ending: 0,
        };
        let is_ours = |id: GrantId| revoked.iter().any(|one| one.id == id);
        Ok(RevokedMany {
            summary: tally.words(is_ours, report),
            sessions_ended: report.sessions_ended,
            statements_cancelled: report.statements_cancelled,
            grants: revoked,
        })
    }

    /// Ends what has run out of time, and puts it on record. To be called once a second.
    pub async fn sweep(self: &Arc<Self>) {
        let due = self.ledger.due((self.clock)());
        let mut work = JoinSet::new();
        for grant in due {
            let clerk = Arc::clone(self);
            work.spawn(async move {
                let because = format!("expired at {}", time(grant.expires_at));
                clerk.end(&grant, State::Expired, &because, SELF).await
            });
        }
        while work.join_next().await.is_some() {}
        let (ledger, now) = (Arc::clone(&self.ledger), (self.clock)());
        if let Ok(Err(error)) = spawn_blocking(move || ledger.settle(now)).await {
            tracing::error!(%error, "ended grants are not in the store yet");
        }
    }

    /// Record, store and view, sessions: in this order.
    async fn end(
        &self,
        grant: &Grant,
        state: State,
        because: &str,
        actor: &str,
    ) -> Result<Revoked, ClerkError> {
        let tally = Tally::start(&self.sessions.list().await);
        let mut warnings = Vec::new();
        if grant.ended.is_none() {
            let event = match state {
                State::Expired => "grant.expired",
                State::Revoked | State::Active => "grant.revoked",
            };
            let session = None;
            let detail = Some(because);
            let event = AdminEvent { event, actor, grant: Some(grant), session, detail };
            if let Err(error) = self.record.soon(&event) {
                warnings.push(format!("{error}; it is put on record as soon as it can be"));
            }
        }
        let (ledger, id, now) = (Arc::clone(&self.ledger), grant.id, (self.clock)());
        let (text, who) = (because.to_owned(), actor.to_owned());
        let ended = spawn_blocking(move || ledger.end(id, state, &text, &who, now)).await?;
        let (word, cause) = match ended {
            Ok(Some(outcome)) => {
                (outcome.grant.state_at(now).word(), outcome.grant.ended.map(|ended| ended.because))
            }
            Ok(None) => return Err(ClerkError::NoGrant(id)),
            Err(error) => {
                tracing::error!(%error, grant = %id, "a grant's end is not in the store yet");
                warnings.push(format!("{error}; it is written as soon as it can be"));
                (state.word(), None)
            }
        };
        let cause = match state {
            State::Expired => Cause::Expired,
            State::Revoked | State::Active => {
                Cause::Revoked(cause.unwrap_or_else(|| because.to_owned()))
            }
        };
        let report = self.sessions.end_grant(id, cause).await;
        if report.still_ending > 0 {
            warnings.push(format!("{} backends are still ending", report.still_ending));
        }
        Ok(Revoked {
            id,
            state: word.to_owned(),
            sessions_ended: report.sessions_ended,
            statements_cancelled: report.statements_cancelled,
            summary: tally.words(|other| other == id, report),
            warning: (!warnings.is_empty()).then(|| warnings.join("; ")),
        })
    }

    /// The live sessions, oldest first.
    pub async fn session_list(&self) -> Vec<SessionView> {
        let mut sessions = self.sessions.list().await;
        sessions.sort_by(|a, b| (&a.started_at, a.id).cmp(&(&b.started_at, b.id)));
        sessions
    }

    /// Ends one session; its grant stays as it is.
    ///
    /// # Errors
    /// When there is no such session, or the reason can't stand on record.
    pub async fn kill(
        &self,
        id: SessionId,
        reason: Option<&str>,
        actor: &str,
    ) -> Result<Killed, ClerkError> {
        check_reason(reason)?;
        let sessions = self.sessions.list().await;
        let session = sessions.iter().find(|session| session.id == id);
        let session = session.ok_or(ClerkError::NoSession(id))?;
        let tally = Tally::start(std::slice::from_ref(session));
        let because = match reason {
            Some(reason) => format!("ended by {actor}: {reason}"),
            None => format!("ended by {actor}"),
        };
        let grant = self.ledger.live().by_id(session.grant_id);
        let event = AdminEvent {
            event: "session.kill",
            actor,
            grant: grant.as_deref(),
            session: Some(id),
            detail: Some(&because),
        };
        if let Err(error) = self.record.soon(&event) {
            tracing::error!(%error, session = %id, "a killed session is not on record yet");
        }
        let report = self.sessions.end_session(id, Cause::Killed(because)).await;
        if report.sessions_ended == 0 {
            return Err(ClerkError::NoSession(id));
        }
        Ok(Killed {
            id,
            state: "ended".to_owned(),
            sessions_ended: report.sessions_ended,
            statements_cancelled: report.statements_cancelled,
            summary: tally.words(|_| true, report),
        })
    }
}

fn check_reason(reason: Option<&str>) -> Result<(), ClerkError> {
    let reason = reason.unwrap_or_default();
    if reason.chars().count() > REASON_CHARACTERS_MAX || reason.chars().any(char::is_control) {
        return Err(ClerkError::Reason);
    }
    Ok(())
}

#[cfg(test)]
#[path = "clerk_tests.rs"]
mod tests;
