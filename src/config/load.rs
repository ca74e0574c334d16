//! Reading the configuration file.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use toml::de::DeTable;

use super::Config;
use super::check::{self, Surroundings};
use super::problem::{Problem, Problems};
use super::read::{Reader, Section};

/// A file that was read, with what came out of it.
#[derive(Debug)]
pub struct Loaded {
    /// What is true, where there are no problems; else a best guess, for further checks only.
    pub config: Config,
    /// Everything that is wrong.
    pub problems: Vec<Problem>,
    /// Every key that may be written, dotted, that the file's shape could have asked for.
    pub keys: Vec<String>,
}

impl Config {
    /// Reads and checks the file at `path`; the environment gives `password_env` values.
    ///
    /// # Errors
    /// All problems at once, each with its line and a remedy.
    pub fn load(path: &Path) -> Result<Self, Problems> {
        let shown = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| unreadable(&shown, &error))?;
        let Loaded { config, mut problems, .. } =
            parse(&shown, &text, &folder_of(path), &|name| std::env::var(name).ok());
        if config.databases.is_empty() && problems.is_empty() {
            problems.push(Problem {
                file: shown,
                line: None,
                key: "databases".to_owned(),
                what: "no database is configured".to_owned(),
                remedy: "add a section [databases.<name>] with host and reader; proxy.toml shows \
                         every key"
                    .to_owned(),
            });
        }
        if problems.is_empty() { Ok(config) } else { Err(Problems(problems)) }
    }
}

impl Config {
    /// Reads the file at `path` with whatever is wrong in it: for commands that run before
    /// everything is in place. What has problems has its default, or is missing.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn sketch(path: &Path) -> Result<Self, Problems> {
        let shown = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| unreadable(&shown, &error))?;
        let env = |name: &str| std::env::var(name).ok();
        Ok(parse(&shown, &text, &folder_of(path), &env).config)
    }

    /// Reads the file at `path` for what commands beside a running server need: where its admin
    /// socket and its audit log are. Other sections may be wrong, or need what only the server's
    /// environment or its user has.
    ///
    /// # Errors
    /// When the file can't be read, isn't TOML, or these two sections have problems.
    pub fn glance(path: &Path) -> Result<Self, Problems> {
        let shown = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| not_for_all(&shown, &error))?;
        let Loaded { config, mut problems, .. } =
            parse(&shown, &text, &folder_of(path), &|name| std::env::var(name).ok());
        problems.retain(|problem| {
            let section = problem.key.split('.').next().unwrap_or_default();
            // Who runs a command need not be able to read the server's private key.
            ["", "admin", "audit"].contains(&section) && !problem.key.starts_with("admin.tls.")
        });
        if problems.is_empty() { Ok(config) } else { Err(Problems(problems)) }
    }
}

/// Reads a configuration text. `file` names it in problems, `folder` is where relative paths
/// start, `env` is the environment.
#[must_use]
pub fn parse(
    file: &str,
    text: &str,
    folder: &Path,
    env: &dyn Fn(&str) -> Option<String>,
) -> Loaded {
    let mut reader = Reader::new(file, text);
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let line = error.span().map(|span| reader.line_of(span.start));
        let what = format!("not TOML: {}", error.message());
        reader.problem(line, "", what, "see https://toml.io for how TOML is written");
    }
    let around = Surroundings { folder, env };
    // What a broken file seems to say would only add problems that aren't there.
    let empty = DeTable::new();
    let table = if errors.is_empty() { document.get_ref() } else { &empty };
    let config = check::config(&mut reader, Section::root(table), &around);
    let mut problems = std::mem::take(&mut reader.problems);
    problems.sort_by_key(|problem| problem.line.unwrap_or(usize::MAX));
    Loaded { config, problems, keys: std::mem::take(&mut reader.keys) }
}

/// The file's folder, absolute where that can be found out.
fn folder_of(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    absolute.parent().map(Path::to_path_buf).unwrap_or_default()
}

fn unreadable(file: &str, error: &std::io::Error) -> Problems {
    Problems(vec![Problem {
        file: file.to_owned(),
        line: None,
        key: String::new(),
        what: format!("the configuration file cannot be read: {error}"),
        remedy: "name it with --config FILE or PGWARD_CONFIG; the project's proxy.toml shows \
                 every key with its default"
            .to_owned(),
    }])
}

/// The same for who runs a command beside a server, or far from it.
fn not_for_all(file: &str, error: &std::io::Error) -> Problems {
    let remedy = match error.kind() {
        ErrorKind::PermissionDenied => {
            "commands need no more of it than the line `admin.socket = \"…\"`: put that into a file \
             that this user may read, and name it with --config FILE or PGWARD_CONFIG"
        }
        ErrorKind::NotFound => {
            "name it with --config FILE or PGWARD_CONFIG; or, at another machine than the server's, \
             the server with --server URL or PGWARD_SERVER"
        }
        _ => return unreadable(file, error),
    };
    let Problems(mut problems) = unreadable(file, error);
    for problem in &mut problems {
        remedy.clone_into(&mut problem.remedy);
    }
    Problems(problems)
}

#[cfg(test)]
#[path = "load_tests.rs"]
mod tests;
