//! `pgward config check`: everything that can be known before the first engineer meets it.

use serde::Serialize;

use super::Common;
use super::output::{self, Failure, Format, printable};
use super::places;
use super::rights::{self, DatabaseReport};
use crate::config::{Config, Database, Problem};
use crate::net::dial::Target;
use crate::net::tls;
use crate::policy::functions::Functions;

const EXAMPLES: &str = "\
Examples:
  pgward config check
  pgward config check --config /etc/pgward/proxy.toml -o json
  pgward config check --offline
      without connecting anywhere

Exit status 1 when there are problems. Notes say who else can read a secret, and what a role
could do beyond its purpose: pgward would still refuse it, but the server's own layer stands open
there.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Check the file only: connect to no database
    #[arg(long)]
    offline: bool,
}

/// What was found out.
#[derive(Debug, Serialize)]
struct Report {
    config: String,
    problems: Vec<FileProblem>,
    notes: Vec<String>,
    databases: Vec<DatabaseReport>,
}

#[derive(Debug, Serialize)]
struct FileProblem {
    file: String,
    line: Option<usize>,
    key: String,
    what: String,
    remedy: String,
}

/// Checks and reports.
pub(super) fn run(args: &Args, common: &Common) -> Result<(), Failure> {
    let shown = common.config.display().to_string();
    let mut report = Report {
        config: shown.clone(),
        problems: Vec::new(),
        notes: Vec::new(),
        databases: Vec::new(),
    };
    match Config::load(&common.config) {
        Err(problems) => report.problems = problems.0.into_iter().map(FileProblem::from).collect(),
        Ok(config) => {
            report.problems = certificates(&config, &shown);
            report.problems.extend(places::unusable(&config).into_iter().map(|place| {
                FileProblem {
                    file: shown.clone(),
                    line: None,
                    key: place.key.to_owned(),
                    what: place.what,
                    remedy: place.remedy.to_owned(),
                }
            }));
            report.notes = places::readable_by_all(&config);
            report.notes.extend(places::passwords_in(&common.config));
            if !args.offline {
                report.databases = connect(&config)?;
            }
        }
    }
    let count = report.count();
    match common.output {
        Format::Json => output::json(&report)?,
        Format::Table => output::print(&report.text(args.offline))?,
    }
    if count == 0 {
        return Ok(());
    }
    let s = if count == 1 { "" } else { "s" };
    Err(Failure::new(format!("{count} problem{s} in {shown}")))
}

/// Files that the server would read at its start.
fn certificates(config: &Config, file: &str) -> Vec<FileProblem> {
    let problem = |key: String, what: String| FileProblem {
        file: file.to_owned(),
        line: None,
        key,
        what,
        remedy: "use PEM files: the server's own certificate first, then its issuers".to_owned(),
    };
    let mut problems = Vec::new();
    if let Some(listen) = &config.listen.tls
        && let Err(error) = tls::server(listen)
    {
        problems.push(problem("listen.tls".to_owned(), error.to_string()));
    }
    for database in config.databases.values() {
        if let Err(error) = tls::client(database) {
            problems.push(problem(format!("databases.{}", database.name), error.to_string()));
        }
    }
    problems
}

fn connect(config: &Config) -> Result<Vec<DatabaseReport>, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(format!("no runtime: {error}")))?;
    let policy = &config.policy;
    let functions = Functions::new(&policy.allow_functions, &policy.refuse_functions)
        .map_err(|error| Failure::new(format!("policy: {error}")))?;
    Ok(runtime.block_on(async {
        let mut reports = Vec::new();
        for database in config.databases.values() {
            reports.extend(examine(database, &functions).await);
        }
        reports
    }))
}

async fn examine(database: &Database, functions: &Functions) -> Option<DatabaseReport> {
    // Roots that can't be read are told as a problem of the file already.
    let tls = tls::client(database).ok()?;
    Some(rights::examine(&Target { database: database.clone(), tls }, functions).await)
}

impl From<Problem> for FileProblem {
    fn from(problem: Problem) -> Self {
        let Problem { file, line, key, what, remedy } = problem;
        Self { file, line, key, what, remedy }
    }
}

impl From<&FileProblem> for Problem {
    fn from(problem: &FileProblem) -> Self {
        let FileProblem { file, line, key, what, remedy } = problem;
        Self {
            file: file.clone(),
            line: *line,
            key: key.clone(),
            what: what.clone(),
            remedy: remedy.clone(),
        }
    }
}

impl Report {
    fn count(&self) -> usize {
        let databases = self.databases.iter();
        self.problems.len() + databases.map(|one| one.problems().count()).sum::<usize>()
    }

    fn text(&self, offline: bool) -> String {
        let mut lines: Vec<String> =
            self.problems.iter().map(|problem| Problem::from(problem).to_string()).collect();
        if lines.is_empty() {
            lines.push(format!("{}: ok", self.config));
        }
        lines.extend(self.notes.iter().map(|note| printable(&format!("note: {note}"))));
        for database in &self.databases {
            let version = database.server_version.as_deref();
            let version = version.map(|version| format!("PostgreSQL {version}"));
            let version = version.unwrap_or_else(|| "no role could log in".to_owned());
            let server = format!("database {} at {}", database.name, database.server);
            lines.push(printable(&format!("{server}: {version}")));
            for role in &database.roles {
                let name = format!("  {} {}", role.purpose, role.role);
                let fine = role.problems.is_empty() && role.notes.is_empty();
                lines.push(format!("{name}{}", if fine { ": ok" } else { ":" }));
                let told = |label: &'static str| {
                    move |what: &String| printable(&format!("    {label}: {what}"))
                };
                lines.extend(role.problems.iter().map(told("problem")));
                lines.extend(role.notes.iter().map(told("note")));
            }
            if database.scope_roles == Some("installed") {
                lines.push(
                    "  scope roles: PostgreSQL itself holds write grants to their scopes"
                        .to_owned(),
                );
            }
            let refused = &database.refused;
            if !refused.is_empty() {
                lines.push(
                    "  refused, as what they reach is not harmless or can't be told:".to_owned(),
                );
            }
            for object in refused {
                lines.push(printable(&format!("    {}", object.why)));
                if let Some(line) = &object.line {
                    lines.push(printable(&format!(
                        "      if reads may do this, add to the list {line}"
                    )));
                }
            }
        }
        if offline && self.problems.is_empty() {
            lines.push("no database was connected to (--offline)".to_owned());
        }
        lines.join("\n")
    }
}
