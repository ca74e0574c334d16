//! What changes between its judgement and its run: prepared statements, portals and cursors while
//! others replace views and functions, and what a ddl: grant itself makes and swaps.

use std::time::Duration;

use crate::support::gate::{Gate, Options};
use crate::support::message as m;
use crate::support::pg::{Pg, run};
use crate::support::wire::Wire;
use crate::support::{eventually, on_each_server};

const OBJECTS: &str = "
CREATE TABLE hit (a int);
CREATE SCHEMA staging;
CREATE FUNCTION hit() RETURNS int LANGUAGE sql AS 'INSERT INTO public.hit VALUES (1) RETURNING 1';
CREATE FUNCTION fine(a int) RETURNS int LANGUAGE sql AS 'SELECT a';
CREATE VIEW seen AS SELECT 1 AS a, public.fine(2) AS b;
CREATE TABLE rows (a int); INSERT INTO rows SELECT generate_series(1, 30);
CREATE FUNCTION staging.nice(a text) RETURNS text LANGUAGE sql AS 'SELECT a';
CREATE VIEW staging.good AS SELECT 1 AS a;
CREATE VIEW staging.bad AS SELECT public.hit() AS a;
CREATE TABLE staging.kept (id int PRIMARY KEY, note text); INSERT INTO staging.kept VALUES (1, 'a');
CREATE TABLE staging.trap (id int PRIMARY KEY, note text DEFAULT public.hit()::text); INSERT INTO staging.trap VALUES (1, 'a');
CREATE FUNCTION spring() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM public.hit(); RETURN NULL; END';
CREATE TRIGGER t AFTER UPDATE ON staging.trap FOR EACH STATEMENT EXECUTE FUNCTION spring();
";

fn gate(pg: &Pg) -> Gate {
    let database = pg.database();
    run(&mut pg.admin(&database), OBJECTS);
    Gate::before(pg, &database, &Options::superuser())
}

fn hits(admin: &mut Wire) -> String {
    admin.query("SELECT count(*) FROM hit").value()
}

/// Waits until the new snapshot is judged by.
fn judged_anew(session: &mut Wire, sql: &str) {
    eventually("the change is judged", Duration::from_secs(30), || {
        session
            .query(sql)
            .errors
            .iter()
            .any(|e| e.code() == "42501" && e.message().starts_with("pgward: "))
    });
}

