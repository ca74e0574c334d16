//! What a session that is open notices of `grant extend`: its `statement_timeout` grows, and its
//! client is told.

use crate::support::gate::{Gate, Grant};
use crate::support::message as m;
use crate::support::pg;
use crate::support::wire::{PROTOCOL_3_0, Wire};

/// A session whose client asks for settings at its start.
fn session(gate: &Gate, grant: &Grant, parameters: &[(&str, &str)]) -> Wire {
    let own = [("user", grant.user.as_str()), ("database", gate.database.as_str())];
    let mut wire = Wire::open(gate.port);
    wire.login(PROTOCOL_3_0, &[&own, parameters].concat(), &grant.token).expect("login");
    wire
}

/// `statement_timeout` in milliseconds, asked in the way that can't change it.
fn timeout_ms(session: &mut Wire) -> u64 {
    let asked = "SELECT setting FROM pg_settings WHERE name = 'statement_timeout'";
    session.query(asked).value().parse().unwrap()
}

fn is_cut(session: &mut Wire) -> bool {
    timeout_ms(session) <= 60_000
}

const FIVE_MINUTES: u64 = 300_000;

fn extend(gate: &Gate, grant: &Grant) {
    gate.json(&["grant", "extend", &grant.id, "--ttl", "1h"]);
}

#[test]
fn a_statement_may_run_longer_than_the_old_end() {
    let gate = Gate::new(pg::distribution());
    let grant = gate.grant(&["--ttl", "12s"]);
    let mut open = gate.session(&grant);
    assert!(timeout_ms(&mut open) <= 12_000);
    extend(&gate, &grant);
    assert_eq!(open.query("SELECT pg_sleep(13)").tags, ["SELECT 1"]);
    assert_eq!(open.query("SHOW statement_timeout").value(), "5min");
}

#[test]
fn the_timeout_grows_in_open_sessions() {
    let gate = Gate::new(pg::distribution());
    let grant = gate.grant(&["--ttl", "60s"]);
    let mut idle = gate.session(&grant);
    let mut prepared = gate.session(&grant);
    let mut in_block = gate.session(&grant);
    let mut pipelined = gate.session(&grant);
    let mut reset = gate.session(&grant);
    for one in [&mut idle, &mut prepared, &mut in_block, &mut pipelined, &mut reset] {
        assert!(is_cut(one));
    }
    let asked = "SELECT setting FROM pg_settings WHERE name = 'statement_timeout'";
    let parse = [m::parse("", asked, &[]), m::parse("s", asked, &[]), m::sync()];
    assert_eq!(prepared.round(&parse).sequence, "11Z");
    assert_eq!(in_block.query("BEGIN").status, b'T');
    // A client in the middle of a pipeline: what it began waits for its Sync.
    pipelined.send(&[m::parse("", asked, &[]), m::flush()].concat());
    assert_eq!(pipelined.read().map(|message| message.tag), Some(b'1'));
    extend(&gate, &grant);
    assert_eq!(timeout_ms(&mut idle), FIVE_MINUTES);
    // The unnamed statement and its names are the client's, in both protocols.
    for name in ["", "s"] {
        let run = [m::bind("", name, &[]), m::execute("", 0), m::sync()];
        let reply = prepared.round(&run);
        assert_eq!((reply.value().as_str(), reply.sequence.as_str()), ("300000", "2DCZ"));
    }
    let rest = [m::bind("", "", &[]), m::execute("", 0), m::sync()];
    let reply = pipelined.round(&rest);
    assert_eq!(reply.sequence, "2DCZ");
    assert!(reply.value().parse::<u64>().unwrap() <= 60_000, "in the middle of its pipeline");
    assert_eq!(timeout_ms(&mut pipelined), FIVE_MINUTES);
    // In a block the end of the block could take it back.
    assert!(is_cut(&mut in_block));
    assert_eq!(in_block.query("ROLLBACK").tags, ["ROLLBACK"]);
    assert_eq!(timeout_ms(&mut in_block), FIVE_MINUTES);
    // The start's value is the default still: who goes back to it is helped again.
    for statement in [
        "RESET ALL",
        "DISCARD ALL",
        "RESET statement_timeout",
        "SET statement_timeout TO DEFAULT",
        "BEGIN; RESET statement_timeout; COMMIT",
    ] {
        let reply = reset.query(statement);
        assert!(reply.errors.is_empty(), "{statement}: {reply:?}");
        assert_eq!(timeout_ms(&mut reset), FIVE_MINUTES, "after {statement}");
    }
    // None of it is on record as the client's.
    let log = std::fs::read_to_string(gate.path("audit/audit.jsonl")).unwrap();
    assert!(!log.contains("current_setting('statement_timeout')"));
}

#[test]
fn the_clients_own_timeout_stays() {
    let gate = Gate::new(pg::distribution());
    let grant = gate.grant(&["--ttl", "60s"]);
    let mut at_start = session(&gate, &grant, &[("options", "-c statement_timeout=7s")]);
    let mut longer = session(&gate, &grant, &[("options", "-c statement_timeout=2min")]);
    let mut set = gate.session(&grant);
    let mut raised = gate.session(&grant);
    let mut local = gate.session(&grant);
    set.query("SET statement_timeout = '9s'");
    raised.query("SELECT set_config('statement_timeout', '2min', false)");
    local.query("BEGIN");
    local.query("SET LOCAL statement_timeout = '8s'");
    assert!(is_cut(&mut longer));
    extend(&gate, &grant);
    // Twice: what grew once can grow again, and what is the client's stays the client's.
    for _ in 0..2 {
        for (own, ms) in [
            (&mut at_start, 7_000),
            (&mut longer, 120_000),
            (&mut set, 9_000),
            (&mut raised, 120_000),
            (&mut local, 8_000),
        ] {
            assert_eq!(timeout_ms(own), ms);
        }
        gate.json(&["grant", "extend", &grant.id, "--ttl", "2h"]);
    }
    local.query("COMMIT");
    assert_eq!(timeout_ms(&mut local), FIVE_MINUTES);
    set.query("RESET statement_timeout");
    assert_eq!(timeout_ms(&mut set), FIVE_MINUTES);
}

#[test]
fn it_grows_no_further_than_the_time_left() {
    let gate = Gate::new(pg::distribution());
    let grant = gate.grant(&["--ttl", "30s"]);
    let mut open = gate.session(&grant);
    let mut last = timeout_ms(&mut open);
    assert!(last <= 30_000);
    for (ttl, most_ms) in [("60s", 60_000), ("120s", 120_000), ("3m", 180_000)] {
        gate.json(&["grant", "extend", &grant.id, "--ttl", ttl]);
        let now = timeout_ms(&mut open);
        assert!(last < now && now <= most_ms, "{last} {now}");
        last = now;
    }
}
