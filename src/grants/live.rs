//! The in-memory view that logins and sessions read: every live and recently ended grant, by id
//! and by person. Changes come from the store, which is written first.

use std::sync::Arc;

use crate::base::GrantId;
use crate::grants::Grant;

/// All grants that a login may match. Cheap to clone the `Arc` of; safe to share.
#[derive(Debug, Default)]
pub struct Live {
    // (grants)
}

impl Live {
    /// The grant of that id.
    #[must_use]
    pub fn by_id(&self, id: GrantId) -> Option<Arc<Grant>> {
        let _ = id;
        None
    }

    /// Live and recently ended grants that `login` names: a person's, or the one of `g_…`.
    #[must_use]
    pub fn by_login(&self, login: &str) -> Vec<Arc<Grant>> {
        let _ = login;
        Vec::new()
    }

    /// The server key from which the SCRAM salts of all names are derived; fixed for the store.
    #[must_use]
    pub fn salt_key(&self) -> [u8; 32] {
        [0; 32]
    }
}
