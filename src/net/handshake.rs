//! From accept to StartupMessage: TLS or not, CancelRequest or a session.
//!
//! Source: PostgreSQL, "Message Flow" (SSL Session Encryption), `ProcessStartupPacket`.
//! Everything is read to the byte: nothing sent in clear can be taken for something sent inside
//! TLS (CVE-2021-23214).

use std::io;
use std::sync::Arc;

use rustls::server::Acceptor;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::LazyConfigAcceptor;

use super::event_loop::Socket;
use super::stream::{Stream, has_early_data};
use super::tls::{self, ServerTls};
use crate::base::Refusal;
use crate::base::refusal::{self, login};
use crate::wire::startup::{self, First, Length};
use crate::wire::{Malformed, write};

/// First byte of a TLS handshake record.
const TLS_HANDSHAKE: u8 = 0x16;

/// What the listener permits to one client.
#[derive(Debug, Clone)]
pub struct Rules {
    /// TLS, where it is configured.
    pub tls: Option<ServerTls>,
    /// Whether this client may go on in clear.
    pub plaintext: bool,
}

/// How the connection is protected, for SCRAM's channel binding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Protection {
    /// Clear text.
    None,
    /// TLS with the data to bind to.
    Bound(Arc<[u8]>),
    /// TLS whose certificate has no `tls-server-end-point`.
    Unbound,
}

/// What a connection turned out to be.
#[derive(Debug)]
pub enum Outcome {
    /// A session begins.
    Startup(Hello),
    /// A cancel request; the connection is to be closed without an answer.
    Cancel {
        /// The process id as we gave it.
        pid: i32,
        /// The key as we gave it.
        key: Vec<u8>,
    },
}

/// A client that wants a session.
#[derive(Debug)]
pub struct Hello {
    /// The connection; nothing is read beyond the StartupMessage.
    pub stream: Stream,
    /// The version both will speak.
    pub version: u32,
    /// Parameters in the order sent, without protocol options.
    pub parameters: Vec<(String, String)>,
    /// What NegotiateProtocolVersion must name, where it must be sent.
    pub negotiate: Option<Vec<String>>,
    /// How the connection is protected.
    pub protection: Protection,
}

/// Why there is no session; what could be told was told.
#[derive(Debug, thiserror::Error)]
pub enum HandshakeError {
    /// The connection failed or was closed: port scans, health checks.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Bytes in clear where TLS must begin.
    #[error("bytes in clear behind an encryption request")]
    EarlyData,
    /// TLS did not come about.
    #[error("TLS: {0}")]
    Tls(String),
    /// The client was told so.
    #[error("{}", .0.message)]
    Refused(Refusal),
}

impl HandshakeError {
    /// The metric's label, of a closed set.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Io(_) => "io",
            Self::EarlyData => "early_data",
            Self::Tls(_) => "tls",
            Self::Refused(_) => "refused",
        }
    }
}

/// Settles encryption and reads the StartupMessage or CancelRequest. The caller bounds the time.
///
/// # Errors
/// When there is no session to be had; see [`HandshakeError`].
pub async fn handshake(tcp: Socket, rules: &Rules) -> Result<Outcome, HandshakeError> {
    let mut first_byte = [0; 1];
    if tcp.peek(&mut first_byte).await? == 0 {
        return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
    }
    if first_byte == [TLS_HANDSHAKE] {
        let Some(tls) = &rules.tls else {
            return Err(HandshakeError::Tls("direct TLS where TLS is not configured".into()));
        };
        return encrypted(tcp, tls, true).await;
    }
    in_clear(tcp, rules).await
}

/// At most one SSLRequest and one GSSENCRequest, in either order, then the message itself.
async fn in_clear(mut tcp: Socket, rules: &Rules) -> Result<Outcome, HandshakeError> {
    let (mut ssl_asked, mut gssenc_asked) = (false, false);
    loop {
        let packet = match packet(&mut tcp).await? {
            Ok(packet) => packet,
            Err(malformed) => {
                return refuse(Stream::Plain(tcp), refusal::malformed(malformed.0)).await;
            }
        };
        match startup::first(&packet) {
            Ok(First::Ssl) if !ssl_asked => {
                ssl_asked = true;
                nothing_behind(&tcp)?;
                if let Some(tls) = &rules.tls {
                    tcp.write_all(b"S").await?;
                    return encrypted(tcp, tls, false).await;
                }
                tcp.write_all(b"N").await?;
            }
            Ok(First::Gssenc) if !gssenc_asked => {
                gssenc_asked = true;
                nothing_behind(&tcp)?;
                tcp.write_all(b"N").await?;
            }
            Ok(First::Ssl | First::Gssenc) => {
                let what = "the same encryption was asked for twice";
                return refuse(Stream::Plain(tcp), refusal::malformed(what)).await;
            }
            Ok(First::Cancel { pid, key }) if rules.plaintext => {
                return Ok(Outcome::Cancel { pid, key: key.to_vec() });
            }
            // As for a login in clear, but nobody waits for a text.
            Ok(First::Cancel { .. }) => {
                return Err(HandshakeError::Refused(login::plaintext_refused(rules.tls.is_some())));
            }
            Ok(First::Startup(_)) if !rules.plaintext => {
                let refusal = login::plaintext_refused(rules.tls.is_some());
                return refuse(Stream::Plain(tcp), refusal).await;
            }
            Ok(First::Startup(startup)) => {
                let hello = hello(&startup, Protection::None);
                return greet(Stream::Plain(tcp), hello).await;
            }
            Err(malformed) => {
                return refuse(Stream::Plain(tcp), refusal::malformed(malformed.0)).await;
            }
        }
    }
}

