//! What is recorded is counted: the metrics of statements come from the same events as their
//! records. (Here and not in `telemetry`, which knows nothing of sessions.)

use crate::session::Event;
use crate::telemetry::DatabaseCounters;

impl DatabaseCounters {
    /// Counts an event of a session; a decision once its record is written.
    pub fn count(&self, event: &Event<'_>) {
        match event {
            Event::Decision(decision) => {
                self.judged(decision.operation, decision.refusal.map(|refusal| refusal.rule));
            }
            Event::Done(done) => {
                let rows = done.rows_returned.unwrap_or(0);
                self.done(done.duration_us, rows, done.rows_affected.unwrap_or(0));
            }
            Event::TransactionEnd { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::base::{Refusal, sqlstate};
    use crate::session::Event;
    use crate::session::event::{Decision, Done, Outcome, Via};
    use crate::telemetry::Metrics;

    #[test]
    fn decisions_and_their_ends_are_counted() {
        let metrics = Metrics::new().unwrap();
        let counters = metrics.worker().database("app");
        let refusal = Refusal::error("write_without_scope", sqlstate::WARNING, "x");
        for refusal in [None, Some(&refusal)] {
            counters.count(&Event::Decision(Decision {
                statement: 1,
                parse: None,
                transaction: 1,
                via: Via::Query,
                operation: "UPDATE",
                objects: &[],
                query: b"",
                query_hash: &[0; 32],
                redacted: None,
                parameters: None,
                refusal,
                rule: "scope",
            }));
        }
        counters.count(&Event::Done(Done {
            statement: 1,
            outcome: Outcome::Completed,
            rows_returned: None,
            rows_affected: Some(2),
            bytes_out: 0,
            duration_us: 1_000,
            sqlstate: None,
            error: None,
        }));
        let text = metrics.render();
        for line in [
            r#"pgward_statements_total{database="app",decision="allowed",operation="UPDATE"} 1"#,
            r#"pgward_statements_total{database="app",decision="refused",operation="UPDATE"} 1"#,
            r#"pgward_statements_refused_total{database="app",reason="write_without_scope"} 1"#,
            "pgward_rows_written_total 2",
            "pgward_statement_duration_seconds_count 1",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
        }
    }
}
