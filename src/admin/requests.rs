//! From asking to having, and back: request, approve, deny, redeem, extend, rotate, release,
//! break-glass, review. Who may take a step with whose grant is decided here and in
//! `grants::life`; who may ask for the step at all, in the API's table.

use std::sync::Arc;

use tokio::task::spawn_blocking;

use super::approvers::{Approvers, hand, maker_among, nobody_to_ask, own_word, too_few};
use super::caller::{Caller, may_approve};
use super::clerk::{Clerk, ClerkError, Made, because, check_reason};
use super::forms::{Answered, CreatedGrant, ExtendWish, Revoked, time};
use super::record::AdminEvent;
use crate::base::GrantId;
use crate::config::Right;
use crate::grants::life::{Approval, name_of};
use crate::grants::operators::TokenOperator;
use crate::grants::rules::parse_scopes;
use crate::grants::{
    ChangeError, Changed, Extension, Grant, Rules, Stage, State, Wish, WishError, scopes,
};

/// Requests of one person that may wait at once.
const WAITING_MAX: usize = 20;

impl Clerk {
    /// Asks for a grant, for others to approve. An empty user is who asks.
    ///
    /// # Errors
    /// When a rule forbids it, or it can't be put on record or kept; there is no request then.
    pub async fn request(&self, mut wish: Wish, caller: &Caller) -> Result<Answered, ClerkError> {
        own_user(&mut wish, caller, "request")?;
        self.check_waiting(caller)?;
        let (config, now) = (self.config.load_full(), (self.clock)());
        let roles = self.has_scope_roles(&wish.database);
        let allowed = Rules::new(&config).scope_roles(roles).allow(&wish, now)?;
        self.check_names(&wish.database, &allowed.scopes)?;
        let people = [caller.name(), wish.user.as_str()];
        let others = Approvers::besides(&people, &config, &self.operators().await?);
        let answerable = others.suffice(allowed.needed);
        if !answerable && caller.may(Right::Administer) {
            let given = own_word(caller, wish.user == caller.name(), &others);
            return Err(nobody_to_ask(&wish, allowed.needed, given, caller));
        }
        let at_once = allowed.needed == 0;
        let word = self.may_give(&wish.database, &allowed.scopes, at_once).await?;
        // Others of this person may have come meanwhile, and time has passed.
        self.check_waiting(caller)?;
        let now = (self.clock)();
        let (ledger, actor) = (Arc::clone(&self.ledger), Arc::clone(&caller.actor));
        let asked = spawn_blocking(move || ledger.ask(&wish, allowed, &actor, now));
        let mut grant = asked.await??;
        let (wait, next) = if grant.life.stage == Stage::Approved {
            (config.policy.redeem_within, format!("pgward grant redeem {}", grant.id))
        } else {
            (config.policy.request_ttl, grant.approve_command())
        };
        grant.expires_at = now.saturating_add(i64::try_from(wait.as_micros()).unwrap_or(i64::MAX));
        self.keep(&grant, "grant.requested", &caller.actor).await?;
        let mut summary = match grant.life.needed {
            0 => format!("approved, since nobody need be asked: {next}"),
            1 => format!("waits for an approval: {next}\nthen: pgward grant redeem {}", grant.id),
            needed => format!(
                "waits for {needed} approvals: {next}\nthen: pgward grant redeem {}",
                grant.id
            ),
        };
        if !answerable {
            summary.push_str(
                "\nthere are too few who may approve it: somebody who may administer can name \
                 more (pgward operator create, or admin.operators)",
            );
        }
        Ok(self.answered(&grant, and(summary, word)).await)
    }

    /// Nobody buries the others' requests under their own.
    fn check_waiting(&self, caller: &Caller) -> Result<(), WishError> {
        let now = (self.clock)();
        let mut waiting = self.ledger.live().all();
        waiting.retain(|grant| {
            let waits = matches!(grant.state_at(now), State::Pending | State::Approved);
            waits && grant.life.stage != Stage::Issued && *grant.created_by == *caller.actor
        });
        if waiting.len() < WAITING_MAX {
            return Ok(());
        }
        Err(WishError {
            what: format!("{} has {} requests that wait already", caller.actor, waiting.len()),
            hint: "withdraw those that aren't needed: pgward grant release ID; pgward grant list \
                   --waiting shows them"
                .to_owned(),
        })
    }

