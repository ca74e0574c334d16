//! A verdict by shape is the verdict that the text itself gets.

use proptest::prelude::*;

use super::Judge;
use super::judge::Case;
use super::tests::{judge_with, judged, read_terms, write_terms};

use crate::sql::lex::{Kind, Lexer};

/// What people and programs send, and attackers: whole files, statements one below the other.
const CORPORA: [&str; 7] = [
    include_str!("data/attacks.sql"),
    include_str!("../../tests/corpus/honest/psql.sql"),
    include_str!("../../tests/corpus/honest/python.sql"),
    include_str!("../../tests/corpus/honest/pg_dump.sql"),
    include_str!("../../tests/corpus/honest/features/queries.sql"),
    include_str!("../../tests/corpus/honest/features/functions.sql"),
    include_str!("../../tests/corpus/honest/features/sessions.sql"),
];

/// Reads and others, whose constants are changed below.
const TEXTS: [&str; 22] = [
    "SELECT abalance FROM pgbench_accounts WHERE aid = 12;",
    "  select count(*), max(o.id) from orders o where o.state in ('a', 'b') and o.id > 7 ;; ",
    "/* 1 'x' */ SELECT 1 + 2.5, 'x', N'y' -- 3\n",
    "SELECT lower('x') || 'y' FROM public.items LIMIT 5 OFFSET 10",
    "SELECT id FROM orders UNION ALL SELECT 5 ORDER BY 1",
    "WITH x AS (SELECT 1 AS a) SELECT a FROM x WHERE a = 12345678901",
    "SELECT set_config('application_name', 'x', false)",
    "SELECT set_config('default_transaction_read_only', 'off', false)",
    "SELECT set_config(name, '64MB', false) FROM pg_settings WHERE name = 'work_mem'",
    "SELECT nextval('orders_id_seq'), pg_sleep(1)",
    "SELECT 'orders'::regclass, date '2026-01-01', interval '1 day'",
    "SET statement_timeout = 1000",
    "SET search_path = 'x'",
    "EXPLAIN (ANALYZE 1, FORMAT 'text') SELECT 1",
    "UPDATE orders SET a = 1 WHERE 1 = 2",
    "DELETE FROM public.items WHERE id = 5 OR 'a' = 'b'",
    "SELECT U&\"d!0061ta\" UESCAPE '!', 'x' FROM orders",
    "COPY (SELECT 1) TO STDOUT (DELIMITER 'x')",
    "SELECT * FROM orders WHERE a = 'passwd=x' AND b = 'y'",
    "SELECT query_to_xml('SELECT 1', true, false, '')",
    "SELECT 1; SELECT 'x'",
    "SELECT * FROM orders TABLESAMPLE system (10) REPEATABLE (5) FETCH FIRST 3 ROWS ONLY",
];

fn constant(kind: Kind) -> BoxedStrategy<String> {
    match kind {
        Kind::Integer => prop_oneof!["[0-9]{1,9}", "[0-9]{10,20}"].boxed(),
        Kind::Float => "[0-9]{0,3}\\.[0-9]{1,3}(e[0-9])?".boxed(),
        _ => prop_oneof![
            Just("'default_transaction_read_only'".to_owned()),
            Just("'host=x password=secret'".to_owned()),
            Just("'off'".to_owned()),
            Just("'?'".to_owned()),
            Just("''''".to_owned()),
            "'[a-zé;\" -]{0,12}'",
        ]
        .boxed(),
    }
}

/// The text with other constants.
fn variant() -> impl Strategy<Value = (String, String)> {
    proptest::sample::select(TEXTS.to_vec()).prop_flat_map(|text| {
        let tokens: Vec<_> = Lexer::new(text.as_bytes()).collect();
        let parts: Vec<BoxedStrategy<String>> = tokens
            .into_iter()
            .map(|token| match token.kind {
                Kind::Integer | Kind::Float | Kind::String => constant(token.kind),
                _ => Just(text[token.span].to_owned()).boxed(),
            })
            .collect();
        parts.prop_map(move |parts| (text.to_owned(), parts.concat()))
    })
}

proptest! {
    #[test]
    fn it_is_the_verdict_of_the_text_itself((first, second) in variant(), write in any::<bool>()) {
        let terms = if write { write_terms(&["update:public.orders"]) } else { read_terms() };
        let mut primed = judge_with(true);
        let _ = judged(&mut primed, &first, &terms);
        let after = judged(&mut primed, &second, &terms);
        prop_assert_eq!(after, judged(&mut judge_with(true), &second, &terms));
    }
}

