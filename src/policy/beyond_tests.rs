//! What each kind of scope permits, and what holds of writes.

use super::tests::{judge_with, judged, refused, write_terms};
use super::*;

fn check(scopes: &[&str], cases: &[(&str, Option<&str>)]) {
    let terms = write_terms(scopes);
    check_terms(&terms, cases);
}

fn check_terms(terms: &Terms, cases: &[(&str, Option<&str>)]) {
    let mut judge = judge_with(true);
    for (text, rule) in cases {
        let found = refused(&mut judge, text, terms);
        assert_eq!(found.as_ref().map(|r| r.0), *rule, "{text}: {found:?}");
    }
}

#[test]
fn writes_choose_their_rows() {
    check(
        &["update,delete:public.orders", "delete:public.parent"],
        &[
            ("UPDATE orders SET total = 1", Some("where_required")),
            ("DELETE FROM orders WHERE id = id", Some("where_required")),
            ("PREPARE p AS DELETE FROM orders", Some("where_required")),
            ("UPDATE orders SET total = 1 WHERE id = 1", None),
            // What is not granted comes first.
            ("DELETE FROM items", Some("write_without_scope")),
        ],
    );
}

#[test]
fn inherited_rows_need_scopes_of_their_own() {
    let cases = |rule| {
        [
            ("UPDATE parent SET a = 1 WHERE id = 1", rule),
            ("UPDATE ONLY parent SET a = 1 WHERE id = 1", None),
            ("INSERT INTO parent VALUES (1)", None),
            ("TRUNCATE parent", rule),
            ("TRUNCATE ONLY parent", None),
        ]
    };
    let parent = "insert,update,truncate:public.parent";
    check(&[parent], &cases(Some("write_inherited")));
    check(&[parent, "update,truncate:public.child"], &cases(None));
}

#[test]
fn functions_by_execute() {
    check(
        &["execute:pg_catalog.nextval", "execute:public.f"],
        &[
            ("SELECT nextval('s')", None),
            ("SELECT pg_catalog.nextval('s')", None),
            ("SELECT public.f(1)", None),
            ("SELECT f(1)", None),
            ("CALL public.f(1)", None),
            ("SELECT setval('s', 1)", Some("function")),
            ("SELECT pg_cancel_backend(1)", Some("function")),
            ("SELECT public.reverse('x')", Some("function_user")),
            ("CALL public.reverse('x')", Some("call")),
            ("CALL lower('x')", Some("call")),
            ("INSERT INTO orders VALUES (nextval('s'))", Some("write_without_scope")),
            ("SELECT set_config('role', 'boss', false)", Some("setting")),
        ],
    );
    let dump = "SET TRANSACTION SNAPSHOT '00000003-0000001B-1'";
    check(&["execute:pg_catalog.pg_export_snapshot"], &[(dump, None)]);
    check(&["execute:public.f"], &[(dump, Some("snapshot"))]);
    // A name that another function of the database has too is both of them.
    check(
        &["execute:pg_catalog.reverse"],
        &[
            ("SELECT reverse('x')", Some("function_shadowed")),
            ("SELECT pg_catalog.reverse('x')", None),
        ],
    );
    check(&["execute:public.*"], &[("SELECT reverse('x'), f(1)", None)]);
}

#[test]
fn maintenance_of_named_tables() {
    check(
        &["maintain:public.orders", "maintain:public.totals"],
        &[
            ("VACUUM public.orders", None),
            ("VACUUM (ANALYZE, FULL) orders", None),
            ("ANALYZE orders (id)", None),
            ("REINDEX TABLE CONCURRENTLY public.orders", None),
            ("CLUSTER public.orders USING i", None),
            ("REFRESH MATERIALIZED VIEW public.totals", None),
            ("VACUUM orders, items", Some("maintain")),
            ("VACUUM", Some("maintain")),
            ("ANALYZE", Some("maintain")),
            ("REINDEX DATABASE app", Some("maintain")),
            ("REINDEX SCHEMA public", Some("maintain")),
            ("VACUUM s2.orders", Some("maintain")),
            ("ANALYZE pg_catalog.pg_class", Some("maintain")),
            ("UPDATE orders SET total = 1 WHERE id = 1", Some("write_without_scope")),
        ],
    );
}

