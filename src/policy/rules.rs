//! Facts and terms → pass, cap or refuse. Default deny: every action is decided here, exhaustively,
//! and what a statement reads, calls, names and sets is judged the same on every grant.

use std::borrow::Cow;

use crate::policy::Terms;
use crate::policy::catalogue::{Catalogue, Relation};
use crate::policy::functions::{Functions, Told};
use crate::policy::reason::Reason;
use crate::policy::settings::{self, Cap};
use crate::policy::{reach, resolve, scope, types};
use crate::sql::facts::{Access, Action, Change, Facts, Name, Setting, SettingBy, Statement, Verb};

/// All that a text is judged by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules<'a> {
    pub(crate) terms: &'a Terms,
    pub(crate) catalogue: &'a Catalogue,
    pub(crate) functions: &'a Functions,
    /// The text, for the few things that facts don't say.
    pub(crate) text: &'a [u8],
    /// `policy.require_where`.
    pub(crate) require_where: bool,
}

/// No grant, whatever its scopes.
pub(super) const NEVER: &str = "no grant permits it";
const ONLY_NAMED: &str = "SELECT the rows without making a table of them, or send CREATE TABLE \
                          schema.name AS …, which a ddl scope permits.";
const NO_BLOCK: &str = "Send the statements themselves, so that each can be judged.";

