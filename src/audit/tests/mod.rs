//! The audit as a whole: what lines hold, and that none is lost, split or forged.

mod disk;
mod lines;
mod reading;
mod searching;

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use super::{Log, SessionContext, SessionFacts, Stream};
use crate::base::{GrantId, Moment, SessionId};
use crate::config::{Audit, AuditParameters, AuditSync};
use crate::session::event::{Decision, Outcome, Via};
use crate::session::{Event, event::Done};

/// 2026-11-20T11:03:04.120000Z
const WALL: i64 = 1_795_172_584_120_000;

fn config(directory: &Path) -> Audit {
    Audit {
        directory: directory.join("audit"),
        sync: AuditSync::Write,
        parameters: AuditParameters::Full,
        rotate_bytes: None,
    }
}

fn open(directory: &Path) -> Arc<Log> {
    Arc::new(Log::open(&config(directory)).unwrap())
}

fn at(seconds: u64) -> Moment {
    let micros = seconds * 1_000_000;
    Moment { boot: micros, wall: WALL + i64::try_from(micros).unwrap() }
}

fn facts() -> SessionFacts<'static> {
    SessionFacts {
        session: SessionId::from_random(7),
        user: "alice",
        grant: GrantId::from_random(9),
        reason: "INC-4211 stuck orders",
        ticket: Some("INC-4211"),
        scopes: &[],
        approvers: &[],
        break_glass: false,
        expires_at: WALL,
        auth_method: "scram-sha-256",
        client: Some("[::ffff:192.0.2.7]:5000".parse().unwrap()),
        application_name: Some("psql"),
        database: "app",
        server_addr: Some("db1:5432"),
        db_user: "pgward_reader",
        backend_pid: Some(4242),
    }
}

fn session() -> SessionContext {
    SessionContext::new(&facts())
}

fn decision(statement: u64, query: &[u8]) -> Decision<'_> {
    Decision {
        statement,
        parse: None,
        transaction: 1,
        via: Via::Query,
        operation: "SELECT",
        objects: &[],
        query,
        query_hash: &[0xab; 32],
        redacted: None,
        parameters: None,
        refusal: None,
        rule: "read",
    }
}

fn done(statement: u64) -> Event<'static> {
    Event::Done(Done {
        statement,
        outcome: Outcome::Completed,
        rows_returned: Some(1),
        rows_affected: None,
        bytes_out: 12,
        duration_us: 345,
        sqlstate: None,
        error: None,
    })
}

fn write(stream: &mut Stream, statement: u64, now: Moment) -> Result<(), super::Unwritable> {
    stream.add(&session(), &Event::Decision(decision(statement, b"SELECT 1")), now);
    stream.commit()
}

fn live(directory: &Path) -> std::path::PathBuf {
    directory.join("audit").join("audit.jsonl")
}

fn text(directory: &Path) -> String {
    std::fs::read_to_string(live(directory)).unwrap()
}

/// The last records.
fn tail(
    directory: &Path,
    count: u64,
    each: impl FnMut(&super::read::Line<'_>) -> std::io::Result<()>,
) -> std::io::Result<(super::read::Passed, super::read::Follower)> {
    super::read::stand(directory)?.tail(count, &|| Ok(()), each)
}

fn records(directory: &Path) -> Vec<Value> {
    let mut records = Vec::new();
    super::read::all(&directory.join("audit"), |line| {
        records.push(line.record.clone());
        Ok(())
    })
    .unwrap();
    records
}
