//! The heart: one client session between login and end, without IO, clock or randomness.
//!
//! The shell gives bytes and time in, and gets out what to record, what to send to the upstream
//! and to the client (ranges of the bytes it gave in, as they came, and bytes of our own), and
//! whether the session ends.

pub mod event;
pub mod turn;

pub use event::{Event, Recorder};
pub use turn::{Output, Segment, Turn};
