//! The server as a process: readiness, signals, configuration, metrics.

use std::time::Duration;

use crate::support::gate::{Gate, Options};
use crate::support::message as m;
use crate::support::wire::Wire;
use crate::support::{eventually, pg};

#[test]
fn sigterm_drains() {
    let mut gate = Gate::with(
        pg::distribution(),
        &Options { listen: "drain_timeout = \"15s\"".into(), ..Options::default() },
    );
    let grant = gate.read_grant();
    let mut idle = gate.session(&grant);
    let mut busy = gate.session(&grant);
    busy.send(&m::query("SELECT pg_sleep(3), 'finished'"));
    pg::distribution().runs(&gate.database, "finished");
    gate.signal("TERM");
    eventually("no new sessions", Duration::from_secs(5), || {
        if gate.http("/readyz").is_some_and(|(status, _)| status == 200) {
            return false;
        }
        if std::net::TcpStream::connect(("127.0.0.1", gate.port)).is_err() {
            return true;
        }
        match Wire::try_connect(gate.port, "alice", &gate.database, &grant.token) {
            Ok(_) => false,
            Err(error) => error.code() == "57P03",
        }
    });
    let reply = busy.reply();
    assert_eq!(reply.rows[0][1].as_deref(), Some("finished"));
    let error = idle.reply().errors;
    assert_eq!(error[0].code(), "57P01", "{error:?}");
    assert_eq!(gate.wait_for_exit(Duration::from_secs(20)), Some(0));
}

#[test]
fn sighup_takes_a_good_file_and_keeps_the_old_for_a_bad_one() {
    let gate = Gate::new(pg::distribution());
    let path = gate.path("proxy.toml");
    let good = std::fs::read_to_string(&path).unwrap();
    let mut live = gate.session(&gate.read_grant());
    std::fs::write(
        &path,
        good.replace(
            "[policy]\n",
            "[policy]\nmax_ttl = \"30m\"\ndefault_ttl = \"10m\"\nmax_write_ttl = \"10m\"\n",
        ),
    )
    .unwrap();
    gate.signal("HUP");
    eventually("config.reloaded", Duration::from_secs(5), || {
        !gate.events("config.reloaded").is_empty()
    });
    let refused = gate.cli(&[
        "grant",
        "create",
        "--user",
        "bob",
        "--database",
        &gate.database,
        "--ttl",
        "1h",
        "--reason",
        "longer than allowed",
    ]);
    assert!(!refused.success);
    std::fs::write(&path, "[listen]\nadress = \"127.0.0.1:1\"\n").unwrap();
    gate.signal("HUP");
    eventually("the second one", Duration::from_secs(5), || {
        gate.events("config.reloaded").len() == 2
    });
    let events = gate.events("config.reloaded");
    assert!(events[1].to_string().contains("adress"), "{}", events[1]);
    assert!((gate.metric("pgward_config_last_reload_successful") - 0.0).abs() < 0.5);
    assert_eq!(live.query("SELECT 1").value(), "1");
    // The CLI reads the same file, which is put right again for it.
    std::fs::write(&path, good).unwrap();
    let still = gate.cli(&[
        "grant",
        "create",
        "--user",
        "bob",
        "--database",
        &gate.database,
        "--ttl",
        "1h",
        "--reason",
        "longer than allowed",
    ]);
    assert!(!still.success, "the configuration before the bad one holds");
}

#[test]
fn health_and_metrics() {
    let gate = Gate::new(pg::distribution());
    assert_eq!(gate.http("/livez").unwrap().0, 200);
    assert_eq!(gate.http("/readyz").unwrap().0, 200);
    assert_eq!(gate.http("/nothing").unwrap().0, 404);
    let grant = gate.read_grant();
    let mut session = gate.session(&grant);
    for _ in 0..5 {
        session.query("SELECT 1");
    }
    session.query("DELETE FROM orders");
    gate.login_error("alice", &gate.database, "wrong");
    eventually("the counters", Duration::from_secs(5), || {
        gate.metric("pgward_statements_total") >= 6.0
            && (gate.metric("pgward_statements_refused_total") - 1.0).abs() < 0.1
            && (gate.metric("pgward_auth_failures_total") - 1.0).abs() < 0.1
    });
    let (_, text) = gate.http("/metrics").unwrap();
    assert!(text.contains("pgward_audit_records_total"), "{text}");
    let connections = || gate.metric("pgward_client_connections");
    eventually("the refused one is gone", Duration::from_secs(5), || {
        (connections() - 1.0).abs() < 0.1
    });
    // Of the moment of the scrape, not of some time before.
    let mut second = gate.session(&grant);
    second.query("SELECT 1");
    assert!((connections() - 2.0).abs() < 0.1, "{}", connections());
    for secret in [grant.token.as_str(), &grant.id, "alice", "INC-4211"] {
        assert!(!text.contains(secret), "{secret} in the metrics");
    }
}

