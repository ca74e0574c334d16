//! Grants end: on time, on revocation, with what was running. Seen from the server's side.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::support::gate::{Gate, Grant, Options};
use crate::support::message as m;
use crate::support::pg;
use crate::support::wire::Wire;
use crate::support::{SLACK, eventually, on_each_server};

/// Promise: the client is told by T + 1 s, its backend is gone by T + 2 s.
const TOLD: Duration = Duration::from_secs(1);
const GONE: Duration = Duration::from_secs(2);

fn ended(session: &mut Wire) -> crate::support::message::Fields {
    let reply = session.reply();
    assert_eq!(reply.status, 0, "the session goes on: {reply:?}");
    reply.errors.last().cloned().unwrap_or_else(|| panic!("closed without a word: {reply:?}"))
}

/// How long ago it expired; nothing when it has not.
fn since_expiry(grant: &Grant) -> Option<Duration> {
    let expires_at: jiff::Timestamp = grant.json["expires_at"].as_str().unwrap().parse().unwrap();
    jiff::Timestamp::now().duration_since(expires_at).try_into().ok()
}

on_each_server! {
    fn expiry_ends_idle_sessions(pg) {
        let gate = Gate::new(pg);
        let grant = gate.grant(&["--ttl", "8s"]);
        let mut session = gate.session(&grant);
        assert_eq!(session.query("SELECT 1").value(), "1");
        let error = ended(&mut session);
        let after = since_expiry(&grant);
        assert_eq!((error.code(), error.severity()), ("57P01", "FATAL"), "{error:?}");
        assert!(error.message().ends_with("is expired"), "{error:?}");
        assert!(after.is_some_and(|after| after < TOLD * SLACK), "{after:?} after {grant:?}");
        eventually("the backend is gone", GONE, || pg.backends(&gate.database) == 0);
        eventually("its end is on record", Duration::from_secs(5), || {
            gate.events("session.end").first().is_some_and(|end| end["end_reason"] == "expired")
        });
        let shown = gate.json(&["grant", "show", &grant.id]);
        assert_eq!(shown["state"], "expired");
    }

    fn expiry_ends_a_running_statement(pg) {
        let gate = Gate::new(pg);
        let grant = gate.grant(&["--ttl", "8s", "--scope", "insert:public.victim"]);
        let mut session = gate.session(&grant);
        session.send(&m::query(
            "INSERT INTO public.victim SELECT 1 FROM generate_series(1, 100) g, pg_sleep(g * 0 + 60)"));
        assert_eq!(ended(&mut session).code(), "57P01");
        eventually("the backend is gone", GONE, || pg.backends(&gate.database) == 0);
        assert_eq!(pg.victims(&gate.database), "0");
    }

    fn a_backend_that_was_not_looked_up_yet_is_ended(pg) {
        let gate = Gate::new(pg);
        let grant = gate.write_grant(&["insert:public.victim"]);
        // The second one of its role is only looked up when it has lasted a moment.
        gate.session(&grant).query("SELECT 1");
        let mut session = gate.session(&grant);
        let running = m::query("INSERT INTO public.victim SELECT 1 FROM pg_sleep(600)");
        let malformed = b"Q\0\0\0\x01";
        session.send(&[&running[..], malformed].concat());
        assert_eq!(ended(&mut session).code(), "08P01");
        eventually("the backend is gone", GONE, || pg.backends(&gate.database) == 0);
        assert_eq!(pg.victims(&gate.database), "0");
    }

    fn revocation_ends_statements_that_catch_cancels(pg) {
        let gate = Gate::with(pg, &Options {
            policy: "allow_functions = [\"public.stubborn_trigger\"]".into(), ..Options::default() });
        let grant = gate.write_grant(&["insert:public.slow_victim"]);
        let mut session = gate.session(&grant);
        // The trigger catches query_canceled for a minute: only ending the backend ends it.
        session.send(&m::query("INSERT INTO public.slow_victim SELECT 1"));
        pg.runs(&gate.database, "INSERT INTO public.slow_victim");
        let start = Instant::now();
        let report = gate.json(&["grant", "revoke", &grant.id, "--reason", "enough"]);
        assert_eq!(report["sessions_ended"], 1, "{report}");
        assert_eq!(ended(&mut session).code(), "57P01");
        eventually("the backend is gone", GONE, || pg.backends(&gate.database) == 0);
        assert!(start.elapsed() < GONE * SLACK, "{:?}", start.elapsed());
        let rows = pg.admin(&gate.database).query("SELECT count(*) FROM slow_victim").value();
        assert_eq!(rows, "0");
    }

    fn a_transaction_that_was_open_does_not_commit(pg) {
        let gate = Gate::new(pg);
        let grant = gate.write_grant(&["insert:public.victim"]);
        let mut session = gate.session(&grant);
        session.query("BEGIN");
        assert_eq!(session.query("INSERT INTO public.victim VALUES (1)").tags, ["INSERT 0 1"]);
        gate.json(&["grant", "revoke", &grant.id]);
        let error = ended(&mut session);
        assert_eq!(error.code(), "57P01");
        assert!(error.detail().contains("revoked"), "{error:?}");
        let _ = session.try_send(&m::query("COMMIT"));
        eventually("the backend is gone", GONE, || pg.backends(&gate.database) == 0);
        assert_eq!(pg.victims(&gate.database), "0");
        eventually("the outcome is on record", Duration::from_secs(5), || {
            gate.events("transaction.end").iter().any(|r| r["tx_outcome"] == "rolled_back")
        });
    }
}

