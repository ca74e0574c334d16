//! The clerk carries out what operators ask: checks it, puts it on record with its actor, does
//! it, and says what came of it. It knows nothing of HTTP.
//!
//! What *gives* access is on record before it takes effect, or isn't done. What *ends* access is
//! done in any case; where it can't be put on record at once, it is with the next record that
//! can be written, and the store's history has it already.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::task::{JoinError, JoinHandle, JoinSet, spawn_blocking};

use super::approvers::{Approvers, not_alone, own_word};
use super::caller::Caller;
use super::forms::{CreatedGrant, Killed, Revoked, RevokedMany};
use super::givable::Upstreams;
use super::names;
use super::reading::Readings;
use super::record::{AdminEvent, Record};
use super::sessions::{Cause, Report, Sessions};
use super::summary::Tally;
use super::sweep::Busy;
use crate::base::{GrantId, SessionId};
use crate::catalog::{Catalogues, scope_roles};
use crate::config::Config;
use crate::grants::rules::{Allowed, Which};
use crate::grants::{
    self, ChangeError, EndOutcome, Ended, Grant, Ledger, Rules, State, StoreError, Wish, WishError,
};
use crate::policy::Scope;

/// Who does what happens by itself.
pub const SELF: &str = "pgward";

/// What ends access waits so long for the disk, and goes on without it: sessions end within two
/// seconds.
const DISK_WITHIN: Duration = Duration::from_secs(1);

/// And who asked for it waits so long for what came of that.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);

/// What came of an end on record, and in the store.
type Written = (Result<(), crate::audit::Unwritable>, Result<Option<EndOutcome>, StoreError>);

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
    /// The databases themselves, for what they can give.
    pub upstreams: Arc<dyn Upstreams>,
    /// Where acts are put on record.
    pub record: Arc<dyn Record>,
    /// Microseconds since the epoch, now.
    pub clock: fn() -> i64,
    /// When grants that end when idle were last seen busy.
    pub busy: Mutex<Busy>,
    /// Who reads the audit log.
    pub readings: Readings,
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
    /// It is not for this operator.
    #[error("{what}")]
    NotAllowed {
        /// What.
        what: String,
        /// What to do.
        hint: String,
    },
    /// What is there is not what they have read.
    #[error("{what}")]
    Stale {
        /// What.
        what: String,
        /// What changed.
        detail: String,
        /// What to do.
        hint: String,
    },
    /// The database would not give the scopes.
    #[error("{what}")]
    NotGiven {
        /// What.
        what: String,
        /// Why, in the server's words.
        detail: String,
        /// What to leave out, or what a DBA can do.
        hint: String,
    },
    /// The database can't be asked just now, and what works must not be put at risk.
    #[error("{what}")]
    Unasked {
        /// What.
        what: String,
        /// Why.
        detail: String,
        /// What to do.
        hint: String,
    },
    /// There is no such session.
    #[error("there is no live session {0}")]
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

impl From<ChangeError> for ClerkError {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::NoGrant(id) => Self::NoGrant(id),
            ChangeError::Wish(error) => Self::Wish(error),
            ChangeError::Stale(now) => Self::Stale {
                what: format!("something else is asked for by now: revision {now}"),
                detail: String::new(),
                hint: "read it: pgward grant list --waiting".to_owned(),
            },
            ChangeError::Unrecorded(error) => Self::Unrecorded(error),
            ChangeError::Store(error) => Self::Store(error),
        }
    }
}

/// How a grant comes about that can be used at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Made {
    /// By who may administer.
    Created,
    /// By who may let themselves in.
    BreakGlass,
}

impl Made {
    const fn event(self) -> &'static str {
        match self {
            Self::Created => "grant.created",
            Self::BreakGlass => "grant.break_glass",
        }
    }
}

impl Clerk {
    /// Makes a grant. Its token is in the answer and nowhere else. Who makes it counts as one
    /// approval, but not of access for themselves.
    ///
    /// # Errors
    /// When a rule forbids it, or it can't be put on record or kept; there is no grant then.
    pub async fn create(&self, wish: Wish, caller: &Caller) -> Result<CreatedGrant, ClerkError> {
        let config = self.config.load_full();
        let roles = self.has_scope_roles(&wish.database);
        let allowed = Rules::new(&config).scope_roles(roles).allow(&wish, (self.clock)())?;
        let people = [caller.name(), wish.user.as_str()];
        let others = Approvers::besides(&people, &config, &self.operators().await?);
        let given = own_word(caller, wish.user == caller.name(), &others);
        if allowed.needed > given {
            return Err(not_alone(&wish, allowed.needed, caller, &others));
        }
        self.issue(wish, allowed, Made::Created, &caller.actor).await
    }

