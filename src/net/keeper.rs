//! Per database: its control connection, the check of its roles, its scope roles, and its
//! catalogue. Until these stand, the database has no sessions.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::clock;
use super::control::Control;
use super::dial::Target;
use super::scoped::ScopeRoles;
use super::shared::{Controlled, Shared};
use crate::catalog::roles::{self, Finding, Purpose, Severity};
use crate::catalog::scope_roles::{self, Standing};
use crate::catalog::{CatalogueError, Refreshed};
use crate::grants::State;
use crate::net::simple::QueryError;
use crate::policy::Scope;

/// Pause after a failure.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Begins to keep `target`'s database. Must be called on the runtime that is to do it.
pub(super) fn keep(shared: &Arc<Shared>, target: &Arc<Target>) -> Controlled {
    let start = || Control::start(Arc::clone(target), Arc::clone(&shared.salted));
    let control = shared.control_thread.run(start);
    let roles_checked = Arc::new(AtomicBool::new(false));
    let checked = Arc::clone(&roles_checked);
    let scope_roles = Arc::new(ScopeRoles::new(Arc::clone(target), Arc::clone(&shared.salted)));
    let keeper = Keeper {
        shared: Arc::clone(shared),
        target: Arc::clone(target),
        control: control.clone(),
        roles_checked: checked,
        scope_roles: Arc::clone(&scope_roles),
    };
    let keeper = tokio::spawn(keeper.run()).abort_handle();
    Controlled { control, roles_checked, scope_roles, keeper }
}

/// What keeps one database.
struct Keeper {
    shared: Arc<Shared>,
    target: Arc<Target>,
    control: Control,
    roles_checked: Arc<AtomicBool>,
    scope_roles: Arc<ScopeRoles>,
}

impl Keeper {
    async fn run(mut self) {
        let mut telling = Telling::default();
        loop {
            self.control.wait_up().await;
            let step = self.step().await;
            let worked = step.is_ok();
            self.tell(telling.after(step));
            if worked {
                self.scope_roles.sweep(|| self.needed()).await;
                self.shared.catalogues.due(&self.target.database.name).await;
            } else {
                tokio::time::sleep(RETRY_AFTER).await;
            }
        }
    }

    async fn step(&self) -> Result<(), String> {
        let name = &self.target.database.name;
        let changed = self.scope_roles.look(&self.control).await;
        if changed.map_err(|problem| in_words(&problem))? {
            self.tell_standing();
        }
        if !self.roles_checked.load(Ordering::Relaxed) {
            let standing = self.scope_roles.standing();
            roles_are_sound(&self.control, &self.target, &standing).await?;
            self.roles_checked.store(true, Ordering::Relaxed);
        }
        match self.shared.catalogues.refresh(name, &self.control).await {
            Ok(Refreshed::Changed) => tracing::info!(database = %name, "catalogue loaded"),
            Ok(Refreshed::Unchanged) => {}
            Err(problem) => return Err(in_words(&problem)),
        }
        Ok(())
    }

    /// The scopes of every grant that may have sessions.
    fn needed(&self) -> Vec<Vec<Scope>> {
        let (name, now) = (&self.target.database.name, clock::now().wall);
        let mut grants = self.shared.grants.all();
        grants.retain(|grant| {
            grant.database == *name
                && grant.state_at(now) == State::Active
                && grant.scopes.iter().any(Scope::beyond_reading)
        });
        grants.iter().map(|grant| grant.scopes.clone()).collect()
    }

    fn tell_standing(&self) {
        let database = &self.target.database.name;
        match &*self.scope_roles.standing() {
            Standing::Usable => tracing::info!(
                %database,
                "grants with write scopes run as roles of their own, which PostgreSQL holds to them"
            ),
            Standing::Unusable(problem) => tracing::error!(
                %database,
                %problem,
                "the functions for scope roles cannot be used: no sessions on grants with write scopes"
            ),
            Standing::Absent => {}
        }
    }

