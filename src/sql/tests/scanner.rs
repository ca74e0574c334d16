//! Our lexer against the real scanner, which libpg_query exports (in protobuf).

use std::ffi::{CString, c_char, c_void};

use proptest::prelude::*;

use crate::sql::corpora::CORPORA;
use crate::sql::grammar::Source;
use crate::sql::lex::{Kind, Lexer};
use crate::sql::prescan::check;
use crate::sql::{Limits, read};

#[repr(C)]
struct ScanResult {
    length: usize,
    data: *mut u8,
    stderr_buffer: *mut c_char,
    error: *mut c_void,
}

#[expect(unsafe_code, reason = "the binding leaves the scanner out")]
mod scan {
    use std::ffi::c_char;

    use super::ScanResult;

    unsafe extern "C" {
        pub(super) fn pg_query_scan(text: *const c_char) -> ScanResult;
        pub(super) fn pg_query_free_scan_result(result: ScanResult);
    }
}

/// A protobuf number.
fn varint(bytes: &mut &[u8]) -> usize {
    let mut value = 0;
    for shift in (0..).step_by(7) {
        let (&byte, rest) = bytes.split_first().unwrap();
        *bytes = rest;
        value |= usize::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            break;
        }
    }
    value
}

/// Start and end of the scanner's tokens, comments too; `None` where it refuses the text.
#[expect(unsafe_code, reason = "the binding leaves the scanner out")]
fn scanned(text: &str) -> Option<Vec<(usize, usize)>> {
    let text = CString::new(text).ok()?;
    // SAFETY: the struct is that of pg_query.h; the data is copied before it is freed, once.
    let data = unsafe {
        let result = scan::pg_query_scan(text.as_ptr());
        let data = result
            .error
            .is_null()
            .then(|| std::slice::from_raw_parts(result.data, result.length).to_vec());
        scan::pg_query_free_scan_result(result);
        data?
    };
    let mut tokens = Vec::new();
    let mut bytes = data.as_slice();
    while !bytes.is_empty() {
        match varint(&mut bytes) {
            // ScanResult.tokens
            0x12 => {
                let length = varint(&mut bytes);
                let (mut token, rest) = bytes.split_at(length);
                bytes = rest;
                let (mut start, mut end) = (0, 0);
                while !token.is_empty() {
                    match varint(&mut token) {
                        0x08 => start = varint(&mut token),
                        0x10 => end = varint(&mut token),
                        _ => drop(varint(&mut token)),
                    }
                }
                tokens.push((start, end));
            }
            _ => drop(varint(&mut bytes)),
        }
    }
    Some(tokens)
}

/// The text as the grammar gets it, and our cuts of the text less what is blanked; `None` where it
/// would not get it.
fn cut(text: &str) -> Option<(String, Vec<(usize, usize)>)> {
    let measure = check(text.as_bytes(), &Limits::default()).ok()?;
    let source = Source::new(text.as_bytes(), true, &measure.comments).ok()?;
    let cuts = Lexer::new(text.as_bytes())
        .filter(|token| token.kind != Kind::Space && !measure.comments.contains(&token.span))
        .map(|token| (token.span.start, token.span.end))
        .collect();
    Some((source.text().to_owned(), cuts))
}

/// That both cut alike, where both take the text.
fn cut_alike(text: &str) -> Result<(), TestCaseError> {
    // Where the server refuses and libpg_query does not.
    if Lexer::new(text.as_bytes()).any(|token| token.kind == Kind::Junk) {
        return Ok(());
    }
    if let Some((blanked, cuts)) = cut(text)
        && let Some(expected) = scanned(&blanked)
    {
        prop_assert_eq!(cuts, expected, "{:?}", text);
    }
    Ok(())
}

/// One or two lines of the corpora, with some characters taken out and pieces put in.
fn spoiled() -> impl Strategy<Value = String> {
    let edit = (any::<prop::sample::Index>(), 0_usize..4, prop::sample::select(PIECES));
    let lines = CORPORA.into_iter().flat_map(str::lines);
    let lines: Vec<&str> = lines.filter(|line| (1..400).contains(&line.len())).collect();
    let line = prop::sample::select(lines);
    (line.clone(), line, prop::collection::vec(edit, 1..6)).prop_map(|(first, second, edits)| {
        let mut text = format!("{first}\n{second}");
        for (at, taken, piece) in edits {
            let starts: Vec<usize> = text.char_indices().map(|(start, _)| start).collect();
            let from = at.index(starts.len().max(1));
            let bound = |index: usize| starts.get(index).copied().unwrap_or(text.len());
            let range = bound(from)..bound(from + taken);
            text.replace_range(range, piece);
        }
        text
    })
}

/// Pieces whose boundaries are where lexers go wrong.
const PIECES: &[&str] = &[
    "select ", "a", "é", "$", "$$", "$a$", "$1", "1", "0x1F", "1.5", ".5", "1e5", "1_0", "..", ".",
    "'", "''", "E'", "U&'", "B'", "X'", "N'", "\\", "\\'", "\"", "U&\"", ";", "--", "\n", "\r",
    " ", "/*", "*/", "+", "-", "*", "/", "<", ">", "=", "@", "!", "::", ":=", ":", "(", ")", "[",
    "]", ",", "from", "e", "u", "&", "x", "b", "\t", "\u{b}", "'a'", "'b;'", "/* ; */", "-- ;\n",
    "$$;$$",
];

proptest! {
    // More where PROPTEST_CASES asks for more.
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases.max(4_000)))]

    #[test]
    fn cuts_where_the_scanner_cuts(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..12)) {
        cut_alike(&pieces.concat())?;
    }

    #[test]
    fn cuts_spoiled_texts_of_the_corpora_where_the_scanner_cuts(text in spoiled()) {
        cut_alike(&text)?;
    }

    #[test]
    fn junk_is_what_the_scanner_refuses(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..12)) {
        let text = pieces.concat();
        let junk = Lexer::new(text.as_bytes()).find(|token| token.kind == Kind::Junk);
        if let (Some(junk), Some(_)) = (junk, scanned(&text)) {
            // Stray characters are tokens to the scanner, which no rule of the grammar takes.
            let bytes = &text[junk.span];
            prop_assert!(bytes.starts_with('$') || bytes == "\\", "{:?} {:?}", text, bytes);
        }
    }

    #[test]
    fn statements_are_cut_where_the_grammar_cuts_them(
        pieces in prop::collection::vec(prop::sample::select(&[
            "select 1", "select a", " from t", ";", ",'a;'", ",E'\\';'", ",$$;$$", "--;\n", "/*;*/",
            "/*/**/;*/", ",\"a;\"", ",U&'\\003B;'", "\n", ",'a'\n';'", "--;\r", "::int", " as a$$",
        ][..]), 0..12),
    ) {
        let text = pieces.concat();
        let Ok(facts) = read(text.as_bytes(), true, &Limits::default()) else { return Ok(()) };
        let mut counted = 0;
        let mut open = false;
        for token in Lexer::new(text.as_bytes()) {
            match token.kind {
                Kind::Space | Kind::LineComment | Kind::BlockComment => {}
                Kind::Punctuation if &text[token.span.clone()] == ";" => open = false,
                _ => {
                    counted += usize::from(!open);
                    open = true;
                }
            }
        }
        prop_assert_eq!(facts.statements.len(), counted, "{:?}", text);
    }
}
