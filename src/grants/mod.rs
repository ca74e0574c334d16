//! The grant and its life.

pub mod live;

use std::net::IpAddr;

use crate::base::GrantId;
use crate::policy::Scope;

pub use live::Live;

/// One grant as it stands now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Its identity.
    pub id: GrantId,
    /// The person.
    pub user: String,
    /// The database's name in the configuration.
    pub database: String,
    /// Permissions beyond reading; empty for a read grant.
    pub scopes: Vec<Scope>,
    /// Why access was granted.
    pub reason: String,
    /// Its ticket.
    pub ticket: Option<String>,
    /// Microseconds since the epoch, UTC.
    pub created_at: i64,
    /// Who created it (`os:root`).
    pub created_by: String,
    /// When it ends, microseconds since the epoch, UTC.
    pub expires_at: i64,
    /// Sessions at once.
    pub max_sessions: usize,
    /// When and why it ended before its time.
    pub ended: Option<Ended>,
    /// What proves its token; see `auth`.
    pub verifier: Verifier,
}

/// How a grant ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// `expired`, `revoked`.
    pub state: State,
    /// Microseconds since the epoch, UTC.
    pub at: i64,
    /// In words, for people: `revoked by os:root: suspicious`.
    pub because: String,
}

/// Where a grant stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It may be used.
    Active,
    /// Its time is over.
    Expired,
    /// Somebody ended it.
    Revoked,
}

/// What proves a token without holding it: SCRAM keys for each name a client may log in by
/// (the person's, and the grant's own id), and a digest for clear-text login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verifier {
    /// For `user=<the person>`.
    pub by_user: crate::auth::scram::StoredKeys,
    /// For `user=g_…`.
    pub by_grant: crate::auth::scram::StoredKeys,
    /// SHA-256 of the token, for clear-text login.
    pub token_sha256: [u8; 32],
}

/// Who may not come in, and what is on record about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Where the client connects from; `None` on a Unix socket.
    pub address: Option<IpAddr>,
}
