//! Cancel requests: our keys reach the right backend, wrong ones nothing.

use std::time::{Duration, Instant};

use crate::support::gate::Gate;
use crate::support::message as m;
use crate::support::on_each_server;
use crate::support::wire::Wire;

on_each_server! {
    fn a_cancel_ends_the_statement_and_not_the_session(pg) {
        let gate = Gate::new(pg);
        let mut session = gate.session(&gate.read_grant());
        session.send(&m::query("SELECT pg_sleep(30)"));
        pg.runs(&gate.database, "pg_sleep(30)");
        let start = Instant::now();
        Wire::open(gate.port).send(&m::cancel(session.pid, &session.key));
        assert_eq!(session.reply().code(), "57014");
        assert!(start.elapsed() < Duration::from_secs(20));
        assert_eq!(session.query("SELECT 1").value(), "1");
        assert_eq!(gate.about("pg_sleep(30)")[1]["outcome"], "cancelled");
    }

    fn a_wrong_key_does_nothing(pg) {
        let gate = Gate::new(pg);
        let grant = gate.read_grant();
        let mut session = gate.session(&grant);
        let other = gate.session(&grant);
        session.send(&m::query("SELECT pg_sleep(3), 'done'"));
        pg.runs(&gate.database, "pg_sleep(3)");
        let mut wrong = session.key.clone();
        wrong[0] ^= 1;
        for bytes in [m::cancel(session.pid, &wrong), m::cancel(session.pid, &other.key),
            m::cancel(session.pid + 1, &session.key)] {
            let mut wire = Wire::open(gate.port);
            wire.send(&bytes);
            assert!(wire.read().is_none(), "a cancel request is never answered");
        }
        assert_eq!(session.reply().rows[0][1].as_deref(), Some("done"));
    }

    fn the_key_is_ours_and_dies_with_the_session(pg) {
        let gate = Gate::new(pg);
        let grant = gate.read_grant();
        let mut session = gate.session(&grant);
        let backend = session.query("SELECT pg_backend_pid()").value();
        let (pid, key) = (session.pid, session.key.clone());
        // The upstream's own key would let the client cancel past pgward.
        assert_eq!(key.len(), 4);
        session.send(&m::terminate());
        drop(session);
        let mut next = gate.session(&grant);
        next.send(&m::query("SELECT pg_sleep(2), 'done'"));
        pg.runs(&gate.database, "pg_sleep(2)");
        Wire::open(gate.port).send(&m::cancel(pid, &key));
        assert_eq!(next.reply().rows[0][1].as_deref(), Some("done"));
        assert!(!backend.is_empty());
    }
}
