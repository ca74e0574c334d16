//! Scopes: each verb on its table passes, everything else does not, seen by effect.

use crate::support::gate::{Gate, Options};
use crate::support::message as m;
use crate::support::{on_each_server, pg};

const VERBS: [(&str, &str); 4] = [
    ("insert", "INSERT INTO public.victim VALUES (1)"),
    ("update", "UPDATE public.victim SET id = 2 WHERE id = 1"),
    ("delete", "DELETE FROM public.victim WHERE id = 1"),
    ("truncate", "TRUNCATE public.victim"),
];

on_each_server! {
    fn each_verb_passes_on_its_table_and_the_others_do_not(pg) {
        let gate = Gate::new(pg);
        for (granted, _) in VERBS {
            let scope = format!("{granted}:public.victim");
            let mut session = gate.session(&gate.write_grant(&[&scope]));
            for (verb, sql) in VERBS {
                let simple = session.query(sql);
                let extended = session.extended(sql, &[]);
                if verb == granted {
                    assert!(simple.errors.is_empty(), "{scope}: {sql}: {simple:?}");
                    assert!(extended.errors.is_empty(), "{scope}: {sql}: {extended:?}");
                } else {
                    assert_eq!(simple.code(), "42501", "{scope}: {sql}: {simple:?}");
                    assert_eq!(extended.code(), "42501", "{scope}: {sql}: {extended:?}");
                    let hint = simple.errors[0].hint().to_owned();
                    assert!(hint.contains(&format!("--scope {verb}:public.victim")), "{hint}");
                }
            }
        }
    }

    fn other_tables_stay_as_they_are(pg) {
        let gate = Gate::new(pg);
        let grant = gate.write_grant(&["insert,update,delete,truncate:public.victim"]);
        let mut session = gate.session(&grant);
        let statements = [
            "UPDATE public.orders SET note = 'x'",
            "UPDATE sales.orders SET note = 'x'",
            "DELETE FROM public.accounts",
            "TRUNCATE public.victim, public.measurements",
            "WITH d AS (DELETE FROM public.orders RETURNING 1) INSERT INTO public.victim SELECT 1 FROM d",
            "WITH v AS (INSERT INTO public.victim VALUES (1)) DELETE FROM sales.leads",
            "CREATE TABLE public.other (a int)",
            "ALTER TABLE public.victim ADD COLUMN b int",
            "DROP TABLE public.victim",
            "INSERT INTO public.victim SELECT public.write_as_owner()",
            "DO $$ BEGIN DELETE FROM public.orders; END $$",
            "COPY public.orders FROM STDIN",
            "SET ROLE boss",
            "SET search_path = sales",
        ];
        for sql in statements {
            for extended in [false, true] {
                let reply = if extended { session.extended(sql, &[]) } else { session.query(sql) };
                assert_eq!(reply.errors.len(), 1, "{sql}: {reply:?}");
                assert!(reply.errors[0].message().starts_with("pgward: "), "{sql}: {reply:?}");
            }
        }
        let mut admin = pg.admin(&gate.database);
        assert_eq!(admin.query("SELECT count(*) FROM orders WHERE note = 'x'").value(), "0");
        assert_eq!(admin.query("SELECT count(*) FROM sales.orders WHERE note = 'x'").value(), "0");
        assert_eq!(admin.query("SELECT count(*) FROM accounts").value(), "50");
        assert_eq!(admin.query("SELECT count(*) FROM sales.leads").value(), "20");
        assert_eq!(admin.query("SELECT count(*) FROM measurements").value(), "100");
        assert_eq!(pg.victims(&gate.database), "0");
    }

    fn a_name_means_the_table_that_was_granted(pg) {
        let gate = Gate::new(pg);
        let mut session = gate.session(&gate.write_grant(&["update:public.orders"]));
        let reply = session.query("UPDATE orders SET note = 'through' WHERE id = 1");
        let mut admin = pg.admin(&gate.database);
        if reply.errors.is_empty() {
            assert_eq!(admin.query("SELECT note FROM public.orders WHERE id = 1").value(), "through");
        }
        assert_eq!(admin.query("SELECT note FROM sales.orders WHERE id = 1").value(), "sales 1");
        // A temporary table of that name would come first.
        assert_eq!(session.query("CREATE TEMP TABLE orders (id int, note text)").errors.len(), 1);
    }

    fn writes_and_their_transactions(pg) {
        let gate = Gate::new(pg);
        let grant = gate.write_grant(&["insert:public.victim", "delete:public.victim"]);
        let mut session = gate.session(&grant);
        session.query("BEGIN");
        assert_eq!(session.query("INSERT INTO public.victim VALUES (1), (2)").tags, ["INSERT 0 2"]);
        session.query("SAVEPOINT s");
        assert_eq!(session.query("UPDATE public.victim SET id = 9").status, b'E');
        session.query("ROLLBACK TO s");
        assert_eq!(session.query("COMMIT").tags, ["COMMIT"]);
        assert_eq!(pg.victims(&gate.database), "2");
        session.query("BEGIN");
        session.query("DELETE FROM public.victim WHERE id > 0");
        session.query("ROLLBACK");
        assert_eq!(pg.victims(&gate.database), "2");
        let reply = session.query("INSERT INTO public.victim VALUES (3) RETURNING id");
        assert_eq!(reply.rows, [[Some("3".to_owned())]]);
        let reply = session.extended("INSERT INTO public.victim VALUES ($1)", &[Some("4")]);
        assert_eq!(reply.tags, ["INSERT 0 1"]);
        assert_eq!(pg.victims(&gate.database), "4");
        crate::support::eventually("every outcome", std::time::Duration::from_secs(5), || {
            gate.events("transaction.end").len() == 4
        });
        let outcomes: Vec<_> = gate.events("transaction.end").iter()
            .map(|r| r["tx_outcome"].as_str().unwrap().to_owned()).collect();
        assert_eq!(outcomes.iter().filter(|o| *o == "committed").count(), 3, "{outcomes:?}");
        assert_eq!(outcomes.iter().filter(|o| *o == "rolled_back").count(), 1, "{outcomes:?}");
    }

    fn writes_of_every_row_are_refused(pg) {
        let gate = Gate::new(pg);
        let grant = gate.write_grant(&["insert,update,delete:public.victim"]);
        let mut session = gate.session(&grant);
        session.query("INSERT INTO public.victim VALUES (1), (2)");
        for sql in [
            "DELETE FROM public.victim",
            "DELETE FROM public.victim WHERE true",
            "DELETE FROM public.victim WHERE 1 = 1",
            "DELETE FROM public.victim WHERE id = id",
            "DELETE FROM public.victim v WHERE v.id IS NOT NULL OR true",
            "DELETE FROM public.victim WHERE EXISTS (SELECT 1)",
            "DELETE FROM public.victim USING (SELECT 1) AS one",
            "UPDATE public.victim SET id = 3 WHERE id IN (SELECT id FROM public.victim)",
        ] {
            for extended in [false, true] {
                let reply = if extended { session.extended(sql, &[]) } else { session.query(sql) };
                assert_eq!(reply.code(), "42501", "{sql}: {reply:?}");
                assert!(reply.errors[0].detail().contains("rule where_required"), "{reply:?}");
            }
        }
        assert_eq!(pg.victims(&gate.database), "2");
        let reply = session.query("DELETE FROM public.victim WHERE id IN (1, 2)");
        assert_eq!(reply.tags, ["DELETE 2"]);
        let off = Options { policy: "require_where = false".into(), ..Options::default() };
        let gate = Gate::with(pg, &off);
        let mut session = gate.session(&gate.write_grant(&["delete:public.victim"]));
        assert!(session.query("DELETE FROM public.victim").errors.is_empty());
    }

    fn maintenance_calls_and_definitions_by_their_scopes(pg) {
        let gate = Gate::with(pg, &Options::superuser());
        let mut admin = pg.admin(&gate.database);
        let made = admin.query(
            "CREATE SCHEMA staging; CREATE SEQUENCE public.counter;
             CREATE PROCEDURE public.fill() LANGUAGE sql AS 'INSERT INTO public.victim VALUES (7)';
             CREATE TABLE public.parent (id int); CREATE TABLE public.heir () INHERITS (public.parent);
             INSERT INTO public.heir VALUES (1)",
        );
        assert!(made.errors.is_empty(), "{made:?}");
        std::thread::sleep(std::time::Duration::from_secs(6));
        let scopes = [
            "maintain:public.victim",
            "execute:pg_catalog.nextval",
            "execute:public.fill",
            "ddl:staging",
            "update:public.parent",
        ];
        let mut session = gate.session(&gate.write_grant(&scopes));
        for sql in [
            "VACUUM public.victim",
            "ANALYZE public.victim",
            "REINDEX TABLE public.victim",
            "SELECT nextval('public.counter')",
            "CALL public.fill()",
            "CREATE TABLE staging.t (a int PRIMARY KEY, b text DEFAULT 'x')",
            "CREATE TABLE staging.counted (id bigserial PRIMARY KEY, b text)",
            "CREATE INDEX ON staging.t (lower(b))",
            "ALTER TABLE staging.t ADD COLUMN c int",
            "CREATE VIEW staging.v AS SELECT a FROM staging.t",
            "DROP VIEW staging.v",
            "DROP TABLE staging.t",
            "UPDATE ONLY public.parent SET id = 2 WHERE id = 1",
        ] {
            let reply = session.query(sql);
            assert!(reply.errors.is_empty(), "{sql}: {reply:?}");
        }
        assert_eq!(pg.victims(&gate.database), "1");
        for sql in [
            "VACUUM",
            "VACUUM public.orders",
            "SELECT setval('public.counter', 1)",
            "SELECT pg_reload_conf()",
            "CALL public.fell()",
            "CREATE TABLE public.t (a int)",
            "CREATE TABLE t (a int)",
            "DROP TABLE public.orders",
            "DROP SCHEMA staging CASCADE",
            "CREATE FUNCTION staging.f() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'",
            "CREATE ROLE staging",
            "UPDATE public.parent SET id = 2 WHERE id = 1",
            "INSERT INTO public.victim VALUES (1)",
        ] {
            let reply = session.query(sql);
            assert_eq!(reply.errors.len(), 1, "{sql}: {reply:?}");
            assert!(reply.errors[0].message().starts_with("pgward: "), "{sql}: {reply:?}");
        }
        assert_eq!(admin.query("SELECT id FROM public.heir").value(), "1");
    }

    fn reads_are_narrowed_by_select(pg) {
        let database = pg.database();
        crate::support::pg::run(&mut pg.admin(&database),
            "CREATE FUNCTION peek() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT count(*) FROM public.accounts';
             CREATE FUNCTION peek(public.orders) RETURNS bigint LANGUAGE plpgsql STABLE AS 'BEGIN RETURN public.peek(); END';
             CREATE FUNCTION own() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT count(*) FROM public.orders'");
        let gate = Gate::before(pg, &database, &Options::default());
        let mut session = gate.session(&gate.write_grant(&["select:public.orders"]));
        assert!(session.query("SELECT count(*) FROM public.orders").errors.is_empty());
        assert!(session.query("SELECT count(*) FROM pg_catalog.pg_class").errors.is_empty());
        assert!(session.query("SELECT public.own(), lower('X'), now() FROM public.orders LIMIT 1").errors.is_empty());
        for sql in [
            "SELECT count(*) FROM public.accounts",
            "SELECT count(*) FROM accounts",
            "COPY public.accounts TO STDOUT",
            "SELECT * FROM pg_stats",
            "SELECT (SELECT count(*) FROM sales.leads) FROM public.orders",
            "SELECT public.peek()",
            "SELECT o.peek FROM public.orders o",
            "SELECT count(*) FROM public.orders WHERE public.peek() > 0",
            "EXPLAIN ANALYZE SELECT public.peek()",
            "SELECT lo_get(1)",
            "SELECT * FROM pg_stat_get_activity(NULL)",
            "SELECT * FROM pg_toast.pg_toast_2619",
            "SELECT * FROM public.open_orders",
            "TABLE public.accounts",
            "LOCK TABLE public.accounts IN ACCESS SHARE MODE",
            "DECLARE c CURSOR WITH HOLD FOR SELECT * FROM public.accounts",
            "SELECT * FROM public.measurements_2026",
        ] {
            assert_eq!(session.query(sql).code(), "42501", "{sql}");
        }
        // It stays a read grant, on the server too.
        assert_eq!(session.query("SHOW default_transaction_read_only").value(), "on");
        assert_eq!(session.query("SHOW pgward.scopes").value(), "select:public.orders");
        assert_eq!(session.query("UPDATE public.orders SET note = 'x' WHERE id = 1").code(), "25006");
    }

    fn a_scoped_grant_reads_as_before(pg) {
        let gate = Gate::new(pg);
        let mut session = gate.session(&gate.write_grant(&["update:public.orders"]));
        assert_eq!(session.query("SELECT count(*) FROM public.accounts").value(), "50");
        assert_eq!(session.extended("SELECT count(*) FROM sales.leads", &[]).value(), "20");
    }
}

#[test]
fn a_scope_that_names_nothing_is_refused_when_made() {
    let gate = Gate::new(pg::distribution());
    let create = |scope: &str| {
        gate.cli(&[
            "grant",
            "create",
            "--user",
            "alice",
            "--database",
            &gate.database,
            "--ttl",
            "10m",
            "--reason",
            "a scope with a typo",
            "--scope",
            scope,
        ])
    };
    let output = create("update:public.ordesr");
    assert!(!output.success);
    assert!(output.stderr.contains("public.orders"), "the nearest name: {}", output.stderr);
    for bad in ["update", "update:", "update:orders", "grant:public.orders", "update:public.*x", ""]
    {
        let output = create(bad);
        assert!(!output.success && !output.stderr.is_empty(), "{bad}");
        assert!(!output.stderr.contains("panicked"), "{}", output.stderr);
    }
}

#[test]
fn a_database_without_a_writer_has_no_scopes() {
    // A configuration of its own, since the usual one names a writer.
    let pg = pg::distribution();
    let gate = Gate::new(pg);
    let text = std::fs::read_to_string(gate.path("proxy.toml")).unwrap();
    let without: String =
        text.lines().filter(|l| !l.starts_with("writer")).map(|l| format!("{l}\n")).collect();
    std::fs::write(gate.path("proxy.toml"), without).unwrap();
    let mut gate = gate;
    gate.kill_and_restart();
    let output = gate.cli(&[
        "grant",
        "create",
        "--user",
        "alice",
        "--database",
        &gate.database,
        "--ttl",
        "10m",
        "--reason",
        "there is no writer",
        "--scope",
        "update:public.orders",
    ]);
    assert!(!output.success);
    assert!(output.stderr.contains("writer"), "{}", output.stderr);
}

#[test]
fn following_the_hint_makes_it_pass() {
    let pg = pg::distribution();
    let gate = Gate::new(pg);
    let grant = gate.read_grant();
    let mut session = gate.session(&grant);
    let reply = session.query("UPDATE public.orders SET note = 'y' WHERE id = 2");
    let hint = reply.errors[0].hint().to_owned();
    assert_eq!(hint, format!("pgward grant extend {} --scope update:public.orders", grant.id));
    let words: Vec<&str> = hint.split(' ').skip(1).collect();
    gate.cli(&words).expect("what the hint says");
    // From the next connection on, with the same token.
    let reply = session.query("UPDATE public.orders SET note = 'y' WHERE id = 2");
    assert_eq!(reply.code(), "25006", "{reply:?}");
    let mut session = gate.session(&grant);
    assert_eq!(
        session.query("UPDATE public.orders SET note = 'y' WHERE id = 2").tags,
        ["UPDATE 1"]
    );
}

#[test]
fn a_pipeline_commits_what_came_before_sync_and_nothing_after_a_refusal() {
    let pg = pg::distribution();
    let gate = Gate::with(pg, &Options::superuser());
    let mut session = gate.session(&gate.write_grant(&["insert:public.victim"]));
    let insert = |n: u32| {
        [
            m::parse("", &format!("INSERT INTO public.victim VALUES ({n})"), &[]),
            m::bind("", "", &[]),
            m::execute("", 0),
        ]
        .concat()
    };
    session.send(
        &[
            insert(1),
            m::sync(),
            insert(2),
            m::parse("", "DELETE FROM accounts", &[]),
            insert(3),
            m::sync(),
            insert(4),
            m::sync(),
        ]
        .concat(),
    );
    let replies: Vec<String> = (0..3).map(|_| session.reply().sequence).collect();
    assert_eq!(replies, ["12CZ", "12CEZ", "12CZ"]);
    assert_eq!(pg.victims(&gate.database), "2");
}
