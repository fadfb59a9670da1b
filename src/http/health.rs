//! Whether it lives, and whether it can work: two different questions of whoever supervises it.
//!
//! `/healthz` asks nobody: a server whose database is away must not be restarted for it. `/readyz` asks everybody and says
//! who is not ready.

use super::App;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::IntoResponse;
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;
use utoipa::ToSchema;

/// A database that does not answer so long is not ready.
pub const PATIENCE: Duration = Duration::from_secs(3);

/// Whether it can work.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({ "ready": true, "missing": [] }))]
pub struct Readiness {
    ready: bool,
    /// What is not ready, as sentences.
    missing: Vec<String>,
}

/// It lives.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({ "status": "ok", "version": "0.1.0" }))]
pub struct Alive {
    status: &'static str,
    version: &'static str,
}

/// Does it live?
#[utoipa::path(get, path = "/healthz", operation_id = "healthz", tag = "operations", responses(
    (status = 200, description = "It does", body = String, content_type = "text/plain", example = "ok"),
))]
pub async fn alive() -> impl IntoResponse {
    ([(CACHE_CONTROL, "no-store")], "ok")
}

/// What is not ready, as sentences.
pub async fn missing(app: &App) -> Vec<String> {
    let asked = tokio::time::timeout(PATIENCE, app.engine.ready()).await;
    let mut missing = match asked {
        Ok(Ok(())) => Vec::new(),
        Ok(Err(missing)) => missing,
        Err(_) => vec!["the database does not answer".to_owned()],
    };
    if *app.stopping.borrow() {
        missing.push("the server is stopping".to_owned());
    }
    missing
}

/// Does it live, for those who look here?
///
/// As `/healthz`, in JSON.
#[utoipa::path(get, path = "/health", operation_id = "health", tag = "operations", responses(
    (status = 200, description = "It does", body = Alive),
))]
pub async fn plain() -> impl IntoResponse {
    ([(CACHE_CONTROL, "no-store")], Json(Alive { status: "ok", version: env!("CARGO_PKG_VERSION") }))
}

/// Can it work?
#[utoipa::path(get, path = "/readyz", operation_id = "readyz", tag = "operations", responses(
    (status = 200, description = "It can", body = Readiness),
    (status = 503, description = "Something is missing, or the server is stopping", body = Readiness),
))]
pub async fn ready(State(app): State<Arc<App>>) -> impl IntoResponse {
    let missing = missing(&app).await;
    let status = if missing.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = Readiness { ready: missing.is_empty(), missing };
    (status, [(CACHE_CONTROL, "no-store")], Json(body))
}
