//! Shared types of every floor: identities, limits, SQLSTATEs, what a client may be told.
//! Nothing here can fail at run time, and nothing here does IO.

pub mod ids;
pub mod limits;
pub mod moment;
pub mod refusal;
pub mod sqlstate;

pub use ids::{GrantId, SessionId};
pub use moment::Moment;
pub use refusal::{Notice, Refusal, Severity};
pub use sqlstate::SqlState;
