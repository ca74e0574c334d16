//! Upstreams that do as they should, and hostile ones.

use std::time::Duration;

use secrecy::SecretString;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::support::{certificate, contains};
use crate::auth::binding::tls_server_end_point;
use crate::auth::scram::{Mechanism, StoredKeys};
use crate::auth::scram_server::{ChannelBinding, Exchange};
use crate::config::{Database, Role, SslMode};
use crate::net::dial::{DialError, SaltedPasswords, Target, Upstream, dial};
use crate::net::framed::Framed;
use crate::net::stream::Stream;
use crate::net::tls;
use crate::wire::{Cursor, write};

type Dialed = Result<Upstream, DialError>;

const PASSWORD: &str = "correct horse";

fn database(port: u16, sslmode: SslMode) -> Database {
    let role = Role {
        user: "reader".to_owned(),
        password: Some(SecretString::from(PASSWORD)),
        password_file: None,
    };
    Database {
        name: "app".to_owned(),
        host: "localhost".to_owned(),
        port,
        dbname: "app".to_owned(),
        sslmode,
        sslrootcert: None,
        reader: role.clone(),
        writer: None,
        control: role,
        allow_superuser: false,
    }
}

/// Dials an upstream that does what `script` does with the connection.
async fn dial_script<F, S>(sslmode: SslMode, roots: Option<&std::path::Path>, script: S) -> Dialed
where
    F: Future<Output = ()> + Send,
    S: FnOnce(TcpStream) -> F,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut database = database(listener.local_addr().unwrap().port(), sslmode);
    database.host = "127.0.0.1".to_owned();
    database.sslrootcert = roots.map(Into::into);
    let target = Target { tls: tls::client(&database).unwrap(), database };
    let salted = SaltedPasswords::default();
    let dialing = dial(&target, &target.database.reader, &[], &salted);
    let serving = async { script(listener.accept().await.unwrap().0).await };
    let both = async { tokio::join!(dialing, serving).0 };
    tokio::time::timeout(Duration::from_secs(60), both).await.expect("nothing hangs")
}

async fn read_startup<S: tokio::io::AsyncRead + Unpin>(stream: &mut S) -> Vec<u8> {
    let length = stream.read_u32().await.unwrap();
    let mut packet = vec![0; length as usize - 4];
    stream.read_exact(&mut packet).await.unwrap();
    packet
}

fn ready(out: &mut Vec<u8>) {
    write::authentication_ok(out);
    write::parameter_status(out, "server_version", "15.4");
    write::backend_key_data(out, 42, b"abcd");
    write::ready_for_query(out, b'I');
}

/// Answers the StartupMessage with `bytes` and closes after what the client says to it.
async fn dial_bytes(bytes: Vec<u8>) -> Dialed {
    dial_script(SslMode::Disable, None, |mut tcp| async move {
        read_startup(&mut tcp).await;
        let _ = tcp.write_all(&bytes).await;
        let _ = tokio::time::timeout(Duration::from_millis(200), tcp.read(&mut [0; 512])).await;
    })
    .await
}

/// SCRAM as a server whose role has `password`.
async fn serve_scram(framed: &mut Framed, offered: &[&str], binding: ChannelBinding) {
    let (salt, iterations) = ([3; 16], 4096);
    let mut out = Vec::new();
    write::authentication_sasl(&mut out, offered);
    framed.send(&out).await.unwrap();
    let (_, body) = framed.frame(10_000).await.unwrap();
    let mut cursor = Cursor::new(body);
    let name = std::str::from_utf8(cursor.string().unwrap()).unwrap().to_owned();
    cursor.int32().unwrap();
    assert_eq!(name, offered[0], "the best of what is offered");
    let mechanism = Mechanism::from_name(&name).unwrap();
    let (exchange, server_first) =
        Exchange::start(mechanism, cursor.rest(), salt, iterations, "server", binding).unwrap();
    out.clear();
    write::authentication_sasl_continue(&mut out, &server_first);
    framed.send(&out).await.unwrap();
    let (_, client_final) = framed.frame(10_000).await.unwrap();
    let keys = StoredKeys::derive(PASSWORD, &salt, iterations);
    let (_, server_final) = exchange.finish(client_final, &[keys]).unwrap();
    out.clear();
    write::authentication_sasl_final(&mut out, &server_final);
    ready(&mut out);
    framed.send(&out).await.unwrap();
}

