//! PL/pgSQL bodies cut into the SQL that they run.

use crate::sql::plpgsql::{Unreadable, texts};

fn shown(body: &str) -> String {
    match texts(body) {
        Ok(texts) => texts.join(" | "),
        Err(error) => format!("{error:?}"),
    }
}

#[test]
fn every_expression_and_statement_is_cut_out() {
    for (body, expected) in [
        ("BEGIN RETURN 1; END", "SELECT 1"),
        ("BEGIN NULL; END;", ""),
        (
            "DECLARE n int := f(1); c CONSTANT text COLLATE \"C\" NOT NULL DEFAULT 'x;y'; \
             r t%ROWTYPE; v s.t.col%TYPE; w n%TYPE; a ALIAS FOR $1; \
             k NO SCROLL CURSOR (p int, q text) FOR SELECT * FROM t WHERE a = p; \
             BEGIN END",
            "SELECT NULL::int | SELECT f(1) | SELECT NULL::text | SELECT 'x;y' | \
             SELECT NULL::t | SELECT NULL::s.t | SELECT NULL::int | SELECT NULL::text | \
             SELECT * FROM t WHERE a = p",
        ),
        (
            "BEGIN IF a > 1 THEN x := g(); ELSIF b THEN y = 2; ELSE PERFORM h(1); END IF; END",
            "SELECT a > 1 | SELECT x | SELECT g() | SELECT b | SELECT y | SELECT 2 | SELECT h(1)",
        ),
        (
            "<<outer>> BEGIN SELECT a, b INTO STRICT x, r.y FROM t WHERE c; \
             SELECT INTO x count(*) FROM u; a[f(1)].b := 3; END outer",
            "SELECT a, b FROM t WHERE c | SELECT count(*) FROM u | SELECT a[f(1)].b | SELECT 3",
        ),
        (
            "BEGIN FOR i IN REVERSE 1..g(2) BY 2 LOOP EXIT WHEN i > 3; END LOOP; \
             FOR r IN SELECT * FROM t LOOP RETURN NEXT r; END LOOP; \
             FOR r IN k(1, 2) LOOP CONTINUE; END LOOP; FOR r IN k LOOP NULL; END LOOP; \
             FOREACH x SLICE 1 IN ARRAY a() LOOP NULL; END LOOP; \
             WHILE w() LOOP NULL; END LOOP; LOOP EXIT; END LOOP; END",
            "SELECT 1 | SELECT g(2) | SELECT 2 | SELECT i > 3 | SELECT * FROM t | SELECT r | \
             SELECT pg_catalog.num_nulls(1, 2) | SELECT a() | SELECT w()",
        ),
        (
            "BEGIN CASE x WHEN 1, f() THEN NULL; ELSE RAISE NOTICE 'a % b', g() USING hint = h(); END CASE; \
             RAISE EXCEPTION USING errcode = 'x', message = m(); RAISE division_by_zero; RAISE; \
             GET STACKED DIAGNOSTICS t = MESSAGE_TEXT; \
             EXCEPTION WHEN unique_violation OR SQLSTATE '22012' THEN RETURN; END",
            "SELECT x | SELECT NULL IN (1, f()) | SELECT 'a % b', g() | SELECT h() | SELECT 'x' | SELECT m()",
        ),
        (
            "BEGIN OPEN c FOR SELECT f(); FETCH NEXT FROM c INTO x; MOVE c; CLOSE c; \
             OPEN c(2); RETURN QUERY SELECT 1; END",
            "SELECT f() | SELECT pg_catalog.num_nulls(2) | SELECT 1",
        ),
        (
            "#variable_conflict use_column\nBEGIN INSERT INTO t VALUES (1) RETURNING a INTO x; \
             DELETE FROM t; COMMIT; CALL p(1); END",
            "INSERT INTO t VALUES (1) RETURNING a | DELETE FROM t | COMMIT | CALL p(1)",
        ),
        (
            "BEGIN IF (SELECT CASE WHEN a THEN 1 END) THEN NULL; END IF; END",
            "SELECT (SELECT CASE WHEN a THEN 1 END)",
        ),
    ] {
        assert_eq!(shown(body), expected, "{body}");
    }
}

#[test]
fn what_has_no_text_is_an_error() {
    for (body, error) in [
        ("BEGIN EXECUTE 'DROP TABLE t'; END", Unreadable::Dynamic),
        ("BEGIN RETURN QUERY EXECUTE q; END", Unreadable::Dynamic),
        ("BEGIN FOR r IN EXECUTE q LOOP NULL; END LOOP; END", Unreadable::Dynamic),
        ("BEGIN OPEN c FOR EXECUTE q; END", Unreadable::Dynamic),
        ("BEGIN RETURN 1 END", Unreadable::Grammar),
        ("BEGIN RETURN 1; END; DELETE FROM t;", Unreadable::Grammar),
        ("BEGIN RETURN 'x; END", Unreadable::Grammar),
        ("SELECT 1", Unreadable::Grammar),
        ("", Unreadable::Grammar),
        ("BEGIN FETCH ABSOLUTE f() FROM c INTO x; END", Unreadable::Grammar),
        ("BEGIN x := 1, END", Unreadable::Grammar),
    ] {
        assert_eq!(texts(body), Err(error), "{body}");
    }
    let deep = format!("{}{}", "BEGIN ".repeat(1_000), "END; ".repeat(1_000));
    assert_eq!(texts(&deep), Err(Unreadable::Depth));
}
