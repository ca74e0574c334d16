//! Who comes in, and what the others are told.

use std::time::{Duration, Instant};

use crate::support::gate::{Gate, Options};
use crate::support::message as m;
use crate::support::wire::{PROTOCOL_3_0, Wire};
use crate::support::{eventually, pg};

#[test]
fn by_name_and_by_grant_and_with_many_grants() {
    let gate = Gate::new(pg::distribution());
    let first = gate.read_grant();
    let second = gate.grant(&["--reason", "second grant of the same person"]);
    for grant in [&first, &second] {
        for user in [&grant.user, &grant.id] {
            let mut session = Wire::connect(gate.port, user, &gate.database, &grant.token);
            assert_eq!(session.query("SHOW pgward.grant_id").value(), grant.id);
        }
    }
    // Each grant's own name takes its own token only.
    let error = gate.login_error(&first.id, &gate.database, &second.token);
    assert_eq!(error.code(), "28P01");
}

#[test]
fn without_the_secret_every_failure_reads_the_same() {
    let gate = Gate::new(pg::distribution());
    let grant = gate.read_grant();
    let revoked = gate.read_grant();
    gate.json(&["grant", "revoke", &revoked.id, "--reason", "not needed"]);
    let last = if grant.token.ends_with('0') { '1' } else { '0' };
    let altered = format!("{}{last}", &grant.token[..grant.token.len() - 1]);
    let cases = [
        ("alice", "wrong"),
        ("alice", ""),
        ("alice", altered.as_str()),
        ("nobody", "wrong"),
        ("nobody", grant.token.as_str()),
        ("g_0000000000", "wrong"),
        (grant.id.as_str(), "wrong"),
        (revoked.id.as_str(), "wrong"),
        ("reader", pg::PASSWORD),
    ];
    let mut answers: Vec<_> = cases
        .iter()
        .map(|(user, password)| {
            let mut error = gate.login_error(user, &gate.database, password);
            // The one thing that follows the client's own words.
            let message = error.message().replace(&format!("\"{user}\""), "USER");
            error.0.insert('M', message);
            error
        })
        .collect();
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:#?}");
    assert_eq!((answers[0].code(), answers[0].severity()), ("28P01", "FATAL"));
    let causes: Vec<_> =
        gate.events("auth.failed").iter().map(|r| r["cause"].to_string()).collect();
    assert_eq!(causes.len(), cases.len(), "{causes:?}");
    let log = gate.log() + &serde_json::to_string(&gate.audit()).unwrap();
    assert!(!log.contains(&grant.token), "a token stands in the log or the audit");
}

#[test]
fn who_proves_the_secret_is_told_the_truth() {
    let gate = Gate::new(pg::distribution());
    let revoked = gate.read_grant();
    gate.json(&["grant", "revoke", &revoked.id, "--reason", "not needed any more"]);
    let error = gate.login_error("alice", &gate.database, &revoked.token);
    assert_eq!(error.code(), "28000", "{error:?}");
    assert!(error.detail().contains("revoked by "), "{error:?}");
    let short = gate.grant(&["--ttl", "1s"]);
    let mut over = None;
    eventually("it expires", Duration::from_secs(2), || {
        over = Wire::try_connect(gate.port, "alice", &gate.database, &short.token).err();
        over.is_some()
    });
    let error = over.unwrap();
    assert_eq!(error.code(), "28000", "{error:?}");
    assert!(format!("{error:?}").contains("expired"), "{error:?}");
    assert!(!error.hint().is_empty(), "{error:?}");
}

#[test]
fn a_grant_opens_its_database_only() {
    let gate = Gate::new(pg::distribution());
    let grant = gate.read_grant();
    for database in ["postgres", "sample", "nowhere", "../../etc", "\u{1F512}"] {
        let error = gate.login_error("alice", database, &grant.token);
        assert!(["28000", "28P01", "3D000"].contains(&error.code()), "{database}: {error:?}");
    }
}

#[test]
fn cleartext_only_where_configured() {
    let pg = pg::distribution();
    let options = Options { listen: "auth = \"scram-or-password\"".into(), ..Options::default() };
    let gate = Gate::with(pg, &options);
    let grant = gate.read_grant();
    let mut session = gate.session(&grant);
    assert_eq!(session.query("SELECT 1").value(), "1");
    let starts = gate.events("session.start");
    assert!(starts[0]["auth_method"].is_string(), "{starts:?}");
    assert_eq!(gate.login_error("alice", &gate.database, "wrong").code(), "28P01");
    assert_eq!(gate.login_error("nobody", &gate.database, &grant.token).code(), "28P01");
}

