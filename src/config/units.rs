//! Durations and sizes as people write them: `30s`, `15m`, `4h30m`, `2d`; `1MiB`.

use std::fmt::Write as _;
use std::time::Duration;

/// Why a text is not a duration or a size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnitError {
    /// Nothing was written.
    #[error("it is empty")]
    Empty,
    /// A number without its unit.
    #[error("a number needs a unit: ms, s, m (or min), h, d")]
    NoUnit,
    /// A unit that is not known.
    #[error("the unit is not one of ms, s, m (or min), h, d")]
    UnknownUnit,
    /// Something that is not a whole number.
    #[error("expected a whole number before each unit")]
    NoNumber,
    /// Units repeated or out of order.
    #[error("units must go from the largest to the smallest, each once")]
    Order,
    /// It does not fit.
    #[error("it is too large")]
    TooLarge,
    /// A size with an unknown unit.
    #[error("the unit of a size is one of B, KiB, MiB, GiB")]
    UnknownSizeUnit,
}

const UNITS_MS: [(&str, u64); 6] =
    [("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// Reads `30s`, `15m`, `5min`, `1h`, `4h30m`, `2d`, `250ms`.
///
/// # Errors
/// When the text is anything else; signs, spaces and fractions included.
pub fn parse_duration(text: &str) -> Result<Duration, UnitError> {
    if text.is_empty() {
        return Err(UnitError::Empty);
    }
    let mut rest = text;
    let mut total_ms = 0_u64;
    let mut smallest_ms = u64::MAX;
    while !rest.is_empty() {
        let (digits, after) = split_while(rest, |c| c.is_ascii_digit());
        if digits.is_empty() {
            return Err(UnitError::NoNumber);
        }
        let (unit, after) = split_while(after, |c| c.is_ascii_alphabetic());
        if unit.is_empty() {
            return Err(if after.is_empty() { UnitError::NoUnit } else { UnitError::NoNumber });
        }
        let unit_ms = UNITS_MS.iter().find(|(name, _)| *name == unit).map(|(_, ms)| *ms);
        let unit_ms = unit_ms.ok_or(UnitError::UnknownUnit)?;
        if unit_ms >= smallest_ms {
            return Err(UnitError::Order);
        }
        smallest_ms = unit_ms;
        let number: u64 = digits.parse().map_err(|_| UnitError::TooLarge)?;
        let part = number.checked_mul(unit_ms).ok_or(UnitError::TooLarge)?;
        total_ms = total_ms.checked_add(part).ok_or(UnitError::TooLarge)?;
        rest = after;
    }
    Ok(Duration::from_millis(total_ms))
}

/// Writes a duration as [`parse_duration`] reads it; parts below a millisecond are dropped.
#[must_use]
pub fn format_duration(duration: Duration) -> String {
    let mut left_ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let mut text = String::new();
    for (unit, unit_ms) in UNITS_MS.iter().filter(|(name, _)| *name != "min") {
        let count = left_ms / unit_ms;
        left_ms %= unit_ms;
        if count > 0 {
            let _ = write!(text, "{count}{unit}");
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

/// Reads `512`, `512B`, `64KiB`, `1MiB`, `2GiB` as bytes.
///
/// # Errors
/// When the text is anything else.
pub fn parse_size(text: &str) -> Result<u64, UnitError> {
    let (digits, unit) = split_while(text, |c| c.is_ascii_digit());
    if digits.is_empty() {
        return Err(if text.is_empty() { UnitError::Empty } else { UnitError::NoNumber });
    }
    let shift = match unit {
        "" | "B" => 0,
        "KiB" => 10,
        "MiB" => 20,
        "GiB" => 30,
        _ => return Err(UnitError::UnknownSizeUnit),
    };
    let number: u64 = digits.parse().map_err(|_| UnitError::TooLarge)?;
    number.checked_mul(1 << shift).ok_or(UnitError::TooLarge)
}

/// Writes a size as [`parse_size`] reads it, in the largest unit that divides it.
#[must_use]
pub fn format_size(bytes: u64) -> String {
    for (unit, shift) in [("GiB", 30), ("MiB", 20), ("KiB", 10)] {
        if bytes > 0 && bytes.trailing_zeros() >= shift {
            return format!("{}{unit}", bytes >> shift);
        }
    }
    format!("{bytes}B")
}

fn split_while(text: &str, keep: impl Fn(char) -> bool) -> (&str, &str) {
    let end = text.find(|c| !keep(c)).unwrap_or(text.len());
    text.split_at(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        let cases = [
            ("30s", Ok(30_000)),
            ("15m", Ok(900_000)),
            ("5min", Ok(300_000)),
            ("1h", Ok(3_600_000)),
            ("4h30m", Ok(16_200_000)),
            ("2d", Ok(172_800_000)),
            ("1d1h1m1s1ms", Ok(90_061_001)),
            ("250ms", Ok(250)),
            ("0s", Ok(0)),
            ("", Err(UnitError::Empty)),
            ("30", Err(UnitError::NoUnit)),
            ("-1h", Err(UnitError::NoNumber)),
            ("+1h", Err(UnitError::NoNumber)),
            ("1.5h", Err(UnitError::NoNumber)),
            ("1 h", Err(UnitError::NoNumber)),
            ("h", Err(UnitError::NoNumber)),
            ("forever", Err(UnitError::NoNumber)),
            ("1y", Err(UnitError::UnknownUnit)),
            ("1H", Err(UnitError::UnknownUnit)),
            ("30m1h", Err(UnitError::Order)),
            ("1m1min", Err(UnitError::Order)),
            ("1h1h", Err(UnitError::Order)),
            ("99999999999999999999s", Err(UnitError::TooLarge)),
            ("18446744073709551615d", Err(UnitError::TooLarge)),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_duration(text), expected.map(Duration::from_millis), "{text:?}");
        }
    }

    #[test]
    fn durations_survive_the_way_through_text() {
        for ms in [0, 1, 999, 1_000, 61_000, 3_600_000, 16_200_000, 90_061_001] {
            let duration = Duration::from_millis(ms);
            assert_eq!(parse_duration(&format_duration(duration)), Ok(duration));
        }
        assert_eq!(format_duration(Duration::from_secs(16_200)), "4h30m");
    }

    #[test]
    fn sizes() {
        let cases = [
            ("0", Ok(0)),
            ("512", Ok(512)),
            ("512B", Ok(512)),
            ("64KiB", Ok(65_536)),
            ("1MiB", Ok(1_048_576)),
            ("2GiB", Ok(2_147_483_648)),
            ("", Err(UnitError::Empty)),
            ("MiB", Err(UnitError::NoNumber)),
            ("-1", Err(UnitError::NoNumber)),
            ("1MB", Err(UnitError::UnknownSizeUnit)),
            ("1 MiB", Err(UnitError::UnknownSizeUnit)),
            ("18446744073709551615GiB", Err(UnitError::TooLarge)),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_size(text), expected, "{text:?}");
        }
        for text in ["0B", "512B", "1025B", "1KiB", "64KiB", "3MiB", "1024GiB"] {
            assert_eq!(format_size(parse_size(text).unwrap()), text);
        }
    }
}
