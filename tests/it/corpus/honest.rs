//! Reads are never in the way: the files of `tests/honest_corpus`, and what tools send
//! (`tests/corpus/honest`), answered through pgward as they are directly, message by message.

use std::path::PathBuf;

use super::file;
use super::on_every_server;
use crate::support::gate::{Gate, Grant, Options};
use crate::support::message::{self as m, Message};
use crate::support::on_each_server;
use crate::support::pg::{Pg, run};
use crate::support::wire::{PROTOCOL_3_0, Wire};

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

/// The same role, past pgward.
pub(crate) fn direct(pg: &Pg, database: &str, settings: &[(&str, &str)]) -> Wire {
    let mut wire = Wire::open(pg.port());
    let mut startup = vec![("user", "reader"), ("database", database)];
    startup.extend(settings);
    wire.login(PROTOCOL_3_0, &startup, crate::support::pg::PASSWORD).unwrap();
    wire
}

/// Sends bytes, and gives every message up to ReadyForQuery.
pub(crate) fn ask(wire: &mut Wire, bytes: &[u8]) -> Vec<Message> {
    wire.send(bytes);
    let mut messages = Vec::new();
    while let Some(message) = wire.read() {
        let last = message.tag == b'Z';
        messages.push(message);
        if last {
            break;
        }
    }
    messages
}

/// A session through pgward, and one past it that began with the same settings.
fn both(pg: &Pg, gate: &Gate, grant: &Grant) -> (Wire, Wire) {
    let mut through = gate.session(grant);
    let ours = "SELECT name, setting FROM pg_settings WHERE source = 'client' AND name <> 'client_encoding'";
    let rows = through.query(ours).rows;
    let settings: Vec<(String, String)> = rows
        .into_iter()
        .map(|row| (row[0].clone().unwrap(), row[1].clone().unwrap_or_default()))
        .collect();
    let settings: Vec<(&str, &str)> =
        settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let past = direct(pg, &gate.database, &settings);
    (through, past)
}

/// Without what may differ: the server reports settings when it likes, and pgward says when it
/// puts a timeout at its cap.
fn comparable(messages: Vec<Message>) -> Vec<Message> {
    let differs = |message: &Message| match message.tag {
        b'S' => true,
        b'N' => message.fields().message().starts_with("pgward: "),
        _ => false,
    };
    messages.into_iter().filter(|message| !differs(message)).collect()
}

/// What is not there is an error of pgward's before it is one of the server's.
fn unknown_to_both(got: &[Message], expected: &[Message]) -> bool {
    let error = |of: &[Message]| of.iter().find(|m| m.tag == b'E').map(Message::fields);
    let ours = error(got).is_some_and(|e| ["42P01", "26000"].contains(&e.code()));
    ours && error(expected).is_some()
}

/// Both answers to the same bytes; a reason why they differ. `tools`: texts of many sessions in a
/// row, so a block that failed is ended.
fn compared(
    (through, past): &mut (Wire, Wire),
    what: &str,
    bytes: &[u8],
    tools: bool,
) -> Option<String> {
    let got = comparable(ask(through, bytes));
    let expected = comparable(ask(past, bytes));
    let failed = |of: &[Message]| of.last().is_some_and(|m| m.body == b"E");
    if tools && (failed(&got) || failed(&expected)) {
        // So that what follows is more than an aborted block.
        let end = m::query("ROLLBACK");
        let _ = (ask(through, &end), ask(past, &end));
    }
    if got == expected || unknown_to_both(&got, &expected) {
        return None;
    }
    // What differs from itself, or tells of the sessions that there are, is compared by its kind.
    let kinds = |of: &[Message]| {
        let mut tags: Vec<u8> = of.iter().map(|message| message.tag).collect();
        tags.dedup();
        tags
    };
    let of_sessions = bytes.windows(16).any(|part| part == b"pg_stat_activity");
    let unsteady = of_sessions || expected != comparable(ask(past, bytes));
    if unsteady && kinds(&got) == kinds(&expected) {
        return None;
    }
    Some(format!("{what}\n  direct  {expected:?}\n  through {got:?}"))
}

/// A text as it can be compared: what has parameters is only described.
fn bytes_of(text: &str) -> Vec<u8> {
    if text.contains("$1") && !text.to_ascii_uppercase().contains("PREPARE") {
        let parse = m::parse("", text, &[]);
        return [parse, m::describe(b'S', ""), m::sync()].concat();
    }
    m::query(text)
}

/// As a driver sends it.
fn extended(text: &str) -> Vec<u8> {
    let parse = m::parse("", text, &[]);
    [parse, m::bind("", "", &[]), m::describe(b'P', ""), m::execute("", 0), m::sync()].concat()
}

on_every_server! {
    fn honest_reads_are_answered_as_they_are_directly(pg) {
        let database = pg.database();
        run(&mut pg.admin(&database), include_str!("../../honest_corpus/objects.sql"));
        let gate = Gate::before(pg, &database, &Options::default());
        let grant = gate.read_grant();
        let mut sessions = both(pg, &gate, &grant);
        let files = file::all(&folder("honest_corpus"));
        assert!(files.len() > 200, "{}", files.len());
        let mut failures = Vec::new();
        for one in files.iter().filter(|one| one.since <= pg.major) {
            let texts = one.messages.iter().map(|text| String::from_utf8(text.clone()).unwrap());
            for text in texts {
                failures.extend(compared(&mut sessions, &one.name, &bytes_of(&text), false));
                if one.messages.len() == 1 && !text.contains(';') {
                    failures.extend(compared(&mut sessions, &one.name, &extended(&text), false));
                }
            }
            let end = m::query("ROLLBACK");
            failures.extend(compared(&mut sessions, "ROLLBACK", &end, false));
        }
        assert!(failures.is_empty(), "{}:\n{}", failures.len(), failures.join("\n"));
    }
}

on_each_server! {
    fn what_tools_send_is_answered_as_it_is_directly(pg) {
        let database = pg.database();
        run(&mut pg.admin(&database), include_str!("../../honest_corpus/tools.sql"));
        let gate = Gate::before(pg, &database, &Options::default());
        let grant = gate.read_grant();
        let mut failures = Vec::new();
        for tool in ["psql", "pg_dump", "jdbc", "python", "drivers"] {
            let path = folder("corpus/honest").join(format!("{tool}.sql"));
            let texts = std::fs::read_to_string(path).unwrap();
            let mut sessions = both(pg, &gate, &grant);
            for text in texts.split("\n;;") {
                let what = format!("{tool}: {}", text.trim());
                failures.extend(compared(&mut sessions, &what, &bytes_of(text), true));
            }
        }
        assert!(failures.is_empty(), "{}:\n{}", failures.len(), failures.join("\n"));
    }
}
