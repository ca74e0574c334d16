//! PostgreSQL's own grammar, by libpg_query's raw parse (no protobuf). The one place of `sql`
//! that calls into C.
//!
//! Parse only on threads that live as long as the process (the workers and a fixed pool): every
//! thread that has parsed keeps a pthread key of libpg_query for good, and a process has about
//! a thousand of them.

use std::borrow::Cow;
use std::ffi::{CStr, CString};
use std::ops::Range;

use pg_raw_parse::{ParseResult, raw};

use super::facts::Unread;

/// A text as the grammar gets it.
///
/// Comments are blanked: libpg_query makes tokens of them, which the server does not. It would
/// misread `'a' -- …` before a newline and `'b'` (one string), refuse `NOT /* … */ IN`, and
/// recurse once for every comment of a row of them.
///
/// Each byte from 0x80 up of an encoding other than UTF8 becomes one two-byte letter of its own.
/// Names with such letters are then no name that a catalogue has, and everything ASCII is what
/// it was.
#[derive(Debug)]
pub(super) struct Source<'a> {
    original: &'a [u8],
    utf8: bool,
    text: Cow<'a, str>,
}

/// U+0700 stands for 0x80, and the letters after it for the bytes after it. All take two bytes
/// in UTF-8.
const PLACEHOLDER_FIRST: u32 = 0x700 - 0x80;

impl<'a> Source<'a> {
    /// Takes a text as the client sent it, with the comments that `prescan` found.
    ///
    /// # Errors
    /// [`Unread::Encoding`] when it is said to be UTF-8 and isn't, or holds a NUL.
    pub(super) fn new(
        original: &'a [u8],
        utf8: bool,
        comments: &[Range<usize>],
    ) -> Result<Self, Unread> {
        if let Some(offset) = original.iter().position(|&byte| byte == 0) {
            return Err(Unread::Encoding { offset });
        }
        let blanked = blank(original, comments);
        let text = if utf8 {
            if let Err(error) = std::str::from_utf8(original) {
                return Err(Unread::Encoding { offset: error.valid_up_to() });
            }
            match blanked {
                Cow::Borrowed(bytes) => String::from_utf8_lossy(bytes),
                Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
            }
        } else {
            let letter = |&byte: &u8| match byte {
                ..0x80 => char::from(byte),
                _ => char::from_u32(PLACEHOLDER_FIRST + u32::from(byte)).unwrap_or('\u{7ff}'),
            };
            Cow::Owned(blanked.iter().map(letter).collect())
        };
        Ok(Self { original, utf8, text })
    }

    /// What the grammar reads.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Whether the client's encoding is UTF8.
    pub(super) const fn is_utf8(&self) -> bool {
        self.utf8
    }

    /// Where a byte of [`Source::text`] stands in what the client sent.
    pub(super) fn original(&self, byte: usize) -> usize {
        if self.utf8 {
            return byte;
        }
        self.text.get(..byte).map_or(self.original.len(), |before| before.chars().count())
    }

    /// The 1-based character position, in what the client sent, of a byte of [`Source::text`].
    pub(super) fn position(&self, byte: usize) -> u32 {
        let byte = self.original(byte);
        if self.utf8 {
            super::prescan::character_position(self.original, byte)
        } else {
            u32::try_from(byte).unwrap_or(u32::MAX).saturating_add(1)
        }
    }

    /// The same of a character of [`Source::text`], 1-based as the grammar gives it.
    fn position_of_character(&self, character: u32) -> u32 {
        let before = usize::try_from(character).unwrap_or(usize::MAX).saturating_sub(1);
        let byte = self.text.char_indices().nth(before).map_or(self.text.len(), |(byte, _)| byte);
        self.position(byte)
    }
}

fn blank<'a>(text: &'a [u8], comments: &[Range<usize>]) -> Cow<'a, [u8]> {
    if comments.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut blanked = text.to_vec();
    for comment in comments {
        if let Some(bytes) = blanked.get_mut(comment.clone()) {
            bytes
                .iter_mut()
                .filter(|byte| !matches!(byte, b'\n' | b'\r'))
                .for_each(|byte| *byte = b' ');
        }
    }
    Cow::Owned(blanked)
}

/// Parses a text that `prescan` has passed.
///
/// # Errors
/// [`Unread::Syntax`] with PostgreSQL's message and position; [`Unread::TooComplex`] where the
/// grammar's stack ends.
pub(super) fn parse(source: &Source<'_>) -> Result<ParseResult, Unread> {
    pg_raw_parse::parse(source.text()).map_err(|error| {
        let (message, position) =
            error_of(source.text()).unwrap_or_else(|| (error.to_string(), None));
        if message.starts_with("stack depth limit") || message.starts_with("memory exhausted") {
            return Unread::TooComplex { what: "nesting", limit: GRAMMAR_STACK_BYTES };
        }
        let position = position.map(|character| source.position_of_character(character));
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
    use crate::sql::prescan::{Limits, check};

    fn source(text: &[u8], utf8: bool) -> Result<Source<'_>, Unread> {
        Source::new(text, utf8, &check(text, &Limits::default())?.comments)
    }

    #[test]
    fn an_error_has_the_servers_message_and_character_position() {
        let cases = [
            ("selec 1", "syntax error at or near \"selec\"", Some(1)),
            ("select 'é' fro t x y", "syntax error at or near \"t\"", Some(16)),
            ("/* éé */ selec 1", "syntax error at or near \"selec\"", Some(10)),
            ("select 1,", "syntax error at end of input", Some(10)),
            ("select 'x", "unterminated quoted string at or near \"'x\"", Some(8)),
        ];
        for (text, message, position) in cases {
            assert_eq!(
                parse(&source(text.as_bytes(), true).unwrap()).map(|_| ()),
                Err(Unread::Syntax { message: message.into(), position }),
                "{text}"
            );
        }
    }

    #[test]
    fn other_encodings_keep_their_places() {
        let text = b"select '\xe9\xe8', 1";
        let source_ = source(text, false).unwrap();
        assert_eq!(source_.text().len(), text.len() + 2);
        let one = source_.text().find('1').unwrap();
        assert_eq!(source_.original(one), text.len() - 1);
        assert!(source(text, true).is_err());
        assert!(source(b"select\0", false).is_err());
        assert!(source(b"select 1 -- \xff", true).is_err());
    }

    #[test]
    fn comments_are_white_space() {
        for text in [
            "select a not /* x */ in (1)",
            "select a not -- x\n in (1)",
            "select 'a' -- x\n'b'",
            "select E'a' -- x\n -- y\n'\\'; delete from t; --'",
            "select a order by 1 nulls /* */ first",
            "select U&\"d!0061t\" /**/ uescape '!'",
            "select timestamp with /**/ time zone 'now'",
        ] {
            let tree = parse(&source(text.as_bytes(), true).unwrap());
            assert_eq!(tree.expect(text).len(), 1, "{text}");
        }
        assert!(parse(&source(b"select 'a' /**/ \n'b'", true).unwrap()).is_err());
        let many = format!("select 1{}", "/**/ ".repeat(200_000));
        assert!(parse(&source(many.as_bytes(), true).unwrap()).is_ok());
        let after = format!("select 'a'{}", "/**/\n--x\n".repeat(100_000));
        assert!(parse(&source(after.as_bytes(), true).unwrap()).is_ok());
    }
}
