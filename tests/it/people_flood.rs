//! The admin socket is everybody's where operators are named: users who open connections by the
//! hundred, or use them slowly, keep nobody else out.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::gate::{Gate, Options};
use crate::support::{clients, eventually, pg};

const SOON: Duration = Duration::from_secs(60);

/// Nobody in particular, an operator who may ask, and one who may administer.
const STRANGER: u32 = 54_321;
const ASKS: u32 = 54_322;
const ADMINISTERS: u32 = 54_323;

fn gate() -> Option<Gate> {
    if !rustix::process::geteuid().is_root() {
        eprintln!("only root can be somebody else: not shown here");
        return None;
    }
    let admin =
        format!("operators = {{ {ASKS} = [\"request\"], {ADMINISTERS} = [\"administer\"] }}");
    let gate = Gate::with(pg::distribution(), &Options { admin, ..Options::default() });
    let open = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(gate.directory.path(), open).unwrap();
    std::fs::copy(env!("CARGO_BIN_EXE_pgward"), gate.path("pgward")).unwrap();
    Some(gate)
}

/// This thread is that user from here on, as the kernel sees it.
fn become_user(uid: u32) {
    rustix::thread::set_thread_uid(rustix::process::Uid::from_raw(uid)).unwrap();
}

fn run(gate: &Gate, uid: u32, arguments: &[&str]) -> clients::Output {
    let mut command = std::process::Command::new(gate.path("pgward"));
    command.args(arguments).arg("--config").arg(gate.path("proxy.toml")).args(["-o", "json"]);
    command.env_clear().current_dir(gate.directory.path()).uid(uid).gid(uid);
    clients::run(&mut command, "", SOON)
}

/// Opens connections, sends the start of a request on each, and keeps as many as it can; tells
/// how many it was told there are too many for.
fn flood(socket: &Path, uid: u32, over: &AtomicBool, turned_away: &AtomicUsize) {
    become_user(uid);
    let mut held = Vec::new();
    while !over.load(Ordering::Relaxed) {
        let Ok(mut stream) = UnixStream::connect(socket) else { continue };
        stream.set_nonblocking(true).unwrap();
        let _ = stream.write_all(b"POST /v1/grants HTTP/1.1\r\nhost: x\r\n");
        held.push(stream);
        if held.len() < 60 {
            continue;
        }
        held.retain_mut(|stream| {
            let mut answer = [0; 512];
            match stream.read(&mut answer) {
                Ok(0) => false,
                Ok(length) => {
                    let text = String::from_utf8_lossy(&answer[..length]).into_owned();
                    assert!(
                        text.starts_with("HTTP/1.1 503 ") && text.contains("too many"),
                        "{text}"
                    );
                    turned_away.fetch_add(1, Ordering::Relaxed);
                    false
                }
                Err(error) => error.kind() == std::io::ErrorKind::WouldBlock,
            }
        });
    }
}

#[test]
fn a_flood_of_others_keeps_nobody_out() {
    let Some(gate) = gate() else { return };
    let grants = [gate.read_grant(), gate.read_grant()];
    let mut sessions = grants.each_ref().map(|grant| gate.session(grant));
    let (over, socket) = (AtomicBool::new(false), gate.path("pgward.sock"));
    let turned_away = [STRANGER, STRANGER + 9, ASKS].map(|uid| (uid, AtomicUsize::new(0)));
    std::thread::scope(|scope| {
        for (uid, count) in &turned_away {
            let (over, socket) = (&over, &socket);
            scope.spawn(move || flood(socket, *uid, over, count));
        }
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for (uid, count) in &turned_away {
                eventually(&format!("{uid} has too many"), SOON, || {
                    count.load(Ordering::Relaxed) > 100
                });
            }
            // Who may administer, and the owner, in the midst of it.
            for (uid, grant) in [(ADMINISTERS, &grants[0]), (0, &grants[1])] {
                let revoked = run(&gate, uid, &["grant", "revoke", &grant.id]).expect("revoke");
                let revoked: Value = serde_json::from_str(&revoked).unwrap();
                assert_eq!(
                    (&revoked["state"], &revoked["sessions_ended"]),
                    (&json!("revoked"), &json!(1))
                );
            }
        }));
        over.store(true, Ordering::Relaxed);
        if let Err(panic) = result {
            std::panic::resume_unwind(panic);
        }
    });
    for session in &mut sessions {
        assert_eq!(session.reply().code(), "57P01");
    }
    // Each is in the log, and not with each connection.
    let told = gate.log().matches("too many connections to the admin socket").count();
    assert!((3..=12).contains(&told), "{told}: {}", gate.log());
}

