//! Functions that run SQL, or name a type, by a text that they are given: where the text is a
//! constant it is read like the statement itself, and its facts are the statement's. So
//! `ts_stat('SELECT tsv FROM docs')` and `crosstab('SELECT …')` are judged by what they run.
//! The XML exports (`query_to_xml`, `table_to_xml` …) stay refused whatever they are given.

use pg_raw_parse::nodes::FuncCall;
use pg_raw_parse::{ConstValue, Node};

use super::super::facts::{Action, Name, Statement};
use super::super::{Limits, Vote, read_at, veto};
use super::Walk;

/// Texts inside of texts that are read; dollar quotes make deeper ones cheap to write.
const DEPTH_MAX: usize = 2;

/// What a text argument holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holds {
    /// One query.
    Query,
    /// The name of a type.
    Type,
    /// A query, or a number in its place (`crosstab(text, integer)`).
    QueryOrNumber,
}

/// Which arguments of a function hold a text; `None` for functions that are not of this kind.
fn arguments(name: &str, count: usize) -> Option<&'static [(usize, Holds)]> {
    Some(match (name, count) {
        ("ts_stat" | "crosstab2" | "crosstab3" | "crosstab4", _) | ("crosstab", 1) => {
            &[(0, Holds::Query)]
        }
        ("crosstab", 2) => &[(0, Holds::Query), (1, Holds::QueryOrNumber)],
        // (tsquery, tsquery, tsquery) takes no SQL.
        ("ts_rewrite", 3) => &[],
        ("ts_rewrite", 2) => &[(1, Holds::Query)],
        ("pg_input_is_valid" | "pg_input_error_info", 2) => &[(1, Holds::Type)],
        _ => return None,
    })
}

impl<'a> Walk<'a> {
    /// Notes what the texts of a call say, and whether all of them could be read.
    pub(super) fn texts(&mut self, call: &'a FuncCall, name: &Name) {
        let given: Vec<Node<'a>> = call.args().iter().collect();
        let Some(holding) = arguments(&name.name, given.len()) else { return };
        let by_position = !call.func_variadic
            && !given.iter().any(|argument| matches!(argument, Node::NamedArgExpr(_)));
        let read = by_position
            && holding.iter().all(|&(at, holds)| {
                given.get(at).is_some_and(|argument| self.text(*argument, holds))
            });
        let noted = if read { &mut self.found.texts } else { &mut self.texts_unread };
        noted.push(name.clone());
    }

    fn text(&mut self, argument: Node<'a>, holds: Holds) -> bool {
        let argument = match argument {
            Node::TypeCast(cast) => cast.arg(),
            other => other,
        };
        let Node::A_Const(constant) = argument else { return false };
        let text = match constant.val() {
            Some(ConstValue::String(text)) => text,
            Some(ConstValue::Integer(_)) => return holds == Holds::QueryOrNumber,
            _ => return false,
        };
        let inner = match holds {
            Holds::Query | Holds::QueryOrNumber => text.to_owned(),
            Holds::Type => format!("SELECT NULL::{text}"),
        };
        let Some(mut inner) = self.inner(&inner) else { return false };
        let plain = match holds {
            Holds::Query | Holds::QueryOrNumber => true,
            Holds::Type => inner.types.len() == 1 && inner.reads.is_empty(),
        };
        if plain {
            let found = &mut self.found;
            found.reads.append(&mut inner.reads);
            found.calls.append(&mut inner.calls);
            found.types.append(&mut inner.types);
            found.operators.append(&mut inner.operators);
            found.settings.append(&mut inner.settings);
            found.fields.append(&mut inner.fields);
            found.attributes.append(&mut inner.attributes);
            found.texts.append(&mut inner.texts);
            self.texts_unread.append(&mut inner.texts_unread);
        }
        plain
    }

    /// A text as the one query that it is, if it only reads, and both readers say so.
    fn inner(&self, text: &str) -> Option<Statement> {
        if self.depth >= DEPTH_MAX || (self.ascii_texts && !text.is_ascii()) {
            return None;
        }
        let limits = Limits { ascii_names: self.ascii_texts, ..Limits::default() };
        let mut facts = read_at(text.as_bytes(), true, &limits, self.depth + 1).ok()?;
        if !matches!(veto(text.as_bytes(), true, &facts), Ok(Vote::Agrees | Vote::Abstains)) {
            return None;
        }
        let statement = facts.statements.pop()?;
        let reads = statement.action == Action::Read
            && facts.statements.is_empty()
            && statement.operation == "SELECT"
            && statement.writes.is_empty()
            && statement.creates.is_empty()
            && statement.row_locks.is_empty();
        reads.then_some(statement)
    }
}
