//! `/api`: whether the server works, for whoever asks; and the figures of the whole installation, for those who run it.
//!
//! What is open to everybody tells no addresses, names or settings. What doesn't work is a refusal with 503.

use super::people::moment;
use super::tickets::desk;
use super::tickets::filter::{self, Asker};
use super::wire::{self, Envelope, Nothing, Refusal, Reply};
use super::{Answer, Api, failure};
use crate::http::App;
use crate::http::dialect::{Caller, Fail, Params};
use crate::http::health;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use engine::{Database, SystemFigures};
use model::category::Category;
use model::time::SECOND;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread::available_parallelism;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

type Server = State<Arc<App>>;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(ping))
        .routes(routes!(health))
        .routes(routes!(redis))
        .routes(routes!(email))
        .routes(routes!(figures))
}

/// Does it live?
#[utoipa::path(get, path = "/ping", operation_id = "apiPing", tag = "api system", security(()),
    responses((status = 200, description = "It does", body = Envelope<Nothing>)),
)]
async fn ping() -> Reply<Nothing> {
    Reply::done("pong", Nothing)
}

/// Can it work?
#[utoipa::path(get, path = "/health", operation_id = "apiHealth", tag = "api system", security(()),
    responses(
        (status = 200, description = "It can", body = Envelope<wire::Health>),
        (status = 503, description = "INTERNAL_ERROR: something is missing; `details.missing` says what", body = Refusal),
    ),
)]
async fn health(app: Server) -> Response {
    let missing = health::missing(&app).await;
    if !missing.is_empty() {
        return failure::unready(&missing);
    }
    let data = wire::Health {
        status: "healthy",
        database: "connected",
        database_kind: kind(app.engine.database()),
        version: env!("CARGO_PKG_VERSION"),
        timestamp: moment(app.engine.now()),
    };
    Reply::done("系统健康", data).into_response()
}

/// Does what stands in for Redis answer?
///
/// There is none. What it does elsewhere (handing on what happens, and counting) the database and this process do: they are
/// asked for a round trip.
#[utoipa::path(get, path = "/redis/test", operation_id = "apiRedisTest", tag = "api system", security(()),
    responses(
        (status = 200, description = "It does", body = wire::RoundTrip),
        (status = 503, description = "INTERNAL_ERROR: it does not; `details.missing` says what", body = Refusal),
    ),
)]
async fn redis(app: Server) -> Response {
    let asked = tokio::time::timeout(health::PATIENCE, app.engine.round_trip()).await;
    let missing = match asked {
        Ok(Ok(())) => Vec::new(),
        Ok(Err(missing)) => missing,
        Err(_) => vec!["the database does not answer".to_owned()],
    };
    if !missing.is_empty() {
        return failure::unready(&missing);
    }
    let message = "没有使用 Redis，由数据库代替，读取正常";
    let data = wire::StandIn { redis: false, backend: kind(app.engine.database()) };
    wire::RoundTrip { success: true, code: 0, message, msg: message, status: "ok", data }.into_response()
}

/// Does mail go out?
#[utoipa::path(get, path = "/email-status", operation_id = "apiEmailStatus", tag = "api system", security(()),
    responses((status = 200, description = "How it stands", body = Envelope<wire::EmailStatus>)),
)]
async fn email(app: Server) -> Answer<wire::EmailStatus> {
    let outgoing = app.engine.outgoing().await?;
    let (is_configured, is_enabled) = (!outgoing.smtp.host.is_empty(), outgoing.smtp.enabled);
    let status = match (is_configured, is_enabled) {
        (false, _) => "not_configured",
        (true, false) => "disabled",
        (true, true) => "ready",
    };
    Ok(Reply::done("", wire::EmailStatus { status, is_enabled, is_configured }))
}

/// Figures of the whole installation
///
/// For administrators. Tickets are counted as `/tickets/stats` counts them.
#[utoipa::path(get, path = "/admin/analytics/system", operation_id = "apiSystemStats", tag = "api admin",
    params(wire::AnalyticsQuery),
    responses((status = 200, description = "They", body = Envelope<wire::SystemStats>)),
)]
async fn figures(
    app: Server,
    by: Caller<Api>,
    Params(query, ..): Params<wire::AnalyticsQuery, Api>,
) -> Answer<wire::SystemStats> {
    let asker = Asker { actor: &by.actor, now: app.engine.now(), zone: app.engine.policy().zone };
    let since = filter::since(query.range.as_deref(), asker).map_err(Fail::of_query)?;
    let figures = app.engine.system_figures(&by.actor, since).await?;
    let categories = app.engine.categories(&by.actor).await?;
    Ok(Reply::done("获取系统统计成功", of_all(figures, &categories)))
}

fn kind(database: Database) -> &'static str {
    match database {
        Database::Sqlite => "sqlite",
        Database::Postgres => "postgres",
    }
}

fn of_all(figures: SystemFigures, categories: &[Category]) -> wire::SystemStats {
    let all = &figures.tickets.all;
    let sla = wire::SlaFigures {
        compliance_rate: all.sla_compliance,
        breached: all.breached,
        overdue: all.sla_overdue,
        responded: all.responded,
        response_met: all.response_met,
        average_response_minutes: all.average_response_minutes,
        resolved: all.resolved,
        resolution_met: all.resolution_met,
        average_resolution_minutes: all.average_resolution_minutes,
    };
    let (mut by_role, mut by_status) = (BTreeMap::new(), BTreeMap::new());
    for (role, status, count) in &figures.people {
        *by_role.entry(role.word()).or_default() += count;
        *by_status.entry(status.word()).or_default() += count;
    }
    let mut by_state = BTreeMap::new();
    for (state, count) in figures.deliveries {
        *by_state.entry(state).or_default() += count;
    }
    wire::SystemStats {
        users: wire::UserFigures { total: figures.people.iter().map(|(.., count)| count).sum(), by_role, by_status },
        tickets: desk::told(&figures.tickets, categories),
        sla,
        deliveries: wire::DeliveryFigures { since: moment(figures.deliveries_since), by_state },
        database: wire::DatabaseFigures {
            kind: kind(figures.database),
            size_bytes: figures.database_size,
            events: figures.events,
        },
        server: wire::ServerFigures {
            version: env!("CARGO_PKG_VERSION"),
            started_at: moment(figures.began),
            uptime_seconds: (figures.now.0 - figures.began.0).max(0) / SECOND,
            cpu_count: available_parallelism().map_or(1, |count| i64::try_from(count.get()).unwrap_or(1)),
            generated_at: moment(figures.now),
        },
    }
}
