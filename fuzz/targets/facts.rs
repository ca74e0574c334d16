//! Texts: facts or a reason why not, never a crash; spans lie within the text; and what two
//! spellings of the encoding say does not differ for ASCII.

use pgward::sql::{self, Limits};

/// Reads `data` as a statement's text.
pub(crate) fn facts(data: &[u8]) {
    if data.contains(&0) || data.len() > 64 * 1024 {
        return;
    }
    let limits = Limits::default();
    let facts = sql::read(data, true, &limits);
    if data.is_ascii() {
        assert_eq!(facts.is_ok(), sql::read(data, false, &limits).is_ok());
    }
    if let Ok(facts) = facts {
        let mut before = 0;
        for statement in &facts.statements {
            let span = &statement.span;
            assert!(before <= span.start && span.start <= span.end && span.end <= data.len());
            before = span.end;
        }
        let _ = sql::veto(data, true, &facts);
        let mut shape = Vec::new();
        sql::shape(data, &mut shape);
    }
    let _ = sql::redact(data);
}
