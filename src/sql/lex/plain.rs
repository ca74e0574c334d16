//! What most of a text is, passed over by one look at each byte.

use std::ops::Range;

use super::{Lexer, is_operator, is_space, is_word, is_word_start};

/// What begins at a byte, as far as one byte tells.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Begins {
    /// A word, or a kind of string if a quote or an ampersand follows.
    Word,
    /// Goes on with a word; by itself a number.
    Digit,
    /// Goes on with a word; by itself a parameter or a dollar-quoted string.
    Dollar,
    /// A token of one byte, or white space.
    Single,
    /// A token of one byte unless another dot or a digit follows.
    Dot,
    /// A token of one byte unless another one of these follows.
    Operator,
    /// A token that may be a hole, or whose end takes a closer look.
    Other,
}

/// Of every byte: most of a text is words and what stands between them.
static BEGINS: [Begins; 256] = {
    let mut begins = [Begins::Other; 256];
    let mut byte = 0_u8;
    loop {
        #[expect(clippy::indexing_slicing, reason = "a byte is less than 256")]
        {
            begins[byte as usize] = match byte {
                b'0'..=b'9' => Begins::Digit,
                b'$' => Begins::Dollar,
                b'.' => Begins::Dot,
                b',' | b'(' | b')' | b'[' | b']' | b';' => Begins::Single,
                _ if is_space(byte) => Begins::Single,
                _ if is_operator(byte) => Begins::Operator,
                _ if is_word_start(byte) => Begins::Word,
                _ => Begins::Other,
            };
        }
        if byte == u8::MAX {
            break begins;
        }
        byte += 1;
    }
};

fn begins(byte: u8) -> Begins {
    BEGINS.get(usize::from(byte)).copied().unwrap_or(Begins::Other)
}

/// `is_word` by the table.
pub(super) fn goes_on(byte: u8) -> bool {
    matches!(begins(byte), Begins::Word | Begins::Digit | Begins::Dollar)
}

impl Lexer<'_> {
    /// Passes over tokens that are what they are whatever a constant says: words, white space,
    /// punctuation, operators of one character. Where it stops begins another token, or none.
    pub(in crate::sql) fn pass_plain(&mut self) {
        let text = self.text;
        let mut at = self.at;
        while let Some(&byte) = text.get(at) {
            let next = text.get(at + 1);
            let next_begins = || next.map_or(Begins::Single, |&next| begins(next));
            match begins(byte) {
                Begins::Single => {}
                Begins::Word if !matches!(next, Some(b'\'' | b'&')) => {
                    at = self.word(at);
                    continue;
                }
                Begins::Operator if next_begins() != Begins::Operator => {}
                Begins::Dot if !matches!(next_begins(), Begins::Digit | Begins::Dot) => {}
                Begins::Word
                | Begins::Digit
                | Begins::Dollar
                | Begins::Operator
                | Begins::Dot
                | Begins::Other => break,
            }
            at += 1;
        }
        self.at = at;
    }

    /// Passes over an integer of decimal digits alone; `None` for what is not certainly one.
    pub(in crate::sql) fn pass_digits(&mut self) -> Option<Range<usize>> {
        let start = self.at;
        let end = self.while_at(start, |byte| byte.is_ascii_digit());
        let ends = |byte: u8| !is_word(byte) && byte != b'.';
        let is_integer = end > start && self.byte(end).is_none_or(ends);
        is_integer.then(|| {
            self.at = end;
            start..end
        })
    }

    /// Passes over a string of one segment without quotes or backslashes in it; `None` for what
    /// is not certainly one.
    pub(in crate::sql) fn pass_plain_string(&mut self) -> Option<Range<usize>> {
        let start = self.at;
        if self.byte(start) != Some(b'\'') {
            return None;
        }
        let inner = self.text.get(start + 1..)?;
        let end = start + 1 + memchr::memchr2(b'\'', b'\\', inner)?;
        let is_plain = self.byte(end) == Some(b'\'')
            && self.byte(end + 1) != Some(b'\'')
            && self.continuation(end + 1).is_none();
        is_plain.then(|| {
            self.at = end + 1;
            start..end + 1
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_knows_what_a_word_goes_on_with() {
        for byte in 0..=u8::MAX {
            assert_eq!(goes_on(byte), is_word(byte), "{byte:#x}");
        }
    }
}
