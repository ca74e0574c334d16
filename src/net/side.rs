//! One connection of a session: what was read and not consumed, what is to be sent and was not
//! taken. Both are empty, and own no memory, while nothing happens.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead as _, AsyncWrite as _, ReadBuf};

use super::stream::Stream;
use crate::session::Output;

/// What is kept of an empty buffer, bytes.
const KEPT_BYTES_MAX: usize = 1_024;

/// One of a session's two connections.
#[derive(Debug)]
pub(super) struct Side {
    stream: Stream,
    /// Read, but not consumed: the start of a message, or messages that are held.
    tail: Vec<u8>,
    /// `tail` was not looked at since it was filled.
    unseen: bool,
    /// Nothing is there to be read, and the task is woken when something is.
    waits: bool,
    pending: Vec<u8>,
    /// Bytes of `pending` that are sent.
    sent: usize,
    /// TLS may hold back what was written.
    unflushed: bool,
    /// The other side sends no more.
    pub(super) ended: bool,
    /// Nothing can be, or is to be, sent any more.
    pub(super) deaf: bool,
    /// We have said goodbye.
    pub(super) closed: bool,
}

/// Bytes to be looked at: everything that is not consumed, from the start of a message.
#[derive(Debug)]
pub(super) enum Input {
    /// The first so many bytes of the scratch.
    Scratch(usize),
    /// A buffer of its own, when there is too much for the scratch.
    Own(Vec<u8>),
}

impl Input {
    pub(super) fn bytes<'a>(&'a self, scratch: &'a [u8]) -> &'a [u8] {
        match self {
            Self::Scratch(length) => scratch.get(..*length).unwrap_or_default(),
            Self::Own(bytes) => bytes,
        }
    }
}

impl Side {
    /// `rest` was read of `stream` before.
    pub(super) const fn new(stream: Stream, rest: Vec<u8>) -> Self {
        Self {
            stream,
            unseen: !rest.is_empty(),
            waits: false,
            tail: rest,
            pending: Vec::new(),
            sent: 0,
            unflushed: false,
            ended: false,
            deaf: false,
            closed: false,
        }
    }

    /// What was read and not consumed, to be looked at again; `None` if there is nothing.
    pub(super) fn again(&mut self) -> Option<Input> {
        self.unseen = false;
        (!self.tail.is_empty()).then(|| Input::Own(std::mem::take(&mut self.tail)))
    }

    /// Whether there is something to be looked at without reading.
    pub(super) const fn has_unseen(&self) -> bool {
        self.unseen
    }

    /// Whether it is worth reading: not when that has just found nothing, until [`Side::woken`],
    /// nor where it is known that nothing is there and that the task is woken when something is.
    pub(super) fn may_have_more(&self) -> bool {
        self.unseen || !self.waits && !self.ended && self.stream.may_have_more()
    }

    /// The task was woken, perhaps since there is something to be read.
    pub(super) const fn woken(&mut self) {
        self.waits = false;
    }

    /// Reads once; `None` at the end of the stream.
    pub(super) fn poll_read(
        &mut self,
        context: &mut Context<'_>,
        scratch: &mut [u8],
    ) -> Poll<io::Result<Option<Input>>> {
        // A long message grows in its own buffer; a short rest is put in front of what is read.
        let kept = if self.tail.len() > scratch.len() / 2 { 0 } else { self.tail.len() };
        let (front, room) = scratch.split_at_mut(kept);
        front.copy_from_slice(self.tail.get(..kept).unwrap_or_default());
        let mut buffer = ReadBuf::new(room);
        match Pin::new(&mut self.stream).poll_read(context, &mut buffer) {
            Poll::Pending => {
                self.waits = true;
                Poll::Pending
            }
            Poll::Ready(Err(problem)) => Poll::Ready(Err(problem)),
            Poll::Ready(Ok(())) if buffer.filled().is_empty() => {
                self.ended = true;
                Poll::Ready(Ok(None))
            }
            Poll::Ready(Ok(())) => {
                let read = buffer.filled().len();
                if kept == self.tail.len() {
                    return Poll::Ready(Ok(Some(Input::Scratch(kept + read))));
                }
                let mut own = std::mem::take(&mut self.tail);
                own.extend_from_slice(buffer.filled());
                Poll::Ready(Ok(Some(Input::Own(own))))
            }
        }
    }

    /// Keeps what was not consumed.
    pub(super) fn keep(&mut self, input: Input, scratch: &[u8], consumed: usize) {
        match input {
            Input::Scratch(length) => {
                let rest = scratch.get(consumed..length).unwrap_or_default();
                if rest.is_empty() {
                    self.tail = Vec::new();
                } else {
                    self.tail.clear();
                    self.tail.extend_from_slice(rest);
                }
            }
            Input::Own(mut bytes) if consumed < bytes.len() => {
                bytes.drain(..consumed);
                self.tail = bytes;
            }
            Input::Own(_) => self.tail = Vec::new(),
        }
    }

