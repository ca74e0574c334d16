//! docs/openapi.json is what the table of verbs and the forms say.
//! `PGWARD_WRITE_OPENAPI=1 cargo test --lib openapi` writes it anew.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::*;
use crate::admin::reading::forms::{AuditLine, AuditReplay, AuditTail};
use crate::audit::search;

/// Each form with everything in it, and with as little as it can have.
fn forms() -> Vec<(&'static str, Value, Value)> {
    let id = "g_0000000001";
    let time = "2026-11-20T12:00:00Z";
    let wish = json!({
        "user": "alice", "database": "app", "ttl": "1h", "reason": "r", "ticket": "INC-1",
        "role": "on-call", "scopes": ["update:public.t"], "max_sessions": 1,
        "max_rows_written": 1, "client_cidrs": ["10.0.0.0/8"], "uses": 1, "not_before": time,
        "end_when_idle": "15m",
    });
    let created = json!({
        "id": id, "token": "pgw_…", "user": "alice", "database": "app", "scopes": [""],
        "reason": "r", "expires_at": time, "psql": "", "pgpass": "", "jdbc": "", "warning": "",
    });
    let mut least_created = created.clone();
    least_created.as_object_mut().unwrap().remove("warning");
    let least_grant = json!({
        "id": id, "user": "alice", "database": "app", "scopes": [""], "reason": "r",
        "expires_at": time, "psql": "", "pgpass": "", "jdbc": "", "state": "active",
        "ended_because": null, "created_at": time, "created_by": "os:root", "approvers": [""],
        "sessions": 0, "max_sessions": 1, "ttl": "1h", "approvals_needed": 1,
        "sessions_begun": 0, "revision": 1,
    });
    let mut grant = least_grant.clone();
    let extension = json!({
        "by": "os:alice", "ttl": "1h", "scopes": [""], "reason": "r", "approvals_needed": 1,
        "approvers": [""], "until": time,
    });
    let history = json!({ "at": time, "event": "grant.created", "actor": "", "detail": "" });
    extend(
        &mut grant,
        json!({
            "ended_because": "", "ticket": "INC-1", "max_rows_written": 1, "role": "on-call",
            "client_cidrs": [""], "not_before": time, "uses": 1, "uses_left": 1,
            "end_when_idle": "15m", "extension": extension, "break_glass": true,
            "reviewed_by": "os:dana", "last_used_at": time, "history": [history],
        }),
    );
    let (mut answered, mut least_answered) = (grant.clone(), least_grant.clone());
    for answer in [&mut answered, &mut least_answered] {
        extend(answer, json!({ "summary": "" }));
    }
    let least_revoked = json!({
        "id": id, "state": "revoked", "sessions_ended": 0, "statements_cancelled": 0,
        "summary": "",
    });
    let mut revoked = least_revoked.clone();
    extend(&mut revoked, json!({ "already_ended": true, "warning": "" }));
    let many = json!({
        "grants": [least_revoked.clone()], "sessions_ended": 0, "statements_cancelled": 0,
        "summary": "",
    });
    let session = json!({
        "id": "s_000000000001", "grant_id": id, "user": "", "database": "", "client_addr": "",
        "backend_pid": 1, "state": "idle", "started_at": time, "expires_at": time,
        "active_at": time, "last_statement": "", "rows_returned": 0,
    });
    let killed = json!({
        "id": "s_000000000001", "grant_id": id, "user": "", "database": "", "state": "ended",
        "sessions_ended": 1, "statements_cancelled": 0, "summary": "",
    });
    let checked = json!({
        "verdict": "refused", "rule": "", "sqlstate": "", "message": "", "detail": "",
        "hint": "", "scope": "", "facts": {}, "warning": "",
    });
    let mut least_checked = checked.clone();
    least_checked.as_object_mut().unwrap().remove("warning");
    let operator = json!({
        "actor": "op:dana", "may": [""], "by": "token", "created_at": time, "created_by": "",
    });
    let search = json!({
        "grant": id, "session": "s_000000000001", "user": "", "database": "", "since": "2h",
        "until": "2026-11-20", "table": "", "operation": "", "decision": "refused", "rule": "",
        "text": "", "rows_over": 1, "errors": true,
    });
    let line = json!({
        "record": {}, "done": {}, "progress": { "file": "", "done": 0, "total": 0 }, "torn": 1,
        "alive": true,
        "end": { "found": 0, "torn": 0, "unreadable": [""], "unjoined": 0, "skipped": 0 },
        "error": { "error": "", "detail": "", "hint": "" },
    });
    let list = json!({
        "all": true, "user": "", "database": "", "state": "", "expiring_within": "",
        "older_than": "", "unused": true, "unreviewed": true, "waiting": true,
    });
    vec![
        form::<Wish>("Wish", &wish, &json!({ "user": "", "database": "app", "reason": "r" })),
        form::<CreatedGrant>("CreatedGrant", &created, &least_created),
        form::<GrantView>("GrantView", &grant, &least_grant),
        form::<Answered>("Answered", &answered, &least_answered),
        form::<ExtendWish>(
            "ExtendWish",
            &json!({ "ttl": "30m", "scopes": [""], "reason": "" }),
            &json!({}),
        ),
        form::<Approving>("Approving", &json!({ "revision": 1 }), &json!({ "revision": 1 })),
        form::<Because>("Because", &json!({ "reason": "" }), &json!({})),
        form::<RevokeMany>(
            "RevokeMany",
            &json!({ "user": "", "database": "", "all": true, "reason": "" }),
            &json!({ "all": true }),
        ),
        form::<Revoked>("Revoked", &revoked, &least_revoked),
        form::<RevokedMany>("RevokedMany", &many, &many),
        form::<SessionView>("SessionView", &session, &session),
        form::<Killed>("Killed", &killed, &killed),
        form::<CheckWish>(
            "CheckWish",
            &json!({ "sql": "SELECT 1", "grant": id, "scopes": [""], "database": "app" }),
            &json!({ "sql": "SELECT 1" }),
        ),
        form::<CheckView>("CheckView", &checked, &least_checked),
        form::<OperatorWish>(
            "OperatorWish",
            &json!({ "name": "", "may": [""] }),
            &json!({ "name": "", "may": [""] }),
        ),
        form::<CreatedOperator>(
            "CreatedOperator",
            &json!({ "name": "", "may": [""], "token": "pgw_…" }),
            &json!({ "name": "", "may": [""], "token": "pgw_…" }),
        ),
        form::<OperatorView>(
            "OperatorView",
            &operator,
            &json!({ "actor": "os:dana", "may": [""], "by": "configuration" }),
        ),
        form::<RemovedOperator>(
            "RemovedOperator",
            &json!({ "name": "", "grants": [least_revoked], "summary": "" }),
            &json!({ "name": "", "grants": [least_revoked], "summary": "" }),
        ),
        form::<search::Query>("AuditSearch", &search, &json!({})),
        form::<AuditReplay>("AuditReplay", &json!({ "id": id }), &json!({ "id": id })),
        form::<AuditTail>("AuditTail", &json!({ "lines": 10, "follow": true }), &json!({})),
        form::<AuditLine>("AuditLine", &line, &json!({})),
        form::<ListWish>("ListWish", &list, &json!({})),
        form::<ErrorBody>(
            "Error",
            &json!({ "error": "", "detail": "", "hint": "" }),
            &json!({ "error": "" }),
        ),
    ]
}

