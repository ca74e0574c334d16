//! The upstream connection of one session: which role, which settings, and what its errors mean
//! to the client.

use std::sync::Arc;

use super::clock;
use super::control::ControlError;
use super::dial::{self, DialError, Target, Upstream};
use super::login::{Door, Turned};
use super::parameters::Wanted;
use super::registry::{Place, UpstreamOf};
use super::simple::{Client, QueryError};
use crate::base::refusal::login as texts;
use crate::config::{Limits, Role};
use crate::grants::terms::{caps, row_caps};
use crate::grants::{Grant, scopes};
use crate::policy::{Scope, Terms};

/// An upstream connection and the terms it was made under.
#[derive(Debug)]
pub(super) struct Connected {
    pub(super) upstream: Upstream,
    pub(super) terms: Arc<Terms>,
    pub(super) role: String,
    pub(super) target: Arc<Target>,
    /// As written, one each.
    pub(super) scopes: Vec<String>,
}

/// Connects for a session. The backend is known to the registry, and so can be ended, before
/// this returns.
pub(super) async fn connect(
    door: &Door,
    grant: &Grant,
    wanted: &Wanted,
    place: &Place,
) -> Result<Connected, Turned> {
    let database = &grant.database;
    let Some(target) = door.settings.targets.get(database).map(Arc::clone) else {
        return Err(Turned::new(texts::unknown_database(database), "unknown_database"));
    };
    let (role, role_key, path) = if !grant.scopes.iter().any(Scope::beyond_reading) {
        (target.database.reader.clone(), "reader", WritePath::default())
    } else {
        let Some(role) = target.database.writer.clone() else {
            return Err(Turned::new(texts::no_writer(grant.id, database), "no_writer"));
        };
        let path = write_path(door, &target, &role).await;
        (role, "writer", path.map_err(|problem| told(problem, database, "writer"))?)
    };
    let terms = Arc::new(terms(grant, &door.settings.config.limits, &path));
    let scopes: Vec<String> = grant.scopes.iter().map(scopes::text).collect();
    let shown = shown(&scopes);
    let settings = wanted
        .settings(&terms, path.setting.as_deref(), &shown, clock::now())
        .map_err(|refusal| Turned::new(refusal, "startup_parameter"))?;
    let dialing = dial::dial(&target, &role, &settings, &door.shared().salted);
    let upstream = dialing.await.map_err(|problem| told(problem, database, role_key))?;
    let backend = place.entry.control().learn(upstream.pid).await.map_err(|problem| {
        let why = match problem {
            ControlError::Down => texts::NotServed::ControlDown,
            ControlError::Invisible => {
                tracing::error!(%database, %problem, "no session");
                texts::NotServed::BackendUnseen
            }
        };
        Turned::new(texts::no_control(database, why), "no_control").because(problem)
    })?;
    place.entry.connected(UpstreamOf {
        target: Arc::clone(&target),
        address: upstream.address.clone(),
        backend,
        key: upstream.key.clone(),
    });
    Ok(Connected { upstream, terms, role: role.user, target, scopes })
}

/// Scopes in one line; a read grant has none.
pub(super) fn shown(scopes: &[String]) -> String {
    if scopes.is_empty() { "read-only".to_owned() } else { scopes.join(" ") }
}

/// Where a writer's unqualified names lead.
#[derive(Debug, Default)]
struct WritePath {
    /// `search_path` as the role has it; pinned for the session.
    setting: Option<String>,
    /// The schemas that it comes to.
    schemas: Vec<Box<str>>,
}

/// Asks the server, as the writer, on a connection of our own: its statements are ours, and the
/// session's own connection runs nothing that its client did not send.
async fn write_path(door: &Door, target: &Target, role: &Role) -> Result<WritePath, DialError> {
    let salted = &door.shared().salted;
    let mut client = Client::connect(target, role, salted, "4s").await?;
    let asked = client.rows("SELECT pg_catalog.current_setting('search_path')").await;
    let setting = asked.map_err(lost)?.into_iter().flatten().next().flatten();
    let asked = client.rows("SELECT pg_catalog.unnest(pg_catalog.current_schemas(true))").await;
    let schemas = asked.map_err(lost)?.into_iter().flatten().flatten();
    tokio::spawn(client.close());
    // A temporary schema is the session's own and holds nothing that a scope is about.
    let schemas =
        schemas.filter(|schema| !schema.starts_with("pg_temp")).map(String::into_boxed_str);
    Ok(WritePath { setting, schemas: schemas.collect() })
}

fn lost(problem: QueryError) -> DialError {
    DialError::Protocol(problem.to_string())
}

fn terms(grant: &Grant, limits: &Limits, path: &WritePath) -> Terms {
    Terms {
        grant: grant.id,
        user: grant.user.as_str().into(),
        database: grant.database.as_str().into(),
        reason: grant.reason.as_str().into(),
        ticket: grant.ticket.as_deref().map(Into::into),
        scopes: grant.scopes.clone().into(),
        expires_at: grant.expires_at,
        write_path: path.schemas.clone().into(),
        caps: caps(limits),
        statement_bytes_max: limits.statement_bytes,
        row_caps: row_caps(limits, grant.max_rows_written),
    }
}

/// What a failure to connect means to the client. Host names, roles and passwords of ours are
/// not its business; the log has the whole.
fn told(problem: DialError, database: &str, role: &str) -> Turned {
    tracing::warn!(%database, %role, %problem, "no upstream connection");
    let refusal = match &problem {
        DialError::Refused { sqlstate, message, detail } => match sqlstate.as_str() {
            "57P03" => texts::upstream_not_ready(database, message),
            "53300" => texts::upstream_full(database, message),
            // 28xxx: our role or its password; 3D000: our dbname; 42501: no CONNECT privilege.
            code if code.starts_with("28") || code == "3D000" || code == "42501" => {
                texts::upstream_refused(database, role)
            }
            _ => texts::upstream_startup_error(message, detail.as_deref()),
        },
        DialError::Authentication(_) => texts::upstream_refused(database, role),
        DialError::Tls(_) => {
            let why = "The encrypted connection to the server did not come about.";
            texts::upstream_unreachable(database, why)
        }
        DialError::Protocol(_) => {
            let why = "The server does not follow PostgreSQL's protocol.";
            texts::upstream_unreachable(database, why)
        }
        DialError::Unreachable(_) => {
            texts::upstream_unreachable(database, "The server cannot be connected to.")
        }
    };
    Turned::new(refusal, "upstream").because(problem)
}
