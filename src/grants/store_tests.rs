use std::sync::Arc;

use super::*;
use crate::auth::token::Token;
use crate::config::Config;
use crate::grants::{Ledger, Made, Rules, Wish};

const NOW: i64 = 1_800_000_000_000_000;
const HOUR: i64 = 3_600_000_000;

fn config() -> Config {
    let text =
        "[databases.app]\nhost = \"h\"\nreader = { user = \"r\" }\nwriter = { user = \"w\" }";
    crate::config::parse("t", text, Path::new("/"), &|_| None).config
}

fn wish() -> Wish {
    Wish {
        user: "alice".into(),
        database: "app".into(),
        reason: "INC-4211 stuck orders".into(),
        ticket: Some("INC-4211".into()),
        scopes: vec!["update,insert:public.orders".into()],
        ..Wish::default()
    }
}

fn ledger(path: &Path) -> Ledger {
    Ledger::open(Box::new(Sqlite::open(path).unwrap()), NOW).unwrap()
}

fn make(ledger: &Ledger) -> (Arc<Grant>, Token) {
    let allowed = Rules::new(&config()).allow(&wish(), NOW).unwrap();
    let Made { grant, token } = ledger.make(&wish(), allowed, "os:root", NOW).unwrap();
    (ledger.keep(grant, "grant.created").unwrap(), token)
}

#[test]
fn a_grant_survives_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pgward.db");
    let first = ledger(&path);
    let salt_key = first.live().salt_key();
    let (grant, token) = make(&first);
    drop(first);
    let second = ledger(&path);
    assert_eq!(second.live().salt_key(), salt_key);
    assert_eq!(second.live().by_id(grant.id).as_deref(), Some(&*grant));
    assert_eq!(second.live().by_login("alice"), [Arc::clone(&grant)]);
    assert_eq!(second.live().by_login(&grant.id.to_string()), [Arc::clone(&grant)]);
    assert_eq!(second.live().by_login("bob"), []);
    assert_eq!(second.live().by_login("g_nonsense"), []);
    assert_eq!(second.all().unwrap(), [Grant::clone(&grant)]);
    assert!(grant.verifier.accepts(token.expose()));
    let (start, last) = token.expose().split_at(token.expose().len() - 1);
    let other = if last == "0" { "1" } else { "0" };
    assert!(!grant.verifier.accepts(&format!("{start}{other}")));
    assert!(!grant.verifier.accepts(""));
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    // Nothing that is at rest holds the secret.
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        let secret = token.expose().split('_').nth(2).unwrap().as_bytes();
        assert!(!bytes.windows(secret.len()).any(|window| window == secret));
    }
}

#[test]
fn what_a_call_returned_survives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pgward.db");
    let store = ledger(&path);
    let (grant, _) = make(&store);
    // What kill -9 leaves: the files as they are now, with their journal.
    let copy = folder.path().join("copy.db");
    for suffix in ["", "-wal"] {
        let from = format!("{}{suffix}", path.display());
        std::fs::copy(&from, format!("{}{suffix}", copy.display())).unwrap();
    }
    assert_eq!(ledger(&copy).all().unwrap(), [Grant::clone(&grant)]);
}

#[test]
fn a_grant_ends_once_and_stays_ended() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pgward.db");
    let ledger = ledger(&path);
    let (grant, _) = make(&ledger);
    let live = ledger.live();
    assert_eq!(grant.state_at(NOW), State::Active);
    assert_eq!(grant.state_at(NOW + HOUR - 1), State::Active);
    assert_eq!(grant.state_at(NOW + HOUR), State::Expired);
    let because = "revoked by os:root: suspicious";
    let end = |state, because, at| ledger.end(grant.id, state, because, "os:root", at).unwrap();
    let first = end(State::Revoked, because, NOW + 1).unwrap();
    assert!(first.ended_now);
    let second = end(State::Expired, "expired", NOW + HOUR).unwrap();
    assert!(!second.ended_now);
    assert_eq!(second.grant, first.grant);
    let seen = live.by_id(grant.id).unwrap();
    assert_eq!(seen.state_at(NOW + 2 * HOUR), State::Revoked);
    assert_eq!(seen.ended.as_ref().unwrap().because, because);
    // A late word that it is active changes nothing.
    live.put(&grant);
    assert!(live.by_id(grant.id).unwrap().ended.is_some());
    let events: Vec<String> =
        ledger.history(grant.id).unwrap().into_iter().map(|change| change.event).collect();
    assert_eq!(events, ["grant.created", "grant.revoked"]);
    assert_eq!(ledger.end(GrantId::from_random(7), State::Revoked, "", "", NOW).unwrap(), None);
}

