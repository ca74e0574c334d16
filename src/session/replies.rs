//! The requests that the upstream has been sent and has not fully answered, in order.

use std::rc::Rc;

use super::names::{Name, Portal, Prepared, Sent, kept};
use super::run::Run;
use super::{Call, Session};
use crate::base::{Moment, Refusal};
use crate::policy::{Judgement, Verdict};
use crate::sql::facts::Action;
use crate::wire::frontend::Target;

/// One request.
#[derive(Debug)]
pub(super) struct Reply {
    /// Requests of one segment (up to a Sync, or one Query) are skipped together on an error.
    pub(super) segment: u64,
    /// What was asked.
    pub(super) request: Request,
}

/// What was asked, and what its reply will change.
#[derive(Debug)]
pub(super) enum Request {
    /// Query; ends with ReadyForQuery. Boxed: it is much larger than the others, several of which
    /// are under way at once.
    Query(Box<Query>),
    /// Parse that was allowed.
    Parse { name: Name, prepared: Rc<Prepared>, started: Moment },
    /// Bind that was allowed.
    Bind(Bind),
    /// Describe.
    Describe,
    /// Execute of a portal.
    Execute {
        portal: Name,
        /// What completing it does to the namespace of statements.
        names: Change,
        /// Whether it writes.
        writes: bool,
        /// Whether its rows are counted against a cap.
        counted: bool,
        /// Whether it is a COPY FROM STDIN.
        copies: bool,
        /// The cursor that it makes or closes.
        cursor: Change,
    },
    /// A Query of ours that fails: it aborts the client's block.
    Abort,
    /// Execute of a cursor that DECLARE made: what a FETCH would be.
    Fetch {
        /// Number of its decision.
        statement: u64,
        started: Moment,
        sent: Sent,
    },
    /// Close.
    Close { target: Target, name: Name },
    /// Close of an unnamed statement of ours, which the client knows nothing of.
    Tidy,
    /// A SET of ours with its Sync, which the client knows nothing of.
    Renewal,
    /// Sync; `optional` when it was sent while COPY IN was or may have been open.
    Sync { optional: bool },
    /// An extended message that was refused: a Parse that fails stands in its place.
    Refused(Refused),
}

/// A Query on its way.
#[derive(Debug)]
pub(super) struct Query {
    /// How it was judged; `None` for a FunctionCall, and where it was too long to be judged.
    pub(super) judgement: Option<Rc<Judgement>>,
    /// Set when its place was taken.
    pub(super) refused: Option<Refused>,
    /// The text, kept only where a PREPARE or DECLARE in it will need it, or where its
    /// statements are sent one by one.
    pub(super) text: Option<Rc<[u8]>>,
    /// Number of its first statement's decision.
    pub(super) first: u64,
    /// Whether it may write to the database.
    pub(super) writes: bool,
    /// Whether its rows are counted against a cap.
    pub(super) counted: bool,
    /// Set where it runs in the extended protocol, so that its rows can be counted.
    pub(super) run: Option<Run>,
    /// Whether an EXECUTE in it runs a statement that writes.
    pub(super) executes_write: bool,
    /// How many of its statements have been answered.
    pub(super) answered: usize,
    /// Its statements.
    pub(super) statements: usize,
    /// Whether one of them failed.
    pub(super) failed: bool,
    /// When it was forwarded.
    pub(super) started: Moment,
    /// The number of the transaction it was thought to belong to when sent.
    pub(super) transaction: u64,
    /// What the statement being answered has sent.
    pub(super) sent: Sent,
}

/// A Bind on its way.
#[derive(Debug)]
pub(super) struct Bind {
    pub(super) portal: Name,
    pub(super) prepared: Rc<Prepared>,
    pub(super) statement: u64,
    pub(super) started: Moment,
    pub(super) transaction: u64,
}

/// A refusal whose place in the stream is held by a statement that fails.
#[derive(Debug)]
pub(super) struct Refused {
    /// What the client will be told.
    pub(super) why: Why,
    /// The `n` of the token.
    pub(super) token: u64,
}

/// Where the refusal's text is.
#[derive(Debug)]
pub(super) enum Why {
    /// In the judgement.
    Judged(Rc<Judgement>),
    /// Here.
    Own(Box<Refusal>),
}

/// What completing a statement does to a namespace: that of prepared statements or of portals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    /// Nothing.
    None,
    /// It makes or drops this one.
    One(Name),
    /// It drops all.
    All,
}

/// What a name stands for, as far as can be told while replies are due.
#[derive(Debug)]
pub(super) enum Lookup {
    /// This statement, or the server skips the message that asks.
    Known(Rc<Prepared>),
    /// Nothing.
    Unknown,
    /// It depends on a reply that has not come.
    Unsure,
}

/// What a portal's name stands for, as far as can be told while replies are due.
#[derive(Debug)]
pub(super) enum PortalOf {
    /// A Bind of this statement.
    Bind(Rc<Prepared>),
    /// A cursor that DECLARE made.
    Cursor(Portal),
    /// Nothing.
    Unknown,
    /// It depends on a reply that has not come.
    Unsure,
}

impl Why {
    pub(super) fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Own(refusal) => Some(refusal),
            Self::Judged(judgement) => match &judgement.verdict {
                Verdict::Refuse(refusal) => Some(refusal),
                Verdict::Pass | Verdict::Replace { .. } => None,
            },
        }
    }
}

