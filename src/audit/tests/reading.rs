//! Reading back.

use super::super::read;
use super::*;

fn rotating(directory: &Path) -> Arc<Log> {
    // Two records of about 650 bytes to a file.
    Arc::new(Log::open(&Audit { rotate_bytes: Some(1_500), ..config(directory) }).unwrap())
}

fn statements(lines: &[Value]) -> Vec<u64> {
    lines.iter().map(|record| record["statement_id"].as_u64().unwrap()).collect()
}

#[test]
fn the_last_records_reach_into_rotated_files() {
    let directory = tempfile::tempdir().unwrap();
    let mut stream = Stream::new(rotating(directory.path()), "w0");
    for statement in 1..=9 {
        write(&mut stream, statement, at(statement)).unwrap();
    }
    for count in [0, 1, 2, 3, 5, 9, 20_u64] {
        let mut seen = Vec::new();
        tail(&directory.path().join("audit"), count, |line| {
            seen.push(line.record.clone());
            Ok(())
        })
        .unwrap();
        let expected: Vec<_> = (1..=9).filter(|n| n + count > 9).collect();
        assert_eq!(statements(&seen), expected, "last {count}");
    }
}

#[test]
fn following_misses_nothing_across_rotations() {
    let directory = tempfile::tempdir().unwrap();
    let mut stream = Stream::new(rotating(directory.path()), "w0");
    write(&mut stream, 1, at(0)).unwrap();
    let mut seen = Vec::new();
    let mut take = |line: &read::Line<'_>| {
        seen.push(line.record.clone());
        Ok(())
    };
    let (_, mut follower) = tail(&directory.path().join("audit"), 10, &mut take).unwrap();
    let mut next = 2;
    // 0 to 7 records between two looks: several rotations at once, too.
    for batch in (0..8).chain([0, 7, 1, 3]) {
        for _ in 0..batch {
            write(&mut stream, next, at(next)).unwrap();
            next += 1;
        }
        follower.read(&mut take).unwrap();
    }
    assert_eq!(statements(&seen), (1..next).collect::<Vec<_>>());
}

#[test]
fn a_line_is_followed_when_it_is_whole() {
    let directory = tempfile::tempdir().unwrap();
    let log = open(directory.path());
    let mut seen = 0;
    let path = live(directory.path());
    let (_, mut follower) = tail(log.directory(), 10, |_| Ok(())).unwrap();
    for (text, expected) in [("{\"v\":1", 0), ("}\n{\"v\":1}\n{", 2), ("}\n", 3)] {
        let mut content = std::fs::read(&path).unwrap();
        content.extend_from_slice(text.as_bytes());
        std::fs::write(&path, content).unwrap();
        follower
            .read(|_| {
                seen += 1;
                Ok(())
            })
            .unwrap();
        assert_eq!(seen, expected);
    }
}

#[test]
fn what_is_no_record_is_counted() {
    let directory = tempfile::tempdir().unwrap();
    let audit = directory.path().join("audit");
    std::fs::create_dir(&audit).unwrap();
    let lines: &[u8] =
        b"{\"v\":1}\nhello\n\n[1]\n{\"v\":\n{\"v\":\xff}\n{\"v\":}\n{\"v\":2}\n{\"v\":3";
    std::fs::write(audit.join("audit.jsonl"), lines).unwrap();
    let passed = read::all(&audit, |_| Ok(())).unwrap();
    assert_eq!(passed, read::Passed { records: 2, torn: 6 });
    assert!(read::all(&directory.path().join("none"), |_| Ok(())).is_err());
}
