//! Who comes in, who does not, and what each is told.

use std::net::SocketAddr;
use std::path::Path;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::support::{
    Login, certificate, client_tls, contains, fake_postgres, grant, pair, revoked, worker,
};
use crate::auth::scram_client::ClientBinding;
use crate::grants::Grant;
use crate::net::login::{Admitted, admit};
use crate::net::stream::Stream;
use crate::net::tls;
use crate::net::worker::Worker;

/// A worker in front of a fake upstream, with its audit directory.
pub(super) struct House {
    pub(super) worker: Rc<Worker>,
    folder: tempfile::TempDir,
    pub(super) seen: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl House {
    pub(super) async fn new(listen: &str, grants: Vec<Grant>) -> Self {
        Self::within(tempfile::tempdir().unwrap(), listen, grants).await
    }

    async fn within(folder: tempfile::TempDir, listen: &str, grants: Vec<Grant>) -> Self {
        let seen = Arc::default();
        let upstream = fake_postgres(Arc::clone(&seen)).await;
        let worker = worker(folder.path(), upstream, listen, grants);
        let mut control = worker.shared.control("app").unwrap();
        control.wait_up().await;
        Self { worker, folder, seen }
    }

    pub(super) fn audit(&self) -> String {
        let path: &Path = self.folder.path();
        std::fs::read_to_string(path.join("audit/audit.jsonl")).unwrap()
    }

    /// One login by SCRAM in clear.
    pub(super) async fn login(
        &self,
        parameters: &[(&str, &str)],
        token: &str,
    ) -> (Login, Option<Admitted>) {
        let (client, server) = pair().await;
        let peer: SocketAddr = server.peer_addr().unwrap();
        let client = async {
            let login = Login::start(Stream::Plain(client.into()), parameters).await;
            login.prove(token, ClientBinding::Unable).await
        };
        let server = admit_and_greet(&self.worker, server, peer);
        tokio::join!(client, server)
    }
}

/// As the session's task does, up to the greeting.
async fn admit_and_greet(
    worker: &Rc<Worker>,
    tcp: tokio::net::TcpStream,
    peer: SocketAddr,
) -> Option<Admitted> {
    let mut admitted = admit(worker, tcp.into_std().unwrap(), peer).await?;
    std::future::poll_fn(|context| {
        let _ = admitted.relay.client.poll_flush(context);
        std::task::Poll::Ready(())
    })
    .await;
    Some(admitted)
}

pub(super) async fn local<F: Future>(test: F) -> F::Output {
    tokio::task::LocalSet::new().run_until(test).await
}

const ALICE: [(&str, &str); 3] =
    [("user", "alice"), ("database", "app"), ("application_name", "psql")];

#[tokio::test]
async fn a_token_opens_the_door_by_either_name() {
    local(async {
        let ((first, one), (second, two)) = (grant(1), grant(2));
        let by_id = first.id.to_string();
        let house = House::new("", vec![first, second]).await;
        for (user, token) in [("alice", &one), ("alice", &two), (by_id.as_str(), &one)] {
            let (login, admitted) =
                house.login(&[("user", user), ("database", "app"), ALICE[2]], token).await;
            assert!(admitted.is_some() && login.has(b'Z') && login.has(b'K'), "{user}");
            let (_, notice) = login.messages.iter().find(|(kind, _)| *kind == b'N').unwrap();
            assert!(contains(notice, "read-only") && contains(notice, "every statement"));
        }
        let audit = house.audit();
        assert_eq!(audit.matches("\"session.start\"").count(), 3);
        assert!(!audit.contains(&one) && !audit.contains(&one[15..30]), "no token on record");
        // What the server is told of the session.
        let seen = house.seen.lock().unwrap();
        let startup = seen.iter().find(|packet| contains(packet, "pgward:alice:g_")).unwrap();
        for text in ["default_transaction_read_only\0on", "pgward.scopes\0read-only", "INC-1"] {
            assert!(contains(startup, text), "{text}");
        }
    })
    .await;
}

#[tokio::test]
async fn who_proves_nothing_is_told_nothing() {
    local(async {
        let (grant, token) = grant(1);
        let by_id = grant.id.to_string();
        let house = House::new("", vec![revoked(grant)]).await;
        let wrong = "pgw_wrong";
        let mut texts = Vec::new();
        for (user, database) in [
            ("alice", "app"),
            ("alice", "nowhere"),
            ("nobody", "app"),
            (by_id.as_str(), "app"),
            ("g_0000000000", "app"),
        ] {
            let (login, admitted) =
                house.login(&[("user", user), ("database", database)], wrong).await;
            assert!(admitted.is_none());
            let (sqlstate, message) = login.error();
            assert_eq!(sqlstate, "28P01");
            texts.push(message.replace(user, "*"));
        }
        texts.dedup();
        assert_eq!(texts, ["pgward: login failed for user \"*\""]);
        let audit = house.audit();
        assert_eq!(audit.matches("\"auth.failed\"").count(), 5);
        assert!(audit.contains("bad_secret") && audit.contains("unknown_login"));
        assert!(!audit.contains(&token));
        // Neither where it was pasted in the wrong place.
        let names = [("user", token.as_str()), ("database", &token), ("application_name", &token)];
        let (login, _) = house.login(&names, &token).await;
        assert_eq!(login.error().1, "pgward: login failed for user \"pgw_…\"");
        let audit = house.audit();
        assert_eq!(audit.matches("\"auth.failed\"").count(), 6);
        assert!(!audit.contains(&token));
    })
    .await;
}

#[tokio::test]
async fn who_proves_the_secret_is_told_the_truth() {
    local(async {
        let ((ended, one), (mut expired, two), (fine, three)) = (grant(1), grant(2), grant(3));
        expired.expires_at = expired.created_at - 1;
        let house = House::new("", vec![revoked(ended), expired, fine]).await;
        for (database, token, expected) in [
            ("app", &one, "is revoked"),
            ("app", &two, "is expired"),
            ("other", &three, "is for database \"app\", not \"other\""),
        ] {
            let (login, admitted) =
                house.login(&[("user", "alice"), ("database", database)], token).await;
            let (sqlstate, message) = login.error();
            assert!(admitted.is_none() && message.contains(expected), "{message}");
            assert_eq!(sqlstate, "28000");
        }
        // No database named: what libpq does then is said.
        let (login, _) = house.login(&[("user", "alice")], &three).await;
        let (_, body) = login.messages.last().unwrap();
        assert!(contains(body, "No database was named") && contains(body, "dbname=app"));
        let audit = house.audit();
        for cause in ["revoked", "expired", "wrong_database"] {
            assert!(audit.contains(&format!("\"cause\":\"{cause}\"")), "{cause}");
        }
    })
    .await;
}

#[tokio::test]
async fn limits_and_draining() {
    local(async {
        let (grant, token) = grant(1);
        let house = House::new("max_sessions = 3", vec![grant]).await;
        let (_, first) = house.login(&ALICE, &token).await;
        let (_, second) = house.login(&ALICE, &token).await;
        let (third, none) = house.login(&ALICE, &token).await;
        assert!(first.is_some() && second.is_some() && none.is_none());
        assert_eq!(third.error().0, "53300");
        drop(first);
        let (_, again) = house.login(&ALICE, &token).await;
        assert!(again.is_some(), "a place that was left is free");
        let leaving = async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            drop(again);
        };
        let ((_, waited), ()) = tokio::join!(house.login(&ALICE, &token), leaving);
        assert!(waited.is_some(), "a place that is about to be left is waited for");
        house.worker.shared.draining.store(true, std::sync::atomic::Ordering::Relaxed);
        let (login, _) = house.login(&ALICE, &token).await;
        assert_eq!(login.error().0, "57P03");
    })
    .await;
}

