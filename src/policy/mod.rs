//! Facts and a grant's terms → verdict. Pure and total: whatever is not known is refused.
//!
//! | file | decides |
//! |---|---|
//! | `judge` | the one entry, caches, large texts |
//! | `rules` | every action of a statement, strings of several statements |
//! | `write` | which table a name means, whether a scope covers it, locks |
//! | `beyond` | calls, maintenance and definitions by scope |
//! | `narrowed` | reads, where `select:` scopes narrow them |
//! | `settings`, `timeout` | what a client may SET, caps, the startup packet |
//! | `functions`, `extensions` | which functions may be called |
//! | `reach` | what functions, views, types and operators of the database reach |
//! | `types` | casts, typed literals, parameter types |
//! | `catalogue` | what is known of the upstream database |
//! | `explain` | one text, for somebody who asks why |
//! | `reason` | why, without whose grant it was |
//! | `scope`, `terms`, `resolve` | what a grant permits; whether it names a real table |

mod beyond;
mod blind;
mod cache;
pub mod catalogue;
pub mod explain;
pub mod extensions;
pub mod functions;
pub mod judge;
mod narrowed;
pub mod reach;
pub mod reason;
pub mod resolve;
mod rules;
pub mod scope;
pub mod settings;
pub mod terms;
pub mod timeout;
mod types;
mod vouched;
mod write;

#[cfg(test)]
mod beyond_tests;
#[cfg(test)]
mod blind_tests;
#[cfg(test)]
mod freeze_tests;
#[cfg(test)]
mod tests;

pub use catalogue::Catalogue;
pub use judge::{
    Case, Judge, JudgeSettings, JudgeSource, Judged, Judgement, LargeJob, LargeJudgement, Verdict,
};
pub use terms::{Caps, RowCaps, Scope, Terms};
