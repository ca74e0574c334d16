//! Records that are no statement's: sessions, logins, grants, configuration, and the reading of
//! the audit itself. Admin actions carry their `actor`.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use super::context::{self, SessionContext};
use super::json::{self, key};
use super::stream::{Log, Stream, Unwritable};
use super::time::rfc3339;
use crate::base::{GrantId, Moment, SessionId};

/// Problems of a configuration on record, at most.
const PROBLEMS_MAX: usize = 100;

/// Longest text that an operator gave on record, bytes.
pub(super) const TEXT_BYTES_MAX: usize = 4 * 1024;

/// A record that is no statement's.
#[derive(Debug, Clone, Copy)]
pub enum Record<'a> {
    /// `session.start`: before the client's first ReadyForQuery.
    SessionStart(&'a SessionContext),
    /// `session.end`: exactly one for each start.
    SessionEnd(SessionEnd<'a>),
    /// `auth.failed`: every login that did not become a session.
    AuthFailed(AuthFailed<'a>),
    /// `grant.…`: a grant was made, changed or ended.
    Grant(GrantChange<'a>),
    /// `session.kill`: an operator ended a session (its own `session.end` follows).
    SessionKill {
        /// Who.
        actor: &'a str,
        /// Whose session.
        session: SessionId,
        /// The grant that it is on.
        grant: Option<GrantId>,
    },
    /// `operator.…`: somebody may operate this server, or may no longer.
    Operator {
        /// Made, or removed.
        created: bool,
        /// Who did it.
        actor: &'a str,
        /// Whose operator, and what they may do.
        detail: &'a str,
    },
    /// `config.reloaded`: the configuration was read again.
    ConfigReloaded {
        /// Who asked for it; `None` for SIGHUP.
        actor: Option<&'a str>,
        /// Why it was not taken; empty when it was.
        problems: &'a [String],
    },
    /// `audit.read`: somebody looked at the record.
    AuditRead {
        /// Who.
        actor: &'a str,
        /// What was asked for, in the command's words.
        detail: &'a str,
    },
}

/// How a session ended.
#[derive(Debug, Clone, Copy)]
pub struct SessionEnd<'a> {
    /// The session.
    pub session: &'a SessionContext,
    /// Why, as one word: `client_terminated`, `expired`, `revoked`.
    pub end_reason: &'a str,
    /// More about it, where there is more.
    pub detail: Option<&'a str>,
    /// The SQLSTATE the client was told, where it was told one.
    pub sqlstate: Option<&'a str>,
    /// From the login's end, microseconds.
    pub duration_us: u64,
    /// Statements judged.
    pub statements: u64,
}

/// A login that did not become a session.
#[derive(Debug, Clone, Copy)]
pub struct AuthFailed<'a> {
    /// The true cause as one word, which the client is not told: `unknown_user`, `bad_proof`.
    pub cause: &'a str,
    /// The name that the client gave; it proved nothing.
    pub user: Option<&'a str>,
    /// The grant, where one was proved or named.
    pub grant: Option<GrantId>,
    /// The database that the client asked for.
    pub database: Option<&'a str>,
    /// Where the client connects from.
    pub client: Option<SocketAddr>,
    /// As the client named itself.
    pub application_name: Option<&'a str>,
    /// More about the cause.
    pub detail: Option<&'a str>,
}

/// What happened to a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantEvent {
    /// `grant.created`
    Created,
    /// `grant.requested`
    Requested,
    /// `grant.approved`
    Approved,
    /// `grant.denied`
    Denied,
    /// `grant.redeemed`
    Redeemed,
    /// `grant.extended`
    Extended,
    /// `grant.rotated`
    Rotated,
    /// `grant.released`
    Released,
    /// `grant.expired`
    Expired,
    /// `grant.revoked`
    Revoked,
    /// `grant.exhausted`
    Exhausted,
    /// `grant.cancelled`
    Cancelled,
    /// `grant.break_glass`
    BreakGlass,
    /// `grant.reviewed`
    Reviewed,
}

