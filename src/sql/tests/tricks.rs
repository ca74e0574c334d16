//! What has fooled readers of SQL: SECURITY.md's lists of ways out of read-only, and the
//! differences between parsers.

use super::{check, facts, summaries};

#[test]
fn ways_out_of_read_only() {
    check(&[
        (
            "SET default_transaction_read_only=off",
            "SET Set settings=default_transaction_read_only:=off",
        ),
        (
            "SET TRANSACTION READ WRITE; INSERT INTO t VALUES (1)",
            "SET SetTransaction { access: ReadWrite, session: false, snapshot: false }; INSERT Write writes=insert:t",
        ),
        ("SET transaction_read_only=off", "SET Set settings=transaction_read_only:=off"),
        (
            "SET LOCAL transaction_read_only TO false",
            "SET Set settings=transaction_read_only:=false(local)",
        ),
        ("BEGIN READ WRITE", "BEGIN Begin(ReadWrite)"),
        ("START TRANSACTION READ ONLY, READ WRITE", "START TRANSACTION Begin(ReadWrite)"),
        ("BEGIN READ WRITE, READ ONLY", "BEGIN Begin(ReadOnly)"),
        ("BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE", "BEGIN Begin(ReadOnly)"),
        (
            "COMMIT; BEGIN; ROLLBACK AND CHAIN; COMMIT AND CHAIN; END; ABORT",
            "COMMIT Commit { chain: false }; BEGIN Begin(Unsaid); ROLLBACK Rollback { chain: true }; COMMIT Commit { chain: true }; COMMIT Commit { chain: false }; ROLLBACK Rollback { chain: false }",
        ),
        (
            "SELECT set_config('default_transaction_read_only','off',false)",
            "SELECT Read calls=set_config settings=default_transaction_read_only:=off(function)",
        ),
        (
            "WITH x AS (SELECT set_config('default_'||'transaction_read_only','off',false)) SELECT * FROM x",
            "SELECT Read calls=set_config settings=?:=off(function)",
        ),
        (
            "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
            "SET SetTransaction { access: ReadWrite, session: true, snapshot: false }",
        ),
        (
            "SET TRANSACTION SNAPSHOT '1'",
            "SET SetTransaction { access: Unsaid, session: false, snapshot: true }",
        ),
        ("DO $$ begin end $$", "DO Do"),
        ("CALL p(f())", "CALL Call calls=f,p"),
        (
            "PREPARE p AS INSERT INTO t VALUES (1)",
            "PREPARE Prepare { name: \"p\", write: true } writes=insert:t",
        ),
        (
            "PREPARE p(s.dom) AS SELECT $1",
            "PREPARE Prepare { name: \"p\", write: false } types=s.dom",
        ),
        (
            "PREPARE p AS SELECT INTO x FROM t",
            "PREPARE Prepare { name: \"p\", write: true } reads=t creates=SELECT INTO",
        ),
        ("EXECUTE p(f(1))", "EXECUTE Execute { name: \"p\", analyzed: false } calls=f"),
        (
            "RESET ALL; DISCARD ALL; DISCARD TEMP",
            "RESET ResetAll; DISCARD ALL Discard { what: \"ALL\" }; DISCARD TEMP Discard { what: \"TEMP\" }",
        ),
        ("SET ROLE postgres", "SET SetIdentity settings=role:=postgres"),
        ("SET \"Role\" = 'x'", "SET SetIdentity settings=role:=x"),
        (
            "SET SESSION AUTHORIZATION DEFAULT",
            "SET SetIdentity settings=session_authorization:reset",
        ),
        ("RESET ROLE", "RESET SetIdentity settings=role:reset"),
        (
            "SELECT set_config('Role', 'x', true)",
            "SELECT Read calls=set_config settings=role:=x(function)",
        ),
    ]);
}

