//! The client's side: frames in, each forwarded, refused in place, held, or the session's end.

use super::copy::Gate;
use super::event::Via;
use super::replies::{Query, Request, Why};
use super::{Call, Session, Stream};
use crate::base::{Refusal, limits, refusal};
use crate::policy::Judge;
use crate::wire::frontend::{self, tag};
use crate::wire::{HEADER_BYTES, Head, Malformed, frame, head, write};

/// What became of the bytes at the front.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Took {
    /// This many are done with.
    Bytes(usize),
    /// A frame is not complete.
    Wait,
    /// A frame waits for a reply of the upstream, or for its judgement.
    Hold,
}

/// One whole frame and where it lies in the input.
pub(super) struct Frame<'a> {
    /// Offset of its first byte in the input.
    pub(super) at: usize,
    /// Bytes with the header.
    pub(super) length: usize,
    /// Its body.
    pub(super) body: &'a [u8],
}

impl Session {
    pub(super) fn walk_client(
        &mut self,
        input: &[u8],
        judge: &mut Judge,
        call: &mut Call<'_>,
    ) -> usize {
        self.ahead.held = false;
        self.ahead.judging = false;
        self.tell_server(call);
        let mut at = 0;
        while let Some(rest) = input.get(at..)
            && !rest.is_empty()
        {
            match self.take(rest, at, judge, call) {
                Ok(Took::Bytes(bytes)) => at += bytes,
                Ok(Took::Wait) => break,
                Ok(Took::Hold) => {
                    self.hold(call);
                    break;
                }
                Err(Malformed(what)) => self.begin_end(refusal::malformed(what), call),
            }
        }
        at
    }

    /// A message waits. Where nothing has ended the segment yet, the server keeps its replies
    /// to itself: a Flush of ours asks for them.
    fn hold(&mut self, call: &mut Call<'_>) {
        if self.ahead.judging {
            return;
        }
        self.ahead.held = true;
        let open = self.replies.back().is_some_and(|last| {
            last.segment == self.ahead.segment && !matches!(last.request, Request::Abort)
        });
        if (open || self.counting_execute()) && !self.ahead.flushed {
            self.ahead.flushed = true;
            call.turn.upstream.own(write::flush);
        }
    }

    /// Takes what stands at the front of `rest`, which lies at `at` in the input.
    fn take(
        &mut self,
        rest: &[u8],
        at: usize,
        judge: &mut Judge,
        call: &mut Call<'_>,
    ) -> Result<Took, Malformed> {
        if self.ending.begun() {
            return Ok(Took::Bytes(rest.len()));
        }
        match self.ahead.stream {
            Stream::Head => {}
            Stream::Pass(left) => {
                let bytes = left.min(rest.len());
                call.turn.upstream.pass(at..at + bytes);
                self.ahead.stream = Stream::Pass(left - bytes).settled();
                return Ok(Took::Bytes(bytes));
            }
            Stream::Drop(left) => {
                let bytes = left.min(rest.len());
                self.ahead.stream = Stream::Drop(left - bytes).settled();
                return Ok(Took::Bytes(bytes));
            }
        }
        let (tag, length) = match head(rest) {
            Head::Partial => return Ok(Took::Wait),
            Head::Bad { .. } => return Err(Malformed("invalid message length")),
            Head::Frame { tag, body } => (tag, body),
        };
        self.check_length(tag, length)?;
        if let Some(took) = self.gated(tag, call)? {
            return Ok(took);
        }
        if self.waits_for_cap(tag) {
            return Ok(Took::Hold);
        }
        if self.replies.len() >= limits::REPLIES_MAX {
            return Ok(Took::Hold);
        }
        if tag == tag::COPY_DATA {
            self.ahead.stream = Stream::Pass(length).settled();
            call.turn.upstream.pass(at..at + HEADER_BYTES);
            return Ok(Took::Bytes(HEADER_BYTES));
        }
        let took = if length > self.held_bytes_max(tag) {
            self.refuse_long(tag, length, call)?
        } else {
            let Some(body) = frame::body(rest, length) else { return Ok(Took::Wait) };
            let frame = Frame { at, length: HEADER_BYTES + length, body };
            self.dispatch(tag, &frame, judge, call)?
        };
        if matches!(took, Took::Bytes(_)) {
            self.note_open(tag);
        }
        Ok(took)
    }