fn extend(value: &mut Value, more: Value) {
    let Value::Object(more) = more else { return };
    value.as_object_mut().unwrap().extend(more);
}

/// A form's samples, which are what the form itself reads and writes.
fn form<T: DeserializeOwned + Serialize>(
    name: &'static str,
    full: &Value,
    least: &Value,
) -> (&'static str, Value, Value) {
    let read: T = serde_json::from_value(full.clone()).unwrap_or_else(|e| panic!("{name}: {e}"));
    assert_eq!(serde_json::to_value(&read).unwrap(), *full, "{name}");
    let read: T = serde_json::from_value(least.clone()).unwrap_or_else(|e| panic!("{name}: {e}"));
    let written = serde_json::to_value(&read).unwrap();
    for key in least.as_object().unwrap().keys() {
        assert!(written.get(key).is_some(), "{name}.{key}");
    }
    // As little as it can have: without any one of these it isn't read.
    for key in least.as_object().unwrap().keys() {
        let mut less = least.clone();
        less.as_object_mut().unwrap().remove(key);
        let read = serde_json::from_value::<T>(less);
        let absent_is_null = least[key].is_null() || name == "RevokeMany";
        let nullable =
            ["backend_pid", "last_statement", "sqlstate", "message", "detail", "hint", "scope"];
        assert!(
            read.is_err() || absent_is_null || nullable.contains(&key.as_str()),
            "{name}.{key} can be left out"
        );
    }
    (name, full.clone(), least.clone())
}

fn schema(name: &str, full: &Value, least: &Value) -> Value {
    let nullable = [
        ("GrantView", "ended_because"),
        ("Answered", "ended_because"),
        ("SessionView", "backend_pid"),
        ("SessionView", "last_statement"),
        ("CheckView", "sqlstate"),
        ("CheckView", "message"),
        ("CheckView", "detail"),
        ("CheckView", "hint"),
        ("CheckView", "scope"),
    ];
    let mut properties = Map::new();
    for (key, value) in full.as_object().unwrap() {
        let mut property = match value {
            Value::Object(inner) if !inner.is_empty() => schema("", value, value),
            Value::Array(items) if items.iter().any(Value::is_object) => {
                json!({ "type": "array", "items": schema("", &items[0], &items[0]) })
            }
            Value::Array(_) => json!({ "type": "array", "items": { "type": "string" } }),
            Value::Bool(_) => json!({ "type": "boolean" }),
            Value::Number(_) => json!({ "type": "integer" }),
            Value::Object(_) => json!({ "type": "object" }),
            _ => json!({ "type": "string" }),
        };
        if nullable.contains(&(name, key.as_str())) {
            property["type"] = json!([property["type"], "null"]);
        }
        properties.insert(key.clone(), property);
    }
    let required: Vec<&String> = least.as_object().unwrap().keys().collect();
    json!({ "type": "object", "required": required, "properties": properties })
}

