//! The upstream's side: messages walked by their headers, the few that say what is true read.

use super::caps::Bound;
use super::event::Outcome;
use super::names::Sent;
use super::replies::Request;
use super::{Call, Session};
use crate::base::refusal;
use crate::wire::backend::{self, tag};
use crate::wire::{HEADER_BYTES, Head, head};

/// Where the upstream's stream stands.
#[derive(Debug, Default)]
pub(super) struct Walk {
    /// Bytes still to come of the message under way.
    left: usize,
    /// Whether these are kept from the client.
    dropping: bool,
    /// Whether COPY IN is open.
    pub(super) copy_in: bool,
}

/// What becomes of a message that was read.
pub(super) enum Fate {
    /// It goes to the client as it came.
    Pass,
    /// It does not; what stands in its place has been put out.
    Replaced,
}

/// A message that does not fit what was asked.
pub(super) struct OutOfOrder(pub(super) &'static str);

impl Walk {
    /// Whether the stream towards the client stands between two messages.
    pub(super) const fn at_boundary(&self) -> bool {
        self.left == 0
    }
}

/// Whether the server's name of an encoding is UTF8.
#[must_use]
pub fn is_utf8(name: &[u8]) -> bool {
    matches!(name, b"UTF8" | b"UNICODE" | b"SQL_ASCII")
}

/// Whether an encoding is one in which a byte below 0x80 can be part of a character.
fn hides_ascii(name: &[u8]) -> bool {
    matches!(name, b"SJIS" | b"SHIFT_JIS_2004" | b"BIG5" | b"GBK" | b"UHC" | b"GB18030" | b"JOHAB")
}

/// The setting, where a reported value of it is one in which the server reads a text otherwise than
/// it is judged.
#[must_use]
pub fn misleads(name: &[u8], value: &[u8]) -> Option<&'static str> {
    match name {
        b"client_encoding" if hides_ascii(value) => Some("client_encoding"),
        b"standard_conforming_strings" if value != b"on" => Some("standard_conforming_strings"),
        _ => None,
    }
}

impl Session {
    pub(super) fn walk_upstream(&mut self, input: &[u8], call: &mut Call<'_>) -> usize {
        let mut at = 0;
        while let Some(rest) = input.get(at..)
            && !rest.is_empty()
        {
            if self.upstream.left > 0 {
                let bytes = self.upstream.left.min(rest.len());
                self.pass(at..at + bytes, call);
                self.upstream.left -= bytes;
                at += bytes;
                self.tell_end(call);
                continue;
            }
            let (tag, length) = match head(rest) {
                Head::Partial => break,
                Head::Frame { tag, body } => (tag, body),
                Head::Bad { .. } => {
                    return self.broken("its stream cannot be followed", input, call);
                }
            };
            if self.warning.waits() {
                self.tell_warning(tag, call);
            }
            let streams = matches!(tag, tag::DATA_ROW | tag::COPY_DATA);
            // Of a row there is nothing to be read but its header: what is there of it is passed.
            let there = rest.len() - HEADER_BYTES;
            let held = length.min(if streams { there } else { self.held_bytes(tag) });
            let Some(body) = rest.get(HEADER_BYTES..HEADER_BYTES + held) else { break };
            if streams {
                self.release(call);
                self.row(length, call);
            } else {
                match self.message(tag, body, length, call) {
                    Ok(Fate::Pass) => {}
                    Ok(Fate::Replaced) => {
                        at += HEADER_BYTES + held;
                        self.upstream.left = length - held;
                        self.upstream.dropping = true;
                        continue;
                    }
                    Err(OutOfOrder(what)) => return self.broken(what, input, call),
                }
            }
            self.upstream.dropping = false;
            self.pass(at..at + HEADER_BYTES + held, call);
            at += HEADER_BYTES + held;
            self.upstream.left = length - held;
            self.tell_end(call);
            if streams {
                at += self.more_rows(tag, input.get(at..).unwrap_or_default(), at, call);
            }
        }
        at
    }

