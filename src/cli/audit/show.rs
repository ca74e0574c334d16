//! Records on one line for people.

use serde_json::Value;

use crate::cli::output::{self, printable};

/// Characters of a statement on a line for people; `-o json` has all of it.
const QUERY_CHARACTERS: usize = 160;

pub(super) fn row([time, user, grant, event, what]: [&str; 5]) -> String {
    format!("{time:<23}  {user:<12}  {grant:<12}  {event:<18}  {what}").trim_end().to_owned()
}

/// One record on one line for people; of a statement also what came of it.
pub(super) fn describe(record: &Value, done: Option<&Value>) -> String {
    let text = |key: &str| text(record, key);
    let time: String = text("time").chars().take(23).collect::<String>().replace('T', " ");
    let user = if text("user").is_empty() { text("actor") } else { text("user") };
    let mut parts = what(record);
    if let Some(done) = done {
        outcome(done, &mut parts);
    }
    let what = printable(&joined(parts));
    row([&printable(&time), &printable(user), text("grant_id"), text("event"), &what])
}

fn what(record: &Value) -> Vec<String> {
    let text = |key: &str| text(record, key);
    let mut parts = Vec::new();
    let mut add = |part: String| parts.push(part);
    match text("event") {
        "statement.allowed" => add(short(text("query"))),
        "statement.refused" => {
            add(short(text("query")));
            add(text("error").to_owned());
        }
        "statement.done" => {
            let number = number(record, "statement_id").unwrap_or(0);
            outcome(record, &mut parts);
            if let Some(first) = parts.first_mut() {
                *first = format!("#{number} {first}");
            }
        }
        "transaction.end" => add(text("tx_outcome").to_owned()),
        "session.start" => {
            add(format!("{} to {}", text("session_id"), text("database")));
            add(format!("from {} {}", text("client_addr"), text("application_name")));
        }
        "session.end" => {
            add(format!("{} {}", text("session_id"), text("end_reason")));
            add(count(number(record, "statements").unwrap_or(0), "statement"));
            add(milliseconds(number(record, "duration_us")));
        }
        "auth.failed" => add(format!("{} from {}", text("cause"), text("client_addr"))),
        event if event.starts_with("grant.") => {
            add(format!("by {}", text("actor")));
            let ends = output::time(text("expires_at"));
            let until = if ends.is_empty() { ends } else { format!(" until {ends}") };
            add(format!("{}{until}", text("database")));
            add(text("reason").to_owned());
            add(text("detail").to_owned());
        }
        "config.reloaded" => {
            add(text("result").to_owned());
            let problems = record.get("problems").and_then(Value::as_array);
            let problems = problems.into_iter().flatten().filter_map(Value::as_str);
            problems.for_each(|problem| add(short(problem)));
        }
        _ => {
            add(text("session_id").to_owned());
            add(text("detail").to_owned());
        }
    }
    parts
}

/// What came of a statement.
pub(super) fn outcome(done: &Value, parts: &mut Vec<String>) {
    parts.push(text(done, "outcome").to_owned());
    number(done, "rows_returned").into_iter().for_each(|rows| parts.push(count(rows, "row")));
    number(done, "rows_affected")
        .into_iter()
        .for_each(|rows| parts.push(format!("{rows} written")));
    // What was skipped did not run.
    let ran =
        number(done, "duration_us").filter(|us| *us > 0 || text(done, "outcome") != "skipped");
    parts.push(milliseconds(ran));
    parts.push(format!("{} {}", text(done, "sqlstate"), text(done, "error")).trim().to_owned());
}

/// Parts of a sentence, without the empty ones.
pub(super) fn joined(mut parts: Vec<String>) -> String {
    parts.retain(|part| !part.trim().is_empty());
    parts.join("; ")
}

pub(super) fn text<'r>(record: &'r Value, key: &str) -> &'r str {
    record.get(key).and_then(Value::as_str).unwrap_or_default()
}

pub(super) fn number(record: &Value, key: &str) -> Option<u64> {
    record.get(key).and_then(Value::as_u64)
}

pub(super) fn count(number: u64, thing: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{s}")
}

/// A statement on one line.
fn short(query: &str) -> String {
    let words: Vec<_> = query.split_whitespace().collect();
    let line = words.join(" ");
    match line.char_indices().nth(QUERY_CHARACTERS) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or(&line)),
        None => line,
    }
}

pub(super) fn milliseconds(micros: Option<u64>) -> String {
    micros.map_or_else(String::new, |us| format!("{}.{:03} ms", us / 1_000, us % 1_000))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn records_for_people() {
        let mut record = json!({
            "time": "2026-11-20T11:03:04.120000Z", "event": "statement.allowed", "user": "alice",
            "grant_id": "g_0000000009", "query": "SELECT\n  1 \u{1b}[2J", "statement_id": 3,
        });
        let start = "2026-11-20 11:03:04.120  alice         g_0000000009  ";
        assert_eq!(describe(&record, None), format!("{start}statement.allowed   SELECT 1  [2J"));
        record["event"] = "statement.refused".into();
        record["error"] = "pgward: UPDATE refused".into();
        let expected = format!("{start}statement.refused   SELECT 1  [2J; pgward: UPDATE refused");
        assert_eq!(describe(&record, None), expected);
        record["event"] = "statement.done".into();
        record["error"] = Value::Null;
        for (key, value) in [
            ("rows_returned", json!(7)),
            ("duration_us", json!(1_050)),
            ("outcome", json!("completed")),
        ] {
            record[key] = value;
        }
        let expected = format!("{start}statement.done      #3 completed; 7 rows; 1.050 ms");
        assert_eq!(describe(&record, None), expected);
        record["rows_returned"] = json!(1);
        assert_eq!(describe(&record, None), expected.replace("7 rows", "1 row"));
        let read = json!({ "event": "audit.read", "actor": "os:root", "detail": "audit tail" });
        assert!(
            describe(&read, None)
                .ends_with("os:root                     audit.read          audit tail")
        );
        assert_eq!(describe(&json!({}), None), "");
        for (record, expected) in [
            (
                json!({ "event": "grant.created", "actor": "os:root", "database": "app",
                    "expires_at": "2026-11-20T12:41:11.132369Z", "reason": "INC-1" }),
                "by os:root; app until 2026-11-20 12:41:11 UTC; INC-1",
            ),
            (
                json!({ "event": "grant.requested", "actor": "os:alice", "database": "app",
                    "reason": "INC-1" }),
                "by os:alice; app; INC-1",
            ),
            (
                json!({ "event": "config.reloaded", "result": "rejected",
                    "problems": ["proxy.toml:8: unknown key\n    did you mean `port`?"] }),
                "rejected; proxy.toml:8: unknown key did you mean `port`?",
            ),
        ] {
            assert_eq!(joined(what(&record)), expected);
        }
    }

    #[test]
    fn a_long_statement_is_cut_for_people_only() {
        let long = "é".repeat(QUERY_CHARACTERS + 1);
        assert_eq!(short(&long).chars().count(), QUERY_CHARACTERS + 1);
        assert!(short(&long).ends_with('…'));
        assert_eq!(short(" a\n\tb "), "a b");
    }
}
