//! PostgreSQL's own regression suite, by effect: each script's setup runs directly, as superuser;
//! each of its reads runs through the core beside a direct session, and must give the same.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use super::expected::unexpected;
use super::honest::{ask, direct};
use super::inner::{Known, Upstream};
use super::split::statements;
use crate::support::message::{self as m, Message};
use crate::support::pg::{Pg, run};
use crate::support::wire::Wire;

/// What the reading sessions begin with, both the same.
const SETTINGS: [(&str, &str); 5] = [
    ("default_transaction_read_only", "on"),
    ("standard_conforming_strings", "on"),
    ("statement_timeout", "5s"),
    ("lock_timeout", "1s"),
    ("application_name", "regress"),
];

/// What became of the reads of some scripts.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) reads: usize,
    pub(crate) same: usize,
    /// Not the same when asked directly twice.
    pub(crate) unsteady: usize,
    /// Refused, and an error of the server's when sent directly.
    pub(crate) both_refuse: usize,
    pub(crate) refused: Vec<Refused>,
    pub(crate) different: Vec<String>,
}

/// A read that passes directly.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) file: String,
    pub(crate) sql: String,
    pub(crate) message: String,
    pub(crate) detail: String,
}

/// Who a statement is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum For {
    /// Reads, and what belongs to a reading session.
    Readers,
    /// Settings that change what follows for everybody.
    All,
    /// Setup.
    Owner,
}

/// The scripts' folder, as cargo has it: with the source of the grammar.
fn folder() -> PathBuf {
    let told = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{program} {arguments:?}: {error}");
        String::from_utf8(output.stdout).unwrap()
    };
    let version = told("rustc", &["-vV"]);
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let arguments = ["metadata", "--format-version", "1", "--locked", "--offline"];
    let arguments = [&arguments[..], &["--filter-platform", host, "--manifest-path", manifest]];
    let metadata: serde_json::Value =
        serde_json::from_str(&told("cargo", &arguments.concat())).unwrap();
    let package =
        metadata["packages"].as_array().unwrap().iter().find(|p| p["name"] == "pg_raw_parse");
    let manifest = PathBuf::from(package.unwrap()["manifest_path"].as_str().unwrap());
    manifest.with_file_name("libpg_query/test/sql/postgres_regress")
}

/// The database that each script begins with.
fn template(pg: &Pg, folder: &std::path::Path) -> String {
    let name = "regress_template";
    run(&mut pg.admin("postgres"), &format!("CREATE DATABASE {name}"));
    let mut owner = pg.admin(name);
    let setup = std::fs::read_to_string(folder.join("test_setup.sql")).unwrap();
    for sql in statements(&setup) {
        // Its functions in C are not there.
        owner.query(&sql);
    }
    let words = "'AAAAxx'::name";
    for (table, rows) in [("onek", 1_000), ("tenk1", 10_000)] {
        run(
            &mut owner,
            &format!(
                "INSERT INTO {table} SELECT u, (u * 7919) % {rows}, u % 2, u % 4, u % 10, u % 20, u % 100, \
                 u % 1000, u % 2000, u % 5000, u, (u % 100) * 2 + 1, (u % 100) * 2, \
                 chr(65 + u % 26) || 'AAAxx', chr(65 + u % 23) || 'BAAxx', {words} \
                 FROM generate_series(0, {rows} - 1) u; ANALYZE {table}"
            ),
        );
    }
    run(&mut owner, "INSERT INTO onek2 SELECT * FROM onek; INSERT INTO tenk2 SELECT * FROM tenk1");
    run(
        &mut owner,
        "INSERT INTO person VALUES ('mike', 40, '(3.1,6.2)'), ('joe', 20, '(5.5,2.5)')",
    );
    run(&mut owner, "INSERT INTO emp VALUES ('sharon', 25, '(15,12)', 1000, 'sam')");
    run(
        &mut owner,
        "INSERT INTO road VALUES ('I- 580', '[(-121,37),(-122,38)]'), ('Sea Ct', '[(-122,37),(-122,38)]')",
    );
    name.to_owned()
}

