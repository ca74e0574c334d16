//! The book of grants: makes them, ends them, and keeps the view of logins and the store in
//! step. Everything here may wait for a disk or compute for milliseconds.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rand::TryRng;
use rand::rngs::SysRng;

use super::life::ApproveError;
use super::live::Uses;
use super::operators::TokenOperator;
use super::rules::Allowed;
use super::{
    Change, Changed, EndOutcome, Ended, Grant, Life, Live, Stage, State, Store, StoreError, Usage,
    Verifier, Wish, WishError,
};
use crate::audit::Unwritable;
use crate::auth::scram::StoredKeys;
use crate::auth::token::Token;
use crate::base::GrantId;

/// The grants of one server.
#[derive(Debug)]
pub struct Ledger {
    store: Box<dyn Store>,
    live: Arc<Live>,
    /// Held while a change goes to the store and then to the view, so that the view gets the
    /// changes in the store's order. Holds the ends that the store couldn't take yet.
    unwritten: Mutex<Vec<Unwritten>>,
    /// When the store was last told how grants are used, microseconds since the epoch.
    usage_kept_at: AtomicI64,
}

/// How often the store is told how grants are used, microseconds.
const USAGE_EVERY_US: u64 = 5_000_000;

/// An end that holds for this server but isn't in the store.
#[derive(Debug)]
struct Unwritten {
    id: GrantId,
    ended: Ended,
    actor: String,
}

/// A grant that was made but isn't kept yet, with its token.
#[derive(Debug)]
pub struct Made {
    /// The grant.
    pub grant: Grant,
    /// To be shown once.
    pub token: Token,
}

