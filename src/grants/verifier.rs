//! What is kept of a token.

use subtle::ConstantTimeEq;

use super::Verifier;
use crate::auth::scram::{ITERATIONS, StoredKeys, salt};
use crate::auth::token::Token;

impl Verifier {
    /// What proves `token` for the person `user`, and for the grant's own id as user name.
    /// Costs two times [`ITERATIONS`] rounds of HMAC: milliseconds.
    #[must_use]
    pub fn of(token: &Token, user: &str, salt_key: &[u8; 32]) -> Self {
        let keys =
            |login: &str| StoredKeys::derive(token.expose(), &salt(salt_key, login), ITERATIONS);
        Self {
            by_user: keys(user),
            by_grant: keys(&token.grant().to_string()),
            token_sha256: token.sha256(),
        }
    }

    /// Whether a clear-text password is the token; compared in constant time. What is no token
    /// at all matches none.
    #[must_use]
    pub fn accepts(&self, password: &str) -> bool {
        Token::parse(password).is_ok_and(|token| token.sha256().ct_eq(&self.token_sha256).into())
    }
}
