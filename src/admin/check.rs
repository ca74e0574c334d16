//! `pgward check`: what would become of a statement, under a grant or under scopes that somebody
//! has in mind. The statement is sent to no database, and nothing is put on record; the database is
//! asked whether it could give the scopes.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::task::spawn_blocking;

use super::clerk::{Clerk, ClerkError};
use super::names;
use crate::base::GrantId;
use crate::config::{Config, nearest};
use crate::grants::terms::{caps, row_caps};
use crate::grants::{Grant, WishError, scopes};
use crate::policy::explain::{Explanation, Seen, explain};
use crate::policy::{Case, JudgeSource, Scope, Terms, Verdict};

/// Stack of the thread that judges: PostgreSQL's grammar recurses on nested expressions.
const STACK_BYTES: usize = 64 * 1024 * 1024;

/// Body of `POST /v1/check`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckWish {
    /// The text of a Query.
    pub sql: String,
    /// Judge it under this grant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<GrantId>,
    /// Or under these scopes; none is a read grant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// And for this database; may be left out where there is one only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
}

/// What would become of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CheckView {
    /// `allowed` or `refused`.
    pub verdict: String,
    /// The rule that decides.
    pub rule: String,
    /// As on the wire; null when it is allowed.
    pub sqlstate: Option<String>,
    /// What a client would be told, as on the wire.
    pub message: Option<String>,
    /// The same.
    pub detail: Option<String>,
    /// The same.
    pub hint: Option<String>,
    /// The scopes that would allow it, blanks between; null when none is missing or would help.
    pub scope: Option<String>,
    /// What both readers saw.
    pub facts: Value,
    /// Why there could be no such session, whatever the verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
}

impl Clerk {
    /// Judges a text as a session would.
    ///
    /// # Errors
    /// When the grant, the scopes or the database don't exist, or the catalogue isn't loaded.
    pub async fn check(&self, wish: CheckWish) -> Result<CheckView, ClerkError> {
        let config = self.config.load_full();
        let grant = match wish.grant {
            None => None,
            Some(id) => {
                let ledger = Arc::clone(&self.ledger);
                let found = spawn_blocking(move || ledger.find(id)).await??;
                Some(found.ok_or(ClerkError::NoGrant(id))?)
            }
        };
        let database = match (&grant, wish.database) {
            (Some(grant), _) => grant.database.clone(),
            (None, wanted) => database(wanted, &config)?,
        };
        if !self.catalogues.is_loaded(&database) {
            return Err(ClerkError::Wish(WishError {
                what: format!("the catalogue of database \"{database}\" is not loaded yet"),
                hint: "the server's log says what keeps it from its control connection".into(),
            }));
        }
        let catalogue = self.catalogues.get(&database);
        let now = (self.clock)();
        let mut wanted: Vec<Scope> = Vec::new();
        for text in &wish.scopes {
            let hint = "write verbs and table: --scope insert,update:public.orders".to_owned();
            wanted.extend(scopes::parse(text).map_err(|what| WishError { what, hint })?);
        }
        names::check(&wanted, &catalogue)?;
        let terms = terms(grant.as_ref(), wanted, &database, &config, now);
        let warning = self.may_give(&database, &terms.scopes, false).await?;
        let settings = JudgeSource::settings(&*self.catalogues);
        let (answer, result) = tokio::sync::oneshot::channel();
        let work = move || {
            let case = Case {
                text: wish.sql.as_bytes(),
                parameter_types: &[],
                terms: &terms,
                utf8: true,
                wall: now,
            };
            let _ = answer.send(view(&explain(&case, &catalogue, &settings)));
        };
        let thread = std::thread::Builder::new().name("check".into()).stack_size(STACK_BYTES);
        let broken = || WishError {
            what: "the statement could not be judged".into(),
            hint: "the server's log says more".into(),
        };
        thread.spawn(work).map_err(|_| broken())?;
        let view: CheckView = result.await.map_err(|_| broken())?;
        Ok(CheckView { warning, ..view })
    }
}