#[test]
fn two_hundred_sessions_are_revoked_at_once() {
    let pg = pg::distribution();
    let gate = Gate::with(
        pg,
        &Options { limits: "max_sessions_per_grant = 300".into(), ..Options::default() },
    );
    let grant = gate.write_grant(&["insert:public.victim"]);
    let mut sessions: Vec<Wire> = (0..200).map(|_| gate.session(&grant)).collect();
    // Half of them are busy writing at that instant.
    for session in sessions.iter_mut().step_by(2) {
        session.send(&m::query(
            "INSERT INTO public.victim SELECT 1 FROM generate_series(1, 10) g, pg_sleep(300 + g * 0)",
        ));
    }
    let active = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = '{}' AND state = 'active' \
         AND query LIKE 'INSERT%'",
        gate.database
    );
    let mut admin = pg.admin("postgres");
    eventually("half of them write", Duration::from_secs(10), || {
        admin.query(&active).value() == "100"
    });
    assert_eq!(pg.backends(&gate.database), 200);
    let start = Instant::now();
    let waiting: Vec<_> = sessions
        .into_iter()
        .map(|mut session| {
            std::thread::spawn(move || {
                let error = ended(&mut session);
                (error.code().to_owned(), start.elapsed())
            })
        })
        .collect();
    let revoking = std::thread::scope(|scope| {
        let revoke = scope.spawn(|| gate.json(&["grant", "revoke", &grant.id]));
        eventually("every backend is gone", GONE, || pg.backends(&gate.database) == 0);
        revoke.join().unwrap()
    });
    assert_eq!(revoking["sessions_ended"], 200, "{revoking}");
    for thread in waiting {
        let (code, after) = thread.join().unwrap();
        assert_eq!(code, "57P01");
        assert!(after < TOLD * SLACK, "told after {after:?}");
    }
    assert_eq!(pg.victims(&gate.database), "0");
    assert_eq!(gate.json(&["session", "list"]), serde_json::json!([]));
}

