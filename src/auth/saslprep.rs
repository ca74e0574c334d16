//! SASLprep (RFC 4013) as PostgreSQL applies it to passwords (`common/saslprep.c`): a password
//! that cannot be prepared is used as it is.

use std::borrow::Cow;

/// The password as SCRAM hashes it.
#[must_use]
pub fn saslprep(password: &str) -> Cow<'_, str> {
    if password.is_ascii() {
        return Cow::Borrowed(password);
    }
    stringprep::saslprep(password).unwrap_or(Cow::Borrowed(password))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prepares_as_postgresql_does() {
        let cases = [
            ("pencil", "pencil"),
            ("I\u{ad}X", "IX"),
            ("\u{aa}", "a"),
            ("\u{2168}", "IX"),
            ("a\u{a0}b", "a b"),
            // Prohibited: used as they are.
            ("\u{7}", "\u{7}"),
            ("\u{627}1", "\u{627}1"),
        ];
        for (given, expected) in cases {
            assert_eq!(saslprep(given), expected, "{given:?}");
        }
    }
}