/// Pieces of which texts are put together: what lexes oddly, and what looks into constants.
const PIECES: &str = "\
1|2147483647|2147483648|0000000001|99999999999|1.|.5|1.5|1e5|1e-5|.5e1|1_0|0x1F|0|'a'|''|'a''b'|'off'|'\\'|\
e'a'|E'\\''|N'x'|n'1'|b'1'|x'1F'|U&'d!0061'|U&\"a\"|UESCAPE|'!'|$$x$$|$a$'1'$a$|$1|\"1\"|\"'\"|\n|\n'b'| |--1\n|--\n|\
/*'1'*/|/*|*/|-|+|*|/|-1|--1\n|1-1|1--1\n|@|~|?|||#|::|::int|..|.|,|(|)|[|]|:|;|SELECT|a|id|orders|items|FROM|\
WHERE|AND|OR|=|<|LIKE|ESCAPE|IN|BETWEEN|IS|NULL|NOT|CASE|WHEN|THEN|END|AS|x|LIMIT|OFFSET|FETCH|FIRST|ROWS|ONLY|\
ORDER|BY|GROUP|UNION|ALL|VALUES|WITH|date|interval|time|timestamp|int|int4|bit|char|varchar|year|TO|second|float|\
CAST|COLLATE|\"C\"|AT|ZONE|EXTRACT|year|count|max|lower|abs|round|length|now|upper|sum|set_config|nextval|pg_sleep|\
current_timestamp|localtime|current_user|TABLESAMPLE|system|REPEATABLE|OVER|FILTER|json|JSON|XMLPARSE|CONTENT|\
EXPLAIN|ANALYZE|SET|work_mem|FOR|UPDATE|INTO|PREPARE|EXECUTE|DECLARE|COPY|STDOUT|\u{feff}|é|\u{a0}|1é|a1|1a";

/// A text of pieces, another with the constants of the first exchanged; both as bytes.
fn pieced() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    let pieces: Vec<&str> = PIECES.split('|').collect();
    let space = prop_oneof![4 => Just(" "), 1 => Just(""), 1 => Just("\n")];
    let pieces = proptest::collection::vec((proptest::sample::select(pieces), space), 0..8);
    let start = prop_oneof![
        3 => Just("SELECT "), 1 => Just("SELECT a FROM orders WHERE id = "),
        1 => Just("SELECT lower("), 1 => Just("SELECT current_timestamp("), 1 => Just(""),
        1 => Just("SELECT a FROM orders LIMIT "), 1 => Just("SELECT id FROM orders WHERE a IN (1, "),
    ];
    let end = prop_oneof![3 => Just(""), 1 => Just(")"), 1 => Just(" FROM orders"), 1 => Just(";")];
    (start, pieces, end).prop_flat_map(|(start, pieces, end)| {
        let mut text = start.to_owned();
        pieces.iter().for_each(|(piece, space)| (text.push_str(piece), text.push_str(space)).0);
        text.push_str(end);
        let parts: Vec<BoxedStrategy<String>> = Lexer::new(text.as_bytes())
            .map(|token| match token.kind {
                Kind::Integer | Kind::Float | Kind::String => constant(token.kind),
                _ => Just(text[token.span].to_owned()).boxed(),
            })
            .collect();
        parts.prop_map(move |parts| (text.clone().into_bytes(), parts.concat().into_bytes()))
    })
}

proptest! {
    #[test]
    fn odd_texts_get_their_own_verdicts_too((first, second) in pieced()) {
        let terms = read_terms();
        let verdict = |judge: &mut Judge, text: &[u8]| {
            let case = Case { text, parameter_types: &[], terms: &terms, utf8: true, wall: 0 };
            judge.judge(&case).expect("short").as_ref().clone()
        };
        let mut primed = judge_with(true);
        verdict(&mut primed, &first);
        prop_assert_eq!(verdict(&mut primed, &second), verdict(&mut judge_with(true), &second));
    }
}

proptest! {
    #[test]
    fn a_shape_without_secrets_has_none(
        pieces in proptest::collection::vec(
            proptest::sample::select(vec![
                "password", "passw", "PASS", "word", "://", ":/", "/", "=", "x", "1", "2.5", " ", "@",
                "'y'", "'://u:s3cret@h'", "'password=s3cret'", "\\", "SELECT ", ",",
            ]),
            0..12,
        ),
    ) {
        let text = pieces.concat();
        let mut shape = Vec::new();
        crate::sql::shape(text.as_bytes(), &mut shape);
        if crate::sql::has_no_secret(&shape) {
            prop_assert_eq!(crate::sql::redact(text.as_bytes()), None, "{}", text);
        }
    }
}

#[test]
fn a_judgement_is_reused_where_nobody_holds_it_and_copied_where_somebody_does() {
    let terms = read_terms();
    let tell = |judge: &mut Judge, text: &str| {
        let text = text.as_bytes();
        let case = Case { text, parameter_types: &[], terms: &terms, utf8: true, wall: 0 };
        judge.judge(&case).expect("short")
    };
    let fresh = |text: &str| tell(&mut judge_with(true), text).as_ref().clone();
    let text = |id: &str| format!("SELECT a FROM orders WHERE id = {id} AND a = 'x{id}'");
    let long = text(&"9".repeat(200));
    let judge = &mut judge_with(true);
    drop(tell(judge, &text("1")));
    let first = tell(judge, &text("2"));
    let again = tell(judge, &text("2"));
    assert!(std::rc::Rc::ptr_eq(&first, &again), "the same text");
    for id in ["3", "password=4", "5"] {
        let next = tell(judge, &text(id));
        assert_eq!(*next, fresh(&text(id)), "{id}");
    }
    assert_eq!(*tell(judge, &long), fresh(&long), "too long to be kept");
    assert_eq!(*tell(judge, &text("5")), fresh(&text("5")), "the last one that was kept");
    assert_eq!(*first, fresh(&text("2")), "held all the while");
}

