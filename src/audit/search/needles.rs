//! What can be said of a line without parsing it. A quote inside a JSON string is escaped, so
//! `"key":"` stands in a line only where that key is; and the numbers, times and ids that pgward
//! writes are where it always writes them.

use memchr::memmem::{self, Finder};
use memchr::{memchr, memchr2_iter};

use crate::audit::json;
use crate::base::SessionId;

/// What every record begins with, before its time.
const BEFORE_TIME: &[u8] = b"{\"v\":1,\"time\":\"";

/// How far into a record its `event` stands at most: the keys before it are short.
const HEAD_BYTES: usize = 512;

/// Length of a time: `2026-11-20T11:03:04.120000Z`.
const TIME_BYTES: usize = 27;

/// One statement of one session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct StatementKey {
    pub(super) session: SessionId,
    pub(super) statement: u64,
}

/// What kind of record a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `statement.allowed`: a `statement.done` follows.
    Allowed,
    /// `statement.done`
    Done,
    /// Any other.
    Other,
}

/// The exact bytes of `"key":"value"`, as pgward writes them.
pub(super) fn pair(key: &str, value: &str) -> Finder<'static> {
    let mut bytes = format!("\"{key}\":").into_bytes();
    json::string(&mut bytes, value.as_bytes());
    Finder::new(&bytes).into_owned()
}

/// A record's time, to be compared as text; `None` where it is not as pgward writes it.
pub(super) fn time(line: &[u8]) -> Option<&[u8]> {
    line.strip_prefix(BEFORE_TIME)?.get(..TIME_BYTES)
}

/// A record's kind, by its `event`.
pub(super) fn kind(line: &[u8]) -> Kind {
    let head = line.get(..HEAD_BYTES).unwrap_or(line);
    let event = after(head, b"\"event\":\"");
    match event {
        Some(event) if event.starts_with(b"statement.done\"") => Kind::Done,
        Some(event) if event.starts_with(b"statement.allowed\"") => Kind::Allowed,
        _ => Kind::Other,
    }
}

/// The statement that a line is about.
pub(super) fn statement(line: &[u8]) -> Option<StatementKey> {
    let head = line.get(..HEAD_BYTES).unwrap_or(line);
    let session = text(head, b"\"session_id\":\"")?.parse().ok()?;
    let digits = after(head, b"\"statement_id\":")?;
    let end = digits.iter().position(|byte| !byte.is_ascii_digit())?;
    let statement = str::from_utf8(digits.get(..end)?).ok()?.parse().ok()?;
    Some(StatementKey { session, statement })
}

/// The session that a record is of.
pub(super) fn session(line: &[u8]) -> Option<SessionId> {
    let head = line.get(..HEAD_BYTES).unwrap_or(line);
    text(head, b"\"session_id\":\"")?.parse().ok()
}

/// Whether it is the last record of its session.
pub(super) fn is_end_of_session(line: &[u8]) -> bool {
    let head = line.get(..HEAD_BYTES).unwrap_or(line);
    text(head, b"\"event\":\"") == Some("session.end")
}

/// A number of the record.
pub(super) fn number(line: &[u8], key: &[u8]) -> Option<u64> {
    let digits = after(line, key)?;
    let end = digits.iter().position(|byte| !byte.is_ascii_digit())?;
    str::from_utf8(digits.get(..end)?).ok()?.parse().ok()
}

/// A text of the record that holds no escapes: an id, a word.
pub(super) fn text<'l>(line: &'l [u8], key: &[u8]) -> Option<&'l str> {
    let value = after(line, key)?;
    str::from_utf8(value.get(..memchr(b'"', value)?)?).ok()
}

/// What stands behind the first `key`.
pub(super) fn after<'l>(line: &'l [u8], key: &[u8]) -> Option<&'l [u8]> {
    line.get(memmem::find(line, key)? + key.len()..)
}

/// A text to be found whatever its case.
#[derive(Debug)]
pub(super) struct Needle {
    /// Without case.
    folded: String,
    /// The longest part that stands in a line as it is, without case; what is in JSON escaped,
    /// or beyond ASCII, is not in it.
    piece: Vec<u8>,
    /// Place in `piece` of the byte that is the rarest in such lines.
    rarest: usize,
}

