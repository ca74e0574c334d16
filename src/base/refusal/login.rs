//! What a client may be told between connecting and ReadyForQuery, and when its session ends.
//!
//! Who has not proved a secret learns nothing: [`failed`] is the same for every cause.

use super::Refusal;
use super::policy::argument;
use crate::base::sqlstate as code;
use crate::base::{GrantId, Notice, SessionId};

/// Clear text where it is not served.
#[must_use]
pub fn plaintext_refused(tls_configured: bool) -> Refusal {
    let what = "pgward: connection without TLS refused";
    let refusal = Refusal::fatal("plaintext", code::INVALID_AUTHORIZATION, what)
        .detail("A token may cross the network only encrypted.");
    if tls_configured {
        refusal.hint("Connect with sslmode=verify-full (or at least sslmode=require).")
    } else {
        refusal.hint("Ask the operator to configure listen.tls, or connect from the same machine.")
    }
}

/// A StartupMessage whose names or values are not UTF-8.
#[must_use]
pub fn startup_not_utf8() -> Refusal {
    let what = "pgward: startup parameters must be UTF-8";
    Refusal::fatal("startup_encoding", code::CHARACTER_NOT_IN_REPERTOIRE, what)
        .hint("Check user, dbname and options of the connection string.")
}

/// `replication` in the StartupMessage.
#[must_use]
pub fn replication_refused() -> Refusal {
    let what = "pgward: replication connections are refused on every grant";
    Refusal::fatal("replication", code::FEATURE_NOT_SUPPORTED, what)
        .detail("Replication commands cannot be judged statement by statement.")
        .hint("Leave out the replication parameter, or connect to the database directly.")
}

/// No user name in the StartupMessage.
#[must_use]
pub fn no_user() -> Refusal {
    let what = "pgward: no user name in the startup message";
    Refusal::fatal("no_user", code::INVALID_AUTHORIZATION, what)
        .hint("Connect with user=<your name> or user=<grant id>.")
}

/// Every failure of a login by somebody who has not proved a secret: one text for all causes.
#[must_use]
pub fn failed(login: &str) -> Refusal {
    let what = format!("pgward: login failed for user \"{}\"", shown(login));
    Refusal::fatal("login_failed", code::INVALID_PASSWORD, what).hint(
        "The password is a grant's whole token (pgw_…, without spaces or line breaks around it), \
         the user is your name or the grant's id, and the database is the one the grant is for. \
         Tokens are shown once: pgward grant rotate replaces a lost one.",
    )
}

/// A grant that is over, as its holder is told.
#[derive(Debug, Clone, Copy)]
pub struct Over<'a> {
    /// Which one.
    pub grant: GrantId,
    /// Whose.
    pub user: &'a str,
    /// For which database.
    pub database: &'a str,
    /// Why it was granted.
    pub reason: &'a str,
    /// `expired`, `revoked`.
    pub how: &'a str,
    /// When, by whom and why: a sentence.
    pub because: &'a str,
}

impl Over<'_> {
    pub(super) fn hint(self) -> String {
        let (user, database) = (argument(self.user), argument(self.database));
        // As for who asks for themselves; who may administer may ask for others.
        let reason = argument(&super::policy::shown(self.reason));
        format!(
            "Ask for a new one: pgward grant request --user {user} --database {database} \
             --reason {reason}"
        )
    }
}

/// The grant that the token belongs to is over; told to who proved the token.
#[must_use]
pub fn grant_ended(over: Over<'_>) -> Refusal {
    let what = format!("pgward: grant {} is {}", over.grant, over.how);
    Refusal::fatal("grant_ended", code::INVALID_AUTHORIZATION, what)
        .detail(over.because)
        .hint(over.hint())
}

