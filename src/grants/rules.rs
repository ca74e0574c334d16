//! What may become a grant. Every way to issue one goes through here, so that every cap holds
//! for all of them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Grant, scopes};
use crate::base::limits::IDENTIFIER_BYTES_MAX;
use crate::config::{Config, format_duration, nearest, parse_duration};
use crate::policy::Scope;

const REASON_CHARACTERS_MAX: usize = 500;
const TICKET_CHARACTERS_MAX: usize = 100;

/// Scopes of one grant, after verbs were taken apart.
const SCOPES_MAX: usize = 200;

/// What somebody wants granted, as written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wish {
    /// The person.
    pub user: String,
    /// The database's name in the configuration.
    pub database: String,
    /// `30m`, `1h`; `policy.default_ttl` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<String>,
    /// Why.
    pub reason: String,
    /// The ticket that asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
    /// `insert,update:public.orders`; none for reading only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// Sessions at once; `limits.max_sessions_per_grant` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_sessions: Option<u64>,
    /// Rows that one statement may write, 0 for any number; `limits.max_rows_written` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_rows_written: Option<u64>,
}

/// Why a wish isn't granted: what, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct WishError {
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub hint: String,
}

/// What the configuration allows.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    config: &'a Config,
    scope_roles: bool,
}

/// A wish that may be granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowed {
    /// When it ends, microseconds since the epoch, UTC.
    pub expires_at: i64,
    /// Its permissions beyond reading, sorted, each once.
    pub scopes: Vec<Scope>,
    /// Sessions at once.
    pub max_sessions: usize,
    /// Rows that one statement may write; `limits.max_rows_written` when absent.
    pub max_rows_written: Option<u64>,
}

impl<'a> Rules<'a> {
    /// The rules of that configuration.
    #[must_use]
    pub const fn new(config: &'a Config) -> Self {
        Self { config, scope_roles: false }
    }

    /// The same where the upstream makes a role for each set of scopes: no writer is needed.
    #[must_use]
    pub const fn scope_roles(self, installed: bool) -> Self {
        Self { scope_roles: installed, ..self }
    }

    /// Checks a wish at `now` (microseconds since the epoch).
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn allow(&self, wish: &Wish, now: i64) -> Result<Allowed, WishError> {
        person(&wish.user)?;
        self.database(wish)?;
        self.reason(wish)?;
        let scopes = self.scopes(wish)?;
        let beyond = scopes.iter().any(Scope::beyond_reading);
        let expires_at = self.expires_at(wish, beyond, now)?;
        let max_sessions = self.max_sessions(wish)?;
        let max_rows_written = max_rows_written(wish)?;
        Ok(Allowed { expires_at, scopes, max_sessions, max_rows_written })
    }

    fn database(&self, wish: &Wish) -> Result<(), WishError> {
        let known = &self.config.databases;
        if known.contains_key(&wish.database) {
            return Ok(());
        }
        let what = format!("database \"{}\" is not configured", wish.database);
        Err(match nearest(&wish.database, known.keys().map(String::as_str)) {
            Some(near) => error(what, format!("did you mean \"{near}\"?")),
            None => {
                let names: Vec<&str> = known.keys().map(String::as_str).collect();
                error(what, format!("configured: {}", names.join(", ")))
            }
        })
    }

    fn reason(&self, wish: &Wish) -> Result<(), WishError> {
        let shortest = self.config.policy.reason_min_length;
        let length = wish.reason.trim().chars().count();
        if length < shortest {
            return Err(error(
                format!("the reason has {length} characters; at least {shortest} are needed"),
                "say why, for whoever reads the record: --reason \"INC-4211 stuck orders\"",
            ));
        }
        if length > REASON_CHARACTERS_MAX || wish.reason.chars().any(char::is_control) {
            return Err(error(
                format!(
                    "the reason is longer than {REASON_CHARACTERS_MAX} characters or has control characters"
                ),
                "write one line, and link to where more is said",
            ));
        }
        let ticket = wish.ticket.as_deref().unwrap_or("none");
        if ticket.trim().is_empty()
            || ticket.chars().count() > TICKET_CHARACTERS_MAX
            || ticket.chars().any(char::is_control)
        {
            return Err(error(
                format!(
                    "the ticket is empty, longer than {TICKET_CHARACTERS_MAX} characters, or has control characters"
                ),
                "write its number only: --ticket INC-4211",
            ));
        }
        Ok(())
    }