    /// Approves a request, or an extension that waits, as it was at that revision.
    ///
    /// # Errors
    /// When there is nothing to approve, or not by this person, or it has changed since.
    pub async fn approve(
        &self,
        id: GrantId,
        revision: u32,
        caller: &Caller,
    ) -> Result<Answered, ClerkError> {
        let (config, clock, who) = (self.config.load_full(), self.clock, caller.clone());
        let roles = self.has_scope_roles(&self.find(id).await?.database);
        let (operators, ever) = (self.operators().await?, self.operators_ever().await?);
        let changed = self
            .change_scopes(id, caller, move |grant| {
                // Not when it was asked: it may have waited, and the grant have ended meanwhile.
                let now = clock();
                let counts = |actor: &str| may_approve(actor, &config, &operators);
                let more = match grant.asked(now) {
                    Some(asked) if grant.life.stage == Stage::Issued => {
                        parse_scopes(&asked.scopes)?
                    }
                    _ => Vec::new(),
                };
                let all = grant.scopes_with(&more);
                let allowed =
                    Rules::new(&config).scope_roles(roles).allow_more(grant, all, None)?;
                let redeem_us = micros(config.policy.redeem_within);
                not_made_by_who_asks(&who, grant, now, &ever)?;
                not_the_same_hand(&who, grant, now, &counts, &ever)?;
                let approval = Approval { person: who.person(), revision };
                grant.approve(approval, &allowed, &counts, redeem_us, now)
            })
            .await;
        let (changed, word) = match changed {
            Err(ClerkError::Stale { .. }) => return Err(self.stale(id, revision).await?),
            changed => changed?,
        };
        let grant = &changed.grant;
        let extended = changed.events.iter().any(|(event, _)| *event == "grant.extended");
        let summary = if extended {
            self.move_sessions(id);
            said(&changed, "grant.extended")
        } else if grant.life.stage == Stage::Approved {
            format!("{} gets the token with: pgward grant redeem {id}", grant.created_by)
        } else {
            said(&changed, "grant.approved")
        };
        Ok(self.answered(grant, and(summary, word)).await)
    }

    /// Why what was read can't be approved any more, with what has changed since.
    async fn stale(&self, id: GrantId, read: u32) -> Result<ClerkError, ClerkError> {
        let grant = self.find(id).await?;
        let ledger = Arc::clone(&self.ledger);
        let history = spawn_blocking(move || ledger.history(id)).await??;
        let asked = history.iter().filter(|line| line.event == "grant.requested");
        let asked: Vec<String> = asked
            .zip(1_u32..)
            .filter(|(_, revision)| *revision > read)
            .map(|(line, revision)| {
                format!("revision {revision} by {}: {}", line.actor, line.detail)
            })
            .collect();
        let (now, command) = (grant.life.asked, grant.approve_command());
        Ok(ClerkError::Stale {
            what: format!(
                "nothing was approved: revision {read} of {id} was read, and it is at {now} now"
            ),
            detail: asked.join("; "),
            hint: format!("read it: pgward grant show {id}; then: {command}"),
        })
    }

    /// Denies a request, or an extension that waits.
    ///
    /// # Errors
    /// When there is nothing to deny.
    pub async fn deny(
        self: &Arc<Self>,
        id: GrantId,
        reason: Option<&str>,
        caller: &Caller,
    ) -> Result<Answered, ClerkError> {
        check_reason(reason)?;
        let because = because("denied", &caller.actor, reason);
        let grant = self.find(id).await?;
        let now = (self.clock)();
        if grant.life.stage != Stage::Issued
            && matches!(grant.state_at(now), State::Pending | State::Approved)
        {
            // A redemption at this very moment changes nothing: what is denied has ended.
            self.end(&grant, State::Denied, &because, &caller.actor).await?;
            let grant = self.find(id).await?;
            return Ok(self.answered(&grant, because).await);
        }
        let text = because.clone();
        let changed =
            self.change(id, caller, move |grant| grant.deny_extension(&text, now)).await?;
        Ok(self.answered(&changed.grant, format!("extension {because}")).await)
    }

