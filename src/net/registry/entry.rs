//! One live session, as everybody but its own task sees it.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicI64, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use super::last::Last;
use super::{CancelKey, Entrant, Soonest};
use crate::base::moment::Deadline;
use crate::base::refusal::login;
use crate::base::{GrantId, Moment, Refusal, SessionId};
use crate::net::control::{Backend, Control};
use crate::net::dial::{Address, Target};
use crate::session::State;

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
    /// The control connection does not see its backend, and so could not end it.
    Unseen,
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
    /// What ends its backend.
    control: Control,
    turns: Turns,
    inner: Mutex<Inner>,
    /// The registry's.
    soonest: Arc<Soonest>,
}

/// What the session looks at or writes with every turn, side by side in the lines of a cache.
#[derive(Debug)]
#[repr(C, align(64))]
struct Turns {
    /// When its grant ends, on both clocks; see [`Entry::deadline`].
    ends_boot: AtomicU64,
    ends_wall: AtomicI64,
    /// When it last ran a statement, microseconds since the epoch.
    active_at: AtomicI64,
    rows_returned: AtomicU64,
    phase: AtomicU8,
    /// [`ENDING`] and [`CHANGED`]: so that who asks needs no lock.
    called: AtomicU8,
    last_statement: Last,
}

#[derive(Debug, Default)]
struct Inner {
    upstream: Option<UpstreamOf>,
    ending: Option<EndCause>,
    waker: Option<Waker>,
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
    pub backend: Arc<Backend>,
    /// Its cancel key.
    pub key: Vec<u8>,
}

const PHASE_LOGIN: u8 = 0;
const PHASE_IDLE: u8 = 1;
const PHASE_ACTIVE: u8 = 2;
const PHASE_IN_TRANSACTION: u8 = 3;
const PHASE_ABORTED: u8 = 4;
const PHASE_ENDING: u8 = 5;

/// Of [`Turns::called`]: [`Inner::ending`] is there.
const ENDING: u8 = 1;
/// The grant was changed, and the session has not seen it.
const CHANGED: u8 = 2;

impl Entry {
    /// One that enters at `started`; in no registry yet.
    pub(super) fn new(entrant: Entrant, started: Moment, soonest: Arc<Soonest>) -> Self {
        let deadline = Deadline::at_wall(entrant.expires_at, started);
        Self {
            id: entrant.id,
            grant: entrant.grant,
            user: entrant.user,
            database: entrant.database,
            reason: entrant.reason,
            client: entrant.client,
            started,
            control: entrant.control,
            turns: Turns {
                ends_boot: AtomicU64::new(deadline.boot),
                ends_wall: AtomicI64::new(deadline.wall),
                active_at: AtomicI64::new(started.wall),
                rows_returned: AtomicU64::new(0),
                phase: AtomicU8::new(PHASE_LOGIN),
                called: AtomicU8::new(0),
                last_statement: Last::default(),
            },
            inner: Mutex::default(),
            soonest,
        }
    }

    /// What cancels its statement; `None` once its backend is being ended: it may serve somebody
    /// else soon.
    pub(in crate::net) fn to_cancel(&self) -> Option<UpstreamOf> {
        let inner = self.lock();
        if inner.ended_backend { None } else { inner.upstream.clone() }
    }

    /// Ends the session: its task is woken, and its backend is ended at once. False if it was
    /// ending already.
    pub fn end(&self, cause: EndCause) -> bool {
        let (waker, backend) = {
            let mut inner = self.lock();
            if inner.ending.is_some() {
                return false;
            }
            inner.ending = Some(cause);
            self.turns.called.fetch_or(ENDING, Ordering::Release);
            (inner.waker.take(), Self::backend_to_end(&mut inner))
        };
        self.turns.phase.store(PHASE_ENDING, Ordering::Relaxed);
        if let Some(backend) = backend {
            self.control.end_soon(&backend);
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
            boot: self.turns.ends_boot.load(Ordering::Relaxed),
            wall: self.turns.ends_wall.load(Ordering::Relaxed),
        }
    }

