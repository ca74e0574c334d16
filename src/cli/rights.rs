//! What the upstream roles of a database can do: each one logs in, and the catalogue says what
//! is missing for its purpose and what it could do beyond it.

use std::time::Duration;

use serde::Serialize;
use tokio::sync::Mutex;

use crate::catalog::roles::{self, Finding, Purpose, Severity};
use crate::catalog::scope_roles::{self, Standing};
use crate::catalog::{self, Query, Rows};
use crate::config::{Database, Role};
use crate::net::dial::{DialError, SaltedPasswords, Target};
use crate::net::simple::{Client, QueryError};
use crate::policy::Catalogue;
use crate::policy::functions::Functions;
use crate::policy::reach::Found;

/// How long one role of one database may take.
const ROLE_TIMEOUT: Duration = Duration::from_secs(15);

/// A role's part in a [`DatabaseReport`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct RoleReport {
    /// `reader`, `writer`, `control`; `scoped` for the group of scope roles.
    pub(super) purpose: &'static str,
    /// Its name.
    pub(super) role: String,
    /// What must be changed.
    pub(super) problems: Vec<String>,
    /// What the role could do beyond its purpose.
    pub(super) notes: Vec<String>,
}

/// What was found out about a database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct DatabaseReport {
    /// Its name in the configuration.
    pub(super) name: String,
    /// Where it is.
    pub(super) server: String,
    /// Its version, when a role got in.
    pub(super) server_version: Option<String>,
    /// Its roles.
    pub(super) roles: Vec<RoleReport>,
    /// The functions that make a role for each set of scopes: `installed`, `absent`, `unusable`;
    /// absent where it can't be told.
    pub(super) scope_roles: Option<&'static str>,
    /// Functions, views and tables that no grant may use, as they are.
    pub(super) refused: Vec<RefusedObject>,
}

/// An object that no grant may use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct RefusedObject {
    /// `view public.v`.
    pub(super) what: String,
    /// `view public.v calls public.f, which writes public.log`.
    pub(super) why: String,
    /// What to add to the configuration to allow it, if that would.
    pub(super) line: Option<String>,
}

/// A connection that reads the catalogue.
struct Asking(Mutex<Client>);

impl Query for Asking {
    type Error = QueryError;

    async fn rows(&self, sql: &str) -> Result<Rows, QueryError> {
        self.0.lock().await.rows(sql).await
    }
}

/// What the catalogue tells.
struct ByCatalogue {
    standing: Standing,
    /// Of the group of scope roles.
    group: Vec<Finding>,
    refused: Vec<RefusedObject>,
}

impl RoleReport {
    fn add(&mut self, findings: Vec<Finding>) {
        for finding in findings {
            let text = format!("{}; {}", finding.what, finding.remedy);
            match finding.severity {
                Severity::Refuse => self.problems.push(text),
                Severity::Warn => self.notes.push(text),
            }
        }
    }
}

impl DatabaseReport {
    fn role(&mut self, purpose: Purpose) -> Option<&mut RoleReport> {
        self.roles.iter_mut().find(|role| role.purpose == word(purpose))
    }

    /// Says where it belongs how it stands with scope roles.
    fn take(&mut self, database: &Database, found: ByCatalogue) {
        let ByCatalogue { standing, group, refused } = found;
        self.refused = refused;
        let writer = database.writer.as_ref();
        let finding = writer.and_then(|role| scope_roles::of_writer(&role.user, &standing));
        if let (Some(finding), Some(report)) = (finding, self.role(Purpose::Writer)) {
            report.add(vec![finding]);
        }
        if let (Standing::Unusable(why), Some(report)) = (&standing, self.role(Purpose::Control)) {
            report.problems.push(format!("no sessions on grants with write scopes: {why}"));
        }
        if !group.is_empty() {
            let (role, problems, notes) = (scope_roles::GROUP.to_owned(), Vec::new(), Vec::new());
            let mut report = RoleReport { purpose: "scoped", role, problems, notes };
            report.add(group);
            self.roles.push(report);
        }
        self.scope_roles = Some(match standing {
            Standing::Absent => "absent",
            Standing::Usable => "installed",
            Standing::Unusable(_) => "unusable",
        });
    }

    /// Everything that must be changed.
    pub(super) fn problems(&self) -> impl Iterator<Item = String> {
        self.roles.iter().flat_map(|role| {
            let name = format!("{} \"{}\"", role.purpose, role.role);
            role.problems.iter().map(move |problem| format!("{name}: {problem}"))
        })
    }
}

