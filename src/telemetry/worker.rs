//! Counters of one worker: plain cells that only it writes, so that counting a statement never
//! waits for another core. A scrape sums them over all workers.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use prometheus::core::{Collector, Desc};
use prometheus::proto::{self, MetricFamily, MetricType};

use super::histogram::{self, Histogram, Sum, add};
use super::operation::{self, OPERATIONS};

/// One worker's counters. Cheap to write from the worker, safe to read from anywhere; a second
/// writer at the same time would lose counts.
#[derive(Debug)]
pub struct WorkerCounters {
    databases: Mutex<BTreeMap<String, Arc<DatabaseCounters>>>,
    decision: Histogram,
    audit_write: Histogram,
    audit_records: AtomicU64,
    audit_failures: AtomicU64,
    parser_disagreements: AtomicU64,
}

/// One worker's counters of one database; a session keeps its own handle.
#[derive(Debug)]
pub struct DatabaseCounters {
    /// By operation: allowed, refused.
    statements: [[AtomicU64; 2]; OPERATIONS.len()],
    /// By rule. Rules are constants of the program, so the set is closed.
    refused: Mutex<BTreeMap<&'static str, u64>>,
    duration: Histogram,
    rows_returned: AtomicU64,
    rows_written: AtomicU64,
}

/// All workers, as one collector.
#[derive(Debug, Clone)]
pub(super) struct Workers {
    all: Arc<Mutex<Vec<Arc<WorkerCounters>>>>,
    descriptions: Arc<Vec<Desc>>,
}

/// What the workers' families are, in the order they are collected.
const FAMILIES: [(&str, &str, MetricType); 10] = [
    ("pgward_statements_total", "Statements judged.", MetricType::COUNTER),
    ("pgward_statements_refused_total", "Statements refused, by rule.", MetricType::COUNTER),
    (
        "pgward_statement_duration_seconds",
        "From forwarding a statement to the reply that ended it.",
        MetricType::HISTOGRAM,
    ),
    ("pgward_policy_decision_seconds", "Time to judge a statement.", MetricType::HISTOGRAM),
    ("pgward_rows_returned_total", "Rows sent to clients.", MetricType::COUNTER),
    ("pgward_rows_written_total", "Rows written, by command tags.", MetricType::COUNTER),
    ("pgward_audit_records_total", "Audit records written.", MetricType::COUNTER),
    ("pgward_audit_write_seconds", "Time to write audit records.", MetricType::HISTOGRAM),
    (
        "pgward_audit_write_failures_total",
        "Writes of audit records that failed; statements are refused meanwhile.",
        MetricType::COUNTER,
    ),
    (
        "pgward_parser_disagreements_total",
        "Statements that the two parsers read differently.",
        MetricType::COUNTER,
    ),
];

impl WorkerCounters {
    fn new() -> Self {
        Self {
            databases: Mutex::default(),
            decision: Histogram::new(&histogram::FAST),
            audit_write: Histogram::new(&histogram::FAST),
            audit_records: AtomicU64::new(0),
            audit_failures: AtomicU64::new(0),
            parser_disagreements: AtomicU64::new(0),
        }
    }

    /// The counters of a configured database, to be kept by each of its sessions.
    #[must_use]
    pub fn database(&self, name: &str) -> Arc<DatabaseCounters> {
        let mut databases = lock(&self.databases);
        if let Some(known) = databases.get(name) {
            return Arc::clone(known);
        }
        let counters = Arc::new(DatabaseCounters::new());
        databases.insert(name.to_owned(), Arc::clone(&counters));
        counters
    }

    /// A text was judged in that time.
    pub fn decided(&self, nanos: u64) {
        self.decision.observe(nanos);
    }

    /// That many audit records were written in that time.
    pub fn audit_written(&self, records: u64, nanos: u64) {
        add(&self.audit_records, records);
        self.audit_write.observe(nanos);
    }

    /// Audit records could not be written.
    pub fn audit_failed(&self) {
        add(&self.audit_failures, 1);
    }

    /// The two parsers read a statement differently.
    pub fn parser_disagreed(&self) {
        add(&self.parser_disagreements, 1);
    }
}

impl DatabaseCounters {
    fn new() -> Self {
        Self {
            statements: std::array::from_fn(|_| [AtomicU64::new(0), AtomicU64::new(0)]),
            refused: Mutex::default(),
            duration: Histogram::new(&histogram::SLOW),
            rows_returned: AtomicU64::new(0),
            rows_written: AtomicU64::new(0),
        }
    }

    /// A statement was judged; `refused` is the rule that refused it.
    pub fn judged(&self, operation: &str, refused: Option<&'static str>) {
        let cells = self.statements.get(operation::index(operation));
        if let Some(cell) = cells.and_then(|cells| cells.get(usize::from(refused.is_some()))) {
            add(cell, 1);
        }
        if let Some(rule) = refused {
            *lock(&self.refused).entry(rule).or_default() += 1;
        }
    }

    /// A statement that was allowed ended after so many microseconds.
    pub fn done(&self, duration_us: u64, rows_returned: u64, rows_written: u64) {
        self.duration.observe(duration_us.saturating_mul(1_000));
        add(&self.rows_returned, rows_returned);
        add(&self.rows_written, rows_written);
    }
}

