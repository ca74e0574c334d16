//! What goes over the admin socket, as JSON: the server writes it, the commands read it and
//! print it unchanged with `-o json`.

use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::{GrantId, SessionId};
use crate::config::{Config, format_duration};
use crate::grants::{Grant, Signature, State, Usage, scopes};

/// Answer to `POST /v1/grants`: the only time that the token is shown.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CreatedGrant {
    /// The grant.
    pub id: GrantId,
    /// Its token.
    pub token: String,
    /// The person.
    pub user: String,
    /// The database's name in the configuration.
    pub database: String,
    /// Permissions beyond reading.
    pub scopes: Vec<String>,
    /// Why.
    pub reason: String,
    /// RFC 3339, UTC.
    pub expires_at: String,
    /// The command that connects; it asks for the token.
    pub psql: String,
    /// The line for `~/.pgpass`, with the token.
    pub pgpass: String,
    /// The URL for JDBC drivers, without the token.
    pub jdbc: String,
    /// What its holder should know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
}

/// A grant as `grant show` and `grant list` give it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GrantView {
    /// The grant.
    pub id: GrantId,
    /// The person.
    pub user: String,
    /// The database's name in the configuration.
    pub database: String,
    /// Permissions beyond reading.
    pub scopes: Vec<String>,
    /// Why.
    pub reason: String,
    /// The ticket that asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
    /// RFC 3339, UTC.
    pub expires_at: String,
    /// The command that connects.
    pub psql: String,
    /// The line for `~/.pgpass`, with a placeholder for the token.
    pub pgpass: String,
    /// The URL for JDBC drivers.
    pub jdbc: String,
    /// `pending`, `approved`, `active`, `expired`, `revoked`, `released`, `exhausted`, `denied`,
    /// `cancelled`.
    pub state: String,
    /// Why it ended; null while it is active.
    pub ended_because: Option<String>,
    /// RFC 3339, UTC.
    pub created_at: String,
    /// Who made it.
    pub created_by: String,
    /// Who approved it.
    pub approvers: Vec<String>,
    /// Live sessions now.
    pub sessions: usize,
    /// Rows that one statement may write, where the grant says (0: any number).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_rows_written: Option<u64>,
    /// Sessions at once.
    pub max_sessions: usize,
    /// The role that its scopes came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Networks that its clients come from; empty: any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub client_cidrs: Vec<String>,
    /// Not valid before; RFC 3339, UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<String>,
    /// Sessions that may ever begin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uses: Option<u32>,
    /// Of these, how many may still begin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uses_left: Option<u32>,
    /// It ends when no statement ran for that long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_when_idle: Option<String>,
    /// How long it lasts from the moment its token is made.
    pub ttl: String,
    /// How many must approve it.
    pub approvals_needed: u32,
    /// How often others were asked to approve something of it; who approves names the one that
    /// they have read.
    pub revision: u32,
    /// What is asked for beyond what was granted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extension: Option<ExtensionView>,
    /// Taken without asking anybody.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub break_glass: bool,
    /// Who has looked at that afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviewed_by: Option<String>,
    /// Sessions that ever began.
    pub sessions_begun: u64,
    /// When the last of them began; RFC 3339, UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<String>,
    /// What happened to it, in order; `grant show` has it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<HistoryView>,
}

/// More time or more scopes that wait for approvals.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ExtensionView {
    /// Who asks.
    pub by: String,
    /// How long the grant is to last from the approval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<String>,
    /// Scopes to be added.
    pub scopes: Vec<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How many must approve it.
    pub approvals_needed: u32,
    /// Who has.
    pub approvers: Vec<String>,
    /// When it is too late; RFC 3339, UTC.
    pub until: String,
}

/// One line of a grant's history.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct HistoryView {
    /// RFC 3339, UTC.
    pub at: String,
    /// As in the audit log.
    pub event: String,
    /// Who.
    pub actor: String,
    /// Why, or what.
    pub detail: String,
}

/// Answer to a step that shows no token.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Answered {
    /// What came of it, in words.
    pub summary: String,
    /// The grant as it is now.
    #[serde(flatten)]
    pub grant: GrantView,
}

/// Body of `POST /v1/grants/{id}/extend`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExtendWish {
    /// How long it is to last from now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<String>,
    /// Scopes to be added.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Body of `POST /v1/grants/{id}/approve`.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approving {
    /// The revision that was read: what was asked for later is not approved.
    pub revision: u32,
}

/// Body of `POST /v1/operators`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperatorWish {
    /// The name.
    pub name: String,
    /// `request`, `approve`, `administer`, `audit`, `break-glass`.
    pub may: Vec<String>,
}

/// Answer to `POST /v1/operators`: the only time that the token is shown.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CreatedOperator {
    /// The name.
    pub name: String,
    /// What they may do.
    pub may: Vec<String>,
    /// Their token.
    pub token: String,
}

