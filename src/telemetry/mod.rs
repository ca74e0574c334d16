//! What operators see of pgward itself: metrics for Prometheus and a log on stderr.
//!
//! Neither is the record: statements, users, tokens and grants are in `audit` only.

mod alerts;
mod histogram;
pub mod log;
mod metrics;
mod operation;
mod worker;

pub use metrics::{Metrics, ServerConnections, SetupError};
pub use worker::{DatabaseCounters, Totals, WorkerCounters};
