//! A text cut into tokens as PostgreSQL's scanner cuts it (`src/backend/parser/scan.l`), with
//! `standard_conforming_strings` on. Only the cuts are made here: what a token means is left to
//! the grammar. Every byte belongs to exactly one token, so the tokens cover the text.
//!
//! Bytes from 0x80 up are letters to the scanner whatever the encoding, so this works for every
//! encoding in which bytes below 0x80 are ASCII.

mod plain;

use std::ops::Range;

use plain::goes_on;

/// What a token is, as far as its cut shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// White space.
    Space,
    /// `-- …` to the end of the line, without it.
    LineComment,
    /// `/* … */`, nested ones included.
    BlockComment,
    /// A key word or an unquoted identifier.
    Word,
    /// `"…"`
    QuotedIdentifier,
    /// `U&"…"`
    UnicodeIdentifier,
    /// `'…'`, with its continuations over newlines; also that of `N'…'`, after the word `N`.
    String,
    /// `E'…'`
    EscapeString,
    /// `U&'…'`
    UnicodeString,
    /// `B'…'`
    BitString,
    /// `X'…'`
    HexString,
    /// `$tag$…$tag$`
    DollarString,
    /// `12`, `1_000`, `0x1F`: what the scanner calls an integer, however large.
    Integer,
    /// `1.5`, `.5`, `1e5`
    Float,
    /// `$1`
    Parameter,
    /// An operator, multi-character punctuation such as `::` too.
    Operator,
    /// One of `,()[].;:`.
    Punctuation,
    /// What the scanner refuses: unterminated quotes and comments, numbers and parameters
    /// followed by letters, stray bytes.
    Junk,
}

impl Kind {
    /// Whether it is a string that goes on in the next quotes after a newline.
    #[must_use]
    pub const fn may_go_on(self) -> bool {
        matches!(
            self,
            Self::String
                | Self::EscapeString
                | Self::UnicodeString
                | Self::BitString
                | Self::HexString
        )
    }
}

/// One token of a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// Byte range in the text.
    pub span: Range<usize>,
    /// How deep comments nest in it; 0 for other kinds.
    pub comment_depth: usize,
}

/// Cuts a text; an iterator over its tokens.
#[derive(Clone, Debug)]
pub struct Lexer<'a> {
    text: &'a [u8],
    at: usize,
    /// Where strings go on after comments: from one closing quote to the next opening one.
    gaps: Vec<Range<usize>>,
    /// Bytes that the server's scanner looks at and puts back, over and over: its cost beyond
    /// one pass. See `prescan`.
    rescanned_bytes: usize,
}

const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

