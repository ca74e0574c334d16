//! Frames that lie about themselves, and frames that are too long: an error, never a hang, a
//! crash, or an allocation of what they claim.

use crate::support::gate::{Gate, Options};
use crate::support::message as m;
use crate::support::pg;
use crate::support::wire::{PROTOCOL_3_0, Wire};

/// Sends bytes after login; the session must end with 08P01 or simply end, and the server live.
fn ends_the_session(gate: &Gate, what: &str, bytes: &[u8]) {
    let mut session = gate.session(&gate.read_grant());
    let _ = session.try_send(bytes);
    // Whatever stands behind the bad frame is not read as a message.
    let _ = session.try_send(&m::query("SELECT 'smuggled'"));
    let reply = session.reply();
    assert!(reply.rows.is_empty(), "{what}: {reply:?}");
    assert_eq!(reply.status, 0, "{what}: the session goes on: {reply:?}");
    for error in &reply.errors {
        assert_eq!((error.code(), error.severity()), ("08P01", "FATAL"), "{what}: {error:?}");
    }
    assert!(!reply.errors.is_empty(), "{what}: closed without a word");
}

#[test]
fn malformed_frames_end_the_session_and_nothing_else() {
    let gate = Gate::new(pg::distribution());
    let mut bystander = gate.session(&gate.read_grant());
    let with_length = |tag: u8, length: u32| [&[tag][..], &length.to_be_bytes()].concat();
    let cases: &[(&str, Vec<u8>)] = &[
        ("length 3", with_length(b'Q', 3)),
        ("length 0", with_length(b'Q', 0)),
        ("negative length", with_length(b'Q', 0xffff_ffff)),
        ("2 GB", with_length(b'P', 0x7fff_ffff)),
        ("a Sync of 1 MB", with_length(b'S', 1 << 20)),
        ("text without NUL", m::raw(b'Q', b"SELECT 1 --")),
        ("text behind the NUL", m::raw(b'Q', b"SELECT 1\0; DELETE FROM orders\0")),
        ("empty Query", m::raw(b'Q', b"")),
        ("Parse that ends early", m::raw(b'P', b"name\0SELECT 1\0\0")),
        ("Parse with too many types", m::raw(b'P', b"\0SELECT 1\0\xff\xff")),
        ("Bind of negative count", m::raw(b'B', b"\0\0\xff\xff")),
        ("Bind value of length -2", m::raw(b'B', b"\0\0\0\0\0\x01\xff\xff\xff\xfe\0\0")),
        ("Bind value longer than the frame", m::raw(b'B', b"\0\0\0\0\0\x01\0\0\0\x09x\0\0")),
        ("Bind with a tail", m::raw(b'B', b"\0\0\0\0\0\0\0\0tail")),
        ("Describe of nothing", m::raw(b'D', b"")),
        ("Describe of an unknown kind", m::raw(b'D', b"Xname\0")),
        ("Close without NUL", m::raw(b'C', b"Sname")),
        ("Execute without a count", m::raw(b'E', b"\0\0")),
        ("Sync with a body", m::raw(b'S', b"x")),
        ("an unknown tag", m::raw(b'?', b"")),
        ("a backend's tag", m::raw(b'Z', b"I")),
        ("a password now", m::password(b"x\0")),
    ];
    for (what, bytes) in cases {
        ends_the_session(&gate, what, bytes);
    }
    // A length that PostgreSQL would take: refused for what it claims, and none of it is read as
    // anything else.
    let mut session = gate.session(&gate.read_grant());
    session.send(&[&b"Q"[..], &0x3fff_fff0_u32.to_be_bytes(), &m::query("SELECT 1")].concat());
    assert_eq!(session.reply().code(), "54000");
    drop(session);
    assert_eq!(bystander.query("SELECT 1").value(), "1");
    assert!(gate.resident_bytes() < 128 << 20, "{}", gate.resident_bytes());
}

