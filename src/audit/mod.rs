//! The record: one JSON object per line, written before what it tells of is forwarded.
//!
//! Every thread that has something to record owns a [`Stream`]; all streams append to one
//! [`Log`]. The keys are fixed by the audit format (`v` 1); `docs/audit-format.md` explains them.

mod archive;
mod asked;
mod behind;
mod context;
mod count;
mod json;
mod lines;
pub mod log;
pub mod read;
pub mod records;
pub mod search;
mod statement;
pub mod stream;
mod time;

#[cfg(test)]
mod tests;

pub use asked::{Asked, TooLong};
pub use log::{Log, OpenError};
pub use records::{AdminStream, AuthFailed, GrantChange, GrantEvent, Record, SessionEnd};
pub use statement::{
    BIND_QUERY_BYTES_MAX, PARAMETER_BYTES_MAX, PARAMETERS_BYTES_MAX, QUERY_BYTES_MAX,
};
pub use stream::{Mark, SessionContext, SessionFacts, Stream, Unwritable};