fn database(wanted: Option<String>, config: &Config) -> Result<String, WishError> {
    let known = &config.databases;
    let names = || known.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
    match wanted {
        Some(name) if known.contains_key(&name) => Ok(name),
        Some(name) => {
            let hint = nearest(&name, known.keys().map(String::as_str)).map_or_else(
                || format!("configured: {}", names()),
                |near| format!("did you mean \"{near}\"?"),
            );
            Err(WishError { what: format!("database \"{name}\" is not configured"), hint })
        }
        None => match (known.keys().next(), known.len()) {
            (Some(only), 1) => Ok(only.clone()),
            _ => Err(WishError {
                what: "more than one database is configured".into(),
                hint: format!("say which: --database NAME; configured: {}", names()),
            }),
        },
    }
}

/// The terms of a session under the grant, or under a grant that somebody has in mind.
fn terms(
    grant: Option<&Grant>,
    scopes: Vec<Scope>,
    database: &str,
    config: &Config,
    now: i64,
) -> Terms {
    let ttl = i64::try_from(config.policy.default_ttl.as_micros()).unwrap_or(0);
    Terms {
        grant: grant.map_or_else(|| GrantId::IMAGINED, |grant| grant.id),
        user: grant.map_or("USER", |grant| &grant.user).into(),
        database: database.into(),
        reason: grant.map_or("…", |grant| &grant.reason).into(),
        ticket: None,
        scopes: grant.map_or(scopes, |grant| grant.scopes.clone()).into(),
        expires_at: grant.map_or(now.saturating_add(ttl), |grant| grant.expires_at),
        // A session asks the server; this is where a writer's names lead by default.
        write_path: ["public".into()].into(),
        caps: caps(&config.limits),
        statement_bytes_max: config.limits.statement_bytes,
        row_caps: row_caps(&config.limits, grant.and_then(|grant| grant.max_rows_written)),
    }
}

fn view(explained: &Explanation) -> CheckView {
    let (refusal, notice) = match &explained.verdict {
        Verdict::Refuse(refusal) => (Some(refusal), None),
        Verdict::Replace { notice, .. } => (None, Some(notice)),
        Verdict::Pass => (None, None),
    };
    let message = refusal.map(|r| &r.message).or(notice.map(|n| &n.message));
    let detail = refusal.and_then(|r| r.detail.as_ref()).or(notice.and_then(|n| n.detail.as_ref()));
    let hint = refusal.and_then(|r| r.hint.as_ref()).or(notice.and_then(|n| n.hint.as_ref()));
    let verdict = if refusal.is_some() { "refused" } else { "allowed" };
    CheckView {
        verdict: verdict.to_owned(),
        rule: explained.rule.to_owned(),
        sqlstate: refusal.map(|refusal| refusal.sqlstate.code().to_owned()),
        message: message.map(ToString::to_string),
        detail: detail.map(ToString::to_string),
        hint: hint.map(ToString::to_string),
        scope: (!explained.scopes.is_empty()).then(|| explained.scopes.join(" ")),
        facts: facts(&explained.facts, &explained.second),
        warning: None,
    }
}

fn facts(read: &Result<Vec<Seen>, String>, second: &str) -> Value {
    let first = match read {
        Ok(statements) => Value::from(statements.iter().map(statement).collect::<Vec<_>>()),
        Err(why) => json!({ "error": why }),
    };
    json!({ "postgresql": first, "sqlparser": second })
}

fn statement(seen: &Seen) -> Value {
    json!({
        "operation": seen.operation,
        "reads": seen.reads,
        "writes": seen.writes,
        "calls": seen.calls,
        "types": seen.types,
        "operators": seen.operators,
        "settings": seen.settings,
        "creates": seen.creates,
        "defines": seen.defines,
        "row_locks": seen.row_locks,
        "every_row": seen.every_row,
    })
}
