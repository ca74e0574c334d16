//! The metrics and health endpoint: `/metrics` for Prometheus, `/livez` (the process answers),
//! `/readyz` (a client would get in now; 503 with the reasons if not).

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;

/// What the endpoint asks of the server.
pub trait Vitals: Send + Sync + fmt::Debug {
    /// The metrics in Prometheus' text format.
    fn metrics(&self) -> String;

    /// Why no client would get in now; empty when ready.
    fn not_ready(&self) -> Vec<String>;
}

/// Listens at `address`.
///
/// # Errors
/// When the address is taken or not ours.
pub async fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    TcpListener::bind(address).await
}

/// Serves until the runtime ends.
///
/// # Errors
/// When the listener fails for good.
pub async fn serve(listener: TcpListener, vitals: Arc<dyn Vitals>) -> std::io::Result<()> {
    axum::serve(listener, routes(vitals)).await
}

fn routes(vitals: Arc<dyn Vitals>) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .route("/livez", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .with_state(vitals)
}

async fn metrics(State(vitals): State<Arc<dyn Vitals>>) -> Response {
    let format = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (format, vitals.metrics()).into_response()
}

async fn ready(State(vitals): State<Arc<dyn Vitals>>) -> Response {
    let reasons = vitals.not_ready();
    if reasons.is_empty() {
        return "ok\n".into_response();
    }
    (StatusCode::SERVICE_UNAVAILABLE, reasons.join("\n") + "\n").into_response()
}
