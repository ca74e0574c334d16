//! Facts and a grant's terms → verdict. Pure and total: whatever is not known is refused.

pub mod judge;
pub mod terms;

pub use judge::{Judge, Judged, Judgement, Verdict};
pub use terms::{Scope, Terms};
