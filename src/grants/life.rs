//! The life of a grant as steps from one state to the next: asked for, approved, redeemed,
//! extended, rotated, given back, reviewed. Pure: a step looks at a grant and a time and says
//! what becomes of it, or why it can't be done and what can. The ledger keeps it.

use serde::{Deserialize, Serialize};

use super::rules::Allowed;
use super::{Cidr, Ended, Grant, State, Verifier, WishError};
use crate::policy::Scope;

/// What a grant is bound to beyond who, where, what and until when. Never changes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conditions {
    /// The role in the configuration that its scopes came from.
    pub role: Option<String>,
    /// Networks that its clients come from; empty: any.
    pub clients: Vec<Cidr>,
    /// Not valid before, microseconds since the epoch, UTC.
    pub not_before: Option<i64>,
    /// Sessions that may ever begin; `None`: any number.
    pub uses: Option<u32>,
    /// It ends when no statement ran for that long, microseconds.
    pub end_when_idle: Option<i64>,
}

/// How a grant came about, and how far it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Life {
    /// How far it is.
    pub stage: Stage,
    /// How long it is to last from the moment its token is made, microseconds.
    pub ttl: i64,
    /// It was asked for, and only who asked sees its token.
    pub requested: bool,
    /// How many must approve.
    pub needed: u32,
    /// Who has approved.
    pub approvals: Vec<Signature>,
    /// Sessions that may still begin; `None`: any number.
    pub uses_left: Option<u32>,
    /// What is asked for beyond what was granted.
    pub extension: Option<Extension>,
    /// How often others were asked to approve something of this grant: the request, each change
    /// of it, each extension. Who approves says up to which of these they have read.
    #[serde(default = "first")]
    pub asked: u32,
    /// Taken without asking anybody.
    pub break_glass: bool,
    /// Who has looked at that afterwards.
    pub reviewed: Option<Signature>,
    /// Counts changes: a change is only kept on top of the state that it was made from. The
    /// store has it beside the rest.
    #[serde(skip)]
    pub revision: i64,
}

const fn first() -> u32 {
    1
}

/// How far a grant is that has not ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// It waits for approvals.
    Pending,
    /// It has them, and no token yet.
    Approved,
    /// It has a token.
    #[default]
    Issued,
}

/// Who did something, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// `os:dana`
    pub by: String,
    /// Microseconds since the epoch, UTC.
    pub at: i64,
}

/// More time or more scopes, asked for on a grant in use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extension {
    /// Who asks.
    pub by: String,
    /// When.
    pub at: i64,
    /// When it is too late to approve it.
    pub until: i64,
    /// How long the grant is to last from the approval, microseconds; `None`: as long as now.
    pub ttl: Option<i64>,
    /// Scopes to be added, as written.
    pub scopes: Vec<String>,
    /// Why, where it was said.
    pub reason: Option<String>,
    /// How many must approve.
    pub needed: u32,
    /// Who has approved.
    pub approvals: Vec<Signature>,
}

/// Who takes a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Person<'a> {
    /// As on record: `os:dana`, `op:dana`.
    pub actor: &'a str,
}

/// What becomes of a grant, and what is put on record about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// As it is then.
    pub grant: Grant,
    /// Each event with more about it.
    pub events: Vec<(&'static str, String)>,
}

/// A step, or why it can't be taken.
pub type Step = Result<Changed, WishError>;

/// What somebody approves: what was asked for at that revision, and nothing that came later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Approval<'a> {
    /// Who approves.
    pub person: Person<'a>,
    /// The revision that they have read.
    pub revision: u32,
}

/// Why an approval isn't one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApproveError {
    /// There is nothing to approve, or not by this person.
    #[error(transparent)]
    Wish(#[from] WishError),
    /// Something else is asked for than what was read.
    #[error("it is at revision {0} now")]
    Stale(u32),
}

