//! Every live session: who can be listed, cancelled, ended.
//!
//! A session enters before its grant is read for the last time, so a revocation that comes in
//! between finds it here or is found by that reading. It leaves when its backend is gone.

mod entry;
mod last;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use dashmap::DashMap;
use dashmap::mapref::entry::Entry as Slot;

use super::clock;
use super::control::Control;
use crate::base::moment::Deadline;
use crate::base::{GrantId, Moment, SessionId};
use crate::session::State;

pub use entry::{EndCause, Entry, SessionInfo, UpstreamOf};

/// How long [`Registry::end_grant`] and its kind wait for backends to be gone (promise 4).
const GONE_WITHIN: Duration = Duration::from_secs(2);
/// Pause between two looks at whether they are.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// What ending a number of sessions came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EndReport {
    /// Sessions ended.
    pub sessions_ended: usize,
    /// Of these, how many had a statement running.
    pub statements_cancelled: usize,
    /// Sessions whose backend was still listed after two seconds; they are still being ended.
    pub still_ending: usize,
}

/// Sessions of one kind, by what they are connected to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Connections {
    /// All of them.
    pub sessions: i64,
    /// Those that are connected to their upstream.
    pub backends: i64,
}

/// What we gave a client to cancel with: all of it is random, the process id too.
pub type CancelKey = (i32, Vec<u8>);

/// Every live session of this process.
#[derive(Debug, Default)]
pub struct Registry {
    sessions: DashMap<SessionId, Arc<Entry>>,
    keys: DashMap<CancelKey, Arc<Entry>>,
    per_grant: DashMap<GrantId, usize>,
    count: AtomicUsize,
    soonest: Arc<Soonest>,
}

/// The soonest end of any session that was not found over, or an earlier time.
#[derive(Debug)]
struct Soonest {
    boot: AtomicU64,
    wall: AtomicI64,
}

impl Default for Soonest {
    fn default() -> Self {
        Self { boot: AtomicU64::new(u64::MAX), wall: AtomicI64::new(i64::MAX) }
    }
}

impl Soonest {
    /// A session ends then.
    fn note(&self, deadline: Deadline) {
        self.boot.fetch_min(deadline.boot, Ordering::SeqCst);
        self.wall.fetch_min(deadline.wall, Ordering::SeqCst);
    }

    /// Whether a session may be over; if so it is forgotten, and every session is to be looked at.
    fn take_passed(&self, now: Moment) -> bool {
        let (boot, wall) = (self.boot.load(Ordering::SeqCst), self.wall.load(Ordering::SeqCst));
        let passed = Deadline { boot, wall }.passed(now);
        if passed {
            // swap, not store: it acquires what `note` released, so that an end that is lost here
            // is seen in the sessions.
            self.boot.swap(u64::MAX, Ordering::SeqCst);
            self.wall.swap(i64::MAX, Ordering::SeqCst);
        }
        passed
    }
}

/// What a session enters with.
#[derive(Debug, Clone)]
pub struct Entrant {
    /// See [`Entry`].
    pub id: SessionId,
    /// See [`Entry`].
    pub grant: GrantId,
    /// See [`Entry`].
    pub user: Arc<str>,
    /// See [`Entry`].
    pub database: Arc<str>,
    /// See [`Entry`].
    pub reason: Arc<str>,
    /// See [`Entry`].
    pub client: SocketAddr,
    /// See [`Entry`].
    pub expires_at: i64,
    /// See [`Entry`].
    pub control: Control,
}

/// Which limit is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Full {
    /// `listen.max_sessions`
    Server,
    /// The grant's own, or `limits.max_sessions_per_grant`.
    Grant,
}

/// A place in the registry: leaves it when dropped.
#[derive(Debug)]
pub struct Place {
    registry: Arc<Registry>,
    /// The session.
    pub entry: Arc<Entry>,
}

