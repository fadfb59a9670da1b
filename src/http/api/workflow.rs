//! `/api/tickets/{id}/…`: assigning, transferring, escalating, moving, and what has happened (seed 001, 工单工作流接口).
//!
//! What a request says beside the change is committed together with it.

use super::tickets::{convert, filter, show, told};
use super::{Answer, Api, Listed, paging, wire};
use crate::http::App;
use crate::http::dialect::{Body, Caller, Fail, Ids, Params};
use axum::extract::State;
use model::command::Command;
use model::id::TicketId;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

type Server = State<Arc<App>>;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(assign))
        .routes(routes!(transfer))
        .routes(routes!(escalate))
        .routes(routes!(write_status))
        .routes(routes!(history))
}

/// Assign a ticket (分配工单)
///
/// For agents, supervisors and administrators. The comment is an internal one.
#[utoipa::path(post, path = "/tickets/{id}/assign", operation_id = "apiAssignTicket", tag = "api workflow",
    params(("id" = i64, Path, description = "工单ID", example = 1)),
    request_body = wire::Assign,
    responses(
        (status = 200, description = "The ticket as it is now", body = wire::Envelope<wire::Ticket>),
        (status = 404, description = "TICKET_NOT_FOUND or USER_NOT_FOUND", body = wire::Refusal),
        (status = 409, description = "CONFLICT: the ticket's state does not allow it", body = wire::Refusal),
        (status = 422, description = "ASSIGNMENT_FAILED: that person can't work on tickets; or VALIDATION_FAILED", body = wire::Refusal),
    ),
)]
async fn assign(
    app: Server,
    by: Caller<Api>,
    Ids([id], ..): Ids<Api, 1>,
    Body(form, ..): Body<wire::Assign, Api>,
) -> Answer<wire::Ticket> {
    let ticket = app.engine.change_ticket(&by, TicketId(id), convert::assign(form)?).await?;
    Ok(wire::Reply::done("工单分配成功", show::one(&app, &by, &ticket).await?))
}

/// Transfer a ticket (转移工单)
///
/// For agents, supervisors and administrators: to somebody, to a department, or both. The comment is an internal one.
#[utoipa::path(post, path = "/tickets/{id}/transfer", operation_id = "apiTransferTicket", tag = "api workflow",
    params(("id" = i64, Path, description = "工单ID", example = 1)),
    request_body = wire::Transfer,
    responses(
        (status = 200, description = "The ticket as it is now, and who had it", body = wire::Envelope<wire::Transferred>),
        (status = 404, description = "TICKET_NOT_FOUND or USER_NOT_FOUND", body = wire::Refusal),
        (status = 409, description = "CONFLICT: the ticket's state does not allow it", body = wire::Refusal),
        (status = 422, description = "ASSIGNMENT_FAILED: that person can't work on tickets; or VALIDATION_FAILED", body = wire::Refusal),
    ),
)]
async fn transfer(
    app: Server,
    by: Caller<Api>,
    Ids([id], ..): Ids<Api, 1>,
    Body(form, ..): Body<wire::Transfer, Api>,
) -> Answer<wire::Transferred> {
    let command = Command::ChangeTicket(TicketId(id), Box::new(convert::transfer(form)?));
    let changed = app.engine.changed(&by, command).await?;
    let ticket = show::one(&app, &by, &changed.after).await?;
    let previous_assignee_id = changed.before.assignee.map(|user| user.0);
    Ok(wire::Reply::done("工单转移成功", wire::Transferred { ticket, previous_assignee_id }))
}

/// Escalate a ticket (升级工单)
///
/// For agents, supervisors and administrators. Low and normal priority become high, high becomes urgent, and the SLA counts
/// anew. The comment is an internal one.
#[utoipa::path(post, path = "/tickets/{id}/escalate", operation_id = "apiEscalateTicket", tag = "api workflow",
    params(("id" = i64, Path, description = "工单ID", example = 1)),
    request_body = wire::Escalate,
    responses(
        (status = 200, description = "The ticket as it is now", body = wire::Envelope<wire::Ticket>),
        (status = 404, description = "TICKET_NOT_FOUND or USER_NOT_FOUND", body = wire::Refusal),
        (status = 409, description = "CONFLICT: the ticket's state does not allow it", body = wire::Refusal),
        (status = 422, description = "ASSIGNMENT_FAILED: that person can't work on tickets; or VALIDATION_FAILED", body = wire::Refusal),
    ),
)]
async fn escalate(
    app: Server,
    by: Caller<Api>,
    Ids([id], ..): Ids<Api, 1>,
    Body(form, ..): Body<wire::Escalate, Api>,
) -> Answer<wire::Ticket> {
    let ticket = app.engine.change_ticket(&by, TicketId(id), convert::escalate(form)?).await?;
    Ok(wire::Reply::done("工单升级成功", show::one(&app, &by, &ticket).await?))
}

/// Change a ticket's status (更新工单状态)
///
/// For agents, supervisors and administrators; its creator may close what is resolved, take it back (`cancelled`) and ask
/// again (`reopened`). The comment is one that the creator reads, too.
#[utoipa::path(post, path = "/tickets/{id}/status", operation_id = "apiWriteStatus", tag = "api workflow",
    params(("id" = i64, Path, description = "工单ID", example = 1)),
    request_body = wire::StatusWrite,
    responses(
        (status = 200, description = "The ticket as it is now", body = wire::Envelope<wire::Ticket>),
        (status = 409, description = "INVALID_STATUS_TRANSITION: the ticket's state does not allow it", body = wire::Refusal),
    ),
)]
async fn write_status(
    app: Server,
    by: Caller<Api>,
    Ids([id], ..): Ids<Api, 1>,
    Body(form, ..): Body<wire::StatusWrite, Api>,
) -> Answer<wire::Ticket> {
    let ticket = app.engine.change_ticket(&by, TicketId(id), convert::status_write(form)?).await?;
    Ok(wire::Reply::done("状态更新成功", show::one(&app, &by, &ticket).await?))
}

/// What happened to a ticket (获取工单历史)
///
/// The newest first, as far as the caller may know it.
#[utoipa::path(get, path = "/tickets/{id}/history", operation_id = "apiTicketHistory", tag = "api workflow",
    params(("id" = i64, Path, description = "工单ID", example = 1), wire::HistoryQuery),
    responses((status = 200, description = "One page", body = wire::List<wire::HistoryEntry>)),
)]
async fn history(
    app: Server,
    by: Caller<Api>,
    Ids([id], ..): Ids<Api, 1>,
    Params(query, ..): Params<wire::HistoryQuery, Api>,
) -> Listed<wire::HistoryEntry> {
    let limit = [query.limit.as_deref(), query.page_size.as_deref()];
    let page = filter::part(query.page.as_deref(), limit).map_err(Fail::of_query)?;
    let found = app.engine.history_numbered(&by.actor, TicketId(id), page.part(), told::shows).await?;
    let around = show::Around::people(&app, &by, found.items.iter().flat_map(told::named).collect()).await?;
    let view = around.view(&app, &by);
    let rows = found.items.iter().map(|recorded| told::entry(recorded, &view)).collect();
    Ok(wire::List::new(rows, paging::shown(page, found.total)))
}
