//! Verdicts by token shape: for reads whose facts hold nothing that a constant could change.
//!
//! Texts of one shape (`sql::shape`) are cut into the same tokens, and the grammar makes the
//! same tree of them but for what stands in the holes. So the facts of a plain SELECT are those
//! of every other of its shape, and so is the verdict, which rests on facts alone. Whatever could
//! look into a constant is left out: every statement that is not a read, SET and set_config,
//! typed literals and casts, all functions but those listed here.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::cache::{Kept, Outcome, Verdicted};
use super::judge::{Case, Judged, Judgement, Verdict};
use crate::sql::facts::{Action, Facts, Name, Statement};

/// Functions whose arguments no verdict looks at. A short list: what dashboards and point
/// queries call.
const BLIND_FUNCTIONS: [&str; 11] =
    ["abs", "avg", "count", "length", "lower", "max", "min", "now", "round", "sum", "upper"];

/// What passed, as far as it is common to all texts of a shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shaped {
    operation: &'static str,
    objects: Arc<[String]>,
    parameters: bool,
    rule: &'static str,
    /// White space and such before the statement, bytes: no hole is in it.
    lead: usize,
    /// The same, and semicolons, behind it.
    trail: usize,
}

impl Kept for Shaped {
    fn bytes(&self) -> usize {
        self.objects.iter().map(|object| object.len() + 24).sum()
    }
}

/// Whether no constant in a text with these facts has a part in its verdict.
pub(crate) fn is_blind(facts: &Facts) -> bool {
    let [statement] = facts.statements.as_slice() else { return false };
    let Statement {
        span: _,
        operation,
        action,
        reads: _,
        writes,
        row_locks,
        calls,
        types,
        operators: _,
        settings,
        fields: _,
        attributes,
        creates,
        unrestricted: _,
        uncounted,
        parameters: _,
        defines,
        makes,
        texts,
        texts_unread,
    } = statement;
    *operation == "SELECT"
        && *action == Action::Read
        && writes.is_empty()
        && row_locks.is_empty()
        && types.is_empty()
        && settings.is_empty()
        && attributes.is_empty()
        && creates.is_empty()
        && !uncounted
        && defines.is_none()
        && makes.is_none()
        && texts.is_empty()
        && texts_unread.is_empty()
        && calls.iter().all(is_blind_function)
}

fn is_blind_function(name: &Name) -> bool {
    matches!(name.schema.as_deref(), None | Some("pg_catalog"))
        && BLIND_FUNCTIONS.contains(&&*name.name)
}

impl Shaped {
    /// What is kept of a text that passed; `None` when its constants may have had a part in it.
    pub(crate) fn of(verdict: &Verdicted, text: &[u8], blind: bool) -> Option<Self> {
        let [statement] = verdict.judgement.statements.as_slice() else { return None };
        let passes = blind && verdict.outcome == Outcome::Pass;
        passes.then(|| Self {
            operation: statement.operation,
            objects: Arc::clone(&statement.objects),
            parameters: statement.parameters,
            rule: statement.rule,
            lead: statement.span.start,
            trail: text.len().saturating_sub(statement.span.end),
        })
    }

    /// The judgement of another text of the shape.
    pub(crate) fn told(&self, case: &Case<'_>, epoch: u64) -> Arc<Judgement> {
        let span = self.lead..case.text.len().saturating_sub(self.trail);
        let bytes = case.text.get(span.clone()).unwrap_or_default();
        let statement = Judged {
            operation: self.operation,
            action: Action::Read,
            objects: Arc::clone(&self.objects),
            writes: false,
            parameters: self.parameters,
            rule: self.rule,
            query_hash: Sha256::digest(bytes).into(),
            redacted: crate::sql::redact(bytes),
            span,
        };
        Arc::new(Judgement { verdict: Verdict::Pass, statements: vec![statement], epoch })
    }
}

/// Whether a text can be looked up by its shape: the grammar would read it at all.
pub(crate) fn has_shape(case: &Case<'_>) -> bool {
    case.text.len() <= case.terms.statement_bytes_max
        && !case.text.contains(&0)
        && (!case.utf8 || std::str::from_utf8(case.text).is_ok())
}
