//! Secrets out of a text before it is recorded: passwords of roles, user mappings, servers,
//! subscriptions, and those in connection strings.
//!
//! By tokens alone, so that it works the same on a text that does not parse.

use std::borrow::Cow;
use std::ops::Range;

use super::lex::{Kind, Lexer, Token, find};
use super::shape::holds_string;

const MARK: &str = "<redacted>";

/// What else a connection string has a secret behind: libpq's `oauth_client_secret`.
const SECRET: &[u8] = b"client_secret";

/// How often SQL in a string in SQL in a string … is looked into.
const DEPTH_MAX: usize = 4;

/// The text with its secrets replaced by `<redacted>`; `None` if there is none to replace. What
/// is not UTF-8 is shown with replacement characters.
#[must_use]
pub fn redact(text: &[u8]) -> Option<String> {
    let redacted = redacted(text, DEPTH_MAX)?;
    Some(String::from_utf8_lossy(&redacted).into_owned())
}

/// Whether nothing would be redacted in any text of a token shape (see [`super::shape()`]). No
/// character of what gives a secret away can stand in a hole for a number, so it lies outside;
/// a hole for a string may hold all of it.
#[must_use]
pub fn has_no_secret(shape: &[u8]) -> bool {
    !suspect(shape) && !holds_string(shape)
}

fn redacted(text: &[u8], depth: usize) -> Option<Vec<u8>> {
    if !suspect(text) {
        return None;
    }
    let mut out = Vec::with_capacity(text.len());
    let mut copied = 0;
    let mut replace = |range: Range<usize>, with: &[u8]| {
        out.extend_from_slice(text.get(copied..range.start).unwrap_or_default());
        out.extend_from_slice(with);
        copied = range.end;
    };
    let mut before = Before::default();
    let mut tokens = Lexer::new(text);
    while let Some(token) = tokens.next() {
        let bytes = text.get(token.span.clone()).unwrap_or_default();
        let escape = escape_of(&token, text, &tokens);
        match token.kind {
            Kind::Space => continue,
            Kind::LineComment | Kind::BlockComment => {
                for value in connection_passwords(bytes) {
                    let at = token.span.start;
                    replace(at + value.start..at + value.end, MARK.as_bytes());
                }
                continue;
            }
            _ => {}
        }
        if before.is_password
            && before.escapes == 0
            && (is_string(&token, bytes) || before.takes_anything(bytes))
        {
            replace(token.span.clone(), format!("'{MARK}'").as_bytes());
        } else if is_string(&token, bytes) {
            for (range, with) in in_string(&token, bytes, escape, depth) {
                let at = token.span.start;
                replace(at + range.start..at + range.end, &with);
            }
        }
        before.pass(&token, bytes, escape);
    }
    if copied == 0 {
        return None;
    }
    out.extend_from_slice(text.get(copied..).unwrap_or_default());
    Some(out)
}

/// What stands before a token.
#[derive(Default)]
struct Before {
    /// Words since the statement began, up to two.
    words: Vec<Vec<u8>>,
    /// The token before is the word PASSWORD, in any spelling.
    is_password: bool,
    /// Tokens still to come of a UESCAPE that belongs to the one before.
    escapes: u8,
}

impl Before {
    fn pass(&mut self, token: &Token, bytes: &[u8], escape: u8) {
        if bytes == b";" {
            *self = Self::default();
            return;
        }
        if self.escapes > 0 {
            // UESCAPE and its character belong to the name before.
            self.escapes -= 1;
            return;
        }
        let name = match token.kind {
            Kind::Word => bytes.to_ascii_lowercase(),
            Kind::QuotedIdentifier | Kind::UnicodeIdentifier => {
                decoded(token.kind, bytes, escape).to_ascii_lowercase()
            }
            _ => Vec::new(),
        };
        self.escapes = if escape == b'\\' { 0 } else { 2 };
        self.is_password = matches!(name.as_slice(), b"password" | b"sslpassword" | b"passwd");
        if self.words.len() < 2 {
            self.words.push(name);
        }
    }