/// Runs one script.
fn script(pg: &Pg, template: &str, name: &str, text: &str, seen: &mut Seen) {
    let database = format!("regress_{}", name.replace('.', "_"));
    let mut boss = pg.admin("postgres");
    run(&mut boss, &format!("CREATE DATABASE {database} TEMPLATE {template} STRATEGY file_copy"));
    {
        let mut owner = pg.admin(&database);
        run(&mut owner, "SET lock_timeout = '500ms'; SET statement_timeout = '10s'");
        let known = Known::of(pg, &database);
        let upstream = Upstream { role: "reader", settings: &SETTINGS };
        let mut through = known.session(pg, &database, upstream, &[]);
        let mut direct = direct(pg, &database, &SETTINGS);
        let mut changed = false;
        for sql in statements(text) {
            let whom = whom(&sql);
            if whom != For::Readers {
                owner_runs(&mut owner, &mut [&mut through, &mut direct], &sql);
                changed = true;
            }
            if whom == For::Owner {
                continue;
            }
            if std::mem::take(&mut changed) {
                known.refresh(&database);
            }
            if read(name, &sql, &mut through, &mut direct, seen) == Outcome::Refused {
                owner.query(&sql);
                changed = true;
            }
            if through.try_send(&[]).is_err() {
                through = known.session(pg, &database, upstream, &[]);
            }
        }
    }
    boss.query(&format!("DROP DATABASE {database} WITH (FORCE)"));
}

/// Setup; what readers hold open gives way to it.
fn owner_runs(owner: &mut Wire, readers: &mut [&mut Wire; 2], sql: &str) {
    let lower = sql.to_ascii_lowercase();
    if lower.contains("from stdin")
        || lower.contains("from stdout")
        || lower.starts_with("prepare transaction")
    {
        return;
    }
    // Others must see what is made.
    let mut sql = sql.to_owned();
    for word in ["TEMPORARY ", "TEMP ", "temporary ", "temp "] {
        for before in ["CREATE ", "create ", "INTO ", "into ", "CREATE OR REPLACE "] {
            sql = sql.replace(&format!("{before}{word}"), before);
        }
    }
    if owner.query(&sql).code() == "55P03" {
        readers.iter_mut().for_each(|reader| drop(reader.query("ROLLBACK")));
        owner.query(&sql);
    }
}

#[derive(PartialEq, Eq)]
enum Outcome {
    Same,
    Refused,
    Other,
}

fn read(file: &str, sql: &str, through: &mut Wire, direct: &mut Wire, seen: &mut Seen) -> Outcome {
    seen.reads += 1;
    let got = ask(through, &m::query(sql));
    let refusal = got.iter().find(|m| m.tag == b'E').map(Message::fields);
    let refusal = refusal.filter(|fields| fields.message().starts_with("pgward: "));
    // What is not changed in one session is not changed in the other.
    let skipped = refusal.is_some() && changes_the_session(sql);
    let expected = if skipped { Vec::new() } else { ask(direct, &m::query(sql)) };
    if let Some(fields) = refusal {
        if expected.iter().any(|m| m.tag == b'E') {
            seen.both_refuse += 1;
            return Outcome::Refused;
        }
        seen.refused.push(Refused {
            file: file.to_owned(),
            sql: sql.to_owned(),
            message: fields.message().to_owned(),
            detail: fields.detail().to_owned(),
        });
        // Both stay in step.
        if got.last().is_some_and(|m| m.body == b"E") {
            direct.query("SELECT 1/0");
        }
        return Outcome::Refused;
    }
    if got == expected {
        seen.same += 1;
        return Outcome::Same;
    }
    let again = ask(direct, &m::query(sql));
    if again == expected {
        seen.different.push(format!("{file}: {sql}\n  direct {expected:?}\n  through {got:?}"));
    } else {
        seen.unsteady += 1;
    }
    Outcome::Other
}

fn whom(sql: &str) -> For {
    let words = words(sql);
    let word = |n: usize| words.get(n).map_or("", String::as_str);
    match word(0) {
        "select" | "values" | "with" | "table" | "explain" | "show" | "fetch" | "move"
        | "close" | "declare" | "execute" | "deallocate" | "begin" | "start" | "commit" | "end"
        | "rollback" | "abort" | "savepoint" | "release" => For::Readers,
        "prepare" if word(1) != "transaction" => For::Readers,
        "copy" if sql.to_ascii_lowercase().contains("to stdout") => For::Readers,
        "set" | "reset" => match (word(1), word(2)) {
            ("role" | "constraints", _) | ("session", "authorization") => For::Owner,
            _ => For::All,
        },
        _ => For::Owner,
    }
}

/// Whether what follows depends on it.
fn changes_the_session(sql: &str) -> bool {
    let words = words(sql);
    let first = words.first().map_or("", String::as_str);
    ["set", "reset", "begin", "start", "prepare", "declare"].contains(&first)
}

