//! What ends by itself, looked at once a second: time that is over, requests that nobody
//! answered, work that is done, uses that are used up, and what the configuration no longer has.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::task::{JoinSet, spawn_blocking};

use super::caller::is_gone;
use super::clerk::{Clerk, SELF};
use super::forms::{SessionView, time};
use super::record::AdminEvent;
use crate::base::GrantId;
use crate::config::Config;
use crate::grants::operators::TokenOperator;
use crate::grants::{Changed, Grant, Stage, State};

/// When each grant that ends when idle was last seen busy, microseconds since the epoch.
pub type Busy = HashMap<GrantId, i64>;

impl Clerk {
    /// Ends what is to end by itself, and puts it on record. To be called once a second.
    pub async fn sweep(self: &Arc<Self>) {
        // In this order: who takes the last use of a grant is among the sessions before.
        let mut grants = self.ledger.live().all();
        grants.retain(|grant| grant.ended.is_none());
        // Most grants need neither: once a second, what nobody needs adds up.
        let sessions = if grants.iter().any(|grant| rests_on_sessions(grant)) {
            self.sessions.list().await
        } else {
            Vec::new()
        };
        let operators = if grants.iter().any(|grant| rests_on_tokens(grant)) {
            let operators = self.operators().await.inspect_err(|error| {
                tracing::error!(%error, "whose word still counts can't be looked up");
            });
            operators.ok()
        } else {
            None
        };
        let mut work = JoinSet::new();
        for (grant, state, because) in self.due(grants, &sessions, operators.as_deref()) {
            let (clerk, now) = (Arc::clone(self), (self.clock)());
            work.spawn(async move {
                let (ledger, id) = (Arc::clone(&clerk.ledger), grant.id);
                let over = spawn_blocking(move || ledger.is_over(id, now));
                if state == State::Expired && !over.await? {
                    return Ok(());
                }
                clerk.end(&grant, state, &because, SELF).await.map(drop)
            });
        }
        while work.join_next().await.is_some() {}
        self.drop_late_extensions().await;
        let (ledger, now) = (Arc::clone(&self.ledger), (self.clock)());
        if ledger.is_settled(now) {
            return;
        }
        if let Ok(Err(error)) = spawn_blocking(move || ledger.settle(now)).await {
            tracing::error!(%error, "ended grants are not in the store yet");
        }
    }

    /// Every grant that is to end now, how, and why.
    fn due(
        &self,
        grants: Vec<Arc<Grant>>,
        sessions: &[SessionView],
        operators: Option<&[TokenOperator]>,
    ) -> Vec<(Arc<Grant>, State, String)> {
        let (config, now) = (self.config.load(), (self.clock)());
        let mut due = Vec::new();
        let idle = self.idle_since(&grants, sessions, now);
        for grant in grants {
            let open = sessions.iter().any(|session| session.grant_id == grant.id);
            if now >= grant.expires_at {
                let because = match grant.life.stage {
                    Stage::Issued => format!("expired at {}", time(grant.expires_at)),
                    Stage::Pending | Stage::Approved => grant.lapsed(),
                };
                due.push((grant, State::Expired, because));
            } else if let Some(because) = gone(&grant, &config, operators) {
                due.push((grant, State::Revoked, because));
            } else if grant.life.uses_left == Some(0) && !open {
                let uses = grant.conditions.uses.unwrap_or_default();
                let because = format!("all of its uses are used up: {uses}");
                due.push((grant, State::Exhausted, because));
            } else if let Some(limit) = grant.conditions.end_when_idle
                && idle.get(&grant.id).is_some_and(|since| now.saturating_sub(*since) >= limit)
            {
                let because = "idle for as long as it was to be (--end-when-idle)".to_owned();
                due.push((grant, State::Released, because));
            }
        }
        due
    }