/// The grant is for another database; told to who proved the token.
#[must_use]
pub fn wrong_database(grant: GrantId, own: &str, asked: &str, named: bool) -> Refusal {
    let asked = shown(asked);
    let what = format!("pgward: grant {grant} is for database \"{own}\", not \"{asked}\"");
    let refusal = Refusal::fatal("wrong_database", code::INVALID_AUTHORIZATION, what);
    let refusal = if named {
        refusal
    } else {
        refusal.detail("No database was named, and clients then send the user name as database.")
    };
    refusal.hint(format!("Connect with dbname={own}."))
}

/// The grant's database is not in the configuration (any more).
#[must_use]
pub fn unknown_database(database: &str) -> Refusal {
    let what = format!("pgward: database \"{}\" is not served", shown(database));
    Refusal::fatal("unknown_database", code::INVALID_CATALOG_NAME, what).hint(format!(
        "Ask the operator to add [databases.{}] to the configuration.",
        shown(database)
    ))
}

/// Too many sessions on this pgward.
#[must_use]
pub fn too_many_sessions(limit: usize) -> Refusal {
    let what = "pgward: sorry, too many sessions already";
    Refusal::fatal("max_sessions", code::TOO_MANY_CONNECTIONS, what)
        .detail(format!("listen.max_sessions is {limit}."))
        .hint("Close a session that is not needed, or ask the operator to raise the limit.")
}

/// Too many sessions on one grant.
#[must_use]
pub fn too_many_sessions_of_grant(grant: GrantId, limit: usize) -> Refusal {
    let what = format!("pgward: grant {grant} has too many sessions already");
    Refusal::fatal("max_sessions_per_grant", code::TOO_MANY_CONNECTIONS, what)
        .detail(format!("It may have {limit} at once."))
        .hint("Close one of them; pgward session list shows them.")
}

/// The grant has write scopes, but no role is there to run them.
#[must_use]
pub fn no_writer(grant: GrantId, database: &str) -> Refusal {
    let what = format!("pgward: grant {grant} has write scopes, but its database has no writer");
    Refusal::fatal("no_writer", code::INVALID_AUTHORIZATION, what).hint(format!(
        "Ask the operator to run the SQL of pgward config setup-sql --database {database}."
    ))
}

/// The server did not make the role that would hold a session to the grant's scopes. `remedy` is
/// what it says would help: `as a DBA, in database app: GRANT …;`
#[must_use]
pub fn no_scope_role(grant: GrantId, database: &str, why: &str, remedy: Option<&str>) -> Refusal {
    let what = format!("pgward: the server gives no role for the scopes of grant {grant}");
    let first = match remedy {
        Some(remedy) => format!("What helps, {}", shown(remedy)),
        None => format!(
            "Show this to the operator of [databases.{database}] (pgward config check says more)."
        ),
    };
    Refusal::fatal("scope_role", code::INSUFFICIENT_PRIVILEGE, what).detail(shown(why)).hint(
        format!(
            "{first} A grant without that scope: pgward grant request --database {} --reason \"…\"",
            argument(database)
        ),
    )
}

/// Login took longer than `listen.login_timeout`.
#[must_use]
pub fn login_timeout(seconds: u64) -> Refusal {
    let what = "pgward: canceling authentication due to timeout";
    Refusal::fatal("login_timeout", code::QUERY_CANCELED, what)
        .detail(format!("listen.login_timeout is {seconds} s, from connecting to ReadyForQuery."))
        .hint("Try again; if it happens again, the database may be slow to accept connections.")
}

/// pgward is shutting down.
#[must_use]
pub fn draining() -> Refusal {
    let what = "pgward: shutting down: no new sessions";
    Refusal::fatal("draining", code::CANNOT_CONNECT_NOW, what)
        .hint("Try again in a minute, when it has restarted.")
}

/// Why a database has no sessions now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotServed {
    /// The connection that could end a session's backend is not up.
    ControlDown,
    /// Its roles were not checked yet, or one of them could do too much.
    RolesUnchecked,
    /// Its catalogue was not read yet, or can't be.
    CatalogueUnread,
    /// The control role does not see the session's backend.
    BackendUnseen,
}