impl Registry {
    /// Enters a session, if there may be one more of its grant, and of all.
    ///
    /// # Errors
    /// Which limit is reached.
    pub fn enter(
        self: &Arc<Self>,
        entrant: Entrant,
        of_grant_max: usize,
        of_all_max: usize,
    ) -> Result<Place, Full> {
        let one_more = |count: usize| (count < of_all_max).then_some(count + 1);
        self.count
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more)
            .map_err(|_| Full::Server)?;
        {
            let mut sessions = self.per_grant.entry(entrant.grant).or_insert(0);
            if *sessions >= of_grant_max {
                self.count.fetch_sub(1, Ordering::Relaxed);
                return Err(Full::Grant);
            }
            *sessions += 1;
        }
        let entry = Arc::new(Entry::new(entrant, clock::now(), Arc::clone(&self.soonest)));
        self.sessions.insert(entry.id, Arc::clone(&entry));
        // Behind that: a sweep that has just taken the soonest end finds the session itself.
        self.soonest.note(entry.deadline());
        Ok(Place { registry: Arc::clone(self), entry })
    }

    /// Sessions now.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Sessions of a grant now.
    #[must_use]
    pub fn len_of(&self, grant: GrantId) -> usize {
        self.per_grant.get(&grant).map_or(0, |count| *count)
    }

    /// Every session, the oldest first.
    pub async fn list(&self) -> Vec<SessionInfo> {
        let mut list: Vec<SessionInfo> =
            self.sessions.iter().map(|entry| entry.value().info()).collect();
        list.sort_by_key(|info| (info.started_at, info.id));
        list
    }

    /// How many sessions there are of each database and state, and how many of these have a
    /// backend.
    #[must_use]
    pub fn census(&self) -> BTreeMap<(Arc<str>, &'static str), Connections> {
        let mut census: BTreeMap<_, Connections> = BTreeMap::new();
        for entry in &self.sessions {
            let entry = entry.value();
            let count = census.entry((Arc::clone(&entry.database), entry.phase())).or_default();
            count.sessions += 1;
            count.backends += i64::from(entry.has_backend());
        }
        census
    }

    /// Ends every session of a grant; resolves when their backends are gone or two seconds
    /// passed. The grant must be ended in the store and the live view *before*: a login in
    /// progress then finds it ended.
    pub async fn end_grant(&self, grant: GrantId, cause: EndCause) -> EndReport {
        self.end_where(|entry| entry.grant == grant, &cause).await
    }

    /// Ends one session; as [`Registry::end_grant`].
    pub async fn end_session(&self, session: SessionId, cause: EndCause) -> EndReport {
        self.end_where(|entry| entry.id == session, &cause).await
    }

    /// Ends all sessions; as [`Registry::end_grant`].
    pub async fn end_all(&self, cause: EndCause) -> EndReport {
        self.end_where(|_| true, &cause).await
    }

    async fn end_where(&self, which: impl Fn(&Entry) -> bool, cause: &EndCause) -> EndReport {
        let ending: Vec<Arc<Entry>> = self
            .sessions
            .iter()
            .filter(|entry| which(entry.value()))
            .map(|entry| Arc::clone(entry.value()))
            .collect();
        let mut report = EndReport::default();
        for entry in &ending {
            let active = entry.phase() == State::Active.word();
            if entry.end(cause.clone()) {
                report.sessions_ended += 1;
                report.statements_cancelled += usize::from(active);
            }
        }
        let patience = tokio::time::Instant::now() + GONE_WITHIN;
        loop {
            report.still_ending =
                ending.iter().filter(|entry| self.sessions.contains_key(&entry.id)).count();
            if report.still_ending == 0 || tokio::time::Instant::now() >= patience {
                return report;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Ends every session whose grant is over on either clock. Sessions do so by their own
    /// timers; this is for clocks that jumped and workers that are busy.
    pub fn sweep(&self, now: Moment) {
        if !self.soonest.take_passed(now) {
            return;
        }
        for entry in &self.sessions {
            let deadline = entry.value().deadline();
            if deadline.passed(now) {
                entry.value().end(EndCause::Expired);
            } else {
                self.soonest.note(deadline);
            }
        }
    }

    /// Moves the end of every session of a grant; tells how many there are. To be called when
    /// logins read the new end already: a login in progress is then in the registry and moved,
    /// or reads it.
    pub fn extend_grant(&self, grant: GrantId, expires_at: i64) -> usize {
        let now = clock::now();
        let of_it = self.sessions.iter().filter(|entry| entry.value().grant == grant);
        of_it.map(|entry| entry.value().extend(expires_at, now)).count()
    }

    /// What cancels the session that was given `key`; `None` for a key nobody has.
    #[must_use]
    pub fn to_cancel(&self, key: &CancelKey) -> Option<UpstreamOf> {
        let entry = self.keys.get(key).map(|entry| Arc::clone(&entry))?;
        entry.to_cancel()
    }

    /// Makes `key` cancel `entry`; false if somebody has it already.
    #[must_use]
    pub fn give_key(&self, entry: &Arc<Entry>, key: CancelKey) -> bool {
        match self.keys.entry(key.clone()) {
            Slot::Occupied(_) => false,
            Slot::Vacant(vacant) => {
                vacant.insert(Arc::clone(entry));
                entry.note_key(key);
                true
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let registry = &self.registry;
        registry.sessions.remove(&self.entry.id);
        registry.count.fetch_sub(1, Ordering::Relaxed);
        if let Some(key) = self.entry.take_key() {
            registry.keys.remove(&key);
        }
        if let Slot::Occupied(mut slot) = registry.per_grant.entry(self.entry.grant) {
            *slot.get_mut() = slot.get().saturating_sub(1);
            if *slot.get() == 0 {
                slot.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_soonest_end_is_told_once_on_either_clock() {
        let soonest = Soonest::default();
        let at = |boot, wall| Moment { boot, wall };
        assert!(!soonest.take_passed(at(u64::MAX - 1, i64::MAX - 1)));
        soonest.note(Deadline { boot: 20, wall: 200 });
        soonest.note(Deadline { boot: 10, wall: 300 });
        assert!(!soonest.take_passed(at(9, 199)));
        assert!(soonest.take_passed(at(9, 200)), "the wall clock");
        assert!(!soonest.take_passed(at(9, 200)), "it was taken");
        soonest.note(Deadline { boot: 10, wall: 300 });
        assert!(soonest.take_passed(at(10, 0)), "the other clock");
    }
}