#[test]
fn what_is_old_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pgward.db");
    let first = ledger(&path);
    let (grant, _) = make(&first);
    first.end(grant.id, State::Expired, "expired", "pgward", NOW + HOUR).unwrap();
    assert!(first.is_settled(NOW + 24 * HOUR) && !first.is_settled(NOW + 25 * HOUR));
    first.settle(NOW + 24 * HOUR).unwrap();
    assert!(first.live().by_id(grant.id).is_some());
    first.settle(NOW + 25 * HOUR).unwrap();
    assert!(first.live().by_id(grant.id).is_none());
    assert!(first.live().by_login("alice").is_empty());
    assert_eq!(first.all().unwrap().len(), 1);
    drop(first);
    let store = Box::new(Sqlite::open(&path).unwrap());
    assert!(Ledger::open(store, NOW + 26 * HOUR).unwrap().live().all().is_empty());
}

#[test]
fn creating_and_revoking_at_once_never_leaves_a_usable_grant() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Arc::new(ledger(&folder.path().join("pgward.db")));
    for _ in 0..20 {
        let allowed = Rules::new(&config()).allow(&wish(), NOW).unwrap();
        let Made { grant, .. } = ledger.make(&wish(), allowed, "os:root", NOW).unwrap();
        let id = grant.id;
        let other = Arc::clone(&ledger);
        let revoking = std::thread::spawn(move || {
            while other.end(id, State::Revoked, "revoked", "os:root", NOW).unwrap().is_none() {
                std::hint::spin_loop();
            }
        });
        ledger.keep(grant, "grant.created").unwrap();
        revoking.join().unwrap();
        assert_eq!(ledger.live().by_id(id).unwrap().state_at(NOW), State::Revoked);
        assert_eq!(ledger.find(id).unwrap().unwrap().state_at(NOW), State::Revoked);
    }
}

#[test]
fn files_of_older_servers_are_opened() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pgward.db");
    let old = Connection::open(&path).unwrap();
    for (version, migration) in (1_i64..).zip(&MIGRATIONS[..2]) {
        old.execute_batch(migration).unwrap();
        old.pragma_update(None, "user_version", version).unwrap();
    }
    old.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
    let key = [7_u8; 32];
    let sql = "INSERT INTO server (key, value) VALUES ('salt_key', ?1)";
    old.execute(sql, [key.as_slice()]).unwrap();
    for (id, ended) in [("g_0000000001", None), ("g_0000000002", Some("revoked"))] {
        old.execute(
            "INSERT INTO grants VALUES (?1, 'alice', 'app', '[\"update:public.t\"]', 'because', \
             NULL, 5, 'os:root', 3600000005, 3, ?2, ?2, ?2, ?2, ?2, ?3, ?4, ?3, 17)",
            params![id, key.as_slice(), ended, ended.map(|_| 9)],
        )
        .unwrap();
    }
    drop(old);
    let ledger = ledger(&path);
    assert_eq!(ledger.live().salt_key(), key);
    let grants = ledger.all().unwrap();
    assert_eq!(grants.len(), 2);
    let first = &grants[0];
    assert_eq!(first.state_at(6), State::Active);
    assert_eq!((first.life.ttl, first.max_rows_written), (3_600_000_000, Some(17)));
    assert_eq!(first.conditions, crate::grants::Conditions::default());
    assert_eq!(grants[1].state_at(6), State::Revoked);
    // And go on as any other.
    let outcome = ledger.end(first.id, State::Released, "done", "os:alice", 7).unwrap();
    assert_eq!(outcome.unwrap().grant.state_at(8), State::Released);
}

#[test]
fn steps_are_kept_one_after_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pgward.db");
    let ledger = ledger(&path);
    let (grant, token) = make(&ledger);
    let verifier = || ledger.token(&grant).unwrap().1;
    let new = verifier();
    let step = |grant: &Grant| grant.rotate(new.clone(), NOW);
    let changed = ledger.change(grant.id, "os:root", NOW, step, |_| Ok(())).unwrap();
    assert!(!changed.grant.verifier.accepts(token.expose()));
    assert_eq!(ledger.live().by_id(grant.id).unwrap().verifier, changed.grant.verifier);
    assert_eq!(ledger.find(grant.id).unwrap().unwrap(), changed.grant);
    // What can't be put on record isn't done.
    let newer = verifier();
    let step = |grant: &Grant| grant.rotate(newer.clone(), NOW);
    let unwritable = || crate::audit::Unwritable(std::io::ErrorKind::StorageFull.into());
    assert!(ledger.change(grant.id, "os:root", NOW, step, |_| Err(unwritable())).is_err());
    assert_eq!(ledger.find(grant.id).unwrap().unwrap(), changed.grant);
    // A step from an older state is not kept.
    let stale = Grant::clone(&grant).rotate(verifier(), NOW).unwrap().grant;
    let events: Vec<String> =
        ledger.history(grant.id).unwrap().into_iter().map(|change| change.event).collect();
    assert_eq!(events, ["grant.created", "grant.rotated"]);
    drop(ledger);
    assert!(!Sqlite::open(&path).unwrap().update(&stale, &[]).unwrap());
}

