//! Rows about many sessions: memory of idle ones, and what a transaction costs among them.

use std::time::Duration;

use crate::options::Options;
use crate::peers;
use crate::place::Place;
use crate::process::available;
use crate::sessions::{drive, open};
use crate::table::{Table, median};

/// Sessions that a process has before its memory is first read.
const WARM: usize = 100;
/// Memory that a PostgreSQL backend takes, and what is left to others, bytes.
const BACKEND_BYTES: f64 = 4.0 * 1024.0 * 1024.0;
const SPARE_BYTES: f64 = 2.0 * 1024.0 * 1024.0 * 1024.0;
/// Statements per second, over all sessions of one process.
const RATE: u32 = 300;
/// Sessions of the process that the many are compared with.
const FEW: usize = 32;

/// Resident memory per idle session: the slope between two numbers of them.
pub(crate) fn memory(place: &Place, options: &Options, table: &mut Table) -> anyhow::Result<()> {
    let more = if options.smoke { 50 } else { 500 };
    for (name, with_tls, bar) in
        [("idle session: memory", false, 12.0), ("idle session: memory, TLS", true, 40.0)]
    {
        let pgward = peers::pgward(place, with_tls)?;
        let first = open(&pgward.address, WARM)?;
        let before = settled(&pgward.process);
        let rest = open(&pgward.address, more)?;
        let after = settled(&pgward.process);
        #[allow(clippy::cast_precision_loss, reason = "hundreds")]
        let slope = (after - before) / more as f64 / 1024.0;
        table.at_most(name, slope, bar, "KiB", &format!("over {more} sessions"));
        drop((first, rest));
    }
    Ok(())
}

/// Memory once what the logins needed went back.
fn settled(process: &crate::process::Process) -> f64 {
    std::thread::sleep(Duration::from_secs(2));
    process.resident()
}

/// Sessions that fit: one PostgreSQL backend each, and two file descriptors in pgward.
pub(crate) fn sessions_that_fit(wanted: u32) -> u32 {
    let descriptors = crate::raise_descriptors();
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a count; a cast of a float saturates"
    )]
    let by_memory = ((available() - SPARE_BYTES) / BACKEND_BYTES) as u32;
    let by_descriptors = u32::try_from(descriptors / 2).unwrap_or(u32::MAX).saturating_sub(200);
    wanted.min(by_memory).min(by_descriptors)
}

/// Two pgwards at once, one with few and one with many sessions, at the same rate of statements
/// in turn over all of their sessions.
pub(crate) fn growth(
    place: &Place,
    options: &Options,
    sessions: u32,
    table: &mut Table,
) -> anyhow::Result<()> {
    let (small, large) = (peers::pgward(place, false)?, peers::pgward(place, false)?);
    let mut few = open(&small.address, FEW)?;
    let mut many = open(&large.address, usize::try_from(sessions)?)?;
    // Every session has grown what it needs by then.
    drive(&mut many, 3 * RATE, sessions.div_ceil(3 * RATE))?;
    let mut figures = [Vec::new(), Vec::new()];
    for _ in 0..options.rounds {
        let before = [small.process.cpu(), large.process.cpu()];
        let count = std::thread::scope(|scope| {
            let other = scope.spawn(|| drive(&mut few, RATE, options.seconds));
            let count = drive(&mut many, RATE, options.seconds)?;
            other.join().expect("the few").map(|_| count)
        })?;
        let after = [small.process.cpu(), large.process.cpu()];
        for at in 0..2 {
            figures[at].push((after[at] - before[at]) / f64::from(count));
        }
    }
    let [few, many] = [0, 1].map(|at| median(&figures[at]));
    let beside = format!("{many:.1} against {few:.1} µs");
    let work = format!("growth: CPU per transaction at {sessions} sessions");
    table.at_most(&work, many / few, 1.2, "× that at 32", &beside);
    if sessions < options.sessions {
        let wanted = options.sessions;
        table
            .beside("growth: what this machine has memory for", &format!("{sessions} of {wanted}"));
    }
    Ok(())
}
