//! Proofs without IO: tokens and SCRAM-SHA-256(-PLUS), both sides, as steps on bytes.
//!
//! Randomness (the token's secret, the nonces) is handed in by the shell.

pub mod binding;
pub mod md5;
pub mod saslprep;
pub mod scram;
pub mod scram_client;
pub mod scram_server;
pub mod token;

pub use md5::md5_password;
