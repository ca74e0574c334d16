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

fn psql(gate: &Gate, grant: &Grant) -> Wire {
    session(gate, grant, &[("application_name", "psql")])
}

/// The NOTICEs of ours in a reply.
fn news(notices: &[m::Fields]) -> Vec<String> {
    let ours = notices.iter().filter(|notice| notice.message().starts_with("pgward:"));
    ours.map(|notice| format!("{} | {}", notice.message(), notice.hint())).collect()
}

#[test]
fn an_open_session_is_told_of_new_scopes_and_a_new_end() {
    let gate = Gate::new(pg::distribution());
    let grant = gate.grant(&["--ttl", "20m"]);
    let (mut idle, mut busy) = (psql(&gate, &grant), psql(&gate, &grant));
    let mut program = gate.session(&grant);
    // In the middle of a pipeline.
    busy.send(&[m::parse("", "SELECT 42", &[]), m::flush()].concat());
    assert_eq!(busy.read().map(|message| message.tag), Some(b'1'));
    gate.json(&["grant", "extend", &grant.id, "--scope", "update:public.orders"]);
    // Nothing is asked: it comes by itself.
    let told = idle.read().expect("a NOTICE");
    assert_eq!(told.tag, b'N');
    let scope = format!("pgward: grant {} has the new scope update:public.orders | ", grant.id);
    let by_itself = news(&[told.fields()]);
    assert!(by_itself[0].starts_with(&scope) && by_itself[0].contains("\\c"), "{by_itself:?}");
    // Once.
    let reply = idle.query("SELECT 1");
    assert_eq!((reply.value().as_str(), reply.sequence.as_str()), ("1", "TDCZ"));
    // A connection made now has the scope, and nothing to be told.
    let mut anew = psql(&gate, &grant);
    assert_eq!(anew.query("UPDATE orders SET note = note WHERE id = 1").tags, ["UPDATE 1"]);
    assert!(news(&anew.query("SELECT 1").notices).is_empty());
    // Time and a scope at once are two NOTICEs.
    let more = ["--ttl", "45m", "--scope", "delete:public.orders"];
    gate.json(&[&["grant", "extend", &grant.id], &more[..]].concat());
    let told = [idle.read().expect("a NOTICE"), idle.read().expect("another")];
    let told = news(&told.map(|message| message.fields()));
    assert!(told[0].contains(" now ends in 45 min, at "), "{told:?}");
    assert!(told[1].contains(" has the new scope delete:public.orders"), "{told:?}");
    assert!(news(&idle.query("SELECT 1").notices).is_empty());
    // Every session by itself; programs are told as little as at login.
    assert_eq!(news(&anew.query("SELECT 1").notices).len(), 2);
    assert!(news(&program.query("SELECT 1").notices).is_empty());
    let reply = busy.round(&[m::bind("", "", &[]), m::execute("", 0), m::sync()]);
    assert_eq!(reply.value(), "42");
    assert_eq!(reply.sequence.trim_start_matches('N'), "2DCZ");
}

#[test]
fn nobody_is_told_inside_copy() {
    let gate = Gate::new(pg::distribution());
    let grant = gate.grant(&["--ttl", "20m", "--scope", "insert:public.victim"]);
    let (mut reads, mut loads) = (psql(&gate, &grant), psql(&gate, &grant));
    // COPY OUT of so much that it waits for the client.
    reads.send(&m::query(
        "COPY (SELECT repeat('x', 1000) FROM generate_series(1, 30000)) TO STDOUT",
    ));
    assert_eq!(reads.read().map(|message| message.tag), Some(b'H'));
    loads.send(&m::query("COPY public.victim FROM STDIN"));
    assert_eq!(loads.read().map(|message| message.tag), Some(b'G'));
    gate.json(&["grant", "extend", &grant.id, "--scope", "update:public.orders"]);
    let reply = reads.reply();
    let (copy, rest) = reply.sequence.split_at(reply.sequence.rfind('d').unwrap() + 1);
    assert!(copy.bytes().all(|tag| tag == b'd'), "{}", &copy[..20]);
    assert!(matches!(rest, "cNCZ" | "cCNZ"), "{rest}");
    loads.send(&[m::copy_data(b"1\n"), m::copy_done()].concat());
    let reply = loads.reply();
    assert!(matches!(reply.sequence.as_str(), "NCZ" | "CNZ"), "{reply:?}");
    assert_eq!(reply.tags, ["COPY 1"]);
    assert!(news(&loads.query("SELECT 1").notices).is_empty(), "told once");
}