    /// Whether everything to be sent was taken.
    pub(super) const fn is_drained(&self) -> bool {
        self.pending.is_empty() && !self.unflushed
    }

    /// Bytes that wait to be taken.
    pub(super) const fn waiting(&self) -> usize {
        self.pending.len().saturating_sub(self.sent)
    }

    /// Sends what `output` says, as far as it is taken now; the rest waits.
    pub(super) fn send(
        &mut self,
        context: &mut Context<'_>,
        output: &Output,
        input: &[u8],
    ) -> io::Result<()> {
        if self.deaf {
            return Ok(());
        }
        let mut slices = output.slices(input);
        let Some(first) = slices.next() else { return Ok(()) };
        let second = slices.next();
        if second.is_none() && self.pending.is_empty() {
            let taken = self.write(context, first)?;
            self.pending.extend_from_slice(first.get(taken..).unwrap_or_default());
        } else {
            self.pending.extend_from_slice(first);
            for slice in second.into_iter().chain(slices) {
                self.pending.extend_from_slice(slice);
            }
        }
        self.poll_flush(context).map(|_| ())
    }

    /// Puts bytes behind what waits; [`Side::poll_flush`] sends them.
    pub(super) fn queue(&mut self, output: &Output, input: &[u8]) {
        if !self.deaf {
            for slice in output.slices(input) {
                self.pending.extend_from_slice(slice);
            }
        }
    }

    /// As [`Side::queue`], for bytes as they are.
    pub(super) fn queue_bytes(&mut self, bytes: &[u8]) {
        if !self.deaf {
            self.pending.extend_from_slice(bytes);
        }
    }

    /// Sends what waits; whether any of it was taken.
    pub(super) fn poll_flush(&mut self, context: &mut Context<'_>) -> io::Result<bool> {
        if self.is_drained() { Ok(false) } else { self.flush(context) }
    }

    fn flush(&mut self, context: &mut Context<'_>) -> io::Result<bool> {
        let mut moved = false;
        if self.sent < self.pending.len() && !self.deaf {
            let pending = std::mem::take(&mut self.pending);
            let taken = self.write(context, pending.get(self.sent..).unwrap_or_default());
            self.pending = pending;
            let taken = taken?;
            moved = taken > 0;
            self.sent += taken;
            if self.sent >= self.pending.len() {
                self.sent = 0;
                self.pending.clear();
                self.pending.shrink_to(KEPT_BYTES_MAX);
            }
        }
        if self.unflushed && !self.deaf {
            match Pin::new(&mut self.stream).poll_flush(context) {
                Poll::Pending => {}
                Poll::Ready(Ok(())) => self.unflushed = false,
                Poll::Ready(Err(problem)) => return self.failed(problem).map(|()| false),
            }
        }
        Ok(moved)
    }

    /// Writes until nothing more is taken; how much was.
    fn write(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> io::Result<usize> {
        let mut taken = 0;
        while let Some(rest) = bytes.get(taken..).filter(|rest| !rest.is_empty()) {
            match Pin::new(&mut self.stream).poll_write(context, rest) {
                Poll::Pending => break,
                Poll::Ready(Ok(0)) => {
                    self.failed(io::ErrorKind::WriteZero.into())?;
                }
                Poll::Ready(Ok(count)) => {
                    taken += count;
                    self.unflushed = self.stream.is_tls();
                }
                Poll::Ready(Err(problem)) => self.failed(problem)?,
            }
        }
        Ok(taken)
    }

    /// Nothing more can be sent.
    fn failed(&mut self, problem: io::Error) -> io::Result<()> {
        self.deafen();
        Err(problem)
    }

    /// Sends nothing any more; what waits is forgotten.
    pub(super) fn deafen(&mut self) {
        self.deaf = true;
        self.unflushed = false;
        self.forget_pending();
    }

    /// Forgets what waits to be sent.
    pub(super) fn forget_pending(&mut self) {
        self.pending = Vec::new();
        self.sent = 0;
    }

    /// Says that nothing more comes, and takes in what is there: a close with unread bytes would
    /// be a reset, which can overtake our last words. Once; later calls do nothing.
    pub(super) fn close(&mut self, context: &mut Context<'_>, scratch: &mut [u8]) {
        if self.closed {
            return;
        }
        self.closed = true;
        self.deafen();
        // A TLS goodbye that is not taken at once is not worth waiting for.
        let _ = Pin::new(&mut self.stream).poll_shutdown(context);
        for _ in 0..4 {
            let mut buffer = ReadBuf::new(scratch);
            let read = Pin::new(&mut self.stream).poll_read(context, &mut buffer);
            if !matches!(read, Poll::Ready(Ok(()))) || buffer.filled().is_empty() {
                break;
            }
        }
    }
}