/// The database has no sessions now, for this reason.
#[must_use]
pub fn no_control(database: &str, why: NotServed) -> Refusal {
    let what = format!("pgward: database \"{database}\" cannot be served now");
    Refusal::fatal("no_control", code::CANNOT_CONNECT_NOW, what)
        .detail(match why {
            NotServed::ControlDown => {
                "Its control connection is down: no session could be ended at its time."
            }
            NotServed::RolesUnchecked => "The check of its roles has not passed.",
            NotServed::CatalogueUnread => "Its catalogue has not been read yet.",
            NotServed::BackendUnseen => {
                "Its control role does not see the session's backend, which it may have to end."
            }
        })
        .hint(format!("Try again shortly; the operator finds the cause in the log and with pgward config check ([databases.{database}.control])."))
}

/// The audit log cannot be written, so no session may begin.
#[must_use]
pub fn audit_unavailable() -> Refusal {
    let what = "pgward: login refused: the audit log cannot be written";
    Refusal::fatal("audit_unavailable", code::IO_ERROR, what)
        .hint("Ask the operator to free space or repair the audit directory, then try again.")
}

/// The upstream cannot be reached.
#[must_use]
pub fn upstream_unreachable(database: &str, why: &str) -> Refusal {
    let what = format!("pgward: database \"{database}\" cannot be reached");
    Refusal::fatal("upstream_unreachable", code::UPSTREAM_UNREACHABLE, what)
        .detail(why)
        .hint(format!("Ask the operator to check [databases.{database}]: pgward config check."))
}

/// The upstream is starting, stopping or recovering.
#[must_use]
pub fn upstream_not_ready(database: &str, message: &str) -> Refusal {
    let what = format!("pgward: database \"{database}\" does not accept connections now");
    Refusal::fatal("upstream_not_ready", code::CANNOT_CONNECT_NOW, what)
        .detail(format!("The server says: {}", shown(message)))
        .hint("Try again shortly.")
}

/// The upstream has no room for another connection.
#[must_use]
pub fn upstream_full(database: &str, message: &str) -> Refusal {
    let what = format!("pgward: database \"{database}\" has no room for another connection");
    Refusal::fatal("upstream_full", code::TOO_MANY_CONNECTIONS, what)
        .detail(format!("The server says: {}", shown(message)))
        .hint("Try again shortly; the operator may raise the server's max_connections or the role's limit.")
}

/// The upstream refused our role.
#[must_use]
pub fn upstream_refused(database: &str, role: &str) -> Refusal {
    let what = format!("pgward: the server of database \"{database}\" refused pgward's login");
    Refusal::fatal("upstream_refused", code::UPSTREAM_UNREACHABLE, what)
        .detail("Your token is right; it is pgward's own role that the server refused.")
        .hint(format!(
            "Ask the operator to check [databases.{database}.{role}]: pgward config check."
        ))
}

/// Sessions at the upstream begin with a setting in which no text can be judged.
#[must_use]
pub fn upstream_setting(database: &str, name: &str, value: &str) -> Refusal {
    let value = shown(value);
    let what = format!("pgward: sessions of database \"{database}\" begin with {name} = {value}");
    Refusal::fatal("upstream_setting", code::UPSTREAM_UNREACHABLE, what)
        .detail("The server would read statements otherwise than they are judged.")
        .hint(match name {
            "client_encoding" => "Connect with client_encoding=UTF8 (PGCLIENTENCODING=UTF8).",
            _ => "Ask the operator to reset it for pgward's role, the database and the server.",
        })
}

/// An error of the upstream at startup that belongs to what the client asked for.
#[must_use]
pub fn upstream_startup_error(message: &str, detail: Option<&str>) -> Refusal {
    let what = format!("pgward: the server refused the connection: {}", shown(message));
    let refusal = Refusal::fatal("upstream_error", code::UPSTREAM_UNREACHABLE, what);
    match detail {
        Some(detail) => refusal.detail(shown(detail)),
        None => refusal,
    }
    .hint("Check the startup options of the connection string.")
}