#[test]
fn what_is_said_before_login_is_not_a_statement() {
    let gate = Gate::new(pg::distribution());
    let mut wire = Wire::open(gate.port);
    let parameters = [("user", "alice"), ("database", gate.database.as_str())];
    wire.send(&[m::startup(PROTOCOL_3_0, &parameters), m::query("SELECT 1")].concat());
    let mut last = 0;
    while let Some(message) = wire.read() {
        assert!(matches!(message.tag, b'R' | b'E'), "{message:?}");
        last = message.tag;
    }
    assert_eq!(last, b'E');
}

#[test]
fn a_silent_client_is_let_go() {
    let options = Options { listen: "login_timeout = \"1s\"".into(), ..Options::default() };
    let gate = Gate::with(pg::distribution(), &options);
    for bytes in [Vec::new(), m::startup(PROTOCOL_3_0, &[("user", "alice")]), vec![0, 0, 0]] {
        let start = Instant::now();
        let mut wire = Wire::open(gate.port);
        wire.send(&bytes);
        while wire.read().is_some() {}
        assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
    }
}

#[test]
fn a_dead_upstream_is_said_at_login() {
    let pg = pg::distribution();
    let gate = Gate::new(pg);
    let grant = gate.read_grant();
    let mut admin = pg.admin("postgres");
    let name = &gate.database;
    pg::run(&mut admin, &format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false"));
    let error = gate.login_error("alice", name, &grant.token);
    assert_eq!((error.severity(), error.message().starts_with("pgward: ")), ("FATAL", true));
    assert!(["08001", "57P03", "55000"].contains(&error.code()), "{error:?}");
    pg::run(&mut admin, &format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true"));
    assert_eq!(gate.session(&grant).query("SELECT 1").value(), "1");
}

#[test]
fn an_upstream_lost_in_mid_session_is_said() {
    let pg = pg::distribution();
    let gate = Gate::new(pg);
    let mut session = gate.session(&gate.read_grant());
    let backend = session.query("SELECT pg_backend_pid()").value();
    session.send(&m::query("SELECT pg_sleep(200) /* lost upstream */"));
    pg.runs(&gate.database, "lost upstream");
    pg.admin("postgres").query(&format!("SELECT pg_terminate_backend({backend})"));
    let reply = session.reply();
    assert_eq!(reply.status, 0);
    assert_eq!(reply.errors.len(), 1, "{reply:?}");
    assert!(["57P01", "08006"].contains(&reply.code()), "{reply:?}");
    eventually("the statement is done", Duration::from_secs(5), || {
        gate.about("lost upstream").len() == 2
    });
}

#[test]
fn every_way_of_upstream_login_works() {
    let pg = pg::distribution();
    for (role, more) in
        [("md5_reader", ""), ("clear_reader", ""), ("trusted_reader", ""), ("tls_reader", "tls")]
    {
        let mut options = Options { reader: role.into(), ..Options::default() };
        if more == "tls" {
            options.sslmode = "require".into();
        }
        let gate = Gate::with(pg, &options);
        let mut session = gate.session(&gate.read_grant());
        assert_eq!(session.query("SELECT current_user").value(), role);
    }
    let socket = Options { host: pg.socket_directory(), ..Options::default() };
    let gate = Gate::with(pg, &socket);
    assert_eq!(gate.session(&gate.read_grant()).query("SELECT 1").value(), "1");
}

#[test]
fn the_notice_at_login_is_psqls_by_default() {
    let gate = Gate::new(pg::distribution());
    let grant = gate.read_grant();
    let login = |application: &str| {
        let mut wire = Wire::open(gate.port);
        let database = gate.database.as_str();
        let parameters =
            [("user", "alice"), ("database", database), ("application_name", application)];
        wire.login(PROTOCOL_3_0, &parameters, &grant.token).unwrap();
        wire.notices
    };
    let notices = login("psql");
    assert_eq!(notices.len(), 1, "{notices:?}");
    let text = format!("{:?}", notices[0]);
    assert!(text.contains(&grant.id), "{text}");
    assert!(login("dashboard").is_empty());
}
