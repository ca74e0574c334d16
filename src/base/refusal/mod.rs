//! What a client may be told. Nothing else reaches the wire: every text of ours is a [`Refusal`]
//! or a [`Notice`], and every refusal of ours is made by one function of this file or of
//! `base/refusal/`.
//!
//! MESSAGE says what and begins with `pgward:`, DETAIL says why (rule, grant, time left), HINT is
//! the exact next step.

pub mod caps;
pub mod grant;
pub mod login;
pub mod news;
pub mod policy;
pub mod reach;

use crate::base::SqlState;
use crate::base::sqlstate as code;

/// How much ends with an error.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Severity {
    /// The statement (and its transaction) fails; the session goes on.
    Error,
    /// The session ends.
    Fatal,
}

/// An ErrorResponse of our own.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// Whether the session goes on.
    pub severity: Severity,
    /// What drivers branch on.
    pub sqlstate: SqlState,
    /// The rule that refused, in `snake_case`; also the audit's `rule` and a metric's label.
    pub rule: &'static str,
    /// What was refused. Begins with `pgward:`.
    pub message: String,
    /// Why: rule, grant, object, time left.
    pub detail: Option<String>,
    /// The exact next step.
    pub hint: Option<String>,
    /// 1-based character position in the client's text, where the error has one.
    pub position: Option<u32>,
}

/// A NoticeResponse of our own.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Notice {
    /// `NOTICE` or `WARNING`.
    pub severity: &'static str,
    /// What happened. Begins with `pgward:`.
    pub message: String,
    /// More about it.
    pub detail: Option<String>,
    /// What to do.
    pub hint: Option<String>,
}

impl Refusal {
    /// An error that fails the statement and leaves the session usable.
    #[must_use]
    pub fn error(rule: &'static str, sqlstate: SqlState, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            sqlstate,
            rule,
            message: message.into(),
            detail: None,
            hint: None,
            position: None,
        }
    }

    /// An error that ends the session.
    #[must_use]
    pub fn fatal(rule: &'static str, sqlstate: SqlState, message: impl Into<String>) -> Self {
        Self { severity: Severity::Fatal, ..Self::error(rule, sqlstate, message) }
    }

    /// The same with a DETAIL.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// The same with a HINT.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same with a position (1-based, in characters).
    #[must_use]
    pub const fn at(mut self, position: u32) -> Self {
        self.position = Some(position);
        self
    }
}

impl Notice {
    /// A NOTICE.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self { severity: "NOTICE", message: message.into(), detail: None, hint: None }
    }

    /// The same with a DETAIL.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// The same with a HINT.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// A frame that breaks the protocol: the session ends.
#[must_use]
pub fn malformed(what: &str) -> Refusal {
    Refusal::fatal("malformed", code::PROTOCOL_VIOLATION, format!("pgward: {what}"))
        .detail("The message does not follow PostgreSQL's frontend/backend protocol.")
        .hint("Report this to the maintainers of the client library.")
}

/// Anything but COPY data while COPY IN is open, in the server's own words.
#[must_use]
pub fn unexpected_during_copy(tag: u8) -> Refusal {
    let what = format!("unexpected message type 0x{tag:02X} during COPY from stdin");
    Refusal::error("copy_in_open", code::PROTOCOL_VIOLATION, what)
}

/// What follows it, in the server's own words.
#[must_use]
pub fn synchronization_lost() -> Refusal {
    let what = "terminating connection because protocol synchronization was lost";
    Refusal::fatal("copy_in_open", code::PROTOCOL_VIOLATION, what)
}

/// COPY FROM STDIN beside other statements in one message.
#[must_use]
pub fn copy_in_alone() -> Refusal {
    let what = "pgward: COPY FROM STDIN refused beside other statements in one message";
    Refusal::error("copy_in_alone", code::FEATURE_NOT_SUPPORTED, what)
        .hint("Send COPY FROM STDIN as a message of its own.")
}

/// EXECUTE of what only Parse can prepare: it would end a transaction, change names, open COPY.
#[must_use]
pub fn execute_of_names(name: &str) -> Refusal {
    let what = format!(
        "pgward: EXECUTE of \"{name}\" refused: it runs a command that PREPARE does not take"
    );
    Refusal::error("execute_of_names", code::FEATURE_NOT_SUPPORTED, what)
        .hint("Send that command as a statement of its own.")
}

/// Execute of a portal of an EXECUTE, whose statement was prepared anew since it was bound.
#[must_use]
pub fn execute_of_another() -> Refusal {
    let what = "pgward: EXECUTE refused: it names another statement than when it was bound";
    Refusal::error("execute_of_another", code::FEATURE_NOT_SUPPORTED, what)
        .hint("Bind the EXECUTE again.")
}

