//! Time settings as PostgreSQL reads them (`parse_int` and `convert_to_base_unit` in
//! `utils/misc/guc.c`): a number, an optional unit, milliseconds by default.

/// Milliseconds as the server would take the value. `None` when it is not plainly a time: such
/// a value is refused, as guessing wrong could lift a cap. 0 means "no limit" to the server, and
/// a fraction that rounds to 0 does too.
#[must_use]
pub fn parse_ms(value: &str) -> Option<u64> {
    let value = value.trim_matches([' ', '\t', '\n', '\r', '\u{b}', '\u{c}']);
    let value = value.strip_prefix('+').unwrap_or(value);
    let digits = value.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(value.len());
    let (number, unit) = value.split_at_checked(digits)?;
    // strtol with base 0 reads a leading 0 as octal: not plainly a time.
    let octal = number.len() > 1 && number.starts_with('0') && !number.starts_with("0.");
    if octal || number.starts_with('.') || number.len() > 15 {
        return None;
    }
    let number: f64 = number.parse().ok()?;
    let factor = match unit.trim_start() {
        "" | "ms" => 1.0,
        "us" => 0.001,
        "s" => 1_000.0,
        "min" => 60_000.0,
        "h" => 3_600_000.0,
        "d" => 86_400_000.0,
        _ => return None,
    };
    let ms = (number * factor).round_ties_even();
    // The settings are 32-bit integers; what does not fit is the server's error.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be within 0 and i32::MAX"
    )]
    (0.0..=f64::from(i32::MAX)).contains(&ms).then_some(ms as u64)
}

/// Whether the value is above the cap: no limit at all, or a longer one. A cap of 0 caps nothing.
#[must_use]
pub fn above(ms: u64, cap_ms: u64) -> bool {
    cap_ms != 0 && (ms == 0 || ms > cap_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_the_server_reads_them() {
        for (value, ms) in [
            ("0", Some(0)),
            ("300000", Some(300_000)),
            (" 5min ", Some(300_000)),
            ("5 min", Some(300_000)),
            ("1.5s", Some(1_500)),
            ("2h", Some(7_200_000)),
            ("1d", Some(86_400_000)),
            ("500us", Some(0)),
            ("900us", Some(1)),
            ("0.4", Some(0)),
            ("+7", Some(7)),
            ("0x10", None),
            ("010", None),
            ("1e9", None),
            ("5 MIN", None),
            ("-1", None),
            ("", None),
            ("ms", None),
            ("1.2.3", None),
            ("99999999999", None),
            ("5m", None),
        ] {
            assert_eq!(parse_ms(value), ms, "{value:?}");
        }
        assert!(above(0, 1_000) && above(1_001, 1_000));
        assert!(!above(1_000, 1_000) && !above(0, 0) && !above(5, 0));
    }
}
