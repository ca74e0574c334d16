//! The client of the API: HTTP/1.1 with JSON over the admin socket, or over TLS.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use memchr::memchr;
use secrecy::ExposeSecret as _;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;
use tokio::runtime::Runtime;

use super::Common;
use super::output::Failure;
use super::remote::Remote;
use super::rights::chain;
use crate::admin::forms::ErrorBody;
use crate::config::Config;
use crate::net::stream::Stream;

/// How long the server may take to answer: ending sessions takes two seconds at most.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// How long it may say nothing in the middle of an answer: it gives a sign of life every ten
/// seconds.
const SILENCE_MAX: Duration = Duration::from_secs(60);

/// Longest line of an answer, bytes: two records.
const LINE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// A running server.
#[derive(Debug)]
pub(super) struct Client {
    place: Place,
    config: PathBuf,
}

/// Where it is.
#[derive(Debug)]
enum Place {
    /// Its admin socket.
    Socket(PathBuf),
    /// Its API at an address.
    Remote(Box<Remote>),
}

impl Client {
    /// The server of that configuration, or the one that `--server` names. Of the configuration
    /// only `admin.socket` has to be right.
    pub(super) fn new(common: &Common) -> Result<Self, Failure> {
        let config = common.config.clone();
        if let Some(url) = &common.server {
            let remote = Remote::new(url, common.server_ca.as_deref())?;
            return Ok(Self { place: Place::Remote(Box::new(remote)), config });
        }
        let known = glance(common)?;
        Ok(Self { place: Place::Socket(known.admin.socket), config })
    }

    /// The server that listens at `socket`.
    #[cfg(test)]
    pub(super) fn at(socket: &std::path::Path) -> Self {
        Self { place: Place::Socket(socket.to_owned()), config: "proxy.toml".into() }
    }

    /// Whether there is somebody at the admin socket.
    pub(super) fn knock(&self) -> Result<(), Failure> {
        let Place::Socket(socket) = &self.place else { return Ok(()) };
        let found = std::os::unix::net::UnixStream::connect(socket);
        found.map(drop).map_err(|error| self.no_server(socket, &error))
    }

