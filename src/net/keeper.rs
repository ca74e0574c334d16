//! Per database: its control connection, the check of its roles, and its catalogue. Until all
//! three stand, the database has no sessions.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::control::Control;
use super::dial::Target;
use super::shared::{Controlled, Shared};
use crate::catalog::roles::{self, Finding, Purpose, Severity};
use crate::catalog::{CatalogueError, Refreshed};
use crate::net::simple::QueryError;

/// Pause after a failure.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Begins to keep `target`'s database. Must be called on the runtime that is to do it.
pub(super) fn keep(shared: &Arc<Shared>, target: &Arc<Target>) -> Controlled {
    let control = Control::start(Arc::clone(target), Arc::clone(&shared.salted));
    let roles_checked = Arc::new(AtomicBool::new(false));
    let checked = Arc::clone(&roles_checked);
    let keeping = run(Arc::clone(shared), Arc::clone(target), control.clone(), checked);
    Controlled { control, roles_checked, keeper: tokio::spawn(keeping).abort_handle() }
}

/// Keeps exactly the databases of the settings: new ones are begun, others let go.
pub(super) fn keep_all(shared: &Arc<Shared>, targets: &BTreeMap<String, Arc<Target>>) {
    let gone: Vec<String> = shared
        .controls
        .iter()
        .map(|entry| entry.key().clone())
        .filter(|name| !targets.contains_key(name))
        .collect();
    for name in gone {
        shared.controls.remove(&name);
        shared.catalogues.remove(&name);
    }
    for (name, target) in targets {
        shared.controls.insert(name.clone(), keep(shared, target));
    }
}

async fn run(
    shared: Arc<Shared>,
    target: Arc<Target>,
    mut control: Control,
    roles_checked: Arc<AtomicBool>,
) {
    let name = &target.database.name;
    let mut state = State::default();
    loop {
        control.wait_up().await;
        let step = async {
            if !roles_checked.load(Ordering::Relaxed) {
                roles_are_sound(&control, &target).await?;
                roles_checked.store(true, Ordering::Relaxed);
            }
            match shared.catalogues.refresh(name, &control).await {
                Ok(Refreshed::Changed) => tracing::info!(database = %name, "catalogue loaded"),
                Ok(Refreshed::Unchanged) => {}
                Err(problem) => return Err(in_words(&problem)),
            }
            Ok(())
        };
        let step = step.await;
        let worked = step.is_ok();
        match state.after(step) {
            Some(Told::Served) => tracing::info!(database = %name, "the database is served"),
            Some(Told::FreshAgain) => {
                tracing::info!(database = %name, "the catalogue can be read again");
            }
            Some(Told::NotServed(problem)) => {
                tracing::error!(database = %name, %problem, "the database cannot be served");
            }
            Some(Told::Stale(problem)) => tracing::warn!(
                database = %name,
                %problem,
                "the catalogue cannot be read; the last one is used"
            ),
            None => {}
        }
        if worked {
            shared.catalogues.due(name).await;
        } else {
            tokio::time::sleep(RETRY_AFTER).await;
        }
    }
}

/// What was last told of a database.
#[derive(Debug, Default)]
struct State {
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

impl State {
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
async fn roles_are_sound(control: &Control, target: &Target) -> Result<(), String> {
    let database = &target.database;
    let mut sessions = vec![database.reader.user.as_str()];
    sessions.extend(database.writer.as_ref().map(|role| role.user.as_str()));
    let mut all = vec![(database.reader.user.as_str(), Purpose::Reader)];
    all.extend(database.writer.as_ref().map(|role| (role.user.as_str(), Purpose::Writer)));
    all.push((database.control.user.as_str(), Purpose::Control));
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
        let mut state = State::default();
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
