//! What all workers and the admin side share.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use arc_swap::ArcSwap;
use dashmap::DashMap;

use super::control::Control;
use super::control_thread::ControlThread;
use super::dial::{SaltedPasswords, Target};
use super::limiter::Limiter;
use super::pool::Pool;
use super::registry::Registry;
use super::scoped::ScopeRoles;
use super::tls::{self, ServerTls};
use crate::audit::Log;
use crate::base::refusal::login::NotServed;
use crate::catalog::Catalogues;
use crate::config::Config;
use crate::grants::Live;
use crate::telemetry::Metrics;

/// Failed logins of one address: so many at once, then one a second.
const ADDRESS_FAILURES: u32 = 20;
/// Failed logins of one name.
const LOGIN_FAILURES: u32 = 10;
/// Cancel requests of one address: so many at once, then ten a second.
const CANCELS: u32 = 100;
const SECOND_US: u64 = 1_000_000;

/// Everything that outlives a session.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) settings: ArcSwap<Settings>,
    pub(super) grants: Arc<Live>,
    pub(super) log: Arc<Log>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) catalogues: Arc<Catalogues>,
    pub(super) registry: Arc<Registry>,
    pub(super) salted: Arc<SaltedPasswords>,
    /// By database.
    pub(super) controls: DashMap<String, Controlled>,
    pub(super) failures_by_address: Limiter<IpAddr>,
    pub(super) failures_by_login: Limiter<String>,
    pub(super) cancels: Limiter<IpAddr>,
    pub(super) pool: Pool,
    pub(super) control_thread: ControlThread,
    /// No new sessions.
    pub(super) draining: AtomicBool,
    /// Connections accepted and not yet done with, sessions included.
    pub(super) connections: AtomicUsize,
}

/// A database's control connection, and the task that keeps its catalogue fresh.
#[derive(Debug)]
pub(super) struct Controlled {
    pub(super) control: Control,
    /// Whether its roles were checked, and none refused.
    pub(super) roles_checked: Arc<AtomicBool>,
    pub(super) scope_roles: Arc<ScopeRoles>,
    pub(super) keeper: tokio::task::AbortHandle,
}

impl Drop for Controlled {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

/// What a reload replaces, as one.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) config: Arc<Config>,
    pub(super) tls: Option<ServerTls>,
    pub(super) targets: BTreeMap<String, Arc<Target>>,
}

impl Settings {
    /// Reads certificates and roots.
    ///
    /// # Errors
    /// Every problem, in words.
    pub(super) fn new(config: Arc<Config>) -> Result<Self, Vec<String>> {
        let mut problems = Vec::new();
        let tls = match config.listen.tls.as_ref().map(tls::server) {
            Some(Ok(tls)) => Some(tls),
            Some(Err(problem)) => {
                problems.push(format!("listen.tls: {problem}"));
                None
            }
            None => None,
        };
        let mut targets = BTreeMap::new();
        for (name, database) in &config.databases {
            match tls::client(database) {
                Ok(tls) => {
                    let target = Target { database: database.clone(), tls };
                    targets.insert(name.clone(), Arc::new(target));
                }
                Err(problem) => problems.push(format!("databases.{name}: {problem}")),
            }
        }
        if problems.is_empty() { Ok(Self { config, tls, targets }) } else { Err(problems) }
    }
}

/// What a [`Shared`] is made of.
pub(super) struct Parts {
    pub(super) settings: Settings,
    pub(super) grants: Arc<Live>,
    pub(super) log: Arc<Log>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) catalogues: Arc<Catalogues>,
    pub(super) pool: Pool,
    pub(super) control_thread: ControlThread,
}

impl Shared {
    pub(super) fn new(parts: Parts) -> Self {
        let Parts { settings, grants, log, metrics, catalogues, pool, control_thread } = parts;
        Self {
            settings: ArcSwap::from_pointee(settings),
            grants,
            log,
            metrics,
            catalogues,
            registry: Arc::default(),
            salted: Arc::default(),
            controls: DashMap::new(),
            failures_by_address: Limiter::new(ADDRESS_FAILURES, SECOND_US),
            failures_by_login: Limiter::new(LOGIN_FAILURES, SECOND_US),
            cancels: Limiter::new(CANCELS, SECOND_US / 10),
            pool,
            control_thread,
            draining: AtomicBool::new(false),
            connections: AtomicUsize::new(0),
        }
    }

    pub(super) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// Why a database has no sessions now; `None` when it has.
    pub(super) fn not_served(&self, database: &str) -> Option<NotServed> {
        let Some(controlled) = self.controls.get(database) else {
            return Some(NotServed::ControlDown);
        };
        if !controlled.control.is_up() {
            Some(NotServed::ControlDown)
        } else if !controlled.roles_checked.load(Ordering::Relaxed) {
            Some(NotServed::RolesUnchecked)
        } else if !self.catalogues.is_loaded(database) {
            Some(NotServed::CatalogueUnread)
        } else {
            None
        }
    }

    /// A database's scope roles.
    pub(super) fn scope_roles(&self, database: &str) -> Option<Arc<ScopeRoles>> {
        self.controls.get(database).map(|controlled| Arc::clone(&controlled.scope_roles))
    }

    /// A database's control connection.
    pub(super) fn control(&self, database: &str) -> Option<Control> {
        self.controls.get(database).map(|controlled| controlled.control.clone())
    }
}