/// The upstream went away in the middle of a session.
#[must_use]
pub fn upstream_lost() -> Refusal {
    let what = "pgward: the server closed the connection unexpectedly";
    Refusal::fatal("upstream_lost", code::CONNECTION_FAILURE, what)
        .detail("What was running has an unknown outcome.")
        .hint("Connect again, and check what the last statements did before repeating them.")
}

/// The grant ended while its session was open.
#[must_use]
pub fn grant_over(over: Over<'_>) -> Refusal {
    let what = format!("pgward: terminating connection: grant {} is {}", over.grant, over.how);
    Refusal::fatal("grant_ended", code::ADMIN_SHUTDOWN, what).detail(over.because).hint(over.hint())
}

/// An operator ended this session.
#[must_use]
pub fn session_killed(session: SessionId, because: &str) -> Refusal {
    let what = format!("pgward: terminating connection: session {session} was ended");
    Refusal::fatal("session_killed", code::ADMIN_SHUTDOWN, what)
        .detail(because)
        .hint("Only this session was ended. Its grant is still valid: you can connect again.")
}

/// A session that could not be ended at its time is ended now.
#[must_use]
pub fn backend_unseen(session: SessionId) -> Refusal {
    let what = format!("pgward: session {session} ended: its backend could not be found");
    Refusal::fatal("backend_unseen", code::ADMIN_SHUTDOWN, what)
        .detail("The control connection does not see it, so it could not be ended at its time.")
        .hint(
            "Connect again; the operator finds the cause in the log and with pgward config check.",
        )
}

/// pgward shuts down and the session did not end by itself.
#[must_use]
pub fn shutdown() -> Refusal {
    let what = "pgward: terminating connection: pgward is shutting down";
    Refusal::fatal("shutdown", code::ADMIN_SHUTDOWN, what)
        .hint("Connect again in a minute; the grant is still valid.")
}

/// Nothing happened in the session for too long.
#[must_use]
pub fn idle(seconds: u64) -> Refusal {
    let what = "pgward: terminating connection due to idle-session timeout";
    Refusal::fatal("idle_timeout", code::IDLE_SESSION_TIMEOUT, what)
        .detail(format!("limits.idle_timeout is {seconds} s."))
        .hint("Connect again; the grant is still valid.")
}

/// No thread is free to judge a long statement.
#[must_use]
pub fn judging_full() -> Refusal {
    let what = "pgward: statement refused: too many long statements are being read at once";
    Refusal::fatal("judging_full", code::STATEMENT_TOO_COMPLEX, what)
        .detail("Statements over 8 kB are read on a few threads of their own, which are all busy.")
        .hint("Connect and try again shortly, or send shorter statements.")
}

/// Judging a long statement took too long.
#[must_use]
pub fn judging_overrun() -> Refusal {
    let what = "pgward: statement refused: it takes too long to read";
    Refusal::fatal("judging_overrun", code::STATEMENT_TOO_COMPLEX, what)
        .detail("What cannot be read within bounds cannot be judged.")
        .hint("Split the statement.")
}

/// A fault of our own.
#[must_use]
pub fn internal(session: SessionId) -> Refusal {
    let what = "pgward: internal error, the session was closed";
    Refusal::fatal("internal", code::INTERNAL_ERROR, what)
        .detail(format!("session {session}"))
        .hint("Connect again, and report the session's id to the operator.")
}

/// What a person sees at login: who lets them in, for what, until when. `narrowed`: reads are;
/// `unheld`: only pgward holds the session to its scopes, the server would let it write more.
#[must_use]
pub fn welcome(
    grant: GrantId,
    scopes: &str,
    (narrowed, unheld): (bool, bool),
    reason: &str,
    until: &str,
) -> Notice {
    let reads = if narrowed { "only what select scopes name can be read; " } else { "" };
    let held = if unheld { "scopes are held by pgward, not by the server's role; " } else { "" };
    Notice::new(format!("pgward: grant {grant}, {scopes}, {until}"))
        .detail(format!("reason \"{}\"; {reads}{held}every statement is recorded", shown(reason)))
}

