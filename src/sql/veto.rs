//! sqlparser as a second, independent reader. It may only refuse: where it sees a write that
//! PostgreSQL's grammar did not, or another number of statements. What it cannot read it does
//! not vote on.
//!
//! It overflows its stack on long chains, which aborts the process, so it only ever sees short
//! texts with short chains.

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use sqlparser::ast::{Select, Statement as Parsed, UtilityOption, Visit, Visitor};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;

use super::facts::{Action, Facts, Statement, Unread};
use super::grammar::Source;
use super::prescan::{self, Limits};

/// Longest text that sqlparser gets to see.
const TEXT_BYTES_MAX: usize = 64 * 1024;
/// Longest chain, in tokens; each operator of it is a level of recursion when the tree is
/// visited and dropped.
const CHAIN_TOKENS_MAX: usize = 1_000;
/// Most set operations; they nest to the left as well.
const SET_OPERATIONS_MAX: usize = 200;

/// What the second reader says of a text that it does not object to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Vote {
    /// It reads as many statements and no write beyond those of the facts.
    Agrees,
    /// It cannot read the text, or was not asked because of the text's size.
    Abstains,
}

/// Asks sqlparser about a text that [`super::read`] has read as `facts`.
///
/// # Errors
/// [`Unread::Disagreement`] with what it saw.
pub fn veto(text: &[u8], utf8: bool, facts: &Facts) -> Result<Vote, Unread> {
    if text.len() > TEXT_BYTES_MAX {
        return Ok(Vote::Abstains);
    }
    let Ok(measure) = prescan::check(text, &Limits::default()) else {
        return Ok(Vote::Abstains);
    };
    if measure.chain_tokens > CHAIN_TOKENS_MAX || measure.set_operations > SET_OPERATIONS_MAX {
        return Ok(Vote::Abstains);
    }
    let Ok(source) = Source::new(text, utf8, &[]) else { return Ok(Vote::Abstains) };
    // A bug of the second reader is no reason to refuse.
    catch_unwind(AssertUnwindSafe(|| compare(source.text(), facts))).unwrap_or(Ok(Vote::Abstains))
}

fn compare(text: &str, facts: &Facts) -> Result<Vote, Unread> {
    let dialect = PostgreSqlDialect {};
    let Ok(mut parser) = Parser::new(&dialect).try_with_sql(text) else {
        return Ok(Vote::Abstains);
    };
    let Ok(parsed) = parser.parse_statements() else { return Ok(Vote::Abstains) };
    // It stops at a bare END without a word, and leaves the rest of the text unread.
    let whole = parser.peek_token().token == Token::EOF;
    if parsed.len() != facts.statements.len() {
        let (read, tail) = (parsed.len(), if whole { "" } else { " and an unread rest" });
        let by_grammar = facts.statements.len();
        return Err(Unread::Disagreement {
            detail: format!("sqlparser reads {read} statements{tail}, PostgreSQL {by_grammar}"),
        });
    }
    for (statement, parsed) in facts.statements.iter().zip(&parsed) {
        if !has_effect(statement)
            && let Some(what) = write_in(parsed)
        {
            let operation = statement.operation;
            return Err(Unread::Disagreement {
                detail: format!("sqlparser reads {what} where PostgreSQL reads {operation}"),
            });
        }
    }
    Ok(if whole { Vote::Agrees } else { Vote::Abstains })
}

/// Whether the facts already say that a statement does more than read, so that the policy
/// judges it as such.
fn has_effect(statement: &Statement) -> bool {
    !statement.writes.is_empty()
        || !statement.creates.is_empty()
        || match &statement.action {
            Action::Read
            | Action::Show
            | Action::Begin(_)
            | Action::Commit { .. }
            | Action::Rollback { .. }
            | Action::Savepoint
            | Action::Execute { .. }
            | Action::Deallocate { .. }
            | Action::Declare { .. }
            | Action::Fetch { .. }
            | Action::CloseCursor { .. }
            | Action::CopyOut => false,
            Action::Prepare { write, .. } => *write,
            Action::Write
            | Action::Set
            | Action::ResetAll
            | Action::SetIdentity
            | Action::SetTransaction { .. }
            | Action::TwoPhase
            | Action::CopyIn
            | Action::CopyServer
            | Action::Lock { .. }
            | Action::Discard { .. }
            | Action::Notification { .. }
            | Action::Maintain
            | Action::Do
            | Action::Call
            | Action::Ddl
            | Action::Server => true,
        }
}

/// The first write in a statement as sqlparser reads it, at any depth.
fn write_in(parsed: &Parsed) -> Option<&'static str> {
    if let Parsed::Explain { analyze, options, .. } = parsed {
        let option = options.iter().flatten().any(may_analyze);
        if !analyze && !option {
            return None;
        }
    }
    match parsed.visit(&mut Writes) {
        ControlFlow::Break(what) => Some(what),
        ControlFlow::Continue(()) => None,
    }
}

fn may_analyze(option: &UtilityOption) -> bool {
    let name = option.name.value.to_lowercase();
    let off = option.arg.as_ref().is_some_and(|value| {
        matches!(value.to_string().to_lowercase().trim_matches('\''), "false" | "off" | "0")
    });
    matches!(name.as_str(), "analyze" | "analyse") && !off
}

struct Writes;

