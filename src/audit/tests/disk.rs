//! What happens on disk: failing, healing, torn, rotated, moved.

use std::fs::File;
use std::io::IoSliceMut;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;
use std::thread;
use std::time::Duration;

use rustix::io::{Errno, ReadWriteFlags, preadv2};

use super::super::stream::WAITING_BYTES_MAX;
use super::super::{AdminStream, Record};
use super::*;

fn sequence(records: &[Value], stream: &str) -> Vec<u64> {
    let of_stream = records.iter().filter(|record| record["stream"] == stream);
    of_stream.map(|record| record["seq"].as_u64().unwrap()).collect()
}

#[test]
fn directory_and_file_are_the_owners_alone() {
    let directory = tempfile::tempdir().unwrap();
    let log = open(directory.path());
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(log.directory()), 0o700);
    assert_eq!(mode(&live(directory.path())), 0o600);
    assert!(log.free_bytes().unwrap() > 0);
}

#[test]
fn what_cannot_be_opened_is_named() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("audit"), "").unwrap();
    let error = Log::open(&config(directory.path())).unwrap_err();
    assert_eq!(error.path, directory.path().join("audit"));
}

#[test]
fn rollback_forgets_what_was_not_written() {
    let directory = tempfile::tempdir().unwrap();
    let mut stream = Stream::new(open(directory.path()), "w0");
    let session = session();
    stream.add(&session, &done(1), at(0));
    let before = stream.mark();
    stream.add(&session, &Event::Decision(decision(2, b"SELECT 2")), at(0));
    stream.rollback(before);
    stream.add(&session, &Event::Decision(decision(3, b"SELECT 3")), at(0));
    stream.commit().unwrap();
    assert!(!stream.is_waiting());
    // A mark from before a commit changes nothing.
    stream.add(&session, &done(3), at(0));
    stream.rollback(before);
    stream.commit().unwrap();
    assert_eq!(stream.records_written(), 3);
    let records = records(directory.path());
    assert_eq!(sequence(&records, "w0"), [1, 2, 3]);
    assert_eq!(records[1]["statement_id"], 3);
}

#[test]
fn it_is_known_since_when_something_waits() {
    let directory = tempfile::tempdir().unwrap();
    let mut stream = Stream::new(open(directory.path()), "w0");
    let (session, empty) = (session(), stream.mark());
    assert_eq!(stream.waiting_since(), None);
    stream.add(&session, &done(1), at(1));
    let first = stream.mark();
    stream.add(&session, &done(2), at(2));
    stream.rollback(first);
    assert_eq!(stream.waiting_since(), Some(at(1).boot));
    stream.rollback(empty);
    assert_eq!(stream.waiting_since(), None);
    stream.add(&session, &done(3), at(3));
    assert_eq!(stream.waiting_since(), Some(at(3).boot));
    stream.commit().unwrap();
    assert_eq!(stream.waiting_since(), None);
}

#[test]
fn what_waits_is_written_when_the_stream_ends() {
    let directory = tempfile::tempdir().unwrap();
    let mut stream = Stream::new(open(directory.path()), "w0");
    stream.add(&session(), &done(1), at(0));
    drop(stream);
    assert_eq!(records(directory.path()).len(), 1);
}

#[test]
fn a_full_disk_refuses_and_heals() {
    let directory = tempfile::tempdir().unwrap();
    let log = open(directory.path());
    let mut stream = Stream::new(Arc::clone(&log), "w0");
    write(&mut stream, 1, at(0)).unwrap();
    std::fs::rename(live(directory.path()), directory.path().join("kept")).unwrap();
    symlink("/dev/full", live(directory.path())).unwrap();
    // The end of a running statement waits; a decision is taken back by the caller.
    stream.add(&session(), &done(1), at(2));
    let mark = stream.mark();
    let error = write(&mut stream, 2, at(2)).unwrap_err();
    assert_eq!(error.0.kind(), std::io::ErrorKind::StorageFull);
    stream.rollback(mark);
    let admin = AdminStream::new(log);
    let read = Record::AuditRead { actor: "os:root", detail: "" };
    assert!(admin.record(&read, at(2)).is_err());
    let kill =
        Record::SessionKill { actor: "os:root", session: SessionId::from_random(7), grant: None };
    assert!(admin.record_soon(&kill, at(2)).is_err());
    // Space again, by whichever file the path names now.
    std::fs::remove_file(live(directory.path())).unwrap();
    std::fs::rename(directory.path().join("kept"), live(directory.path())).unwrap();
    write(&mut stream, 3, at(4)).unwrap();
    admin.record(&read, at(4)).unwrap();
    let records = records(directory.path());
    assert_eq!(sequence(&records, "w0"), [1, 2, 3]);
    assert_eq!(sequence(&records, "admin"), [1, 2]);
    assert_eq!(records[3]["event"], "session.kill");
    assert_eq!(records[1]["event"], "statement.done");
    assert_eq!(records[2]["statement_id"], 3);
}

