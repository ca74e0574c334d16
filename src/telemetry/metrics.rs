//! Every metric, declared once, on a registry of its own.
//!
//! Label values come from closed sets only: constants of the program (`&'static str`), the names
//! of configured databases. Never a user, a statement, a token or a grant's id.

use std::sync::Arc;

use prometheus::{
    Encoder, Gauge, GaugeVec, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge,
    IntGaugeVec, Opts, Registry, TextEncoder,
};

use super::alerts::AlertMetrics;
use super::worker::{Totals, WorkerCounters, Workers};

/// Upper bounds in seconds from "end this session" to "its backend is gone": promised in 2 s.
const TERMINATION_SECONDS: [f64; 10] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0];

/// All of pgward's metrics.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    workers: Workers,
    client_connections: IntGaugeVec,
    server_connections: IntGaugeVec,
    connection_failures: IntCounterVec,
    auth_failures: IntCounterVec,
    tls_failures: IntCounter,
    cap_hits: IntCounterVec,
    grants_active: IntGaugeVec,
    grants_unused: IntGaugeVec,
    requests: IntGaugeVec,
    break_glass: IntCounter,
    grants_issued: IntCounter,
    grants_revoked: IntCounterVec,
    grants_expired: IntCounter,
    grant_seconds_to_expiry: GaugeVec,
    session_termination: HistogramVec,
    audit_free_bytes: IntGauge,
    cancel_requests: IntCounterVec,
    reload_successful: IntGauge,
    reload_success_timestamp: Gauge,
    session_panics: IntCounter,
    pub(super) alerts: AlertMetrics,
}

/// Connections to one upstream database in one state.
#[derive(Debug, Clone, Copy)]
pub struct ServerConnections<'a> {
    /// The database's name in the configuration.
    pub database: &'a str,
    /// `active`, `idle`, `idle_in_transaction`, `control`.
    pub state: &'static str,
    /// How many.
    pub count: i64,
}

/// Two metrics of one name, or a name that Prometheus does not take: a fault of the program.
#[derive(Debug, thiserror::Error)]
#[error("metrics cannot be set up")]
pub struct SetupError(#[from] prometheus::Error);

/// Makes and registers metrics.
pub(super) struct Setup<'a>(&'a Registry);

impl Setup<'_> {
    pub(super) fn add<M: prometheus::core::Collector + Clone + 'static>(
        &self,
        metric: prometheus::Result<M>,
    ) -> prometheus::Result<M> {
        let metric = metric?;
        self.0.register(Box::new(metric.clone()))?;
        Ok(metric)
    }

    pub(super) fn counter(&self, name: &str, help: &str) -> prometheus::Result<IntCounter> {
        self.add(IntCounter::new(name, help))
    }

    pub(super) fn counters(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
    ) -> prometheus::Result<IntCounterVec> {
        self.add(IntCounterVec::new(Opts::new(name, help), labels))
    }

    pub(super) fn gauge(&self, name: &str, help: &str) -> prometheus::Result<IntGauge> {
        self.add(IntGauge::new(name, help))
    }

    pub(super) fn gauges(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
    ) -> prometheus::Result<IntGaugeVec> {
        self.add(IntGaugeVec::new(Opts::new(name, help), labels))
    }
}

impl Metrics {
    /// All metrics at zero, `pgward_up` at one.
    ///
    /// # Errors
    /// [`SetupError`] if two metrics share a name, which the tests of this module exclude.
    pub fn new() -> Result<Self, SetupError> {
        let registry = Registry::new();
        let workers = Workers::new()?;
        registry.register(Box::new(workers.clone()))?;
        let setup = Setup(&registry);
        let build =
            setup.gauges("pgward_build_info", "The version that runs; always 1.", &["version"])?;
        build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        setup.gauge("pgward_up", "1 while pgward serves.")?.set(1);
        let metrics = Self::declare(&setup, workers)?;
        metrics.reload_successful.set(1);
        Ok(Self { registry, ..metrics })
    }

