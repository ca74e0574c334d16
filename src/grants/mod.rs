//! The grant and its life: a wish is checked (`rules`), becomes a grant with a token that is
//! shown once, or a request that others approve first (`life`, `ledger`), is kept (`store`,
//! `sqlite`), is read by logins (`live`), and ends.
//!
//! Only verifiers of the token are kept. Every change is written to the store first and seen by
//! logins afterwards; none of it can prolong a grant that has ended.

pub mod cidr;
mod extension;
pub mod ledger;
pub mod life;
pub mod live;
pub mod operators;
pub mod rules;
pub mod scopes;
mod sqlite;
mod sqlite_people;
pub mod store;
pub mod terms;
mod verifier;

use std::net::IpAddr;

use crate::base::GrantId;
use crate::policy::Scope;

pub use cidr::Cidr;
pub use ledger::{ChangeError, Ledger, Made};
pub use life::{Changed, Conditions, Extension, Life, Person, Signature, Stage};
pub use live::{Claim, Live, Usage};
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
    /// When it ends in any case, microseconds since the epoch, UTC: the grant, or, before its
    /// token is made, the request for it.
    pub expires_at: i64,
    /// Sessions at once.
    pub max_sessions: usize,
    /// Rows that one statement may write (0: any number); `limits.max_rows_written` when absent.
    pub max_rows_written: Option<u64>,
    /// When and why it ended before its time.
    pub ended: Option<Ended>,
    /// What proves its token; see `auth`. Before there is one, nothing does.
    pub verifier: Verifier,
    /// What it is bound to beyond who, where, what and until when.
    pub conditions: Conditions,
    /// How it came about, and how far it is.
    pub life: Life,
}

/// How a grant ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// One of the states that are an end.
    pub state: State,
    /// Microseconds since the epoch, UTC.
    pub at: i64,
    /// In words, for people: `revoked by os:root: suspicious`.
    pub because: String,
}

/// Where a grant stands: `pending → approved → active`, and then one of the ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It was asked for, and not everybody has approved who must.
    Pending,
    /// It is approved, and not redeemed, or not valid yet.
    Approved,
    /// It may be used.
    Active,
    /// Its time is over.
    Expired,
    /// Somebody ended it.
    Revoked,
    /// Its holder gave it back, or it was idle for as long as it was to be.
    Released,
    /// Its uses are used up.
    Exhausted,
    /// It was asked for and denied.
    Denied,
    /// It was asked for, and withdrawn before anybody could use it.
    Cancelled,
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

impl Grant {
    /// Where it stands at `now` (microseconds since the epoch), whether or not its end has been
    /// put on record yet.
    #[must_use]
    pub fn state_at(&self, now: i64) -> State {
        match &self.ended {
            Some(ended) => ended.state,
            None if now >= self.expires_at => State::Expired,
            None => match self.life.stage {
                Stage::Pending => State::Pending,
                Stage::Approved => State::Approved,
                Stage::Issued if self.conditions.not_before.is_some_and(|from| now < from) => {
                    State::Approved
                }
                Stage::Issued => State::Active,
            },
        }
    }

    /// Whether a client at `address` may use it; `None` on a Unix socket.
    #[must_use]
    pub fn admits(&self, address: Option<IpAddr>) -> bool {
        let clients = &self.conditions.clients;
        clients.is_empty()
            || address.is_some_and(|address| clients.iter().any(|one| one.contains(address)))
    }
}

impl State {
    /// All of them, in the order of a grant's life.
    pub const ALL: [Self; 9] = [
        Self::Pending,
        Self::Approved,
        Self::Active,
        Self::Expired,
        Self::Revoked,
        Self::Released,
        Self::Exhausted,
        Self::Denied,
        Self::Cancelled,
    ];

    /// The word on record.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Active => "active",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Released => "released",
            Self::Exhausted => "exhausted",
            Self::Denied => "denied",
            Self::Cancelled => "cancelled",
        }
    }

    /// The state of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }

    /// What is put on record when a grant comes to this end.
    #[must_use]
    pub const fn event(self) -> &'static str {
        match self {
            Self::Expired => "grant.expired",
            Self::Released => "grant.released",
            Self::Exhausted => "grant.exhausted",
            Self::Denied => "grant.denied",
            Self::Cancelled => "grant.cancelled",
            Self::Pending | Self::Approved | Self::Active | Self::Revoked => "grant.revoked",
        }
    }
}
