//! What may become a grant. Every way to issue one goes through here, so that every cap holds
//! for all of them.

use std::time::Duration;

use regex_lite::Regex;
use serde::{Deserialize, Serialize};

use super::{Cidr, Conditions, Grant, scopes};
use crate::base::limits::IDENTIFIER_BYTES_MAX;
use crate::config::{Config, GrantRole, format_duration, nearest, parse_duration};
use crate::policy::Scope;
use crate::policy::scope::ScopeClass;

const REASON_CHARACTERS_MAX: usize = 500;
const TICKET_CHARACTERS_MAX: usize = 100;

/// Scopes of one grant, after verbs were taken apart.
const SCOPES_MAX: usize = 200;

/// Networks of one grant.
const CLIENTS_MAX: usize = 50;

/// Uses of one grant: more are meant to be any number.
const USES_MAX: u32 = 1_000_000;

/// How far ahead a grant may be made.
const AHEAD_MAX: Duration = Duration::from_secs(30 * 24 * 3_600);

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
    /// A role of the configuration, whose scopes it gets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// `insert,update:public.orders`; none for reading only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// Sessions at once; `limits.max_sessions_per_grant` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_sessions: Option<u64>,
    /// Rows that one statement may write, 0 for any number; `limits.max_rows_written` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_rows_written: Option<u64>,
    /// Networks that its clients come from; any when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub client_cidrs: Vec<String>,
    /// Sessions that may ever begin; any number when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uses: Option<u64>,
    /// RFC 3339: not valid before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<String>,
    /// It ends when no statement ran for that long: `15m`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_when_idle: Option<String>,
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
    /// How long it lasts, microseconds.
    pub ttl: i64,
    /// How long anything with these scopes may last from now, microseconds.
    pub longest: i64,
    /// Its permissions beyond reading, sorted, each once.
    pub scopes: Vec<Scope>,
    /// How many must approve it, whoever asks.
    pub needed: u32,
    /// Sessions at once.
    pub max_sessions: usize,
    /// Rows that one statement may write; `limits.max_rows_written` when absent.
    pub max_rows_written: Option<u64>,
    /// The rest.
    pub conditions: Conditions,
}

