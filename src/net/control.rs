//! Per database one standing connection that can end backends: up before any session is
//! admitted, so that no session lives whose end could not be enforced.
//!
//! A backend is named by process id and start time: an id alone may belong to somebody else by
//! the time the statement runs. Requests that come together are served by one statement, and a
//! backend counts as ended when the server no longer lists it.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep, timeout};

use super::dial::{SaltedPasswords, Target};
use super::simple::{Client, QueryError, Row};

/// First pause before connecting again; it doubles up to [`RETRY_MAX`].
const RETRY_MIN: Duration = Duration::from_millis(100);
const RETRY_MAX: Duration = Duration::from_secs(1);
/// Longest attempt to connect.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// How often an idle connection is asked whether it is still there.
const PING_EVERY: Duration = Duration::from_secs(5);
/// Longest answer to a statement of the control connection.
const ANSWER_MAX: Duration = Duration::from_secs(5);
/// Pause between two looks at whether backends are gone.
const LOOK_EVERY: Duration = Duration::from_millis(25);
/// A backend that is still there after this long is reported and given up.
const GIVE_UP_AFTER: Duration = Duration::from_secs(30);
/// Most backends that one statement names.
const BATCH_MAX: usize = 512;

/// One backend of the upstream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Backend {
    /// Its process id.
    pub pid: i32,
    /// When it started, microseconds since the epoch by the server's clock.
    pub started: i64,
}

/// Why a backend's start is not known.
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
    catalogue: Arc<Catalogue>,
}

#[derive(Debug)]
enum Request {
    Learn { pid: i32, reply: oneshot::Sender<Option<i64>> },
    End { backend: Backend, reply: Option<oneshot::Sender<bool>> },
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
        let catalogue = Arc::new(Catalogue {
            target: Arc::clone(&target),
            salted: Arc::clone(&salted),
            client: tokio::sync::Mutex::new(None),
        });
        let actor = Actor {
            target,
            salted,
            inbox,
            up: set_up,
            learning: HashMap::new(),
            ending: HashMap::new(),
        };
        tokio::spawn(actor.run());
        Self { requests, up, catalogue }
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

    /// When the backend with that process id started.
    ///
    /// # Errors
    /// [`ControlError`]: the session can then not be admitted.
    pub async fn learn(&self, pid: i32) -> Result<Backend, ControlError> {
        let (reply, answer) = oneshot::channel();
        self.requests.send(Request::Learn { pid, reply }).map_err(|_| ControlError::Down)?;
        match answer.await {
            Ok(Some(started)) => Ok(Backend { pid, started }),
            Ok(None) => Err(ControlError::Invisible),
            Err(_) => Err(ControlError::Down),
        }
    }

    /// Ends a backend; resolves when the server lists it no more. False when it was given up.
    pub async fn end(&self, backend: Backend) -> bool {
        let (reply, answer) = oneshot::channel();
        let sent = self.requests.send(Request::End { backend, reply: Some(reply) });
        sent.is_ok() && answer.await.unwrap_or(false)
    }

