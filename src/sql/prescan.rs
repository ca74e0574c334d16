//! Bounds on a text before any parser sees it. PostgreSQL's scanner is quadratic in runs of
//! operator characters (20 KB of `/*` take 0.4 s), its grammar recurses on parentheses, and
//! sqlparser overflows its stack, which aborts the process, on a long `1 + 1 + …`.
//!
//! Linear in the text; the bounds are far above what people and tools write.

use std::ops::Range;

use super::facts::Unread;
use super::lex::{Kind, Lexer, Token};

/// Bounds of [`check`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Comments inside comments.
    pub comment_depth_max: usize,
    /// Parentheses and brackets inside each other.
    pub parenthesis_depth_max: usize,
    /// Tokens, white space and comments not counted.
    pub tokens_max: usize,
    /// Tokens of one chain: between two commas or semicolons of the same depth, what stands in
    /// parentheses not counted.
    pub chain_tokens_max: usize,
    /// Statements.
    pub statements_max: usize,
    /// Names must be ASCII, since the database's encoding is not UTF8 (see `names`).
    pub ascii_names: bool,
}

/// Bytes that PostgreSQL's scanner may put back and read again (see `Lexer::rescanned_bytes`):
/// some milliseconds.
pub const RESCANNED_BYTES_MAX: usize = 1024 * 1024;

impl Default for Limits {
    fn default() -> Self {
        Self {
            comment_depth_max: 100,
            parenthesis_depth_max: 1_000,
            tokens_max: 1_000_000,
            chain_tokens_max: 200_000,
            statements_max: crate::base::limits::STATEMENTS_MAX,
            ascii_names: false,
        }
    }
}

/// What a text measures, as far as bounds go.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Measure {
    /// Tokens, white space and comments not counted.
    pub tokens: usize,
    /// The longest chain, in tokens.
    pub chain_tokens: usize,
    /// The deepest parentheses.
    pub parenthesis_depth: usize,
    /// Semicolons outside of parentheses: at most one less than there are statements.
    pub semicolons: usize,
    /// UNION, INTERSECT and EXCEPT, or words like them.
    pub set_operations: usize,
    /// Comments that the grammar must get as white space (see `grammar::Source`): all but the
    /// first `/* */` after a string, which keeps the string from going on after it.
    pub comments: Vec<Range<usize>>,
}

/// Measures a text, and stops at the first bound that is passed.
///
/// # Errors
/// [`Unread::TooComplex`] with the bound, [`Unread::Syntax`] for a parameter followed by letters
/// (which the server refuses and libpg_query lets through).
pub fn check(text: &[u8], limits: &Limits) -> Result<Measure, Unread> {
    let mut lexer = Lexer::new(text);
    let mut measure = Measure::default();
    // Tokens of the open chain at each depth, the innermost last.
    let mut chains: Vec<usize> = vec![0];
    let mut after_string = false;
    while let Some(token) = lexer.next() {
        bound("operators in a row", lexer.rescanned_bytes(), RESCANNED_BYTES_MAX)?;
        bound("nested comments", token.comment_depth, limits.comment_depth_max)?;
        match token.kind {
            Kind::Space => continue,
            Kind::BlockComment if std::mem::take(&mut after_string) => continue,
            Kind::LineComment | Kind::BlockComment => {
                measure.comments.push(token.span);
                continue;
            }
            kind => after_string = kind.may_go_on(),
        }
        if after_string {
            measure.comments.append(&mut lexer.take_gaps());
        }
        measure.tokens += 1;
        bound("tokens", measure.tokens, limits.tokens_max)?;
        let bytes = text.get(token.span.clone()).unwrap_or_default();
        match bytes {
            b"(" | b"[" => chains.push(0),
            b")" | b"]" if chains.len() > 1 => {
                chains.pop();
            }
            b"," => replace_last(&mut chains, 0),
            b";" => {
                // What follows a semicolon is a statement of its own, whatever was left open.
                measure.semicolons += 1;
                chains.truncate(1);
                replace_last(&mut chains, 0);
            }
            _ if token.kind == Kind::Word => {
                let set = [b"union".as_slice(), b"intersect", b"except"];
                let is = set.iter().any(|word| bytes.eq_ignore_ascii_case(word));
                measure.set_operations += usize::from(is);
            }
            _ => refuse_parameter_junk(text, &token, bytes)?,
        }
        if let Some(last) = chains.last_mut() {
            *last += 1;
            measure.chain_tokens = measure.chain_tokens.max(*last);
        }
        measure.parenthesis_depth = measure.parenthesis_depth.max(chains.len() - 1);
        bound("nested parentheses", measure.parenthesis_depth, limits.parenthesis_depth_max)?;
        bound("operators in one expression", measure.chain_tokens, limits.chain_tokens_max)?;
    }
    Ok(measure)
}

