//! Where grants are kept: a few verbs that any store can do, each of them atomic and on disk
//! when it returns.

use std::fmt;
use std::path::PathBuf;

use super::operators::TokenOperator;
use super::{Ended, Grant, Usage};
use crate::base::GrantId;

/// Keeps grants. Every call may wait for a disk: call it where waiting is allowed.
pub trait Store: Send + Sync + fmt::Debug {
    /// The key that SCRAM salts derive from: made once with the store, never changed.
    fn salt_key(&self) -> [u8; 32];

    /// Keeps a new grant or request, with the first line of its history.
    ///
    /// # Errors
    /// When nothing was kept; also for an id that is already there.
    fn create(&self, grant: &Grant, changes: &[Change]) -> Result<(), StoreError>;

    /// Keeps a grant as a step has changed it, if it is still as it was before that step; false
    /// when it isn't, and nothing was changed. Of a grant that has ended, only `life` changes.
    ///
    /// # Errors
    /// When nothing was changed.
    fn update(&self, grant: &Grant, changes: &[Change]) -> Result<bool, StoreError>;

    /// Ends a grant, unless it has ended already. `None` for an id that isn't there.
    ///
    /// # Errors
    /// When nothing was changed.
    fn end(
        &self,
        id: GrantId,
        ended: &Ended,
        actor: &str,
    ) -> Result<Option<EndOutcome>, StoreError>;

    /// The grant of that id.
    ///
    /// # Errors
    /// When the store can't be read.
    fn find(&self, id: GrantId) -> Result<Option<Grant>, StoreError>;

    /// Every grant there ever was, oldest first.
    ///
    /// # Errors
    /// When the store can't be read.
    fn all(&self) -> Result<Vec<Grant>, StoreError>;

    /// What happened to a grant, in order.
    ///
    /// # Errors
    /// When the store can't be read.
    fn history(&self, id: GrantId) -> Result<Vec<Change>, StoreError>;

    /// Keeps how often grants were used.
    ///
    /// # Errors
    /// When it isn't kept.
    fn note_usage(&self, usage: &[(GrantId, Usage)]) -> Result<(), StoreError>;

    /// How often each grant was used; those that never were are not there.
    ///
    /// # Errors
    /// When the store can't be read.
    fn usage(&self) -> Result<Vec<(GrantId, Usage)>, StoreError>;

    /// Keeps a new operator; false when there is one of that name.
    ///
    /// # Errors
    /// When nothing was kept.
    fn add_operator(&self, operator: &TokenOperator) -> Result<bool, StoreError>;

    /// Removes an operator; false when there is none of that name.
    ///
    /// # Errors
    /// When nothing was changed.
    fn remove_operator(&self, name: &str, by: &str, at: i64) -> Result<bool, StoreError>;

    /// Every operator there ever was, also of the same name, oldest first.
    ///
    /// # Errors
    /// When the store can't be read.
    fn operators_ever(&self) -> Result<Vec<TokenOperator>, StoreError>;

    /// Every operator that was not removed, in the order of their names.
    ///
    /// # Errors
    /// When the store can't be read.
    fn operators(&self) -> Result<Vec<TokenOperator>, StoreError>;
}

/// A grant after an attempt to end it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndOutcome {
    /// As it is kept now.
    pub grant: Grant,
    /// Whether it was this attempt that ended it.
    pub ended_now: bool,
}

/// One line of a grant's history, which is only ever added to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Microseconds since the epoch, UTC.
    pub at: i64,
    /// As in the audit log: `grant.created`, `grant.approved`.
    pub event: String,
    /// Who did it.
    pub actor: String,
    /// Why.
    pub detail: String,
}

/// Why a store can't be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another server has it open.
    #[error("{} is in use by another pgward server", path.display())]
    InUse {
        /// The store's file.
        path: PathBuf,
    },
    /// The file isn't one of ours.
    #[error("{} is not a pgward store", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// Written by a newer pgward.
    #[error("{} was written by a newer pgward (schema {found}, known up to {known})", path.display())]
    Newer {
        /// The store's file.
        path: PathBuf,
        /// Schema version found.
        found: i64,
        /// Schema version this program knows.
        known: i64,
    },
    /// It is damaged.
    #[error("{} is damaged: {what}", path.display())]
    Corrupt {
        /// The store's file.
        path: PathBuf,
        /// What was found.
        what: String,
    },
    /// The file can't be opened or made.
    #[error("{} cannot be opened for writing: {cause}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// SQLite failed.
    #[error("the store {} failed: {cause}", path.display())]
    Sqlite {
        /// The store's file.
        path: PathBuf,
        /// Why.
        cause: rusqlite::Error,
    },
    /// No random bytes from the operating system.
    #[error("the operating system gave no random bytes: {0}")]
    Random(String),
    /// Somebody else has changed the grant in the meantime.
    #[error("the grant has changed in the meantime")]
    Changed,
    /// The store's thread is gone.
    #[error("the store has stopped")]
    Stopped,
}

impl StoreError {
    /// What to do about it.
    #[must_use]
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::InUse { .. } => "stop the other server, or give this one its own store.url",
            Self::Foreign { .. } => "let store.url name another file; pgward creates it",
            Self::Newer { .. } => "use the pgward that wrote it, or a newer one",
            Self::Corrupt { .. } => {
                "restore the file from a backup, or move it away to start with no grants: all \
                 tokens then stop working"
            }
            Self::Open { .. } => "check that the folder exists and that pgward may write to it",
            Self::Sqlite { .. } => "check the disk's free space and the file's permissions",
            Self::Random(_) => "check /dev/urandom and getrandom(2)",
            Self::Changed => "look at it (pgward grant show), and try again",
            Self::Stopped => "restart the server; its log says why the store stopped",
        }
    }
}