#[test]
fn a_function_call_is_refused() {
    let pg = pg::distribution();
    let gate = Gate::new(pg);
    let mut session = gate.session(&gate.read_grant());
    // lo_create(0), oid 715
    let body = [&715_u32.to_be_bytes()[..], &[0, 0, 0, 1, 0, 0, 0, 1], b"0", &[0, 0]].concat();
    session.send(&m::raw(b'F', &body));
    let reply = session.reply();
    assert_eq!(reply.code(), "0A000", "{reply:?}");
    let count = "SELECT count(*) FROM pg_largeobject_metadata";
    assert_eq!(pg.admin(&gate.database).query(count).value(), "0");
}

#[test]
fn a_long_statement_is_refused_and_the_session_goes_on() {
    let gate = Gate::with(
        pg::distribution(),
        &Options { limits: "statement_bytes = \"64KiB\"".into(), ..Options::default() },
    );
    let mut session = gate.session(&gate.read_grant());
    let long = format!("SELECT '{}'", "x".repeat(80 << 10));
    let reply = session.query(&long);
    assert_eq!((reply.code(), reply.sequence.as_str()), ("54000", "EZ"), "{reply:?}");
    assert!(reply.errors[0].hint().contains("statement_bytes"), "{reply:?}");
    assert_eq!(session.query("SELECT 1").value(), "1");
    let reply = session.extended(&long, &[]);
    assert_eq!((reply.code(), reply.sequence.as_str()), ("54000", "EZ"), "{reply:?}");
    assert_eq!(session.query("SELECT 1").value(), "1");
    let fits = format!("SELECT length('{}')", "x".repeat(60 << 10));
    assert_eq!(session.query(&fits).value(), (60 << 10).to_string());
}

#[test]
fn a_bind_may_be_larger_than_a_statement() {
    let gate = Gate::new(pg::distribution());
    let mut session = gate.session(&gate.read_grant());
    let value = "v".repeat(8 << 20);
    let reply = session.extended("SELECT length($1)", &[Some(&value)]);
    assert_eq!(reply.value(), (8 << 20).to_string());
    // What cannot be held cannot be on record.
    let reply = session.extended("SELECT length($1)", &[Some(&"v".repeat(20 << 20))]);
    assert_eq!((reply.code(), reply.status), ("54000", b'I'), "{reply:?}");
    assert_eq!(session.query("SELECT 1").value(), "1");
}

#[test]
fn hostile_texts_get_a_verdict_in_time() {
    let gate = Gate::new(pg::distribution());
    let mut session = gate.session(&gate.read_grant());
    let texts = [
        "/*".repeat(50_000),
        format!("SELECT {}1{}", "(".repeat(10_000), ")".repeat(10_000)),
        format!("SELECT {}1", "1+".repeat(100_000)),
        format!("SELECT {}1", "-".repeat(5_000)),
        format!("SELECT 1 WHERE 1 IN ({}1)", "1,".repeat(50_000)),
        "SELECT 1;".repeat(20_000),
        format!("SELECT {}", "CASE WHEN 1=1 THEN ".repeat(2_000)),
        "'".repeat(99_999),
        "$".repeat(99_999),
    ];
    for text in texts {
        let start = std::time::Instant::now();
        let reply = session.query(&text);
        assert_eq!(reply.status, b'I', "{:.40}: {:?}", text, reply.errors);
        assert!(start.elapsed().as_secs() < 10, "{text:.40} took {:?}", start.elapsed());
        assert_eq!(session.query("SELECT 1").value(), "1");
    }
}

#[test]
fn startup_packets_that_lie_are_refused() {
    let gate = Gate::new(pg::distribution());
    let cases: &[(&str, Vec<u8>)] = &[
        ("length 4", 4_u32.to_be_bytes().to_vec()),
        ("length 0", vec![0; 8]),
        ("20 kB", [&20_000_u32.to_be_bytes()[..], &196_608_u32.to_be_bytes()].concat()),
        ("2 GB", [&0x7fff_ffff_u32.to_be_bytes()[..], &196_608_u32.to_be_bytes()].concat()),
        ("version 2", m::startup(131_072, &[("user", "alice")])),
        ("version 4", m::startup(262_144, &[("user", "alice")])),
        ("no user", m::startup(PROTOCOL_3_0, &[("database", "x")])),
        (
            "key without value",
            [&15_u32.to_be_bytes()[..], &196_608_u32.to_be_bytes(), b"user\0a\0"].concat(),
        ),
        (
            "a cancel request that is too short",
            [&12_u32.to_be_bytes()[..], &80_877_102_u32.to_be_bytes(), &[0; 4]].concat(),
        ),
        ("HTTP", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec()),
    ];
    for (what, bytes) in cases {
        let mut wire = Wire::open(gate.port);
        wire.send(bytes);
        if let Some(message) = wire.read() {
            assert_eq!(message.tag, b'E', "{what}");
            assert_eq!(message.fields().severity(), "FATAL", "{what}");
        }
        assert!(wire.read().is_none(), "{what}");
    }
    assert_eq!(gate.session(&gate.read_grant()).query("SELECT 1").value(), "1");
}