    /// Whether this is CREATE or ALTER of a role, where whatever follows PASSWORD is meant to be
    /// one, even if it is not quoted as it should be.
    fn takes_anything(&self, bytes: &[u8]) -> bool {
        let [verb, object] = self.words.as_slice() else { return false };
        matches!(verb.as_slice(), b"create" | b"alter")
            && matches!(object.as_slice(), b"role" | b"user" | b"group")
            && !bytes.eq_ignore_ascii_case(b"null")
            && bytes != b";"
    }
}

/// Whether a text is worth a closer look.
fn suspect(text: &[u8]) -> bool {
    let word = |word: &[u8]| {
        let starts = |at: usize| text.get(at..at + word.len());
        memchr::memchr2_iter(b'p', b'P', text)
            .filter_map(starts)
            .any(|window| window.eq_ignore_ascii_case(word))
    };
    let escapes = |at: usize| matches!(text.get(at + 1), Some(b'\'' | b'"'));
    // Escapes can spell the word without its letters; those of U& with any character.
    text.contains(&b'\\')
        || memchr::memchr_iter(b'&', text).any(escapes)
        || find(text, b"://").is_some()
        || find(text, b"_secret").is_some()
        || word(b"passw")
}

/// The character that escapes in a token: a backslash, or what UESCAPE behind it names.
fn escape_of(token: &Token, text: &[u8], behind: &Lexer<'_>) -> u8 {
    if !matches!(token.kind, Kind::UnicodeIdentifier | Kind::UnicodeString) {
        return b'\\';
    }
    let empty = |kind| matches!(kind, Kind::Space | Kind::LineComment | Kind::BlockComment);
    let mut behind = behind.clone().filter(|token| !empty(token.kind));
    let mut next = || behind.next().and_then(|token| text.get(token.span));
    match (next(), next()) {
        (Some(word), Some(&[b'\'', escape, b'\''])) if word.eq_ignore_ascii_case(b"uescape") => {
            escape
        }
        _ => b'\\',
    }
}

fn is_string(token: &Token, bytes: &[u8]) -> bool {
    match token.kind {
        Kind::String | Kind::EscapeString | Kind::UnicodeString | Kind::DollarString => true,
        // An unterminated one.
        Kind::Junk => matches!(
            bytes,
            [b'\'' | b'$' | b'"', ..]
                | [b'e' | b'E', b'\'', ..]
                | [b'u' | b'U', b'&', b'\'' | b'"', ..]
        ),
        _ => false,
    }
}

/// What is to be replaced in a string, as ranges of the token with what takes their place.
fn in_string(
    token: &Token,
    bytes: &[u8],
    escape: u8,
    depth: usize,
) -> Vec<(Range<usize>, Vec<u8>)> {
    let whole = 0..bytes.len();
    let content = decoded(token.kind, bytes, escape);
    let passwords = connection_passwords(&content);
    // Where the content stands as it is.
    let body = body_of(token.kind, bytes);
    let start = bytes.get(body..).is_some_and(|body| body.starts_with(&content)).then_some(body);
    if !passwords.is_empty() {
        return match start {
            Some(start) => {
                let at = |range: Range<usize>| start + range.start..start + range.end;
                passwords.into_iter().map(|range| (at(range), MARK.into())).collect()
            }
            None if token.kind == Kind::String => vec![(whole, quoted(&content, &passwords))],
            None => vec![(whole, format!("'{MARK}'").into())],
        };
    }
    // SQL in the string: a function's body, the argument of EXECUTE or dblink.
    match (depth > 0).then(|| redacted(&content, depth - 1)).flatten() {
        Some(within) if token.kind == Kind::DollarString => {
            let start = start.unwrap_or_default();
            vec![(start..start + content.len(), within)]
        }
        Some(_) => vec![(whole, format!("'{MARK}'").into())],
        None => Vec::new(),
    }
}

/// A string with this content, without the secrets.
fn quoted(content: &[u8], secrets: &[Range<usize>]) -> Vec<u8> {
    let mut out = vec![b'\''];
    let mut copied = 0;
    let end = content.len()..content.len();
    for secret in secrets.iter().chain([&end]) {
        for &byte in content.get(copied..secret.start).unwrap_or_default() {
            out.extend(std::iter::repeat_n(byte, if byte == b'\'' { 2 } else { 1 }));
        }
        if !secret.is_empty() {
            out.extend_from_slice(MARK.as_bytes());
        }
        copied = secret.end;
    }
    out.push(b'\'');
    out
}