impl Workers {
    pub(super) fn new() -> prometheus::Result<Self> {
        let labels = |name: &str| match name {
            "pgward_statements_total" => &["database", "operation", "decision"][..],
            "pgward_statements_refused_total" => &["database", "reason"],
            _ => &[],
        };
        let describe = |(name, help, _): &(&str, &str, MetricType)| {
            let labels = labels(name).iter().map(|&label| label.to_owned()).collect();
            Desc::new((*name).to_owned(), (*help).to_owned(), labels, Default::default())
        };
        let descriptions = FAMILIES.iter().map(describe).collect::<prometheus::Result<_>>()?;
        Ok(Self { all: Arc::default(), descriptions: Arc::new(descriptions) })
    }

    pub(super) fn add(&self) -> Arc<WorkerCounters> {
        let counters = Arc::new(WorkerCounters::new());
        lock(&self.all).push(Arc::clone(&counters));
        counters
    }
}

/// Counts of all workers together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals {
    /// Statements refused, by database.
    pub refused: Vec<(String, u64)>,
    /// Writes of the audit log that failed.
    pub audit_failures: u64,
    /// Audit records written.
    pub audit_records: u64,
}

impl Workers {
    /// What was counted so far.
    pub(super) fn totals(&self) -> Totals {
        let mut total = Total::default();
        for worker in lock(&self.all).iter() {
            total.add(worker);
        }
        let mut refused: BTreeMap<String, u64> = BTreeMap::new();
        for ((database, _), count) in total.refused {
            *refused.entry(database).or_default() += count;
        }
        Totals {
            refused: refused.into_iter().collect(),
            audit_failures: total.audit_failures,
            audit_records: total.audit_records,
        }
    }
}

impl Collector for Workers {
    fn desc(&self) -> Vec<&Desc> {
        self.descriptions.iter().collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let mut total = Total::default();
        for worker in lock(&self.all).iter() {
            total.add(worker);
        }
        FAMILIES
            .iter()
            .zip(total.metrics())
            .map(|(&(name, help, kind), metrics)| {
                let mut family = MetricFamily::default();
                family.set_name(name.to_owned());
                family.set_help(help.to_owned());
                family.set_field_type(kind);
                family.set_metric(metrics);
                family
            })
            .filter(|family| !family.get_metric().is_empty())
            .collect()
    }
}

/// Everything summed over workers.
#[derive(Default)]
struct Total {
    /// By database, place of the operation, and refused or not.
    statements: BTreeMap<(String, usize, bool), u64>,
    refused: BTreeMap<(String, &'static str), u64>,
    duration: Sum,
    decision: Sum,
    audit_write: Sum,
    rows_returned: u64,
    rows_written: u64,
    audit_records: u64,
    audit_failures: u64,
    parser_disagreements: u64,
}

impl Total {
    fn add(&mut self, worker: &WorkerCounters) {
        for (name, database) in lock(&worker.databases).iter() {
            self.add_database(name, database);
        }
        worker.decision.add_to(&mut self.decision);
        worker.audit_write.add_to(&mut self.audit_write);
        self.audit_records += worker.audit_records.load(Relaxed);
        self.audit_failures += worker.audit_failures.load(Relaxed);
        self.parser_disagreements += worker.parser_disagreements.load(Relaxed);
    }

    fn add_database(&mut self, name: &str, database: &DatabaseCounters) {
        for (place, cells) in database.statements.iter().enumerate() {
            for (cell, refused) in cells.iter().zip([false, true]) {
                let count = cell.load(Relaxed);
                if count > 0 {
                    let key = (name.to_owned(), place, refused);
                    *self.statements.entry(key).or_default() += count;
                }
            }
        }
        for (rule, count) in lock(&database.refused).iter() {
            *self.refused.entry((name.to_owned(), rule)).or_default() += count;
        }
        database.duration.add_to(&mut self.duration);
        self.rows_returned += database.rows_returned.load(Relaxed);
        self.rows_written += database.rows_written.load(Relaxed);
    }

    /// In the order of [`FAMILIES`].
    fn metrics(&self) -> [Vec<proto::Metric>; FAMILIES.len()] {
        let statements = self.statements.iter().map(|((database, place, refused), count)| {
            let operation = OPERATIONS.get(*place).copied().unwrap_or("OTHER");
            let decision = if *refused { "refused" } else { "allowed" };
            let labels =
                [("database", database.as_str()), ("decision", decision), ("operation", operation)];
            counter(*count, &labels)
        });
        let refused = self.refused.iter().map(|((database, rule), count)| {
            counter(*count, &[("database", database.as_str()), ("reason", rule)])
        });
        [
            statements.collect(),
            refused.collect(),
            vec![self.duration.proto(&histogram::SLOW)],
            vec![self.decision.proto(&histogram::FAST)],
            vec![counter(self.rows_returned, &[])],
            vec![counter(self.rows_written, &[])],
            vec![counter(self.audit_records, &[])],
            vec![self.audit_write.proto(&histogram::FAST)],
            vec![counter(self.audit_failures, &[])],
            vec![counter(self.parser_disagreements, &[])],
        ]
    }
}

#[expect(clippy::cast_precision_loss, reason = "Prometheus counts in doubles")]
fn counter(count: u64, labels: &[(&str, &str)]) -> proto::Metric {
    let mut value = proto::Counter::default();
    value.set_value(count as f64);
    let pairs = labels.iter().map(|(name, text)| {
        let mut pair = proto::LabelPair::default();
        pair.set_name((*name).to_owned());
        pair.set_value((*text).to_owned());
        pair
    });
    let mut metric = proto::Metric::from_label(pairs.collect());
    metric.set_counter(value);
    metric
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
