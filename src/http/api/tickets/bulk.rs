//! `/api/tickets/bulk-…`: the same for many tickets at once. What goes wrong with one is told beside it, and never fails the
//! call.

use super::super::{Answer, Api, failure, wire};
use super::convert::{self, Bulk};
use crate::http::App;
use crate::http::dialect::{Body, Caller};
use axum::extract::State;
use engine::Caller as By;
use model::command::Command;
use model::id::TicketId;
use model::ticket::Ticket;
use model::{Error, Result};
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

type Server = State<Arc<App>>;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(assign))
        .routes(routes!(write_status))
        .routes(routes!(update))
        .routes(routes!(delete))
}

/// What was done, and what was not.
struct Done {
    done: Vec<i64>,
    failed: Vec<wire::FailedTicket>,
}

impl Done {
    fn of(each: Vec<(TicketId, Result<Ticket>)>) -> Self {
        let mut all = Self { done: Vec::new(), failed: Vec::new() };
        for (TicketId(id), result) in each {
            match result {
                Ok(_) => all.done.push(id),
                Err(error) => all.failed.push(failed(id, &error)),
            }
        }
        all
    }

    fn counts(&self) -> (i64, i64) {
        (self.done.len() as i64, self.failed.len() as i64)
    }
}

fn failed(id: i64, error: &Error) -> wire::FailedTicket {
    let failure::Brief { code, chinese, english } = failure::brief(error);
    wire::FailedTicket { id, ticket_id: id, error_code: code, reason: chinese, error: english }
}

async fn changed(app: &App, by: &By, asked: Bulk) -> Result<Done> {
    let Bulk { ids, change } = asked;
    let command = |id| Command::ChangeTicket(id, Box::new(change.clone()));
    Ok(Done::of(app.engine.bulk(by, &ids, command).await?))
}

fn updated(done: Done) -> wire::BulkUpdated {
    let (updated_count, failed_count) = done.counts();
    wire::BulkUpdated { updated_count, failed_count, updated_tickets: done.done, failed_tickets: done.failed }
}

pub async fn assigned_all(app: &App, by: &By, form: wire::BulkAssign) -> Result<wire::BulkAssigned> {
    let done = changed(app, by, convert::bulk_assign(form)?).await?;
    let (assigned_count, failed_count) = done.counts();
    Ok(wire::BulkAssigned { assigned_count, failed_count, assigned_tickets: done.done, failed_tickets: done.failed })
}

pub async fn updated_all(app: &App, by: &By, form: wire::BulkUpdate) -> Result<wire::BulkUpdated> {
    Ok(updated(changed(app, by, convert::bulk_update(form)?).await?))
}

/// Assign many tickets (批量分配工单)
///
/// For agents, supervisors and administrators.
#[utoipa::path(post, path = "/tickets/bulk-assign", operation_id = "apiBulkAssign", tag = "api tickets",
    request_body = wire::BulkAssign,
    responses((status = 200, description = "What was done, and what was not", body = wire::Envelope<wire::BulkAssigned>)),
)]
async fn assign(
    app: Server,
    by: Caller<Api>,
    Body(form, ..): Body<wire::BulkAssign, Api>,
) -> Answer<wire::BulkAssigned> {
    Ok(wire::Reply::done("批量分配完成", assigned_all(&app, &by, form).await?))
}

/// Change the status of many tickets (批量状态更新)
///
/// For agents, supervisors and administrators.
#[utoipa::path(post, path = "/tickets/bulk-status", operation_id = "apiBulkStatus", tag = "api tickets",
    request_body = wire::BulkStatus,
    responses((status = 200, description = "What was done, and what was not", body = wire::Envelope<wire::BulkUpdated>)),
)]
async fn write_status(
    app: Server,
    by: Caller<Api>,
    Body(form, ..): Body<wire::BulkStatus, Api>,
) -> Answer<wire::BulkUpdated> {
    let done = changed(&app, &by, convert::bulk_status(form)?).await?;
    Ok(wire::Reply::done("批量状态更新完成", updated(done)))
}

/// Update many tickets (批量更新工单)
///
/// Each as by itself, for whoever may.
#[utoipa::path(post, path = "/tickets/bulk-update", operation_id = "apiBulkUpdate", tag = "api tickets",
    request_body = wire::BulkUpdate,
    responses((status = 200, description = "What was done, and what was not", body = wire::Envelope<wire::BulkUpdated>)),
)]
async fn update(
    app: Server,
    by: Caller<Api>,
    Body(form, ..): Body<wire::BulkUpdate, Api>,
) -> Answer<wire::BulkUpdated> {
    Ok(wire::Reply::done("批量更新完成", updated_all(&app, &by, form).await?))
}

/// Delete many tickets (批量删除工单)
///
/// For their creators, supervisors and administrators.
#[utoipa::path(delete, path = "/tickets/bulk-delete", operation_id = "apiBulkDelete", tag = "api tickets",
    request_body = wire::BulkDelete,
    responses((status = 200, description = "What was done, and what was not", body = wire::Envelope<wire::BulkDeleted>)),
)]
async fn delete(
    app: Server,
    by: Caller<Api>,
    Body(form, ..): Body<wire::BulkDelete, Api>,
) -> Answer<wire::BulkDeleted> {
    let ids = convert::bulk_delete(form)?;
    let done = Done::of(app.engine.bulk(&by, &ids, Command::DiscardTicket).await?);
    let (deleted_count, failed_count) = done.counts();
    let told =
        wire::BulkDeleted { deleted_count, failed_count, deleted_tickets: done.done, failed_tickets: done.failed };
    Ok(wire::Reply::done("批量删除完成", told))
}
