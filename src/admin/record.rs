//! What operators do, on record.

use std::fmt;

use crate::audit::Unwritable;
use crate::base::SessionId;
use crate::grants::Grant;

/// One act.
#[derive(Debug, Clone, Copy)]
pub struct AdminEvent<'a> {
    /// `grant.created`, `grant.revoked`, `grant.expired`, `session.kill`, `audit.read`.
    pub event: &'static str,
    /// Who did it: `os:alice`, or `pgward` for what happens by itself.
    pub actor: &'a str,
    /// The grant it is about.
    pub grant: Option<&'a Grant>,
    /// The session it is about.
    pub session: Option<SessionId>,
    /// More about it.
    pub detail: Option<&'a str>,
}

/// Takes acts on record.
pub trait Record: Send + Sync + fmt::Debug {
    /// Writes it before it takes effect.
    ///
    /// # Errors
    /// When it can't be written; it is then as if it had never been, and must not be done.
    fn before(&self, event: &AdminEvent<'_>) -> Result<(), Unwritable>;

    /// Writes it now, or with the next record that can be written: for acts that end access,
    /// which must not wait for a disk.
    ///
    /// # Errors
    /// When it isn't written yet.
    fn soon(&self, event: &AdminEvent<'_>) -> Result<(), Unwritable>;
}