fn document() -> Value {
    let reference = |name: &str| match name.strip_suffix("[]") {
        Some(one) => json!({
            "type": "array",
            "items": { "$ref": format!("#/components/schemas/{one}") },
        }),
        None if name == "object" => json!({ "type": "object" }),
        None => json!({ "$ref": format!("#/components/schemas/{name}") }),
    };
    let content = |name: &str| match name.strip_suffix('*') {
        Some(one) => json!({ "application/x-ndjson": { "schema": reference(one) } }),
        None => json!({ "application/json": { "schema": reference(name) } }),
    };
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for verb in VERBS {
        let needs: Vec<&str> = verb.needs.iter().map(|right| right.word()).collect();
        let mut operation = json!({
            "operationId": verb.name,
            "summary": verb.does,
            "x-needs-one-of": needs,
            "responses": {
                "200": {
                    "description": if verb.gives.ends_with('*') {
                        "One on each line; the last has end, or error where it is not all there."
                    } else {
                        "Done."
                    },
                    "content": content(verb.gives),
                },
                "default": {
                    "description": "Refused or failed: what, why, and what to do.",
                    "content": content("Error"),
                },
            },
        });
        let mut parameters: Vec<Value> = verb
            .path
            .split(['{', '}'])
            .skip(1)
            .step_by(2)
            .map(|name| {
                json!({
                    "name": name, "in": "path", "required": true,
                    "schema": { "type": "string" },
                })
            })
            .collect();
        if verb.name == "grant_list" {
            let forms = forms();
            let (_, full, _) = forms.iter().find(|(name, ..)| *name == "ListWish").unwrap();
            let properties = schema("ListWish", full, &json!({}))["properties"].clone();
            for (name, schema) in properties.as_object().unwrap() {
                parameters.push(json!({ "name": name, "in": "query", "schema": schema }));
            }
        }
        if !parameters.is_empty() {
            operation["parameters"] = Value::from(parameters);
        }
        if let Some(takes) = verb.takes {
            operation["requestBody"] = json!({ "content": content(takes) });
        }
        paths.entry(verb.path).or_default().insert(verb.method.to_owned(), operation);
    }
    let schemas: Map<String, Value> = forms()
        .iter()
        .filter(|(name, ..)| *name != "ListWish")
        .map(|(name, full, least)| ((*name).to_owned(), schema(name, full, least)))
        .collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "pgward",
            "version": "1",
            "description": "The API of a running pgward, at its admin socket for users of its \
                machine, and at admin.address for operators with a token. Durations are 30s, 15m, \
                1h, 4h30m, 2d; times RFC 3339, UTC. x-needs-one-of names the rights that may ask \
                for a verb; whose grant it is may matter besides.",
        },
        "security": [{ "operator": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": { "operator": { "type": "http", "scheme": "bearer" } },
            "schemas": schemas,
        },
    })
}

#[test]
fn the_openapi_document_is_what_is_served() {
    let mut text = serde_json::to_string_pretty(&document()).unwrap();
    text.push('\n');
    if std::env::var_os("PGWARD_WRITE_OPENAPI").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/openapi.json");
        std::fs::write(path, &text).unwrap();
        return;
    }
    assert!(OPENAPI == text, "PGWARD_WRITE_OPENAPI=1 cargo test --lib openapi writes it anew");
}

#[test]
fn every_verb_is_one_of_its_own_with_its_own_permission() {
    let mut seen = BTreeSet::new();
    for verb in VERBS {
        assert!(seen.insert((verb.method, verb.path)), "{} {}", verb.method, verb.path);
        assert!(!verb.needs.is_empty(), "{} is for nobody", verb.name);
    }
    // What everybody may ask for shows or ends one's own, or shows nothing of anybody.
    let anybody: Vec<&str> =
        VERBS.iter().filter(|verb| verb.needs == ANYBODY).map(|verb| verb.name).collect();
    let expected =
        ["grant_list", "grant_show", "grant_release", "check", "session_list", "openapi"];
    assert_eq!(anybody, expected);
    let forms: Vec<&str> = forms().iter().map(|(name, ..)| *name).collect();
    for verb in VERBS {
        for name in verb.takes.into_iter().chain([verb.gives.trim_end_matches(['[', ']', '*'])]) {
            assert!(name == "object" || forms.contains(&name), "{}: {name}", verb.name);
        }
    }
}
