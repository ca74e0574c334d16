//! A simple Query whose rows are counted, run in the extended protocol.
//!
//! A Query commits before its tag can be read. So one that writes, outside a block, goes upstream
//! as Parse, Bind, Describe, Execute and Flush, all unnamed, and its Sync waits for the tag:
//! PostgreSQL's implicit transaction ends with the Sync (protocol-flow, "Extended Query"), and
//! with a Parse that fails before it, it ends in a rollback. No statement of ours is run, or
//! stands in the server's log.
//!
//! A string of several statements is run in the same way one by one, in one implicit
//! transaction, as PostgreSQL runs it ("Multiple Statements in a Simple Query"); a COMMIT in it is
//! sent once all before it are counted. Inside a block of the client's, what does not end it may
//! go as it came: the block can be aborted afterwards.
//!
//! The client sees what a Query brings: ParseComplete, BindComplete and NoData are kept from it,
//! RowDescription waits for the first row where the server runs a statement to its end before it
//! describes it (`FillPortalStore` in `tcop/pquery.c`), the last CommandComplete waits for the
//! commit, and positions of errors count from the start of the string.

use super::replies::{Lookup, Query, Request};
use super::upstream::{Fate, OutOfOrder};
use super::{Call, Session};
use crate::base::refusal::caps as texts;
use crate::base::{Refusal, limits};
use crate::policy::{Judged, Judgement};
use crate::sql::facts::Action;
use crate::wire::{backend, write};

/// How far a Query that runs in the extended protocol is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Run {
    /// One of its statements is under way; its Sync has not been sent.
    Open,
    /// The Sync that commits was sent.
    Commits,
    /// A Sync was sent that finds the transaction failed.
    Fails,
}

/// How a Query whose rows are counted goes upstream.
pub(super) enum Way {
    /// As it came: the server fails it, or its block can still be aborted.
    Whole,
    /// Statement by statement.
    Run,
    /// Not at all: a statement in it would not do there what it does in a string.
    Refused(Box<Refusal>),
    /// It depends on a reply that has not come.
    Unsure,
}

impl Session {
    /// How a Query whose rows are counted goes upstream.
    pub(super) fn way(&self, judgement: &Judgement, text: &[u8]) -> Way {
        let statements = &judgement.statements;
        if !self.all_answered() {
            // Whether it stands in a block must be known.
            return Way::Unsure;
        }
        let mut block = self.transactions.in_block();
        // Its block can be aborted behind it.
        let stays = block && !statements.iter().any(ends);
        if let [one] = &statements[..] {
            // A parameter has no value in a Query: the server says so, and where.
            let whole = stays || one.parameters && one.writes;
            return if whole { Way::Whole } else { Way::Run };
        }
        let mut first = true;
        for one in statements {
            let text = text.get(one.span.clone()).unwrap_or(text);
            match differs(one, text, block, first) {
                Some(_) if stays => return Way::Whole,
                Some(hint) => {
                    return Way::Refused(Box::new(texts::beside_write(one.operation, hint)));
                }
                None => {}
            }
            block = matches!(one.action, Action::Begin(_)) || block && !ends(one);
            first = ends(one);
        }
        Way::Run
    }

    /// Where the Query that is being answered runs in the extended protocol.
    pub(super) fn run(&self) -> Option<Run> {
        match self.front() {
            Some(Request::Query(query)) => query.run,
            _ => None,
        }
    }

    /// Before a Describe of the unnamed statement: closes the one that a run has left behind,
    /// which a Query would not have. `false` where it is not known yet whether there is one of
    /// the client's.
    pub(super) fn tidy(&mut self, call: &mut Call<'_>) -> bool {
        if !self.ahead.left_unnamed || self.ahead.discarding {
            return true;
        }
        match self.lookup(b"") {
            Lookup::Known(_) => true,
            Lookup::Unsure => false,
            Lookup::Unknown => {
                call.turn.upstream.own(write::close_unnamed);
                self.push(Request::Tidy);
                true
            }
        }
    }

