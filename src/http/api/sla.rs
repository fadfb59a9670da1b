//! `/api`: SLA configurations (SLA 配置).

mod convert;

use super::wire::{self, Envelope, Nothing, Reply};
use super::{Answer, Api, paging};
use crate::http::App;
use crate::http::dialect::{Body, Caller, Fail, Ids, Params};
use crate::http::query::{PageNumber, boolean};
use axum::extract::State;
use model::Result;
use model::access::Operation;
use model::error::Problems;
use model::id::SlaConfigId;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

type Server = State<Arc<App>>;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(detail, edit, delete))
}

/// List SLA configurations (获取SLA配置列表)
///
/// The default one first, then as they were made; for staff.
#[utoipa::path(get, path = "/admin/automation/sla", operation_id = "apiListSlaConfigs", tag = "api automation",
    params(wire::SlaQuery),
    responses((status = 200, description = "A page of them", body = Envelope<wire::SlaConfigs>)),
)]
async fn list(
    app: Server,
    by: Caller<Api>,
    Params(query, ..): Params<wire::SlaQuery, Api>,
) -> Answer<wire::SlaConfigs> {
    let (all, categories) = (app.engine.sla_configs(&by.actor).await?, app.engine.categories(&by.actor).await?);
    let (page, active) = asked(&query).map_err(Fail::of_query)?;
    let chosen = all.iter().filter(|config| active.is_none_or(|active| config.form.active == active));
    let total = i64::try_from(chosen.clone().count()).unwrap_or(i64::MAX);
    let part = page.part();
    let some = chosen.skip(part.skip).take(part.limit).map(|config| convert::shown(config, &categories));
    let configs = some.collect();
    let (number, page_size, total_pages) = (page.page, page.size, page.pages(total));
    Ok(Reply::done("", wire::SlaConfigs { configs, total, page: number, page_size, total_pages }))
}

/// Create an SLA configuration (创建SLA配置)
///
/// It counts for tickets that are opened, or change priority, type or category, from then on.
#[utoipa::path(post, path = "/admin/automation/sla", operation_id = "apiCreateSlaConfig", tag = "api automation",
    request_body = wire::SlaForm,
    responses(
        (status = 201, description = "The configuration", body = Envelope<wire::SlaConfig>),
        (status = 404, description = "CATEGORY_NOT_FOUND: there is no such category", body = wire::Refusal),
        (status = 409, description = "There are too many", body = wire::Refusal),
    ),
)]
async fn create(app: Server, by: Caller<Api>, Body(form, ..): Body<wire::SlaForm, Api>) -> Answer<wire::SlaConfig> {
    by.may(Operation::ManageSla)?;
    let made = app.engine.create_sla_config(&by, convert::read(form)?).await?;
    let categories = app.engine.categories(&by.actor).await?;
    Ok(Reply::created("SLA配置创建成功", convert::shown(&made, &categories)))
}

/// Read an SLA configuration
#[utoipa::path(get, path = "/admin/automation/sla/{id}", operation_id = "apiSlaConfig", tag = "api automation",
    params(("id" = i64, Path, description = "The configuration's number", example = 1)),
    responses((status = 200, description = "The configuration", body = Envelope<wire::SlaConfig>)),
)]
async fn detail(app: Server, by: Caller<Api>, Ids([id], ..): Ids<Api, 1>) -> Answer<wire::SlaConfig> {
    let found = app.engine.sla_config(&by.actor, SlaConfigId(id)).await?;
    let categories = app.engine.categories(&by.actor).await?;
    Ok(Reply::done("", convert::shown(&found, &categories)))
}

/// Edit an SLA configuration (更新SLA配置)
///
/// What is left out stays, null takes away. Due times of tickets that there are stay.
#[utoipa::path(put, path = "/admin/automation/sla/{id}", operation_id = "apiEditSlaConfig", tag = "api automation",
    params(("id" = i64, Path, description = "The configuration's number", example = 1)),
    request_body = Option<wire::SlaForm>,
    responses((status = 200, description = "The configuration as it is now", body = Envelope<wire::SlaConfig>)),
)]
async fn edit(
    app: Server,
    by: Caller<Api>,
    Ids([id], ..): Ids<Api, 1>,
    Body(form, ..): Body<wire::SlaForm, Api>,
) -> Answer<wire::SlaConfig> {
    by.may(Operation::ManageSla)?;
    let changed = app.engine.edit_sla_config(&by, SlaConfigId(id), convert::read(form)?).await?;
    let categories = app.engine.categories(&by.actor).await?;
    Ok(Reply::done("SLA配置更新成功", convert::shown(&changed, &categories)))
}

/// Delete an SLA configuration (删除SLA配置)
///
/// Tickets that it was agreed on for keep their due times.
#[utoipa::path(delete, path = "/admin/automation/sla/{id}", operation_id = "apiDeleteSlaConfig", tag = "api automation",
    params(("id" = i64, Path, description = "The configuration's number", example = 1)),
    responses((status = 200, description = "It is gone", body = Envelope<Nothing>)),
)]
async fn delete(app: Server, by: Caller<Api>, Ids([id], ..): Ids<Api, 1>) -> Answer<Nothing> {
    app.engine.delete_sla_config(&by, SlaConfigId(id)).await?;
    Ok(Reply::done("SLA配置删除成功", Nothing))
}

/// Which page, and of which of them.
fn asked(query: &wire::SlaQuery) -> Result<(PageNumber, Option<bool>)> {
    let mut problems = Problems::default();
    let p = &mut problems;
    let page =
        paging::page(query.page.as_deref(), [query.page_size.as_deref(), query.limit.as_deref()], paging::MOST, p);
    let active = boolean("is_active", query.is_active.as_deref(), p);
    problems.finish()?;
    Ok((page, active))
}