/// The first words of a statement, past comments and parentheses.
fn words(sql: &str) -> Vec<String> {
    let mut rest = sql;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '(');
        if let Some(comment) = rest.strip_prefix("--") {
            rest = comment.split_once('\n').map_or("", |(_, after)| after);
        } else if let Some(comment) = rest.strip_prefix("/*") {
            rest = comment.split_once("*/").map_or("", |(_, after)| after);
        } else {
            break;
        }
    }
    let words = rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| !word.is_empty()).take(3).map(str::to_ascii_lowercase).collect()
}

/// Runs scripts; all of them where `only` is empty.
fn run_scripts(pg: &Pg, only: &[&str], mut after_each: impl FnMut(&str, &Seen)) -> Seen {
    static TEMPLATE: OnceLock<(PathBuf, String)> = OnceLock::new();
    let (folder, template) = TEMPLATE.get_or_init(|| {
        let folder = folder();
        let template = template(pg, &folder);
        (folder, template)
    });
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    let mut seen = Seen::default();
    for path in files {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if name == "test_setup" || (!only.is_empty() && !only.contains(&name.as_str())) {
            continue;
        }
        let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
        let run = std::panic::AssertUnwindSafe(|| script(pg, template, &name, &text, &mut seen));
        if std::panic::catch_unwind(run).is_err() {
            seen.different.push(format!("{name} came to no end"));
        }
        after_each(&name, &seen);
    }
    seen
}

/// Scripts with much to read and little to set up.
const QUICK: [&str; 2] = [
    "domain enum groupingsets jsonb numeric prepare rangetypes select strings union",
    "arrays date inet json polymorphism regex rowtypes sqljson_jsontable window xml",
];

fn quick(scripts: &str, reads_min: usize) {
    let Some(pg) = crate::support::pg::eighteen() else { return };
    let scripts: Vec<&str> = scripts.split_whitespace().collect();
    let seen = run_scripts(pg, &scripts, |_, _| {});
    let wrong = unexpected(&seen);
    assert!(wrong.is_empty(), "{} not expected:\n{}", wrong.len(), wrong.join("\n"));
    assert!(seen.same > reads_min, "only {} reads were the same", seen.same);
}

#[test]
fn quick_scripts_are_read_as_directly() {
    quick(QUICK[0], 1_500);
}

#[test]
fn more_quick_scripts_are_read_as_directly() {
    quick(QUICK[1], 1_500);
}

/// The whole suite, with a report of what was refused (`make regress`).
#[test]
fn whole() {
    let Some(report) = std::env::var_os("PGWARD_REGRESS_REPORT") else { return };
    let pg = crate::support::pg::eighteen().expect("PostgreSQL 18");
    let only = std::env::var("PGWARD_REGRESS_ONLY").unwrap_or_default();
    let only: Vec<&str> = only.split(',').filter(|name| !name.is_empty()).collect();
    let mut start = std::time::Instant::now();
    let seen = run_scripts(pg, &only, |name, seen| {
        eprintln!(
            "{name}: {:?}, {} reads, {} refused",
            start.elapsed(),
            seen.reads,
            seen.refused.len()
        );
        start = std::time::Instant::now();
        std::fs::write(&report, written(seen)).unwrap();
    });
    let wrong = unexpected(&seen);
    assert!(wrong.is_empty(), "{} not expected:\n{}", wrong.len(), wrong.join("\n"));
}

/// What was refused, by its cause.
fn written(seen: &Seen) -> String {
    let mut causes: BTreeMap<String, Vec<&Refused>> = BTreeMap::new();
    for refused in &seen.refused {
        let rule = refused.detail.split(';').next().unwrap_or_default();
        causes.entry(format!("{rule} | {}", refused.message)).or_default().push(refused);
    }
    let mut causes: Vec<_> = causes.into_iter().collect();
    causes.sort_by_key(|(_, all)| std::cmp::Reverse(all.len()));
    let mut text = format!(
        "{} reads: {} same, {} unsteady, {} refused by both, {} refused falsely or rightly, {} different\n\n",
        seen.reads,
        seen.same,
        seen.unsteady,
        seen.both_refuse,
        seen.refused.len(),
        seen.different.len()
    );
    for (cause, all) in causes {
        let mut files: Vec<&str> = all.iter().map(|one| one.file.as_str()).collect();
        files.dedup();
        text += &format!("{:4} {cause}\n     in {}\n", all.len(), files.join(" "));
        for one in all.iter().take(3) {
            text += &format!(
                "     detail {}\n     {}\n",
                one.detail,
                one.sql.replace('\n', "\n       ")
            );
        }
    }
    text += "\nDIFFERENT\n";
    for different in &seen.different {
        text += different;
        text.push('\n');
    }
    text
}
