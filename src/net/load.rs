//! How much a worker has to do, by which the listener deals clients out.
//!
//! Few sessions are dealt to few workers: between two statements a thread's code and data go out
//! of the caches of its processor, and the more statements one thread sees, the more it still
//! finds there (docs/performance.md). Once a worker is busy, or has some sessions, the next gets
//! the next client.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::schedstat::Schedstat;
use crate::base::Moment;
use crate::config::AuditSync;

/// Connections that share a worker before the next worker gets any.
const TOGETHER: usize = 16;

/// What a worker has run is looked at this much later again, microseconds.
const LOOK_AFTER_US: u64 = 500_000;

/// A worker's load, as its own thread and the listener see it.
#[derive(Debug)]
pub(super) struct Load {
    connections: AtomicUsize,
    /// It ran, or waited for a processor, for more than half of the time before the last look.
    busy: AtomicBool,
    /// Connections that share it before the next worker gets any.
    together: usize,
}

/// Looks at how busy the workers are, when somebody is to be dealt to one: a thread that did so all
/// the time would wake for nobody.
#[derive(Debug)]
pub(super) struct Gauges {
    each: Vec<Gauge>,
    /// CLOCK_BOOTTIME of the last look, microseconds.
    looked_at: u64,
}

/// Looks from time to time at how long a worker's thread has run.
#[derive(Debug)]
pub(super) struct Gauge {
    load: Arc<Load>,
    /// A kernel without it: no worker counts as busy.
    schedstat: Option<Schedstat>,
    /// How long it ran or waited to, nanoseconds, at the last look, and when that was by
    /// CLOCK_BOOTTIME, microseconds.
    last: Option<(u64, u64)>,
}

impl Load {
    /// Of a worker with no connections. Where each statement waits for the disk, workers wait
    /// beside one another: clients are spread from the first one on.
    pub(super) fn new(sync: AuditSync) -> Self {
        let together = if sync == AuditSync::Fsync { 0 } else { TOGETHER };
        Self { connections: AtomicUsize::new(0), busy: AtomicBool::new(false), together }
    }

    pub(super) fn enter(&self) {
        self.connections.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn leave(&self) {
        self.connections.fetch_sub(1, Ordering::Relaxed);
    }

    /// Orders workers: whoever is least is to get the next client, the first of equals. A busy one
    /// counts as if it had so many more.
    pub(super) fn rank(&self) -> usize {
        let connections = self.connections.load(Ordering::Relaxed);
        let busy = if self.busy.load(Ordering::Relaxed) { TOGETHER } else { 0 };
        if connections + busy < self.together { 0 } else { connections + busy }
    }
}

impl Gauges {
    pub(super) const fn new(each: Vec<Gauge>) -> Self {
        Self { each, looked_at: 0 }
    }

    /// Notes which workers were busy since the last look, unless that was a moment ago.
    pub(super) fn look(&mut self, now: Moment) {
        if now.boot.saturating_sub(self.looked_at) >= LOOK_AFTER_US {
            self.looked_at = now.boot;
            self.each.iter_mut().for_each(|gauge| gauge.look(now));
        }
    }
}

impl Gauge {
    /// Of the calling thread.
    pub(super) fn here(load: Arc<Load>) -> Self {
        let schedstat = Schedstat::here()
            .inspect_err(|problem| tracing::debug!(%problem, "how busy a worker is can't be told"));
        Self { load, schedstat: schedstat.ok(), last: None }
    }

    /// Notes whether the worker was busy since the last look.
    fn look(&mut self, now: Moment) {
        let Some(Ok(times)) = self.schedstat.as_ref().map(Schedstat::times) else { return };
        let wanted = times.ran_ns.saturating_add(times.waited_ns);
        if let Some((before, at)) = self.last.replace((wanted, now.boot)) {
            let passed = now.boot.saturating_sub(at).saturating_mul(1_000);
            let busy = wanted.saturating_sub(before) > passed / 2;
            self.load.busy.store(busy, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::clock;

    const SYNC: AuditSync = AuditSync::Write;

    /// The worker that gets the next client.
    fn next(loads: &[Load]) -> usize {
        (0..loads.len()).min_by_key(|&index| loads[index].rank()).unwrap()
    }

    fn load(connections: usize, busy: bool) -> Load {
        Load { connections: connections.into(), busy: busy.into(), ..Load::new(SYNC) }
    }

    #[test]
    fn a_few_share_the_first_worker_and_many_are_spread() {
        let loads = [Load::new(SYNC), Load::new(SYNC), Load::new(SYNC)];
        let mut dealt = Vec::new();
        for _ in 0..3 * TOGETHER + 6 {
            let chosen = next(&loads);
            loads[chosen].enter();
            dealt.push(chosen);
        }
        let turns: Vec<usize> = dealt.chunks(TOGETHER).map(|chunk| chunk[0]).collect();
        assert_eq!(turns, [0, 1, 2, 0]);
        assert_eq!(dealt[3 * TOGETHER..], [0, 1, 2, 0, 1, 2]);
        loads[2].leave();
        assert_eq!(next(&loads), 2);
    }

    #[test]
    fn a_busy_worker_gets_nobody_while_another_is_not() {
        assert_eq!(next(&[load(1, true), load(0, false)]), 1);
        assert_eq!(next(&[load(1, true), load(15, false)]), 1);
        assert_eq!(next(&[load(40, true), load(17, true)]), 1);
        assert_eq!(next(&[load(2, true), load(0, true)]), 1);
        // It counts as if it had some more, not more than any number.
        assert_eq!(next(&[load(1, true), load(90, false)]), 0);
    }

    #[test]
    fn where_statements_wait_for_the_disk_clients_are_spread() {
        let loads = [Load::new(AuditSync::Fsync), Load::new(AuditSync::Fsync)];
        for expected in [0, 1, 0, 1] {
            assert_eq!(next(&loads), expected);
            loads[expected].enter();
        }
    }

    #[test]
    fn a_thread_that_runs_is_busy_and_one_that_sleeps_is_not() {
        let load = Arc::new(Load::new(SYNC));
        let mut gauge = Gauge::here(Arc::clone(&load));
        if gauge.schedstat.as_ref().is_none_or(|file| file.times().is_err()) {
            return; // Nobody can tell here.
        }
        let busy = || load.busy.load(Ordering::Relaxed);
        let wait = std::time::Duration::from_millis(100);
        let mut step = |work: &dyn Fn()| {
            gauge.look(clock::now());
            work();
            gauge.look(clock::now());
        };
        step(&|| std::thread::sleep(wait));
        assert!(!busy());
        let spin = || {
            let begun = clock::now();
            while clock::now().since(begun) < 100_000 {
                std::hint::spin_loop();
            }
        };
        // On a machine that others use it may run for less than half of the time, now and then.
        assert!((0..50).any(|_| {
            step(&spin);
            busy()
        }));
        step(&|| std::thread::sleep(wait));
        assert!(!busy());
    }
}
