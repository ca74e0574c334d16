//! The door to the API over TLS: operators with a token. Users of this machine come in by the
//! admin socket (`local`).

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use axum::Extension;
use axum::extract::connect_info::Connected;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::serve::{IncomingStream, Listener};
use rustls::ServerConfig;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc};
use tokio_rustls::TlsAcceptor;

use super::api::{Failure, routes};
use super::caller::Caller;
use super::clerk::Clerk;
use super::guest::{Guest, Known, STRANGERS_LAST};
use super::seats::Seats;
use crate::auth::token::Token;
use crate::config::{Config, ListenTls};
use crate::net::event_loop::Socket;
use crate::net::limiter::Limiter;
use crate::net::stream::{Stream, tune};
use crate::net::{clock, tls};

/// Longest TLS handshake.
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(10);
/// Connections at once, whoever is behind them.
const CONNECTIONS_MAX: usize = 256;
/// Of these, of one operator; and of one address on which no operator is known.
const OPERATOR_MAX: usize = 32;
const STRANGERS_MAX: usize = 64;
/// Pause after an accept that failed: file descriptors may come back.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);
/// Wrong tokens of one address: so many at once, then one a second.
const FAILURES: u32 = 20;
const SECOND_US: u64 = 1_000_000;
/// Answer to a wrong token of an address that had too many, this much later.
const FAILURE_DELAY: Duration = Duration::from_secs(1);

/// Where operators with tokens come from, and whether one did.
#[derive(Debug, Clone)]
pub struct Remote(IpAddr, Known);

impl Connected<IncomingStream<'_, Front>> for Remote {
    fn connect_info(stream: IncomingStream<'_, Front>) -> Self {
        Self(stream.remote_addr().ip().to_canonical(), Arc::clone(stream.io().known()))
    }
}

type Failures = Arc<Limiter<IpAddr>>;
type Operators = Arc<Seats<String>>;

/// Serves operators with tokens at `listener` until the runtime ends.
///
/// # Errors
/// When certificate or key can't be used, or the listener fails for good.
pub async fn serve_address(listener: TcpListener, clerk: Arc<Clerk>) -> std::io::Result<()> {
    let front = Front::start(listener, Arc::clone(&clerk.config))?;
    let failures: Failures = Arc::new(Limiter::new(FAILURES, SECOND_US));
    let state = Arc::clone(&clerk);
    let service = routes(clerk)
        .layer(middleware::from_fn_with_state(state, by_token))
        .layer(Extension(failures))
        .layer(Extension(Operators::default()));
    axum::serve(front, service.into_make_service_with_connect_info::<Remote>()).await
}

async fn by_token(
    State(clerk): State<Arc<Clerk>>,
    Extension(failures): Extension<Failures>,
    Extension(seats): Extension<Operators>,
    ConnectInfo(Remote(address, known)): ConnectInfo<Remote>,
    mut request: Request,
    next: Next,
) -> Response {
    let operators = match clerk.operators().await {
        Ok(operators) => operators,
        Err(error) => return Failure::from(error).into_response(),
    };
    let given = request.headers().get(header::AUTHORIZATION);
    let given = given.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let token = given.and_then(|token| Token::parse(token).ok());
    // Every operator is compared, whichever matched before.
    let mut found = None;
    for operator in &operators {
        if token.as_ref().is_some_and(|token| operator.proves(token)) {
            found = Some(operator);
        }
    }
    let Some(operator) = found else {
        if !failures.take(address, clock::now()) {
            tokio::time::sleep(FAILURE_DELAY).await;
        }
        tracing::warn!(client = %address, "no operator by that token");
        return Failure::new(StatusCode::UNAUTHORIZED, "no operator by that token")
            .hint("set PGWARD_OPERATOR_TOKEN to the whole token that pgward operator create showed")
            .into_response();
    };
    if known.get().is_none() {
        let Some(seat) = seats.take(operator.name.clone(), OPERATOR_MAX) else {
            return too_many(&operator.name);
        };
        // At once by somebody else: then it is known, which is what counts.
        let _ = known.set(seat);
    }
    request.extensions_mut().insert(Caller::of_operator(operator));
    next.run(request).await
}

fn too_many(name: &str) -> Response {
    let what = format!("op:{name} has {OPERATOR_MAX} connections already");
    let failure = Failure::new(StatusCode::SERVICE_UNAVAILABLE, what)
        .hint("end other pgward commands of this operator, then try again");
    ([(header::CONNECTION, "close")], failure).into_response()
}

/// Certificate and key of `admin.tls` as the API needs them; `None` where it has none.
///
/// # Errors
/// Says which file and what is wrong with it.
pub fn server_tls(tls: Option<&ListenTls>) -> Result<Option<Arc<ServerConfig>>, tls::TlsError> {
    let Some(tls) = tls else { return Ok(None) };
    let mut config = ServerConfig::clone(&tls::server(tls)?.config);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Some(Arc::new(config)))
}

/// Accepts connections and has their handshakes done beside each other.
#[derive(Debug)]
pub struct Front {
    ready: mpsc::Receiver<(Guest, SocketAddr)>,
    address: SocketAddr,
}

impl Front {
    fn start(listener: TcpListener, config: Arc<ArcSwap<Config>>) -> std::io::Result<Self> {
        let address = listener.local_addr()?;
        let known = config.load_full();
        let usable = server_tls(known.admin.tls.as_ref()).map_err(std::io::Error::other)?;
        let (done, ready) = mpsc::channel(1);
        tokio::spawn(accept(listener, config, known, usable, done));
        Ok(Self { ready, address })
    }
}

async fn accept(
    listener: TcpListener,
    config: Arc<ArcSwap<Config>>,
    mut known: Arc<Config>,
    mut usable: Option<Arc<ServerConfig>>,
    done: mpsc::Sender<(Guest, SocketAddr)>,
) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let strangers = Seats::default();
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let (tcp, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "the admin address accepts nobody");
                tokio::time::sleep(ACCEPT_RETRY).await;
                continue;
            }
        };
        // Who has too many gets no answer: it would have to be inside TLS.
        let Some(stranger) = strangers.take(peer.ip().to_canonical(), STRANGERS_MAX) else {
            continue;
        };
        let now = config.load_full();
        if !Arc::ptr_eq(&now, &known) {
            // The configuration was read again; files that can't be used change nothing.
            match server_tls(now.admin.tls.as_ref()) {
                Ok(new) if new.is_some() == usable.is_some() => usable = new,
                Ok(_) => tracing::error!("admin.tls comes and goes only with a restart"),
                Err(error) => tracing::error!(%error, "admin.tls: the old certificate stays"),
            }
            known = now;
        }
        let (usable, done) = (usable.clone(), done.clone());
        let tcp = Socket::from(tcp);
        tokio::spawn(async move {
            if tune(&tcp, peer.ip()).is_err() {
                return;
            }
            let Some(tls) = usable else {
                let guest = Guest::new(Stream::Plain(tcp), STRANGERS_LAST, place, stranger);
                let _ = done.send((guest, peer)).await;
                return;
            };
            let shaking = TlsAcceptor::from(tls).accept(tcp);
            if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE_WITHIN, shaking).await {
                let stream = Stream::TlsServer(Box::new(stream));
                let guest = Guest::new(stream, STRANGERS_LAST, place, stranger);
                let _ = done.send((guest, peer)).await;
            }
        });
    }
}

impl Listener for Front {
    type Io = Guest;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.ready.recv().await {
            Some(accepted) => accepted,
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        Ok(self.address)
    }
}
