//! The running server as the admin side sees it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;

use crate::admin::forms::{SessionView, time};
use crate::admin::givable::Upstreams;
use crate::admin::health::Vitals;
use crate::admin::sessions::{Cause, Later, Report, Sessions};
use crate::audit::Log;
use crate::base::{GrantId, SessionId};
use crate::catalog::Catalogues;
use crate::catalog::scope_roles::Givable;
use crate::config::Config;
use crate::grants::{Live, Stage, State};
use crate::net::registry::{EndCause, EndReport, Registry, SessionInfo};
use crate::net::{Server, clock};
use crate::policy::Scope;
use crate::policy::scope::ScopeClass;
use crate::telemetry::Metrics;

/// The live sessions.
#[derive(Debug)]
pub(super) struct Sight(Arc<Registry>);

impl Sight {
    pub(super) const fn new(registry: Arc<Registry>) -> Self {
        Self(registry)
    }
}

impl Sessions for Sight {
    fn list(&self) -> Later<'_, Vec<SessionView>> {
        Box::pin(async { self.0.list().await.into_iter().map(view).collect() })
    }

    fn end_grant(&self, id: GrantId, cause: Cause) -> Later<'_, Report> {
        Box::pin(async move { report(self.0.end_grant(id, end_cause(cause)).await) })
    }

    fn extend_grant(&self, id: GrantId, expires_at: i64) -> usize {
        self.0.extend_grant(id, expires_at)
    }

    fn end_session(&self, id: SessionId, cause: Cause) -> Later<'_, Report> {
        Box::pin(async move { report(self.0.end_session(id, end_cause(cause)).await) })
    }
}

fn view(session: SessionInfo) -> SessionView {
    SessionView {
        id: session.id,
        grant_id: session.grant_id,
        user: session.user,
        database: session.database,
        client_addr: session.client_addr.to_string(),
        backend_pid: session.backend_pid,
        state: session.state.to_owned(),
        started_at: time(session.started_at),
        expires_at: time(session.expires_at),
        active_at: time(session.active_at),
        last_statement: session.last_statement,
        rows_returned: session.rows_returned,
    }
}

fn end_cause(cause: Cause) -> EndCause {
    match cause {
        Cause::Expired => EndCause::Expired,
        Cause::Ended { how, because } => EndCause::Revoked { how, because },
        Cause::Killed(because) => EndCause::Killed { because },
    }
}

const fn report(report: EndReport) -> Report {
    let EndReport { sessions_ended, statements_cancelled, still_ending } = report;
    Report { sessions_ended, statements_cancelled, still_ending }
}

/// The databases.
impl Upstreams for Server {
    fn can_give<'a>(&'a self, database: &'a str, scopes: &'a [Scope]) -> Later<'a, Givable> {
        Box::pin(Self::can_give(self, database, scopes))
    }
}

/// Metrics and readiness.
#[derive(Debug)]
pub(super) struct Watch {
    pub(super) server: Arc<Server>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) catalogues: Arc<Catalogues>,
    pub(super) config: Arc<ArcSwap<Config>>,
    pub(super) live: Arc<Live>,
    pub(super) log: Arc<Log>,
    pub(super) draining: Arc<AtomicBool>,
    /// Held while the metrics of a scrape are set and rendered: another one resets them.
    pub(super) scraping: Mutex<()>,
}

impl Vitals for Watch {
    fn metrics(&self) -> String {
        let _scraping = self.scraping.lock().unwrap_or_else(PoisonError::into_inner);
        let now = clock::now().wall;
        let mut active: BTreeMap<(String, &'static str), i64> = BTreeMap::new();
        let mut expiry: BTreeMap<String, f64> = BTreeMap::new();
        let mut unused: BTreeMap<String, i64> =
            self.config.load().databases.keys().map(|name| (name.clone(), 0)).collect();
        let (mut pending, mut approved) = (0, 0);
        for grant in self.live.all() {
            let state = grant.state_at(now);
            let issued = grant.life.stage == Stage::Issued;
            let extends = issued && state == State::Active && grant.asked(now).is_some();
            pending += i64::from(state == State::Pending || extends);
            approved += i64::from(state == State::Approved && !issued);
            if state != State::Active {
                continue;
            }
            if self.live.usage(grant.id).sessions == 0 {
                *unused.entry(grant.database.clone()).or_default() += 1;
            }
            let class = ScopeClass::of(&grant.scopes).word();
            *active.entry((grant.database.clone(), class)).or_default() += 1;
            let left = seconds(grant.expires_at.saturating_sub(now));
            let least = expiry.entry(grant.database.clone()).or_insert(left);
            *least = least.min(left);
        }
        let active: Vec<(&str, &'static str, i64)> =
            active.iter().map(|((name, class), count)| (name.as_str(), *class, *count)).collect();
        let expiry: Vec<(&str, f64)> =
            expiry.iter().map(|(name, left)| (name.as_str(), *left)).collect();
        self.metrics.set_grants(&active, &expiry);
        let unused: Vec<(&str, i64)> =
            unused.iter().map(|(name, count)| (name.as_str(), *count)).collect();
        self.metrics.set_waiting(&unused, pending, approved);
        self.server.measure();
        self.metrics.render()
    }

    fn not_ready(&self) -> Vec<String> {
        if self.draining.load(Ordering::Relaxed) {
            return vec!["draining: no new sessions".to_owned()];
        }
        if self.server.ready() {
            return Vec::new();
        }
        let config = self.config.load();
        let names = config.databases.keys().filter(|name| !self.catalogues.is_loaded(name));
        let mut reasons: Vec<String> =
            names.map(|name| format!("database {name}: its catalogue is not loaded")).collect();
        if self.log.free_bytes().is_some_and(|free| free < 64 * 1024) {
            reasons.push("the audit log can't be written: its disk is full".to_owned());
        }
        if reasons.is_empty() {
            reasons.push("a control connection is down, or the audit log can't be written".into());
        }
        reasons
    }
}

#[expect(clippy::cast_precision_loss, reason = "Prometheus counts seconds in doubles")]
fn seconds(micros: i64) -> f64 {
    micros as f64 / 1e6
}
