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
const PATIENCE: Duration = Duration::from_secs(3);

/// Whether it can work.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({ "ready": true, "missing": [] }))]
pub struct Readiness {
    ready: bool,
    /// What is not ready, as sentences.
    missing: Vec<String>,
}

/// Does it live?
#[utoipa::path(get, path = "/healthz", operation_id = "healthz", tag = "operations", responses(
    (status = 200, description = "It does", body = String, content_type = "text/plain", example = "ok"),
))]
pub async fn alive() -> impl IntoResponse {
    ([(CACHE_CONTROL, "no-store")], "ok")
}

/// Can it work?
#[utoipa::path(get, path = "/readyz", operation_id = "readyz", tag = "operations", responses(
    (status = 200, description = "It can", body = Readiness),
    (status = 503, description = "Something is missing, or the server is stopping", body = Readiness),
))]
pub async fn ready(State(app): State<Arc<App>>) -> impl IntoResponse {
    let asked = tokio::time::timeout(PATIENCE, app.engine.ready()).await;
    let mut missing = match asked {
        Ok(Ok(())) => Vec::new(),
        Ok(Err(missing)) => missing,
        Err(_) => vec!["the database does not answer".to_owned()],
    };
    if *app.stopping.borrow() {
        missing.push("the server is stopping".to_owned());
    }
    let status = if missing.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = Readiness { ready: missing.is_empty(), missing };
    (status, [(CACHE_CONTROL, "no-store")], Json(body))
}
