//! JSON by hand, straight into the buffer that is written: a record costs no allocation.
//!
//! Every string comes out as one valid JSON string on one line whatever bytes go in. What could
//! move a terminal's cursor, hide, or reorder text on a screen (control characters of both sets,
//! U+2028 and U+2029, bidirectional controls, zero-width characters) is escaped, so a line shows
//! what it holds. Bytes that are not UTF-8 become an escaped U+FFFD; the record's hash still
//! names the exact bytes.

/// `,"name":` as bytes.
macro_rules! key {
    ($name:literal) => {
        concat!(",\"", $name, "\":").as_bytes()
    };
}
pub(super) use key;

/// `,"name":"value"` as bytes; both need no escapes.
macro_rules! pair {
    ($name:literal, $value:literal) => {
        concat!(",\"", $name, "\":\"", $value, "\"").as_bytes()
    };
}
pub(super) use pair;

/// Appends a quoted string.
///
/// Inlined nowhere, as digits: between two statements the code of a record goes out of the caches,
/// and each line of it that has to be fetched again costs more than a call.
#[inline(never)]
pub(super) fn string(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(b'"');
    // Most need no escape: one copy.
    if plain(bytes) == bytes.len() {
        out.extend_from_slice(bytes);
    } else {
        escaped(out, bytes);
    }
    out.push(b'"');
}

/// Appends what stands in quotes.
fn escaped(out: &mut Vec<u8>, bytes: &[u8]) {
    let mut rest = bytes;
    loop {
        let (run, tail) = rest.split_at_checked(plain(rest)).unwrap_or((rest, &[]));
        out.extend_from_slice(run);
        let Some((&byte, after)) = tail.split_first() else { break };
        if byte < 0x80 {
            ascii(out, byte);
            rest = after;
        } else {
            let run = tail.iter().position(u8::is_ascii).unwrap_or(tail.len());
            let (run, after) = tail.split_at_checked(run).unwrap_or((tail, &[]));
            non_ascii(out, run);
            rest = after;
        }
    }
}

/// Appends `key` and a quoted string.
pub(super) fn text(out: &mut Vec<u8>, key: &[u8], value: impl AsRef<[u8]>) {
    out.extend_from_slice(key);
    string(out, value.as_ref());
}

/// Appends `key` and a quoted string that is known to need no escapes: an id, a word of ours.
pub(super) fn word(out: &mut Vec<u8>, key: &[u8], value: &str) {
    out.extend_from_slice(key);
    quoted(out, value);
}

#[inline(never)]
fn quoted(out: &mut Vec<u8>, value: &str) {
    out.push(b'"');
    out.extend_from_slice(value.as_bytes());
    out.push(b'"');
}

/// Appends `key` and a number.
pub(super) fn number(out: &mut Vec<u8>, key: &[u8], value: u64) {
    out.extend_from_slice(key);
    digits(out, value);
}

/// Appends `key` and true; what isn't true is left out.
pub(super) fn truth(out: &mut Vec<u8>, key: &[u8]) {
    out.extend_from_slice(key);
    out.extend_from_slice(b"true");
}

/// Appends `key` and a list of strings; nothing for an empty list.
pub(super) fn list<'a>(out: &mut Vec<u8>, key: &[u8], values: impl IntoIterator<Item = &'a str>) {
    let mut values = values.into_iter();
    let Some(first) = values.next() else { return };
    out.extend_from_slice(key);
    out.push(b'[');
    string(out, first.as_bytes());
    for value in values {
        out.push(b',');
        string(out, value.as_bytes());
    }
    out.push(b']');
}

