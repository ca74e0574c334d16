//! The listener: accepts, bounds, deals connections out to the workers by their load.
//!
//! It is a task of the first worker: on a thread of its own every connection would wake two
//! threads, and the first would only wake the second.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::clock;
use super::event_loop::{Listener, sleep};
use super::load::{Gauges, Load};
use super::shared::Shared;
use super::worker::{Arrival, Counted, Handle, Job};

/// Connections beyond `listen.max_sessions` that are still accepted, so that clients can be told
/// why there is no session, and cancel requests get through.
const SPARE: usize = 256;
/// Clients accepted before others have their turns.
const IN_A_ROW: u64 = 8;
/// Pause after an accept that failed (out of file descriptors).
const RETRY_AFTER: Duration = Duration::from_millis(50);

/// A worker as the listener sees it.
#[derive(Debug)]
struct Place {
    jobs: mpsc::UnboundedSender<Job>,
    load: Arc<Load>,
}

/// A listener that accepts.
#[derive(Debug)]
pub(super) struct Accepting {
    listener: std::net::TcpListener,
    shared: Arc<Shared>,
    workers: Vec<Place>,
    gauges: Gauges,
    stop: oneshot::Receiver<()>,
}

/// Begins to accept, until what is given back is dropped. It is closed if nobody accepts.
///
/// # Errors
/// When no worker takes the listener.
pub(super) fn start(
    listener: std::net::TcpListener,
    shared: &Arc<Shared>,
    workers: &[Handle],
    mut gauges: Gauges,
) -> std::io::Result<oneshot::Sender<()>> {
    let place =
        |handle: &Handle| Place { jobs: handle.jobs.clone(), load: Arc::clone(&handle.load) };
    let places: Vec<Place> = workers.iter().map(place).collect();
    let (stopping, stop) = oneshot::channel();
    gauges.look(clock::now());
    let shared = Arc::clone(shared);
    let accepting = Accepting { listener, shared, workers: places, gauges, stop };
    let taken = workers.first().map(|first| first.jobs.send(Job::Accept(accepting)));
    if matches!(taken, Some(Ok(()))) {
        Ok(stopping)
    } else {
        Err(std::io::Error::other("no worker takes clients"))
    }
}

impl Accepting {
    pub(super) async fn run(self) {
        let Self { listener, shared, workers, mut gauges, mut stop } = self;
        let listener = match Listener::from_std(listener) {
            Ok(listener) => listener,
            Err(problem) => return tracing::error!(%problem, "no client can be accepted"),
        };
        for count in 1_u64.. {
            let accepted = tokio::select! {
                biased;
                _ = &mut stop => return,
                accepted = listener.accept() => accepted,
            };
            // However many wait, sessions of this worker get their turns in between.
            if count.is_multiple_of(IN_A_ROW) {
                tokio::task::yield_now().await;
            }
            let (tcp, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(problem) => {
                    tracing::warn!(%problem, "a connection could not be accepted");
                    shared.metrics.connection_failed("accept");
                    sleep(RETRY_AFTER).await;
                    continue;
                }
            };
            let sessions_max = shared.settings.load().config.listen.max_sessions;
            if shared.connections.load(Ordering::Relaxed) >= sessions_max.saturating_add(SPARE) {
                shared.metrics.connection_failed("too_many_connections");
                continue;
            }
            gauges.look(clock::now());
            let Some(worker) = workers.iter().min_by_key(|worker| worker.load.rank()) else {
                return;
            };
            let counted = Counted::new(Arc::clone(&shared), Arc::clone(&worker.load));
            if worker.jobs.send(Job::Serve(Arrival { tcp, peer, counted })).is_err() {
                return;
            }
        }
    }
}
