//! Whole messages over a connection, for what happens before and beside the relay: login, dial,
//! control. Bounded; the relay itself never uses it.

use std::io;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::stream::Stream;
use crate::wire::{HEADER_BYTES, Head, head};

/// Why no message could be had.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// The connection failed or was closed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The other side closed.
    #[error("the connection was closed")]
    Closed,
    /// A length that no message has, or one above the bound.
    #[error("a message of type {tag:?} with the impossible length {length}")]
    Length {
        /// Message type.
        tag: char,
        /// Its length as sent.
        length: i64,
    },
}

/// Room for what one side of a login sends at once, but for a long list of settings.
pub const LOGIN_BYTES: usize = 768;

/// A connection read message by message.
#[derive(Debug)]
pub struct Framed {
    stream: Stream,
    buffer: Vec<u8>,
    /// Of `buffer`, the bytes of messages that were given out.
    taken: usize,
    /// Where the body of the last of them begins.
    body: usize,
}

impl Framed {
    /// Nothing has been read of `stream` yet.
    #[must_use]
    pub const fn new(stream: Stream) -> Self {
        Self { stream, buffer: Vec::new(), taken: 0, body: 0 }
    }

    /// The connection itself.
    #[must_use]
    pub const fn stream(&self) -> &Stream {
        &self.stream
    }

    /// The connection, and what was read of it but belongs to no message taken.
    #[must_use]
    pub fn into_parts(mut self) -> (Stream, Vec<u8>) {
        (self.stream, self.buffer.split_off(self.taken))
    }

    /// The next message: its type and body, of at most `body_bytes_max`.
    ///
    /// # Errors
    /// When the connection ends or the message is too long. Safe to be cancelled and called
    /// again: what was read is kept. What is given stays until the next call.
    pub async fn frame(&mut self, body_bytes_max: usize) -> Result<(u8, &[u8]), FrameError> {
        loop {
            let rest = self.buffer.get(self.taken..).unwrap_or_default();
            match head(rest) {
                Head::Partial => self.make_room(LOGIN_BYTES),
                Head::Bad { tag, length } => {
                    return Err(FrameError::Length { tag: char::from(tag), length: length.into() });
                }
                Head::Frame { tag, body } if body > body_bytes_max => {
                    let length = i64::try_from(body).unwrap_or(i64::MAX);
                    return Err(FrameError::Length { tag: char::from(tag), length });
                }
                Head::Frame { tag, body } => {
                    let whole = HEADER_BYTES + body;
                    if rest.len() >= whole {
                        self.body = self.taken + HEADER_BYTES;
                        self.taken += whole;
                        return Ok((tag, self.body()));
                    }
                    let missing = whole - rest.len();
                    self.make_room(missing);
                }
            }
            match self.stream.read_buf(&mut self.buffer).await {
                Ok(0) => return Err(FrameError::Closed),
                // Over TLS: closed without close_notify, as PostgreSQL does. A message cut short
                // is not taken for a whole one.
                Err(problem) if problem.kind() == io::ErrorKind::UnexpectedEof => {
                    return Err(FrameError::Closed);
                }
                result => result?,
            };
        }
    }

    /// The body of the message that was given last.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        self.buffer.get(self.body..self.taken).unwrap_or_default()
    }

    /// Forgets what was given out, and has room for so many bytes more.
    fn make_room(&mut self, bytes: usize) {
        self.buffer.drain(..self.taken);
        (self.taken, self.body) = (0, 0);
        self.buffer.reserve(bytes);
    }

    /// Sends bytes.
    ///
    /// # Errors
    /// When the connection fails.
    pub async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await?;
        self.stream.flush().await
    }
}
