//! What comes in between: a server that was killed, a step at the very moment of the sweep, and
//! one person behind several operators.

use std::sync::mpsc;

use super::*;
use crate::config::Right;
use crate::grants::live::Uses as _;
use crate::grants::operators::TokenOperator;

fn operator(clerk: &Clerk, name: &str, may: &[Right], by: &str, at: i64) -> Caller {
    let operator = TokenOperator {
        name: name.into(),
        id: clerk.ledger.operator_token().unwrap().grant(),
        may: may.to_vec(),
        token_sha256: [0; 32],
        created_at: now() + at,
        created_by: by.into(),
    };
    assert!(clerk.ledger.add_operator(&operator).unwrap());
    Caller::of_operator(&operator)
}

fn own(user: &str) -> Wish {
    Wish { user: String::new(), ..wish(user) }
}

#[tokio::test]
async fn a_removal_that_was_broken_off_is_finished() {
    let Bench { clerk, .. } = bench(|_| Vec::new());
    let alice = operator(&clerk, "alice", &[Right::Request], "os:root", 0);
    let dana = operator(&clerk, "dana", &[Right::Approve, Right::Administer], "os:root", 0);
    let id = clerk.request(own("alice"), &alice).await.unwrap().grant.id;
    clerk.approve(id, 1, &dana).await.unwrap();
    clerk.redeem(id, &alice).await.unwrap();
    let made = clerk.create(wish("bob"), &dana).await.unwrap().id;
    let other = clerk.create(wish("bob"), &root()).await.unwrap().id;
    clerk.sweep().await;
    let state = async |id| clerk.show(id, &root()).await.unwrap().state;
    assert_eq!((state(id).await, state(made).await), ("active".into(), "active".into()));
    // The server is killed between the two halves of `operator remove`.
    assert!(clerk.ledger.remove_operator("dana", "os:root", now()).unwrap());
    clerk.sweep().await;
    assert_eq!((state(id).await, state(made).await), ("revoked".into(), "revoked".into()));
    assert_eq!(state(other).await, "active");
}

#[tokio::test]
async fn what_was_extended_in_time_does_not_expire() {
    let Bench { clerk, acts, .. } = bench(|_| Vec::new());
    let id = clerk.create(wish("alice"), &root()).await.unwrap().id;
    let ledger = Arc::clone(&clerk.ledger);
    let (begun, begins) = mpsc::channel();
    let at = now();
    // An extension that waits for its record or its disk while the old end passes.
    let extending = std::thread::spawn(move || {
        let longer = |grant: &Grant| {
            let mut grant = grant.clone();
            grant.life.revision += 1;
            grant.expires_at += 5 * HOUR;
            Ok::<_, WishError>(grants::Changed { grant, events: Vec::new() })
        };
        let slowly = |_: &grants::Changed| {
            begun.send(()).unwrap();
            std::thread::sleep(std::time::Duration::from_millis(500));
            Ok(())
        };
        ledger.change(id, "os:root", at, longer, slowly).unwrap();
    });
    begins.recv().unwrap();
    NOW.with(|now| now.fetch_add(HOUR, Ordering::Relaxed));
    clerk.sweep().await;
    extending.join().unwrap();
    let shown = clerk.show(id, &root()).await.unwrap();
    NOW.with(|now| now.fetch_sub(HOUR, Ordering::Relaxed));
    assert_eq!(shown.state, "active");
    assert_eq!(*acts.lock().unwrap(), ["grant.created by os:root: -"]);
}

