//! Families of attacks, generated, judged by what remains in the server: tables, large objects,
//! sequences, settings, roles, locks, slots, statistics. Only pgward stands in the way: its
//! upstream roles are superusers.

use std::fmt::Write as _;

use crate::support::gate::{Gate, Grant, Options};
use crate::support::message as m;
use crate::support::on_each_server;
use crate::support::pg::{Pg, run};
use crate::support::wire::Wire;

/// Everything of the database's own that runs a function which writes.
const OBJECTS: &str = r"
CREATE FUNCTION evil() RETURNS int LANGUAGE sql SECURITY DEFINER
    AS 'INSERT INTO public.victim VALUES (1) RETURNING 1';
CREATE FUNCTION evil1(x int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN public.evil(); END';
CREATE FUNCTION eviltext(x text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE
    AS 'BEGIN PERFORM public.evil(); RETURN true; END';
CREATE FUNCTION evilrow(o public.accounts) RETURNS int LANGUAGE plpgsql IMMUTABLE
    AS 'BEGIN RETURN public.evil(); END';
CREATE FUNCTION evilany(anyelement) RETURNS int LANGUAGE plpgsql IMMUTABLE
    AS 'BEGIN RETURN public.evil(); END';
CREATE FUNCTION evilmany(VARIADIC accounts[]) RETURNS int LANGUAGE plpgsql IMMUTABLE
    AS 'BEGIN RETURN public.evil(); END';
CREATE FUNCTION eviltwo(int, int) RETURNS int LANGUAGE plpgsql IMMUTABLE
    AS 'BEGIN RETURN public.evil(); END';
CREATE FUNCTION upper(varchar) RETURNS text LANGUAGE plpgsql IMMUTABLE
    AS 'BEGIN PERFORM public.evil(); RETURN ''x''; END';
CREATE PROCEDURE evilproc() LANGUAGE plpgsql AS 'BEGIN PERFORM public.evil(); END';
CREATE AGGREGATE evilsum(int) (sfunc = eviltwo, stype = int, initcond = '0');
CREATE OPERATOR ### (leftarg = int, rightarg = int, function = eviltwo);
CREATE DOMAIN evildomain AS text CHECK (public.eviltext(VALUE));
CREATE TYPE evilpair AS (a int, b evildomain);
CREATE TABLE evilrows (p evilpair, q address);
CREATE FUNCTION evilcast(int) RETURNS address LANGUAGE plpgsql IMMUTABLE
    AS 'BEGIN PERFORM public.evil(); RETURN NULL; END';
CREATE FUNCTION evilcast(address) RETURNS text LANGUAGE plpgsql IMMUTABLE
    AS 'BEGIN PERFORM public.evil(); RETURN NULL; END';
CREATE CAST (int AS address) WITH FUNCTION evilcast(int);
CREATE CAST (address AS text) WITH FUNCTION evilcast(address) AS IMPLICIT;
CREATE TABLE allowed (id int PRIMARY KEY, note text, tags int[]);
";

/// Where an expression can stand.
const PLACES: &str = "SELECT @|SELECT 1 WHERE (@) IS NOT NULL|SELECT * FROM (SELECT @) s|\
    WITH c AS MATERIALIZED (SELECT @ AS a) SELECT * FROM c|SELECT count(*) FILTER (WHERE (@) IS NULL)|\
    SELECT 1 ORDER BY (@)|SELECT 1 GROUP BY (@)|SELECT CASE WHEN (@) IS NULL THEN 1 END|\
    VALUES ((@))|SELECT ARRAY[(@)]|SELECT ROW((@))|SELECT coalesce(NULL, (@)::text)|\
    EXPLAIN ANALYZE SELECT @|EXPLAIN SELECT @|DECLARE c CURSOR WITH HOLD FOR SELECT @|\
    PREPARE p AS SELECT @; EXECUTE p|COPY (SELECT @) TO STDOUT|\
    SELECT 1 LIMIT (SELECT 1 WHERE (@) IS NOT NULL)|SELECT row_number() OVER (ORDER BY (@))|\
    SELECT json_build_object('a', (@))|SELECT xmlelement(name a, (@)::text)|\
    SELECT * FROM accounts, LATERAL (SELECT @) l|(SELECT @) UNION ALL (SELECT @)|\
    SELECT * FROM accounts TABLESAMPLE bernoulli(CASE WHEN (@) IS NULL THEN 1 ELSE 100 END)|\
    INSERT INTO public.allowed (id) SELECT 1 WHERE (@) IS NULL AND false|\
    INSERT INTO public.allowed VALUES (-1) RETURNING 1/0, (@)";

/// Expressions that would write; those with a FROM stand in the places as sub-queries.
const EXPRESSIONS: &str = r#"evil()|"evil"()|PUBLIC.EVIL()|U&"\0065vil"()|evil1(1)|evil1(x => 1)|
    evilany(1)|evilrow(o) FROM accounts o|o.evilrow FROM accounts o|(o).evilrow FROM accounts o|
    o.evilmany FROM accounts o|o.evilany FROM accounts o|(1).evil1|(1::int).evilany|
    ('x'::text).eviltext|g.evil1 FROM generate_series(1, 2) g|evil1.evil1 FROM abs(1) evil1|
    g.evil1 FROM abs(1) g(a)|abs.evil1 FROM abs(1)|g.evil1 FROM ROWS FROM (abs(1)) g|
    j.evil1 FROM coalesce(1) j|"coalesce".evil1 FROM coalesce(1)|
    'x'::evildomain|CAST('x' AS evildomain)|evildomain 'x'|('x'::text).evildomain|
    g.evildomain FROM concat('x') g|evildomain('x')|'(1,x)'::evilpair|'{x}'::evildomain[]|
    1 ### 2|1 OPERATOR(public.###) 2|1 ### ANY (ARRAY[1])|evilsum(1)|upper('x'::varchar)|
    json_populate_record(NULL::evilpair, '{"b":"x"}')|d FROM json_to_record('{"d":"x"}') AS x(d evildomain)|
    x.d FROM xmltable('/a' PASSING '<a>x</a>' COLUMNS d evildomain PATH '.') x|
    nextval('tickets')|setval('tickets', 5)|('tickets'::regclass).nextval|
    g.nextval FROM unnest('{tickets}'::regclass[]) g|(4242).lo_create|lo_create(4242)|
    g.lo_create FROM generate_series(4242, 4243) g|lo_from_bytea(4245, 'x')|lo_import('/etc/hostname')|
    pg_advisory_lock(1)|(77).pg_advisory_lock|g.pg_try_advisory_lock FROM generate_series(5, 6) g|
    pg_create_physical_replication_slot('x')|('x'::name).pg_create_physical_replication_slot|
    pg_stat_reset()|('bgwriter'::text).pg_stat_reset_shared|pg_replication_origin_create('x')|
    ('x'::text).pg_replication_origin_create|set_config('default_transaction_read_only', 'off', false)|
    query_to_xml('SELECT evil()', true, true, '')|ts_stat('SELECT evil()::text::tsvector')|
    pg_input_is_valid('x', 'evildomain')|domain_in('x', 'evildomain'::regtype, -1)|
    array_in('{x}', 'evildomain'::regtype, -1)|record_in('(1,x)', 'evilpair'::regtype, -1)|
    pg_import_system_collations('sales')|1 IN (SELECT evil())|max(evil1(id)) FROM accounts|
    1::address|CAST(1 AS public.address)|home::text FROM accounts|length(home) FROM accounts|
    home FROM (SELECT home::text FROM accounts) x|
    json_populate_record(e, '{"p":{"b":"x"}}') FROM accounts a LEFT JOIN evilrows e ON false|
    jsonb_populate_recordset(e, '[{"p":{"b":"x"}}]') FROM accounts a LEFT JOIN evilrows e ON false|
    JSON_VALUE(jsonb '"x"', '$' RETURNING evildomain)|JSON_SERIALIZE('1' RETURNING evildomain)|
    x.* FROM JSON_TABLE('["x"]', '$[*]' COLUMNS (a evildomain PATH '$')) x"#;

/// Statements that write, define or instruct, none of which the grants cover.
const STATEMENTS: &str = "INSERT INTO public.victim VALUES (1)|UPDATE accounts SET owner = 'x'|\
    DELETE FROM sales.leads|TRUNCATE public.victim|INSERT INTO sales.orders VALUES (99)|\
    MERGE INTO sales.leads l USING allowed a ON true WHEN MATCHED THEN DELETE|\
    WITH w AS (INSERT INTO public.victim VALUES (1) RETURNING 1) INSERT INTO public.allowed SELECT * FROM w|\
    UPDATE public.allowed SET id = 1|DELETE FROM public.allowed|TRUNCATE public.allowed|\
    INSERT INTO public.allowed VALUES (1) ON CONFLICT (id) DO UPDATE SET note = 'x'|\
    COPY public.victim FROM STDIN|COPY public.allowed FROM '/etc/hostname'|\
    COPY public.allowed FROM STDIN WHERE evil() > 0|CREATE TABLE stolen AS SELECT 1|\
    CREATE TEMP TABLE allowed (id int)|SELECT 1 INTO stolen|CREATE VIEW stolen AS SELECT 1|\
    REFRESH MATERIALIZED VIEW totals|CALL evilproc()|DO 'BEGIN PERFORM evil(); END'|\
    COMMENT ON TABLE accounts IS 'x'|GRANT ALL ON accounts TO public|CREATE ROLE intruder|\
    ALTER ROLE boss SET work_mem = '1MB'|ALTER SYSTEM SET work_mem = '1MB'|\
    CREATE INDEX ON accounts (balance)|DROP TABLE public.victim|ALTER SEQUENCE tickets RESTART 50|\
    CREATE RULE r AS ON INSERT TO allowed DO ALSO INSERT INTO public.victim VALUES (1)|\
    ALTER TABLE accounts ADD COLUMN x int|CREATE EXTENSION hstore|CREATE SCHEMA stolen|\
    UPDATE pg_catalog.pg_class SET relname = 'x' WHERE relname = 'victim'|\
    UPDATE pg_settings SET setting = '1MB' WHERE name = 'work_mem'|VACUUM FULL accounts|\
    CLUSTER|REINDEX TABLE accounts|LOCK TABLE accounts|SELECT * FROM accounts FOR UPDATE";

/// What is sent before a statement, or around it.
const DISGUISES: &str = "@|BEGIN READ WRITE; @; COMMIT|COMMIT; BEGIN READ WRITE; @; COMMIT|\
    SET TRANSACTION READ WRITE; @|SET transaction_read_only = off; @|SELECT 1; @|@; SELECT 1|\
    SELECT 1 END; @|EXPLAIN ANALYZE @|EXPLAIN (ANALYZE ON, BUFFERS) @|PREPARE q AS @|COPY (@) TO STDOUT|\
    WITH z AS (@) SELECT 1|DECLARE cc CURSOR FOR @|CREATE TABLE stolen2 AS @|/* /* */ */ @ -- x|\
    SELECT '\\'; @; --'|DO $a$BEGIN EXECUTE $b$@$b$; END$a$|COMMIT AND CHAIN; @";

/// One value that hashes all that an attack could leave behind.
fn left_behind(admin: &mut Wire) -> String {
    let rows = "SELECT string_agg(t || (xpath('/row/c/text()', query_to_xml(\
        'SELECT count(*) || coalesce(md5(string_agg(q::text, '','' ORDER BY q::text)), '''') c FROM ' || t || ' q', \
        false, true, '')))[1]::text, ',' ORDER BY t) FROM (SELECT oid::regclass::text t FROM pg_class \
        WHERE relkind IN ('r', 'm') AND relnamespace IN ('public'::regnamespace, 'sales'::regnamespace)) x";
    let parts = [
        rows,
        "SELECT string_agg(concat(relname, relkind, relfilenode, relacl), ',' ORDER BY oid) FROM pg_class",
        "SELECT string_agg(proname, ',' ORDER BY oid) FROM pg_proc WHERE oid >= 16384",
        "SELECT string_agg(concat(schemaname, sequencename, last_value), ',') FROM pg_sequences",
        "SELECT count(*)::text FROM pg_largeobject_metadata",
        "SELECT string_agg(concat(name, '=', reset_val), ',' ORDER BY name) FROM pg_settings \
         WHERE name IN ('work_mem', 'default_transaction_read_only')",
        "SELECT count(*)::text FROM pg_file_settings WHERE sourcefile LIKE '%auto.conf'",
        "SELECT string_agg(setconfig::text, ',') FROM pg_db_role_setting",
        "SELECT string_agg(slot_name, ',') FROM pg_replication_slots",
        "SELECT count(*)::text FROM pg_replication_origin",
        "SELECT string_agg(nspname, ',' ORDER BY oid) FROM pg_namespace WHERE nspname !~ '^pg_t'",
        "SELECT string_agg(description, ',' ORDER BY objoid) FROM pg_description WHERE objoid >= 16384",
        "SELECT string_agg(extname, ',') FROM pg_extension",
        "SELECT count(*)::text FROM pg_collation",
        "SELECT count(*)::text FROM pg_prepared_xacts",
        "SELECT count(*)::text FROM pg_locks l JOIN pg_database d ON d.oid = l.database \
         WHERE d.datname = current_database() AND locktype = 'advisory'",
        "SELECT count(*)::text FROM pg_roles WHERE rolname = 'intruder'",
        "SELECT stats_reset::text FROM pg_stat_database WHERE datname = current_database()",
    ];
    let mut sql = String::from("SELECT md5(concat_ws('|'");
    parts.iter().for_each(|part| write!(sql, ", ({part})").unwrap());
    admin.query(&format!("{sql}))")).value()
}

fn words(list: &str) -> impl Iterator<Item = &str> {
    list.split('|').map(str::trim)
}

/// Every expression in every place; every statement in every disguise.
fn texts() -> Vec<String> {
    let mut texts = Vec::new();
    for expression in words(EXPRESSIONS) {
        for place in words(PLACES) {
            // `f(x) FROM t` is part of a SELECT already in some places.
            let from = expression.contains(" FROM ") && place.contains("(@)");
            let select = format!("SELECT {expression}");
            texts.push(place.replace('@', if from { &select } else { expression }));
        }
    }
    for statement in words(STATEMENTS) {
        texts.extend(words(DISGUISES).map(|disguise| disguise.replace('@', statement)));
    }
    texts
}

/// Sends a text by the simple and the extended protocol and in a block. A session that ends
/// is replaced: what counts is what remains.
fn attack(gate: &Gate, grant: &Grant, session: &mut Wire, text: &str) {
    let in_block = [m::query("BEGIN"), m::query(text), m::query("COMMIT")].concat();
    let unnamed = [m::parse("", text, &[]), m::bind("", "", &[]), m::execute("", 0), m::sync()];
    // A COPY that opens is failed; outside one the message is ignored.
    let fail = m::copy_fail("no");
    let rounds =
        [(1, [m::query(text), fail.clone()].concat()), (1, unnamed.concat()), (3, in_block)];
    for (replies, bytes) in rounds {
        let alive = session.try_send(&bytes).is_ok();
        if !alive || (0..replies).any(|_| session.reply().status == 0) {
            *session = gate.session(grant);
        }
    }
    if session.query("ROLLBACK").status == 0 {
        *session = gate.session(grant);
    }
}

fn nothing_remains(gate: &Gate, grants: &[Grant], admin: &mut Wire, texts: &[String]) {
    let before = left_behind(admin);
    for grant in grants {
        let mut session = gate.session(grant);
        for some in texts.chunks(50) {
            some.iter().for_each(|text| attack(gate, grant, &mut session, text));
            if left_behind(admin) == before {
                continue;
            }
            let culprit = some.iter().find(|text| {
                let before = left_behind(admin);
                attack(gate, grant, &mut session, text);
                left_behind(admin) != before
            });
            panic!("{:?} left something behind, on {}", culprit.unwrap_or(&some[0]), grant.json);
        }
    }
}

fn gate(pg: &Pg) -> (Gate, Vec<Grant>) {
    let database = pg.database();
    run(&mut pg.admin(&database), OBJECTS);
    let gate = Gate::before(pg, &database, &Options::superuser());
    let grants = vec![gate.read_grant(), gate.write_grant(&["insert:public.allowed"])];
    (gate, grants)
}

/// Every function of pg_catalog, called and in attribute notation, with arguments that fit.
fn functions(admin: &mut Wire) -> Vec<String> {
    let value = |of: &str| match of {
        "oid" => "'accounts'::regclass::oid",
        "regclass" => "'tickets'::regclass",
        "integer" | "bigint" | "smallint" | "numeric" | "anyelement" => "1",
        "double precision" | "real" => "0.01",
        "text" => "'x'::text",
        "name" => "'x'::name",
        "boolean" => "true",
        "bytea" => "'x'::bytea",
        "pg_lsn" => "'0/1'::pg_lsn",
        "regtype" => "'evildomain'::regtype",
        "regnamespace" => "'sales'::regnamespace",
        "interval" => "'1ms'::interval",
        "xid8" => "'1'::xid8",
        _ => "NULL",
    };
    let listed = admin.query(
        "SELECT quote_ident(proname), array_to_string(array(SELECT format_type(t, NULL) \
         FROM unnest(proargtypes) t), '|') FROM pg_proc WHERE prokind = 'f' AND \
         pronamespace = 'pg_catalog'::regnamespace AND proname !~ '^pg_sleep' AND \
         (provolatile = 'v' OR pronargs = 1) ORDER BY oid",
    );
    let mut calls = Vec::new();
    for row in listed.rows {
        let (name, types) = (row[0].as_deref().unwrap(), row[1].as_deref().unwrap());
        let arguments: Vec<&str> = words(types).filter(|t| !t.is_empty()).map(value).collect();
        calls.push(format!("SELECT pg_catalog.{name}({})", arguments.join(", ")));
        if let [one] = arguments[..] {
            calls.push(format!("SELECT ({one}).{name}"));
            calls.push(format!("SELECT z.{name} FROM coalesce({one}) z"));
        }
    }
    assert!(calls.len() > 2_000, "{}", calls.len());
    calls
}

on_each_server! {
    fn no_text_leaves_anything_behind(pg) {
        let (gate, grants) = gate(pg);
        let texts = texts();
        assert!(texts.len() > 2_000, "{}", texts.len());
        nothing_remains(&gate, &grants, &mut pg.admin(&gate.database), &texts);
    }

    fn no_built_in_function_leaves_anything_behind(pg) {
        let (gate, grants) = gate(pg);
        let mut admin = pg.admin(&gate.database);
        let calls = functions(&mut admin);
        let before = left_behind(&mut admin);
        for grant in &grants {
            let mut session = gate.session(grant);
            for some in calls.chunks(200) {
                for call in some {
                    assert_ne!(session.query(call).status, 0, "{call}");
                    assert_ne!(session.extended(call, &[]).status, 0, "{call}");
                }
                assert_eq!(left_behind(&mut admin), before, "after one of {some:?}");
            }
        }
    }

    fn a_record_names_the_text_that_ran(pg) {
        // FETCH of a write is refused while rows are capped.
        let uncapped = Options { limits: "max_rows_written = 0".into(), ..Options::default() };
        let gate = Gate::with(pg, &uncapped);
        let grant = gate.write_grant(&["insert:public.victim"]);
        let insert = "INSERT INTO public.victim VALUES (7)";
        let (harmless, long) = ("SELECT 'harmless'", "a".repeat(63));
        let (first, second) = (format!("{long}1"), format!("{long}2"));
        // The same name to the server, which keeps 63 bytes of it.
        let mut session = gate.session(&grant);
        for messages in [
            [m::parse(&first, harmless, &[]), m::close(b'S', &second)].concat(),
            [m::parse(&second, insert, &[]), m::bind("", &first, &[]), m::execute("", 0)].concat(),
        ] {
            assert!(session.round(&[messages, m::sync()]).errors.is_empty());
        }
        // A portal of PREPARE's statement, run after the name stands for another.
        let mut session = gate.session(&grant);
        session.query("BEGIN");
        session.query(&format!("PREPARE p AS {harmless}"));
        session.round(&[m::bind("c", "p", &[]), m::sync()]);
        session.query("DEALLOCATE p");
        session.round(&[m::parse("p", insert, &[]), m::sync()]);
        session.round(&[m::execute("c", 0), m::sync()]);
        session.round(&[m::bind("", "p", &[]), m::execute("", 0), m::sync()]);
        assert_eq!(session.query("COMMIT").tags, ["COMMIT"]);
        // FETCH from a portal that writes.
        let mut session = gate.session(&grant);
        session.query("BEGIN");
        let returning = format!("{insert} RETURNING id");
        session.round(&[m::parse("s", &returning, &[]), m::bind("w", "s", &[]), m::sync()]);
        assert_eq!(session.query("FETCH ALL FROM w").rows.len(), 1);
        session.query("COMMIT");
        // What PREPARE made, executed outside a block.
        let mut session = gate.session(&grant);
        session.query(&format!("PREPARE q AS {insert}"));
        assert!(session.round(&[m::bind("", "q", &[]), m::execute("", 0), m::sync()]).errors.is_empty());
        assert!(session.query("EXECUTE q").errors.is_empty());
        assert_eq!(pg.victims(&gate.database), "5");

        let bound: Vec<String> = gate
            .events("statement.allowed")
            .iter()
            .filter(|r| r["parse_id"].is_u64() || r["parse_id"].is_string())
            .map(|r| r["query"].as_str().unwrap_or_default().to_owned())
            .collect();
        let prepared = |what: &str, name: &str| format!("PREPARE {name} AS {what}");
        assert_eq!(
            bound,
            [
                insert.to_owned(),
                prepared(harmless, "p"),
                insert.to_owned(),
                returning,
                prepared(insert, "q"),
                "EXECUTE q".to_owned()
            ]
        );
        crate::support::eventually("every commit is on record", std::time::Duration::from_secs(5), || {
            gate.events("transaction.end").len() == 5
        });
        // A cursor in the place of a closed portal is on record as that cursor.
        let mut session = gate.session(&grant);
        session.query("BEGIN");
        session.round(&[m::parse("s", harmless, &[]), m::bind("c", "s", &[]), m::sync()]);
        session.query("CLOSE c");
        session.query("DECLARE c CURSOR FOR SELECT * FROM accounts");
        assert_eq!(session.round(&[m::execute("c", 0), m::sync()]).rows.len(), 50);
        let allowed = gate.events("statement.allowed");
        assert_eq!(allowed.last().unwrap()["query"], "DECLARE c CURSOR FOR SELECT * FROM accounts");
        // Names that the server may read as others.
        let mut session = gate.session(&grant);
        assert_eq!(session.round(&[m::parse("é", harmless, &[]), m::sync()]).code(), "0A000");
        assert_eq!(session.query("PREPARE \"é\" AS SELECT 1").code(), "0A000");
    }

    fn what_is_prepared_is_bounded(pg) {
        let gate = Gate::new(pg);
        let mut session = gate.session(&gate.read_grant());
        let large = format!("SELECT '{}'", "x".repeat(1_000_000));
        let refused = (0..40).find(|n| {
            let reply = session.round(&[m::parse(&format!("s{n}"), &large, &[]), m::sync()]);
            reply.code() == "54000"
        });
        assert!(refused.is_some_and(|n| n < 20), "{refused:?}");
        session.query("DEALLOCATE ALL");
        assert_eq!(session.round(&[m::parse("s", "SELECT 1", &[]), m::sync()]).code(), "");
        let resident = gate.resident_bytes();
        assert!(resident < 150 * 1024 * 1024, "{resident}");
    }
}
