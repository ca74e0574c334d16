//! The token shape of a text: the text itself, in which plain integers, floats and `''` strings
//! are typed holes. Texts of one shape have one grammar tree but for these constants, so what a
//! second reader says of one holds for all. Everything else is kept byte by byte: names, other
//! kinds of strings, comments, white space.
//!
//! A verdict that depends on a constant (set_config's, an EXPLAIN's) must not be kept by shape.
//! A text with `U&` in it has no holes from there on: the string after UESCAPE changes names.

use super::lex::{Kind, Lexer};

/// Stands before a hole's letter. A text holds no NUL, so no text can imitate a hole.
const HOLE: u8 = 0;
/// The letter of a string's hole.
const STRING: u8 = b's';

/// Writes the shape of `text`, which holds no NUL, into `shape` (cleared first); whether it has
/// holes: where not, text and shape are one.
pub fn shape(text: &[u8], shape: &mut Vec<u8>) -> bool {
    shape.clear();
    // What is kept is copied as one, up to the next hole.
    let mut copied = 0;
    let mut lexer = Lexer::new(text);
    loop {
        lexer.pass_plain();
        let (span, letter) = if let Some(span) = lexer.pass_digits() {
            let letter = integer(text.get(span.clone()).unwrap_or_default());
            (span, letter)
        } else if let Some(span) = lexer.pass_plain_string() {
            (span, STRING)
        } else {
            let Some(token) = lexer.next() else { break };
            if matches!(token.kind, Kind::UnicodeIdentifier | Kind::UnicodeString) {
                break;
            }
            let bytes = text.get(token.span.clone()).unwrap_or_default();
            let Some(letter) = hole(token.kind, bytes) else { continue };
            (token.span, letter)
        };
        shape.extend_from_slice(text.get(copied..span.start).unwrap_or_default());
        shape.extend_from_slice(&[HOLE, letter]);
        copied = span.end;
    }
    shape.extend_from_slice(text.get(copied..).unwrap_or_default());
    copied > 0
}

/// Whether a shape has a hole for a string.
pub(super) fn holds_string(shape: &[u8]) -> bool {
    shape.windows(2).any(|pair| pair == [HOLE, STRING])
}

/// The letter of the hole that a plain integer becomes: what doesn't fit four bytes is a float to
/// the grammar (`scan.l`, `process_integer_literal`), which some of its rules don't take.
fn integer(digits: &[u8]) -> u8 {
    let fits = || std::str::from_utf8(digits).is_ok_and(|digits| digits.parse::<i32>().is_ok());
    if digits.len() <= 9 || fits() { b'i' } else { b'n' }
}

/// The letter of the hole that a token becomes; `None` when it is kept.
fn hole(kind: Kind, bytes: &[u8]) -> Option<u8> {
    match kind {
        // `1_000` and `0x1F` other versions read otherwise.
        Kind::Integer if bytes.iter().all(u8::is_ascii_digit) => Some(integer(bytes)),
        Kind::Float if !bytes.contains(&b'_') => Some(b'f'),
        // A backslash or a continuation is what other readers may see otherwise.
        Kind::String if plain(bytes) => Some(STRING),
        _ => None,
    }
}

/// Whether a string is one segment without a backslash.
fn plain(bytes: &[u8]) -> bool {
    let inner = bytes.get(1..bytes.len().saturating_sub(1)).unwrap_or_default();
    let mut at = 0;
    while let Some(&byte) = inner.get(at) {
        match byte {
            b'\\' => return false,
            b'\'' if inner.get(at + 1) == Some(&b'\'') => at += 2,
            b'\'' => return false,
            _ => at += 1,
        }
    }
    true
}

/// SipHash-2-4 with 128 bits of output (Aumasson and Bernstein's `siphash.c`).
#[must_use]
pub fn siphash128(data: &[u8], key: &[u8; 16]) -> u128 {
    let word =
        |bytes: &[u8]| bytes.iter().rev().fold(0_u64, |value, &byte| value << 8 | u64::from(byte));
    let (low, high) = key.split_at(8);
    let (k0, k1) = (word(low), word(high));
    let mut state = [
        0x736f_6d65_7073_6575 ^ k0,
        0x646f_7261_6e64_6f6d ^ k1 ^ 0xee,
        0x6c79_6765_6e65_7261 ^ k0,
        0x7465_6462_7974_6573 ^ k1,
    ];
    let mut chunks = data.chunks_exact(8);
    for chunk in &mut chunks {
        absorb(&mut state, word(chunk));
    }
    absorb(&mut state, word(chunks.remainder()) | (data.len() as u64 & 0xff) << 56);
    let [_, _, v2, _] = &mut state;
    *v2 ^= 0xee;
    let first = finish(&mut state);
    let [_, v1, _, _] = &mut state;
    *v1 ^= 0xdd;
    let second = finish(&mut state);
    u128::from(first) | u128::from(second) << 64
}

