//! What the fuzz targets do with their input. Here so that `tests/fuzz_replay.rs` does the same
//! with the committed corpus on stable.

#![allow(dead_code, unused_imports, reason = "each target uses its own")]
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::expect_used,
    reason = "a target finds by panicking"
)]

mod cuts;
mod facts;
mod frame;
mod judge;
mod session;
mod shapes;
mod startup;

pub(crate) use cuts::cuts;
pub(crate) use facts::facts;
pub(crate) use frame::frame;
pub(crate) use judge::judge;
pub(crate) use session::session;
pub(crate) use shapes::shapes;
pub(crate) use startup::startup;