#[test]
fn settings_are_told_as_far_as_constants_go() {
    check(&[
        ("SET search_path TO a, \"B c\"", "SET Set settings=search_path:=a, B c"),
        ("SET SCHEMA 'x'", "SET Set settings=search_path:=x"),
        ("SET NAMES 'latin1'", "SET Set settings=client_encoding:=latin1"),
        ("SET TIME ZONE 'UTC'", "SET Set settings=timezone:=UTC"),
        ("SET TIME ZONE INTERVAL '1' HOUR TO MINUTE", "SET Set settings=timezone:=?"),
        ("SET x = DEFAULT", "SET Set settings=x:reset"),
        ("SET TIME ZONE LOCAL", "SET Set settings=timezone:reset"),
        ("SET x FROM CURRENT", "SET Set settings=x:=?"),
        ("SET statement_timeout = -1.5", "SET Set settings=statement_timeout:=-1.5"),
        ("RESET Statement_Timeout", "RESET Set settings=statement_timeout:reset"),
        ("SET CONSTRAINTS ALL DEFERRED", "SET CONSTRAINTS Set"),
        ("SHOW ALL", "SHOW Show"),
        (
            "SELECT pg_catalog.set_config('search_path'::text, '', false)",
            "SELECT Read calls=pg_catalog.set_config types=text settings=search_path:=(function)",
        ),
        (
            "SELECT set_config('a', NULL, false)",
            "SELECT Read calls=set_config settings=a:reset(function)",
        ),
        (
            "SELECT set_config('a', current_user, false)",
            "SELECT Read calls=set_config settings=a:=?(function)",
        ),
        (
            "SELECT set_config(setting_name => 'a', new_value => 'b', is_local => true)",
            "SELECT Read calls=set_config settings=?:=?(function)",
        ),
        (
            "SELECT set_config(VARIADIC array['a','b'])",
            "SELECT Read calls=set_config settings=?:=?(function)",
        ),
        (
            "SELECT set_config('a'::dom, 'b', false)",
            "SELECT Read calls=set_config types=dom settings=?:=b(function)",
        ),
        (
            "SELECT set_config(name, 'view, foreign-table', false) FROM pg_settings WHERE name = 'restrict_x'",
            "SELECT Read reads=pg_settings calls=set_config settings=restrict_x:=view, foreign-table(function)",
        ),
        (
            "SELECT set_config(name, 'x', false) FROM pg_catalog.pg_settings WHERE name = 'a' OR true",
            "SELECT Read reads=pg_catalog.pg_settings calls=set_config settings=?:=x(function)",
        ),
        (
            "SELECT set_config(name, 'x', false) FROM pg_settings p(name) WHERE name = 'a'",
            "SELECT Read reads=pg_settings calls=set_config settings=?:=x(function)",
        ),
        (
            "SELECT set_config(name, 'x', false) FROM pg_settings WHERE name = 'a' UNION SELECT 'b'",
            "SELECT Read reads=pg_settings calls=set_config settings=a:=x(function)",
        ),
        (
            "SELECT set_config(name, 'x', false) FROM (VALUES ('b')) pg_settings(name) WHERE name = 'a'",
            "SELECT Read calls=set_config settings=?:=x(function)",
        ),
        ("SELECT public.set_config('a','b',true)", "SELECT Read calls=public.set_config"),
        (
            "SELECT U&\"s\\0065t_config\"('a','b',true)",
            "SELECT Read calls=set_config settings=a:=b(function)",
        ),
    ]);
}

#[test]
fn parser_differences() {
    check(&[
        ("SELECT 1 END; DELETE FROM t", "SELECT Read; DELETE Write writes=delete:t unrestricted"),
        ("SELECT INTO x FROM t", "SELECT INTO Ddl reads=t creates=SELECT INTO"),
        ("SELECT a INTO TEMP x FROM t", "SELECT INTO Ddl reads=t creates=SELECT INTO"),
        ("SELECT 1 UNION SELECT a INTO x FROM t", "SELECT Ddl reads=t creates=SELECT INTO"),
        ("EXPLAIN (ANALYSE) DELETE FROM t", "EXPLAIN Write writes=delete:t unrestricted"),
        (
            "COPY t FROM STDIN; DELETE FROM u",
            "COPY CopyIn writes=insert:t; DELETE Write writes=delete:u unrestricted",
        ),
        (
            r"SELECT X'\'; DELETE FROM t; --'",
            "SELECT Read; DELETE Write writes=delete:t unrestricted",
        ),
        ("SELECT FOR UPDATE", "SELECT Read locks=*"),
        ("SELECT FROM a, s.b AS c FOR SHARE OF c", "SELECT Read reads=a,s.b locks=s.b"),
        // A name inside a join with an alias is not the one that OF means.
        (
            "SELECT FROM b AS x, (a AS x CROSS JOIN c) AS j FOR UPDATE OF x",
            "SELECT Read reads=a,b,c locks=*",
        ),
        ("SELECT FROM s.a, t.a FOR UPDATE OF a", "SELECT Read reads=s.a,t.a locks=*"),
        ("SELECT FROM a FOR NO KEY UPDATE OF a FOR KEY SHARE", "SELECT Read reads=a locks=a,*"),
        (
            "E'a'\n'\\'; DELETE FROM t; --'",
            r#"Syntax { message: "syntax error at or near \"E'a'\n'\\'; DELETE FROM t; --'\"", position: Some(1) }"#,
        ),
        ("SELECT E'a'\n'\\'; DELETE FROM t; --'", "SELECT Read"),
        ("SELECT * FROM ONLY person", "SELECT Read reads=person"),
        ("TABLE ONLY s.t", "SELECT Read reads=s.t"),
        ("SELECT xid8 '1', s.typ 'x'", "SELECT Read types=xid8,s.typ"),
        ("SELECT U&\"pg_sl\\0065ep\"(1)", "SELECT Read calls=pg_sleep"),
        ("SELECT U&\"pg_sl!0065ep\" UESCAPE '!' (1)", "SELECT Read calls=pg_sleep"),
        ("SELECT \"Pg_Sleep\"(1), PG_SLEEP(1)", "SELECT Read calls=Pg_Sleep,pg_sleep"),
        ("SELECT /* /* */ pg_sleep(1) */ 1", "SELECT Read"),
        ("SELECT 1 --\rFROM t", "SELECT Read reads=t"),
        ("SELECT \u{a0}(1)", "SELECT Read calls=\u{a0}"),
        ("MOVE 2 FROM \"nm\"", "MOVE Fetch { name: \"nm\" }"),
    ]);
    let long = "f".repeat(70);
    assert_eq!(
        summaries(&format!("SELECT {long}()")),
        format!("SELECT Read calls={}", &long[..63])
    );
}

