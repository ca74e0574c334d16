//! SQL that stands in a statement as a constant, and runs.

use crate::sql::facts::Name;
use crate::sql::{Limits, read};

#[test]
fn texts_that_a_call_runs_are_read_where_they_are_constants() {
    let facts = |text: &str| {
        read(text.as_bytes(), true, &Limits::default()).expect(text).statements.remove(0)
    };
    // text, whether every such text was read, relations
    for (text, told, reads) in [
        ("SELECT * FROM ts_stat('SELECT v FROM docs')", true, "docs"),
        ("SELECT ts_stat('SELECT f(a) FROM s.t')", true, "s.t"),
        ("SELECT ts_stat('SELECT 1'::text)", true, ""),
        ("SELECT ts_stat('VALUES (1)')", true, ""),
        ("SELECT ts_stat($1)", false, ""),
        ("SELECT ts_stat('SEL' || 'ECT 1')", false, ""),
        ("SELECT ts_stat('DELETE FROM t')", false, ""),
        ("SELECT ts_stat('SELECT 1; SELECT 2')", false, ""),
        ("SELECT ts_stat('SELECT * INTO n FROM t')", false, ""),
        ("SELECT ts_stat('SELECT * FROM t FOR UPDATE')", false, ""),
        ("SELECT ts_stat('WITH d AS (DELETE FROM t RETURNING *) TABLE d')", false, ""),
        ("SELECT ts_stat('SELECT 1 END; DELETE FROM t')", false, ""),
        ("SELECT ts_stat('')", false, ""),
        ("SELECT ts_stat(query => 'SELECT 1')", false, ""),
        ("SELECT ts_stat('SELECT 1'), ts_stat(x) FROM a", false, "a"),
        ("SELECT ts_stat($$SELECT ts_stat('TABLE t')$$)", true, "t"),
        ("SELECT ts_stat($a$SELECT ts_stat($b$SELECT ts_stat('TABLE t')$b$)$a$)", false, ""),
        (
            "SELECT * FROM crosstab('SELECT a, b, c FROM s.t ORDER BY 1') AS c(x int, y int)",
            true,
            "s.t",
        ),
        (
            "SELECT * FROM crosstab('SELECT a, b, c FROM t', 'SELECT d FROM u') AS c(x int)",
            true,
            "t u",
        ),
        ("SELECT query_to_xml('SELECT 1', true, true, '')", false, ""),
        ("SELECT table_to_xml('t', true, true, '')", false, ""),
        ("SELECT * FROM crosstab('SELECT a, b, c FROM t', 3) AS c(x int)", true, "t"),
        ("SELECT * FROM crosstab('SELECT a, b, c FROM t', $1) AS c(x int)", false, "t"),
        ("SELECT ts_rewrite(a, b, c) FROM t", true, "t"),
        ("SELECT ts_rewrite(a, 'SELECT x, y FROM u') FROM t", true, "t u"),
        ("SELECT ts_rewrite(a, b) FROM t", false, "t"),
        ("SELECT pg_input_is_valid(x, 'numeric(10,2)') FROM t", true, "t"),
        ("SELECT pg_input_is_valid(x, 's.dom[]') FROM t", true, "t"),
        ("SELECT pg_input_is_valid(x, y) FROM t", false, "t"),
        ("SELECT pg_input_is_valid(x, 'int, f(1), ''a''::s.dom') FROM t", false, "t"),
        ("SELECT * FROM pg_input_error_info('x', 'timestamp with time zone')", true, ""),
    ] {
        let found = facts(text);
        assert_eq!(!found.texts.is_empty(), told, "{text}: {found:?}");
        let named: Vec<String> = found.reads.iter().map(ToString::to_string).collect();
        assert_eq!(named.join(" "), reads, "{text}");
    }
    let inner = facts("SELECT ts_stat('SELECT s.f(a::dom) # set_config(''x.y'', ''1'', true)')");
    assert!(inner.calls.contains(&Name::qualified("s", "f")));
    assert!(inner.types.contains(&Name::bare("dom")) && inner.operators.contains(&Name::bare("#")));
    assert_eq!(inner.settings.len(), 1);
}
