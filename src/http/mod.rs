//! The router: every surface on one page.
//!
//! A surface is a module; it calls the engine and none of its neighbours. What all of them need (request ids, the log,
//! figures) is one layer, `observe`; what only some need (`limits`, `deprecation`) stands beside their routes. A route
//! comes with its document, `routes!(handler)`; a test fails where one does not.

pub mod answer;
pub mod api;
mod attachments;
mod audit;
pub mod client;
pub mod deprecation;
pub mod dialect;
pub mod documents;
pub mod field;
mod file;
mod form;
mod gate;
pub mod graphql;
mod health;
mod hooks;
pub mod limits;
mod metrics;
mod observe;
pub mod places;
pub mod query;
mod range;
mod reset;
mod uploads;
pub mod v1;

use crate::assembly;
use crate::config::{Config, Http};
use answer::Refusal;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::header::{
    AUTHORIZATION, CONTENT_DISPOSITION, CONTENT_RANGE, CONTENT_TYPE, ETAG, IF_MATCH, IF_NONE_MATCH, LINK, LOCATION,
    RANGE, RETRY_AFTER,
};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Redirect, Response};
use channels::email::MailIntake;
use engine::Engine;
use gate::{EngineGate, Reread};
use metrics::Metrics;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tower_http::compression::CompressionLayer;
use tower_http::cors::{AllowOrigin, CorsLayer};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// How long a browser may remember what another origin is allowed to.
const PREFLIGHT: Duration = Duration::from_hours(1);

/// What the routes share.
pub struct App {
    pub engine: Engine,
    pub config: Config,
    pub intake: MailIntake,
    /// `None` where no figures are kept.
    pub metrics: Option<Metrics>,
    /// The open sockets of all surfaces.
    pub sockets: places::Sockets,
    /// Turns true when the server goes down.
    pub stopping: watch::Receiver<bool>,
}

impl App {
    pub fn new(engine: Engine, config: Config, stopping: watch::Receiver<bool>) -> Self {
        let intake = MailIntake::new(engine.clone(), assembly::mailboxes(&config));
        let metrics = if config.metrics.enabled { Metrics::start() } else { None };
        Self { engine, config, intake, metrics, sockets: places::Sockets::default(), stopping }
    }
}

/// The routes with their documents, by what they need around them. GraphQL's transport has a router of its own, and its
/// documents stand in `documents/graphql.rs`.
pub(crate) struct Groups {
    /// They wait for nobody, or say themselves that they waited for too long.
    probes: OpenApiRouter<Arc<App>>,
    /// Pages for people: given up like the next ones, in words for people.
    forms: OpenApiRouter<Arc<App>>,
    /// Answered at once, or given up.
    short: OpenApiRouter<Arc<App>>,
    /// The same, and worth compressing.
    pages: OpenApiRouter<Arc<App>>,
    /// Bodies that may be large and take long.
    files: OpenApiRouter<Arc<App>>,
    /// The dialect `/v1`; what stands around it, it says itself.
    v1: OpenApiRouter<Arc<App>>,
    /// The dialect `/api`, likewise.
    api: OpenApiRouter<Arc<App>>,
}

impl Groups {
    pub(crate) fn all() -> Self {
        Self {
            probes: OpenApiRouter::new()
                .routes(routes!(health::alive))
                .routes(routes!(health::plain))
                .routes(routes!(health::ready)),
            forms: OpenApiRouter::new().routes(routes!(reset::page, reset::set)),
            short: OpenApiRouter::new().routes(routes!(hooks::email)),
            pages: OpenApiRouter::new()
                .routes(routes!(front))
                .routes(routes!(metrics::page))
                .merge(documents::routes()),
            files: OpenApiRouter::new()
                .routes(routes!(attachments::upload))
                .routes(routes!(attachments::download))
                .routes(routes!(attachments::download_named))
                .routes(routes!(uploads::uploaded)),
            v1: v1::routes(),
            api: api::routes(),
        }
    }

    pub(crate) fn document(self) -> OpenApi {
        let Self { probes, forms, short, pages, files, v1, api } = self;
        let all = [forms, short, pages, files].into_iter().fold(probes, OpenApiRouter::merge);
        all.nest(v1::PREFIX, v1).nest(api::PREFIX, api).into_openapi()
    }
}

