//! What a session's upstream connection starts with: the client's own settings as far as policy
//! lets them pass, and ours, which carry safety and win.
//!
//! Settings in the StartupMessage are the session's *defaults*: RESET and DISCARD ALL return to
//! them, which a SET after connecting would not survive.

use std::borrow::Cow;

use super::dial::Setting;
use crate::base::limits::IDENTIFIER_BYTES_MAX;
use crate::base::moment::Deadline;
use crate::base::{GrantId, Moment, Refusal};
use crate::policy::Terms;
use crate::policy::settings::{StartupDecision, startup, startup_options};
use crate::policy::timeout::parse_ms;
use crate::session::Cut;

/// Shortest statement_timeout that is set, milliseconds: 0 would mean none.
const TIMEOUT_MS_MIN: u64 = 1;

/// The client's StartupMessage, taken apart.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// As the client named itself.
    pub application_name: Option<String>,
    /// Settings in the order in which they hold: `options` first, plain keys beat them.
    settings: Vec<(String, String)>,
}

/// What the upstream's StartupMessage asks for.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// Name and value of each setting.
    pub settings: Vec<Setting>,
    /// How far the grant's end has cut `statement_timeout`, if it has.
    pub cut: Option<Cut>,
}

impl Wanted {
    /// Takes the parameters that are neither `user` nor `database`.
    ///
    /// # Errors
    /// The refusal to send when `options` holds more than settings.
    pub fn new(parameters: &[(String, String)]) -> Result<Self, Box<Refusal>> {
        let mut wanted = Self::default();
        for (name, value) in parameters.iter().filter(|(name, _)| name == "options") {
            let _ = name;
            wanted.settings.extend(startup_options(value)?);
        }
        for (name, value) in parameters {
            if !matches!(name.as_str(), "user" | "database" | "options" | "replication") {
                wanted.settings.push((name.to_ascii_lowercase(), value.clone()));
            }
        }
        let name = wanted.settings.iter().rfind(|(name, _)| name == "application_name");
        wanted.application_name = name.map(|(_, value)| value.clone());
        Ok(wanted)
    }

    /// Whether the client is psql, by the name it gives itself.
    #[must_use]
    pub fn is_psql(&self) -> bool {
        self.application_name.as_deref() == Some("psql")
    }

    /// All settings of the upstream's StartupMessage.
    ///
    /// # Errors
    /// The refusal to send when a setting may not be what the client wants.
    pub fn settings(
        &self,
        terms: &Terms,
        write_path: Option<&str>,
        scopes: &str,
        now: Moment,
    ) -> Result<Asked, Refusal> {
        let mut settings = Settings::default();
        for (name, value) in &self.settings {
            if name == "application_name" {
                continue;
            }
            match startup(name, value, terms) {
                StartupDecision::Pass => settings.put(name.clone(), value.clone()),
                StartupDecision::Capped(value) => settings.put(name.clone(), value),
                StartupDecision::Refuse(refusal) => return Err(refusal),
            }
        }
        let cut = self.ours(&mut settings, terms, scopes, now);
        if let Some(path) = write_path {
            settings.put("search_path", path.to_owned());
        }
        Ok(Asked { settings: settings.0, cut })
    }

    fn ours(
        &self,
        settings: &mut Settings,
        terms: &Terms,
        scopes: &str,
        now: Moment,
    ) -> Option<Cut> {
        let own_name = self.application_name.as_deref().unwrap_or_default();
        settings.put("application_name", application_name(&terms.user, terms.grant, own_name));
        if !terms.may_write() {
            settings.put("default_transaction_read_only", "on");
        }
        let left_ms = Deadline::at_wall(terms.expires_at, now).left(now) / 1_000;
        let cut = settings.cut_timeout(terms.caps.statement_timeout_ms, left_ms);
        for (name, cap_ms) in [
            ("lock_timeout", terms.caps.lock_timeout_ms),
            (
                "idle_in_transaction_session_timeout",
                terms.caps.idle_in_transaction_session_timeout_ms,
            ),
            ("idle_session_timeout", terms.caps.idle_session_timeout_ms),
        ] {
            if cap_ms > 0 {
                settings.at_most(name, cap_ms);
            }
        }
        settings.put("client_connection_check_interval", "2s");
        settings.put("tcp_keepalives_idle", "60");
        settings.put("tcp_keepalives_interval", "15");
        settings.put("tcp_keepalives_count", "4");
        settings.put("standard_conforming_strings", "on");
        settings.put("pgward.grant_id", terms.grant.to_string());
        settings.put("pgward.scopes", scopes.to_owned());
        settings.put("pgward.expires_at", rfc3339(terms.expires_at));
        settings.put("pgward.reason", one_line(&terms.reason));
        cut
    }
}

#[derive(Debug, Default)]
struct Settings(Vec<Setting>);

impl Settings {
    /// Each name once: PostgreSQL takes the last of several, but nobody should have to know.
    fn put(&mut self, name: impl Into<Cow<'static, str>>, value: impl Into<Cow<'static, str>>) {
        let (name, value) = (name.into(), value.into());
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name, value)),
        }
    }

    /// Keeps a value of the client's that is lower; sets `cap_ms` in every other case. Gives what
    /// holds now.
    fn at_most(&mut self, name: &'static str, cap_ms: u64) -> u64 {
        let own = self.0.iter().find(|(known, _)| known == name);
        let own_ms = own.and_then(|(_, value)| parse_ms(value));
        match own_ms.filter(|ms| *ms > 0 && *ms <= cap_ms) {
            Some(own_ms) => own_ms,
            None => {
                self.put(name, format!("{cap_ms}ms"));
                cap_ms
            }
        }
    }

    /// `statement_timeout`: the client's own, at most the cap (0: none), and no longer than the
    /// time that is left.
    fn cut_timeout(&mut self, cap_ms: u64, left_ms: u64) -> Option<Cut> {
        // PostgreSQL keeps milliseconds in an int.
        let most = i32::MAX as u64;
        let from_ms = self.at_most("statement_timeout", if cap_ms == 0 { most } else { cap_ms });
        let to_ms = self.at_most("statement_timeout", left_ms.clamp(TIMEOUT_MS_MIN, most));
        (to_ms < from_ms).then_some(Cut { to_ms, from_ms })
    }
}

