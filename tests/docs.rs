//! What the documents say exists, and what exists is in the documents.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn documents() -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = std::fs::read_dir(root().join("docs"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "md"))
        .collect();
    all.extend(["README.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(|name| root().join(name)));
    all
}

/// Every key of proxy.toml, by its name within its section.
fn keys(reference: &str) -> BTreeSet<String> {
    let lines = reference.lines().map(|l| l.strip_prefix("#: ").unwrap_or(l));
    lines
        .filter(|l| !l.starts_with('#'))
        .filter_map(|l| l.split_once(" = "))
        .map(|(key, _)| key.trim().to_owned())
        .collect()
}

#[test]
fn every_key_is_described_and_every_described_key_exists() {
    let reference = keys(&read("proxy.toml"));
    let described: BTreeSet<String> = read("docs/configuration.md")
        .lines()
        .filter_map(|l| l.strip_prefix("| `"))
        .flat_map(|l| {
            let cell = l.split(" | ").next().unwrap();
            cell.split("`, `").map(|k| k.trim_matches('`').to_owned()).collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(described, reference);
}

fn help(command: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_pgward"))
        .args(command.split_whitespace())
        .arg("--help")
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// Every command, `grant create`, with the text of its help.
fn commands() -> BTreeMap<String, String> {
    let verbs = |help: &str| -> Vec<String> {
        let commands = help.split("Commands:\n").nth(1).unwrap_or_default();
        let lines = commands.lines().take_while(|l| l.starts_with("  "));
        let words = lines.filter_map(|l| l.split_whitespace().next());
        words.filter(|w| *w != "help").map(str::to_owned).collect()
    };
    let mut all = BTreeMap::new();
    for noun in verbs(&help("")) {
        let text = help(&noun);
        let below = verbs(&text);
        if below.is_empty() {
            all.insert(noun.clone(), text);
        }
        for verb in below {
            let command = format!("{noun} {verb}");
            let text = help(&command);
            all.insert(command, text);
        }
    }
    all
}

/// The long options that a text names.
fn options(text: &str) -> BTreeSet<String> {
    let starts = text.split("--").skip(1);
    let names = starts.map(|rest| {
        rest.chars().take_while(|c| c.is_ascii_lowercase() || *c == '-').collect::<String>()
    });
    names
        .filter(|name| !name.is_empty())
        .map(|name| name.trim_end_matches('-').to_owned())
        .collect()
}

#[test]
fn every_command_and_option_is_described() {
    let text = read("docs/cli.md");
    let described = options(&text);
    for (command, help) in commands() {
        assert!(text.contains(&format!("`pgward {command}")), "{command}");
        // As the help lists them, not as its examples use them.
        let listed = help.lines().filter(|l| l.trim_start().starts_with('-')).filter_map(|l| {
            let name = l.split("--").nth(1)?;
            Some(name.split([' ', '=']).next()?.trim().to_owned())
        });
        for option in listed.filter(|name| !matches!(name.as_str(), "help" | "output")) {
            assert!(described.contains(&option), "--{option} of {command}");
        }
    }
}

#[test]
fn every_command_that_is_shown_exists_with_its_options() {
    let commands = commands();
    let mut count = 0;
    for path in documents() {
        let text = std::fs::read_to_string(&path).unwrap();
        for (at, _) in text.match_indices("pgward ") {
            // Its own word, and not pgward's name in a sentence.
            let before = text.get(..at).unwrap().chars().next_back();
            if !before.is_some_and(|c| c == '`' || c == '$' || c == ' ' || c == '\n') {
                continue;
            }
            let rest = text.get(at + "pgward ".len()..).unwrap();
            let line = rest.split(['`', '\n', '#', '|', ';']).next().unwrap();
            let words: Vec<&str> = line.split_whitespace().collect();
            let two = words.iter().take(2).copied().collect::<Vec<_>>().join(" ");
            let one = words.first().copied().unwrap_or_default();
            let Some(help) = commands.get(&two).or_else(|| commands.get(one)) else { continue };
            count += 1;
            let known = options(help);
            for option in options(line) {
                assert!(known.contains(&option), "{}: pgward {line}", path.display());
            }
        }
    }
    assert!(count > 60, "{count} commands were found in the documents");
}

#[test]
fn links_between_documents_lead_somewhere() {
    for path in documents() {
        let text = std::fs::read_to_string(&path).unwrap();
        for part in text.split("](").skip(1) {
            let link = part.split(')').next().unwrap();
            if link.starts_with("http") || link.starts_with('#') {
                continue;
            }
            let target = path.parent().unwrap().join(link.split('#').next().unwrap());
            assert!(target.exists(), "{link} in {}", path.display());
        }
    }
}

/// `file` name, name: the tests that a page names.
#[test]
fn tests_that_are_named_exist() {
    let text = read("docs/threat-model.md");
    let mut count = 0;
    for row in text.lines().filter(|line| line.starts_with('|')) {
        let mut parts = row.split('`').skip(1);
        while let (Some(file), Some(names)) = (parts.next(), parts.next()) {
            if Path::new(file).extension().is_none_or(|e| e != "rs") {
                continue;
            }
            let code = read(file);
            for name in names.split([',', ';', '|']).map(str::trim).filter(|n| !n.is_empty()) {
                assert!(code.contains(&format!("fn {name}(")), "{name} in {file}");
                count += 1;
            }
        }
    }
    assert!(count > 25, "{count} tests are named");
}

#[test]
fn the_roles_of_compose_are_those_of_setup_sql() {
    let output = Command::new(env!("CARGO_BIN_EXE_pgward"))
        .args(["config", "setup-sql", "--database", "app", "--from", "samenet"])
        .args(["--config", "/nonexistent/proxy.toml"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), read("docker/roles.sql"));
}

#[test]
fn the_readme_shows_a_real_transcript() {
    let text = read("README.md");
    assert!(!text.contains("<!-- transcript:"), "a transcript is missing");
}
