//! What people are told of by itself: webhooks, and the NOTICE before a grant ends.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::Value;

use crate::support::eventually;
use crate::support::gate::{Gate, Options};
use crate::support::pg;
use crate::support::wire::{PROTOCOL_3_0, Wire};

/// An alert as a receiver sees it.
struct Got {
    signature: String,
    timestamp: String,
    text: String,
    body: Value,
}

/// Takes whatever comes, answers `status`, or never where that is 0.
fn receiver(status: u16) -> (u16, Receiver<Got>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, told) = channel();
    std::thread::spawn(move || {
        let mut held = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let Some(got) = request(&mut stream) else { continue };
            if tell.send(got).is_err() {
                return;
            }
            if status == 0 {
                held.push(stream);
                continue;
            }
            let answer = format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n");
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    (port, told)
}

fn request(stream: &mut TcpStream) -> Option<Got> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let header = |name: &str| {
                let mut found = head.lines().filter_map(|line| line.split_once(": "));
                let found = found.find(|(key, _)| key.eq_ignore_ascii_case(name));
                found.map_or(String::new(), |(_, value)| value.to_owned())
            };
            if body.len() >= header("content-length").parse().unwrap_or(0) {
                let signature = header("x-pgward-signature");
                let timestamp = header("x-pgward-timestamp");
                let body_value = serde_json::from_str(body).unwrap();
                return Some(Got { signature, timestamp, text: body.to_owned(), body: body_value });
            }
        }
        match stream.read(&mut chunk).ok()? {
            0 => return None,
            read => bytes.extend_from_slice(&chunk[..read]),
        }
    }
}

/// `[alerts]` with one webhook; its lines stand behind those of `[audit]`.
fn alerts(port: u16, lines: &str, webhook: &str) -> Options {
    let audit = format!(
        "[alerts]\n{lines}\n[[alerts.webhooks]]\nurl = \"http://127.0.0.1:{port}/\"\n{webhook}\n"
    );
    Options { audit, ..Options::default() }
}

/// Hears alerts in whatever order they come.
struct Ear {
    told: Receiver<Got>,
    heard: Vec<Got>,
}

impl Ear {
    const fn new(told: Receiver<Got>) -> Self {
        Self { told, heard: Vec::new() }
    }

    /// Waits for an alert of that event, and of that grant where one is named.
    fn hear(&mut self, event: &str, grant: Option<&str>) -> &Got {
        let fits = |got: &Got| {
            got.body["event"] == event && grant.is_none_or(|id| got.body["grant_id"] == id)
        };
        let place = loop {
            if let Some(place) = self.heard.iter().position(fits) {
                break place;
            }
            let got = self.told.recv_timeout(Duration::from_secs(100));
            let seen: Vec<_> = self.heard.iter().map(|got| got.body["event"].clone()).collect();
            self.heard.push(got.unwrap_or_else(|_| panic!("{event} is not among {seen:?}")));
        };
        &self.heard[place]
    }
}

fn openssl_hmac(key: &str, text: &str) -> String {
    let mut child = std::process::Command::new("openssl")
        .args(["dgst", "-sha256", "-hmac", key])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("openssl");
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    output.rsplit(' ').next().unwrap().trim().to_owned()
}

#[test]
fn receivers_hear_what_operators_do_signed_and_without_secrets() {
    let (port, told) = receiver(200);
    let webhook = "secret = \"k3y\"\nevents = [\"grant.created\", \"grant.revoked\"]";
    let gate = Gate::with(pg::distribution(), &alerts(port, "", webhook));
    let mut ear = Ear::new(told);
    let grant = gate.write_grant(&["update:public.orders"]);
    let created = ear.hear("grant.created", None);
    assert_eq!(created.body["grant_id"], grant.id.as_str());
    assert_eq!(created.body["user"], "alice");
    assert_eq!(created.body["reason"], "INC-4211 stuck orders");
    assert_eq!(created.body["scopes"], serde_json::json!(["update:public.orders"]));
    assert!(created.body["actor"].as_str().unwrap().starts_with("os:"));
    let signed = openssl_hmac("k3y", &format!("{}.{}", created.timestamp, created.text));
    assert_eq!(created.signature, format!("v1={signed}"));
    gate.json(&["grant", "revoke", &grant.id, "--reason", "shift is over"]);
    let revoked = ear.hear("grant.revoked", None);
    assert!(revoked.body["detail"].as_str().unwrap().contains("shift is over"));
    for got in &ear.heard {
        assert!(!got.text.contains(&grant.token) && !got.text.contains("k3y"), "{}", got.text);
    }
    eventually("both are counted", Duration::from_secs(5), || {
        gate.metric("pgward_alerts_total") >= 2.0 && gate.metric("pgward_alerts_queue") == 0.0
    });
    assert!(gate.metric("pgward_alerts_last_success_timestamp_seconds") > 1e9);
}

