//! Simple queries: reads pass as they are, refusals take the statement's place.

use crate::support::gate::Gate;
use crate::support::{on_each_server, pg::Pg};

/// Statements that any engineer may send; each is to bring what it brings directly.
const READS: &[&str] = &[
    "SELECT 1",
    "",
    ";",
    " -- only a comment\n",
    "SELECT 1; SELECT 2; SELECT 3",
    "SELECT * FROM public.orders ORDER BY id LIMIT 20",
    "TABLE public.accounts",
    "VALUES (1, 'a'), (2, NULL)",
    "SELECT o.*, a.owner FROM orders o JOIN accounts a ON a.id = o.account_id ORDER BY 1",
    "WITH t AS (SELECT account_id, sum(amount) s FROM orders GROUP BY 1) SELECT * FROM t ORDER BY 1",
    "SELECT id, row_number() OVER (PARTITION BY account_id ORDER BY id) FROM orders ORDER BY 1",
    "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY amount) FROM orders",
    "SELECT * FROM open_orders ORDER BY id",
    "SELECT * FROM totals ORDER BY 1",
    "SELECT count(*) FROM ONLY measurements",
    "SELECT * FROM generate_series(1, 3) g, LATERAL (SELECT g * 2) d",
    "EXPLAIN (COSTS off) SELECT * FROM orders WHERE id = 1",
    "EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off, BUFFERS off) SELECT 1",
    "SHOW server_version",
    "SHOW TimeZone",
    "SELECT 'it''s', E'a\\'b', U&'d\\0061t', $$x$$, $t$y$t$",
    "SELECT '12'::int, '2026-01-01'::date, interval '1 day', x'1F'::int",
    "SELECT array_agg(id ORDER BY id) FROM orders WHERE tags @> ARRAY['t1']",
    "SELECT extra->>'n', extra @> '{\"n\": 1}' FROM orders ORDER BY id LIMIT 3",
    "SELECT * FROM pg_catalog.pg_class WHERE relname = 'orders'",
    "SELECT current_setting('server_version_num'), current_database()",
    "SELECT 1/0",
    "SELECT nothing FROM nowhere",
    "SELEC 1",
    "SELECT random() < 2, clock_timestamp() > '2020-01-01', gen_random_uuid() IS NOT NULL",
    "SELECT pg_total_relation_size('orders') > 0, pg_is_in_recovery()",
    "BEGIN; SELECT 1; COMMIT",
    "BEGIN READ ONLY; SELECT 1; ROLLBACK",
    "BEGIN; SELECT 1/0; SELECT 2; ROLLBACK",
    "SELECT 1",
    "ROLLBACK",
    "SET statement_timeout = '10s'",
    "DECLARE c CURSOR FOR SELECT 1",
    "COPY (SELECT id, note FROM orders ORDER BY id LIMIT 3) TO STDOUT",
    "COPY orders (id) TO STDOUT WITH (FORMAT csv, HEADER)",
];

/// Writes and the like; each is refused, with this SQLSTATE, and the session goes on.
const REFUSED: &[(&str, &str)] = &[
    ("UPDATE public.orders SET note = 'x'", "25006"),
    ("INSERT INTO victim VALUES (1)", "25006"),
    ("DELETE FROM orders", "25006"),
    ("TRUNCATE victim", "25006"),
    ("MERGE INTO victim v USING accounts a ON a.id = v.id WHEN MATCHED THEN DELETE", "25006"),
    ("WITH x AS (DELETE FROM orders RETURNING *) SELECT * FROM x", "25006"),
    ("SELECT * INTO victim2 FROM victim", "25006"),
    ("CREATE TABLE t (a int)", "25006"),
    ("CREATE TEMP TABLE t (a int)", "25006"),
    ("DROP TABLE victim", "25006"),
    ("ALTER TABLE victim ADD COLUMN b int", "25006"),
    ("EXPLAIN ANALYZE DELETE FROM orders", "25006"),
    ("EXPLAIN ANALYZE CREATE TABLE t AS SELECT 1", "25006"),
    ("PREPARE p AS INSERT INTO victim VALUES (1)", "25006"),
    ("COPY victim FROM STDIN", "25006"),
    ("GRANT SELECT ON orders TO writer", "25006"),
];