    /// Makes the token of an approved request, for who asked and nobody else.
    ///
    /// # Errors
    /// When it isn't approved, or not theirs.
    pub async fn redeem(&self, id: GrantId, caller: &Caller) -> Result<CreatedGrant, ClerkError> {
        let (config, clock, who) = (self.config.load_full(), self.clock, caller.clone());
        let grant = self.find_own(id, caller).await?;
        let roles = self.has_scope_roles(&grant.database);
        let ledger = Arc::clone(&self.ledger);
        let made = spawn_blocking(move || {
            Ok::<_, crate::grants::StoreError>((ledger.token(&grant)?, ledger.operators()?))
        });
        let ((token, verifier), operators) = made.await??;
        let rules = Arc::clone(&config);
        let (changed, warning) = self
            .change_scopes(id, caller, move |grant| {
                let now = clock();
                let allowed = Rules::new(&rules).scope_roles(roles).allow_more(
                    grant,
                    grant.scopes.clone(),
                    None,
                )?;
                let counts = |actor: &str| may_approve(actor, &rules, &operators);
                grant.may_redeem(who.person(), allowed.needed, &counts, now)?;
                Ok::<_, WishError>(grant.issue(verifier.clone(), allowed.longest, now))
            })
            .await?;
        let created = CreatedGrant::new(&changed.grant, token.expose(), &config);
        Ok(CreatedGrant { warning, ..created })
    }

    /// More time or more scopes for a grant in use, or another wish for a request. Where others
    /// must approve, it becomes a request.
    ///
    /// # Errors
    /// When a rule forbids it, it isn't in use, or nothing would change.
    pub async fn extend(
        &self,
        id: GrantId,
        wish: ExtendWish,
        caller: &Caller,
    ) -> Result<Answered, ClerkError> {
        check_reason(wish.reason.as_deref())?;
        let known = self.find(id).await?;
        let more = parse_scopes(&wish.scopes)?;
        if more.is_empty() && wish.ttl.is_none() {
            return Err(ClerkError::Wish(WishError {
                what: "nothing was asked for".to_owned(),
                hint: format!("pgward grant extend {id} --ttl 30m, or --scope update:public.t"),
            }));
        }
        let theirs = caller.may(Right::Request) && caller.owns(&known);
        if !(caller.may(Right::Administer) || theirs) {
            return Err(not_theirs(caller, &known));
        }
        self.check_names(&known.database, &more)?;
        let (config, clock, who) = (self.config.load_full(), self.clock, caller.clone());
        let people = [caller.name(), known.user.as_str(), name_of(&known.created_by)];
        let asks = known.life.requested || known.life.break_glass;
        let people = if asks { &people[..] } else { people.get(..2).unwrap_or(&people) };
        let others = Approvers::besides(people, &config, &self.operators().await?);
        let given = own_word(caller, known.is_own(caller.person()), &others);
        let administers = caller.may(Right::Administer);
        let roles = self.has_scope_roles(&known.database);
        let (changed, word) = self
            .change_scopes(id, caller, move |grant| {
                let now = clock();
                let all = grant.scopes_with(&more);
                let allowed = Rules::new(&config).scope_roles(roles).allow_more(
                    grant,
                    all,
                    wish.ttl.as_deref(),
                )?;
                if grant.life.stage != Stage::Issued && *grant.created_by != *who.actor {
                    return Err(WishError {
                        what: format!("{id} is a request of {}", grant.created_by),
                        hint: format!("to refuse it as it is: pgward grant deny {id}"),
                    });
                }
                if grant.life.stage == Stage::Issued
                    && allowed.needed > given
                    && administers
                    && !others.suffice(allowed.needed)
                {
                    return Err(too_few(allowed.needed));
                }
                let asked = Extension {
                    by: who.actor.to_string(),
                    at: now,
                    until: now,
                    ttl: wish.ttl.as_ref().map(|_| allowed.ttl),
                    scopes: more.iter().map(scopes::text).collect(),
                    reason: wish.reason.clone(),
                    needed: 0,
                    approvals: Vec::new(),
                };
                grant.extend(asked, given, &allowed, micros(config.policy.request_ttl), now)
            })
            .await?;
        let summary = if changed.events.iter().any(|(event, _)| *event == "grant.extended") {
            self.move_sessions(id);
            said(&changed, "grant.extended")
        } else {
            let mut words = vec![known.displaced((self.clock)()), waits(&changed.grant)];
            words.retain(|one| !one.is_empty());
            words.join("; ")
        };
        Ok(self.answered(&changed.grant, and(summary, word)).await)
    }

    /// Moves the end of a grant's sessions to where it is now: of two extensions at once the later
    /// one holds, whichever comes here first.
    fn move_sessions(&self, id: GrantId) {
        let live = self.ledger.live();
        let mut told = None;
        while let Some(grant) = live.by_id(id).filter(|grant| told != Some(grant.expires_at)) {
            self.sessions.extend_grant(id, grant.expires_at);
            told = Some(grant.expires_at);
        }
    }

