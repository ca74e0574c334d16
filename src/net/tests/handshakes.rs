//! What a connection may begin with.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use super::support::{certificate, client_tls, contains, pair, rest, startup_packet};
use crate::net::handshake::{HandshakeError, Outcome, Protection, Rules, handshake};
use crate::net::tls;
use crate::wire::startup::{VERSION_3_0, VERSION_3_2};
use crate::wire::write;

type Result = std::result::Result<Outcome, HandshakeError>;

const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];
const GSSENC_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 48];

async fn meet(rules: Rules) -> (TcpStream, JoinHandle<Result>) {
    let (client, server) = pair().await;
    (client, tokio::spawn(async move { handshake(server.into(), &rules).await }))
}

fn open() -> Rules {
    Rules { tls: None, plaintext: true }
}

fn closed(folder: &std::path::Path) -> (Rules, crate::config::ListenTls) {
    let files = certificate(folder);
    (Rules { tls: Some(tls::server(&files).unwrap()), plaintext: false }, files)
}

async fn answer(client: &mut TcpStream) -> u8 {
    client.read_u8().await.unwrap()
}

#[tokio::test]
async fn a_startup_in_clear() {
    let (mut client, server) = meet(open()).await;
    client.write_all(&SSL_REQUEST).await.unwrap();
    assert_eq!(answer(&mut client).await, b'N');
    client.write_all(&GSSENC_REQUEST).await.unwrap();
    assert_eq!(answer(&mut client).await, b'N');
    let packet = startup_packet(VERSION_3_0, &[("user", "alice"), ("database", "app")]);
    client.write_all(&packet).await.unwrap();
    let Outcome::Startup(hello) = server.await.unwrap().unwrap() else { panic!("no startup") };
    assert_eq!((hello.version, &hello.protection), (VERSION_3_0, &Protection::None));
    assert_eq!(hello.parameters[0], ("user".to_owned(), "alice".to_owned()));
    assert_eq!(hello.negotiate, None);
}

#[tokio::test]
async fn newer_versions_and_options_are_negotiated() {
    for (version, options, negotiated, named) in [
        (VERSION_3_2, &[][..], VERSION_3_2, None),
        (0x0003_270f, &[][..], VERSION_3_2, Some(vec![])),
        (VERSION_3_0, &["_pq_.x"][..], VERSION_3_0, Some(vec!["_pq_.x".to_owned()])),
    ] {
        let (mut client, server) = meet(open()).await;
        let mut parameters = vec![("user", "a")];
        parameters.extend(options.iter().map(|name| (*name, "1")));
        client.write_all(&startup_packet(version, &parameters)).await.unwrap();
        let Outcome::Startup(hello) = server.await.unwrap().unwrap() else { panic!("no startup") };
        assert_eq!((hello.version, hello.negotiate), (negotiated, named));
        assert_eq!(hello.parameters.len(), 1, "protocol options are no settings");
    }
}

#[tokio::test]
async fn cancel_requests() {
    let (mut client, server) = meet(open()).await;
    let mut out = Vec::new();
    write::cancel_request(&mut out, 7, &[1; 32]);
    client.write_all(&out).await.unwrap();
    let Outcome::Cancel { pid, key } = server.await.unwrap().unwrap() else { panic!("no cancel") };
    assert_eq!((pid, key), (7, vec![1; 32]));
}

#[tokio::test]
async fn what_is_refused_is_told() {
    let startup = |parameters: &[(&str, &str)]| startup_packet(VERSION_3_0, parameters);
    let twice = [&SSL_REQUEST[..]].concat();
    for (bytes, code) in [
        (startup(&[("user", "a"), ("replication", "database")]), "0A000"),
        (startup(&[("user", "a"), ("replication", "1")]), "0A000"),
        (startup(&[("user", "a"), ("user", "b")]), "08P01"),
        (vec![0, 0, 0x27, 0x11, 0, 3, 0, 0], "08P01"),
        (vec![0xff, 0xff, 0xff, 0xff], "08P01"),
        (vec![0, 0, 0, 9, 0, 2, 0, 0, 0], "08P01"),
    ] {
        let (mut client, server) = meet(open()).await;
        client.write_all(&bytes).await.unwrap();
        let told = rest(&mut client).await;
        assert!(contains(&told, code), "{bytes:?}: {told:?}");
        assert!(matches!(server.await.unwrap(), Err(HandshakeError::Refused(_))));
    }
    let (mut client, server) = meet(open()).await;
    client.write_all(&twice).await.unwrap();
    assert_eq!(answer(&mut client).await, b'N');
    client.write_all(&twice).await.unwrap();
    assert!(contains(&rest(&mut client).await, "08P01"));
    assert!(server.await.unwrap().is_err());
}

