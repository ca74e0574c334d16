//! The live sessions, as the clerk needs them.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use super::forms::SessionView;
use crate::base::{GrantId, SessionId};

/// A future that a trait object can give.
pub type Later<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Why sessions are ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// The grant's time is over.
    Expired,
    /// The grant was ended before its time.
    Ended {
        /// `revoked`, `released`, `exhausted`.
        how: &'static str,
        /// In words for people.
        because: String,
    },
    /// An operator ended the session; in words for people.
    Killed(String),
}

/// What ending came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Report {
    /// Sessions ended.
    pub sessions_ended: usize,
    /// Of these, how many had a statement running.
    pub statements_cancelled: usize,
    /// Sessions whose backend wasn't gone yet when the report was made.
    pub still_ending: usize,
}

/// Lists and ends live sessions.
pub trait Sessions: Send + Sync + fmt::Debug {
    /// All of them.
    fn list(&self) -> Later<'_, Vec<SessionView>>;

    /// Ends those of a grant; returns when their backends are gone, or after two seconds.
    fn end_grant(&self, id: GrantId, cause: Cause) -> Later<'_, Report>;

    /// Moves the end of those of a grant; tells how many there are.
    fn extend_grant(&self, id: GrantId, expires_at: i64) -> usize;

    /// Ends one; a report of none when there is no such session.
    fn end_session(&self, id: SessionId, cause: Cause) -> Later<'_, Report>;
}
