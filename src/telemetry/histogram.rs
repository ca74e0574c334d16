//! A histogram of plain cells: one writer adds, a scrape sums many of them.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use prometheus::proto;

/// Upper bounds in nanoseconds of what takes microseconds: a verdict, a write(2).
pub(super) const FAST: [u64; 16] = [
    500,
    1_000,
    2_500,
    5_000,
    10_000,
    25_000,
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
    5_000_000,
    10_000_000,
    50_000_000,
    100_000_000,
    1_000_000_000,
];

/// Upper bounds in nanoseconds of what a database takes.
pub(super) const SLOW: [u64; 16] = [
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    25_000_000,
    100_000_000,
    250_000_000,
    1_000_000_000,
    5_000_000_000,
    10_000_000_000,
    60_000_000_000,
    300_000_000_000,
    3_600_000_000_000,
];

/// Counts of durations by upper bound.
#[derive(Debug)]
pub(super) struct Histogram {
    bounds: &'static [u64; 16],
    counts: [AtomicU64; 16],
    above: AtomicU64,
    nanos: AtomicU64,
}

/// The sum of several histograms at one instant.
#[derive(Debug, Clone, Default)]
pub(super) struct Sum {
    counts: [u64; 16],
    above: u64,
    nanos: u64,
}

impl Histogram {
    pub(super) fn new(bounds: &'static [u64; 16]) -> Self {
        let counts = std::array::from_fn(|_| AtomicU64::new(0));
        Self { bounds, counts, above: AtomicU64::new(0), nanos: AtomicU64::new(0) }
    }

    pub(super) fn observe(&self, nanos: u64) {
        let bucket = self.bounds.partition_point(|&bound| bound < nanos);
        add(self.counts.get(bucket).unwrap_or(&self.above), 1);
        add(&self.nanos, nanos);
    }

    pub(super) fn add_to(&self, sum: &mut Sum) {
        for (total, count) in sum.counts.iter_mut().zip(&self.counts) {
            *total += count.load(Relaxed);
        }
        sum.above += self.above.load(Relaxed);
        sum.nanos = sum.nanos.wrapping_add(self.nanos.load(Relaxed));
    }
}

impl Sum {
    /// In Prometheus' shape: cumulative counts, seconds.
    pub(super) fn proto(&self, bounds: &[u64; 16]) -> proto::Metric {
        let mut cumulative = 0;
        let mut buckets = Vec::with_capacity(bounds.len());
        for (bound, count) in bounds.iter().zip(self.counts) {
            cumulative += count;
            let mut bucket = proto::Bucket::default();
            bucket.set_upper_bound(seconds(*bound));
            bucket.set_cumulative_count(cumulative);
            buckets.push(bucket);
        }
        let mut histogram = proto::Histogram::default();
        histogram.set_bucket(buckets);
        histogram.set_sample_count(cumulative + self.above);
        histogram.set_sample_sum(seconds(self.nanos));
        let mut metric = proto::Metric::default();
        metric.set_histogram(histogram);
        metric
    }
}

/// Adds to a cell that one thread at a time writes. No fetch_add: where what was stored before is
/// not in the caches, each would wait for it.
pub(super) fn add(cell: &AtomicU64, more: u64) {
    cell.store(cell.load(Relaxed).wrapping_add(more), Relaxed);
}

#[expect(clippy::cast_precision_loss, reason = "a sum of durations needs no 64 bits")]
fn seconds(nanos: u64) -> f64 {
    nanos as f64 / 1e9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_falls_under_the_smallest_bound_that_holds_it() {
        let histogram = Histogram::new(&FAST);
        for nanos in [0, 500, 501, 1_000_000_000, 2_000_000_000] {
            histogram.observe(nanos);
        }
        let mut sum = Sum::default();
        histogram.add_to(&mut sum);
        histogram.add_to(&mut sum);
        let metric = sum.proto(&FAST);
        let histogram = metric.get_histogram();
        let counts: Vec<_> = histogram.get_bucket().iter().map(|b| b.cumulative_count()).collect();
        assert_eq!(counts[..3], [4, 6, 6]);
        assert_eq!(counts[15], 8);
        assert_eq!(histogram.get_sample_count(), 10);
        assert!((histogram.get_sample_sum() - 6.000_002_002).abs() < 1e-12);
    }

    #[test]
    fn bounds_are_sorted() {
        assert!(FAST.is_sorted() && SLOW.is_sorted());
    }
}
