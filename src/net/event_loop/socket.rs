//! Sockets. One made on a loop belongs to it: what epoll has said of it is kept beside it, so
//! that nothing is read which is known not to be there.

use std::io::{self, IoSlice, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use mio::event::Event;
use mio::unix::SourceFd;
use mio::{Interest, Token};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{CURRENT, EventLoop, Outside, here};

const READABLE: u8 = 1;
const WRITABLE: u8 = 2;
/// The other side sends no more, or the connection failed.
const READ_CLOSED: u8 = 4;
/// Epoll tells when it can be written. Asked for by the first write that would have to wait: it is
/// told at every connection's beginning too, which would wake a task for nothing.
const TELLS_WRITABLE: u8 = 8;

/// Pause between two looks at whether a socket of tokio's was closed.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What a loop knows of one of its sockets. Written by the loop's own thread alone: it is atomic
/// so that what owns a socket may be handed to another thread, not to be shared.
#[derive(Debug)]
pub(super) struct Ready {
    state: AtomicU8,
    /// The task that waits, or last waited, for it.
    task: AtomicUsize,
    /// Its place among the loop's sockets.
    place: usize,
    home: Arc<Outside>,
}

/// A connection in clear.
#[derive(Debug)]
pub enum Socket {
    /// TCP, of this thread's loop.
    Tcp(Own<mio::net::TcpStream>),
    /// A Unix socket of this thread's loop.
    Unix(Own<mio::net::UnixStream>),
    /// TCP of tokio's.
    TokioTcp(tokio::net::TcpStream),
    /// A Unix socket of tokio's.
    TokioUnix(tokio::net::UnixStream),
}

/// A socket of a loop.
#[derive(Debug)]
pub struct Own<S> {
    socket: S,
    ready: Arc<Ready>,
}

/// A listener of a loop.
#[derive(Debug)]
pub struct Listener(Own<mio::net::TcpListener>);

impl Ready {
    /// Takes in what epoll says. The task that is to look.
    pub(super) fn note(&self, event: &Event) -> usize {
        let mut state = self.state.load(Ordering::Relaxed);
        if event.is_readable() || event.is_error() {
            state |= READABLE;
        }
        if event.is_writable() || event.is_error() {
            state |= WRITABLE;
        }
        if event.is_read_closed() || event.is_error() {
            state |= READABLE | READ_CLOSED;
        }
        self.state.store(state, Ordering::Relaxed);
        self.task.load(Ordering::Relaxed)
    }

    fn is(&self, what: u8) -> bool {
        self.state.load(Ordering::Relaxed) & what != 0
    }

    fn clear(&self, what: u8) {
        self.state.store(self.state.load(Ordering::Relaxed) & !what, Ordering::Relaxed);
    }

    fn ask_for_writable(&self, socket: &impl AsRawFd) -> io::Result<()> {
        let state = self.state.load(Ordering::Relaxed) | TELLS_WRITABLE;
        self.state.store(state, Ordering::Relaxed);
        let (mut source, token) = (SourceFd(&socket.as_raw_fd()), Token(self.place));
        let asked = here(|this| this.registry.reregister(&mut source, token, interest(state)));
        asked.unwrap_or_else(|| Err(io::ErrorKind::Unsupported.into()))
    }

    /// The task that runs is polled when something is there.
    fn wait(&self) {
        self.task.store(CURRENT.get(), Ordering::Relaxed);
    }
}

fn interest(state: u8) -> Interest {
    if state & TELLS_WRITABLE == 0 {
        Interest::READABLE
    } else {
        Interest::READABLE | Interest::WRITABLE
    }
}

impl<S: mio::event::Source + AsRawFd> Own<S> {
    /// `state` is what may be tried at once; where that isn't writing, epoll says when it is.
    fn new(this: &EventLoop, mut socket: S, state: u8) -> io::Result<Self> {
        let mut sockets = this.sockets.borrow_mut();
        let place = sockets.vacant_entry();
        let state = if state & WRITABLE == 0 { state | TELLS_WRITABLE } else { state };
        this.registry.register(&mut socket, Token(place.key()), interest(state))?;
        let ready = Arc::new(Ready {
            state: AtomicU8::new(state),
            task: AtomicUsize::new(CURRENT.get()),
            place: place.key(),
            home: Arc::clone(&this.outside),
        });
        place.insert(Arc::clone(&ready));
        Ok(Self { socket, ready })
    }

    /// Tries, where it is not known to be in vain, until it would have to wait.
    fn try_io<T>(&self, what: u8, mut io: impl FnMut(&S) -> io::Result<T>) -> Poll<io::Result<T>> {
        if !self.ready.is(what) {
            self.ready.wait();
            return Poll::Pending;
        }
        loop {
            match io(&self.socket) {
                Err(problem) if problem.kind() == io::ErrorKind::WouldBlock => {
                    self.ready.clear(what);
                    self.ready.wait();
                    if what == WRITABLE && !self.ready.is(TELLS_WRITABLE) {
                        self.ready.ask_for_writable(&self.socket)?;
                    }
                    return Poll::Pending;
                }
                Err(problem) if problem.kind() == io::ErrorKind::Interrupted => {}
                done => return Poll::Ready(done),
            }
        }
    }

    /// As [`Own::try_io`], of so many bytes: fewer mean that there is no more for now.
    fn transfer(
        &self,
        what: u8,
        wanted: usize,
        io: impl FnMut(&S) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        let done = ready!(self.try_io(what, io))?;
        let told = what == READABLE && !self.ready.is(READ_CLOSED)
            || what == WRITABLE && self.ready.is(TELLS_WRITABLE);
        if done > 0 && done < wanted && told {
            self.ready.clear(what);
        }
        Poll::Ready(Ok(done))
    }
}

impl<S> Drop for Own<S> {
    /// Closing takes it out of epoll; an event that was read already finds nobody.
    fn drop(&mut self) {
        here(|this| {
            if Arc::ptr_eq(&this.outside, &self.ready.home) {
                this.sockets.borrow_mut().try_remove(self.ready.place);
            }
        });
    }
}

impl Socket {
    /// A connection that was accepted, and does not block.
    ///
    /// # Errors
    /// When it cannot be registered.
    pub fn from_std(tcp: std::net::TcpStream) -> io::Result<Self> {
        let mut tcp = Some(tcp);
        let own = here(|this| {
            let tcp = mio::net::TcpStream::from_std(tcp.take()?);
            // Most often the first message is there already.
            Some(Own::new(this, tcp, READABLE | WRITABLE).map(Self::Tcp))
        });
        match (own.flatten(), tcp) {
            (Some(own), _) => own,
            (None, Some(tcp)) => tokio::net::TcpStream::from_std(tcp).map(Self::TokioTcp),
            (None, None) => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    /// Connects to a host by name or address, trying each of its addresses in turn.
    ///
    /// # Errors
    /// When it has no address, or the last one's reason.
    pub async fn connect_host(host: &str, port: u16) -> io::Result<Self> {
        let mut last = None;
        for address in tokio::net::lookup_host((host, port)).await? {
            match Self::connect(address).await {
                Ok(socket) => return Ok(socket),
                Err(problem) => last = Some(problem),
            }
        }
        let nobody = || io::Error::new(io::ErrorKind::InvalidInput, "the name has no address");
        Err(last.unwrap_or_else(nobody))
    }

    /// Connects to an address.
    ///
    /// # Errors
    /// When nobody answers there.
    pub async fn connect(address: SocketAddr) -> io::Result<Self> {
        let own = here(|this| {
            let tcp = mio::net::TcpStream::connect(address)?;
            Own::new(this, tcp, 0)
        });
        let Some(own) = own else {
            return tokio::net::TcpStream::connect(address).await.map(Self::TokioTcp);
        };
        let own = own?;
        // It is writable when it is connected, or has failed.
        std::future::poll_fn(|_| own.try_io(WRITABLE, |tcp| tcp.take_error()))
            .await?
            .map_or(Ok(Self::Tcp(own)), Err)
    }

    /// Connects to a Unix socket.
    ///
    /// # Errors
    /// When nobody answers there.
    pub async fn connect_unix(path: &Path) -> io::Result<Self> {
        let own = here(|this| {
            let unix = mio::net::UnixStream::connect(path)?;
            Own::new(this, unix, WRITABLE)
        });
        match own {
            Some(own) => own.map(Self::Unix),
            None => tokio::net::UnixStream::connect(path).await.map(Self::TokioUnix),
        }
    }

    /// The other side's address; `None` for a Unix socket.
    ///
    /// # Errors
    /// When it is not connected.
    pub fn peer_addr(&self) -> io::Result<Option<SocketAddr>> {
        match self {
            Self::Tcp(own) => own.socket.peer_addr().map(Some),
            Self::TokioTcp(tcp) => tcp.peer_addr().map(Some),
            Self::Unix(_) | Self::TokioUnix(_) => Ok(None),
        }
    }

    /// Waits for the first bytes and copies them without taking them; 0 at the end. For TCP.
    ///
    /// # Errors
    /// When the connection failed.
    pub async fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(own) => {
                std::future::poll_fn(|_| own.try_io(READABLE, |tcp| tcp.peek(buffer))).await
            }
            Self::TokioTcp(tcp) => tcp.peek(buffer).await,
            Self::Unix(_) | Self::TokioUnix(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    /// Takes what is there without waiting; `WouldBlock` if nothing is.
    ///
    /// # Errors
    /// When the connection failed, or nothing is there.
    pub fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(own) => (&own.socket).read(buffer),
            Self::Unix(own) => (&own.socket).read(buffer),
            Self::TokioTcp(tcp) => tcp.try_read(buffer),
            Self::TokioUnix(unix) => unix.try_read(buffer),
        }
    }

    /// Resolves when the other side has closed its half of the connection, or the connection
    /// failed. Takes nothing of what is there to be read. A Unix socket of tokio's never resolves.
    pub async fn closed(&self) {
        let ready = match self {
            Self::Tcp(Own { ready, .. }) | Self::Unix(Own { ready, .. }) => ready,
            Self::TokioTcp(tcp) => return closed(tcp).await,
            Self::TokioUnix(_) => return std::future::pending().await,
        };
        std::future::poll_fn(|_| {
            ready.wait();
            if ready.is(READ_CLOSED) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

/// Bytes that nobody reads yet hide the end behind them from a peek, not from epoll.
async fn closed(tcp: &tokio::net::TcpStream) {
    while let Ok(1..) = tcp.peek(&mut [0; 1]).await {
        match tcp.ready(tokio::io::Interest::READABLE).await {
            Ok(ready) if !ready.is_read_closed() => tokio::time::sleep(LOOK_EVERY).await,
            Ok(_) | Err(_) => return,
        }
    }
}

impl From<tokio::net::TcpStream> for Socket {
    fn from(tcp: tokio::net::TcpStream) -> Self {
        Self::TokioTcp(tcp)
    }
}

impl From<tokio::net::UnixStream> for Socket {
    fn from(unix: tokio::net::UnixStream) -> Self {
        Self::TokioUnix(unix)
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(own) => own.socket.as_fd(),
            Self::Unix(own) => own.socket.as_fd(),
            Self::TokioTcp(tcp) => tcp.as_fd(),
            Self::TokioUnix(unix) => unix.as_fd(),
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let room = buffer.remaining();
        let read = match this {
            Self::Tcp(own) => {
                own.transfer(READABLE, room, |mut tcp| tcp.read(buffer.initialize_unfilled()))
            }
            Self::Unix(own) => {
                own.transfer(READABLE, room, |mut unix| unix.read(buffer.initialize_unfilled()))
            }
            Self::TokioTcp(tcp) => return Pin::new(tcp).poll_read(context, buffer),
            Self::TokioUnix(unix) => return Pin::new(unix).poll_read(context, buffer),
        };
        let read = ready!(read)?;
        buffer.advance(read);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(own) => own.transfer(WRITABLE, bytes.len(), |mut tcp| tcp.write(bytes)),
            Self::Unix(own) => own.transfer(WRITABLE, bytes.len(), |mut unix| unix.write(bytes)),
            Self::TokioTcp(tcp) => Pin::new(tcp).poll_write(context, bytes),
            Self::TokioUnix(unix) => Pin::new(unix).poll_write(context, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let wanted = bytes.iter().map(|slice| slice.len()).sum();
        match self.get_mut() {
            Self::Tcp(own) => own.transfer(WRITABLE, wanted, |mut tcp| tcp.write_vectored(bytes)),
            Self::Unix(own) => {
                own.transfer(WRITABLE, wanted, |mut unix| unix.write_vectored(bytes))
            }
            Self::TokioTcp(tcp) => Pin::new(tcp).poll_write_vectored(context, bytes),
            Self::TokioUnix(unix) => Pin::new(unix).poll_write_vectored(context, bytes),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(own) => Poll::Ready(own.socket.shutdown(Shutdown::Write)),
            Self::Unix(own) => Poll::Ready(own.socket.shutdown(Shutdown::Write)),
            Self::TokioTcp(tcp) => Pin::new(tcp).poll_shutdown(context),
            Self::TokioUnix(unix) => Pin::new(unix).poll_shutdown(context),
        }
    }
}

impl Listener {
    /// A listener that does not block; on the loop of this thread.
    ///
    /// # Errors
    /// When it cannot be registered, or there is no loop.
    pub fn from_std(listener: std::net::TcpListener) -> io::Result<Self> {
        let listener = mio::net::TcpListener::from_std(listener);
        let none = || Err(io::ErrorKind::Unsupported.into());
        here(|this| Own::new(this, listener, READABLE | WRITABLE)).unwrap_or_else(none).map(Self)
    }

    /// The next client.
    ///
    /// # Errors
    /// When it could not be accepted; others may be.
    pub async fn accept(&self) -> io::Result<(std::net::TcpStream, SocketAddr)> {
        let accept = |listener: &mio::net::TcpListener| listener.accept();
        let (tcp, peer) = std::future::poll_fn(|_| self.0.try_io(READABLE, accept)).await?;
        Ok((tcp.into(), peer))
    }
}
