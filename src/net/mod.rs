//! The shell: sockets, TLS, clocks and randomness around the pure session.
//!
//! One OS thread per core runs a current-thread runtime (a [`worker`]); the listener deals
//! sessions out by load; one task per session polls both directions by hand. What ends sessions
//! (control connections, the sweep over expiry, the listener) runs on the runtime that started
//! the [`server`].

pub mod clock;
pub mod control;
pub mod dial;
pub mod framed;
pub mod handshake;
pub mod limiter;
mod proof;
pub mod registry;
pub mod simple;
pub mod stream;
pub mod tls;

pub use registry::{EndCause, EndReport, Registry, SessionInfo};
