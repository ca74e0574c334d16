//! What functions, views, operators, casts, domains, policies and foreign tables of the database
//! reach: the harmless ones answer as they do directly, the others change nothing, and the
//! refusal names the way to what is wrong and the line that allows it.

use std::time::Duration;

use crate::support::eventually;
use crate::support::gate::{Gate, Options};
use crate::support::on_each_server;
use crate::support::pg::Pg;

/// A database with harmless objects, whose names begin with `ok_`, and others.
const OBJECTS: &str = r#"
CREATE FUNCTION ok_sql(a int) RETURNS bigint LANGUAGE sql VOLATILE AS 'SELECT count(*) + a FROM public.orders';
CREATE FUNCTION ok_atomic(a int) RETURNS int LANGUAGE sql RETURN abs(a) + 1;
CREATE FUNCTION ok_block(a int) RETURNS SETOF int LANGUAGE sql BEGIN ATOMIC SELECT generate_series(1, a); SELECT 2; END;
CREATE FUNCTION ok_loop(a int DEFAULT 3) RETURNS SETOF text LANGUAGE plpgsql SET search_path = public AS $$
DECLARE r record; n int := a; t public.orders%ROWTYPE; c CURSOR (k int) FOR SELECT g FROM generate_series(1, k) g;
BEGIN
  SELECT o.* INTO t FROM public.orders o ORDER BY o.id LIMIT 1;
  FOR i IN REVERSE n..1 LOOP RETURN NEXT 'i' || i; END LOOP;
  FOR r IN SELECT g FROM generate_series(1, n) g LOOP RETURN NEXT r.g::text; END LOOP;
  FOR r IN c(2) LOOP RETURN NEXT 'c' || r.g; END LOOP;
  IF n > 2 THEN RETURN QUERY SELECT 'q'; ELSIF n = 1 THEN NULL; ELSE RAISE NOTICE 'n %', n; END IF;
  BEGIN PERFORM 1 / (n - n); EXCEPTION WHEN division_by_zero THEN RETURN NEXT 'caught'; END;
  CASE n WHEN 1, 3 THEN RETURN NEXT 'three'; ELSE RETURN NEXT 'else'; END CASE;
