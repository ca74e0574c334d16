//! Scopes of grants as texts: what `--scope` takes and what the store keeps. `policy` reads and
//! writes them; here are only the shapes that grants need.

use crate::policy::Scope;

/// Reads one `--scope`, which may name several verbs.
///
/// # Errors
/// In words, what is wrong with it.
pub fn parse(text: &str) -> Result<Vec<Scope>, String> {
    Scope::parse_list(text).map_err(|error| error.to_string())
}

/// One permission as [`parse`] reads it.
#[must_use]
pub fn text(scope: &Scope) -> String {
    scope.to_string()
}
