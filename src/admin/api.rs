//! The HTTP API: JSON in, JSON out, one function for each verb, and one table that says of each
//! verb where it is and what it takes to ask for it. The admin socket and the address over TLS
//! serve the same; who asks was found out before.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Extension, Path, Query, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use axum::{Json, Router};
use serde::de::DeserializeOwned;

use super::caller::Caller;
use super::check::{CheckView, CheckWish};
use super::clerk::{Clerk, ClerkError};
use super::forms::{
    Answered, Approving, Because, CreatedGrant, CreatedOperator, ErrorBody, ExtendWish, GrantView,
    Killed, OperatorView, OperatorWish, RemovedOperator, RevokeMany, Revoked, RevokedMany,
    SessionView,
};
use super::listing::ListWish;
use super::reading::{audit_replay, audit_search, audit_tail};
use crate::base::{GrantId, SessionId};
use crate::config::Right;
use crate::config::Right::{Administer, Approve, Audit, BreakGlass, Request as Ask};
use crate::grants::Wish;
use crate::grants::rules::Which;
use crate::net::clock;
use crate::net::limiter::Limiter;

/// An answer that isn't 2xx.
#[derive(Debug)]
pub(super) struct Failure {
    status: StatusCode,
    body: ErrorBody,
}

/// Longest body.
const BODY_BYTES_MAX: usize = 64 * 1024;
/// Longest body with a statement to be checked.
const SQL_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Longest wait for a body.
const BODY_WITHIN: Duration = Duration::from_secs(10);

type Answer<T> = Result<Json<T>, Failure>;
type Desk = State<Arc<Clerk>>;
type Who = Extension<Caller>;

/// One verb.
#[derive(Debug)]
#[cfg_attr(not(test), expect(dead_code, reason = "the OpenAPI document is held against them"))]
pub(super) struct Verb {
    /// `get` or `post`.
    pub(super) method: &'static str,
    /// Where.
    pub(super) path: &'static str,
    /// Its name in the OpenAPI document.
    pub(super) name: &'static str,
    /// What it does.
    pub(super) does: &'static str,
    /// Who may ask for it: one of these. Whose grant it is may matter besides.
    pub(super) needs: &'static [Right],
    /// What its body is, by the name of its schema.
    pub(super) takes: Option<&'static str>,
    /// What it answers with: one, a list of them (`[]`), or one on each line (`*`).
    pub(super) gives: &'static str,
    handler: fn() -> MethodRouter<Arc<Clerk>>,
}

const ANYBODY: &[Right] = &Right::ALL;

macro_rules! verbs {
    ($($method:ident $path:literal $handler:ident ($takes:expr) -> $gives:literal,
       $needs:expr, $does:literal;)*) => {
        /// Every verb there is.
        pub(super) const VERBS: &[Verb] = &[$(Verb {
            method: stringify!($method),
            path: $path,
            name: stringify!($handler),
            does: $does,
            needs: $needs,
            takes: $takes,
            gives: $gives,
            handler: || $method($handler),
        }),*];
    };
}