/// `pgward:<user>:<grant>/<client's>`, cut to what the server keeps. Ours comes first, so what a
/// client calls itself cannot push it out.
fn application_name(user: &str, grant: GrantId, own: &str) -> String {
    // The grant is always whole: a long user name gives way.
    let room = IDENTIFIER_BYTES_MAX.saturating_sub("pgward::g_0000000000/".len());
    let mut name = format!("pgward:{}:{grant}/{}", cut(&one_line(user), room), one_line(own));
    name.truncate(cut(&name, IDENTIFIER_BYTES_MAX).len());
    name
}

/// The longest prefix of at most `bytes_max` bytes that is whole characters.
fn cut(text: &str, bytes_max: usize) -> &str {
    let end = (0..=bytes_max.min(text.len())).rev().find(|&end| text.is_char_boundary(end));
    text.get(..end.unwrap_or(0)).unwrap_or_default()
}

fn one_line(text: &str) -> String {
    text.replace(|c: char| c.is_control(), " ")
}

/// Microseconds since the epoch as RFC 3339 UTC, to the second.
#[must_use]
pub fn rfc3339(micros: i64) -> String {
    jiff::Timestamp::from_second(micros.div_euclid(1_000_000))
        .map_or_else(|_| "-".to_owned(), |time| time.to_string())
}

/// Microseconds since the epoch for people: `2026-11-20 12:05:07 UTC`.
#[must_use]
pub fn utc(micros: i64) -> String {
    let time = jiff::Timestamp::from_second(micros.div_euclid(1_000_000));
    time.map_or_else(|_| "-".to_owned(), |time| time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string())
}

/// `until 2026-11-20 12:05 UTC (59 min left)`
#[must_use]
pub fn until(micros: i64, now: Moment) -> String {
    let time = jiff::Timestamp::from_second(micros.div_euclid(1_000_000));
    let time = time
        .map_or_else(|_| "-".to_owned(), |time| time.strftime("%Y-%m-%d %H:%M UTC").to_string());
    // To the nearest minute: "59 min" just after asking for an hour looks wrong.
    let minutes = Deadline::at_wall(micros, now).left(now).saturating_add(30_000_000) / 60_000_000;
    let left = match (minutes / 60, minutes % 60) {
        (0, 0) => "less than a minute left".to_owned(),
        (0, minutes) => format!("{minutes} min left"),
        (hours, 0) => format!("{hours} h left"),
        (hours, minutes) => format!("{hours} h {minutes} min left"),
    };
    format!("until {time} ({left})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn application_names_keep_user_and_grant() {
        let grant = GrantId::from_random(5);
        let cases = [
            ("alice", "psql", format!("pgward:alice:{grant}/psql")),
            ("alice", "a\nb", format!("pgward:alice:{grant}/a b")),
        ];
        for (user, own, expected) in cases {
            assert_eq!(application_name(user, grant, own), expected);
        }
        let long = application_name(&"ä".repeat(60), grant, &"x".repeat(100));
        assert!(long.len() <= 63 && long.contains(&grant.to_string()), "{long}");
    }

    #[test]
    fn the_timeout_is_cut_to_the_time_left() {
        let cut = |to_ms, from_ms| Some(Cut { to_ms, from_ms });
        for (own, cap_ms, left_ms, value, expected) in [
            (None, 300_000, 3_600_000, "300000ms", None),
            (None, 300_000, 59_123, "59123ms", cut(59_123, 300_000)),
            (None, 300_000, 0, "1ms", cut(1, 300_000)),
            (Some("7s"), 300_000, 59_123, "7s", None),
            (Some("2min"), 300_000, 59_123, "59123ms", cut(59_123, 120_000)),
            (Some("2min"), 300_000, 3_600_000, "2min", None),
            (Some("0"), 300_000, 59_123, "59123ms", cut(59_123, 300_000)),
            (None, 0, 59_123, "59123ms", cut(59_123, 2_147_483_647)),
            (None, 0, u64::MAX, "2147483647ms", None),
        ] {
            let mut settings = Settings::default();
            if let Some(own) = own {
                settings.put("statement_timeout", own);
            }
            assert_eq!(settings.cut_timeout(cap_ms, left_ms), expected, "{own:?} {left_ms}");
            assert_eq!(settings.0, [("statement_timeout".into(), value.into())]);
        }
    }

    #[test]
    fn times_for_people() {
        let now = Moment { boot: 0, wall: 0 };
        for (left_s, expected) in [
            (29, "until 1970-01-01 00:00 UTC (less than a minute left)"),
            (27 * 60, "until 1970-01-01 00:27 UTC (27 min left)"),
            (3_600, "until 1970-01-01 01:00 UTC (1 h left)"),
            (3_660, "until 1970-01-01 01:01 UTC (1 h 1 min left)"),
        ] {
            assert_eq!(until(left_s * 1_000_000, now), expected);
        }
        assert_eq!(rfc3339(1_500_000), "1970-01-01T00:00:01Z");
        assert_eq!(utc(1_500_000), "1970-01-01 00:00:01 UTC");
    }
}