#[tokio::test]
async fn trust_scram_md5_and_cleartext() {
    let mut out = Vec::new();
    ready(&mut out);
    out.extend_from_slice(b"more");
    let upstream = dial_bytes(out).await.unwrap();
    assert_eq!(
        (upstream.pid, &upstream.key[..], &upstream.rest[..]),
        (42, &b"abcd"[..], &b"more"[..])
    );
    let mut reported = Vec::new();
    write::parameter_status(&mut reported, "server_version", "15.4");
    assert_eq!(upstream.parameters, reported);

    let scram = dial_script(SslMode::Disable, None, |mut tcp| async move {
        read_startup(&mut tcp).await;
        let mut framed = Framed::new(Stream::Plain(tcp.into()));
        serve_scram(&mut framed, &["SCRAM-SHA-256"], ChannelBinding::None).await;
    });
    assert!(scram.await.is_ok());

    // AuthenticationMD5Password; AuthenticationCleartextPassword, which loopback may have.
    for (demand, answer) in [
        (
            &b"R\0\0\0\x0c\0\0\0\x05salt"[..],
            crate::auth::md5_password("reader", PASSWORD, *b"salt"),
        ),
        (&b"R\0\0\0\x08\0\0\0\x03"[..], PASSWORD.to_owned()),
    ] {
        let dialed = dial_script(SslMode::Disable, None, |mut tcp| async move {
            read_startup(&mut tcp).await;
            tcp.write_all(demand).await.unwrap();
            let mut framed = Framed::new(Stream::Plain(tcp.into()));
            let (kind, body) = framed.frame(1_000).await.unwrap();
            assert_eq!((kind, &body[..body.len() - 1]), (b'p', answer.as_bytes()));
            let mut out = Vec::new();
            ready(&mut out);
            framed.send(&out).await.unwrap();
        });
        assert!(dialed.await.is_ok());
    }
}

#[tokio::test]
async fn hostile_upstreams_get_an_error() {
    let long_nonce = format!("r={},s=AAAA,i=4096", "n".repeat(3_900));
    let mut endless = b"R\0\0\0\x17\0\0\0\x0aSCRAM-SHA-256\0\0".to_vec();
    write::authentication_sasl_continue(&mut endless, long_nonce.as_bytes());
    let mut unproved = b"R\0\0\0\x17\0\0\0\x0aSCRAM-SHA-256\0\0".to_vec();
    write::authentication_ok(&mut unproved);
    let mut flood = Vec::new();
    write::authentication_ok(&mut flood);
    for _ in 0..2_000 {
        write::parameter_status(&mut flood, "a", "b");
    }
    let mut keyless = Vec::new();
    write::authentication_ok(&mut keyless);
    write::ready_for_query(&mut keyless, b'I');
    let cases: [(&str, Vec<u8>); 12] = [
        ("endless nonce", endless),
        ("OK in place of the server's proof", unproved),
        ("ParameterStatus flood", flood),
        ("no key", keyless),
        ("error without SQLSTATE", b"E\0\0\0\x0aMno!\0\0".to_vec()),
        ("empty error", b"E\0\0\0\x04".to_vec()),
        ("negative length", b"R\xff\xff\xff\xff".to_vec()),
        ("huge length", b"R\x7f\xff\xff\xff".to_vec()),
        ("short authentication", b"R\0\0\0\x05\0".to_vec()),
        ("unknown method", b"R\0\0\0\x08\0\0\0\x07".to_vec()),
        ("rows before login", b"D\0\0\0\x06\0\0".to_vec()),
        ("closed", Vec::new()),
    ];
    for (name, bytes) in cases {
        assert!(dial_bytes(bytes).await.is_err(), "{name}");
    }
    let refused = dial_bytes(b"E\0\0\0\x21SFATAL\0VFATAL\0C57P03\0Mnot yet\0\0".to_vec()).await;
    let Err(DialError::Refused { sqlstate, message, .. }) = refused else { panic!("{refused:?}") };
    assert_eq!((sqlstate.as_str(), message.as_str()), ("57P03", "not yet"));
}

