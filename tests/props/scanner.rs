//! Our lexer against PostgreSQL's own scanner, and shapes against its grammar: texts of the corpora,
//! spoiled ones, and random ones. `make fuzz` does the same guided by coverage.

use proptest::prelude::*;

use pgward::sql::lex::{Kind, Lexer};
use pgward::sql::{Limits, read};

use super::{corpus, grammar, mutate, seeds, targets};

#[test]
fn texts_of_the_corpora_are_cut_where_the_scanner_cuts_them() {
    let corpus = corpus();
    corpus.iter().for_each(|text| targets::cuts(text.as_bytes()));
    for seed in seeds(6_000) {
        targets::cuts(mutate::spoiled(seed, &corpus).as_bytes());
    }
}

#[test]
fn texts_of_one_shape_have_one_tree() {
    let corpus = corpus();
    let whole = corpus.iter().filter(|text| targets::shapes(text.as_bytes())).count();
    assert!(whole > 1_000, "{whole} of {} compared", corpus.len());
    let grown = |seed| targets::shapes(grammar::text(seed, false).as_bytes());
    let (grown, of) = (seeds(2_000).filter(|&seed| grown(seed)).count(), seeds(2_000).count());
    assert!(grown > of / 2, "{grown} of {of} compared");
    for seed in seeds(3_000) {
        targets::shapes(mutate::spoiled(seed, &corpus).as_bytes());
    }
}

/// Pieces whose boundaries are where lexers go wrong.
const PIECES: &[&str] = &[
    "select ", "a", "é", "$", "$$", "$a$", "$1", "1", "0x1F", "1.5", ".5", "1e5", "1_0", "..", ".",
    "'", "''", "E'", "U&'", "B'", "X'", "N'", "\\", "\\'", "\"", "U&\"", ";", "--", "\n", "\r",
    " ", "/*", "*/", "+", "-", "*", "/", "<", ">", "=", "@", "!", "::", ":=", ":", "(", ")", "[",
    "]", ",", "from", "e", "u", "&", "x", "b", "\t", "\u{b}", "'a'", "'b;'", "/* ; */", "-- ;\n",
    "$$;$$",
];

fn pieces() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(PIECES), 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    // More where PROPTEST_CASES asks for more.
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases.max(4_000)))]

    #[test]
    fn pieces_are_cut_where_the_scanner_cuts_them(text in pieces()) {
        targets::cuts(text.as_bytes());
    }

    #[test]
    fn pieces_of_one_shape_have_one_tree(text in pieces()) {
        targets::shapes(text.as_bytes());
        targets::shapes(format!("select {text}").as_bytes());
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