    /// One whole frame.
    fn dispatch(
        &mut self,
        tag: u8,
        frame: &Frame<'_>,
        judge: &mut Judge,
        call: &mut Call<'_>,
    ) -> Result<Took, Malformed> {
        match tag {
            tag::QUERY => return self.query(frame, judge, call),
            tag::PARSE => return self.parse(frame, judge, call),
            tag::BIND => return self.bind(frame, judge, call),
            tag::EXECUTE => return self.execute(frame, judge, call),
            tag::DESCRIBE => {
                let (target, name) = frontend::target(frame.body)?;
                if target == frontend::Target::Statement && name.is_empty() && !self.tidy(call) {
                    return Ok(Took::Hold);
                }
                self.forward(frame, Request::Describe, call);
            }
            tag::CLOSE => {
                let (target, name) = frontend::target(frame.body)?;
                let name = super::names::kept(name).into();
                self.forward(frame, Request::Close { target, name }, call);
            }
            tag::SYNC => {
                frontend::empty(frame.body)?;
                self.ahead.discarding = false;
                let optional = self.ahead.gate != Gate::Free;
                self.forward(frame, Request::Sync { optional }, call);
                self.ahead.segment += 1;
            }
            tag::FLUSH => {
                frontend::empty(frame.body)?;
                call.turn.upstream.pass(frame.range());
            }
            tag::COPY_DONE | tag::COPY_FAIL => {
                self.ahead.gate = Gate::Free;
                call.turn.upstream.pass(frame.range());
                self.flush_run(call);
            }
            tag::TERMINATE => self.terminate(call),
            tag::FUNCTION_CALL => self.function_call(call),
            _ => return Err(Malformed("invalid frontend message type")),
        }
        Ok(Took::Bytes(frame.length))
    }

    /// What COPY IN lets through: `None` when the message may be looked at.
    fn gated(&mut self, tag: u8, call: &mut Call<'_>) -> Result<Option<Took>, Malformed> {
        let of_copy = matches!(
            tag,
            tag::COPY_DATA | tag::COPY_DONE | tag::COPY_FAIL | tag::FLUSH | tag::SYNC
        );
        match self.ahead.gate {
            Gate::Free => Ok(None),
            Gate::Maybe | Gate::Open if of_copy => Ok(None),
            Gate::Maybe if tag != tag::TERMINATE => Ok(Some(Took::Hold)),
            Gate::Maybe => Ok(None),
            Gate::Open if tag == tag::TERMINATE => Ok(None),
            Gate::Open => {
                let out = &mut call.turn.client;
                let first = refusal::unexpected_during_copy(tag);
                if self.upstream.at_boundary() {
                    out.own(|out| write::error(out, &first));
                }
                self.begin_end(refusal::synchronization_lost(), call);
                Ok(Some(Took::Bytes(0)))
            }
        }
    }

    /// A message that waits for no judgement: forwarded as it came.
    pub(super) fn forward(&mut self, frame: &Frame<'_>, request: Request, call: &mut Call<'_>) {
        call.turn.upstream.pass(frame.range());
        // What the server skips gets no reply.
        if !self.ahead.discarding {
            self.push(request);
        }
    }

