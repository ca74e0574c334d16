//! The metrics of alerts.

use prometheus::{Gauge, IntCounterVec, IntGauge};

use super::metrics::{Metrics, Setup};

/// All that is counted of alerts.
#[derive(Debug)]
pub(super) struct AlertMetrics {
    raised: IntCounterVec,
    results: IntCounterVec,
    failures: IntCounterVec,
    queue: IntGauge,
    last_success: Gauge,
}

impl AlertMetrics {
    pub(super) fn declare(setup: &Setup<'_>) -> prometheus::Result<Self> {
        Ok(Self {
            raised: setup.counters(
                "pgward_alerts_raised_total",
                "What people should hear of, whether or not a webhook is told.",
                &["event"],
            )?,
            results: setup.counters(
                "pgward_alerts_total",
                "Alerts for webhooks by what became of them: delivered, duplicate, dropped (the \
                 queue was full, or its webhook was removed), given_up.",
                &["event", "result"],
            )?,
            failures: setup.counters(
                "pgward_alert_delivery_failures_total",
                "Attempts to deliver an alert that failed.",
                &["cause"],
            )?,
            queue: setup.gauge("pgward_alerts_queue", "Alerts that wait to be delivered.")?,
            last_success: setup.add(Gauge::new(
                "pgward_alerts_last_success_timestamp_seconds",
                "When an alert was last delivered.",
            ))?,
        })
    }
}

impl Metrics {
    /// There may be alerts of that event: they are counted from zero, so that the first is a
    /// change.
    pub fn alert_known(&self, event: &'static str) {
        self.alerts.raised.with_label_values(&[event]).inc_by(0);
    }

    /// Something happened that people should hear of.
    pub fn alert_raised(&self, event: &'static str) {
        self.alerts.raised.with_label_values(&[event]).inc();
    }

    /// What became of an alert for one webhook: `delivered`, `duplicate`, `dropped`, `given_up`.
    pub fn alert_result(&self, event: &'static str, result: &'static str) {
        self.alerts.results.with_label_values(&[event, result]).inc();
    }

    /// An attempt failed: `connect`, `tls`, `http`, `status`, `timeout`.
    pub fn alert_failed(&self, cause: &'static str) {
        self.alerts.failures.with_label_values(&[cause]).inc();
    }

    /// So many more wait, or fewer.
    pub fn alerts_queued(&self, change: i64) {
        self.alerts.queue.add(change);
    }

    /// One was delivered at that time, seconds since 1970.
    pub fn alert_delivered_at(&self, seconds: i64) {
        #[expect(clippy::cast_precision_loss, reason = "Prometheus counts seconds in doubles")]
        self.alerts.last_success.set(seconds as f64);
    }
}