impl Person<'_> {
    /// The name without where it was proved: `os:dana` and `op:dana` are one person.
    #[must_use]
    pub fn name(&self) -> &str {
        name_of(self.actor)
    }

    /// Whether it is the same person, by whatever way in.
    #[must_use]
    pub fn is(&self, actor: &str) -> bool {
        self.name() == name_of(actor)
    }
}

/// The person's name in `os:dana`.
#[must_use]
pub fn name_of(actor: &str) -> &str {
    actor.split_once(':').map_or(actor, |(_, name)| name)
}

impl Changed {
    pub(super) fn new(mut grant: Grant, event: &'static str, detail: impl Into<String>) -> Self {
        grant.life.revision += 1;
        Self { grant, events: vec![(event, detail.into())] }
    }

    pub(super) fn and(mut self, event: &'static str, detail: impl Into<String>) -> Self {
        self.events.push((event, detail.into()));
        self
    }
}

impl Grant {
    /// Approves the request, or the extension that waits. `allowed` is what the rules say of all
    /// its scopes now; `counts` says of an approval whether who gave it may still do so.
    ///
    /// # Errors
    /// When there is nothing to approve, or not by this person, or not what they have read.
    pub fn approve(
        &self,
        approval: Approval<'_>,
        allowed: &Allowed,
        counts: &dyn Fn(&str) -> bool,
        redeem_us: i64,
        now: i64,
    ) -> Result<Changed, ApproveError> {
        // Who may not approve any more has approved nothing.
        let mut grant = self.clone();
        grant.life.approvals.retain(|one| self.life.stage == Stage::Issued || counts(&one.by));
        if let Some(asked) = &mut grant.life.extension {
            asked.approvals.retain(|one| counts(&one.by));
        }
        let changed = grant.approve_as_it_is(approval.person, allowed, redeem_us, now)?;
        if approval.revision != self.life.asked {
            return Err(ApproveError::Stale(self.life.asked));
        }
        Ok(changed)
    }

    fn approve_as_it_is(
        &self,
        person: Person<'_>,
        allowed: &Allowed,
        redeem_us: i64,
        now: i64,
    ) -> Step {
        match (self.state_at(now), self.asked(now)) {
            (State::Pending, _) => self.approve_request(person, allowed.needed, redeem_us, now),
            (State::Active | State::Approved, Some(asked)) => {
                self.approve_extension(person, asked, allowed, now)
            }
            (State::Approved, None) if self.life.stage == Stage::Approved => Err(refused(
                format!("request {} has its approvals already", self.id),
                format!(
                    "{} gets the token with: pgward grant redeem {}",
                    name_of(&self.created_by),
                    self.id
                ),
            )),
            (state, _) => Err(refused(
                format!("grant {} is {}: there is nothing to approve", self.id, state.word()),
                "pgward grant list --waiting shows what waits",
            )),
        }
    }

    fn approve_request(&self, person: Person<'_>, needed: u32, redeem_us: i64, now: i64) -> Step {
        self.may_approve(person, &self.created_by, &self.life.approvals)?;
        let mut grant = self.clone();
        // Whichever asks for more, then or now.
        grant.life.needed = self.life.needed.max(needed);
        grant.life.approvals.push(Signature { by: person.actor.to_owned(), at: now });
        let count = grant.life.approvals.len();
        let mut detail =
            format!("{count} of {} approvals of revision {}", grant.life.needed, self.life.asked);
        if count >= usize::try_from(grant.life.needed).unwrap_or(usize::MAX) {
            grant.life.stage = Stage::Approved;
            grant.expires_at = now.saturating_add(redeem_us);
            detail.push_str("; to be redeemed within ");
            detail.push_str(&duration(redeem_us));
        }
        Ok(Changed::new(grant, "grant.approved", detail))
    }

