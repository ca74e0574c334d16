//! Replies that say that something was done: what they change, and what goes on record.

use std::rc::Rc;

use super::event::{Done, Event, Outcome};
use super::names::{Portal, Prepared, Sent, kept};
use super::replies::{Change, Request};
use super::run::ends;
use super::upstream::{Fate, OutOfOrder};
use super::{Call, Session};
use crate::base::Moment;
use crate::policy::{Judged, Judgement, Verdict};
use crate::sql::facts::Action;
use crate::wire::frontend::Target;
use crate::wire::write;

impl Session {
    pub(super) fn parsed(&mut self, call: &mut Call<'_>) -> Result<(), OutOfOrder> {
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

    pub(super) fn bound(&mut self, call: &mut Call<'_>) -> Result<(), OutOfOrder> {
        let Some(Request::Bind(bind)) = self.replies.pop_front().map(|reply| reply.request) else {
            return Err(OutOfOrder("it answered a Bind that was not sent"));
        };
        let portal = Portal {
            judgement: Rc::clone(&bind.prepared.judgement),
            prepared: bind.prepared,
            statement: bind.statement,
            started: bind.started,
            transaction: bind.transaction,
            sent: Sent::default(),
            done: false,
            cursor: false,
        };
        if let Some(replaced) = self.names.set_portal(bind.portal, portal) {
            Self::close_portal(&replaced, call);
        }
        Ok(())
    }

    pub(super) fn closed(&mut self, call: &mut Call<'_>) -> Result<Fate, OutOfOrder> {
        match self.replies.pop_front().map(|reply| reply.request) {
            Some(Request::Tidy) => return Ok(Fate::Replaced),
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
        Ok(Fate::Pass)
    }

    /// CommandComplete or EmptyQueryResponse.
    pub(super) fn completed(
        &mut self,
        tag: (&[u8], Option<u64>),
        call: &mut Call<'_>,
    ) -> Result<(), OutOfOrder> {
        self.note_reset(tag.0);
        let copy_in = self.upstream.copy_in;
        if !self.query_completed(tag, copy_in, call) {
            self.execution_completed(tag, copy_in, call)?;
        }
        if copy_in {
            self.copy_completed();
        }
        Ok(())
    }

    /// The same of an Execute.
    fn execution_completed(
        &mut self,
        tag: (&[u8], Option<u64>),
        copy_in: bool,
        call: &mut Call<'_>,
    ) -> Result<(), OutOfOrder> {
        let Some(reply) = self.replies.pop_front() else {
            return Err(OutOfOrder("it completed a statement that was not sent"));
        };
        match reply.request {
            Request::Execute { portal, writes, .. } => {
                if let Some(known) = self.names.portal_mut(&portal) {
                    let first = !std::mem::replace(&mut known.done, true);
                    let (statement, sent, started) = (known.statement, known.sent, known.started);
                    let (transaction, prepared) = (known.transaction, Rc::clone(&known.prepared));
                    let judgement = Rc::clone(&known.judgement);
                    if first {
                        self.record_done(statement, sent, tag, started, copy_in, call);
                    }
                    if let Some(one) = judgement.statements.first() {
                        let wrote = writes && !matches!(one.action, Action::Commit { .. });
                        self.statement_completed(&one.action, wrote, transaction, tag.0, call);
                        self.took_effect(&one.action, Some(prepared), transaction, call);
                    }
                }
            }
            Request::Fetch { statement, started, sent } => {
                self.record_done(statement, sent, tag, started, copy_in, call);
            }
            _ => return Err(OutOfOrder("it completed a statement that was not executed")),
        }
        Ok(())
    }

    /// The same of a statement of a Query, which stays until ReadyForQuery; false where none is
    /// being answered.
    fn query_completed(
        &mut self,
        tag: (&[u8], Option<u64>),
        copy_in: bool,
        call: &mut Call<'_>,
    ) -> bool {
        let front = self.replies.front_mut().map(|reply| &mut reply.request);
        let Some(Request::Query(query)) = front else { return false };
        let judgement = query.judgement.clone();
        let one = judgement.as_ref().and_then(|all| all.statements.get(query.answered));
        let statement = query.first + query.answered as u64;
        let sent = std::mem::take(&mut query.sent);
        let (started, transaction) = (query.started, query.transaction);
        query.answered += 1;
        // What follows in the string stands in the next transaction.
        query.transaction += u64::from(one.is_some_and(ends));
        let executes = query.executes_write;
        let text = query.text.clone();
        if let Some(Verdict::Replace { notice, .. }) = judgement.as_ref().map(|j| &j.verdict) {
            call.turn.client.own(|out| write::notice(out, notice));
        }
        self.record_done(statement, sent, tag, started, copy_in, call);
        let Some(one) = one else { return true };
        let is_execute = matches!(one.action, Action::Execute { .. });
        let writes = one.writes || (executes && is_execute) || self.fetches_write(one);
        self.statement_completed(&one.action, writes, transaction, tag.0, call);
        let prepared = text
            .zip(judgement.as_ref())
            .map(|(text, judgement)| Rc::new(alone(&text, judgement, one, statement)));
        self.took_effect(&one.action, prepared, transaction, call);
        true
    }

    /// What a completed statement changes of the names. `prepared` is the text that ran, where
    /// it may be needed.
    fn took_effect(
        &mut self,
        action: &Action,
        prepared: Option<Rc<Prepared>>,
        transaction: u64,
        call: &mut Call<'_>,
    ) {
        match (action, prepared) {
            (Action::Prepare { name, .. }, Some(prepared)) => {
                let made = Rc::new(Prepared::by_sql(&prepared));
                self.names.set_statement(kept(name.as_bytes()).into(), made);
            }
            (Action::Declare { name }, Some(prepared)) => {
                let cursor = Portal {
                    judgement: Rc::clone(&prepared.judgement),
                    statement: prepared.statement,
                    prepared,
                    started: call.now,
                    transaction,
                    sent: Sent::default(),
                    done: true,
                    cursor: true,
                };
                // One that DECLARE could make was not there any more.
                let name = kept(name.as_bytes()).into();
                if let Some(replaced) = self.names.set_portal(name, cursor) {
                    Self::close_portal(&replaced, call);
                }
            }
            (Action::CloseCursor { name: Some(name) }, _) => {
                if let Some(portal) = self.names.remove_portal(kept(name.as_bytes())) {
                    Self::close_portal(&portal, call);
                }
            }
            // The end of a transaction is the end of its portals.
            (
                Action::CloseCursor { name: None }
                | Action::Commit { .. }
                | Action::Rollback { .. },
                _,
            ) => self.close_portals(call),
            (action, _) => match Change::of_statements(action) {
                Change::None => {}
                Change::One(name) => self.names.remove_statement(&name),
                Change::All => {
                    self.names.clear_statements();
                    if matches!(action, Action::Discard { .. }) {
                        self.close_portals(call);
                    }
                }
            },
        }
    }

    fn record_done(
        &mut self,
        statement: u64,
        sent: Sent,
        (command, count): (&[u8], Option<u64>),
        started: Moment,
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
}

/// One statement out of a string, as if it had been sent by itself.
fn alone(text: &[u8], of: &Rc<Judgement>, one: &Judged, statement: u64) -> Prepared {
    let types = Box::default();
    if of.statements.len() == 1 {
        let text = text.into();
        return Prepared { text, types, judgement: Rc::clone(of), statement, by_sql: false };
    }
    let text: Box<[u8]> = text.get(one.span.clone()).unwrap_or_default().into();
    let judged = Judged { span: 0..text.len(), ..one.clone() };
    let judgement = Judgement { verdict: Verdict::Pass, statements: vec![judged], epoch: of.epoch };
    Prepared { text, types, judgement: Rc::new(judgement), statement, by_sql: false }
}