    fn scopes(&self, wish: &Wish) -> Result<Vec<Scope>, WishError> {
        let mut all = Vec::new();
        for text in &wish.scopes {
            let hint = "write verbs and table: --scope insert,update:public.orders; also select:, maintain:, execute: and ddl:";
            if text.chars().any(char::is_control) {
                return Err(error("a scope has control characters", hint));
            }
            all.extend(scopes::parse(text).map_err(|what| error(what, hint))?);
        }
        all.sort();
        all.dedup();
        if all.len() > SCOPES_MAX {
            let what =
                format!("{} scopes are more than a grant may have ({SCOPES_MAX})", all.len());
            return Err(error(what, "name the schema's tables with *: --scope update:public.*"));
        }
        let database = self.config.databases.get(&wish.database);
        let beyond = all.iter().any(Scope::beyond_reading);
        let writes = self.scope_roles || database.is_some_and(|found| found.writer.is_some());
        if beyond && !writes {
            return Err(error(
                format!(
                    "database \"{}\" has no writer role, so nothing can be written",
                    wish.database
                ),
                format!(
                    "run the SQL that `pgward config setup-sql --database {}` prints, or leave \
                     out --scope",
                    wish.database
                ),
            ));
        }
        Ok(all)
    }

    fn expires_at(&self, wish: &Wish, writes: bool, now: i64) -> Result<i64, WishError> {
        let policy = &self.config.policy;
        let (longest, key) = if writes {
            (policy.max_write_ttl.min(policy.max_ttl), "policy.max_write_ttl")
        } else {
            (policy.max_ttl, "policy.max_ttl")
        };
        let example = longest.min(Duration::from_secs(30 * 60));
        let hint = format!(
            "write a duration up to {} ({key}): --ttl {}",
            format_duration(longest),
            format_duration(example)
        );
        let ttl = match wish.ttl.as_deref() {
            None => policy.default_ttl.min(longest),
            Some(text) => parse_duration(text)
                .map_err(|why| error(format!("\"{text}\" is not a TTL: {why}"), hint.clone()))?,
        };
        if ttl.is_zero() {
            return Err(error(
                "a TTL of zero: no grant is without an end, and none is empty",
                hint,
            ));
        }
        if ttl > longest {
            let what = format!(
                "a TTL of {} is longer than {key} allows ({})",
                format_duration(ttl),
                format_duration(longest)
            );
            return Err(error(what, hint));
        }
        i64::try_from(ttl.as_micros())
            .ok()
            .and_then(|micros| now.checked_add(micros))
            .ok_or_else(|| error("the TTL is too long to be counted", hint))
    }

    fn max_sessions(&self, wish: &Wish) -> Result<usize, WishError> {
        let most = self.config.limits.max_sessions_per_grant;
        let Some(wanted) = wish.max_sessions else { return Ok(most) };
        match usize::try_from(wanted) {
            Ok(wanted) if (1..=most).contains(&wanted) => Ok(wanted),
            _ => Err(error(
                format!("{wanted} sessions at once are not possible"),
                format!("write a number from 1 to {most} (limits.max_sessions_per_grant)"),
            )),
        }
    }
}

fn max_rows_written(wish: &Wish) -> Result<Option<u64>, WishError> {
    match wish.max_rows_written {
        // As many as the store can keep.
        Some(rows) if i64::try_from(rows).is_err() => {
            let what = format!("{rows} rows written are not possible");
            Err(error(what, "write a number of rows, or 0 for any number"))
        }
        rows => Ok(rows),
    }
}

/// A name that can stand in a startup message, and can't be taken for a grant or a token.
fn person(user: &str) -> Result<(), WishError> {
    let hint = "name the person as everywhere else: --user alice";
    let what = if user.is_empty() {
        "the user is empty"
    } else if user.len() > IDENTIFIER_BYTES_MAX {
        "the user is longer than 63 bytes"
    } else if user.chars().any(char::is_control) || user.trim() != user {
        "the user has control characters, or white space around it"
    } else if user.starts_with("g_") || user.starts_with("pgw_") {
        "a user's name may not begin with g_ or pgw_, which grants and tokens begin with"
    } else {
        return Ok(());
    };
    Err(error(what, hint))
}

fn error(what: impl Into<String>, hint: impl Into<String>) -> WishError {
    WishError { what: what.into(), hint: hint.into() }
}

/// The grants that one revocation is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    /// Those of a person.
    User(String),
    /// Those of a database.
    Database(String),
    /// All.
    All,
}

