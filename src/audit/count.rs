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
