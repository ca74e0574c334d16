//! To the upstream: connect, TLS as `sslmode` says, log in with our own role.
//!
//! The upstream is not trusted to be well formed: everything it sends is bounded, and it must
//! prove that it knows the password wherever SCRAM gives it the occasion.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use rustls::ClientConfig;
use secrecy::ExposeSecret as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsConnector;

use super::event_loop::Socket;
use super::framed::{FrameError, Framed, LOGIN_BYTES};
use super::stream::{self, Stream};
use super::{proof, tls};
use crate::config::{Database, Role, SslMode};
use crate::session::{is_utf8, misleads};
use crate::wire::backend::{self, tag};
use crate::wire::{Malformed, startup, write};

pub use super::proof::SaltedPasswords;

/// Longest message of an upstream before its first ReadyForQuery.
const STARTUP_MESSAGE_BYTES_MAX: usize = 64 * 1024;

/// Most messages of an upstream before its first ReadyForQuery.
const STARTUP_MESSAGES_MAX: usize = 1_000;

/// A setting of a StartupMessage: name and value.
pub type Setting = (Cow<'static, str>, Cow<'static, str>);

/// One upstream database as configured, with what was made of it once.
#[derive(Debug, Clone)]
pub struct Target {
    /// Its configuration.
    pub database: Database,
    /// TLS towards it; `None` where it is never used.
    pub tls: Option<Arc<ClientConfig>>,
}

/// Where a connection really went: a cancel request must reach the same server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// TCP.
    Tcp(SocketAddr),
    /// Unix socket.
    Unix(PathBuf),
}

/// A connection that is logged in and ready for a query.
#[derive(Debug)]
pub struct Upstream {
    /// The connection.
    pub stream: Stream,
    /// What was read beyond ReadyForQuery.
    pub rest: Vec<u8>,
    /// Where it went.
    pub address: Address,
    /// The backend's process id.
    pub pid: i32,
    /// The key that cancels it.
    pub key: Vec<u8>,
    /// Whole ParameterStatus messages, as they came.
    pub parameters: Vec<u8>,
    /// Whether it reports `client_encoding` as UTF-8, or not at all.
    pub utf8: bool,
    /// Whole NoticeResponse messages of the login, as they came.
    pub notices: Vec<u8>,
}

/// Why there is no connection. Nothing in here holds a password.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    /// Nobody answers there.
    #[error("cannot connect: {0}")]
    Unreachable(String),
    /// TLS was asked for and did not come about, or the certificate did not verify.
    #[error("TLS: {0}")]
    Tls(String),
    /// What it says is not PostgreSQL's protocol.
    #[error("the server does not follow the protocol: {0}")]
    Protocol(String),
    /// It refused.
    #[error("the server refused the connection: {message} (SQLSTATE {sqlstate})")]
    Refused {
        /// SQLSTATE, empty where it sent none.
        sqlstate: String,
        /// MESSAGE.
        message: String,
        /// DETAIL.
        detail: Option<String>,
    },
    /// Sessions of this role begin with a setting in which texts can't be judged.
    #[error("sessions begin with {name} = {value}, in which no text can be judged")]
    Setting {
        /// The setting.
        name: &'static str,
        /// What it is set to.
        value: String,
    },
    /// The proof of our password, or of the server's knowledge of it, did not come about.
    #[error("authentication: {0}")]
    Authentication(String),
}

impl From<FrameError> for DialError {
    fn from(problem: FrameError) -> Self {
        match problem {
            FrameError::Io(problem) => Self::Unreachable(problem.to_string()),
            FrameError::Closed => Self::Unreachable("the server closed the connection".into()),
            FrameError::Length { .. } => Self::Protocol(problem.to_string()),
        }
    }
}

impl From<std::io::Error> for DialError {
    fn from(problem: std::io::Error) -> Self {
        Self::Unreachable(problem.to_string())
    }
}

impl From<Malformed> for DialError {
    fn from(problem: Malformed) -> Self {
        Self::Protocol(problem.to_string())
    }
}

/// Connects, encrypts as configured, logs in as `role` and waits for ReadyForQuery.
///
/// `parameters` follow `user` and `database` in the StartupMessage. The caller bounds the time.
///
/// # Errors
/// See [`DialError`].
pub async fn dial(
    target: &Target,
    role: &Role,
    parameters: &[Setting],
    salted: &SaltedPasswords,
) -> Result<Upstream, DialError> {
    let (socket, address) = connect(&target.database).await?;
    let stream = encrypt(socket, &address, target).await?;
    login(Framed::new(stream), address, target, role, parameters, salted).await
}

/// Asks the server at `address` to cancel what the backend runs, as libpq does: over TLS where
/// the session's own connection must be, and until the server closes.
///
/// # Errors
/// See [`DialError`].
pub async fn cancel(
    target: &Target,
    address: &Address,
    pid: i32,
    key: &[u8],
) -> Result<(), DialError> {
    let raw = match address {
        Address::Tcp(to) => Socket::connect(*to).await?,
        Address::Unix(path) => Socket::connect_unix(path).await?,
    };
    let mut stream = encrypt(raw, address, target).await?;
    let mut bytes = Vec::new();
    write::cancel_request(&mut bytes, pid, key);
    stream.write_all(&bytes).await?;
    stream.flush().await?;
    // The server closes when it has sent the signal.
    let _ = stream.read(&mut [0; 1]).await;
    Ok(())
}

