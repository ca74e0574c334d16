//! `pgward serve`: puts the parts together in the order in which they depend on each other, and
//! waits for signals. SIGTERM and SIGINT drain (a second one ends at once), SIGHUP reads the
//! configuration and the certificates again.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::Common;
use super::adapters::{Sight, Watch};
use super::alerting::Alerting;
use super::journal::Journal;
use super::output::{Failure, say};
use super::rights::chain;
use crate::admin::givable::Upstreams;
use crate::admin::reading::Readings;
use crate::admin::{Clerk, Record, door, health, local, socket};
use crate::alerts::Alerts;
use crate::audit::{AdminStream, Log};
use crate::catalog::Catalogues;
use crate::config::{Config, ParserDisagreement, Problem};
use crate::grants::live::Uses;
use crate::grants::{Ledger, Sqlite};
use crate::net::{Server, ServerParts, StartError, clock};
use crate::policy::JudgeSettings;
use crate::telemetry::{self, Metrics};

/// Threads of the admin side; sessions have their own.
const ADMIN_THREADS: usize = 2;

/// How often expired grants are looked for and waiting records are written.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

/// How long what is under way on the admin side may hold up the end.
const END_WITHIN: Duration = Duration::from_secs(1);

/// How often a server that isn't ready yet is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(200);

const SIGNALS: &str = "\
Signals:
  SIGHUP            read the configuration and the certificates again, for what begins from then
                    on; a file with problems is reported and changes nothing. Addresses, store,
                    audit and admin socket need a restart
  SIGTERM, SIGINT   accept no more clients, wait listen.drain_timeout for sessions to end, then
                    end them; a second one ends at once
  SIGKILL           loses no record that a statement was forwarded for

Environment:
  PGWARD_CONFIG     the configuration file, instead of --config
  PGWARD_LOG        the program's own log on stderr: error, warn, info, debug, trace, json

The server is ready when it prints \"pgward is ready\" and /readyz answers 200. A database that
can't be reached, or whose roles could do too much, takes no sessions until that is mended; the
log says why.";

#[derive(Debug, clap::Args)]
#[command(after_help = SIGNALS)]
pub(super) struct Args {}

/// A running server with everything around it.
struct House {
    path: PathBuf,
    config: Arc<ArcSwap<Config>>,
    server: Arc<Server>,
    journal: Arc<Journal>,
    alerting: Arc<Alerting>,
    metrics: Arc<Metrics>,
    draining: Arc<AtomicBool>,
    _sweeping: Sweeping,
    /// Removes the admin socket at the end.
    place: socket::Place,
}

/// Serves until a signal ends it.
pub(super) fn run(_args: &Args, common: &Common) -> Result<(), Failure> {
    telemetry::log::init().map_err(|error| {
        Failure::new(chain(&error)).hint("for example PGWARD_LOG=info, PGWARD_LOG=json,debug")
    })?;
    let config = Config::load(&common.config).map_err(|problems| {
        let count = problems.0.len();
        let s = if count == 1 { "" } else { "s" };
        say(&problems.to_string());
        Failure::new(format!("{count} problem{s} in the configuration; nothing was started"))
            .hint("pgward config check also connects to the databases")
    })?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(ADMIN_THREADS)
        .thread_name("admin")
        .enable_all()
        .build()
        .map_err(|error| Failure::new(format!("no runtime: {error}")))?;
    let result = runtime.block_on(async {
        let mut signals = Signals::new()?;
        let house = House::open(config, &common.config).await?;
        house.live(&mut signals).await;
        Ok(())
    });
    // What still waits (an admin request, a scrape) must not hold up the end.
    runtime.shutdown_timeout(END_WITHIN);
    result
}