/// A grant was made, changed or ended.
#[derive(Debug, Clone, Copy)]
pub struct GrantChange<'a> {
    /// What happened.
    pub event: GrantEvent,
    /// Who did it; `None` where time did.
    pub actor: Option<&'a str>,
    /// The grant.
    pub grant: GrantId,
    /// Whose it is.
    pub user: &'a str,
    /// Why access was granted.
    pub reason: &'a str,
    /// Its ticket.
    pub ticket: Option<&'a str>,
    /// Its scopes as written.
    pub scopes: &'a [String],
    /// Who approved it.
    pub approvers: &'a [String],
    /// When it ends, microseconds since 1970-01-01T00:00:00Z; `None` for a request.
    pub expires_at: Option<i64>,
    /// It was taken without asking anybody.
    pub break_glass: bool,
    /// The database's name in the configuration.
    pub database: &'a str,
    /// Why it was changed or ended, in words.
    pub detail: Option<&'a str>,
}

/// The stream of the admin side: shared between its tasks, written at once.
#[derive(Debug)]
pub struct AdminStream(Mutex<Stream>);

impl AdminStream {
    /// The stream `admin` of `log`.
    #[must_use]
    pub fn new(log: Arc<Log>) -> Self {
        Self::named(log, "admin")
    }

    /// A stream of `log` by another name.
    #[must_use]
    pub fn named(log: Arc<Log>, name: &str) -> Self {
        Self(Mutex::new(Stream::new(log, name)))
    }

    /// Writes a record; on an error it counts as not written and is forgotten: the caller does
    /// not do what it tells of.
    ///
    /// # Errors
    /// [`Unwritable`] with the cause.
    pub fn record(&self, record: &Record<'_>, now: Moment) -> Result<(), Unwritable> {
        let mut stream = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mark = stream.mark();
        stream.add_record(record, now);
        stream.commit().inspect_err(|_| stream.rollback(mark))
    }

    /// Writes a record, now or with the next one that can be written: for acts that end access,
    /// which must not wait for a disk. The record is kept until then.
    ///
    /// # Errors
    /// [`Unwritable`] when it is not written yet.
    pub fn record_soon(&self, record: &Record<'_>, now: Moment) -> Result<(), Unwritable> {
        let mut stream = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        stream.add_record(record, now);
        stream.commit()
    }

    /// Writes what waits; to be called now and then.
    ///
    /// # Errors
    /// [`Unwritable`] when it still cannot be written.
    pub fn flush(&self) -> Result<(), Unwritable> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).commit()
    }

    /// Records written, for `pgward_audit_records_total`.
    #[must_use]
    pub fn records_written(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).records_written()
    }
}

impl Record<'_> {
    /// The record's `event`.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::SessionStart(_) => "session.start",
            Self::SessionEnd(_) => "session.end",
            Self::AuthFailed(_) => "auth.failed",
            Self::Grant(change) => change.event.name(),
            Self::SessionKill { .. } => "session.kill",
            Self::Operator { created: true, .. } => "operator.created",
            Self::Operator { created: false, .. } => "operator.removed",
            Self::ConfigReloaded { .. } => "config.reloaded",
            Self::AuditRead { .. } => "audit.read",
        }
    }

    /// The record's keys after `event`.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::SessionStart(session) => {
                out.extend_from_slice(session.id());
                out.extend_from_slice(session.full());
            }
            Self::SessionEnd(end) => end.write(out),
            Self::AuthFailed(failed) => failed.write(out),
            Self::Grant(change) => change.write(out),
            Self::SessionKill { actor, session, grant } => {
                json::word(out, key!("session_id"), &session.to_string());
                if let Some(grant) = grant {
                    json::word(out, key!("grant_id"), &grant.to_string());
                }
                json::text(out, key!("actor"), actor);
            }
            Self::ConfigReloaded { actor, problems } => {
                if let Some(actor) = actor {
                    json::text(out, key!("actor"), actor);
                }
                let result = if problems.is_empty() { "applied" } else { "rejected" };
                json::word(out, key!("result"), result);
                let kept = problems.iter().take(PROBLEMS_MAX).map(String::as_str);
                json::list(out, key!("problems"), kept);
            }
            Self::AuditRead { actor, detail } | Self::Operator { actor, detail, .. } => {
                json::text(out, key!("actor"), actor);
                bounded(out, key!("detail"), detail);
            }
        }
    }
}