#[test]
fn receivers_hear_of_requests_and_of_emergencies() {
    let (port, told) = receiver(200);
    // Somebody else who could answer: whoever runs the server alone has nobody to ask.
    let admin = "operators = { dana = [\"approve\"] }".to_owned();
    let gate = Gate::with(pg::distribution(), &Options { admin, ..alerts(port, "", "") });
    let mut ear = Ear::new(told);
    let database = gate.database.clone();
    let ask = |verb: &str| {
        let reason = "INC-4211 stuck orders";
        gate.json(&["grant", verb, "--database", &database, "--ttl", "5m", "--reason", reason])
    };
    let request = ask("request");
    let requested = ear.hear("grant.requested", request["id"].as_str());
    assert!(requested.body["user"].is_string(), "{}", requested.text);
    let next = format!("pgward grant approve {} --revision 1", request["id"].as_str().unwrap());
    assert_eq!(requested.body["next"], next.as_str());
    assert_eq!(requested.body["revision"], 1);
    let emergency = ask("break-glass");
    let taken = ear.hear("grant.break_glass", emergency["id"].as_str());
    assert!(taken.body["summary"].as_str().unwrap().starts_with("BREAK-GLASS: "));
    let token = emergency["token"].as_str().unwrap();
    assert!(ear.heard.iter().all(|got| !got.text.contains(token)));
}

#[test]
fn receivers_hear_of_what_nobody_does() {
    let (port, told) = receiver(200);
    let lines = "expiring_in = \"5s\"\nunused_after = \"1s\"\nlong_lived_after = \"2s\"\n\
                 refusals_per_minute = 3\nfree_bytes = \"1048576GiB\"";
    let gate = Gate::with(pg::distribution(), &alerts(port, lines, ""));
    let mut ear = Ear::new(told);
    // More than any disk has free.
    let full = ear.hear("audit.nearly_full", None);
    assert!(full.body["count"].as_u64().unwrap() > 0, "{}", full.text);
    let (idle, busy) = (gate.read_grant(), gate.grant(&["--ttl", "30s"]));
    let mut session = gate.session(&busy);
    for _ in 0..3 {
        assert_eq!(session.query("DELETE FROM public.orders").code(), "25006");
    }
    ear.hear("grant.unused", Some(&idle.id));
    ear.hear("grant.long_lived", Some(&idle.id));
    ear.hear("grant.expiring", Some(&busy.id));
    let burst = ear.hear("refusals.burst", None);
    assert_eq!(burst.body["database"], gate.database.as_str());
    assert_eq!(burst.body["count"], 3);
    assert!(!burst.text.contains("DELETE"), "no statement leaves: {}", burst.text);
    let (_, text) = gate.http("/metrics").unwrap();
    assert!(text.contains("pgward_alerts_raised_total{event=\"grant.expiring\"} 1"), "{text}");
}

/// Dead (nobody answers), and failing (500): statements, logins and operators go on, and what it
/// costs is counted.
#[test]
fn a_receiver_that_does_not_work_delays_nobody() {
    for (status, cause) in [(0, "timeout"), (500, "status")] {
        let (port, told) = receiver(status);
        let webhook = "events = [\"grant.created\", \"grant.revoked\"]";
        let lines = "timeout = \"500ms\"\nretry_for = \"2s\"";
        let gate = Gate::with(pg::distribution(), &alerts(port, lines, webhook));
        let grant = gate.read_grant();
        let mut session = gate.session(&grant);
        for n in 0..3 {
            let other = gate.read_grant();
            gate.json(&["grant", "revoke", &other.id]);
            for _ in 0..50 {
                assert_eq!(session.query(&format!("SELECT {n}")).value(), n.to_string());
            }
        }
        told.recv_timeout(Duration::from_secs(100)).expect("it is tried");
        let failures = format!("pgward_alert_delivery_failures_total{{cause=\"{cause}\"}}");
        let has = |text: &str| gate.http("/metrics").is_some_and(|(_, body)| body.contains(text));
        eventually("failures are counted", Duration::from_secs(10), || has(&failures));
        eventually("all are given up", Duration::from_secs(20), || {
            has("pgward_alerts_total{event=\"grant.created\",result=\"given_up\"} 4")
                && has("pgward_alerts_total{event=\"grant.revoked\",result=\"given_up\"} 3")
        });
        assert_eq!(gate.metric("pgward_alerts_queue"), 0.0);
        assert_eq!(session.query("SELECT 1").value(), "1");
        assert!(gate.log().contains("given up"), "{}", gate.log());
    }
}

