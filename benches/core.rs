//! What one statement costs inside the process, without sockets: frame walk, both readers, the
//! judge in its three cases, the audit record, and a whole step of the session core.
//!
//! `cargo bench --bench core`; a name as argument picks some. Bars are in docs/performance.md.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a benchmark"
)]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use pgward::audit::{Log, SessionContext, SessionFacts, Stream};
use pgward::base::{GrantId, Moment, SessionId};
use pgward::policy::catalogue::{Catalogue, Snapshot};
use pgward::policy::judge::{Case, JudgeSettings, JudgeSource};
use pgward::policy::terms::Caps;
use pgward::policy::{Judge, RowCaps, Terms};
use pgward::session::{Event, Recorder, Session, Start, Turn};
use pgward::wire::{Head, head};

/// 57 bytes, as pgbench -S sends it.
const POINT: &str = "SELECT abalance FROM pgbench_accounts WHERE aid = 1234567;";

/// Twenty lines of what a dashboard sends.
const ANALYTICS: &str = "\
WITH monthly AS (
    SELECT date_trunc('month', o.created_at) AS month, c.region, o.customer_id,
           sum(o.total) AS total, count(*) AS orders
    FROM public.orders AS o
    JOIN public.customers AS c ON c.id = o.customer_id
    WHERE o.created_at >= now() - interval '1 year' AND o.status IN ('paid', 'shipped')
    GROUP BY 1, 2, 3
), ranked AS (
    SELECT m.*, rank() OVER (PARTITION BY m.month, m.region ORDER BY m.total DESC) AS place,
           sum(m.total) OVER (PARTITION BY m.region ORDER BY m.month) AS running
    FROM monthly AS m
)
SELECT r.month, r.region, r.customer_id, c.name, r.total, r.orders, r.place,
       round(100.0 * r.total / nullif(sum(r.total) OVER (PARTITION BY r.month), 0), 2) AS share,
       coalesce(r.running, 0) AS running
FROM ranked AS r
LEFT JOIN public.customers AS c ON c.id = r.customer_id
WHERE r.place <= 10 AND EXISTS (SELECT 1 FROM public.payments AS p WHERE p.customer_id = c.id)
ORDER BY r.month DESC, r.region, r.place
LIMIT 500";

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

fn judge() -> Judge {
    let snapshot = Snapshot { major: 15, ..Snapshot::default() };
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

fn case<'a>(text: &'a str, terms: &'a Terms) -> Case<'a> {
    Case { text: text.as_bytes(), parameter_types: &[], terms, utf8: true, wall: 1_000_000 }
}

/// A text with literals that no cache has seen, in a buffer that is written over.
struct Fresh {
    text: String,
    number: u64,
}

impl Fresh {
    fn next(&mut self) -> &str {
        use std::fmt::Write as _;
        self.number += 1;
        self.text.clear();
        let number = self.number;
        write!(self.text, "SELECT abalance FROM pgbench_accounts WHERE aid = {number:08};")
            .unwrap();
        &self.text
    }
}

fn frames(criterion: &mut Criterion) {
    let row = [&b"D\0\0\0\x68"[..], &[7; 100]].concat();
    let rows = row.repeat(600);
    criterion.bench_function("frame walk, per 600 rows of 105 bytes", |bencher| {
        bencher.iter(|| {
            let (mut at, mut count) = (0, 0);
            while let Some(rest) = rows.get(at..)
                && let Head::Frame { body, .. } = head(black_box(rest))
            {
                at += 5 + body;
                count += 1;
            }
            count
        });
    });
}

fn readers(criterion: &mut Criterion) {
    let limits = pgward::sql::Limits::default();
    for (name, text) in [("point select", POINT), ("analytics, 20 lines", ANALYTICS)] {
        criterion.bench_function(&format!("read by PostgreSQL's grammar: {name}"), |bencher| {
            bencher.iter(|| pgward::sql::read(black_box(text.as_bytes()), true, &limits).unwrap());
        });
        let facts = pgward::sql::read(text.as_bytes(), true, &limits).unwrap();
        criterion.bench_function(&format!("vote of sqlparser: {name}"), |bencher| {
            bencher.iter(|| pgward::sql::veto(black_box(text.as_bytes()), true, &facts).unwrap());
        });
        let mut out = Vec::new();
        criterion.bench_function(&format!("token shape: {name}"), |bencher| {
            bencher.iter(|| {
                out.clear();
                pgward::sql::shape(black_box(text.as_bytes()), &mut out)
            });
        });
    }
}

fn judging(criterion: &mut Criterion) {
    let terms = terms();
    let mut judge = judge();
    criterion.bench_function("judge: repeated text", |bencher| {
        bencher.iter(|| judge.judge(&case(black_box(POINT), &terms)).unwrap());
    });
    let mut fresh = Fresh { text: String::new(), number: 0 };
    criterion.bench_function("judge: new literals in a known shape", |bencher| {
        bencher.iter(|| judge.judge(&case(fresh.next(), &terms)).unwrap());
    });
    for (name, text) in [("point select", POINT), ("analytics, 20 lines", ANALYTICS)] {
        criterion.bench_function(&format!("judge: unknown shape: {name}"), |bencher| {
            bencher.iter_batched_ref(
                self::judge,
                |judge| judge.judge(&case(text, &terms)).unwrap(),
                criterion::BatchSize::SmallInput,
            );
        });
    }
}

struct IntoStream<'a>(&'a mut Stream, &'a SessionContext);

impl Recorder for IntoStream<'_> {
    fn record(&mut self, event: &Event<'_>) {
        self.0.add(self.1, event, Moment { boot: 1, wall: 1_763_640_000_000_000 });
    }
}

fn context() -> SessionContext {
    SessionContext::new(&SessionFacts {
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
    })
}

fn steps(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let config = pgward::config::Audit {
        directory: folder.path().to_owned(),
        sync: pgward::config::AuditSync::Write,
        parameters: pgward::config::AuditParameters::Full,
        rotate_bytes: None,
    };
    let log = Arc::new(Log::open(&config).unwrap());
    let mut stream = Stream::new(log, "w0");
    let context = context();
    let mut judge = judge();
    let start = Start { terms: terms(), nonce: 7, parameters: &[] };
    let mut session = Session::new(&start);
    let mut turn = Turn::default();
    let now = Moment { boot: 1, wall: 1_763_640_000_000_000 };
    let mut query = Vec::new();
    pgward::wire::write::query(&mut query, POINT);
    let answer = b"T\0\0\0\x06\0\0D\0\0\0\x0b\0\x01\0\0\0\x01\x30C\0\0\0\x0dSELECT 1\0Z\0\0\0\x05I";
    criterion.bench_function("core step: Query, records and reply", |bencher| {
        bencher.iter(|| {
            let mark = stream.mark();
            let mut recorder = IntoStream(&mut stream, &context);
            turn.clear();
            session.client_bytes(black_box(&query), now, &mut judge, &mut recorder, &mut turn);
            turn.clear();
            session.upstream_bytes(black_box(answer), now, &mut recorder, &mut turn);
            stream.rollback(mark);
        });
    });
}

criterion_group!(core, frames, readers, judging, steps);
criterion_main!(core);
