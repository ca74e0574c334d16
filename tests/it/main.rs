//! All integration tests in one binary (linking fifteen costs minutes): the real `pgward`
//! between real clients and real servers. Each file is a theme; each promise is shown by effect.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and tests live by the wall clock"
)]
#![allow(dead_code, reason = "the support modules serve all themes")]

#[path = "../support/mod.rs"]
mod support;

mod alerts;
mod attacks;
mod audit;
mod audit_api;
mod audit_search;
mod cancel;
mod caps;
mod check_sql;
mod copy;
mod corpus;
mod counted;
mod demo;
mod drivers;
mod encodings;
mod extended;
mod extending;
mod fired;
mod givable;
mod ground;
mod honest;
mod lifecycle;
mod limits;
mod login;
mod memory;
mod people;
mod people_flood;
mod people_operators;
mod people_races;
mod pipeline;
mod prepared;
mod protocol32;
mod psql;
mod reach;
mod readonly;
mod refusals;
mod roles;
mod sequences;
mod server;
mod simple;
mod stale;
mod tls;
mod tools;
mod working;
mod write_scopes;
