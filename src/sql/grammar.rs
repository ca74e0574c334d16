//! PostgreSQL's own grammar, by libpg_query's raw parse (no protobuf). The one place of `sql`
//! that calls into C.
//!
//! Parse only on threads that live as long as the process (the workers and a fixed pool): every
//! thread that has parsed keeps a pthread key of libpg_query for good, and a process has about
//! a thousand of them.

use std::borrow::Cow;
use std::ffi::{CStr, CString};

use pg_raw_parse::{ParseResult, raw};

use super::facts::Unread;

/// A text as the grammar gets it: UTF-8, each byte from 0x80 up of another encoding replaced by
/// one two-byte letter of its own. Names with such letters are then no name that a catalogue
/// has, and everything ASCII is what it was.
#[derive(Debug)]
pub(super) struct Source<'a> {
    text: Cow<'a, str>,
}

/// The letter that stands for 0x80, U+0700; the others follow it. All take two bytes in UTF-8.
const PLACEHOLDER_FIRST: u32 = 0x700 - 0x80;

impl<'a> Source<'a> {
    /// Takes a text as the client sent it.
    ///
    /// # Errors
    /// [`Unread::Syntax`] when it is said to be UTF-8 and isn't, or holds a NUL.
    pub(super) fn new(text: &'a [u8], utf8: bool) -> Result<Self, Unread> {
        let refused =
            |message: &str, position| Unread::Syntax { message: message.into(), position };
        if text.contains(&0) {
            return Err(refused("invalid byte sequence for encoding \"UTF8\": 0x00", None));
        }
        if !utf8 && !text.is_ascii() {
            let letter = |&byte: &u8| match byte {
                ..0x80 => char::from(byte),
                _ => char::from_u32(PLACEHOLDER_FIRST + u32::from(byte)).unwrap_or('\u{7ff}'),
            };
            return Ok(Self { text: Cow::Owned(text.iter().map(letter).collect()) });
        }
        match std::str::from_utf8(text) {
            Ok(text) => Ok(Self { text: Cow::Borrowed(text) }),
            Err(error) => Err(refused(
                "invalid byte sequence for encoding \"UTF8\"",
                Some(super::prescan::character_position(text, error.valid_up_to())),
            )),
        }
    }

    /// What the grammar reads.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Where a byte of [`Source::text`] stands in what the client sent.
    pub(super) fn original(&self, byte: usize) -> usize {
        match &self.text {
            Cow::Borrowed(_) => byte,
            Cow::Owned(text) => text.get(..byte).map_or(byte, |before| before.chars().count()),
        }
    }
}

/// Parses a text that `prescan` has passed.
///
/// # Errors
/// [`Unread::Syntax`] with PostgreSQL's message and position; [`Unread::TooComplex`] where the
/// grammar's stack ends.
pub(super) fn parse(text: &str) -> Result<ParseResult, Unread> {
    pg_raw_parse::parse(text).map_err(|error| {
        let (message, position) = error_of(text).unwrap_or_else(|| (error.to_string(), None));
        if message.starts_with("stack depth limit") || message.starts_with("memory exhausted") {
            return Unread::TooComplex { what: "nesting", limit: GRAMMAR_STACK_BYTES };
        }
        Unread::Syntax { message, position }
    })
}

/// libpg_query's max_stack_depth.
const GRAMMAR_STACK_BYTES: usize = 100 * 1024;

/// Parses once more for what the safe binding keeps to itself: the message without its prefix,
/// and the position. Only on the way to an error, so its cost does not matter.
#[expect(unsafe_code, reason = "the binding's safe error has no position; see the safety notes")]
fn error_of(text: &str) -> Option<(String, Option<u32>)> {
    let text = CString::new(text).ok()?;
    // SAFETY: pg_query_init may be called any number of times on any thread. The context has no
    // parent, is current only during the parse, which never longjmps out (it has PG_TRY inside)
    // and runs no Rust code, and is deleted once, after the last use of what lies in it. The
    // error is malloc'ed outside of it, read before it is freed, and freed once; its message is
    // a NUL-terminated string.
    unsafe {
        raw::pg_query_init();
        let context = raw::AllocSetContextCreateInternal(
            std::ptr::null_mut(),
            c"pgward error".as_ptr(),
            raw::ALLOCSET_DEFAULT_MINSIZE as raw::Size,
            raw::ALLOCSET_DEFAULT_INITSIZE as raw::Size,
            raw::ALLOCSET_DEFAULT_MAXSIZE as raw::Size,
        );
        let before = raw::MemoryContextSwitchTo(context);
        let mode = raw::PgQueryParseMode::PG_QUERY_PARSE_DEFAULT;
        let result = raw::pg_query_raw_parse(text.as_ptr(), mode.cast_signed());
        raw::MemoryContextSwitchTo(before);
        let found = result.error.as_ref().map(|error| {
            let message = if error.message.is_null() {
                "syntax error".into()
            } else {
                CStr::from_ptr(error.message).to_string_lossy().into_owned()
            };
            (message, u32::try_from(error.cursorpos).ok().filter(|&position| position > 0))
        });
        if !result.error.is_null() {
            raw::pg_query_free_error(result.error);
        }
        raw::MemoryContextDelete(context);
        found
    }
}

#[cfg(test)]
mod tests {
    use super::{Source, parse};
    use crate::sql::facts::Unread;

    #[test]
    fn an_error_has_the_servers_message_and_character_position() {
        let cases = [
            ("selec 1", "syntax error at or near \"selec\"", Some(1)),
            ("select 'é' fro t x y", "syntax error at or near \"t\"", Some(16)),
            ("select 1,", "syntax error at end of input", Some(10)),
            ("select 'x", "unterminated quoted string at or near \"'x\"", Some(8)),
        ];
        for (text, message, position) in cases {
            assert_eq!(
                parse(text).map(|_| ()),
                Err(Unread::Syntax { message: message.into(), position }),
                "{text}"
            );
        }
    }

    #[test]
    fn other_encodings_keep_their_places() {
        let text = b"select '\xe9\xe8', 1";
        let source = Source::new(text, false).unwrap();
        assert_eq!(source.text().len(), text.len() + 2);
        let one = source.text().find('1').unwrap();
        assert_eq!(source.original(one), text.len() - 1);
        assert!(Source::new(text, true).is_err());
        assert!(Source::new(b"select\0", false).is_err());
    }
}
