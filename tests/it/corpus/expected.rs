//! What of PostgreSQL's regression suite pgward refuses although the server would run it, and why.

use super::regress::{Refused, Seen};

/// Rightly refused: words of the refusal, and why it is right.
const RIGHTLY: &[(&str, &str)] = &[
    ("runs SQL that it makes at run time", "EXECUTE in a body can't be judged before it runs"),
    ("is SECURITY DEFINER", "it runs with its owner's rights"),
    ("it runs DECLARE CURSOR", "a cursor that a body leaves open is no reading"),
    ("it writes", "a body that writes"),
    ("advisory locks", "others wait for them"),
    ("it notifies other sessions", "others hear of it"),
    ("takes a transaction id", "a transaction id is written to the log"),
    ("advances or sets a sequence", "a sequence is changed"),
    ("reads, lists or writes files", "the server's files"),
    ("writes large objects", "or holds one open"),
    ("resets or changes statistics", "others see them"),
    ("it runs SQL, or a type's CHECK", "a text that runs as SQL"),
    ("is not made to be called", "the server calls it by itself"),
    ("a session keeps the role", "identity is the grant's"),
    ("READ WRITE refused", "the grant is read-only"),
    ("its reset value is off", "the grant is read-only"),
    ("not on the list of settings", "the allowlist of settings"),
    ("this value of the setting", "lexing and replication settings"),
    ("row locks", "FOR UPDATE and FOR SHARE mark rows"),
    ("CREATE TABLE AS refused", "EXPLAIN of what would make a table"),
    ("CREATE MATERIALIZED VIEW refused", "EXPLAIN of what would make one"),
    ("SET TRANSACTION SNAPSHOT refused", "another session's snapshot"),
    ("no such type is known", "PREPARE with a type that is not there"),
    ("INSERT on ", "PREPARE, DECLARE and EXPLAIN of a write"),
    ("UPDATE on ", "PREPARE, DECLARE and EXPLAIN of a write"),
    ("DELETE on ", "PREPARE, DECLARE and EXPLAIN of a write"),
    ("MERGE on ", "PREPARE, DECLARE and EXPLAIN of a write"),
];

/// Falsely refused, still: words of the refusal, what would have to be done, and at most how many
/// in the whole suite. A number may only go down.
const STILL: &[(&str, &str, usize)] = &[
    ("written in internal", "judge LANGUAGE internal as the built-in that its body names", 96),
    ("no such function is known", "a type's or a column's name in the place of a function", 36),
    ("it can't be read", "pg_get_viewdef writes a CYCLE clause that nobody reads", 1),
];

/// What of the run is not expected, in words.
pub(crate) fn unexpected(seen: &Seen) -> Vec<String> {
    let mut wrong: Vec<String> = seen.different.clone();
    let mut still = vec![0; STILL.len()];
    for Refused { file, sql, message, .. } in &seen.refused {
        if let Some(n) = STILL.iter().position(|(words, ..)| message.contains(words)) {
            still[n] += 1;
        } else if !RIGHTLY.iter().any(|(words, _)| message.contains(words)) {
            wrong.push(format!("{file}: {message}\n    {sql}"));
        }
    }
    for ((words, todo, most), count) in STILL.iter().zip(still) {
        if count > *most {
            wrong.push(format!("{count} reads refused, {most} expected: {words} ({todo})"));
        }
    }
    wrong
}