/// Why a grant stayed as it was.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// There is no such grant.
    #[error("there is no grant {0}")]
    NoGrant(GrantId),
    /// The step can't be taken.
    #[error(transparent)]
    Wish(#[from] WishError),
    /// Something else is asked for than what was to be approved.
    #[error("it is at revision {0} now")]
    Stale(u32),
    /// It can't be put on record, so it isn't done.
    #[error("nothing was done: the audit log cannot be written")]
    Unrecorded(#[from] Unwritable),
    /// It can't be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<ApproveError> for ChangeError {
    fn from(error: ApproveError) -> Self {
        match error {
            ApproveError::Wish(error) => Self::Wish(error),
            ApproveError::Stale(now) => Self::Stale(now),
        }
    }
}

impl Ledger {
    /// The book kept in `store`; logins see it through [`Ledger::live`].
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn open(store: Box<dyn Store>, now: i64) -> Result<Self, StoreError> {
        let mut grants = store.all()?;
        grants.retain(|grant| match &grant.ended {
            Some(ended) => Live::remembers(ended.at, now),
            None => true,
        });
        let usage = store.usage()?;
        let live = Arc::new(Live::new(store.salt_key(), grants));
        live.set_usage(usage);
        let (unwritten, usage_kept_at) = (Mutex::default(), AtomicI64::default());
        Ok(Self { store, live, unwritten, usage_kept_at })
    }

    /// What logins read.
    #[must_use]
    pub fn live(&self) -> Arc<Live> {
        Arc::clone(&self.live)
    }

    /// Makes a grant of a wish and of what the rules say of it, with its token. Nothing is kept
    /// and nobody can use it before [`Ledger::keep`].
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn make(
        &self,
        wish: &Wish,
        allowed: Allowed,
        actor: &str,
        now: i64,
    ) -> Result<Made, StoreError> {
        let mut grant = self.ask(wish, allowed, actor, now)?;
        let start = grant.conditions.not_before.map_or(now, |from| from.max(now));
        grant.expires_at = start.saturating_add(grant.life.ttl);
        grant.life.stage = Stage::Issued;
        grant.life.requested = false;
        grant.life.asked = 0;
        let (token, verifier) = self.token(&grant)?;
        grant.verifier = verifier;
        Ok(Made { grant, token })
    }

    /// Makes a request of a wish: a grant that nobody can use yet. It has to be answered within
    /// `expires_at`, which is for the caller to say.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn ask(
        &self,
        wish: &Wish,
        allowed: Allowed,
        actor: &str,
        now: i64,
    ) -> Result<Grant, StoreError> {
        let Allowed { ttl, scopes, needed, max_sessions, max_rows_written, conditions, .. } =
            allowed;
        let id = GrantId::from_random(u64::from_le_bytes(random()?));
        let nobody = || -> Result<StoredKeys, StoreError> {
            Ok(StoredKeys { stored_key: random()?, server_key: random()? })
        };
        Ok(Grant {
            id,
            user: wish.user.clone(),
            database: wish.database.clone(),
            scopes,
            reason: wish.reason.trim().to_owned(),
            ticket: wish.ticket.as_ref().map(|ticket| ticket.trim().to_owned()),
            created_at: now,
            created_by: actor.to_owned(),
            expires_at: now,
            max_sessions,
            max_rows_written,
            ended: None,
            // Random bytes: no token proves them.
            verifier: Verifier { by_user: nobody()?, by_grant: nobody()?, token_sha256: random()? },
            life: Life {
                stage: if needed == 0 { Stage::Approved } else { Stage::Pending },
                ttl,
                requested: true,
                asked: 1,
                needed,
                uses_left: conditions.uses,
                ..Life::default()
            },
            conditions,
        })
    }

    /// A token of that grant, with what proves it. Costs milliseconds.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn token(&self, grant: &Grant) -> Result<(Token, Verifier), StoreError> {
        let token = Token::generate(grant.id, random()?);
        let verifier = Verifier::of(&token, &grant.user, &self.store.salt_key());
        Ok((token, verifier))
    }

    /// Keeps a grant or request that was made: from here its token works, where it has one.
    ///
    /// # Errors
    /// When the store can't be written; nothing is kept then.
    pub fn keep(&self, grant: Grant, event: &str) -> Result<Arc<Grant>, StoreError> {
        let _order = self.unwritten.lock().unwrap_or_else(PoisonError::into_inner);
        let change = Change {
            at: grant.created_at,
            event: event.to_owned(),
            actor: grant.created_by.clone(),
            detail: grant.reason.clone(),
        };
        self.store.create(&grant, &[change])?;
        let grant = Arc::new(grant);
        self.live.put(&grant);
        Ok(grant)
    }

    /// Takes a step with a grant as it is now: `record` puts on record what is about to happen,
    /// then the store has it, then logins see it. No other change comes in between.
    ///
    /// # Errors
    /// When there is no such grant, the step can't be taken, recorded or kept; the grant stays
    /// as it was.
    pub fn change<E>(
        &self,
        id: GrantId,
        actor: &str,
        now: i64,
        step: impl FnOnce(&Grant) -> Result<Changed, E>,
        record: impl FnOnce(&Changed) -> Result<(), Unwritable>,
    ) -> Result<Changed, ChangeError>
    where
        ChangeError: From<E>,
    {
        let _order = self.unwritten.lock().unwrap_or_else(PoisonError::into_inner);
        let grant = self.now(id)?.ok_or(ChangeError::NoGrant(id))?;
        let changed = step(&grant)?;
        record(&changed)?;
        self.write(&changed, actor, now)?;
        Ok(changed)
    }

    /// To be called with the lock held.
    fn write(&self, changed: &Changed, actor: &str, now: i64) -> Result<(), StoreError> {
        let change = |(event, detail): &(&'static str, String)| Change {
            at: now,
            event: (*event).to_owned(),
            actor: actor.to_owned(),
            detail: detail.clone(),
        };
        let changes: Vec<Change> = changed.events.iter().map(change).collect();
        if !self.store.update(&changed.grant, &changes)? {
            return Err(StoreError::Changed);
        }
        self.live.put(&Arc::new(changed.grant.clone()));
        Ok(())
    }

    /// A grant as this server sees it: an end that the store hasn't taken yet holds.
    fn now(&self, id: GrantId) -> Result<Option<Arc<Grant>>, StoreError> {
        match self.live.by_id(id) {
            Some(grant) => Ok(Some(grant)),
            None => Ok(self.store.find(id)?.map(Arc::new)),
        }
    }

    /// Ends a grant: from here its token doesn't work. One that has ended stays as it ended.
    /// `None` for an id that isn't there.
    ///
    /// # Errors
    /// When the store can't be written. The grant then has ended for this server all the same:
    /// its token works no more, and the next [`Ledger::settle`] writes it down.
    pub fn end(
        &self,
        id: GrantId,
        state: State,
        because: &str,
        actor: &str,
        now: i64,
    ) -> Result<Option<EndOutcome>, StoreError> {
        let mut unwritten = self.unwritten.lock().unwrap_or_else(PoisonError::into_inner);
        let ended = Ended { state, at: now, because: because.to_owned() };
        match self.store.end(id, &ended, actor) {
            Ok(Some(outcome)) => {
                self.live.put(&Arc::new(outcome.grant.clone()));
                Ok(Some(outcome))
            }
            Ok(None) => Ok(None),
            Err(error) => {
                // Who couldn't wait may have told logins of this end already.
                let mine = |grant: &Arc<Grant>| {
                    grant.ended.as_ref().is_none_or(|known| *known == ended)
                        && unwritten.iter().all(|one| one.id != id)
                };
                if let Some(grant) = self.live.by_id(id).filter(mine) {
                    let ended_grant = Grant { ended: Some(ended.clone()), ..Grant::clone(&grant) };
                    self.live.put(&Arc::new(ended_grant));
                    unwritten.push(Unwritten { id, ended, actor: actor.to_owned() });
                }
                Err(error)
            }
        }
    }

    /// Logins see an end that is still being written: see [`Ledger::end`].
    pub fn shut(&self, grant: &Grant, ended: Ended) {
        if grant.ended.is_none() {
            self.live.put(&Arc::new(grant.ended(ended)));
        }
    }

    /// Whether a grant's time is over at `now` and stays so: an extension that began before is
    /// kept by then.
    #[must_use]
    pub fn is_over(&self, id: GrantId, now: i64) -> bool {
        let _order = self.unwritten.lock().unwrap_or_else(PoisonError::into_inner);
        self.live.by_id(id).is_none_or(|grant| now >= grant.expires_at)
    }

    /// Whether [`Ledger::settle`] has nothing to do that can't wait some seconds. Waits neither for
    /// the store nor for whoever does.
    #[must_use]
    pub fn is_settled(&self, now: i64) -> bool {
        let written = || self.unwritten.try_lock().is_ok_and(|unwritten| unwritten.is_empty());
        // Either way: the clock can be set back.
        let kept = now.abs_diff(self.usage_kept_at.load(Ordering::Relaxed)) < USAGE_EVERY_US;
        !self.live.has_old(now) && (kept || self.live.new_usage().is_empty()) && written()
    }

    /// Writes down the ends that the store couldn't take before, and forgets what needn't be
    /// told any more.
    ///
    /// # Errors
    /// When the store still can't take them; they are kept.
    pub fn settle(&self, now: i64) -> Result<(), StoreError> {
        self.live.forget(now);
        let usage = self.live.new_usage();
        if !usage.is_empty() {
            self.store.note_usage(&usage)?;
            self.live.kept_usage(&usage);
            self.usage_kept_at.store(now, Ordering::Relaxed);
        }
        let mut unwritten = self.unwritten.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(last) = unwritten.last() {
            self.store.end(last.id, &last.ended, &last.actor)?;
            unwritten.pop();
        }
        Ok(())
    }

    /// The grant of that id, also one that ended long ago.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn find(&self, id: GrantId) -> Result<Option<Grant>, StoreError> {
        self.store.find(id)
    }

    /// Every grant there ever was, oldest first.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn all(&self) -> Result<Vec<Grant>, StoreError> {
        self.store.all()
    }

    /// What happened to a grant, in order.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn history(&self, id: GrantId) -> Result<Vec<Change>, StoreError> {
        self.store.history(id)
    }
}