verbs! {
    get "/v1/grants" grant_list (None) -> "GrantView[]",
        ANYBODY, "List grants: all to who may approve, administer or audit, else one's own";
    post "/v1/grants" grant_create (Some("Wish")) -> "CreatedGrant",
        &[Administer], "Let somebody in; the token is shown once";
    post "/v1/grants/request" grant_request (Some("Wish")) -> "Answered",
        &[Ask, Administer], "Ask for a grant; others approve it";
    post "/v1/grants/break-glass" grant_break_glass (Some("Wish")) -> "CreatedGrant",
        &[BreakGlass], "Let oneself in at once for a short time; it is to be reviewed";
    post "/v1/grants/revoke" grant_revoke_many (Some("RevokeMany")) -> "RevokedMany",
        &[Administer], "End all grants of a person, of a database, or all";
    get "/v1/grants/{id}" grant_show (None) -> "GrantView",
        ANYBODY, "Show a grant with its history";
    post "/v1/grants/{id}/approve" grant_approve (Some("Approving")) -> "Answered",
        &[Approve], "Approve what somebody else asked for; 409 when it is not what was read";
    post "/v1/grants/{id}/deny" grant_deny (Some("Because")) -> "Answered",
        &[Approve], "Deny a request or an extension";
    post "/v1/grants/{id}/redeem" grant_redeem (None) -> "CreatedGrant",
        &[Ask, Administer], "Get the token of one's own approved request; it is shown once";
    post "/v1/grants/{id}/extend" grant_extend (Some("ExtendWish")) -> "Answered",
        &[Ask, Administer], "Ask for more time or scopes, or give them";
    post "/v1/grants/{id}/rotate" grant_rotate (None) -> "CreatedGrant",
        &[Ask, Administer, BreakGlass], "Replace a lost token; it is shown once";
    post "/v1/grants/{id}/release" grant_release (Some("Because")) -> "Revoked",
        ANYBODY, "Give one's own grant back, or withdraw one's own request";
    post "/v1/grants/{id}/revoke" grant_revoke (Some("Because")) -> "Revoked",
        &[Administer], "End a grant and its sessions";
    post "/v1/grants/{id}/review" grant_review (Some("Because")) -> "Answered",
        &[Audit, Administer], "Review what was taken by break-glass";
    post "/v1/audit/search" audit_search (Some("AuditSearch")) -> "AuditLine*",
        &[Audit], "Search the audit log; who searches for what is on record first";
    post "/v1/audit/replay" audit_replay (Some("AuditReplay")) -> "AuditLine*",
        &[Audit], "Replay a grant or a session from the audit log, session by session";
    post "/v1/audit/tail" audit_tail (Some("AuditTail")) -> "AuditLine*",
        &[Audit], "Follow the audit log; the end of it, and what comes";
    post "/v1/check" check (Some("CheckWish")) -> "CheckView",
        ANYBODY, "Say what would become of a statement";
    get "/v1/sessions" session_list (None) -> "SessionView[]",
        ANYBODY, "List live sessions: all to who may approve, administer or audit, else one's own";
    post "/v1/sessions/{id}/kill" session_kill (Some("Because")) -> "Killed",
        &[Administer], "End a session; its grant stays";
    get "/v1/operators" operator_list (None) -> "OperatorView[]",
        &[Administer, Audit], "List operators";
    post "/v1/operators" operator_create (Some("OperatorWish")) -> "CreatedOperator",
        &[Administer], "Make an operator; the token is shown once";
    post "/v1/operators/{name}/remove" operator_remove (None) -> "RemovedOperator",
        &[Administer], "Remove an operator, and end what rests on their word";
    get "/v1/openapi.json" openapi (None) -> "object",
        ANYBODY, "This document";
}

/// What can be asked for over and over by who may do little, and is on record each time.
const REPEATED: &[&str] = &[
    "grant_request",
    "grant_break_glass",
    "grant_extend",
    "grant_rotate",
    "audit_search",
    "audit_replay",
    "audit_tail",
];
/// So many of these at once for each operator, then one a second: the record has the room that
/// statements need, and where it is full, none pass.
const BURST: u32 = 120;
const SECOND_US: u64 = 1_000_000;

type Pace = Arc<Limiter<Arc<str>>>;

fn too_fast(caller: &Caller) -> Failure {
    let what = format!("{} asks too often: each time is on record", caller.actor);
    Failure::new(StatusCode::TOO_MANY_REQUESTS, what).hint("wait a second, then try again")
}

/// The verbs, for whoever a layer around them says is asking.
pub(super) fn routes(clerk: Arc<Clerk>) -> Router {
    let mut router = Router::new();
    let pace: Pace = Arc::new(Limiter::new(BURST, SECOND_US));
    for verb in VERBS {
        let pace = Arc::clone(&pace);
        let allowed = middleware::from_fn(move |caller: Who, request: Request, next: Next| {
            allowed(verb, Arc::clone(&pace), caller.0, request, next)
        });
        router = router.route(verb.path, (verb.handler)().layer(allowed));
    }
    router
        .fallback(async || {
            Failure::new(StatusCode::NOT_FOUND, "there is no such path")
                .hint("use the pgward command of the same version as the server")
        })
        .with_state(clerk)
}