#[tokio::test]
async fn the_last_use_is_not_over_before_it_has_begun() {
    let Bench { clerk, floor, .. } = bench(|_| Vec::new());
    let once = Wish { uses: Some(1), ..wish("alice") };
    let id = clerk.create(once, &root()).await.unwrap().id;
    // For its sake the sweep looks who is there.
    let idle = Wish { end_when_idle: Some("1h".into()), ..wish("bob") };
    clerk.create(idle, &root()).await.unwrap();
    // Somebody logs in directly afterwards.
    *floor.then.lock().unwrap() = Some(|ledger| {
        let of_once = |grant: &&Arc<Grant>| grant.life.uses_left == Some(1);
        let id = ledger.live().all().iter().find(of_once).unwrap().id;
        assert!(ledger.take(id, now()).unwrap());
    });
    clerk.sweep().await;
    assert!(floor.then.lock().unwrap().is_none(), "nobody looked");
    assert_eq!(clerk.show(id, &root()).await.unwrap().state, "active");
    clerk.sweep().await;
    assert_eq!(clerk.show(id, &root()).await.unwrap().state, "exhausted");
}

#[tokio::test]
async fn one_person_gives_one_approval_by_whatever_operators() {
    let two = "[policy]\napprovals = { read = 2 }";
    let Bench { clerk, .. } = bench_with(two, |_| Vec::new());
    let both = [Right::Approve, Right::Administer];
    let alice = operator(&clerk, "alice", &[Right::Request], "os:root", 0);
    let dana = operator(&clerk, "dana", &both, "os:root", 0);
    let erin = operator(&clerk, "erin", &both, "os:root", 0);
    let first = operator(&clerk, "first", &both, "op:dana", 1);
    let second = operator(&clerk, "second", &both, "op:first", 2);
    for (one, other) in [(&dana, &first), (&first, &dana), (&second, &dana), (&first, &second)] {
        let id = clerk.request(own("alice"), &alice).await.unwrap().grant.id;
        clerk.approve(id, 1, one).await.unwrap();
        let (what, _) = refusal(clerk.approve(id, 1, other).await);
        assert!(what.contains("one person"), "{what}");
        assert_eq!(clerk.approve(id, 1, &erin).await.unwrap().grant.state, "approved");
    }
    // Nor does it help to remove the operator in between.
    clerk.operator_remove("first", &dana).await.unwrap();
    let id = clerk.request(own("alice"), &alice).await.unwrap().grant.id;
    clerk.approve(id, 1, &dana).await.unwrap();
    let (what, _) = refusal(clerk.approve(id, 1, &second).await);
    assert!(what.contains("one person"), "{what}");
    let asks = Caller::new("op:dana", &[Right::Request]);
    let id = clerk.request(own("dana"), &asks).await.unwrap().grant.id;
    let (what, _) = refusal(clerk.approve(id, 1, &second).await);
    assert!(what.contains("operator that op:dana made"), "{what}");
}

#[tokio::test]
async fn what_ends_access_does_not_wait_for_a_disk_that_hangs() {
    let Bench { clerk, book, acts, .. } = bench(|ledger| vec![session(1, known(ledger))]);
    book.stuck.store(true, Ordering::Relaxed);
    let id = clerk.ledger.live().all()[0].id;
    let killed = clerk.kill(SessionId::from_random(1), None, "os:root").await.unwrap();
    assert_eq!(killed.sessions_ended, 1);
    let because = "revoked by os:root";
    let ended = format!("end Ended {{ how: \"revoked\", because: \"{because}\" }}");
    let revoking = Arc::clone(&clerk);
    let revoking = tokio::spawn(async move { revoking.revoke(id, None, "os:root").await.unwrap() });
    while !acts.lock().unwrap().contains(&ended) {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let expected = ["end Killed(\"ended by os:root\")".to_owned(), ended];
    assert_eq!(*acts.lock().unwrap(), expected, "nothing is on record yet");
    assert!(clerk.ledger.live().by_id(id).unwrap().ended.is_some(), "logins see it");
    assert!(clerk.ledger.find(id).unwrap().unwrap().ended.is_none());
    // Who asked hears what came of it when the disk goes on.
    book.stuck.store(false, Ordering::Relaxed);
    let revoked = revoking.await.unwrap();
    assert_eq!((revoked.state.as_str(), revoked.sessions_ended), ("revoked", 1));
    assert!(clerk.ledger.find(id).unwrap().unwrap().ended.is_some());
    assert!(acts.lock().unwrap().contains(&format!("grant.revoked by os:root: {because}")));
}
