//! A verdict by shape is the verdict that the text itself gets.

use proptest::prelude::*;

use super::tests::{judge_with, judged, read_terms, write_terms};

use crate::sql::lex::{Kind, Lexer};

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
