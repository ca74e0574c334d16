//! What is asked for, and whether a line is it.

use std::borrow::Cow;

use memchr::memmem::Finder;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::needles::{self, Needle};
use crate::audit::time::{compact, rfc3339};
use crate::base::{GrantId, SessionId};

/// How far a record may lie from the time in its file's name, microseconds: what waited while
/// the log could not be written stands in a later file, and clocks are set.
const MARGIN_US: i64 = 3_600_000_000;

/// What is asked for; everything that is named must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// Of this grant.
    pub grant: Option<GrantId>,
    /// Of this session.
    pub session: Option<SessionId>,
    /// Of this person.
    pub user: Option<String>,
    /// In this database, by its name in the configuration.
    pub database: Option<String>,
    /// Not before, microseconds since 1970.
    pub since: Option<i64>,
    /// Before, microseconds since 1970.
    pub until: Option<i64>,
    /// Statements that name this relation: `orders`, or `public.orders`.
    pub table: Option<String>,
    /// Statements of this command: `UPDATE`; `CREATE` also means `CREATE TABLE`.
    pub operation: Option<String>,
    /// Statements decided so.
    pub decision: Option<Decided>,
    /// Decided by this rule.
    pub rule: Option<String>,
    /// With this in its statement, parameters, error or detail, whatever its case.
    pub text: Option<String>,
    /// Statements that returned or changed more rows than that.
    pub rows_over: Option<u64>,
    /// What ended with an error: statements refused or failed, sessions, logins.
    pub errors: bool,
}

/// How a statement was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decided {
    /// It was forwarded.
    Allowed,
    /// It was not.
    Refused,
}

impl Decided {
    /// The word on record.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Refused => "refused",
        }
    }
}

/// A filter made ready.
#[derive(Debug)]
pub(super) struct Compiled<'f> {
    filter: &'f Filter,
    /// All of these stand in a line that fits.
    pairs: Vec<Finder<'static>>,
    /// One of these does, where there are any.
    operations: Vec<Finder<'static>>,
    /// Ends of names in `objects`.
    table: Option<(Finder<'static>, Vec<String>)>,
    text: Option<Needle>,
    since: Option<String>,
    until: Option<String>,
}

/// Texts of a record in which `text` is looked for.
#[derive(Deserialize)]
struct Texts<'a> {
    #[serde(borrow)]
    query: Option<Cow<'a, str>>,
    params: Option<Vec<Value>>,
    error: Option<Cow<'a, str>>,
    detail: Option<Cow<'a, str>>,
}

impl<'f> Compiled<'f> {
    pub(super) fn new(filter: &'f Filter) -> Self {
        let mut pairs = Vec::new();
        let decision = filter.decision.map(Decided::word);
        for (key, value) in [
            ("grant_id", filter.grant.map(|id| id.to_string())),
            ("session_id", filter.session.map(|id| id.to_string())),
            ("decision", decision.map(str::to_owned)),
            ("rule", filter.rule.clone()),
            ("user", filter.user.clone()),
            ("database", filter.database.clone()),
        ] {
            pairs.extend(value.map(|value| needles::pair(key, &value)));
        }
        let operations = filter.operation.as_deref().map_or_else(Vec::new, |operation| {
            let operation = operation.to_ascii_uppercase();
            // The command alone, or with what it is about behind it.
            let prefix = format!("\"operation\":\"{operation} ");
            vec![needles::pair("operation", &operation), Finder::new(&prefix).into_owned()]
        });
        Self {
            filter,
            pairs,
            operations,
            table: filter.table.as_deref().map(table),
            text: filter.text.as_deref().map(Needle::new),
            since: filter.since.map(rfc3339),
            until: filter.until.map(rfc3339),
        }
    }

    /// Whether what came of a statement was asked for.
    pub(super) const fn asks_outcome(&self) -> bool {
        self.filter.errors || self.filter.rows_over.is_some()
    }