const fn is_newline(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

pub(super) const fn is_word_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

const fn is_word(byte: u8) -> bool {
    is_word_start(byte) || byte.is_ascii_digit() || byte == b'$'
}

const fn is_operator(byte: u8) -> bool {
    matches!(
        byte,
        b'~' | b'!'
            | b'@'
            | b'#'
            | b'^'
            | b'&'
            | b'|'
            | b'`'
            | b'?'
            | b'+'
            | b'-'
            | b'*'
            | b'/'
            | b'%'
            | b'<'
            | b'>'
            | b'='
    )
}

impl<'a> Lexer<'a> {
    /// Over a whole text.
    #[must_use]
    pub const fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0, gaps: Vec::new(), rescanned_bytes: 0 }
    }

    /// Bytes that the server's scanner puts back and reads again, up to where this stands.
    #[must_use]
    pub const fn rescanned_bytes(&self) -> usize {
        self.rescanned_bytes
    }

    /// Takes what stands between the segments of the last strings, where it holds comments.
    pub(super) fn take_gaps(&mut self) -> Vec<Range<usize>> {
        std::mem::take(&mut self.gaps)
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.get(at).copied()
    }

    fn while_at(&self, mut at: usize, is: impl Fn(u8) -> bool) -> usize {
        while self.byte(at).is_some_and(&is) {
            at += 1;
        }
        at
    }

    fn starts(&self, at: usize, prefix: &[u8]) -> bool {
        self.text.get(at..).is_some_and(|rest| rest.starts_with(prefix))
    }

    /// `/*` at `at`: the end of the comment, or `None` if it has none; and its depth.
    fn block_comment(&mut self, start: usize) -> (Option<usize>, usize) {
        let (mut at, mut depth, mut deepest) = (start, 0_usize, 0);
        loop {
            if self.starts(at, b"/*") {
                // The scanner takes the whole run of operator characters, then puts it back.
                self.count_run(at, 2);
                depth += 1;
                deepest = deepest.max(depth);
                at += 2;
            } else if self.starts(at, b"*/") {
                depth = depth.saturating_sub(1);
                at += 2;
                if depth == 0 {
                    return (Some(at), deepest);
                }
            } else if at >= self.text.len() {
                return (None, deepest);
            } else {
                at += 1;
            }
        }
    }

    /// Adds what the scanner puts back of the run of operator characters at `at`, when it takes
    /// only `taken` of it. Stops counting once the bound of `prescan` is passed, so that this
    /// lexer stays linear itself.
    fn count_run(&mut self, at: usize, taken: usize) {
        if self.rescanned_bytes <= super::prescan::RESCANNED_BYTES_MAX {
            let end = self.while_at(at, is_operator);
            self.rescanned_bytes =
                self.rescanned_bytes.saturating_add((end - at).saturating_sub(taken));
        }
    }

    /// After a closing quote: where the string goes on, if only white space with a newline in it
    /// (and `--` comments that end in one) stands before the next quote.
    fn continuation(&self, at: usize) -> Option<usize> {
        let mut at = self.while_at(at, |byte| matches!(byte, b' ' | b'\t' | 0x0b | 0x0c));
        if self.starts(at, b"--") {
            at = self.while_at(at, |byte| !is_newline(byte));
        }
        if !self.byte(at).is_some_and(is_newline) {
            return None;
        }
        loop {
            at = self.while_at(at, is_space);
            if self.starts(at, b"--") {
                at = self.while_at(at, |byte| !is_newline(byte));
                if !self.byte(at).is_some_and(is_newline) {
                    return None;
                }
            } else {
                return (self.byte(at) == Some(b'\'')).then_some(at + 1);
            }
        }
    }

    /// The body of a single-quoted string that began before `at`: its end, past the last quote.
    fn quoted(&mut self, mut at: usize, escapes: bool, doubles: bool) -> Option<usize> {
        loop {
            match self.byte(at)? {
                b'\\' if escapes => at += 2,
                b'\'' if doubles && self.byte(at + 1) == Some(b'\'') => at += 2,
                b'\'' => match self.continuation(at + 1) {
                    Some(next) => {
                        let gap = at + 1..next - 1;
                        if self.text.get(gap.clone()).is_some_and(|gap| gap.contains(&b'-')) {
                            self.gaps.push(gap);
                        }
                        at = next;
                    }
                    None => return Some(at + 1),
                },
                _ => at += 1,
            }
        }
    }

    fn double_quoted(&self, mut at: usize) -> Option<usize> {
        loop {
            match self.byte(at)? {
                b'"' if self.byte(at + 1) == Some(b'"') => at += 2,
                b'"' => return Some(at + 1),
                _ => at += 1,
            }
        }
    }

    fn dollar(&self, start: usize) -> (Kind, usize) {
        let digits = self.while_at(start + 1, |byte| byte.is_ascii_digit());
        if digits > start + 1 {
            // libpg_query lets letters follow a parameter; the server does not (since 15).
            let end = self.while_at(digits, is_word);
            let kind = if end > digits { Kind::Junk } else { Kind::Parameter };
            return (kind, end);
        }
        let tag_end = match self.byte(start + 1) {
            Some(byte) if is_word_start(byte) => {
                self.while_at(start + 1, |byte| is_word(byte) && byte != b'$')
            }
            _ => start + 1,
        };
        if self.byte(tag_end) != Some(b'$') {
            return (Kind::Junk, start + 1);
        }
        let body = tag_end + 1;
        let delimiter = self.text.get(start..body).unwrap_or_default();
        let rest = self.text.get(body..).unwrap_or_default();
        match find(rest, delimiter) {
            Some(found) => (Kind::DollarString, body + found + delimiter.len()),
            None => (Kind::Junk, self.text.len()),
        }
    }

    /// Digits with single underscores between them.
    fn digits(&self, mut at: usize, is: impl Fn(u8) -> bool + Copy) -> usize {
        loop {
            at = self.while_at(at, is);
            if self.byte(at) == Some(b'_') && self.byte(at + 1).is_some_and(is) {
                at += 1;
            } else {
                return at;
            }
        }
    }

    fn number(&self, start: usize) -> (Kind, usize) {
        let decimal = |byte: u8| byte.is_ascii_digit();
        if self.byte(start) == Some(b'0') {
            let radix: Option<fn(u8) -> bool> = match self.byte(start + 1) {
                Some(b'x' | b'X') => Some(|byte| byte.is_ascii_hexdigit()),
                Some(b'o' | b'O') => Some(|byte| matches!(byte, b'0'..=b'7')),
                Some(b'b' | b'B') => Some(|byte| matches!(byte, b'0' | b'1')),
                _ => None,
            };
            if let Some(is) = radix {
                let first = start + 2 + usize::from(self.byte(start + 2) == Some(b'_'));
                let any = self.byte(first).is_some_and(is);
                let end = if any { self.digits(first, is) } else { first };
                return self.junk_after(Kind::Integer, start..end, first);
            }
        }
        let mut at = self.digits(start, decimal);
        let mut kind = Kind::Integer;
        // `1..2` is 1, `..`, 2.
        if self.byte(at) == Some(b'.') && self.byte(at + 1) != Some(b'.') {
            kind = Kind::Float;
            at += 1;
            if self.byte(at).is_some_and(decimal) {
                at = self.digits(at, decimal);
            }
        }
        if matches!(self.byte(at), Some(b'e' | b'E')) {
            let sign = at + 1 + usize::from(matches!(self.byte(at + 1), Some(b'+' | b'-')));
            if self.byte(sign).is_some_and(decimal) {
                kind = Kind::Float;
                at = self.digits(sign, decimal);
            }
        }
        self.junk_after(kind, start..at, start)
    }

    /// A number, unless letters follow or it has no digit from `first` on.
    fn junk_after(&self, kind: Kind, number: Range<usize>, first: usize) -> (Kind, usize) {
        let end = number.end;
        let follows = |byte: u8| {
            // `0x1F$` and `0b12` are 0 and an identifier too, which is longer.
            is_word_start(byte) || (is_word(byte) && self.ends_as_identifier(number))
        };
        if end <= first || self.byte(end).is_some_and(follows) {
            (Kind::Junk, self.while_at(end, is_word))
        } else {
            (kind, end)
        }
    }

    /// Whether the letters and digits at a number's end are not digits alone.
    #[cold]
    fn ends_as_identifier(&self, number: Range<usize>) -> bool {
        let number = self.text.get(number).unwrap_or_default();
        let mut last = number.iter().rev().take_while(|&&byte| is_word(byte));
        last.any(|&byte| is_word_start(byte))
    }

    /// A run of operator characters at `start`, cut as `scan.l`'s `{operator}` rule cuts it.
    fn operator(&mut self, start: usize) -> usize {
        let run_end = self.while_at(start, is_operator);
        if self.rescanned_bytes > super::prescan::RESCANNED_BYTES_MAX {
            // No parser will see this text: one cut, so that this stays linear.
            return run_end;
        }
        let run = self.text.get(start..run_end).unwrap_or_default();
        let cut = run
            .windows(2)
            .position(|pair| pair == b"/*" || pair == b"--")
            .unwrap_or(run.len())
            .max(1);
        let mut length = cut;
        let taken = run.get(..cut).unwrap_or_default();
        let special = |byte: &u8| {
            matches!(byte, b'~' | b'!' | b'@' | b'#' | b'^' | b'&' | b'|' | b'`' | b'?' | b'%')
        };
        // `+` and `-` end an operator only if it has a character that SQL has no operator of.
        if !taken.split_last().is_some_and(|(_, before)| before.iter().any(special)) {
            while length > 1 && matches!(run.get(length - 1), Some(b'+' | b'-')) {
                length -= 1;
            }
        }
        self.rescanned_bytes = self.rescanned_bytes.saturating_add(run.len() - length);
        start + length
    }

    fn string(&mut self, kind: Kind, body: usize) -> (Kind, usize) {
        let doubles = !matches!(kind, Kind::BitString | Kind::HexString);
        match self.quoted(body, kind == Kind::EscapeString, doubles) {
            Some(end) => (kind, end.min(self.text.len())),
            None => (Kind::Junk, self.text.len()),
        }
    }

    fn identifier(&self, kind: Kind, body: usize) -> (Kind, usize) {
        self.double_quoted(body).map_or((Kind::Junk, self.text.len()), |end| (kind, end))
    }

    fn word(&self, start: usize) -> usize {
        let rest = self.text.get(start..).unwrap_or_default();
        let is_word = |&&byte: &&u8| goes_on(byte);
        start + rest.iter().take_while(is_word).count()
    }

    fn cut(&mut self, first: u8) -> (Kind, usize, usize) {
        let at = self.at;
        let second = self.byte(at + 1);
        // What most tokens are; of a string's letter, a quote or an ampersand follows.
        if is_word_start(first) && !matches!(second, Some(b'\'' | b'&')) {
            return (Kind::Word, self.word(at), 0);
        }
        let third = self.byte(at + 2);
        let (kind, end) = match (first, second) {
            (byte, _) if is_space(byte) => (Kind::Space, self.while_at(at, is_space)),
            (b'-', Some(b'-')) => (Kind::LineComment, self.while_at(at, |b| !is_newline(b))),
            (b'/', Some(b'*')) => {
                let (end, depth) = self.block_comment(at);
                let kind = if end.is_some() { Kind::BlockComment } else { Kind::Junk };
                return (kind, end.unwrap_or(self.text.len()), depth);
            }
            (b'\'', _) => self.string(Kind::String, at + 1),
            (b'e' | b'E', Some(b'\'')) => self.string(Kind::EscapeString, at + 2),
            (b'b' | b'B', Some(b'\'')) => self.string(Kind::BitString, at + 2),
            (b'x' | b'X', Some(b'\'')) => self.string(Kind::HexString, at + 2),
            (b'u' | b'U', Some(b'&')) if third == Some(b'\'') => {
                self.string(Kind::UnicodeString, at + 3)
            }
            (b'u' | b'U', Some(b'&')) if third == Some(b'"') => {
                self.identifier(Kind::UnicodeIdentifier, at + 3)
            }
            (b'"', _) => self.identifier(Kind::QuotedIdentifier, at + 1),
            (b'$', _) => self.dollar(at),
            (byte, _) if is_word_start(byte) => (Kind::Word, self.while_at(at, is_word)),
            (byte, _) if byte.is_ascii_digit() => self.number(at),
            (b'.', Some(byte)) if byte.is_ascii_digit() => self.number(at),
            (b':', Some(b':' | b'=')) | (b'.', Some(b'.')) => (Kind::Operator, at + 2),
            (byte, _) if is_operator(byte) => (Kind::Operator, self.operator(at)),
            (b',' | b'(' | b')' | b'[' | b']' | b'.' | b';' | b':', _) => {
                (Kind::Punctuation, at + 1)
            }
            _ => (Kind::Junk, at + 1),
        };
        (kind, end, 0)
    }
}