/// Each verb has its own permission; nothing of what somebody sends is read before.
async fn allowed(
    verb: &Verb,
    pace: Pace,
    caller: Caller,
    request: Request,
    next: Next,
) -> Response {
    if caller.may_any(verb.needs) {
        if REPEATED.contains(&verb.name)
            && !caller.may(Administer)
            && !pace.take(Arc::clone(&caller.actor), clock::now())
        {
            return too_fast(&caller).into_response();
        }
        let request = match read_whole(verb, request).await {
            Ok(request) => request,
            Err(failure) => return failure.into_response(),
        };
        // What was begun is finished, whether or not somebody still waits for the answer: a
        // revocation that was broken off would leave sessions.
        let done = tokio::spawn(next.run(request)).await;
        return done
            .unwrap_or_else(|error| Failure::from(ClerkError::Broken(error)).into_response());
    }
    if !caller.is_operator() {
        return Failure::new(StatusCode::FORBIDDEN, format!("{} is not an operator", caller.actor))
            .hint(
                "run the command as the user that the server runs as, or as root; or have them \
                 add you to admin.operators",
            )
            .into_response();
    }
    if pace.take(Arc::clone(&caller.actor), clock::now()) {
        tracing::warn!(actor = %caller.actor, verb = verb.name, "an operator asked for what is not theirs to do");
    }
    let words: Vec<&str> = verb.needs.iter().map(|right| right.word()).collect();
    let does = verb.does.split(';').next().unwrap_or_default().to_lowercase();
    let hint = if verb.path == "/v1/grants" && caller.may(Right::Request) {
        "ask for it: pgward grant request --help"
    } else {
        "ask somebody who may, or have it added to admin.operators"
    };
    Failure::new(StatusCode::FORBIDDEN, format!("{} may not do that", caller.actor))
        .detail(format!("to {does} needs the right to {}", words.join(" or ")))
        .hint(hint)
        .into_response()
}

/// The request with its body, which is no longer than it need be and comes within a time.
async fn read_whole(verb: &Verb, request: Request) -> Result<Request, Failure> {
    let (parts, body) = request.into_parts();
    let limit = if verb.takes == Some("CheckWish") { SQL_BYTES_MAX } else { BODY_BYTES_MAX };
    let reading = axum::body::to_bytes(body, limit);
    let body = match tokio::time::timeout(BODY_WITHIN, reading).await {
        Ok(Ok(body)) => body,
        Ok(Err(error)) => {
            let what = "the request can't be read, or is too long";
            return Err(Failure::new(StatusCode::PAYLOAD_TOO_LARGE, what)
                .detail(error.to_string())
                .hint(format!("send at most {limit} bytes")));
        }
        Err(_) => {
            let what = format!("the request did not come within {BODY_WITHIN:?}");
            return Err(Failure::new(StatusCode::REQUEST_TIMEOUT, what).hint("try again"));
        }
    };
    Ok(Request::from_parts(parts, body.into()))
}

async fn grant_create(
    State(clerk): Desk,
    Extension(caller): Who,
    body: Bytes,
) -> Answer<CreatedGrant> {
    let wish: Wish = read(&body)?;
    Ok(Json(clerk.create(wish, &caller).await?))
}

async fn grant_request(
    State(clerk): Desk,
    Extension(caller): Who,
    body: Bytes,
) -> Answer<Answered> {
    Ok(Json(clerk.request(read(&body)?, &caller).await?))
}

async fn grant_break_glass(
    State(clerk): Desk,
    Extension(caller): Who,
    body: Bytes,
) -> Answer<CreatedGrant> {
    Ok(Json(clerk.break_glass(read(&body)?, &caller).await?))
}

async fn grant_list(
    State(clerk): Desk,
    Extension(caller): Who,
    wish: Result<Query<ListWish>, QueryRejection>,
) -> Answer<Vec<GrantView>> {
    let Query(wish) =
        wish.map_err(|error| Failure::new(StatusCode::BAD_REQUEST, error.body_text()))?;
    Ok(Json(clerk.list(&wish, &caller).await?))
}