/// Looks at every role of a database, and at what can't be judged in it.
pub(super) async fn examine(target: &Target, functions: &Functions) -> DatabaseReport {
    let database = &target.database;
    let mut report = DatabaseReport {
        name: database.name.clone(),
        server: format!("{}:{}/{}", database.host, database.port, database.dbname),
        server_version: None,
        roles: Vec::new(),
        scope_roles: None,
        refused: Vec::new(),
    };
    let roles = [
        (Purpose::Reader, Some(&database.reader)),
        (Purpose::Writer, database.writer.as_ref()),
        (Purpose::Control, Some(&database.control)),
    ];
    let named =
        roles.iter().filter_map(|(purpose, role)| Some((role.as_ref()?.user.as_str(), *purpose)));
    let mut purposes = roles::purposes(&named.collect::<Vec<_>>());
    for (purpose, role) in roles {
        let Some(role) = role else { continue };
        // Once for each role, with all that it is for; each purpose has a password of its own.
        let purposes = purposes.iter_mut().find(|(name, _)| *name == role.user);
        let purposes = purposes.map(|(_, purposes)| std::mem::take(purposes)).unwrap_or_default();
        let mut found = RoleReport {
            purpose: word(purpose),
            role: role.user.clone(),
            problems: Vec::new(),
            notes: Vec::new(),
        };
        let work = look(target, role, &purposes, &mut found);
        match tokio::time::timeout(ROLE_TIMEOUT, work).await {
            Ok(version) => report.server_version = report.server_version.take().or(version),
            Err(_) => {
                found.problems.push(format!(
                    "no answer within {} seconds; is a firewall in between?",
                    ROLE_TIMEOUT.as_secs()
                ));
            }
        }
        report.roles.push(found);
    }
    let work = by_catalogue(target, functions);
    // Where the role can't log in, or the catalogue can't be read, a problem says so already.
    if let Ok(Some(found)) = tokio::time::timeout(ROLE_TIMEOUT, work).await {
        report.take(database, found);
    }
    report
}

/// How it stands with scope roles, and functions and views that no statement may use, since what
/// they reach is not harmless or can't be told.
async fn by_catalogue(target: &Target, functions: &Functions) -> Option<ByCatalogue> {
    let role = &target.database.control;
    let client = Client::connect(target, role, &SaltedPasswords::default(), "10s").await.ok()?;
    let asking = Asking(Mutex::new(client));
    let standing = scope_roles::standing(&asking, &sessions(&target.database)).await;
    let group = match standing {
        Ok(Standing::Usable) => {
            // What the group may, every scope role may; it needs nothing but to connect.
            let allow_superuser = target.database.allow_superuser;
            let purposes = [Purpose::Reader];
            roles::check(&asking, scope_roles::GROUP, &purposes, &[], allow_superuser).await.ok()
        }
        _ => None,
    };
    let snapshot = catalog::load(&asking).await;
    asking.0.into_inner().close().await;
    let refused = Catalogue::new(snapshot.ok()?).refusals(functions).into_iter();
    // Our own are for pgward, and no session needs them.
    let ours = format!("function {}.", scope_roles::SCHEMA);
    let refused = refused.filter(|found| !found.what.starts_with(&ours));
    let refused = refused.map(RefusedObject::from).collect();
    Some(ByCatalogue { standing: standing.ok()?, group: group.unwrap_or_default(), refused })
}

impl From<Found> for RefusedObject {
    fn from(found: Found) -> Self {
        let Found { what, chain, allow, .. } = found;
        let line = (!allow.is_empty())
            .then(|| format!("policy.allow_functions: \"{}\"", allow.join("\", \"")));
        Self { what, why: chain, line }
    }
}

/// Logs in as a role and asks about it; the server's version.
async fn look(
    target: &Target,
    role: &Role,
    purposes: &[Purpose],
    report: &mut RoleReport,
) -> Option<String> {
    let client = Client::connect(target, role, &SaltedPasswords::default(), "10s").await;
    let asking = match client {
        Ok(client) => Asking(Mutex::new(client)),
        Err(error) => {
            report.problems.push(format!("it can't log in: {error}; {}", hint(&error)));
            return None;
        }
    };
    let database = &target.database;
    let sessions = sessions(database);
    let allow_superuser = database.allow_superuser;
    let findings = if purposes.is_empty() {
        Ok(Vec::new())
    } else {
        roles::check(&asking, &role.user, purposes, &sessions, allow_superuser).await
    };
    match findings {
        Ok(findings) => report.add(findings),
        Err(error) => report.problems.push(chain(&error)),
    }
    let version = asking.rows("SELECT pg_catalog.current_setting('server_version')").await;
    asking.0.into_inner().close().await;
    version.ok()?.into_iter().next()?.into_iter().next()?
}

/// The roles that sessions run as.
fn sessions(database: &Database) -> Vec<&str> {
    let mut names = vec![database.reader.user.as_str()];
    names.extend(database.writer.as_ref().map(|writer| writer.user.as_str()));
    names.dedup();
    names
}

/// What to do, by what the system and the TLS library say.
fn hint(error: &DialError) -> &'static str {
    match error {
        DialError::Unreachable(why) if why.contains("lookup") => "check the spelling of host",
        DialError::Unreachable(_) => "check host and port; is the server running there?",
        DialError::Tls(why) if why.contains("UnknownIssuer") => {
            "let sslrootcert name the CA that signed the server's certificate"
        }
        DialError::Tls(why) if why.contains("not valid for name") => {
            "let host be a name that the certificate holds, or set sslmode = \"verify-ca\""
        }
        DialError::Tls(why) if why.contains("does not support") => {
            "set ssl = on at the server, or another sslmode"
        }
        DialError::Tls(_) => "check sslmode and sslrootcert",
        DialError::Setting { .. } => "ALTER ROLE or DATABASE … RESET this setting",
        DialError::Protocol(_) => "is it PostgreSQL, or a pooler in transaction mode?",
        DialError::Refused { .. } | DialError::Authentication(_) => {
            "check the role, its password and pg_hba.conf; `pgward config setup-sql` prints them"
        }
    }
}

const fn word(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Reader => "reader",
        Purpose::Writer => "writer",
        Purpose::Control => "control",
    }
}

/// An error with what caused it, each said once.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let said = cause.to_string();
        if !text.ends_with(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        source = cause.source();
    }
    text
}