#[test]
fn what_writes_under_another_name() {
    check(&[
        ("EXPLAIN INSERT INTO t SELECT f() FROM u", "EXPLAIN Read reads=t,u calls=f"),
        ("EXPLAIN CREATE TABLE x AS SELECT * FROM t", "EXPLAIN Read reads=t"),
        ("EXPLAIN SELECT * INTO x FROM t", "EXPLAIN Read reads=t"),
        ("EXPLAIN ANALYZE INSERT INTO t SELECT 1", "EXPLAIN Write writes=insert:t"),
        (
            "EXPLAIN (ANALYZE off, ANALYZE) DELETE FROM t WHERE f()",
            "EXPLAIN Write writes=delete:t calls=f unrestricted",
        ),
        ("EXPLAIN (ANALYZE 0, \"analyse\" 'false', VERBOSE) DELETE FROM t", "EXPLAIN Read reads=t"),
        (
            "EXPLAIN (ANALYZE maybe) DELETE FROM t WHERE true",
            "EXPLAIN Write writes=delete:t unrestricted",
        ),
        ("EXPLAIN ANALYZE EXECUTE p", "EXPLAIN Execute { name: \"p\", analyzed: true }"),
        ("EXPLAIN EXECUTE p(f())", "EXPLAIN Execute { name: \"p\", analyzed: false } calls=f"),
        (
            "EXPLAIN ANALYZE CREATE TABLE x AS SELECT * FROM t",
            "EXPLAIN Ddl reads=t creates=CREATE TABLE AS",
        ),
        (
            "CREATE TABLE x AS EXECUTE p",
            "CREATE TABLE AS Execute { name: \"p\", analyzed: false } creates=CREATE TABLE AS",
        ),
        (
            "CREATE MATERIALIZED VIEW x AS SELECT f()",
            "CREATE MATERIALIZED VIEW Ddl calls=f creates=CREATE MATERIALIZED VIEW",
        ),
        ("EXPLAIN ANALYZE DECLARE c CURSOR FOR SELECT f()", "EXPLAIN Read calls=f"),
        (
            "DECLARE c CURSOR FOR SELECT * FROM t FOR UPDATE",
            "DECLARE CURSOR Declare { name: \"c\" } reads=t locks=*",
        ),
        (
            "COPY (DELETE FROM t WHERE a RETURNING f()) TO STDOUT",
            "COPY CopyOut writes=delete:t calls=f",
        ),
        ("COPY (SELECT * FROM t) TO STDOUT (FORMAT csv)", "COPY CopyOut reads=t"),
        ("COPY t TO PROGRAM 'x'", "COPY CopyServer reads=t"),
        ("COPY t FROM '/etc/passwd'", "COPY CopyServer writes=insert:t"),
        ("COPY t FROM STDIN WHERE f(a)", "COPY CopyIn writes=insert:t calls=f"),
        ("COPY s.t TO STDOUT", "COPY CopyOut reads=s.t"),
        (
            "WITH x AS (INSERT INTO a.t VALUES (1) RETURNING *) SELECT * FROM x",
            "SELECT Write writes=insert:a.t",
        ),
        (
            "WITH x AS (MERGE INTO t USING u ON true WHEN MATCHED THEN DELETE RETURNING merge_action()) SELECT 1",
            "SELECT Write reads=u writes=delete:t calls=merge_action",
        ),
        (
            "SELECT (WITH x AS (UPDATE t SET a = 1 RETURNING a) SELECT a FROM x)",
            "SELECT Write writes=update:t unrestricted",
        ),
        (
            "INSERT INTO t VALUES (1) ON CONFLICT (lower(a)) DO UPDATE SET b = f() WHERE g()",
            "INSERT Write writes=insert:t,update:t calls=f,g,lower",
        ),
        ("INSERT INTO t DEFAULT VALUES ON CONFLICT DO NOTHING", "INSERT Write writes=insert:t"),
        (
            "MERGE INTO t USING u ON t.a=u.a WHEN MATCHED AND f() THEN UPDATE SET b = g() WHEN NOT MATCHED THEN INSERT VALUES (h())",
            "MERGE Write reads=u writes=insert:t,update:t calls=f,g,h",
        ),
        ("MERGE INTO t USING u ON true WHEN MATCHED THEN DO NOTHING", "MERGE Write reads=t,u"),
        ("TRUNCATE a, s.b CASCADE", "TRUNCATE TABLE Write writes=truncate:a,truncate:s.b"),
        ("UPDATE t SET a = 1", "UPDATE Write writes=update:t unrestricted"),
        ("DELETE FROM t USING u WHERE t.a = u.a", "DELETE Write reads=u writes=delete:t"),
        ("UPDATE t SET a = 1 WHERE CURRENT OF c", "UPDATE Write writes=update:t"),
    ]);
}

