//! Searching and replaying: what is found, in which files, and what is put to it.

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::super::search::replay::{self, Audience, Whose};
use super::super::search::{self, Decided, Filter, Found, Sink, Summary};
use super::super::{GrantChange, GrantEvent, Record};
use super::*;
use crate::base::{Refusal, sqlstate};
use crate::session::event::Parameters;

#[derive(Default)]
struct Kept(Vec<Found>);

impl Sink for Kept {
    fn found(&mut self, found: &Found) -> io::Result<()> {
        self.0.push(found.clone());
        Ok(())
    }
}

fn search(directory: &Path, filter: &Filter) -> (Vec<Found>, Summary) {
    let mut kept = Kept::default();
    let summary = search::run(&directory.join("audit"), filter, &mut kept).unwrap();
    assert_eq!(summary.found, kept.0.len() as u64);
    (kept.0, summary)
}

/// `3`, and `3+` with its `statement.done`; of other records the event.
fn names(found: &[Found]) -> Vec<String> {
    let name = |found: &Found| {
        let record: Value = serde_json::from_str(&found.line).unwrap();
        let plus = if found.done.is_some() { "+" } else { "" };
        match record["statement_id"].as_u64() {
            Some(id) if record["event"] != "statement.done" => format!("{id}{plus}"),
            _ => record["event"].as_str().unwrap().to_owned(),
        }
    };
    found.iter().map(name).collect()
}

fn ended(statement: u64, rows: Option<u64>, outcome: Outcome) -> Event<'static> {
    let failed = outcome == Outcome::Failed;
    Event::Done(Done {
        statement,
        outcome,
        rows_returned: rows,
        rows_affected: None,
        bytes_out: 1,
        duration_us: 1,
        sqlstate: failed.then_some("22012"),
        error: failed.then_some("division by zero"),
    })
}

/// One session's day: an hour from one statement to the next.
fn a_day(stream: &mut Stream) {
    let session = session();
    let orders = ["public.orders".to_owned()];
    let odd = ["public.we\"ird".to_owned(), "legacy".to_owned()];
    let refusal =
        Refusal::error("write_without_scope", sqlstate::READ_ONLY_SQL_TRANSACTION, "pgward: no")
            .detail("rule write_without_scope");
    let select = |n, query| decision(n, query);
    let update =
        Decision { operation: "UPDATE", objects: &orders, ..decision(2, b"UPDATE Orders") };
    let refused = Decision { refusal: Some(&refusal), ..update };
    let create = Decision {
        operation: "CREATE TABLE",
        objects: &odd,
        rule: "scope",
        ..decision(4, "CREATE TABLE \"ÄRGER\"".as_bytes())
    };
    let at = |hour: u64| at(hour * 3_600);
    stream.add(&session, &Event::Decision(select(1, b"SELECT 1/0")), at(1));
    stream.add(&session, &ended(1, None, Outcome::Failed), at(1));
    stream.add(&session, &Event::Decision(refused), at(2));
    stream.add(&session, &Event::Decision(select(3, b"SELECT '\"decision\":\"refused\"'")), at(3));
    stream.add(&session, &Event::Decision(create), at(4));
    stream.add(&session, &ended(4, None, Outcome::Completed), at(4));
    stream.add(&session, &ended(3, Some(500), Outcome::Completed), at(5));
    // One that never comes to its end.
    stream.add(&session, &Event::Decision(select(6, b"SELECT pg_sleep(9)")), at(6));
    stream.commit().unwrap();
}