#[test]
fn what_waits_too_long_is_counted_on_record() {
    let directory = tempfile::tempdir().unwrap();
    let log = open(directory.path());
    let mut stream = Stream::new(log, "w0");
    std::fs::remove_file(live(directory.path())).unwrap();
    symlink("/dev/full", live(directory.path())).unwrap();
    let session = session();
    let each = 300;
    let count = WAITING_BYTES_MAX as u64 / each + 1_000;
    for statement in 0..count {
        stream.add(&session, &done(statement), at(0));
    }
    assert!(stream.commit().is_err());
    std::fs::remove_file(live(directory.path())).unwrap();
    stream.add(&session, &done(count), at(5));
    stream.commit().unwrap();
    let records = records(directory.path());
    let gap = records.last().unwrap();
    assert_eq!(gap["event"], "audit.gap");
    let lost: u64 = gap["detail"].as_str().unwrap().split(' ').next().unwrap().parse().unwrap();
    assert!(lost > 0);
    assert_eq!(records.len() as u64 - 1 + lost, count + 1);
    let expected: Vec<_> = (1..=records.len() as u64).collect();
    assert_eq!(sequence(&records, "w0"), expected);
}

#[test]
fn a_file_that_was_moved_is_made_again_and_a_directory_is_not() {
    let directory = tempfile::tempdir().unwrap();
    let mut stream = Stream::new(open(directory.path()), "w0");
    write(&mut stream, 1, at(0)).unwrap();
    let moved = directory.path().join("moved");
    std::fs::rename(live(directory.path()), &moved).unwrap();
    write(&mut stream, 2, at(2)).unwrap();
    assert_eq!(records(directory.path()).len(), 1);
    std::fs::rename(directory.path().join("audit"), directory.path().join("gone")).unwrap();
    let mark = stream.mark();
    assert!(write(&mut stream, 3, at(4)).is_err());
    stream.rollback(mark);
    std::fs::rename(directory.path().join("gone"), directory.path().join("audit")).unwrap();
    write(&mut stream, 4, at(5)).unwrap();
    assert_eq!(sequence(&records(directory.path()), "w0"), [2, 3]);
}

#[test]
fn a_torn_tail_spoils_no_other_record() {
    let directory = tempfile::tempdir().unwrap();
    write(&mut Stream::new(open(directory.path()), "w0"), 1, at(0)).unwrap();
    let whole = text(directory.path());
    let torn = format!("{whole}{}", &whole[..40]);
    std::fs::write(live(directory.path()), &torn).unwrap();
    let mut stream = Stream::new(open(directory.path()), "w0");
    write(&mut stream, 2, at(1)).unwrap();
    write(&mut stream, 3, at(1)).unwrap();
    assert!(text(directory.path()).starts_with(&format!("{torn}\n")));
    let mut statements = Vec::new();
    let passed = super::super::read::all(&directory.path().join("audit"), |line| {
        statements.push(line.record["statement_id"].as_u64().unwrap());
        Ok(())
    });
    assert_eq!(passed.unwrap().torn, 1);
    assert_eq!(statements, [1, 2, 3]);
}

/// Run by the test below in a process whose files may not grow beyond 2,048 bytes.
#[test]
fn in_a_process_with_a_file_size_limit() {
    let Some(directory) = std::env::var_os("PGWARD_TEST_LIMITED") else { return };
    let directory = Path::new(&directory);
    let mut stream = Stream::new(open(directory), "w0");
    let mut written = 0;
    for statement in 1..20 {
        let mark = stream.mark();
        match write(&mut stream, statement, at(0)) {
            Ok(()) => written += 1,
            Err(_) => stream.rollback(mark),
        }
    }
    assert!((1..19).contains(&written), "{written}");
    std::fs::write(directory.join("written"), written.to_string()).unwrap();
}

