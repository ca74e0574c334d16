//! The shell: sockets, TLS, clocks and randomness around the pure session.
//!
//! One OS thread per core (a `worker`) runs an `event_loop`; the listener deals connections out by
//! `load`; one task per session polls both directions by hand. The listener is a task of the first
//! worker; control connections have one thread, the sweep over expiry another.
//!
//! | file | does |
//! |---|---|
//! | `server`, `shared`, `worker`, `accept`, `load`, `sharing`, `keeper` | start, reload, drain; what is shared by whom |
//! | `event_loop` | what runs a worker's tasks: sockets, times, waking |
//! | `handshake`, `login`, `proving`, `greeting` | from accept to ReadyForQuery |
//! | `dial`, `proof`, `upstream`, `scoped`, `parameters` | the upstream's side of a login |
//! | `task`, `relay`, `turns`, `side`, `judging`, `pool` | a session between login and end |
//! | `warnings`, `news` | what its client is told of the grant meanwhile |
//! | `registry`, `control`, `control_thread`, `cancel` | who is there, and how it ends |
//! | `stream`, `tls`, `framed`, `simple`, `limiter`, `clock` | tools |

mod accept;
mod cancel;
pub mod clock;
pub mod control;
mod control_thread;
pub mod dial;
pub mod event_loop;
pub mod framed;
mod givable;
mod greeting;
pub mod handshake;
mod judging;
mod keeper;
pub mod limiter;
mod load;
mod login;
mod news;
pub mod parameters;
mod pool;
mod proof;
pub mod proving;
pub mod registry;
mod relay;
mod schedstat;
mod scoped;
pub mod server;
mod shared;
mod sharing;
mod side;
pub mod simple;
pub mod stream;
mod task;
pub mod tls;
mod turns;
mod upstream;
mod warnings;
mod worker;

#[cfg(test)]
mod tests;

pub use registry::{EndCause, EndReport, Registry, SessionInfo};
pub use server::{Server, ServerParts, StartError};
