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
    /// `execute:schema.function`: calls of a function or procedure that reads refuse.
    Execute {
        /// Schema of the function; never absent.
        schema: Box<str>,
        /// The function with all its overloads, or `*` for every function of the schema.
        function: Box<str>,
    },
    /// `maintain:schema.table`: VACUUM, ANALYZE, REINDEX, CLUSTER, REFRESH.
    Maintain {
        /// Schema of the relation; never absent.
        schema: Box<str>,
        /// The table or materialised view, or `*`.
        table: Box<str>,
    },
    /// `ddl:schema`: CREATE, ALTER and DROP of what lies in that schema.
    Ddl {
        /// The schema.
        schema: Box<str>,
    },
    /// `select:schema.table`: with one of these, nothing else may be read.
    Select {
        /// Schema of the relation; never absent.
        schema: Box<str>,
        /// The relation, or `*`.
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
    /// Bounds on the rows and bytes of one statement.
    pub row_caps: RowCaps,
}

/// Bounds on what one statement may write and read; 0 means none.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct RowCaps {
    /// Rows that a statement may write, as its command tag counts them.
    pub rows_written_max: u64,
    /// Rows that a statement may return (a line of COPY is one).
    pub rows_read_max: u64,
    /// Bytes of rows that a statement may return.
    pub bytes_read_max: u64,
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
    /// Whether the grant permits more than reading: the session then runs as the writer, without
    /// the server's read-only setting.
    #[must_use]
    pub fn may_write(&self) -> bool {
        self.scopes.iter().any(Scope::beyond_reading)
    }

    /// Whether only what `select:` scopes name may be read.
    #[must_use]
    pub fn narrows_reads(&self) -> bool {
        self.scopes.iter().any(|scope| matches!(scope, Scope::Select { .. }))
    }
}
