//! What a client is told when a statement passes a cap on rows.

use super::Refusal;
use super::policy::Context;
use crate::base::sqlstate as code;

/// A statement wrote more rows than it may; nothing of it is committed.
#[must_use]
pub fn rows_written(context: &Context<'_>, count: u64, cap: u64) -> Refusal {
    let what =
        format!("pgward: statement undone: it wrote {count} rows, and max_rows_written is {cap}");
    Refusal::error("rows_written_cap", code::PROGRAM_LIMIT_EXCEEDED, what)
        .detail(context.detail("rows_written_cap"))
        .hint(format!(
            "Write fewer rows at once, or: {}",
            context.request_with(&[], &format!(" --max-rows-written {count}"))
        ))
}

/// FETCH from the portal of a statement that writes: its tag counts what is fetched.
#[must_use]
pub fn fetch_of_write() -> Refusal {
    let what = "pgward: FETCH from a statement that writes refused: its rows cannot be counted";
    Refusal::error("rows_uncounted", code::INSUFFICIENT_PRIVILEGE, what)
        .detail("rule rows_uncounted; rows written are capped, and FETCH counts what it returns")
        .hint("Execute the portal instead, without a limit on its rows.")
}

/// EXPLAIN ANALYZE of an EXECUTE that writes: its tag counts nothing.
#[must_use]
pub fn explain_of_write() -> Refusal {
    let what =
        "pgward: EXPLAIN ANALYZE of an EXECUTE that writes refused: its rows cannot be counted";
    Refusal::error("rows_uncounted", code::INSUFFICIENT_PRIVILEGE, what)
        .detail("rule rows_uncounted; rows written are capped, and EXPLAIN counts none")
        .hint("Send EXPLAIN without ANALYZE, or EXECUTE by itself.")
}

/// What to do about [`beside_write`].
pub const APART: &str = "Send it as a message of its own.";

/// The same for what needs a transaction block.
pub const BLOCK: &str = "Begin the string with BEGIN and end it with COMMIT.";

/// A statement in one string with a write, that cannot be run by itself as the string would.
#[must_use]
pub fn beside_write(operation: &str, hint: &'static str) -> Refusal {
    let what = format!("pgward: {operation} in one string with a write refused");
    Refusal::error("beside_write", code::INSUFFICIENT_PRIVILEGE, what)
        .detail(
            "rule beside_write; rows written are capped, so the statements of a string that \
             writes are run one by one",
        )
        .hint(hint)
}

/// A statement returned more rows than it may.
#[must_use]
pub fn rows_read(context: &Context<'_>, cap: u64) -> Refusal {
    let what = format!("pgward: statement cancelled: it returns more than {cap} rows");
    Refusal::error("rows_read_cap", code::PROGRAM_LIMIT_EXCEEDED, what)
        .detail(context.detail("rows_read_cap"))
        .hint(format!("Ask for fewer: LIMIT {cap}. The cap is limits.max_rows_read."))
}

/// A statement returned more bytes than it may.
#[must_use]
pub fn bytes_read(context: &Context<'_>, cap: u64) -> Refusal {
    let what = format!("pgward: statement cancelled: its rows are longer than {cap} bytes");
    Refusal::error("bytes_read_cap", code::PROGRAM_LIMIT_EXCEEDED, what)
        .detail(context.detail("bytes_read_cap"))
        .hint("Ask for fewer rows or columns. The cap is limits.max_bytes_read.")
}