/// A client's or server's text inside ours: one line, and not endless.
fn shown(text: &str) -> String {
    let cut: String = text.chars().take(200).collect();
    cut.replace(|c: char| c.is_control(), " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Severity;

    #[test]
    fn all_are_fatal_and_ours() {
        let grant = GrantId::from_random(1);
        let session = SessionId::from_random(2);
        let over = Over {
            grant,
            user: "alice",
            database: "app",
            reason: "INC-4211 stuck orders",
            how: "revoked",
            because: "by os:root",
        };
        let all = [
            plaintext_refused(true),
            plaintext_refused(false),
            startup_not_utf8(),
            upstream_setting("app", "client_encoding", "SJIS"),
            upstream_setting("app", "standard_conforming_strings", "off"),
            replication_refused(),
            no_user(),
            failed("alice"),
            grant_ended(over),
            wrong_database(grant, "app", "alice", false),
            unknown_database("x"),
            too_many_sessions(1),
            too_many_sessions_of_grant(grant, 1),
            no_writer(grant, "app"),
            no_scope_role(grant, "app", "scope ddl:public runs as a superuser", None),
            no_scope_role(
                grant,
                "app",
                "scope ddl:public runs as a superuser",
                Some("as a DBA, in database app: ALTER SCHEMA public OWNER TO the_ordinary_role;"),
            ),
            login_timeout(10),
            draining(),
            no_control("app", NotServed::ControlDown),
            no_control("app", NotServed::RolesUnchecked),
            no_control("app", NotServed::CatalogueUnread),
            no_control("app", NotServed::BackendUnseen),
            audit_unavailable(),
            upstream_unreachable("app", "connection refused"),
            upstream_not_ready("app", "starting up"),
            upstream_full("app", "sorry"),
            upstream_refused("app", "reader"),
            upstream_startup_error("bad", Some("worse")),
            upstream_lost(),
            grant_over(over),
            session_killed(session, "by os:root"),
            backend_unseen(session),
            shutdown(),
            idle(3600),
            internal(session),
        ];
        for refusal in all {
            assert_eq!(refusal.severity, Severity::Fatal, "{}", refusal.rule);
            assert!(refusal.message.starts_with("pgward: "), "{}", refusal.message);
            assert!(refusal.hint.is_some(), "{}", refusal.rule);
        }
    }

    #[test]
    fn who_had_a_grant_is_told_how_to_ask_for_another() {
        let grant = GrantId::from_random(1);
        let (user, database, reason) = ("alice", "app", "INC-4211 \"stuck\" orders");
        let over = Over { grant, user, database, reason, how: "expired", because: "" };
        assert_eq!(
            grant_over(over).hint.unwrap(),
            "Ask for a new one: pgward grant request --user alice --database app \
             --reason 'INC-4211 \"stuck\" orders'"
        );
    }

    #[test]
    fn one_reason_is_given_why_a_database_is_not_served() {
        for (why, words) in [
            (NotServed::ControlDown, "control connection is down"),
            (NotServed::RolesUnchecked, "check of its roles has not passed"),
            (NotServed::CatalogueUnread, "catalogue has not been read"),
            (NotServed::BackendUnseen, "does not see the session's backend"),
        ] {
            let detail = no_control("app", why).detail.unwrap_or_default();
            assert!(detail.contains(words) && !detail.contains(" or "), "{detail}");
        }
    }

    #[test]
    fn a_login_name_cannot_forge_lines() {
        let refusal = failed("a\nFATAL:  b\u{1b}[2J");
        assert!(!refusal.message.contains(['\n', '\u{1b}']));
        assert_eq!(failed("x").detail, None, "nothing that would tell the causes apart");
    }
}