impl Needle {
    pub(super) fn new(text: &str) -> Self {
        let is_plain = |byte: &u8| matches!(byte, 0x20 | 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        let pieces = text.as_bytes().split(|byte| !is_plain(byte));
        let piece = pieces.max_by_key(|piece| piece.len()).unwrap_or_default();
        let piece = piece.to_ascii_lowercase();
        let rarest = (0..piece.len()).max_by_key(|&at| piece.get(at).map(|&byte| rarity(byte)));
        Self { folded: fold(text), piece, rarest: rarest.unwrap_or(0) }
    }

    /// Whether a line can hold it.
    pub(super) fn may_be_in(&self, line: &[u8]) -> bool {
        let Some(&rare) = self.piece.get(self.rarest) else { return true };
        memchr2_iter(rare, rare.to_ascii_uppercase(), line).any(|at| {
            let start = at.checked_sub(self.rarest);
            let found = start.and_then(|start| line.get(start..start + self.piece.len()));
            found.is_some_and(|found| found.eq_ignore_ascii_case(&self.piece))
        })
    }

    /// Whether a text holds it.
    pub(super) fn is_in(&self, text: &str) -> bool {
        fold(text).contains(&self.folded)
    }
}

/// A text without case: what is beyond ASCII never becomes ASCII.
fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for character in text.chars() {
        let mut lower = character.to_lowercase();
        match (lower.next(), lower.next()) {
            (Some(one), None) if one.is_ascii() == character.is_ascii() => folded.push(one),
            (Some(_), Some(_)) => folded.extend(character.to_lowercase()),
            _ => folded.push(character),
        }
    }
    folded
}

/// How rare a byte is in records, whose hashes and times are digits and the letters a to f.
fn rarity(byte: u8) -> usize {
    const FREQUENT_FIRST: &[u8] = b"0123456789\"eadfcb,:_-. tsrionlmpuhgywkvjxqz";
    let place = FREQUENT_FIRST.iter().position(|&known| known == byte);
    place.unwrap_or(FREQUENT_FIRST.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_found_whatever_their_case() {
        for (needle, text, expected) in [
            ("orders", "UPDATE Orders", true),
            ("ORDERS", "public.orders", true),
            ("orders", "order s", false),
            ("späť", "SPÄŤ", true),
            ("ä", "Ä", true),
            ("k", "\u{212a}", false), // the Kelvin sign, whose small letter is an ASCII k
            ("a\nb", "A\nB", true),
            ("say \"x\"", "SAY \"X\"", true),
            ("", "", true),
        ] {
            let (finder, mut line) = (Needle::new(needle), Vec::new());
            json::string(&mut line, text.as_bytes());
            assert_eq!(finder.is_in(text), expected, "{needle:?} in {text:?}");
            if expected {
                assert!(finder.may_be_in(&line), "{needle:?} may be in {text:?}");
            }
        }
        assert!(!Needle::new("zebra").may_be_in(b"{\"query\":\"SELECT zebr\"}"));
        assert!(Needle::new("zebra").may_be_in(b"zzebra"));
    }

    #[test]
    fn heads_are_read_without_parsing() {
        let line = b"{\"v\":1,\"time\":\"2026-11-20T11:03:04.120000Z\",\"node\":\"n\",\
            \"stream\":\"w0\",\"seq\":7,\"event\":\"statement.done\",\"session_id\":\
            \"s_000000000007\",\"statement_id\":12,\"rows_returned\":3}";
        assert_eq!(kind(line), Kind::Done);
        assert_eq!(time(line), Some(&b"2026-11-20T11:03:04.120000Z"[..]));
        let key = StatementKey { session: SessionId::from_random(7), statement: 12 };
        assert_eq!(statement(line), Some(key));
        assert_eq!(number(line, b"\"rows_returned\":"), Some(3));
        assert_eq!(number(line, b"\"rows_affected\":"), None);
        assert_eq!((kind(b"{}"), time(b"{}"), statement(b"{}")), (Kind::Other, None, None));
        assert!(pair("user", "al\"ice").find(b"{\"user\":\"al\\\"ice\"}").is_some());
    }
}
