//! Texts judged from bytes to verdict: never a crash, the same verdict each time, and the same on
//! the pool that judges long texts; a read grant's text that passes writes nothing by its facts.
//! After it, another text of its shape gets the verdict that a fresh judge gives it.

use std::sync::Arc;

use pgward::base::GrantId;
use pgward::policy::catalogue::{Catalogue, Relation, Snapshot};
use pgward::policy::terms::Caps;
use pgward::policy::{Case, Judge, JudgeSettings, JudgeSource, RowCaps, Terms, Verdict};

use super::shapes::with_other_constants;

/// A database with one table.
#[derive(Debug)]
struct One {
    catalogue: Arc<Catalogue>,
    settings: Arc<JudgeSettings>,
}

impl JudgeSource for One {
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

/// Judges `data` as a text on a read grant.
pub(crate) fn judge(data: &[u8]) {
    if data.contains(&0) || data.len() > 64 * 1024 {
        return;
    }
    let orders =
        Relation { schema: "public".into(), name: "orders".into(), kind: 'r', rules: false };
    let snapshot = Snapshot { major: 18, relations: vec![orders], ..Snapshot::default() };
    let source: Arc<dyn JudgeSource> = Arc::new(One {
        catalogue: Arc::new(Catalogue::new(snapshot)),
        settings: Arc::new(JudgeSettings::new(&[], &[], true).expect("no functions named")),
    });
    let fresh = || Judge::new(Arc::clone(&source), [7; 16]);
    let mut judge = fresh();
    let terms = terms();
    let case = Case { text: data, parameter_types: &[], terms: &terms, utf8: true, wall: 0 };
    let pooled = judge.large_job(&case).run().judgement();
    let Some(first) = judge.judge(&case) else { return };
    let second = judge.judge(&case).expect("it was judged at once before");
    assert_eq!(first.verdict, second.verdict);
    let refused = |of: &Verdict| matches!(of, Verdict::Refuse(_));
    assert_eq!(refused(&first.verdict), refused(&pooled.verdict));
    if !refused(&first.verdict) {
        assert!(first.statements.iter().all(|one| !one.writes), "{first:?}");
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    let other = with_other_constants(text);
    let case = Case { text: other.as_bytes(), ..case };
    assert_eq!(judge.judge(&case), fresh().judge(&case), "{text:?}, then {other:?}");
}

fn terms() -> Terms {
    Terms {
        grant: GrantId::from_random(7),
        user: "alice".into(),
        database: "app".into(),
        reason: "INC-1 a reason".into(),
        ticket: None,
        scopes: Arc::new([]),
        expires_at: 4_000_000_000,
        write_path: ["public".into()].into(),
        caps: Caps::default(),
        statement_bytes_max: 100_000,
        row_caps: RowCaps::default(),
    }
}