    pub(super) fn may_approve(
        &self,
        person: Person<'_>,
        requester: &str,
        approvals: &[Signature],
    ) -> Result<(), WishError> {
        if person.is(requester) || self.is_own(person) {
            return Err(refused(
                format!(
                    "{} can't approve {}: nobody approves what they asked for, or access of \
                     their own",
                    person.actor, self.id
                ),
                format!("ask somebody else who may: {}", self.approve_command()),
            ));
        }
        if approvals.iter().any(|one| person.is(&one.by)) {
            return Err(refused(
                format!("{} has approved {} already", person.actor, self.id),
                format!("ask somebody else who may: {}", self.approve_command()),
            ));
        }
        Ok(())
    }

    /// Whether it is that person's own: for them, or asked for or taken by them.
    #[must_use]
    pub fn is_own(&self, person: Person<'_>) -> bool {
        let by = self.life.requested || self.life.break_glass;
        person.name() == self.user || by && person.is(&self.created_by)
    }

    /// What approves what is asked for now, and nothing that comes later.
    #[must_use]
    pub fn approve_command(&self) -> String {
        format!("pgward grant approve {} --revision {}", self.id, self.life.asked)
    }

    /// Whether a token may be made of the request for this person now; `counts` says of an
    /// approval whether who gave it may still do so.
    ///
    /// # Errors
    /// What is in the way.
    pub fn may_redeem(
        &self,
        person: Person<'_>,
        needed: u32,
        counts: &dyn Fn(&str) -> bool,
        now: i64,
    ) -> Result<(), WishError> {
        let state = self.state_at(now);
        if self.life.stage != Stage::Approved || state != State::Approved {
            let (what, hint) = match state {
                State::Pending => (
                    format!(
                        "request {} waits for approvals: {} of {}",
                        self.id,
                        self.life.approvals.len(),
                        self.life.needed.max(needed)
                    ),
                    format!("ask somebody who may: {}", self.approve_command()),
                ),
                State::Active | State::Approved => (
                    format!("grant {} has its token already, which is shown once", self.id),
                    format!("if it is lost: pgward grant rotate {}", self.id),
                ),
                state => (
                    format!("request {} is {}", self.id, self.how_it_ended(state)),
                    "ask again: pgward grant request --help".to_owned(),
                ),
            };
            return Err(refused(what, hint));
        }
        if self.created_by != person.actor {
            return Err(refused(
                format!("request {} is {}'s: nobody else sees its token", self.id, self.created_by),
                format!("as {}: pgward grant redeem {}", self.created_by, self.id),
            ));
        }
        let valid = self.life.approvals.iter().filter(|one| counts(&one.by)).count();
        let needed = self.life.needed.max(needed);
        if valid < usize::try_from(needed).unwrap_or(usize::MAX) {
            return Err(refused(
                format!("request {} has {valid} valid approvals of {needed}", self.id),
                "who approved it may not do so any more, or more approvals are needed now: ask \
                 again with pgward grant request",
            ));
        }
        Ok(())
    }

    /// The token is made: the time begins.
    #[must_use]
    pub fn issue(&self, verifier: Verifier, longest_us: i64, now: i64) -> Changed {
        let mut grant = self.clone();
        grant.verifier = verifier;
        grant.life.stage = Stage::Issued;
        let ttl = self.life.ttl.min(longest_us);
        let start = self.conditions.not_before.map_or(now, |from| from.max(now));
        grant.expires_at = start.saturating_add(ttl);
        Changed::new(grant, "grant.redeemed", format!("for {}", duration(ttl)))
    }

    /// A new token in place of one that was lost.
    ///
    /// # Errors
    /// When it has none.
    pub fn rotate(&self, verifier: Verifier, now: i64) -> Step {
        self.in_use("rotate", now)?;
        let mut grant = self.clone();
        grant.verifier = verifier;
        Ok(Changed::new(grant, "grant.rotated", "the token before it works no more"))
    }

