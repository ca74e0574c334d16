use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwap;
use serde_json::{Value, json};

use super::*;
use crate::admin::givable::Upstreams;
use crate::admin::sessions::{Cause, Later, Report};
use crate::admin::{AdminEvent, Clerk, Record, Sessions, forms::SessionView, local, socket};
use crate::audit::Unwritable;
use crate::base::{GrantId, SessionId};
use crate::catalog::scope_roles::Givable;
use crate::grants::{Ledger, Sqlite};
use crate::policy::Scope;

#[derive(Debug)]
struct Nobody;

impl Sessions for Nobody {
    fn list(&self) -> Later<'_, Vec<SessionView>> {
        Box::pin(async { Vec::new() })
    }

    fn end_grant(&self, _: GrantId, _: Cause) -> Later<'_, Report> {
        Box::pin(async { Report::default() })
    }

    fn extend_grant(&self, _: GrantId, _: i64) -> usize {
        0
    }

    fn end_session(&self, _: SessionId, _: Cause) -> Later<'_, Report> {
        Box::pin(async { Report::default() })
    }
}

impl Upstreams for Nobody {
    fn can_give<'a>(&'a self, _: &'a str, _: &'a [Scope]) -> Later<'a, Givable> {
        Box::pin(async { Givable::Yes })
    }
}

impl Record for Nobody {
    fn before(&self, _: &AdminEvent<'_>) -> Result<(), Unwritable> {
        Ok(())
    }

    fn soon(&self, _: &AdminEvent<'_>) -> Result<(), Unwritable> {
        Ok(())
    }
}

/// A server on a socket of its own, and a client of it.
fn served() -> (Client, tempfile::TempDir, tokio::runtime::Runtime) {
    let folder = tempfile::tempdir().unwrap();
    let text = "[databases.app]\nhost = \"h\"\nreader = { user = \"r\" }";
    let config = crate::config::parse("t", text, Path::new("/"), &|_| None).config;
    let store = Sqlite::open(&folder.path().join("pgward.db")).unwrap();
    let clerk = Arc::new(Clerk {
        config: Arc::new(ArcSwap::from_pointee(config)),
        ledger: Arc::new(Ledger::open(Box::new(store), 0).unwrap()),
        sessions: Arc::new(Nobody),
        record: Arc::new(Nobody),
        upstreams: Arc::new(Nobody),
        catalogues: Arc::new(crate::catalog::Catalogues::new(Arc::new(
            crate::policy::JudgeSettings::new(&[], &[], true).unwrap(),
        ))),
        clock: || 1_800_000_000_000_000,
        busy: std::sync::Mutex::default(),
        readings: crate::admin::reading::Readings::default(),
    });
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let path = folder.path().join("pgward.sock");
    let (listener, place) = runtime.block_on(async { socket::bind(&path, false).unwrap() });
    std::mem::forget(place);
    runtime.spawn(local::serve_socket(listener, clerk));
    (Client::at(&path), folder, runtime)
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn a_grant_from_create_to_revoke() {
    let (client, _folder, _runtime) = served();
    let wish = json!({"user": "alice", "database": "app", "reason": "INC-4211 stuck orders"});
    let created: Value = client.post("/v1/grants", &wish).unwrap();
    let mut expected = vec![
        "id",
        "token",
        "user",
        "database",
        "scopes",
        "reason",
        "expires_at",
        "psql",
        "pgpass",
        "jdbc",
    ];
    expected.sort_unstable();
    let mut found = keys(&created);
    found.sort_unstable();
    assert_eq!(found, expected);
    assert_eq!(created["expires_at"], "2027-01-15T09:00:00Z");
    let id = created["id"].as_str().unwrap();

    let shown: Value = client.get(&format!("/v1/grants/{id}")).unwrap();
    for key in ["state", "ended_because", "created_at", "created_by", "approvers", "sessions"] {
        assert!(keys(&shown).contains(&key), "{key}");
    }
    assert!(!keys(&shown).contains(&"token"));
    assert!(shown["created_by"].as_str().unwrap().starts_with("os:"));

    let listed: Value = client.get("/v1/grants").unwrap();
    assert_eq!(listed.as_array().unwrap().len(), 1);
    let body = json!({"reason": "done"});
    let revoked: Value = client.post(&format!("/v1/grants/{id}/revoke"), &body).unwrap();
    assert_eq!((&revoked["state"], &revoked["sessions_ended"]), (&json!("revoked"), &json!(0)));
    let many: Value = client.post("/v1/grants/revoke", &json!({"all": true})).unwrap();
    assert_eq!(many["grants"], json!([]));
    let sessions: Value = client.get("/v1/sessions").unwrap();
    assert_eq!(sessions, json!([]));
}

#[test]
fn what_is_asked_wrongly_is_explained() {
    let (client, _folder, _runtime) = served();
    let good = json!({"user": "alice", "database": "app", "reason": "INC-4211 stuck orders"});
    let with = |key: &str, value: Value| {
        let mut wish = good.clone();
        wish[key] = value;
        wish
    };
    let cases = [
        ("/v1/grants", with("ttl", json!("0s")), "a TTL of zero"),
        ("/v1/grants", with("database", json!("ap")), "database \"ap\" is not configured"),
        ("/v1/grants", with("role", json!("dba")), "role \"dba\" is not configured"),
        ("/v1/grants", with("colour", json!("red")), "the request can't be read"),
        ("/v1/grants", json!({}), "the request can't be read"),
        ("/v1/grants/revoke", json!({}), "which grants to revoke isn't clear"),
        ("/v1/grants/revoke", json!({"user": "a", "all": true}), "isn't clear"),
        ("/v1/grants/g_0000000000/revoke", json!({}), "there is no grant g_0000000000"),
        ("/v1/grants/pgw_secret/revoke", json!({}), "\"a token\" is not an id"),
        ("/v1/sessions/s_000000000000/kill", json!({}), "there is no live session s_000000000000"),
        ("/v1/sessions/alice/kill", json!({}), "\"alice\" is not an id"),
        ("/v1/grants/g_0000000000/approve", json!({}), "the request can't be read"),
        ("/v1/grants/g_0000000000/approve", json!({"revision": 1}), "there is no grant"),
        ("/v1/operatorz", json!({}), "there is no such path"),
    ];
    for (path, body, expected) in cases {
        let failure = client.post::<Value>(path, &body).unwrap_err();
        assert!(failure.what.contains(expected), "{path} {body}: {failure:?}");
        assert!(failure.hint.is_some(), "{failure:?}");
        assert!(!format!("{failure:?}").contains("secret"));
    }
}

#[test]
fn an_approval_without_a_revision_is_none() {
    let (client, _folder, _runtime) = served();
    let failure = client.post::<Value>("/v1/grants/g_0000000000/approve", &json!({})).unwrap_err();
    assert!(failure.detail.unwrap().contains("missing field `revision`"));
    assert!(failure.hint.unwrap().contains("pgward grant show g_0000000000"));
}

#[test]
fn without_a_server_the_way_to_start_one_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let client = Client::at(&folder.path().join("pgward.sock"));
    let failure = client.get::<Value>("/v1/grants").unwrap_err();
    assert!(failure.what.starts_with("no pgward server answers at "));
    assert_eq!(failure.hint.as_deref(), Some("start one: pgward serve --config proxy.toml"));
}
