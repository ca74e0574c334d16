//! Query, Parse, Bind and Execute: what carries or runs a statement.

use std::rc::Rc;

use super::again::Again;
use super::client::{Frame, Took};
use super::copy::Gate;
use super::decide::{Told, judged};
use super::event::{Done, Event, Outcome, Parameters, Via};
use super::names::{Name, Portal, Prepared, Sent, executed, kept};
use super::replies::{Bind, Change, Lookup, PortalOf, Query, Request, Why};
use super::run::{Run, Way};
use super::{Call, End, Session};
use crate::base::{Refusal, limits, refusal};
use crate::policy::judge::Case;
use crate::policy::{Judge, Judgement, Verdict};
use crate::sql::facts::Action;
use crate::wire::{Malformed, frontend, write};

/// What a text's EXECUTEs come to.
enum Executes {
    /// There is none, or each names a statement that was prepared in this session.
    Fine {
        /// The number of the decision on the (last) statement that runs.
        parse: Option<u64>,
        /// Whether one of them writes.
        write: bool,
    },
    /// One names nothing that was prepared in this session, or what may not run.
    Refused(Box<Refusal>),
    /// It depends on a reply that has not come.
    Unsure,
}

impl Session {
    pub(super) fn query(
        &mut self,
        frame: &Frame<'_>,
        judge: &mut Judge,
        call: &mut Call<'_>,
    ) -> Result<Took, Malformed> {
        let text = frontend::query(frame.body)?;
        if let Some(refusal) = self.too_long(text) {
            self.refuse_unread_query("UNREAD", refusal, call);
            return Ok(Took::Bytes(frame.length));
        }
        let Some(judgement) = self.judge(text, &[], judge, call) else { return Ok(Took::Hold) };
        let (parse, executes_write, own) = match self.executes(&judgement, judge, call) {
            Executes::Fine { parse, write } => (parse, write, None),
            Executes::Refused(refusal) => (None, false, Some(refusal)),
            Executes::Unsure => return Ok(Took::Hold),
        };
        let own = match self.again(&judgement, judge, call) {
            Again::Fine => own,
            Again::Refused(refusal) => own.or(Some(refusal)),
            Again::Hold => return Ok(Took::Hold),
        };
        let mut own = own.or_else(|| self.own_refusal(&judgement));
        let allowed = own.is_none() && judgement.verdict.refusal().is_none();
        let mut counted =
            allowed && !self.ahead.discarding && self.counts(&judgement, executes_write);
        let mut run = None;
        if counted {
            match self.way(&judgement, text) {
                Way::Unsure => return Ok(Took::Hold),
                Way::Whole => {}
                Way::Run => run = Some(Run::Open),
                Way::Refused(refusal) => (own, counted) = (Some(refusal), false),
            }
        }
        let refusal = own.as_deref().or_else(|| judgement.verdict.refusal());
        let told = Told { via: Via::Query, text, parse, parameters: None, refusal };
        let transaction = self.transaction_ahead();
        let first = self.record_decisions(&judgement, &told, call);
        let why = match own {
            Some(own) => Some(Why::Own(own)),
            None => judgement.verdict.refusal().map(|_| judged(&judgement)),
        };
        let refused = why.map(|why| self.refuse_query(why, call));
        let allowed = refused.is_none();
        if allowed {
            self.send_query(frame, text, &judgement, run, call);
        }
        if self.ahead.discarding {
            self.skipped(allowed, first, &judgement, call);
        } else {
            let keep = allowed && needs_text(&judgement, run);
            let query = Query {
                statements: judgement.statements.len(),
                writes: executes_write || self.writes(&judgement),
                judgement: Some(judgement),
                refused,
                text: keep.then(|| text.into()),
                first,
                counted,
                run,
                executes_write,
                answered: 0,
                failed: false,
                started: call.now,
                transaction,
                sent: Sent::default(),
            };
            self.push_query(query, call);
        }
        self.ahead.segment += 1;
        Ok(Took::Bytes(frame.length))
    }

    /// Whether one of its statements writes.
    fn writes(&self, judgement: &Judgement) -> bool {
        judgement.statements.iter().any(|one| one.writes || self.fetches_write(one))
    }