#[test]
fn each_filter_finds_its_own() {
    let directory = tempfile::tempdir().unwrap();
    a_day(&mut Stream::new(open(directory.path()), "w0"));
    let some = |text: &str| Some(text.to_owned());
    let hour = |hour: i64| Some(WALL + hour * 3_600_000_000);
    let other = GrantId::from_random(8);
    let all = Filter::default;
    for (filter, expected) in [
        (all(), "1+ 2 3+ 4+ 6"),
        (Filter { grant: Some(GrantId::from_random(9)), ..all() }, "1+ 2 3+ 4+ 6"),
        (Filter { grant: Some(other), ..all() }, ""),
        (Filter { session: Some(SessionId::from_random(7)), ..all() }, "1+ 2 3+ 4+ 6"),
        (Filter { user: some("alice"), ..all() }, "1+ 2 3+ 4+ 6"),
        (Filter { user: some("alic"), ..all() }, ""),
        (Filter { database: some("app"), ..all() }, "1+ 2 3+ 4+ 6"),
        (Filter { since: hour(3), ..all() }, "3+ 4+ 6"),
        (Filter { until: hour(3), ..all() }, "1+ 2"),
        (Filter { since: hour(2), until: hour(4), ..all() }, "2 3+"),
        (Filter { since: hour(5), ..all() }, "statement.done 6"),
        (Filter { table: some("orders"), ..all() }, "2"),
        (Filter { table: some("public.orders"), ..all() }, "2"),
        (Filter { table: some("other.orders"), ..all() }, ""),
        (Filter { table: some("rders"), ..all() }, ""),
        (Filter { table: some("we\"ird"), ..all() }, "4+"),
        (Filter { table: some("any.legacy"), ..all() }, "4+"),
        (Filter { operation: some("update"), ..all() }, "2"),
        (Filter { operation: some("Create"), ..all() }, "4+"),
        (Filter { operation: some("create table"), ..all() }, "4+"),
        (Filter { operation: some("creat"), ..all() }, ""),
        (Filter { decision: Some(Decided::Refused), ..all() }, "2"),
        (Filter { decision: Some(Decided::Allowed), ..all() }, "1+ 3+ 4+ 6"),
        (Filter { rule: some("write_without_scope"), ..all() }, "2"),
        (Filter { rule: some("scope"), ..all() }, "4+"),
        (Filter { text: some("ORDERS"), ..all() }, "2"),
        (Filter { text: some("ärger"), ..all() }, "4+"),
        (Filter { text: some("\"decision\""), ..all() }, "3+"),
        (Filter { text: some("by zero"), ..all() }, "statement.done"),
        (Filter { text: some("stuck"), ..all() }, ""),
        (Filter { rows_over: Some(499), ..all() }, "3+"),
        (Filter { rows_over: Some(500), ..all() }, ""),
        (Filter { errors: true, ..all() }, "1+ 2"),
        (Filter { errors: true, decision: Some(Decided::Allowed), ..all() }, "1+"),
    ] {
        let (found, summary) = search(directory.path(), &filter);
        assert_eq!(names(&found).join(" "), expected, "{filter:?}");
        assert_eq!((summary.missed.torn, summary.unjoined), (0, 0));
    }
}

#[test]
fn parameters_are_searched() {
    let directory = tempfile::tempdir().unwrap();
    let mut stream = Stream::new(open(directory.path()), "w0");
    let mut values = 13_i32.to_be_bytes().to_vec();
    values.extend_from_slice(b"Customer 4711");
    values.extend((-1_i32).to_be_bytes());
    let bind = Decision {
        via: Via::Bind,
        parse: Some(1),
        parameters: Some(Parameters { formats: &[], values: &values }),
        ..decision(2, b"SELECT $1")
    };
    stream.add(&session(), &Event::Decision(bind), at(0));
    stream.commit().unwrap();
    for (text, expected) in [("customer 4711", 1), ("4712", 0)] {
        let filter = Filter { text: Some(text.to_owned()), ..Filter::default() };
        assert_eq!(search(directory.path(), &filter).0.len(), expected, "{text}");
    }
}

#[test]
fn a_grants_records_and_no_others_are_found() {
    let directory = tempfile::tempdir().unwrap();
    let mut stream = Stream::new(open(directory.path()), "w0");
    let other = SessionContext::new(&SessionFacts { grant: GrantId::from_random(8), ..facts() });
    // A statement that quotes another grant's record does not become one of its records.
    let forged = decision(2, b"SELECT '\"grant_id\":\"g_0000000009\"'");
    stream.add(&session(), &Event::Decision(decision(1, b"SELECT 1")), at(0));
    stream.add(&other, &Event::Decision(forged), at(0));
    stream.add(&session(), &done(1), at(0));
    stream.commit().unwrap();
    let filter = Filter { grant: Some(GrantId::from_random(9)), ..Filter::default() };
    assert_eq!(names(&search(directory.path(), &filter).0), ["1+"]);
}

/// Packs each file that was set aside in another way, as its keeper might.
fn pack(directory: &Path) -> usize {
    let mut packed = 0;
    let mut files: Vec<_> = directory.join("audit").read_dir().unwrap().collect();
    files.sort_by_key(|entry| entry.as_ref().unwrap().file_name());
    for entry in files {
        let path = entry.unwrap().path();
        if path.ends_with("audit.jsonl") {
            continue;
        }
        let text = std::fs::read(&path).unwrap();
        let (first, second) = text.split_at(text.len() / 3);
        let ending = ["jsonl.gz", "jsonl.zst", "jsonl"][packed % 3];
        packed += 1;
        let to = path.with_extension(ending);
        match ending {
            // Two members, and two frames, as tools make them that pack in parallel.
            "jsonl.gz" => {
                let mut bytes = Vec::new();
                for part in [first, second] {
                    let mut encoder = GzEncoder::new(&mut bytes, Compression::default());
                    encoder.write_all(part).unwrap();
                    encoder.finish().unwrap();
                }
                std::fs::write(to, bytes).unwrap();
            }
            "jsonl.zst" => {
                let level = ruzstd::encoding::CompressionLevel::Fastest;
                let mut bytes = ruzstd::encoding::compress_to_vec(first, level);
                // A frame to be skipped: magic number, length, content.
                bytes.extend_from_slice(b"\x50\x2a\x4d\x18\x03\x00\x00\x00abc");
                bytes.extend(ruzstd::encoding::compress_to_vec(second, level));
                std::fs::write(to, bytes).unwrap();
            }
            _ => continue,
        }
        std::fs::remove_file(path).unwrap();
    }
    packed
}