    /// CopyDone was forwarded: the Flush sent with the COPY was read as a part of it.
    pub(super) fn flush_run(&self, call: &mut Call<'_>) {
        if self.run() == Some(Run::Open) {
            call.turn.upstream.own(write::flush);
        }
    }

    /// One statement is complete and was counted: sends the next one, or the Sync.
    pub(super) fn run_on(&mut self, body: &[u8], call: &mut Call<'_>) -> Fate {
        let Some(Request::Query(query)) = self.front() else { return Fate::Pass };
        if query.run != Some(Run::Open) {
            return Fate::Pass;
        }
        if self.ending.begun() {
            // Nothing is committed once the session is ending.
            self.fail_run(call);
            return Fate::Replaced;
        }
        if let Some(text) = query.under_way().and_then(|one| query.part(one)) {
            call.turn.upstream.own(|out| write::run(out, text));
            return Fate::Pass;
        }
        self.withhold(backend::tag::COMMAND_COMPLETE, body);
        self.sync_run(Run::Commits, call);
        Fate::Replaced
    }

    /// Has the server roll back a Query that was not to go on.
    pub(super) fn fail_run(&mut self, call: &mut Call<'_>) {
        if self.run() == Some(Run::Open) {
            self.fail_segment(call);
            self.sync_run(Run::Fails, call);
        }
    }

    /// The server failed a statement, and skips to the Sync.
    pub(super) fn run_failed(&mut self, call: &mut Call<'_>) {
        if self.run() == Some(Run::Open) {
            self.sync_run(Run::Fails, call);
        }
    }

    fn sync_run(&mut self, run: Run, call: &mut Call<'_>) {
        if run == Run::Fails {
            self.transactions.note_failure();
        }
        if let Some(Request::Query(query)) =
            self.replies.front_mut().map(|reply| &mut reply.request)
        {
            query.run = Some(run);
        }
        call.turn.upstream.own(write::sync);
    }

    /// How much of an upstream message is held to be read.
    pub(super) fn held_bytes(&self, tag: u8) -> usize {
        if tag == backend::tag::ROW_DESCRIPTION && self.run().is_some() {
            limits::ROW_DESCRIPTION_HELD_BYTES_MAX
        } else {
            limits::UPSTREAM_HELD_BYTES_MAX
        }
    }

    /// A message of the extended protocol in the reply to a Query that runs in it; `None` where
    /// it is looked at like any other.
    pub(super) fn run_message(
        &mut self,
        tag: u8,
        body: &[u8],
        length: usize,
        call: &mut Call<'_>,
    ) -> Option<Fate> {
        use backend::tag as from;
        let run = self.run()?;
        match tag {
            from::PARSE_COMPLETE | from::BIND_COMPLETE | from::NO_DATA => Some(Fate::Replaced),
            from::ROW_DESCRIPTION if self.described_late() && body.len() == length => {
                self.withhold(tag, body);
                Some(Fate::Replaced)
            }
            // SET LOCAL and its like find no block, but stand in the string's transaction.
            from::NOTICE_RESPONSE if self.sets() && backend::fields(body).sqlstate == b"25P01" => {
                Some(Fate::Replaced)
            }
            // The server sends these once the transaction has ended; notices before.
            from::PARAMETER_STATUS | from::NOTIFICATION_RESPONSE if run == Run::Commits => {
                self.release(call);
                None
            }
            _ => None,
        }
    }

    /// Whether the statement under way runs to its end before a Query describes its rows: all
    /// but a SELECT that writes nothing.
    fn described_late(&self) -> bool {
        let Some(Request::Query(query)) = self.front() else { return false };
        let plain =
            |one: &Judged| !one.writes && one.action == Action::Read && one.operation != "EXPLAIN";
        !query.under_way().is_some_and(plain)
    }