#[test]
fn a_revoke_during_logins_leaves_no_session() {
    let pg = pg::distribution();
    let gate = Gate::with(
        pg,
        &Options { limits: "max_sessions_per_grant = 1000".into(), ..Options::default() },
    );
    for _ in 0..5 {
        let grant = gate.read_grant();
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let logins: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| {
                        let mut open = Vec::new();
                        while !stop.load(Ordering::Relaxed) {
                            match Wire::try_connect(
                                gate.port,
                                "alice",
                                &gate.database,
                                &grant.token,
                            ) {
                                Ok(wire) => open.push(wire),
                                Err(_) => break,
                            }
                        }
                        open
                    })
                })
                .collect();
            std::thread::sleep(Duration::from_millis(150));
            gate.json(&["grant", "revoke", &grant.id]);
            stop.store(true, Ordering::Relaxed);
            for login in logins {
                for mut session in login.join().unwrap() {
                    assert_eq!(ended(&mut session).code(), "57P01");
                }
            }
        });
        eventually("no backend is left", GONE, || pg.backends(&gate.database) == 0);
    }
}

#[test]
fn sessions_are_listed_and_killed() {
    let pg = pg::distribution();
    let gate = Gate::new(pg);
    let grant = gate.read_grant();
    let mut session = gate.session(&grant);
    let backend = session.query("SELECT pg_backend_pid()").value();
    session.query("SELECT count(*) FROM orders");
    let list = gate.json(&["session", "list"]);
    let entry = &list[0];
    assert_eq!(entry["grant_id"], grant.id.as_str(), "{list}");
    assert_eq!(entry["user"], "alice");
    assert_eq!(entry["database"], gate.database.as_str());
    assert_eq!(entry["backend_pid"].to_string(), backend);
    assert!(entry["last_statement"].as_str().unwrap().contains("FROM orders"), "{list}");
    for key in ["id", "client_addr", "state", "started_at", "expires_at", "rows_returned"] {
        assert!(!entry[key].is_null(), "{key} in {list}");
    }
    let by_pid = gate.json(&["session", "list", "--pid", &backend]);
    assert_eq!(by_pid.as_array().unwrap().len(), 1);
    assert_eq!(gate.json(&["session", "list", "--pid", "1"]), serde_json::json!([]));
    let id = entry["id"].as_str().unwrap().to_owned();
    // It says whose session that was, what it was doing, and what is left.
    session.query("BEGIN");
    let killed = gate.cli(&["session", "kill", &id, "--reason", "locks orders"]);
    let said = format!(
        "session {id} of alice at {} has ended: what its transaction had not committed is rolled \
         back, ",
        gate.database
    );
    assert!(killed.stdout.starts_with(&said), "{killed:?}");
    let next = format!("pgward grant revoke {} ends both", grant.id);
    assert!(killed.stderr.contains(&next), "{killed:?}");
    let end = ended(&mut session);
    assert_eq!(end.code(), "57P01");
    assert!(end.detail().contains("locks orders"), "{end:?}");
    // The grant lives on.
    let mut again = gate.session(&grant);
    assert_eq!(again.query("SELECT 1").value(), "1");
    let none = gate.cli(&["session", "kill", "s_000000000000"]);
    assert!(none.stderr.contains("there is no live session s_000000000000"), "{none:?}");
    // What has ended before is not said to have ended now.
    let revoke = || gate.cli(&["grant", "revoke", &grant.id]).expect("revoke");
    assert!(revoke().starts_with(&format!("grant {} is revoked: 1 session ended", grant.id)));
    assert!(revoke().starts_with(&format!("grant {} is revoked already: 0 sessions", grant.id)));
}

#[test]
fn revoking_by_user_by_database_and_all() {
    let gate = Gate::new(pg::distribution());
    let login = |grant: &Grant| Wire::connect(gate.port, &grant.user, &gate.database, &grant.token);
    let alice = gate.read_grant();
    let bob = gate.grant(&["--user", "bob"]);
    let (mut a, mut b) = (login(&alice), login(&bob));
    assert!(gate.cli(&["grant", "revoke", "--user", "alice", "--reason", "left the team"]).success);
    assert_eq!(ended(&mut a).code(), "57P01");
    assert_eq!(b.query("SELECT 1").value(), "1");
    let database = gate.database.clone();
    assert!(gate.cli(&["grant", "revoke", "--database", &database]).success);
    assert_eq!(ended(&mut b).code(), "57P01");
    let carol = gate.grant(&["--user", "carol"]);
    let mut c = login(&carol);
    assert!(gate.cli(&["grant", "revoke", "--all"]).success);
    assert_eq!(ended(&mut c).code(), "57P01");
    let actors: Vec<_> = gate.events("grant.revoked").iter().map(|r| r["actor"].clone()).collect();
    assert!(
        !actors.is_empty() && actors.iter().all(|a| a.as_str().unwrap().starts_with("os:")),
        "{actors:?}"
    );
}

