//! The record: one JSON object per line, written before what it tells of is forwarded.

pub mod stream;

pub use stream::{Log, Mark, SessionContext, Stream, Unwritable};