END $$;
CREATE FUNCTION ok_again(n int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN IF n < 2 THEN RETURN n; END IF; RETURN public.ok_again(n - 1) + public.ok_again(n - 2); END $$;
CREATE VIEW ok_view AS SELECT o.id, public.ok_atomic(o.id::int) AS a FROM public.orders o;
CREATE VIEW ok_above AS SELECT count(*) FROM ok_view;
CREATE DOMAIN ok_domain AS int CHECK (VALUE > 0 AND public.ok_atomic(VALUE) > 0);
CREATE AGGREGATE ok_sum(int) (SFUNC = int4pl, STYPE = int, INITCOND = '0');
CREATE TYPE ok_pair AS (a ok_domain, b text);
CREATE FUNCTION ok_equal(a ok_pair, b ok_pair) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT a.a = b.a';
CREATE OPERATOR ==== (LEFTARG = ok_pair, RIGHTARG = ok_pair, FUNCTION = ok_equal);
CREATE FUNCTION ok_full(o public.orders) RETURNS text LANGUAGE sql STABLE AS $$ SELECT 'order ' || o.id $$;
CREATE TABLE ok_policed (a int); INSERT INTO ok_policed VALUES (1), (2);
ALTER TABLE ok_policed ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON ok_policed USING (public.ok_atomic(a) > 2);

CREATE TABLE hits (a int); GRANT ALL ON hits TO PUBLIC;
CREATE FUNCTION bad_sql() RETURNS int LANGUAGE sql IMMUTABLE AS 'INSERT INTO public.hits VALUES (1) RETURNING a';
CREATE FUNCTION bad_block(a int) RETURNS int LANGUAGE sql BEGIN ATOMIC INSERT INTO public.hits VALUES (a); SELECT 1; END;
CREATE FUNCTION bad_plpgsql(a int) RETURNS int LANGUAGE plpgsql STABLE AS $$ BEGIN PERFORM public.bad_sql(); RETURN a; END $$;
CREATE FUNCTION bad_dynamic(a int) RETURNS int LANGUAGE plpgsql STABLE AS $$ BEGIN EXECUTE 'SELECT lo_create(4711)'; RETURN a; END $$;
CREATE FUNCTION bad_definer() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';
CREATE FUNCTION bad_lock(a int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_lock(a); RETURN a; END $$;
CREATE FUNCTION bad_default(a int DEFAULT lo_create(4712)::int) RETURNS int LANGUAGE sql AS 'SELECT a';
CREATE FUNCTION bad_clause() RETURNS int LANGUAGE sql SET default_transaction_read_only = off AS 'SELECT 1';
CREATE FUNCTION bad_state(a int, b int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN lo_create(a + b + 5000)::int; END $$;
CREATE FUNCTION upper(a varchar) RETURNS text LANGUAGE sql AS 'SELECT lo_create(4713)::text';
CREATE AGGREGATE bad_sum(int) (SFUNC = bad_state, STYPE = int, INITCOND = '0');
"#;

/// What those reach by other ways than a call.
const MORE: &str = r#"
CREATE VIEW bad_view AS SELECT public.bad_plpgsql(1) AS a;
CREATE VIEW bad_above AS SELECT * FROM bad_view;
CREATE VIEW bad_builtin AS SELECT pg_advisory_lock(7) IS NULL AS a;
CREATE DOMAIN bad_domain AS int CHECK (public.bad_lock(VALUE) > 0);
CREATE TYPE bad_pair AS (a bad_domain, b text);
CREATE TABLE bad_rows (a bad_domain);
CREATE FUNCTION bad_equal(a text, b text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN bad_lock(1) = 1; END $$;
CREATE OPERATOR #### (LEFTARG = text, RIGHTARG = text, FUNCTION = bad_equal);
CREATE TYPE bad_mood AS ENUM ('a');
CREATE FUNCTION bad_cast(a bad_mood) RETURNS int LANGUAGE sql AS 'SELECT public.bad_lock(3)';
CREATE CAST (bad_mood AS int) WITH FUNCTION bad_cast(bad_mood) AS IMPLICIT;
CREATE FUNCTION bad_field(o public.orders) RETURNS text LANGUAGE sql AS 'SELECT public.bad_lock(4)::text';
CREATE TABLE bad_policed (a int); INSERT INTO bad_policed VALUES (1);
ALTER TABLE bad_policed ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON bad_policed USING (public.bad_lock(a) > 0);
GRANT SELECT ON ALL TABLES IN SCHEMA public TO PUBLIC;
"#;

fn furnish(pg: &Pg, database: &str) {
    let mut admin = pg.admin(database);
    for text in [OBJECTS, MORE] {
        let reply = admin.query(text);
        assert!(reply.errors.is_empty(), "{:?}", reply.errors);
    }
}

const HARMLESS: &[&str] = &[
    "SELECT ok_sql(1), public.ok_atomic(-4), ok_again(7)",
    "SELECT * FROM ok_block(3)",
    "SELECT * FROM ok_loop()",
    "SELECT * FROM ok_view ORDER BY id LIMIT 3",
    "SELECT * FROM public.ok_above",
    "SELECT 5::ok_domain, ok_domain '6'",
    "SELECT ok_sum(g) FROM generate_series(1, 4) g",
    "SELECT ROW(1, 'x')::ok_pair ==== ROW(1, 'y')::ok_pair",
    "SELECT o.ok_full FROM orders o ORDER BY o.id LIMIT 2",
    "SELECT * FROM ok_policed",
    "SELECT * FROM json_populate_record(NULL::ok_pair, '{\"a\": 3, \"b\": \"z\"}')",
    "SELECT count(*) FROM bad_rows",
    "SELECT 1 = 1, 'a' || 'b', pg_catalog.upper('x')",
];

/// Each with words of the way to what is wrong.
const HARMFUL: &[(&str, &str)] = &[
    ("SELECT bad_sql()", "function public.bad_sql writes public.hits"),
    ("SELECT bad_block(1)", "function public.bad_block writes public.hits"),
    ("SELECT bad_plpgsql(1)", "calls public.bad_sql, which writes public.hits"),
    ("EXPLAIN SELECT bad_plpgsql(1)", "calls public.bad_sql, which writes public.hits"),
    ("SELECT bad_dynamic(1)", "runs SQL that it makes at run time"),
    ("SELECT bad_definer()", "is SECURITY DEFINER"),
    ("SELECT bad_lock(1)", "calls pg_catalog.pg_advisory_lock, which takes"),
    ("SELECT bad_default()", "calls pg_catalog.lo_create"),
    ("SELECT bad_clause()", "has the clause SET default_transaction_read_only"),
    ("SELECT bad_sum(1)", "aggregate public.bad_sum calls public.bad_state"),
    ("SELECT upper('x'::varchar)", "function public.upper calls pg_catalog.lo_create"),
    ("SELECT upper(status) FROM orders", "function public.upper calls pg_catalog.lo_create"),
    (
        "SELECT * FROM bad_view",
        "view public.bad_view calls public.bad_plpgsql, which calls public.bad_sql, which writes public.hits",
    ),
    ("TABLE bad_above", "view public.bad_above reads view public.bad_view"),
    ("COPY bad_above TO STDOUT", "view public.bad_above reads view public.bad_view"),
    ("SELECT 1 WHERE EXISTS (SELECT FROM public.bad_view)", "view public.bad_view"),
    ("SELECT * FROM bad_builtin", "view public.bad_builtin calls pg_catalog.pg_advisory_lock"),
    ("SELECT 1::bad_domain", "type public.bad_domain calls public.bad_lock"),
    ("SELECT bad_domain '1'", "type public.bad_domain calls public.bad_lock"),
    ("SELECT NULL::bad_pair[]", "public.bad_domain, which calls public.bad_lock"),
    ("SELECT json_populate_record(r, '{\"a\": 1}') FROM bad_rows r", "public.bad_domain"),
    ("SELECT 'a' #### 'b'", "operator public.#### calls public.bad_equal"),
    ("SELECT 'a'::bad_mood + 1", "function public.bad_cast calls public.bad_lock"),
    ("SELECT o.bad_field FROM orders o", "function public.bad_field"),
    ("SELECT * FROM bad_policed", "table public.bad_policed calls public.bad_lock"),
    ("PREPARE p AS SELECT * FROM bad_view", "view public.bad_view"),
];

fn nothing_happened(pg: &Pg, database: &str) {
    let mut admin = pg.admin(database);
    assert_eq!(admin.query("SELECT count(*) FROM hits").value(), "0");
    assert_eq!(admin.query("SELECT count(*) FROM pg_largeobject_metadata").value(), "0");
    let locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = \
                 (SELECT oid FROM pg_database WHERE datname = current_database())";
    assert_eq!(admin.query(locks).value(), "0");
}

on_each_server! {
    fn harmless_objects_answer_as_directly_and_others_change_nothing(pg) {
        let database = pg.database();
        furnish(pg, &database);
        let gate = Gate::before(pg, &database, &Options::superuser());
        let grant = gate.read_grant();
        let mut session = gate.session(&grant);
        let mut admin = pg.admin(&database);
        for sql in HARMLESS {
            let (through, directly) = (session.query(sql), admin.query(sql));
            assert!(directly.errors.is_empty(), "{sql}: {:?}", directly.errors);
            assert!(through.errors.is_empty(), "{sql}: {:?}", through.errors);
            assert_eq!(through.rows, directly.rows, "{sql}");
            assert_eq!(session.extended(sql, &[]).rows, directly.rows, "{sql}");
        }
        for (sql, words) in HARMFUL {
            for reply in [session.query(sql), session.extended(sql, &[])] {
                assert_eq!(reply.code(), "42501", "{sql}: {reply:?}");
                let error = &reply.errors[0];
                assert!(error.message().starts_with("pgward: "), "{sql}: {}", error.message());
                assert!(error.detail().contains(words), "{sql}: {}", error.detail());
                assert!(error.hint().contains("policy.allow_functions: \""), "{sql}: {}", error.hint());
            }
        }
        assert_eq!(session.query("SELECT 'in step'").value(), "in step");
        nothing_happened(pg, &database);
    }

    fn following_the_hint_makes_the_statement_pass(pg) {
        let database = pg.database();
        furnish(pg, &database);
        let gate = Gate::before(pg, &database, &Options::default());
        let mut session = gate.session(&gate.read_grant());
        let mut lines = Vec::new();
        let statements = ["SELECT * FROM bad_builtin", "SELECT bad_definer()", "SELECT bad_clause()"];
        for sql in statements {
            let reply = session.query(sql);
            let hint = reply.errors[0].hint().to_owned();
            let (_, list) = hint.split_once("policy.allow_functions: ").expect(&hint);
            lines.push(list.split(';').next().unwrap().to_owned());
        }
        let options = Options {
            policy: format!("allow_functions = [{}]", lines.join(", ")),
            ..Options::default()
        };
        let gate = Gate::before(pg, &database, &options);
        let mut session = gate.session(&gate.read_grant());
        for sql in statements {
            let reply = session.query(sql);
            assert!(reply.errors.is_empty(), "{sql}: {:?}", reply.errors);
        }
        // A check of the configuration tells of the others.
        let checked = gate.cli(&["config", "check"]).stdout;
        assert!(checked.contains("view public.bad_above reads view public.bad_view"), "{checked}");
        let line = "policy.allow_functions: \"public.bad_plpgsql(integer)@sha256:";
        assert!(checked.contains(line), "{checked}");
        assert!(!checked.contains("bad_builtin") && !checked.contains("ok_"), "{checked}");
    }

    fn what_was_made_just_now_passes_soon_and_what_changed_is_judged_anew(pg) {
        let gate = Gate::new(pg);
        let mut session = gate.session(&gate.read_grant());
        let mut admin = pg.admin(&gate.database);
        assert_eq!(session.query("SELECT * FROM fresh").code(), "42P01");
        assert_eq!(session.query("SELECT fresh(1)").code(), "42883");
        let made = admin.query(
            "CREATE TABLE fresh (a int); GRANT SELECT ON fresh TO PUBLIC; \
             CREATE FUNCTION fresh(a int) RETURNS int LANGUAGE sql AS 'SELECT a'",
        );
        assert!(made.errors.is_empty(), "{:?}", made.errors);
        let passes = |session: &mut crate::support::wire::Wire, sql: &str| session.query(sql).errors.is_empty();
        eventually("the new table is read", Duration::from_secs(4), || {
            passes(&mut session, "SELECT * FROM fresh") && passes(&mut session, "SELECT fresh(1)")
        });
        for change in [
            "CREATE OR REPLACE FUNCTION fresh(a int) RETURNS int LANGUAGE sql AS 'SELECT lo_create(a)::int'",
            "CREATE OR REPLACE FUNCTION fresh(a int) RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT a'",
        ] {
            assert!(admin.query(change).errors.is_empty());
            eventually("the new body is judged", Duration::from_secs(8), || {
                !passes(&mut session, "SELECT fresh(0)")
            });
        }
        let policy = "ALTER TABLE fresh ENABLE ROW LEVEL SECURITY; \
                      CREATE POLICY p ON fresh USING (pg_advisory_lock(1) IS NULL)";
        assert!(admin.query(policy).errors.is_empty());
        eventually("the policy is judged", Duration::from_secs(8), || {
            !passes(&mut session, "SELECT * FROM fresh")
        });
    }

    fn foreign_tables_and_extensions_are_judged_by_what_serves_them(pg) {
        let database = pg.database();
        let mut admin = pg.admin(&database);
        for text in [
            "CREATE EXTENSION file_fdw",
            "CREATE EXTENSION tablefunc",
            "CREATE EXTENSION hstore",
            "CREATE EXTENSION dblink",
            "CREATE EXTENSION earthdistance CASCADE",
            "CREATE TYPE float_range AS RANGE (subtype = float8)",
            "CREATE SERVER files FOREIGN DATA WRAPPER file_fdw",
            "CREATE FOREIGN TABLE os (line text) SERVER files OPTIONS (filename '/etc/os-release', delimiter E'\\x01')",
            "CREATE FOREIGN TABLE spy (line text) SERVER files OPTIONS (program 'echo hi', delimiter E'\\x01')",
            "CREATE TABLE parts (line text) PARTITION BY LIST (line)",
            "CREATE FOREIGN TABLE part PARTITION OF parts DEFAULT SERVER files OPTIONS (program 'echo hi')",
            "CREATE FOREIGN DATA WRAPPER nothing",
            "CREATE SERVER void FOREIGN DATA WRAPPER nothing",
            "CREATE FOREIGN TABLE none (a int) SERVER void",
            "GRANT SELECT ON ALL TABLES IN SCHEMA public TO PUBLIC",
        ] {
            assert!(admin.query(text).errors.is_empty(), "{text}");
        }
        let gate = Gate::before(pg, &database, &Options::superuser());
        let mut session = gate.session(&gate.read_grant());
        for sql in [
            "SELECT count(*) > 0 FROM os",
            "SELECT 'a=>1'::hstore -> 'a', 'a=>1'::hstore = 'a=>1'",
            "SELECT count(*) FROM normal_rand(3, 0, 1)",
            "SELECT earth_distance(ll_to_earth(0, 0), ll_to_earth(0, 0))",
            "SELECT float_range(1, 2), float_range(1, 2, '[]'), lower(float_range(1, 2)) < 2",
        ] {
            let reply = session.query(sql);
            assert_eq!(reply.rows, admin.query(sql).rows, "{sql}: {reply:?}");
        }
        for (sql, words) in [
            ("SELECT * FROM spy", "foreign table public.spy runs a program on the server"),
            ("SELECT * FROM parts", "table public.parts runs a program on the server"),
            ("SELECT * FROM none", "is read by the wrapper nothing"),
            ("SELECT * FROM crosstab('SELECT 1,' || '2,3') AS t(a int, b int)", "public.crosstab is written in c"),
            ("SELECT * FROM crosstab('SELECT 1,2,lo_creat(-1)') AS t(a int, b int)", ""),
            ("SELECT dblink_exec('dbname=x', 'SELECT 1')", "public.dblink_exec is written in c"),
        ] {
            let reply = session.query(sql);
            assert_eq!(reply.code(), "42501", "{sql}: {reply:?}");
            assert!(reply.errors[0].detail().contains(words), "{sql}: {}", reply.errors[0].detail());
        }
    }
}
