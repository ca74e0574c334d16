//! Cuts: a text's tokens are those of PostgreSQL's own scanner, by place and by kind.

use std::borrow::Cow;
use std::ffi::{CStr, CString, c_char};
use std::ops::Range;

use pgward::sql::Limits;
use pgward::sql::lex::{Kind, Lexer, Token};
use pgward::sql::prescan::check;

/// A token of the scanner's: where it starts and ends, bytes, and its number in the grammar.
type Scanned = (usize, usize, usize);

/// `PgQueryScanResult` of libpg_query's `pg_query.h`.
#[repr(C)]
struct ScanResult {
    length: usize,
    data: *mut u8,
    stderr_buffer: *mut c_char,
    error: *mut ScanError,
}

/// The start of `PgQueryError`.
#[repr(C)]
struct ScanError {
    message: *const c_char,
}

#[allow(unsafe_code, reason = "the binding leaves the scanner out")]
mod scan {
    use std::ffi::c_char;

    use super::ScanResult;

    unsafe extern "C" {
        pub(super) fn pg_query_scan(text: *const c_char) -> ScanResult;
        pub(super) fn pg_query_free_scan_result(result: ScanResult);
    }
}

/// Holds the lexer's tokens of `data` against the scanner's, and what is junk against what it refuses.
pub(crate) fn cuts(data: &[u8]) {
    if data.contains(&0) || data.len() > 64 * 1024 {
        return;
    }
    let tokens: Vec<Token> = Lexer::new(data).filter(|token| token.kind != Kind::Space).collect();
    let junk = tokens.iter().find(|token| token.kind == Kind::Junk);
    let before = &data[..junk.map_or(data.len(), |junk| junk.span.start)];
    let Ok(measure) = check(before, &Limits::default()) else { return };
    let is_token = |span| tokens.iter().any(|token| token.span == span);
    // Comments between the parts of one string libpg_query takes for the string's end.
    let parted = !measure.comments.iter().all(|span| is_token(span.clone()));
    if let Some(junk) = junk {
        let bytes = &data[junk.span.clone()];
        let parted = parted || bytes.windows(2).any(|pair| pair == b"--");
        // To the scanner stray characters are tokens, which no rule of the grammar takes, and so is
        // the number of a parameter that letters follow.
        let stray = match bytes {
            b"$" | b"\\" | b"{" | b"}" => true,
            [b'$', digit, ..] => digit.is_ascii_digit(),
            [byte] => byte.is_ascii_control() && !b"\t\n\x0b\x0c\r".contains(byte),
            _ => false,
        };
        let refused = || scanned(&letters(data)).is_err();
        assert!(parted || stray || refused(), "{junk:?} in {}", data.escape_ascii());
        return cuts(before);
    }
    if !parted {
        alike(data, data, &tokens);
    }
    // As the grammar gets it: without comments.
    let blanked = blanked(data, &measure.comments);
    let tokens: Vec<Token> =
        tokens.into_iter().filter(|token| !measure.comments.contains(&token.span)).collect();
    alike(data, &blanked, &tokens);
}

/// The text with spaces where its comments are.
pub(crate) fn blanked(text: &[u8], comments: &[Range<usize>]) -> Vec<u8> {
    let mut blanked = text.to_vec();
    for span in comments {
        let bytes = &mut blanked[span.clone()];
        bytes.iter_mut().filter(|byte| !b"\r\n".contains(byte)).for_each(|byte| *byte = b' ');
    }
    blanked
}

fn alike(data: &[u8], text: &[u8], tokens: &[Token]) {
    let shown = letters(text);
    let scanned = match scanned(&shown) {
        Ok(scanned) => scanned,
        // What an escape means is left to the grammar; what the scanner can't cut is junk.
        Err(why) => {
            let junk =
                ["unterminated", "trailing junk", "invalid hex", "invalid octal", "invalid bin"];
            let missed = junk.iter().any(|start| why.starts_with(start));
            assert!(!missed, "{why}: {}", data.escape_ascii());
            return;
        }
    };
    let utf8 = std::str::from_utf8(text).is_ok();
    let place = |at: usize| if utf8 { at } else { shown[..at].chars().count() };
    let cuts = |(start, end)| (place(start), place(end));
    let expected: Vec<_> = scanned.iter().map(|&(start, end, _)| cuts((start, end))).collect();
    let ours: Vec<_> = tokens.iter().map(|token| (token.span.start, token.span.end)).collect();
    assert_eq!(ours, expected, "{}", data.escape_ascii());
    for (token, &(.., number)) in tokens.iter().zip(&scanned) {
        let bytes = &text[token.span.clone()];
        let seen = data.escape_ascii();
        assert!(fits(token.kind, bytes, number), "{token:?} is a {number} to the scanner: {seen}");
    }
}

