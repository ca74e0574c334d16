//! The book of grants: makes them, ends them, and keeps the view of logins and the store in
//! step. Everything here may wait for a disk or compute for milliseconds.

use std::sync::{Arc, Mutex, PoisonError};

use rand::TryRng;
use rand::rngs::SysRng;

use super::rules::Allowed;
use super::{
    Change, EndOutcome, Ended, Grant, Live, Rules, State, Store, StoreError, Verifier, Wish,
    WishError,
};
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
}

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

/// Why a grant wasn't made.
#[derive(Debug, thiserror::Error)]
pub enum MakeError {
    /// The wish breaks a rule.
    #[error(transparent)]
    Wish(#[from] WishError),
    /// No randomness.
    #[error(transparent)]
    Store(#[from] StoreError),
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
        let live = Arc::new(Live::new(store.salt_key(), grants));
        Ok(Self { store, live, unwritten: Mutex::new(Vec::new()) })
    }

    /// What logins read.
    #[must_use]
    pub fn live(&self) -> Arc<Live> {
        Arc::clone(&self.live)
    }

    /// Makes a grant of a wish. Nothing is kept and nobody can use it before [`Ledger::keep`].
    ///
    /// # Errors
    /// When a rule forbids it, or there is no randomness.
    pub fn make(
        &self,
        wish: &Wish,
        rules: Rules<'_>,
        actor: &str,
        now: i64,
    ) -> Result<Made, MakeError> {
        let Allowed { expires_at, scopes, max_sessions, max_rows_written } =
            rules.allow(wish, now)?;
        let id = GrantId::from_random(u64::from_le_bytes(random()?));
        let token = Token::generate(id, random()?);
        let verifier = Verifier::of(&token, &wish.user, &self.store.salt_key());
        let grant = Grant {
            id,
            user: wish.user.clone(),
            database: wish.database.clone(),
            scopes,
            reason: wish.reason.trim().to_owned(),
            ticket: wish.ticket.as_ref().map(|ticket| ticket.trim().to_owned()),
            created_at: now,
            created_by: actor.to_owned(),
            expires_at,
            max_sessions,
            max_rows_written,
            ended: None,
            verifier,
        };
        Ok(Made { grant, token })
    }

    /// Keeps a grant that was made: from here its token works.
    ///
    /// # Errors
    /// When the store can't be written; nothing is kept then.
    pub fn keep(&self, grant: Grant) -> Result<Arc<Grant>, StoreError> {
        let _order = self.unwritten.lock().unwrap_or_else(PoisonError::into_inner);
        self.store.create(&grant)?;
        let grant = Arc::new(grant);
        self.live.put(&grant);
        Ok(grant)
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
                if let Some(grant) = self.live.by_id(id).filter(|grant| grant.ended.is_none()) {
                    let ended_grant = Grant { ended: Some(ended.clone()), ..Grant::clone(&grant) };
                    self.live.put(&Arc::new(ended_grant));
                    unwritten.push(Unwritten { id, ended, actor: actor.to_owned() });
                }
                Err(error)
            }
        }
    }

    /// Grants whose time is over at `now` and whose end isn't written down yet.
    #[must_use]
    pub fn due(&self, now: i64) -> Vec<Arc<Grant>> {
        let mut due = self.live.all();
        due.retain(|grant| grant.ended.is_none() && now >= grant.expires_at);
        due
    }

    /// Writes down the ends that the store couldn't take before, and forgets what needn't be
    /// told any more.
    ///
    /// # Errors
    /// When the store still can't take them; they are kept.
    pub fn settle(&self, now: i64) -> Result<(), StoreError> {
        self.live.forget(now);
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

/// Bytes of the operating system's generator.
pub(super) fn random<const N: usize>() -> Result<[u8; N], StoreError> {
    let mut bytes = [0; N];
    SysRng.try_fill_bytes(&mut bytes).map_err(|error| StoreError::Random(error.to_string()))?;
    Ok(bytes)
}
