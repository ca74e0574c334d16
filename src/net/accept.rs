//! The listener: accepts, bounds, deals connections out to the least busy worker.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::shared::Shared;
use super::worker::{Arrival, Counted, Handle};

/// Connections beyond `listen.max_sessions` that are still accepted, so that clients can be told
/// why there is no session, and cancel requests get through.
const SPARE: usize = 256;
/// Pause after an accept that failed (out of file descriptors).
const RETRY_AFTER: Duration = Duration::from_millis(50);

/// A worker as the listener sees it.
#[derive(Debug, Clone)]
pub(super) struct Place {
    arrivals: mpsc::UnboundedSender<Arrival>,
    load: Arc<AtomicUsize>,
}

impl From<&Handle> for Place {
    fn from(handle: &Handle) -> Self {
        Self { arrivals: handle.arrivals.clone(), load: Arc::clone(&handle.load) }
    }
}

/// Accepts until it is aborted.
pub(super) async fn accept(listener: TcpListener, shared: Arc<Shared>, workers: Vec<Place>) {
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
        // The other runtime registers it anew.
        if let Ok(tcp) = tcp.into_std()
            && worker.arrivals.send(Arrival { tcp, peer, counted }).is_err()
        {
            return;
        }
    }
}
