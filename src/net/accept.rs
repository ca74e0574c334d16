//! The listener: accepts, bounds, deals connections out to the least busy worker.
//!
//! It is a task of the first worker: on a thread of its own every connection would wake two
//! threads, and the first would only wake the second.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;

use super::shared::Shared;
use super::worker::{Arrival, Counted, Handle, Job};

/// Connections beyond `listen.max_sessions` that are still accepted, so that clients can be told
/// why there is no session, and cancel requests get through.
const SPARE: usize = 256;
/// Pause after an accept that failed (out of file descriptors).
const RETRY_AFTER: Duration = Duration::from_millis(50);

/// A worker as the listener sees it.
#[derive(Debug)]
struct Place {
    jobs: mpsc::UnboundedSender<Job>,
    load: Arc<AtomicUsize>,
}

/// A listener that accepts.
#[derive(Debug)]
pub(super) struct Accepting {
    listener: std::net::TcpListener,
    shared: Arc<Shared>,
    workers: Vec<Place>,
}

/// Begins to accept, until it is aborted.
///
/// # Errors
/// When no worker takes the listener.
pub(super) async fn start(
    listener: std::net::TcpListener,
    shared: &Arc<Shared>,
    workers: &[Handle],
) -> std::io::Result<AbortHandle> {
    let place =
        |handle: &Handle| Place { jobs: handle.jobs.clone(), load: Arc::clone(&handle.load) };
    let places: Vec<Place> = workers.iter().map(place).collect();
    let (begun, begins) = oneshot::channel();
    if let Some(first) = workers.first() {
        let accepting = Accepting { listener, shared: Arc::clone(shared), workers: places };
        let _ = first.jobs.send(Job::Accept(accepting, begun));
    }
    begins.await.map_err(std::io::Error::other)
}

impl Accepting {
    pub(super) async fn run(self) {
        let Self { listener, shared, workers } = self;
        let listener = match TcpListener::from_std(listener) {
            Ok(listener) => listener,
            Err(problem) => return tracing::error!(%problem, "no client can be accepted"),
        };
        loop {
            let (tcp, peer) = match listener.accept().await {
                Ok(accepted) => accepted,
                Err(problem) => {
                    tracing::warn!(%problem, "a connection could not be accepted");
                    shared.metrics.connection_failed("accept");
                    tokio::time::sleep(RETRY_AFTER).await;
                    continue;
                }
            };
            let sessions_max = shared.settings.load().config.listen.max_sessions;
            if shared.connections.load(Ordering::Relaxed) >= sessions_max.saturating_add(SPARE) {
                shared.metrics.connection_failed("too_many_connections");
                continue;
            }
            let Some(worker) = workers.iter().min_by_key(|w| w.load.load(Ordering::Relaxed)) else {
                return;
            };
            let counted = Counted::new(Arc::clone(&shared), Arc::clone(&worker.load));
            // The worker's own runtime registers it anew.
            if let Ok(tcp) = tcp.into_std()
                && worker.jobs.send(Job::Serve(Arrival { tcp, peer, counted })).is_err()
            {
                return;
            }
        }
    }
}