#[test]
fn one_use_is_taken_by_one_of_many() {
    use crate::grants::Claim;
    use crate::grants::live::Uses;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pgward.db");
    let ledger = Arc::new(ledger(&path));
    let uses: std::sync::Weak<dyn Uses> = Arc::downgrade(&(Arc::clone(&ledger) as Arc<dyn Uses>));
    ledger.live().set_uses(uses);
    for round in 0..10 {
        let wish = Wish { uses: Some(2), ..wish() };
        let allowed = Rules::new(&config()).allow(&wish, NOW).unwrap();
        let made = ledger.make(&wish, allowed, "os:root", NOW).unwrap();
        let grant = ledger.keep(made.grant, "grant.created").unwrap();
        let claims: Vec<_> = (0..6)
            .map(|_| {
                let (live, grant) = (ledger.live(), Arc::clone(&grant));
                std::thread::spawn(move || live.claim(&grant, NOW))
            })
            .collect();
        let claims: Vec<Claim> = claims.into_iter().map(|claim| claim.join().unwrap()).collect();
        let taken = claims.iter().filter(|claim| **claim == Claim::Taken).count();
        assert_eq!(taken, 2, "round {round}: {claims:?}");
        assert_eq!(ledger.find(grant.id).unwrap().unwrap().life.uses_left, Some(0));
    }
    // Nobody takes uses where nobody is named, and none of an ended grant.
    let grant = ledger.live().all().remove(0);
    ledger.end(grant.id, State::Revoked, "revoked", "os:root", NOW).unwrap();
    assert_eq!(ledger.live().claim(&grant, NOW), Claim::UsedUp);
    let alone = crate::grants::Live::new([0; 32], vec![Grant::clone(&grant)]);
    assert_eq!(alone.claim(&grant, NOW), Claim::Failed);
}

#[test]
fn usage_and_operators_survive_the_server() {
    use crate::config::Right;
    use crate::grants::operators::TokenOperator;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pgward.db");
    let first = ledger(&path);
    let (grant, _) = make(&first);
    first.live().began(grant.id, NOW + 1);
    first.live().began(grant.id, NOW + 2);
    assert!(!first.is_settled(NOW + 3));
    first.settle(NOW + 3).unwrap();
    // What comes at once again waits some seconds.
    first.live().began(grant.id, NOW + 4);
    assert!(first.is_settled(NOW + 4_000_000) && !first.is_settled(NOW + 6_000_000));
    first.settle(NOW + 6_000_000).unwrap();
    let token = first.operator_token().unwrap();
    let dana = TokenOperator {
        name: "dana".into(),
        id: token.grant(),
        may: vec![Right::Approve, Right::Audit],
        token_sha256: token.sha256(),
        created_at: NOW,
        created_by: "os:root".into(),
    };
    assert!(first.add_operator(&dana).unwrap());
    assert!(!first.add_operator(&dana).unwrap(), "one of each name");
    drop(first);
    let second = ledger(&path);
    let usage = second.live().usage(grant.id);
    assert_eq!((usage.sessions, usage.last_at), (3, NOW + 4));
    assert_eq!(second.operators().unwrap(), std::slice::from_ref(&dana));
    assert!(dana.proves(&token));
    assert!(!dana.proves(&second.operator_token().unwrap()));
    assert!(second.remove_operator("dana", "os:root", NOW).unwrap());
    assert!(!second.remove_operator("dana", "os:root", NOW).unwrap());
    assert_eq!(second.operators().unwrap(), []);
    // The name may be somebody else's now.
    let again = second.operator_token().unwrap();
    let other = TokenOperator { id: again.grant(), token_sha256: again.sha256(), ..dana };
    assert!(second.add_operator(&other).unwrap());
}

