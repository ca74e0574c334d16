//! What one call of the session gives back: bytes to send, in order, without copying what only
//! passes through.

use std::ops::Range;

use super::replies::Query;
use crate::base::Refusal;

/// Bytes to send to one side, in order.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Output {
    segments: Vec<Segment>,
    owned: Vec<u8>,
}

/// A run of bytes to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// A range of the bytes that the shell gave in, to be sent as they came.
    Input(Range<usize>),
    /// A range of the output's own bytes.
    Owned(Range<usize>),
}

/// The output of one call. The shell keeps one per worker and clears it between calls.
#[derive(Debug, Default)]
pub struct Turn {
    /// To the upstream. Sent only after what was recorded in this turn is written.
    pub upstream: Output,
    /// To the client.
    pub client: Output,
    /// Whether a decision was recorded: its record must be written before `upstream` is sent.
    pub decided: bool,
    /// The upstream is to be sent a cancel request; [`Session::cancelled`](super::Session) is to
    /// be told when that is done.
    pub cancel: bool,
    /// The cap that a statement has passed, by its name in the configuration.
    pub cap: Option<&'static str>,
    /// The session is over: send what is in the outputs, then close both sides.
    /// Boxed: it comes once, and is looked at in every turn.
    pub end: Option<Box<End>>,
    /// Memory of the last Query that was answered, of whichever session: it is in the caches still
    /// when the next one comes. Nothing of that session is in it.
    pub(super) spare: Option<Box<Query>>,
}

/// How a session ends, for the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The client said Terminate.
    Terminated,
    /// What the client was told (or, if it could not be told, would have been).
    Refused(Refusal),
    /// The upstream ended it with a FATAL of its own, which the client has seen.
    Upstream {
        /// Its SQLSTATE.
        sqlstate: String,
        /// Its message.
        message: String,
    },
}

impl Output {
    /// Whether there is nothing to send.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    /// Forgets everything; keeps the memory.
    pub fn clear(&mut self) {
        self.segments.clear();
        self.owned.clear();
    }

    /// Sends a range of the input as it came; joins with the range before it.
    pub fn pass(&mut self, range: Range<usize>) {
        if range.is_empty() {
            return;
        }
        if let Some(Segment::Input(last)) = self.segments.last_mut()
            && last.end == range.start
        {
            last.end = range.end;
            return;
        }
        self.segments.push(Segment::Input(range));
    }

    /// Sends bytes of our own, which `write` appends to the buffer it is given.
    pub fn own(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let start = self.owned.len();
        write(&mut self.owned);
        let end = self.owned.len();
        if start == end {
            return;
        }
        if let Some(Segment::Owned(last)) = self.segments.last_mut() {
            last.end = end;
            return;
        }
        self.segments.push(Segment::Owned(start..end));
    }

    /// The runs of bytes to send, in order; `input` is what the shell gave in.
    pub fn slices<'a>(&'a self, input: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        self.segments.iter().filter_map(move |segment| match segment {
            Segment::Input(range) => input.get(range.clone()),
            Segment::Owned(range) => self.owned.get(range.clone()),
        })
    }
}

impl Turn {
    /// Forgets everything; keeps the memory.
    pub fn clear(&mut self) {
        self.upstream.clear();
        self.client.clear();
        self.decided = false;
        self.cancel = false;
        self.cap = None;
        self.end = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbouring_ranges_are_one_write() {
        let input = b"abcdefgh";
        let mut output = Output::default();
        output.pass(0..2);
        output.pass(2..4);
        output.own(|bytes| bytes.extend_from_slice(b"12"));
        output.own(|bytes| bytes.extend_from_slice(b"34"));
        output.pass(6..8);
        output.pass(8..8);
        let slices: Vec<_> = output.slices(input).collect();
        assert_eq!(slices, [&b"abcd"[..], b"1234", b"gh"]);
        output.clear();
        assert!(output.is_empty());
    }
}