    /// Forwards a Query that was allowed.
    fn send_query(
        &mut self,
        frame: &Frame<'_>,
        text: &[u8],
        judgement: &Judgement,
        run: Option<Run>,
        call: &mut Call<'_>,
    ) {
        match &judgement.verdict {
            Verdict::Replace { text, .. } => {
                call.turn.upstream.own(|out| write::query(out, text));
            }
            _ if run.is_some() => {
                let part = Query::first_part(judgement, text);
                call.turn.upstream.own(|out| write::run(out, part));
                self.ahead.left_unnamed = true;
            }
            _ => call.turn.upstream.pass(frame.range()),
        }
        // What the server skips opens nothing.
        let copies = judgement.copies_in();
        if copies && !self.ahead.discarding {
            self.ahead.gate = Gate::Maybe;
        }
    }

    pub(super) fn parse(
        &mut self,
        frame: &Frame<'_>,
        judge: &mut Judge,
        call: &mut Call<'_>,
    ) -> Result<Took, Malformed> {
        let message = frontend::parse(frame.body)?;
        if let Some(refusal) = self.too_long(message.text) {
            self.refuse_unread(Via::Parse, refusal, call);
            return Ok(Took::Bytes(frame.length));
        }
        let types: Box<[u32]> = message.parameter_types().collect();
        let Some(judgement) = self.judge(message.text, &types, judge, call) else {
            return Ok(Took::Hold);
        };
        let own = match self.executes(&judgement, judge, call) {
            Executes::Fine { .. } => None,
            Executes::Refused(refusal) => Some(refusal),
            Executes::Unsure => return Ok(Took::Hold),
        };
        let own = own
            .or_else(|| self.own_refusal(&judgement))
            .or_else(|| self.too_many_names())
            .or_else(|| not_ascii(message.name));
        let refusal = own.as_deref().or_else(|| judgement.verdict.refusal());
        let told =
            Told { via: Via::Parse, text: message.text, parse: None, parameters: None, refusal };
        let statement = self.record_decisions(&judgement, &told, call);
        let refused = match (own, &judgement.verdict) {
            (Some(own), _) => Some(self.refuse_extended(Why::Own(own), call)),
            (None, Verdict::Refuse(_)) => Some(self.refuse_extended(judged(&judgement), call)),
            (None, Verdict::Replace { text, .. }) => {
                call.turn.upstream.own(|out| write::parse(out, message.name, text, &types));
                None
            }
            (None, Verdict::Pass) => {
                call.turn.upstream.pass(frame.range());
                None
            }
        };
        match refused {
            Some(_) if self.ahead.discarding => {}
            Some(refused) => self.push(Request::Refused(refused)),
            None if self.ahead.discarding => self.skipped(true, statement, &judgement, call),
            None => {
                let text = message.text.into();
                let prepared =
                    Rc::new(Prepared { text, types, judgement, statement, by_sql: false });
                let name: Name = kept(message.name).into();
                self.push(Request::Parse { name, prepared, started: call.now });
            }
        }
        Ok(Took::Bytes(frame.length))
    }

    pub(super) fn bind(
        &mut self,
        frame: &Frame<'_>,
        judge: &mut Judge,
        call: &mut Call<'_>,
    ) -> Result<Took, Malformed> {
        let message = frontend::bind(frame.body)?;
        let parameters = Parameters { formats: message.formats, values: message.values };
        let prepared = match self.lookup(kept(message.statement)) {
            Lookup::Known(prepared) => prepared,
            Lookup::Unsure => return Ok(Took::Hold),
            Lookup::Unknown => {
                let name = String::from_utf8_lossy(message.statement);
                self.refuse_unread(Via::Bind, Box::new(refusal::unknown_statement(&name)), call);
                return Ok(Took::Bytes(frame.length));
            }
        };
        // What was allowed when it was prepared is judged again once catalogue or policy moved.
        let prepared = if prepared.judgement.epoch == judge.epoch() {
            prepared
        } else {
            let Some(judgement) = self.judge(&prepared.text, &prepared.types, judge, call) else {
                return Ok(Took::Hold);
            };
            let (text, types) = (prepared.text.clone(), prepared.types.clone());
            let Prepared { statement, by_sql, .. } = *prepared;
            let judgement = if by_sql { executed(judgement) } else { judgement };
            Rc::new(Prepared { text, types, judgement, statement, by_sql })
        };
        let (parse, own) = match self.executes(&prepared.judgement, judge, call) {
            Executes::Fine { parse, .. } => (parse.unwrap_or(prepared.statement), None),
            Executes::Refused(refusal) => (prepared.statement, Some(refusal)),
            Executes::Unsure => return Ok(Took::Hold),
        };
        let own = match self.again(&prepared.judgement, judge, call) {
            Again::Fine => own,
            Again::Refused(refusal) => own.or(Some(refusal)),
            Again::Hold => return Ok(Took::Hold),
        };
        let own = own
            .or_else(|| self.audit_refusal())
            .or_else(|| self.too_many_names())
            .or_else(|| not_ascii(message.portal));
        let refusal = own.as_deref().or_else(|| prepared.judgement.verdict.refusal());
        let transaction = self.transaction_ahead();
        let statement = self.record_bind(&prepared, parse, parameters, refusal, call);
        if refusal.is_some() {
            let why = own.map_or_else(|| judged(&prepared.judgement), Why::Own);
            let refused = self.refuse_extended(why, call);
            if !self.ahead.discarding {
                self.push(Request::Refused(refused));
            }
            return Ok(Took::Bytes(frame.length));
        }
        call.turn.upstream.pass(frame.range());
        if self.ahead.discarding {
            self.skipped(true, statement, &prepared.judgement, call);
        } else {
            let prepared = if parse == prepared.statement {
                prepared
            } else {
                // An EXECUTE: what it runs.
                let Prepared { text, types, judgement, by_sql, .. } = &*prepared;
                let (text, types) = (text.clone(), types.clone());
                let judgement = Rc::clone(judgement);
                Rc::new(Prepared { text, types, judgement, statement: parse, by_sql: *by_sql })
            };
            let portal = kept(message.portal).into();
            let started = call.now;
            self.push(Request::Bind(Bind { portal, prepared, statement, started, transaction }));
        }
        Ok(Took::Bytes(frame.length))
    }