async fn grant_show(
    State(clerk): Desk,
    Extension(caller): Who,
    Path(id): Path<String>,
) -> Answer<GrantView> {
    Ok(Json(clerk.show(grant_id(&id)?, &caller).await?))
}

async fn grant_approve(
    State(clerk): Desk,
    Extension(caller): Who,
    Path(id): Path<String>,
    body: Bytes,
) -> Answer<Answered> {
    let Approving { revision } = read(&body).map_err(|failure| {
        failure.hint(format!("name the revision that was read, as in: pgward grant show {id}"))
    })?;
    Ok(Json(clerk.approve(grant_id(&id)?, revision, &caller).await?))
}

async fn grant_deny(
    State(clerk): Desk,
    Extension(caller): Who,
    Path(id): Path<String>,
    body: Bytes,
) -> Answer<Answered> {
    let Because { reason } = read(&body)?;
    Ok(Json(clerk.deny(grant_id(&id)?, reason.as_deref(), &caller).await?))
}

async fn grant_redeem(
    State(clerk): Desk,
    Extension(caller): Who,
    Path(id): Path<String>,
) -> Answer<CreatedGrant> {
    Ok(Json(clerk.redeem(grant_id(&id)?, &caller).await?))
}

async fn grant_extend(
    State(clerk): Desk,
    Extension(caller): Who,
    Path(id): Path<String>,
    body: Bytes,
) -> Answer<Answered> {
    let wish: ExtendWish = read(&body)?;
    Ok(Json(clerk.extend(grant_id(&id)?, wish, &caller).await?))
}

async fn grant_rotate(
    State(clerk): Desk,
    Extension(caller): Who,
    Path(id): Path<String>,
) -> Answer<CreatedGrant> {
    Ok(Json(clerk.rotate(grant_id(&id)?, &caller).await?))
}

async fn grant_release(
    State(clerk): Desk,
    Extension(caller): Who,
    Path(id): Path<String>,
    body: Bytes,
) -> Answer<Revoked> {
    let Because { reason } = read(&body)?;
    Ok(Json(clerk.release(grant_id(&id)?, reason.as_deref(), &caller).await?))
}

async fn grant_review(
    State(clerk): Desk,
    Extension(caller): Who,
    Path(id): Path<String>,
    body: Bytes,
) -> Answer<Answered> {
    let Because { reason } = read(&body)?;
    let Some(reason) = reason.filter(|reason| !reason.trim().is_empty()) else {
        let what = "a review says what was found";
        return Err(Failure::new(StatusCode::UNPROCESSABLE_ENTITY, what)
            .hint(format!("pgward grant review {id} --reason \"…\"")));
    };
    Ok(Json(clerk.review(grant_id(&id)?, &reason, &caller).await?))
}

async fn grant_revoke(
    State(clerk): Desk,
    Extension(caller): Who,
    Path(id): Path<String>,
    body: Bytes,
) -> Answer<Revoked> {
    let Because { reason } = read(&body)?;
    Ok(Json(clerk.revoke(grant_id(&id)?, reason.as_deref(), &caller.actor).await?))
}

async fn grant_revoke_many(
    State(clerk): Desk,
    Extension(caller): Who,
    body: Bytes,
) -> Answer<RevokedMany> {
    let wish: RevokeMany = read(&body)?;
    let which = match (wish.user, wish.database, wish.all) {
        (Some(user), None, false) => Which::User(user),
        (None, Some(database), false) => Which::Database(database),
        (None, None, true) => Which::All,
        _ => {
            let what = "which grants to revoke isn't clear";
            return Err(Failure::new(StatusCode::BAD_REQUEST, what)
                .hint("give exactly one of user, database, all"));
        }
    };
    Ok(Json(clerk.revoke_many(&which, wish.reason.as_deref(), &caller.actor).await?))
}

async fn check(State(clerk): Desk, Extension(caller): Who, body: Bytes) -> Answer<CheckView> {
    let wish: CheckWish = read(&body)?;
    if let Some(id) = wish.grant {
        clerk.find_own(id, &caller).await?;
    }
    Ok(Json(clerk.check(wish).await?))
}

async fn session_list(State(clerk): Desk, Extension(caller): Who) -> Json<Vec<SessionView>> {
    Json(clerk.session_list(&caller).await)
}

