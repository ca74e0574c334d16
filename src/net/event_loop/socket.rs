//! Sockets. One made on a loop belongs to it: what epoll has said of it is kept beside it, so
//! that nothing is read which is known not to be there.

use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::io::Errno;
use rustix::net::addr::SocketAddrArg;
use rustix::net::{
    self, AddressFamily, RecvFlags, SendAncillaryBuffer, SendFlags, Shutdown, SocketAddrUnix,
    SocketFlags, SocketType, sockopt,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{BUDGET, CURRENT, EventLoop, Outside, here};

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
    /// Of this thread's loop.
    Own(Own),
    /// TCP of tokio's.
    TokioTcp(tokio::net::TcpStream),
    /// A Unix socket of tokio's.
    TokioUnix(tokio::net::UnixStream),
}

/// A socket of a loop.
#[derive(Debug)]
pub struct Own {
    socket: OwnedFd,
    ready: Arc<Ready>,
}

/// A listener of a loop.
#[derive(Debug)]
pub struct Listener(Own);

impl Ready {
    /// Takes in what epoll says. The task that is to look.
    pub(super) fn note(&self, flags: EventFlags) -> usize {
        let mut state = self.state.load(Ordering::Relaxed);
        if flags.contains(EventFlags::IN) {
            state |= READABLE;
        }
        if flags.contains(EventFlags::OUT) {
            state |= WRITABLE;
        }
        if flags.intersects(EventFlags::RDHUP | EventFlags::HUP | EventFlags::ERR) {
            state |= READABLE | READ_CLOSED;
        }
        if flags.intersects(EventFlags::HUP | EventFlags::ERR) {
            state |= WRITABLE;
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

    fn ask_for_writable(&self, socket: &OwnedFd) -> rustix::io::Result<()> {
        let state = self.state.load(Ordering::Relaxed) | TELLS_WRITABLE;
        self.state.store(state, Ordering::Relaxed);
        let data = EventData::new_u64(self.place as u64);
        here(|this| epoll::modify(&this.epoll, socket, data, events(state)))
            .unwrap_or(Err(Errno::BADF))
    }

    /// The task that runs is polled when something is there.
    fn wait(&self) {
        self.task.store(CURRENT.get(), Ordering::Relaxed);
    }
}

/// What is to be told of a socket.
fn events(state: u8) -> EventFlags {
    let reading = EventFlags::IN | EventFlags::RDHUP | EventFlags::ET;
    if state & TELLS_WRITABLE == 0 { reading } else { reading | EventFlags::OUT }
}

impl Own {
    /// `state` is what may be tried at once; where that isn't writing, epoll says when it is.
    fn new(this: &EventLoop, socket: OwnedFd, state: u8) -> io::Result<Self> {
        let mut sockets = this.sockets.borrow_mut();
        let entry = sockets.vacant_entry();
        let place = entry.key();
        let state = if state & WRITABLE == 0 { state | TELLS_WRITABLE } else { state };
        epoll::add(&this.epoll, &socket, EventData::new_u64(place as u64), events(state))?;
        let (state, task) = (AtomicU8::new(state), AtomicUsize::new(CURRENT.get()));
        let ready = Arc::new(Ready { state, task, place, home: Arc::clone(&this.outside) });
        entry.insert(Arc::clone(&ready));
        Ok(Self { socket, ready })
    }

    /// Connects; `None` where this thread has no loop.
    async fn connect(
        address: &impl SocketAddrArg,
        family: AddressFamily,
    ) -> Option<io::Result<Self>> {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let own = here(|this| {
            let socket = net::socket_with(family, SocketType::STREAM, flags, None)?;
            let connected = match net::connect(&socket, address) {
                Ok(()) => true,
                // Within one machine it is connected by now, and epoll need not be waited for.
                Err(Errno::INPROGRESS) => net::getpeername(&socket).is_ok(),
                Err(problem) => return Err(problem.into()),
            };
            Ok((Self::new(this, socket, if connected { WRITABLE } else { 0 })?, connected))
        });
        let own = match own? {
            Ok((own, true)) => return Some(Ok(own)),
            Ok((own, false)) => own,
            Err(problem) => return Some(Err(problem)),
        };
        // It is writable when it is connected, or has failed.
        let outcome = poll_fn(|_| own.try_io(WRITABLE, |socket| sockopt::socket_error(socket)));
        Some(outcome.await.and_then(|outcome| Ok(outcome?)).map(|()| own))
    }

    /// Tries, where it is not known to be in vain, until it would have to wait.
    fn try_io<T>(
        &self,
        what: u8,
        mut io: impl FnMut(&OwnedFd) -> rustix::io::Result<T>,
    ) -> Poll<io::Result<T>> {
        if !self.ready.is(what) {
            self.ready.wait();
            return Poll::Pending;
        }
        let Some(budget) = BUDGET.get().checked_sub(1) else {
            // Goes on when the others have had their turns.
            self.ready.wait();
            here(|this| this.wake(CURRENT.get()));
            return Poll::Pending;
        };
        BUDGET.set(budget);
        loop {
            match io(&self.socket) {
                Err(Errno::AGAIN) => {
                    self.ready.clear(what);
                    self.ready.wait();
                    if what == WRITABLE && !self.ready.is(TELLS_WRITABLE) {
                        self.ready.ask_for_writable(&self.socket)?;
                    }
                    return Poll::Pending;
                }
                Err(Errno::INTR) => {}
                done => return Poll::Ready(done.map_err(Into::into)),
            }
        }
    }

    /// As [`Own::try_io`], of so many bytes: fewer mean that there is no more for now.
    fn transfer(
        &self,
        what: u8,
        wanted: usize,
        io: impl FnMut(&OwnedFd) -> rustix::io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        let done = ready!(self.try_io(what, io))?;
        let told = what == READABLE && !self.ready.is(READ_CLOSED)
            || what == WRITABLE && self.ready.is(TELLS_WRITABLE);
        if done > 0 && done < wanted && told {
            self.ready.clear(what);
            self.ready.wait();
        }
        Poll::Ready(Ok(done))
    }
}

impl Drop for Own {
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
            // Most often the first message is there already.
            Some(Own::new(this, tcp.take()?.into(), READABLE | WRITABLE).map(Self::Own))
        });
        match (own.flatten(), tcp) {
            (Some(own), _) => own,
            (None, Some(tcp)) => tokio::net::TcpStream::from_std(tcp).map(Self::TokioTcp),
            (None, None) => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    /// Connects to a host by name or address, trying each of its addresses in turn; tells which
    /// of them it is.
    ///
    /// # Errors
    /// When it has no address, or the last one's reason.
    pub async fn connect_host(host: &str, port: u16) -> io::Result<(Self, SocketAddr)> {
        let mut last = None;
        for address in tokio::net::lookup_host((host, port)).await? {
            match Self::connect(address).await {
                Ok(socket) => return Ok((socket, address)),
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
        let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
        match Own::connect(&address, family).await {
            Some(own) => own.map(Self::Own),
            None => tokio::net::TcpStream::connect(address).await.map(Self::TokioTcp),
        }
    }

    /// Connects to a Unix socket.
    ///
    /// # Errors
    /// When nobody answers there.
    pub async fn connect_unix(path: &Path) -> io::Result<Self> {
        match Own::connect(&SocketAddrUnix::new(path)?, AddressFamily::UNIX).await {
            Some(own) => own.map(Self::Own),
            None => tokio::net::UnixStream::connect(path).await.map(Self::TokioUnix),
        }
    }

    /// Whether reading may find something now; where not, the task that last read or made it is
    /// polled when it may.
    pub(in crate::net) fn may_have_more(&self) -> bool {
        match self {
            Self::Own(own) => own.ready.is(READABLE),
            Self::TokioTcp(_) | Self::TokioUnix(_) => true,
        }
    }

    /// The other side's address; `None` for a Unix socket.
    ///
    /// # Errors
    /// When it is not connected.
    pub fn peer_addr(&self) -> io::Result<Option<SocketAddr>> {
        match self {
            Self::Own(own) => {
                Ok(net::getpeername(&own.socket)?.and_then(|peer| peer.try_into().ok()))
            }
            Self::TokioTcp(tcp) => tcp.peer_addr().map(Some),
            Self::TokioUnix(_) => Ok(None),
        }
    }

    /// Waits for the first bytes and copies them without taking them; 0 at the end.
    ///
    /// # Errors
    /// When the connection failed, or it is a Unix socket of tokio's.
    pub async fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Own(own) => {
                poll_fn(|_| own.try_io(READABLE, |it| recv(it, buffer, RecvFlags::PEEK))).await
            }
            Self::TokioTcp(tcp) => tcp.peek(buffer).await,
            Self::TokioUnix(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    /// Takes what is there without waiting; `WouldBlock` if nothing is.
    ///
    /// # Errors
    /// When the connection failed, or nothing is there.
    pub fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Own(own) => Ok(recv(&own.socket, buffer, RecvFlags::empty())?),
            Self::TokioTcp(tcp) => tcp.try_read(buffer),
            Self::TokioUnix(unix) => unix.try_read(buffer),
        }
    }

    /// Resolves when the other side has closed its half of the connection, or the connection
    /// failed. Takes nothing of what is there to be read. A Unix socket of tokio's never resolves.
    pub async fn closed(&self) {
        let ready = match self {
            Self::Own(own) => &own.ready,
            Self::TokioTcp(tcp) => return closed(tcp).await,
            Self::TokioUnix(_) => return std::future::pending().await,
        };
        poll_fn(|_| {
            ready.wait();
            if ready.is(READ_CLOSED) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

/// How many bytes were received.
fn recv(socket: &OwnedFd, buffer: &mut [u8], flags: RecvFlags) -> rustix::io::Result<usize> {
    net::recv(socket, buffer, flags).map(|(count, _)| count)
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
            Self::Own(own) => own.socket.as_fd(),
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
        match self.get_mut() {
            Self::Own(own) => {
                let wanted = buffer.remaining();
                let read = own.transfer(READABLE, wanted, |it| {
                    recv(it, buffer.initialize_unfilled(), RecvFlags::empty())
                });
                buffer.advance(ready!(read)?);
                Poll::Ready(Ok(()))
            }
            Self::TokioTcp(tcp) => Pin::new(tcp).poll_read(context, buffer),
            Self::TokioUnix(unix) => Pin::new(unix).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Own(own) => {
                own.transfer(WRITABLE, bytes.len(), |it| net::send(it, bytes, SendFlags::NOSIGNAL))
            }
            Self::TokioTcp(tcp) => Pin::new(tcp).poll_write(context, bytes),
            Self::TokioUnix(unix) => Pin::new(unix).poll_write(context, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        // What TLS has to send is one record most often, and the kernel has less to take in then.
        if let [one] = bytes {
            return self.poll_write(context, one);
        }
        match self.get_mut() {
            Self::Own(own) => {
                let wanted = bytes.iter().map(|slice| slice.len()).sum();
                own.transfer(WRITABLE, wanted, |it| {
                    let mut control = SendAncillaryBuffer::default();
                    net::sendmsg(it, bytes, &mut control, SendFlags::NOSIGNAL)
                })
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
            Self::Own(own) => {
                Poll::Ready(net::shutdown(&own.socket, Shutdown::Write).map_err(Into::into))
            }
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
        let own = here(|this| Own::new(this, listener.into(), READABLE | WRITABLE));
        own.unwrap_or_else(|| Err(io::ErrorKind::Unsupported.into())).map(Self)
    }

    /// The next client.
    ///
    /// # Errors
    /// When it could not be accepted; others may be.
    pub async fn accept(&self) -> io::Result<(std::net::TcpStream, SocketAddr)> {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let accept = |listener: &OwnedFd| net::acceptfrom_with(listener, flags);
        let (tcp, peer) = poll_fn(|_| self.0.try_io(READABLE, accept)).await?;
        let peer = peer.and_then(|peer| peer.try_into().ok());
        Ok((tcp.into(), peer.ok_or(io::ErrorKind::NotConnected)?))
    }
}
