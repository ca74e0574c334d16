//! Conversations written down in `tests/session_scripts/*.txt`.
//!
//! `grant SCOPE…` begins a session. `C message` comes from the client and `U message` from the
//! upstream; the lines under it in small letters are all that this leads to: `u message` to the
//! upstream, `c message` to the client, `a event` on record, `end` when the session is over.
//! `W minutes` tells the session that its grant ends in so many, `R minutes` that it now does,
//! `S scope…` that it has more scopes.
//! Several `C` or `U` lines in a row arrive in one read.

use std::fs;
use std::path::Path;

use crate::harness::{Harness, Out};
use crate::words;

#[test]
fn every_script_goes_as_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/session_scripts");
    let mut scripts: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    scripts.sort();
    assert!(!scripts.is_empty());
    for path in scripts {
        eprintln!("{}", path.display());
        run(&path);
    }
}

fn run(path: &Path) {
    let text = fs::read_to_string(path).unwrap();
    let mut harness: Option<Harness> = None;
    let mut lines = text
        .lines()
        .enumerate()
        .map(|(number, line)| (number + 1, line.split(" #").next().unwrap_or("").trim()))
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .peekable();
    while let Some((number, line)) = lines.next() {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        if word == "grant" {
            let scopes: Vec<&str> = rest.split_whitespace().filter(|s| *s != "read").collect();
            harness = Some(Harness::new(&scopes));
            continue;
        }
        let harness = harness.as_mut().expect("a script begins with `grant`");
        if word == "R" {
            harness.renew(rest.parse().expect("minutes"));
            continue;
        }
        if matches!(word, "W" | "S") {
            harness.events.0.clear();
            let out = match word {
                "W" => harness.warn(rest.parse().expect("minutes")),
                _ => harness.add_scopes(rest),
            };
            let mut told = Vec::new();
            while let Some((_, next)) = lines.next_if(|(_, next)| next.starts_with("c ")) {
                told.push(next[2..].trim().to_owned());
            }
            check(
                &format!("{}:{number}", path.display()),
                harness,
                &out,
                &[Vec::new(), told, Vec::new()],
            );
            continue;
        }
        let encode = if word == "C" { words::from_client } else { words::from_upstream };
        assert!(matches!(word, "C" | "U"), "{}:{number}: {line}", path.display());
        let mut bytes = encode(rest);
        while let Some((_, next)) = lines.next_if(|(_, next)| next.starts_with(&format!("{word} ")))
        {
            bytes.extend(encode(&next[2..]));
        }
        harness.events.0.clear();
        let out = if word == "C" { harness.client(&bytes) } else { harness.upstream(&bytes) };
        let mut expected = [Vec::new(), Vec::new(), Vec::new()];
        let mut ends = false;
        while let Some((_, next)) = lines.next_if(|(_, next)| {
            next.starts_with("u ")
                || next.starts_with("c ")
                || next.starts_with("a ")
                || *next == "end"
        }) {
            match next.split_at(1) {
                ("u", rest) => expected[0].push(rest.trim().to_owned()),
                ("c", rest) => expected[1].push(rest.trim().to_owned()),
                ("a", rest) => expected[2].push(rest.trim().to_owned()),
                _ => ends = true,
            }
        }
        let place = format!("{}:{number}: {line}", path.display());
        check(&place, harness, &out, &expected);
        assert_eq!(out.ended, ends, "{place}: the session's end");
    }
}

fn check(place: &str, harness: &Harness, out: &Out, expected: &[Vec<String>; 3]) {
    let upstream = words::lines(&out.upstream, words::to_upstream);
    let client = words::lines(&out.client, words::to_client);
    assert_eq!(upstream, expected[0], "{place}: to the upstream");
    assert_eq!(client, expected[1], "{place}: to the client");
    assert_eq!(harness.events.0, expected[2], "{place}: on record");
}