/// Appends a number in decimal.
#[inline(never)]
pub(super) fn digits(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// Appends bytes as lower-case hexadecimal digits.
pub(super) fn hex(out: &mut Vec<u8>, bytes: &[u8]) {
    // A hash at a time: digits are set in an array, which then is one copy.
    for chunk in bytes.chunks(32) {
        let mut digits = [0; 64];
        for (pair, byte) in digits.as_chunks_mut::<2>().0.iter_mut().zip(chunk) {
            *pair = [hex_digit(byte >> 4), hex_digit(byte & 15)];
        }
        out.extend_from_slice(digits.get(..chunk.len() * 2).unwrap_or_default());
    }
}

/// The longest prefix of at most `limit` bytes that does not cut a UTF-8 character.
pub(super) fn cut(bytes: &[u8], limit: usize) -> &[u8] {
    let Some(mut prefix) = bytes.get(..limit).filter(|_| bytes.len() > limit) else {
        return bytes;
    };
    // A character has at most three continuation bytes; what has more is not UTF-8 anyway.
    let is_continuation = |byte: Option<&u8>| byte.is_some_and(|byte| byte & 0xc0 == 0x80);
    let mut next = bytes.get(limit);
    for _ in 0..3 {
        if !is_continuation(next) {
            break;
        }
        next = prefix.last();
        prefix = prefix.split_last().map_or(prefix, |(_, rest)| rest);
    }
    prefix
}

/// How many bytes at the front need no escape.
fn plain(bytes: &[u8]) -> usize {
    // Sixteen at a time without a branch between them, which the compiler makes one comparison of.
    let all = |chunk: &[u8; 16]| chunk.iter().fold(true, |all, &byte| all & is_plain(byte));
    let (chunks, _) = bytes.as_chunks::<16>();
    let count = chunks.iter().take_while(|chunk| all(chunk)).count();
    // What is left is a part of the last sixteen, if there are as many.
    if count == chunks.len() && bytes.last_chunk::<16>().is_some_and(all) {
        return bytes.len();
    }
    let whole = count * 16;
    let rest = bytes.get(whole..).unwrap_or_default();
    whole + rest.iter().position(|&byte| !is_plain(byte)).unwrap_or(rest.len())
}

const fn is_plain(byte: u8) -> bool {
    // Without a branch, see above.
    (byte >= 0x20) & (byte < 0x7f) & (byte != b'"') & (byte != b'\\')
}

const fn hex_digit(value: u8) -> u8 {
    // Without a branch, see above: `a` stands 39 behind what follows `9`.
    b'0' + value + 39 * (value > 9) as u8
}

fn ascii(out: &mut Vec<u8>, byte: u8) {
    match byte {
        b'"' => out.extend_from_slice(b"\\\""),
        b'\\' => out.extend_from_slice(b"\\\\"),
        b'\n' => out.extend_from_slice(b"\\n"),
        b'\r' => out.extend_from_slice(b"\\r"),
        b'\t' => out.extend_from_slice(b"\\t"),
        other => unit(out, u16::from(other)),
    }
}

fn non_ascii(out: &mut Vec<u8>, run: &[u8]) {
    for chunk in run.utf8_chunks() {
        for character in chunk.valid().chars() {
            let mut buffer = [0; 4];
            if is_deceptive(character) {
                let mut units = [0; 2];
                for &code in character.encode_utf16(&mut units).iter() {
                    unit(out, code);
                }
            } else {
                out.extend_from_slice(character.encode_utf8(&mut buffer).as_bytes());
            }
        }
        if !chunk.invalid().is_empty() {
            unit(out, 0xfffd);
        }
    }
}

/// `\uXXXX`
fn unit(out: &mut Vec<u8>, code: u16) {
    out.extend_from_slice(b"\\u");
    let [high, low] = code.to_be_bytes();
    hex(out, &[high, low]);
}

/// Characters that a reader does not see, or that change how the rest is shown.
const fn is_deceptive(character: char) -> bool {
    matches!(character,
        '\u{80}'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn quoted(bytes: &[u8]) -> String {
        let mut out = Vec::new();
        string(&mut out, bytes);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn strings_show_what_they_hold() {
        let cases: &[(&[u8], &str)] = &[
            (b"", r#""""#),
            (b"SELECT 1", r#""SELECT 1""#),
            (b"a\"b\\c", r#""a\"b\\c""#),
            (b"a\nb\r\tc\0\x1b[31m\x7f", r#""a\nb\r\tc\u0000\u001b[31m\u007f""#),
            ("é€😀".as_bytes(), "\"é€😀\""),
            ("\u{85}\u{9b}31m".as_bytes(), r#""\u0085\u009b31m""#),
            ("\u{2028}\u{2029}\u{202e}x\u{feff}".as_bytes(), r#""\u2028\u2029\u202ex\ufeff""#),
            ("\u{e0041}".as_bytes(), r#""\udb40\udc41""#),
            (b"caf\xe9 \xf0\x9f", r#""caf\ufffd \ufffd""#),
        ];
        for (bytes, expected) in cases {
            assert_eq!(&quoted(bytes), expected);
        }
    }

    #[test]
    fn numbers_and_hex() {
        let mut out = Vec::new();
        for value in [0, 7, 10, 1_234_567_890, u64::MAX] {
            digits(&mut out, value);
            out.push(b' ');
        }
        hex(&mut out, &[0, 0xab, 0xff]);
        assert_eq!(out, b"0 7 10 1234567890 18446744073709551615 00abff");
    }

    #[test]
    fn cuts_fall_between_characters() {
        let cases: &[(&[u8], usize, &[u8])] = &[
            (b"abc", 3, b"abc"),
            (b"abc", 5, b"abc"),
            (b"abcd", 3, b"abc"),
            ("aé".as_bytes(), 2, b"a"),
            ("a😀b".as_bytes(), 2, b"a"),
            ("a😀b".as_bytes(), 4, b"a"),
            ("a😀b".as_bytes(), 5, "a😀".as_bytes()),
            (b"", 0, b""),
        ];
        for (bytes, limit, expected) in cases {
            assert_eq!(&cut(bytes, *limit), expected);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_one_json_string(bytes: Vec<u8>) {
            let text = quoted(&bytes);
            prop_assert!(text.chars().all(|c| !c.is_control()));
            let back: String = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(back, String::from_utf8_lossy(&bytes));
        }

        #[test]
        fn any_text_comes_back(text: String) {
            let back: String = serde_json::from_str(&quoted(text.as_bytes())).unwrap();
            prop_assert_eq!(back, text);
        }
    }
}