impl House {
    async fn open(config: Config, path: &Path) -> Result<Self, Failure> {
        let log = Log::open(&config.audit).map_err(|error| {
            Failure::new(chain(&error))
                .hint("let audit.directory name a directory that pgward may write to")
        })?;
        let store = Sqlite::open(&config.store.path)
            .map_err(|error| Failure::new(chain(&error)).hint(error.remedy()))?;
        let ledger = Ledger::open(Box::new(store), clock::now().wall)
            .map_err(|error| Failure::new(chain(&error)).hint(error.remedy()))?;
        let metrics = Metrics::new().map_err(|error| Failure::new(chain(&error)))?;
        let (log, ledger, metrics) = (Arc::new(log), Arc::new(ledger), Arc::new(metrics));
        let catalogues = Arc::new(Catalogues::new(Arc::new(judging(&config, path)?)));
        let everybody = !config.admin.operators.is_empty();
        let (listener, place) = socket::bind(&config.admin.socket, everybody)
            .map_err(|error| Failure::new(chain(&error)).hint(error.remedy()))?;
        let remote = bind_admin(&config).await?;
        let scraped = bind_metrics(&config).await?;
        let config = Arc::new(config);
        let server = Server::start(ServerParts {
            config: Arc::clone(&config),
            grants: ledger.live(),
            log: Arc::clone(&log),
            metrics: Arc::clone(&metrics),
            catalogues: Arc::clone(&catalogues),
        });
        let server = Arc::new(
            server.await.map_err(|error| Failure::new(chain(&error)).hint(remedy(&error)))?,
        );
        let journal = AdminStream::new(Arc::clone(&log));
        let journal = Arc::new(Journal::new(journal, Arc::clone(&metrics)));
        let alerting = Alerting {
            journal: Arc::clone(&journal),
            alerts: Alerts::start(&config.alerts, log.node(), Arc::clone(&metrics))
                .map_err(|error| Failure::new(chain(&error)).hint("correct alerts.webhooks"))?,
            watch: Mutex::default(),
            live: ledger.live(),
            registry: server.registry(),
            metrics: Arc::clone(&metrics),
            log: Arc::clone(&log),
        };
        let alerting = Arc::new(alerting);
        let config = Arc::new(ArcSwap::new(config));
        let clerk = Arc::new(Clerk {
            config: Arc::clone(&config),
            ledger: Arc::clone(&ledger),
            sessions: Arc::new(Sight::new(server.registry())),
            catalogues: Arc::clone(&catalogues),
            upstreams: Arc::clone(&server) as Arc<dyn Upstreams>,
            record: Arc::clone(&alerting) as Arc<dyn Record>,
            clock: || clock::now().wall,
            busy: Mutex::default(),
            readings: Readings::default(),
        });
        let uses: Weak<dyn Uses> = Arc::downgrade(&(Arc::clone(&ledger) as Arc<dyn Uses>));
        ledger.live().set_uses(uses);
        let draining = Arc::new(AtomicBool::new(false));
        let vitals = Arc::new(Watch {
            server: Arc::clone(&server),
            metrics: Arc::clone(&metrics),
            catalogues,
            config: Arc::clone(&config),
            live: ledger.live(),
            log,
            draining: Arc::clone(&draining),
            scraping: Mutex::default(),
        });
        tokio::spawn(local::serve_socket(listener, Arc::clone(&clerk)));
        if let Some(listener) = remote {
            tokio::spawn(door::serve_address(listener, Arc::clone(&clerk)));
        }
        if let Some(listener) = scraped {
            tokio::spawn(health::serve(listener, vitals));
        }
        let sweeping = Sweeping::start(clerk, Arc::clone(&alerting));
        let _sweeping = sweeping.map_err(|error| Failure::new(format!("no thread: {error}")))?;
        let path = path.to_owned();
        metrics.config_reloaded(Some(seconds()));
        Ok(Self { path, config, server, journal, alerting, metrics, draining, _sweeping, place })
    }