#[tokio::test]
async fn clear_text_only_where_configured() {
    local(async {
        for (listen, demanded) in [("", 10), ("auth = \"scram-or-password\"", 3)] {
            let (grant, token) = grant(1);
            let house = House::new(listen, vec![grant]).await;
            let (login, admitted) = house.login(&ALICE, &token).await;
            assert!(admitted.is_some());
            assert_eq!(login.messages[0].1[3], demanded, "{listen}");
            let (login, admitted) = house.login(&ALICE, "wrong").await;
            assert!(admitted.is_none());
            assert_eq!(login.error().0, "28P01");
        }
    })
    .await;
}

#[tokio::test]
async fn scram_plus_binds_to_the_certificate() {
    local(async {
        let folder = tempfile::tempdir().unwrap();
        let files = certificate(folder.path());
        let listen = format!(
            "tls.certificate = \"{}\"\ntls.key = \"{}\"",
            files.certificate.display(),
            files.key.display()
        );
        let (grant, token) = grant(1);
        let house = House::within(folder, &listen, vec![grant]).await;
        let own = tls::server(&files).unwrap().binding.unwrap().to_vec();
        let cases = [
            (ClientBinding::Bound(own), true),
            (ClientBinding::Unable, true),
            // The certificate of somebody in between; -PLUS hidden by somebody in between.
            (ClientBinding::Bound(vec![1; 32]), false),
            (ClientBinding::NotOffered, false),
        ];
        for (binding, fine) in cases {
            let (client, server) = pair().await;
            let peer = server.peer_addr().unwrap();
            let proving = binding.clone();
            let client = async {
                let mut out = Vec::new();
                crate::wire::write::ssl_request(&mut out);
                let mut client = client;
                tokio::io::AsyncWriteExt::write_all(&mut client, &out).await.unwrap();
                let mut answer = [0; 1];
                tokio::io::AsyncReadExt::read_exact(&mut client, &mut answer).await.unwrap();
                let tls = client_tls(client, &files, &[]).await.unwrap();
                let stream = Stream::TlsClient(Box::new(tls));
                Login::start(stream, &ALICE).await.prove(&token, proving).await
            };
            let (login, admitted) =
                tokio::join!(client, admit_and_greet(&house.worker, server, peer));
            assert_eq!(admitted.is_some(), fine, "{binding:?}");
            assert_eq!(login.has(b'Z'), fine);
        }
        assert!(house.audit().contains("scram-sha-256-plus"));
        assert!(house.audit().contains("channel_binding"));
    })
    .await;
}

