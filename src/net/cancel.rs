//! CancelRequest: a key of ours leads to a session of ours, and to nothing else.
//!
//! A key that nobody has does nothing and takes the same time. The request that follows carries
//! the upstream's own key for that backend, which is random too: it cannot reach a backend that
//! serves somebody else by then.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::registry::CancelKey;
use super::shared::Shared;
use super::{clock, dial, event_loop};

/// Every request is answered (by closing) after this long; the upstream is usually done by then,
/// so a client that waits for the close does not hit its own next statement.
const ANSWERED_AFTER: Duration = Duration::from_millis(30);
/// Longest attempt to reach the upstream.
const REQUEST_WITHIN: Duration = Duration::from_secs(5);

/// Serves one request; the caller then closes the connection without a word.
pub(super) async fn serve(shared: &Arc<Shared>, client: IpAddr, key: CancelKey) {
    let answered = event_loop::sleep(ANSWERED_AFTER);
    if shared.cancels.take(client, clock::now()) {
        match shared.registry.to_cancel(&key) {
            Some(upstream) => {
                let shared = Arc::clone(shared);
                event_loop::spawn(async move {
                    let (target, address) = (&upstream.target, &upstream.address);
                    let pid = upstream.backend.pid;
                    let request = dial::cancel(target, address, pid, &upstream.key);
                    let outcome = match event_loop::timeout(REQUEST_WITHIN, request).await {
                        Ok(Ok(())) => "forwarded",
                        Ok(Err(_)) | Err(_) => "failed",
                    };
                    shared.metrics.cancel_request(outcome);
                });
            }
            None => shared.metrics.cancel_request("unknown_key"),
        }
    } else {
        shared.metrics.cancel_request("rate_limited");
    }
    answered.await;
}
