//! The judge in its three cases, the audit record, and whole steps of the session core.

use std::hint::black_box;
use std::sync::Arc;

use pgward::audit::{Log, SessionContext, SessionFacts, Stream};
use pgward::base::{GrantId, Moment, SessionId};
use pgward::config::{Audit, AuditParameters, AuditSync};
use pgward::policy::catalogue::{Catalogue, Relation, Snapshot};
use pgward::policy::judge::{Case, JudgeSettings, JudgeSource, Verdict};
use pgward::policy::terms::Caps;
use pgward::policy::{Judge, RowCaps, Terms};
use pgward::session::event::{Decision, Via};
use pgward::session::{Event, Recorder, Session, Start, Turn};

use super::texts::{ANALYTICS, Fresh, POINT, POINT_NAMED};

const NOW: Moment = Moment { boot: 1, wall: 1_763_640_000_000_000 };

/// What a server answers to the point select: RowDescription (its body is not looked at),
/// DataRow, CommandComplete, ReadyForQuery.
const ANSWER: &[u8] =
    b"T\0\0\0\x06\0\0D\0\0\0\x0b\0\x01\0\0\0\x01\x30C\0\0\0\x0dSELECT 1\0Z\0\0\0\x05I";

/// What it answers to Bind, Execute, Sync.
const PREPARED_ANSWER: &[u8] =
    b"2\0\0\0\x04D\0\0\0\x0b\0\x01\0\0\0\x01\x30C\0\0\0\x0dSELECT 1\0Z\0\0\0\x05I";

#[derive(Debug)]
struct Upstream {
    catalogue: Arc<Catalogue>,
    settings: Arc<JudgeSettings>,
}

impl JudgeSource for Upstream {
    fn epoch(&self) -> u64 {
        1
    }

    fn catalogue(&self, _: &str) -> Arc<Catalogue> {
        Arc::clone(&self.catalogue)
    }

    fn settings(&self) -> Arc<JudgeSettings> {
        Arc::clone(&self.settings)
    }
}

/// A judge of a database with the tables that the texts name, among three hundred others.
fn judge() -> Judge {
    let named = ["pgbench_accounts", "orders", "customers", "payments"].map(str::to_owned);
    let others = (0..300).map(|number| format!("table_{number}"));
    let relation = |name: String| Relation {
        schema: "public".into(),
        name: name.into(),
        kind: 'r',
        rules: false,
    };
    let snapshot = Snapshot {
        major: 15,
        relations: named.into_iter().chain(others).map(relation).collect(),
        schemas: vec!["public".into()],
        ..Snapshot::default()
    };
    let settings = JudgeSettings::new(&[], &[], true).unwrap();
    let source =
        Upstream { catalogue: Arc::new(Catalogue::new(snapshot)), settings: Arc::new(settings) };
    Judge::new(Arc::new(source), [7; 16])
}

fn terms() -> Arc<Terms> {
    Arc::new(Terms {
        grant: GrantId::from_random(7),
        user: "alice".into(),
        database: "app".into(),
        reason: "INC-4211 stuck orders".into(),
        ticket: None,
        scopes: Vec::new().into(),
        expires_at: 4_000_000_000_000_000,
        write_path: Vec::new().into(),
        caps: Caps::default(),
        statement_bytes_max: 1 << 20,
        row_caps: RowCaps::default(),
    })
}

fn passes(judge: &mut Judge, text: &[u8], terms: &Terms) {
    let case = Case { text, parameter_types: &[], terms, utf8: true, wall: NOW.wall };
    let judgement = judge.judge(black_box(&case)).unwrap();
    assert!(black_box(&judgement).verdict == Verdict::Pass, "{:?}", judgement.verdict);
}

pub(crate) fn repeated() -> Box<dyn FnMut()> {
    let (mut judge, terms) = (judge(), terms());
    Box::new(move || passes(&mut judge, POINT.as_bytes(), &terms))
}

fn fresh(text: &str) -> Box<dyn FnMut()> {
    let (mut judge, terms, mut fresh) = (judge(), terms(), Fresh::new(text.as_bytes()));
    Box::new(move || passes(&mut judge, fresh.next(), &terms))
}

pub(crate) fn new_literals() -> Box<dyn FnMut()> {
    fresh(POINT)
}

pub(crate) fn unknown_point() -> Box<dyn FnMut()> {
    fresh(POINT_NAMED)
}

pub(crate) fn unknown_analytics() -> Box<dyn FnMut()> {
    fresh(ANALYTICS)
}

/// A stream of a log with the default settings, and the session that its records are of.
/// Nothing is written: the work takes back what it adds.
struct Book {
    stream: Stream,
    context: SessionContext,
    _folder: tempfile::TempDir,
}

