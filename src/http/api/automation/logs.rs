//! `/api/admin/automation/logs`: what rules have done, for as long as it is kept.

use super::super::wire::{self, Envelope, Reply};
use super::super::{Answer, Api};
use super::{forms, page, placed};
use crate::http::App;
use crate::http::dialect::{Caller, Fail, Params};
use crate::http::query::{PageNumber, boolean, integer};
use axum::extract::State;
use model::Result;
use model::automation::RunFilter;
use model::error::Problems;
use model::id::{RuleId, TicketId};
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list))
}

/// List what rules have done
///
/// The newest first; for staff. It is kept for 30 days.
#[utoipa::path(get, path = "/admin/automation/logs", operation_id = "apiListAutomationLogs", tag = "api automation",
    params(wire::AutomationLogsQuery),
    responses(
        (status = 200, description = "A page of it", body = Envelope<wire::AutomationLogs>),
        (status = 404, description = "TICKET_NOT_FOUND: no such ticket, or the caller may not know of it", body = wire::Refusal),
    ),
)]
async fn list(
    State(app): State<Arc<App>>,
    by: Caller<Api>,
    Params(query, ..): Params<wire::AutomationLogsQuery, Api>,
) -> Answer<wire::AutomationLogs> {
    let (filter, page) = asked(&query).map_err(Fail::of_query)?;
    let found = app.engine.rule_runs_numbered(&by.actor, filter, page.part()).await?;
    let logs = found.items.into_iter().map(forms::shown_run).collect();
    Ok(Reply::done("", wire::AutomationLogs { logs, place: placed(page, found.total) }))
}

fn asked(query: &wire::AutomationLogsQuery) -> Result<(RunFilter, PageNumber)> {
    let mut problems = Problems::default();
    let p = &mut problems;
    let page = page(query.page.as_deref(), [query.limit.as_deref(), query.page_size.as_deref()], p);
    let filter = RunFilter {
        rule: integer("rule_id", query.rule_id.as_deref(), p).map(RuleId),
        ticket: integer("ticket_id", query.ticket_id.as_deref(), p).map(TicketId),
        success: boolean("success", query.success.as_deref(), p),
    };
    problems.finish()?;
    Ok((filter, page))
}