#[test]
fn definitions_inside_a_schema() {
    check(
        &["ddl:staging"],
        &[
            ("CREATE TABLE staging.t (a int DEFAULT 1)", None),
            ("CREATE TABLE staging.t AS SELECT * FROM orders", None),
            ("ALTER TABLE staging.t ADD b int", None),
            ("DROP TABLE staging.t", None),
            ("CREATE INDEX i ON staging.t (a)", None),
            ("CREATE VIEW staging.v AS SELECT 1", None),
            ("CREATE TABLE t (a int)", Some("ddl")),
            ("CREATE TABLE public.t (a int)", Some("ddl")),
            ("CREATE TABLE staging.t (a int REFERENCES public.orders)", Some("ddl")),
            ("DROP TABLE staging.t, public.orders", Some("ddl")),
            ("DROP TABLE staging.t CASCADE", Some("ddl")),
            ("ALTER TABLE staging.t OWNER TO boss", Some("ddl")),
            ("CREATE TRIGGER x AFTER INSERT ON staging.t EXECUTE FUNCTION f()", Some("ddl")),
            ("CREATE TABLE staging.t (a int DEFAULT public.f())", Some("function_user")),
            ("CREATE INDEX i ON staging.t (public.f(a))", Some("function_user")),
            ("CREATE TABLE staging.t AS SELECT pg_read_file('x')", Some("function")),
            ("SELECT * INTO staging.t FROM orders", Some("creates")),
            ("CREATE ROLE r", Some("ddl")),
            ("GRANT ALL ON staging.t TO boss", Some("ddl")),
            ("DROP SCHEMA staging", Some("ddl")),
            ("INSERT INTO staging.t VALUES (1)", Some("write_target")),
            (
                "WITH x AS (DELETE FROM orders WHERE id = 1 RETURNING 1) SELECT 1",
                Some("write_without_scope"),
            ),
        ],
    );
}

#[test]
fn reads_narrowed_by_select() {
    let terms = write_terms(&["select:public.orders", "select:s2.only_here"]);
    assert!(!terms.may_write() && terms.narrows_reads());
    check_terms(
        &terms,
        &[
            ("SELECT * FROM public.orders", None),
            ("SELECT * FROM only_here", None),
            ("SELECT * FROM s2.orders", Some("read_narrowed")),
            // It could be either.
            ("SELECT * FROM orders", Some("read_narrowed")),
            ("SELECT * FROM items", Some("read_narrowed")),
            ("SELECT (SELECT count(*) FROM items) FROM public.orders", Some("read_narrowed")),
            ("WITH x AS (SELECT 1) SELECT * FROM x", None),
            ("COPY public.items TO STDOUT", Some("read_narrowed")),
            ("SELECT * FROM pg_catalog.pg_class", None),
            ("SELECT * FROM pg_settings", None),
            ("SELECT * FROM pg_catalog.pg_stats", Some("read_narrowed")),
            ("SELECT 1", None),
            ("INSERT INTO public.orders VALUES (1)", Some("write_without_scope")),
            ("EXPLAIN DELETE FROM items", Some("read_narrowed")),
        ],
    );
}

#[test]
fn rows_that_are_capped_can_be_counted() {
    let mut terms = write_terms(&["update,delete:public.orders", "insert:public.log"]);
    terms.row_caps.rows_written_max = 5;
    let archive = "WITH x AS (DELETE FROM orders WHERE id = 1 RETURNING 1) \
                   INSERT INTO log SELECT 1 FROM x";
    let update = "UPDATE orders SET total = 1 WHERE id = 1";
    check_terms(
        &terms,
        &[
            (update, None),
            (archive, Some("rows_uncounted")),
            ("EXPLAIN ANALYZE DELETE FROM orders WHERE id = 1", Some("rows_uncounted")),
            ("EXPLAIN DELETE FROM orders WHERE id = 1", None),
            (&format!("BEGIN; {update}"), None),
            (&format!("{update}; {update}"), None),
            (&format!("BEGIN; {update}; COMMIT"), None),
            (&format!("COMMIT AND CHAIN; {update}"), None),
            ("EXECUTE p; COMMIT", None),
            ("BEGIN; SELECT 1; COMMIT", None),
        ],
    );
    terms.row_caps.rows_written_max = 0;
    check_terms(&terms, &[(archive, None), (&format!("BEGIN; {update}; COMMIT"), None)]);
}

#[test]
fn the_hint_of_every_kind_is_a_scope_that_permits() {
    let mut judge = judge_with(true);
    // A read grant has no path that unqualified names are looked for along.
    let terms = super::Terms { write_path: [].into(), ..super::tests::read_terms() };
    for text in [
        "UPDATE orders SET total = 1 WHERE id = 1",
        "VACUUM orders",
        "CREATE TABLE staging.t (a int)",
        "SELECT nextval('s')",
        "SELECT public.f(1)",
        "CALL public.f(1)",
        "SELECT * FROM orders FOR UPDATE",
    ] {
        let judgement = judged(&mut judge, text, &terms);
        let Verdict::Refuse(refusal) = &judgement.verdict else { panic!("{text} passed") };
        let hint = refusal.hint.as_deref().unwrap_or_default();
        let scopes: Vec<&str> = hint
            .split("--scope ")
            .skip(1)
            .map(|rest| rest.split(' ').next().unwrap_or_default().trim_matches('"'))
            .collect();
        assert!(!scopes.is_empty(), "{text}: {hint}");
        let granted = write_terms(&scopes);
        assert_eq!(refused(&mut judge, text, &granted), None, "{text}: {hint}");
    }
}
