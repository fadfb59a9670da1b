//! Figures for Prometheus: how many requests, how long they took, and what the engine counts.
//!
//! Routes are named by their patterns and methods from a closed list, so that no client can make new series. Who may read
//! them, the engine says, unless the settings make them public.

use super::App;
use super::answer::{Refusal, Refused};
use super::gate;
use ::metrics::{SharedString, counter, gauge, histogram};
use axum::extract::{MatchedPath, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

const REQUESTS: &str = "echodesk_http_requests_total";
const SECONDS: &str = "echodesk_http_request_seconds";
/// Upper bounds of the histogram's buckets, in seconds: from a cached answer to the time-out.
const BUCKETS: [f64; 14] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0];
/// How often the histograms are folded together, so that a quiet server does not gather samples.
const UPKEEP: Duration = Duration::from_secs(5);

/// The process's figures. A recorder is global; servers of one process share it.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// Starts recording, or joins what records already. `None` when somebody else's recorder is in place.
    pub fn start() -> Option<Self> {
        static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
        let installed = || {
            let built =
                PrometheusBuilder::new().set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &BUCKETS);
            let installed = built.and_then(PrometheusBuilder::install_recorder);
            installed.inspect_err(|error| tracing::warn!(%error, "no figures are kept")).ok()
        };
        RECORDER.get_or_init(installed).clone().map(Self)
    }

    pub async fn upkeep(&self) {
        loop {
            tokio::time::sleep(UPKEEP).await;
            self.0.run_upkeep();
        }
    }
}

/// Counts a request.
pub fn request(method: &'static str, path: Option<&MatchedPath>, status: StatusCode, took: Duration) {
    let route: SharedString = path.map_or_else(|| "unknown".into(), |path| path.as_str().to_owned().into());
    let status = class(status);
    counter!(REQUESTS, "method" => method, "route" => route.clone(), "status" => status).increment(1);
    histogram!(SECONDS, "method" => method, "route" => route, "status" => status).record(took.as_secs_f64());
}

/// A method of the closed list.
pub fn method(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "POST" => "POST",
        "HEAD" => "HEAD",
        "OPTIONS" => "OPTIONS",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        _ => "other",
    }
}

/// Statuses that occur, by their number; the rest by their class.
fn class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        101 => "101",
        200 => "200",
        201 => "201",
        202 => "202",
        204 => "204",
        206 => "206",
        304 => "304",
        400 => "400",
        401 => "401",
        403 => "403",
        404 => "404",
        405 => "405",
        408 => "408",
        409 => "409",
        413 => "413",
        416 => "416",
        429 => "429",
        500 => "500",
        503 => "503",
        100..=199 => "1xx",
        203..=299 => "2xx",
        300..=399 => "3xx",
        402..=499 => "4xx",
        _ => "5xx",
    }
}

/// Figures for Prometheus
///
/// For administrators, unless `metrics.public` shows them to everybody.
#[utoipa::path(get, path = "/metrics", operation_id = "metrics", tag = "operations",
    responses(
        (status = 200, description = "The figures", body = String, content_type = "text/plain"),
        (status = 401, description = "The token is missing or no good", body = Refused),
        (status = 403, description = "The caller is no administrator, or the token's scopes do not cover it", body = Refused),
        (status = 404, description = "No figures are kept", body = Refused),
        (status = 503, description = "It took too long", body = Refused),
    ),
    security(("token" = []), ("key" = [])),
)]
pub async fn page(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Response, Refusal> {
    let Some(Metrics(handle)) = &app.metrics else { return Err(Refusal::not_found()) };
    if !app.config.metrics.public {
        let actor = gate::actor(&app.engine, &headers).await?;
        if actor.user().is_none() {
            return Err(model::Error::unauthenticated("the figures are for administrators: send a token").into());
        }
        app.engine.may_read_figures(&actor)?;
    }
    gauge!("echodesk_event_seq").set(app.engine.cursor().seq.0 as f64);
    gauge!("echodesk_sql_statements").set(app.engine.statements() as f64);
    Ok(([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], handle.render()).into_response())
}