impl Book {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = Log::open(&Audit {
            directory: folder.path().to_owned(),
            sync: AuditSync::Write,
            parameters: AuditParameters::Full,
            rotate_bytes: None,
        });
        let context = SessionContext::new(&SessionFacts {
            session: SessionId::from_random(9),
            user: "alice",
            grant: GrantId::from_random(7),
            reason: "INC-4211 stuck orders",
            ticket: None,
            scopes: &[],
            approvers: &[],
            break_glass: false,
            expires_at: 1_763_643_600_000_000,
            auth_method: "scram-sha-256",
            client: Some("127.0.0.1:50000".parse().unwrap()),
            application_name: Some("pgbench"),
            database: "app",
            server_addr: Some("127.0.0.1:5432"),
            db_user: "pgward_reader",
            backend_pid: Some(4711),
        });
        Self { stream: Stream::new(Arc::new(log.unwrap()), "w0"), context, _folder: folder }
    }
}

impl Recorder for Book {
    fn record(&mut self, event: &Event<'_>) {
        self.stream.add(&self.context, event, NOW);
    }
}

pub(crate) fn record() -> Box<dyn FnMut()> {
    let mut book = Book::new();
    let objects = ["pgbench_accounts".to_owned()];
    Box::new(move || {
        let mark = book.stream.mark();
        book.record(black_box(&Event::Decision(Decision {
            statement: 4_711,
            parse: None,
            transaction: 4_711,
            via: Via::Query,
            operation: "SELECT",
            objects: &objects,
            query: &POINT.as_bytes()[..POINT.len() - 1],
            query_hash: &[7; 32],
            redacted: None,
            parameters: None,
            refusal: None,
            rule: "read",
        })));
        black_box(&book.stream);
        book.stream.rollback(mark);
    })
}

/// A session of the core, with all that the shell gives it.
struct Desk {
    judge: Judge,
    session: Session,
    turn: Turn,
    book: Book,
}

impl Desk {
    fn new() -> Self {
        let start = Start { terms: terms(), nonce: 7, utf8: true };
        Self {
            judge: judge(),
            session: Session::new(&start),
            turn: Turn::default(),
            book: Book::new(),
        }
    }

    /// One statement and its reply, with both records.
    fn step(&mut self, request: &[u8], answer: &[u8]) {
        let Self { judge, session, turn, book } = self;
        let mark = book.stream.mark();
        turn.clear();
        session.client_bytes(black_box(request), NOW, judge, book, turn);
        black_box(&turn);
        turn.clear();
        session.upstream_bytes(black_box(answer), NOW, book, turn);
        black_box(&turn);
        book.stream.rollback(mark);
    }
}

/// What a bulk read costs beside its bytes: the upstream's half of a buffer full of rows.
pub(crate) fn rows() -> Box<dyn FnMut()> {
    let (mut desk, query) = (Desk::new(), query());
    let rows = [&b"D\0\0\0\x68"[..], &[7; 100]].concat().repeat(600);
    let Desk { judge, session, turn, book } = &mut desk;
    session.client_bytes(&query, NOW, judge, book, turn);
    Box::new(move || {
        let Desk { session, turn, book, .. } = &mut desk;
        turn.clear();
        assert_eq!(session.upstream_bytes(black_box(&rows), NOW, book, turn), rows.len());
        black_box(&turn);
    })
}

fn query() -> Vec<u8> {
    let mut query = Vec::new();
    pgward::wire::write::query(&mut query, POINT);
    query
}

pub(crate) fn core_repeated() -> Box<dyn FnMut()> {
    let (mut desk, query) = (Desk::new(), query());
    Box::new(move || desk.step(&query, ANSWER))
}

pub(crate) fn core_new_literals() -> Box<dyn FnMut()> {
    let (mut desk, mut query) = (Desk::new(), Fresh::new(&query()));
    Box::new(move || desk.step(query.next(), ANSWER))
}

pub(crate) fn core_prepared() -> Box<dyn FnMut()> {
    let mut desk = Desk::new();
    let mut prepare = Vec::new();
    let text = "SELECT abalance FROM pgbench_accounts WHERE aid = $1;";
    pgward::wire::write::parse(&mut prepare, b"P_0", text, &[]);
    prepare.extend(b"S\0\0\0\x04");
    desk.step(&prepare, b"1\0\0\0\x04Z\0\0\0\x05I");
    // Bind "" to P_0 with one text parameter and text results, Execute, Sync.
    let bind = b"\0P_0\0\0\0\0\x01\0\0\0\x09123456789\0\0";
    let mut request = b"B".to_vec();
    request.extend(u32::try_from(bind.len() + 4).unwrap().to_be_bytes());
    request.extend(bind);
    request.extend(b"E\0\0\0\x09\0\0\0\0\0S\0\0\0\x04");
    let mut request = Fresh::new(&request);
    Box::new(move || desk.step(request.next(), PREPARED_ANSWER))
}
