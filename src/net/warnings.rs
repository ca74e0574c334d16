//! When a session is told that its grant ends soon.

use std::time::Duration;

use crate::base::Moment;
use crate::base::moment::Deadline;

/// The times that are still to come.
#[derive(Debug, Default)]
pub(super) struct Warnings {
    /// How long before the end, microseconds, longest first.
    before: Vec<u64>,
    /// Place in `before` of the next one.
    next: usize,
    /// The end that `next` counts for; a grant may be extended.
    ends_at: Option<i64>,
}

impl Warnings {
    /// `before`: how long before the end, longest first.
    pub(super) fn new(before: &[Duration]) -> Self {
        let micros = |time: &Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        Self { before: before.iter().map(micros).collect(), next: 0, ends_at: None }
    }

    /// Whether it is time now; once for each.
    pub(super) fn are_due(&mut self, end: Deadline, now: Moment) -> bool {
        if self.before.is_empty() {
            return false;
        }
        let left = end.left(now);
        if self.ends_at != Some(end.wall) {
            // What has passed already was told at login, or by who extended it.
            self.ends_at = Some(end.wall);
            let coming = self.before.iter().position(|before| *before < left);
            self.next = coming.unwrap_or(self.before.len());
            return false;
        }
        let passed = self.before.iter().skip(self.next).take_while(|before| **before >= left);
        let passed = passed.count();
        self.next += passed;
        passed > 0
    }

    /// Microseconds until the next one; `None` when there is none.
    pub(super) fn next_in(&self, end: Deadline, now: Moment) -> Option<u64> {
        self.before.get(self.next).map(|before| end.left(now).saturating_sub(*before))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: u64 = 60_000_000;

    fn at(minutes: u64) -> Moment {
        let boot = minutes * MINUTE;
        Moment { boot, wall: i64::try_from(boot).unwrap() }
    }

    #[test]
    fn each_once_and_anew_after_an_extension() {
        let minutes = |count: u64| Duration::from_secs(count * 60);
        let mut warnings = Warnings::new(&[minutes(10), minutes(2)]);
        let end = Deadline::at_wall(at(60).wall, at(0));
        let extended = Deadline::at_wall(at(120).wall, at(0));
        for (minute, end, due, next) in [
            (0, end, false, Some(50)),
            (49, end, false, Some(1)),
            (50, end, true, Some(8)),
            (50, end, false, Some(8)),
            (57, end, false, Some(1)),
            (59, end, true, None),
            (59, extended, false, Some(51)),
            (110, extended, true, Some(8)),
            // A machine that slept: both have passed, one is enough.
            (119, extended, true, None),
        ] {
            assert_eq!(warnings.are_due(end, at(minute)), due, "{minute}");
            let next = next.map(|minutes: u64| minutes * MINUTE);
            assert_eq!(warnings.next_in(end, at(minute)), next, "{minute}");
        }
        // A login five minutes before the end has just been told so.
        let mut warnings = Warnings::new(&[minutes(10), minutes(2)]);
        assert!(!warnings.are_due(end, at(55)));
        assert!(warnings.are_due(end, at(58)));
        let mut none = Warnings::new(&[]);
        assert!(!none.are_due(end, at(59)) && none.next_in(end, at(59)).is_none());
    }
}
