//! Per database: its control connection, the check of its roles, and its catalogue. Until all
//! three stand, the database has no sessions.

use std::collections::BTreeMap;
use std::sync::Arc;
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
    let keeping = run(Arc::clone(shared), Arc::clone(target), control.clone());
    Controlled { control, keeper: tokio::spawn(keeping).abort_handle() }
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

async fn run(shared: Arc<Shared>, target: Arc<Target>, mut control: Control) {
    let name = &target.database.name;
    let mut roles_checked = false;
    let mut told = String::new();
    loop {
        control.wait_up().await;
        let step = async {
            if !roles_checked {
                roles_are_sound(&control, &target).await?;
                roles_checked = true;
            }
            match shared.catalogues.refresh(name, &control).await {
                Ok(Refreshed::Changed) => tracing::info!(database = %name, "catalogue loaded"),
                Ok(Refreshed::Unchanged) => {}
                Err(problem) => return Err(in_words(&problem)),
            }
            Ok(())
        };
        match step.await {
            Ok(()) => {
                told.clear();
                shared.catalogues.due(name).await;
            }
            Err(problem) => {
                // Once for each problem, not once a second.
                if told != problem {
                    tracing::error!(database = %name, %problem, "the database cannot be served");
                    told = problem;
                }
                tokio::time::sleep(RETRY_AFTER).await;
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