/// An operator as `operator list` gives it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OperatorView {
    /// As on record: `os:dana`, `op:dana`.
    pub actor: String,
    /// What they may do.
    pub may: Vec<String>,
    /// Where they stand: `token`, `configuration`.
    pub by: String,
    /// RFC 3339, UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    /// Who made them one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<String>,
}

/// Answer to `POST /v1/operators/{name}/remove`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RemovedOperator {
    /// The name.
    pub name: String,
    /// Grants and requests that ended with it.
    pub grants: Vec<Revoked>,
    /// What was ended, in words.
    pub summary: String,
}

/// A live session as `session list` gives it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SessionView {
    /// The session.
    pub id: SessionId,
    /// Its grant.
    pub grant_id: GrantId,
    /// The person.
    pub user: String,
    /// The database's name in the configuration.
    pub database: String,
    /// Where the client connects from.
    pub client_addr: String,
    /// The upstream's backend, once there is one.
    pub backend_pid: Option<i32>,
    /// As in `pg_stat_activity.state`; `login` and `ending` before and after.
    pub state: String,
    /// RFC 3339, UTC.
    pub started_at: String,
    /// RFC 3339, UTC.
    pub expires_at: String,
    /// When it last began a statement, or logged in; RFC 3339, UTC.
    pub active_at: String,
    /// The start of the last statement.
    pub last_statement: Option<String>,
    /// Rows sent to the client so far.
    pub rows_returned: u64,
}

/// Body of `POST /v1/grants/{id}/revoke` and `POST /v1/sessions/{id}/kill`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Because {
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Body of `POST /v1/grants/revoke`: exactly one of `user`, `database`, `all`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevokeMany {
    /// Those of a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Those of a database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// All.
    #[serde(default)]
    pub all: bool,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// One grant after a revocation.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Revoked {
    /// The grant.
    pub id: GrantId,
    /// `revoked`, or what it had ended as before.
    pub state: String,
    /// Sessions that were ended.
    pub sessions_ended: usize,
    /// Of these, how many had a statement running.
    pub statements_cancelled: usize,
    /// What was ended, in words.
    pub summary: String,
    /// It had ended before, as `state` says.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub already_ended: bool,
    /// What didn't go as it should, and yet the grant has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
}

/// Answer to `POST /v1/grants/revoke`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RevokedMany {
    /// Every grant that was ended.
    pub grants: Vec<Revoked>,
    /// Sessions that were ended.
    pub sessions_ended: usize,
    /// Of these, how many had a statement running.
    pub statements_cancelled: usize,
    /// What was ended, in words.
    pub summary: String,
}

/// Answer to `POST /v1/sessions/{id}/kill`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Killed {
    /// The session.
    pub id: SessionId,
    /// Its grant, which is as it was.
    pub grant_id: GrantId,
    /// The person.
    pub user: String,
    /// The database's name in the configuration.
    pub database: String,
    /// `ended`.
    pub state: String,
    /// 1.
    pub sessions_ended: usize,
    /// 1 when a statement was running.
    pub statements_cancelled: usize,
    /// What was ended, in words.
    pub summary: String,
}

/// Any answer that isn't 2xx.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ErrorBody {
    /// What.
    pub error: String,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl CreatedGrant {
    /// The view of a grant that was just made.
    #[must_use]
    pub fn new(grant: &Grant, token: &str, config: &Config) -> Self {
        let way = Way::new(grant, config);
        Self {
            id: grant.id,
            token: token.to_owned(),
            user: grant.user.clone(),
            database: grant.database.clone(),
            scopes: grant.scopes.iter().map(scopes::text).collect(),
            reason: grant.reason.clone(),
            expires_at: time(grant.expires_at),
            psql: way.psql(),
            pgpass: way.pgpass(token),
            jdbc: way.jdbc(),
            warning: None,
        }
    }
}