/// Every line and statement of the corpora, after all others and what has their shapes.
#[test]
fn texts_of_the_corpora_get_their_own_verdicts() {
    let parts = CORPORA.iter().flat_map(|text| text.lines().chain(text.split_inclusive(";\n")));
    let mut all: Vec<String> = parts.map(str::to_owned).collect();
    all.sort();
    all.dedup();
    assert!(all.len() > 2000, "{}", all.len());
    let terms = read_terms();
    let mut primed = judge_with(true);
    for text in &all {
        let mut other = String::new();
        for token in Lexer::new(text.as_bytes()) {
            other.push_str(match token.kind {
                Kind::Integer => "7",
                Kind::String => "'other'",
                _ => &text[token.span],
            });
        }
        for text in [text, &other] {
            let _ = judged(&mut primed, text, &terms);
        }
    }
    let mut fresh = judge_with(true);
    for text in &all {
        fresh.forget();
        assert_eq!(judged(&mut primed, text, &terms), judged(&mut fresh, text, &terms), "{text}");
    }
}

#[test]
fn point_reads_are_known_by_shape_and_what_looks_into_constants_is_not() {
    let known = |first: &str, second: &str| {
        let (mut judge, terms) = (judge_with(true), read_terms());
        let _ = judged(&mut judge, first, &terms);
        judge.knows_shape(second, &terms)
    };
    assert!(known("SELECT a FROM orders WHERE id = 1", "SELECT a FROM orders WHERE id = 22"));
    assert!(known(
        "SELECT count(*) FROM orders WHERE a = 'x'",
        "SELECT count(*) FROM orders WHERE a = ''"
    ));
    for (first, second) in [
        ("SELECT a FROM orders WHERE id = 1", "SELECT a FROM orders WHERE id = 'x'"),
        ("SELECT a FROM orders WHERE id = 1", "SELECT a FROM orders WHERE id = 12345678901"),
        ("SELECT a FROM orders WHERE id = 1", "SELECT a FROM items WHERE id = 1"),
        ("SELECT '1'::int", "SELECT '2'::int"),
        ("SELECT set_config('jit', 'off', false)", "SELECT set_config('jit', 'on', false)"),
        ("SET work_mem = 1", "SET work_mem = 2"),
        ("EXPLAIN (ANALYZE 0) SELECT 1", "EXPLAIN (ANALYZE 1) SELECT 1"),
        ("SELECT nextval('a')", "SELECT nextval('b')"),
        ("SELECT 1; SELECT 2", "SELECT 3; SELECT 4"),
    ] {
        assert!(!known(first, second), "{second}");
    }
}

#[test]
fn a_vote_that_hangs_on_a_constant_is_not_kept() {
    let terms = write_terms(&["select:public.orders"]);
    let texts = ["00", "1", "000"]
        .map(|number| format!("EXPLAIN (ANALYZE {number}) DELETE FROM public.orders WHERE id = 1"));
    let mut judge = judge_with(true);
    for text in &texts {
        let fresh = judged(&mut judge_with(true), text, &terms);
        assert_eq!(judged(&mut judge, text, &terms), fresh, "{text}");
    }
}

#[test]
fn what_the_grammar_would_not_read_has_no_shape() {
    let terms = read_terms();
    let tests: [(&[u8], bool, bool); 9] = [
        (b"SELECT 1", true, true),
        (b"", true, true),
        (b"SELECT '\x01\x7f'", true, true),
        ("SELECT 'é'".as_bytes(), true, true),
        (b"SELECT '\xe9'", true, false),
        (b"SELECT '\xe9'", false, true),
        (b"SELECT '\0'", true, false),
        ("SELECT 'é\0'".as_bytes(), true, false),
        (b"SELECT '\xe9\0'", false, false),
    ];
    for (text, utf8, has) in tests {
        let case = Case { text, parameter_types: &[], terms: &terms, utf8, wall: 0 };
        let shown = String::from_utf8_lossy(text);
        assert_eq!(super::blind::has_shape(&case), has, "{shown:?} utf8 {utf8}");
    }
    let long = vec![b' '; terms.statement_bytes_max + 1];
    let case = Case { text: &long, parameter_types: &[], terms: &terms, utf8: true, wall: 0 };
    assert!(!super::blind::has_shape(&case));
}