    /// Its grant ends at another time, or has more scopes. The session's task is woken, so that
    /// its client is told.
    pub fn extend(&self, expires_at: i64, now: Moment) {
        let deadline = Deadline::at_wall(expires_at, now);
        self.turns.ends_wall.store(deadline.wall, Ordering::Relaxed);
        self.turns.ends_boot.store(deadline.boot, Ordering::Relaxed);
        // Behind the stores: see `Registry::enter`.
        self.soonest.note(deadline);
        self.turns.called.fetch_or(CHANGED, Ordering::Release);
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
        self.turns.called.load(Ordering::Acquire) != 0
    }

    /// Whether the grant was changed since this was last asked.
    #[must_use]
    pub fn take_changed(&self) -> bool {
        self.turns.called.fetch_and(!CHANGED, Ordering::AcqRel) & CHANGED != 0
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
            self.control.end_soon(&backend);
        }
    }

    /// The backend, for a session that must make sure that it is gone; it cannot be cancelled
    /// from now on.
    #[must_use]
    pub fn take_backend(&self) -> Option<Arc<Backend>> {
        Self::backend_to_end(&mut self.lock())
    }

    /// Has its backend looked up, so that it can be ended at any time, and ends where it can't be
    /// found.
    pub fn name_backend(self: &Arc<Self>) {
        let backend = self.lock().upstream.as_ref().map(|upstream| Arc::clone(&upstream.backend));
        if let Some(backend) = backend {
            let entry = Arc::clone(self);
            let otherwise = move || {
                entry.end(EndCause::Unseen);
            };
            self.control.name(&backend, Box::new(otherwise));
        }
    }

    /// What ends its backend.
    #[must_use]
    pub const fn control(&self) -> &Control {
        &self.control
    }

    /// Whether it is connected to its upstream.
    pub(super) fn has_backend(&self) -> bool {
        self.lock().upstream.is_some()
    }

    /// The key that its client was given.
    pub(super) fn note_key(&self, key: CancelKey) {
        self.lock().cancel = Some(key);
    }

    /// The same, once.
    pub(super) fn take_key(&self) -> Option<CancelKey> {
        self.lock().cancel.take()
    }

    /// What the session is doing now, for `session list`.
    pub fn note_state(&self, state: State) {
        let phase = match state {
            State::Idle => PHASE_IDLE,
            State::Active => PHASE_ACTIVE,
            State::IdleInTransaction => PHASE_IN_TRANSACTION,
            State::IdleInTransactionAborted => PHASE_ABORTED,
        };
        if self.turns.phase.load(Ordering::Relaxed) != PHASE_ENDING {
            self.turns.phase.store(phase, Ordering::Relaxed);
        }
    }

    /// The last statement and the rows so far, for `session list`.
    pub fn note_statement(&self, text: &[u8], now: Moment) {
        self.turns.active_at.store(now.wall, Ordering::Relaxed);
        self.turns.last_statement.write(text);
    }

    /// Rows sent to the client so far.
    pub fn note_rows(&self, rows: u64) {
        self.turns.rows_returned.store(rows, Ordering::Relaxed);
    }

    pub(super) fn phase(&self) -> &'static str {
        match self.turns.phase.load(Ordering::Relaxed) {
            PHASE_LOGIN => "login",
            PHASE_IDLE => State::Idle.word(),
            PHASE_ACTIVE => State::Active.word(),
            PHASE_IN_TRANSACTION => State::IdleInTransaction.word(),
            PHASE_ABORTED => State::IdleInTransactionAborted.word(),
            _ => "ending",
        }
    }

    pub(super) fn info(&self) -> SessionInfo {
        let inner = self.lock();
        let last = self.turns.last_statement.read();
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
            active_at: self.turns.active_at.load(Ordering::Relaxed),
            last_statement: last.map(|text| String::from_utf8_lossy(&text).into_owned()),
            rows_returned: self.turns.rows_returned.load(Ordering::Relaxed),
        }
    }

    fn backend_to_end(inner: &mut Inner) -> Option<Arc<Backend>> {
        inner.ended_backend = true;
        inner.upstream.as_ref().map(|upstream| Arc::clone(&upstream.backend))
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
            Self::Unseen => "backend_unseen",
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
            Self::Unseen => login::backend_unseen(entry.id),
        }
    }
}