impl Rules<'_> {
    /// Judges a whole text: refused if any statement is. `Some` when it is one SET of a timeout
    /// above its cap.
    pub(crate) fn judge(&self, facts: &Facts, parameters: &[u32]) -> Result<Option<Cap>, Reason> {
        types::parameters(parameters, self.catalogue, self.functions)?;
        let alone = facts.statements.len() == 1;
        let mut earlier = Earlier::default();
        let mut capped = None;
        for statement in &facts.statements {
            earlier.allows(statement)?;
            let cap = self.statement(statement)?;
            match cap {
                Some(cap) if !alone => {
                    let Cap { name, cap_ms, .. } = cap;
                    return Err(Reason::SettingCapped { name, cap_ms, alone: false });
                }
                Some(_) => capped = cap,
                None => {}
            }
            earlier.note(statement);
        }
        Ok(capped)
    }

    fn statement(&self, statement: &Statement) -> Result<Option<Cap>, Reason> {
        if let Some(what) = statement.creates.first() {
            if statement.action != Action::Ddl || statement.defines.is_none() {
                return Err(refuse("creates", what, ONLY_NAMED));
            }
            self.defined(statement)?;
        }
        self.action(statement)?;
        self.writes(statement)?;
        self.restricted(statement)?;
        self.reads(statement)?;
        self.row_locks(statement)?;
        for call in &statement.calls {
            self.call(call, told(statement, call))?;
        }
        for name in &statement.types {
            types::named(name, self.catalogue, self.functions)?;
        }
        statement.attributes.iter().try_for_each(|field| self.functions.attribute(field))?;
        reach::client::statement(statement, self.catalogue, self.functions)?;
        let mut capped = None;
        for setting in &statement.settings {
            // SET ROLE and its kin are decided as an action.
            if matches!(statement.action, Action::SetIdentity) {
                continue;
            }
            capped = settings::judge(setting, self.terms)?.or(capped);
        }
        Ok(capped)
    }

    /// The rule that allows a statement, if it is allowed.
    pub(crate) fn rule(&self, statement: &Statement) -> &'static str {
        let executes = || {
            self.terms.may_write()
                && statement.calls.iter().any(|call| {
                    let told = told(statement, call);
                    self.functions.call(call, told, self.catalogue).is_err()
                })
        };
        match &statement.action {
            Action::Call => "execute",
            Action::Maintain => "maintain",
            Action::Ddl => "ddl",
            _ if !statement.writes.is_empty() => "scope",
            _ if executes() => "execute",
            _ => "read",
        }
    }

    fn action(&self, statement: &Statement) -> Result<(), Reason> {
        let operation = statement.operation;
        let may_write = self.terms.may_write();
        match &statement.action {
            Action::Read
            | Action::Show
            | Action::Set
            | Action::ResetAll
            | Action::Commit { .. }
            | Action::Rollback { .. }
            | Action::Savepoint
            | Action::Execute { .. }
            | Action::Deallocate { .. }
            | Action::Declare { .. }
            | Action::Fetch { .. }
            | Action::CloseCursor { .. }
            | Action::CopyOut
            | Action::Lock { access_share: true, .. }
            | Action::Discard { .. } => Ok(()),
            // What they write is judged by the scopes; that they do, must be among the facts.
            Action::Write | Action::CopyIn if statement.writes.is_empty() => {
                Err(refuse("write_without_scope", operation, NO_BLOCK))
            }
            Action::Write => self.truncate_cascade(statement),
            Action::CopyIn => Ok(()),
            Action::Prepare { write, .. } if *write && statement.writes.is_empty() => {
                Err(refuse("write_without_scope", operation, NO_BLOCK))
            }
            Action::Prepare { .. } => Ok(()),
            Action::Begin(Access::ReadWrite) if !may_write => Err(self.read_write(operation)),
            Action::Begin(_) => Ok(()),
            // pg_dump -j: who may export a snapshot may take it up in another session.
            Action::SetTransaction { snapshot: true, .. } if self.shares_snapshots() => Ok(()),
            Action::SetTransaction { snapshot: true, .. } => Err(Reason::Statement {
                rule: "snapshot",
                what: "SET TRANSACTION SNAPSHOT".to_owned(),
                why: None,
                hint: "Open a transaction of your own (BEGIN ISOLATION LEVEL REPEATABLE READ), or:"
                    .into(),
                scopes: vec!["execute:pg_catalog.pg_export_snapshot".to_owned()],
            }),
            Action::SetTransaction { access: Access::ReadWrite, session, .. } if !may_write => {
                let session_too = "SET SESSION CHARACTERISTICS AS TRANSACTION";
                Err(self.read_write(if *session { session_too } else { "SET TRANSACTION" }))
            }
            Action::SetTransaction { .. } => Ok(()),
            Action::Lock { mode, .. } => self.table_lock(statement, mode),
            Action::SetIdentity => identity(statement),
            Action::Notification { .. } if operation == "UNLISTEN" => Ok(()),
            Action::Notification { .. }
            | Action::TwoPhase
            | Action::CopyServer
            | Action::Do
            | Action::Server => Err(never(statement)),
            Action::Call => self.called(statement),
            Action::Maintain => self.maintained(statement),
            Action::Ddl => self.defined(statement),
        }
    }

    /// With a table that there is, so that the command of its HINT can be run.
    fn read_write(&self, statement: &'static str) -> Reason {
        let argument = |r: &Relation| scope::command_argument(&[Verb::Update], &r.schema, &r.name);
        Reason::ReadWrite { statement, scope: self.some_table().map(argument) }
    }

    /// A table of the database, for examples.
    pub(super) fn some_table(&self) -> Option<&Relation> {
        let mut tables = self.catalogue.all_relations().iter();
        tables.find(|r| !resolve::system(&r.schema) && resolve::unwritable(r).is_none())
    }

    /// TRUNCATE … CASCADE empties tables that the statement does not name.
    fn truncate_cascade(&self, statement: &Statement) -> Result<(), Reason> {
        if !statement.operation.starts_with("TRUNCATE") {
            return Ok(());
        }
        let text = self.text.get(statement.span.clone()).unwrap_or(self.text);
        let cascade = text.windows(7).any(|word| word.eq_ignore_ascii_case(b"cascade"));
        if cascade && self.terms.may_write() {
            let hint = "Name every table to be emptied: TRUNCATE a, b.";
            let why = Some("it empties tables that it does not name".into());
            return Err(because("truncate_cascade", "TRUNCATE … CASCADE", why, hint));
        }
        Ok(())
    }
}

