//! pgward: a gateway for temporary production access to PostgreSQL.
//!
//! A client connects with a grant's token as password. Every statement is read by PostgreSQL's
//! own grammar, judged against the grant, written to the audit log, and only then forwarded.
//!
//! The tree follows the bytes. An import may only point down a floor (`tests/layering.rs`):
//!
//! ```text
//! SHELL    cli → admin → net            tokio, rustls, axum, clap live here
//! BESIDE   alerts   grants   audit   catalog   telemetry   config
//! CORE     session → policy → sql       auth (pure token and SCRAM steps)
//! GROUND   wire     base
//! ```
//!
//! CORE and GROUND are pure: no socket, no clock, no randomness, no runtime. `session` takes
//! bytes and time in and says what to record, what to forward, and what to answer.

// GROUND
pub mod base;
pub mod wire;

// CORE
pub mod auth;
pub mod policy;
pub mod session;
pub mod sql;

// BESIDE
pub mod alerts;
pub mod audit;
pub mod catalog;
pub mod config;
pub mod grants;
pub mod telemetry;

// SHELL
pub mod admin;
pub mod cli;
pub mod net;