async fn encrypted(tcp: Socket, tls: &ServerTls, direct: bool) -> Result<Outcome, HandshakeError> {
    let start = LazyConfigAcceptor::new(Acceptor::default(), tcp)
        .await
        .map_err(|problem| HandshakeError::Tls(problem.to_string()))?;
    // One pair, taken once: the certificate shown and the hash bound to are of the same load.
    let ServerTls { config, binding } = tls.clone();
    let stream = start
        .into_stream(config)
        .await
        .map_err(|problem| HandshakeError::Tls(problem.to_string()))?;
    // rustls refuses a client whose ALPN names others only, but not one that sends no ALPN.
    if direct && stream.get_ref().1.alpn_protocol() != Some(tls::ALPN) {
        return Err(HandshakeError::Tls("direct TLS without ALPN postgresql".into()));
    }
    let mut stream = Stream::TlsServer(Box::new(stream));
    let packet = match packet(&mut stream).await? {
        Ok(packet) => packet,
        Err(malformed) => return refuse(stream, refusal::malformed(malformed.0)).await,
    };
    match startup::first(&packet) {
        Ok(First::Cancel { pid, key }) => Ok(Outcome::Cancel { pid, key: key.to_vec() }),
        Ok(First::Startup(startup)) => {
            let protection = binding.map_or(Protection::Unbound, Protection::Bound);
            let hello = hello(&startup, protection);
            greet(stream, hello).await
        }
        Ok(First::Ssl | First::Gssenc) => {
            refuse(stream, refusal::malformed("encryption was asked for inside TLS")).await
        }
        Err(malformed) => refuse(stream, refusal::malformed(malformed.0)).await,
    }
}

/// Exactly the bytes of the next packet without a tag.
async fn packet<R: tokio::io::AsyncRead + Unpin>(
    stream: &mut R,
) -> io::Result<Result<Vec<u8>, Malformed>> {
    let mut prefix = [0; 4];
    stream.read_exact(&mut prefix).await?;
    let whole = match startup::length(&prefix) {
        Ok(Length::Whole(whole)) => whole,
        Ok(Length::Partial) => return Ok(Err(Malformed("invalid length of startup packet"))),
        Err(malformed) => return Ok(Err(malformed)),
    };
    let mut packet = vec![0; whole];
    let (length, rest) = packet.split_at_mut(prefix.len());
    length.copy_from_slice(&prefix);
    stream.read_exact(rest).await?;
    Ok(Ok(packet))
}

/// A client waits for the answer to its encryption request. Who sends on in clear is broken, or
/// is somebody in between who wants bytes of his own to pass for the client's.
fn nothing_behind(tcp: &Socket) -> Result<(), HandshakeError> {
    if has_early_data(tcp)? { Err(HandshakeError::EarlyData) } else { Ok(()) }
}

type Greeting = Result<(u32, Vec<(String, String)>, Option<Vec<String>>, Protection), Refusal>;

fn hello(startup: &startup::Startup<'_>, protection: Protection) -> Greeting {
    let mut parameters = Vec::with_capacity(startup.parameters.len());
    let mut options = Vec::new();
    for &(name, value) in &startup.parameters {
        let (Ok(name), Ok(value)) = (std::str::from_utf8(name), std::str::from_utf8(value)) else {
            return Err(login::startup_not_utf8());
        };
        if name.starts_with("_pq_.") {
            options.push(name.to_owned());
        } else {
            parameters.push((name.to_owned(), value.to_owned()));
        }
    }
    let replication = parameters.iter().find(|(name, _)| name == "replication");
    if replication.is_some_and(|(_, value)| !is_false(value)) {
        return Err(login::replication_refused());
    }
    parameters.retain(|(name, _)| name != "replication");
    let negotiate = startup.needs_negotiation().then_some(options);
    Ok((startup.negotiated(), parameters, negotiate, protection))
}

/// PostgreSQL's `parse_bool`, the false half: what leaves `replication` off.
fn is_false(value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    let prefix_of =
        |word: &str, shortest: usize| value.len() >= shortest && word.starts_with(&value);
    value == "0" || prefix_of("false", 1) || prefix_of("no", 1) || prefix_of("off", 2)
}

async fn greet(stream: Stream, greeting: Greeting) -> Result<Outcome, HandshakeError> {
    match greeting {
        Ok((version, parameters, negotiate, protection)) => {
            let hello = Hello { stream, version, parameters, negotiate, protection };
            Ok(Outcome::Startup(hello))
        }
        Err(refusal) => refuse(stream, refusal).await,
    }
}

/// Tells the client and gives up.
async fn refuse(mut stream: Stream, refusal: Refusal) -> Result<Outcome, HandshakeError> {
    let mut bytes = Vec::new();
    write::error(&mut bytes, &refusal);
    // A client that does not take it has gone; the refusal stands all the same.
    if stream.write_all(&bytes).await.is_ok() {
        let _ = stream.shutdown().await;
    }
    Err(HandshakeError::Refused(refusal))
}
