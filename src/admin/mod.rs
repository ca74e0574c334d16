//! The operators' side of a running server: the admin socket with its HTTP API, the metrics and
//! health endpoint, and the clerk that carries out what operators ask, each act on record with
//! its actor.

mod api;
mod approvers;
pub mod caller;
pub mod check;
pub mod clerk;
mod crowd;
pub mod door;
pub mod forms;
pub mod givable;
mod guest;
pub mod health;
pub mod listing;
pub mod local;
mod names;
mod operators;
pub mod peer;
pub mod reading;
pub mod record;
mod requests;
mod seats;
pub mod sessions;
pub mod socket;
mod summary;
pub mod sweep;

pub use clerk::{Clerk, ClerkError};
pub use record::{AdminEvent, Record};
pub use sessions::Sessions;