    /// Makes a grant that can be used at once.
    pub(super) async fn issue(
        &self,
        wish: Wish,
        allowed: Allowed,
        how: Made,
        actor: &str,
    ) -> Result<CreatedGrant, ClerkError> {
        self.check_names(&wish.database, &allowed.scopes)?;
        let warning = self.may_give(&wish.database, &allowed.scopes, true).await?;
        let (config, now, who) = (self.config.load_full(), (self.clock)(), actor.to_owned());
        let ledger = Arc::clone(&self.ledger);
        let made = spawn_blocking(move || ledger.make(&wish, allowed, &who, now));
        let grants::Made { mut grant, token } = made.await??;
        grant.life.break_glass = how == Made::BreakGlass;
        self.keep(&grant, how.event(), actor).await?;
        Ok(CreatedGrant { warning, ..CreatedGrant::new(&grant, token.expose(), &config) })
    }

    /// Puts a new grant or request on record and keeps it.
    pub(super) async fn keep(
        &self,
        grant: &Grant,
        event: &'static str,
        actor: &str,
    ) -> Result<(), ClerkError> {
        let act = AdminEvent { event, actor, grant: Some(grant), session: None, detail: None };
        self.record.before(&act)?;
        let (ledger, kept) = (Arc::clone(&self.ledger), grant.clone());
        if let Err(error) = spawn_blocking(move || ledger.keep(kept, event)).await? {
            let detail = format!("it was never in force: {error}");
            let failed =
                AdminEvent { event: "grant.revoked", actor: SELF, detail: Some(&detail), ..act };
            let _ = self.record.soon(&failed);
            return Err(error.into());
        }
        Ok(())
    }

    /// Whether the database makes a role for each set of scopes.
    pub(super) fn has_scope_roles(&self, database: &str) -> bool {
        scope_roles::is_installed(&self.catalogues.get(database))
    }

