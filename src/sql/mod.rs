//! Text → facts. Knows nothing of grants.
//!
//! ```text
//! prescan (bounds) → names → grammar (PostgreSQL's own) → walk (default deny) → facts
//!                            veto (sqlparser: may only refuse)
//! ```
//!
//! [`read`] and [`veto()`] are apart, so that the veto's vote can be kept by token [`shape()`].
//! Nothing here may run on short-lived threads; see `grammar`.

pub mod facts;
mod grammar;
pub mod lex;
mod names;
pub mod plpgsql;
pub mod prescan;
mod redact;
mod shape;
mod veto;
mod walk;

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use facts::{Facts, Unread};
pub use prescan::Limits;
pub use redact::{has_no_secret, redact};
pub use shape::{shape, siphash128};
pub use veto::{Vote, veto};
pub use walk::SYNTAX_FUNCTIONS;

/// Reads a text as the server would with `standard_conforming_strings` on. `utf8` says whether
/// the client's encoding is UTF8; otherwise it must be one in which every byte below 0x80 is
/// that ASCII character. Spans are byte ranges of `text`.
///
/// # Errors
/// Every text without facts is refused; [`Unread`] says why.
pub fn read(text: &[u8], utf8: bool, limits: &Limits) -> Result<Facts, Unread> {
    read_at(text, utf8, limits, 0)
}

/// The same of a text that stands as a constant in another one, `depth` of them deep.
fn read_at(text: &[u8], utf8: bool, limits: &Limits, depth: usize) -> Result<Facts, Unread> {
    let measure = prescan::check(text, limits)?;
    names::check(text, utf8, limits.ascii_names)?;
    let source = grammar::Source::new(text, utf8, &measure.comments)?;
    // The binding's string accessors panic on what is not UTF-8, its lists on nodes that their
    // documentation does not name: both would be a text that cannot be judged.
    catch_unwind(AssertUnwindSafe(|| facts_of(text, &source, limits, depth)))
        .unwrap_or_else(|_| Err(Unread::Unknown { construct: "a tree that cannot be read".into() }))
}

fn facts_of(
    text: &[u8],
    source: &grammar::Source<'_>,
    limits: &Limits,
    depth: usize,
) -> Result<Facts, Unread> {
    let tree = grammar::parse(source)?;
    if tree.len() > limits.statements_max {
        return Err(Unread::TooComplex { what: "statements", limit: limits.statements_max });
    }
    let mut facts = Facts::default();
    let mut before = 0;
    for raw in tree.iter() {
        let start = usize::try_from(raw.stmt_location).unwrap_or(0);
        let end = match usize::try_from(raw.stmt_len) {
            Ok(0) | Err(_) => source.text().len(),
            Ok(length) => start + length,
        };
        let mut statement = walk::statement(raw, source, limits.ascii_names, depth)?;
        let whole = source.original(start)..source.original(end);
        statement.span = span(text, before, whole);
        before = statement.span.end;
        facts.statements.push(statement);
    }
    Ok(facts)
}

/// The bytes of a statement: from after the semicolon before it, so that a comment that leads it
/// is its own, and without white space around it.
fn span(text: &[u8], before: usize, grammar: Range<usize>) -> Range<usize> {
    let space = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0x0b;
    let mut start = grammar.start.min(text.len());
    let end = grammar.end.clamp(start, text.len());
    let gap = text.get(before..start).unwrap_or_default();
    if let Some(at) = gap.iter().position(|byte| !space(byte) && *byte != b';')
        && !gap.get(at..).unwrap_or_default().contains(&b';')
    {
        start = before + at;
    }
    let bytes = text.get(start..end).unwrap_or_default();
    let leading = bytes.iter().take_while(|byte| space(byte)).count();
    let trailing = bytes.iter().rev().take_while(|byte| space(byte)).count();
    if leading == bytes.len() { start..start } else { start + leading..end - trailing }
}

#[cfg(test)]
mod tests;
