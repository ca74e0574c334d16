//! The in-memory view that logins and sessions read: every live and recently ended grant, by id
//! and by person. Changes come from the store, which is written first.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, OnceLock, Weak};

use arc_swap::ArcSwap;
use dashmap::DashMap;

use super::{Grant, StoreError};
use crate::base::GrantId;

/// How long an ended grant is remembered, so that whoever proves its token is told the truth.
const REMEMBERED_US: i64 = 24 * 3_600 * 1_000_000;

/// All grants that a login may match. Cheap to clone the `Arc` of; safe to share.
#[derive(Debug, Default)]
pub struct Live {
    salt_key: [u8; 32],
    /// Replaced as a whole on every change: logins never wait, changes are rare.
    view: ArcSwap<View>,
    /// How often grants were used, and whether the store knows it.
    usage: DashMap<GrantId, (Usage, bool)>,
    /// Takes uses; nobody does where it isn't set.
    uses: OnceLock<Weak<dyn Uses>>,
}

/// How often a grant was used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Sessions that began.
    pub sessions: u64,
    /// When the last of them began, microseconds since the epoch, UTC.
    pub last_at: i64,
}

/// What came of taking one of a grant's uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// The session may begin.
    Taken,
    /// There was none left.
    UsedUp,
    /// It can't be kept that it was taken, so it wasn't.
    Failed,
}

/// Takes uses of grants that have a number of them, durably and one after the other.
pub trait Uses: Send + Sync + fmt::Debug {
    /// Takes one; may wait for a disk.
    ///
    /// # Errors
    /// When it can't be kept; none is taken then.
    fn take(&self, id: GrantId, now: i64) -> Result<bool, StoreError>;
}

#[derive(Debug, Clone, Default)]
struct View {
    by_id: HashMap<GrantId, Arc<Grant>>,
    by_user: HashMap<String, Vec<GrantId>>,
}

impl Live {
    /// A view of `grants`, as they were loaded from the store.
    #[must_use]
    pub fn new(salt_key: [u8; 32], grants: Vec<Grant>) -> Self {
        let mut view = View::default();
        for grant in grants {
            view.put(Arc::new(grant));
        }
        Self { salt_key, view: ArcSwap::from_pointee(view), ..Self::default() }
    }

    /// Names who takes uses; to be called once.
    pub fn set_uses(&self, uses: Weak<dyn Uses>) {
        let _ = self.uses.set(uses);
    }

    /// Takes one use of a grant, directly before its session begins. Waits for a disk where the
    /// grant has a number of uses, and returns at once where it hasn't.
    pub fn claim(&self, grant: &Grant, now: i64) -> Claim {
        if grant.conditions.uses.is_none() {
            return Claim::Taken;
        }
        let Some(uses) = self.uses.get().and_then(Weak::upgrade) else { return Claim::Failed };
        match uses.take(grant.id, now) {
            Ok(true) => Claim::Taken,
            Ok(false) => Claim::UsedUp,
            Err(_) => Claim::Failed,
        }
    }

    /// A session of that grant begins.
    pub fn began(&self, id: GrantId, now: i64) {
        let mut usage = self.usage.entry(id).or_default();
        usage.0.sessions += 1;
        usage.0.last_at = usage.0.last_at.max(now);
        usage.1 = true;
    }

    /// How often a grant was used.
    #[must_use]
    pub fn usage(&self, id: GrantId) -> Usage {
        self.usage.get(&id).map(|usage| usage.0).unwrap_or_default()
    }

    /// What the store said of usage, at the start.
    pub(super) fn set_usage(&self, usage: Vec<(GrantId, Usage)>) {
        for (id, usage) in usage {
            self.usage.insert(id, (usage, false));
        }
    }

    /// Usage that the store doesn't know yet.
    pub(super) fn new_usage(&self) -> Vec<(GrantId, Usage)> {
        let new = self.usage.iter().filter(|entry| entry.value().1);
        new.map(|entry| (*entry.key(), entry.value().0)).collect()
    }

    /// The store knows of this much.
    pub(super) fn kept_usage(&self, kept: &[(GrantId, Usage)]) {
        for (id, usage) in kept {
            if let Some(mut known) = self.usage.get_mut(id)
                && known.0 == *usage
            {
                known.1 = false;
            }
        }
    }

    /// The grant of that id.
    #[must_use]
    pub fn by_id(&self, id: GrantId) -> Option<Arc<Grant>> {
        self.view.load().by_id.get(&id).map(Arc::clone)
    }

    /// Live and recently ended grants that `login` names: a person's, or the one of `g_…`.
    #[must_use]
    pub fn by_login(&self, login: &str) -> Vec<Arc<Grant>> {
        if login.starts_with(GrantId::PREFIX) {
            return login.parse().ok().and_then(|id| self.by_id(id)).into_iter().collect();
        }
        let view = self.view.load();
        let ids = view.by_user.get(login).map(Vec::as_slice).unwrap_or_default();
        ids.iter().filter_map(|id| view.by_id.get(id)).map(Arc::clone).collect()
    }

    /// The server key from which the SCRAM salts of all names are derived; fixed for the store.
    #[must_use]
    pub fn salt_key(&self) -> [u8; 32] {
        self.salt_key
    }

    /// Every grant in view, in no order.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<Grant>> {
        self.view.load().by_id.values().map(Arc::clone).collect()
    }

    /// Whether one that ended at `ended_at` is still remembered at `now`.
    #[must_use]
    pub const fn remembers(ended_at: i64, now: i64) -> bool {
        now.saturating_sub(ended_at) < REMEMBERED_US
    }

    /// Shows a grant as the store has it now. One that has ended stays ended.
    pub(super) fn put(&self, grant: &Arc<Grant>) {
        self.view.rcu(|view| {
            let mut view = View::clone(view);
            view.put(Arc::clone(grant));
            view
        });
    }

    /// Whether something ended too long ago to be told of.
    pub(super) fn has_old(&self, now: i64) -> bool {
        self.view.load().by_id.values().any(|grant| Self::is_old(grant, now))
    }

    fn is_old(grant: &Grant, now: i64) -> bool {
        grant.ended.as_ref().is_some_and(|ended| !Self::remembers(ended.at, now))
    }

    /// Forgets what ended too long ago to be told of.
    pub(super) fn forget(&self, now: i64) {
        if !self.has_old(now) {
            return;
        }
        self.view.rcu(|view| {
            let mut kept = View::default();
            for grant in view.by_id.values().filter(|grant| !Self::is_old(grant, now)) {
                kept.put(Arc::clone(grant));
            }
            kept
        });
    }
}

impl View {
    fn put(&mut self, grant: Arc<Grant>) {
        let known = self.by_id.get(&grant.id);
        if known.is_some_and(|known| known.ended.is_some()) && grant.ended.is_none() {
            return;
        }
        if known.is_none() {
            self.by_user.entry(grant.user.clone()).or_default().push(grant.id);
        }
        self.by_id.insert(grant.id, grant);
    }
}