fn replace_last(chains: &mut [usize], with: usize) {
    if let Some(last) = chains.last_mut() {
        *last = with;
    }
}

fn refuse_parameter_junk(text: &[u8], token: &Token, bytes: &[u8]) -> Result<(), Unread> {
    if token.kind == Kind::Junk
        && bytes.first() == Some(&b'$')
        && bytes.get(1).is_some_and(u8::is_ascii_digit)
    {
        let near = String::from_utf8_lossy(bytes);
        return Err(Unread::Syntax {
            message: format!("trailing junk after parameter at or near \"{near}\""),
            position: Some(character_position(text, token.span.start)),
        });
    }
    Ok(())
}

/// The 1-based character position of a byte, as PostgreSQL's errors have it.
pub(super) fn character_position(text: &[u8], byte: usize) -> u32 {
    let before = text.get(..byte).unwrap_or(text);
    let characters = before.iter().filter(|&&byte| byte & 0xc0 != 0x80).count();
    u32::try_from(characters).unwrap_or(u32::MAX).saturating_add(1)
}

fn bound(what: &'static str, value: usize, limit: usize) -> Result<(), Unread> {
    if value > limit { Err(Unread::TooComplex { what, limit }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::{Limits, check};
    use crate::sql::facts::Unread;

    fn what(text: &str) -> Option<&'static str> {
        match check(text.as_bytes(), &Limits::default()) {
            Ok(_) => None,
            Err(Unread::TooComplex { what, .. }) => Some(what),
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn bounds_what_hurts_and_nothing_else() {
        let banner = format!("/*{}*/ select 1", "=".repeat(2_000));
        let in_list = format!("select * from t where id in ({}0)", "12345, ".repeat(50_000));
        let literal = format!("select '{}'", "x".repeat(1_000_000));
        let cases: &[(String, Option<&str>)] = &[
            ("/*".repeat(10_000), Some("operators in a row")),
            ("/* ".repeat(200), Some("nested comments")),
            (format!("select {}1", "-+".repeat(10_000)), Some("operators in a row")),
            (
                format!("select {}1{}", "(".repeat(10_000), ")".repeat(10_000)),
                Some("nested parentheses"),
            ),
            (format!("select 1{}", "+1".repeat(200_000)), Some("operators in one expression")),
            (format!("select 1{}", "+1".repeat(20_000)), None),
            ("select 1;".repeat(400_000), Some("tokens")),
            (banner.repeat(100), None),
            (in_list, None),
            (literal, None),
        ];
        for (text, expected) in cases {
            let head: String = text.chars().take(40).collect();
            assert_eq!(what(text), *expected, "{head}");
        }
    }

    #[test]
    fn a_parameter_ends_before_letters() {
        assert!(matches!(
            check("select é, $1abc".as_bytes(), &Limits::default()),
            Err(Unread::Syntax { position: Some(11), .. })
        ));
        assert!(check(b"select $1::int, $2 AS a", &Limits::default()).is_ok());
    }
}