#[test]
fn startup_parameters_cannot_loosen_the_session() {
    let pg = pg::distribution();
    let gate = Gate::with(pg, &Options::writing_reader());
    let grant = gate.read_grant();
    let cases: &[&[(&str, &str)]] = &[
        &[("default_transaction_read_only", "off")],
        &[("default-transaction-read-only", "off")],
        &[("options", "-c default_transaction_read_only=off")],
        &[("options", "--default-transaction-read-only=off")],
        &[("options", "-cdefault_transaction_read_only=off -c statement_timeout=0")],
        &[("statement_timeout", "0")],
        &[("role", "boss")],
        &[("session_authorization", "boss")],
        &[("replication", "database")],
        &[("replication", "true")],
        &[("user", "boss")],
        &[("standard_conforming_strings", "off")],
        &[("search_path", "sales; DROP TABLE victim")],
    ];
    for more in cases {
        let mut wire = Wire::open(gate.port);
        let mut parameters = vec![("user", "alice"), ("database", gate.database.as_str())];
        parameters.extend(*more);
        if wire.login(PROTOCOL_3_0, &parameters, &grant.token).is_err() {
            continue;
        }
        let show = |wire: &mut Wire, name: &str| wire.query(&format!("SHOW {name}")).value();
        assert_eq!(show(&mut wire, "default_transaction_read_only"), "on", "{more:?}");
        assert_eq!(show(&mut wire, "statement_timeout"), "5min", "{more:?}");
        assert_eq!(show(&mut wire, "standard_conforming_strings"), "on", "{more:?}");
        assert_eq!(wire.query("SELECT current_user").value(), "writer", "{more:?}");
        wire.query("INSERT INTO public.victim VALUES (1)");
    }
    assert_eq!(pg.victims(&gate.database), "0");
}

#[test]
fn harmless_startup_parameters_arrive() {
    let gate = Gate::new(pg::distribution());
    let grant = gate.read_grant();
    let mut wire = Wire::open(gate.port);
    let parameters = [
        ("user", "alice"),
        ("database", gate.database.as_str()),
        ("application_name", "dashboard"),
        ("client_encoding", "UTF8"),
        ("DateStyle", "German"),
        ("TimeZone", "Asia/Tokyo"),
        ("extra_float_digits", "3"),
    ];
    wire.login(PROTOCOL_3_0, &parameters, &grant.token).unwrap();
    assert!(wire.query("SHOW DateStyle").value().starts_with("German"));
    assert_eq!(wire.query("SHOW TimeZone").value(), "Asia/Tokyo");
    assert!(wire.query("SHOW application_name").value().ends_with("/dashboard"));
}

#[test]
fn too_many_sessions_are_turned_away_with_their_code() {
    let options = Options { limits: "max_sessions_per_grant = 3".into(), ..Options::default() };
    let gate = Gate::with(pg::distribution(), &options);
    let grant = gate.read_grant();
    let sessions: Vec<Wire> = (0..3).map(|_| gate.session(&grant)).collect();
    let error = gate.login_error(&grant.user, &gate.database, &grant.token);
    assert_eq!((error.code(), error.severity()), ("53300", "FATAL"), "{error:?}");
    drop(sessions);
    crate::support::eventually("a place is free", std::time::Duration::from_secs(5), || {
        Wire::try_connect(gate.port, "alice", &gate.database, &grant.token).is_ok()
    });
}
