//! What is asked for as people write it: the same for who reads the files and for who asks the
//! server, and on record in the words of the command.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::filter::{Decided, Filter};
use crate::base::{GrantId, SessionId};
use crate::config;

/// What is asked for; everything that is named must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Query {
    /// Of this grant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant: Option<GrantId>,
    /// Of this session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    /// Of this person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// In this database, by its name in the configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// From then on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<When>,
    /// Before then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<When>,
    /// Statements that name this relation: `orders`, or `public.orders`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// Statements of this command: `update`; `create` also means `create table`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// Statements decided so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decided>,
    /// Decided by this rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// With this in its statement, parameters, error or detail, whatever its case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Statements that returned or changed more rows than that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows_over: Option<u64>,
    /// What went wrong: statements refused or failed, sessions, logins.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub errors: bool,
}

/// A point in time as it was written: `2h` (ago), `2026-11-20`, `2026-11-20T11:00:00Z`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct When {
    written: String,
    point: Point,
}

/// What is no point in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "write how long ago (2h), a date (2026-11-20), or a time in RFC 3339 (2026-11-20T11:00:00Z)"
)]
pub struct NotATime;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Point {
    /// So long ago.
    Ago(Duration),
    /// Microseconds since 1970.
    At(i64),
}

impl Query {
    /// What is looked for, `now` being microseconds since 1970: up to then where no end is asked
    /// for, since what is on record of the search itself is no answer to it.
    #[must_use]
    pub fn filter(&self, now: i64) -> Filter {
        let until = self.until.as_ref().map_or(now, |when| when.micros(now));
        Filter {
            grant: self.grant,
            session: self.session,
            user: self.user.clone(),
            database: self.database.clone(),
            since: self.since.as_ref().map(|when| when.micros(now)),
            until: Some(until),
            table: self.table.clone(),
            operation: self.operation.clone(),
            decision: self.decision,
            rule: self.rule.clone(),
            text: self.text.clone(),
            rows_over: self.rows_over,
            errors: self.errors,
        }
    }

    /// The options of the command that asks for it, each with a blank before it.
    pub(in crate::audit) fn options(&self) -> String {
        let mut words = String::new();
        for (flag, value) in [
            ("grant", self.grant.map(|id| id.to_string())),
            ("session", self.session.map(|id| id.to_string())),
            ("user", self.user.clone()),
            ("database", self.database.clone()),
            ("since", self.since.as_ref().map(ToString::to_string)),
            ("until", self.until.as_ref().map(ToString::to_string)),
            ("table", self.table.clone()),
            ("operation", self.operation.clone()),
            ("decision", self.decision.map(|decided| decided.word().to_owned())),
            ("rule", self.rule.clone()),
            ("text", self.text.clone()),
            ("rows-over", self.rows_over.map(|rows| rows.to_string())),
        ] {
            let Some(value) = value else { continue };
            let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | ':');
            if value.is_empty() || !value.chars().all(plain) {
                words.push_str(&format!(" --{flag} {value:?}"));
            } else {
                words.push_str(&format!(" --{flag} {value}"));
            }
        }
        if self.errors {
            words.push_str(" --errors");
        }
        words
    }
}

impl When {
    /// Microseconds since 1970, as they are now.
    #[must_use]
    pub fn micros(&self, now: i64) -> i64 {
        match self.point {
            Point::At(micros) => micros,
            Point::Ago(duration) => {
                now.saturating_sub(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX))
            }
        }
    }
}

impl FromStr for When {
    type Err = NotATime;

    fn from_str(text: &str) -> Result<Self, NotATime> {
        let at = |point| Ok(Self { written: text.to_owned(), point });
        if let Ok(duration) = config::parse_duration(text) {
            return at(Point::Ago(duration));
        }
        if let Ok(time) = text.parse::<jiff::Timestamp>() {
            return at(Point::At(time.as_microsecond()));
        }
        let midnight = text.parse::<jiff::civil::Date>().ok();
        let midnight = midnight.and_then(|date| date.to_zoned(jiff::tz::TimeZone::UTC).ok());
        midnight.map_or(Err(NotATime), |time| at(Point::At(time.timestamp().as_microsecond())))
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl TryFrom<String> for When {
    type Error = NotATime;

    fn try_from(text: String) -> Result<Self, NotATime> {
        text.parse()
    }
}

impl From<When> for String {
    fn from(when: When) -> Self {
        when.written
    }
}

#[cfg(test)]
impl Query {
    /// One with something of each kind.
    pub(in crate::audit) fn example() -> Self {
        Self {
            grant: Some(GrantId::from_random(9)),
            since: "2h".parse().ok(),
            decision: Some(Decided::Refused),
            text: Some("say \"x\"".to_owned()),
            rows_over: Some(5),
            errors: true,
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_in_time() {
        let now = 1_795_172_584_000_000;
        for (text, expected) in [
            ("2h", Some(now - 7_200_000_000)),
            ("2026-11-20T11:03:04Z", Some(now)),
            ("2026-11-20T12:03:04+01:00", Some(now)),
            ("2026-11-20", Some(1_795_132_800_000_000)),
            ("yesterday", None),
            ("", None),
        ] {
            let found = text.parse::<When>().ok().map(|when| when.micros(now));
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn a_query_goes_over_the_api_as_it_is() {
        let query = Query::example();
        let json = serde_json::to_string(&query).unwrap();
        assert_eq!(serde_json::from_str::<Query>(&json).unwrap(), query);
        assert_eq!(serde_json::to_string(&Query::default()).unwrap(), "{}");
        for wrong in ["{\"since\":\"soon\"}", "{\"decision\":\"maybe\"}", "{\"users\":\"a\"}"] {
            assert!(serde_json::from_str::<Query>(wrong).is_err(), "{wrong}");
        }
    }
}