fn many_files(directory: &Path, statements: u64) {
    let audit = Audit { rotate_bytes: Some(3_000), ..config(directory) };
    let mut stream = Stream::new(Arc::new(Log::open(&audit).unwrap()), "w0");
    for statement in 1..=statements {
        // A day between two, so that files differ in their time.
        let now = at(statement * 86_400);
        write(&mut stream, statement, now).unwrap();
        stream.add(&session(), &done(statement), now);
    }
}

#[test]
fn compressed_files_are_read_as_they_are() {
    let directory = tempfile::tempdir().unwrap();
    many_files(directory.path(), 60);
    assert!(pack(directory.path()) > 6);
    let expected: Vec<String> = (1..=60).map(|n| format!("{n}+")).collect();
    let (found, summary) = search(directory.path(), &Filter::default());
    assert_eq!(names(&found), expected);
    assert_eq!(summary.missed, search::Missed::default());
    // What is read for the last lines reaches into them, too.
    let mut last = Vec::new();
    tail(&directory.path().join("audit"), 100, |line| {
        last.push(line.record["seq"].as_u64().unwrap());
        Ok(())
    })
    .unwrap();
    assert_eq!(last, (21..=120).collect::<Vec<_>>());
    // A server that starts now goes on counting.
    let names = |directory: &Path| -> Vec<String> {
        let entries = directory.join("audit").read_dir().unwrap();
        entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect()
    };
    let before = names(directory.path()).len();
    many_files(directory.path(), 4);
    assert!(names(directory.path()).len() > before);
    let mut numbers: Vec<String> = names(directory.path())
        .iter()
        .filter_map(|name| name.rsplit_once('-').map(|(_, end)| end[..6].to_owned()))
        .collect();
    numbers.sort();
    let all = numbers.len();
    numbers.dedup();
    assert_eq!(numbers.len(), all, "no number is given twice");
}

#[test]
fn files_of_another_time_are_not_read() {
    let directory = tempfile::tempdir().unwrap();
    many_files(directory.path(), 40);
    let day = |day: i64| Some(WALL + day * 86_400_000_000);
    let (all, nothing_skipped) = search(directory.path(), &Filter::default());
    assert_eq!((all.len(), nothing_skipped.skipped), (40, 0));
    let filter = Filter { since: day(20), until: day(23), ..Filter::default() };
    let (found, summary) = search(directory.path(), &filter);
    assert_eq!(names(&found), ["20+", "21+", "22+"]);
    assert!(summary.skipped > 10, "{summary:?}");
    // Spoiling what is skipped changes nothing.
    std::fs::write(directory.path().join("audit/audit-20260101T000000Z-000000.jsonl.gz"), "no")
        .unwrap();
    let (_, summary) = search(directory.path(), &filter);
    assert!(summary.missed.unreadable.is_empty());
    let (found, summary) = search(directory.path(), &Filter::default());
    assert_eq!((found.len(), summary.missed.unreadable.len()), (40, 1));
}

#[test]
fn what_is_damaged_is_told_and_the_rest_is_found() {
    let directory = tempfile::tempdir().unwrap();
    many_files(directory.path(), 30);
    pack(directory.path());
    let cut = |ending: &str| {
        let found = directory.path().join("audit").read_dir().unwrap().map(|e| e.unwrap().path());
        let path = found.filter(|p| p.extension().is_some_and(|e| e == ending)).min().unwrap();
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() - 20]).unwrap();
    };
    cut("gz");
    cut("zst");
    let mut live = std::fs::read(live(directory.path())).unwrap();
    live.extend_from_slice(b"{\"v\":1,\"time\"\n\nnot ours\n{\"v\":1,}\n\xff\xfe\n{\"v\":");
    std::fs::write(super::live(directory.path()), live).unwrap();
    let (found, summary) = search(directory.path(), &Filter::default());
    assert!(found.len() > 20, "{}", found.len());
    assert_eq!(summary.missed.unreadable.len(), 2, "{summary:?}");
    assert!(summary.missed.torn >= 5, "{summary:?}");
    let nowhere =
        search::run(&directory.path().join("x"), &Filter::default(), &mut Kept::default());
    assert!(nowhere.is_err());
}

