//! What lines hold.

use proptest::prelude::*;

use super::super::statement::{self, PARAMETER_BYTES_MAX, PARAMETERS_BYTES_MAX};
use super::super::{AuthFailed, GrantChange, GrantEvent, Record, SessionEnd};
use super::*;
use crate::audit::{BIND_QUERY_BYTES_MAX, QUERY_BYTES_MAX};
use crate::base::{GrantId, Refusal, sqlstate};
use crate::session::event::{Parameters, TransactionOutcome};

/// One record as JSON, checked to be one line.
fn line(event: &Event<'_>, session: &SessionContext, mode: AuditParameters) -> Value {
    let mut out = b"{\"v\":1".to_vec();
    statement::write(&mut out, session, event, mode);
    out.push(b'}');
    let text = String::from_utf8(out).expect("UTF-8");
    assert!(!text.contains(char::is_control), "{text}");
    serde_json::from_str(&text).expect("JSON")
}

fn parameters(values: &[Option<&[u8]>]) -> Vec<u8> {
    let mut out = Vec::new();
    for value in values {
        match value {
            None => out.extend((-1_i32).to_be_bytes()),
            Some(value) => {
                out.extend(i32::try_from(value.len()).unwrap().to_be_bytes());
                out.extend_from_slice(value);
            }
        }
    }
    out
}

#[test]
fn a_statement_from_decision_to_end() {
    let directory = tempfile::tempdir().unwrap();
    let log = open(directory.path());
    let node = log.node().to_owned();
    let mut stream = Stream::new(log, "w0");
    let session = session();
    let objects = ["public.orders".to_owned()];
    let allowed = Decision { objects: &objects, ..decision(1, b"SELECT * FROM orders\n") };
    stream.add(&session, &Event::Decision(allowed), at(0));
    stream.add(&session, &done(1), at(1));
    let outcome = TransactionOutcome::RolledBack;
    stream.add(&session, &Event::TransactionEnd { transaction: 3, outcome }, at(1));
    stream.commit().unwrap();
    let hash = "ab".repeat(32);
    let expected = [
        format!(
            "{{\"v\":1,\"time\":\"2026-11-20T11:03:04.120000Z\",\"node\":\"{node}\",\
             \"stream\":\"w0\",\"seq\":1,\"event\":\"statement.allowed\",\
             \"session_id\":\"s_000000000007\",\"statement_id\":1,\"transaction_id\":1,\
             \"user\":\"alice\",\"grant_id\":\"g_0000000009\",\
             \"reason\":\"INC-4211 stuck orders\",\"ticket\":\"INC-4211\",\
             \"expires_at\":\"2026-11-20T11:03:04.120000Z\",\"auth_method\":\"scram-sha-256\",\
             \"client_addr\":\"192.0.2.7\",\"client_port\":5000,\"application_name\":\"psql\",\
             \"database\":\"app\",\"server_addr\":\"db1:5432\",\"db_user\":\"pgward_reader\",\
             \"backend_pid\":4242,\"operation\":\"SELECT\",\"objects\":[\"public.orders\"],\
             \"query\":\"SELECT * FROM orders\\n\",\"query_hash\":\"{hash}\",\
             \"decision\":\"allowed\",\"rule\":\"read\"}}"
        ),
        format!(
            "{{\"v\":1,\"time\":\"2026-11-20T11:03:05.120000Z\",\"node\":\"{node}\",\
             \"stream\":\"w0\",\"seq\":2,\"event\":\"statement.done\",\
             \"session_id\":\"s_000000000007\",\"statement_id\":1,\"user\":\"alice\",\
             \"grant_id\":\"g_0000000009\",\"reason\":\"INC-4211 stuck orders\",\
             \"database\":\"app\",\"outcome\":\"completed\",\"rows_returned\":1,\
             \"bytes_out\":12,\"duration_us\":345}}"
        ),
        format!(
            "{{\"v\":1,\"time\":\"2026-11-20T11:03:05.120000Z\",\"node\":\"{node}\",\
             \"stream\":\"w0\",\"seq\":3,\"event\":\"transaction.end\",\
             \"session_id\":\"s_000000000007\",\"transaction_id\":3,\"user\":\"alice\",\
             \"grant_id\":\"g_0000000009\",\"reason\":\"INC-4211 stuck orders\",\
             \"database\":\"app\",\"tx_outcome\":\"rolled_back\"}}"
        ),
    ];
    assert_eq!(text(directory.path()).lines().collect::<Vec<_>>(), expected);
}