fn absorb(state: &mut [u64; 4], word: u64) {
    let [_, _, _, v3] = state;
    *v3 ^= word;
    round(state);
    round(state);
    let [v0, ..] = state;
    *v0 ^= word;
}

fn finish(state: &mut [u64; 4]) -> u64 {
    (0..4).for_each(|_| round(state));
    state.iter().fold(0, |sum, word| sum ^ word)
}

const fn round([v0, v1, v2, v3]: &mut [u64; 4]) {
    *v0 = v0.wrapping_add(*v1);
    *v1 = v1.rotate_left(13) ^ *v0;
    *v0 = v0.rotate_left(32);
    *v2 = v2.wrapping_add(*v3);
    *v3 = v3.rotate_left(16) ^ *v2;
    *v0 = v0.wrapping_add(*v3);
    *v3 = v3.rotate_left(21) ^ *v0;
    *v2 = v2.wrapping_add(*v1);
    *v1 = v1.rotate_left(17) ^ *v2;
    *v2 = v2.rotate_left(32);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Kind, shape, siphash128};

    const KEY: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

    fn shown(text: &str) -> String {
        let mut out = Vec::new();
        shape(text.as_bytes(), &mut out);
        String::from_utf8(out).unwrap().replace('\0', "%")
    }

    #[test]
    fn only_plain_constants_become_holes() {
        let cases = [
            ("select 1, 2.5, 'x''y', 12345678901", "select %i, %f, %s, %n"),
            ("select 2147483647, 2147483648, 00000000001", "select %i, %n, %i"),
            (
                "select 1, E'x', X'1', B'1', $$x$$, \"1\", 'y'",
                "select %i, E'x', X'1', B'1', $$x$$, \"1\", %s",
            ),
            (
                "select 1, U&\"d!0061t\" uescape '!', 2, 'x'",
                "select %i, U&\"d!0061t\" uescape '!', 2, 'x'",
            ),
            ("select 1, U&'x', 'y'", "select %i, U&'x', 'y'"),
            ("select N'x', 1_0, 0x1, $1, a1", "select N%s, 1_0, 0x1, $1, a1"),
            (r"select '\', 'a' /* 1 'x' */ -- 2", r"select '\', %s /* 1 'x' */ -- 2"),
            ("select 'a'\n'b'", "select 'a'\n'b'"),
        ];
        for (text, expected) in cases {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn hashes_as_the_reference_does() {
        // vectors_sip128 of siphash's reference implementation.
        let bytes = |value: u128| value.to_le_bytes();
        assert_eq!(
            bytes(siphash128(&[], &KEY)),
            [
                0xa3, 0x81, 0x7f, 0x04, 0xba, 0x25, 0xa8, 0xe6, 0x6d, 0xf6, 0x72, 0x14, 0xc7, 0x55,
                0x02, 0x93,
            ]
        );
        assert_eq!(
            bytes(siphash128(&[0], &KEY)),
            [
                0xda, 0x87, 0xc1, 0xd8, 0x6b, 0x99, 0xaf, 0x44, 0x34, 0x76, 0x59, 0x11, 0x9b, 0x22,
                0xfc, 0x45,
            ]
        );
    }

    /// The shape as its definition says it, token by token.
    fn by_tokens(text: &[u8]) -> Vec<u8> {
        let (mut out, mut open) = (Vec::new(), true);
        for token in super::Lexer::new(text) {
            open &= !matches!(token.kind, Kind::UnicodeIdentifier | Kind::UnicodeString);
            let bytes = &text[token.span];
            match super::hole(token.kind, bytes).filter(|_| open) {
                Some(letter) => out.extend([super::HOLE, letter]),
                None => out.extend(bytes),
            }
        }
        out
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn what_is_passed_over_holds_no_constant(
            text in r#"(select|[uUeEnNxXbB]?&?['"]|--|/\*|\*/|::|:=|\.\.|[a-zé_ ,;()'"$&.:=<>+*/0-9eExX\\\n-]){0,40}"#,
        ) {
            let mut out = Vec::new();
            let has_holes = shape(text.as_bytes(), &mut out);
            prop_assert_eq!(&out, &by_tokens(text.as_bytes()), "{}", text);
            prop_assert_eq!(has_holes, out != text.as_bytes());
        }

        #[test]
        fn texts_of_one_shape_differ_only_in_constants(
            one in r"(select|[a-z ,'0-9.\\\n]){0,30}", other in r"(select|[a-z ,'0-9.\\\n]){0,30}",
        ) {
            let letters = |text: &str| {
                super::Lexer::new(text.as_bytes()).map(|token| token.kind).collect::<Vec<_>>()
            };
            if shown(&one) == shown(&other) {
                prop_assert_eq!(letters(&one), letters(&other));
            }
        }
    }
}