#[test]
fn a_store_that_cannot_be_used_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pgward.db");
    let open = Sqlite::open(&path).unwrap();
    assert!(matches!(Sqlite::open(&path), Err(StoreError::InUse { .. })));
    drop(open);
    // Dropped: the next one may have it.
    drop(Sqlite::open(&path).unwrap());

    let foreign = folder.path().join("foreign.db");
    Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
    assert!(matches!(Sqlite::open(&foreign), Err(StoreError::Foreign { .. })));
    let text = folder.path().join("text.db");
    std::fs::write(&text, "not a database at all, but long enough to be looked at".repeat(99))
        .unwrap();
    assert!(matches!(Sqlite::open(&text), Err(StoreError::Foreign { .. })));

    let newer = Connection::open(&path).unwrap();
    newer.pragma_update(None, "user_version", 99).unwrap();
    drop(newer);
    assert!(matches!(Sqlite::open(&path), Err(StoreError::Newer { found: 99, .. })));

    let nowhere = folder.path().join("no/such/folder/pgward.db");
    assert!(matches!(Sqlite::open(&nowhere), Err(StoreError::Open { .. })));
}

#[test]
fn a_damaged_store_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pgward.db");
    let ledger = ledger(&path);
    for _ in 0..30 {
        make(&ledger);
    }
    drop(ledger);
    let checkpoint = Connection::open(&path).unwrap();
    checkpoint.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    drop(checkpoint);
    let mut bytes = std::fs::read(&path).unwrap();
    for byte in bytes.iter_mut().skip(4_096) {
        *byte ^= 0x5a;
    }
    std::fs::write(&path, bytes).unwrap();
    let error = Sqlite::open(&path).unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
    assert!(error.remedy().contains("backup"));
}

#[test]
fn history_and_ended_grants_cannot_be_rewritten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pgward.db");
    let ledger = ledger(&path);
    let (grant, _) = make(&ledger);
    let other = Connection::open(&path).unwrap();
    for sql in [
        "DELETE FROM history",
        "UPDATE history SET actor = 'nobody'",
        "DELETE FROM grants",
        "UPDATE grants SET expires_at = expires_at + 1",
        "UPDATE grants SET scopes = '[\"delete:public.*\"]'",
    ] {
        assert!(other.execute(sql, []).is_err(), "{sql}");
    }
    ledger.end(grant.id, State::Revoked, "revoked", "os:root", NOW).unwrap();
    let revive = "UPDATE grants SET ended_state = NULL, ended_at = NULL, ended_because = NULL";
    assert!(other.execute(revive, []).is_err());
}

#[test]
fn an_end_that_could_not_be_written_holds_and_is_written_later() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pgward.db");
    let ledger = ledger(&path);
    let (grant, _) = make(&ledger);
    let other = Connection::open(&path).unwrap();
    let block =
        "CREATE TRIGGER block BEFORE INSERT ON history BEGIN SELECT raise(ABORT, 'full'); END";
    other.execute_batch(block).unwrap();
    assert!(ledger.end(grant.id, State::Revoked, "revoked", "os:root", NOW).is_err());
    assert_eq!(ledger.live().by_id(grant.id).unwrap().state_at(NOW), State::Revoked);
    assert!(!ledger.is_settled(NOW));
    assert!(ledger.settle(NOW).is_err());
    other.execute_batch("DROP TRIGGER block").unwrap();
    ledger.settle(NOW).unwrap();
    assert!(ledger.is_settled(NOW));
    assert_eq!(ledger.find(grant.id).unwrap().unwrap().state_at(NOW), State::Revoked);
}

#[test]
fn what_a_call_returned_is_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let store = Sqlite::open(&folder.path().join("pgward.db")).unwrap();
    let pragma = |name: &'static str| {
        store.run(move |connection| {
            connection.pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0))
        })
    };
    use rusqlite::types::Value;
    // Which is written with less, and leaves the rest as it was.
    let usage = Usage { sessions: 1, last_at: NOW };
    store.note_usage(&[(crate::base::GrantId::from_random(1), usage)]).unwrap();
    assert_eq!(pragma("journal_mode").unwrap(), Value::Text("wal".into()));
    assert_eq!(pragma("synchronous").unwrap(), Value::Integer(2));
    assert_eq!(pragma("trusted_schema").unwrap(), Value::Integer(0));
}

#[test]
fn ends_need_no_room_on_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pgward.db");
    let ledger = ledger(&path);
    let grants: Vec<_> = (0..300).map(|_| make(&ledger).0).collect();
    let sizes = || {
        ["", "-wal"]
            .map(|suffix| std::fs::metadata(format!("{}{suffix}", path.display())).unwrap().len())
    };
    let before = sizes();
    for grant in grants {
        let because = format!("revoked by os:root: {}", "suspicious ".repeat(20));
        ledger.end(grant.id, State::Revoked, &because, "os:root", NOW).unwrap();
    }
    assert_eq!(sizes(), before);
}