#[test]
fn a_refusal_has_its_rule_its_sqlstate_and_both_texts() {
    let refusal = Refusal::error(
        "write_without_scope",
        sqlstate::READ_ONLY_SQL_TRANSACTION,
        "pgward: UPDATE on public.orders refused",
    )
    .detail("rule write_without_scope; expires 03:42 UTC");
    let refused = Decision { refusal: Some(&refusal), ..decision(2, b"UPDATE orders SET x = 1") };
    let record = line(&Event::Decision(refused), &session(), AuditParameters::Full);
    let cases = [
        ("event", "statement.refused"),
        ("decision", "refused"),
        ("rule", "write_without_scope"),
        ("sqlstate", "25006"),
        ("error", "pgward: UPDATE on public.orders refused"),
        ("detail", "rule write_without_scope; expires 03:42 UTC"),
        ("reason", "INC-4211 stuck orders"),
    ];
    for (key, expected) in cases {
        assert_eq!(record[key], expected, "{key}");
    }
}

#[test]
fn parameters_by_mode() {
    let values = parameters(&[Some(b"a\"b"), None, Some(b""), Some(b"\x00\xff")]);
    let bind = Decision {
        via: Via::Bind,
        parse: Some(1),
        parameters: Some(Parameters { formats: &[0, 0, 0, 0, 0, 0, 0, 1], values: &values }),
        ..decision(2, b"SELECT $1, $2, $3, $4")
    };
    let params = |mode| line(&Event::Decision(bind.clone()), &session(), mode)["params"].clone();
    let expected = serde_json::json!(["a\"b", null, "", { "binary": "00ff" }]);
    assert_eq!(params(AuditParameters::Full), expected);
    assert_eq!(params(AuditParameters::None), Value::Null);
    let hashed = params(AuditParameters::Hash);
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(hashed[1], Value::Null);
    assert_eq!(hashed[2]["sha256"], empty);
    assert_eq!(hashed.as_array().unwrap().len(), 4);
}

#[test]
fn what_is_too_long_is_cut_and_says_so() {
    let query = format!("SELECT '{}'", "é".repeat(QUERY_BYTES_MAX));
    let cut = |via, query: &str| {
        let decision = Decision { via, ..decision(1, query.as_bytes()) };
        let record = line(&Event::Decision(decision), &session(), AuditParameters::Full);
        let kept = record["query"].as_str().unwrap().len();
        (kept, record["query_truncated"].as_bool(), record["query_bytes"].as_u64())
    };
    let length = Some(query.len() as u64);
    assert_eq!(cut(Via::Query, &query), (QUERY_BYTES_MAX, Some(true), length));
    assert_eq!(cut(Via::Bind, &query), (BIND_QUERY_BYTES_MAX, Some(true), length));
    assert_eq!(cut(Via::Query, "SELECT 1"), (8, None, None));

    let long = vec![b'x'; PARAMETER_BYTES_MAX + 1];
    let many: Vec<Option<&[u8]>> = vec![Some(&long[..PARAMETER_BYTES_MAX]); 40];
    for (values, formats, expected) in [
        (parameters(&[Some(&long)]), &[0, 0], "text"),
        (parameters(&[Some(&long)]), &[0, 1], "binary"),
        (parameters(&many), &[0, 0], "omitted"),
    ] {
        let parameters = Some(Parameters { formats, values: &values });
        let bind = Decision { via: Via::Bind, parameters, ..decision(1, b"SELECT $1") };
        let record = line(&Event::Decision(bind), &session(), AuditParameters::Full);
        let last = record["params"].as_array().unwrap().last().unwrap();
        assert!(last.get(expected).is_some(), "{expected}: {last}");
        if expected == "omitted" {
            let kept = record["params"].as_array().unwrap().len() as u64 - 1;
            assert_eq!(kept + last["omitted"].as_u64().unwrap(), 40);
            assert!(record.to_string().len() < 2 * PARAMETERS_BYTES_MAX);
        } else {
            assert_eq!(last["bytes"], PARAMETER_BYTES_MAX as u64 + 1);
        }
    }
}

#[test]
fn what_is_redacted_is_not_on_record() {
    let decision = Decision {
        redacted: Some("ALTER ROLE x PASSWORD '<redacted>'"),
        ..decision(1, b"ALTER ROLE x PASSWORD 'hunter2'")
    };
    let record = line(&Event::Decision(decision), &session(), AuditParameters::Full);
    assert!(!record.to_string().contains("hunter2"));
    assert_eq!(record["query"], "ALTER ROLE x PASSWORD '<redacted>'");
}

