//! `/v1/tickets`: opening, reading, listing, and everything that moves a ticket (seed 003 §3).

use super::{Answer, Listed, V1, convert, filter, wire};
use crate::http::App;
use crate::http::dialect::{Body, Caller, Fail, Ids, Params};
use axum::extract::State;
use engine::Caller as By;
use model::Result;
use model::command::{AssignTicket, Command, Edit};
use model::id::{TicketId, UserId};
use model::people::User;
use model::ticket::Ticket;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

type Server = State<Arc<App>>;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(open, list))
        .routes(routes!(detail, delete))
        .routes(routes!(assign))
        .routes(routes!(write_status))
        .routes(routes!(write_priority))
        .routes(routes!(close))
        .routes(routes!(reopen))
}

/// Open a ticket (创建工单)
///
/// For everybody.
#[utoipa::path(post, path = "/tickets", operation_id = "v1OpenTicket", tag = "v1 tickets",
    params(("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 200, pattern = r"^[!-~]([\t -~]*[!-~])?$",
        description = "Any text of the caller's; the same key does it once")),
    request_body = wire::NewTicket,
    responses(
        (status = 201, description = "The ticket", body = wire::Envelope<wire::Opened>),
        (status = 409, description = "CONFLICT: the key was used for another request", body = wire::Refusal),
    ),
)]
async fn open(app: Server, by: Caller<V1>, Body(form, ..): Body<wire::NewTicket, V1>) -> Answer<wire::Opened> {
    let ticket = app.engine.open_ticket(&by, convert::open(form)?).await?;
    Ok(wire::Reply::created("Ticket created successfully", convert::opened(&ticket)))
}

/// Read a ticket (获取工单详情)
///
/// For those who may see it.
#[utoipa::path(get, path = "/tickets/{id}", operation_id = "v1Ticket", tag = "v1 tickets",
    params(("id" = i64, Path, description = "工单ID", example = 123)),
    responses(
        (status = 200, description = "The ticket", body = wire::Envelope<wire::Ticket>),
    ),
)]
async fn detail(app: Server, by: Caller<V1>, Ids([id], ..): Ids<V1, 1>) -> Answer<wire::Ticket> {
    let detail = app.engine.detail(&by.actor, TicketId(id)).await?;
    let categories = app.engine.categories(&by.actor).await?;
    Ok(wire::Reply::done("", convert::detail(&detail, &categories, app.engine.now())))
}

/// List tickets (列出工单)
///
/// Those that the caller may see. A parameter without a value is as if it were not there.
#[utoipa::path(get, path = "/tickets", operation_id = "v1Tickets", tag = "v1 tickets",
    params(wire::TicketsQuery),
    responses(
        (status = 200, description = "One page", body = wire::Page<wire::TicketRow>),
    ),
)]
async fn list(
    app: Server,
    by: Caller<V1>,
    Params(query, ..): Params<wire::TicketsQuery, V1>,
) -> Listed<wire::TicketRow> {
    let categories = app.engine.categories(&by.actor).await?;
    let asked = filter::tickets(&query, &categories).map_err(Fail::of_query)?;
    let found = app.engine.tickets_numbered(&by.actor, &asked.filter, asked.sort, asked.page.part()).await?;
    let people = people(&app, &by, &found.items).await?;
    let now = app.engine.now();
    let rows = found.items.iter().map(|ticket| convert::row(ticket, &people, &categories, now)).collect();
    Ok(wire::Page::new(rows, filter::shown(asked.page, found.total)))
}

/// Those whom the tickets name, each once.
async fn people(app: &App, by: &By, tickets: &[Arc<Ticket>]) -> Result<Vec<Arc<User>>> {
    let mut ids: Vec<UserId> = tickets.iter().flat_map(|t| [Some(t.requester), t.assignee]).flatten().collect();
    ids.sort_unstable();
    ids.dedup();
    app.engine.users_by_ids(&by.actor, &ids).await
}

/// Assign a ticket (分配工单)
///
/// For agents and administrators.
#[utoipa::path(post, path = "/tickets/{id}/assign", operation_id = "v1AssignTicket", tag = "v1 tickets",
    params(("id" = i64, Path, description = "工单ID", example = 123)),
    request_body = wire::Assign,
    responses(
        (status = 200, description = "Who has it now", body = wire::Envelope<wire::Assigned>),
        (status = 404, description = "TICKET_NOT_FOUND or ASSIGNEE_NOT_FOUND", body = wire::Refusal),
        (status = 409, description = "CONFLICT: the ticket's state does not allow it", body = wire::Refusal),
    ),
)]
async fn assign(
    app: Server,
    by: Caller<V1>,
    Ids([id], ..): Ids<V1, 1>,
    Body(form, ..): Body<wire::Assign, V1>,
) -> Answer<wire::Assigned> {
    let assign = AssignTicket { assignee: Some(convert::assign(form)?), department: Edit::Keep, reason: None };
    let ticket = app.engine.assign_ticket(&by, TicketId(id), assign).await?;
    Ok(wire::Reply::done("Ticket assigned successfully", convert::assigned(&ticket)))
}

