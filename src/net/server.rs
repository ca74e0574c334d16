//! What `serve` starts, reloads and drains.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::control_thread::ControlThread;
use super::load::{Gauge, Gauges};
use super::pool::Pool;
use super::registry::{EndCause, Registry};
use super::shared::{Parts, Settings, Shared};
use super::sharing::Sharing;
use super::worker::{Handle, Worker};
use super::{accept, clock, keeper, stream};
use crate::audit::{self, Log};
use crate::catalog::Catalogues;
use crate::catalog::scope_roles::Givable;
use crate::config::{Config, ParserDisagreement};
use crate::grants::Live;
use crate::policy::{JudgeSettings, Scope};
use crate::telemetry::{Metrics, ServerConnections};

/// How often the registry is swept for sessions whose time is over, more than once a second, and how
/// workers share their processors is looked at (`sharing`).
const SWEEP_EVERY: Duration = Duration::from_millis(900);
/// How long starting waits for databases to be served before it listens all the same.
const SERVED_WITHIN: Duration = Duration::from_secs(5);
/// How long draining waits for workers to write their last records.
const WORKERS_WITHIN: Duration = Duration::from_secs(5);
/// Pause between two looks while waiting.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Threads for long statements, and how many of these may wait.
const POOL_THREADS: usize = 2;
const POOL_WAITING: usize = 64;
/// Least free space with which the audit log counts as writable.
const FREE_BYTES_MIN: u64 = 64 * 1024;

/// What a server is made of.
#[derive(Debug)]
pub struct ServerParts {
    /// The configuration.
    pub config: Arc<Config>,
    /// The grants as logins see them.
    pub grants: Arc<Live>,
    /// The audit log.
    pub log: Arc<Log>,
    /// The metrics.
    pub metrics: Arc<Metrics>,
    /// The upstreams' catalogues; the server keeps them fresh.
    pub catalogues: Arc<Catalogues>,
}

/// Why a server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Certificates, keys or roots that cannot be used.
    #[error("{}", .0.join("; "))]
    Settings(Vec<String>),
    /// The address is taken, or not ours.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// `listen.address`
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// Threads or runtimes that cannot be made.
    #[error("cannot start: {0}")]
    Start(#[from] std::io::Error),
}

/// A running server. Sessions, the listener and the control connections run on threads of their
/// own.
#[derive(Debug)]
pub struct Server {
    shared: Arc<Shared>,
    address: SocketAddr,
    workers: Mutex<Vec<Handle>>,
    /// Dropped to stop the listener; closed when that has ended.
    listener: Mutex<Option<oneshot::Sender<()>>>,
    /// Dropped to end the sweeps.
    _sweeping: Sender<()>,
}

