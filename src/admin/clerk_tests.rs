use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use super::*;
use crate::admin::caller::Caller;
use crate::admin::forms::{ExtendWish, SessionView};
use crate::admin::givable::Upstreams;
use crate::admin::listing::ListWish;
use crate::admin::sessions::Later;
use crate::audit::Unwritable;
use crate::catalog::scope_roles::Givable;
use crate::grants::Sqlite;

#[path = "clerk_races.rs"]
mod races;

const HOUR: i64 = 3_600_000_000;

thread_local! {
    static NOW: AtomicI64 = const { AtomicI64::new(1_800_000_000_000_000) };
}

fn now() -> i64 {
    NOW.with(|now| now.load(Ordering::Relaxed))
}

/// Every act in the order in which it was done.
type Acts = Arc<Mutex<Vec<String>>>;

#[derive(Debug)]
struct Floor {
    acts: Acts,
    sessions: Vec<SessionView>,
    /// What happens directly after somebody has looked.
    then: Mutex<Option<fn(&Ledger)>>,
    ledger: Arc<Ledger>,
}

impl Sessions for Floor {
    fn list(&self) -> Later<'_, Vec<SessionView>> {
        let sessions = self.sessions.clone();
        if let Some(then) = self.then.lock().unwrap().take() {
            then(&self.ledger);
        }
        Box::pin(async { sessions })
    }

    fn end_grant(&self, id: GrantId, cause: Cause) -> Later<'_, Report> {
        self.acts.lock().unwrap().push(format!("end {cause:?}"));
        let sessions_ended = self.sessions.iter().filter(|one| one.grant_id == id).count();
        let report =
            Report { sessions_ended, statements_cancelled: sessions_ended, still_ending: 0 };
        Box::pin(async move { report })
    }

    fn extend_grant(&self, id: GrantId, _: i64) -> usize {
        self.acts.lock().unwrap().push(format!("extend {id}"));
        0
    }

    fn end_session(&self, id: SessionId, cause: Cause) -> Later<'_, Report> {
        self.acts.lock().unwrap().push(format!("end {cause:?}"));
        let sessions_ended = self.sessions.iter().filter(|one| one.id == id).count();
        Box::pin(async move { Report { sessions_ended, ..Report::default() } })
    }
}

#[derive(Debug)]
struct Book {
    acts: Acts,
    full: AtomicBool,
    /// Its disk takes nothing, and says nothing either.
    stuck: AtomicBool,
    given: Mutex<Givable>,
    /// A grant that gets another scope while the database is asked.
    meanwhile: Mutex<Option<(Arc<Ledger>, GrantId)>>,
}

impl Upstreams for Book {
    fn can_give<'a>(&'a self, _: &'a str, _: &'a [Scope]) -> Later<'a, Givable> {
        if let Some((ledger, id)) = self.meanwhile.lock().unwrap().take() {
            let step = |grant: &Grant| -> Result<_, WishError> {
                let mut grant = grant.clone();
                grant.scopes.extend(Scope::parse_list("insert:public.other").unwrap());
                grant.life.revision += 1;
                Ok(grants::Changed { grant, events: Vec::new() })
            };
            ledger.change(id, "os:root", now(), step, |_| Ok(())).unwrap();
        }
        Box::pin(async { self.given.lock().unwrap().clone() })
    }
}

impl Record for Book {
    fn before(&self, event: &AdminEvent<'_>) -> Result<(), Unwritable> {
        if self.full.load(Ordering::Relaxed) {
            return Err(Unwritable(std::io::ErrorKind::StorageFull.into()));
        }
        self.soon(event)
    }