impl GrantView {
    /// The view of a grant at `now` with that many live sessions.
    #[must_use]
    pub fn new(grant: &Grant, config: &Config, sessions: usize, usage: Usage, now: i64) -> Self {
        let way = Way::new(grant, config);
        let (state, life, conditions) = (grant.state_at(now), &grant.life, &grant.conditions);
        let late = (state == State::Expired).then(|| grant.lapsed());
        Self {
            id: grant.id,
            user: grant.user.clone(),
            database: grant.database.clone(),
            scopes: grant.scopes.iter().map(scopes::text).collect(),
            reason: grant.reason.clone(),
            ticket: grant.ticket.clone(),
            expires_at: time(grant.expires_at),
            psql: way.psql(),
            pgpass: way.pgpass("<token>"),
            jdbc: way.jdbc(),
            state: state.word().to_owned(),
            ended_because: grant.ended.as_ref().map(|ended| ended.because.clone()).or(late),
            created_at: time(grant.created_at),
            created_by: grant.created_by.clone(),
            approvers: signers(&life.approvals),
            sessions,
            max_rows_written: grant.max_rows_written,
            max_sessions: grant.max_sessions,
            role: conditions.role.clone(),
            client_cidrs: conditions.clients.iter().map(ToString::to_string).collect(),
            not_before: conditions.not_before.map(time),
            uses: conditions.uses,
            uses_left: life.uses_left,
            end_when_idle: conditions.end_when_idle.map(span),
            ttl: span(life.ttl),
            approvals_needed: life.needed,
            revision: life.asked,
            extension: grant.asked(now).map(|asked| ExtensionView {
                by: asked.by.clone(),
                ttl: asked.ttl.map(span),
                scopes: asked.scopes.clone(),
                reason: asked.reason.clone(),
                approvals_needed: asked.needed,
                approvers: signers(&asked.approvals),
                until: time(asked.until),
            }),
            break_glass: life.break_glass,
            reviewed_by: life.reviewed.as_ref().map(|one| one.by.clone()),
            sessions_begun: usage.sessions,
            last_used_at: (usage.sessions > 0).then(|| time(usage.last_at)),
            history: Vec::new(),
        }
    }
}

fn signers(approvals: &[Signature]) -> Vec<String> {
    approvals.iter().map(|one| one.by.clone()).collect()
}

/// Microseconds as people write durations.
fn span(micros: i64) -> String {
    format_duration(Duration::from_micros(u64::try_from(micros).unwrap_or(0)))
}

/// How a client connects with a grant.
struct Way<'a> {
    host: String,
    port: u16,
    database: &'a str,
    id: GrantId,
    tls: bool,
}

impl<'a> Way<'a> {
    fn new(grant: &'a Grant, config: &Config) -> Self {
        Self {
            host: host(config.listen.address.ip()),
            port: config.listen.address.port(),
            database: &grant.database,
            id: grant.id,
            tls: config.listen.tls.is_some(),
        }
    }

    fn psql(&self) -> String {
        let Self { host, port, database, id, tls } = self;
        let database = conninfo(database);
        let tls = if *tls { " sslmode=require" } else { "" };
        format!("psql \"host={host} port={port} dbname={database} user={id}{tls}\"")
    }

    fn pgpass(&self, token: &str) -> String {
        let escape = |text: &str| text.replace('\\', "\\\\").replace(':', "\\:");
        let (host, database) = (escape(&self.host), escape(self.database));
        format!("{host}:{}:{database}:{}:{token}", self.port, self.id)
    }

    fn jdbc(&self) -> String {
        let Self { host, port, database, id, tls } = self;
        let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
        let tls = if *tls { "&sslmode=require" } else { "" };
        format!("jdbc:postgresql://{host}:{port}/{}?user={id}{tls}", percent(database))
    }
}

/// Where clients find this server: the address it listens on, or the machine's name if it
/// listens on all of them.
fn host(address: IpAddr) -> String {
    if !address.is_unspecified() {
        return address.to_string();
    }
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim();
    if name.is_empty() { "localhost".to_owned() } else { name.to_owned() }
}

/// A value of a conninfo string inside double quotes of a shell.
fn conninfo(value: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    if !value.is_empty() && value.chars().all(plain) {
        return value.to_owned();
    }
    let mut quoted = String::from("'");
    for character in value.chars() {
        match character {
            // Once for conninfo, once for the shell's double quotes.
            '\'' => quoted.push_str("\\\\'"),
            '\\' => quoted.push_str("\\\\\\\\"),
            '"' | '$' | '`' => quoted.extend(['\\', character]),
            other => quoted.push(other),
        }
    }
    quoted.push('\'');
    quoted
}

fn percent(value: &str) -> String {
    let mut text = String::new();
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

/// Microseconds since the epoch as RFC 3339, UTC.
#[must_use]
pub fn time(micros: i64) -> String {
    jiff::Timestamp::from_microsecond(micros)
        .map_or_else(|_| "out of range".to_owned(), |timestamp| timestamp.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_need_quotes() {
        let cases = [
            ("app", "app", "app"),
            ("my db", "'my db'", "my%20db"),
            ("it's", "'it\\\\'s'", "it%27s"),
            ("a$b\"c`d", "'a\\$b\\\"c\\`d'", "a%24b%22c%60d"),
            ("a\\b", "'a\\\\\\\\b'", "a%5Cb"),
        ];
        for (name, shell, url) in cases {
            assert_eq!((conninfo(name).as_str(), percent(name).as_str()), (shell, url), "{name}");
        }
    }

    #[test]
    fn where_clients_find_the_server() {
        assert_eq!(host([127, 0, 0, 1].into()), "127.0.0.1");
        assert!(!host([0, 0, 0, 0].into()).is_empty());
        assert_eq!(time(1_800_000_000_123_456), "2027-01-15T08:00:00.123456Z");
    }
}