impl SessionEnd<'_> {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.session.id());
        out.extend_from_slice(self.session.full());
        if let Some(detail) = self.detail {
            bounded(out, key!("detail"), detail);
        }
        json::text(out, key!("end_reason"), self.end_reason);
        json::number(out, key!("duration_us"), self.duration_us);
        json::number(out, key!("statements"), self.statements);
        if let Some(sqlstate) = self.sqlstate {
            json::text(out, key!("sqlstate"), sqlstate);
        }
    }
}

impl AuthFailed<'_> {
    fn write(&self, out: &mut Vec<u8>) {
        if let Some(user) = self.user {
            context::claimed(out, key!("user"), user);
        }
        if let Some(grant) = self.grant {
            json::word(out, key!("grant_id"), &grant.to_string());
        }
        context::client(out, self.client);
        if let Some(name) = self.application_name {
            context::claimed(out, key!("application_name"), name);
        }
        if let Some(database) = self.database {
            context::claimed(out, key!("database"), database);
        }
        json::text(out, key!("cause"), self.cause);
        if let Some(detail) = self.detail {
            bounded(out, key!("detail"), detail);
        }
    }
}

impl GrantEvent {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::Created,
        Self::Requested,
        Self::Approved,
        Self::Denied,
        Self::Redeemed,
        Self::Extended,
        Self::Rotated,
        Self::Released,
        Self::Expired,
        Self::Revoked,
        Self::Exhausted,
        Self::Cancelled,
        Self::BreakGlass,
        Self::Reviewed,
    ];

    /// The record's `event`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Created => "grant.created",
            Self::Requested => "grant.requested",
            Self::Approved => "grant.approved",
            Self::Denied => "grant.denied",
            Self::Redeemed => "grant.redeemed",
            Self::Extended => "grant.extended",
            Self::Rotated => "grant.rotated",
            Self::Released => "grant.released",
            Self::Expired => "grant.expired",
            Self::Revoked => "grant.revoked",
            Self::Exhausted => "grant.exhausted",
            Self::Cancelled => "grant.cancelled",
            Self::BreakGlass => "grant.break_glass",
            Self::Reviewed => "grant.reviewed",
        }
    }

    /// The event of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.name() == name)
    }
}

impl GrantChange<'_> {
    fn write(&self, out: &mut Vec<u8>) {
        if let Some(actor) = self.actor {
            json::text(out, key!("actor"), actor);
        }
        json::text(out, key!("user"), self.user);
        json::word(out, key!("grant_id"), &self.grant.to_string());
        json::text(out, key!("reason"), self.reason);
        if let Some(ticket) = self.ticket {
            json::text(out, key!("ticket"), ticket);
        }
        json::list(out, key!("approvers"), self.approvers.iter().map(String::as_str));
        json::list(out, key!("scopes"), self.scopes.iter().map(String::as_str));
        if let Some(expires_at) = self.expires_at {
            json::word(out, key!("expires_at"), &rfc3339(expires_at));
        }
        if self.break_glass {
            json::truth(out, key!("break_glass"));
        }
        json::text(out, key!("database"), self.database);
        if let Some(detail) = self.detail {
            bounded(out, key!("detail"), detail);
        }
    }
}

fn bounded(out: &mut Vec<u8>, key: &[u8], text: &str) {
    json::text(out, key, json::cut(text.as_bytes(), TEXT_BYTES_MAX));
}
