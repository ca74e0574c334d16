//! A connection to the API's address. Whoever has not proved to be an operator is shown out after
//! a while, however slowly they write: connections are bounded, and all share them. So neither an
//! operator nor an address without one may have most of them.

use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Sleep, sleep};

use super::seats::Seat;
use crate::net::stream::Stream;

/// How long a connection lasts on which no operator was known.
pub(super) const STRANGERS_LAST: Duration = Duration::from_secs(30);

/// The operator who has shown a token on a connection, if one did.
pub(super) type Known = Arc<OnceLock<Seat<String>>>;

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

    use super::Guest;
    use crate::admin::seats::Seats;
    use crate::net::stream::Stream;

    #[tokio::test]
    async fn strangers_are_shown_out_and_operators_stay() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let places = Arc::new(Semaphore::new(2));
        let (strangers, operators) = (Seats::default(), Seats::default());
        let mut both = Vec::new();
        for known in [false, true] {
            let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            let (tcp, _) = listener.accept().await.unwrap();
            let place = Arc::clone(&places).acquire_owned().await.unwrap();
            let stranger = strangers.take(client.local_addr().unwrap().ip(), 2).unwrap();
            let guest =
                Guest::new(Stream::Plain(tcp.into()), Duration::from_millis(1), place, stranger);
            if known {
                guest.known().set(operators.take("dana".to_owned(), 1).unwrap()).unwrap();
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
                assert!(strangers.is_empty());
                assert!(operators.take("dana".to_owned(), 1).is_none());
                assert!(operators.take("erin".to_owned(), 1).is_some());
            } else {
                // Nothing comes; and what comes afterwards is too late.
                assert_eq!(read.await.unwrap_err().kind(), ErrorKind::TimedOut);
                client.write_all(b"G").await.unwrap();
                let error = guest.read(&mut byte).await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::TimedOut);
            }
        }
        assert_eq!(places.available_permits(), 2);
        assert!(operators.is_empty());
    }
}
