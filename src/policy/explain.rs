//! One text judged for somebody who asks why: the verdict with its texts as a client would see
//! them, what would allow it, and what both readers saw.

use crate::policy::cache::{Outcome, Verdicted};
use crate::policy::judge::{self, Case, JudgeSettings, Verdict};
use crate::policy::{Catalogue, Judgement};
use crate::sql::Vote;
use crate::sql::facts::{Change, Facts, Name, Setting, Statement, Unread};

/// A verdict and what it rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// As on the wire.
    pub verdict: Verdict,
    /// The rule that decides: `read`, `scope`, `execute`, `maintain` and `ddl` allow.
    pub rule: &'static str,
    /// Scopes that would allow it, as they stand in a command; empty when none is missing, or
    /// none would help.
    pub scopes: Vec<String>,
    /// What PostgreSQL's grammar reads, one for each statement; else why it can't be read.
    pub facts: Result<Vec<Seen>, String>,
    /// What sqlparser says: that it agrees, that it has no say, or what else it sees.
    pub second: String,
}

/// What PostgreSQL's grammar sees in one statement, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The command.
    pub operation: &'static str,
    /// Relations read, as written.
    pub reads: Vec<String>,
    /// `update:public.orders`
    pub writes: Vec<String>,
    /// Functions called, as written.
    pub calls: Vec<String>,
    /// Types named.
    pub types: Vec<String>,
    /// Operators written.
    pub operators: Vec<String>,
    /// `jit = off`
    pub settings: Vec<String>,
    /// `CREATE TABLE AS`
    pub creates: Vec<&'static str>,
    /// What DDL stays with, where it does.
    pub defines: Option<Vec<String>>,
    /// How many locking clauses it has.
    pub row_locks: usize,
    /// Whether an UPDATE or DELETE in it chooses no rows.
    pub every_row: bool,
}

/// Judges a text and says why. For texts of any length, so it belongs on a thread whose stack
/// fits.
#[must_use]
pub fn explain(case: &Case<'_>, catalogue: &Catalogue, settings: &JudgeSettings) -> Explanation {
    let mut second = "abstains".to_owned();
    let mut vote = |facts: &Facts| match crate::sql::veto(case.text, case.utf8, facts) {
        Ok(Vote::Agrees) => {
            "agrees".clone_into(&mut second);
            true
        }
        Ok(Vote::Abstains) => true,
        Err(Unread::Disagreement { detail }) => {
            second = detail;
            false
        }
        Err(_) => false,
    };
    let Verdicted { outcome, judgement } = judge::judged(case, catalogue, settings, 0, &mut vote);
    let scopes = match &outcome {
        Outcome::Refused(reason) => reason.scopes(),
        Outcome::Pass | Outcome::Capped(_) => Vec::new(),
    };
    let facts = if case.text.len() > case.terms.statement_bytes_max {
        Err(Unread::TooComplex { what: "bytes", limit: case.terms.statement_bytes_max })
    } else {
        crate::sql::read(case.text, case.utf8, &catalogue.limits())
    };
    let facts = facts
        .map(|facts| facts.statements.iter().map(Seen::of).collect())
        .map_err(|unread| why(&unread));
    let rule = rule(&judgement);
    Explanation { verdict: judgement.verdict.clone(), rule, scopes, facts, second }
}

fn rule(judgement: &Judgement) -> &'static str {
    match &judgement.verdict {
        Verdict::Refuse(refusal) => refusal.rule,
        Verdict::Replace { .. } => "setting_capped",
        Verdict::Pass => {
            let mut rules = judgement.statements.iter().map(|one| one.rule);
            rules.find(|rule| *rule != "read").unwrap_or("read")
        }
    }
}

fn why(unread: &Unread) -> String {
    match unread {
        Unread::Syntax { message, .. } => message.clone(),
        Unread::Encoding { offset } => format!("invalid byte at offset {offset}"),
        Unread::TooComplex { what, limit } => format!("more than {limit} {what}"),
        Unread::Unknown { construct } => format!("not known how to judge: {construct}"),
        Unread::Disagreement { detail } => detail.clone(),
    }
}

fn names(names: &[Name]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

impl Seen {
    fn of(statement: &Statement) -> Self {
        let writes = statement.writes.iter();
        Self {
            operation: statement.operation,
            reads: names(&statement.reads),
            writes: writes.map(|write| format!("{}:{}", write.verb.word(), write.table)).collect(),
            calls: names(&statement.calls),
            types: names(&statement.types),
            operators: names(&statement.operators),
            settings: statement.settings.iter().map(setting).collect(),
            creates: statement.creates.clone(),
            defines: statement.defines.as_deref().map(names),
            row_locks: statement.row_locks.len(),
            every_row: statement.unrestricted,
        }
    }
}

fn setting(setting: &Setting) -> String {
    let name = setting.name.as_deref().unwrap_or("(computed)");
    match &setting.change {
        Change::To(value) => format!("{name} = {value}"),
        Change::Unknown => format!("{name} = (computed)"),
        Change::Reset => format!("{name} reset"),
    }
}
