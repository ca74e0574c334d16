//! One attempt to send: a connection of its own, TLS verified, HTTP/1.1, no redirects.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONNECTION, CONTENT_TYPE, HOST, USER_AGENT};
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use secrecy::{ExposeSecret, SecretString};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::outbox::Fault;
use super::payload::{Letter, signature};
use crate::config::{AlertFormat, Webhook};

/// A webhook that cannot be sent to.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// Its roots cannot be read.
    #[error("alerts.webhooks: roots {}: {problem}", path.display())]
    Roots {
        /// Where they are.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// TLS cannot be set up.
    #[error("alerts.webhooks: TLS: {0}")]
    Tls(String),
    /// The URL is none.
    #[error("alerts.webhooks: not a URL")]
    Url,
}

/// Why an attempt failed; nothing of it tells the URL.
#[derive(Debug, thiserror::Error)]
pub(super) enum SendError {
    #[error("it can't be reached: {0}")]
    Connect(std::io::Error),
    #[error("TLS: {0}")]
    Tls(std::io::Error),
    #[error("HTTP: {0}")]
    Http(#[from] hyper::Error),
    #[error("it answered {0}")]
    Status(u16),
    #[error("no answer within {0:?}")]
    Late(Duration),
    #[error("the request can't be made")]
    Request,
}

impl SendError {
    /// Whose fault it is: what a receiver doesn't take, others of its kind may be taken.
    pub(super) const fn fault(&self) -> Fault {
        match self {
            // Bad request, payload too large, unprocessable: this alert as it is.
            Self::Status(400 | 413 | 422) | Self::Request => Fault::Letter,
            _ => Fault::Receiver,
        }
    }

    /// The cause, of a closed set.
    pub(super) const fn word(&self) -> &'static str {
        match self {
            Self::Connect(_) => "connect",
            Self::Tls(_) => "tls",
            Self::Http(_) | Self::Request => "http",
            Self::Status(_) => "status",
            Self::Late(_) => "timeout",
        }
    }
}

/// Where to and how.
pub(super) struct Target {
    uri: Uri,
    host: String,
    port: u16,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    secret: Option<SecretString>,
    format: AlertFormat,
    timeout: Duration,
}

impl Target {
    pub(super) fn new(webhook: &Webhook, timeout: Duration) -> Result<Self, SetupError> {
        let uri: Uri = webhook.url.expose_secret().parse().map_err(|_| SetupError::Url)?;
        let host = uri.host().ok_or(SetupError::Url)?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let encrypted = uri.scheme_str() == Some("https");
        let port = uri.port_u16().unwrap_or(if encrypted { 443 } else { 80 });
        let tls = if encrypted {
            let name = ServerName::try_from(host.clone()).map_err(|_| SetupError::Url)?;
            Some((connector(webhook)?, name))
        } else {
            None
        };
        let (secret, format) = (webhook.secret.clone(), webhook.format);
        Ok(Self { uri, host, port, tls, secret, format, timeout })
    }

    /// Sends it; `now` is in seconds since 1970.
    pub(super) async fn send(&self, letter: &Letter, now: i64) -> Result<(), SendError> {
        let attempt = self.attempt(letter, now);
        match tokio::time::timeout(self.timeout, attempt).await {
            Ok(result) => result,
            Err(_) => Err(SendError::Late(self.timeout)),
        }
    }

    async fn attempt(&self, letter: &Letter, now: i64) -> Result<(), SendError> {
        let request = self.request(letter, now)?;
        let address = (self.host.as_str(), self.port);
        let tcp = TcpStream::connect(address).await.map_err(SendError::Connect)?;
        match &self.tls {
            // Clear text goes to this machine only, whatever "localhost" resolves to.
            None if !tcp.peer_addr().is_ok_and(|peer| peer.ip().is_loopback()) => {
                Err(SendError::Request)
            }
            None => post(tcp, request).await,
            Some((tls, name)) => {
                let stream = tls.connect(name.clone(), tcp).await.map_err(SendError::Tls)?;
                post(stream, request).await
            }
        }
    }

    fn request(&self, letter: &Letter, now: i64) -> Result<Request<Full<Bytes>>, SendError> {
        let body = letter.body(self.format).to_string();
        let timestamp = now.to_string();
        let path = self.uri.path_and_query().map_or("/", |path| path.as_str());
        let authority = self.uri.authority().map(|authority| authority.as_str());
        let mut builder = Request::post(path)
            .header(HOST, authority.unwrap_or(&self.host))
            .header(CONNECTION, "close")
            .header(CONTENT_TYPE, "application/json")
            .header(USER_AGENT, concat!("pgward/", env!("CARGO_PKG_VERSION")))
            .header("X-Pgward-Event", letter.event())
            .header("X-Pgward-Delivery", letter.id())
            .header("X-Pgward-Timestamp", &timestamp);
        if let Some(secret) = &self.secret {
            let secret = secret.expose_secret().as_bytes();
            let signed = signature(secret, &timestamp, body.as_bytes());
            builder = builder.header("X-Pgward-Signature", signed.ok_or(SendError::Request)?);
        }
        builder.body(Full::new(Bytes::from(body))).map_err(|_| SendError::Request)
    }
}

async fn post<S>(stream: S, request: Request<Full<Bytes>>) -> Result<(), SendError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let answer = async {
        let status = sender.send_request(request).await?.status();
        if status.is_success() { Ok(()) } else { Err(SendError::Status(status.as_u16())) }
    };
    // The connection is polled beside the request, and dropped with the answer: nothing of what
    // else the receiver says is read.
    let mut connection = std::pin::pin!(connection);
    let mut answer = std::pin::pin!(answer);
    let mut over = false;
    std::future::poll_fn(|context| {
        if !over {
            over = connection.as_mut().poll(context).is_ready();
        }
        answer.as_mut().poll(context)
    })
    .await
}

fn connector(webhook: &Webhook) -> Result<TlsConnector, SetupError> {
    let failed = |problem: rustls::Error| SetupError::Tls(problem.to_string());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier: Arc<dyn ServerCertVerifier> = match &webhook.sslrootcert {
        None => Arc::new(
            rustls_platform_verifier::Verifier::new(Arc::clone(&provider)).map_err(failed)?,
        ),
        Some(path) => {
            let wrong = |problem: String| SetupError::Roots { path: path.clone(), problem };
            let mut roots = rustls::RootCertStore::empty();
            let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
            let certificates: Vec<_> = read.map_err(|problem| wrong(problem.to_string()))?;
            for certificate in certificates {
                roots.add(certificate).map_err(|problem| wrong(problem.to_string()))?;
            }
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
                .build()
                .map_err(|problem| wrong(problem.to_string()))?
        }
    };
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(failed)?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}
