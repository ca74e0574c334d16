//! What a grant permits, as the core needs it. The shell makes one per session from the grant
//! and the configuration; it does not change while the session lives.

use std::sync::Arc;

use crate::base::GrantId;
use crate::sql::facts::Verb;

/// One explicit permission beyond reading.
#[derive(Clone, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub enum Scope {
    /// `insert:schema.table` and the other three.
    Write {
        /// The privilege.
        verb: Verb,
        /// Schema of the table; never absent.
        schema: Box<str>,
        /// The table, or `*` for every table of the schema.
        table: Box<str>,
    },
}

/// What binds one session: who, why, where, what, until when, and its caps.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Terms {
    /// The grant.
    pub grant: GrantId,
    /// The person.
    pub user: Arc<str>,
    /// The database's name in the configuration.
    pub database: Arc<str>,
    /// Why access was granted.
    pub reason: Arc<str>,
    /// Its ticket.
    pub ticket: Option<Arc<str>>,
    /// Permissions beyond reading; empty for a read grant.
    pub scopes: Arc<[Scope]>,
    /// When it ends, microseconds since 1970-01-01T00:00:00Z.
    pub expires_at: i64,
    /// Schemas that an unqualified name of a *written* table is looked up in, in order, as the
    /// server resolves them in this session (search_path is frozen on write grants).
    pub write_path: Arc<[Box<str>]>,
    /// Caps on settings that a client may lower but not raise.
    pub caps: Caps,
    /// Longest statement, bytes.
    pub statement_bytes_max: usize,
}

/// Upper bounds of the timeouts that the session runs under, milliseconds; 0 means no cap.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Caps {
    /// `statement_timeout`.
    pub statement_timeout_ms: u64,
    /// `lock_timeout`.
    pub lock_timeout_ms: u64,
    /// `idle_in_transaction_session_timeout`.
    pub idle_in_transaction_session_timeout_ms: u64,
    /// `idle_session_timeout`.
    pub idle_session_timeout_ms: u64,
}

impl Terms {
    /// Whether the grant permits any write: the session then runs as the writer, without the
    /// server's read-only setting.
    #[must_use]
    pub fn may_write(&self) -> bool {
        !self.scopes.is_empty()
    }
}