    /// Lengths beyond which PostgreSQL itself gives up on a connection (`SocketBackend`).
    fn check_length(&self, tag: u8, length: usize) -> Result<(), Malformed> {
        let max = match tag {
            tag::QUERY | tag::PARSE | tag::BIND | tag::FUNCTION_CALL | tag::COPY_DATA => {
                limits::LARGE_MESSAGE_BYTES_MAX
            }
            _ => limits::SMALL_MESSAGE_BYTES_MAX,
        };
        // The length field counts itself, and so does the limit.
        if length + 4 > max { Err(Malformed("invalid message length")) } else { Ok(()) }
    }

    /// The longest frame that is held whole to be read.
    fn held_bytes_max(&self, tag: u8) -> usize {
        match tag {
            tag::QUERY | tag::PARSE => {
                self.terms.statement_bytes_max + limits::SMALL_MESSAGE_BYTES_MAX
            }
            tag::BIND => limits::BIND_BYTES_MAX,
            tag::FUNCTION_CALL => 0,
            _ => limits::SMALL_MESSAGE_BYTES_MAX,
        }
    }

    /// A frame too long to be held (any FunctionCall counts as such): refused in place, its
    /// body dropped as it comes.
    fn refuse_long(
        &mut self,
        tag: u8,
        length: usize,
        call: &mut Call<'_>,
    ) -> Result<Took, Malformed> {
        self.ahead.stream = Stream::Drop(length).settled();
        let max = self.terms.statement_bytes_max;
        match tag {
            tag::FUNCTION_CALL => self.function_call(call),
            tag::QUERY => {
                let refusal = refusal::statement_too_long(length, max);
                self.refuse_unread_query("UNREAD", Box::new(refusal), call);
            }
            tag::PARSE => {
                let refusal = refusal::statement_too_long(length, max);
                self.refuse_unread(Via::Parse, Box::new(refusal), call);
            }
            _ => {
                let refusal = refusal::bind_too_long(length, limits::BIND_BYTES_MAX);
                self.refuse_unread(Via::Bind, Box::new(refusal), call);
            }
        }
        Ok(Took::Bytes(HEADER_BYTES))
    }

    fn function_call(&mut self, call: &mut Call<'_>) {
        self.refuse_unread_query("FUNCTION CALL", Box::new(refusal::function_call()), call);
    }

    /// Refuses, in place, a Query whose text was not looked at.
    pub(super) fn refuse_unread_query(
        &mut self,
        operation: &'static str,
        refusal: Box<Refusal>,
        call: &mut Call<'_>,
    ) {
        let first = self.record_refusal(operation, Via::Query, &refusal, call);
        let refused = self.refuse_query(Why::Own(refusal), call);
        if !self.ahead.discarding {
            let query = Query {
                judgement: None,
                refused: Some(refused),
                text: None,
                first,
                writes: false,
                counted: false,
                run: None,
                executes_write: false,
                answered: 0,
                statements: 1,
                failed: false,
                started: call.now,
                transaction: self.transaction_ahead(),
                sent: super::names::Sent::default(),
            };
            self.push_query(query, call);
        }
        self.ahead.segment += 1;
    }

    /// Refuses, in place, an extended message whose text was not looked at or that has none.
    pub(super) fn refuse_unread(&mut self, via: Via, refusal: Box<Refusal>, call: &mut Call<'_>) {
        let operation = match via {
            Via::Query | Via::Parse => "UNREAD",
            Via::Bind => "EXECUTE",
        };
        self.record_refusal(operation, via, &refusal, call);
        let refused = self.refuse_extended(Why::Own(refusal), call);
        if !self.ahead.discarding {
            self.push(Request::Refused(refused));
        }
    }
}

impl Stream {
    /// At the next frame's head once nothing is left of this one.
    const fn settled(self) -> Self {
        match self {
            Self::Pass(0) | Self::Drop(0) => Self::Head,
            other => other,
        }
    }
}

impl Frame<'_> {
    /// Where the frame lies in the input.
    pub(super) const fn range(&self) -> std::ops::Range<usize> {
        self.at..self.at + self.length
    }
}
