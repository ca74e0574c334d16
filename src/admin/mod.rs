//! The operators' side of a running server: the admin socket with its HTTP API, the metrics and
//! health endpoint, and the clerk that carries out what operators ask, each act on record with
//! its actor.

pub mod api;
pub mod check;
pub mod clerk;
pub mod forms;
pub mod health;
mod names;
pub mod peer;
pub mod record;
pub mod sessions;
pub mod socket;
mod summary;

pub use clerk::{Clerk, ClerkError};
pub use record::{AdminEvent, Record};
pub use sessions::Sessions;