    /// Passes the whole rows at the front of `rest`, which lies at `at` in the input, that need no
    /// look but at their headers: behind a row that was passed, as many as no cap stands against.
    /// Bytes taken. What it stops at is looked at as any message is.
    fn more_rows(&mut self, tag: u8, rest: &[u8], at: usize, call: &mut Call<'_>) -> usize {
        if !self.upstream.at_boundary() || self.muted() || self.warning.waits() {
            return 0;
        }
        let caps = self.terms.row_caps;
        let before = self.sent().copied().unwrap_or_default();
        let (mut sent, mut taken) = (before, 0);
        while let Some(Head::Frame { tag: next, body }) = rest.get(taken..).map(head)
            && next == tag
            && body <= rest.len() - taken - HEADER_BYTES
        {
            let with = Sent { rows: sent.rows + 1, bytes: sent.bytes + body as u64 };
            if Bound::passed(caps, with).is_some() {
                break;
            }
            sent = with;
            taken += HEADER_BYTES + body;
        }
        self.rows_returned += sent.rows - before.rows;
        if let Some(own) = self.sent() {
            *own = sent;
        }
        self.pass(at..at + taken, call);
        taken
    }

    fn pass(&self, range: std::ops::Range<usize>, call: &mut Call<'_>) {
        if !self.ending.told() && !self.muted() && !self.upstream.dropping {
            call.turn.client.pass(range);
        }
    }

    /// The upstream cannot be followed any further.
    #[cold]
    fn broken(&mut self, what: &str, input: &[u8], call: &mut Call<'_>) -> usize {
        self.begin_end(refusal::upstream_lost(what), call);
        self.close_records(call);
        input.len()
    }

    fn row(&mut self, bytes: usize, call: &mut Call<'_>) {
        if self.muted() {
            return;
        }
        self.rows_returned += 1;
        if let Some(sent) = self.sent() {
            sent.rows += 1;
            sent.bytes += bytes as u64;
            let sent = *sent;
            self.row_passes(sent, call);
        }
    }

    /// What has been sent of what is being answered.
    fn sent(&mut self) -> Option<&mut Sent> {
        match self.replies.front_mut().map(|reply| &mut reply.request) {
            Some(Request::Query(query)) => Some(&mut query.sent),
            Some(Request::Fetch { sent, .. }) => Some(sent),
            Some(Request::Execute { portal, .. }) => {
                self.names.portal_mut(portal).map(|portal| &mut portal.sent)
            }
            _ => None,
        }
    }

    /// One message of `length` that is not a row. `body` may be only the start of a long one.
    fn message(
        &mut self,
        tag: u8,
        body: &[u8],
        length: usize,
        call: &mut Call<'_>,
    ) -> Result<Fate, OutOfOrder> {
        if let Some(fate) = self.renewed(tag, body) {
            return fate;
        }
        if tag != tag::READY_FOR_QUERY && !is_asynchronous(tag) {
            self.forget_unanswered_syncs();
            if let Some(fate) = self.muted_message(tag, call) {
                return Ok(fate);
            }
            if !matches!(tag, tag::ERROR_RESPONSE | tag::COMMAND_COMPLETE) {
                self.release(call);
            }
        }
        if let Some(fate) = self.run_message(tag, body, length, call) {
            return Ok(fate);
        }
        match tag {
            tag::NOTICE_RESPONSE
            | tag::NOTIFICATION_RESPONSE
            | tag::PARAMETER_DESCRIPTION
            | tag::COPY_OUT_RESPONSE
            | tag::COPY_DONE => {}
            tag::PARAMETER_STATUS => self.parameter(body, call),
            tag::ROW_DESCRIPTION | tag::NO_DATA => {
                if matches!(self.front(), Some(Request::Describe)) {
                    self.replies.pop_front();
                }
            }
            tag::COPY_IN_RESPONSE => self.copy_opened(),
            tag::COMMAND_COMPLETE => {
                return self.command_completed(body, backend::command_tag(body), call);
            }
            tag::EMPTY_QUERY_RESPONSE => self.completed((b"", None), call)?,
            tag::PARSE_COMPLETE => self.parsed(call)?,
            tag::BIND_COMPLETE => self.bound(call)?,
            tag::CLOSE_COMPLETE => return self.closed(call),
            tag::PORTAL_SUSPENDED => match self.replies.pop_front().map(|reply| reply.request) {
                Some(Request::Execute { .. }) => {}
                Some(request @ Request::Fetch { .. }) => {
                    self.close_request(&request, Outcome::Completed, call);
                }
                _ => return Err(OutOfOrder("it suspended a portal that nobody executed")),
            },
            tag::ERROR_RESPONSE => return self.failed(body, length, call),
            tag::READY_FOR_QUERY => {
                let status = backend::ready_for_query(body)
                    .map_err(|_| OutOfOrder("it sent a malformed ReadyForQuery"))?;
                if let Some(fate) = self.ready_by_cap(status, call)? {
                    return Ok(fate);
                }
                self.segment_ended(status, call)?;
            }
            _ => return Err(OutOfOrder("it sent a message out of place")),
        }
        Ok(Fate::Pass)
    }