on_each_server! {
    fn what_was_prepared_is_judged_again(pg) {
        for change in [
            "CREATE OR REPLACE VIEW seen AS SELECT public.hit() AS a, 2 AS b",
            "CREATE OR REPLACE FUNCTION fine(a int) RETURNS int LANGUAGE sql AS 'SELECT public.hit()'",
            "ALTER VIEW seen RENAME TO was; CREATE VIEW seen AS SELECT public.hit() AS a, 2 AS b",
        ] {
            let gate = gate(pg);
            let mut admin = pg.admin(&gate.database);
            let grant = gate.read_grant();
            let mut session = gate.session(&grant);
            let prepare = [
                m::parse("named", "SELECT * FROM seen", &[]),
                m::parse("byname", "EXECUTE told", &[]),
                m::sync(),
            ];
            assert!(session.query("PREPARE told AS SELECT a, b FROM seen").errors.is_empty());
            session.send(&prepare.concat());
            assert!(session.reply().errors.is_empty());
            assert!(session.query("EXECUTE told").errors.is_empty());
            // A portal and a cursor stand open meanwhile, each in a transaction.
            let mut held = gate.session(&grant);
            held.send(&[m::query("BEGIN"), m::parse("", "SELECT r.a, fine(r.a) FROM rows r", &[]), m::bind("portal", "", &[]), m::execute("portal", 1), m::flush()].concat());
            let mut cursor = gate.session(&grant);
            cursor.query("BEGIN; DECLARE c CURSOR FOR SELECT r.a, fine(r.a) FROM rows r");
            assert!(cursor.query("FETCH 1 FROM c").errors.is_empty());
            let mut other = gate.session(&grant);
            assert!(admin.query(change).errors.is_empty(), "{change}");
            judged_anew(&mut other, "SELECT * FROM seen");
            let before = hits(&mut admin);
            for bytes in [
                [m::bind("", "named", &[]), m::execute("", 0), m::sync()].concat(),
                [m::bind("", "byname", &[]), m::execute("", 0), m::sync()].concat(),
                m::query("EXECUTE told"),
                m::query("EXPLAIN ANALYZE EXECUTE told"),
            ] {
                session.send(&bytes);
                let reply = session.reply();
                assert_eq!(reply.code(), "42501", "{change}: {reply:?}");
            }
            if change.contains("fine") {
                assert_eq!(cursor.query("FETCH 1 FROM c").code(), "42501");
                held.send(&[m::execute("portal", 1), m::sync()].concat());
                let replies = [held.reply(), held.reply()];
                assert!(replies.iter().any(|reply| reply.errors.iter().any(|e| e.code() == "42501")), "{replies:?}");
            }
            assert_eq!(hits(&mut admin), before, "{change}");
        }
    }

    fn a_ddl_grant_makes_nothing_that_would_be_refused(pg) {
        let gate = gate(pg);
        let mut admin = pg.admin(&gate.database);
        let grant = gate.write_grant(&["ddl:staging", "insert,update:staging.kept"]);
        let swaps: &[&[&str]] = &[
            // Under a name that the snapshot vouches for.
            &["CREATE FUNCTION staging.nice(a varchar) RETURNS text LANGUAGE sql AS 'SELECT public.hit()::text'", "SELECT staging.nice('x'::varchar)"],
            &["DROP FUNCTION staging.nice(text)", "CREATE FUNCTION staging.nice(a text) RETURNS text LANGUAGE sql AS 'DELETE FROM public.accounts; SELECT a'", "SELECT staging.nice('x'::text)"],
            &["CREATE FUNCTION staging.nice(a int) RETURNS text LANGUAGE plpgsql AS 'BEGIN EXECUTE ''DELETE FROM public.accounts''; RETURN 1; END'", "SELECT staging.nice(1)"],
            &["CREATE FUNCTION staging.nice(a int) RETURNS int BEGIN ATOMIC INSERT INTO public.hit VALUES (1); SELECT 1; END", "SELECT staging.nice(1)"],
            &["CREATE FUNCTION staging.nice(a int) RETURNS int RETURN public.hit()", "SELECT staging.nice(1)"],
            &["DROP VIEW staging.good", "ALTER VIEW staging.bad RENAME TO good", "SELECT * FROM staging.good"],
            &["DROP VIEW staging.good", "ALTER TABLE staging.bad RENAME TO good", "TABLE staging.good"],
            &["CREATE VIEW staging.good2 AS SELECT public.hit() AS a", "TABLE staging.good2"],
            &["DROP VIEW staging.good", "CREATE VIEW staging.good AS SELECT * FROM staging.bad", "TABLE staging.good"],
            &["ALTER TABLE staging.kept RENAME TO old", "ALTER TABLE staging.trap RENAME TO kept", "UPDATE staging.kept SET note = 'x' WHERE id = 1", "INSERT INTO staging.kept (id) VALUES (5)"],
            &["DROP TABLE staging.kept", "CREATE TABLE staging.kept (LIKE staging.trap INCLUDING ALL)", "INSERT INTO staging.kept (id) VALUES (5)"],
            &["DROP TABLE staging.kept", "CREATE TABLE staging.kept () INHERITS (staging.trap)", "INSERT INTO staging.kept (id) VALUES (5)"],
            &["ALTER TABLE staging.kept ADD COLUMN c int DEFAULT public.hit()"],
            &["ALTER TABLE staging.kept ALTER COLUMN note TYPE int USING public.hit()"],
            &["ALTER TABLE staging.kept ADD CHECK (public.hit() > 0)"],
            &["ALTER TABLE staging.kept SET SCHEMA public"],
            &["CREATE TABLE public.made (a int)"],
            &["CREATE INDEX ON staging.kept ((public.hit()::text))"],
            &["CREATE TRIGGER t AFTER UPDATE ON staging.kept EXECUTE FUNCTION spring()"],
            &["CREATE RULE r AS ON UPDATE TO staging.kept DO ALSO SELECT public.hit()"],
            &["CREATE FUNCTION staging.owned() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'"],
            &["CREATE FUNCTION staging.led() RETURNS int LANGUAGE sql SET role = 'boss' AS 'SELECT 1'"],
            &["CREATE OR REPLACE FUNCTION staging.nice(a text) RETURNS text LANGUAGE sql AS 'SELECT public.hit()::text'"],
            &["CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION spring()"],
            &["ALTER TABLE staging.kept OWNER TO writer"],
            &["GRANT ALL ON staging.kept TO PUBLIC"],
            &["ALTER TABLE staging.kept DISABLE TRIGGER ALL"],
            &["CREATE TABLE staging.part PARTITION OF public.measurements DEFAULT"],
            &["CREATE TABLE staging.link (a int REFERENCES public.accounts)"],
            &["CREATE TYPE staging.int4 AS (a int)", "DROP TYPE staging.int4 CASCADE"],
            &["SECURITY LABEL ON TABLE staging.kept IS 'x'"],
        ];
        let state = "SELECT (SELECT count(*) FROM hit) || (SELECT count(*) FROM accounts)::text || (SELECT md5(string_agg(concat(relname, relkind, relowner, relacl), ',' ORDER BY oid)) FROM pg_class WHERE relnamespace = 'public'::regnamespace)";
        let before = admin.query(state).value();
        for swap in swaps {
            for block in [false, true] {
                let mut session = gate.session(&grant);
                session.query("BEGIN");
                let replies: Vec<String> = swap.iter().map(|sql| {
                    if !block { session.query("SAVEPOINT s"); }
                    let reply = session.query(sql);
                    let code = if reply.errors.is_empty() { String::new() } else { reply.code().to_owned() };
                    if !block && !code.is_empty() { session.query("ROLLBACK TO s"); }
                    code
                }).collect();
                // A sequence or a row that was hit is seen even after ROLLBACK by its effect on hit.
                let inside = session.query("SELECT count(*) FROM public.hit");
                assert!(!inside.errors.is_empty() || inside.value() == "0", "{swap:?}: {replies:?}");
                assert!(replies.iter().any(|code| code == "42501"), "{swap:?}: {replies:?}");
                session.query("ROLLBACK");
                assert_eq!(admin.query(state).value(), before, "{swap:?}: {replies:?}");
            }
        }
        // What is harmless is made, and can soon be used.
        let mut session = gate.session(&grant);
        for sql in [
            "CREATE TABLE staging.fresh (id int PRIMARY KEY, note text CHECK (length(note) < 9))",
            "ALTER TABLE staging.fresh RENAME TO fresher",
            "CREATE VIEW staging.upon AS SELECT * FROM staging.fresher",
            "CREATE FUNCTION staging.latest() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM staging.fresher'",
            "CREATE FUNCTION staging.keep(n int) RETURNS void LANGUAGE plpgsql AS 'BEGIN UPDATE staging.kept SET note = lower(note) WHERE id = n; END'",
            "CREATE FUNCTION staging.log() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.hit VALUES (1); RETURN NULL; END'",
        ] {
            let reply = session.query(sql);
            assert!(reply.errors.is_empty(), "{sql}: {reply:?}");
        }
        for sql in ["TABLE staging.fresher", "SELECT staging.latest()"] {
            eventually("what was made is known", Duration::from_secs(30), || {
                let reply = session.query(sql);
                reply.errors.is_empty() || reply.errors[0].code() == "42P01" && !reply.errors[0].message().starts_with("pgward")
            });
        }
    }

    fn an_index_is_maintained_by_its_tables_scope_and_event_triggers_count(pg) {
        let gate = gate(pg);
        let mut admin = pg.admin(&gate.database);
        let scopes = ["maintain:public.orders", "ddl:staging"];
        let mut session = gate.session(&gate.write_grant(&scopes));
        for sql in ["REINDEX INDEX public.orders_status", "REINDEX INDEX orders_status", "REINDEX TABLE orders"] {
            assert!(session.query(sql).errors.is_empty(), "{sql}");
        }
        let reply = session.query("REINDEX INDEX public.accounts_pkey");
        assert!(reply.errors[0].hint().contains("--scope maintain:public.accounts"), "{reply:?}");
        assert_eq!(session.query("REINDEX INDEX nowhere").code(), "42P01");
        assert_eq!(session.query("VACUUM nowhere").code(), "42P01");
        let reply = session.query("CALL nowhere()");
        assert!(reply.errors[0].message().contains("no such procedure is known"), "{reply:?}");
        let made = admin.query("CREATE FUNCTION public.watch() RETURNS event_trigger LANGUAGE plpgsql AS
            'BEGIN INSERT INTO public.hit VALUES (1); END';
            CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION public.watch()");
        assert!(made.errors.is_empty(), "{made:?}");
        let before = hits(&mut admin);
        judged_anew(&mut session, "COMMENT ON TABLE staging.kept IS 'x'");
        let now = hits(&mut admin);
        let reply = session.query("CREATE TABLE staging.watched (a int)");
        assert!(reply.errors[0].detail().contains("event trigger watch calls public.watch"), "{reply:?}");
        assert!(reply.errors[0].hint().contains("--scope execute:public.watch"), "{reply:?}");
        assert_eq!(hits(&mut admin), now, "{before}");
        assert!(admin.query("DROP EVENT TRIGGER watch").errors.is_empty());
        // Whose rule it was is on record.
        let mut named = gate.session(&gate.write_grant(&["execute:pg_catalog.nextval"]));
        assert!(named.query("SELECT nextval('tickets')").errors.is_empty());
        let allowed = gate.events("statement.allowed");
        let rule = |query: &str| allowed.iter().find(|r| r["query"] == query).map(|r| r["rule"].clone());
        assert_eq!(rule("SELECT nextval('tickets')"), Some("execute".into()));
        assert_eq!(rule("REINDEX TABLE orders"), Some("maintain".into()));
    }
}