    fn soon(&self, event: &AdminEvent<'_>) -> Result<(), Unwritable> {
        for _ in 0..3_000 {
            if !self.stuck.load(Ordering::Relaxed) {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        let AdminEvent { event, actor, detail, .. } = event;
        self.acts.lock().unwrap().push(format!("{event} by {actor}: {}", detail.unwrap_or("-")));
        if self.full.load(Ordering::Relaxed) {
            return Err(Unwritable(std::io::ErrorKind::StorageFull.into()));
        }
        Ok(())
    }
}

struct Bench {
    clerk: Arc<Clerk>,
    book: Arc<Book>,
    acts: Acts,
    floor: Arc<Floor>,
    _folder: tempfile::TempDir,
}

fn bench(sessions: impl FnOnce(&Ledger) -> Vec<SessionView>) -> Bench {
    bench_with("", sessions)
}

fn bench_with(more: &str, sessions: impl FnOnce(&Ledger) -> Vec<SessionView>) -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let text =
        "[databases.app]\nhost = \"h\"\nreader = { user = \"r\" }\nwriter = { user = \"w\" }\n";
    let text = format!("{text}{more}");
    let config = crate::config::parse("t", &text, Path::new("/"), &|_| None).config;
    let store = Sqlite::open(&folder.path().join("pgward.db")).unwrap();
    let ledger = Arc::new(Ledger::open(Box::new(store), now()).unwrap());
    let acts = Acts::default();
    let sessions = sessions(&ledger);
    let book = Arc::new(Book {
        acts: Arc::clone(&acts),
        full: AtomicBool::default(),
        stuck: AtomicBool::default(),
        given: Mutex::new(Givable::Yes),
        meanwhile: Mutex::default(),
    });
    let floor = Arc::new(Floor {
        acts: Arc::clone(&acts),
        sessions,
        then: Mutex::default(),
        ledger: Arc::clone(&ledger),
    });
    let clerk = Arc::new(Clerk {
        config: Arc::new(ArcSwap::from_pointee(config)),
        ledger,
        sessions: Arc::clone(&floor) as Arc<dyn Sessions>,
        catalogues: Arc::new(crate::catalog::Catalogues::new(Arc::new(
            crate::policy::JudgeSettings::new(&[], &[], true).unwrap(),
        ))),
        upstreams: Arc::clone(&book) as Arc<dyn Upstreams>,
        record: Arc::clone(&book) as Arc<dyn Record>,
        clock: now,
        busy: Mutex::default(),
        readings: Readings::default(),
    });
    Bench { clerk, book, acts, floor, _folder: folder }
}

fn root() -> Caller {
    Caller::new("os:root", &crate::config::Right::ALL)
}

fn wish(user: &str) -> Wish {
    Wish {
        user: user.into(),
        database: "app".into(),
        reason: "INC-4211 stuck orders".into(),
        ..Wish::default()
    }
}

fn session(number: u64, grant_id: GrantId) -> SessionView {
    SessionView {
        id: SessionId::from_random(number),
        grant_id,
        user: "alice".into(),
        database: "app".into(),
        client_addr: "127.0.0.1:1".into(),
        backend_pid: Some(1),
        state: "active".into(),
        started_at: String::new(),
        expires_at: String::new(),
        active_at: String::new(),
        last_statement: Some("UPDATE t SET a = 1".into()),
        rows_returned: 0,
    }
}

/// A grant that is in the store before the clerk comes.
fn known(ledger: &Ledger) -> GrantId {
    let text = "[databases.app]\nhost = \"h\"\nreader = { user = \"r\" }";
    let config = crate::config::parse("t", text, Path::new("/"), &|_| None).config;
    let allowed = Rules::new(&config).allow(&wish("alice"), now()).unwrap();
    let made = ledger.make(&wish("alice"), allowed, "os:root", now()).unwrap();
    ledger.keep(made.grant, "grant.created").unwrap().id
}

#[tokio::test]
async fn a_grant_is_made_shown_and_listed_without_its_token() {
    let Bench { clerk, acts, .. } = bench(|_| Vec::new());
    let created = clerk.create(wish("alice"), &root()).await.unwrap();
    assert_eq!(
        created.psql,
        format!("psql \"host=127.0.0.1 port=6432 dbname=app user={}\"", created.id)
    );
    assert_eq!(created.pgpass, format!("127.0.0.1:6432:app:{}:{}", created.id, created.token));
    assert_eq!(created.jdbc, format!("jdbc:postgresql://127.0.0.1:6432/app?user={}", created.id));
    assert!(created.token.starts_with("pgw_"));
    let shown = clerk.show(created.id, &root()).await.unwrap();
    assert_eq!((shown.state.as_str(), shown.created_by.as_str()), ("active", "os:root"));
    let listed = clerk.list(&ListWish::default(), &root()).await.unwrap();
    assert_eq!(listed.len(), 1);
    for view in [shown, listed[0].clone()] {
        assert!(!serde_json::to_string(&view).unwrap().contains(&created.token));
    }
    assert_eq!(*acts.lock().unwrap(), ["grant.created by os:root: -"]);
    assert!(matches!(
        clerk.show(GrantId::from_random(1), &root()).await,
        Err(ClerkError::NoGrant(_))
    ));
}

#[tokio::test]
async fn without_a_record_there_is_no_grant() {
    let Bench { clerk, book, .. } = bench(|_| Vec::new());
    book.full.store(true, Ordering::Relaxed);
    let error = clerk.create(wish("alice"), &root()).await.unwrap_err();
    assert!(matches!(error, ClerkError::Unrecorded(_)), "{error:?}");
    assert!(clerk.ledger.all().unwrap().is_empty());
    assert!(clerk.ledger.live().by_login("alice").is_empty());
}

#[tokio::test]
async fn revoking_is_recorded_before_sessions_end_and_happens_once() {
    let Bench { clerk, acts, .. } = bench(|ledger| {
        let id = known(ledger);
        vec![session(1, id), session(2, id), session(3, GrantId::from_random(3))]
    });
    let id = clerk.ledger.live().all()[0].id;
    let revoked = clerk.revoke(id, Some("suspicious"), "os:root").await.unwrap();
    assert_eq!((revoked.state.as_str(), revoked.sessions_ended), ("revoked", 2));
    assert!(revoked.summary.starts_with("2 sessions ended, 2 UPDATE rolled back, "));
    assert_eq!(revoked.warning, None);
    let because = "revoked by os:root: suspicious";
    let expected = [
        format!("grant.revoked by os:root: {because}"),
        format!("end Ended {{ how: \"revoked\", because: \"{because}\" }}"),
    ];
    assert_eq!(*acts.lock().unwrap(), expected);
    let shown = clerk.show(id, &root()).await.unwrap();
    assert_eq!(shown.ended_because.as_deref(), Some(because));
    let again = clerk.revoke(id, None, "os:bob").await.unwrap();
    assert_eq!(again.state, "revoked");
    // No second record; what it ended for stays.
    assert_eq!(acts.lock().unwrap().len(), 3);
    assert_eq!(clerk.show(id, &root()).await.unwrap().ended_because.as_deref(), Some(because));
    let bad = clerk.revoke(id, Some("two\nlines"), "os:root").await;
    assert!(matches!(bad, Err(ClerkError::Reason)));
}

#[tokio::test]
async fn revoking_does_not_wait_for_a_full_disk() {
    let Bench { clerk, book, .. } = bench(|ledger| vec![session(1, known(ledger))]);
    book.full.store(true, Ordering::Relaxed);
    let id = clerk.ledger.live().all()[0].id;
    let revoked = clerk.revoke(id, None, "os:root").await.unwrap();
    assert_eq!((revoked.state.as_str(), revoked.sessions_ended), ("revoked", 1));
    assert!(revoked.warning.unwrap().contains("as soon as it can be"));
}

#[tokio::test]
async fn many_are_revoked_at_once() {
    let Bench { clerk, .. } = bench(|ledger| vec![session(1, known(ledger))]);
    clerk.create(wish("alice"), &root()).await.unwrap();
    let bob = clerk.create(wish("bob"), &root()).await.unwrap();
    let which = Which::User("alice".into());
    let revoked = clerk.revoke_many(&which, None, "os:root").await.unwrap();
    assert_eq!((revoked.grants.len(), revoked.sessions_ended), (2, 1));
    assert_eq!(clerk.show(bob.id, &root()).await.unwrap().state, "active");
    let rest = clerk.revoke_many(&Which::Database("app".into()), None, "os:root").await.unwrap();
    assert_eq!((rest.grants.len(), rest.grants[0].id), (1, bob.id));
    assert_eq!(clerk.revoke_many(&Which::All, None, "os:root").await.unwrap().grants.len(), 0);
}

#[tokio::test]
async fn what_runs_out_of_time_is_swept_once() {
    let Bench { clerk, acts, .. } = bench(|_| Vec::new());
    let created = clerk.create(wish("alice"), &root()).await.unwrap();
    clerk.sweep().await;
    assert_eq!(acts.lock().unwrap().len(), 1);
    NOW.with(|now| now.fetch_add(HOUR, Ordering::Relaxed));
    assert_eq!(clerk.show(created.id, &root()).await.unwrap().state, "expired");
    clerk.sweep().await;
    clerk.sweep().await;
    NOW.with(|now| now.fetch_sub(HOUR, Ordering::Relaxed));
    let acts = acts.lock().unwrap().clone();
    assert_eq!(acts.len(), 3, "{acts:?}");
    assert!(acts[1].starts_with("grant.expired by pgward: expired at 2027-01-15T09:00:00Z"));
    assert_eq!(acts[2], "end Expired");
    // Setting the clock back doesn't revive it.
    assert_eq!(clerk.show(created.id, &root()).await.unwrap().state, "expired");
}

#[tokio::test]
async fn one_session_is_killed_and_its_grant_stays() {
    let Bench { clerk, acts, .. } = bench(|ledger| vec![session(1, known(ledger))]);
    let killed = clerk.kill(SessionId::from_random(1), Some("too slow"), "os:root").await.unwrap();
    assert_eq!(killed.sessions_ended, 1);
    let because = "ended by os:root: too slow";
    let expected =
        [format!("session.kill by os:root: {because}"), format!("end Killed(\"{because}\")")];
    assert_eq!(*acts.lock().unwrap(), expected);
    assert_eq!(clerk.list(&ListWish::default(), &root()).await.unwrap()[0].state, "active");
    let none = clerk.kill(SessionId::from_random(9), None, "os:root").await;
    assert!(matches!(none, Err(ClerkError::NoSession(_))));
}

#[tokio::test]
async fn requests_of_one_person_do_not_pile_up() {
    use crate::config::Right;
    let Bench { clerk, .. } = bench(|_| Vec::new());
    let alice = Caller::new("op:alice", &[Right::Request]);
    let mine = || Wish { user: String::new(), ..wish("alice") };
    let first = clerk.request(mine(), &alice).await.unwrap().grant;
    assert_eq!((first.user.as_str(), first.state.as_str()), ("alice", "pending"));
    for _ in 1..20 {
        clerk.request(mine(), &alice).await.unwrap();
    }
    let error = clerk.request(mine(), &alice).await.unwrap_err();
    assert!(error.to_string().contains("20 requests that wait"), "{error}");
    // Others may ask, and so may she when one is answered or withdrawn.
    let bob = Caller::new("op:bob", &[Right::Request]);
    clerk.request(Wish { user: String::new(), ..wish("bob") }, &bob).await.unwrap();
    clerk.release(first.id, None, &alice).await.unwrap();
    clerk.request(mine(), &alice).await.unwrap();
}

/// The sentence of a refusal, and what it says to do.
fn refusal<T: std::fmt::Debug>(result: Result<T, ClerkError>) -> (String, String) {
    match result.unwrap_err() {
        ClerkError::Wish(WishError { what, hint }) => (what, hint),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn nobody_lets_themselves_in_whom_others_could_answer() {
    use crate::config::Right;
    let named = "[admin]\noperators = { dana = [\"approve\"], erin = [\"administer\"] }";
    let Bench { clerk, .. } = bench_with(named, |_| Vec::new());
    let erin = Caller::new("os:erin", &[Right::Administer]);
    for caller in [&root(), &erin, &Caller::new("op:erin", &[Right::Administer])] {
        // For others at once: who made it is on record.
        clerk.create(wish("alice"), caller).await.unwrap();
        let (what, hint) = refusal(clerk.create(wish(caller.name()), caller).await);
        assert!(what.contains("can't let themselves in"), "{what}");
        let command = "pgward grant request --database app --reason \"INC-4211 stuck orders\"";
        assert!(hint.starts_with(&format!("ask for it: {command}; os:dana")), "{hint}");
    }
    // What the hint says works, and leads to who may approve.
    let asked = clerk.request(wish("erin"), &erin).await.unwrap();
    assert_eq!(asked.grant.state, "pending");
    assert!(asked.summary.contains(&format!("grant approve {} --revision 1", asked.grant.id)));
    // A grant of one's own that somebody else has made isn't prolonged by oneself either.
    let own = clerk.create(wish("erin"), &root()).await.unwrap();
    let longer = crate::admin::forms::ExtendWish { ttl: Some("2h".into()), ..Default::default() };
    let extended = clerk.extend(own.id, longer.clone(), &erin).await.unwrap();
    assert!(extended.summary.contains("waits for an approval"), "{}", extended.summary);
    let extended = clerk.extend(own.id, longer, &root()).await.unwrap();
    assert!(extended.summary.contains("ends in"), "{}", extended.summary);
    // Nor is emergency access, by who took it.
    let glass = Wish { ttl: Some("1m".into()), ..wish("bob") };
    let taken = clerk.break_glass(glass, &Caller::new("os:erin", &Right::ALL)).await.unwrap();
    let longer = crate::admin::forms::ExtendWish { ttl: Some("9m".into()), ..Default::default() };
    let extended = clerk.extend(taken.id, longer, &erin).await.unwrap();
    assert!(extended.summary.contains("waits for an approval"), "{}", extended.summary);
    // Where the policy asks nobody, nobody is asked.
    let free = format!("[policy]\napprovals = {{ read = 0, write = 1, ddl = 1 }}\n{named}");
    let Bench { clerk, .. } = bench_with(&free, |_| Vec::new());
    clerk.create(wish("erin"), &erin).await.unwrap();
    let write = Wish { scopes: vec!["update:public.t".into()], ..wish("erin") };
    assert!(refusal(clerk.create(write, &erin).await).1.contains("pgward grant request"));
}

#[tokio::test]
async fn who_runs_the_server_alone_is_sent_to_nobody() {
    use crate::config::Right;
    let Bench { clerk, .. } = bench(|_| Vec::new());
    let own = clerk.create(wish("root"), &root()).await.unwrap();
    let longer = crate::admin::forms::ExtendWish { ttl: Some("2h".into()), ..Default::default() };
    let extended = clerk.extend(own.id, longer, &root()).await.unwrap();
    assert!(extended.summary.contains("ends in"), "{}", extended.summary);
    // Nobody could answer: the hint is the command that does it.
    for user in ["root", "alice"] {
        let (what, hint) = refusal(clerk.request(wish(user), &root()).await);
        assert!(what.contains("nobody else may approve"), "{what}");
        let command = format!(
            "pgward grant create --user {user} --database app --reason \"INC-4211 stuck orders\""
        );
        assert!(hint.contains(&command), "{hint}");
    }
    // Only the owner is alone: whom they let administer can ask them.
    let erin = Caller::new("op:erin", &[Right::Administer]);
    let (_, hint) = refusal(clerk.create(wish("erin"), &erin).await);
    assert!(hint.contains("pgward grant request") && hint.contains("os:root may"), "{hint}");
    // More approvals than there are people who could give them.
    let two = "[policy]\napprovals = { read = 9 }";
    let Bench { clerk, .. } = bench_with(two, |_| Vec::new());
    for result in [
        clerk.create(wish("alice"), &root()).await.map(drop),
        clerk.request(wish("alice"), &root()).await.map(drop),
    ] {
        let (what, hint) = refusal(result);
        assert!(what.contains("needs 9 approvals"), "{what}");
        assert!(hint.contains("admin") && hint.contains("policy.approvals"), "{hint}");
    }
    let alice = Caller::new("os:alice", &[Right::Request]);
    let asked = clerk.request(wish("alice"), &alice).await.unwrap();
    assert!(asked.summary.contains("too few who may approve it"), "{}", asked.summary);
}

#[tokio::test]
async fn nothing_is_given_that_the_database_does_not_give() {
    let Bench { clerk, book, acts, .. } = bench(|_| Vec::new());
    let caller = root();
    let reads = clerk.create(wish("alice"), &caller).await.unwrap();
    let writes = || Wish { scopes: vec!["ddl:public".into()], ..wish("alice") };
    let more = || ExtendWish { scopes: vec!["ddl:public".into()], ..ExtendWish::default() };
    let time = || ExtendWish { ttl: Some("90m".into()), ..ExtendWish::default() };
    let before = acts.lock().unwrap().len();
    *book.given.lock().unwrap() = Givable::No {
        why: "scope ddl:public runs as the schema's owner".into(),
        remedy: Some("as a DBA, in database app: SQL;".into()),
    };
    for refused in [
        clerk.create(writes(), &caller).await.unwrap_err(),
        clerk.break_glass(writes(), &caller).await.unwrap_err(),
        clerk.extend(reads.id, more(), &caller).await.unwrap_err(),
    ] {
        let ClerkError::NotGiven { what, detail, hint } = refused else { panic!("{refused:?}") };
        assert_eq!(what, "nothing was done: database \"app\" cannot give ddl:public");
        assert_eq!(detail, "the server says: scope ddl:public runs as the schema's owner");
        assert_eq!(hint, "leave out ddl:public; or as a DBA, in database app: SQL;");
    }
    assert_eq!(acts.lock().unwrap().len(), before);
    // Reading and time are not the database's to refuse.
    clerk.create(wish("bob"), &caller).await.unwrap();
    clerk.extend(reads.id, time(), &caller).await.unwrap();
    // Who can't be asked holds up nothing that is new, and takes nothing away.
    *book.given.lock().unwrap() = Givable::Unasked("it is down".into());
    let made = clerk.create(writes(), &caller).await.unwrap();
    assert!(made.warning.unwrap().contains("was not asked"));
    assert!(clerk.break_glass(writes(), &caller).await.unwrap().warning.is_some());
    let refused = clerk.extend(reads.id, more(), &caller).await.unwrap_err();
    assert!(matches!(refused, ClerkError::Unasked { .. }), "{refused:?}");
    *book.given.lock().unwrap() = Givable::Yes;
    clerk.extend(reads.id, more(), &caller).await.unwrap();
    // What it was asked about is what is given, whatever else happens meanwhile.
    let other = clerk.create(wish("carol"), &caller).await.unwrap();
    *book.meanwhile.lock().unwrap() = Some((Arc::clone(&clerk.ledger), other.id));
    let refused = clerk.extend(other.id, more(), &caller).await.unwrap_err();
    assert!(refused.to_string().contains("was changed at this moment"), "{refused}");
    let shown = clerk.show(other.id, &caller).await.unwrap();
    assert_eq!(shown.scopes, ["insert:public.other"]);
    clerk.extend(other.id, more(), &caller).await.unwrap();
}