    pub(super) fn front(&self) -> Option<&Request> {
        self.replies.front().map(|reply| &reply.request)
    }

    /// ReadyForQuery.
    fn segment_ended(&mut self, status: u8, call: &mut Call<'_>) -> Result<(), OutOfOrder> {
        match self.replies.pop_front().map(|reply| reply.request) {
            Some(request @ Request::Query(_)) => self.after_query(request, call),
            Some(Request::Sync { .. }) => {}
            _ => return Err(OutOfOrder("it was ready for a query before it had answered")),
        }
        self.ready(status, call);
        Ok(())
    }

    /// A Query or Sync is answered, but what it did is not settled yet.
    pub(super) fn segment_answered(&mut self, call: &mut Call<'_>) {
        if let Some(request @ Request::Query(_)) = self.replies.pop_front().map(|it| it.request) {
            self.after_query(request, call);
        }
    }

    fn after_query(&mut self, request: Request, call: &mut Call<'_>) {
        self.close_request(&request, Outcome::Skipped, call);
        if let Request::Query(mut query) = request {
            (query.judgement, query.refused, query.text) = (None, None, None);
            call.turn.spare = Some(query);
        }
        // A Query destroys the unnamed statement before it does anything else.
        self.names.remove_statement(b"");
        if let Some(portal) = self.names.remove_portal(b"") {
            Self::close_portal(&portal, call);
        }
    }

    /// Syncs that were sent during a COPY which then failed may have been ignored: a reply to
    /// what came after them says so.
    fn forget_unanswered_syncs(&mut self) {
        while matches!(self.front(), Some(Request::Sync { optional: true })) {
            self.replies.pop_front();
        }
    }

    /// ParameterStatus: what the text is read in, and the alarm on what carries safety.
    #[cold]
    fn parameter(&mut self, body: &[u8], call: &mut Call<'_>) {
        let Ok((name, value)) = backend::parameter_status(body) else { return };
        if name == b"client_encoding" {
            self.utf8 = is_utf8(value);
        }
        let alarm = match name {
            b"session_authorization" | b"is_superuser" => true,
            b"default_transaction_read_only" => !self.terms.may_write() && value != b"on",
            _ => misleads(name, value).is_some(),
        };
        if alarm {
            let name = String::from_utf8_lossy(name);
            self.begin_end(refusal::setting_changed(&name), call);
        }
    }
}

/// Messages that the server may send at any time.
const fn is_asynchronous(tag: u8) -> bool {
    matches!(tag, tag::NOTICE_RESPONSE | tag::NOTIFICATION_RESPONSE | tag::PARAMETER_STATUS)
}