#[tokio::test]
async fn a_refusal_of_tls_or_bytes_behind_it_are_not_accepted() {
    for (answer, sslmode, fine) in [
        (&b"N"[..], SslMode::Prefer, true),
        (b"N", SslMode::Require, false),
        (b"N", SslMode::VerifyFull, false),
        (b"Sx", SslMode::Require, false),
        (b"E", SslMode::Prefer, false),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let files = certificate(folder.path());
        let dialed = dial_script(sslmode, Some(&files.certificate), |mut tcp| async move {
            tcp.read_exact(&mut [0; 8]).await.unwrap();
            tcp.write_all(answer).await.unwrap();
            if fine {
                read_startup(&mut tcp).await;
                let mut out = Vec::new();
                ready(&mut out);
                tcp.write_all(&out).await.unwrap();
            }
        });
        assert_eq!(dialed.await.is_ok(), fine, "{answer:?} {sslmode:?}");
    }
}

#[tokio::test]
async fn tls_verifies_and_binds_the_channel() {
    let folder = tempfile::tempdir().unwrap();
    let files = certificate(folder.path());
    let other = tempfile::tempdir().unwrap();
    let other = certificate(other.path());
    let server = tls::server(&files).unwrap();
    let stranger = std::fs::read(&other.certificate);
    assert!(stranger.is_ok());
    for (sslmode, roots, fine) in [
        (SslMode::VerifyFull, Some(&files.certificate), true),
        (SslMode::VerifyCa, Some(&files.certificate), true),
        (SslMode::Require, None, true),
        (SslMode::VerifyFull, Some(&other.certificate), false),
        (SslMode::VerifyCa, Some(&other.certificate), false),
        (SslMode::VerifyFull, None, false),
    ] {
        let acceptor = tokio_rustls::TlsAcceptor::from(server.config.clone());
        let binding = server.binding.clone().unwrap().to_vec();
        let dialed = dial_script(sslmode, roots.map(|path| &**path), |mut tcp| async move {
            tcp.read_exact(&mut [0; 8]).await.unwrap();
            tcp.write_all(b"S").await.unwrap();
            let Ok(mut tls) = acceptor.accept(tcp.into()).await else { return };
            read_startup(&mut tls).await;
            let mut framed = Framed::new(Stream::TlsServer(Box::new(tls)));
            let offered = ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"];
            serve_scram(&mut framed, &offered, ChannelBinding::Offered(binding)).await;
        });
        let dialed = dialed.await;
        assert_eq!(dialed.is_ok(), fine, "{sslmode:?} {dialed:?}");
        if !fine {
            assert!(matches!(dialed, Err(DialError::Tls(_))));
        }
    }
    let certificate = std::fs::read(&files.certificate).unwrap();
    assert!(contains(&certificate, "BEGIN CERTIFICATE"));
    assert_eq!(tls_server_end_point(b"no certificate"), None);
}

#[tokio::test]
async fn a_missing_password_is_said_without_being_one() {
    let mut database = database(1, SslMode::Disable);
    database.reader.password = None;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    database.port = listener.local_addr().unwrap().port();
    database.host = "127.0.0.1".to_owned();
    let target = Target { database, tls: None };
    let salted = SaltedPasswords::default();
    let serving = async {
        let (mut tcp, _) = listener.accept().await.unwrap();
        read_startup(&mut tcp).await;
        tcp.write_all(b"R\0\0\0\x08\0\0\0\x03").await.unwrap();
    };
    let (dialed, ()) = tokio::join!(dial(&target, &target.database.reader, &[], &salted), serving);
    let problem = dialed.unwrap_err().to_string();
    assert!(problem.contains("role reader"), "{problem}");
}