#[test]
fn grants_survive_a_restart_and_sessions_do_not() {
    let pg = pg::distribution();
    let mut gate = Gate::new(pg);
    let grant = gate.read_grant();
    let revoked = gate.read_grant();
    gate.json(&["grant", "revoke", &revoked.id]);
    let mut session = gate.session(&grant);
    gate.kill_and_restart();
    assert_eq!(session.reply().status, 0);
    assert_eq!(gate.session(&grant).query("SELECT 1").value(), "1");
    assert_eq!(gate.login_error("alice", &gate.database, &revoked.token).code(), "28000");
}

#[test]
fn a_client_that_does_not_read_is_ended_too() {
    let pg = pg::distribution();
    let gate = Gate::new(pg);
    let grant = gate.read_grant();
    let mut session = gate.session(&grant);
    session.send(&m::query("SELECT repeat('x', 1000) FROM generate_series(1, 20000000)"));
    pg.runs(&gate.database, "generate_series(1, 20000000)");
    gate.json(&["grant", "revoke", &grant.id]);
    eventually("the backend is gone", GONE, || pg.backends(&gate.database) == 0);
    assert_eq!(gate.json(&["session", "list"]), serde_json::json!([]));
}

#[test]
fn idle_in_transaction_is_ended_by_the_server() {
    let gate = Gate::with(
        pg::distribution(),
        &Options {
            limits: "idle_in_transaction_session_timeout = \"1s\"".into(),
            ..Options::default()
        },
    );
    let mut session = gate.session(&gate.read_grant());
    session.query("BEGIN");
    let reply = session.reply();
    assert!(["25P03", "57P05"].contains(&reply.code()), "{reply:?}");
}

#[test]
fn two_clients_race_for_the_last_session() {
    let gate = Gate::new(pg::distribution());
    let grant = Arc::new(gate.grant(&["--max-sessions", "1"]));
    for _ in 0..5 {
        let (port, database) = (gate.port, gate.database.clone());
        let racers: Vec<_> = (0..6)
            .map(|_| {
                let (grant, database) = (grant.clone(), database.clone());
                std::thread::spawn(move || {
                    Wire::try_connect(port, "alice", &database, &grant.token).ok()
                })
            })
            .collect();
        let inside: Vec<_> = racers.into_iter().filter_map(|r| r.join().unwrap()).collect();
        assert_eq!(inside.len(), 1);
        drop(inside);
        eventually("it is over", Duration::from_secs(5), || {
            gate.json(&["session", "list"]) == serde_json::json!([])
        });
    }
}

#[test]
fn who_leaves_in_a_statement_gives_the_place_back() {
    let gate = Gate::new(pg::distribution());
    let grant = gate.grant(&["--max-sessions", "1"]);
    let mut fastest = Duration::MAX;
    for _ in 0..5 {
        let mut session = gate.session(&grant);
        session.send(&m::query("SELECT pg_sleep(0.05)"));
        drop(session);
        let left = Instant::now();
        eventually("the place is free", Duration::from_secs(10), || {
            Wire::try_connect(gate.port, "alice", &gate.database, &grant.token).is_ok()
        });
        fastest = fastest.min(left.elapsed());
        eventually("nobody is there", Duration::from_secs(10), || {
            gate.json(&["session", "list"]) == serde_json::json!([])
        });
    }
    assert!(fastest < Duration::from_secs(5), "{fastest:?}");
}
