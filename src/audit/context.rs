//! What every record of one session carries: gathered once at login, serialised once.

use std::net::SocketAddr;

use super::json::{self, key};
use super::time::rfc3339;
use crate::base::{GrantId, SessionId};

/// Longest name that a client chose for itself on record, bytes (PostgreSQL keeps 63).
const CLIENT_TEXT_MAX: usize = 256;

/// Who, why, where to and until when, for [`SessionContext::new`].
#[derive(Debug, Clone, Copy)]
pub struct SessionFacts<'a> {
    /// The session.
    pub session: SessionId,
    /// The person.
    pub user: &'a str,
    /// The grant that was proved.
    pub grant: GrantId,
    /// Why access was granted.
    pub reason: &'a str,
    /// Its ticket.
    pub ticket: Option<&'a str>,
    /// Who approved it.
    pub approvers: &'a [String],
    /// It was taken without asking anybody.
    pub break_glass: bool,
    /// Its scopes as written; empty for a read grant.
    pub scopes: &'a [String],
    /// When it ends, microseconds since 1970-01-01T00:00:00Z.
    pub expires_at: i64,
    /// How the token was proved: `scram-sha-256`, `scram-sha-256-plus`, `password`.
    pub auth_method: &'a str,
    /// Where the client connects from; `None` on a Unix socket.
    pub client: Option<SocketAddr>,
    /// As the client named itself at startup.
    pub application_name: Option<&'a str>,
    /// The database's name in the configuration.
    pub database: &'a str,
    /// The upstream: `host:port`.
    pub server_addr: Option<&'a str>,
    /// The upstream role.
    pub db_user: &'a str,
    /// The upstream backend.
    pub backend_pid: Option<u32>,
}

/// What every record of one session carries; made once at login, serialised once. One piece of
/// memory: of an idle session, each further one is fetched anew for every statement.
#[derive(Debug, Clone)]
pub struct SessionContext {
    text: Box<[u8]>,
    /// Where [`SessionContext::full`] begins, then [`SessionContext::short`].
    full_at: usize,
    short_at: usize,
}

impl SessionContext {
    /// Serialises the facts.
    #[must_use]
    pub fn new(facts: &SessionFacts<'_>) -> Self {
        let mut text = Vec::with_capacity(1_024);
        json::word(&mut text, key!("session_id"), &facts.session.to_string());
        let full_at = text.len();
        full(&mut text, facts);
        let short_at = text.len();
        short(&mut text, facts);
        Self { text: text.into(), full_at, short_at }
    }

    /// `,"session_id":"s_…"`
    pub(super) fn id(&self) -> &[u8] {
        self.text.get(..self.full_at).unwrap_or_default()
    }

    /// Everything else, for decisions and the session's start and end.
    pub(super) fn full(&self) -> &[u8] {
        self.text.get(self.full_at..self.short_at).unwrap_or_default()
    }

    /// Who and why, for what follows a decision that has the rest.
    pub(super) fn short(&self) -> &[u8] {
        self.text.get(self.short_at..).unwrap_or_default()
    }
}

fn full(out: &mut Vec<u8>, facts: &SessionFacts<'_>) {
    json::text(out, key!("user"), facts.user);
    json::word(out, key!("grant_id"), &facts.grant.to_string());
    json::text(out, key!("reason"), facts.reason);
    if let Some(ticket) = facts.ticket {
        json::text(out, key!("ticket"), ticket);
    }
    json::list(out, key!("approvers"), facts.approvers.iter().map(String::as_str));
    if facts.break_glass {
        json::truth(out, key!("break_glass"));
    }
    json::list(out, key!("scopes"), facts.scopes.iter().map(String::as_str));
    json::word(out, key!("expires_at"), &rfc3339(facts.expires_at));
    json::text(out, key!("auth_method"), facts.auth_method);
    client(out, facts.client);
    if let Some(name) = facts.application_name {
        json::text(out, key!("application_name"), json::cut(name.as_bytes(), CLIENT_TEXT_MAX));
    }
    json::text(out, key!("database"), facts.database);
    if let Some(address) = facts.server_addr {
        json::text(out, key!("server_addr"), address);
    }
    json::text(out, key!("db_user"), facts.db_user);
    if let Some(pid) = facts.backend_pid {
        json::number(out, key!("backend_pid"), u64::from(pid));
    }
}

fn short(out: &mut Vec<u8>, facts: &SessionFacts<'_>) {
    json::text(out, key!("user"), facts.user);
    json::word(out, key!("grant_id"), &facts.grant.to_string());
    json::text(out, key!("reason"), facts.reason);
    json::text(out, key!("database"), facts.database);
}

/// `client_addr` and `client_port`.
pub(super) fn client(out: &mut Vec<u8>, address: Option<SocketAddr>) {
    if let Some(address) = address {
        json::word(out, key!("client_addr"), &address.ip().to_canonical().to_string());
        json::number(out, key!("client_port"), u64::from(address.port()));
    }
}

/// A text that a client sent before it proved anything, cut to what is worth keeping.
pub(super) fn claimed(out: &mut Vec<u8>, key: &[u8], text: &str) {
    json::text(out, key, json::cut(text.as_bytes(), CLIENT_TEXT_MAX));
}
