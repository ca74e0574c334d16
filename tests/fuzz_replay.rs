//! Replays the corpus of the fuzz targets on stable: what once broke something stays mended.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[path = "../fuzz/targets/mod.rs"]
mod targets;

use std::path::Path;

fn replay(name: &str, target: fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
    let mut count = 0;
    for entry in std::fs::read_dir(&corpus).unwrap().flatten() {
        let data = std::fs::read(entry.path()).unwrap();
        target(&data);
        // Every beginning of an input is an input.
        let step = data.len() / 64 + 1;
        (0..data.len()).step_by(step).for_each(|end| target(&data[..end]));
        count += 1;
    }
    assert!(count >= 5, "{} has {count} inputs", corpus.display());
}

#[test]
fn frame() {
    replay("frame", targets::frame);
}

#[test]
fn startup() {
    replay("startup", targets::startup);
}

#[test]
fn facts() {
    replay("facts", targets::facts);
}

#[test]
fn session() {
    replay("session", targets::session);
}

#[test]
fn judge() {
    replay("judge", targets::judge);
}

#[test]
fn cuts() {
    replay("cuts", targets::cuts);
}

#[test]
fn shapes() {
    replay("shapes", |data| _ = targets::shapes(data));
}
