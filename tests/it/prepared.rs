//! Statement and portal names: what runs is what was judged under that name.

use crate::support::gate::Gate;
use crate::support::message as m;
use crate::support::on_each_server;

on_each_server! {
    fn sql_and_protocol_share_one_namespace(pg) {
        let gate = Gate::new(pg);
        let mut session = gate.session(&gate.read_grant());
        assert_eq!(session.query("PREPARE p AS SELECT 'by sql'").tags, ["PREPARE"]);
        let reply = session.round(&[m::bind("", "p", &[]), m::execute("", 0), m::sync()]);
        assert_eq!(reply.value(), "by sql");
        session.round(&[m::parse("q", "SELECT 'by protocol'", &[]), m::sync()]);
        assert_eq!(session.query("EXECUTE q").value(), "by protocol");
        assert_eq!(session.query("DEALLOCATE q").tags, ["DEALLOCATE"]);
        assert_eq!(session.query("EXECUTE q").code(), "26000");
        session.query("DEALLOCATE ALL");
        let reply = session.round(&[m::bind("", "p", &[]), m::execute("", 0), m::sync()]);
        assert_eq!(reply.code(), "26000");
    }

    fn execute_takes_parameters_and_explain_runs_it(pg) {
        let gate = Gate::new(pg);
        let mut session = gate.session(&gate.read_grant());
        session.query("PREPARE p (int) AS SELECT $1 + 1");
        assert_eq!(session.query("EXECUTE p (41)").value(), "42");
        assert!(session.query("EXPLAIN ANALYZE EXECUTE p (1)").errors.is_empty());
        assert_eq!(session.query("EXECUTE p (public.write_as_owner())").errors.len(), 1);
        assert_eq!(pg.victims(&gate.database), "0");
    }

    fn execute_of_an_unknown_name_is_refused(pg) {
        let gate = Gate::new(pg);
        let mut session = gate.session(&gate.read_grant());
        assert_eq!(session.query("EXECUTE nobody_prepared").code(), "26000");
        assert_eq!(session.query("SELECT 1").value(), "1");
    }

    fn a_failed_parse_leaves_the_name_as_it_was(pg) {
        let gate = Gate::new(pg);
        let mut session = gate.session(&gate.write_grant(&["insert:public.victim"]));
        session.round(&[m::parse("s", "SELECT 'first'", &[]), m::sync()]);
        // A name in use: the server says 42P05, and the first statement stays.
        let reply = session.round(&[m::parse("s", "INSERT INTO public.victim VALUES (1)", &[]), m::sync()]);
        assert_eq!(reply.code(), "42P05", "{reply:?}");
        let reply = session.round(&[m::bind("", "s", &[]), m::execute("", 0), m::sync()]);
        assert_eq!(reply.value(), "first");
        assert_eq!(pg.victims(&gate.database), "0");
    }

    fn cursors_fetch_and_move_and_close(pg) {
        let gate = Gate::new(pg);
        let mut session = gate.session(&gate.read_grant());
        session.query("BEGIN");
        assert_eq!(session.query("DECLARE c SCROLL CURSOR FOR SELECT generate_series(1, 10)").tags,
            ["DECLARE CURSOR"]);
        assert_eq!(session.query("FETCH 3 FROM c").rows.len(), 3);
        assert_eq!(session.query("MOVE 2 IN c").tags, ["MOVE 2"]);
        assert_eq!(session.query("FETCH c").value(), "6");
assert_eq!(session.query("CLOSE c").tags, ["CLOSE CURSOR"]);
        assert_eq!(session.query("FETCH c").code(), "34000");
        session.query("ROLLBACK");
        assert_eq!(session.query("DECLARE c CURSOR FOR DELETE FROM orders RETURNING 1").errors.len(), 1);
    }

    fn discard_all_keeps_the_session_read_only(pg) {
        let gate = Gate::new(pg);
        let grant = gate.read_grant();
        let mut session = gate.session(&grant);
        for sql in ["DISCARD ALL", "RESET ALL"] {
            assert!(session.query(sql).errors.is_empty(), "{sql}");
            assert_eq!(session.query("SHOW default_transaction_read_only").value(), "on", "{sql}");
            assert_eq!(session.query("SHOW statement_timeout").value(), "5min", "{sql}");
            assert_eq!(session.query("SHOW pgward.grant_id").value(), grant.id, "{sql}");
        }
    }

    fn many_names_and_their_reuse(pg) {
        let gate = Gate::new(pg);
        let mut session = gate.session(&gate.read_grant());
        for n in 0..500 {
            let name = format!("s{n}");
            let sql = format!("SELECT {n} + $1::int");
            assert_eq!(session.round(&[m::parse(&name, &sql, &[]), m::sync()]).sequence, "1Z");
        }
        for n in (0..500).rev() {
            let name = format!("s{n}");
            let reply = session.round(&[m::bind("", &name, &[Some("1")]), m::execute("", 0), m::sync()]);
            assert_eq!(reply.value(), (n + 1).to_string());
        }
    }
}
