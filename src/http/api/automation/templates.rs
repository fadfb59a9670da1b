//! `/api/admin/automation/templates`: what tickets can be opened by.

use super::super::wire::{self, Envelope, Nothing, Reply};
use super::super::{Answer, Api};
use super::{forms, page, placed};
use crate::http::App;
use crate::http::dialect::{Body, Caller, Fail, Ids, Params};
use crate::http::query::{PageNumber, boolean};
use axum::extract::State;
use model::Result;
use model::access::Operation;
use model::automation::{TemplateFilter, TemplateForm};
use model::error::Problems;
use model::id::TemplateId;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

type Server = State<Arc<App>>;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(detail, edit, delete))
}

/// List ticket templates
///
/// In the order in which they were made; for staff.
#[utoipa::path(get, path = "/admin/automation/templates", operation_id = "apiListTemplates", tag = "api automation",
    params(wire::TemplatesQuery),
    responses((status = 200, description = "A page of them", body = Envelope<wire::Templates>)),
)]
async fn list(
    app: Server,
    by: Caller<Api>,
    Params(query, ..): Params<wire::TemplatesQuery, Api>,
) -> Answer<wire::Templates> {
    let (filter, page) = asked(query).map_err(Fail::of_query)?;
    let found = app.engine.templates_numbered(&by.actor, &filter, page.part()).await?;
    let templates = found.items.into_iter().map(forms::shown_template).collect();
    Ok(Reply::done("", wire::Templates { templates, place: placed(page, found.total) }))
}

fn asked(query: wire::TemplatesQuery) -> Result<(TemplateFilter, PageNumber)> {
    let mut problems = Problems::default();
    let p = &mut problems;
    let page = page(query.page.as_deref(), [query.limit.as_deref(), query.page_size.as_deref()], p);
    let active = boolean("is_active", query.is_active.as_deref(), p);
    problems.finish()?;
    Ok((TemplateFilter { category: query.category, active, keyword: query.search }, page))
}

/// Make a ticket template
///
/// For administrators. `{{name}}` in its texts is where a value goes.
#[utoipa::path(post, path = "/admin/automation/templates", operation_id = "apiCreateTemplate", tag = "api automation",
    request_body = wire::TemplateForm,
    responses(
        (status = 201, description = "The template", body = Envelope<wire::Template>),
        (status = 409, description = "There are as many as there may be", body = wire::Refusal),
    ),
)]
async fn create(app: Server, by: Caller<Api>, Body(form, ..): Body<wire::TemplateForm, Api>) -> Answer<wire::Template> {
    by.may(Operation::ManageTemplates)?;
    forms::required(&form.name, "name")?;
    let made = app.engine.create_template(&by, forms::template(form)?.over(TemplateForm::empty())).await?;
    Ok(Reply::created("工单模板创建成功", forms::shown_template(made)))
}

/// Read a ticket template
#[utoipa::path(get, path = "/admin/automation/templates/{id}", operation_id = "apiTemplate", tag = "api automation",
    params(("id" = i64, Path, description = "The template's number", example = 1)),
    responses((status = 200, description = "The template", body = Envelope<wire::Template>)),
)]
async fn detail(app: Server, by: Caller<Api>, Ids([id], ..): Ids<Api, 1>) -> Answer<wire::Template> {
    let found = app.engine.template(&by.actor, TemplateId(id)).await?;
    Ok(Reply::done("", forms::shown_template(found)))
}

/// Edit a ticket template
///
/// What is left out stays, null takes away; for administrators.
#[utoipa::path(put, path = "/admin/automation/templates/{id}", operation_id = "apiEditTemplate", tag = "api automation",
    params(("id" = i64, Path, description = "The template's number", example = 1)),
    request_body = Option<wire::TemplateForm>,
    responses((status = 200, description = "The template as it is now", body = Envelope<wire::Template>)),
)]
async fn edit(
    app: Server,
    by: Caller<Api>,
    Ids([id], ..): Ids<Api, 1>,
    Body(form, ..): Body<wire::TemplateForm, Api>,
) -> Answer<wire::Template> {
    by.may(Operation::ManageTemplates)?;
    let edited = app.engine.edit_template(&by, TemplateId(id), forms::template(form)?).await?;
    Ok(Reply::done("工单模板更新成功", forms::shown_template(edited)))
}

/// Delete a ticket template
///
/// For administrators. Tickets that were opened by it stay as they are.
#[utoipa::path(delete, path = "/admin/automation/templates/{id}", operation_id = "apiDeleteTemplate", tag = "api automation",
    params(("id" = i64, Path, description = "The template's number", example = 1)),
    responses((status = 200, description = "It is gone", body = Envelope<Nothing>)),
)]
async fn delete(app: Server, by: Caller<Api>, Ids([id], ..): Ids<Api, 1>) -> Answer<Nothing> {
    app.engine.delete_template(&by, TemplateId(id)).await?;
    Ok(Reply::done("工单模板删除成功", Nothing))
}
