//! A connection to the API's address. Whoever has not proved to be an operator is shown out after
//! a while, however slowly they write: connections are bounded, and all share them. So neither an
//! operator nor an address without one may have most of them.

use std::collections::HashMap;
use std::future::Future;
use std::hash::Hash;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Sleep, sleep};

use crate::net::stream::Stream;

/// How long a connection lasts on which no operator was known.
pub(super) const STRANGERS_LAST: Duration = Duration::from_secs(30);

/// The operator who has shown a token on a connection, if one did.
pub(super) type Known = Arc<OnceLock<Seat<String>>>;

/// How many connections each has, so many at most.
#[derive(Debug)]
pub(super) struct Seats<K> {
    most: usize,
    taken: Arc<Mutex<HashMap<K, usize>>>,
}

/// One of them, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Seat<K: Eq + Hash> {
    of: K,
    taken: Arc<Mutex<HashMap<K, usize>>>,
}

/// A connection that holds one of the places there are.
#[derive(Debug)]
pub struct Guest {
    stream: Stream,
    known: Known,
    patience: Pin<Box<Sleep>>,
    /// Until an operator is known.
    stranger: Option<Seat<IpAddr>>,
    _place: OwnedSemaphorePermit,
}

impl<K: Eq + Hash + Clone> Seats<K> {
    pub(super) fn new(most: usize) -> Self {
        Self { most, taken: Arc::default() }
    }

    /// A seat, unless there is none left.
    pub(super) fn take(&self, of: &K) -> Option<Seat<K>> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(of.clone()).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(Seat { of: of.clone(), taken: Arc::clone(&self.taken) })
    }
}

impl<K: Eq + Hash> Drop for Seat<K> {
    fn drop(&mut self) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        match taken.get_mut(&self.of) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(taken.remove(&self.of)),
        }
    }
}

impl Guest {
    pub(super) fn new(
        stream: Stream,
        lasts: Duration,
        place: OwnedSemaphorePermit,
        stranger: Seat<IpAddr>,
    ) -> Self {
        let (known, patience) = (Known::default(), Box::pin(sleep(lasts)));
        Self { stream, known, patience, stranger: Some(stranger), _place: place }
    }

    pub(super) const fn known(&self) -> &Known {
        &self.known
    }
}

impl AsyncRead for Guest {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let strange = self.known.get().is_none();
        if !strange {
            self.stranger = None;
        }
        if strange
            && (self.patience.is_elapsed() || self.patience.as_mut().poll(context).is_ready())
        {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Guest {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::sync::Arc;
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::sync::Semaphore;

    use super::{Guest, Seats};
    use crate::net::stream::Stream;

    #[tokio::test]
    async fn strangers_are_shown_out_and_operators_stay() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let places = Arc::new(Semaphore::new(2));
        let (strangers, operators) = (Seats::new(2), Seats::new(1));
        let mut both = Vec::new();
        for known in [false, true] {
            let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            let (tcp, _) = listener.accept().await.unwrap();
            let place = Arc::clone(&places).acquire_owned().await.unwrap();
            let stranger = strangers.take(&client.local_addr().unwrap().ip()).unwrap();
            let guest = Guest::new(Stream::Tcp(tcp), Duration::from_millis(1), place, stranger);
            if known {
                guest.known().set(operators.take(&"dana".to_owned()).unwrap()).unwrap();
            }
            both.push((client, guest));
        }
        assert_eq!(places.available_permits(), 0);
        for (mut client, mut guest) in both {
            let known = guest.known().get().is_some();
            let mut byte = [0];
            let read = guest.read(&mut byte);
            if known {
                client.write_all(b"G").await.unwrap();
                assert_eq!(read.await.unwrap(), 1);
                // No stranger any more, and the operator's only one.
                assert_eq!(strangers.taken.lock().unwrap().len(), 0);
                assert!(operators.take(&"dana".to_owned()).is_none());
                assert!(operators.take(&"erin".to_owned()).is_some());
            } else {
                // Nothing comes; and what comes afterwards is too late.
                assert_eq!(read.await.unwrap_err().kind(), ErrorKind::TimedOut);
                client.write_all(b"G").await.unwrap();
                let error = guest.read(&mut byte).await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::TimedOut);
            }
        }
        assert_eq!(places.available_permits(), 2);
        assert!(operators.taken.lock().unwrap().is_empty());
    }
}
