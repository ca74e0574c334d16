//! Where alerts come from: every act of an operator once it is on record, and what a look at the
//! running server shows.

use std::sync::{Arc, Mutex, PoisonError};

use super::journal::Journal;
use crate::admin::{AdminEvent, Record};
use crate::alerts::watch::{Known, Sight, Watch};
use crate::alerts::{About, Alert, Alerts};
use crate::audit::{Log, Unwritable};
use crate::config::{self, AlertEvent};
use crate::grants::{Grant, Live, Stage, State, scopes};
use crate::net::clock;
use crate::net::registry::Registry;
use crate::telemetry::{Metrics, Totals};

/// Puts acts on record, and tells of them.
#[derive(Debug)]
pub(super) struct Alerting {
    pub(super) journal: Arc<Journal>,
    pub(super) alerts: Alerts,
    pub(super) watch: Mutex<Watch>,
    pub(super) live: Arc<Live>,
    pub(super) registry: Arc<Registry>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) log: Arc<Log>,
}

impl Alerting {
    /// Looks at what nobody does. To be called now and then.
    pub(super) fn look(&self, now: i64, config: &config::Alerts) {
        let Totals { refused, audit_failures, audit_records } = self.metrics.totals();
        let free_bytes = self.log.free_bytes();
        let grants = self.live.all();
        let grants = grants.iter().filter(|grant| grant.state_at(now) == State::Active);
        let grants = grants.map(|grant| self.known(grant)).collect();
        let sight = Sight { now, grants, refused, audit_failures, audit_records, free_bytes };
        let mut watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner);
        for alert in watch.look(&sight, config) {
            self.alerts.raise(alert);
        }
    }

    fn known(&self, grant: &Grant) -> Known {
        let sessions = self.registry.len_of(grant.id);
        // What was asked for is in force from its last approval on, at the soonest.
        let approved = grant.life.approvals.iter().map(|one| one.at).max();
        let since = grant.created_at.max(approved.unwrap_or(0));
        let since = since.max(grant.conditions.not_before.unwrap_or(0));
        let used = self.live.usage(grant.id).sessions > 0;
        Known { about: about(grant), since, sessions, used }
    }

    fn tell(&self, act: &AdminEvent<'_>) {
        let Some(event) = AlertEvent::from_word(act.event) else { return };
        self.alerts.raise(Alert {
            grant: act.grant.map(about),
            actor: Some(act.actor.to_owned()),
            detail: act.detail.map(str::to_owned),
            ..Alert::new(event, clock::now().wall)
        });
    }
}

impl Record for Alerting {
    fn before(&self, event: &AdminEvent<'_>) -> Result<(), Unwritable> {
        self.journal.before(event)?;
        self.tell(event);
        Ok(())
    }

    fn soon(&self, event: &AdminEvent<'_>) -> Result<(), Unwritable> {
        let written = self.journal.soon(event);
        // It is done in any case.
        self.tell(event);
        written
    }
}

fn about(grant: &Grant) -> About {
    About {
        id: grant.id,
        user: grant.user.clone(),
        database: grant.database.clone(),
        scopes: grant.scopes.iter().map(scopes::text).collect(),
        reason: grant.reason.clone(),
        ticket: grant.ticket.clone(),
        expires_at: (grant.life.stage == Stage::Issued).then_some(grant.expires_at),
        revision: grant.life.asked,
    }
}
