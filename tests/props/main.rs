//! Random texts: of a grammar whose truth is known, and of the corpora, spoiled. No write passes,
//! no read is refused, and every text has its verdict in bounded time.
//!
//! The seeds are fixed; `PGWARD_PROPS_CASES` asks for more of them, `PGWARD_PROPS_SEED` for
//! others. Those of proptest's properties are not; `PROPTEST_CASES` asks for more.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and tests live by the wall clock"
)]

mod grammar;
mod mutate;
mod scanner;
#[path = "../../fuzz/targets/mod.rs"]
mod targets;

use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pgward::base::GrantId;
use pgward::policy::catalogue::{Catalogue, Relation, Snapshot};
use pgward::policy::judge::{Case, JudgeSettings, JudgeSource, Verdict};
use pgward::policy::{Caps, Judge, RowCaps, Terms};

/// Any text's verdict must be there by then; most take well under a millisecond.
const VERDICT_WITHIN: Duration = Duration::from_secs(20);

#[derive(Debug)]
struct Source {
    catalogue: Arc<Catalogue>,
    settings: Arc<JudgeSettings>,
}

impl JudgeSource for Source {
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

/// The tables that the grammar names.
fn judge() -> Judge {
    let table = |schema: &str, name: &str| Relation {
        schema: schema.into(),
        name: name.into(),
        kind: 'r',
        rules: false,
    };
    let relations = vec![
        table("public", "orders"),
        table("public", "accounts"),
        table("public", "victim"),
        table("sales", "leads"),
    ];
    let snapshot = Snapshot { major: 18, relations, ..Snapshot::default() };
    Judge::new(
        Arc::new(Source {
            catalogue: Arc::new(Catalogue::new(snapshot)),
            settings: Arc::new(JudgeSettings::new(&[], &[], true).unwrap()),
        }),
        [7; 16],
    )
}

fn terms() -> Terms {
    Terms {
        grant: GrantId::from_random(7),
        user: "alice".into(),
        database: "app".into(),
        reason: "INC-4211 stuck orders".into(),
        ticket: None,
        scopes: Arc::new([]),
        expires_at: 60_000_000,
        write_path: ["public".into()].into(),
        caps: Caps::default(),
        statement_bytes_max: 1024 * 1024,
        row_caps: RowCaps::default(),
    }
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().expect(name))
}

fn seeds(cases: u64) -> std::ops::Range<u64> {
    let first = number("PGWARD_PROPS_SEED", 1);
    first..first + number("PGWARD_PROPS_CASES", cases)
}

/// The verdict, large texts included; fails when it takes too long.
fn verdict(judge: &mut Judge, terms: &Terms, text: &str) -> Verdict {
    let case = Case { text: text.as_bytes(), parameter_types: &[], terms, utf8: true, wall: 0 };
    let start = Instant::now();
    let judgement =
        judge.judge(&case).unwrap_or_else(|| Rc::new(judge.large_job(&case).run().judgement()));
    assert!(start.elapsed() < VERDICT_WITHIN, "{:?} for {text:?}", start.elapsed());
    judgement.verdict.clone()
}

#[test]
fn no_write_passes() {
    let (mut judge, terms) = (judge(), terms());
    for seed in seeds(3_000) {
        let text = grammar::text(seed, true);
        let verdict = verdict(&mut judge, &terms, &text);
        assert!(matches!(verdict, Verdict::Refuse(_)), "seed {seed} passed:\n{text}");
    }
}

#[test]
fn no_read_is_refused() {
    let (mut judge, terms) = (judge(), terms());
    let mut disagreed = 0;
    for seed in seeds(3_000) {
        let text = grammar::text(seed, false);
        let before = judge.disagreements();
        if let Verdict::Refuse(refusal) = verdict(&mut judge, &terms, &text) {
            if judge.disagreements() > before {
                disagreed += 1;
                if disagreed < 4 {
                    eprintln!("seed {seed}: the readers disagree about\n{text}");
                }
                continue;
            }
            panic!("seed {seed}: {} ({})\n{text}", refusal.message, refusal.rule);
        }
    }
    // Where the second reader misreads: counted, so that nobody has to guess.
    eprintln!("{disagreed} disagreements of the readers about reads");
    assert_eq!(disagreed, 0, "reads refused since the readers disagree");
}

#[test]
fn spoiled_texts_have_a_verdict() {
    let (mut judge, terms) = (judge(), terms());
    let corpus = corpus();
    assert!(corpus.len() > 1_000, "{}", corpus.len());
    for seed in seeds(6_000) {
        let text = mutate::spoiled(seed, &corpus);
        let _ = verdict(&mut judge, &terms, &text);
    }
    eprintln!("{} disagreements of the readers", judge.disagreements());
}

/// Every text of every corpus.
fn corpus() -> Vec<String> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let attacks = include_str!("../../src/policy/data/attacks.sql");
    let mut texts: Vec<String> = attacks.lines().map(str::to_owned).collect();
    let mut folders =
        vec![tests.join("readonly_corpus"), tests.join("honest_corpus"), tests.join("corpus")];
    while let Some(folder) = folders.pop() {
        let mut paths: Vec<_> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        for path in paths {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "sql") {
                let text = std::fs::read_to_string(path).unwrap();
                texts.extend(text.split("\n;;\n").map(str::to_owned));
            }
        }
    }
    texts
}
