//! The grant and its life: a wish is checked (`rules`), becomes a grant with a token that is
//! shown once (`ledger`), is kept (`store`, `sqlite`), is read by logins (`live`), and ends.
//!
//! Only verifiers of the token are kept. Every change is written to the store first and seen by
//! logins afterwards; none of it can prolong a grant that has ended.

pub mod ledger;
pub mod live;
pub mod rules;
pub mod scopes;
mod sqlite;
pub mod store;
pub mod terms;
mod verifier;

use std::net::IpAddr;

use crate::base::GrantId;
use crate::policy::Scope;

pub use ledger::{Ledger, Made};
pub use live::Live;
pub use rules::{Rules, Wish, WishError};
pub use sqlite::Sqlite;
pub use store::{Change, EndOutcome, Store, StoreError};

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
    /// Rows that one statement may write (0: any number); `limits.max_rows_written` when absent.
    pub max_rows_written: Option<u64>,
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

impl Grant {
    /// Where it stands at `now` (microseconds since the epoch), whether or not its end has been
    /// put on record yet.
    #[must_use]
    pub fn state_at(&self, now: i64) -> State {
        match &self.ended {
            Some(ended) => ended.state,
            None if now >= self.expires_at => State::Expired,
            None => State::Active,
        }
    }
}

impl State {
    /// The word on record.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }

    /// The state of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Active, Self::Expired, Self::Revoked].into_iter().find(|state| state.word() == word)
    }
}
