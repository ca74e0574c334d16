//! One connection, whatever it runs over, with poll-based reading and writing.

use std::io;
use std::net::{IpAddr, TcpListener};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::event_loop::Socket;

/// A client's or an upstream's connection. TLS states are boxed: a plain session does not pay
/// for them.
#[derive(Debug)]
pub enum Stream {
    /// In clear.
    Plain(Socket),
    /// TLS, we are the server.
    TlsServer(Box<tokio_rustls::server::TlsStream<Socket>>),
    /// TLS, we are the client.
    TlsClient(Box<tokio_rustls::client::TlsStream<Socket>>),
}

impl Stream {
    /// Whether what is sent is encrypted.
    #[must_use]
    pub const fn is_tls(&self) -> bool {
        matches!(self, Self::TlsServer(_) | Self::TlsClient(_))
    }

    /// Whether reading may find something now; where not, the task that last read or made it is
    /// woken when it may.
    pub(super) fn may_have_more(&self) -> bool {
        match self {
            Self::Plain(socket) => socket.may_have_more(),
            // What was decrypted may wait, and so may the error that came behind it.
            Self::TlsServer(_) | Self::TlsClient(_) => true,
        }
    }

    /// See [`Socket::closed`].
    pub async fn closed(&self) {
        match self {
            Self::Plain(socket) => socket,
            Self::TlsServer(tls) => tls.get_ref().0,
            Self::TlsClient(tls) => tls.get_ref().0,
        }
        .closed()
        .await;
    }

    /// Whether nobody but this machine can listen: a Unix socket, or TCP to a loopback address.
    #[must_use]
    pub fn is_local(&self) -> bool {
        match self {
            Self::Plain(socket) => match socket.peer_addr() {
                Ok(peer) => peer.is_none_or(|peer| peer.ip().to_canonical().is_loopback()),
                Err(_) => false,
            },
            Self::TlsServer(_) | Self::TlsClient(_) => false,
        }
    }
}

macro_rules! each {
    ($self:ident, $inner:ident => $call:expr) => {
        match $self.get_mut() {
            Stream::Plain($inner) => $call,
            Stream::TlsServer($inner) => $call,
            Stream::TlsClient($inner) => $call,
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        each!(self, inner => Pin::new(inner).poll_read(context, buffer))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        each!(self, inner => Pin::new(inner).poll_write(context, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self, inner => Pin::new(inner).poll_flush(context))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self, inner => Pin::new(inner).poll_shutdown(context))
    }
}

/// Whether bytes are there to be read, of which one is taken.
///
/// Who waits for an answer about encryption must not have sent more (CVE-2021-23214,
/// CVE-2021-23222): the connection is then closed.
///
/// # Errors
/// When the connection failed or was closed.
pub fn has_early_data(socket: &Socket) -> io::Result<bool> {
    match socket.try_read(&mut [0; 1]) {
        Err(problem) if problem.kind() == io::ErrorKind::WouldBlock => Ok(false),
        Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
        Ok(_) => Ok(true),
        Err(problem) => Err(problem),
    }
}

/// What every TCP connection gets: no delay for small messages; to another machine keepalives that
/// find a dead peer within about two minutes; within this one, where a peer that dies is noticed at
/// once, no pacing.
///
/// # Errors
/// When the socket refuses an option.
pub fn tune(socket: &Socket, peer: IpAddr) -> io::Result<()> {
    if peer.is_loopback() {
        SockRef::from(socket).set_tcp_nodelay(true)?;
        set_congestion(socket, peer);
        return Ok(());
    }
    set_options(&SockRef::from(socket))
}

/// The same for connections that a listener will accept: Linux has them inherit its options.
///
/// # Errors
/// When the socket refuses an option.
pub fn tune_listener(listener: &TcpListener) -> io::Result<()> {
    if cfg!(target_os = "linux") { set_options(&SockRef::from(listener)) } else { Ok(()) }
}

/// What such a connection does not inherit.
///
/// # Errors
/// When the socket refuses an option.
pub fn tune_accepted(socket: &Socket, peer: IpAddr) -> io::Result<()> {
    if cfg!(target_os = "linux") {
        set_congestion(socket, peer);
        return Ok(());
    }
    tune(socket, peer)
}

fn set_options(socket: &SockRef<'_>) -> io::Result<()> {
    socket.set_tcp_nodelay(true)?;
    let keepalive = TcpKeepalive::new()
        .with_time(Duration::from_secs(60))
        .with_interval(Duration::from_secs(15))
        .with_retries(4);
    socket.set_tcp_keepalive(&keepalive)
}

fn set_congestion(socket: &Socket, peer: IpAddr) {
    #[cfg(target_os = "linux")]
    if peer.is_loopback() {
        // There is no path to be fair on: what bbr does for every segment would be wasted. Where
        // the kernel has no reno its own choice stays.
        let _ = rustix::net::sockopt::set_tcp_congestion(socket, "reno");
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt as _;
    use tokio::net::{TcpListener, TcpStream};
    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    #[cfg(target_os = "linux")]
    async fn what_is_accepted_has_the_listeners_options() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        tune_listener(&listener).unwrap();
        let peer = listener.local_addr().unwrap();
        let client = std::net::TcpStream::connect(peer).unwrap();
        let accepted = listener.accept().unwrap().0;
        accepted.set_nonblocking(true).unwrap();
        let accepted = Socket::from_std(accepted).unwrap();
        tune_accepted(&accepted, client.local_addr().unwrap().ip()).unwrap();
        let socket = SockRef::from(&accepted);
        assert!(socket.tcp_nodelay().unwrap() && socket.keepalive().unwrap());
        assert_eq!(socket.tcp_keepalive_time().unwrap(), Duration::from_secs(60));
        assert_eq!(socket.tcp_keepalive_interval().unwrap(), Duration::from_secs(15));
        assert_eq!(socket.tcp_keepalive_retries().unwrap(), 4);
    }

    #[tokio::test]
    async fn a_close_is_noticed_even_behind_unread_bytes() {
        for sent in [&b""[..], b"bytes"] {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            let stream = Stream::Plain(listener.accept().await.unwrap().0.into());
            client.write_all(sent).await.unwrap();
            let open = timeout(Duration::from_millis(150), stream.closed()).await;
            assert!(open.is_err(), "{sent:?}");
            drop(client);
            let closed = timeout(Duration::from_secs(5), stream.closed()).await;
            assert!(closed.is_ok(), "{sent:?}");
        }
    }
}
