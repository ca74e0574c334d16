//! Which conditions choose among a table's rows, and what a command tag counts.

use super::facts;

fn unrestricted(text: &str) -> bool {
    facts(text).statements.iter().any(|statement| statement.unrestricted)
}

#[test]
fn conditions_that_choose_nothing_are_seen_through() {
    for condition in [
        "true",
        "1 = 1",
        "1 <> 2",
        "'t'::bool",
        "'t'",
        "NOT false",
        "NOT (NOT true)",
        "NOT (false OR false)",
        "NOT (id <> id)",
        "id = id",
        "t.id = id",
        "id >= id",
        "id IS NOT DISTINCT FROM id",
        "id = id + 0",
        "id > id - 1",
        "name || '' = name",
        "id::text = id::text",
        "(id, name) = (id, name)",
        "id IS NOT NULL OR true",
        "true OR id = 1",
        "id = 1 OR 1 = 1",
        "id IS NULL OR id IS NOT NULL",
        "id = 1 OR id <> 1",
        "id < 5 OR id >= 5",
        "id = 1 OR NOT id = 1",
        "id = id AND true",
        "(id = id) = true",
        "(id = id) IS TRUE",
        "(id = 1) IS NOT UNKNOWN",
        "(id = 1) IS NOT NULL",
        "false IS FALSE",
        "coalesce(true)",
        "coalesce(NULL, true)",
        "coalesce(NULL, id = id)",
        "coalesce(id, 1) = coalesce(id, 1)",
        "CASE WHEN id > 0 THEN true ELSE true END",
        "CASE WHEN true THEN true END IS NOT FALSE",
        "EXISTS (SELECT 1)",
        "EXISTS (SELECT 1 FROM other)",
        "NOT EXISTS (SELECT 1)",
        "id IN (SELECT id FROM t)",
        "(SELECT true)",
        "1 IN (1)",
        "1 IN (1, 2)",
        "id IN (id, 3)",
        "id BETWEEN id AND id",
        "id = ANY (ARRAY[id, 1])",
        "name LIKE '%'",
        "name ILIKE '%%'",
        "name SIMILAR TO '%'",
        "name ~ '.*'",
        "name ~ ''",
        "now() > '2000-01-01'",
        "$1",
        "$1 = 1",
        "current_user = 'alice'",
        "random() < 2",
    ] {
        for text in [
            format!("DELETE FROM t WHERE {condition}"),
            format!("UPDATE t SET a = 1 WHERE {condition}"),
            format!("WITH w AS (DELETE FROM t WHERE {condition} RETURNING 1) SELECT 1"),
        ] {
            assert!(unrestricted(&text), "{text}");
        }
    }
    for text in [
        "DELETE FROM t",
        "UPDATE t SET a = 1",
        "DELETE FROM t USING other",
        "DELETE FROM t USING other WHERE other.id = 1",
        "UPDATE t SET a = 1 FROM other o WHERE o.id = 1",
        "DELETE FROM t x WHERE x.id = x.id",
        "DELETE FROM t USING (SELECT 1) empty WHERE true",
    ] {
        assert!(unrestricted(text), "{text}");
    }
}

#[test]
fn conditions_that_choose_pass() {
    for condition in [
        "id = 1",
        "id = $1",
        "id IN (1, 2)",
        "id IN (SELECT other_id FROM other)",
        "id IN (SELECT id FROM t WHERE a = 1)",
        "id IN (SELECT id FROM t LIMIT 10)",
        "id = ANY ($1)",
        "(id, name) IN (SELECT a, b FROM other)",
        "EXISTS (SELECT 1 FROM other o WHERE o.id = t.id)",
        "id IS NULL",
        "id IS NOT NULL",
        "NOT done",
        "done",
        "name LIKE 'a%'",
        "name NOT LIKE '%'",
        "name <> lower(name)",
        "created_at < now() - interval '30 days'",
        "id = 1 OR id = 2",
        "id < 5 OR id > 7",
        "id = 1 AND true",
        "true AND id = 1",
        "NOT (id = 1)",
        "false",
        "CURRENT OF c",
        "ctid = '(0,1)'",
        "coalesce(deleted, false)",
        "CASE WHEN id > 0 THEN true ELSE false END",
        "CASE id WHEN 1 THEN true END",
        "data ->> 'x' IS NOT NULL",
        "data @> '{\"a\": 1}'",
        "(t.data).f = 1",
        "id > -1",
    ] {
        let text = format!("DELETE FROM t WHERE {condition}");
        assert!(!unrestricted(&text), "{text}");
    }
    for text in [
        "UPDATE t SET a = 1 FROM other o WHERE o.id = t.id",
        "DELETE FROM s.t USING other WHERE other.id = t.other_id",
        "UPDATE t AS x SET a = 1 FROM other o WHERE o.id = x.id",
        "INSERT INTO t VALUES (1)",
        "EXPLAIN DELETE FROM t",
        "TRUNCATE t",
    ] {
        assert!(!unrestricted(text), "{text}");
    }
}

#[test]
fn long_conditions_are_looked_through_in_time() {
    let parts: Vec<String> = (0..5_000).map(|n| format!("id = {n}")).collect();
    assert!(!unrestricted(&format!("DELETE FROM t WHERE {}", parts.join(" OR "))));
    assert!(!unrestricted(&format!("DELETE FROM t WHERE {}", parts.join(" AND "))));
}

#[test]
fn what_the_tag_does_not_count_is_known() {
    for (text, expected) in [
        ("INSERT INTO t VALUES (1)", false),
        ("UPDATE t SET a = 1 WHERE id = 1", false),
        ("COPY t FROM STDIN", false),
        ("COPY (DELETE FROM t WHERE id = 1 RETURNING 1) TO STDOUT", false),
        ("PREPARE p AS DELETE FROM t WHERE id = 1", false),
        ("TRUNCATE t", false),
        ("SELECT 1", false),
        ("EXPLAIN DELETE FROM t", false),
        ("MERGE INTO t USING u ON t.id = u.id WHEN MATCHED THEN DELETE", false),
        ("EXPLAIN ANALYZE DELETE FROM t WHERE id = 1", true),
        ("WITH d AS (DELETE FROM t WHERE id = 1 RETURNING 1) SELECT 1", true),
        ("WITH d AS (DELETE FROM t WHERE id = 1 RETURNING 1) INSERT INTO u SELECT 1", true),
        ("COPY (WITH d AS (DELETE FROM t WHERE id = 1 RETURNING 1) SELECT 1) TO STDOUT", true),
        ("PREPARE p AS WITH d AS (DELETE FROM t WHERE id = 1 RETURNING 1) SELECT 1", true),
    ] {
        let uncounted = facts(text).statements.iter().any(|statement| statement.uncounted);
        assert_eq!(uncounted, expected, "{text}");
    }
}

#[test]
fn a_parameter_is_seen_wherever_it_stands() {
    for (text, expected) in [
        ("UPDATE t SET a = $1", true),
        ("DELETE FROM t WHERE id IN (SELECT id FROM u WHERE a = $2)", true),
        ("INSERT INTO t SELECT f($1::int)", true),
        ("EXECUTE p ($1)", true),
        ("UPDATE t SET a = '$1' WHERE id = 1 -- $1", false),
        ("UPDATE t SET a = $$ $1 $$", false),
        ("UPDATE t SET a$1 = 1", false),
    ] {
        let found = facts(text).statements.iter().any(|statement| statement.parameters);
        assert_eq!(found, expected, "{text}");
    }
}