/// What the configuration says of a set of scopes.
struct Bounds<'a> {
    longest: Duration,
    /// The key that says so.
    key: String,
    needed: u32,
    role: Option<&'a GrantRole>,
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
        self.check(wish, None, now)
    }

    /// The same for emergency access: nobody is asked, and it is short.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn allow_break_glass(&self, wish: &Wish, now: i64) -> Result<Allowed, WishError> {
        self.check(wish, Some(self.config.policy.break_glass_ttl), now)
    }

    /// What the rules say now of a grant that is there, with these scopes and, where it is to
    /// last anew, that TTL.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn allow_more(
        &self,
        grant: &Grant,
        scopes: Vec<Scope>,
        ttl: Option<&str>,
    ) -> Result<Allowed, WishError> {
        self.database(&grant.database)?;
        self.writable(&grant.database, &scopes)?;
        let mut bounds = self.bounds(&scopes, grant.conditions.role.as_deref())?;
        if grant.life.break_glass {
            bounds.shorten(self.config.policy.break_glass_ttl, "policy.break_glass_ttl");
        }
        let longest = micros(bounds.longest);
        let ttl = match ttl {
            Some(text) => micros(bounds.ttl(Some(text), self.config)?),
            None => grant.life.ttl.min(longest),
        };
        Ok(Allowed {
            ttl,
            longest,
            scopes,
            needed: bounds.needed,
            max_sessions: grant.max_sessions,
            max_rows_written: grant.max_rows_written,
            conditions: grant.conditions.clone(),
        })
    }

    fn check(&self, wish: &Wish, cap: Option<Duration>, now: i64) -> Result<Allowed, WishError> {
        person(&wish.user)?;
        self.database(&wish.database)?;
        self.reason(wish)?;
        self.ticket(wish)?;
        let scopes = self.scopes(wish)?;
        let mut bounds = self.bounds(&scopes, wish.role.as_deref())?;
        if let Some(cap) = cap {
            bounds.shorten(cap, "policy.break_glass_ttl");
        }
        let ttl = micros(bounds.ttl(wish.ttl.as_deref(), self.config)?);
        let not_before = not_before(wish, now)?;
        let start = not_before.unwrap_or(now);
        if start.checked_add(ttl).is_none() {
            return Err(error(
                "the TTL is too long to be counted",
                "write a shorter one: --ttl 1h",
            ));
        }
        Ok(Allowed {
            ttl,
            longest: micros(bounds.longest),
            needed: bounds.needed,
            max_sessions: self.max_sessions(wish)?,
            max_rows_written: max_rows_written(wish, bounds.role)?,
            conditions: Conditions {
                role: wish.role.clone(),
                clients: clients(wish)?,
                not_before,
                uses: uses(wish)?,
                end_when_idle: end_when_idle(wish, bounds.longest)?,
            },
            scopes,
        })
    }

    fn role(&self, name: &str) -> Result<&'a GrantRole, WishError> {
        let known = &self.config.roles;
        known.get(name).ok_or_else(|| {
            let what = format!("role \"{name}\" is not configured");
            match nearest(name, known.keys().map(String::as_str)) {
                Some(near) => error(what, format!("did you mean \"{near}\"?")),
                None if known.is_empty() => error(
                    what,
                    "name what may be done with --scope, or configure [roles.NAME] with its scopes",
                ),
                None => {
                    let names: Vec<&str> = known.keys().map(String::as_str).collect();
                    error(what, format!("configured: {}", names.join(", ")))
                }
            }
        })
    }

    /// Where two rules speak, the stricter one holds.
    fn bounds(&self, scopes: &[Scope], role: Option<&str>) -> Result<Bounds<'a>, WishError> {
        let policy = &self.config.policy;
        let mut bounds = Bounds {
            longest: policy.max_ttl,
            key: "policy.max_ttl".to_owned(),
            needed: policy.approvals.read,
            role: role.map(|name| self.role(name)).transpose()?,
        };
        if scopes.iter().any(Scope::beyond_reading) {
            bounds.shorten(policy.max_write_ttl, "policy.max_write_ttl");
            bounds.needed = bounds.needed.max(policy.approvals.write);
        }
        if scopes.iter().any(|scope| scope.class() == ScopeClass::Ddl) {
            bounds.needed = bounds.needed.max(policy.approvals.ddl);
        }
        if let Some(role) = bounds.role {
            bounds.needed = bounds.needed.max(role.approvals);
            if let Some(longest) = role.max_ttl {
                bounds.shorten(longest, &format!("roles.{}.max_ttl", role.name));
            }
        }
        Ok(bounds)
    }

    fn database(&self, name: &str) -> Result<(), WishError> {
        let known = &self.config.databases;
        if known.contains_key(name) {
            return Ok(());
        }
        let what = format!("database \"{name}\" is not configured");
        Err(match nearest(name, known.keys().map(String::as_str)) {
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
                format!("the reason is {length} of at least {shortest} characters long"),
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
        Ok(())
    }

    fn ticket(&self, wish: &Wish) -> Result<(), WishError> {
        let Some(ticket) = wish.ticket.as_deref() else {
            return match &self.config.policy.ticket_pattern {
                None => Ok(()),
                Some(pattern) => Err(error(
                    "a ticket is needed (policy.ticket_pattern)",
                    format!("name the one that asks for it: --ticket; it matches {pattern}"),
                )),
            };
        };
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
        let Some(pattern) = &self.config.policy.ticket_pattern else { return Ok(()) };
        // The configuration was checked; what doesn't compile all the same matches nothing.
        let matches = Regex::new(&format!("^(?:{pattern})$"))
            .is_ok_and(|pattern| pattern.is_match(ticket.trim()));
        if matches {
            return Ok(());
        }
        Err(error(
            format!("\"{ticket}\" is not the number of a ticket (policy.ticket_pattern)"),
            format!("write one that matches {pattern}"),
        ))
    }

    fn scopes(&self, wish: &Wish) -> Result<Vec<Scope>, WishError> {
        let mut all = parse_scopes(&wish.scopes)?;
        if let Some(role) = &wish.role {
            all.extend(parse_scopes(&self.role(role)?.scopes)?);
            all.sort();
            all.dedup();
        }
        self.writable(&wish.database, &all)?;
        Ok(all)
    }

    fn writable(&self, database: &str, scopes: &[Scope]) -> Result<(), WishError> {
        if scopes.len() > SCOPES_MAX {
            let count = scopes.len();
            let what = format!("{count} scopes are more than a grant may have ({SCOPES_MAX})");
            return Err(error(what, "name the schema's tables with *: --scope update:public.*"));
        }
        let beyond = scopes.iter().any(Scope::beyond_reading);
        let known = self.config.databases.get(database);
        let writes = self.scope_roles || known.is_some_and(|known| known.writer.is_some());
        if beyond && !writes {
            return Err(error(
                format!("database \"{database}\" has no writer role, so nothing can be written"),
                format!(
                    "run the SQL that `pgward config setup-sql --database {database}` prints, or \
                     leave out --scope"
                ),
            ));
        }
        Ok(())
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

impl Bounds<'_> {
    fn shorten(&mut self, longest: Duration, key: &str) {
        if longest < self.longest {
            self.longest = longest;
            key.clone_into(&mut self.key);
        }
    }

    /// Reads a TTL; every way to a grant's end goes through here.
    fn ttl(&self, text: Option<&str>, config: &Config) -> Result<Duration, WishError> {
        let Self { longest, key, .. } = self;
        let example = (*longest).min(Duration::from_secs(30 * 60));
        let hint = format!(
            "write a duration up to {} ({key}): --ttl {}",
            format_duration(*longest),
            format_duration(example)
        );
        let ttl = match text {
            None => config.policy.default_ttl.min(*longest),
            Some(text) => parse_duration(text)
                .map_err(|why| error(format!("\"{text}\" is not a TTL: {why}"), hint.clone()))?,
        };
        if ttl.is_zero() {
            return Err(error(
                "a TTL of zero: no grant is without an end, and none is empty",
                hint,
            ));
        }
        if ttl > *longest {
            let what = format!(
                "a TTL of {} is longer than {key} allows ({})",
                format_duration(ttl),
                format_duration(*longest)
            );
            return Err(error(what, hint));
        }
        Ok(ttl)
    }
}

/// Reads scopes as written; sorted, each once.
///
/// # Errors
/// The first that isn't one.
pub fn parse_scopes(texts: &[String]) -> Result<Vec<Scope>, WishError> {
    let hint = "write verbs and table: --scope insert,update:public.orders; also select:, \
                maintain:, execute: and ddl:";
    let mut all = Vec::new();
    for text in texts {
        if text.chars().any(char::is_control) {
            return Err(error("a scope has control characters", hint));
        }
        all.extend(scopes::parse(text).map_err(|what| error(what, hint))?);
    }
    all.sort();
    all.dedup();
    Ok(all)
}

fn max_rows_written(wish: &Wish, role: Option<&GrantRole>) -> Result<Option<u64>, WishError> {
    let most = role.and_then(|role| role.max_rows_written);
    match (wish.max_rows_written, most) {
        // As many as the store can keep.
        (Some(rows), _) if i64::try_from(rows).is_err() => {
            let what = format!("{rows} rows written are not possible");
            Err(error(what, "write a number of rows, or 0 for any number"))
        }
        (Some(rows), Some(most)) if most > 0 && (rows == 0 || rows > most) => {
            let name = role.map(|role| role.name.as_str()).unwrap_or_default();
            Err(error(
                format!("role \"{name}\" may write at most {most} rows by one statement"),
                format!("write --max-rows-written with a number from 1 to {most}"),
            ))
        }
        (None, most) => Ok(most),
        (rows, _) => Ok(rows),
    }
}

fn clients(wish: &Wish) -> Result<Vec<Cidr>, WishError> {
    if wish.client_cidrs.len() > CLIENTS_MAX {
        let what = format!("a grant has at most {CLIENTS_MAX} networks of clients");
        return Err(error(what, "name a larger network: --client-cidr 10.1.0.0/16"));
    }
    let parse = |text: &String| {
        text.parse().map_err(|why| {
            error(
                format!("\"{}\" is not a network: {why}", text.escape_debug()),
                "write where clients connect from: --client-cidr 10.1.0.0/16",
            )
        })
    };
    wish.client_cidrs.iter().map(parse).collect()
}

fn uses(wish: &Wish) -> Result<Option<u32>, WishError> {
    match wish.uses {
        None => Ok(None),
        Some(uses) => match u32::try_from(uses) {
            Ok(uses) if (1..=USES_MAX).contains(&uses) => Ok(Some(uses)),
            _ => Err(error(
                format!("{uses} uses are not possible"),
                format!("write a number from 1 to {USES_MAX}: --uses 1"),
            )),
        },
    }
}

fn not_before(wish: &Wish, now: i64) -> Result<Option<i64>, WishError> {
    let Some(text) = &wish.not_before else { return Ok(None) };
    let hint = "write a time of the next 30 days in UTC: --not-before 2026-11-20T22:00:00Z";
    let time: jiff::Timestamp = text
        .parse()
        .map_err(|_| error(format!("\"{}\" is not a time", text.escape_debug()), hint))?;
    let time = time.as_microsecond();
    if time <= now {
        return Err(error(format!("{text} is over"), "leave out --not-before: it holds from now"));
    }
    if time > now.saturating_add(micros(AHEAD_MAX)) {
        return Err(error(format!("{text} is too far away"), hint));
    }
    Ok(Some(time))
}

fn end_when_idle(wish: &Wish, longest: Duration) -> Result<Option<i64>, WishError> {
    let Some(text) = &wish.end_when_idle else { return Ok(None) };
    let hint =
        format!("write a duration from 1s to {}: --end-when-idle 15m", format_duration(longest));
    let idle = parse_duration(text)
        .map_err(|why| error(format!("\"{text}\" is not a duration: {why}"), hint.clone()))?;
    if idle < Duration::from_secs(1) || idle > longest {
        return Err(error(format!("{text} idle is too short, or longer than the grant"), hint));
    }
    Ok(Some(micros(idle)))
}

/// Saturates where no grant gets to.
fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
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
#[path = "rules_tests.rs"]
mod tests;