/// What of a call's effect is among the facts of its statement.
fn told(statement: &Statement, call: &Name) -> Told {
    Told {
        settings: statement.settings.iter().any(|s| s.by == SettingBy::SetConfig),
        text: statement.texts.contains(call),
    }
}

/// What no grant of this version permits, with the way round.
pub(super) fn never(statement: &Statement) -> Reason {
    let operation = statement.operation;
    let (rule, what, hint) = match statement.action {
        Action::Notification { .. } => (
            "notification",
            operation,
            "LISTEN and NOTIFY reach other sessions: use a connection of the application.",
        ),
        Action::TwoPhase => (
            "two_phase",
            operation,
            "Use COMMIT: a prepared transaction outlives the session and the grant.",
        ),
        Action::CopyServer => (
            "copy_server",
            "COPY with a file or program of the server",
            r"Use COPY … TO STDOUT or FROM STDIN (in psql: \copy), which stay with the client.",
        ),
        Action::Do => ("do", operation, NO_BLOCK),
        Action::Server => ("server", operation, "Acts on the server are never granted: ask a DBA."),
        _ if matches!(operation, "CREATE TABLE" | "CREATE VIEW" | "CREATE SEQUENCE") => (
            "ddl",
            operation,
            "Nothing temporary can be made: use WITH in its place. For the rest ask a DBA.",
        ),
        _ => ("ddl", operation, "Ask a DBA to run it."),
    };
    because(rule, what, Some(NEVER.into()), hint)
}

/// Going back to the role that the session was given is harmless; anything else is refused.
fn identity(statement: &Statement) -> Result<(), Reason> {
    let resets = !statement.settings.is_empty()
        && statement.settings.iter().all(|s| s.name.is_some() && s.change == Change::Reset);
    let role = statement.settings.iter().all(|s| s.name.as_deref() == Some("role"));
    let operation = if role { "SET ROLE" } else { "SET SESSION AUTHORIZATION" };
    if resets { Ok(()) } else { Err(Reason::Identity(operation)) }
}

pub(super) fn refuse(rule: &'static str, what: &str, hint: &'static str) -> Reason {
    because(rule, what, None, hint)
}

/// What no scope mends.
pub(super) fn because(
    rule: &'static str,
    what: &str,
    why: Option<Cow<'static, str>>,
    hint: &'static str,
) -> Reason {
    Reason::Statement { rule, what: what.to_owned(), why, hint: hint.into(), scopes: Vec::new() }
}

/// What earlier statements of the same string changed that a later one's verdict rests on.
#[derive(Debug, Default)]
struct Earlier {
    prepared: Option<&'static str>,
    lexing: bool,
}

impl Earlier {
    fn allows(&self, statement: &Statement) -> Result<(), Reason> {
        let operation = statement.operation;
        if self.lexing {
            return Err(Reason::DependsOnEarlier { operation, earlier: "SET client_encoding" });
        }
        match (&statement.action, self.prepared) {
            (Action::Execute { .. }, Some(earlier)) => {
                Err(Reason::DependsOnEarlier { operation, earlier })
            }
            _ => Ok(()),
        }
    }

    fn note(&mut self, statement: &Statement) {
        // The server cuts the whole string before it runs any of it, so this is caution only.
        let lexing = |setting: &Setting| {
            let utf8 = matches!(&setting.change, Change::To(value)
                if value.eq_ignore_ascii_case("utf8") || value.eq_ignore_ascii_case("utf-8"));
            matches!(setting.name.as_deref(), Some("client_encoding" | "names")) && !utf8
        };
        self.lexing |= statement.settings.iter().any(lexing);
        if matches!(
            statement.action,
            Action::Prepare { .. } | Action::Deallocate { .. } | Action::Discard { .. }
        ) {
            self.prepared = Some(statement.operation);
        }
    }
}