const MUTE: [(&str, &str); 3] =
    [("user", "alice"), ("database", "app"), ("application_name", "mute")];

#[tokio::test]
async fn an_upstream_that_says_nothing_is_named_as_the_cause() {
    local(async {
        let (grant, token) = grant(1);
        let house = House::new("login_timeout = \"5s\"", vec![grant]).await;
        let (login, admitted) = house.login(&MUTE, &token).await;
        assert!(admitted.is_none() && house.worker.shared.registry.is_empty());
        let (sqlstate, message) = login.error();
        assert_eq!(sqlstate, "08001");
        assert!(message.contains("cannot be reached"), "{message}");
        assert!(house.audit().contains("no answer in time"));
    })
    .await;
}

#[tokio::test]
async fn who_leaves_during_a_login_gives_the_place_back() {
    local(async {
        let (grant, token) = grant(1);
        let house = House::new("login_timeout = \"20s\"", vec![grant]).await;
        let registry = Arc::clone(&house.worker.shared.registry);
        let (client, server) = pair().await;
        let peer = server.peer_addr().unwrap();
        let client = async {
            let login = Login::start(Stream::Plain(client.into()), &MUTE).await;
            // The answer never comes; the client goes once it is in the registry.
            let proving = login.prove(&token, ClientBinding::Unable);
            let entered = async {
                while registry.is_empty() {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            };
            tokio::select! { _ = proving => panic!("admitted"), () = entered => {} }
        };
        let server = tokio::time::timeout(
            Duration::from_secs(15),
            admit(&house.worker, server.into_std().unwrap(), peer),
        );
        let ((), admitted) = tokio::join!(client, server);
        assert!(admitted.expect("it does not wait for the upstream").is_none());
        assert!(registry.is_empty());
    })
    .await;
}
