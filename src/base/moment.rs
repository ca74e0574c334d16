//! A moment as the shell saw it. CORE never asks a clock; it is told.

/// Both clocks at one instant, in microseconds.
///
/// A session ends when *either* clock passes its end: setting the wall clock back does not
/// prolong a grant, and a machine that slept ends it at wake (`boot` counts while suspended).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Moment {
    /// CLOCK_BOOTTIME, microseconds since the machine started.
    pub boot: u64,
    /// CLOCK_REALTIME, microseconds since 1970-01-01T00:00:00Z.
    pub wall: i64,
}

impl Moment {
    /// Microseconds from `earlier` until this moment, by the clock that is never set back.
    #[must_use]
    pub const fn since(self, earlier: Self) -> u64 {
        self.boot.saturating_sub(earlier.boot)
    }
}

/// When something ends, on both clocks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Deadline {
    /// Microseconds of CLOCK_BOOTTIME.
    pub boot: u64,
    /// Microseconds since 1970-01-01T00:00:00Z.
    pub wall: i64,
}

impl Deadline {
    /// The deadline that lies at wall-clock time `wall`, seen from `now`.
    #[must_use]
    pub fn at_wall(wall: i64, now: Moment) -> Self {
        let left = u64::try_from(wall.saturating_sub(now.wall)).unwrap_or(0);
        Self { boot: now.boot.saturating_add(left), wall }
    }

    /// The deadline `micros` microseconds after `now`.
    #[must_use]
    pub fn after(micros: u64, now: Moment) -> Self {
        let ahead = i64::try_from(micros).unwrap_or(i64::MAX);
        Self { boot: now.boot.saturating_add(micros), wall: now.wall.saturating_add(ahead) }
    }

    /// Whether either clock has passed it.
    #[must_use]
    pub const fn passed(self, now: Moment) -> bool {
        now.boot >= self.boot || now.wall >= self.wall
    }

    /// Microseconds left on the clock that passes it first; 0 when passed.
    #[must_use]
    pub fn left(self, now: Moment) -> u64 {
        let wall = u64::try_from(self.wall.saturating_sub(now.wall)).unwrap_or(0);
        self.boot.saturating_sub(now.boot).min(wall)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_clock_ends_it() {
        let start = Moment { boot: 1_000, wall: 50_000 };
        let end = Deadline::at_wall(50_600, start);
        assert_eq!(end, Deadline { boot: 1_600, wall: 50_600 });
        assert!(!end.passed(Moment { boot: 1_599, wall: 50_599 }));
        // The wall clock was set back by an hour: the boot clock still ends it.
        assert!(end.passed(Moment { boot: 1_600, wall: -3_600_000 }));
        // The wall clock was set forward: it ends at once.
        assert!(end.passed(Moment { boot: 1_001, wall: 50_600 }));
        assert_eq!(end.left(Moment { boot: 1_100, wall: 50_000 }), 500);
        assert_eq!(end.left(Moment { boot: 2_000, wall: 50_000 }), 0);
    }
}
