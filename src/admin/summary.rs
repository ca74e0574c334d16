//! What ending sessions came to, in words: `2 sessions ended, 1 UPDATE rolled back, 0.3 s`.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::forms::SessionView;
use super::sessions::Report;
use crate::base::GrantId;

/// Statements whose effect is undone when their backend ends.
const WRITES: [&str; 6] = ["COPY", "DELETE", "INSERT", "MERGE", "TRUNCATE", "UPDATE"];

/// What was running before it was ended, and when that was.
#[derive(Debug)]
pub(super) struct Tally {
    since: Timestamp,
    running: Vec<(GrantId, String)>,
}

impl Tally {
    /// Looks at what is running now.
    pub(super) fn start(sessions: &[SessionView]) -> Self {
        let running = sessions.iter().filter(|session| session.state == "active");
        let running = running.map(|session| (session.grant_id, verb(session)));
        Self { since: Timestamp::now(), running: running.collect() }
    }

    /// The sentence about what one session was doing when it was ended.
    pub(super) fn of_one(&self, session: &SessionView, report: Report) -> String {
        let millis = Timestamp::now().duration_since(self.since).as_millis();
        let words = self.after(millis, |_| true, report);
        // It is known that it was one.
        let rest = words.split_once(", ").map_or(words.as_str(), |(_, rest)| rest);
        match (report.statements_cancelled, session.state.starts_with("idle in transaction")) {
            (0, true) => format!("what its transaction had not committed is rolled back, {rest}"),
            (0, false) => format!("no statement was running, {rest}"),
            _ => rest.to_owned(),
        }
    }

    /// The sentence about what was ended of the grants in question.
    pub(super) fn words(&self, is_ours: impl Fn(GrantId) -> bool, report: Report) -> String {
        let millis = Timestamp::now().duration_since(self.since).as_millis();
        self.after(millis, is_ours, report)
    }

    fn after(&self, millis: i128, is_ours: impl Fn(GrantId) -> bool, report: Report) -> String {
        let mut parts = vec![count(report.sessions_ended, "session", "ended")];
        let ours = self.running.iter().filter(|(grant, _)| is_ours(*grant));
        let mut verbs: BTreeMap<&str, usize> = BTreeMap::new();
        for (_, verb) in ours {
            *verbs.entry(verb).or_default() += 1;
        }
        // What ran a moment ago may be over, or something else may have begun: verbs are only
        // named where they are as many as were really cancelled.
        let known =
            verbs.values().sum::<usize>() == report.statements_cancelled && !verbs.contains_key("");
        if known {
            for (verb, number) in verbs {
                let fate = if WRITES.contains(&verb) { "rolled back" } else { "cancelled" };
                parts.push(format!("{number} {verb} {fate}"));
            }
        } else if report.statements_cancelled > 0 {
            parts.push(count(report.statements_cancelled, "statement", "cancelled"));
        }
        if report.still_ending > 0 {
            parts.push(count(report.still_ending, "backend", "still ending"));
        }
        let tenths = (millis + 50) / 100;
        parts.push(format!("{}.{} s", tenths / 10, tenths % 10));
        parts.join(", ")
    }
}

fn count(number: usize, thing: &str, fate: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{s} {fate}")
}

/// The command of a session's last statement; empty when its text doesn't begin with one.
fn verb(session: &SessionView) -> String {
    let text = session.last_statement.as_deref().unwrap_or_default().trim_start();
    let end = text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len());
    text.get(..end).unwrap_or_default().to_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::SessionId;

    fn session(grant: u64, state: &str, statement: &str) -> SessionView {
        SessionView {
            id: SessionId::from_random(1),
            grant_id: GrantId::from_random(grant),
            user: String::new(),
            database: String::new(),
            client_addr: String::new(),
            backend_pid: None,
            state: state.into(),
            started_at: String::new(),
            expires_at: String::new(),
            active_at: String::new(),
            last_statement: Some(statement.into()),
            rows_returned: 0,
        }
    }

    #[test]
    fn sentences() {
        let sessions = [
            session(1, "active", "update orders set x = 1"),
            session(1, "active", "  SELECT pg_sleep(9)"),
            session(1, "idle in transaction", "delete from t"),
            session(2, "active", "/* hm */ select 1"),
        ];
        let tally = Tally::start(&sessions);
        let report = |sessions_ended, statements_cancelled, still_ending| Report {
            sessions_ended,
            statements_cancelled,
            still_ending,
        };
        let cases = [
            (
                1,
                report(3, 2, 0),
                "3 sessions ended, 1 SELECT cancelled, 1 UPDATE rolled back, 0.3 s",
            ),
            (1, report(3, 1, 0), "3 sessions ended, 1 statement cancelled, 0.3 s"),
            (
                2,
                report(1, 1, 1),
                "1 session ended, 1 statement cancelled, 1 backend still ending, 0.3 s",
            ),
            (3, report(0, 0, 0), "0 sessions ended, 0.3 s"),
        ];
        let one = |state: &str, cancelled| {
            let session = session(7, state, "UPDATE t SET a = 1");
            let tally = Tally::start(std::slice::from_ref(&session));
            let words = tally.of_one(&session, report(1, cancelled, 0));
            words.rsplit_once(", ").unwrap().0.to_owned()
        };
        assert_eq!(one("active", 1), "1 UPDATE rolled back");
        assert_eq!(one("idle", 0), "no statement was running");
        let open = "what its transaction had not committed is rolled back";
        assert_eq!(one("idle in transaction (aborted)", 0), open);
        for (grant, report, expected) in cases {
            let is_ours = |id| id == GrantId::from_random(grant);
            assert_eq!(tally.after(312, is_ours, report), expected);
        }
    }
}
