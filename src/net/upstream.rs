//! The upstream connection of one session: which role, which settings, and what its errors mean
//! to the client.

use std::sync::Arc;

use super::clock;
use super::control::ControlError;
use super::dial::{self, DialError, Setting, Target, Upstream};
use super::event_loop;
use super::givable::passes;
use super::login::{Door, Turned};
use super::parameters::{Asked, Wanted};
use super::registry::{Place, UpstreamOf};
use super::simple::{Client, QueryError};
use crate::base::refusal::login as texts;
use crate::catalog::scope_roles::Standing;
use crate::config::{Limits, Role};
use crate::grants::terms::{caps, row_caps};
use crate::grants::{Grant, scopes};
use crate::policy::{Scope, Terms};
use crate::session::Cut;

/// An upstream connection and the terms it was made under.
#[derive(Debug)]
pub(super) struct Connected {
    pub(super) upstream: Upstream,
    pub(super) terms: Arc<Terms>,
    /// Its `statement_timeout` is shorter since little time is left.
    pub(super) cut: Option<Cut>,
    pub(super) role: String,
    /// Whether PostgreSQL itself holds the session to its grant's scopes; `None` where there is
    /// nothing but reading.
    pub(super) held: Option<bool>,
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
    let scopes: Vec<String> = grant.scopes.iter().map(scopes::text).collect();
    let mut attempts = 1;
    let (acting, LoggedIn { terms, cut, upstream }) = loop {
        let acting = Acting::of(door, grant, &target).await?;
        match log_in(door, grant, wanted, &target, &acting, &shown(&scopes)).await {
            Ok(logged_in) => break (acting, logged_in),
            // Another pgward at this database has just given the role its own password, or
            // removed it.
            Err(Failed::Dial(problem))
                if acting.held == Some(true) && attempts < ATTEMPTS && is_login(&problem) =>
            {
                attempts += 1;
            }
            Err(Failed::Dial(problem)) if acting.held == Some(true) && is_login(&problem) => {
                tracing::warn!(%database, role = acting.role.user, %problem, "no upstream connection");
                let refusal = texts::no_scope_role(grant.id, database, NOT_ADMITTED, None);
                return Err(Turned::new(refusal, "upstream").because(problem));
            }
            Err(Failed::Dial(problem)) => return Err(told(problem, database, acting.key)),
            Err(Failed::Turned(turned)) => return Err(turned),
        }
    };
    let finding = place.entry.control().backend(upstream.pid, &acting.role.user);
    let backend = finding.await.map_err(|problem| {
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
    let (role, held) = (acting.role.user, acting.held);
    Ok(Connected { upstream, terms, cut, role, held, target, scopes })
}

/// Logins as a scope role, before its refusal is taken for an answer.
const ATTEMPTS: u32 = 3;

/// What is to be done then.
const NOT_ADMITTED: &str = "The server refuses the role's login: pg_hba.conf must let \
                            +pgward_scoped in, and that group needs CONNECT on the database.";

/// Whom a session runs as.
#[derive(Debug)]
struct Acting {
    role: Role,
    /// The configuration's key for it, for who is to look into a failure.
    key: &'static str,
    /// The setting `role`.
    more: Vec<Setting>,
    held: Option<bool>,
}

impl Acting {
    async fn of(door: &Door, grant: &Grant, target: &Target) -> Result<Self, Turned> {
        let database = &grant.database;
        let as_configured =
            |role: &Role, key, held| Self { role: role.clone(), key, more: Vec::new(), held };
        if !grant.scopes.iter().any(Scope::beyond_reading) {
            return Ok(as_configured(&target.database.reader, "reader", None));
        }
        let Some(roles) = door.shared().scope_roles(database) else {
            let why = texts::NotServed::ControlDown;
            return Err(Turned::new(texts::no_control(database, why), "no_control"));
        };
        match &*roles.standing() {
            Standing::Absent => match &target.database.writer {
                Some(role) => return Ok(as_configured(role, "writer", Some(false))),
                None => return Err(Turned::new(texts::no_writer(grant.id, database), "no_writer")),
            },
            Standing::Unusable(why) => {
                let refusal = texts::no_scope_role(grant.id, database, why, None);
                return Err(Turned::new(refusal, "scope_role").because(why));
            }
            Standing::Usable => {}
        }
        let left_us = grant.expires_at.saturating_sub(clock::now().wall).max(0);
        let opening = roles.open(&grant.scopes, left_us.unsigned_abs() / 1_000_000);
        let opened = opening.await.map_err(|problem| {
            tracing::warn!(%database, grant = %grant.id, %problem, "no scope role");
            let refusal = match &problem {
                // A lock that somebody holds, for one: not the scopes' fault.
                QueryError::Failed { sqlstate, message, .. } if passes(sqlstate) => {
                    texts::upstream_not_ready(database, message)
                }
                QueryError::Failed { message, hint, .. } => {
                    let why = format!("The server says: {message}");
                    texts::no_scope_role(grant.id, database, &why, hint.as_deref())
                }
                QueryError::Lost(_) => {
                    let why = "The role for the grant's scopes could not be asked for.";
                    texts::upstream_unreachable(database, why)
                }
            };
            Turned::new(refusal, "scope_role").because(problem)
        })?;
        let more = opened.acts_as.map(|role| ("role".into(), role.into())).into_iter().collect();
        Ok(Self { role: opened.role, key: "control", more, held: Some(true) })
    }
}

/// Why a login at the upstream failed.
enum Failed {
    Dial(DialError),
    Turned(Turned),
}

impl From<DialError> for Failed {
    fn from(problem: DialError) -> Self {
        Self::Dial(problem)
    }
}

/// A login at the upstream.
struct LoggedIn {
    terms: Arc<Terms>,
    cut: Option<Cut>,
    upstream: Upstream,
}

async fn log_in(
    door: &Door,
    grant: &Grant,
    wanted: &Wanted,
    target: &Target,
    acting: &Acting,
    shown: &str,
) -> Result<LoggedIn, Failed> {
    let path = match acting.held {
        None => WritePath::default(),
        Some(_) => write_path(door, target, acting).await?,
    };
    let terms = Arc::new(terms(grant, &door.settings.config.limits, &path));
    let Asked { mut settings, cut } = wanted
        .settings(&terms, path.setting.as_deref(), shown, clock::now())
        .map_err(|refusal| Failed::Turned(Turned::new(refusal, "startup_parameter")))?;
    settings.extend_from_slice(&acting.more);
    let upstream = dial::dial(target, &acting.role, &settings, &door.shared().salted).await?;
    Ok(LoggedIn { terms, cut, upstream })
}

/// Whether the server refused the login itself: class 28, or no CONNECT privilege.
fn is_login(problem: &DialError) -> bool {
    matches!(problem, DialError::Refused { sqlstate, .. }
        if sqlstate.starts_with("28") || sqlstate == "42501")
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
async fn write_path(door: &Door, target: &Target, acting: &Acting) -> Result<WritePath, DialError> {
    let (salted, role) = (&door.shared().salted, &acting.role);
    let mut client = Client::connect_with(target, role, salted, "4s", &acting.more).await?;
    let asked = client.rows("SELECT pg_catalog.current_setting('search_path')").await;
    let setting = asked.map_err(lost)?.into_iter().flatten().next().flatten();
    let asked = client.rows("SELECT pg_catalog.unnest(pg_catalog.current_schemas(true))").await;
    let schemas = asked.map_err(lost)?.into_iter().flatten().flatten();
    event_loop::spawn(client.close());
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
        DialError::Setting { name, value } => texts::upstream_setting(database, name, value),
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