/// A portal name that no Bind of this session made.
#[must_use]
pub fn unknown_portal(name: &str) -> Refusal {
    let what = format!("pgward: portal \"{name}\" does not exist in this session");
    Refusal::error("unknown_portal", code::INVALID_CURSOR_NAME, what)
        .hint("Bind a statement to the portal first; read a cursor of DECLARE with FETCH.")
}

/// More prepared statements or portals than one session may hold.
#[must_use]
pub fn too_many_names(limit: usize) -> Refusal {
    let what = format!("pgward: more than {limit} prepared statements or portals in one session");
    Refusal::error("too_many_names", code::PROGRAM_LIMIT_EXCEEDED, what)
        .hint("Close those that are no longer used (Close, DEALLOCATE).")
}

/// Prepared statements whose texts are more than one session may keep.
#[must_use]
pub fn names_too_long(limit: usize) -> Refusal {
    let what = format!(
        "pgward: prepared statements and portals of more than {limit} bytes in one session"
    );
    Refusal::error("names_too_long", code::PROGRAM_LIMIT_EXCEEDED, what)
        .hint("Close those that are no longer used (Close, DEALLOCATE).")
}

/// A name of a prepared statement or portal that the server may keep as another one: it converts
/// and folds bytes above 0x7F by encodings of its own.
#[must_use]
pub fn name_not_ascii() -> Refusal {
    let what = "pgward: name of a prepared statement or portal refused: it is not ASCII";
    Refusal::error("name_not_ascii", code::FEATURE_NOT_SUPPORTED, what)
        .hint("Name prepared statements and portals with ASCII characters only.")
}

/// The upstream's connection ended or broke.
#[must_use]
pub fn upstream_lost(what: &str) -> Refusal {
    let message = "pgward: the connection to the database was lost";
    Refusal::fatal("upstream_lost", code::CONNECTION_FAILURE, message).detail(what.to_owned()).hint(
        "Connect again; a transaction in progress was rolled back, unless its COMMIT had begun.",
    )
}

/// A setting that carries safety is not what it was: an alarm after the fact.
#[must_use]
pub fn setting_changed(name: &str) -> Refusal {
    let what = format!("pgward: session ended: the setting {name} was changed");
    Refusal::fatal("setting_changed", code::ADMIN_SHUTDOWN, what)
        .detail("The server reported a change that pgward refuses; the session cannot be judged further.")
        .hint("Connect again, and leave this setting as it is.")
}

/// FunctionCall, which calls a function by number past every rule about statements.
#[must_use]
pub fn function_call() -> Refusal {
    let what = "pgward: FunctionCall messages are refused on every grant";
    Refusal::error("function_call", code::FEATURE_NOT_SUPPORTED, what)
        .detail("The fast-path function call carries no statement that could be judged.")
        .hint("Call the function with SELECT.")
}

/// The audit record could not be written, so nothing was forwarded.
#[must_use]
pub fn audit_unavailable() -> Refusal {
    let what = "pgward: statement refused: the audit log cannot be written";
    Refusal::error("audit_unavailable", code::IO_ERROR, what)
        .detail("Every statement is on record before the database sees it; this one could not be.")
        .hint("Ask the operator to free space or repair the audit directory, then try again.")
}

/// A statement longer than the configured bound.
#[must_use]
pub fn statement_too_long(length: usize, limit: usize) -> Refusal {
    Refusal::error(
        "statement_too_long",
        code::PROGRAM_LIMIT_EXCEEDED,
        format!("pgward: statement of {length} bytes refused: the limit is {limit} bytes"),
    )
    .detail("What cannot be held cannot be judged.")
    .hint("Split the statement, or ask the operator to raise limits.statement_bytes.")
}

/// Bound parameters longer than can be held.
#[must_use]
pub fn bind_too_long(length: usize, limit: usize) -> Refusal {
    Refusal::error(
        "bind_too_long",
        code::PROGRAM_LIMIT_EXCEEDED,
        format!("pgward: parameters of {length} bytes refused: the limit is {limit} bytes"),
    )
    .detail("Parameters are on record before they are forwarded, so they are held whole.")
    .hint("Send the data in smaller parts, or load it with COPY FROM STDIN.")
}

/// A statement or portal name that this session did not make.
#[must_use]
pub fn unknown_statement(name: &str) -> Refusal {
    let what = format!("pgward: prepared statement \"{name}\" does not exist in this session");
    Refusal::error("unknown_statement", code::INVALID_SQL_STATEMENT_NAME, what)
        .hint("Prepare the statement in this session first.")
}
