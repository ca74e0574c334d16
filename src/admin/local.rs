//! The admin socket's door: users of this machine, as the kernel says who they are. Each
//! connection has a place (`Crowd`), and no request may come slowly; whoever finds no place is
//! told so at once. An answer may take its time (who follows the audit log gets a long one): it
//! holds a place of its reader's own.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{UnixListener, UnixStream};

use super::api::routes;
use super::caller::Caller;
use super::clerk::Clerk;
use super::crowd::{Crowd, Kind, Place};
use super::forms::ErrorBody;
use super::peer::Peer;
use crate::config::Config;
use crate::net::clock;
use crate::net::limiter::Limiter;

/// Longest wait for the head of a request, the first and each that follows.
const HEAD_WITHIN: Duration = Duration::from_secs(10);
/// Longest head.
const HEAD_BYTES: usize = 64 * 1024;
/// Longest connection of somebody who may do nothing.
const STRANGERS_LAST: Duration = Duration::from_secs(10);
/// Pause after an accept that failed: file descriptors may come back.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);
/// A user who finds no place is in the log once in this time, microseconds.
const TOLD_EVERY_US: u64 = 60_000_000;

/// Serves users of this machine until the runtime ends.
pub async fn serve_socket(listener: UnixListener, clerk: Arc<Clerk>) {
    let state = Arc::clone(&clerk);
    let router = routes(Arc::clone(&clerk)).layer(middleware::from_fn_with_state(state, by_peer));
    let (crowd, told) = (Crowd::default(), Limiter::new(1, TOLD_EVERY_US));
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "the admin socket accepts nobody");
                tokio::time::sleep(ACCEPT_RETRY).await;
                continue;
            }
        };
        let peer = Peer::of(&stream);
        match admit(&crowd, &peer, &clerk.config.load()) {
            Some((place, lasts)) => {
                let router = router.clone();
                tokio::spawn(async move {
                    serve(stream, peer, router, lasts).await;
                    drop(place);
                });
            }
            None => {
                if told.take(peer.uid(), clock::now()) {
                    let who = peer.actor();
                    tracing::warn!(who, "has too many connections to the admin socket");
                }
                turn_away(&stream);
            }
        }
    }
}

/// A place for that user, and for how long where it is for a time.
fn admit(crowd: &Crowd, peer: &Peer, config: &Config) -> Option<(Place, Option<Duration>)> {
    if peer.is_owner() {
        return Some((crowd.enter(peer.uid(), Kind::Owner)?, None));
    }
    // Before anything is looked up.
    if crowd.of(peer.uid()) >= Kind::Operator.each() {
        return None;
    }
    if Caller::of_peer(peer, config).is_operator() {
        return Some((crowd.enter(peer.uid(), Kind::Operator)?, None));
    }
    Some((crowd.enter(peer.uid(), Kind::Stranger)?, Some(STRANGERS_LAST)))
}

async fn serve(stream: UnixStream, peer: Peer, router: Router, lasts: Option<Duration>) {
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer.clone()));
        router.call(request)
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    // How a connection ends is the client's to know.
    match lasts {
        Some(lasts) => drop(tokio::time::timeout(lasts, serving).await),
        None => drop(serving.await),
    }
}

/// Says why, where the connection takes it at once, and ends it.
fn turn_away(stream: &UnixStream) {
    let body = ErrorBody {
        error: "this user has too many connections to the admin socket".to_owned(),
        detail: None,
        hint: Some("end other pgward commands of this user, then try again".to_owned()),
    };
    let body = serde_json::to_string(&body).unwrap_or_default();
    let answer = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    let _ = stream.try_write(answer.as_bytes());
}

async fn by_peer(
    State(clerk): State<Arc<Clerk>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    mut request: Request,
    next: Next,
) -> Response {
    request.extensions_mut().insert(Caller::of_peer(&peer, &clerk.config.load()));
    next.run(request).await
}
