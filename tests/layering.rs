//! The floors of the house: an import may only point down, and CORE and GROUND are pure.
//!
//! Read from the sources as text, so that a shortcut fails here however it is spelled.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]

use std::fs;
use std::path::{Path, PathBuf};

/// For each folder, the folders of our own that it may import.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("base", &[]),
    ("wire", &["base"]),
    ("sql", &["base"]),
    ("policy", &["base", "sql"]),
    ("auth", &["base"]),
    ("session", &["base", "wire", "sql", "policy"]),
    ("config", &["base", "policy"]),
    ("telemetry", &["base", "config"]),
    ("alerts", &["base", "auth", "config", "telemetry"]),
    ("catalog", &["base", "sql", "policy"]),
    ("audit", &["base", "wire", "sql", "policy", "session", "config", "telemetry"]),
    ("grants", &["base", "sql", "policy", "auth", "audit", "config", "telemetry"]),
    (
        "net",
        &[
            "base",
            "wire",
            "sql",
            "policy",
            "auth",
            "session",
            "config",
            "telemetry",
            "catalog",
            "audit",
            "grants",
        ],
    ),
    (
        "admin",
        &[
            "base",
            "policy",
            "auth",
            "session",
            "config",
            "telemetry",
            "catalog",
            "audit",
            "grants",
            "net",
        ],
    ),
    (
        "cli",
        &[
            "base",
            "wire",
            "sql",
            "policy",
            "auth",
            "session",
            "config",
            "telemetry",
            "catalog",
            "audit",
            "grants",
            "alerts",
            "net",
            "admin",
        ],
    ),
];

/// Folders without IO, clock, randomness or runtime.
const PURE: &[&str] = &["base", "wire", "sql", "policy", "auth", "session"];

/// What a pure folder may not name.
const IMPURE: &[&str] = &[
    "tokio",
    "rustls",
    "axum",
    "hyper",
    "rusqlite",
    "rand::",
    "std::net::Tcp",
    "std::net::Udp",
    "std::fs",
    "std::io::stdin",
    "Instant::now",
    "SystemTime",
    "std::env",
    "std::process",
    "tracing::",
    "thread_local!",
    "static mut",
    "println!",
    "eprintln!",
];

fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(folder);
    let mut found = Vec::new();
    let mut open = vec![root];
    while let Some(path) = open.pop() {
        for entry in fs::read_dir(&path).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    assert!(!found.is_empty(), "no sources in src/{folder}");
    found
}

/// The code of a file: without comments, and without its unit tests, which may use more.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = text.lines().map(|line| line.split("//").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

/// The folders of ours that a file names through `crate::`.
fn imports(code: &str) -> Vec<&str> {
    code.match_indices("crate::")
        .filter_map(|(at, found)| code.get(at + found.len()..))
        .map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or(""))
        .collect()
}

#[test]
fn imports_point_down() {
    let mut wrong = Vec::new();
    for (folder, allowed) in MAY_IMPORT {
        for (path, text) in sources(folder) {
            for import in imports(&code(&text)) {
                let known = MAY_IMPORT.iter().any(|(name, _)| *name == import);
                if known && import != *folder && !allowed.contains(&import) {
                    wrong.push(format!("{}: {folder} may not import {import}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_folder_has_its_floor() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for entry in fs::read_dir(src).unwrap() {
        let entry = entry.unwrap();
        if entry.path().is_dir() {
            let name = entry.file_name().into_string().unwrap();
            assert!(
                MAY_IMPORT.iter().any(|(folder, _)| *folder == name),
                "src/{name} has no floor"
            );
        }
    }
}

#[test]
fn core_and_ground_are_pure() {
    let mut wrong = Vec::new();
    for folder in PURE {
        for (path, text) in sources(folder) {
            // Unit tests in a file of their own may use more, too.
            if path.file_stem().is_some_and(|stem| stem.to_string_lossy().ends_with("tests")) {
                continue;
            }
            let code = code(&text);
            for name in IMPURE {
                if code.contains(name) {
                    wrong.push(format!("{}: names {name}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_stay_readable() {
    for (folder, _) in MAY_IMPORT {
        for (path, text) in sources(folder) {
            let lines = text.lines().count();
            assert!(lines <= 600, "{} has {lines} lines", path.display());
        }
    }
}

#[test]
fn the_reader_of_this_test_sees_imports() {
    let text = "use crate::net::x; // crate::admin\n#[cfg(test)]\nuse crate::cli;";
    assert_eq!(imports(&code(text)), ["net"]);
}
