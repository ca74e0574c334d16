//! Every live session: who can be listed, cancelled, ended.
//!
//! A session enters before its grant is read for the last time, so a revocation that comes in
//! between finds it here or is found by that reading. It leaves when its backend is gone.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicI64, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;

use dashmap::DashMap;
use dashmap::mapref::entry::Entry as Slot;

use super::clock;
use super::control::{Backend, Control};
use super::dial::{Address, Target};
use crate::base::moment::Deadline;
use crate::base::refusal::login;
use crate::base::{GrantId, Moment, Refusal, SessionId};
use crate::session::State;

/// How long [`Registry::end_grant`] and its kind wait for backends to be gone (promise 4).
const GONE_WITHIN: Duration = Duration::from_secs(2);
/// Pause between two looks at whether they are.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// How much of the last statement is kept to be shown, bytes.
const LAST_STATEMENT_BYTES_MAX: usize = 256;

/// Why a session is ended from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EndCause {
    /// The grant's time is over.
    Expired,
    /// The grant was ended before its time; in words for people (`revoked by os:root: suspicious`).
    Revoked {
        /// `revoked`, `released`, `exhausted`.
        how: &'static str,
        /// Who and why.
        because: String,
    },
    /// An operator ended this session only.
    Killed {
        /// Who and why.
        because: String,
    },
    /// pgward shuts down.
    Shutdown,
    /// Nothing happened for `limits.idle_timeout`.
    Idle {
        /// The limit, seconds.
        seconds: u64,
    },
}

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

/// One session as `session list` shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionInfo {
    /// Its id.
    pub id: SessionId,
    /// Its grant.
    pub grant_id: GrantId,
    /// The person.
    pub user: String,
    /// The database's name in the configuration.
    pub database: String,
    /// Where the client connects from.
    pub client_addr: SocketAddr,
    /// The upstream's backend, once there is one.
    pub backend_pid: Option<i32>,
    /// `login`, `ending`, or as in `pg_stat_activity.state`.
    pub state: &'static str,
    /// Microseconds since the epoch.
    pub started_at: i64,
    /// Microseconds since the epoch.
    pub expires_at: i64,
    /// When it last began a statement, or logged in; microseconds since the epoch.
    pub active_at: i64,
    /// The start of the last statement, with secrets redacted.
    pub last_statement: Option<String>,
    /// Rows sent to the client so far.
    pub rows_returned: u64,
}

/// One live session.
#[derive(Debug)]
pub struct Entry {
    /// Its id.
    pub id: SessionId,
    /// Its grant.
    pub grant: GrantId,
    /// The person.
    pub user: Arc<str>,
    /// The database's name in the configuration.
    pub database: Arc<str>,
    /// Why access was granted.
    pub reason: Arc<str>,
    /// Where the client connects from.
    pub client: SocketAddr,
    /// When it entered.
    pub started: Moment,
    /// When its grant ends, on both clocks; see [`Entry::deadline`].
    ends_boot: AtomicU64,
    ends_wall: AtomicI64,
    /// When it last ran a statement, microseconds since the epoch.
    active_at: AtomicI64,
    /// What ends its backend.
    control: Control,
    phase: AtomicU8,
    /// [`ENDING`] and [`CHANGED`]: so that who asks with every turn needs no lock.
    called: AtomicU8,
    rows_returned: AtomicU64,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    upstream: Option<UpstreamOf>,
    ending: Option<EndCause>,
    waker: Option<Waker>,
    /// As it came, cut.
    last_statement: Vec<u8>,
    cancel: Option<CancelKey>,
    /// The backend is being ended.
    ended_backend: bool,
}