impl Which {
    /// Whether it is about that grant.
    #[must_use]
    pub fn includes(&self, grant: &Grant) -> bool {
        match self {
            Self::User(user) => grant.user == *user,
            Self::Database(database) => grant.database == *database,
            Self::All => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const CONFIG: &str = "[databases.app]\nhost = \"h\"\nreader = { user = \"r\" }\n\
                          writer = { user = \"w\" }\n[databases.logs]\nhost = \"h\"\n\
                          reader = { user = \"r\" }\n";

    fn config() -> Config {
        crate::config::parse("t", CONFIG, Path::new("/"), &|_| None).config
    }

    fn wish() -> Wish {
        Wish {
            user: "alice".into(),
            database: "app".into(),
            reason: "INC-4211 stuck orders".into(),
            ..Wish::default()
        }
    }

    #[test]
    fn ttls() {
        let (hour, minute) = (3_600_000_000, 60_000_000);
        let cases: [(Option<&str>, bool, Result<i64, &str>); 18] = [
            (None, false, Ok(hour)),
            (None, true, Ok(hour)),
            (Some("8h"), false, Ok(8 * hour)),
            (Some("30m"), true, Ok(30 * minute)),
            (Some("8h1ms"), false, Err("longer than policy.max_ttl")),
            (Some("61m"), true, Err("longer than policy.max_write_ttl")),
            (Some("2d"), false, Err("longer than policy.max_ttl")),
            (Some("3000000d"), false, Err("longer than policy.max_ttl")),
            (Some("0s"), false, Err("a TTL of zero")),
            (Some("0"), false, Err("is not a TTL")),
            (Some(""), false, Err("is not a TTL")),
            (Some("-1h"), false, Err("is not a TTL")),
            (Some("-0s"), false, Err("is not a TTL")),
            (Some("forever"), false, Err("is not a TTL")),
            (Some("infinity"), false, Err("is not a TTL")),
            (Some("9999-12-31T00:00:00Z"), false, Err("is not a TTL")),
            (Some("18446744073709551615d"), false, Err("is not a TTL: it is too large")),
            (Some("213503982334602d"), false, Err("is not a TTL: it is too large")),
        ];
        let config = config();
        for (ttl, writes, expected) in cases {
            let scopes = if writes { vec!["update:public.t".to_owned()] } else { vec![] };
            let wish = Wish { ttl: ttl.map(str::to_owned), scopes, ..wish() };
            match (Rules::new(&config).allow(&wish, 1_000), expected) {
                (Ok(allowed), Ok(left)) => assert_eq!(allowed.expires_at, 1_000 + left, "{ttl:?}"),
                (Err(error), Err(part)) => assert!(error.what.contains(part), "{ttl:?}: {error}"),
                (got, _) => panic!("{ttl:?}: {got:?}"),
            }
        }
        // A clock at the end of time doesn't make a grant endless.
        assert!(Rules::new(&config).allow(&wish(), i64::MAX - 1).is_err());
    }

    #[test]
    fn what_is_not_granted() {
        type Change = fn(&mut Wish);
        let cases: [(Change, &str); 20] = [
            (|w| w.user = String::new(), "the user is empty"),
            (|w| w.user = "a".repeat(64), "longer than 63 bytes"),
            (|w| w.user = "a\nb".into(), "control characters"),
            (|w| w.user = "a\0b".into(), "control characters"),
            (|w| w.user = " a".into(), "white space"),
            (|w| w.user = "g_alice".into(), "may not begin"),
            (|w| w.user = "pgw_alice".into(), "may not begin"),
            (|w| w.database = "ap".into(), "database \"ap\" is not configured"),
            (|w| w.reason = "fix".into(), "has 3 characters; at least 8"),
            (|w| w.reason = "          ".into(), "has 0 characters"),
            (|w| w.reason = "stuck\norders".into(), "control characters"),
            (|w| w.reason = "x".repeat(501), "longer than 500"),
            (|w| w.ticket = Some(" ".into()), "the ticket is empty"),
            (|w| w.scopes = vec!["update".into()], "verb:schema.table"),
            (|w| w.scopes = vec!["update:orders".into()], "names no schema"),
            (|w| w.scopes = vec!["updat:public.orders".into()], "\"updat\" is not known"),
            (
                |w| {
                    w.database = "logs".into();
                    w.scopes = vec!["update:public.t".into()];
                },
                "has no writer role",
            ),
            (|w| w.max_sessions = Some(0), "0 sessions at once"),
            (|w| w.max_sessions = Some(11), "11 sessions at once"),
            (|w| w.max_sessions = Some(u64::MAX), "sessions at once"),
        ];
        let config = config();
        for (change, expected) in cases {
            let mut wish = wish();
            change(&mut wish);
            let error = Rules::new(&config).allow(&wish, 0).unwrap_err();
            assert!(error.what.contains(expected), "{wish:?}: {error}");
            assert!(!error.hint.is_empty());
        }
    }

    #[test]
    fn scopes_are_taken_apart_sorted_and_kept_once() {
        let texts = ["update,insert:public.orders", "insert:public.orders", "delete:public.*"];
        let wish = Wish { scopes: texts.map(str::to_owned).into(), ..wish() };
        let allowed = Rules::new(&config()).allow(&wish, 0).unwrap();
        let texts: Vec<String> = allowed.scopes.iter().map(scopes::text).collect();
        let expected = ["insert:public.orders", "update:public.orders", "delete:public.*"];
        assert_eq!(texts, expected);
        assert_eq!(allowed.max_sessions, 10);
    }
}