on_each_server! {
    fn reads_bring_what_they_bring_directly(pg) {
        let gate = Gate::new(pg);
        let mut through = gate.session(&gate.read_grant());
        let mut direct = pg.direct(&gate.database);
        // What a read-only transaction says of itself is all that may differ.
        direct.query("SET default_transaction_read_only = on");
        for sql in READS {
            let (ours, theirs) = (through.query(sql), direct.query(sql));
            assert_eq!(ours.sequence, theirs.sequence, "{sql}: {ours:?}");
            assert_eq!(ours.tags, theirs.tags, "{sql}");
            assert_eq!(ours.status, theirs.status, "{sql}");
            let codes = |r: &crate::support::wire::Reply| {
                r.errors.iter().map(|e| e.code().to_owned()).collect::<Vec<_>>()
            };
            assert_eq!(codes(&ours), codes(&theirs), "{sql}: {:?}", ours.errors);
            assert_eq!(ours.rows, theirs.rows, "{sql}");
        }
    }

    fn a_refusal_teaches_and_the_session_goes_on(pg) {
        let gate = Gate::new(pg);
        let grant = gate.read_grant();
        let mut session = gate.session(&grant);
        for (sql, code) in REFUSED {
            let reply = session.query(sql);
            assert_eq!(reply.sequence, "EZ", "{sql}: {reply:?}");
            assert_eq!((reply.code(), reply.status), (*code, b'I'), "{sql}: {reply:?}");
            let error = &reply.errors[0];
            assert_eq!(error.severity(), "ERROR");
            assert!(error.message().starts_with("pgward: "), "{sql}: {error:?}");
            assert!(!error.hint().is_empty(), "{sql}: {error:?}");
            assert_eq!(session.query("SELECT 1").value(), "1", "after {sql}");
        }
        assert_eq!(pg.victims(&gate.database), "0");
    }

    fn the_refusal_of_an_update_is_the_one_of_the_contract(pg) {
        let gate = Gate::new(pg);
        let grant = gate.read_grant();
        let mut session = gate.session(&grant);
        let reply = session.query("UPDATE public.orders SET note = 'x' WHERE id = 1");
        let error = &reply.errors[0];
        let id = &grant.id;
        assert_eq!(
            error.message(),
            format!("pgward: UPDATE on public.orders refused: grant {id} is read-only")
        );
        assert!(error.detail().starts_with("rule write_without_scope; "), "{error:?}");
        assert!(error.detail().contains("INC-4211 stuck orders"), "{error:?}");
        assert!(error.detail().contains("min)"), "{error:?}");
        assert!(error.hint().starts_with("pgward grant "), "{error:?}");
        assert!(error.hint().contains("--scope update:public.orders"), "{error:?}");
        for absent in ['F', 'L', 'R'] {
            assert!(!error.0.contains_key(&absent), "{error:?}");
        }
    }

    fn a_refusal_in_a_transaction_aborts_it(pg) {
        let gate = Gate::new(pg);
        let mut session = gate.session(&gate.read_grant());
        assert_eq!(session.query("BEGIN").status, b'T');
        let refused = session.query("DELETE FROM orders");
        assert_eq!((refused.code(), refused.status), ("25006", b'E'));
        assert_eq!(session.query("SELECT 1").code(), "25P02");
        let end = session.query("COMMIT");
        assert_eq!((end.tags, end.status), (vec!["ROLLBACK".to_owned()], b'I'));
        assert_eq!(session.query("SELECT 1").value(), "1");
    }

    fn savepoints_recover_from_a_refusal(pg) {
        let gate = Gate::new(pg);
        let mut session = gate.session(&gate.read_grant());
        session.query("BEGIN; SAVEPOINT s");
        assert_eq!(session.query("DELETE FROM orders").status, b'E');
        assert_eq!(session.query("ROLLBACK TO s").status, b'T');
        assert_eq!(session.query("SELECT 1").value(), "1");
        assert_eq!(session.query("COMMIT").tags, ["COMMIT"]);
    }

    fn a_string_is_refused_as_a_whole(pg) {
        let gate = Gate::new(pg);
        let grant = gate.write_grant(&["insert:public.victim"]);
        let mut session = gate.session(&grant);
        let reply = session.query("INSERT INTO public.victim VALUES (1); DELETE FROM public.orders");
        assert_eq!((reply.rows.len(), reply.tags.len(), reply.errors.len()), (0, 0, 1), "{reply:?}");
        assert_eq!(pg.victims(&gate.database), "0");
        assert_eq!(session.query("INSERT INTO public.victim VALUES (1)").tags, ["INSERT 0 1"]);
        assert_eq!(pg.victims(&gate.database), "1");
    }
}

#[test]
fn notices_and_asynchronous_messages_pass() {
    let pg: &Pg = crate::support::pg::distribution();
    let gate = Gate::new(pg);
    let mut session = gate.session(&gate.read_grant());
    let reply = session.query("ROLLBACK");
    assert_eq!(reply.sequence, "NCZ");
    assert_eq!(reply.notices[0].code(), "25P01");
    let reply = session.query("SET TimeZone = 'Asia/Tokyo'");
    assert_eq!(reply.sequence, "CSZ");
    assert_eq!(session.query("SHOW TimeZone").value(), "Asia/Tokyo");
}

#[test]
fn pgward_answers_show_of_its_settings() {
    let pg = crate::support::pg::distribution();
    let gate = Gate::new(pg);
    let grant = gate.read_grant();
    let mut session = gate.session(&grant);
    assert_eq!(session.query("SHOW pgward.grant_id").value(), grant.id);
    assert_eq!(session.query("SHOW pgward.reason").value(), "INC-4211 stuck orders");
    let expires = session.query("SHOW pgward.expires_at").value();
    assert_eq!(expires[..19], grant.json["expires_at"].as_str().unwrap()[..19]);
    assert!(session.query("SHOW pgward.scopes").errors.is_empty());
    assert_eq!(session.query("SET pgward.grant_id = 'g_0000000000'").errors.len(), 1);
    assert_eq!(session.query("SHOW pgward.grant_id").value(), grant.id);
    let name = session.query("SHOW application_name").value();
    assert!(name.starts_with(&format!("pgward:alice:{}/", grant.id)), "{name}");
}

#[test]
fn caps_are_put_in_place_of_what_exceeds_them() {
    let pg = crate::support::pg::distribution();
    let gate = Gate::new(pg);
    let mut session = gate.session(&gate.read_grant());
    assert_eq!(session.query("SHOW statement_timeout").value(), "5min");
    session.query("SET statement_timeout = '2s'");
    assert_eq!(session.query("SHOW statement_timeout").value(), "2s");
    let reply = session.query("SET statement_timeout = 0");
    assert!(reply.errors.is_empty(), "{reply:?}");
    assert!(!reply.notices.is_empty(), "a NOTICE says that the cap was put in place: {reply:?}");
    assert_eq!(session.query("SHOW statement_timeout").value(), "5min");
    for sql in ["SET default_transaction_read_only = off", "SET role = 'postgres'"] {
        assert_eq!(session.query(sql).errors.len(), 1, "{sql}");
    }
    assert!(session.query("SET default_transaction_read_only = on").errors.is_empty());
}
