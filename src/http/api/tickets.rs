//! `/api/tickets`: opening, reading, listing, changing and deleting tickets (seed 001, 工单管理接口).

pub(super) mod bulk;
pub(super) mod convert;
pub(super) mod desk;
pub(super) mod filter;
pub(super) mod show;
pub(super) mod told;

use super::{Answer, Api, Listed, paging, wire};
use crate::http::App;
use crate::http::dialect::{Body, Caller, Fail, Ids, Params};
use axum::extract::State;
use filter::Asker;
use model::id::TicketId;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

type Server = State<Arc<App>>;

/// Comments that come along with a ticket.
const COMMENTS: usize = 100;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(open, list))
        .routes(routes!(detail, update, delete))
        .routes(routes!(restore))
        .merge(desk::routes())
        .merge(bulk::routes())
}

/// Open a ticket (创建工单)
///
/// For everybody; whom it is assigned to is for staff to say. A category with an assignee of its own gives it to them.
#[utoipa::path(post, path = "/tickets", operation_id = "apiOpenTicket", tag = "api tickets",
    params(("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 200, pattern = r"^[!-~]([\t -~]*[!-~])?$",
        description = "Any text of the caller's; the same key does it once")),
    request_body = wire::NewTicket,
    responses(
        (status = 201, description = "The ticket", body = wire::Envelope<wire::Ticket>),
        (status = 404, description = "USER_NOT_FOUND or CATEGORY_NOT_FOUND", body = wire::Refusal),
        (status = 409, description = "CONFLICT: the key was used for another request", body = wire::Refusal),
    ),
)]
async fn open(app: Server, by: Caller<Api>, Body(form, ..): Body<wire::NewTicket, Api>) -> Answer<wire::Ticket> {
    let ticket = app.engine.open_ticket(&by, convert::open(form)?).await?;
    Ok(wire::Reply::created("工单创建成功", show::one(&app, &by, &ticket).await?))
}

/// List tickets (获取工单列表)
///
/// Those that the caller may see, the newest first if nothing else is asked. A parameter without a value is as if it were
/// not there.
#[utoipa::path(get, path = "/tickets", operation_id = "apiTickets", tag = "api tickets",
    params(wire::TicketsQuery),
    responses((status = 200, description = "One page", body = wire::List<wire::TicketRow>)),
)]
async fn list(
    app: Server,
    by: Caller<Api>,
    Params(query, ..): Params<wire::TicketsQuery, Api>,
) -> Listed<wire::TicketRow> {
    let asker = Asker { actor: &by.actor, now: app.engine.now(), zone: app.engine.policy().zone };
    let asked = filter::tickets(&query, asker).map_err(Fail::of_query)?;
    let found = app.engine.tickets_numbered(&by.actor, &asked.filter, asked.sort, asked.page.part()).await?;
    let rows = show::rows(&app, &by, &found.items).await?;
    Ok(wire::List::new(rows, paging::shown(asked.page, found.total)))
}

/// Read a ticket (获取单个工单)
///
/// For those who may see it; it counts as a view.
#[utoipa::path(get, path = "/tickets/{id}", operation_id = "apiTicket", tag = "api tickets",
    params(("id" = i64, Path, description = "工单ID", example = 1)),
    responses((status = 200, description = "The ticket", body = wire::Envelope<wire::TicketDetail>)),
)]
async fn detail(app: Server, by: Caller<Api>, Ids([id], ..): Ids<Api, 1>) -> Answer<wire::TicketDetail> {
    let whole = app.engine.whole(&by.actor, TicketId(id), COMMENTS).await?;
    app.engine.view(TicketId(id));
    let around = show::Around::known(whole.people, app.engine.categories(&by.actor).await?);
    let view = around.view(&app, &by);
    let detail = wire::TicketDetail {
        ticket: convert::ticket(&whole.ticket, &view),
        description: whole.description.map(|comment| comment.body.as_str().to_owned()).unwrap_or_default(),
        comments: whole.comments.iter().map(|comment| show::comment(&app, comment, &view)).collect(),
    };
    Ok(wire::Reply::done("", detail))
}

/// Update a ticket (更新工单)
///
/// What is sent as it is already stays as it is, so that a whole record can be sent back. All of it is done, or none.
#[utoipa::path(put, path = "/tickets/{id}", operation_id = "apiUpdateTicket", tag = "api tickets",
    params(("id" = i64, Path, description = "工单ID", example = 1)),
    request_body = wire::TicketUpdate,
    responses(
        (status = 200, description = "The ticket as it is now", body = wire::Envelope<wire::Ticket>),
        (status = 404, description = "TICKET_NOT_FOUND, USER_NOT_FOUND or CATEGORY_NOT_FOUND", body = wire::Refusal),
        (status = 409, description = "INVALID_STATUS_TRANSITION or CONFLICT: the ticket's state does not allow it", body = wire::Refusal),
    ),
)]
async fn update(
    app: Server,
    by: Caller<Api>,
    Ids([id], ..): Ids<Api, 1>,
    Body(form, ..): Body<wire::TicketUpdate, Api>,
) -> Answer<wire::Ticket> {
    let ticket = app.engine.change_ticket(&by, TicketId(id), convert::update(form)?).await?;
    Ok(wire::Reply::done("工单更新成功", show::one(&app, &by, &ticket).await?))
}

/// Delete a ticket (删除工单)
///
/// For its creator, supervisors and administrators. It is gone from everywhere, and can be restored.
#[utoipa::path(delete, path = "/tickets/{id}", operation_id = "apiDeleteTicket", tag = "api tickets",
    params(("id" = i64, Path, description = "工单ID", example = 1)),
    responses((status = 200, description = "It is gone", body = wire::Envelope<wire::Nothing>)),
)]
async fn delete(app: Server, by: Caller<Api>, Ids([id], ..): Ids<Api, 1>) -> Answer<wire::Nothing> {
    app.engine.discard_ticket(&by, TicketId(id)).await?;
    Ok(wire::Reply::done("工单删除成功", wire::Nothing))
}

/// Restore a deleted ticket (恢复工单)
///
/// For supervisors and administrators.
#[utoipa::path(post, path = "/tickets/{id}/restore", operation_id = "apiRestoreTicket", tag = "api tickets",
    params(("id" = i64, Path, description = "工单ID", example = 1)),
    responses((status = 200, description = "The ticket", body = wire::Envelope<wire::Ticket>)),
)]
async fn restore(app: Server, by: Caller<Api>, Ids([id], ..): Ids<Api, 1>) -> Answer<wire::Ticket> {
    // The one place of this dialect where a deleted ticket is there.
    let restorer = engine::Caller { ignores_deleted: false, ..by.clone() };
    let ticket = app.engine.restore_ticket(&restorer, TicketId(id)).await?;
    Ok(wire::Reply::done("工单恢复成功", show::one(&app, &by, &ticket).await?))
}