impl Server {
    /// Starts workers, control connections and the listener.
    ///
    /// Waits a few seconds for every database to be served; one that is not by then refuses
    /// sessions (57P03) until it is.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn start(parts: ServerParts) -> Result<Self, StartError> {
        let ServerParts { config, grants, log, metrics, catalogues } = parts;
        raise_file_limit();
        let wanted = config.listen.address;
        let settings = Settings::new(config).map_err(StartError::Settings)?;
        let pool = Pool::start(POOL_THREADS, POOL_WAITING)?;
        let control_thread = ControlThread::start()?;
        let parts = Parts { settings, grants, log, metrics, catalogues, pool, control_thread };
        let shared = Arc::new(Shared::new(parts));
        let listening = TcpListener::bind(wanted).await;
        let listener =
            listening.map_err(|source| StartError::Listen { address: wanted, source })?;
        let address = listener.local_addr()?;
        for (name, target) in &shared.settings.load().targets {
            shared.controls.insert(name.clone(), keeper::keep(&shared, target));
        }
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let (workers, gauges, sharings): (Vec<Handle>, Vec<Gauge>, Vec<Sharing>) = (0..cores)
            .map(|index| Worker::start(index, Arc::clone(&shared)))
            .collect::<Result<_, _>>()?;
        let sweeping = start_sweeping(Arc::clone(&shared.registry), sharings)?;
        wait_served(&shared).await;
        let listener = listener.into_std()?;
        stream::tune_listener(&listener)?;
        let listener = accept::start(listener, &shared, &workers, Gauges::new(gauges))?;
        tracing::info!(%address, workers = cores, "listening");
        let (workers, listener) = (Mutex::new(workers), Mutex::new(Some(listener)));
        Ok(Self { shared, address, workers, listener, _sweeping: sweeping })
    }

    /// Where it listens; tells the port where the configuration says 0.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Every live session.
    #[must_use]
    pub fn registry(&self) -> Arc<Registry> {
        Arc::clone(&self.shared.registry)
    }

    /// Whether sessions with these scopes could begin in a database; answers within seconds.
    pub async fn can_give(&self, database: &str, scopes: &[Scope]) -> Givable {
        self.shared.can_give(database, scopes).await
    }

    /// Whether every database is served, the audit log can be written, and clients are accepted.
    #[must_use]
    pub fn ready(&self) -> bool {
        !self.shared.is_draining()
            && lock(&self.listener).as_ref().is_some_and(|stop| !stop.is_closed())
            && all_served(&self.shared)
            && audit_is_writable(&self.shared.log)
    }

    /// Takes a new configuration for what begins from now on; sessions keep theirs. If anything
    /// in it cannot be used, nothing of it is. `listen.address` takes effect at the next start.
    ///
    /// # Errors
    /// Every problem, in words.
    pub async fn reload(&self, config: Arc<Config>) -> Result<(), Vec<String>> {
        let policy = &config.policy;
        let refuses = policy.parser_disagreement == ParserDisagreement::Refuse;
        let judging =
            JudgeSettings::new(&policy.allow_functions, &policy.refuse_functions, refuses)
                .map(|settings| settings.require_where(policy.require_where));
        let (settings, judging) = match (Settings::new(Arc::clone(&config)), judging) {
            (Ok(settings), Ok(judging)) => (settings, judging),
            (settings, judging) => {
                let mut problems = settings.err().unwrap_or_default();
                problems.extend(judging.err().map(|problem| format!("policy: {problem}")));
                self.shared.metrics.config_reloaded(None);
                return Err(problems);
            }
        };
        if config.listen.address != self.shared.settings.load().config.listen.address {
            tracing::warn!("listen.address takes effect at the next start");
        }
        let settings = Arc::new(settings);
        self.renew_controls(&settings.targets).await;
        self.shared.settings.store(settings);
        self.shared.catalogues.set_settings(Arc::new(judging));
        #[expect(clippy::cast_precision_loss, reason = "Prometheus counts seconds in doubles")]
        self.shared.metrics.config_reloaded(Some((clock::now().wall / 1_000_000) as f64));
        Ok(())
    }

    /// New control connections take the place of old ones when they are up, so that reloading
    /// turns nobody away. Sessions keep the connection that they began with.
    async fn renew_controls(&self, targets: &BTreeMap<String, Arc<super::dial::Target>>) {
        let mut kept = Vec::new();
        for (name, target) in targets {
            kept.push((name.clone(), keeper::keep(&self.shared, target)));
        }
        for (_, controlled) in &kept {
            let mut control = controlled.control.clone();
            let _ = tokio::time::timeout(SERVED_WITHIN, control.wait_up()).await;
        }
        let gone: Vec<String> = self
            .shared
            .controls
            .iter()
            .map(|entry| entry.key().clone())
            .filter(|name| !targets.contains_key(name))
            .collect();
        for name in gone {
            self.shared.controls.remove(&name);
            self.shared.catalogues.remove(&name);
        }
        for (name, controlled) in kept {
            self.shared.controls.insert(name, controlled);
        }
    }

    /// Sets the metrics of what there is now: connections by state, and the log's free space.
    pub fn measure(&self) {
        let mut clients: BTreeMap<&'static str, i64> = BTreeMap::new();
        let mut servers: BTreeMap<(Arc<str>, &'static str), i64> = BTreeMap::new();
        for ((database, state), count) in self.shared.registry.census() {
            let state = match state {
                "idle in transaction" | "idle in transaction (aborted)" => "idle_in_transaction",
                other => other,
            };
            *clients.entry(state).or_default() += count.sessions;
            if count.backends > 0 {
                *servers.entry((database, state)).or_default() += count.backends;
            }
        }
        for entry in &self.shared.controls {
            if entry.value().control.is_up() {
                *servers.entry((entry.key().as_str().into(), "control")).or_default() += 1;
            }
        }
        let clients: Vec<(&'static str, i64)> = clients.into_iter().collect();
        let servers: Vec<ServerConnections<'_>> = servers
            .iter()
            .map(|((database, state), count)| ServerConnections { database, state, count: *count })
            .collect();
        self.shared.metrics.set_connections(&clients, &servers);
        if let Some(free) = self.shared.log.free_bytes() {
            self.shared.metrics.set_audit_free_bytes(free);
        }
    }

    /// Accepts no more clients, waits for sessions to end by themselves, then ends them, and
    /// returns when the last record is written.
    pub async fn drain(&self, patience: Duration) {
        self.shared.draining.store(true, Ordering::Relaxed);
        lock(&self.listener).take();
        let until = Instant::now() + patience;
        while self.shared.connections.load(Ordering::Relaxed) > 0 && Instant::now() < until {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        let report = self.shared.registry.end_all(EndCause::Shutdown).await;
        if report.sessions_ended > 0 {
            tracing::warn!(sessions = report.sessions_ended, "sessions ended by shutdown");
        }
        let handles = std::mem::take(&mut *lock(&self.workers));
        let threads: Vec<_> = handles.into_iter().map(|handle| handle.thread).collect();
        let joined = tokio::task::spawn_blocking(move || {
            for thread in threads {
                let _ = thread.join();
            }
        });
        if tokio::time::timeout(WORKERS_WITHIN, joined).await.is_err() {
            tracing::error!("a worker did not end in time; its last records may be missing");
        }
        self.shared.controls.clear();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether every configured database takes sessions.
fn all_served(shared: &Shared) -> bool {
    let settings = shared.settings.load();
    settings.targets.keys().all(|name| {
        shared.catalogues.is_loaded(name)
            && shared.control(name).is_some_and(|control| control.is_up())
    })
}

async fn wait_served(shared: &Shared) {
    let until = Instant::now() + SERVED_WITHIN;
    while !all_served(shared) && Instant::now() < until {
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn audit_is_writable(log: &Log) -> bool {
    let path = log.directory().join(audit::log::FILE_NAME);
    let opens = std::fs::OpenOptions::new().append(true).open(path).is_ok();
    opens && log.free_bytes().is_none_or(|free| free >= FREE_BYTES_MIN)
}

/// Ends what is over, and looks at how workers share their processors, on a thread of its own until
/// what this gives is dropped. A plain thread: a runtime's timer wakes several times for each time it
/// is to fire.
fn start_sweeping(
    registry: Arc<Registry>,
    mut sharings: Vec<Sharing>,
) -> std::io::Result<Sender<()>> {
    let (sweeping, ended) = channel();
    std::thread::Builder::new().name("pgward-sweep".to_owned()).spawn(move || {
        while ended.recv_timeout(SWEEP_EVERY) == Err(RecvTimeoutError::Timeout) {
            registry.sweep(clock::now());
            sharings.iter_mut().for_each(Sharing::look);
        }
    })?;
    Ok(sweeping)
}

/// Two file descriptors a session: the soft limit of 1024 that many systems start programs with
/// would be reached by 500.
fn raise_file_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
        if let Err(problem) = setrlimit(Resource::Nofile, raised) {
            tracing::warn!(%problem, "the limit of open files cannot be raised");
        }
    }
}