    /// Where the catalogue isn't loaded no session is let in either.
    pub(super) fn check_names(&self, database: &str, scopes: &[Scope]) -> Result<(), WishError> {
        if self.catalogues.is_loaded(database) {
            names::check(scopes, &self.catalogues.get(database))?;
        }
        Ok(())
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
        let known = self.find(id).await?;
        let because = because("revoked", actor, reason);
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
        let stands = [State::Pending, State::Approved, State::Active];
        grants.retain(|grant| stands.contains(&grant.state_at(now)) && which.includes(grant));
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

    /// A grant as it is now, whenever it was.
    pub(super) async fn find(&self, id: GrantId) -> Result<Arc<Grant>, ClerkError> {
        if let Some(grant) = self.ledger.live().by_id(id) {
            return Ok(grant);
        }
        let ledger = Arc::clone(&self.ledger);
        let found = spawn_blocking(move || ledger.find(id)).await??;
        Ok(Arc::new(found.ok_or(ClerkError::NoGrant(id))?))
    }

    /// Record, store and view, sessions: in this order.
    pub(super) async fn end(
        &self,
        grant: &Grant,
        state: State,
        because: &str,
        actor: &str,
    ) -> Result<Revoked, ClerkError> {
        let tally = Tally::start(&self.sessions.list().await);
        let (id, now) = (grant.id, (self.clock)());
        let mut writing = self.write_end(grant, state, because, actor, now);
        let first = tokio::time::timeout(DISK_WITHIN, &mut writing).await;
        let why = match &first {
            Ok(Ok((_, Ok(Some(EndOutcome { grant, .. }))))) => {
                grant.ended.as_ref().map(|ended| ended.because.clone())
            }
            Ok(Ok((_, Ok(None)))) => return Err(ClerkError::NoGrant(id)),
            Ok(_) => None,
            Err(_) => {
                tracing::error!(grant = %id, "a grant's end waits for the disk");
                let ended = Ended { state, at: now, because: because.to_owned() };
                self.ledger.shut(grant, ended);
                None
            }
        };
        let cause = match state {
            State::Expired => Cause::Expired,
            state => Cause::Ended {
                how: state.word(),
                because: why.unwrap_or_else(|| because.to_owned()),
            },
        };
        let report = self.sessions.end_grant(id, cause).await;
        let written = match first {
            Ok(written) => Some(written?),
            Err(_) => tokio::time::timeout(ANSWER_WITHIN, writing).await.ok().transpose()?,
        };
        let (outcome, mut warnings) = said_of_end(id, written);
        if report.still_ending > 0 {
            warnings.push(format!("{} backends are still ending", report.still_ending));
        }
        let stands = outcome.as_ref().map_or(state, |outcome| outcome.grant.state_at(now));
        Ok(Revoked {
            id,
            state: stands.word().to_owned(),
            sessions_ended: report.sessions_ended,
            statements_cancelled: report.statements_cancelled,
            summary: tally.words(|other| other == id, report),
            already_ended: outcome.is_some_and(|outcome| !outcome.ended_now),
            warning: (!warnings.is_empty()).then(|| warnings.join("; ")),
        })
    }

    /// Puts a grant's end on record and in the store.
    fn write_end(
        &self,
        grant: &Grant,
        state: State,
        because: &str,
        actor: &str,
        now: i64,
    ) -> JoinHandle<Written> {
        let (ledger, record) = (Arc::clone(&self.ledger), Arc::clone(&self.record));
        let (known, text, who) = (grant.clone(), because.to_owned(), actor.to_owned());
        spawn_blocking(move || {
            let (grant, session, detail) = (Some(&known), None, Some(text.as_str()));
            let event = AdminEvent { event: state.event(), actor: &who, grant, session, detail };
            let recorded = if known.ended.is_none() { record.soon(&event) } else { Ok(()) };
            (recorded, ledger.end(known.id, state, &text, &who, now))
        })
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
        let because = because("ended", actor, reason);
        let grant = self.ledger.live().by_id(session.grant_id);
        let (record, who, detail) = (Arc::clone(&self.record), actor.to_owned(), because.clone());
        let recording = spawn_blocking(move || {
            let (event, grant, session) = ("session.kill", grant.as_deref(), Some(id));
            record.soon(&AdminEvent { event, actor: &who, grant, session, detail: Some(&detail) })
        });
        if !matches!(tokio::time::timeout(DISK_WITHIN, recording).await, Ok(Ok(Ok(())))) {
            tracing::error!(session = %id, "a killed session is not on record yet");
        }
        let report = self.sessions.end_session(id, Cause::Killed(because)).await;
        if report.sessions_ended == 0 {
            return Err(ClerkError::NoSession(id));
        }
        Ok(Killed {
            id,
            grant_id: session.grant_id,
            user: session.user.clone(),
            database: session.database.clone(),
            state: "ended".to_owned(),
            sessions_ended: report.sessions_ended,
            statements_cancelled: report.statements_cancelled,
            summary: tally.of_one(session, report),
        })
    }
}

/// What became of a grant's end, and what is to be told of its writing; `None` for one that the
/// disk has not answered.
fn said_of_end(id: GrantId, written: Option<Written>) -> (Option<EndOutcome>, Vec<String>) {
    let Some((recorded, ended)) = written else {
        let what = "the disk doesn't answer; it is written as soon as it can be";
        return (None, vec![what.to_owned()]);
    };
    let mut warnings = Vec::new();
    if let Err(error) = recorded {
        warnings.push(format!("{error}; it is put on record as soon as it can be"));
    }
    let outcome = ended.unwrap_or_else(|error| {
        tracing::error!(%error, grant = %id, "a grant's end is not in the store yet");
        warnings.push(format!("{error}; it is written as soon as it can be"));
        None
    });
    (outcome, warnings)
}

/// `revoked by os:root: suspicious`
pub(super) fn because(done: &str, actor: &str, reason: Option<&str>) -> String {
    match reason {
        Some(reason) => format!("{done} by {actor}: {reason}"),
        None => format!("{done} by {actor}"),
    }
}

pub(super) fn check_reason(reason: Option<&str>) -> Result<(), ClerkError> {
    let reason = reason.unwrap_or_default();
    if reason.chars().count() > REASON_CHARACTERS_MAX || reason.chars().any(char::is_control) {
        return Err(ClerkError::Reason);
    }
    Ok(())
}

#[cfg(test)]
#[path = "clerk_tests.rs"]
mod tests;