/// What cancels and ends a session's backend.
#[derive(Debug, Clone)]
pub struct UpstreamOf {
    /// The server it is at.
    pub target: Arc<Target>,
    /// Where the connection went.
    pub address: Address,
    /// The backend.
    pub backend: Backend,
    /// Its cancel key.
    pub key: Vec<u8>,
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
        let started = clock::now();
        let deadline = Deadline::at_wall(entrant.expires_at, started);
        let entry = Arc::new(Entry {
            id: entrant.id,
            grant: entrant.grant,
            user: entrant.user,
            database: entrant.database,
            reason: entrant.reason,
            client: entrant.client,
            started,
            ends_boot: AtomicU64::new(deadline.boot),
            ends_wall: AtomicI64::new(deadline.wall),
            active_at: AtomicI64::new(started.wall),
            control: entrant.control,
            phase: AtomicU8::new(PHASE_LOGIN),
            called: AtomicU8::new(0),
            rows_returned: AtomicU64::new(0),
            inner: Mutex::default(),
        });
        self.sessions.insert(entry.id, Arc::clone(&entry));
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
        for entry in &self.sessions {
            if entry.value().deadline().passed(now) {
                entry.value().end(EndCause::Expired);
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
        let inner = entry.lock();
        // Never a backend that is on its way out: it may serve somebody else soon.
        if inner.ended_backend { None } else { inner.upstream.clone() }
    }

    /// Makes `key` cancel `entry`; false if somebody has it already.
    #[must_use]
    pub fn give_key(&self, entry: &Arc<Entry>, key: CancelKey) -> bool {
        match self.keys.entry(key.clone()) {
            Slot::Occupied(_) => false,
            Slot::Vacant(vacant) => {
                vacant.insert(Arc::clone(entry));
                entry.lock().cancel = Some(key);
                true
            }
        }
    }
}

impl Entry {
    /// What cancels the session's own statement; `None` once its backend is being ended.
    pub(super) fn own_cancel(&self) -> Option<UpstreamOf> {
        let inner = self.lock();
        if inner.ended_backend { None } else { inner.upstream.clone() }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let registry = &self.registry;
        registry.sessions.remove(&self.entry.id);
        registry.count.fetch_sub(1, Ordering::Relaxed);
        let key = self.entry.lock().cancel.take();
        if let Some(key) = key {
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

const PHASE_LOGIN: u8 = 0;
const PHASE_IDLE: u8 = 1;
const PHASE_ACTIVE: u8 = 2;
const PHASE_IN_TRANSACTION: u8 = 3;
const PHASE_ABORTED: u8 = 4;
const PHASE_ENDING: u8 = 5;

/// Of [`Entry::called`]: [`Inner::ending`] is there.
const ENDING: u8 = 1;
/// The grant was changed, and the session has not seen it.
const CHANGED: u8 = 2;

impl Entry {
    /// Ends the session: its task is woken, and its backend is ended at once. False if it was
    /// ending already.
    pub fn end(&self, cause: EndCause) -> bool {
        let (waker, backend) = {
            let mut inner = self.lock();
            if inner.ending.is_some() {
                return false;
            }
            inner.ending = Some(cause);
            self.called.fetch_or(ENDING, Ordering::Release);
            (inner.waker.take(), Self::backend_to_end(&mut inner))
        };
        self.phase.store(PHASE_ENDING, Ordering::Relaxed);
        if let Some(backend) = backend {
            self.control.end_soon(backend);
        }
        if let Some(waker) = waker {
            waker.wake();
        }
        true
    }

    /// When its grant ends. While it is being moved, the earlier of two ends holds.
    #[must_use]
    pub fn deadline(&self) -> Deadline {
        Deadline {
            boot: self.ends_boot.load(Ordering::Relaxed),
            wall: self.ends_wall.load(Ordering::Relaxed),
        }
    }

    /// Its grant ends at another time, or has more scopes. The session's task is woken, so that
    /// its client is told.
    pub fn extend(&self, expires_at: i64, now: Moment) {
        let deadline = Deadline::at_wall(expires_at, now);
        self.ends_wall.store(deadline.wall, Ordering::Relaxed);
        self.ends_boot.store(deadline.boot, Ordering::Relaxed);
        self.called.fetch_or(CHANGED, Ordering::Release);
        let waker = self.lock().waker.clone();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn over<'a>(&'a self, how: &'a str, because: &'a str) -> login::Over<'a> {
        let (user, database, reason) = (&*self.user, &*self.database, &*self.reason);
        login::Over { grant: self.grant, user, database, reason, how, because }
    }

    /// From now on `waker` is woken when the session is called; see [`Entry::is_called`], which
    /// is to be asked afterwards.
    pub fn watch(&self, waker: &Waker) {
        let mut inner = self.lock();
        if inner.ending.is_none() {
            inner.waker = Some(waker.clone());
        }
    }

    /// Whether the session is to end, or its grant was changed.
    #[must_use]
    pub fn is_called(&self) -> bool {
        self.called.load(Ordering::Acquire) != 0
    }

    /// Whether the grant was changed since this was last asked.
    #[must_use]
    pub fn take_changed(&self) -> bool {
        self.called.fetch_and(!CHANGED, Ordering::AcqRel) & CHANGED != 0
    }

    /// Why the session is to end, if it is.
    #[must_use]
    pub fn ending(&self) -> Option<EndCause> {
        self.lock().ending.clone()
    }

    /// The upstream is connected. If the session is to end already, its backend is ended at
    /// once.
    pub fn connected(&self, upstream: UpstreamOf) {
        let backend = {
            let mut inner = self.lock();
            inner.upstream = Some(upstream);
            inner.ending.is_some().then(|| Self::backend_to_end(&mut inner)).flatten()
        };
        if let Some(backend) = backend {
            self.control.end_soon(backend);
        }
    }

    /// The backend, for a session that must make sure that it is gone; it cannot be cancelled
    /// from now on.
    #[must_use]
    pub fn take_backend(&self) -> Option<Backend> {
        let mut inner = self.lock();
        inner.ended_backend = true;
        inner.upstream.as_ref().map(|upstream| upstream.backend)
    }

    /// What ends its backend.
    #[must_use]
    pub const fn control(&self) -> &Control {
        &self.control
    }

    /// What the session is doing now, for `session list`.
    pub fn note_state(&self, state: State) {
        let phase = match state {
            State::Idle => PHASE_IDLE,
            State::Active => PHASE_ACTIVE,
            State::IdleInTransaction => PHASE_IN_TRANSACTION,
            State::IdleInTransactionAborted => PHASE_ABORTED,
        };
        if self.phase.load(Ordering::Relaxed) != PHASE_ENDING {
            self.phase.store(phase, Ordering::Relaxed);
        }
    }

    /// The last statement and the rows so far, for `session list`.
    pub fn note_statement(&self, text: &[u8], now: Moment) {
        self.active_at.store(now.wall, Ordering::Relaxed);
        let cut = text.get(..LAST_STATEMENT_BYTES_MAX).unwrap_or(text);
        let mut inner = self.lock();
        inner.last_statement.clear();
        inner.last_statement.extend_from_slice(cut);
    }

    /// Rows sent to the client so far.
    pub fn note_rows(&self, rows: u64) {
        self.rows_returned.store(rows, Ordering::Relaxed);
    }

    fn phase(&self) -> &'static str {
        match self.phase.load(Ordering::Relaxed) {
            PHASE_LOGIN => "login",
            PHASE_IDLE => State::Idle.word(),
            PHASE_ACTIVE => State::Active.word(),
            PHASE_IN_TRANSACTION => State::IdleInTransaction.word(),
            PHASE_ABORTED => State::IdleInTransactionAborted.word(),
            _ => "ending",
        }
    }

    fn info(&self) -> SessionInfo {
        let inner = self.lock();
        let last = (!inner.last_statement.is_empty())
            .then(|| String::from_utf8_lossy(&inner.last_statement).into_owned());
        SessionInfo {
            id: self.id,
            grant_id: self.grant,
            user: self.user.to_string(),
            database: self.database.to_string(),
            client_addr: self.client,
            backend_pid: inner.upstream.as_ref().map(|upstream| upstream.backend.pid),
            state: self.phase(),
            started_at: self.started.wall,
            expires_at: self.deadline().wall,
            active_at: self.active_at.load(Ordering::Relaxed),
            last_statement: last,
            rows_returned: self.rows_returned.load(Ordering::Relaxed),
        }
    }

    fn backend_to_end(inner: &mut Inner) -> Option<Backend> {
        inner.ended_backend = true;
        inner.upstream.as_ref().map(|upstream| upstream.backend)
    }

    /// A panic elsewhere while the lock was held leaves plain values behind, which stay usable.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EndCause {
    /// The word on record, `session.end`'s `end_reason`.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Revoked { how, .. } => how,
            Self::Killed { .. } => "killed",
            Self::Shutdown => "shutdown",
            Self::Idle { .. } => "idle_timeout",
        }
    }

    /// What the client of `entry` is told.
    #[must_use]
    pub fn refusal(&self, entry: &Entry) -> Refusal {
        match self {
            Self::Expired => login::grant_over(entry.over("expired", "Its time is over.")),
            Self::Revoked { how, because } => login::grant_over(entry.over(how, because)),
            Self::Killed { because } => login::session_killed(entry.id, because),
            Self::Shutdown => login::shutdown(),
            Self::Idle { seconds } => login::idle(*seconds),
        }
    }
}