    /// Whether no record of a file can be of the time that was asked for. `before` is when the
    /// file before it was set aside, `time` when itself was; `None`: it is the first, the live
    /// one.
    pub(super) fn is_outside(&self, before: Option<&str>, time: Option<&str>) -> bool {
        let too_old =
            self.filter.since.zip(time).is_some_and(|(since, time)| {
                time < compact(since.saturating_sub(MARGIN_US)).as_str()
            });
        let too_young = self.filter.until.zip(before).is_some_and(|(until, before)| {
            before > compact(until.saturating_add(MARGIN_US)).as_str()
        });
        too_old || too_young
    }

    /// Whether a line fits, as far as it says itself.
    pub(super) fn fits(&self, line: &[u8]) -> bool {
        self.pairs.iter().all(|pair| pair.find(line).is_some())
            && (self.operations.is_empty()
                || self.operations.iter().any(|operation| operation.find(line).is_some()))
            && self.text.as_ref().is_none_or(|text| text.may_be_in(line))
            && self.time_fits(line)
            && self.table_fits(line)
            && self.text_fits(line)
    }

    fn time_fits(&self, line: &[u8]) -> bool {
        if self.since.is_none() && self.until.is_none() {
            return true;
        }
        // Written the same way, times are in the order of their texts.
        let Some(time) = needles::time(line) else { return false };
        self.since.as_ref().is_none_or(|since| time >= since.as_bytes())
            && self.until.as_ref().is_none_or(|until| time < until.as_bytes())
    }

    fn table_fits(&self, line: &[u8]) -> bool {
        let Some((end, names)) = &self.table else { return true };
        if end.find(line).is_none() {
            return false;
        }
        let Some(list) = needles::after(line, b"\"objects\":") else { return false };
        let mut values =
            serde_json::Deserializer::from_slice(list).into_iter::<Vec<Cow<'_, str>>>();
        let Some(Ok(objects)) = values.next() else { return false };
        objects.iter().any(|object| {
            names.iter().any(|name| object == name)
                || names.first().is_some_and(|name| {
                    object.strip_suffix(name.as_str()).is_some_and(|schema| schema.ends_with('.'))
                })
        })
    }

    fn text_fits(&self, line: &[u8]) -> bool {
        let Some(needle) = &self.text else { return true };
        let Ok(texts) = serde_json::from_slice::<Texts<'_>>(line) else { return false };
        let found = |text: &Option<Cow<'_, str>>| text.as_ref().is_some_and(|t| needle.is_in(t));
        found(&texts.query)
            || found(&texts.error)
            || found(&texts.detail)
            || texts.params.iter().flatten().any(|value| match value {
                Value::String(text) => needle.is_in(text),
                other => {
                    other.get("text").and_then(Value::as_str).is_some_and(|text| needle.is_in(text))
                }
            })
    }

    /// Whether what came of it is what was asked for, as this line says.
    pub(super) fn outcome_fits(&self, line: &[u8]) -> bool {
        let rows = || {
            let count = |key: &[u8]| needles::number(line, key);
            count(b"\"rows_returned\":").max(count(b"\"rows_affected\":"))
        };
        let over = self.filter.rows_over.is_none_or(|limit| rows().is_some_and(|n| n > limit));
        over && (!self.filter.errors || is_error(line))
    }
}

/// Whether a record is of something that went wrong.
fn is_error(line: &[u8]) -> bool {
    needles::after(line, b"\"sqlstate\":\"").is_some()
        || ["failed", "cancelled", "unknown"]
            .contains(&needles::text(line, b"\"outcome\":\"").unwrap_or_default())
        || needles::text(line, b"\"event\":\"") == Some("auth.failed")
}

/// How a name of `objects` may be written that means `table`: the first with or without a
/// schema before it. A record of an unqualified name may mean the one that is asked for.
fn table(table: &str) -> (Finder<'static>, Vec<String>) {
    let name = table.rsplit_once('.').map(|(_, name)| name);
    let mut end = Vec::new();
    crate::audit::json::string(&mut end, name.unwrap_or(table).as_bytes());
    let end = end.get(1..).unwrap_or_default();
    let names = match name {
        None => vec![table.to_owned()],
        Some(name) => vec![table.to_owned(), name.to_owned()],
    };
    (Finder::new(end).into_owned(), names)
}