    pub(super) fn execute(
        &mut self,
        frame: &Frame<'_>,
        judge: &mut Judge,
        call: &mut Call<'_>,
    ) -> Result<Took, Malformed> {
        let (portal, rows_max) = frontend::execute(frame.body)?;
        if self.ahead.discarding {
            call.turn.upstream.pass(frame.range());
            return Ok(Took::Bytes(frame.length));
        }
        let portal = kept(portal);
        let found = self.portal(portal);
        if let PortalOf::Bind(prepared) | PortalOf::Cursor(Portal { prepared, .. }) = &found {
            match self.prepared_again(prepared, judge, call) {
                Again::Fine => {}
                Again::Refused(refusal) => {
                    self.refuse_unread(Via::Bind, refusal, call);
                    return Ok(Took::Bytes(frame.length));
                }
                Again::Hold => return Ok(Took::Hold),
            }
        }
        let prepared = match found {
            PortalOf::Bind(prepared) => prepared,
            PortalOf::Cursor(cursor) => {
                self.fetch(&cursor, frame, call);
                return Ok(Took::Bytes(frame.length));
            }
            PortalOf::Unsure => return Ok(Took::Hold),
            PortalOf::Unknown => {
                let name = String::from_utf8_lossy(portal);
                self.refuse_unread(Via::Bind, Box::new(refusal::unknown_portal(&name)), call);
                return Ok(Took::Bytes(frame.length));
            }
        };
        // What an EXECUTE names may be another statement than when it was bound: the record would
        // name the wrong one, and where the portal was made for rows, the tag does not count.
        let refusal = match self.executes(&prepared.judgement, judge, call) {
            Executes::Fine { parse: None, .. } => None,
            Executes::Fine { parse: Some(parse), .. } => {
                (parse != prepared.statement).then(|| Box::new(refusal::execute_of_another()))
            }
            Executes::Refused(refusal) => Some(refusal),
            Executes::Unsure => return Ok(Took::Hold),
        };
        if let Some(refusal) = refusal {
            self.refuse_unread(Via::Bind, refusal, call);
            return Ok(Took::Bytes(frame.length));
        }
        let one = prepared.judgement.statements.first();
        let names = one.map_or(Change::None, |one| Change::of_statements(&one.action));
        let commits = |one: &crate::policy::Judged| matches!(one.action, Action::Commit { .. });
        if one.is_some_and(|one| self.fetches_write(one))
            && self.terms.row_caps.rows_written_max > 0
        {
            self.refuse_unread(Via::Bind, Box::new(refusal::caps::fetch_of_write()), call);
            return Ok(Took::Bytes(frame.length));
        }
        let cursor = one.map_or(Change::None, |one| Change::of_portals(&one.action));
        let writes = one.is_some_and(|one| one.writes || commits(one) || self.fetches_write(one))
            || self.executes_write(&prepared.judgement);
        let copies = one.is_some_and(|one| matches!(one.action, Action::CopyIn));
        if copies {
            self.ahead.gate = Gate::Maybe;
        }
        let executes_write = writes && !one.is_some_and(|one| one.writes || commits(one));
        let counted = self.counts(&prepared.judgement, executes_write);
        let request =
            Request::Execute { portal: portal.into(), names, writes, counted, copies, cursor };
        if counted && rows_max != 0 {
            // The tag that counts comes only with the last row.
            call.turn.upstream.own(|out| write::execute(out, portal, 0));
            self.push(request);
        } else {
            self.forward(frame, request, call);
        }
        Ok(Took::Bytes(frame.length))
    }

