//! The upstream's side: messages walked by their headers, the few that say what is true read.

use super::event::{Done, Event, Outcome};
use super::names::{Portal, Prepared, Sent, kept};
use super::replies::{CursorChange, NameChange, Request};
use super::{Call, End, Session};
use crate::base::{limits, refusal};
use crate::policy::Verdict;
use crate::sql::facts::Action;
use crate::wire::backend::{self, tag};
use crate::wire::frontend::Target;
use crate::wire::{HEADER_BYTES, Head, head, write};
use std::sync::Arc;

/// Where the upstream's stream stands.
#[derive(Debug, Default)]
pub(super) struct Walk {
    /// Bytes still to come of the message under way.
    left: usize,
    /// Whether COPY IN is open.
    pub(super) copy_in: bool,
}

/// What becomes of a message that was read.
enum Fate {
    /// It goes to the client as it came.
    Pass,
    /// It does not; what stands in its place has been put out.
    Replaced,
}

/// A message that does not fit what was asked.
struct OutOfOrder(&'static str);

impl Walk {
    /// Whether the stream towards the client stands between two messages.
    pub(super) const fn at_boundary(&self) -> bool {
        self.left == 0
    }
}

/// Whether the server's name of an encoding is UTF8.
pub(super) fn is_utf8(name: &[u8]) -> bool {
    matches!(name, b"UTF8" | b"UNICODE" | b"SQL_ASCII")
}

/// Whether an encoding is one in which a byte below 0x80 can be part of a character.
fn hides_ascii(name: &[u8]) -> bool {
    matches!(name, b"SJIS" | b"SHIFT_JIS_2004" | b"BIG5" | b"GBK" | b"UHC" | b"GB18030" | b"JOHAB")
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
            let streams = matches!(tag, tag::DATA_ROW | tag::COPY_DATA);
            let held = if streams { 0 } else { length.min(limits::UPSTREAM_HELD_BYTES_MAX) };
            let Some(body) = rest.get(HEADER_BYTES..HEADER_BYTES + held) else { break };
            if streams {
                self.row(length);
            } else {
                match self.message(tag, body, call) {
                    Ok(Fate::Pass) => {}
                    Ok(Fate::Replaced) => {
                        at += HEADER_BYTES + held;
                        self.upstream.left = 0;
                        continue;
                    }
                    Err(OutOfOrder(what)) => return self.broken(what, input, call),
                }
            }
            self.pass(at..at + HEADER_BYTES + held, call);
            at += HEADER_BYTES + held;
            self.upstream.left = length - held;
            self.tell_end(call);
        }
        at
    }

    fn pass(&self, range: std::ops::Range<usize>, call: &mut Call<'_>) {
        if !self.ending.told() {
            call.turn.client.pass(range);
        }
    }

    /// The upstream cannot be followed any further.
    fn broken(&mut self, what: &str, input: &[u8], call: &mut Call<'_>) -> usize {
        self.begin_end(refusal::upstream_lost(what), call);
        self.close_records(call);
        input.len()
    }

    fn row(&mut self, bytes: usize) {
        self.rows_returned += 1;
        let sent = match self.replies.front_mut().map(|reply| &mut reply.request) {
            Some(Request::Query(query)) => Some(&mut query.sent),
            Some(Request::Execute { portal, .. }) => {
                self.names.portal_mut(portal).map(|portal| &mut portal.sent)
            }
            _ => None,
        };
        if let Some(sent) = sent {
            sent.rows += 1;
            sent.bytes += bytes as u64;
        }
    }

    /// One message that is not a row. `body` may be only the start of a long one.
    fn message(&mut self, tag: u8, body: &[u8], call: &mut Call<'_>) -> Result<Fate, OutOfOrder> {
        if tag != tag::READY_FOR_QUERY && !is_asynchronous(tag) {
            self.forget_unanswered_syncs();
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
            tag::COMMAND_COMPLETE => self.completed(backend::command_tag(body), call)?,
            tag::EMPTY_QUERY_RESPONSE => self.completed((b"", None), call)?,
            tag::PARSE_COMPLETE => self.parsed(call)?,
            tag::BIND_COMPLETE => self.bound(call)?,
            tag::CLOSE_COMPLETE => self.closed(call)?,
            tag::PORTAL_SUSPENDED => match self.replies.pop_front().map(|reply| reply.request) {
                Some(Request::Execute { .. }) => {}
                _ => return Err(OutOfOrder("it suspended a portal that nobody executed")),
            },
            tag::ERROR_RESPONSE => return Ok(self.failed(body, call)),
            tag::READY_FOR_QUERY => {
                let status = backend::ready_for_query(body)
                    .map_err(|_| OutOfOrder("it sent a malformed ReadyForQuery"))?;
                self.segment_ended(status, call)?;
            }
            _ => return Err(OutOfOrder("it sent a message out of place")),
        }
        Ok(Fate::Pass)
    }

    fn front(&self) -> Option<&Request> {
        self.replies.front().map(|reply| &reply.request)
    }

    fn parsed(&mut self, call: &mut Call<'_>) -> Result<(), OutOfOrder> {
        let Some(Request::Parse { name, prepared, started }) =
            self.replies.pop_front().map(|reply| reply.request)
        else {
            return Err(OutOfOrder("it answered a Parse that was not sent"));
        };
        if let Verdict::Replace { notice, .. } = &prepared.judgement.verdict {
            call.turn.client.own(|out| write::notice(out, notice));
        }
        call.recorder.record(&Event::Done(Done {
            duration_us: call.now.since(started),
            ..Done::ended(prepared.statement, Outcome::Completed)
        }));
        self.names.set_statement(name, prepared);
        Ok(())
    }

    fn bound(&mut self, call: &mut Call<'_>) -> Result<(), OutOfOrder> {
        let Some(Request::Bind(bind)) = self.replies.pop_front().map(|reply| reply.request) else {
            return Err(OutOfOrder("it answered a Bind that was not sent"));
        };
        let portal = Portal {
            judgement: Arc::clone(&bind.prepared.judgement),
            prepared: bind.prepared,
            statement: bind.statement,
            started: bind.started,
            transaction: bind.transaction,
            sent: Sent::default(),
            done: false,
        };
        if let Some(replaced) = self.names.set_portal(bind.portal, portal) {
            Self::close_portal(&replaced, call);
        }
        Ok(())
    }

    fn closed(&mut self, call: &mut Call<'_>) -> Result<(), OutOfOrder> {
        match self.replies.pop_front().map(|reply| reply.request) {
            Some(Request::Close { target: Target::Statement, name }) => {
                self.names.remove_statement(&name);
            }
            Some(Request::Close { target: Target::Portal, name }) => {
                if let Some(portal) = self.names.remove_portal(&name) {
                    Self::close_portal(&portal, call);
                }
            }
            _ => return Err(OutOfOrder("it answered a Close that was not sent")),
        }
        Ok(())
    }

    /// CommandComplete or EmptyQueryResponse.
    fn completed(
        &mut self,
        tag: (&[u8], Option<u64>),
        call: &mut Call<'_>,
    ) -> Result<(), OutOfOrder> {
        let copy_in = self.upstream.copy_in;
        let Some(mut reply) = self.replies.pop_front() else {
            return Err(OutOfOrder("it completed a statement that was not sent"));
        };
        match &mut reply.request {
            Request::Query(query) => {
                let judgement = query.judgement.clone();
                let one = judgement.as_ref().and_then(|all| all.statements.get(query.answered));
                let statement = query.first + query.answered as u64;
                let sent = std::mem::take(&mut query.sent);
                let (started, transaction) = (query.started, query.transaction);
                query.answered += 1;
                let executes = query.executes_write;
                let text = query.text.clone();
                if let Some(Verdict::Replace { notice, .. }) =
                    judgement.as_ref().map(|j| &j.verdict)
                {
                    call.turn.client.own(|out| write::notice(out, notice));
                }
                // It stays until ReadyForQuery.
                self.replies.push_front(reply);
                self.record_done(statement, sent, tag, started, copy_in, call);
                if let Some(one) = one {
                    let is_execute = matches!(one.action, Action::Execute { .. });
                    let writes = one.writes || (executes && is_execute) || self.fetches_write(one);
                    self.statement_completed(&one.action, writes, transaction, tag.0, call);
                    if let (Action::Prepare { name, .. }, Some(text), Some(judgement)) =
                        (&one.action, text, &judgement)
                    {
                        let prepared = Prepared::by_sql(&text, one, judgement, statement);
                        let name = kept(name.as_bytes()).into();
                        self.names.set_statement(name, Arc::new(prepared));
                    } else {
                        self.names_changed(&NameChange::of(&one.action));
                    }
                    self.cursors_changed(&CursorChange::of(&one.action), call);
                }
            }
            Request::Execute { portal, writes, .. } => {
                if let Some(known) = self.names.portal_mut(portal) {
                    let first = !std::mem::replace(&mut known.done, true);
                    let known = known.clone();
                    if first {
                        let (sent, started) = (known.sent, known.started);
                        self.record_done(known.statement, sent, tag, started, copy_in, call);
                    }
                    if let Some(one) = known.judgement.statements.first() {
                        let wrote = *writes && !matches!(one.action, Action::Commit { .. });
                        self.statement_completed(
                            &one.action,
                            wrote,
                            known.transaction,
                            tag.0,
                            call,
                        );
                        if let Action::Prepare { name, .. } = &one.action {
                            let Prepared { text, judgement, statement, .. } = &*known.prepared;
                            let made = Prepared::by_sql(text, one, judgement, *statement);
                            self.names.set_statement(kept(name.as_bytes()).into(), Arc::new(made));
                        } else {
                            self.names_changed(&NameChange::of(&one.action));
                        }
                        self.cursors_changed(&CursorChange::of(&one.action), call);
                    }
                }
            }
            _ => return Err(OutOfOrder("it completed a statement that was not executed")),
        }
        if copy_in {
            self.copy_completed();
        }
        Ok(())
    }

    fn names_changed(&mut self, change: &NameChange) {
        match change {
            NameChange::None => {}
            NameChange::One(name) => self.names.remove_statement(name),
            NameChange::All => self.names.clear_statements(),
        }
    }

    /// What SQL did to the portals: one that DECLARE could make was not there any more.
    fn cursors_changed(&mut self, change: &CursorChange, call: &mut Call<'_>) {
        match change {
            CursorChange::None => {}
            CursorChange::One(name) => {
                if let Some(portal) = self.names.remove_portal(name) {
                    Self::close_portal(&portal, call);
                }
            }
            CursorChange::All => self.close_portals(call),
        }
    }

    fn record_done(
        &mut self,
        statement: u64,
        sent: Sent,
        (command, count): (&[u8], Option<u64>),
        started: crate::base::Moment,
        copy_in: bool,
        call: &mut Call<'_>,
    ) {
        let writes = matches!(command, b"INSERT" | b"UPDATE" | b"DELETE" | b"MERGE") || copy_in;
        let rows_affected = if writes { count } else { None };
        self.rows_written += rows_affected.unwrap_or(0);
        let selects = matches!(command, b"SELECT" | b"FETCH" | b"COPY") && !copy_in;
        call.recorder.record(&Event::Done(Done {
            rows_returned: (selects || sent.rows > 0).then_some(sent.rows),
            rows_affected,
            bytes_out: sent.bytes,
            duration_us: call.now.since(started),
            ..Done::ended(statement, Outcome::Completed)
        }));
    }

    /// ErrorResponse.
    fn failed(&mut self, body: &[u8], call: &mut Call<'_>) -> Fate {
        let fields = backend::fields(body);
        if matches!(fields.severity, b"FATAL" | b"PANIC") {
            self.ended_by_upstream(call);
            if !self.ending.told() {
                call.turn.end = Some(End::Upstream {
                    sqlstate: String::from_utf8_lossy(fields.sqlstate).into_owned(),
                    message: String::from_utf8_lossy(fields.message).into_owned(),
                });
            }
            return Fate::Pass;
        }
        self.transactions.note_failure();
        let dressed = self.dress(&fields, call);
        if !dressed {
            self.record_failure(&fields, call);
            if matches!(self.front(), Some(request) if !is_boundary(request)) {
                self.skip_to_sync(call);
            }
        }
        self.copy_failed();
        if dressed { Fate::Replaced } else { Fate::Pass }
    }

    /// Where the error is the one that we provoked: puts the refusal in its place.
    fn dress(&mut self, fields: &backend::Fields<'_>, call: &mut Call<'_>) -> bool {
        let refused = match self.front() {
            Some(Request::Query(query)) => query.refused.as_ref(),
            Some(Request::Refused(refused)) => Some(refused),
            _ => None,
        };
        let Some(refused) = refused else { return false };
        let token = self.token_text(refused.token);
        let ours = fields.sqlstate == b"42601"
            && fields.message.windows(token.len()).any(|window| window == token.as_bytes());
        if !ours {
            return false;
        }
        if !self.ending.told()
            && let Some(refusal) = refused.why.refusal()
        {
            call.turn.client.own(|out| write::error(out, refusal));
        }
        match self.replies.front_mut().map(|reply| &mut reply.request) {
            Some(Request::Query(query)) => query.failed = true,
            _ => self.skip_to_sync(call),
        }
        true
    }

    /// Closes the record of the statement that failed.
    fn record_failure(&mut self, fields: &backend::Fields<'_>, call: &mut Call<'_>) {
        let cancelled = matches!(fields.sqlstate, b"57014" | b"57P01");
        let outcome = if cancelled { Outcome::Cancelled } else { Outcome::Failed };
        let sqlstate = std::str::from_utf8(fields.sqlstate).ok();
        let error = String::from_utf8_lossy(fields.message);
        let Some(mut reply) = self.replies.pop_front() else { return };
        let (statement, sent, started) = match &mut reply.request {
            Request::Query(query)
                if query.refused.is_none() && query.answered < query.statements =>
            {
                let statement = query.first + query.answered as u64;
                query.answered += 1;
                query.failed = true;
                (statement, query.sent, query.started)
            }
            Request::Parse { prepared, started, .. } => {
                (prepared.statement, Sent::default(), *started)
            }
            Request::Bind(bind) => (bind.statement, Sent::default(), bind.started),
            Request::Execute { portal, .. } => match self.names.portal_mut(portal) {
                Some(portal) if !portal.done => {
                    portal.done = true;
                    (portal.statement, portal.sent, portal.started)
                }
                _ => return self.replies.push_front(reply),
            },
            _ => return self.replies.push_front(reply),
        };
        call.recorder.record(&Event::Done(Done {
            rows_returned: (sent.rows > 0).then_some(sent.rows),
            bytes_out: sent.bytes,
            duration_us: call.now.since(started),
            sqlstate,
            error: Some(&error),
            ..Done::ended(statement, outcome)
        }));
        // What follows in the same Query was never begun.
        if let Request::Query(query) = &mut reply.request {
            let rest = query.answered..query.statements;
            for index in rest {
                let skipped = Done::skipped(query.first + index as u64);
                call.recorder.record(&Event::Done(skipped));
            }
            query.answered = query.statements;
        }
        self.replies.push_front(reply);
    }

    /// The server skips to the next Sync: so do the requests that wait for a reply. The first
    /// one is the one that failed; its record is closed already.
    fn skip_to_sync(&mut self, call: &mut Call<'_>) {
        self.replies.pop_front();
        while let Some(reply) = self.replies.front() {
            if matches!(reply.request, Request::Sync { .. }) {
                return;
            }
            if let Some(reply) = self.replies.pop_front() {
                self.close_request(&reply.request, Outcome::Skipped, call);
            }
        }
        self.ahead.discarding = true;
    }

    /// ReadyForQuery.
    fn segment_ended(&mut self, status: u8, call: &mut Call<'_>) -> Result<(), OutOfOrder> {
        match self.replies.pop_front().map(|reply| reply.request) {
            Some(request @ Request::Query(_)) => {
                self.close_request(&request, Outcome::Skipped, call);
                // A Query destroys the unnamed statement before it does anything else.
                self.names.remove_statement(b"");
                if let Some(portal) = self.names.remove_portal(b"") {
                    Self::close_portal(&portal, call);
                }
            }
            Some(Request::Sync { .. }) => {}
            _ => return Err(OutOfOrder("it was ready for a query before it had answered")),
        }
        self.ready(status, call);
        Ok(())
    }

    /// Syncs that were sent during a COPY which then failed may have been ignored: a reply to
    /// what came after them says so.
    fn forget_unanswered_syncs(&mut self) {
        while matches!(self.front(), Some(Request::Sync { optional: true })) {
            self.replies.pop_front();
        }
    }

    /// ParameterStatus: what the text is read in, and the alarm on what carries safety.
    fn parameter(&mut self, body: &[u8], call: &mut Call<'_>) {
        let Ok((name, value)) = backend::parameter_status(body) else { return };
        let alarm = match name {
            b"client_encoding" => {
                self.utf8 = is_utf8(value);
                hides_ascii(value)
            }
            b"standard_conforming_strings" => value != b"on",
            b"session_authorization" | b"is_superuser" => true,
            b"default_transaction_read_only" => !self.terms.may_write() && value != b"on",
            _ => false,
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

/// Requests whose error does not make the server skip: ReadyForQuery follows.
const fn is_boundary(request: &Request) -> bool {
    matches!(request, Request::Query(_) | Request::Sync { .. })
}
