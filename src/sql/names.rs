//! Identifiers of which the grammar here may make another name than the server does.
//!
//! Its scanner folds and cuts off names as that of a database with encoding UTF8 (`scansup.c`): only
//! ASCII letters become small, and 63 bytes are kept. Where the client has another encoding, pgward
//! does not know how many bytes the server makes of a letter; where the database has, letters beyond
//! ASCII may become small as well, and more of them are kept. Two names that are one here could be
//! two there: a CTE would seem to stand for a table that it does not hide.

use super::facts::Unread;
use super::lex::{Kind, Lexer};

/// Longest name (`NAMEDATALEN - 1`), bytes.
const NAME_BYTES_MAX: usize = 63;
/// As many bytes of UTF-8 a byte of another encoding becomes at most.
const GROWS_BY: usize = 3;

/// Refuses names that may be others to the server. `utf8` is of the client, `ascii_names` says that
/// the database's encoding is another one.
///
/// # Errors
/// [`Unread::Unknown`] with what is in the way.
pub(super) fn check(text: &[u8], utf8: bool, ascii_names: bool) -> Result<(), Unread> {
    if utf8 && !ascii_names {
        return Ok(());
    }
    let plain = Lexer::new(text).all(|token| {
        let bytes = text.get(token.span).unwrap_or_default();
        let beyond = bytes.iter().filter(|byte| !byte.is_ascii()).count();
        match token.kind {
            Kind::Word | Kind::QuotedIdentifier if beyond > 0 => {
                !ascii_names && bytes.len() + (GROWS_BY - 1) * beyond <= NAME_BYTES_MAX
            }
            Kind::UnicodeIdentifier => false,
            _ => true,
        }
    });
    if plain {
        return Ok(());
    }
    let construct = if ascii_names {
        "a name with letters beyond ASCII, in a database whose encoding is not UTF8,"
    } else {
        "a long name with letters beyond ASCII, in a client_encoding that is not UTF8,"
    };
    Err(Unread::Unknown { construct: construct.into() })
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn names_that_could_be_two_are_refused() {
        let letters = |count| [b"select \"", &*b"\xe9".repeat(count), b"\""].concat();
        // Text, UTF8 client, database of another encoding, whether its names are told.
        let cases: &[(&[u8], bool, bool, bool)] = &[
            ("select é from \"ü\"".as_bytes(), true, false, true),
            ("select é".as_bytes(), true, true, false),
            ("select 'é', $$é$$ -- é".as_bytes(), true, true, true),
            (b"select U&\"\\00e9\"", true, false, true),
            (b"select U&\"\\00e9\"", true, true, false),
            (b"select U&\"\\00e9\"", false, false, false),
            (b"select U&'\\00e9', \"a\" from t", false, true, true),
            (&letters(20), false, false, true),
            (&letters(21), false, false, false),
            (&letters(1), false, true, false),
        ];
        for &(text, utf8, ascii_names, told) in cases {
            let checked = check(text, utf8, ascii_names);
            assert_eq!(checked.is_ok(), told, "{} {utf8} {ascii_names}", text.escape_ascii());
        }
    }
}