    /// Since when each grant that ends when idle has run nothing.
    fn idle_since(&self, grants: &[Arc<Grant>], sessions: &[SessionView], now: i64) -> Busy {
        let live = self.ledger.live();
        let mut busy = self.busy.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut next = Busy::new();
        for grant in grants {
            let wanted = grant.conditions.end_when_idle.is_some();
            if !wanted || grant.state_at(now) != State::Active {
                continue;
            }
            // Before anybody connects, it is idle since it could be used.
            let start = grant.expires_at.saturating_sub(grant.life.ttl).min(now);
            let known = busy.get(&grant.id).copied().unwrap_or(start);
            let mut since = known.max(live.usage(grant.id).last_at);
            for session in sessions.iter().filter(|session| session.grant_id == grant.id) {
                let active = session.state == "active" || session.state == "login";
                let last = if active { now } else { micros(&session.active_at) };
                since = since.max(last.min(now));
            }
            next.insert(grant.id, since);
        }
        busy.clone_from(&next);
        next
    }

    /// Extensions that nobody answered in time.
    async fn drop_late_extensions(&self) {
        let now = (self.clock)();
        let late = |grant: &Grant| {
            grant.ended.is_none()
                && grant.life.extension.as_ref().is_some_and(|asked| !asked.stands(now))
        };
        for grant in self.ledger.live().all() {
            if !late(&grant) {
                continue;
            }
            let (ledger, record) = (Arc::clone(&self.ledger), Arc::clone(&self.record));
            let dropping = spawn_blocking(move || {
                ledger.change(grant.id, SELF, now, Grant::drop_extension, |changed: &Changed| {
                    for (event, detail) in &changed.events {
                        let detail = Some(detail.as_str());
                        let grant = Some(&changed.grant);
                        let act = AdminEvent { event, actor: SELF, grant, session: None, detail };
                        record.soon(&act)?;
                    }
                    Ok(())
                })
            });
            if let Ok(Err(error)) = dropping.await {
                tracing::warn!(%error, "an extension that nobody answered is still there");
            }
        }
    }
}

/// Why a grant may not go on under the configuration as it is now.
fn gone(grant: &Grant, config: &Config, operators: Option<&[TokenOperator]>) -> Option<String> {
    if !config.databases.contains_key(&grant.database) {
        return Some(format!("database \"{}\" is not configured any more", grant.database));
    }
    if let Some(role) = grant.conditions.role.as_ref()
        && !config.roles.contains_key(role)
    {
        return Some(format!("role \"{role}\" is not configured any more"));
    }
    let mut people =
        approvers(grant).chain(grant.life.requested.then_some(grant.created_by.as_str()));
    // The command that removes an operator ends what rests on their word; unless it was broken
    // off, or that word came at the same moment.
    let removed = |actor: &&str| {
        let name = token(actor);
        name.zip(operators).is_some_and(|(name, known)| known.iter().all(|one| one.name != name))
    };
    let gone =
        people.find(|actor| is_gone(actor, config)).or_else(|| words(grant).find(removed))?;
    Some(format!("{gone} is not an operator any more"))
}

/// On whose word a grant rests.
fn words(grant: &Grant) -> impl Iterator<Item = &str> {
    approvers(grant).chain([grant.created_by.as_str()])
}

fn approvers(grant: &Grant) -> impl Iterator<Item = &str> {
    grant.life.approvals.iter().map(|one| one.by.as_str())
}

/// The name of an actor who is an operator by a token.
fn token(actor: &str) -> Option<&str> {
    actor.strip_prefix("op:")
}

/// Whether the removal of an operator with a token may end it.
fn rests_on_tokens(grant: &Grant) -> bool {
    words(grant).any(|actor| token(actor).is_some())
}

/// Whether what its sessions do may end it.
fn rests_on_sessions(grant: &Grant) -> bool {
    grant.life.uses_left == Some(0) || grant.conditions.end_when_idle.is_some()
}

fn micros(rfc3339: &str) -> i64 {
    rfc3339.parse::<jiff::Timestamp>().map_or(0, jiff::Timestamp::as_microsecond)
}