#[test]
fn a_configuration_with_problems_says_all_of_them() {
    let pg = pg::distribution();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("proxy.toml");
    std::fs::write(
        &path,
        "[listen]\nadress = \"127.0.0.1:6432\"\n[policy]\ndefault_ttl = \"soon\"\n[limts]\n",
    )
    .unwrap();
    for verb in [&["serve"][..], &["config", "check"]] {
        let mut command = crate::support::gate::program(verb, &path);
        let output = crate::support::clients::run(&mut command, "", Duration::from_secs(20));
        assert!(!output.success, "{output:?}");
        let text = format!("{}{}", output.stdout, output.stderr);
        for expected in ["adress", "address", "soon", "limts", "limits"] {
            assert!(text.contains(expected), "{expected} in {text}");
        }
        assert!(!text.contains("panicked"), "{text}");
    }
    // A superuser as upstream role is refused unless overridden.
    let options = Options { reader: "boss".into(), ..Options::default() };
    Gate::fails_to_serve(pg, &options, "superuser");
    let nowhere = Options { port: Some(1), ..Options::default() };
    Gate::fails_to_serve(pg, &nowhere, "refused");
}

#[test]
fn config_check_and_setup_sql() {
    let pg = pg::distribution();
    let gate = Gate::new(pg);
    let output = gate.cli(&["config", "check"]);
    assert!(output.success, "{output:?}");
    let sql = gate.cli(&["config", "setup-sql"]).expect("setup-sql");
    assert!(sql.contains("pg_read_all_data") && sql.contains("pg_monitor"), "{sql}");
    assert!(sql.contains("pg_signal_backend"), "{sql}");
    assert!(sql.contains("pg_hba"), "{sql}");
    assert!(!sql.contains(pg::PASSWORD), "{sql}");
}

#[test]
fn without_a_server_the_cli_says_how_to_start_one() {
    let mut gate = Gate::new(pg::distribution());
    gate.kill();
    for arguments in [&["grant", "list"][..], &["session", "list"]] {
        let output = gate.cli(arguments);
        assert_eq!(output.code, Some(1), "{output:?}");
        assert!(output.stderr.contains("pgward serve"), "{}", output.stderr);
    }
}

#[test]
fn tokens_are_never_at_rest() {
    let mut gate = Gate::new(pg::distribution());
    let grant = gate.read_grant();
    gate.session(&grant).query("SELECT 1");
    gate.login_error("alice", &gate.database, &format!("{}x", grant.token));
    gate.signal("TERM");
    gate.wait_for_exit(Duration::from_secs(40));
    let secret = grant.token.split('_').nth(2).unwrap().as_bytes().to_vec();
    for entry in std::fs::read_dir(gate.directory.path()).unwrap().flatten() {
        if entry.file_type().unwrap().is_file() {
            let bytes = std::fs::read(entry.path()).unwrap();
            let found = bytes.windows(secret.len()).any(|w| w == secret);
            assert!(!found, "the token stands in {}", entry.path().display());
        }
    }
}

#[test]
fn scanners_and_leavers_do_no_harm() {
    let options = Options { limits: "max_sessions_per_grant = 200".into(), ..Options::default() };
    let gate = Gate::with(pg::distribution(), &options);
    let grant = gate.read_grant();
    for _ in 0..100 {
        drop(Wire::open(gate.port));
        let mut wire = Wire::open(gate.port);
        wire.send(&m::startup(196_608, &[("user", "alice"), ("database", &gate.database)]));
        drop(wire);
        let mut session = gate.session(&grant);
        session.send(&m::query("SELECT pg_sleep(0.01)"));
        drop(session);
    }
    eventually("all are gone", Duration::from_secs(10), || {
        gate.json(&["session", "list"]) == serde_json::json!([])
    });
    assert_eq!(gate.session(&grant).query("SELECT 1").value(), "1");
}
