//! Whole texts judged.

use std::sync::Arc;

use super::*;
use crate::base::GrantId;

/// Terms of a read grant.
pub(crate) fn read_terms() -> Terms {
    Terms {
        grant: GrantId::from_random(7),
        user: "alice".into(),
        database: "app".into(),
        reason: "INC-4211 stuck orders".into(),
        ticket: None,
        scopes: Arc::new([]),
        expires_at: 60_000_000,
        write_path: ["public".into()].into(),
        caps: Caps { statement_timeout_ms: 300_000, ..Caps::default() },
        statement_bytes_max: 1024 * 1024,
    }
}

/// Terms of a grant with these scopes; with one on an unrelated table when none is named.
pub(crate) fn write_terms(scopes: &[&str]) -> Terms {
    let scopes = if scopes.is_empty() { &["insert:other.other"] } else { scopes };
    let scopes: Vec<Scope> =
        scopes.iter().flat_map(|s| Scope::parse_list(s).expect("scope")).collect();
    Terms { scopes: scopes.into(), ..read_terms() }
}
