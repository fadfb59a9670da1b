//! `/api/tickets/stats` and the lists that its numbers are of (统计和仪表板接口).

use super::super::{Answer, Api, Listed, paging, wire};
use super::convert::{self, PRIORITIES};
use super::filter::{self, Asker};
use super::show;
use crate::http::App;
use crate::http::dialect::{Caller, Fail, Params};
use axum::extract::State;
use engine::{Caller as By, DeskFigures, Pile};
use model::category::Category;
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

type Server = State<Arc<App>>;
type Query = Params<wire::PileQuery, Api>;

/// The key under which tickets without a category are counted.
const UNCATEGORIZED: &str = "uncategorized";

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(stats))
        .routes(routes!(mine))
        .routes(routes!(unassigned))
        .routes(routes!(overdue))
        .routes(routes!(breached))
}

/// How much work there is (获取工单统计)
///
/// Over the tickets that the caller may see; an agent's are over those assigned to them, and what is nobody's.
#[utoipa::path(get, path = "/tickets/stats", operation_id = "apiTicketStats", tag = "api tickets",
    params(wire::TicketStatsQuery),
    responses((status = 200, description = "The numbers", body = wire::Envelope<wire::Stats>)),
)]
async fn stats(
    app: Server,
    by: Caller<Api>,
    Params(query, ..): Params<wire::TicketStatsQuery, Api>,
) -> Answer<wire::Stats> {
    let asker = Asker { actor: &by.actor, now: app.engine.now(), zone: app.engine.policy().zone };
    let since = filter::since(query.range.as_deref(), asker).map_err(Fail::of_query)?;
    let figures = app.engine.desk_figures(&by.actor, since).await?;
    let categories = app.engine.categories(&by.actor).await?;
    Ok(wire::Reply::done("", told(&figures, &categories)))
}

/// My tickets (获取我的工单)
///
/// Those assigned to the caller; those that they opened, where they are nobody's agent. Newest first.
#[utoipa::path(get, path = "/tickets/my-tickets", operation_id = "apiMyTickets", tag = "api tickets",
    params(wire::PileQuery),
    responses((status = 200, description = "The first of them", body = wire::List<wire::TicketRow>)),
)]
async fn mine(app: Server, by: Caller<Api>, Params(query, ..): Query) -> Listed<wire::TicketRow> {
    listed(&app, &by, &query, Pile::Mine).await
}

/// Nobody's tickets (获取未分配工单)
///
/// Those that are not finished, newest first, each with whom its category would give it to.
#[utoipa::path(get, path = "/tickets/unassigned", operation_id = "apiUnassignedTickets", tag = "api tickets",
    params(wire::PileQuery),
    responses((status = 200, description = "The first of them", body = wire::List<wire::TicketRow>)),
)]
async fn unassigned(app: Server, by: Caller<Api>, Params(query, ..): Query) -> Listed<wire::TicketRow> {
    listed(&app, &by, &query, Pile::Unassigned).await
}

/// Overdue tickets (获取逾期工单)
///
/// Past their own due date and not finished, the longest overdue first. Agents see their own.
#[utoipa::path(get, path = "/tickets/overdue", operation_id = "apiOverdueTickets", tag = "api tickets",
    params(wire::PileQuery),
    responses((status = 200, description = "The first of them", body = wire::List<wire::TicketRow>)),
)]
async fn overdue(app: Server, by: Caller<Api>, Params(query, ..): Query) -> Listed<wire::TicketRow> {
    listed(&app, &by, &query, Pile::Overdue).await
}

/// Tickets that broke their service level (获取SLA违约工单)
///
/// Past the time by which they were to be resolved and not finished, oldest first. Agents see their own.
#[utoipa::path(get, path = "/tickets/sla-breach", operation_id = "apiBreachedTickets", tag = "api tickets",
    params(wire::PileQuery),
    responses((status = 200, description = "The first of them", body = wire::List<wire::TicketRow>)),
)]
async fn breached(app: Server, by: Caller<Api>, Params(query, ..): Query) -> Listed<wire::TicketRow> {
    listed(&app, &by, &query, Pile::Breached).await
}

async fn listed(app: &App, by: &By, query: &wire::PileQuery, pile: Pile) -> Listed<wire::TicketRow> {
    let usual = if pile == Pile::Mine { 10 } else { paging::USUAL };
    let asked = filter::pile(query, pile, usual, &by.actor).map_err(Fail::of_query)?;
    let found = app.engine.tickets_numbered(&by.actor, &asked.filter, asked.sort, asked.page.part()).await?;
    let rows = show::rows(app, by, &found.items).await?;
    Ok(wire::List::new(rows, paging::shown(asked.page, found.total)))
}

/// The document's numbers.
pub fn told(figures: &DeskFigures, categories: &[Category]) -> wire::Stats {
    let all = &figures.all;
    let of =
        |word: &str| all.by_status.iter().filter(|(known, _)| convert::status(*known) == word).map(|(_, n)| n).sum();
    let by = |word: &str| all.by_priority.iter().filter(|(known, _)| known.word() == word).map(|(_, n)| n).sum();
    let [low, normal, high, urgent, critical] = PRIORITIES.map(by);
    let active = categories.iter().filter(|category| category.form.active);
    let mut by_category: BTreeMap<String, i64> = active.map(|category| (category.form.key.clone(), 0)).collect();
    for (id, tickets) in &all.by_category {
        let known = categories.iter().find(|category| Some(category.id) == *id);
        let key = known.map_or(UNCATEGORIZED, |category| category.form.key.as_str());
        *by_category.entry(key.to_owned()).or_default() += tickets;
    }
    wire::Stats {
        total: all.total,
        open: of("open"),
        in_progress: of("in_progress"),
        pending: of("pending"),
        resolved: of("resolved"),
        closed: of("closed"),
        cancelled: of("cancelled"),
        overdue: all.overdue,
        sla_breached: all.sla_overdue,
        my_tickets: figures.mine,
        unassigned: figures.unassigned,
        high_priority: figures.pressing,
        escalated: all.escalated,
        by_priority: wire::ByPriority { low, normal, high, urgent, critical },
        by_category,
    }
}