    /// Execute of a cursor that DECLARE made.
    fn fetch(&mut self, cursor: &Portal, frame: &Frame<'_>, call: &mut Call<'_>) {
        let parameters = Parameters { formats: &[], values: &[] };
        let refusal = self.audit_refusal();
        let prepared = &cursor.prepared;
        let parse = prepared.statement;
        let statement = self.record_bind(prepared, parse, parameters, refusal.as_deref(), call);
        if let Some(refusal) = refusal {
            let refused = self.refuse_extended(Why::Own(refusal), call);
            self.push(Request::Refused(refused));
            return;
        }
        let request = Request::Fetch { statement, started: call.now, sent: Sent::default() };
        self.forward(frame, request, call);
    }

    pub(super) fn terminate(&mut self, call: &mut Call<'_>) {
        call.turn.upstream.own(write::terminate);
        self.ending.finish();
        call.turn.end = Some(Box::new(End::Terminated));
    }

    /// Judges a text under the session's terms; `None` while it is judged on the pool.
    pub(super) fn judge(
        &mut self,
        text: &[u8],
        types: &[u32],
        judge: &mut Judge,
        call: &Call<'_>,
    ) -> Option<Rc<Judgement>> {
        let case = Case {
            text,
            parameter_types: types,
            terms: &self.terms,
            utf8: self.utf8,
            wall: call.now.wall,
        };
        let judgement = judge.judge(&case);
        self.ahead.judging = judgement.is_none();
        judgement
    }

    /// What the EXECUTEs in a text would run. What was allowed when it was prepared is judged
    /// again once catalogue or policy moved.
    fn executes(&mut self, judgement: &Judgement, judge: &mut Judge, call: &Call<'_>) -> Executes {
        let (mut parse, mut write) = (None, false);
        for one in &judgement.statements {
            let Action::Execute { name, analyzed } = &one.action else { continue };
            let prepared = match self.lookup(kept(name.as_bytes())) {
                // Run by EXECUTE, a COMMIT would commit behind our back, and a PREPARE change names.
                Lookup::Known(prepared) if !prepared.by_sql && !is_plain(&prepared) => {
                    return Executes::Refused(Box::new(refusal::execute_of_names(name)));
                }
                Lookup::Known(prepared) => prepared,
                Lookup::Unknown => {
                    return Executes::Refused(Box::new(refusal::unknown_statement(name)));
                }
                Lookup::Unsure => return Executes::Unsure,
            };
            if prepared.judgement.epoch != judge.epoch() {
                match self.judge(&prepared.text, &prepared.types, judge, call) {
                    None => return Executes::Unsure,
                    Some(again) => {
                        if let Some(refusal) = again.verdict.refusal() {
                            return Executes::Refused(Box::new(refusal.clone()));
                        }
                    }
                }
            }
            if *analyzed && writes(&prepared) && self.terms.row_caps.rows_written_max > 0 {
                return Executes::Refused(Box::new(refusal::caps::explain_of_write()));
            }
            parse = Some(prepared.statement);
            write |= writes(&prepared);
        }
        Executes::Fine { parse, write }
    }

    /// Whether one of the EXECUTEs in a text writes.
    fn executes_write(&self, judgement: &Judgement) -> bool {
        judgement.statements.iter().any(|one| match &one.action {
            Action::Execute { name, .. } => match self.lookup(kept(name.as_bytes())) {
                Lookup::Known(prepared) => writes(&prepared),
                Lookup::Unknown | Lookup::Unsure => false,
            },
            _ => false,
        })
    }

