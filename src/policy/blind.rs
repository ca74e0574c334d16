//! Verdicts by token shape: for reads whose facts hold nothing that a constant could change.
//!
//! Texts of one shape (`sql::shape`) are cut into the same tokens, and the grammar makes the
//! same tree of them but for what stands in the holes. So the facts of a plain SELECT are those
//! of every other of its shape, and so is the verdict, which rests on facts alone. Whatever could
//! look into a constant is left out: every statement that is not a read, SET and set_config,
//! typed literals and casts, all functions but those listed here.

use std::rc::Rc;

use sha2::{Digest, Sha256};

use super::cache::{Kept, Outcome, Verdicted, statement_bytes};
use super::judge::{Case, Judgement};
use crate::sql::facts::{Action, Facts, Name, Statement};

/// Functions whose arguments no verdict looks at. A short list: what dashboards and point
/// queries call.
const BLIND_FUNCTIONS: [&str; 11] =
    ["abs", "avg", "count", "length", "lower", "max", "min", "now", "round", "sum", "upper"];

/// How much longer than the first text of its shape the last one may be to be kept, bytes.
const SPARE_BYTES: usize = 64;

/// What passed: the judgement of the last text of a shape, and what makes another's of it.
#[derive(Debug)]
pub(crate) struct Shaped {
    /// The last text: it may come again.
    last: Vec<u8>,
    /// Bytes of the longest text that is kept as the last one.
    last_bytes_max: usize,
    /// Of the last text. Where nobody holds it any more, the next one is made in its place.
    judgement: Rc<Judgement>,
    common: Common,
}

/// What all texts of a shape have in common beside their verdict.
#[derive(Debug)]
struct Common {
    /// Nothing is to be redacted in any of them.
    has_no_secret: bool,
    /// White space and such before the statement, bytes: no hole is in it.
    lead: usize,
    /// The same, and semicolons, behind it.
    trail: usize,
}

impl Kept for Shaped {
    fn bytes(&self) -> usize {
        // The last text may stand on record with something redacted, and that be longer.
        let redacted = if self.common.has_no_secret { 0 } else { 3 * self.last_bytes_max };
        self.last_bytes_max
            + redacted
            + self.judgement.statements.iter().map(statement_bytes).sum::<usize>()
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
    pub(crate) fn of(verdict: &Verdicted, text: &[u8], shape: &[u8], blind: bool) -> Option<Self> {
        let [statement] = verdict.judgement.statements.as_slice() else { return None };
        let passes = blind && verdict.outcome == Outcome::Pass;
        if !passes {
            return None;
        }
        let last_bytes_max = text.len() + SPARE_BYTES;
        let mut last = Vec::with_capacity(last_bytes_max);
        last.extend_from_slice(text);
        Some(Self {
            last,
            last_bytes_max,
            judgement: Rc::clone(&verdict.judgement),
            common: Common {
                has_no_secret: crate::sql::has_no_secret(shape),
                lead: statement.span.start,
                trail: text.len().saturating_sub(statement.span.end),
            },
        })
    }

    /// The judgement of a text of the shape.
    pub(crate) fn told(&mut self, text: &[u8]) -> Rc<Judgement> {
        if self.last == text {
            return Rc::clone(&self.judgement);
        }
        if text.len() > self.last_bytes_max {
            let mut judgement = Judgement::clone(&self.judgement);
            self.common.rewrite(&mut judgement, text);
            return Rc::new(judgement);
        }
        // What a session still holds stays as it is: it is copied first.
        self.last.clear();
        self.common.rewrite(Rc::make_mut(&mut self.judgement), text);
        self.last.extend_from_slice(text);
        Rc::clone(&self.judgement)
    }
}

impl Common {
    /// Makes the judgement of one text of the shape that of another.
    fn rewrite(&self, judgement: &mut Judgement, text: &[u8]) {
        for statement in &mut judgement.statements {
            let span = self.lead..text.len().saturating_sub(self.trail);
            let bytes = text.get(span.clone()).unwrap_or_default();
            statement.query_hash = Sha256::digest(bytes).into();
            statement.redacted = if self.has_no_secret { None } else { crate::sql::redact(bytes) };
            statement.span = span;
        }
    }
}

/// Whether a text can be looked up by its shape: the grammar would read it at all.
pub(crate) fn has_shape(case: &Case<'_>) -> bool {
    case.text.len() <= case.terms.statement_bytes_max
        && (is_plain(case.text)
            || memchr::memchr(0, case.text).is_none()
                && (!case.utf8 || std::str::from_utf8(case.text).is_ok()))
}

/// ASCII without NUL; in one pass that the compiler makes of whole registers.
fn is_plain(text: &[u8]) -> bool {
    text.iter().fold(true, |plain, byte| plain & (byte.wrapping_sub(1) < 127))
}
