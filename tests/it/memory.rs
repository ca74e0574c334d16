//! Memory: bounded whatever the client does, and little for who only waits.

use std::time::Duration;

use crate::support::fake::Fake;
use crate::support::gate::{Gate, Grant, Options};
use crate::support::message as m;
use crate::support::pg;
use crate::support::wire::Wire;

#[test]
fn a_client_that_does_not_read_costs_nothing() {
    let gate = Gate::new(pg::distribution());
    let mut session = gate.session(&gate.read_grant());
    // 2 GB, of which the socket buffers take what they take.
    session.send(&m::query("SELECT repeat('x', 100000) FROM generate_series(1, 20000)"));
    let mut highest = 0;
    for _ in 0..30 {
        std::thread::sleep(Duration::from_millis(100));
        highest = highest.max(gate.resident_bytes());
    }
    assert!(highest < 64 << 20, "{highest}");
}

#[test]
fn one_huge_row_streams_past() {
    let gate = Gate::new(pg::distribution());
    let mut session = gate.session(&gate.read_grant());
    session.send(&m::query("SELECT repeat('x', 200000000)"));
    std::thread::sleep(Duration::from_millis(2_000));
    assert!(gate.resident_bytes() < 64 << 20, "{}", gate.resident_bytes());
    let reply = session.reply();
    assert_eq!(reply.rows[0][0].as_ref().unwrap().len(), 200_000_000);
    assert!(gate.resident_bytes() < 64 << 20, "{}", gate.resident_bytes());
}

#[test]
fn a_client_that_only_sends_is_slowed_down() {
    let gate = Gate::new(pg::distribution());
    let mut session = gate.session(&gate.read_grant());
    session.socket.set_write_timeout(Some(Duration::from_millis(500))).unwrap();
    let query = m::query("SELECT repeat('y', 100000)");
    let mut sent = 0_u64;
    for _ in 0..200_000 {
        if session.try_send(&query).is_err() {
            break;
        }
        sent += query.len() as u64;
    }
    assert!(sent < 512 << 20, "{sent}");
    assert!(gate.resident_bytes() < 96 << 20, "{}", gate.resident_bytes());
}

#[test]
fn idle_sessions_are_cheap() {
    let gate = Gate::with(
        pg::distribution(),
        &Options { limits: "max_sessions_per_grant = 1000".into(), ..Options::default() },
    );
    let grant = gate.read_grant();
    slope(&gate, &grant, 200, 600);
}

/// The clients' sockets and the scripted upstream's are ours as well.
fn raise_file_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let maximum = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).unwrap();
}

#[test]
fn two_thousand_idle_sessions_are_cheap() {
    raise_file_limit();
    let pg = pg::distribution();
    let fake = Fake::before(pg);
    let options = Options {
        limits: "max_sessions_per_grant = 3000".into(),
        listen: "max_sessions = 3000".into(),
        port: Some(fake.port),
        ..Options::default()
    };
    let gate = Gate::with(pg, &options);
    let grant = gate.read_grant();
    slope(&gate, &grant, 500, 2_000);
}

/// What a session costs that has run a statement and waits, between two numbers of them.
fn slope(gate: &Gate, grant: &Grant, from: usize, to: usize) {
    let mut sessions: Vec<Wire> = Vec::new();
    let mut grow_to = |count: usize| {
        while sessions.len() < count {
            let mut session = gate.session(grant);
            session.query("SELECT count(*) FROM orders");
            sessions.push(session);
        }
        std::thread::sleep(Duration::from_millis(500));
        gate.resident_bytes()
    };
    let (first, last) = (grow_to(from), grow_to(to));
    let slope = last.saturating_sub(first) / (to - from) as u64;
    assert!(slope < 40 << 10, "{slope} bytes for an idle session");
}