    /// Somebody has looked at what was done with emergency access.
    ///
    /// # Errors
    /// When there is nothing to look at, or not for this person.
    pub fn review(&self, person: Person<'_>, remark: &str, now: i64) -> Step {
        if !self.life.break_glass {
            return Err(refused(
                format!("grant {} was not taken by break-glass: it needs no review", self.id),
                "pgward grant list --unreviewed shows those that do",
            ));
        }
        if let Some(reviewed) = &self.life.reviewed {
            return Err(refused(
                format!("grant {} was reviewed by {} already", self.id, reviewed.by),
                format!("pgward grant show {} has what was said", self.id),
            ));
        }
        if person.is(&self.created_by) || person.name() == self.user {
            return Err(refused(
                format!("{} can't review {}: it was their own", person.actor, self.id),
                "ask somebody else who may audit or administer",
            ));
        }
        let mut grant = self.clone();
        grant.life.reviewed = Some(Signature { by: person.actor.to_owned(), at: now });
        Ok(Changed::new(grant, "grant.reviewed", remark))
    }

    /// One of its uses is taken; `None` when there is none left.
    #[must_use]
    pub fn take_use(&self) -> Option<Changed> {
        let left = self.life.uses_left?.checked_sub(1)?;
        let mut grant = self.clone();
        grant.life.uses_left = Some(left);
        let uses = self.conditions.uses.unwrap_or_default();
        let detail = format!("{} of {uses} uses", uses.saturating_sub(left));
        Some(Changed::new(grant, "grant.used", detail))
    }

    pub(super) fn in_use(&self, verb: &str, now: i64) -> Result<(), WishError> {
        let state = self.state_at(now);
        let issued = self.life.stage == Stage::Issued;
        if issued && matches!(state, State::Active | State::Approved) {
            return Ok(());
        }
        let done = if verb == "rotate" { "rotated" } else { "extended" };
        Err(self.over(done, state))
    }

    pub(super) fn over(&self, done: &str, state: State) -> WishError {
        if matches!(state, State::Pending | State::Approved) {
            return refused(
                format!("request {} has no token yet, so none can be {done}", self.id),
                format!("when it is approved: pgward grant redeem {}", self.id),
            );
        }
        refused(
            format!("grant {} is {}: it can't be {done}", self.id, state.word()),
            format!(
                "ask for a new one: pgward grant request --database {} --reason \"…\"",
                self.database
            ),
        )
    }

    /// In words, how it came to its end by itself.
    #[must_use]
    pub fn lapsed(&self) -> String {
        match self.life.stage {
            Stage::Pending => format!(
                "nobody answered the request: {} of {} approvals",
                self.life.approvals.len(),
                self.life.needed
            ),
            Stage::Approved => "the request was approved and not redeemed in time".to_owned(),
            Stage::Issued => "its time is over".to_owned(),
        }
    }

    /// As it is when it has ended.
    #[must_use]
    pub fn ended(&self, ended: Ended) -> Self {
        Self { ended: Some(ended), ..self.clone() }
    }

    /// Its scopes with more, each once, sorted.
    #[must_use]
    pub fn scopes_with(&self, more: &[Scope]) -> Vec<Scope> {
        let mut all = self.scopes.clone();
        all.extend_from_slice(more);
        all.sort();
        all.dedup();
        all
    }
}

pub(super) fn refused(what: impl Into<String>, hint: impl Into<String>) -> WishError {
    WishError { what: what.into(), hint: hint.into() }
}

impl Grant {
    /// The state, and why: "denied by os:dana: not now".
    fn how_it_ended(&self, state: State) -> String {
        let because = self.ended.as_ref().map_or("", |ended| ended.because.as_str());
        let word = state.word();
        if because.is_empty() {
            word.to_owned()
        } else if because.starts_with(word) {
            because.to_owned()
        } else {
            format!("{word}: {because}")
        }
    }
}

/// Microseconds as people write durations, to the second.
pub(super) fn duration(micros: i64) -> String {
    let seconds = u64::try_from(micros).unwrap_or(0).div_ceil(1_000_000);
    crate::config::format_duration(std::time::Duration::from_secs(seconds))
}

#[cfg(test)]
#[path = "life_tests.rs"]
mod tests;