#[test]
fn slow_requests_come_to_an_end() {
    let Some(gate) = gate() else { return };
    let socket = gate.path("pgward.sock");
    let half_a_body = "POST /v1/grants/request HTTP/1.1\r\nhost: x\r\ncontent-length: 500\r\n\r\n{";
    let long = format!(
        "POST /v1/grants/request HTTP/1.1\r\nhost: x\r\ncontent-length: 70000\r\n\r\n{}",
        "x".repeat(70_000)
    );
    let stranger = "POST /v1/grants HTTP/1.1\r\nhost: x\r\ncontent-length: 500\r\n\r\n{";
    let cases: [(u32, &str, &str); 6] = [
        (STRANGER, "", ""),
        (STRANGER, "GET /v1/gra", ""),
        // Told at once: nothing of what they send is read.
        (STRANGER, stranger, "HTTP/1.1 403 "),
        (ASKS, "GET /v1/gra", ""),
        (ASKS, half_a_body, "HTTP/1.1 408 "),
        (ASKS, &long, "HTTP/1.1 413 "),
    ];
    std::thread::scope(|scope| {
        for (uid, sent, expected) in cases {
            let socket = &socket;
            scope.spawn(move || {
                become_user(uid);
                let mut stream = UnixStream::connect(socket).unwrap();
                stream.set_read_timeout(Some(SOON)).unwrap();
                let _ = stream.write_all(sent.as_bytes());
                let mut answer = Vec::new();
                // The server ends it, by itself.
                match stream.read_to_end(&mut answer) {
                    Ok(_) => {}
                    Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset),
                }
                let answer = String::from_utf8_lossy(&answer).into_owned();
                let begins = sent.lines().next().unwrap_or_default();
                assert!(answer.starts_with(expected), "{uid} {begins:?}: {answer:?}");
            });
        }
    });
    // A statement to be checked may be longer than anything else.
    let sql = format!("SELECT '{}'", "x".repeat(100_000));
    let mut command = crate::support::gate::program(
        &["check", "-", "--database", &gate.database],
        &gate.path("proxy.toml"),
    );
    let checked = clients::run(&mut command, &sql, SOON);
    assert!(checked.success, "{checked:?}");
}

#[test]
fn no_operator_has_all_connections_to_the_address() {
    let port = pgward::cli::demo::postgres::free_port().unwrap();
    let admin = format!("address = \"127.0.0.1:{port}\"");
    let gate = Gate::with(pg::distribution(), &Options { admin, ..Options::default() });
    let hire = |name: &str, may: &str| -> String {
        let made = gate.json(&["operator", "create", name, "--may", may]);
        made["token"].as_str().unwrap().to_owned()
    };
    let (alice, dana) = (hire("alice", "request"), hire("dana", "administer"));
    let ask = |request: &str, token: &str| -> Option<(TcpStream, String)> {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(SOON)).unwrap();
        let head = format!("{request} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n");
        stream.write_all(format!("{head}content-length: 2\r\n\r\n{{}}").as_bytes()).unwrap();
        let mut answer = [0; 1_024];
        let length = stream.read(&mut answer).ok().filter(|length| *length > 0)?;
        Some((stream, String::from_utf8_lossy(&answer[..length]).into_owned()))
    };
    // Kept open: far more than there are places for everybody.
    let mut held = Vec::new();
    let mut told = 0;
    for _ in 0..300 {
        let (stream, answer) = ask("GET /v1/grants", &alice).unwrap();
        if answer.starts_with("HTTP/1.1 200 ") {
            held.push(stream);
        } else {
            assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
            assert!(answer.contains("op:alice has 32 connections already"), "{answer}");
            told += 1;
        }
    }
    assert_eq!((held.len(), told), (32, 268));
    // Who shows no token has no more of them, however many they open.
    let strangers: Vec<TcpStream> =
        (0..300).map(|_| TcpStream::connect(("127.0.0.1", port)).unwrap()).collect();
    drop(strangers);
    eventually("dana is let in", SOON, || {
        ask("GET /v1/sessions", &dana).is_some_and(|(_, answer)| answer.contains("200 OK"))
    });
    // Each that ends makes room.
    held.pop();
    eventually("there is room again", SOON, || {
        ask("GET /v1/grants", &alice).is_some_and(|(_, answer)| answer.contains("200 OK"))
    });
}

#[test]
fn nobody_fills_the_record_by_reading_it() {
    let port = pgward::cli::demo::postgres::free_port().unwrap();
    let admin = format!("address = \"127.0.0.1:{port}\"");
    let gate = Gate::with(pg::distribution(), &Options { admin, ..Options::default() });
    let made = gate.json(&["operator", "create", "erin", "--may", "audit"]);
    let token = made["token"].as_str().unwrap();
    // Ten times as often as anybody reads; where this takes long, there is more room.
    let tails = (0..1_200).map(|_| {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(SOON)).unwrap();
        let head = format!("host: x\r\nauthorization: Bearer {token}\r\nconnection: close");
        let request =
            format!("POST /v1/audit/tail HTTP/1.1\r\n{head}\r\ncontent-length: 2\r\n\r\n{{}}");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    });
    let refused = tails.into_iter().find(|answer| !answer.starts_with("HTTP/1.1 200 ")).unwrap();
    assert!(refused.starts_with("HTTP/1.1 429 "), "{refused}");
    assert!(refused.contains("op:erin asks too often"), "{refused}");
}
