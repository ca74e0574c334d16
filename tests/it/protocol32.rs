//! Protocol 3.2, and what comes after it.

use crate::support::gate::Gate;
use crate::support::message as m;
use crate::support::on_each_server;
use crate::support::wire::{PROTOCOL_3_0, PROTOCOL_3_2, Wire};

on_each_server! {
    fn keys_are_longer_in_3_2_and_cancel(pg) {
        let gate = Gate::new(pg);
        let grant = gate.read_grant();
        let parameters = [("user", "alice"), ("database", gate.database.as_str())];
        let mut wire = Wire::open(gate.port);
        wire.login(PROTOCOL_3_2, &parameters, &grant.token).unwrap();
        assert_eq!(wire.key.len(), 32);
        assert!(wire.negotiated.is_none());
        wire.send(&m::query("SELECT pg_sleep(200)"));
        pg.runs(&gate.database, "pg_sleep(200)");
        Wire::open(gate.port).send(&m::cancel(wire.pid, &wire.key));
        assert_eq!(wire.reply().code(), "57014");
        assert_eq!(wire.query("SELECT 1").value(), "1");
        let mut wire = Wire::open(gate.port);
        wire.login(PROTOCOL_3_0, &parameters, &grant.token).unwrap();
        assert_eq!(wire.key.len(), 4);
    }

    fn newer_minors_and_unknown_options_are_negotiated(pg) {
        let gate = Gate::new(pg);
        let grant = gate.read_grant();
        let database = gate.database.as_str();
        let plain = [("user", "alice"), ("database", database)];
        let option = [("user", "alice"), ("database", database), ("_pq_.something", "on")];
        for (version, parameters, unknown) in [
            (PROTOCOL_3_0 + 9_999, &plain[..], 0_i32),
            (PROTOCOL_3_2, &option[..], 1),
            (PROTOCOL_3_0 + 7, &option[..], 1),
        ] {
            let mut wire = Wire::open(gate.port);
            wire.login(version, parameters, &grant.token).unwrap();
            let answer = wire.negotiated.as_ref().expect("NegotiateProtocolVersion");
            let word = |at: usize| i32::from_be_bytes(answer.body[at..at + 4].try_into().unwrap());
            assert_eq!(word(4), unknown);
            if unknown == 1 {
                assert!(answer.body[8..].starts_with(b"_pq_.something\0"));
            }
            let newest = u32::from_be_bytes(answer.body[..4].try_into().unwrap());
            assert!(newest == PROTOCOL_3_2 || newest == 2, "{newest}");
            assert_eq!(wire.query("SELECT 1").value(), "1");
        }
    }
}