impl Change {
    /// Of prepared statements: PREPARE, DEALLOCATE, DISCARD ALL.
    pub(super) fn of_statements(action: &Action) -> Self {
        match action {
            Action::Prepare { name, .. } | Action::Deallocate { name: Some(name) } => {
                Self::One(Name::from(kept(name.as_bytes())))
            }
            Action::Deallocate { name: None } => Self::All,
            Action::Discard { what } if *what == "ALL" => Self::All,
            _ => Self::None,
        }
    }

    /// Of portals: DECLARE, CLOSE, DISCARD ALL, and the end of a transaction.
    pub(super) fn of_portals(action: &Action) -> Self {
        match action {
            Action::Declare { name } | Action::CloseCursor { name: Some(name) } => {
                Self::One(Name::from(kept(name.as_bytes())))
            }
            Action::CloseCursor { name: None }
            | Action::Commit { .. }
            | Action::Rollback { .. } => Self::All,
            Action::Discard { what } if *what == "ALL" => Self::All,
            _ => Self::None,
        }
    }

    fn concerns(&self, name: &[u8]) -> bool {
        match self {
            Self::None => false,
            Self::One(changed) => **changed == *name,
            Self::All => true,
        }
    }
}

impl Reply {
    /// Whether it may open COPY IN.
    pub(super) fn copies_in(&self) -> bool {
        match &self.request {
            Request::Query(query) => {
                query.refused.is_none()
                    && query.answered < query.statements
                    && query.judgement.as_ref().is_some_and(|judgement| judgement.copies_in())
            }
            Request::Execute { copies, .. } => *copies,
            _ => false,
        }
    }

    /// Whether it may write to the database.
    pub(super) fn may_write(&self) -> bool {
        match &self.request {
            Request::Query(query) => query.refused.is_none() && query.settles(),
            Request::Execute { writes, .. } => *writes,
            _ => false,
        }
    }
}

impl Query {
    /// Whether its outcome decides over a write: it writes, or it commits.
    fn settles(&self) -> bool {
        self.writes || self.judgement.as_ref().is_some_and(|judgement| judgement.commits())
    }
}

impl Session {
    /// What an Execute of the portal `name` would run.
    pub(super) fn portal(&self, name: &[u8]) -> PortalOf {
        for reply in self.replies.iter().rev() {
            let found = match &reply.request {
                Request::Bind(bind) if *bind.portal == *name => {
                    PortalOf::Bind(Rc::clone(&bind.prepared))
                }
                Request::Execute { cursor, .. } if cursor.concerns(name) => PortalOf::Unsure,
                Request::Query(query) if query.closes(name) => PortalOf::Unsure,
                _ => continue,
            };
            // Where it fails, the server skips what comes after it in its own segment only.
            return if reply.segment == self.ahead.segment { found } else { PortalOf::Unsure };
        }
        match self.names.portal(name) {
            Some(portal) if portal.cursor => PortalOf::Cursor(portal.clone()),
            Some(portal) => PortalOf::Bind(Rc::clone(&portal.prepared)),
            None => PortalOf::Unknown,
        }
    }

    /// What a Bind or EXECUTE of `name` would run.
    pub(super) fn lookup(&self, name: &[u8]) -> Lookup {
        for reply in self.replies.iter().rev() {
            let found = match &reply.request {
                Request::Parse { name: changed, prepared, .. } if **changed == *name => {
                    Lookup::Known(Rc::clone(prepared))
                }
                Request::Close { target: Target::Statement, name: changed }
                    if **changed == *name =>
                {
                    Lookup::Unknown
                }
                // What an SQL PREPARE will have made is known when it has.
                Request::Execute { names, .. } if names.concerns(name) => Lookup::Unsure,
                // A Query destroys the unnamed statement before anything else.
                Request::Query(_) if name.is_empty() => Lookup::Unsure,
                Request::Query(query) if query.changes(name) => Lookup::Unsure,
                _ => continue,
            };
            return if reply.segment == self.ahead.segment { found } else { Lookup::Unsure };
        }
        match self.names.statement(name) {
            Some(prepared) => Lookup::Known(Rc::clone(prepared)),
            None => Lookup::Unknown,
        }
    }

    /// As [`Session::push`], in the memory of one that was answered.
    pub(super) fn push_query(&mut self, query: Query, call: &mut Call<'_>) {
        let boxed = match call.turn.spare.take() {
            Some(mut spare) => {
                *spare = query;
                spare
            }
            None => Box::new(query),
        };
        self.push(Request::Query(boxed));
    }

    pub(super) fn push(&mut self, request: Request) {
        self.ahead.flushed = false;
        let counted = match &request {
            Request::Query(query) => query.counted,
            Request::Execute { counted, .. } => *counted,
            Request::Abort => true,
            _ => false,
        };
        self.ahead.counted = counted || self.ahead.counted && !self.replies.is_empty();
        self.replies.push_back(Reply { segment: self.ahead.segment, request });
    }
}

impl Query {
    /// A Query closes the unnamed portal before anything else.
    fn closes(&self, name: &[u8]) -> bool {
        name.is_empty()
            || self.judgement.as_ref().is_some_and(|judgement| {
                let mut statements = judgement.statements.iter();
                statements.any(|one| Change::of_portals(&one.action).concerns(name))
            })
    }

    fn changes(&self, name: &[u8]) -> bool {
        self.judgement.as_ref().is_some_and(|judgement| {
            judgement.statements.iter().any(|one| Change::of_statements(&one.action).concerns(name))
        })
    }
}
