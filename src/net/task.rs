//! One client from accept to the end of its backend.

use std::net::{SocketAddr, TcpStream};
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use super::clock;
use super::event_loop;
use super::login::{self, Admitted};
use super::relay::{Ended, Relay};
use super::worker::{Arrival, Worker};
use crate::audit::{Record, SessionEnd};

/// How long the end of a backend is waited for before its session leaves the list.
const GONE_WITHIN: Duration = Duration::from_secs(30);

/// A part of a task that is over before, or begins after, what runs for every statement. Boxed,
/// so that an idle session does not carry the room for it, and of a type that is not known, so
/// that its code takes nothing of the stack and the caches of what runs in between.
type Part<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// Serves one client. Nothing that happens here ends more than this client.
pub(super) async fn serve(worker: Rc<Worker>, arrival: Arrival) {
    let Arrival { tcp, peer, counted } = arrival;
    if let Some(mut admitted) = admit(&worker, tcp, peer).await {
        let ended = admitted.relay.run().await;
        finish(&worker, admitted, ended).await;
    }
    drop(counted);
}

#[inline(never)]
fn admit(worker: &Rc<Worker>, tcp: TcpStream, peer: SocketAddr) -> Part<'_, Option<Admitted>> {
    Box::pin(async move {
        let mut admitting = pin!(login::admit(worker, tcp, peer));
        std::future::poll_fn(|context| {
            std::panic::catch_unwind(AssertUnwindSafe(|| admitting.as_mut().poll(context)))
                .unwrap_or_else(|_| {
                    worker.shared.metrics.session_panicked();
                    tracing::error!(client = %peer.ip(), "internal error in a login");
                    Poll::Ready(None)
                })
        })
        .await
    })
}

#[inline(never)]
fn finish(worker: &Worker, admitted: Admitted, ended: Ended) -> Part<'_, ()> {
    Box::pin(async move {
        let Admitted { relay, place, started } = admitted;
        record_end(worker, &relay, &ended, clock::now().since(started));
        if !ended.upstream_closed
            && let Some(backend) = place.entry.take_backend()
        {
            let gone = place.entry.control().end(&backend);
            if !event_loop::timeout(GONE_WITHIN, gone).await.unwrap_or(false) {
                tracing::error!(session = %place.entry.id, "the session's backend is not known to be gone");
            }
        }
        // It may have been called when it was over already.
        if let Some(cause) = place.entry.ending().filter(|cause| cause.word() == ended.reason) {
            let micros = u32::try_from(clock::now().since(ended.at)).unwrap_or(u32::MAX);
            let seconds = f64::from(micros) / 1e6;
            worker.shared.metrics.session_terminated(cause.word(), seconds);
        }
        drop(relay);
        drop(place);
    })
}

fn record_end(worker: &Worker, relay: &Relay, ended: &Ended, duration_us: u64) {
    let mut stream = worker.stream.borrow_mut();
    let end = SessionEnd {
        session: &relay.books.context,
        end_reason: ended.reason,
        detail: ended.detail.as_deref(),
        sqlstate: ended.sqlstate.as_deref(),
        duration_us,
        statements: relay.session.statements(),
    };
    stream.add_record(&Record::SessionEnd(end), clock::now());
    if !worker.commit(&mut stream, clock::boot()) {
        worker.note_waiting();
    }
}
