//! Proofs without IO: tokens and SCRAM-SHA-256(-PLUS), both sides, as steps on bytes.

pub mod scram;