/// Change a ticket's status (更新工单状态)
///
/// For those who may see it, as far as their role goes.
#[utoipa::path(patch, path = "/tickets/{id}/status", operation_id = "v1WriteStatus", tag = "v1 tickets",
    params(("id" = i64, Path, description = "工单ID", example = 123)),
    request_body = wire::NewStatus,
    responses(
        (status = 200, description = "The status before and now", body = wire::Envelope<wire::StatusWritten>),
        (status = 409, description = "INVALID_STATUS_TRANSITION: the ticket's state does not allow it", body = wire::Refusal),
    ),
)]
async fn write_status(
    app: Server,
    by: Caller<V1>,
    Ids([id], ..): Ids<V1, 1>,
    Body(form, ..): Body<wire::NewStatus, V1>,
) -> Answer<wire::StatusWritten> {
    let command = Command::WriteStatus(TicketId(id), convert::write_status(form)?);
    let changed = app.engine.changed(&by, command).await?;
    Ok(wire::Reply::done("Ticket status updated successfully", convert::status_written(&changed)))
}

/// Change a ticket's priority (更新工单优先级)
///
/// For agents and administrators. The due time is counted anew.
#[utoipa::path(patch, path = "/tickets/{id}/priority", operation_id = "v1WritePriority", tag = "v1 tickets",
    params(("id" = i64, Path, description = "工单ID", example = 123)),
    request_body = wire::NewPriority,
    responses(
        (status = 200, description = "The priority before and now", body = wire::Envelope<wire::PriorityWritten>),
        (status = 409, description = "CONFLICT: the ticket's state does not allow it", body = wire::Refusal),
    ),
)]
async fn write_priority(
    app: Server,
    by: Caller<V1>,
    Ids([id], ..): Ids<V1, 1>,
    Body(form, ..): Body<wire::NewPriority, V1>,
) -> Answer<wire::PriorityWritten> {
    let command = Command::WritePriority(TicketId(id), convert::write_priority(form)?);
    let changed = app.engine.changed(&by, command).await?;
    Ok(wire::Reply::done("Ticket priority updated successfully", convert::priority_written(&changed)))
}

/// Close a ticket (关闭工单)
///
/// For agents and administrators; its creator may close what is resolved.
#[utoipa::path(post, path = "/tickets/{id}/close", operation_id = "v1CloseTicket", tag = "v1 tickets",
    params(("id" = i64, Path, description = "工单ID", example = 123)),
    request_body = wire::Reason,
    responses(
        (status = 200, description = "It is closed", body = wire::Envelope<wire::Closed>),
        (status = 409, description = "INVALID_STATUS_TRANSITION: the ticket's state does not allow it", body = wire::Refusal),
    ),
)]
async fn close(
    app: Server,
    by: Caller<V1>,
    Ids([id], ..): Ids<V1, 1>,
    Body(form, ..): Body<wire::Reason, V1>,
) -> Answer<wire::Closed> {
    let ticket = app.engine.close_ticket(&by, TicketId(id), convert::reason(form)?).await?;
    Ok(wire::Reply::done("Ticket closed successfully", convert::closed(&ticket)))
}

/// Reopen a ticket (重开工单)
///
/// For its creator, agents and administrators, once it is resolved or closed.
#[utoipa::path(post, path = "/tickets/{id}/reopen", operation_id = "v1ReopenTicket", tag = "v1 tickets",
    params(("id" = i64, Path, description = "工单ID", example = 123)),
    request_body = wire::Reason,
    responses(
        (status = 200, description = "It is open again", body = wire::Envelope<wire::Reopened>),
        (status = 409, description = "INVALID_STATUS_TRANSITION: the ticket's state does not allow it", body = wire::Refusal),
    ),
)]
async fn reopen(
    app: Server,
    by: Caller<V1>,
    Ids([id], ..): Ids<V1, 1>,
    Body(form, ..): Body<wire::Reason, V1>,
) -> Answer<wire::Reopened> {
    let ticket = app.engine.reopen_ticket(&by, TicketId(id), convert::reason(form)?).await?;
    Ok(wire::Reply::done("Ticket reopened successfully", convert::reopened(&ticket)))
}

/// Delete a ticket (删除工单)
///
/// For administrators.
#[utoipa::path(delete, path = "/tickets/{id}", operation_id = "v1DeleteTicket", tag = "v1 tickets",
    params(("id" = i64, Path, description = "工单ID", example = 123)),
    responses(
        (status = 204, description = "It is gone (无返回内容)"),
        (status = 409, description = "CONFLICT: the ticket's state does not allow it", body = wire::Refusal),
    ),
)]
async fn delete(app: Server, by: Caller<V1>, Ids([id], ..): Ids<V1, 1>) -> Answer<()> {
    app.engine.delete_ticket(&by, TicketId(id)).await?;
    Ok(wire::Reply::NoContent)
}
