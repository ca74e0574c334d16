//! What a control connection does: names backends and ends them, many by one statement, and comes
//! back when it was lost.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep, timeout};

use super::{CONNECT_MAX, Name, Request, Seen, Wish};
use crate::net::dial::{SaltedPasswords, Target};
use crate::net::simple::{Client, QueryError, Row};

/// First pause before connecting again; it doubles up to [`RETRY_MAX`].
const RETRY_MIN: Duration = Duration::from_millis(100);
const RETRY_MAX: Duration = Duration::from_secs(1);
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

/// One database's control connection.
pub(super) struct Actor {
    target: Arc<Target>,
    salted: Arc<SaltedPasswords>,
    inbox: mpsc::UnboundedReceiver<Request>,
    up: watch::Sender<bool>,
    seen: Arc<Seen>,
    /// Backends whose start is to be asked for.
    naming: Vec<Request>,
    ending: HashMap<Name, Ending>,
}

#[derive(Debug)]
struct Ending {
    replies: Vec<oneshot::Sender<bool>>,
    give_up_at: Instant,
}

impl Actor {
    /// One that is not connected yet, and says by `up` when it is.
    pub(super) fn new(
        target: Arc<Target>,
        salted: Arc<SaltedPasswords>,
        inbox: mpsc::UnboundedReceiver<Request>,
        up: watch::Sender<bool>,
        seen: Arc<Seen>,
    ) -> Self {
        Self { target, salted, inbox, up, seen, naming: Vec::new(), ending: HashMap::new() }
    }

    /// Goes on until the last handle is gone and nothing is left to be ended.
    pub(super) async fn run(mut self) {
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
            self.seen.roles().clear();
            // Whoever waits to begin a session is told now; who waits for an end goes on waiting.
            self.naming.retain(|request| !matches!(request.wish, Wish::Name(_)));
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
        self.is_idle() && self.inbox.is_closed()
    }

    /// Whether nothing is to be done.
    fn is_idle(&self) -> bool {
        self.ending.is_empty() && self.naming.is_empty()
    }

    /// Serves requests until the connection is lost (`Err`) or nobody wants anything (`Ok`).
    async fn serve(&mut self, mut client: Client) -> Result<(), QueryError> {
        loop {
            let wait = if self.is_idle() { PING_EVERY } else { LOOK_EVERY };
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
                Ok(None) if self.is_idle() => return Ok(()),
                Ok(None) => sleep(LOOK_EVERY).await,
                Err(_) if self.is_idle() => {
                    answer(client.rows("SELECT 1")).await?;
                }
                Err(_) => {}
            }
            if !self.naming.is_empty() {
                self.name(&mut client).await?;
            }
            if !self.ending.is_empty() {
                self.end(&mut client).await?;
            }
        }
    }

    fn take(&mut self, request: Request) {
        match (request.backend.name(), request.wish) {
            (None, wish) => self.naming.push(Request { backend: request.backend, wish }),
            (Some(name), wish) => self.grant(Some(name), wish),
        }
    }

    /// Does what was wished of a backend, now that it is known by its name, or cannot be (`None`).
    fn grant(&mut self, name: Option<Name>, wish: Wish) {
        match (wish, name) {
            (Wish::Name(reply), name) => {
                let _ = reply.send(name.is_some());
            }
            (Wish::NameOr(_), Some(_)) => {}
            (Wish::NameOr(otherwise), None) => {
                // Whoever logs in next is looked up first.
                self.seen.roles().clear();
                otherwise();
            }
            (Wish::End(reply), Some(name)) => {
                let ending = self.ending.entry(name).or_insert_with(|| Ending {
                    replies: Vec::new(),
                    give_up_at: Instant::now() + GIVE_UP_AFTER,
                });
                ending.replies.extend(reply);
            }
            (Wish::End(reply), None) => {
                tracing::error!("a backend that is to be ended cannot be found");
                if let Some(reply) = reply {
                    let _ = reply.send(false);
                }
            }
        }
    }

    /// Asks when backends started.
    async fn name(&mut self, client: &mut Client) -> Result<(), QueryError> {
        let all = std::mem::take(&mut self.naming);
        // An id that has waited too long may be another backend's, even one's asked for with it.
        let (recent, late) = all.into_iter().partition(|request| request.backend.is_recent());
        self.naming = recent;
        for Request { wish, .. } in late {
            self.grant(None, wish);
        }
        if self.naming.is_empty() {
            return Ok(());
        }
        let rows = answer(client.rows(&name_sql(&self.naming))).await?;
        let started: HashMap<i32, Option<i64>> = rows.iter().filter_map(backend_row).collect();
        for Request { backend, wish } in std::mem::take(&mut self.naming) {
            match (started.get(&backend.pid), wish) {
                (Some(Some(start)), wish) => {
                    let _ = backend.started.set(*start);
                    self.grant(backend.name(), wish);
                }
                // It has ended already.
                (None, Wish::End(reply)) => {
                    if let Some(reply) = reply {
                        let _ = reply.send(true);
                    }
                }
                (Some(None) | None, wish) => self.grant(None, wish),
            }
        }
        Ok(())
    }

    /// Signals every backend that is to end, and lets go of those that are gone.
    async fn end(&mut self, client: &mut Client) -> Result<(), QueryError> {
        let asked: Vec<Name> = self.ending.keys().copied().take(BATCH_MAX).collect();
        let rows = match answer(client.rows(&end_sql(&asked))).await {
            Ok(rows) => rows,
            Err(QueryError::Failed { sqlstate, message, .. }) => {
                tracing::error!(%sqlstate, %message, "the control role cannot end backends");
                sleep(LOOK_EVERY).await;
                return self.give_up();
            }
            Err(lost) => return Err(lost),
        };
        let there: Vec<Name> = rows
            .iter()
            .filter_map(backend_row)
            .filter_map(|(pid, started)| Some(Name { pid, started: started? }))
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
        let late: Vec<Name> = self
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

fn name_sql(requests: &[Request]) -> String {
    let pids: Vec<String> =
        requests.iter().map(|request| request.backend.pid.to_string()).collect();
    format!(
        "SELECT a.pid, {STARTED} FROM pg_catalog.pg_stat_activity a \
         WHERE a.pid OPERATOR(pg_catalog.=) ANY ('{{{}}}'::int4[])",
        pids.join(",")
    )
}

fn end_sql(backends: &[Name]) -> String {
    let mut values = String::new();
    for Name { pid, started } in backends {
        let separator = if values.is_empty() { "" } else { "," };
        let _ = write!(values, "{separator}({pid}::int4,{started}::int8)");
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
    use crate::net::control::Backend;

    #[test]
    fn statements_name_backends_by_pid_and_start() {
        let sql = end_sql(&[Name { pid: 7, started: 8 }, Name { pid: 9, started: -1 }]);
        assert!(sql.contains("(VALUES (7::int4,8::int8),(9::int4,-1::int8))"), "{sql}");
        let request = |pid| Request { backend: Arc::new(Backend::new(pid)), wish: Wish::End(None) };
        let sql = name_sql(&[request(7), request(9)]);
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
