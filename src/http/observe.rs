//! The one layer around every route: request id, log line, audit log, figures, panics, security headers.
//!
//! One layer instead of six, because `/graphql` passes through it. It logs no body and no query string: the path is the
//! route's pattern, so not even a file's name is written down.

use super::answer::Refusal;
use super::client::client_address;
use super::graphql::ClientAddress;
use super::{App, audit, metrics};
use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::header::{CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt as _;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;
use tracing::Instrument as _;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Longer ids of clients are replaced.
const LONGEST_ID: usize = 64;
/// What went well in less time is worth a line to whoever debugs, and no more.
const SLOW: std::time::Duration = std::time::Duration::from_secs(1);
/// Bytes of an id that is made here; it is for finding log lines, not a secret.
const ID_BYTES: usize = 9;

pub async fn observe(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let began = Instant::now();
    let method = metrics::method(request.method());
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let path = matched.as_ref().map_or("unknown", |path| path.as_str());
    let id = request_id(&mut request);
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let client = peer.map(|peer| client_address(peer, request.headers(), &app.config.http));
    if let Some(client) = client {
        request.extensions_mut().insert(ClientAddress(client));
    }
    // At the level of errors, so that these name their request whatever is logged.
    let span = tracing::error_span!(
        "request",
        id = id.to_str().unwrap_or_default(),
        client = client.map(tracing::field::display),
        user = tracing::field::Empty
    );
    let watch = matched.as_ref().and_then(|_| audit::Watch::open(&app, path, &request));
    let running = next.run(request).instrument(span.clone());
    let answered = match &watch {
        Some(watch) => AssertUnwindSafe(watch.over(running)).catch_unwind().await,
        None => AssertUnwindSafe(running).catch_unwind().await,
    };
    let mut response = answered.unwrap_or_else(|_| {
        span.in_scope(|| tracing::error!(method, path, "a request panicked"));
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", "an internal error occurred").into_response()
    });
    let status = response.status();
    let took = began.elapsed();
    if app.metrics.is_some() {
        metrics::request(method, matched.as_ref(), status, took);
    }
    span.in_scope(|| {
        let (status, ms) = (status.as_u16(), took.as_secs_f64() * 1e3);
        if status >= 500 {
            tracing::warn!(method, path, status, ms, "answered");
        } else if status < 400 && took < SLOW || super::is_probe(path) {
            tracing::debug!(method, path, status, ms, "answered");
        } else {
            tracing::info!(method, path, status, ms, "answered");
        }
    });
    secure(&mut response, id);
    if let Some(watch) = watch {
        watch.answered(status).await;
    }
    response
}

/// The client's id where it is harmless, else a new one; the request carries it on.
fn request_id(request: &mut Request) -> HeaderValue {
    if let Some(given) = request.headers().get(REQUEST_ID).filter(|value| harmless(value)) {
        return given.clone();
    }
    let made = engine::random_token(ID_BYTES).ok().and_then(|id| HeaderValue::from_str(&id).ok());
    let id = made.unwrap_or_else(|| HeaderValue::from_static("none"));
    request.headers_mut().insert(REQUEST_ID, id.clone());
    id
}

fn harmless(id: &HeaderValue) -> bool {
    let bytes = id.as_bytes();
    let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':' | b'/' | b'+' | b'=');
    !bytes.is_empty() && bytes.len() <= LONGEST_ID && bytes.iter().all(plain)
}

/// What every answer says to browsers; a route that says it itself knows better.
fn secure(response: &mut Response, id: HeaderValue) {
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, id);
    headers.entry(X_CONTENT_TYPE_OPTIONS).or_insert(HeaderValue::from_static("nosniff"));
    let page = headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    if page {
        headers.entry(X_FRAME_OPTIONS).or_insert(HeaderValue::from_static("DENY"));
        headers.entry(REFERRER_POLICY).or_insert(HeaderValue::from_static("no-referrer"));
    }
}