#[tokio::test]
async fn replication_that_is_off_is_no_replication() {
    for value in ["false", "off", "0", "no", "f"] {
        let (mut client, server) = meet(open()).await;
        let packet = startup_packet(VERSION_3_0, &[("user", "a"), ("replication", value)]);
        client.write_all(&packet).await.unwrap();
        let Outcome::Startup(hello) = server.await.unwrap().unwrap() else { panic!("{value}") };
        assert_eq!(hello.parameters.len(), 1);
    }
}

#[tokio::test]
async fn bytes_behind_an_encryption_request_end_the_connection() {
    for request in [SSL_REQUEST, GSSENC_REQUEST] {
        let folder = tempfile::tempdir().unwrap();
        let (rules, _) = closed(folder.path());
        let (mut client, server) = meet(rules).await;
        let injected = startup_packet(VERSION_3_0, &[("user", "mallory")]);
        client.write_all(&[&request[..], &injected].concat()).await.unwrap();
        assert_eq!(rest(&mut client).await, b"", "nothing is answered");
        assert!(matches!(server.await.unwrap(), Err(HandshakeError::EarlyData)));
    }
}

#[tokio::test]
async fn clear_text_is_refused_where_tls_is_required() {
    let folder = tempfile::tempdir().unwrap();
    let (rules, _) = closed(folder.path());
    let (mut client, server) = meet(rules).await;
    client.write_all(&startup_packet(VERSION_3_0, &[("user", "a")])).await.unwrap();
    let told = rest(&mut client).await;
    assert!(contains(&told, "28000") && contains(&told, "sslmode=verify-full"), "{told:?}");
    assert!(server.await.unwrap().is_err());
}

#[tokio::test]
async fn tls_by_request_and_what_is_refused_inside() {
    let folder = tempfile::tempdir().unwrap();
    for (inside, fine) in [
        (startup_packet(VERSION_3_0, &[("user", "alice")]), true),
        (SSL_REQUEST.to_vec(), false),
        (GSSENC_REQUEST.to_vec(), false),
    ] {
        let (rules, files) = closed(folder.path());
        let (mut client, server) = meet(rules).await;
        client.write_all(&SSL_REQUEST).await.unwrap();
        assert_eq!(answer(&mut client).await, b'S');
        let mut client = client_tls(client, &files, &[]).await.unwrap();
        client.write_all(&inside).await.unwrap();
        client.flush().await.unwrap();
        if fine {
            let Outcome::Startup(hello) = server.await.unwrap().unwrap() else { panic!() };
            assert!(hello.stream.is_tls() && matches!(hello.protection, Protection::Bound(_)));
        } else {
            assert!(contains(&rest(&mut client).await, "08P01"));
            assert!(matches!(server.await.unwrap(), Err(HandshakeError::Refused(_))));
        }
    }
}

#[tokio::test]
async fn direct_tls_needs_its_alpn() {
    let folder = tempfile::tempdir().unwrap();
    for (alpn, fine) in
        [(&[tls::ALPN][..], true), (&[][..], false), (&[&b"http/1.1"[..]][..], false)]
    {
        let (rules, files) = closed(folder.path());
        let (client, server) = meet(rules).await;
        if let Ok(mut client) = client_tls(client, &files, alpn).await {
            let packet = startup_packet(VERSION_3_0, &[("user", "alice")]);
            let _ = client.write_all(&packet).await;
            let _ = client.flush().await;
            let outcome = server.await.unwrap();
            assert_eq!(matches!(outcome, Ok(Outcome::Startup(_))), fine, "{alpn:?}");
        } else {
            assert!(!fine, "{alpn:?}");
            assert!(matches!(server.await.unwrap(), Err(HandshakeError::Tls(_))));
        }
    }
}
