//! What happens in a session that belongs on record. `audit` turns these into lines; the order
//! in which a [`Recorder`] gets them is their order on record.

use crate::base::Refusal;

/// Takes events. The shell's recorder appends them to the worker's audit buffer, which is
/// written before the bytes of the same turn go upstream.
pub trait Recorder {
    /// Takes one event.
    fn record(&mut self, event: &Event<'_>);
}

/// One event of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event<'a> {
    /// `statement.allowed` or `statement.refused`, before anything is forwarded.
    Decision(Decision<'a>),
    /// `statement.done`: exactly one for each that was allowed.
    Done(Done<'a>),
    /// `transaction.end`, for a transaction that wrote.
    TransactionEnd {
        /// Counts the session's transactions, from 1.
        transaction: u64,
        /// How it ended.
        outcome: TransactionOutcome,
    },
}

/// One statement judged: of a simple Query, a Parse, or a Bind with its first Execute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision<'a> {
    /// Counts the session's statements, from 1; with the session's id it names the record.
    pub statement: u64,
    /// For a Bind, an EXECUTE: the record of the Parse or PREPARE whose text runs.
    pub parse: Option<u64>,
    /// Counts the session's transactions, from 1.
    pub transaction: u64,
    /// By which message it came.
    pub via: Via,
    /// The command in PostgreSQL's words, of a closed set: it is written without escapes.
    pub operation: &'static str,
    /// Relations named.
    pub objects: &'a [String],
    /// The exact bytes (of this statement); for a Bind those of its Parse.
    pub query: &'a [u8],
    /// SHA-256 of the exact bytes as sent.
    pub query_hash: &'a [u8; 32],
    /// What stands on record in place of `query` where secrets were redacted.
    pub redacted: Option<&'a str>,
    /// The parameters of a Bind.
    pub parameters: Option<Parameters<'a>>,
    /// `None`: allowed. Else what the client is told.
    pub refusal: Option<&'a Refusal>,
    /// The rule that allowed it where one did (`read`, `scope`, `capped`), for `rule`.
    pub rule: &'static str,
}

/// By which message a statement came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// Query.
    Query,
    /// Parse.
    Parse,
    /// Bind (with its first Execute).
    Bind,
}

/// The parameter values of a Bind message, walked where they lie. Bounds were checked before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameters<'a> {
    /// Format codes as in the message: none (all text), one for all, or one each.
    pub formats: &'a [u8],
    /// The values as in the message: Int32 length (-1 is NULL), then that many bytes.
    pub values: &'a [u8],
}

/// How a statement that was allowed ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done<'a> {
    /// The decision's number.
    pub statement: u64,
    /// How it ended.
    pub outcome: Outcome,
    /// Rows sent to the client.
    pub rows_returned: Option<u64>,
    /// Rows written, from the command tag.
    pub rows_affected: Option<u64>,
    /// Bytes of rows or COPY data sent to the client.
    pub bytes_out: u64,
    /// Microseconds from forwarding to the reply that ended it.
    pub duration_us: u64,
    /// The server's SQLSTATE, where it failed.
    pub sqlstate: Option<&'a str>,
    /// The server's message, where it failed.
    pub error: Option<&'a str>,
}

impl Done<'_> {
    /// The same for later, where the server said nothing that would have to be kept for it.
    #[must_use]
    pub const fn plain(&self) -> Option<Done<'static>> {
        if self.sqlstate.is_some() || self.error.is_some() {
            return None;
        }
        let Self {
            statement, outcome, rows_returned, rows_affected, bytes_out, duration_us, ..
        } = *self;
        Some(Done {
            statement,
            outcome,
            rows_returned,
            rows_affected,
            bytes_out,
            duration_us,
            sqlstate: None,
            error: None,
        })
    }
}

/// How a statement ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The server completed it.
    Completed,
    /// The server failed it.
    Failed,
    /// It was cancelled (57014) or its backend was ended (57P01).
    Cancelled,
    /// The server skipped it: an earlier one of the same message or pipeline failed.
    Skipped,
    /// The connection was lost before its reply.
    Unknown,
}

/// How a transaction that wrote ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransactionOutcome {
    /// The server said so.
    Committed,
    /// The server said so, or it failed before COMMIT was sent.
    RolledBack,
    /// The connection was lost while a COMMIT was in progress.
    Unknown,
}

impl Outcome {
    /// The word on record.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Skipped => "skipped",
            Self::Unknown => "unknown",
        }
    }
}

impl TransactionOutcome {
    /// The word on record.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Committed => "committed",
            Self::RolledBack => "rolled_back",
            Self::Unknown => "unknown",
        }
    }
}

/// One parameter's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parameter<'a> {
    /// SQL NULL.
    Null,
    /// Text format.
    Text(&'a [u8]),
    /// Binary format.
    Binary(&'a [u8]),
}

impl<'a> Parameters<'a> {
    /// The values in order. Stops early on bytes that do not follow the format, which a checked
    /// message has none of.
    pub fn iter(self) -> impl Iterator<Item = Parameter<'a>> {
        let mut values = self.values;
        let mut index = 0_usize;
        std::iter::from_fn(move || {
            let (length, rest) = values.split_first_chunk::<4>()?;
            let binary = self.is_binary(index);
            index += 1;
            let Ok(length) = usize::try_from(i32::from_be_bytes(*length)) else {
                values = rest;
                return Some(Parameter::Null);
            };
            let (value, rest) = rest.split_at_checked(length)?;
            values = rest;
            Some(if binary { Parameter::Binary(value) } else { Parameter::Text(value) })
        })
    }

    fn is_binary(self, index: usize) -> bool {
        let (codes, _) = self.formats.as_chunks::<2>();
        let code = if codes.len() == 1 { codes.first() } else { codes.get(index) };
        code.is_some_and(|&code| code == [0, 1])
    }
}