async fn connect(database: &Database) -> Result<(Socket, Address), DialError> {
    if database.host.starts_with('/') {
        let path = PathBuf::from(&database.host).join(format!(".s.PGSQL.{}", database.port));
        return Ok((Socket::connect_unix(&path).await?, Address::Unix(path)));
    }
    let (tcp, peer) = Socket::connect_host(&database.host, database.port).await?;
    stream::tune(&tcp, peer.ip())?;
    Ok((tcp, Address::Tcp(peer)))
}

/// SSLRequest and TLS, as the target's sslmode has it.
async fn encrypt(mut tcp: Socket, address: &Address, target: &Target) -> Result<Stream, DialError> {
    let config = match (&target.tls, address) {
        (Some(config), Address::Tcp(_)) => config,
        // TLS is for TCP only, as in libpq.
        _ => return Ok(Stream::Plain(tcp)),
    };
    let mut request = Vec::new();
    write::ssl_request(&mut request);
    tcp.write_all(&request).await?;
    match tcp.read_u8().await? {
        b'S' => {}
        b'N' if target.database.sslmode == SslMode::Prefer => return Ok(Stream::Plain(tcp)),
        b'N' => return Err(DialError::Tls("the server does not support it".into())),
        // An ErrorResponse here is nobody's word: it comes before any authentication
        // (CVE-2024-10977), so its text is not passed on.
        other => return Err(DialError::Protocol(format!("{other:#04x} as answer to SSLRequest"))),
    }
    if stream::has_early_data(&tcp)? {
        return Err(DialError::Protocol("bytes in clear behind its answer to SSLRequest".into()));
    }
    let name = tls::server_name(&target.database.host)
        .map_err(|problem| DialError::Tls(problem.to_string()))?;
    let connected = TlsConnector::from(Arc::clone(config)).connect(name, tcp).await;
    let tls = connected.map_err(|problem| DialError::Tls(problem.to_string()))?;
    Ok(Stream::TlsClient(Box::new(tls)))
}

async fn login(
    mut framed: Framed,
    address: Address,
    target: &Target,
    role: &Role,
    parameters: &[Setting],
    salted: &SaltedPasswords,
) -> Result<Upstream, DialError> {
    let own = [("user", role.user.as_str()), ("database", target.database.dbname.as_str())];
    let others = parameters.iter().map(|(name, value)| (&**name, &**value));
    let all: Vec<(&str, &str)> = own.into_iter().chain(others).collect();
    let mut bytes = Vec::with_capacity(LOGIN_BYTES);
    write::startup_message(&mut bytes, startup::VERSION_3_0, &all);
    framed.send(&bytes).await?;
    proof::prove(&mut framed, &target.database.name, role, salted).await?;
    ready(framed, address).await
}

/// What comes between AuthenticationOk and ReadyForQuery.
async fn ready(mut framed: Framed, address: Address) -> Result<Upstream, DialError> {
    let (mut parameters, mut notices) = (Vec::with_capacity(LOGIN_BYTES), Vec::new());
    let mut backend = None;
    let mut utf8 = true;
    for _ in 0..STARTUP_MESSAGES_MAX {
        let (kind, body) = framed.frame(STARTUP_MESSAGE_BYTES_MAX).await?;
        match kind {
            tag::PARAMETER_STATUS => {
                let (name, value) = backend::parameter_status(body)?;
                utf8 &= name != b"client_encoding" || is_utf8(value);
                if let Some(name) = misleads(name, value) {
                    return Err(DialError::Setting { name, value: text(value) });
                }
                write::backend(&mut parameters, kind, body);
            }
            tag::BACKEND_KEY_DATA => {
                let (pid, key) = backend::backend_key_data(body)?;
                backend = Some((pid, key.to_vec()));
            }
            tag::NOTICE_RESPONSE => {
                write::backend(&mut notices, kind, body);
            }
            tag::ERROR_RESPONSE => return Err(refused(body)),
            tag::READY_FOR_QUERY => {
                backend::ready_for_query(body)?;
                let Some((pid, key)) = backend else {
                    return Err(DialError::Protocol("no BackendKeyData".into()));
                };
                let (stream, rest) = framed.into_parts();
                return Ok(Upstream { stream, rest, address, pid, key, parameters, utf8, notices });
            }
            tag::NEGOTIATE_PROTOCOL_VERSION => {}
            other => {
                let other = char::from(other);
                return Err(DialError::Protocol(format!("message {other:?} before ready")));
            }
        }
    }
    Err(DialError::Protocol("too many messages before ready".into()))
}

/// An ErrorResponse as a refusal to connect.
pub(super) fn refused(body: &[u8]) -> DialError {
    let fields = backend::fields(body);
    DialError::Refused {
        sqlstate: text(fields.sqlstate),
        message: text(fields.message),
        detail: fields.detail.map(text),
    }
}

/// Longest message of an upstream while it authenticates us.
pub(super) const AUTHENTICATION_BYTES_MAX: usize = 4_096;

pub(super) fn password(role: &Role) -> Result<&str, DialError> {
    role.password.as_ref().map(|password| password.expose_secret()).ok_or_else(|| {
        DialError::Authentication(format!(
            "the server asks for a password, and none is configured for role {}",
            role.user
        ))
    })
}

pub(super) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
