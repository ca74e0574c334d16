//! Errors of the server: those we provoked are dressed as refusals, and what the server skips
//! after one is closed on record.

use super::event::{Done, Event, Outcome};
use super::names::Sent;
use super::replies::Request;
use super::upstream::{Fate, OutOfOrder};
use super::{Call, End, Session};
use crate::wire::{backend, write};

impl Session {
    /// ErrorResponse.
    #[cold]
    pub(super) fn failed(
        &mut self,
        body: &[u8],
        length: usize,
        call: &mut Call<'_>,
    ) -> Result<Fate, OutOfOrder> {
        let fields = backend::fields(body);
        if matches!(fields.severity, b"FATAL" | b"PANIC") {
            self.ended_by_upstream(fields.sqlstate, call);
            if !self.ending.told() {
                call.turn.end = Some(Box::new(End::Upstream {
                    sqlstate: String::from_utf8_lossy(fields.sqlstate).into_owned(),
                    message: String::from_utf8_lossy(fields.message).into_owned(),
                }));
            }
            return Ok(Fate::Pass);
        }
        if let Some(fate) = self.failed_by_cap(call) {
            return Ok(fate);
        }
        self.transactions.note_failure();
        let before = self.characters_before();
        let dressed = self.dress(&fields, call);
        if !dressed {
            self.record_failure(&fields, call);
            if matches!(self.front(), Some(request) if !is_boundary(request)) {
                self.skip_to_sync(call);
            }
        }
        self.copy_failed();
        self.run_failed(call);
        Ok(if dressed { Fate::Replaced } else { self.pass_error(body, length, before, call) })
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
            && !self.muted()
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
    pub(super) fn record_failure(&mut self, fields: &backend::Fields<'_>, call: &mut Call<'_>) {
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
            Request::Fetch { statement, started, sent } => (*statement, *sent, *started),
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
    pub(super) fn skip_to_sync(&mut self, call: &mut Call<'_>) {
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
}

/// Requests whose error does not make the server skip: ReadyForQuery follows.
const fn is_boundary(request: &Request) -> bool {
    matches!(request, Request::Query(_) | Request::Sync { .. })
}
