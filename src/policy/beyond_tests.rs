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

/// The scopes of the command in a HINT.
fn scopes_of(hint: &str) -> Vec<&str> {
    let words = hint.split("--scope ").skip(1);
    words.map(|rest| rest.split(' ').next().unwrap_or_default().trim_matches('"')).collect()
}

#[test]
fn the_hint_of_every_kind_is_a_scope_that_permits() {
    let mut judge = judge_with(true);
    // A read grant has no path that unqualified names are looked for along.
    let read = super::Terms { write_path: [].into(), ..super::tests::read_terms() };
    let other = write_terms(&["insert:s2.t"]);
    for (text, again) in [
        ("UPDATE orders SET total = 1 WHERE id = 1", ""),
        ("TRUNCATE items, s2.only_here", ""),
        ("MERGE INTO orders o USING items i ON o.id = i.id WHEN MATCHED THEN DELETE", ""),
        ("COPY items FROM STDIN", ""),
        ("VACUUM orders", ""),
        ("ANALYZE items, orders", ""),
        ("REFRESH MATERIALIZED VIEW mv", ""),
        ("VACUUM", "VACUUM public.orders"),
        ("REINDEX DATABASE app", "REINDEX TABLE public.orders"),
        ("CREATE TABLE staging.t (a int)", ""),
        ("CREATE TABLE staging.t AS SELECT 1 AS a", ""),
        ("CREATE TABLE t (a int)", "CREATE TABLE public.t (a int)"),
        ("DROP TABLE items", "DROP TABLE public.items"),
        ("CREATE INDEX ON items (id)", "CREATE INDEX ON public.items (id)"),
        ("SELECT nextval('s')", ""),
        ("SELECT public.f(1)", ""),
        ("CALL public.f(1)", ""),
        ("CALL f(1)", ""),
        ("SELECT * FROM orders FOR UPDATE", ""),
        ("SELECT * FROM orders o, items i FOR SHARE", ""),
        ("SELECT * FROM orders o, items i FOR SHARE OF i", ""),
        ("LOCK TABLE items, orders", ""),
        ("LOCK TABLE items IN ROW EXCLUSIVE MODE", ""),
        ("SET TRANSACTION SNAPSHOT '00000003-0000001B-1'", ""),
    ] {
        for terms in [&read, &other] {
            let judgement = judged(&mut judge, text, terms);
            let Verdict::Refuse(refusal) = &judgement.verdict else { panic!("{text} passed") };
            let hint = refusal.hint.as_deref().unwrap_or_default();
            let scopes = scopes_of(hint);
            assert!(!scopes.is_empty(), "{text}: {hint}");
            // What is refused first is named with its schema.
            let mut schemas = scopes.iter().filter_map(|scope| scope.split([':', '.']).nth(1));
            let told = schemas.any(|schema| refusal.message.contains(schema));
            let calls = scopes[0].starts_with("execute:pg_catalog");
            assert!(told || calls || hint.starts_with("Name each"), "{}", refusal.message);
            let again = if again.is_empty() { text } else { again };
            assert!(again == text || hint.contains(again) || hint.starts_with("Write "), "{hint}");
            let granted = write_terms(&scopes);
            assert_eq!(refused(&mut judge, again, &granted), None, "{text}: {hint}");
        }
    }
}

