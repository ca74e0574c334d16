//! Which DDL stays with the objects that it names.

use super::facts;

#[test]
fn ddl_has_names_or_may_reach_further() {
    for (text, names) in [
        (
            "CREATE TABLE s.t (id serial PRIMARY KEY, n text NOT NULL DEFAULT 'x' CHECK (n <> ''))",
            Some("s.t"),
        ),
        ("CREATE TABLE IF NOT EXISTS s.t (a int REFERENCES o.p (id))", Some("s.t o.p")),
        ("CREATE TABLE s.t (a int, FOREIGN KEY (a) REFERENCES p)", Some("s.t p")),
        ("CREATE TABLE s.t (LIKE o.p INCLUDING ALL)", Some("s.t")),
        ("CREATE TABLE s.t () INHERITS (o.p)", Some("s.t o.p")),
        ("CREATE TABLE s.t PARTITION OF o.p FOR VALUES IN (1)", Some("s.t o.p")),
        ("CREATE TABLE t (a int)", Some("t")),
        ("CREATE TEMP TABLE t (a int)", None),
        ("CREATE TABLE s.t (a int) TABLESPACE fast", None),
        ("CREATE TABLE s.t AS SELECT 1", Some("s.t")),
        ("CREATE MATERIALIZED VIEW s.m AS SELECT 1", Some("s.m")),
        ("ALTER TABLE s.t ADD COLUMN b int DEFAULT 1", Some("s.t")),
        ("ALTER TABLE s.t DROP COLUMN b", Some("s.t")),
        ("ALTER TABLE s.t DROP COLUMN b CASCADE", None),
        ("ALTER TABLE s.t ALTER b TYPE bigint USING b::bigint", Some("s.t")),
        ("ALTER TABLE s.t ADD CONSTRAINT c CHECK (a > 0) NOT VALID", Some("s.t")),
        ("ALTER TABLE s.t VALIDATE CONSTRAINT c", Some("s.t")),
        ("ALTER TABLE s.t RENAME TO u", Some("s.t")),
        ("ALTER TABLE s.t RENAME COLUMN a TO b", Some("s.t")),
        ("ALTER TABLE s.t SET SCHEMA o", None),
        ("ALTER TABLE s.t OWNER TO boss", None),
        ("ALTER TABLE s.t DISABLE TRIGGER ALL", None),
        ("ALTER TABLE s.t DISABLE ROW LEVEL SECURITY", None),
        ("ALTER TABLE s.t SET TABLESPACE fast", None),
        ("ALTER TABLE o.p ATTACH PARTITION s.t FOR VALUES IN (1)", None),
        ("ALTER TABLE s.t INHERIT o.p", None),
        ("CREATE INDEX CONCURRENTLY i ON s.t (lower(n)) WHERE n <> ''", Some("s.t")),
        ("CREATE INDEX i ON s.t USING evil (n)", None),
        ("CREATE INDEX i ON s.t (n evil_ops)", None),
        ("DROP TABLE s.t, s.u", Some("s.t s.u")),
        ("DROP TABLE s.t CASCADE", None),
        ("DROP INDEX s.i", Some("s.i")),
        ("DROP FUNCTION s.f(int)", Some("s.f")),
        ("DROP TYPE s.mood", Some("s.mood")),
        ("DROP SCHEMA s", None),
        ("DROP EXTENSION hstore", None),
        ("DROP TRIGGER x ON s.t", None),
        ("CREATE VIEW s.v AS SELECT 1", Some("s.v")),
        ("CREATE SEQUENCE s.q OWNED BY s.t.id", Some("s.q s.t")),
        ("ALTER SEQUENCE s.q RESTART WITH 5", Some("s.q")),
        ("CREATE TYPE s.mood AS ENUM ('a')", Some("s.mood")),
        ("ALTER TYPE s.mood ADD VALUE 'b'", Some("s.mood")),
        ("CREATE TYPE s.pair AS (a int, b int)", Some("s.pair")),
        ("COMMENT ON TABLE s.t IS 'x'", Some("s.t")),
        ("COMMENT ON COLUMN s.t.a IS 'x'", Some("s.t")),
        ("COMMENT ON ROLE boss IS 'x'", None),
        ("CREATE FUNCTION s.f() RETURNS int LANGUAGE sql AS 'SELECT 1'", Some("s.f")),
        (
            "CREATE FUNCTION s.f() RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN END'",
            Some("s.f"),
        ),
        ("CREATE OR REPLACE FUNCTION s.f() RETURNS int LANGUAGE sql AS 'SELECT 1'", None),
        ("CREATE FUNCTION s.f() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'", None),
        ("CREATE FUNCTION s.f() RETURNS int LANGUAGE plpython3u AS 'x'", None),
        ("CREATE FUNCTION s.f() RETURNS int LANGUAGE c AS 'x'", None),
        ("CREATE FUNCTION s.f() RETURNS int LANGUAGE sql SET search_path = x AS 'SELECT 1'", None),
        ("CREATE TRIGGER x AFTER INSERT ON s.t EXECUTE FUNCTION s.f()", None),
        ("CREATE RULE r AS ON INSERT TO s.t DO INSTEAD NOTHING", None),
        ("CREATE POLICY p ON s.t", None),
        ("CREATE EVENT TRIGGER e ON ddl_command_start EXECUTE FUNCTION s.f()", None),
        ("CREATE ROLE r", None),
        ("CREATE DATABASE d", None),
        ("CREATE SCHEMA s", None),
        ("CREATE EXTENSION hstore SCHEMA s", None),
        ("CREATE CAST (s.a AS s.b) WITHOUT FUNCTION", None),
        ("CREATE OPERATOR s.= (FUNCTION = s.f, LEFTARG = int, RIGHTARG = int)", None),
        ("CREATE AGGREGATE s.a (int) (SFUNC = s.f, STYPE = int)", None),
        ("GRANT SELECT ON s.t TO boss", None),
        ("REASSIGN OWNED BY a TO b", None),
        ("SELECT 1 INTO s.t", None),
    ] {
        let found = facts(text).statements.remove(0).defines;
        let found = found.map(|all| {
            let all: Vec<String> = all.iter().map(ToString::to_string).collect();
            all.join(" ")
        });
        assert_eq!(found.as_deref(), names, "{text}");
    }
}