/// The values of `password=…` in a connection string, and of `://user:…@` in a URL.
fn connection_passwords(text: &[u8]) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let (mut at, mut in_url) = (0, false);
    while let Some(&byte) = text.get(at) {
        let rest = text.get(at..).unwrap_or_default();
        let keywords: [&[u8]; 2] = [b"password", SECRET];
        let keyword = keywords.into_iter().find(|keyword| starts_ignoring_case(rest, keyword));
        let value = if let Some(keyword) = keyword {
            let start = after_equals(text, at + keyword.len());
            start.map(|start| start..value_end(text, start, in_url))
        } else if rest.starts_with(b"://") {
            in_url = true;
            url_password(text, at + 3)
        } else {
            in_url &= !byte.is_ascii_whitespace();
            None
        };
        match value {
            Some(value) if !value.is_empty() => {
                at = value.end;
                found.push(value);
            }
            _ => at += 1,
        }
    }
    found
}

fn starts_ignoring_case(text: &[u8], word: &[u8]) -> bool {
    text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
}

fn skip_space(text: &[u8], mut at: usize) -> usize {
    while text.get(at).is_some_and(u8::is_ascii_whitespace) {
        at += 1;
    }
    at
}

fn after_equals(text: &[u8], at: usize) -> Option<usize> {
    let equals = skip_space(text, at);
    (text.get(equals) == Some(&b'=')).then(|| skip_space(text, equals + 1))
}

/// Where a value of a connection string ends. A quoted one may hold anything, and its quotes may be
/// doubled or escaped by the string that it stands in: it is taken to be the last. One without quotes
/// ends at white space, in a URL at `&` too (`conninfo_parse` and `conninfo_uri_parse_params` of
/// libpq).
fn value_end(text: &[u8], start: usize, in_url: bool) -> usize {
    if matches!(text.get(start), Some(b'\'' | b'\\')) {
        let closing = usize::from(text.last() == Some(&b'\'') && text.len() > start + 1);
        return text.len() - closing;
    }
    let mut at = start;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'\\' => at += 2,
            b'&' if in_url => break,
            byte if byte.is_ascii_whitespace() => break,
            _ => at += 1,
        }
    }
    at.min(text.len())
}

/// The password in the authority of a URL that begins at `start`, up to its last `@`. What stands
/// before the first may be anything but `/` (`conninfo_uri_parse_options` of libpq).
fn url_password(text: &[u8], start: usize) -> Option<Range<usize>> {
    let rest = text.get(start..)?;
    let first = rest.iter().position(|byte| matches!(byte, b'@' | b'/'))?;
    let ends = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'?');
    let length = rest.iter().skip(first).position(ends);
    let authority = rest.get(..length.map_or(rest.len(), |length| first + length))?;
    let host = authority.iter().rposition(|&byte| byte == b'@')?;
    let colon = authority.get(..host)?.iter().position(|&byte| byte == b':')?;
    Some(start + colon + 1..start + host)
}

/// Where in a string or quoted identifier begins what it says.
fn body_of(kind: Kind, bytes: &[u8]) -> usize {
    let opening = |quote| bytes.iter().position(|&byte| byte == quote).map_or(0, |at| at + 1);
    match kind {
        Kind::DollarString => {
            bytes.iter().skip(1).position(|&byte| byte == b'$').map_or(0, |at| at + 2)
        }
        Kind::QuotedIdentifier | Kind::UnicodeIdentifier => opening(b'"'),
        _ => opening(b'\''),
    }
}