    /// Ends a backend without waiting.
    pub fn end_soon(&self, backend: Backend) {
        let _ = self.requests.send(Request::End { backend, reply: None });
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

struct Actor {
    target: Arc<Target>,
    salted: Arc<SaltedPasswords>,
    inbox: mpsc::UnboundedReceiver<Request>,
    up: watch::Sender<bool>,
    learning: HashMap<i32, Vec<oneshot::Sender<Option<i64>>>>,
    ending: HashMap<Backend, Ending>,
}

#[derive(Debug)]
struct Ending {
    replies: Vec<oneshot::Sender<bool>>,
    give_up_at: Instant,
}

impl Actor {
    async fn run(mut self) {
        let mut pause = RETRY_MIN;
        loop {
            let target = Arc::clone(&self.target);
            let role = &target.database.control;
            let connecting = Client::connect(&target, role, &self.salted, "4s");
            let problem = match timeout(CONNECT_MAX, connecting).await {
                Ok(Ok(client)) => {
                    tracing::info!(database = %target.database.name, "control connection up");
                    pause = RETRY_MIN;
                    self.up.send_replace(true);
                    let Err(problem) = self.serve(client).await else { return };
                    problem.to_string()
                }
                Ok(Err(problem)) => problem.to_string(),
                Err(_) => "no answer while connecting".to_owned(),
            };
            self.up.send_replace(false);
            // Whoever waits to begin a session is told now; who waits for an end goes on waiting.
            self.learning.clear();
            let database = &target.database.name;
            tracing::warn!(%database, %problem, retry_ms = pause.as_millis(), "control connection down");
            if self.is_over() {
                return;
            }
            sleep(pause).await;
            pause = (pause * 2).min(RETRY_MAX);
        }
    }

    fn is_over(&self) -> bool {
        self.ending.is_empty() && self.inbox.is_closed()
    }

    /// Serves requests until the connection is lost (`Err`) or nobody wants anything (`Ok`).
    async fn serve(&mut self, mut client: Client) -> Result<(), QueryError> {
        loop {
            let wait = if self.ending.is_empty() { PING_EVERY } else { LOOK_EVERY };
            // What ends a connection that waits is seen at once, not by the next request.
            let next = async {
                tokio::select! {
                    request = self.inbox.recv() => Ok(request),
                    problem = client.lost() => Err(problem),
                }
            };
            let next = match timeout(wait, next).await {
                Ok(Ok(request)) => Ok(request),
                Ok(Err(problem)) => return Err(problem),
                Err(elapsed) => Err(elapsed),
            };
            match next {
                Ok(Some(request)) => {
                    self.take(request);
                    while let Ok(request) = self.inbox.try_recv() {
                        self.take(request);
                    }
                }
                // Every handle is gone: end what is to be ended, then stop.
                Ok(None) if self.ending.is_empty() => return Ok(()),
                Ok(None) => sleep(LOOK_EVERY).await,
                Err(_) if self.ending.is_empty() => {
                    answer(client.rows("SELECT 1")).await?;
                }
                Err(_) => {}
            }
            if !self.ending.is_empty() {
                self.end(&mut client).await?;
            }
            if !self.learning.is_empty() {
                self.learn(&mut client).await?;
            }
        }
    }

    fn take(&mut self, request: Request) {
        match request {
            Request::Learn { pid, reply } => self.learning.entry(pid).or_default().push(reply),
            Request::End { backend, reply } => {
                let ending = self.ending.entry(backend).or_insert_with(|| Ending {
                    replies: Vec::new(),
                    give_up_at: Instant::now() + GIVE_UP_AFTER,
                });
                ending.replies.extend(reply);
            }
        }
    }

    async fn learn(&mut self, client: &mut Client) -> Result<(), QueryError> {
        let sql = learn_sql(self.learning.keys().copied());
        let rows = answer(client.rows(&sql)).await?;
        let started: HashMap<i32, Option<i64>> = rows.iter().filter_map(backend_row).collect();
        for (pid, replies) in self.learning.drain() {
            let start = started.get(&pid).copied().flatten();
            for reply in replies {
                let _ = reply.send(start);
            }
        }
        Ok(())
    }

    /// Signals every backend that is to end, and lets go of those that are gone.
    async fn end(&mut self, client: &mut Client) -> Result<(), QueryError> {
        let asked: Vec<Backend> = self.ending.keys().copied().take(BATCH_MAX).collect();
        let rows = match answer(client.rows(&end_sql(&asked))).await {
            Ok(rows) => rows,
            Err(QueryError::Failed { sqlstate, message, .. }) => {
                tracing::error!(%sqlstate, %message, "the control role cannot end backends");
                sleep(LOOK_EVERY).await;
                return self.give_up();
            }
            Err(lost) => return Err(lost),
        };
        let there: Vec<Backend> = rows
            .iter()
            .filter_map(backend_row)
            .filter_map(|(pid, started)| Some(Backend { pid, started: started? }))
            .collect();
        for backend in asked {
            if !there.contains(&backend)
                && let Some(ending) = self.ending.remove(&backend)
            {
                for reply in ending.replies {
                    let _ = reply.send(true);
                }
            }
        }
        self.give_up()
    }

    fn give_up(&mut self) -> Result<(), QueryError> {
        let now = Instant::now();
        let late: Vec<Backend> = self
            .ending
            .iter()
            .filter(|(_, ending)| ending.give_up_at <= now)
            .map(|(backend, _)| *backend)
            .collect();
        for backend in late {
            tracing::error!(
                pid = backend.pid,
                "backend is still there after all attempts to end it"
            );
            if let Some(ending) = self.ending.remove(&backend) {
                for reply in ending.replies {
                    let _ = reply.send(false);
                }
            }
        }
        Ok(())
    }
}

/// Bounds the wait for an answer: a silent connection is a lost one.
async fn answer(
    rows: impl Future<Output = Result<Vec<Row>, QueryError>>,
) -> Result<Vec<Row>, QueryError> {
    timeout(ANSWER_MAX, rows)
        .await
        .unwrap_or_else(|_| Err(QueryError::Lost("no answer in time".to_owned())))
}

/// `backend_start` to the microsecond, as a number: no time zone or style has a say.
const STARTED: &str = "(pg_catalog.date_part('epoch', pg_catalog.date_trunc('second', a.backend_start))::int8 \
     OPERATOR(pg_catalog.*) 1000000 OPERATOR(pg_catalog.+) \
     pg_catalog.date_part('microseconds', a.backend_start)::int8 \
     OPERATOR(pg_catalog.%) 1000000)";

fn learn_sql(pids: impl Iterator<Item = i32>) -> String {
    let pids: Vec<String> = pids.map(|pid| pid.to_string()).collect();
    format!(
        "SELECT a.pid, {STARTED} FROM pg_catalog.pg_stat_activity a \
         WHERE a.pid OPERATOR(pg_catalog.=) ANY ('{{{}}}'::int4[])",
        pids.join(",")
    )
}

fn end_sql(backends: &[Backend]) -> String {
    let mut values = String::new();
    for backend in backends {
        let separator = if values.is_empty() { "" } else { "," };
        let _ = write!(values, "{separator}({}::int4,{}::int8)", backend.pid, backend.started);
    }
    format!(
        "SELECT a.pid, {STARTED}, pg_catalog.pg_terminate_backend(a.pid) \
         FROM pg_catalog.pg_stat_activity a JOIN (VALUES {values}) AS v(pid, started) \
         ON a.pid OPERATOR(pg_catalog.=) v.pid \
         AND {STARTED} OPERATOR(pg_catalog.=) v.started"
    )
}

fn backend_row(row: &Row) -> Option<(i32, Option<i64>)> {
    let pid = row.first()?.as_deref()?.parse().ok()?;
    Some((pid, row.get(1)?.as_deref().and_then(|text| text.parse().ok())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_name_backends_by_pid_and_start() {
        let sql = end_sql(&[Backend { pid: 7, started: 8 }, Backend { pid: 9, started: -1 }]);
        assert!(sql.contains("(VALUES (7::int4,8::int8),(9::int4,-1::int8))"), "{sql}");
        let sql = learn_sql([7, 9].into_iter());
        assert!(sql.contains("'{7,9}'::int4[]"), "{sql}");
    }

    #[test]
    fn rows_of_backends() {
        let row =
            |a: Option<&str>, b: Option<&str>| vec![a.map(str::to_owned), b.map(str::to_owned)];
        assert_eq!(backend_row(&row(Some("7"), Some("8"))), Some((7, Some(8))));
        assert_eq!(backend_row(&row(Some("7"), None)), Some((7, None)));
        assert_eq!(backend_row(&row(None, None)), None);
        assert_eq!(backend_row(&Vec::new()), None);
    }
}