/// Every route of the server.
pub fn router(app: &Arc<App>) -> Router {
    let http = &app.config.http;
    let patience = Duration::from_secs(http.request_timeout_seconds);

    // GraphQL keeps its own limits and time-outs, because it knows which requests are streams.
    let mut options = assembly::schema_options(&app.config);
    options.reprocess = Some(Arc::new(Reread(app.intake.clone())));
    let schema = ::graphql::schema(app.engine.clone(), options);
    let mut options = assembly::transport_options(&app.config, app.engine.max_file_bytes(), app.stopping.clone());
    options.sockets = app.sockets.clone();
    options.upload_dir = Some(app.engine.half_written());
    let graphql = graphql::routes(EngineGate::new(app.engine.clone(), schema), options);

    let graphql = if app.config.rate_limit.graphql {
        graphql.layer(limits::layer(app, graphql::too_often, limits::by_headers))
    } else {
        graphql
    };

    let Groups { probes, forms, short, pages, files, v1, api } = Groups::all();
    let given_up = |told: fn() -> Response| from_fn_with_state((patience, told), in_time);
    let forms = Router::from(forms).layer(given_up(reset::took_too_long));
    let short = Router::from(short).merge(Router::from(pages).layer(CompressionLayer::new()));
    let short = short.layer(given_up(took_too_long));
    let files = Router::from(files).layer(DefaultBodyLimit::disable());

    let routes = Router::from(probes)
        .merge(forms)
        .merge(short)
        .merge(files)
        .nest(v1::PREFIX, v1::surrounded(app, v1))
        .nest(api::PREFIX, api::surrounded(app, api))
        .fallback(async || Refusal::not_found())
        .method_not_allowed_fallback(async || {
            Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", "this method is not served here")
        })
        .with_state(Arc::clone(app))
        .merge(graphql)
        .layer(from_fn_with_state(Arc::clone(app), observe::observe));
    match cors(http) {
        Some(cors) => routes.layer(cors),
        None => routes,
    }
}

/// Gives a request up that takes too long, and says so.
async fn in_time(
    State((patience, told)): State<(Duration, fn() -> Response)>,
    request: Request,
    next: Next,
) -> Response {
    tokio::time::timeout(patience, next.run(request)).await.unwrap_or_else(|_| told())
}

fn took_too_long() -> Response {
    let why = "the request took too long and was given up; try again";
    Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "TIMEOUT", why).retry_after(1).into_response()
}

/// Where to begin
///
/// A browser is sent to the playground, where there is one.
#[utoipa::path(get, path = "/", operation_id = "front", tag = "documents", responses(
    (status = 200, description = "A line that says where to go on", body = String, content_type = "text/plain"),
    (status = 307, description = "To the playground"),
))]
async fn front(State(app): State<Arc<App>>) -> Response {
    if app.config.graphql.playground {
        return Redirect::temporary("/playground").into_response();
    }
    let line = format!("{} (Echodesk). GraphQL is served at /graphql.\n", app.engine.policy().site_name);
    ([(CONTENT_TYPE, "text/plain; charset=utf-8")], line).into_response()
}

/// Routes that machines ask all the time; their lines would fill the log.
fn is_probe(path: &str) -> bool {
    matches!(path, "/healthz" | "/readyz" | "/metrics" | "/health" | "/api/health" | "/api/ping")
}

/// What pages of other origins may do; by default nothing. Credentials are never implied: callers send a token.
fn cors(http: &Http) -> Option<CorsLayer> {
    if http.cors_origins.is_empty() {
        return None;
    }
    let origins = if http.cors_origins.iter().any(|origin| origin == "*") {
        AllowOrigin::any()
    } else {
        AllowOrigin::list(http.cors_origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()))
    };
    let ours = ["x-request-id", "x-api-key", "idempotency-key", "last-event-id", "apollo-require-preflight"];
    let allowed = ours.into_iter().map(HeaderName::from_static).chain([
        AUTHORIZATION,
        CONTENT_TYPE,
        IF_MATCH,
        IF_NONE_MATCH,
        RANGE,
    ]);
    let shown = [
        HeaderName::from_static("x-request-id"),
        ETAG,
        LINK,
        LOCATION,
        RETRY_AFTER,
        HeaderName::from_static("x-auth-token"),
        CONTENT_DISPOSITION,
        CONTENT_RANGE,
        limits::LIMIT,
        limits::REMAINING,
        limits::RESET,
        deprecation::DEPRECATED_AT,
        deprecation::DEPRECATION,
        deprecation::SUNSET,
    ];
    // Which method a route takes, it says itself; a page of another origin has to be told all that some route takes.
    let methods = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    let cors = CorsLayer::new()
        .allow_origin(origins)
        .allow_methods(methods)
        .allow_headers(allowed.collect::<Vec<_>>())
        .expose_headers(shown)
        .max_age(PREFLIGHT);
    Some(cors)
}