#[test]
fn other_records() {
    let directory = tempfile::tempdir().unwrap();
    let mut stream = Stream::new(open(directory.path()), "w0");
    let session = session();
    let problems = ["proxy.toml:3: unknown key \"lisen\"".to_owned()];
    let change = GrantChange {
        event: GrantEvent::Revoked,
        actor: Some("os:root"),
        grant: GrantId::from_random(9),
        user: "alice",
        reason: "INC-4211 stuck orders",
        ticket: None,
        scopes: &["update:public.orders".to_owned()],
        approvers: &["os:dana".to_owned()],
        expires_at: Some(WALL),
        break_glass: true,
        database: "app",
        detail: Some("suspicious"),
    };
    let cases = [
        (Record::SessionStart(&session), "session.start", "application_name", "psql"),
        (
            Record::SessionEnd(SessionEnd {
                session: &session,
                end_reason: "expired",
                detail: None,
                sqlstate: Some("57P01"),
                duration_us: 1,
                statements: 2,
            }),
            "session.end",
            "end_reason",
            "expired",
        ),
        (
            Record::AuthFailed(AuthFailed {
                cause: "bad_proof",
                user: Some("al\nice\u{1b}[2J"),
                grant: None,
                database: Some("app"),
                client: "192.0.2.7:5000".parse().ok(),
                application_name: None,
                detail: None,
            }),
            "auth.failed",
            "user",
            "al\nice\u{1b}[2J",
        ),
        (Record::Grant(change), "grant.revoked", "actor", "os:root"),
        (
            Record::SessionKill {
                actor: "os:root",
                session: SessionId::from_random(7),
                grant: Some(GrantId::from_random(9)),
            },
            "session.kill",
            "grant_id",
            "g_0000000009",
        ),
        (
            Record::ConfigReloaded { actor: None, problems: &problems },
            "config.reloaded",
            "result",
            "rejected",
        ),
        (
            Record::AuditRead { actor: "os:root", detail: "audit search --grant g_0000000009" },
            "audit.read",
            "detail",
            "audit search --grant g_0000000009",
        ),
    ];
    for (record, _, _, _) in &cases {
        stream.add_record(record, at(0));
    }
    stream.commit().unwrap();
    let records = records(directory.path());
    assert_eq!(records.len(), cases.len());
    for (record, (_, event, key, value)) in records.iter().zip(cases) {
        assert_eq!(record["event"], event);
        assert_eq!(record[key], value, "{record}");
    }
    assert_eq!(records[3]["scopes"][0], "update:public.orders");
    assert_eq!(records[5]["problems"][0], problems[0]);
}

proptest! {
    /// A4: whatever bytes a client sends, its record is one line of valid JSON that holds them.
    #[test]
    fn no_bytes_forge_or_split_a_record(
        query: Vec<u8>,
        name: String,
        value: Vec<u8>,
        error: String,
        mode in 0..3_u8,
    ) {
        let mode = [AuditParameters::Full, AuditParameters::Hash, AuditParameters::None]
            [usize::from(mode)];
        let facts = SessionFacts { user: &name, reason: &name, application_name: Some(&name), ..facts() };
        let session = SessionContext::new(&facts);
        let values = parameters(&[Some(&value), None]);
        let objects = [name.clone()];
        let refusal = Refusal::error("rule", sqlstate::SYNTAX_ERROR, error.clone()).detail(name.clone());
        let decision = Decision {
            objects: &objects,
            operation: "SELECT",
            parameters: Some(Parameters { formats: &[], values: &values }),
            refusal: Some(&refusal),
            ..decision(1, &query)
        };
        let record = line(&Event::Decision(decision), &session, mode);
        prop_assert_eq!(record["query"].as_str().unwrap(), String::from_utf8_lossy(&query));
        prop_assert_eq!(record["user"].as_str().unwrap(), &name);
        prop_assert_eq!(record["error"].as_str().unwrap(), &error);
        prop_assert_eq!(record["objects"][0].as_str().unwrap(), &name);
        prop_assert_eq!(record["decision"].as_str().unwrap(), "refused");
        if mode == AuditParameters::Full {
            prop_assert_eq!(record["params"][0].as_str().unwrap(), String::from_utf8_lossy(&value));
        }
        let known = ["v", "event", "session_id", "statement_id", "transaction_id", "user", "grant_id",
            "reason", "ticket", "expires_at", "auth_method", "client_addr", "client_port",
            "application_name", "database", "server_addr", "db_user", "backend_pid", "operation",
            "objects", "query", "query_hash", "params", "decision", "rule", "detail", "sqlstate",
            "error"];
        for key in record.as_object().unwrap().keys() {
            prop_assert!(known.contains(&key.as_str()), "{}", key);
        }
    }
}
