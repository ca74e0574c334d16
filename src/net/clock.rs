//! The only place that asks a clock for sessions: CORE is told the time, it never looks.

use rustix::time::{ClockId, clock_gettime};

use crate::base::Moment;

const MICROS_PER_SECOND: i64 = 1_000_000;

/// Both clocks now. CLOCK_BOOTTIME counts while the machine is suspended, so a grant ends at
/// wake; CLOCK_REALTIME is what people and records mean by time.
#[must_use]
pub fn now() -> Moment {
    Moment { boot: boot(), wall: micros(ClockId::Realtime) }
}

/// CLOCK_BOOTTIME alone, microseconds: what durations are measured by.
#[must_use]
pub(super) fn boot() -> u64 {
    u64::try_from(micros(ClockId::Boottime)).unwrap_or(0)
}

/// Inlined nowhere: see `audit::json::string`.
#[inline(never)]
fn micros(clock: ClockId) -> i64 {
    let time = clock_gettime(clock);
    let seconds: i64 = time.tv_sec;
    let nanoseconds: i64 = time.tv_nsec;
    seconds.saturating_mul(MICROS_PER_SECOND).saturating_add(nanoseconds / 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_clocks_advance() {
        let first = now();
        let second = now();
        assert!(first.boot > 0 && first.wall > 1_500_000_000_000_000);
        assert!(second.boot >= first.boot);
    }
}