    fn declare(setup: &Setup<'_>, workers: Workers) -> prometheus::Result<Self> {
        let termination = HistogramOpts::new(
            "pgward_session_termination_seconds",
            "From the decision to end a session to the end of its backend.",
        );
        Ok(Self {
            registry: Registry::new(),
            workers,
            client_connections: setup.gauges(
                "pgward_client_connections",
                "Client connections by state.",
                &["state"],
            )?,
            server_connections: setup.gauges(
                "pgward_server_connections",
                "Upstream connections by state.",
                &["state", "database"],
            )?,
            connection_failures: setup.counters(
                "pgward_client_connection_failures_total",
                "Client connections that did not become sessions.",
                &["reason"],
            )?,
            auth_failures: setup.counters(
                "pgward_auth_failures_total",
                "Logins that failed.",
                &["reason"],
            )?,
            tls_failures: setup.counter(
                "pgward_tls_handshake_failures_total",
                "TLS handshakes with clients that failed.",
            )?,
            cap_hits: setup.counters(
                "pgward_cap_hits_total",
                "Statements ended by a cap.",
                &["cap"],
            )?,
            grants_active: setup.gauges(
                "pgward_grants_active",
                "Grants that may be used now.",
                &["database", "scope_class"],
            )?,
            grants_unused: setup.gauges(
                "pgward_grants_unused",
                "Grants that may be used now and never had a session.",
                &["database"],
            )?,
            requests: setup.gauges(
                "pgward_requests",
                "What was asked for: pending waits for approvals (extensions too), approved waits \
                 to be redeemed.",
                &["state"],
            )?,
            break_glass: setup
                .counter("pgward_break_glass_total", "Grants taken by break-glass.")?,
            grants_issued: setup.counter("pgward_grants_issued_total", "Grants created.")?,
            grants_revoked: setup.counters(
                "pgward_grants_revoked_total",
                "Grants ended before their time.",
                &["cause"],
            )?,
            grants_expired: setup.counter("pgward_grants_expired_total", "Grants expired.")?,
            grant_seconds_to_expiry: setup.add(GaugeVec::new(
                Opts::new(
                    "pgward_grant_seconds_to_expiry",
                    "Time until the next active grant expires.",
                ),
                &["database"],
            ))?,
            session_termination: setup.add(HistogramVec::new(
                termination.buckets(TERMINATION_SECONDS.to_vec()),
                &["cause"],
            ))?,
            audit_free_bytes: setup.gauge(
                "pgward_audit_free_bytes",
                "Free bytes of the audit directory's file system.",
            )?,
            cancel_requests: setup.counters(
                "pgward_cancel_requests_total",
                "Cancel requests by outcome.",
                &["outcome"],
            )?,
            reload_successful: setup.gauge(
                "pgward_config_last_reload_successful",
                "Whether the last reload of the configuration was taken.",
            )?,
            reload_success_timestamp: setup.add(Gauge::new(
                "pgward_config_last_reload_success_timestamp_seconds",
                "When a configuration was last taken.",
            ))?,
            session_panics: setup.counter(
                "pgward_session_panics_total",
                "Sessions ended by a fault of pgward itself.",
            )?,
            alerts: AlertMetrics::declare(setup)?,
        })
    }

    /// The counters of one more worker.
    #[must_use]
    pub fn worker(&self) -> Arc<WorkerCounters> {
        self.workers.add()
    }

    /// What the workers have counted so far.
    #[must_use]
    pub fn totals(&self) -> Totals {
        self.workers.totals()
    }

