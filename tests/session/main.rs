//! The session core without IO: scripted conversations, and properties against a model of the
//! server.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "tests"
)]

mod harness;
mod model;
mod props;
mod scripts;
mod words;
