//! Times on record: RFC 3339, UTC, microseconds. The date part is kept between records of the
//! same second, which makes it a copy and six digits.

use std::ops::Range;

/// `2026-11-20T11:03:04.000123Z`, bytes.
const LENGTH: usize = 27;

/// Formats times of records; one per stream.
#[derive(Debug, Clone)]
pub(super) struct Clock {
    second: i64,
    text: [u8; LENGTH],
}

const SECONDS_MAX: i64 = 253_402_300_799; // 9999-12-31T23:59:59Z

impl Clock {
    pub(super) fn new() -> Self {
        let mut clock = Self { second: 0, text: *b"0000-00-00T00:00:00.000000Z" };
        clock.set(0);
        clock
    }

    /// `2026-11-20T11:03:04.000123Z` for microseconds since 1970.
    pub(super) fn text(&mut self, wall: i64) -> &[u8; LENGTH] {
        let second = wall.div_euclid(1_000_000).clamp(0, SECONDS_MAX);
        if second != self.second {
            self.set(second);
        }
        self.put(20..26, wall.rem_euclid(1_000_000).unsigned_abs());
        &self.text
    }

    fn set(&mut self, second: i64) {
        self.second = second;
        let (year, month, day) = civil(second.div_euclid(86_400));
        let of_day = second.rem_euclid(86_400).unsigned_abs();
        self.put(0..4, year);
        self.put(5..7, month);
        self.put(8..10, day);
        self.put(11..13, of_day / 3_600);
        self.put(14..16, of_day / 60 % 60);
        self.put(17..19, of_day % 60);
    }

    /// Fills a part with a number, leading zeros included.
    fn put(&mut self, part: Range<usize>, value: u64) {
        let mut left = value;
        for digit in self.text.get_mut(part).unwrap_or_default().iter_mut().rev() {
            *digit = b'0' + (left % 10) as u8;
            left /= 10;
        }
    }
}

/// The same for once.
pub(super) fn rfc3339(wall: i64) -> String {
    String::from_utf8_lossy(Clock::new().text(wall)).into_owned()
}

/// `20261120T110304Z`, for file names.
pub(super) fn compact(wall: i64) -> String {
    let mut text = rfc3339(wall);
    text.truncate(19);
    text.retain(|character| !matches!(character, '-' | ':'));
    text.push('Z');
    text
}

/// Year, month and day of a day counted from 1970-01-01 (the "days to civil" algorithm of
/// Howard Hinnant, for days not before that).
fn civil(days: i64) -> (u64, u64, u64) {
    let shifted = days.unsigned_abs() + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn times_are_rfc_3339() {
        let cases = [
            (0, "1970-01-01T00:00:00.000000Z"),
            (1, "1970-01-01T00:00:00.000001Z"),
            (951_827_696_000_789, "2000-02-29T12:34:56.000789Z"),
            (1_795_172_584_120_000, "2026-11-20T11:03:04.120000Z"),
            (-1, "1970-01-01T00:00:00.999999Z"),
            (i64::MAX, "9999-12-31T23:59:59.775807Z"),
        ];
        for (wall, expected) in cases {
            assert_eq!(rfc3339(wall), expected);
        }
        assert_eq!(compact(1_795_172_584_120_000), "20261120T110304Z");
    }

    proptest! {
        #[test]
        fn agrees_with_jiff(wall in 0..253_402_207_200_000_000_i64) {
            let expected = jiff::Timestamp::from_microsecond(wall).unwrap();
            prop_assert_eq!(rfc3339(wall).parse::<jiff::Timestamp>().unwrap(), expected);
        }
    }
}