    fn tell(&self, told: Option<Told>) {
        let database = &self.target.database.name;
        match told {
            Some(Told::Served) => tracing::info!(%database, "the database is served"),
            Some(Told::FreshAgain) => tracing::info!(%database, "the catalogue can be read again"),
            Some(Told::NotServed(problem)) => {
                tracing::error!(%database, %problem, "the database cannot be served");
            }
            Some(Told::Stale(problem)) => tracing::warn!(
                %database,
                %problem,
                "the catalogue cannot be read; the last one is used"
            ),
            None => {}
        }
    }
}

/// What was last told of a database.
#[derive(Debug, Default)]
struct Telling {
    served: bool,
    problem: Option<String>,
}

/// What is to be told of it now.
#[derive(Debug, PartialEq, Eq)]
enum Told {
    /// From now on it has sessions.
    Served,
    /// It has none, for this reason.
    NotServed(String),
    /// It still has, on what was known before.
    Stale(String),
    /// The all-clear after that.
    FreshAgain,
}

impl Telling {
    /// Each problem once, not once a second, and its end.
    fn after(&mut self, step: Result<(), String>) -> Option<Told> {
        match step {
            Ok(()) => {
                let had_problem = self.problem.take().is_some();
                match std::mem::replace(&mut self.served, true) {
                    false => Some(Told::Served),
                    true => had_problem.then_some(Told::FreshAgain),
                }
            }
            Err(problem) if self.problem.as_ref() == Some(&problem) => None,
            Err(problem) => {
                self.problem = Some(problem.clone());
                Some(if self.served { Told::Stale(problem) } else { Told::NotServed(problem) })
            }
        }
    }
}

/// Checks what the roles could do; a finding that refuses is an error, the others are told.
async fn roles_are_sound(
    control: &Control,
    target: &Target,
    standing: &Standing,
) -> Result<(), String> {
    let database = &target.database;
    let mut sessions = vec![database.reader.user.as_str()];
    sessions.extend(database.writer.as_ref().map(|role| role.user.as_str()));
    let mut all = vec![(database.reader.user.as_str(), Purpose::Reader)];
    all.extend(database.writer.as_ref().map(|role| (role.user.as_str(), Purpose::Writer)));
    all.push((database.control.user.as_str(), Purpose::Control));
    if *standing == Standing::Usable {
        // What it may, every scope role may.
        all.push((scope_roles::GROUP, Purpose::Reader));
    }
    let mut refusing = Vec::new();
    for (role, purposes) in roles::purposes(&all) {
        let findings =
            roles::check(control, role, &purposes, &sessions, database.allow_superuser).await;
        let findings: Vec<Finding> = findings.map_err(|problem| in_words(&problem))?;
        for finding in findings {
            match finding.severity {
                Severity::Refuse => refusing.push(finding.to_string()),
                Severity::Warn => {
                    tracing::warn!(database = %database.name, %finding, "upstream role");
                }
            }
        }
    }
    let writer = database.writer.as_ref();
    if let Some(finding) = writer.and_then(|role| scope_roles::of_writer(&role.user, standing)) {
        tracing::warn!(database = %database.name, %finding, "upstream role");
    }
    if refusing.is_empty() { Ok(()) } else { Err(refusing.join("; ")) }
}

fn in_words(problem: &CatalogueError<QueryError>) -> String {
    let source = std::error::Error::source(problem);
    source.map_or_else(|| problem.to_string(), |source| format!("{problem}: {source}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_problem_is_told_once_and_its_end_too() {
        let fails = |what: &str| Err(what.to_owned());
        let mut state = Telling::default();
        for (step, told) in [
            (fails("roles"), Some(Told::NotServed("roles".into()))),
            (fails("roles"), None),
            (Ok(()), Some(Told::Served)),
            (Ok(()), None),
            // The server restarts.
            (fails("closed"), Some(Told::Stale("closed".into()))),
            (fails("closed"), None),
            (fails("starting up"), Some(Told::Stale("starting up".into()))),
            (Ok(()), Some(Told::FreshAgain)),
            (Ok(()), None),
        ] {
            assert_eq!(state.after(step), told);
        }
    }
}
