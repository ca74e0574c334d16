//! Sessions from greeting to end: cancel keys, revocation, a client that leaves.

use std::time::Duration;

use super::logins::{House, local};
use super::support::{contains, grant};
use crate::net::{EndCause, cancel};
use crate::wire::{backend, write};

const ALICE: [(&str, &str); 2] = [("user", "alice"), ("database", "app")];

#[tokio::test]
async fn a_cancel_key_leads_to_its_own_session_only() {
    local(async {
        let (grant, token) = grant(1);
        let house = House::new("", vec![grant]).await;
        let (login, admitted) = house.login(&ALICE, &token).await;
        let (_, body) = login.messages.iter().find(|(kind, _)| *kind == b'K').unwrap();
        let (pid, key) = backend::backend_key_data(body).unwrap();
        let (key, shared) = ((pid, key.to_vec()), &house.worker.shared);
        let cancels = || {
            let seen = house.seen.lock().unwrap();
            seen.iter().filter(|packet| packet.len() == 16).cloned().collect::<Vec<_>>()
        };
        let client = "127.0.0.1".parse().unwrap();

        cancel::serve(shared, client, (pid, vec![0; 4])).await;
        cancel::serve(shared, client, (pid + 1, key.1.clone())).await;
        assert!(cancels().is_empty(), "an unknown key does nothing");
        cancel::serve(shared, client, key.clone()).await;
        let arrived = async {
            while cancels().is_empty() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), arrived).await.expect("it arrives");
        let sent = cancels();
        assert_eq!(sent.len(), 1);
        assert!(sent[0].ends_with(&[9; 4]), "the upstream's key, not ours");

        drop(admitted);
        cancel::serve(shared, client, key).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(cancels().len(), 1, "no replay after the session's end");
    })
    .await;
}

#[tokio::test]
async fn a_revoked_session_is_told_and_its_backend_ended() {
    local(async {
        let (grant, token) = grant(1);
        let (id, registry) = (grant.id, House::new("", vec![grant]).await);
        let house = registry;
        let (mut login, admitted) = house.login(&ALICE, &token).await;
        let mut admitted = admitted.unwrap();
        let registry = house.worker.shared.registry.clone();
        assert_eq!(registry.list().await[0].grant_id, id);
        let mut out = Vec::new();
        write::query(&mut out, "select pg_catalog.pg_sleep(60)");
        login.framed.send(&out).await.unwrap();
        let session = tokio::task::spawn_local(async move {
            let ended = admitted.relay.run().await;
            drop(admitted);
            ended
        });
        tokio::time::sleep(Duration::from_millis(100)).await;
        let because = "revoked by os:root".to_owned();
        let ending = registry.end_grant(id, EndCause::Revoked { how: "revoked", because });
        let told = async { login.framed.frame(10_000).await.unwrap() };
        let (report, (kind, body)) = tokio::join!(ending, told);
        assert_eq!(kind, b'E');
        assert!(contains(body, "57P01") && contains(body, "revoked by os:root"));
        assert_eq!(report.sessions_ended, 1);
        assert_eq!(session.await.unwrap().reason, "revoked");
        assert!(registry.is_empty());
        assert_eq!(registry.end_grant(id, EndCause::Expired).await.sessions_ended, 0);
    })
    .await;
}

#[tokio::test]
async fn an_expired_session_ends_by_itself() {
    local(async {
        let (mut grant, token) = grant(1);
        grant.expires_at = crate::net::clock::now().wall + 5_000_000;
        let house = House::new("", vec![grant]).await;
        let (mut login, admitted) = house.login(&ALICE, &token).await;
        let mut admitted = admitted.unwrap();
        let running = tokio::time::timeout(Duration::from_secs(60), admitted.relay.run());
        let (ended, told) = tokio::join!(running, login.framed.frame(10_000));
        assert_eq!(ended.unwrap().reason, "expired");
        assert!(contains(told.unwrap().1, "57P01"));
    })
    .await;
}

#[tokio::test]
async fn a_client_that_leaves_ends_its_session() {
    local(async {
        let (grant, token) = grant(1);
        let house = House::new("", vec![grant]).await;
        for (terminate, reason) in [(true, "client_terminated"), (false, "client_gone")] {
            let (mut login, admitted) = house.login(&ALICE, &token).await;
            let mut admitted = admitted.unwrap();
            if terminate {
                let mut out = Vec::new();
                write::terminate(&mut out);
                login.framed.send(&out).await.unwrap();
            }
            drop(login);
            let running = tokio::time::timeout(Duration::from_secs(60), admitted.relay.run());
            let ended = running.await.unwrap();
            assert_eq!((ended.reason, ended.upstream_closed), (reason, true));
        }
    })
    .await;
}

#[tokio::test]
async fn statements_flow_and_are_on_record_first() {
    local(async {
        let (grant, token) = grant(1);
        let house = House::new("", vec![grant]).await;
        let (mut login, admitted) = house.login(&ALICE, &token).await;
        let mut admitted = admitted.unwrap();
        let session = tokio::task::spawn_local(async move { admitted.relay.run().await });
        let mut out = Vec::new();
        write::query(&mut out, "select 1");
        login.framed.send(&out).await.unwrap();
        let mut kinds = Vec::new();
        while kinds.last() != Some(&b'Z') {
            kinds.push(login.framed.frame(10_000).await.unwrap().0);
        }
        assert_eq!(kinds, b"TDCZ");
        assert!(house.audit().contains("\"query\":\"select 1\""));
        drop(login);
        assert_eq!(session.await.unwrap().reason, "client_gone");
    })
    .await;
}