    /// Until a signal ends it.
    async fn live(&self, signals: &mut Signals) {
        let mut ready = self.server.ready();
        if ready {
            self.announce("is ready");
        } else {
            tracing::warn!("not every database is served yet: see above, and /readyz");
            self.announce("listens");
        }
        loop {
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY), if !ready => {
                    ready = self.server.ready();
                    if ready {
                        self.announce("is ready");
                    }
                }
                _ = signals.reload.recv() => self.reload().await,
                () = signals.ending.one() => break,
            }
        }
        self.draining.store(true, Ordering::Relaxed);
        let patience = self.config.load().listen.drain_timeout;
        tracing::info!(?patience, "draining; a second signal ends at once");
        tokio::select! {
            () = self.server.drain(patience) => tracing::info!("drained"),
            () = signals.ending.one() => tracing::warn!("ended without waiting for sessions"),
        }
        if let Err(error) = self.journal.catch_up() {
            tracing::error!(error = chain(&error), "acts of operators are not all on record");
        }
    }

    /// Says where everything is.
    fn announce(&self, state: &str) {
        let config = self.config.load();
        let names: Vec<&str> = config.databases.keys().map(String::as_str).collect();
        let metrics = config.metrics.address.map_or_else(|| "off".to_owned(), |at| at.to_string());
        say(&format!(
            "pgward {state}: clients at {}, databases {}, metrics at {metrics}, admin socket {}",
            self.server.address(),
            names.join(", "),
            config.admin.socket.display(),
        ));
    }

    /// Reads the configuration again. Nothing changes unless all of it can be used.
    async fn reload(&self) {
        let result = self.try_reload().await;
        let problems = result.err().unwrap_or_default();
        if problems.is_empty() {
            tracing::info!(file = %self.path.display(), "configuration reloaded");
        } else {
            for problem in &problems {
                tracing::error!(problem, "configuration not reloaded; the old one stays");
            }
            self.metrics.config_reloaded(None);
        }
        if let Err(error) = self.journal.reloaded(&problems) {
            tracing::error!(error = chain(&error), "the reload is not on record");
        }
    }

    async fn try_reload(&self) -> Result<(), Vec<String>> {
        let words = |problems: &[Problem]| problems.iter().map(ToString::to_string).collect();
        let new =
            Config::load(&self.path).map_err(|problems| -> Vec<String> { words(&problems.0) })?;
        let fixed = needs_restart(&self.config.load(), &new);
        if !fixed.is_empty() {
            return Err(fixed);
        }
        let new = Arc::new(new);
        let everybody = !new.admin.operators.is_empty();
        door::server_tls(new.admin.tls.as_ref())
            .map_err(|error| vec![format!("admin.tls: {}", chain(&error))])?;
        self.server.reload(Arc::clone(&new)).await?;
        self.place.open_to(everybody);
        self.alerting.alerts.reload(&new.alerts).map_err(|error| vec![chain(&error)])?;
        self.config.store(new);
        self.metrics.config_reloaded(Some(seconds()));
        Ok(())
    }
}

/// What changed that only a restart can change.
fn needs_restart(old: &Config, new: &Config) -> Vec<String> {
    let changed = [
        ("listen.address", old.listen.address != new.listen.address),
        ("store.url", old.store.path != new.store.path),
        ("audit.directory", old.audit.directory != new.audit.directory),
        ("audit.sync", old.audit.sync != new.audit.sync),
        ("audit.parameters", old.audit.parameters != new.audit.parameters),
        ("audit.rotate_bytes", old.audit.rotate_bytes != new.audit.rotate_bytes),
        ("admin.socket", old.admin.socket != new.admin.socket),
        ("admin.address", old.admin.address != new.admin.address),
        ("metrics.address", old.metrics.address != new.metrics.address),
    ];
    let changed = changed.iter().filter(|(_, changed)| *changed);
    changed.map(|(key, _)| format!("{key}: it changes only with a restart of the server")).collect()
}

fn judging(config: &Config, path: &Path) -> Result<JudgeSettings, Failure> {
    let policy = &config.policy;
    let refuses = policy.parser_disagreement == ParserDisagreement::Refuse;
    let settings = JudgeSettings::new(&policy.allow_functions, &policy.refuse_functions, refuses);
    let settings = settings.map_err(|error| {
        Failure::new(format!("{}: policy: {}", path.display(), chain(&error)))
            .hint("correct policy.allow_functions and policy.refuse_functions")
    })?;
    Ok(settings.require_where(policy.require_where))
}

/// What to do about a server that doesn't start.
fn remedy(error: &StartError) -> &'static str {
    match error {
        StartError::Settings(_) => "correct these files: pgward config check looks at them too",
        StartError::Listen { source, .. } => match source.kind() {
            ErrorKind::AddrInUse => "stop what listens there, or choose another listen.address",
            ErrorKind::PermissionDenied => "choose a port from 1024 up in listen.address",
            _ => "let listen.address name an address of this machine",
        },
        StartError::Start(_) => "look at the limits of this user on processes and open files",
    }
}

/// The address of the API, with its certificate and key looked at.
async fn bind_admin(config: &Config) -> Result<Option<tokio::net::TcpListener>, Failure> {
    let Some(address) = config.admin.address else { return Ok(None) };
    door::server_tls(config.admin.tls.as_ref()).map_err(|error| {
        Failure::new(format!("admin.tls: {}", chain(&error))).hint("correct these files")
    })?;
    let bound = tokio::net::TcpListener::bind(address).await.map_err(|error| {
        Failure::new(format!("the API can't be served at {address}: {error}"))
            .hint("choose another admin.address, or \"off\"")
    });
    Ok(Some(bound?))
}