    /// A new token in place of a lost one, for who got that one.
    ///
    /// # Errors
    /// When it has none, or it is not theirs.
    pub async fn rotate(&self, id: GrantId, caller: &Caller) -> Result<CreatedGrant, ClerkError> {
        let (config, now) = (self.config.load_full(), (self.clock)());
        let grant = self.find_own(id, caller).await?;
        // Nobody but who asked sees the token of a request, whatever they may do else.
        let theirs = *grant.created_by == *caller.actor
            || !grant.life.requested && !grant.life.break_glass && caller.may(Right::Administer);
        if !theirs {
            return Err(not_theirs(caller, &grant));
        }
        let ledger = Arc::clone(&self.ledger);
        let (token, verifier) = spawn_blocking(move || ledger.token(&grant)).await??;
        let changed = self.change(id, caller, move |grant| grant.rotate(verifier, now)).await?;
        Ok(CreatedGrant::new(&changed.grant, token.expose(), &config))
    }

    /// Gives a grant back, or withdraws a request.
    ///
    /// # Errors
    /// When it is not theirs.
    pub async fn release(
        &self,
        id: GrantId,
        reason: Option<&str>,
        caller: &Caller,
    ) -> Result<Revoked, ClerkError> {
        check_reason(reason)?;
        let grant = self.find_own(id, caller).await?;
        if !caller.owns(&grant) && !caller.may(Right::Administer) {
            return Err(not_theirs(caller, &grant));
        }
        let (state, done) = match grant.life.stage {
            Stage::Issued => (State::Released, "released"),
            Stage::Pending | Stage::Approved => (State::Cancelled, "withdrawn"),
        };
        self.end(&grant, state, &because(done, &caller.actor, reason), &caller.actor).await
    }

    /// Lets somebody in at once who may do so, for a short time.
    ///
    /// # Errors
    /// When a rule forbids it, or it can't be put on record or kept; there is no grant then.
    pub async fn break_glass(
        &self,
        mut wish: Wish,
        caller: &Caller,
    ) -> Result<CreatedGrant, ClerkError> {
        own_user(&mut wish, caller, "break-glass")?;
        let config = self.config.load_full();
        let roles = self.has_scope_roles(&wish.database);
        let rules = Rules::new(&config).scope_roles(roles);
        let allowed = rules.allow_break_glass(&wish, (self.clock)())?;
        self.issue(wish, allowed, Made::BreakGlass, &caller.actor).await
    }

    /// Notes that somebody has looked at what was done with emergency access.
    ///
    /// # Errors
    /// When there is nothing to look at, or not for this person.
    pub async fn review(
        &self,
        id: GrantId,
        remark: &str,
        caller: &Caller,
    ) -> Result<Answered, ClerkError> {
        check_reason(Some(remark))?;
        let (now, who, text) = ((self.clock)(), caller.clone(), remark.trim().to_owned());
        let changed =
            self.change(id, caller, move |grant| grant.review(who.person(), &text, now)).await?;
        let summary = format!("reviewed by {}", caller.actor);
        Ok(self.answered(&changed.grant, summary).await)
    }

    /// Takes a step: on record, then kept, then seen by logins.
    pub(super) async fn change<E>(
        &self,
        id: GrantId,
        caller: &Caller,
        step: impl FnOnce(&Grant) -> Result<Changed, E> + Send + 'static,
    ) -> Result<Changed, ClerkError>
    where
        ChangeError: From<E>,
        E: Send + 'static,
    {
        let (ledger, record) = (Arc::clone(&self.ledger), Arc::clone(&self.record));
        let (actor, now) = (Arc::clone(&caller.actor), (self.clock)());
        let changing = spawn_blocking(move || {
            let mut recorded = None;
            let result = ledger.change(id, &actor, now, step, |changed| {
                for (event, detail) in &changed.events {
                    record.before(&act(event, &actor, &changed.grant, detail))?;
                }
                recorded = Some(changed.clone());
                Ok(())
            });
            if let (Err(error), Some(changed)) = (&result, recorded) {
                let detail = format!("it did not take effect: {error}");
                for (event, _) in &changed.events {
                    let _ = record.soon(&act(event, &actor, &changed.grant, &detail));
                }
            }
            result
        });
        Ok(changing.await??)
    }

    /// A grant that this person may see.
    pub(super) async fn find_own(
        &self,
        id: GrantId,
        caller: &Caller,
    ) -> Result<Arc<Grant>, ClerkError> {
        let grant = self.find(id).await?;
        if caller.sees(&grant) { Ok(grant) } else { Err(ClerkError::NoGrant(id)) }
    }

