//! What one statement costs inside the process, with criterion: `cargo bench --bench core`; a
//! name as argument picks some. Each case says how often it allocates before it is timed. Bars
//! are in docs/performance.md.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    dead_code,
    missing_docs,
    reason = "a benchmark; what it shares with the others it does not use whole"
)]

mod cases;

use criterion::{Criterion, criterion_group, criterion_main};

fn core(criterion: &mut Criterion) {
    for case in cases::ALL {
        let mut work = (case.set_up)();
        // Once, so that what is new is known and the buffers have their size.
        work();
        println!("{}: {} allocations", case.name, cases::allocations::of(&mut work));
        criterion.bench_function(case.name, |bencher| bencher.iter(&mut work));
    }
}

criterion_group!(benches, core);
criterion_main!(benches);
