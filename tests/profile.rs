//! Which builds `scripts/rustc.sh` hands the recorded profile: optimised ones of the toolchain that
//! recorded it, and no others.

#![allow(clippy::unwrap_used, missing_docs, reason = "a test")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

/// Says its version, or else what it was asked.
const RUSTC: &str = r#"#!/bin/sh
case $1 in -vV) echo rustc 1.2.3; echo LLVM version: 4 ;; *) printf '%s\n' "$@" ;; esac
"#;

const SAME: &str = "rustc 1.2.3\nLLVM version: 4\n";
const OTHER: &str = "rustc 1.2.4\nLLVM version: 4\n";

fn program(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn only_optimised_builds_of_the_same_toolchain_take_the_profile() {
    const LIBRARY: &[&str] = &["--crate-name", "a", "--crate-type", "lib", "-C", "opt-level=3"];
    const PROGRAM: &[&str] = &["--crate-name", "a", "--crate-type", "bin", "-C", "opt-level=3"];
    let tests: &[(&str, &[&str], bool, bool)] = &[
        (SAME, LIBRARY, true, false),
        (SAME, PROGRAM, true, true),
        (OTHER, PROGRAM, false, false),
        ("", PROGRAM, false, false),
        (SAME, &["--crate-type", "bin", "-C", "opt-level=1"], false, false),
        (SAME, &["--crate-type", "bin"], false, false),
        (SAME, &["-C", "opt-level=3", "-Cprofile-generate=/counts"], false, false),
    ];
    for (toolchain, arguments, profiled, linked) in tests {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        fs::create_dir(root.join("scripts")).unwrap();
        fs::create_dir(root.join("profile")).unwrap();
        program(&root.join("scripts/rustc.sh"), include_str!("../scripts/rustc.sh"));
        program(&root.join("rustc"), RUSTC);
        let counts = root.join("profile/pgward.profdata");
        fs::write(&counts, "").unwrap();
        fs::write(root.join("profile/toolchain"), toolchain).unwrap();
        let run = || {
            let mut command = Command::new(root.join("scripts/rustc.sh"));
            let output = command.arg(root.join("rustc")).args(*arguments).output().unwrap();
            assert!(output.status.success(), "{output:?}");
            let text = String::from_utf8(output.stdout).unwrap();
            text.lines().map(str::to_owned).collect::<Vec<_>>()
        };
        let given = run();
        let case = format!("{toolchain:?} {arguments:?} {given:?}");
        assert_eq!(given[..arguments.len()], **arguments, "{case}");
        let uses = format!("-Cprofile-use={}", counts.display());
        assert_eq!(given.contains(&uses), *profiled, "{case}");
        assert_eq!(given.iter().any(|one| one.starts_with("-Clink-arg=")), *linked, "{case}");
        assert_eq!(given.len() > arguments.len(), *profiled, "{case}");
        fs::remove_file(&counts).unwrap();
        assert_eq!(run(), **arguments, "without a profile: {case}");
    }
}
