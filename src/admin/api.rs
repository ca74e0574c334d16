//! The HTTP API of the admin socket: JSON in, JSON out, one function for each verb.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::{ConnectInfo, Path, Query, Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::net::UnixListener;

use super::check::{CheckView, CheckWish};
use super::clerk::{Clerk, ClerkError};
use super::forms::{
    Because, CreatedGrant, ErrorBody, GrantView, Killed, RevokeMany, Revoked, RevokedMany,
    SessionView,
};
use super::peer::Peer;
use crate::base::{GrantId, SessionId};
use crate::grants::Wish;
use crate::grants::rules::Which;

/// An answer that isn't 2xx.
#[derive(Debug)]
struct Failure {
    status: StatusCode,
    body: ErrorBody,
}

type Answer<T> = Result<Json<T>, Failure>;
type Desk = State<Arc<Clerk>>;
type Who = ConnectInfo<Peer>;

/// Serves operators until the runtime ends.
///
/// # Errors
/// When the listener fails for good.
pub async fn serve(listener: UnixListener, clerk: Arc<Clerk>) -> std::io::Result<()> {
    let service = routes(clerk).into_make_service_with_connect_info::<Peer>();
    axum::serve(listener, service).await
}

fn routes(clerk: Arc<Clerk>) -> Router {
    Router::new()
        .route("/v1/grants", get(grant_list).post(grant_create))
        .route("/v1/grants/revoke", post(grant_revoke_many))
        .route("/v1/grants/{id}", get(grant_show))
        .route("/v1/grants/{id}/revoke", post(grant_revoke))
        .route("/v1/check", post(check))
        .route("/v1/sessions", get(session_list))
        .route("/v1/sessions/{id}/kill", post(session_kill))
        .fallback(async || {
            Failure::new(StatusCode::NOT_FOUND, "there is no such path")
                .hint("use the pgward command of the same version as the server")
        })
        .layer(middleware::from_fn(operators_only))
        .with_state(clerk)
}

async fn operators_only(ConnectInfo(peer): Who, request: Request, next: Next) -> Response {
    if peer.is_operator() {
        return next.run(request).await;
    }
    Failure::new(StatusCode::FORBIDDEN, format!("{} is not an operator", peer.actor()))
        .hint("run the command as the user that the server runs as, or as root")
        .into_response()
}

async fn grant_create(
    State(clerk): Desk,
    ConnectInfo(peer): Who,
    body: Bytes,
) -> Answer<CreatedGrant> {
    let wish: Wish = read(&body)?;
    Ok(Json(clerk.create(wish, &peer.actor()).await?))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ListWish {
    #[serde(default)]
    all: bool,
}

async fn grant_list(
    State(clerk): Desk,
    wish: Result<Query<ListWish>, QueryRejection>,
) -> Answer<Vec<GrantView>> {
    let Query(wish) =
        wish.map_err(|error| Failure::new(StatusCode::BAD_REQUEST, error.body_text()))?;
    Ok(Json(clerk.list(wish.all).await?))
}

async fn grant_show(State(clerk): Desk, Path(id): Path<String>) -> Answer<GrantView> {
    Ok(Json(clerk.show(grant_id(&id)?).await?))
}

async fn grant_revoke(
    State(clerk): Desk,
    ConnectInfo(peer): Who,
    Path(id): Path<String>,
    body: Bytes,
) -> Answer<Revoked> {
    let Because { reason } = read(&body)?;
    Ok(Json(clerk.revoke(grant_id(&id)?, reason.as_deref(), &peer.actor()).await?))
}

async fn grant_revoke_many(
    State(clerk): Desk,
    ConnectInfo(peer): Who,
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
    Ok(Json(clerk.revoke_many(&which, wish.reason.as_deref(), &peer.actor()).await?))
}

async fn check(State(clerk): Desk, body: Bytes) -> Answer<CheckView> {
    let wish: CheckWish = read(&body)?;
    Ok(Json(clerk.check(wish).await?))
}

async fn session_list(State(clerk): Desk) -> Json<Vec<SessionView>> {
    Json(clerk.session_list().await)
}

async fn session_kill(
    State(clerk): Desk,
    ConnectInfo(peer): Who,
    Path(id): Path<String>,
    body: Bytes,
) -> Answer<Killed> {
    let Because { reason } = read(&body)?;
    let id: SessionId = id.parse().map_err(|error| {
        Failure::new(StatusCode::BAD_REQUEST, format!("\"{id}\" is {error}"))
            .hint("pgward session list shows the ids")
    })?;
    Ok(Json(clerk.kill(id, reason.as_deref(), &peer.actor()).await?))
}

fn grant_id(id: &str) -> Result<GrantId, Failure> {
    id.parse().map_err(|error| {
        // A token pasted in place of an id must not come back in an error.
        let shown = if id.starts_with("pgw_") { "a token" } else { id };
        Failure::new(StatusCode::BAD_REQUEST, format!("\"{shown}\" is {error}"))
            .hint("pgward grant list shows the ids")
    })
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| {
        Failure::new(StatusCode::BAD_REQUEST, "the request can't be read")
            .detail(error.to_string())
            .hint("use the pgward command of the same version as the server")
    })
}

impl Failure {
    fn new(status: StatusCode, error: impl Into<String>) -> Self {
        Self { status, body: ErrorBody { error: error.into(), detail: None, hint: None } }
    }

    fn detail(mut self, detail: impl Into<String>) -> Self {
        self.body.detail = Some(detail.into());
        self
    }

    fn hint(mut self, hint: impl Into<String>) -> Self {
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
