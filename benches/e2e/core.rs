//! Rows about the work inside the process: the cases of `benches/cases`, timed in short batches.
//! `cargo bench --bench core` measures the same with criterion.

use std::time::Instant;

use crate::cases::{ALL, Bar, allocations};
use crate::options::Options;
use crate::table::{Table, least};

/// Batches; the fastest is quoted.
const BATCHES: usize = 25;
/// Length of a batch, seconds.
const BATCH_SECONDS: f64 = 0.02;

/// Every case, those with a bar against it.
pub(crate) fn core(options: &Options, table: &mut Table) {
    for case in ALL {
        let mut work = (case.set_up)();
        let once = time(&mut work, 1).max(1e-9);
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "at most 20 million"
        )]
        let per_batch = (BATCH_SECONDS / once).clamp(1.0, 1e5) as u32;
        let batches = if options.smoke { 1 } else { BATCHES };
        let times: Vec<f64> = (0..batches).map(|_| time(&mut work, per_batch)).collect();
        let nanoseconds = least(&times) * 1e9;
        let count = allocations::of(&mut work);
        let beside = format!("{count} allocations");
        match case.bar {
            None => table.beside(case.name, &format!("{nanoseconds:.0} ns ({beside})")),
            Some(Bar { nanoseconds: bar, allocations }) => {
                table.at_most(case.name, nanoseconds, bar, "ns", &beside);
                if let Some(bar) = allocations {
                    #[allow(clippy::cast_precision_loss, reason = "a few")]
                    let (count, bar) = (count as f64, bar as f64);
                    table.at_most(case.name, count, bar, "allocations", "");
                }
            }
        }
    }
}

/// Seconds per run.
fn time(work: &mut dyn FnMut(), times: u32) -> f64 {
    let start = Instant::now();
    for _ in 0..times {
        work();
    }
    start.elapsed().as_secs_f64() / f64::from(times)
}