/// What a string or quoted identifier says, as far as it is needed to find words in it.
fn decoded(kind: Kind, bytes: &[u8], escape: u8) -> Cow<'_, [u8]> {
    let body = body_of(kind, bytes);
    let quote = match kind {
        Kind::DollarString => {
            let inner = bytes.get(body..bytes.len().saturating_sub(body));
            return Cow::Borrowed(inner.unwrap_or_default());
        }
        Kind::QuotedIdentifier | Kind::UnicodeIdentifier => b'"',
        _ => b'\'',
    };
    let escapes = !matches!(kind, Kind::String | Kind::QuotedIdentifier);
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = body;
    while let Some(&byte) = bytes.get(at) {
        let next = bytes.get(at + 1).copied();
        if byte == escape && escapes {
            at += 1 + unescape(kind, bytes.get(at + 1..).unwrap_or_default(), &mut out);
        } else if byte == quote && next == Some(quote) {
            out.push(quote);
            at += 2;
        } else if byte == quote {
            // The end, or white space up to where the string goes on.
            let rest = bytes.get(at + 1..).unwrap_or_default();
            match rest.iter().position(|&byte| byte == quote) {
                Some(next) => at += next + 2,
                None => break,
            }
        } else {
            out.push(byte);
            at += 1;
        }
    }
    Cow::Owned(out)
}