impl Visitor for Writes {
    type Break = &'static str;

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<Self::Break> {
        match &select.into {
            Some(_) => ControlFlow::Break("SELECT INTO"),
            None => ControlFlow::Continue(()),
        }
    }

    fn pre_visit_statement(&mut self, statement: &Parsed) -> ControlFlow<Self::Break> {
        let what = match statement {
            Parsed::Insert(_) => "INSERT",
            Parsed::Update(_) => "UPDATE",
            Parsed::Delete(_) => "DELETE",
            Parsed::Merge(_) => "MERGE",
            Parsed::Truncate(_) => "TRUNCATE",
            Parsed::Copy { to: false, .. } => "COPY FROM",
            Parsed::CreateTable(_)
            | Parsed::CreateView(_)
            | Parsed::CreateIndex(_)
            | Parsed::CreateSchema { .. }
            | Parsed::CreateSequence { .. }
            | Parsed::CreateRole(_)
            | Parsed::CreateFunction(_)
            | Parsed::CreateTrigger(_)
            | Parsed::CreateExtension(_) => "CREATE",
            Parsed::AlterTable(_) | Parsed::AlterView { .. } | Parsed::AlterRole { .. } => "ALTER",
            Parsed::Drop { .. } | Parsed::DropFunction(_) => "DROP",
            Parsed::Grant(_) | Parsed::Revoke(_) => "GRANT",
            Parsed::Call(_) => "CALL",
            _ => return ControlFlow::Continue(()),
        };
        ControlFlow::Break(what)
    }
}

#[cfg(test)]
mod tests {
    use super::{Vote, veto};
    use crate::sql::facts::Unread;
    use crate::sql::{Limits, read};

    fn vote(text: &str) -> Result<Vote, Unread> {
        let facts = read(text.as_bytes(), true, &Limits::default()).expect(text);
        veto(text.as_bytes(), true, &facts)
    }

    #[test]
    fn objects_only_where_it_sees_more() {
        let agrees = Ok(Vote::Agrees);
        let abstains = Ok(Vote::Abstains);
        let cases = [
            ("", agrees.clone()),
            ("select 1; select 2", agrees.clone()),
            ("insert into t values (1); select 1", agrees.clone()),
            ("with x as (delete from t returning *) select * from x", agrees.clone()),
            ("explain insert into t values (1)", agrees.clone()),
            ("explain (analyze off) delete from t", agrees.clone()),
            ("select a as end from t", agrees.clone()),
            ("select a end from t", abstains.clone()),
            ("table t", abstains.clone()),
            ("move 2 from c", abstains.clone()),
            ("select f(variadic a) from t", abstains),
        ];
        for (text, expected) in cases {
            assert_eq!(vote(text), expected, "{text}");
        }
        for text in [
            "SELECT 1 END; DELETE FROM t",
            "SELECT a END FROM t; DROP TABLE t",
            "COPY t FROM STDIN; DELETE FROM u",
            r"SELECT X'\'; DELETE FROM t; --'",
        ] {
            assert!(
                matches!(vote(text), Err(Unread::Disagreement { .. })),
                "{text}: {:?}",
                vote(text)
            );
        }
    }

    #[test]
    fn never_overflows_its_stack() {
        let shapes: [(&str, &str, &str); 12] = [
            ("select 1", "+1", ""),
            ("select 1", "::int", ""),
            ("select 1 where a", " and a", ""),
            ("select 1 where a", " is null", ""),
            ("select a", "||a", ""),
            ("select 1, 2", " union all select 1, 2", ""),
            ("select 1", " union select 1", ""),
            ("select a", "[1]", ""),
            ("select a", " collate c", ""),
            ("select ", "not ", "a"),
            ("select ", "- ", "1"),
            ("select 1 from a", " join b on true", ""),
        ];
        std::thread::Builder::new()
            .stack_size(2 * 1024 * 1024)
            .spawn(move || {
                for (start, chain, end) in shapes {
                    for times in [100, 199, 240, 300, 480, 600, 900, 5_000] {
                        let text = format!("{start}{}{end}", chain.repeat(times));
                        if let Ok(facts) = read(text.as_bytes(), true, &Limits::default()) {
                            let _ = veto(text.as_bytes(), true, &facts);
                        }
                    }
                }
            })
            .unwrap()
            .join()
            .unwrap();
    }

    #[test]
    fn nesting_is_cheap_to_give_up_on() {
        for depth in [10, 20, 40, 100, 400] {
            for (open, middle, close) in [
                ("(", "1", ")"),
                ("f(", "1", ")"),
                ("case when true then ", "1", " end"),
                ("(select ", "1", ")"),
                ("(select * from (", "select 1", ") x)"),
                ("array[", "1", "]"),
                ("not exists (select ", "1", ")"),
            ] {
                let text = format!("select {}{middle}{}", open.repeat(depth), close.repeat(depth));
                if let Ok(facts) = read(text.as_bytes(), true, &Limits::default()) {
                    let _ = veto(text.as_bytes(), true, &facts);
                }
            }
            let joins =
                format!("select 1 from {}a{}", "(".repeat(depth), " join b on true)".repeat(depth));
            if let Ok(facts) = read(joins.as_bytes(), true, &Limits::default()) {
                let _ = veto(joins.as_bytes(), true, &facts);
            }
        }
    }
}