#[test]
fn a_reload_changes_who_is_told() {
    let (port, told) = receiver(200);
    let gate = Gate::new(pg::distribution());
    gate.read_grant();
    let path = gate.path("proxy.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let webhook = format!(
        "\n[[alerts.webhooks]]\nurl = \"http://127.0.0.1:{port}/\"\nevents = [\"grant.created\"]\n"
    );
    std::fs::write(&path, text + &webhook).unwrap();
    gate.signal("HUP");
    eventually("reloaded", Duration::from_secs(10), || !gate.events("config.reloaded").is_empty());
    let grant = gate.read_grant();
    Ear::new(told).hear("grant.created", Some(&grant.id));
}

#[test]
fn a_session_is_told_before_its_grant_ends() {
    let pg = pg::distribution();
    let listen = "expiry_notice = [\"10s\"]".to_owned();
    let gate = Gate::with(pg, &Options { listen, ..Options::default() });
    let grant = gate.grant(&["--ttl", "22s"]);
    let open = |application: &str| {
        let mut wire = Wire::open(gate.port);
        let database = gate.database.as_str();
        let parameters =
            [("user", "alice"), ("database", database), ("application_name", application)];
        wire.login(PROTOCOL_3_0, &parameters, &grant.token).unwrap();
        wire
    };
    let (mut idle, mut program) = (open("psql"), open("dashboard"));
    // Nothing is asked: it comes by itself.
    let told = idle.read().expect("a NOTICE");
    assert_eq!(told.tag, b'N');
    let text = format!("{:?}", told.fields());
    assert!(text.contains(&grant.id) && text.contains(" ends in "), "{text}");
    // And again with the next reply, once.
    let reply = idle.query("SELECT 1");
    assert_eq!((reply.value(), reply.notices.len()), ("1".to_owned(), 1), "{reply:?}");
    assert!(idle.query("SELECT 1").notices.is_empty());
    // As at login: programs are not told.
    assert!(program.query("SELECT 1").notices.is_empty());
    let end = idle.read().expect("the end");
    assert_eq!((end.tag, end.fields().code()), (b'E', "57P01"));
}

/// As a scrape sees it: every kind of alert from zero on, and what waits, lies about, and was taken.
#[test]
fn what_people_do_is_counted() {
    let admin = "operators = { dana = [\"approve\"] }".to_owned();
    let gate = Gate::with(pg::distribution(), &Options { admin, ..Options::default() });
    let value = |series: &str| {
        let (_, text) = gate.http("/metrics").expect("/metrics");
        let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("{series} in {text}")).parse::<f64>().unwrap()
    };
    let raised = |event: &str| value(&format!("pgward_alerts_raised_total{{event=\"{event}\"}}"));
    for event in pgward::config::AlertEvent::ALL {
        // The disk of whoever runs this may be nearly full.
        assert!(raised(event.word()) == 0.0 || event.word() == "audit.nearly_full", "{event:?}");
    }
    let requests = |state: &str| value(&format!("pgward_requests{{state=\"{state}\"}}"));
    let unused = || value(&format!("pgward_grants_unused{{database=\"{}\"}}", gate.database));
    assert_eq!((requests("pending"), requests("approved"), unused()), (0.0, 0.0, 0.0));
    assert_eq!(
        (value("pgward_break_glass_total"), value("pgward_grants_issued_total")),
        (0.0, 0.0)
    );
    let ask = |verb: &str| {
        let reason = "INC-4211 stuck orders";
        let ask = ["grant", verb, "--database", &gate.database, "--ttl", "5m", "--reason", reason];
        gate.json(&ask)["id"].as_str().unwrap().to_owned()
    };
    let (asked, _, taken) = (ask("request"), ask("request"), ask("break-glass"));
    assert_eq!((requests("pending"), unused()), (2.0, 1.0));
    assert_eq!(
        (value("pgward_break_glass_total"), value("pgward_grants_issued_total")),
        (1.0, 1.0)
    );
    gate.json(&["grant", "deny", &asked]);
    assert_eq!(requests("pending"), 1.0);
    let grant = gate.grant(&["--user", "bob"]);
    assert_eq!(unused(), 2.0);
    let _session = gate.session(&grant);
    assert_eq!(unused(), 1.0);
    // An extension waits for approvals too.
    let extended = gate.json(&["grant", "extend", &taken, "--ttl", "10m"]);
    assert!(extended["extension"].is_object(), "{extended}");
    assert_eq!(requests("pending"), 2.0);
    gate.json(&["grant", "revoke", "--all"]);
    assert_eq!((requests("pending"), unused()), (0.0, 0.0));
    assert_eq!(value("pgward_grants_revoked_total{cause=\"revoked\"}"), 3.0);
    for (event, count) in [
        ("grant.requested", 3.0),
        ("grant.denied", 1.0),
        ("grant.created", 1.0),
        ("grant.break_glass", 1.0),
        ("grant.revoked", 3.0),
    ] {
        assert_eq!(raised(event), count, "{event}");
    }
}