    /// Asks for something.
    pub(super) fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        self.send(Method::GET, path, Vec::new())
    }

    /// Has something done.
    pub(super) fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, Failure> {
        let body = serde_json::to_vec(body).map_err(|error| broken(&error.to_string()))?;
        self.send(Method::POST, path, body)
    }

    fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Vec<u8>,
    ) -> Result<T, Failure> {
        runtime()?.block_on(async {
            let work = async {
                let body = self.begin(method, path, body).await?.collect().await;
                let body = body.map_err(|error| broken(&error.to_string()))?.to_bytes();
                serde_json::from_slice(&body).map_err(|error| broken(&error.to_string()))
            };
            tokio::time::timeout(ANSWER_TIMEOUT, work).await.map_err(|_| late())?
        })
    }

    /// Has something done whose answer is many lines; each is handed out as it comes, and nothing
    /// more is taken from the server meanwhile. Ends with the connection: whether that was all
    /// the last line says.
    pub(super) fn lines(
        &self,
        path: &str,
        body: &impl Serialize,
        each: &mut dyn FnMut(&[u8]) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let body = serde_json::to_vec(body).map_err(|error| broken(&error.to_string()))?;
        runtime()?.block_on(async {
            let begun = tokio::time::timeout(ANSWER_TIMEOUT, self.begin(Method::POST, path, body));
            let mut answer = begun.await.map_err(|_| late())??;
            let mut held = Vec::new();
            loop {
                let next = tokio::time::timeout(SILENCE_MAX, answer.frame()).await;
                let next = next.map_err(|_| lost(&format!("nothing came for {SILENCE_MAX:?}")))?;
                let Some(frame) = next else { return Ok(()) };
                let frame = frame.map_err(|error| lost(&chain(&error)))?;
                held.extend_from_slice(frame.data_ref().map_or(&[][..], |bytes| bytes));
                let mut from = 0;
                while let Some(end) = memchr(b'\n', held.get(from..).unwrap_or_default()) {
                    each(held.get(from..from + end).unwrap_or_default())?;
                    from += end + 1;
                }
                held.drain(..from);
                if held.len() > LINE_BYTES_MAX {
                    return Err(broken("a line has no end"));
                }
            }
        })
    }

    /// Sends a request; the body of an answer that isn't an error.
    async fn begin(&self, method: Method, path: &str, body: Vec<u8>) -> Result<Incoming, Failure> {
        let (stream, host, token) = match &self.place {
            Place::Socket(socket) => {
                let stream = UnixStream::connect(socket).await;
                let stream = stream.map_err(|error| self.no_server(socket, &error))?;
                (Stream::Plain(stream.into()), "pgward", None)
            }
            Place::Remote(remote) => {
                (remote.connect().await?, remote.host.as_str(), Some(&remote.token))
            }
        };
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| broken(&error.to_string()))?;
        // It ends with the runtime, or when the answer is dropped.
        tokio::spawn(connection);
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", host)
            .header("content-type", "application/json");
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {}", token.expose_secret()));
        }
        let request = request
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| broken(&error.to_string()))?;
        let clear = matches!(&self.place, Place::Remote(remote) if remote.is_clear());
        let answer = sender.send_request(request).await.map_err(|error| {
            let detail = error.to_string();
            let failure = if error.is_parse() { broken(&detail) } else { hung_up(&detail) };
            if clear {
                return failure
                    .hint(format!("if admin.tls is configured there: --server https://{host}"));
            }
            failure
        })?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer.into_body());
        }
        let body = answer.into_body().collect().await;
        let body = body.map_err(|error| broken(&error.to_string()))?.to_bytes();
        let ErrorBody { error, detail, hint } =
            serde_json::from_slice(&body).map_err(|_| broken(&format!("HTTP status {status}")))?;
        Err(Failure { what: error, detail, hint })
    }

    fn no_server(&self, socket: &Path, error: &std::io::Error) -> Failure {
        let socket = socket.display();
        match error.kind() {
            ErrorKind::NotFound | ErrorKind::ConnectionRefused => {
                let config = self.config.display();
                Failure::new(format!("no pgward server answers at {socket}"))
                    .detail(error.to_string())
                    .hint(format!("start one: pgward serve --config {config}"))
            }
            ErrorKind::PermissionDenied => {
                Failure::new(format!("the admin socket {socket} is not for this user"))
                    .detail(error.to_string())
                    .hint("run the command as the user that the server runs as, or as root")
            }
            _ => Failure::new(format!("the admin socket {socket} can't be used"))
                .detail(error.to_string())
                .hint("check admin.socket in the configuration"),
        }
    }
}

/// What commands need to know of the configuration.
pub(super) fn glance(common: &Common) -> Result<Config, Failure> {
    Config::glance(&common.config).map_err(|problems| {
        let failure = Failure::new("the configuration can't be read");
        match problems.0.as_slice() {
            // The file as a whole: there is no more to be checked.
            [only] if only.line.is_none() && only.key.is_empty() => {
                failure.detail(format!("{}: {}", only.file, only.what)).hint(only.remedy.clone())
            }
            _ => failure
                .detail(problems.to_string())
                .hint("pgward config check shows all of its problems"),
        }
    })
}

fn runtime() -> Result<Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(format!("no runtime: {error}")))
}

fn late() -> Failure {
    Failure::new(format!("the server did not answer within {ANSWER_TIMEOUT:?}"))
        .hint("look at the server's log")
}

/// The connection broke in the middle of an answer.
pub(super) fn lost(detail: &str) -> Failure {
    Failure::new("the server's answer broke off, and what is above is not everything")
        .detail(detail)
        .hint("run the command again; look at the server's log if it does so again")
}

/// A text as a part of a path or a query.
pub(super) fn percent(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    let one =
        |byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(one).collect()
}

fn hung_up(detail: &str) -> Failure {
    Failure::new("the server ended the connection without an answer").detail(detail).hint(
        "end other pgward commands of this user, which has so many connections at once and no \
         more, and try again; the server's log says more",
    )
}

pub(super) fn broken(detail: &str) -> Failure {
    Failure::new("the server's answer can't be understood")
        .detail(detail)
        .hint("use the pgward command of the same version as the server")
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
