//! `pgward check` says what the wire would say.

use crate::support::gate::{Gate, Options};
use crate::support::pg;

#[test]
fn check_says_what_a_session_is_told() {
    let gate = Gate::with(pg::distribution(), &Options::default());
    let grant = gate.write_grant(&["update:public.orders"]);
    let mut session = gate.session(&grant);
    for sql in [
        "SELECT 1",
        "SELECT pg_reload_conf()",
        "UPDATE public.orders SET note = 'x' WHERE id = 1",
        "UPDATE public.orders SET note = 'x'",
        "DELETE FROM public.orders WHERE id = 1",
        "VACUUM public.orders",
        "CREATE TABLE public.t (a int)",
        "SET role = 'boss'",
        "SELEC 1",
        "SELECT 1; DO $$ BEGIN END $$",
    ] {
        let reply = session.query(sql);
        let output = gate.cli(&["check", sql, "--grant", &grant.id, "-o", "json"]);
        let view: serde_json::Value = serde_json::from_str(&output.stdout).expect(sql);
        assert_eq!(output.success, reply.errors.is_empty(), "{sql}: {view}");
        for key in ["verdict", "rule", "sqlstate", "message", "detail", "hint", "scope", "facts"] {
            assert!(view.get(key).is_some(), "{sql}: no {key} in {view}");
        }
        match reply.errors.first() {
            None => assert_eq!(view["verdict"], "allowed", "{sql}: {view}"),
            Some(error) => {
                assert_eq!(view["verdict"], "refused", "{sql}: {view}");
                assert_eq!(view["sqlstate"], error.code(), "{sql}");
                assert_eq!(view["message"], error.message(), "{sql}");
                assert_eq!(view["hint"].as_str().unwrap_or_default(), error.hint(), "{sql}");
            }
        }
    }
}

#[test]
fn scopes_and_databases_may_be_tried() {
    let gate = Gate::with(pg::distribution(), &Options::default());
    let update = "UPDATE public.orders SET note = 'x' WHERE id = 1";
    let refused = gate.cli(&["check", update, "-o", "json"]);
    assert!(!refused.success);
    let view: serde_json::Value = serde_json::from_str(&refused.stdout).unwrap();
    assert_eq!(view["scope"], "update:public.orders", "{view}");
    assert_eq!(view["facts"]["postgresql"][0]["writes"][0], "update:public.orders", "{view}");
    assert_eq!(view["facts"]["sqlparser"], "agrees", "{view}");
    assert!(gate.cli(&["check", update, "--scope", "update:public.orders"]).success);
    let typo = gate.cli(&["check", update, "--scope", "update:public.ordesr"]);
    assert!(!typo.success && typo.stderr.contains("public.orders"), "{}", typo.stderr);
    let table = gate.cli(&["check", update]);
    assert!(table.stdout.contains("refused") && table.stdout.contains("hint"), "{}", table.stdout);
    assert!(!gate.cli(&["check", "SELECT 1", "--database", "nowhere"]).success);
}
