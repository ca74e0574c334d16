//! `pgward audit search` and `replay` over a record that real sessions have left.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::support::gate::{Gate, Options};
use crate::support::{eventually, pg};

fn found(gate: &Gate, arguments: &[&str]) -> Vec<Value> {
    let arguments = [&["audit", "search", "-o", "json"], arguments].concat();
    let text = gate.cli(&arguments).expect(&arguments.join(" "));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn queries(gate: &Gate, arguments: &[&str]) -> Vec<String> {
    let records = found(gate, arguments);
    records.iter().filter_map(|r| r["query"].as_str()).map(str::to_owned).collect()
}

/// A day's work in small: two grants, three sessions, refusals, failures, many rows.
pub(crate) fn work(gate: &Gate) -> (String, String) {
    let reader = gate.grant(&["--user", "bob", "--reason", "INC-7 look at notes"]);
    let writer = gate.write_grant(&["update:public.orders"]);
    let mut session = gate.session(&reader);
    session.query("SELECT note FROM public.orders WHERE id = 1");
    session.query("SELECT generate_series(1, 500)");
    session.query("DELETE FROM public.orders WHERE id = 2");
    session.query("SELECT 1/0");
    drop(session);
    let mut session = gate.session(&writer);
    session.query("UPDATE public.orders SET note = 'Späti' WHERE id = 3");
    let sql = "SELECT id FROM public.orders WHERE note = $1";
    session.extended(sql, &[Some("customer 4711")]);
    drop(session);
    eventually("both sessions are over", Duration::from_secs(10), || {
        gate.events("session.end").len() == 2
    });
    (reader.id, writer.id)
}

#[test]
fn each_question_has_its_answer() {
    let gate = Gate::new(pg::distribution());
    let (reader, writer) = work(&gate);
    let database = gate.database.clone();
    let delete = "DELETE FROM public.orders WHERE id = 2";
    let update = "UPDATE public.orders SET note = 'Späti' WHERE id = 3";
    let series = "SELECT generate_series(1, 500)";
    let prepared = "SELECT id FROM public.orders WHERE note = $1";
    for (arguments, expected) in [
        (&["--decision", "refused"][..], &[delete][..]),
        (&["--user", "bob", "--table", "orders", "--decision", "refused"], &[delete]),
        (&["--grant", &writer, "--operation", "update"], &[update]),
        (&["--grant", &reader, "--verb", "update"], &[]),
        (&["--text", "späti"], &[update]),
        (&["--text", "CUSTOMER 4711"], &[prepared]),
        (&["--rows-over", "499"], &[series]),
        (&["--errors", "--database", &database], &[delete, "SELECT 1/0"]),
        (&["--errors", "--database", "other"], &[]),
        (&["--rule", "write_without_scope"], &[delete]),
        (&["--since", "1h", "--decision", "refused"], &[delete]),
        (&["--until", "1h"], &[]),
        (&["--since", "2020-01-01", "--until", "2020-01-02"], &[]),
    ] {
        assert_eq!(queries(&gate, arguments), expected, "{arguments:?}");
    }
    // Records come with what came of them, exactly as they stand on file.
    let text = std::fs::read_to_string(gate.path("audit/audit.jsonl")).unwrap();
    let records = found(&gate, &["--grant", &reader]);
    assert!(records.iter().all(|record| record["grant_id"] == reader.as_str()));
    for pair in records.windows(2).filter(|pair| pair[0]["event"] == "statement.allowed") {
        assert_eq!(pair[1]["event"], "statement.done");
        assert_eq!(pair[0]["statement_id"], pair[1]["statement_id"]);
    }
    let raw = gate.cli(&["audit", "search", "-o", "json", "--grant", &reader]).expect("search");
    assert!(raw.lines().all(|line| text.contains(line)));
    let table = gate.cli(&["audit", "search", "--grant", &reader]).expect("table");
    assert!(table.contains("generate_series(1, 500); completed; 500 rows"), "{table}");
    assert!(table.contains("22012 division by zero"), "{table}");
    let none = gate.cli(&["audit", "search", "--user", "nobody"]);
    assert!(none.success && none.stdout.is_empty() && none.stderr.contains("no records match"));
    for wrong in [&["--since", "soon"][..], &["--grant", "alice"], &["--decision", "maybe"]] {
        let output = gate.cli(&[&["audit", "search"], wrong].concat());
        assert_eq!(output.code, Some(2), "{wrong:?}");
    }
    // Who reads is on record.
    let reads = gate.events("audit.read");
    assert!(reads.iter().any(|read| read["detail"] == "audit search --rows-over 499"), "{reads:?}");
}

#[test]
fn a_replay_tells_the_story() {
    let gate = Gate::new(pg::distribution());
    let (reader, writer) = work(&gate);
    let text = gate.cli(&["audit", "replay", &reader]).expect("replay");
    let order = [
        &format!("grant {reader}: bob on {}, read-only", gate.database),
        "reason \"INC-7 look at notes\"",
        "created by os:",
        "session s_",
        "SELECT note FROM public.orders WHERE id = 1",
        "→ completed; 1 row",
        "SELECT generate_series(1, 500)",
        "→ completed; 500 rows",
        "DELETE FROM public.orders WHERE id = 2",
        "REFUSED (write_without_scope, 25006): pgward: DELETE",
        "SELECT 1/0",
        "→ failed;",
        "22012 division by zero",
        "end: client gone; 4 statements",
    ];
    let mut rest = text.as_str();
    for part in order {
        let at = rest.find(part).unwrap_or_else(|| panic!("{part:?} not in its place in {text}"));
        rest = &rest[at + part.len()..];
    }
    let text = gate.cli(&["audit", "replay", &writer]).expect("replay");
    assert!(text.contains("committed"), "{text}");
    assert!(text.contains("with 'customer 4711'"), "{text}");
    let session = &gate.events("session.start")[1]["session_id"];
    let one = gate.cli(&["audit", "replay", session.as_str().unwrap()]).expect("replay");
    assert!(one.contains("Späti") && !one.contains("created by"), "{one}");
    let none = gate.cli(&["audit", "replay", "g_0000000000"]);
    assert!(none.success && none.stderr.contains("no records of g_0000000000"));
    assert_eq!(gate.cli(&["audit", "replay", "alice"]).code, Some(2));
}

#[test]
fn rotated_files_are_read_compressed_or_not() {
    let options = Options { audit: "rotate_bytes = \"64KiB\"".into(), ..Options::default() };
    let gate = Gate::with(pg::distribution(), &options);
    let grant = gate.read_grant();
    let mut session = gate.session(&grant);
    for n in 0..400 {
        session.query(&format!("SELECT {n} /* rotate */"));
    }
    let before = queries(&gate, &["--text", "/* ROTATE */"]);
    assert_eq!(before.len(), 400);
    let mut rotated: Vec<_> = std::fs::read_dir(gate.path("audit"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| !path.ends_with("audit.jsonl"))
        .collect();
    rotated.sort();
    assert!(rotated.len() >= 3, "{rotated:?}");
    assert!(Command::new("gzip").arg(&rotated[0]).status().expect("gzip").success());
    zstd(&rotated[1]);
    assert_eq!(queries(&gate, &["--text", "/* ROTATE */"]), before);
    let replay = gate.cli(&["audit", "replay", &grant.id]).expect("replay");
    assert_eq!(replay.matches("/* rotate */").count(), 400);
    // A damaged archive: the rest is shown, and the command says that it isn't everything.
    let damaged = rotated[0].with_extension("jsonl.gz");
    let bytes = std::fs::read(&damaged).unwrap();
    std::fs::write(&damaged, &bytes[..bytes.len() / 2]).unwrap();
    let output = gate.cli(&["audit", "search", "--text", "/* rotate */", "-o", "json"]);
    assert_eq!(output.code, Some(1));
    assert!(output.stdout.lines().count() > 400, "{}", output.stderr);
    assert!(output.stderr.contains("1 file of the audit log can't be read to the end"));
    assert!(output.stderr.contains("jsonl.gz"), "{}", output.stderr);
    // What is written now is found all the same.
    session.query("SELECT 'after'");
    let output = gate.cli(&["audit", "search", "--text", "SELECT 'after'"]);
    assert_eq!(output.code, Some(1));
    assert!(output.stdout.contains("SELECT 'after'"), "{}", output.stdout);
}

/// As `zstd --rm` does, which not every machine has.
fn zstd(path: &Path) {
    let by_tool = Command::new("zstd").args(["--rm", "-q"]).arg(path).status();
    if by_tool.is_ok_and(|status| status.success()) {
        return;
    }
    let level = ruzstd::encoding::CompressionLevel::Fastest;
    let bytes = ruzstd::encoding::compress_to_vec(&std::fs::read(path).unwrap()[..], level);
    std::fs::write(path.with_extension("jsonl.zst"), bytes).unwrap();
    std::fs::remove_file(path).unwrap();
}