impl Iterator for Lexer<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        let first = self.byte(self.at)?;
        let start = self.at;
        let (kind, end, comment_depth) = self.cut(first);
        // A backslash may be an escape string's last byte.
        self.at = end.clamp(start + 1, self.text.len());
        Some(Token { kind, span: start..self.at, comment_depth })
    }
}

/// Where `needle` first stands in `text`.
pub(super) fn find(text: &[u8], needle: &[u8]) -> Option<usize> {
    let (&first, rest) = needle.split_first()?;
    let mut from = 0;
    loop {
        let at = from + memchr::memchr(first, text.get(from..)?)?;
        if text.get(at + 1..)?.starts_with(rest) {
            return Some(at);
        }
        from = at + 1;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Kind, Lexer};

    fn cut(text: &str) -> Vec<(Kind, &str)> {
        Lexer::new(text.as_bytes())
            .filter(|token| token.kind != Kind::Space)
            .map(|token| (token.kind, &text[token.span]))
            .collect()
    }

    #[test]
    fn cuts_as_the_scanner_does() {
        use Kind::*;
        let cases: &[(&str, &[(Kind, &str)])] = &[
            ("a$$ $$b$$", &[(Word, "a$$"), (DollarString, "$$b$$")]),
            ("$a$ $b$ $$ $a$x", &[(DollarString, "$a$ $b$ $$ $a$"), (Word, "x")]),
            ("$é$;$é$", &[(DollarString, "$é$;$é$")]),
            ("$1 $1a", &[(Parameter, "$1"), (Junk, "$1a")]),
            ("'a''b' 'c'", &[(String, "'a''b'"), (String, "'c'")]),
            ("'a'\n 'b'", &[(String, "'a'\n 'b'")]),
            ("'a' -- x\n -- y\n'b'", &[(String, "'a' -- x\n -- y\n'b'")]),
            ("'a' /* */ \n'b'", &[(String, "'a'"), (BlockComment, "/* */"), (String, "'b'")]),
            (r"'\' x", &[(String, r"'\'"), (Word, "x")]),
            ("E'\\'' ;", &[(EscapeString, "E'\\''"), (Punctuation, ";")]),
            ("E'a'\n'\\'; --'", &[(EscapeString, "E'a'\n'\\'; --'")]),
            (r"X'\' U&'\' ", &[(HexString, r"X'\'"), (UnicodeString, r"U&'\'")]),
            ("B'0''1'", &[(BitString, "B'0'"), (String, "'1'")]),
            ("N'x'", &[(Word, "N"), (String, "'x'")]),
            (r#"U&"a""b" "c""#, &[(UnicodeIdentifier, r#"U&"a""b""#), (QuotedIdentifier, "\"c\"")]),
            ("/* /* */ */ x", &[(BlockComment, "/* /* */ */"), (Word, "x")]),
            ("--a\rb", &[(LineComment, "--a"), (Word, "b")]),
            ("/*! x */", &[(BlockComment, "/*! x */")]),
            ("1..2", &[(Integer, "1"), (Operator, ".."), (Integer, "2")]),
            ("1.5.5", &[(Float, "1.5"), (Float, ".5")]),
            (
                "1e5 1e+ 1_0 1__0",
                &[(Float, "1e5"), (Junk, "1e"), (Operator, "+"), (Integer, "1_0"), (Junk, "1__0")],
            ),
            ("0x1F 0b2 1a", &[(Integer, "0x1F"), (Junk, "0b2"), (Junk, "1a")]),
            ("0x1F$$ 1e5$ 1.5_0$", &[(Junk, "0x1F$$"), (Junk, "1e5$"), (Junk, "1.5_0$")]),
            ("0o09 0b12 0x__1", &[(Junk, "0o09"), (Junk, "0b12"), (Junk, "0x__1")]),
            (
                "1$$;$$ 1e+5$$;$$",
                &[
                    (Integer, "1"),
                    (DollarString, "$$;$$"),
                    (Float, "1e+5"),
                    (DollarString, "$$;$$"),
                ],
            ),
            ("1+-2", &[(Integer, "1"), (Operator, "+"), (Operator, "-"), (Integer, "2")]),
            ("@-1", &[(Operator, "@-"), (Integer, "1")]),
            ("<>-1", &[(Operator, "<>"), (Operator, "-"), (Integer, "1")]),
            ("a*/*x*/b", &[(Word, "a"), (Operator, "*"), (BlockComment, "/*x*/"), (Word, "b")]),
            ("a<--b", &[(Word, "a"), (Operator, "<"), (LineComment, "--b")]),
            ("a::int", &[(Word, "a"), (Operator, "::"), (Word, "int")]),
            ("'open", &[(Junk, "'open")]),
            ("/* open", &[(Junk, "/* open")]),
        ];
        for (text, expected) in cases {
            assert_eq!(&cut(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn tokens_cover_the_text(text in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut at = 0;
            for token in Lexer::new(&text) {
                prop_assert_eq!(token.span.start, at);
                prop_assert!(token.span.end > at);
                at = token.span.end;
            }
            prop_assert_eq!(at, text.len());
        }

        #[test]
        fn tokens_cover_what_looks_like_sql(text in r#"([ \n;a$'"\\eEuU&xX/*\-+.0-9:]|/\*|\*/|--){0,80}"#) {
            let mut at = 0;
            for token in Lexer::new(text.as_bytes()) {
                prop_assert_eq!(token.span.start, at);
                at = token.span.end;
            }
            prop_assert_eq!(at, text.len());
        }
    }
}
