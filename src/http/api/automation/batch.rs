//! `/api/admin/automation/batch`: the bulk commands of `/api/tickets`, by the names that some clients know.

use super::super::tickets::bulk;
use super::super::wire::{self, Envelope, Reply};
use super::super::{Answer, Api};
use crate::http::App;
use crate::http::dialect::{Body, Caller};
use axum::extract::State;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

type Server = State<Arc<App>>;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(update)).routes(routes!(assign))
}

/// Update many tickets (批量更新工单)
///
/// The same as `/tickets/bulk-update`.
#[utoipa::path(post, path = "/admin/automation/batch/update", operation_id = "apiBatchUpdate", tag = "api automation",
    request_body = wire::BulkUpdate,
    responses((status = 200, description = "What was done, and what was not", body = Envelope<wire::BulkUpdated>)),
)]
async fn update(
    app: Server,
    by: Caller<Api>,
    Body(form, ..): Body<wire::BulkUpdate, Api>,
) -> Answer<wire::BulkUpdated> {
    Ok(Reply::done("批量更新完成", bulk::updated_all(&app, &by, form).await?))
}

/// Assign many tickets (批量分配工单)
///
/// The same as `/tickets/bulk-assign`, for agents, supervisors and administrators.
#[utoipa::path(post, path = "/admin/automation/batch/assign", operation_id = "apiBatchAssign", tag = "api automation",
    request_body = wire::BatchAssign,
    responses((status = 200, description = "What was done, and what was not", body = Envelope<wire::BulkAssigned>)),
)]
async fn assign(
    app: Server,
    by: Caller<Api>,
    Body(form, ..): Body<wire::BatchAssign, Api>,
) -> Answer<wire::BulkAssigned> {
    let wire::BatchAssign { ticket_ids, user_id, comment } = form;
    let form = wire::BulkAssign { ticket_ids, assigned_to_id: user_id, comment };
    Ok(Reply::done("批量分配完成", bulk::assigned_all(&app, &by, form).await?))
}
