//! The record: exactly the lines of the contract, before the effect, whatever happens.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::Value;

use crate::support::gate::{Gate, Options, statement};
use crate::support::message as m;
use crate::support::wire::Wire;
use crate::support::{eventually, on_each_server, pg};

/// The records of one session's statements, each as `event operation outcome`, in order.
fn story(gate: &Gate) -> Vec<String> {
    let word = |record: &Value, key: &str| record[key].as_str().unwrap_or("-").to_owned();
    gate.audit()
        .iter()
        .filter(|r| r["event"].as_str().is_some_and(|e| e.starts_with("statement.")))
        .map(|r| match r["event"].as_str().unwrap() {
            "statement.done" => format!("done {}", word(r, "outcome")),
            "statement.allowed" => format!("allowed {}", word(r, "operation")),
            _ => format!("refused {}", word(r, "operation")),
        })
        .collect()
}

/// What a client does, and the records that it leaves.
type Case = (&'static str, fn(&mut Wire), &'static [&'static str]);

const CASES: &[Case] = &[
    ("simple", |w| drop(w.query("SELECT 1")), &["allowed SELECT", "done completed"]),
    (
        "two in one string",
        |w| drop(w.query("SELECT 1; SHOW server_version")),
        &["allowed SELECT", "allowed SHOW", "done completed", "done completed"],
    ),
    ("refused", |w| drop(w.query("DELETE FROM orders")), &["refused DELETE"]),
    (
        "extended",
        |w| drop(w.extended("SELECT $1", &[Some("x")])),
        &["allowed SELECT", "allowed SELECT", "done completed", "done completed"],
    ),
    (
        "a Parse never executed",
        |w| drop(w.round(&[m::parse("never", "SELECT 1", &[]), m::sync()])),
        &["allowed SELECT", "done completed"],
    ),
    (
        "a Bind never executed",
        |w| {
            drop(w.round(&[m::parse("", "SELECT 1", &[]), m::bind("", "", &[]), m::sync()]));
        },
        &["allowed SELECT", "allowed SELECT", "done completed", "done completed"],
    ),
    ("failed", |w| drop(w.query("SELECT 1/0")), &["allowed SELECT", "done failed"]),
    (
        "skipped",
        |w| drop(w.query("SELECT 1/0; SELECT 2")),
        &["allowed SELECT", "allowed SELECT", "done failed", "done skipped"],
    ),
    ("unreadable", |w| drop(w.query("SELEC 1")), &["refused UNREAD"]),
    (
        "copy out",
        |w| drop(w.query("COPY (SELECT 1) TO STDOUT")),
        &["allowed COPY", "done completed"],
    ),
];

#[test]
fn each_kind_of_traffic_leaves_exactly_its_records() {
    let pg = pg::distribution();
    for (name, act, expected) in CASES {
        let gate = Gate::new(pg);
        let mut session = gate.session(&gate.read_grant());
        act(&mut session);
        session.send(&m::terminate());
        eventually("session.end", Duration::from_secs(5), || {
            !gate.events("session.end").is_empty()
        });
        let mut told = story(&gate);
        let mut expected: Vec<String> = expected.iter().map(|&s| s.to_owned()).collect();
        // Order among done records follows the server's replies; what counts is which there are.
        told.sort();
        expected.sort();
        assert_eq!(told, expected, "{name}: {:#?}", gate.audit());
        every_allowed_statement_is_done_once(&gate);
    }
}

fn every_allowed_statement_is_done_once(gate: &Gate) {
    let mut counts: BTreeMap<String, (u32, u32)> = BTreeMap::new();
    for record in gate.audit() {
        match record["event"].as_str().unwrap() {
            "statement.allowed" => counts.entry(statement(&record)).or_default().0 += 1,
            "statement.done" => counts.entry(statement(&record)).or_default().1 += 1,
            _ => {}
        }
    }
    for (id, (allowed, done)) in counts {
        assert_eq!((allowed, done), (1, 1), "{id}");
    }
}

on_each_server! {
    fn the_keys_of_a_read(pg) {
        let gate = Gate::new(pg);
        let grant = gate.read_grant();
        let mut session = gate.session(&grant);
        let backend = session.query("SELECT pg_backend_pid()").value();
        let sql = "SELECT id, note FROM public.orders WHERE id <= 7";
        session.query(sql);
        let records = gate.about("id <= 7");
        let (decision, done) = (&records[0], &records[1]);
        assert_eq!(decision["v"], 1);
        assert_eq!(decision["event"], "statement.allowed");
        assert_eq!(decision["query"], sql);
        assert_eq!(decision["user"], "alice");
        assert_eq!(decision["grant_id"], grant.id.as_str());
        assert_eq!(decision["reason"], "INC-4211 stuck orders");
        assert_eq!(decision["database"], gate.database.as_str());
        assert_eq!(decision["db_user"], "reader");
        assert_eq!(decision["backend_pid"].to_string(), backend);
        assert_eq!(decision["operation"], "SELECT");
        assert_eq!(decision["objects"], serde_json::json!(["public.orders"]));
        assert_eq!(decision["client_addr"], "127.0.0.1");
        assert_eq!(decision["decision"], "allowed");
        for key in ["time", "node", "stream", "seq", "session_id", "statement_id", "query_hash",
            "expires_at", "auth_method", "client_port", "rule"] {
            assert!(!decision[key].is_null(), "{key} in {decision}");
        }
        assert!(decision["query_hash"].as_str().unwrap().len() >= 64);
        let time = decision["time"].as_str().unwrap();
        assert!(time.ends_with('Z') && time.len() == 27, "{time}");
        assert_eq!(done["event"], "statement.done");
        assert_eq!((&done["outcome"], &done["rows_returned"]), (&"completed".into(), &7.into()));
        assert!(done["duration_us"].as_u64().unwrap() > 0);
        assert!(done["bytes_out"].as_u64().unwrap() > 50);
        assert_eq!(done["grant_id"], grant.id.as_str());
        let none: Vec<_> = records.iter().flat_map(|r| r.as_object().unwrap().values())
            .filter(|v| v.is_null()).collect();
        assert!(none.is_empty(), "a key without a value is left out");
    }

    fn the_keys_of_a_refusal_and_a_write(pg) {
        let gate = Gate::new(pg);
        let grant = gate.write_grant(&["update:public.orders"]);
        let mut session = gate.session(&grant);
        session.query("DELETE FROM public.orders WHERE id = 3");
        let refused = &gate.about("DELETE")[0];
        assert_eq!(refused["event"], "statement.refused");
        assert_eq!((&refused["decision"], &refused["sqlstate"]), (&"refused".into(), &"42501".into()));
        assert!(refused["rule"].is_string() && refused["detail"].is_string(), "{refused}");
        assert_eq!(gate.about("DELETE").len(), 1);
        session.extended("UPDATE public.orders SET note = $1 WHERE id < $2", &[Some("späť"), Some("5")]);
        let records = gate.about("UPDATE");
        let bind = records.iter().find(|r| r["params"].is_array()).unwrap();
        assert_eq!(bind["params"], serde_json::json!(["späť", "5"]), "{bind}");
        assert!(!bind["parse_id"].is_null(), "a Bind names its Parse: {bind}");
        let done: Vec<_> = records.iter().filter(|r| r["rows_affected"] == 4).collect();
        assert_eq!(done.len(), 1, "{records:#?}");
        eventually("transaction.end", Duration::from_secs(5), || !gate.events("transaction.end").is_empty());
        let end = gate.events("transaction.end");
        assert_eq!(end.len(), 1, "{end:?}");
        assert_eq!(end[0]["tx_outcome"], "committed");
    }

    fn continued_executes_and_fetches_add_to_their_own(pg) {
        let gate = Gate::new(pg);
        let mut session = gate.session(&gate.read_grant());
        session.round(&[m::parse("", "SELECT generate_series(1, 10)", &[]), m::bind("", "", &[]),
            m::execute("", 4), m::execute("", 4), m::execute("", 4), m::sync()]);
        let done: Vec<_> = gate.about("generate_series(1, 10)").into_iter()
            .filter(|r| r["event"] == "statement.done" && r["rows_returned"] == 10).collect();
        assert_eq!(done.len(), 1, "{:#?}", gate.about("generate_series(1, 10)"));
        every_allowed_statement_is_done_once(&gate);
    }
}

#[test]
fn text_from_clients_cannot_forge_a_record() {
    let pg = pg::distribution();
    let gate = Gate::new(pg);
    let grant = gate.read_grant();
    let mut wire = Wire::open(gate.port);
    let name = "x\",\"user\":\"root\"}\n{\"event\":\"forged\"";
    let parameters =
        [("user", "alice"), ("database", gate.database.as_str()), ("application_name", name)];
    wire.login(crate::support::wire::PROTOCOL_3_0, &parameters, &grant.token).unwrap();
    let nasty = "SELECT '\n{\"event\":\"forged\"}\n', '\u{1b}[2J', '\u{7f}', '\u{2028}', '\"'";
    wire.query(nasty);
    wire.send(&m::raw(b'Q', b"SELECT '\xff\n\xfe'\0"));
    wire.reply();
    wire.query(&format!("SELECT '{}' /* long */", "y".repeat(200_000)));
    let records = gate.audit();
    assert!(records.iter().all(|r| r["event"] != "forged"), "{records:#?}");
    assert!(records.iter().any(|r| r["query"] == nasty), "the exact text is on record");
    let text = std::fs::read_to_string(gate.path("audit/audit.jsonl")).unwrap();
    assert!(text.bytes().all(|b| b == b'\n' || !b.is_ascii_control()));
    assert_eq!(text.lines().count(), records.len());
}

#[test]
fn passwords_are_not_on_record() {
    let pg = pg::distribution();
    let gate = Gate::new(pg);
    let mut session = gate.session(&gate.read_grant());
    for sql in [
        "ALTER ROLE reader PASSWORD 'hunter2secret'",
        "CREATE USER x WITH ENCRYPTED PASSWORD 'hunter2secret'",
        "CREATE USER MAPPING FOR reader SERVER s OPTIONS (password 'hunter2secret')",
        "ALTER ROLE reader PASSWORD 'hunter2secret' SYNTAX ERROR",
        "SELECT dblink_connect('host=h user=u password=hunter2secret')",
    ] {
        assert_eq!(session.query(sql).errors.len(), 1, "{sql}");
        session.extended(sql, &[]);
    }
    let text = std::fs::read_to_string(gate.path("audit/audit.jsonl")).unwrap();
    assert!(!text.contains("hunter2secret"));
    assert!(!gate.log().contains("hunter2secret"));
}

#[test]
fn sessions_and_logins_and_grants_are_on_record() {
    let gate = Gate::new(pg::distribution());
    let grant = gate.read_grant();
    let mut session = gate.session(&grant);
    session.query("SELECT 1");
    session.query("SELECT 2");
    session.send(&m::terminate());
    drop(session);
    gate.login_error("alice", &gate.database, "wrong");
    gate.json(&["grant", "revoke", &grant.id, "--reason", "done with it"]);
    eventually("all records", Duration::from_secs(5), || !gate.events("session.end").is_empty());
    let start = &gate.events("session.start")[0];
    let end = &gate.events("session.end")[0];
    assert_eq!((&start["grant_id"], &start["session_id"]), (&end["grant_id"], &end["session_id"]));
    assert_eq!(end["statements"], 2, "{end}");
    assert!(end["duration_us"].is_u64() && end["end_reason"].is_string(), "{end}");
    let failed = &gate.events("auth.failed")[0];
    assert!(failed["cause"].is_string() && failed["client_addr"].is_string(), "{failed}");
    let created = &gate.events("grant.created")[0];
    assert_eq!(created["grant_id"], grant.id.as_str(), "{created}");
    assert!(created["actor"].as_str().unwrap().starts_with("os:"), "{created}");
    assert!(!gate.events("grant.revoked").is_empty());
}

#[test]
fn seq_counts_every_record_of_a_stream() {
    let gate = Gate::new(pg::distribution());
    let mut sessions = gate.crowd(20);
    for n in 0..20 {
        for session in &mut sessions {
            session.query(&format!("SELECT {n}"));
        }
    }
    let mut streams: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for record in gate.audit() {
        let stream = record["stream"].to_string();
        streams.entry(stream).or_default().push(record["seq"].as_u64().unwrap());
    }
    let workers = streams.keys().filter(|stream| stream.starts_with("\"w")).count();
    let cores = std::thread::available_parallelism().unwrap().get();
    assert_eq!(workers, cores.min(2), "{:?}", streams.keys());
    for (stream, seqs) in streams {
        assert!(seqs.windows(2).all(|w| w[1] == w[0] + 1), "{stream}: {seqs:?}");
    }
}

#[test]
fn without_a_record_nothing_runs_and_then_it_goes_on() {
    let pg = pg::distribution();
    let gate =
        Gate::with(pg, &Options { audit: "rotate_bytes = \"64KiB\"".into(), ..Options::default() });
    let grant = gate.write_grant(&["insert:public.victim"]);
    let mut session = gate.session(&grant);
    assert_eq!(session.query("INSERT INTO public.victim VALUES (1)").tags, ["INSERT 0 1"]);
    // A full disk that root meets as well: the process's own limit on the size of files.
    set_file_size_limit(&gate, "1024");
    for extended in [false, true] {
        let sql = "INSERT INTO public.victim VALUES (2)";
        let reply = if extended { session.extended(sql, &[]) } else { session.query(sql) };
        assert_eq!(reply.code(), "58030", "{reply:?}");
        assert!(reply.errors[0].message().starts_with("pgward: "));
        assert_eq!(reply.status, b'I', "the session goes on: {reply:?}");
    }
    assert_eq!(pg.victims(&gate.database), "1");
    let (status, _) = gate.http("/livez").unwrap();
    assert_eq!(status, 200);
    set_file_size_limit(&gate, "unlimited");
    eventually("statements run again", Duration::from_secs(10), || {
        session.query("INSERT INTO public.victim VALUES (3)").errors.is_empty()
    });
    assert_eq!(pg.victims(&gate.database), "2");
    // Whole lines only, also around the failure.
    gate.audit();
}

fn set_file_size_limit(gate: &Gate, limit: &str) {
    let status = std::process::Command::new("prlimit")
        .args(["--pid", &gate.pid().to_string(), &format!("--fsize={limit}:unlimited")])
        .status()
        .expect("prlimit (util-linux)");
    assert!(status.success());
}

#[test]
fn the_log_rotates_and_keeps_everything() {
    let gate = Gate::with(
        pg::distribution(),
        &Options { audit: "rotate_bytes = \"64KiB\"".into(), ..Options::default() },
    );
    let mut session = gate.session(&gate.read_grant());
    for n in 0..300 {
        session.query(&format!("SELECT {n} /* rotate */"));
    }
    let files = std::fs::read_dir(gate.path("audit")).unwrap().count();
    assert!(files > 2, "{files}");
    let found = gate
        .audit()
        .iter()
        .filter(|r| r["query"].as_str().is_some_and(|q| q.contains("rotate")))
        .count();
    assert_eq!(found, 300);
    let mode = std::fs::metadata(gate.path("audit/audit.jsonl")).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0, "the log is its owner's alone: {mode:o}");
}

#[test]
fn search_and_tail_read_it() {
    let gate = Gate::new(pg::distribution());
    let (one, two) = (gate.read_grant(), gate.read_grant());
    gate.session(&one).query("SELECT 'first of these'");
    gate.session(&two).query("SELECT 'second of these'");
    let text = gate.cli(&["audit", "search", "--grant", &one.id, "-o", "json"]).expect("search");
    assert!(text.contains("first of these") && !text.contains("second of these"), "{text}");
    for line in text.lines() {
        let record: Value = serde_json::from_str(line).unwrap();
        assert_eq!(record["grant_id"], one.id.as_str());
    }
    let text = gate.cli(&["audit", "tail"]).expect("tail");
    assert!(text.contains("second of these"), "{text}");
}

/// kill -9 under load: what the server logged from clients is on record.
#[test]
fn no_statement_that_the_server_saw_is_missing_after_kill_9() {
    let pg = pg::distribution();
    let mut gate = Gate::new(pg);
    let grant = gate.write_grant(&["insert:public.victim"]);
    for round in 0..20 {
        let (port, database, token) = (gate.port, gate.database.clone(), grant.token.clone());
        let _crowd = gate.crowd(13);
        let done = Arc::new(AtomicU32::new(0));
        let clients: Vec<_> = (0..6)
            .map(|client| {
                let (database, token, done) = (database.clone(), token.clone(), done.clone());
                std::thread::spawn(move || load(port, &database, &token, round, client, &done))
            })
            .collect();
        eventually("some statements are done", Duration::from_secs(10), || {
            done.load(Ordering::Relaxed) > 20 + 7 * round
        });
        gate.kill();
        for client in clients {
            client.join().unwrap();
        }
        gate.restart();
    }
    let marker = |text: &str| {
        let at = text.find("/*k-")?;
        Some(text[at + 4..].split('*').next()?.to_owned())
    };
    let recorded: std::collections::BTreeSet<String> = gate
        .audit()
        .iter()
        .filter(|r| r["event"] == "statement.allowed")
        .filter_map(|r| marker(r["query"].as_str()?))
        .collect();
    let database = format!("|{}|", gate.database);
    let log = pg.log();
    let seen: Vec<String> = log
        .lines()
        .filter(|l| l.contains(&database) && (l.contains("statement: ") || l.contains("execute ")))
        .filter_map(marker)
        .collect();
    assert!(seen.len() > 300, "too little load to tell: {}", seen.len());
    let missing: Vec<_> = seen.iter().filter(|s| !recorded.contains(*s)).collect();
    assert!(missing.is_empty(), "{} of {} are missing: {missing:?}", missing.len(), seen.len());
    // Our own statements say whose they are: each statement in that database is a client's with
    // its marker, or carries our name.
    for line in log.lines().filter(|l| l.contains(&database) && l.contains("statement: ")) {
        let own = line.contains("|pgward|") || line.contains("|pgward:control");
        // Around a write whose rows are counted.
        let own = own || ["BEGIN", "COMMIT", "ROLLBACK"].iter().any(|word| line.ends_with(word));
        let direct = line.split('|').nth(2).is_some_and(|a| !a.starts_with("pgward"));
        assert!(own || direct || marker(line).is_some(), "not a client's, not ours: {line}");
    }
}

/// Statements with markers until the connection dies.
fn load(port: u16, database: &str, token: &str, round: u32, client: u32, done: &AtomicU32) {
    let Ok(mut wire) = Wire::try_connect(port, "alice", database, token) else { return };
    for n in 0_u32.. {
        let tag = format!("{round}-{client}-{n}");
        let insert = format!("INSERT INTO public.victim VALUES ({n}) /*k-{tag}*/");
        let bytes = match n % 3 {
            0 => m::query(&format!("SELECT {n} /*k-{tag}*/")),
            1 => m::query(&insert),
            _ => [m::parse("", &insert, &[]), m::bind("", "", &[]), m::execute("", 0), m::sync()]
                .concat(),
        };
        if wire.try_send(&bytes).is_err() || wire.reply().status == 0 {
            return;
        }
        done.fetch_add(1, Ordering::Relaxed);
    }
}
