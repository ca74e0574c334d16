//! The snapshots' life, without a server.

use std::collections::HashMap;
use std::sync::Mutex;

use super::*;

/// Answers by question.
#[derive(Debug, Default)]
struct Answers(Mutex<HashMap<&'static str, Rows>>, Mutex<Vec<String>>);

#[derive(Debug, thiserror::Error)]
#[error("no answer")]
struct NoAnswer;

impl Query for Answers {
    type Error = NoAnswer;

    async fn rows(&self, sql: &str) -> Result<Rows, NoAnswer> {
        self.1.lock().expect("asked").push(sql.to_owned());
        self.0.lock().expect("answers").get(sql).cloned().ok_or(NoAnswer)
    }
}

impl Answers {
    fn set(&self, question: &'static str, rows: &[&[&str]]) {
        let rows = rows
            .iter()
            .map(|row| row.iter().map(|c| (*c != "NULL").then(|| (*c).to_owned())).collect())
            .collect();
        self.0.lock().expect("answers").insert(question, rows);
    }

    fn asked(&self) -> usize {
        std::mem::take(&mut *self.1.lock().expect("asked")).len()
    }
}

const FUNCTION: &[&str] = &[
    "public", "f", "NULL", "f", "t", "20001", "f", "", "sql", "SELECT 1", "f", "f", "NULL", "f",
    "NULL", "NULL", "", "f",
];

fn server() -> Answers {
    let answers = Answers::default();
    answers.set(sql::VERSION, &[&["1"]]);
    answers.set(sql::SERVER, &[&["150018", "UTF8"]]);
    answers.set(sql::PATH, &[&["pg_catalog"]]);
    answers.set(sql::USES, &[]);
    answers.set(sql::TEXTS, &[]);
    answers.set(sql::FOREIGN, &[]);
    answers.set(sql::FUNCTIONS, &[FUNCTION]);
    answers.set(sql::TYPES, &[]);
    answers.set(sql::OPERATORS, &[]);
    answers.set(sql::CASTS, &[]);
    answers.set(sql::RELATIONS, &[&["public", "orders", "r", "f"]]);
    answers.set(sql::INHERITS, &[]);
    answers.set(sql::SCHEMAS, &[&["public"]]);
    answers.set(fired::FIRED, &[]);
    answers
}

fn catalogues() -> Catalogues {
    Catalogues::new(Arc::new(JudgeSettings::new(&[], &[], true).expect("settings")))
}

fn ready<T>(future: impl Future<Output = T>) -> T {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::pin!(future).poll(&mut context) {
        std::task::Poll::Ready(value) => value,
        std::task::Poll::Pending => panic!("nothing here waits"),
    }
}

#[test]
fn judges_see_a_snapshot_only_when_it_differs() {
    let (catalogues, server) = (catalogues(), server());
    let start = catalogues.epoch();
    assert!(!catalogues.is_loaded("app"));
    assert!(catalogues.get("app").relation("public", "orders").is_none());

    assert_eq!(ready(catalogues.refresh("app", &server)).ok(), Some(Refreshed::Changed));
    assert!(catalogues.is_loaded("app"));
    assert!(catalogues.get("app").relation("public", "orders").is_some());
    assert_eq!((catalogues.epoch(), server.asked()), (start + 1, 14));

    // The same version: one question, nothing new.
    assert_eq!(ready(catalogues.refresh("app", &server)).ok(), Some(Refreshed::Unchanged));
    assert_eq!((catalogues.epoch(), server.asked()), (start + 1, 1));

    // Another version of the same content: loaded once, verdicts stay.
    server.set(sql::VERSION, &[&["2"]]);
    assert_eq!(ready(catalogues.refresh("app", &server)).ok(), Some(Refreshed::Unchanged));
    assert_eq!((catalogues.epoch(), server.asked()), (start + 1, 14));
    assert_eq!(ready(catalogues.refresh("app", &server)).ok(), Some(Refreshed::Unchanged));
    assert_eq!(server.asked(), 1);

    server.set(sql::VERSION, &[&["3"]]);
    server.set(sql::RELATIONS, &[]);
    assert_eq!(ready(catalogues.refresh("app", &server)).ok(), Some(Refreshed::Changed));
    assert!(catalogues.get("app").relation("public", "orders").is_none());
    assert_eq!(catalogues.epoch(), start + 2);
}

#[test]
fn a_failed_refresh_leaves_the_snapshot() {
    let (catalogues, server) = (catalogues(), server());
    ready(catalogues.refresh("app", &server)).expect("loaded");
    server.set(sql::VERSION, &[&["2"]]);
    server.set(sql::SERVER, &[&["130009", "UTF8"]]);
    let error = ready(catalogues.refresh("app", &server)).expect_err("too old");
    assert!(matches!(error, CatalogueError::TooOld(13)));
    server.set(sql::RELATIONS, &[&["public"]]);
    let error = ready(catalogues.refresh("app", &server)).expect_err("bad row");
    assert!(matches!(error, CatalogueError::Answer));
    assert!(catalogues.get("app").relation("public", "orders").is_some());
}

#[test]
fn new_settings_make_judgements_stale() {
    let catalogues = catalogues();
    let before = catalogues.epoch();
    catalogues.set_settings(Arc::new(JudgeSettings::new(&[], &[], false).expect("settings")));
    assert!(catalogues.epoch() > before);
}
