//! More time or more scopes for a grant in use, and another wish for a request that nobody can
//! use yet: under the same rules as a new grant.

use super::life::{Changed, Extension, Person, Signature, Step, duration, refused};
use super::rules::Allowed;
use super::{Grant, Stage, State, scopes};

impl Extension {
    /// Whether it can still be approved.
    #[must_use]
    pub const fn stands(&self, now: i64) -> bool {
        now < self.until
    }

    /// What it asks for, in words: `30m more, update:public.orders`.
    #[must_use]
    pub fn words(&self) -> String {
        let mut parts = Vec::new();
        if let Some(ttl) = self.ttl {
            parts.push(format!("{} from its approval", duration(ttl)));
        }
        parts.extend(self.scopes.iter().cloned());
        if let Some(reason) = &self.reason {
            parts.push(format!("because: {reason}"));
        }
        parts.join(", ")
    }
}

impl Grant {
    /// The extension that waits for approvals.
    #[must_use]
    pub fn asked(&self, now: i64) -> Option<&Extension> {
        self.life.extension.as_ref().filter(|asked| asked.stands(now))
    }

    /// Whose wish another one would take the place of, in words; empty when none waits.
    #[must_use]
    pub fn displaced(&self, now: i64) -> String {
        self.asked(now).map_or_else(String::new, |asked| {
            format!("in place of what {} asked for: {}", asked.by, asked.words())
        })
    }

    pub(super) fn approve_extension(
        &self,
        person: Person<'_>,
        asked: &Extension,
        allowed: &Allowed,
        now: i64,
    ) -> Step {
        self.may_approve(person, &asked.by, &asked.approvals)?;
        let mut grant = self.clone();
        let mut asked = asked.clone();
        asked.needed = asked.needed.max(allowed.needed);
        asked.approvals.push(Signature { by: person.actor.to_owned(), at: now });
        let (count, needed) = (asked.approvals.len(), asked.needed);
        let detail = format!(
            "extension, {count} of {needed} approvals of revision {}: {}",
            self.life.asked,
            asked.words()
        );
        if count < usize::try_from(needed).unwrap_or(usize::MAX) {
            grant.life.extension = Some(asked);
            return Ok(Changed::new(grant, "grant.approved", detail));
        }
        let words = grant.lengthen(asked.ttl, allowed, now);
        grant.life.extension = None;
        for approval in asked.approvals {
            if grant.life.approvals.iter().all(|known| known.by != approval.by) {
                grant.life.approvals.push(approval);
            }
        }
        Ok(Changed::new(grant, "grant.approved", detail).and("grant.extended", words))
    }

    /// Refuses the extension that waits; a request as a whole is ended instead.
    ///
    /// # Errors
    /// When there is none.
    pub fn deny_extension(&self, because: &str, now: i64) -> Step {
        let Some(asked) = self.asked(now) else {
            let state = self.state_at(now).word();
            return Err(refused(
                format!("grant {} is {state}: there is nothing to deny", self.id),
                if self.ended.is_some() {
                    format!("pgward grant show {} says how it ended", self.id)
                } else {
                    format!("to end it: pgward grant revoke {}", self.id)
                },
            ));
        };
        let detail = format!("extension: {}; {because}", asked.words());
        let mut grant = self.clone();
        grant.life.extension = None;
        Ok(Changed::new(grant, "grant.denied", detail))
    }

    /// Nobody answered the extension in time.
    ///
    /// # Errors
    /// When there is none.
    pub fn drop_extension(&self) -> Step {
        let Some(asked) = &self.life.extension else {
            return Err(refused("there is no extension", "pgward grant show"));
        };
        let detail = format!("extension: {}; nobody answered it in time", asked.words());
        let mut grant = self.clone();
        grant.life.extension = None;
        Ok(Changed::new(grant, "grant.denied", detail))
    }