#[derive(Default)]
struct Heard(Vec<String>);

impl Audience for Heard {
    fn history(&mut self, found: &Found) -> io::Result<()> {
        self.0.push(names(std::slice::from_ref(found)).remove(0));
        Ok(())
    }

    fn record(&mut self, session: SessionId, found: &Found) -> io::Result<()> {
        let digits = session.digits();
        let (_, last) = digits.split_at(digits.len() - 1);
        self.0.push(format!("{last}:{}", names(std::slice::from_ref(found)).remove(0)));
        Ok(())
    }
}

#[test]
fn a_replay_goes_session_by_session() {
    let directory = tempfile::tempdir().unwrap();
    let log = open(directory.path());
    let mut stream = Stream::new(log, "w0");
    let of =
        |n| SessionContext::new(&SessionFacts { session: SessionId::from_random(n), ..facts() });
    let change = GrantChange {
        event: GrantEvent::Created,
        actor: Some("os:root"),
        grant: GrantId::from_random(9),
        user: "alice",
        reason: "INC-1",
        ticket: None,
        scopes: &[],
        approvers: &[],
        expires_at: Some(WALL),
        break_glass: false,
        database: "app",
        detail: None,
    };
    stream.add_record(&Record::Grant(change), at(0));
    // Three sessions at once, statement by statement; the second never ends.
    for n in 1..=3 {
        stream.add_record(&Record::SessionStart(&of(n)), at(n));
    }
    for statement in 1..=2 {
        for n in 1..=3 {
            let decision = Event::Decision(decision(statement, b"SELECT 1"));
            stream.add(&of(n), &decision, at(statement));
        }
        for n in 1..=3 {
            stream.add(&of(n), &done(statement), at(statement));
        }
    }
    for n in [3, 1] {
        let end = super::super::SessionEnd {
            session: &of(n),
            end_reason: "client_terminated",
            detail: None,
            sqlstate: None,
            duration_us: 1,
            statements: 2,
        };
        stream.add_record(&Record::SessionEnd(end), at(9));
    }
    stream.commit().unwrap();
    let expected = "grant.created 1:session.start 1:1+ 1:2+ 1:session.end \
                    2:session.start 2:1+ 2:2+ 3:session.start 3:1+ 3:2+ 3:session.end";
    let audit = directory.path().join("audit");
    // Also when hardly anything may be held, and each takes a reading of its own.
    for bytes_max in [usize::MAX, 5_000, 0] {
        let mut heard = Heard::default();
        let whose = Whose::Grant(GrantId::from_random(9));
        let missed = replay::bounded(&audit, whose, &mut heard, bytes_max).unwrap();
        assert_eq!(heard.0.join(" "), expected, "{bytes_max}");
        assert_eq!(missed, search::Missed::default());
    }
    let mut heard = Heard::default();
    replay::run(&audit, Whose::Session(SessionId::from_random(3)), &mut heard).unwrap();
    assert_eq!(heard.0.join(" "), "3:session.start 3:1+ 3:2+ 3:session.end");
}

/// Writes as many statements again while it is told of the first, and packs what was set aside.
struct Meanwhile<'d> {
    directory: &'d Path,
    kept: Kept,
    packs: bool,
}

impl Sink for Meanwhile<'_> {
    fn found(&mut self, found: &Found) -> io::Result<()> {
        if self.kept.0.is_empty() {
            many_files(self.directory, 9);
            if self.packs {
                pack(self.directory);
            }
        }
        self.kept.found(found)
    }
}

#[test]
fn what_is_set_aside_or_packed_during_a_search_is_found_all_the_same() {
    for packs in [false, true] {
        let directory = tempfile::tempdir().unwrap();
        many_files(directory.path(), 12);
        let mut sink = Meanwhile { directory: directory.path(), kept: Kept::default(), packs };
        let audit = directory.path().join("audit");
        let summary = search::run(&audit, &Filter::default(), &mut sink).unwrap();
        let expected: Vec<String> = (1..=12).map(|n| format!("{n}+")).collect();
        let mut found = names(&sink.kept.0);
        // The live one of the beginning has one or two of those, before it is set aside.
        found.truncate(12);
        assert_eq!((found, summary.missed), (expected, search::Missed::default()));
    }
    // One that is taken away is told of.
    let directory = tempfile::tempdir().unwrap();
    many_files(directory.path(), 12);
    let files = super::super::archive::files(&directory.path().join("audit")).unwrap();
    std::fs::remove_file(&files[1].path).unwrap();
    let mut missed = search::Missed::default();
    super::super::archive::walk(&files, &mut missed, |_| Ok(())).unwrap();
    assert_eq!(missed.unreadable.len(), 1, "{missed:?}");
    assert!(missed.unreadable[0].contains("taken away"), "{missed:?}");
}
