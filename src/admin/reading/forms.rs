//! What goes over the API when the audit log is read: what is asked for in one JSON value, and an
//! answer of many lines.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::admin::forms::ErrorBody;
use crate::audit::search::replay::Whose;

/// What `POST /v1/audit/tail` takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuditTail {
    /// How many records.
    pub lines: u64,
    /// And those that come.
    pub follow: bool,
}

/// What `POST /v1/audit/replay` takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditReplay {
    /// A grant's id, or a session's.
    pub id: Whose,
}

/// One line of an answer. The last one has `end` or `error`: without it the answer is not whole.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AuditLine {
    /// A record, exactly as it stands on file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<Box<RawValue>>,
    /// Its `statement.done`, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub done: Option<Box<RawValue>>,
    /// So far it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress: Option<AuditProgress>,
    /// So many lines that are no records were passed over, in a tail that follows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub torn: Option<u64>,
    /// There was nothing to say for a while.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alive: Option<bool>,
    /// It is all there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<AuditEnd>,
    /// It is not: what is above is not everything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorBody>,
}

/// How far a reading is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditProgress {
    /// The file that is being read.
    pub file: String,
    /// Bytes read so far.
    pub done: u64,
    /// Bytes of all files to be read.
    pub total: u64,
}

/// What a reading came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEnd {
    /// Records found, statements with their `statement.done` as one.
    pub found: u64,
    /// Lines that are no records.
    pub torn: u64,
    /// Files that could not be read to their end, and why.
    pub unreadable: Vec<String>,
    /// Statements whose end lay too far behind them to be put to them.
    pub unjoined: u64,
    /// Files outside the time that was asked for.
    pub skipped: u64,
}

impl Default for AuditTail {
    fn default() -> Self {
        Self { lines: 10, follow: false }
    }
}