#[test]
fn everything_else_is_decided() {
    check(&[
        (
            "CREATE TABLE s.t (a int DEFAULT f())",
            "CREATE TABLE Ddl reads=s.t calls=f types=pg_catalog.int4",
        ),
        ("CREATE INDEX i ON t (f(a))", "CREATE INDEX Ddl reads=t calls=f"),
        ("ALTER TABLE t ADD b int", "ALTER TABLE Ddl reads=t types=pg_catalog.int4"),
        ("ALTER TABLE t RENAME a TO b", "ALTER TABLE Ddl reads=t"),
        ("ALTER INDEX i RENAME TO j", "ALTER INDEX Ddl reads=i"),
        ("DROP TABLE a, s.b", "DROP TABLE Ddl reads=a,s.b"),
        ("DROP FUNCTION f(int)", "DROP FUNCTION Ddl"),
        (
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'select 1'",
            "CREATE FUNCTION Ddl types=pg_catalog.int4",
        ),
        (
            "CREATE EXTENSION x; CREATE RULE r AS ON INSERT TO t DO INSTEAD NOTHING",
            "CREATE EXTENSION Ddl; CREATE RULE Ddl reads=t",
        ),
        ("GRANT SELECT ON t TO r; REVOKE r FROM s", "GRANT Ddl; REVOKE ROLE Ddl"),
        ("COMMENT ON TABLE t IS 'x'", "COMMENT Ddl"),
        ("CREATE VIEW v AS SELECT f()", "CREATE VIEW Ddl reads=v calls=f"),
        ("CREATE USER u PASSWORD 'x'", "CREATE USER Ddl"),
        ("CREATE AGGREGATE a (int) (sfunc = f, stype = int)", "CREATE AGGREGATE Ddl"),
        (
            "ALTER SYSTEM SET x = 1; CHECKPOINT; LOAD 'x'",
            "ALTER SYSTEM Server; CHECKPOINT Server; LOAD Server",
        ),
        (
            "VACUUM (FULL) t; ANALYZE; CLUSTER t; REINDEX TABLE t; REFRESH MATERIALIZED VIEW v",
            "VACUUM Maintain reads=t; ANALYZE Maintain; CLUSTER Maintain reads=t; REINDEX Maintain reads=t; REFRESH MATERIALIZED VIEW Maintain reads=v",
        ),
        (
            "LISTEN a; NOTIFY b, 'x'; UNLISTEN *",
            "LISTEN Notification { channel: Some(\"a\") }; NOTIFY Notification { channel: Some(\"b\") }; UNLISTEN Notification { channel: None }",
        ),
        ("LOCK a", "LOCK TABLE Lock { access_share: false, mode: \"ACCESS EXCLUSIVE\" } reads=a"),
        (
            "LOCK TABLE s.a IN ACCESS SHARE MODE",
            "LOCK TABLE Lock { access_share: true, mode: \"ACCESS SHARE\" } reads=s.a",
        ),
        (
            "PREPARE TRANSACTION 'x'; COMMIT PREPARED 'x'; ROLLBACK PREPARED 'x'",
            "PREPARE TRANSACTION TwoPhase; COMMIT PREPARED TwoPhase; ROLLBACK PREPARED TwoPhase",
        ),
        (
            "SAVEPOINT a; RELEASE a; ROLLBACK TO a",
            "SAVEPOINT Savepoint; RELEASE Savepoint; ROLLBACK Savepoint",
        ),
        (
            "DEALLOCATE a; DEALLOCATE ALL",
            "DEALLOCATE Deallocate { name: Some(\"a\") }; DEALLOCATE ALL Deallocate { name: None }",
        ),
        (
            "FETCH ALL FROM c; CLOSE c; CLOSE ALL",
            "FETCH Fetch { name: \"c\" }; CLOSE CURSOR CloseCursor { name: Some(\"c\") }; CLOSE CURSOR ALL CloseCursor { name: None }",
        ),
    ]);
}

