//! Per database one standing connection that can end backends: up before any session is
//! admitted, so that no session lives whose end could not be enforced.
//!
//! A backend is named by process id and start time: an id alone may belong to somebody else by
//! the time the statement runs. The start is asked for when it is needed, or when the session has
//! lasted a moment: asked for at every login it would wake this thread and the session's, which
//! costs a fifth of a connection. Requests that come together are served by one statement, and a
//! backend counts as ended when the server no longer lists it.

mod actor;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;

use super::clock;
use super::dial::{SaltedPasswords, Target};
use super::simple::{Client, QueryError, Row};
use actor::Actor;

/// Longest attempt to connect.
const CONNECT_MAX: Duration = Duration::from_secs(5);

/// For so long after its login a backend is found by its process id alone. Systems give ids out in
/// sequence: none comes back so soon.
const NAMED_WITHIN_US: u64 = 5_000_000;
/// Most roles whose backends are known to be seen.
const ROLES_MAX: usize = 1_000;

/// One backend of the upstream.
#[derive(Debug)]
pub struct Backend {
    /// Its process id.
    pub pid: i32,
    /// When it started, once that was asked.
    started: OnceLock<i64>,
    /// CLOCK_BOOTTIME of its login, microseconds.
    since: u64,
}

/// A backend's process id, and when it started: microseconds since the epoch by the server's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Name {
    pid: i32,
    started: i64,
}

impl Backend {
    /// Of a login that was just completed.
    fn new(pid: i32) -> Self {
        Self { pid, started: OnceLock::new(), since: clock::boot() }
    }

    fn name(&self) -> Option<Name> {
        self.started.get().map(|&started| Name { pid: self.pid, started })
    }

    fn is_recent(&self) -> bool {
        clock::boot().saturating_sub(self.since) < NAMED_WITHIN_US
    }
}

/// Why a backend is not known by its name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ControlError {
    /// The connection is down, or went down.
    #[error("the control connection is down")]
    Down,
    /// The server does not show the backend, or not when it started.
    #[error("the control role does not see the session's backend: grant it pg_monitor")]
    Invisible,
}

/// A handle to one database's control connection. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Control {
    requests: mpsc::UnboundedSender<Request>,
    up: watch::Receiver<bool>,
    seen: Arc<Seen>,
    catalogue: Arc<Catalogue>,
}

/// The roles of which a backend was seen since the connection is up.
#[derive(Debug, Default)]
struct Seen(Mutex<BTreeSet<String>>);

impl Seen {
    fn roles(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// About a backend.
struct Request {
    backend: Arc<Backend>,
    wish: Wish,
}

/// What is to be done with it.
enum Wish {
    /// It is to be named; true once it is.
    Name(oneshot::Sender<bool>),
    /// The same; this is done if it can't be.
    NameOr(Box<dyn FnOnce() + Send>),
    /// It is to be ended; true once the server lists it no more.
    End(Option<oneshot::Sender<bool>>),
}

/// The second connection, for reading the catalogue: a long answer there must not delay an end.
#[derive(Debug)]
struct Catalogue {
    target: Arc<Target>,
    salted: Arc<SaltedPasswords>,
    client: tokio::sync::Mutex<Option<Client>>,
}

impl Control {
    /// Starts connecting, on the runtime of the caller, and goes on until the last handle is gone
    /// and nothing is left to be ended.
    #[must_use]
    pub fn start(target: Arc<Target>, salted: Arc<SaltedPasswords>) -> Self {
        let (requests, inbox) = mpsc::unbounded_channel();
        let (set_up, up) = watch::channel(false);
        let seen = Arc::new(Seen::default());
        let catalogue = Arc::new(Catalogue {
            target: Arc::clone(&target),
            salted: Arc::clone(&salted),
            client: tokio::sync::Mutex::new(None),
        });
        let actor = Actor::new(target, salted, inbox, set_up, Arc::clone(&seen));
        tokio::spawn(actor.run());
        Self { requests, up, seen, catalogue }
    }

    /// Whether the connection is up.
    #[must_use]
    pub fn is_up(&self) -> bool {
        *self.up.borrow()
    }

    /// Waits until the connection is up.
    pub async fn wait_up(&mut self) {
        let _ = self.up.wait_for(|up| *up).await;
    }

    /// The backend of a login as `role` that was just completed. The first of a role is looked
    /// up; of others it is known that they would be found.
    ///
    /// # Errors
    /// [`ControlError`]: the session can then not be admitted.
    pub async fn backend(&self, pid: i32, role: &str) -> Result<Arc<Backend>, ControlError> {
        let backend = Arc::new(Backend::new(pid));
        if self.seen.roles().contains(role) {
            return Ok(backend);
        }
        let (reply, answer) = oneshot::channel();
        self.ask(&backend, Wish::Name(reply))?;
        match answer.await {
            Ok(true) => {
                let mut roles = self.seen.roles();
                if roles.len() >= ROLES_MAX {
                    roles.clear();
                }
                roles.insert(role.to_owned());
                Ok(backend)
            }
            Ok(false) => Err(ControlError::Invisible),
            Err(_) => Err(ControlError::Down),
        }
    }

    /// Looks a backend up, so that it can be ended at any time. Where it is not found, and its
    /// session not over, `otherwise` is done.
    pub fn name(&self, backend: &Arc<Backend>, otherwise: Box<dyn FnOnce() + Send>) {
        if backend.name().is_none() {
            let _ = self.ask(backend, Wish::NameOr(otherwise));
        }
    }

    /// Ends a backend; resolves when the server lists it no more. False when it was given up.
    pub async fn end(&self, backend: &Arc<Backend>) -> bool {
        let (reply, answer) = oneshot::channel();
        let asked = self.ask(backend, Wish::End(Some(reply)));
        asked.is_ok() && answer.await.unwrap_or(false)
    }

    /// Ends a backend without waiting.
    pub fn end_soon(&self, backend: &Arc<Backend>) {
        let _ = self.ask(backend, Wish::End(None));
    }

    fn ask(&self, backend: &Arc<Backend>, wish: Wish) -> Result<(), ControlError> {
        let request = Request { backend: Arc::clone(backend), wish };
        self.requests.send(request).map_err(|_| ControlError::Down)
    }

    /// Rows of a statement on the catalogue connection, which is opened at first use and again
    /// when it was lost.
    ///
    /// # Errors
    /// The statement's error, or why there is no connection.
    pub async fn rows(&self, sql: &str) -> Result<Vec<Row>, QueryError> {
        let catalogue = &self.catalogue;
        let mut slot = catalogue.client.lock().await;
        // Taken out: if this future is dropped halfway, so is the connection, and the next
        // caller does not read the rest of this answer.
        let mut client = match slot.take() {
            Some(client) => client,
            None => {
                let target = &catalogue.target;
                let role = &target.database.control;
                let connecting = Client::connect(target, role, &catalogue.salted, "60s");
                let connected = timeout(CONNECT_MAX, connecting).await;
                let connected =
                    connected.map_err(|_| QueryError::Lost("no answer while connecting".into()))?;
                connected.map_err(|problem| QueryError::Lost(problem.to_string()))?
            }
        };
        let result = client.rows(sql).await;
        if !matches!(result, Err(QueryError::Lost(_))) {
            *slot = Some(client);
        }
        result
    }
}

impl crate::catalog::Query for Control {
    type Error = QueryError;

    async fn rows(&self, sql: &str) -> Result<Vec<Row>, QueryError> {
        Self::rows(self, sql).await
    }
}