    async fn answered(&self, grant: &Grant, summary: String) -> Answered {
        let sessions = self.sessions.list().await;
        Answered { summary, grant: self.view(grant, &sessions, None) }
    }
}

fn act<'a>(
    event: &'static str,
    actor: &'a str,
    grant: &'a Grant,
    detail: &'a str,
) -> AdminEvent<'a> {
    let detail = (!detail.is_empty()).then_some(detail);
    AdminEvent { event, actor, grant: Some(grant), session: None, detail }
}

/// What came of it, and what who did it should know besides.
fn and(summary: String, word: Option<String>) -> String {
    match word {
        Some(word) => format!("{summary}\n{word}"),
        None => summary,
    }
}

/// What a step said with one of its events.
fn said(changed: &Changed, event: &str) -> String {
    let said = changed.events.iter().find(|(name, _)| *name == event);
    said.map(|(_, detail)| detail.clone()).unwrap_or_default()
}

fn waits(grant: &Grant) -> String {
    let (needed, given) = match &grant.life.extension {
        Some(asked) if grant.life.stage == Stage::Issued => (asked.needed, asked.approvals.len()),
        _ => (grant.life.needed, grant.life.approvals.len()),
    };
    let left = usize::try_from(needed).unwrap_or(usize::MAX).saturating_sub(given);
    let it = if grant.life.stage == Stage::Issued { "the extension " } else { "" };
    match left {
        0 => format!("approved, since nobody need be asked: pgward grant redeem {}", grant.id),
        1 => format!("{it}waits for an approval: {}", grant.approve_command()),
        left => format!("{it}waits for {left} approvals: {}", grant.approve_command()),
    }
}

/// Nobody approves by an operator that they have made.
fn not_made_by_who_asks(
    who: &Caller,
    grant: &Grant,
    now: i64,
    operators: &[TokenOperator],
) -> Result<(), WishError> {
    if !who.actor.starts_with("op:") {
        return Ok(());
    }
    let mut people = vec![grant.user.as_str()];
    if grant.life.requested || grant.life.break_glass {
        people.push(name_of(&grant.created_by));
    }
    people.extend(grant.asked(now).map(|asked| name_of(&asked.by)));
    let Some(maker) = maker_among(who.name(), &people, operators) else { return Ok(()) };
    Err(WishError {
        what: format!(
            "{} can't approve {}: it is an operator that {maker} made, and theirs is the request",
            who.actor, grant.id
        ),
        hint: format!("ask somebody else who may: {}", grant.approve_command()),
    })
}

/// Nobody approves twice, by operators of whom they have made one, or both.
fn not_the_same_hand(
    who: &Caller,
    grant: &Grant,
    now: i64,
    counts: &dyn Fn(&str) -> bool,
    operators: &[TokenOperator],
) -> Result<(), WishError> {
    let given = match grant.asked(now) {
        Some(asked) if grant.life.stage == Stage::Issued => &asked.approvals,
        _ => &grant.life.approvals,
    };
    let own = hand(who.name(), operators);
    let same =
        |by: &str| counts(by) && name_of(by) != who.name() && hand(name_of(by), operators) == own;
    let Some(other) = given.iter().find(|one| same(&one.by)) else { return Ok(()) };
    Err(WishError {
        what: format!(
            "{} can't approve {}: {} has, and both are of one person, {own}, who made operators",
            who.actor, grant.id, other.by
        ),
        hint: format!("ask somebody else who may: {}", grant.approve_command()),
    })
}

/// Who asks, asks for themselves; only who may administer asks for others.
fn own_user(wish: &mut Wish, caller: &Caller, verb: &str) -> Result<(), ClerkError> {
    if wish.user.is_empty() {
        caller.name().clone_into(&mut wish.user);
    }
    if wish.user == caller.name() || caller.may(Right::Administer) {
        return Ok(());
    }
    Err(ClerkError::NotAllowed {
        what: format!("{} may ask for access of their own only", caller.actor),
        hint: format!("leave out --user: pgward grant {verb} --database {} …", wish.database),
    })
}

fn not_theirs(caller: &Caller, grant: &Grant) -> ClerkError {
    if !caller.sees(grant) {
        return ClerkError::NoGrant(grant.id);
    }
    ClerkError::NotAllowed {
        what: format!("grant {} is not {}'s", grant.id, caller.actor),
        hint: format!("ask {}, who made it on {}", grant.created_by, time(grant.created_at)),
    }
}

fn micros(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