#[test]
fn names_of_ctes_are_no_relations_where_they_are_seen() {
    check(&[
        (
            "WITH a AS (SELECT 1), b AS (SELECT * FROM a) SELECT * FROM b, a, c",
            "SELECT Read reads=c",
        ),
        ("WITH a AS (SELECT * FROM a) SELECT * FROM a", "SELECT Read reads=a"),
        ("WITH a AS (SELECT * FROM b), b AS (SELECT 1) SELECT 1", "SELECT Read reads=b"),
        ("WITH RECURSIVE a AS (SELECT * FROM b), b AS (SELECT * FROM a) SELECT 1", "SELECT Read"),
        ("SELECT (WITH a AS (SELECT 1) SELECT 1 FROM a), (SELECT 1 FROM a)", "SELECT Read reads=a"),
        ("WITH a AS (SELECT 1) SELECT * FROM public.a", "SELECT Read reads=public.a"),
        (
            "WITH a AS (SELECT 1) SELECT (SELECT 1 FROM a WHERE EXISTS (SELECT FROM a))",
            "SELECT Read",
        ),
        ("WITH t AS (SELECT 1) INSERT INTO t SELECT * FROM t", "INSERT Write writes=insert:t"),
        ("WITH t AS (SELECT 1) SELECT 1 UNION SELECT * FROM t", "SELECT Read"),
        ("(WITH t AS (SELECT 1) SELECT * FROM t) UNION SELECT 1 FROM t", "SELECT Read reads=t"),
    ]);
}

#[test]
fn statements_are_cut_where_the_server_cuts_them() {
    for (text, count) in [
        ("select $$;$$; select ';'; select E'\\';'; select \";\"", 4),
        ("select 1 /* ; */ -- ;\n; select 2", 2),
        ("create function f() returns int begin atomic select 1; select 2; end; select 3", 2),
        ("create rule r as on insert to t do (select 1; select 2); select 3", 2),
        (";;;", 0),
    ] {
        assert_eq!(facts(text).statements.len(), count, "{text}");
    }
}

#[test]
fn a_field_of_what_may_be_a_scalar_is_told_apart() {
    for (text, attributes) in [
        ("SELECT a.b, (a.b).c FROM a", &["c"][..]),
        ("SELECT g.f FROM generate_series(1, 2) AS g", &["f"]),
        ("SELECT abs.f FROM s.abs(1)", &["f"]),
        ("SELECT \"coalesce\".f, a.g FROM coalesce(1), a", &["f", "g"]),
        ("SELECT ($1).f, ('x'::text).g.h", &["f", "g", "h"]),
        ("SELECT x.f FROM a AS x, LATERAL (SELECT 1) AS y", &[]),
        ("SELECT (SELECT g.f) FROM ROWS FROM (abs(1)) AS g(a)", &["f"]),
        ("SELECT s.g.f FROM abs(1) AS g", &[]),
    ] {
        let found = facts(text).statements.remove(0).attributes;
        assert_eq!(found.iter().map(|f| &**f).collect::<Vec<_>>(), attributes, "{text}");
    }
}
