//! TLS towards clients and towards the upstream.

use std::net::TcpStream;
use std::sync::Arc;

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use sha2::{Digest, Sha256};

use crate::support::clients::{Address, psql};
use crate::support::gate::{Gate, Options};
use crate::support::message as m;
use crate::support::pg::{self, Pg};
use crate::support::pki::{Authority, servers};
use crate::support::scram::Binding;
use crate::support::wire::{PROTOCOL_3_0, Wire};

/// A pgward with TLS, the authority that signed its certificate, and that in DER.
fn tls_gate(pg: &Pg, more: Options) -> (Gate, Authority, tempfile::TempDir) {
    let authority = Authority::new("pgward clients");
    let pem = authority.sign(&["localhost", "127.0.0.1"]);
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.display().to_string()
    };
    let (certificate, key) = (file("server.pem", &pem.certificate), file("server.key", &pem.key));
    file("ca.pem", &authority.pem());
    let listen =
        format!("tls.certificate = \"{certificate}\"\ntls.key = \"{key}\"\n{}", more.listen);
    let gate = Gate::with(pg, &Options { listen, ..more });
    (gate, authority, directory)
}

fn tls(
    port: u16,
    authority: &Authority,
    alpn: Option<&[u8]>,
    request: bool,
) -> Result<Wire, String> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(authority.der())).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn.into_iter().map(<[u8]>::to_vec).collect();
    let name = ServerName::try_from("localhost").unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut plain = Wire::open(port);
    if request {
        plain.send(&m::ssl_request());
        assert_eq!(plain.read_byte(), Some(b'S'));
    }
    let socket: TcpStream = plain.socket.try_clone().unwrap();
    let mut stream = StreamOwned::new(connection, plain.socket);
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock).map_err(|e| e.to_string())?;
    }
    Ok(Wire::over(Box::new(stream), socket))
}

#[test]
fn ssl_request_and_direct_tls() {
    let pg = pg::distribution();
    let (gate, authority, _files) = tls_gate(pg, Options::default());
    let grant = gate.read_grant();
    let parameters = [("user", "alice"), ("database", gate.database.as_str())];
    for (alpn, request) in
        [(None, true), (Some(&b"postgresql"[..]), true), (Some(&b"postgresql"[..]), false)]
    {
        let mut wire = tls(gate.port, &authority, alpn, request).unwrap();
        wire.login_bound(PROTOCOL_3_0, &parameters, &grant.token, &Binding::None).unwrap();
        assert_eq!(wire.query("SELECT 1").value(), "1");
        let big = wire.query("SELECT repeat('x', 3000000)").value();
        assert_eq!(big.len(), 3_000_000);
    }
    // Direct TLS without the protocol's name could be another protocol's traffic.
    for alpn in [None, Some(&b"http/1.1"[..])] {
        let came = tls(gate.port, &authority, alpn, false).and_then(|mut wire| {
            wire.try_send(&m::startup(PROTOCOL_3_0, &parameters)).map_err(|e| e.to_string())?;
            match std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| wire.read())) {
                Ok(Some(message)) if message.tag == b'R' => Ok(()),
                _ => Err("closed".to_owned()),
            }
        });
        assert!(came.is_err(), "{alpn:?}");
    }
}

#[test]
fn channel_binding_is_checked() {
    let pg = pg::distribution();
    let (gate, authority, files) = tls_gate(pg, Options::default());
    let grant = gate.read_grant();
    let parameters = [("user", "alice"), ("database", gate.database.as_str())];
    let pem = std::fs::read(files.path().join("server.pem")).unwrap();
    let der =
        <CertificateDer<'_> as rustls::pki_types::pem::PemObject>::from_pem_slice(&pem).unwrap();
    let right = Binding::EndPoint(Sha256::digest(&der).to_vec());
    let wrong = Binding::EndPoint(Sha256::digest(b"another certificate").to_vec());
    let login = |binding: &Binding| {
        let mut wire = tls(gate.port, &authority, None, true).unwrap();
        wire.login_bound(PROTOCOL_3_0, &parameters, &grant.token, binding)
    };
    login(&right).unwrap();
    login(&Binding::None).unwrap();
    assert_eq!(login(&wrong).unwrap_err().severity(), "FATAL");
    // "I could, and you can't": somebody removed -PLUS on the way.
    assert_eq!(login(&Binding::Unsupported).unwrap_err().severity(), "FATAL");
    let methods: Vec<_> =
        gate.events("session.start").iter().map(|r| r["auth_method"].to_string()).collect();
    assert!(methods[0].to_lowercase().contains("plus"), "{methods:?}");
}