/// Decodes what follows a backslash; how many bytes of it there are.
fn unescape(kind: Kind, rest: &[u8], out: &mut Vec<u8>) -> usize {
    let hexadecimal = |from: usize, length: usize| {
        let digits = std::str::from_utf8(rest.get(from..from + length)?).ok()?;
        Some((u32::from_str_radix(digits, 16).ok()?, from + length))
    };
    let octal = rest.iter().take(3).take_while(|byte| matches!(byte, b'0'..=b'7')).count();
    let code = match (kind, rest.first()) {
        (Kind::UnicodeString | Kind::UnicodeIdentifier, Some(b'+')) => hexadecimal(1, 6),
        (Kind::UnicodeString | Kind::UnicodeIdentifier, _) => hexadecimal(0, 4),
        (_, Some(b'u')) => hexadecimal(1, 4),
        (_, Some(b'U')) => hexadecimal(1, 8),
        (_, Some(b'x')) => hexadecimal(1, 2).or_else(|| hexadecimal(1, 1)),
        _ if octal > 0 => std::str::from_utf8(rest.get(..octal).unwrap_or_default())
            .ok()
            .and_then(|digits| u32::from_str_radix(digits, 8).ok())
            .map(|code| (code, octal)),
        _ => None,
    };
    match code {
        Some((code, length)) => {
            let character = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
            out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            length
        }
        None => {
            out.extend(rest.first().map(|&byte| if byte == b'n' { b'\n' } else { byte }));
            usize::from(!rest.is_empty())
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::redact;

    #[test]
    fn secrets_are_taken_out_and_nothing_else() {
        let cases = [
            ("select 1", None),
            ("select password from users where password = 'x'", None),
            (r"select E'a\nb'", None),
            ("ALTER ROLE bob PASSWORD 's3cret'", Some("ALTER ROLE bob PASSWORD '<redacted>'")),
            (
                "create user b with encrypted password 's3cret' login",
                Some("create user b with encrypted password '<redacted>' login"),
            ),
            (
                "alter user b password/* x */'s3''cret'",
                Some("alter user b password/* x */'<redacted>'"),
            ),
            ("alter user b password 's3'\n 'cret'", Some("alter user b password '<redacted>'")),
            ("alter user b password E's3\\'cret'", Some("alter user b password '<redacted>'")),
            (
                "alter user b password U&'s3cret' uescape '!'",
                Some("alter user b password '<redacted>' uescape '!'"),
            ),
            ("alter user b password $$s3cret$$", Some("alter user b password '<redacted>'")),
            ("alter user b password s3cret", Some("alter user b password '<redacted>'")),
            ("alter user b password \"s3cret\"", Some("alter user b password '<redacted>'")),
            ("alter user b password null", None),
            ("alter user b password 's3cret", Some("alter user b password '<redacted>'")),
            (
                "create user mapping for a server s options (user 'a', password 's3cret')",
                Some(
                    "create user mapping for a server s options (user 'a', password '<redacted>')",
                ),
            ),
            (
                "alter server s options (set \"password\" 's3cret')",
                Some("alter server s options (set \"password\" '<redacted>')"),
            ),
            (
                "create subscription s connection 'host=h password=s3cret user=u' publication p",
                Some(
                    "create subscription s connection 'host=h password=<redacted> user=u' publication p",
                ),
            ),
            (
                "select dblink('host=h password = s3cret', 'select 1')",
                Some("select dblink('host=h password = <redacted>', 'select 1')"),
            ),
            (
                "select dblink('password=''s3 cret'' host=h', 'q')",
                Some("select dblink('password=<redacted>', 'q')"),
            ),
            (
                "select dblink('postgresql://u:s3cret@h/db', 'q')",
                Some("select dblink('postgresql://u:<redacted>@h/db', 'q')"),
            ),
            (r"select dblink(E'\x70assword=s3cret')", Some("select dblink('<redacted>')")),
            (r"select dblink(U&'\0070assword=s3cret')", Some("select dblink('<redacted>')")),
            (
                "do $$ begin alter role b password 's3cret'; end $$",
                Some("do $$ begin alter role b password '<redacted>'; end $$"),
            ),
            (
                "do $$ begin execute 'alter role b password ''s3cret'''; end $$",
                Some("do $$ begin execute '<redacted>'; end $$"),
            ),
            (
                "selec t 'x'; alter role b paSSword 's3cret' oops (",
                Some("selec t 'x'; alter role b paSSword '<redacted>' oops ("),
            ),
            ("select 1 -- password=s3cret", Some("select 1 -- password=<redacted>")),
            // libpq ends a value at white space alone, in a URL at `&` too.
            (
                "select dblink('host=h password=s3&c''ret user=u')",
                Some("select dblink('host=h password=<redacted> user=u')"),
            ),
            (
                r"select dblink('user=''u'' password=s3''''cret\'' host=''h''')",
                Some("select dblink('user=''u'' password=<redacted> host=''h''')"),
            ),
            (
                "select dblink('password=s3'\n'cret x')",
                Some("select dblink('password=<redacted> x')"),
            ),
            (
                "select dblink($$password=s3'cret user=u$$)",
                Some("select dblink($$password=<redacted> user=u$$)"),
            ),
            (
                "select dblink('postgresql://h/db?password=s3cret&user=u')",
                Some("select dblink('postgresql://h/db?password=<redacted>&user=u')"),
            ),
            // Before its `@`, a URL's password holds anything but `/`.
            (
                "select dblink('postgresql://u:s3?c r''et@h/db')",
                Some("select dblink('postgresql://u:<redacted>@h/db')"),
            ),
            (
                "select dblink($$postgresql://u:s3'c@ret@h/db a@b$$)",
                Some("select dblink($$postgresql://u:<redacted>@h/db a@b$$)"),
            ),
            ("select 'https://example.com/a@b', 'see http://h'", None),
            (
                "select dblink('oauth_client_secret=s3cret user=u')",
                Some("select dblink('oauth_client_secret=<redacted> user=u')"),
            ),
            (
                "alter server s options (set U&\"p!0061ssword\" uescape '!' 's3cret')",
                Some("alter server s options (set U&\"p!0061ssword\" uescape '!' '<redacted>')"),
            ),
            (
                "select dblink(U&'p!0061ssword=s3cret' uescape '!')",
                Some("select dblink('<redacted>' uescape '!')"),
            ),
        ];
        for (text, expected) in cases {
            let got = redact(text.as_bytes());
            assert_eq!(got.as_deref(), expected, "{text}");
        }
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test's patience is by the wall clock")]
    fn long_texts_take_no_longer_than_they_are_long() {
        let runs = format!("select '{}{}', E'\\\\'", "a".repeat(300_000), "''".repeat(150_000));
        let url = format!("select '://h?{}'", "password=a&".repeat(60_000));
        for (text, secrets) in [(runs, 0), (url, 60_000)] {
            let start = std::time::Instant::now();
            let redacted = redact(text.as_bytes()).unwrap_or_default();
            assert_eq!(redacted.matches("<redacted>").count(), secrets);
            assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
        }
    }

    proptest! {
        #[test]
        fn never_panics_and_never_lets_one_through(
            before in r"[a-z ';$\\]{0,20}", secret in "[a-f0-9]{12}",
        ) {
            let _ = redact(before.as_bytes());
            let text = format!("alter role b password '{secret}' {before}");
            prop_assert!(!redact(text.as_bytes()).unwrap().contains(&secret));
        }
    }
}
