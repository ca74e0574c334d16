//! `pgward audit search` beside `grep` on the same files: a made-up day of records, what is looked
//! for, how much is found and how long it takes. Run with
//! `cargo bench --bench search [-- RECORDS]`; a million by default.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measurement fails by panicking, prints, and lives by the clock"
)]

use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use pgward::audit::search::{self, Decided, Filter, Found, Sink};
use pgward::audit::{Log, SessionContext, SessionFacts, Stream};
use pgward::base::{GrantId, Moment, Refusal, SessionId, sqlstate};
use pgward::config::{Audit, AuditParameters, AuditSync};
use pgward::session::Event;
use pgward::session::event::{Decision, Done, Outcome, Via};

const TABLES: [&str; 8] =
    ["orders", "customers", "invoices", "items", "payments", "refunds", "stock", "carts"];
/// Grants, each with one session.
const GRANTS: u64 = 500;
/// 2026-11-20T11:03:04Z
const WALL: i64 = 1_795_172_584_000_000;

/// Statements of many sessions, one in fifty refused; two records for each that is not.
fn generate(directory: &Path, records: u64) {
    let config = Audit {
        directory: directory.to_owned(),
        sync: AuditSync::Write,
        parameters: AuditParameters::Full,
        rotate_bytes: Some(256 << 20),
    };
    let mut stream = Stream::new(Arc::new(Log::open(&config).unwrap()), "w0");
    let sessions: Vec<SessionContext> = (0..GRANTS).map(session).collect();
    let refusal = Refusal::error("write_without_scope", sqlstate::SYNTAX_ERROR, "pgward: refused")
        .detail("rule write_without_scope; reason \"INC-4211\"; expires 03:42 UTC (27 min)");
    let mut statement = 0_u64;
    let mut written = 0;
    while written < records {
        statement += 1;
        let micros = statement * 40_000;
        let now = Moment { boot: micros, wall: WALL + i64::try_from(micros).unwrap() };
        let place = statement.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
        let context = &sessions[usize::try_from(place % GRANTS).unwrap()];
        // A rare table, for a search that finds little.
        let rare = statement.is_multiple_of(10_007);
        let table = if rare { "vault" } else { TABLES[usize::try_from(place % 8).unwrap()] };
        let refused = statement.is_multiple_of(50);
        let query = format!(
            "SELECT o.id, o.note, c.name FROM public.{table} o JOIN public.customers c ON c.id = \
             o.customer_id WHERE o.id = {place} AND o.created_at > now() - interval '1 day' \
             ORDER BY o.created_at DESC LIMIT 100"
        );
        let objects = [format!("public.{table}"), "public.customers".to_owned()];
        let decision = Decision {
            statement,
            parse: None,
            transaction: statement,
            via: Via::Query,
            operation: if refused { "UPDATE" } else { "SELECT" },
            objects: &objects,
            query: query.as_bytes(),
            query_hash: &[(place & 0xff) as u8; 32],
            redacted: None,
            parameters: None,
            refusal: refused.then_some(&refusal),
            rule: "read",
        };
        stream.add(context, &Event::Decision(decision), now);
        written += 1;
        if !refused {
            let done = Done {
                statement,
                outcome: Outcome::Completed,
                rows_returned: Some(place % 101),
                rows_affected: None,
                bytes_out: place,
                duration_us: place % 50_000,
                sqlstate: None,
                error: None,
            };
            stream.add(context, &Event::Done(done), now);
            written += 1;
        }
        if statement.is_multiple_of(64) {
            stream.commit().unwrap();
        }
    }
    stream.commit().unwrap();
}

fn session(number: u64) -> SessionContext {
    let user = format!("engineer{}", number % 40);
    SessionContext::new(&SessionFacts {
        session: SessionId::from_random(number + 1),
        user: &user,
        grant: GrantId::from_random(number + 1),
        reason: "INC-4211 stuck orders, customer waits",
        ticket: Some("INC-4211"),
        scopes: &[],
        approvers: &[],
        break_glass: false,
        expires_at: WALL + 3_600_000_000,
        auth_method: "scram-sha-256-plus",
        client: Some("192.0.2.7:5000".parse().unwrap()),
        application_name: Some("psql"),
        database: "app",
        server_addr: Some("db1.example.com:5432"),
        db_user: "pgward_reader",
        backend_pid: Some(4242),
    })
}

/// Writes what is found, as the command does with `-o json`.
struct Out {
    out: io::BufWriter<io::Sink>,
    lines: u64,
}

impl Sink for Out {
    fn found(&mut self, found: &Found) -> io::Result<()> {
        self.lines += 1 + u64::from(found.done.is_some());
        writeln!(self.out, "{}", found.line)?;
        found.done.as_ref().map_or(Ok(()), |done| writeln!(self.out, "{done}"))
    }
}

/// The best of three, seconds.
fn timed(mut run: impl FnMut() -> u64) -> (f64, u64) {
    let mut best = (f64::MAX, 0);
    for _ in 0..3 {
        let start = Instant::now();
        let found = run();
        let took = start.elapsed().as_secs_f64();
        if took < best.0 {
            best = (took, found);
        }
    }
    best
}

fn grep(directory: &Path, arguments: &[&str]) -> u64 {
    let mut files: Vec<_> =
        directory.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let child = Command::new("grep")
        .args(arguments)
        .args(files)
        .env("LC_ALL", "C")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = child.wait_with_output().unwrap();
    output.stdout.iter().filter(|byte| **byte == b'\n').count() as u64
}

fn main() {
    let records = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(1_000_000);
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let start = Instant::now();
    generate(directory, records);
    let bytes: u64 =
        directory.read_dir().unwrap().map(|e| e.unwrap().metadata().unwrap().len()).sum();
    let mib = bytes >> 20;
    println!("{records} records, {mib} MiB, written in {:.1} s", start.elapsed().as_secs_f64());
    let grant = GrantId::from_random(7);
    let pattern = format!("\"grant_id\":\"{grant}\"");
    let all = Filter::default;
    let some = |text: &str| Some(text.to_owned());
    let cases: [(&str, Filter, &[&str]); 7] = [
        ("--grant", Filter { grant: Some(grant), ..all() }, &["-hF", &pattern]),
        ("--table vault", Filter { table: some("vault"), ..all() }, &["-hF", "vault\""]),
        ("--table orders", Filter { table: some("orders"), ..all() }, &["-hF", "orders\""]),
        (
            "--decision refused",
            Filter { decision: Some(Decided::Refused), ..all() },
            &["-hF", "\"decision\":\"refused\""],
        ),
        ("--text VAULT", Filter { text: some("VAULT"), ..all() }, &["-hiF", "VAULT"]),
        (
            "--rows-over 99",
            Filter { rows_over: Some(99), ..all() },
            &["-hE", "rows_returned\":1[0-9]{2}"],
        ),
        ("(everything)", all(), &["-h", ""]),
    ];
    println!("{:<20} {:>9} {:>10} {:>12} {:>10}", "", "pgward, s", "lines", "grep, s", "lines");
    for (name, filter, arguments) in cases {
        let (ours, found) = timed(|| {
            let mut out = Out { out: io::BufWriter::new(io::sink()), lines: 0 };
            search::run(directory, &filter, &mut out).unwrap();
            out.lines
        });
        let (theirs, lines) = timed(|| grep(directory, arguments));
        println!("{name:<20} {ours:>9.2} {found:>10} {theirs:>12.2} {lines:>10}");
    }
}