    /// Whether a SET of a string is under way.
    fn sets(&self) -> bool {
        let Some(Request::Query(query)) = self.front() else { return false };
        let set = |one: &Judged| matches!(one.action, Action::Set | Action::SetTransaction { .. });
        query.statements > 1 && query.under_way().is_some_and(set)
    }

    /// Passes the error of a statement; its position is counted from the start of the string.
    pub(super) fn pass_error(
        &self,
        body: &[u8],
        length: usize,
        at: usize,
        call: &mut Call<'_>,
    ) -> Fate {
        if at == 0 || body.len() != length || self.ending.told() {
            return Fate::Pass;
        }
        call.turn.client.own(|out| write::moved_error(out, body, at));
        Fate::Replaced
    }

    /// How many characters stand in its string before the statement under way.
    pub(super) fn characters_before(&self) -> usize {
        let Some(Request::Query(query)) = self.front() else { return 0 };
        if query.run.is_none() || query.statements < 2 {
            return 0;
        }
        let before = query
            .under_way()
            .zip(query.text.as_deref())
            .and_then(|(one, text)| text.get(..one.span.start))
            .unwrap_or_default();
        if self.utf8 {
            // Every byte but those that go on with a character.
            before.iter().filter(|byte| (**byte & 0xc0) != 0x80).count()
        } else {
            before.len()
        }
    }

    /// ReadyForQuery after a Query that ran in the extended protocol.
    pub(super) fn run_ended(&mut self, call: &mut Call<'_>) -> Result<(), OutOfOrder> {
        if self.run() == Some(Run::Open) {
            return Err(OutOfOrder("it ended a transaction that nobody told it to end"));
        }
        self.release(call);
        Ok(())
    }
}

impl Query {
    /// The statement that is being answered.
    fn under_way(&self) -> Option<&Judged> {
        self.judgement.as_ref()?.statements.get(self.answered)
    }

    /// The text of one statement of a string.
    fn part(&self, one: &Judged) -> Option<&[u8]> {
        self.text.as_deref()?.get(one.span.clone())
    }

    /// The text that goes first.
    pub(super) fn first_part<'a>(judgement: &Judgement, text: &'a [u8]) -> &'a [u8] {
        match &judgement.statements[..] {
            [first, _, ..] => text.get(first.span.clone()).unwrap_or(text),
            _ => text,
        }
    }

    /// Where the session is cut off: whether what it has written may have been committed. Only
    /// for one that runs in the extended protocol.
    pub(super) fn may_have_committed(&self) -> bool {
        match self.run {
            Some(Run::Open) => self.under_way().is_some_and(ends),
            Some(Run::Commits) => true,
            Some(Run::Fails) | None => false,
        }
    }
}

/// Whether it ends the transaction that it stands in.
pub(super) const fn ends(one: &Judged) -> bool {
    matches!(one.action, Action::Commit { .. } | Action::Rollback { .. } | Action::TwoPhase)
}

/// What to do about a statement in a string that does something else when it is run by itself in
/// the string's implicit transaction; `None` where it does the same. FETCH answers in the format
/// of a binary cursor only in a Query. What needs a block (`RequireTransactionBlock` in
/// `access/transam/xact.c`) would not find one, and what cannot run in a block would, were it the
/// first.
fn differs(one: &Judged, text: &[u8], block: bool, first: bool) -> Option<&'static str> {
    let says = |word: &[u8]| text.windows(word.len()).any(|at| at.eq_ignore_ascii_case(word));
    let differs = match one.action {
        Action::Call | Action::Fetch { .. } | Action::CopyIn => true,
        Action::Maintain | Action::Discard { .. } => first && !block,
        Action::Ddl => first && !block && says(b"concurrently"),
        Action::Lock { .. } if !block => return Some(texts::BLOCK),
        Action::Declare { .. } if !block && !says(b"hold") => return Some(texts::BLOCK),
        _ => false,
    };
    differs.then_some(texts::APART)
}
