//! What the documents say exists, and what exists is in the documents.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
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

#[test]
fn every_command_is_described() {
    let text = read("docs/cli.md");
    let help = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_pgward"))
            .args(arguments)
            .arg("--help")
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let verbs = |help: &str| -> Vec<String> {
        let commands = help.split("Commands:\n").nth(1).unwrap_or_default();
        let lines = commands.lines().take_while(|l| l.starts_with("  "));
        let words = lines.filter_map(|l| l.split_whitespace().next());
        words.filter(|w| *w != "help").map(str::to_owned).collect()
    };
    for noun in verbs(&help(&[])) {
        let below = verbs(&help(&[&noun]));
        if below.is_empty() {
            assert!(text.contains(&format!("`pgward {noun}")), "{noun}");
        }
        for verb in below {
            assert!(text.contains(&format!("`pgward {noun} {verb}")), "{noun} {verb}");
        }
    }
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
