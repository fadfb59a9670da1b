//! `/v1/tickets/stats`, `/my-stats`, `/sla-report`: figures over the tickets that the caller may see (seed 003 §5).

use super::{Answer, V1, figures, filter, wire};
use crate::http::App;
use crate::http::dialect::{Caller, Fail, Params};
use axum::extract::State;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

type Server = State<Arc<App>>;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(stats)).routes(routes!(my_stats)).routes(routes!(sla_report))
}

/// Figures of tickets (获取工单统计)
///
/// Of those that the caller may see, by the day on which they were opened.
#[utoipa::path(get, path = "/tickets/stats", operation_id = "v1Stats", tag = "v1 reports",
    params(wire::StatsQuery),
    responses(
        (status = 200, description = "The figures", body = wire::Envelope<wire::Stats>),
    ),
)]
async fn stats(app: Server, by: Caller<V1>, Params(query, ..): Params<wire::StatsQuery, V1>) -> Answer<wire::Stats> {
    let asked = filter::stats(&query, app.engine.policy().zone).map_err(Fail::of_query)?;
    let told = app.engine.statistics(&by.actor, asked).await?;
    let categories = app.engine.categories(&by.actor).await?;
    Ok(wire::Reply::done("", figures::stats(&told, &categories)))
}

/// The caller's figures (获取我的工单统计)
#[utoipa::path(get, path = "/tickets/my-stats", operation_id = "v1MyStats", tag = "v1 reports",
    responses(
        (status = 200, description = "The figures", body = wire::Envelope<wire::MyStats>),
    ),
)]
async fn my_stats(app: Server, by: Caller<V1>) -> Answer<wire::MyStats> {
    let told = app.engine.own_statistics(&by.actor).await?;
    Ok(wire::Reply::done("", figures::my_stats(&told)))
}

/// Report on service levels (获取 SLA 报表)
///
/// For administrators.
#[utoipa::path(get, path = "/tickets/sla-report", operation_id = "v1SlaReport", tag = "v1 reports",
    params(wire::ReportQuery),
    responses(
        (status = 200, description = "The report", body = wire::Envelope<wire::SlaReport>),
    ),
)]
async fn sla_report(
    app: Server,
    by: Caller<V1>,
    Params(query, ..): Params<wire::ReportQuery, V1>,
) -> Answer<wire::SlaReport> {
    let asked = filter::report(&query).map_err(Fail::of_query)?;
    let told = app.engine.report(&by.actor, asked).await?;
    let categories = app.engine.categories(&by.actor).await?;
    let ids: Vec<_> = told.by_assignee.iter().filter_map(|(id, _)| *id).collect();
    let people = app.engine.users_by_ids(&by.actor, &ids).await?;
    // The days come back as they were written.
    let period = wire::Period { start: query.start_date.unwrap_or_default(), end: query.end_date.unwrap_or_default() };
    Ok(wire::Reply::done("", figures::report(&told, asked.by, period, &people, &categories)))
}
