//! Operators who prove themselves by a token, for the API over TLS. Users of the operating
//! system at the admin socket stand in the configuration.

use crate::auth::token::Token;
use crate::base::GrantId;
use crate::base::limits::IDENTIFIER_BYTES_MAX;
use crate::config::Right;

use super::WishError;

/// An operator with a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenOperator {
    /// The name: `op:<name>` on record.
    pub name: String,
    /// What stands in the token in the place of a grant's id.
    pub id: GrantId,
    /// What the operator may do.
    pub may: Vec<Right>,
    /// SHA-256 of the token.
    pub token_sha256: [u8; 32],
    /// Microseconds since the epoch, UTC.
    pub created_at: i64,
    /// Who made it.
    pub created_by: String,
}

impl TokenOperator {
    /// Whether `token` is this operator's, compared in constant time.
    #[must_use]
    pub fn proves(&self, token: &Token) -> bool {
        token.grant() == self.id && token.matches(&self.token_sha256)
    }
}

/// Whether a name may be an operator's: it stands on record and in configurations.
///
/// # Errors
/// What is wrong with it.
pub fn check_name(name: &str) -> Result<(), WishError> {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '@' | '+');
    if !name.is_empty() && name.len() <= IDENTIFIER_BYTES_MAX && name.chars().all(plain) {
        return Ok(());
    }
    Err(WishError {
        what: "the name of an operator has 1 to 63 letters, digits and _ - . @ +".to_owned(),
        hint: "name the person as everywhere else: pgward operator create alice --may request"
            .to_owned(),
    })
}

/// Reads words such as `request`.
///
/// # Errors
/// The first that is none.
pub fn rights(words: &[String]) -> Result<Vec<Right>, WishError> {
    let mut may = Vec::new();
    for word in words {
        may.push(Right::from_word(word).ok_or_else(|| WishError {
            what: format!("\"{word}\" is nothing that an operator may do"),
            hint: format!("possible: --may {}", Right::words()),
        })?);
    }
    if may.is_empty() {
        return Err(WishError {
            what: "an operator who may do nothing is none".to_owned(),
            hint: format!("possible: --may {}", Right::words()),
        });
    }
    may.sort_unstable();
    may.dedup();
    Ok(may)
}
