//! What a grant and the configuration's limits come to in a session's terms.

use crate::config::Limits;
use crate::policy::{Caps, RowCaps};

/// Caps on the timeouts that a client may lower.
#[must_use]
pub fn caps(limits: &Limits) -> Caps {
    let ms = |limit: std::time::Duration| u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
    Caps {
        statement_timeout_ms: ms(limits.statement_timeout),
        lock_timeout_ms: ms(limits.lock_timeout),
        idle_in_transaction_session_timeout_ms: ms(limits.idle_in_transaction_session_timeout),
        idle_session_timeout_ms: ms(limits.idle_timeout),
    }
}

/// Bounds on rows; `written` is the grant's own, where it has one.
#[must_use]
pub fn row_caps(limits: &Limits, written: Option<u64>) -> RowCaps {
    RowCaps {
        rows_written_max: written.unwrap_or(limits.max_rows_written),
        rows_read_max: limits.max_rows_read,
        bytes_read_max: limits.max_bytes_read,
    }
}