#[test]
fn a_write_that_was_cut_short_is_taken_back() {
    let directory = tempfile::tempdir().unwrap();
    let test = "audit::tests::disk::in_a_process_with_a_file_size_limit";
    // With SIGXFSZ ignored the kernel writes what fits, then fails with EFBIG.
    let script = "ulimit -f 4; trap '' XFSZ; exec \"$0\" --exact \"$1\" --nocapture";
    let output = Command::new("sh")
        .args(["-c", script])
        .arg(std::env::current_exe().unwrap())
        .arg(test)
        .env("PGWARD_TEST_LIMITED", directory.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let written: usize =
        std::fs::read_to_string(directory.path().join("written")).unwrap().parse().unwrap();
    let text = text(directory.path());
    assert!(text.ends_with("}\n"), "{text}");
    assert_eq!(text.lines().count(), written);
    let expected: Vec<_> = (1..=written as u64).collect();
    assert_eq!(sequence(&records(directory.path()), "w0"), expected);
}

#[test]
fn rotation_under_four_threads_loses_nothing() {
    const EACH: u64 = 500;
    for sync in [AuditSync::Write, AuditSync::Fsync] {
        let directory = tempfile::tempdir().unwrap();
        let count = if sync == AuditSync::Fsync { 50 } else { EACH };
        let config = Audit { rotate_bytes: Some(20_000), sync, ..config(directory.path()) };
        let log = Arc::new(Log::open(&config).unwrap());
        thread::scope(|scope| {
            for number in 0..4 {
                let mut stream = Stream::new(Arc::clone(&log), &format!("w{number}"));
                scope.spawn(move || {
                    for statement in 1..=count {
                        write(&mut stream, statement, at(statement)).unwrap();
                    }
                });
            }
        });
        let records = records(directory.path());
        for number in 0..4 {
            let expected: Vec<_> = (1..=count).collect();
            assert_eq!(sequence(&records, &format!("w{number}")), expected);
        }
        let rotated = super::super::archive::rotated(log.directory()).unwrap();
        assert!(rotated.len() > 3, "{rotated:?}");
        for file in rotated {
            assert!(std::fs::metadata(file.path).unwrap().len() <= 20_000);
        }
    }
}

#[test]
fn rotation_counts_on_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let config = Audit { rotate_bytes: Some(1), ..config(directory.path()) };
    for _ in 0..2 {
        let mut stream = Stream::new(Arc::new(Log::open(&config).unwrap()), "w0");
        write(&mut stream, 1, at(0)).unwrap();
        write(&mut stream, 2, at(0)).unwrap();
    }
    let rotated = super::super::archive::rotated(&config.directory).unwrap();
    let numbers: Vec<_> = rotated.iter().map(|file| file.number).collect();
    assert_eq!(numbers, [1, 2, 3]);
    let name = rotated[0].path.file_name().unwrap();
    assert_eq!(name, "audit-20261120T110304Z-000001.jsonl");
    assert_eq!(sequence(&records(directory.path()), "w0"), [1, 2, 1, 2]);
}

#[test]
fn what_is_on_disk_leaves_the_page_cache() {
    let directory = tempfile::tempdir().unwrap();
    let log = open(directory.path());
    let file = File::open(live(directory.path())).unwrap();
    // tmpfs (tmpfs.h) has no disk behind it.
    if rustix::fs::fstatfs(&file).unwrap().f_type == 0x0102_1994 {
        return;
    }
    let mut lines = vec![b'x'; 64 * 1024];
    lines[64 * 1024 - 1] = b'\n';
    let mut appended = 0;
    loop {
        log.append(&lines, at(0)).unwrap();
        appended += 1;
        let mut byte = [0];
        match preadv2(&file, &mut [IoSliceMut::new(&mut byte)], 0, ReadWriteFlags::NOWAIT) {
            Ok(1) => assert!(appended < 2_000, "it stays"),
            // It would have to be read from the disk, or nobody can tell here.
            Err(Errno::AGAIN | Errno::OPNOTSUPP) => break,
            other => panic!("{other:?}"),
        }
        thread::sleep(Duration::from_millis(5));
    }
    assert!(text(directory.path()).lines().all(|line| line.len() == 64 * 1024 - 1));
}