#[test]
fn psql_verifies_us_and_binds_the_channel() {
    let pg = pg::distribution();
    let (gate, _, files) = tls_gate(pg, Options::default());
    let address = Address::gate(&gate, &gate.read_grant());
    let ask = |more: &str| {
        let conninfo = format!("host=localhost hostaddr=127.0.0.1 {more}");
        psql(
            &address,
            &["-d", &format!("{conninfo} dbname={}", gate.database), "-Atc", "SELECT 'in'"],
            "",
        )
    };
    let ca = files.path().join("ca.pem");
    let verify = format!("sslmode=verify-full sslrootcert={}", ca.display());
    assert_eq!(ask(&verify).expect("verify-full").trim(), "in");
    assert_eq!(ask(&format!("{verify} channel_binding=require")).expect("binding").trim(), "in");
    assert_eq!(ask("sslmode=require").expect("require").trim(), "in");
    let other = Authority::new("somebody else");
    let path = files.path().join("other.pem");
    std::fs::write(&path, other.pem()).unwrap();
    let wrong = ask(&format!("sslmode=verify-full sslrootcert={}", path.display()));
    assert!(!wrong.success, "{wrong:?}");
}

#[test]
fn bytes_before_the_handshake_end_the_connection() {
    let pg = pg::distribution();
    let (gate, ..) = tls_gate(pg, Options::default());
    let parameters = [("user", "injected"), ("database", gate.database.as_str())];
    let mut wire = Wire::open(gate.port);
    wire.send(&[m::ssl_request(), m::startup(PROTOCOL_3_0, &parameters)].concat());
    let answer = wire.read_byte();
    assert!(matches!(answer, None | Some(b'S' | b'E')), "{answer:?}");
    let rest = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| wire.read()));
    if let Ok(Some(message)) = rest {
        assert_eq!(message.tag, b'E', "{message:?}");
    }
    // A second SSLRequest, inside TLS.
    let (gate, authority, _files) = tls_gate(pg, Options::default());
    let mut wire = tls(gate.port, &authority, None, true).unwrap();
    wire.send(&m::ssl_request());
    let answer = wire.read_byte();
    assert!(answer != Some(b'S'), "{answer:?}");
}

#[test]
fn without_tls_the_answer_to_both_requests_is_no() {
    let gate = Gate::new(pg::distribution());
    let grant = gate.read_grant();
    let mut wire = Wire::open(gate.port);
    wire.send(&m::gss_request());
    assert_eq!(wire.read_byte(), Some(b'N'));
    wire.send(&m::ssl_request());
    assert_eq!(wire.read_byte(), Some(b'N'));
    let parameters = [("user", "alice"), ("database", gate.database.as_str())];
    wire.login(PROTOCOL_3_0, &parameters, &grant.token).unwrap();
    assert_eq!(wire.query("SELECT 1").value(), "1");
}

#[test]
fn the_upstream_is_verified() {
    let pg = pg::distribution();
    let directory = tempfile::tempdir().unwrap();
    let ca = directory.path().join("ca.pem");
    std::fs::write(&ca, servers().pem()).unwrap();
    let root = |path: &std::path::Path| format!("sslrootcert = \"{}\"", path.display());
    let options = |host: &str, sslmode: &str, database: String| Options {
        host: host.into(),
        sslmode: sslmode.into(),
        database,
        ..Options::default()
    };
    for (host, sslmode, database) in [
        ("localhost", "verify-full", root(&ca)),
        ("127.0.0.1", "verify-full", root(&ca)),
        ("127.0.0.1", "verify-ca", root(&ca)),
        ("127.0.0.1", "require", String::new()),
        ("127.0.0.1", "prefer", String::new()),
    ] {
        let gate = Gate::with(pg, &options(host, sslmode, database));
        let mut session = gate.session(&gate.read_grant());
        let tls = session.query("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").value();
        assert_eq!(tls, "t", "{host} {sslmode}");
    }
    let other = directory.path().join("other.pem");
    std::fs::write(&other, Authority::new("somebody else").pem()).unwrap();
    Gate::fails_to_serve(pg, &options("localhost", "verify-full", root(&other)), "certificate");
}

#[test]
fn certificates_are_reloaded() {
    let pg = pg::distribution();
    let (gate, authority, files) = tls_gate(pg, Options::default());
    let grant = gate.read_grant();
    let parameters = [("user", "alice"), ("database", gate.database.as_str())];
    let mut old = tls(gate.port, &authority, None, true).unwrap();
    old.login(PROTOCOL_3_0, &parameters, &grant.token).unwrap();
    let next = Authority::new("the next authority");
    let pem = next.sign(&["localhost"]);
    std::fs::write(files.path().join("server.pem"), &pem.certificate).unwrap();
    std::fs::write(files.path().join("server.key"), &pem.key).unwrap();
    gate.signal("HUP");
    crate::support::eventually("the new certificate", std::time::Duration::from_secs(5), || {
        tls(gate.port, &next, None, true).is_ok()
    });
    assert_eq!(old.query("SELECT 'still here'").value(), "still here");
}
