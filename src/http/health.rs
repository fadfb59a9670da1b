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
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// A database that does not answer so long is not ready.
const PATIENCE: Duration = Duration::from_secs(3);

/// `GET /healthz`
pub async fn alive() -> impl IntoResponse {
    ([(CACHE_CONTROL, "no-store")], "ok")
}

/// `GET /readyz`
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
    let body = json!({ "ready": missing.is_empty(), "missing": missing });
    (status, [(CACHE_CONTROL, "no-store")], Json(body))
}
