//! What a client is told of its grant in the middle of a session. Times are microseconds since
//! 1970-01-01T00:00:00Z.

use super::Notice;
use super::policy::{clock, left, shown};
use crate::base::GrantId;

/// The grant ends soon.
#[must_use]
pub fn ends_soon(grant: GrantId, ends_at: i64, now: i64) -> Notice {
    Notice::new(format!("pgward: grant {grant} ends in {}", time_left(ends_at, now)))
        .detail("What is running then is ended; what is not committed is rolled back.")
        .hint(format!("pgward grant extend {grant} --ttl 30m"))
}

/// The grant ends at another time than before.
#[must_use]
pub fn end_moved(grant: GrantId, ends_at: i64, now: i64) -> Notice {
    Notice::new(format!("pgward: grant {grant} now ends in {}", time_left(ends_at, now)))
        .detail("This session goes on until then; there is no need to connect again.")
}

/// The grant has more scopes.
#[must_use]
pub fn scopes_added(grant: GrantId, scopes: &[String]) -> Notice {
    let s = if scopes.len() == 1 { "" } else { "s" };
    let scopes = shown(&scopes.join(" "));
    Notice::new(format!("pgward: grant {grant} has the new scope{s} {scopes}"))
        .detail(
            "Scopes hold from the next connection; this session keeps those that it began with.",
        )
        .hint("Connect again with the same token (in psql: \\c).")
}

/// `9 min, at 03:42 UTC`
fn time_left(ends_at: i64, now: i64) -> String {
    // To the next second: "9 min" a moment after ten minutes before looks wrong.
    let left = left(ends_at.saturating_sub(now).saturating_add(999_999));
    format!("{left}, at {}", clock(ends_at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_says_what_to_do() {
        let grant = GrantId::from_random(5);
        let minutes = |count: i64| count * 60_000_000;
        let scopes = |list: &[&str]| {
            scopes_added(grant, &list.iter().map(|s| (*s).into()).collect::<Vec<_>>())
        };
        for (notice, message, hint) in [
            (
                ends_soon(grant, minutes(12), minutes(2) + 1),
                "ends in 10 min, at 00:12 UTC",
                Some("--ttl 30m"),
            ),
            (
                end_moved(grant, minutes(72), minutes(2)),
                "now ends in 1 h 10 min, at 01:12 UTC",
                None,
            ),
            (scopes(&["update:public.t"]), "has the new scope update:public.t", Some("\\c")),
            (scopes(&["ddl:a", "ddl:b"]), "has the new scopes ddl:a ddl:b", Some("\\c")),
        ] {
            assert_eq!(notice.message, format!("pgward: grant {grant} {message}"));
            assert!(notice.detail.is_some());
            assert_eq!(notice.hint.is_some(), hint.is_some());
            assert!(hint.is_none_or(|part| notice.hint.as_ref().unwrap().contains(part)));
        }
    }
}
