//! The one entry of the policy: a text and a grant's terms in, a judgement out.

use std::ops::Range;
use std::sync::Arc;

use crate::base::{Notice, Refusal};
use crate::policy::Terms;
use crate::sql::facts::Action;

/// What is to become of a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It may be forwarded as it is.
    Pass,
    /// This text is forwarded in its place (a capped SET), and the client is told.
    Replace {
        /// The statement that is forwarded instead.
        text: String,
        /// What the client is told, before the statement's own reply.
        notice: Notice,
    },
    /// Nothing of it is forwarded.
    Refuse(Refusal),
}

/// A text as judged: shared by every session that sends the same bytes under the same terms.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Judgement {
    /// Of the text as a whole.
    pub verdict: Verdict,
    /// One per statement; for an empty query, or a text that could not be read, one that spans
    /// the whole text (`operation` is then `EMPTY` or `UNREAD`).
    pub statements: Vec<Judged>,
    /// The epoch of catalogue and configuration it was judged under; see [`Judge::epoch`].
    pub epoch: u64,
}

/// One statement of a judged text: what the session and the record need to know of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Judged {
    /// Byte range in the text.
    pub span: Range<usize>,
    /// The command in PostgreSQL's words.
    pub operation: &'static str,
    /// What it does to the session's state.
    pub action: Action,
    /// Relations, `schema.name` as written, sorted, without repetition.
    pub objects: Vec<String>,
    /// Whether it writes to the database (it then has a `transaction.end`).
    pub writes: bool,
    /// SHA-256 of the statement's exact bytes.
    pub query_hash: [u8; 32],
    /// The text for the record where it must differ from what was sent (secrets redacted).
    pub redacted: Option<String>,
}

/// Judges texts for one worker: holds the caches, so it is not shared between threads.
#[derive(Debug)]
pub struct Judge {
    // (policy: catalogue view, settings, function table, verdict cache)
}

/// What a text is to be judged by.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// The statement's bytes, without the terminating NUL.
    pub text: &'a [u8],
    /// Parameter type OIDs of a Parse message; empty for a simple Query.
    pub parameter_types: &'a [u32],
    /// The grant's terms.
    pub terms: &'a Terms,
    /// Whether the upstream's client_encoding is UTF8 (else: an encoding in which every byte
    /// below 0x80 is that ASCII character; others never get here).
    pub utf8: bool,
    /// Microseconds since 1970-01-01T00:00:00Z, for the time left in DETAIL.
    pub wall: i64,
}

impl Judge {
    /// Judges a text; `None` when it is too large to be parsed on a worker's thread: the shell
    /// then has [`Judge::judge_large`]'s work done on the pool and supplies the result.
    pub fn judge(&mut self, case: &Case<'_>) -> Option<Arc<Judgement>> {
        let _ = case;
        todo!("written by policy")
    }

    /// Changes when catalogue or configuration changed; judgements of other epochs are stale.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        todo!("written by policy")
    }
}