    /// What the session itself refuses, whatever the policy says of the text.
    fn own_refusal(&self, judgement: &Judgement) -> Option<Box<Refusal>> {
        let copies = judgement.copies_in();
        if copies && judgement.statements.len() > 1 {
            return Some(Box::new(refusal::copy_in_alone()));
        }
        let fetches = judgement.statements.iter().any(|one| self.fetches_write(one));
        if fetches && self.terms.row_caps.rows_written_max > 0 {
            return Some(Box::new(refusal::caps::fetch_of_write()));
        }
        let prepares = |one: &crate::policy::Judged| match &one.action {
            Action::Prepare { name, .. } => not_ascii(name.as_bytes()),
            _ => None,
        };
        if let Some(refusal) = judgement.statements.iter().find_map(prepares) {
            return Some(refusal);
        }
        self.audit_refusal()
    }

    fn too_long(&self, text: &[u8]) -> Option<Box<Refusal>> {
        let max = self.terms.statement_bytes_max;
        (text.len() > max).then(|| Box::new(refusal::statement_too_long(text.len(), max)))
    }

    fn audit_refusal(&self) -> Option<Box<Refusal>> {
        (!self.audit_ok).then(|| Box::new(refusal::audit_unavailable()))
    }

    /// FETCH runs a portal of the protocol too, and that can write.
    pub(super) fn fetches_write(&self, one: &crate::policy::Judged) -> bool {
        let Action::Fetch { name } = &one.action else { return false };
        let name = kept(name.as_bytes());
        let writes = |of: &Judgement| of.statements.iter().any(|one| one.writes);
        let in_flight = self.replies.iter().any(|reply| match &reply.request {
            Request::Bind(bind) => *bind.portal == *name && writes(&bind.prepared.judgement),
            _ => false,
        });
        in_flight || self.names.portal(name).is_some_and(|portal| writes(&portal.judgement))
    }

    fn too_many_names(&self) -> Option<Box<Refusal>> {
        if self.names.bytes() >= limits::NAMES_BYTES_MAX {
            return Some(Box::new(refusal::names_too_long(limits::NAMES_BYTES_MAX)));
        }
        let names = self.names.count();
        (names >= limits::NAMES_MAX).then(|| Box::new(refusal::too_many_names(limits::NAMES_MAX)))
    }

    /// The server skips what comes until Sync: allowed statements are done before they began.
    fn skipped(&mut self, allowed: bool, first: u64, judgement: &Judgement, call: &mut Call<'_>) {
        if !allowed {
            return;
        }
        for (statement, _) in (first..).zip(&judgement.statements) {
            call.recorder.record(&Event::Done(Done::skipped(statement)));
        }
    }
}

/// Whether a Query's text is needed once it is forwarded: for the names that it makes, or because
/// its statements are sent one by one.
fn needs_text(judgement: &Judgement, run: Option<Run>) -> bool {
    let names = |one: &crate::policy::Judged| {
        matches!(one.action, Action::Prepare { .. } | Action::Declare { .. })
    };
    run.is_some() && judgement.statements.len() > 1 || judgement.statements.iter().any(names)
}

fn not_ascii(name: &[u8]) -> Option<Box<Refusal>> {
    (!name.is_ascii()).then(|| Box::new(refusal::name_not_ascii()))
}

/// Whether running a prepared statement writes.
fn writes(prepared: &Prepared) -> bool {
    let by = |one: &crate::policy::Judged| {
        one.writes || matches!(one.action, Action::Prepare { write: true, .. })
    };
    prepared.judgement.statements.iter().any(by)
}

/// Whether what is prepared is followed as well where EXECUTE runs it: what SQL's own PREPARE
/// takes (PreparableStmt of `gram.y`), and what neither changes names, transactions nor the
/// catalogue, nor opens COPY IN, nor runs a portal.
fn is_plain(prepared: &Prepared) -> bool {
    prepared.judgement.statements.iter().all(|one| {
        let plain = [Action::Read, Action::Write, Action::Show, Action::Set, Action::CopyOut];
        plain.contains(&one.action)
    })
}

impl Verdict {
    /// The refusal, where it is one.
    #[must_use]
    pub const fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refuse(refusal) => Some(refusal),
            Self::Pass | Self::Replace { .. } => None,
        }
    }
}

impl Done<'_> {
    /// A statement that the server skipped.
    pub(super) const fn skipped(statement: u64) -> Self {
        Self::ended(statement, Outcome::Skipped)
    }

    /// A statement that ended without a word of the server about it.
    pub(super) const fn ended(statement: u64, outcome: Outcome) -> Self {
        Self {
            statement,
            outcome,
            rows_returned: None,
            rows_affected: None,
            bytes_out: 0,
            duration_us: 0,
            sqlstate: None,
            error: None,
        }
    }
}