async fn operator_list(State(clerk): Desk) -> Answer<Vec<OperatorView>> {
    Ok(Json(clerk.operator_list().await?))
}

async fn operator_create(
    State(clerk): Desk,
    Extension(caller): Who,
    body: Bytes,
) -> Answer<CreatedOperator> {
    let wish: OperatorWish = read(&body)?;
    Ok(Json(clerk.operator_create(wish, &caller).await?))
}

async fn operator_remove(
    State(clerk): Desk,
    Extension(caller): Who,
    Path(name): Path<String>,
) -> Answer<RemovedOperator> {
    Ok(Json(clerk.operator_remove(&name, &caller).await?))
}

/// A test holds it against the table.
const OPENAPI: &str = include_str!("../../docs/openapi.json");

async fn openapi() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], OPENAPI).into_response()
}

async fn session_kill(
    State(clerk): Desk,
    Extension(caller): Who,
    Path(id): Path<String>,
    body: Bytes,
) -> Answer<Killed> {
    let Because { reason } = read(&body)?;
    let id: SessionId = id.parse().map_err(|error| {
        Failure::new(StatusCode::BAD_REQUEST, format!("\"{id}\" is {error}"))
            .hint("pgward session list shows the ids")
    })?;
    Ok(Json(clerk.kill(id, reason.as_deref(), &caller.actor).await?))
}

fn grant_id(id: &str) -> Result<GrantId, Failure> {
    id.parse().map_err(|error| {
        // A token pasted in place of an id must not come back in an error.
        let shown = if id.starts_with("pgw_") { "a token" } else { id };
        Failure::new(StatusCode::BAD_REQUEST, format!("\"{shown}\" is {error}"))
            .hint("pgward grant list shows the ids")
    })
}

pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| {
        Failure::new(StatusCode::BAD_REQUEST, "the request can't be read")
            .detail(error.to_string())
            .hint("use the pgward command of the same version as the server")
    })
}

impl Failure {
    pub(super) fn new(status: StatusCode, error: impl Into<String>) -> Self {
        Self { status, body: ErrorBody { error: error.into(), detail: None, hint: None } }
    }

    pub(super) fn detail(mut self, detail: impl Into<String>) -> Self {
        self.body.detail = Some(detail.into());
        self
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.body.hint = Some(hint.into());
        self
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (self.status, Json(self.body)).into_response()
    }
}

impl From<ClerkError> for Failure {
    fn from(error: ClerkError) -> Self {
        let what = error.to_string();
        match error {
            ClerkError::Wish(wish) => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, what).hint(wish.hint)
            }
            ClerkError::NotAllowed { hint, .. } => {
                Self::new(StatusCode::FORBIDDEN, what).hint(hint)
            }
            ClerkError::Stale { detail, hint, .. } => {
                let failure = Self::new(StatusCode::CONFLICT, what).hint(hint);
                if detail.is_empty() { failure } else { failure.detail(detail) }
            }
            ClerkError::NotGiven { detail, hint, .. } => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, what).detail(detail).hint(hint)
            }
            ClerkError::Unasked { detail, hint, .. } => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, what).detail(detail).hint(hint)
            }
            ClerkError::NoGrant(_) => {
                Self::new(StatusCode::NOT_FOUND, what).hint("pgward grant list --all shows them")
            }
            ClerkError::NoSession(_) => {
                Self::new(StatusCode::NOT_FOUND, what).hint("pgward session list shows them")
            }
            ClerkError::Reason => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, what).hint("write one short line")
            }
            ClerkError::Unrecorded(source) => Self::new(StatusCode::SERVICE_UNAVAILABLE, what)
                .detail(source.0.to_string())
                .hint("free space or repair the directory audit.directory, then try again"),
            ClerkError::Store(source) => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, what).hint(source.remedy())
            }
            ClerkError::Broken(_) => Self::new(StatusCode::INTERNAL_SERVER_ERROR, what)
                .hint("the server's log says more"),
        }
    }
}

#[cfg(test)]
#[path = "openapi_tests.rs"]
mod tests;