/// What the scanner gets: in an encoding other than UTF8 a letter of its own for each byte from
/// 0x80 up.
fn letters(text: &[u8]) -> Cow<'_, str> {
    let letter = |&byte: &u8| match byte {
        ..0x80 => char::from(byte),
        _ => char::from_u32(0x680 + u32::from(byte)).expect("a letter of two bytes"),
    };
    std::str::from_utf8(text)
        .map_or_else(|_| Cow::Owned(text.iter().map(letter).collect()), Cow::Borrowed)
}

/// Whether a token of this kind may have that number (`pg_query.proto`, enum Token).
fn fits(kind: Kind, bytes: &[u8], number: usize) -> bool {
    match kind {
        Kind::Word => number == 258 || number >= 277,
        Kind::QuotedIdentifier => number == 258,
        Kind::UnicodeIdentifier => number == 259,
        Kind::Float => number == 260,
        // What doesn't fit four bytes is an FCONST.
        Kind::Integer if bytes.iter().all(u8::is_ascii_digit) => {
            let fits = std::str::from_utf8(bytes).is_ok_and(|text| text.parse::<i32>().is_ok());
            number == if fits { 266 } else { 260 }
        }
        Kind::Integer => number == 266 || number == 260,
        Kind::String | Kind::EscapeString | Kind::DollarString => number == 261,
        Kind::UnicodeString => number == 262,
        Kind::BitString => number == 263,
        Kind::HexString => number == 264,
        Kind::Parameter => number == 267,
        Kind::Operator if number == 265 || (268..=274).contains(&number) => true,
        Kind::Operator | Kind::Punctuation => bytes == [u8::try_from(number).unwrap_or(0)],
        Kind::LineComment => number == 275,
        Kind::BlockComment => number == 276,
        Kind::Space | Kind::Junk => false,
    }
}

/// The scanner's tokens, comments too, or why it refuses the text, which holds no NUL.
#[allow(unsafe_code, reason = "the binding leaves the scanner out")]
fn scanned(text: &str) -> Result<Vec<Scanned>, String> {
    let text = CString::new(text).expect("no NUL");
    // SAFETY: the structs are those of pg_query.h, an error has a message; both it and the data are
    // copied before they are freed, once.
    let data = unsafe {
        let result = scan::pg_query_scan(text.as_ptr());
        let data = match result.error.as_ref() {
            None => Ok(std::slice::from_raw_parts(result.data, result.length).to_vec()),
            Some(error) => Err(CStr::from_ptr(error.message).to_string_lossy().into_owned()),
        };
        scan::pg_query_free_scan_result(result);
        data?
    };
    let mut tokens = Vec::new();
    let mut bytes = data.as_slice();
    while !bytes.is_empty() {
        // ScanResult.tokens
        if varint(&mut bytes) != 0x12 {
            varint(&mut bytes);
            continue;
        }
        let length = varint(&mut bytes);
        let (mut token, rest) = bytes.split_at(length);
        bytes = rest;
        let (mut start, mut end, mut number) = (0, 0, 0);
        while !token.is_empty() {
            match (varint(&mut token), varint(&mut token)) {
                (0x08, value) => start = value,
                (0x10, value) => end = value,
                (0x20, value) => number = value,
                _ => {}
            }
        }
        tokens.push((start, end, number));
    }
    Ok(tokens)
}

/// A protobuf number.
fn varint(bytes: &mut &[u8]) -> usize {
    let mut value = 0;
    for shift in (0..).step_by(7) {
        let (&byte, rest) = bytes.split_first().expect("a whole number");
        *bytes = rest;
        value |= usize::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            break;
        }
    }
    value
}
