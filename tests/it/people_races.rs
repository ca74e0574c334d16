//! Two people at once: whatever comes first holds, and nothing in between.

use std::time::Duration;

use serde_json::Value;

use super::people::{Company, SOON};
use crate::support::gate::Gate;
use crate::support::wire::Wire;
use crate::support::{eventually, pg};

#[test]
fn one_of_many_logins_gets_the_one_use() {
    let gate = Gate::new(pg::distribution());
    // So that the logins meet on two workers.
    let crowd = gate.crowd(13);
    for round in 0..6 {
        let grant = gate.grant(&["--uses", "1"]);
        let sessions: Vec<Option<Wire>> = std::thread::scope(|scope| {
            let logins: Vec<_> = (0..6)
                .map(|_| {
                    scope.spawn(|| {
                        Wire::try_connect(gate.port, &grant.id, &gate.database, &grant.token).ok()
                    })
                })
                .collect();
            logins.into_iter().map(|login| login.join().unwrap()).collect()
        });
        let inside = sessions.iter().flatten().count();
        assert_eq!(inside, 1, "round {round}");
        let shown = gate.json(&["grant", "show", &grant.id]);
        assert_eq!((&shown["uses_left"], &shown["sessions_begun"]), (&0.into(), &1.into()));
    }
    drop(crowd);
    // A use that was taken stays taken when the server is killed.
    let mut gate = gate;
    let grant = gate.grant(&["--uses", "1"]);
    let _session = gate.session(&grant);
    gate.kill_and_restart();
    let error = gate.login_error("alice", &gate.database, &grant.token);
    assert_eq!(error.code(), "28000", "{error:?}");
}

#[test]
fn approving_while_revoking_leaves_nothing_usable() {
    let company = Company::new("", "");
    let (alice, dana) = (company.hire("alice", "request"), company.hire("dana", "approve"));
    for _ in 0..6 {
        let id = alice.ask(&[]);
        std::thread::scope(|scope| {
            scope.spawn(|| dana.run(&["grant", "approve", &id]));
            scope.spawn(|| alice.run(&["grant", "redeem", &id]));
            let revoke = scope.spawn(|| company.gate.json(&["grant", "revoke", &id]));
            assert_eq!(revoke.join().unwrap()["state"], "revoked");
        });
        let shown = company.show(&id);
        assert_eq!(shown["state"], "revoked", "{shown}");
        assert!(alice.refused(&["grant", "redeem", &id]).contains("is revoked"));
        let history: Vec<&Value> =
            shown["history"].as_array().unwrap().iter().map(|line| &line["event"]).collect();
        assert_eq!(*history[history.len() - 1], "grant.revoked", "{history:?}");
    }
}

#[test]
fn what_was_read_is_approved_whatever_is_asked_for_meanwhile() {
    let company = Company::new("", "");
    let (alice, dana) = (company.hire("alice", "request"), company.hire("dana", "approve"));
    for _ in 0..6 {
        let id = alice.ask(&["--ttl", "10m"]);
        let change = ["grant", "extend", &id, "--scope", "update:public.orders"];
        let (approved, changed) = std::thread::scope(|scope| {
            let approve = scope.spawn(|| dana.run(&["grant", "approve", &id, "--revision", "1"]));
            let change = scope.spawn(|| alice.run(&change));
            (approve.join().unwrap(), change.join().unwrap())
        });
        // The change comes first or last; it is never what was approved.
        changed.expect("a change of one's own request");
        assert!(approved.success || approved.stderr.contains("it is at 2 now"), "{approved:?}");
        let shown = company.show(&id);
        assert_eq!(shown["state"], "pending", "{shown}");
        assert_eq!(shown["approvers"], serde_json::json!([]), "{shown}");
        assert!(alice.refused(&["grant", "redeem", &id]).contains("waits for approvals"));
    }
}

#[test]
fn extending_at_the_instant_of_expiry_is_all_or_nothing() {
    let gate = Gate::new(pg::distribution());
    let mut outcomes = Vec::new();
    for _ in 0..4 {
        let grant = gate.grant(&["--ttl", "7s"]);
        let mut session = gate.session(&grant);
        let ends: jiff::Timestamp = grant.json["expires_at"].as_str().unwrap().parse().unwrap();
        // Commands take their time to start: some of these come before the end, some after.
        let extended = std::thread::scope(|scope| {
            let tries: Vec<_> = (0..6_i64)
                .map(|index| {
                    let (gate, id) = (&gate, &grant.id);
                    scope.spawn(move || {
                        let at = ends - jiff::SignedDuration::from_millis(150 - index * 50);
                        let wait = at.duration_since(jiff::Timestamp::now());
                        std::thread::sleep(Duration::try_from(wait).unwrap_or_default());
                        gate.cli(&["grant", "extend", id, "--ttl", "1h"]).success
                    })
                })
                .collect();
            tries
                .into_iter()
                .filter(|one| one.is_finished() || !one.is_finished())
                .map(|one| one.join().unwrap())
                .collect::<Vec<bool>>()
                .contains(&true)
        });
        let state = || gate.json(&["grant", "show", &grant.id])["state"].clone();
        if extended {
            assert_eq!(state(), "active");
            let mut again = gate.session(&grant);
            assert_eq!(again.query("SELECT 1").value(), "1");
        } else {
            assert_eq!(state(), "expired");
            assert_eq!(session.reply().code(), "57P01");
            let error = gate.login_error("alice", &gate.database, &grant.token);
            assert_eq!(error.code(), "28000");
        }
        outcomes.push(extended);
        gate.cli(&["grant", "revoke", &grant.id]);
    }
    eventually("no session is left", SOON, || {
        gate.json(&["session", "list"]) == serde_json::json!([])
    });
}
