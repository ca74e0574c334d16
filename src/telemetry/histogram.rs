//! A histogram of plain cells: one writer adds, a scrape sums many of them.
//!
//! The last few durations stand beside one another in one line of a cache, and are counted
//! together: finding a bound and counting under it takes five lines, which are in no cache any
//! more when the next statement comes.

use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicU32, AtomicU64};
use std::sync::{Mutex, PoisonError, TryLockError};

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

/// Durations that are not counted yet, at most.
const RECENT: usize = 15;

/// Counts of durations by upper bound.
#[derive(Debug)]
#[repr(C, align(64))]
pub(super) struct Histogram {
    /// How many of `recent` are to be counted.
    filled: AtomicU32,
    recent: [AtomicU32; RECENT],
    /// Held while `recent` is counted, and while everything is read.
    counting: Mutex<()>,
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
        Self {
            filled: AtomicU32::new(0),
            recent: std::array::from_fn(|_| AtomicU32::new(0)),
            counting: Mutex::default(),
            bounds,
            counts: std::array::from_fn(|_| AtomicU64::new(0)),
            above: AtomicU64::new(0),
            nanos: AtomicU64::new(0),
        }
    }

    pub(super) fn observe(&self, nanos: u64) {
        let filled = self.filled.load(Relaxed);
        if let (Some(cell), Ok(short)) = (self.recent.get(filled as usize), u32::try_from(nanos)) {
            cell.store(short, Relaxed);
            self.filled.store(filled + 1, Release);
        } else {
            self.count_recent();
            self.count(nanos);
        }
    }

    /// While it is being read, nothing is moved: the writer waits for nobody.
    #[inline(never)]
    fn count_recent(&self) {
        let _counting = match self.counting.try_lock() {
            Ok(counting) => counting,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return,
        };
        for cell in self.recent.iter().take(self.filled.load(Relaxed) as usize) {
            self.count(u64::from(cell.load(Relaxed)));
        }
        self.filled.store(0, Relaxed);
    }

    fn count(&self, nanos: u64) {
        add(self.counts.get(place(self.bounds, nanos)).unwrap_or(&self.above), 1);
        add(&self.nanos, nanos);
    }

    pub(super) fn add_to(&self, sum: &mut Sum) {
        let _counting = self.counting.lock().unwrap_or_else(PoisonError::into_inner);
        for cell in self.recent.iter().take(self.filled.load(Acquire) as usize) {
            sum.add(self.bounds, u64::from(cell.load(Relaxed)));
        }
        for (total, count) in sum.counts.iter_mut().zip(&self.counts) {
            *total += count.load(Relaxed);
        }
        sum.above += self.above.load(Relaxed);
        sum.nanos = sum.nanos.wrapping_add(self.nanos.load(Relaxed));
    }
}

impl Sum {
    fn add(&mut self, bounds: &[u64; 16], nanos: u64) {
        *self.counts.get_mut(place(bounds, nanos)).unwrap_or(&mut self.above) += 1;
        self.nanos = self.nanos.wrapping_add(nanos);
    }

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

/// Of the smallest bound that holds a duration; behind the last one where none does.
fn place(bounds: &[u64; 16], nanos: u64) -> usize {
    bounds.partition_point(|&bound| bound < nanos)
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
    fn every_duration_is_counted_once_whenever_it_is_read() {
        let histogram = Histogram::new(&FAST);
        for count in 1..=100_u64 {
            histogram.observe(if count % 7 == 0 { u64::from(u32::MAX) + count } else { count });
            let mut sum = Sum::default();
            histogram.add_to(&mut sum);
            assert_eq!(sum.counts.iter().sum::<u64>() + sum.above, count);
        }
    }

    #[test]
    fn who_reads_meanwhile_misses_nothing_that_was_counted_before() {
        let histogram = Histogram::new(&FAST);
        let total = || {
            let mut sum = Sum::default();
            histogram.add_to(&mut sum);
            sum.counts.iter().sum::<u64>() + sum.above
        };
        std::thread::scope(|scope| {
            let writer = scope.spawn(|| (0..200_000).for_each(|nanos| histogram.observe(nanos)));
            let mut before = 0;
            while !writer.is_finished() {
                let now = total();
                assert!(now >= before);
                before = now;
            }
        });
        assert_eq!(total(), 200_000);
    }

    #[test]
    fn bounds_are_sorted() {
        assert!(FAST.is_sorted() && SLOW.is_sorted());
    }
}
