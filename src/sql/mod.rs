//! Text → facts. Knows nothing of grants.

pub mod facts;