    /// How many connections there are now, by state: `login`, `active`, `idle`,
    /// `idle_in_transaction`. Replaces what was said before; called before each scrape.
    pub fn set_connections(
        &self,
        clients: &[(&'static str, i64)],
        servers: &[ServerConnections<'_>],
    ) {
        self.client_connections.reset();
        for (state, count) in clients {
            self.client_connections.with_label_values(&[*state]).set(*count);
        }
        self.server_connections.reset();
        for server in servers {
            let labels = [server.state, server.database];
            self.server_connections.with_label_values(&labels).set(server.count);
        }
    }

    /// A client connection did not become a session.
    pub fn connection_failed(&self, reason: &'static str) {
        self.connection_failures.with_label_values(&[reason]).inc();
    }

    /// A login failed.
    pub fn auth_failed(&self, reason: &'static str) {
        self.auth_failures.with_label_values(&[reason]).inc();
    }

    /// A TLS handshake with a client failed.
    pub fn tls_handshake_failed(&self) {
        self.tls_failures.inc();
    }

    /// A statement was ended by a cap: `statement_timeout`, `rows_read`, `rows_written`.
    pub fn cap_hit(&self, cap: &'static str) {
        self.cap_hits.with_label_values(&[cap]).inc();
    }

    /// How many grants may be used now: (database, `read` or `write`, count), and for each
    /// database the seconds until the next one expires. Replaces what was said before.
    pub fn set_grants(&self, active: &[(&str, &'static str, i64)], expiry: &[(&str, f64)]) {
        self.grants_active.reset();
        for (database, class, count) in active {
            self.grants_active.with_label_values(&[*database, *class]).set(*count);
        }
        self.grant_seconds_to_expiry.reset();
        for (database, seconds) in expiry {
            self.grant_seconds_to_expiry.with_label_values(&[*database]).set(*seconds);
        }
    }

    /// How many grants were never used, by database, and how many requests there are: those that
    /// wait for approvals, and those that wait to be redeemed. Replaces what was said before.
    pub fn set_waiting(&self, unused: &[(&str, i64)], pending: i64, approved: i64) {
        self.grants_unused.reset();
        for (database, count) in unused {
            self.grants_unused.with_label_values(&[*database]).set(*count);
        }
        self.requests.with_label_values(&["pending"]).set(pending);
        self.requests.with_label_values(&["approved"]).set(approved);
    }

    /// Somebody let themselves in.
    pub fn glass_broken(&self) {
        self.break_glass.inc();
    }

    /// A grant was created.
    pub fn grant_issued(&self) {
        self.grants_issued.inc();
    }

    /// A grant was ended before its time: `revoked`, `released`.
    pub fn grant_revoked(&self, cause: &'static str) {
        self.grants_revoked.with_label_values(&[cause]).inc();
    }

    /// A grant expired.
    pub fn grant_expired(&self) {
        self.grants_expired.inc();
    }

    /// A session's backend was gone that many seconds after the session was to end.
    pub fn session_terminated(&self, cause: &'static str, seconds: f64) {
        self.session_termination.with_label_values(&[cause]).observe(seconds);
    }

    /// Free bytes of the audit directory's file system.
    pub fn set_audit_free_bytes(&self, bytes: u64) {
        self.audit_free_bytes.set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    /// A cancel request: `forwarded`, `unknown_key`, `rate_limited`, `failed`.
    pub fn cancel_request(&self, outcome: &'static str) {
        self.cancel_requests.with_label_values(&[outcome]).inc();
    }

    /// The configuration was read: taken at that time (seconds since 1970), or not taken.
    pub fn config_reloaded(&self, taken_at: Option<f64>) {
        self.reload_successful.set(i64::from(taken_at.is_some()));
        if let Some(seconds) = taken_at {
            self.reload_success_timestamp.set(seconds);
        }
    }

    /// A session was ended by a fault of pgward itself.
    pub fn session_panicked(&self) {
        self.session_panics.inc();
    }

    /// Everything in Prometheus' text format.
    #[must_use]
    pub fn render(&self) -> String {
        let mut out = Vec::new();
        if let Err(error) = TextEncoder::new().encode(&self.registry.gather(), &mut out) {
            tracing::error!(%error, "metrics cannot be rendered");
        }
        String::from_utf8(out).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_are_summed() {
        let metrics = Metrics::new().unwrap();
        for _ in 0..2 {
            let worker = metrics.worker();
            let app = worker.database("app");
            app.judged("SELECT", None);
            app.judged("CREATE TABLE", Some("write_without_scope"));
            worker.database("app").done(1_000, 7, 2);
            worker.database("other").judged("WHATEVER", None);
            worker.decided(700);
            worker.audit_written(3, 2_000);
            worker.audit_failed();
            worker.parser_disagreed();
        }
        let text = metrics.render();
        for line in [
            r#"pgward_statements_total{database="app",decision="allowed",operation="SELECT"} 2"#,
            r#"pgward_statements_total{database="app",decision="refused",operation="CREATE"} 2"#,
            r#"pgward_statements_total{database="other",decision="allowed",operation="OTHER"} 2"#,
            r#"pgward_statements_refused_total{database="app",reason="write_without_scope"} 2"#,
            r#"pgward_statement_duration_seconds_bucket{le="0.001"} 2"#,
            "pgward_statement_duration_seconds_sum 0.002",
            r#"pgward_policy_decision_seconds_bucket{le="0.000001"} 2"#,
            "pgward_rows_returned_total 14",
            "pgward_rows_written_total 4",
            "pgward_audit_records_total 6",
            "pgward_audit_write_seconds_count 2",
            "pgward_audit_write_failures_total 2",
            "pgward_parser_disagreements_total 2",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
        }
    }

    #[test]
    fn every_metric_is_there_by_its_name() {
        let metrics = Metrics::new().unwrap();
        let servers = [ServerConnections { database: "app", state: "active", count: 3 }];
        metrics.set_connections(&[("active", 3), ("idle", 4)], &servers);
        metrics.connection_failed("login_timeout");
        metrics.auth_failed("bad_proof");
        metrics.tls_handshake_failed();
        metrics.cap_hit("statement_timeout");
        metrics.set_grants(&[("app", "read", 2)], &[("app", 12.5)]);
        metrics.set_waiting(&[("app", 1)], 2, 3);
        metrics.glass_broken();
        metrics.grant_issued();
        metrics.grant_revoked("revoked");
        metrics.grant_expired();
        metrics.session_terminated("revoked", 0.3);
        metrics.set_audit_free_bytes(u64::MAX);
        metrics.cancel_request("forwarded");
        metrics.config_reloaded(Some(1_795_172_584.0));
        metrics.config_reloaded(None);
        metrics.session_panicked();
        metrics.alert_raised("grant.expiring");
        metrics.alert_result("grant.expiring", "delivered");
        metrics.alert_failed("status");
        metrics.alerts_queued(2);
        metrics.alert_delivered_at(1_795_172_584);
        let text = metrics.render();
        for line in [
            "pgward_up 1",
            r#"pgward_client_connections{state="idle"} 4"#,
            r#"pgward_server_connections{database="app",state="active"} 3"#,
            r#"pgward_client_connection_failures_total{reason="login_timeout"} 1"#,
            r#"pgward_auth_failures_total{reason="bad_proof"} 1"#,
            "pgward_tls_handshake_failures_total 1",
            r#"pgward_cap_hits_total{cap="statement_timeout"} 1"#,
            r#"pgward_grants_active{database="app",scope_class="read"} 2"#,
            r#"pgward_grant_seconds_to_expiry{database="app"} 12.5"#,
            r#"pgward_grants_unused{database="app"} 1"#,
            r#"pgward_requests{state="pending"} 2"#,
            r#"pgward_requests{state="approved"} 3"#,
            "pgward_break_glass_total 1",
            "pgward_grants_issued_total 1",
            r#"pgward_grants_revoked_total{cause="revoked"} 1"#,
            "pgward_grants_expired_total 1",
            r#"pgward_session_termination_seconds_bucket{cause="revoked",le="0.5"} 1"#,
            "pgward_audit_free_bytes 9223372036854776000",
            r#"pgward_cancel_requests_total{outcome="forwarded"} 1"#,
            "pgward_config_last_reload_successful 0",
            "pgward_config_last_reload_success_timestamp_seconds 1795172584",
            "pgward_session_panics_total 1",
            r#"pgward_alerts_raised_total{event="grant.expiring"} 1"#,
            r#"pgward_alerts_total{event="grant.expiring",result="delivered"} 1"#,
            r#"pgward_alert_delivery_failures_total{cause="status"} 1"#,
            "pgward_alerts_queue 2",
            "pgward_alerts_last_success_timestamp_seconds 1795172584",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
        }
        assert!(text.contains("pgward_build_info{version="));
        metrics.set_connections(&[], &[]);
        assert!(!metrics.render().contains("pgward_client_connections{"));
        let helps = text.lines().filter(|line| line.starts_with("# HELP ")).count();
        let types = text.lines().filter(|line| line.starts_with("# TYPE pgward_")).count();
        assert_eq!(helps, types);
    }
}