async fn bind_metrics(config: &Config) -> Result<Option<tokio::net::TcpListener>, Failure> {
    let Some(address) = config.metrics.address else { return Ok(None) };
    let bound = health::bind(address).await.map_err(|error| {
        Failure::new(format!("metrics can't be served at {address}: {error}"))
            .hint("choose another metrics.address, or \"off\"")
    });
    Ok(Some(bound?))
}

/// A thread that ends what has run out of time and writes what waits, until this is dropped. Not a
/// task: a runtime's timer wakes several times for each time it is to fire.
struct Sweeping {
    going: Option<Sender<()>>,
    gone: Receiver<()>,
}

impl Sweeping {
    fn start(clerk: Arc<Clerk>, alerting: Arc<Alerting>) -> std::io::Result<Self> {
        let (going, ended) = channel();
        let (held, gone) = channel::<()>();
        let runtime = tokio::runtime::Handle::current();
        std::thread::Builder::new().name("pgward-clerk".to_owned()).spawn(move || {
            let _held = held;
            loop {
                let begun = clock::now();
                runtime.block_on(sweep(&clerk, &alerting));
                let took = Duration::from_micros(clock::now().since(begun));
                let rest = SWEEP_EVERY.saturating_sub(took);
                if ended.recv_timeout(rest) != Err(RecvTimeoutError::Timeout) {
                    if let Err(error) = clerk.ledger.settle(clock::now().wall) {
                        tracing::error!(error = chain(&error), "the store is not up to date");
                    }
                    return;
                }
            }
        })?;
        Ok(Self { going: Some(going), gone })
    }
}

impl Drop for Sweeping {
    /// Waits for what it is at, not for a disk that hangs.
    fn drop(&mut self) {
        drop(self.going.take());
        let _ = self.gone.recv_timeout(END_WITHIN);
    }
}

async fn sweep(clerk: &Arc<Clerk>, alerting: &Alerting) {
    clerk.sweep().await;
    if let Err(error) = alerting.journal.catch_up() {
        tracing::error!(error = chain(&error), "acts of operators wait to be put on record");
    }
    alerting.look(clock::now().wall, &clerk.config.load().alerts);
}

/// Seconds since 1970, as Prometheus counts them.
#[expect(clippy::cast_precision_loss, reason = "Prometheus counts seconds in doubles")]
fn seconds() -> f64 {
    clock::now().wall as f64 / 1e6
}

/// Its number on every Linux that Rust runs on but MIPS.
const SIGXFSZ: i32 = 25;

struct Signals {
    reload: Signal,
    ending: Ending,
    /// A file grew over its limit (RLIMIT_FSIZE). Taken so that write(2) fails with EFBIG, which
    /// refuses statements, where the signal would end the process.
    _file_size: Signal,
}

/// The signals that end the server.
struct Ending {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> Result<Self, Failure> {
        let on = |kind| {
            signal(kind).map_err(|error| Failure::new(format!("no signals can be had: {error}")))
        };
        let ending = Ending {
            terminate: on(SignalKind::terminate())?,
            interrupt: on(SignalKind::interrupt())?,
        };
        let file_size = on(SignalKind::from_raw(SIGXFSZ))?;
        Ok(Self { reload: on(SignalKind::hangup())?, ending, _file_size: file_size })
    }
}

impl Ending {
    /// Waits for one of them.
    async fn one(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_needs_a_restart() {
        let config = |text: &str| crate::config::parse("t", text, Path::new("/"), &|_| None).config;
        let old = config("");
        assert!(needs_restart(&old, &config("[policy]\nmax_ttl = \"2h\"")).is_empty());
        let new = config(
            "[listen]\naddress = \"127.0.0.1:1\"\n[store]\nurl = \"sqlite:x\"\n[audit]\n\
             directory = \"x\"\nsync = \"fsync\"\nparameters = \"none\"\nrotate_bytes = \"never\"\n\
             [admin]\nsocket = \"x\"\n[metrics]\naddress = \"off\"",
        );
        assert_eq!(needs_restart(&old, &new).len(), 8);
    }
}