#[test]
fn the_hint_says_where_no_scope_permits() {
    let mut judge = judge_with(true);
    let read = super::Terms { write_path: [].into(), ..super::tests::read_terms() };
    let other = write_terms(&["insert:s2.t", "ddl:public"]);
    for (text, message, hint) in [
        (
            "UPDATE open_orders SET a = 1 WHERE a = 2",
            "public.open_orders refused: it is a view",
            "the tables that the view shows",
        ),
        ("DELETE FROM pg_class", "its schema cannot be written", "ask a DBA"),
        ("INSERT INTO public.remote VALUES (1)", "it is a foreign table", "ask a DBA"),
        ("UPDATE nothing SET a = 1", "nothing refused: no such table", "schema.table"),
        (
            "SELECT * FROM open_orders FOR UPDATE",
            "public.open_orders refused: it is a view",
            "no scope permits",
        ),
        ("SELECT * FROM pg_class FOR UPDATE", "its schema cannot be written", "no scope permits"),
        (
            "SELECT * FROM orders, open_orders FOR UPDATE",
            "public.open_orders refused: it is a view",
            "no scope permits",
        ),
        ("SELECT 1 FOR UPDATE", "refused", "name the table"),
        ("LOCK TABLE open_orders", "public.open_orders IN ACCESS EXCLUSIVE", "no scope permits"),
        ("VACUUM open_orders", "public.open_orders refused: it is neither a table", "Name a table"),
        ("VACUUM nothing", "no such relation", "Check its name"),
        ("CREATE TABLE nowhere.t (a int)", "there is no schema", "Check its name"),
        ("CREATE TABLE pg_catalog.t (a int)", "no grant permits it", "DBA"),
        ("CREATE TEMP TABLE t (a int)", "no grant permits it", "use WITH"),
        ("CREATE SCHEMA s", "no grant permits it", "DBA"),
        ("SELECT 1 AS a INTO t", "SELECT INTO", "ddl scope"),
        ("GRANT SELECT ON orders TO x", "no grant permits it", "DBA"),
        ("CALL nothing()", "no such procedure is known", "Check its name"),
        ("DO $$ BEGIN END $$", "no grant permits it", "Send the statements themselves"),
        ("ALTER SYSTEM SET work_mem = 1", "no grant permits it", "DBA"),
        ("NOTIFY x", "no grant permits it", "connection of the application"),
        ("COPY orders TO '/x'", "no grant permits it", "STDOUT"),
        ("PREPARE TRANSACTION 'x'", "no grant permits it", "COMMIT"),
        ("SET ROLE x", "keeps the role", "No grant allows it"),
        ("SET log_statement = 'all'", "not on the list", "SHOW log_statement"),
        ("SELECT query_to_xml('x', true, true, '')", "it runs SQL", "No grant allows it"),
    ] {
        for terms in [&read, &other] {
            let judgement = judged(&mut judge, text, terms);
            let Verdict::Refuse(refusal) = &judgement.verdict else { panic!("{text} passed") };
            let told = refusal.hint.as_deref().unwrap_or_default();
            assert!(refusal.message.contains(message), "{text}: {}", refusal.message);
            assert!(told.contains(hint) && !told.contains("--scope"), "{text}: {told}");
        }
    }
    // What only lacks its schema.
    let judgement = judged(&mut judge, "DROP TABLE items", &other);
    let Verdict::Refuse(refusal) = &judgement.verdict else { panic!("passed") };
    assert_eq!(refusal.hint.as_deref(), Some("Write public.items."));
}

#[test]
fn narrowed_reads_name_every_scope_that_they_need() {
    let mut judge = judge_with(true);
    let terms = write_terms(&["select:public.orders"]);
    for (text, hint) in [
        (
            "SELECT * FROM items, only_here",
            "--scope select:public.items --scope select:s2.only_here",
        ),
        // It could be either.
        ("SELECT * FROM orders", "Write public.orders, or: "),
        ("SELECT * FROM t", "--scope select:s2.t"),
        ("SELECT * FROM pg_stats", "without select scopes"),
        ("SELECT * FROM pg_stats, items", "without select scopes"),
    ] {
        let judgement = judged(&mut judge, text, &terms);
        let Verdict::Refuse(refusal) = &judgement.verdict else { panic!("{text} passed") };
        let told = refusal.hint.as_deref().unwrap_or_default();
        assert!(told.contains(hint), "{text}: {told}");
        let scopes = [&scopes_of(told)[..], &["select:public.orders"]].concat();
        if scopes.len() > 1 {
            assert_eq!(refused(&mut judge, text, &write_terms(&scopes)), None, "{text}: {told}");
        }
    }
}
