//! The admin side's stream of the audit log, as the clerk needs it.

use std::sync::{Arc, Mutex, PoisonError};

use crate::admin::{AdminEvent, Record};
use crate::audit::Unwritable;
use crate::audit::records::{self, AdminStream, GrantChange, GrantEvent};
use crate::base::{Moment, SessionId};
use crate::grants::{Grant, Stage, scopes};
use crate::net::clock;
use crate::telemetry::{Metrics, WorkerCounters};

/// Puts acts on record; keeps those that end access until they can be written.
#[derive(Debug)]
pub(super) struct Journal {
    stream: AdminStream,
    metrics: Arc<Metrics>,
    counters: Mutex<Arc<WorkerCounters>>,
    waiting: Mutex<Vec<Act>>,
}

/// An act that can wait.
#[derive(Debug)]
struct Act {
    event: &'static str,
    actor: String,
    grant: Option<Grant>,
    session: Option<SessionId>,
    detail: Option<String>,
    at: Moment,
}

impl Journal {
    pub(super) fn new(stream: AdminStream, metrics: Arc<Metrics>) -> Self {
        let counters = Mutex::new(metrics.worker());
        Self { stream, metrics, counters, waiting: Mutex::new(Vec::new()) }
    }

    /// Writes what waits.
    ///
    /// # Errors
    /// When it still can't be written.
    pub(super) fn catch_up(&self) -> Result<(), Unwritable> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(act) = waiting.first() {
            self.write(act)?;
            waiting.remove(0);
        }
        Ok(())
    }

    /// `config.reloaded`; with problems it was not taken.
    pub(super) fn reloaded(&self, problems: &[String]) -> Result<(), Unwritable> {
        let record = records::Record::ConfigReloaded { actor: None, problems };
        self.put(&record, clock::now())
    }

    fn put(&self, record: &records::Record<'_>, at: Moment) -> Result<(), Unwritable> {
        let start = clock::now();
        let result = self.stream.record(record, at);
        let counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        match &result {
            Ok(()) => counters.audit_written(1, clock::now().since(start) * 1_000),
            Err(_) => counters.audit_failed(),
        }
        result
    }

    fn write(&self, act: &Act) -> Result<(), Unwritable> {
        if let Some(session) = act.session {
            let grant = act.grant.as_ref().map(|grant| grant.id);
            let record = records::Record::SessionKill { actor: &act.actor, session, grant };
            return self.put(&record, act.at);
        }
        let detail = act.detail.as_deref();
        if act.event == "audit.read" {
            let detail = detail.unwrap_or_default();
            let record = records::Record::AuditRead { actor: &act.actor, detail };
            return self.put(&record, act.at);
        }
        let Some(grant) = &act.grant else {
            let created = act.event == "operator.created";
            let detail = detail.unwrap_or_default();
            let record = records::Record::Operator { created, actor: &act.actor, detail };
            return self.put(&record, act.at);
        };
        let event = GrantEvent::from_name(act.event).unwrap_or(GrantEvent::Revoked);
        let approvers: Vec<String> =
            grant.life.approvals.iter().map(|one| one.by.clone()).collect();
        let issued = grant.life.stage == Stage::Issued;
        let scopes: Vec<String> = grant.scopes.iter().map(scopes::text).collect();
        let change = GrantChange {
            event,
            actor: Some(&act.actor),
            grant: grant.id,
            user: &grant.user,
            reason: &grant.reason,
            ticket: grant.ticket.as_deref(),
            scopes: &scopes,
            approvers: &approvers,
            expires_at: issued.then_some(grant.expires_at),
            break_glass: grant.life.break_glass,
            database: &grant.database,
            detail,
        };
        self.put(&records::Record::Grant(change), act.at)
    }
}

impl Act {
    fn new(event: &AdminEvent<'_>) -> Self {
        Self {
            event: event.event,
            actor: event.actor.to_owned(),
            grant: event.grant.cloned(),
            session: event.session,
            detail: event.detail.map(str::to_owned),
            at: clock::now(),
        }
    }
}

impl Record for Journal {
    fn before(&self, event: &AdminEvent<'_>) -> Result<(), Unwritable> {
        // In order: what waits was done before.
        self.catch_up()?;
        self.write(&Act::new(event))?;
        if matches!(event.event, "grant.created" | "grant.redeemed" | "grant.break_glass") {
            self.metrics.grant_issued();
        }
        if event.event == "grant.break_glass" {
            self.metrics.glass_broken();
        }
        Ok(())
    }

    fn soon(&self, event: &AdminEvent<'_>) -> Result<(), Unwritable> {
        match event.event {
            "grant.expired" => self.metrics.grant_expired(),
            "grant.revoked" => self.metrics.grant_revoked("revoked"),
            "grant.released" => self.metrics.grant_revoked("released"),
            "grant.exhausted" => self.metrics.grant_revoked("exhausted"),
            _ => {}
        }
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push(Act::new(event));
        self.catch_up()
    }
}
