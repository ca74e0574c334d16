//! Random and spoiled texts by effect: the core before a superuser, so that what it lets through
//! runs. Reads of the grammar run as they do directly; nothing else changes anything.

use std::collections::HashSet;

use super::attack::{Attacker, Seen, Way};
use super::file::{self, Attack, Protocol, Verdict};
use super::ground::{Ground, difference};
use super::inner::{Known, Upstream};
use crate::support::pg::{PASSWORD, Pg, distribution};
use crate::support::wire::{PROTOCOL_3_0, Wire};

#[allow(dead_code, reason = "tests/props uses all of it")]
#[path = "../../props/grammar.rs"]
mod grammar;
#[path = "../../props/mutate.rs"]
mod mutate;

/// No text takes longer, on the server.
const SETTINGS: [(&str, &str); 1] = [("statement_timeout", "2s")];

fn cases(otherwise: u64) -> u64 {
    std::env::var("PGWARD_PROPS_CASES").map_or(otherwise, |text| text.parse().unwrap())
}

/// A text as an attack.
fn attack(name: String, text: &str) -> Attack {
    Attack {
        name,
        verdict: Verdict::Refused,
        scopes: Vec::new(),
        protocol: Protocol::Any,
        since: 0,
        residue: None,
        sequence: false,
        messages: vec![text.as_bytes().to_vec()],
    }
}

/// Sends texts in both protocols; a text after which something differs fails the test.
fn nothing_remains(pg: &Pg, texts: &[String], mut look: impl FnMut(&str, &Seen)) {
    let mut ground = Ground::new(pg, "boss");
    let known = Known::of(pg, &ground.database);
    let into = ground.database.clone();
    let upstream = Upstream { role: "boss", settings: &SETTINGS };
    let mut attacker = Attacker::new(|| known.session(pg, &into, upstream, &[]));
    let mut before = ground.fingerprint();
    for some in texts.chunks(150) {
        let attacks: Vec<Attack> =
            some.iter().map(|text| attack("random".to_owned(), text)).collect();
        for (one, text) in attacks.iter().zip(some) {
            let seen = attacker.attack(&ground, one, Way::Simple);
            look(text, &seen);
            attacker.attack(&ground, one, Way::Extended);
        }
        let after = ground.fingerprint();
        if before == after {
            continue;
        }
        let what = difference(&before, &after);
        for (one, text) in attacks.iter().zip(some) {
            before = ground.fingerprint();
            let seen = attacker.attack(&ground, one, Way::Simple);
            let after = ground.fingerprint();
            assert!(
                before == after,
                "{text:?} changed {:?}: {seen:?}",
                difference(&before, &after)
            );
        }
        panic!("one of {some:#?} changed, once, {what:?}");
    }
}

/// The truth of the grammar itself: its reads are no errors of syntax, and change nothing; what
/// it calls writes changes something.
#[test]
fn the_grammar_knows_the_truth() {
    let pg = distribution();
    let mut ground = Ground::new(pg, "boss");
    let open = |into: &str| {
        let mut wire = Wire::open(pg.port());
        let startup = [("user", "boss"), ("database", into), SETTINGS[0]];
        wire.login(PROTOCOL_3_0, &startup, PASSWORD).unwrap();
        wire
    };
    let into = ground.database.clone();
    let mut direct = open(&into);
    let before = ground.fingerprint();
    let mut codes = HashSet::new();
    for seed in 1..400 {
        let reply = direct.query(&grammar::text(seed, false));
        codes.insert(reply.code().to_owned());
        assert!(!["42601", "42P01", "42883", "42703"].contains(&reply.code()), "{seed}: {reply:?}");
        direct.query("ROLLBACK");
    }
    assert!(codes.contains(""), "no read passes: {codes:?}");
    assert_eq!(difference(&before, &ground.fingerprint()), Vec::<String>::new());
    let mut effects = 0;
    for seed in 1..40 {
        let before = ground.fingerprint();
        direct.query(&grammar::text(seed, true));
        effects += usize::from(before != ground.fingerprint());
        direct.query("ROLLBACK; SELECT pg_advisory_unlock_all(); DROP TABLE IF EXISTS stolen");
    }
    assert!(effects > 8, "only {effects} of 39 writes write");
}

#[test]
fn random_writes_change_nothing() {
    let texts: Vec<String> = (1..=cases(450)).map(|seed| grammar::text(seed, true)).collect();
    nothing_remains(distribution(), &texts, |text, seen| {
        assert!(!seen.refusals.is_empty(), "not refused: {seen:?}\n{text}");
    });
}

#[test]
fn spoiled_texts_change_nothing() {
    let honest = super::folder().with_file_name("honest_corpus");
    let mut corpus: Vec<String> = [file::all(&super::folder()), file::all(&honest)]
        .into_iter()
        .flatten()
        .filter(|one| one.protocol != Protocol::Messages)
        .flat_map(|one| one.messages)
        .filter_map(|text| String::from_utf8(text).ok())
        .collect();
    corpus.retain(|text| !text.contains("pg_sleep"));
    let texts: Vec<String> = (1..=cases(900)).map(|seed| mutate::spoiled(seed, &corpus)).collect();
    let (mut passed, mut refused) = (0, 0);
    nothing_remains(distribution(), &texts, |_, seen| {
        if seen.refusals.is_empty() { passed += 1 } else { refused += 1 }
    });
    eprintln!("of {} spoiled texts {passed} passed and {refused} were refused", texts.len());
}