impl Ledger {
    /// How often each grant was used, also those that ended long ago.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn usage(&self) -> Result<Vec<(GrantId, Usage)>, StoreError> {
        self.store.usage()
    }

    /// Makes an operator, with the token that proves who it is; false when there is one of that
    /// name.
    ///
    /// # Errors
    /// When it isn't kept.
    pub fn add_operator(&self, operator: &TokenOperator) -> Result<bool, StoreError> {
        self.store.add_operator(operator)
    }

    /// A token for a new operator.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn operator_token(&self) -> Result<Token, StoreError> {
        let id = GrantId::from_random(u64::from_le_bytes(random()?));
        Ok(Token::generate(id, random()?))
    }

    /// Removes an operator; false when there is none of that name.
    ///
    /// # Errors
    /// When nothing was changed.
    pub fn remove_operator(&self, name: &str, by: &str, at: i64) -> Result<bool, StoreError> {
        self.store.remove_operator(name, by, at)
    }

    /// Every operator there ever was.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn operators_ever(&self) -> Result<Vec<TokenOperator>, StoreError> {
        self.store.operators_ever()
    }

    /// Every operator that was not removed.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn operators(&self) -> Result<Vec<TokenOperator>, StoreError> {
        self.store.operators()
    }
}

impl Uses for Ledger {
    fn take(&self, id: GrantId, now: i64) -> Result<bool, StoreError> {
        let _order = self.unwritten.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(grant) = self.now(id)?.filter(|grant| grant.state_at(now) == State::Active) else {
            return Ok(false);
        };
        let Some(changed) = grant.take_use() else { return Ok(false) };
        self.write(&changed, &format!("user:{}", grant.user), now)?;
        Ok(true)
    }
}

/// Bytes of the operating system's generator.
pub(super) fn random<const N: usize>() -> Result<[u8; N], StoreError> {
    let mut bytes = [0; N];
    SysRng.try_fill_bytes(&mut bytes).map_err(|error| StoreError::Random(error.to_string()))?;
    Ok(bytes)
}
