//! One text judged for somebody who asks why: the verdict with its texts as a client would see
//! them, what would allow it, and what both readers saw.

use crate::policy::cache::{Outcome, Verdicted};
use crate::policy::judge::{self, Case, JudgeSettings, Verdict};
use crate::policy::{Catalogue, Judgement};
use crate::sql::facts::{Facts, Unread};
use crate::sql::{Limits, Vote};

/// A verdict and what it rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// As on the wire.
    pub verdict: Verdict,
    /// The rule that decides: `read` and `scope` allow.
    pub rule: &'static str,
    /// Scopes that would allow it, as they stand in a command; empty when none is missing, or
    /// none would help.
    pub scopes: Vec<String>,
    /// What PostgreSQL's grammar reads.
    pub facts: Result<Facts, Unread>,
    /// What sqlparser says: that it agrees, that it has no say, or what else it sees.
    pub second: String,
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
        crate::sql::read(case.text, case.utf8, &Limits::default())
    };
    let rule = rule(&judgement);
    Explanation { verdict: judgement.verdict.clone(), rule, scopes, facts, second }
}

fn rule(judgement: &Judgement) -> &'static str {
    match &judgement.verdict {
        Verdict::Refuse(refusal) => refusal.rule,
        Verdict::Replace { .. } => "setting_capped",
        Verdict::Pass if judgement.statements.iter().any(|one| one.writes) => "scope",
        Verdict::Pass => "read",
    }
}
