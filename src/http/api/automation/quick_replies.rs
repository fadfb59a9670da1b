//! `/api/admin/automation/quick-replies`: answers that staff use often.

use super::super::wire::{self, Envelope, Nothing, Reply};
use super::super::{Answer, Api};
use super::{forms, page, placed};
use crate::http::App;
use crate::http::dialect::{Body, Caller, Fail, Ids, Params};
use crate::http::query::{PageNumber, boolean};
use axum::extract::State;
use model::Result;
use model::access::Operation;
use model::automation::QuickReplyFilter;
use model::automation::reply::QuickReplyInput;
use model::error::Problems;
use model::id::QuickReplyId;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

type Server = State<Arc<App>>;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(detail, edit, delete)).routes(routes!(use_one))
}

/// List quick replies
///
/// Public ones and your own, the newest first; for staff.
#[utoipa::path(get, path = "/admin/automation/quick-replies", operation_id = "apiListQuickReplies", tag = "api automation",
    params(wire::QuickRepliesQuery),
    responses((status = 200, description = "A page of them", body = Envelope<wire::QuickReplies>)),
)]
async fn list(
    app: Server,
    by: Caller<Api>,
    Params(query, ..): Params<wire::QuickRepliesQuery, Api>,
) -> Answer<wire::QuickReplies> {
    let (filter, page) = asked(query).map_err(Fail::of_query)?;
    let found = app.engine.quick_replies_numbered(&by.actor, filter, page.part()).await.map_err(Fail::of_query)?;
    let replies = found.items.into_iter().map(forms::shown_reply).collect();
    Ok(Reply::done("", wire::QuickReplies { replies, place: placed(page, found.total) }))
}

fn asked(query: wire::QuickRepliesQuery) -> Result<(QuickReplyFilter, PageNumber)> {
    let mut problems = Problems::default();
    let p = &mut problems;
    let page = page(query.page.as_deref(), [query.limit.as_deref(), query.page_size.as_deref()], p);
    let public = boolean("is_public", query.is_public.as_deref(), p);
    problems.finish()?;
    Ok((QuickReplyFilter { category: query.category, keyword: query.keyword, public }, page))
}

/// Make a quick reply
///
/// One of your own; public ones are made by supervisors and administrators.
#[utoipa::path(post, path = "/admin/automation/quick-replies", operation_id = "apiCreateQuickReply", tag = "api automation",
    request_body = wire::QuickReplyForm,
    responses(
        (status = 201, description = "The quick reply", body = Envelope<wire::QuickReply>),
        (status = 409, description = "There are as many as there may be", body = wire::Refusal),
    ),
)]
async fn create(
    app: Server,
    by: Caller<Api>,
    Body(form, ..): Body<wire::QuickReplyForm, Api>,
) -> Answer<wire::QuickReply> {
    by.may(Operation::WriteQuickReply)?;
    forms::required(&form.name, "name")?;
    forms::required(&form.content, "content")?;
    let new = forms::quick_reply(form)?.over(QuickReplyInput::default());
    let made = app.engine.create_quick_reply(&by, new).await?;
    Ok(Reply::created("快速回复创建成功", forms::shown_reply(made)))
}

/// Read a quick reply
#[utoipa::path(get, path = "/admin/automation/quick-replies/{id}", operation_id = "apiQuickReply", tag = "api automation",
    params(("id" = i64, Path, description = "The reply's number", example = 1)),
    responses((status = 200, description = "The quick reply", body = Envelope<wire::QuickReply>)),
)]
async fn detail(app: Server, by: Caller<Api>, Ids([id], ..): Ids<Api, 1>) -> Answer<wire::QuickReply> {
    let found = app.engine.quick_reply(&by.actor, QuickReplyId(id)).await?;
    Ok(Reply::done("", forms::shown_reply(found)))
}

/// Edit a quick reply
///
/// What is left out stays.
#[utoipa::path(put, path = "/admin/automation/quick-replies/{id}", operation_id = "apiEditQuickReply", tag = "api automation",
    params(("id" = i64, Path, description = "The reply's number", example = 1)),
    request_body = Option<wire::QuickReplyForm>,
    responses((status = 200, description = "The quick reply as it is now", body = Envelope<wire::QuickReply>)),
)]
async fn edit(
    app: Server,
    by: Caller<Api>,
    Ids([id], ..): Ids<Api, 1>,
    Body(form, ..): Body<wire::QuickReplyForm, Api>,
) -> Answer<wire::QuickReply> {
    by.may(Operation::WriteQuickReply)?;
    let edited = app.engine.edit_quick_reply(&by, QuickReplyId(id), forms::quick_reply(form)?).await?;
    Ok(Reply::done("快速回复更新成功", forms::shown_reply(edited)))
}

/// Delete a quick reply
#[utoipa::path(delete, path = "/admin/automation/quick-replies/{id}", operation_id = "apiDeleteQuickReply", tag = "api automation",
    params(("id" = i64, Path, description = "The reply's number", example = 1)),
    responses((status = 200, description = "It is gone", body = Envelope<Nothing>)),
)]
async fn delete(app: Server, by: Caller<Api>, Ids([id], ..): Ids<Api, 1>) -> Answer<Nothing> {
    app.engine.delete_quick_reply(&by, QuickReplyId(id)).await?;
    Ok(Reply::done("快速回复删除成功", Nothing))
}

/// Use a quick reply
///
/// Counts the use and answers what is to be said.
#[utoipa::path(post, path = "/admin/automation/quick-replies/{id}/use", operation_id = "apiUseQuickReply", tag = "api automation",
    params(("id" = i64, Path, description = "The reply's number", example = 1)),
    responses((status = 200, description = "The quick reply", body = Envelope<wire::QuickReply>)),
)]
async fn use_one(app: Server, by: Caller<Api>, Ids([id], ..): Ids<Api, 1>) -> Answer<wire::QuickReply> {
    let used = app.engine.use_quick_reply(&by, QuickReplyId(id)).await?;
    Ok(Reply::done("快速回复使用成功", forms::shown_reply(used)))
}
