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
    let Made { grant, token } =
        ledger.make(&wish(), Rules::new(&config()), "os:root", NOW).unwrap();
    (ledger.keep(grant).unwrap(), token)
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
fn what_is_due_is_told_and_what_is_old_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pgward.db");
    let first = ledger(&path);
    let (grant, _) = make(&first);
    assert!(first.due(NOW + HOUR - 1).is_empty());
    assert_eq!(first.due(NOW + HOUR), [Arc::clone(&grant)]);
    first.end(grant.id, State::Expired, "expired", "pgward", NOW + HOUR).unwrap();
    assert!(first.due(NOW + 2 * HOUR).is_empty());
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
        let Made { grant, .. } =
            ledger.make(&wish(), Rules::new(&config()), "os:root", NOW).unwrap();
        let id = grant.id;
        let other = Arc::clone(&ledger);
        let revoking = std::thread::spawn(move || {
            while other.end(id, State::Revoked, "revoked", "os:root", NOW).unwrap().is_none() {
                std::hint::spin_loop();
            }
        });
        ledger.keep(grant).unwrap();
        revoking.join().unwrap();
        assert_eq!(ledger.live().by_id(id).unwrap().state_at(NOW), State::Revoked);
        assert_eq!(ledger.find(id).unwrap().unwrap().state_at(NOW), State::Revoked);
    }
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
    assert!(ledger.settle(NOW).is_err());
    other.execute_batch("DROP TRIGGER block").unwrap();
    ledger.settle(NOW).unwrap();
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
    assert_eq!(pragma("journal_mode").unwrap(), Value::Text("wal".into()));
    assert_eq!(pragma("synchronous").unwrap(), Value::Integer(2));
    assert_eq!(pragma("trusted_schema").unwrap(), Value::Integer(0));
}