    /// More time or more scopes. `given` is what the person's own word counts in approvals;
    /// `allowed` is what the rules say of the scopes as they are to be.
    ///
    /// # Errors
    /// When it isn't in use, or nothing would change.
    pub fn extend(
        &self,
        mut asked: Extension,
        given: u32,
        allowed: &Allowed,
        request_us: i64,
        now: i64,
    ) -> Step {
        if self.life.stage != Stage::Issued {
            return self.edit(&asked, allowed, request_us, now);
        }
        self.in_use("extend", now)?;
        let adds = allowed.scopes.iter().any(|scope| !self.scopes.contains(scope));
        let later = asked.ttl.is_some_and(|ttl| now.saturating_add(ttl) > self.expires_at);
        if !adds && !later {
            return Err(if asked.ttl.is_some() {
                refused(
                    format!("grant {} lasts longer than that already", self.id),
                    format!("until when: pgward grant show {}", self.id),
                )
            } else {
                refused(
                    format!("grant {} has these scopes already", self.id),
                    "a session has them when it was begun since: connect again (\\c in psql)",
                )
            });
        }
        asked.needed = allowed.needed;
        let mut grant = self.clone();
        let displaced = self.displaced(now);
        let also = if displaced.is_empty() { displaced } else { format!("; {displaced}") };
        if allowed.needed <= given {
            let words = grant.lengthen(asked.ttl, allowed, now);
            grant.life.extension = None;
            return Ok(Changed::new(grant, "grant.extended", words + &also));
        }
        asked.until = now.saturating_add(request_us).min(self.expires_at);
        grant.life.asked = self.life.asked.saturating_add(1);
        let detail = format!("extension: {}{also}", asked.words());
        grant.life.extension = Some(asked);
        Ok(Changed::new(grant, "grant.requested", detail))
    }

    /// A request that nobody can use yet becomes another one: who approved it approved
    /// something else.
    fn edit(&self, asked: &Extension, allowed: &Allowed, request_us: i64, now: i64) -> Step {
        let state = self.state_at(now);
        if !matches!(state, State::Pending | State::Approved) {
            return Err(self.over("extended", state));
        }
        let mut grant = self.clone();
        grant.scopes.clone_from(&allowed.scopes);
        grant.life.ttl = asked.ttl.unwrap_or(self.life.ttl).min(allowed.longest);
        grant.life.needed = allowed.needed;
        grant.life.approvals.clear();
        grant.life.asked = self.life.asked.saturating_add(1);
        grant.life.stage = if allowed.needed == 0 { Stage::Approved } else { Stage::Pending };
        grant.expires_at = now.saturating_add(request_us);
        let mut detail = format!("changed: {}", grant.unlike(self));
        if let Some(reason) = &asked.reason {
            detail.push_str("; because: ");
            detail.push_str(reason);
        }
        detail.push_str("; approvals given before are void");
        Ok(Changed::new(grant, "grant.requested", detail))
    }

    /// What it asks for that another doesn't, in words.
    fn unlike(&self, other: &Self) -> String {
        let mut parts = Vec::new();
        if self.life.ttl != other.life.ttl {
            let (now, before) = (duration(self.life.ttl), duration(other.life.ttl));
            parts.push(format!("for {now}, was {before}"));
        }
        if self.scopes != other.scopes {
            let words = |grant: &Self| {
                let scopes: Vec<String> = grant.scopes.iter().map(scopes::text).collect();
                if scopes.is_empty() { "read-only".to_owned() } else { scopes.join(" ") }
            };
            parts.push(format!("{}, was {}", words(self), words(other)));
        }
        if parts.is_empty() { "nothing".to_owned() } else { parts.join("; ") }
    }

    /// Applies more time and all scopes that are allowed; says in words what it is now. No
    /// grant lasts longer from now than one of these scopes that is made now.
    fn lengthen(&mut self, ttl: Option<i64>, allowed: &Allowed, now: i64) -> String {
        let before = self.expires_at;
        let wanted = ttl.map_or(before, |ttl| now.saturating_add(ttl));
        self.expires_at = wanted.max(before).min(now.saturating_add(allowed.longest));
        let new: Vec<String> = allowed
            .scopes
            .iter()
            .filter(|one| !self.scopes.contains(one))
            .map(scopes::text)
            .collect();
        self.scopes.clone_from(&allowed.scopes);
        let left = duration(self.expires_at.saturating_sub(now));
        let mut words = match self.expires_at.cmp(&before) {
            std::cmp::Ordering::Greater => format!("ends in {left}"),
            std::cmp::Ordering::Equal => format!("still ends in {left}"),
            std::cmp::Ordering::Less => format!("now ends in {left}, as its scopes demand"),
        };
        if !new.is_empty() {
            words.push_str("; new connections may ");
            words.push_str(&new.join(" "));
            words.push_str(" (\\c in psql)");
        }
        words
    }
}
