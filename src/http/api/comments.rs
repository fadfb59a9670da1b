//! `/api/tickets/{id}/comments`: what is said on a ticket.

use super::tickets::{convert, filter, show};
use super::{Answer, Api, Listed, paging, upload, wire};
use crate::http::App;
use crate::http::dialect::{Body, Caller, Fail, Ids, Params};
use axum::extract::State;
use engine::CommentQuery;
use model::comment::Comment;
use model::id::{CommentId, TicketId};
use model::{Error, Result};
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

type Server = State<Arc<App>>;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(add, list)).routes(routes!(edit, withdraw)).routes(routes!(files))
}

/// Comment on a ticket (添加评论)
///
/// For those who may see the ticket; internal ones are for staff.
#[utoipa::path(post, path = "/tickets/{id}/comments", operation_id = "apiAddComment", tag = "api comments",
    params(("id" = i64, Path, description = "工单ID", example = 1), ("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 200, pattern = r"^[!-~]([\t -~]*[!-~])?$",
        description = "Any text of the caller's; the same key does it once")),
    request_body = wire::NewComment,
    responses(
        (status = 201, description = "The comment", body = wire::Envelope<wire::Comment>),
        (status = 409, description = "CONFLICT: the key was used for another request, or the ticket takes none", body = wire::Refusal),
    ),
)]
async fn add(
    app: Server,
    by: Caller<Api>,
    Ids([id], ..): Ids<Api, 1>,
    Body(form, ..): Body<wire::NewComment, Api>,
) -> Answer<wire::Comment> {
    let comment = app.engine.add_comment(&by, TicketId(id), convert::add_comment(form)?).await?;
    Ok(wire::Reply::created("评论添加成功", one(&app, &by, comment).await?))
}

/// List the comments on a ticket (获取评论列表)
///
/// The oldest first if nothing else is asked; internal ones only for staff.
#[utoipa::path(get, path = "/tickets/{id}/comments", operation_id = "apiComments", tag = "api comments",
    params(("id" = i64, Path, description = "工单ID", example = 1), wire::TicketCommentsQuery),
    responses((status = 200, description = "One page", body = wire::List<wire::Comment>)),
)]
async fn list(
    app: Server,
    by: Caller<Api>,
    Ids([id], ..): Ids<Api, 1>,
    Params(query, ..): Params<wire::TicketCommentsQuery, Api>,
) -> Listed<wire::Comment> {
    let limit = [query.limit.as_deref(), query.page_size.as_deref()];
    let page = filter::part(query.page.as_deref(), limit).map_err(Fail::of_query)?;
    let newest_first = filter::newest_first(query.order.as_deref()).map_err(Fail::of_query)?;
    let asked = CommentQuery { internal: true, newest_first, part: page.part() };
    let found = app.engine.comments_numbered(&by.actor, TicketId(id), asked).await?;
    let rows = show::comments(&app, &by, &found.items).await?;
    Ok(wire::List::new(rows, paging::shown(page, found.total)))
}

/// Edit a comment (编辑评论)
///
/// For its author. What it said before is kept.
#[utoipa::path(put, path = "/tickets/{id}/comments/{comment_id}", operation_id = "apiEditComment", tag = "api comments",
    params(("id" = i64, Path, description = "工单ID", example = 1), ("comment_id" = i64, Path, description = "评论ID", example = 1)),
    request_body = wire::NewContent,
    responses(
        (status = 200, description = "The comment", body = wire::Envelope<wire::Comment>),
        (status = 404, description = "TICKET_NOT_FOUND, or NOT_FOUND: the ticket has no such comment", body = wire::Refusal),
        (status = 409, description = "CONFLICT: the ticket's state does not allow it", body = wire::Refusal),
    ),
)]
async fn edit(
    app: Server,
    by: Caller<Api>,
    Ids([id, comment], ..): Ids<Api, 2>,
    Body(form, ..): Body<wire::NewContent, Api>,
) -> Answer<wire::Comment> {
    let content = convert::edit_comment(form)?;
    let comment = app.engine.edit_comment_of(&by, TicketId(id), CommentId(comment), content).await?;
    Ok(wire::Reply::done("评论更新成功", one(&app, &by, comment).await?))
}

/// Withdraw a comment (撤回评论)
///
/// For its author, supervisors and administrators.
#[utoipa::path(delete, path = "/tickets/{id}/comments/{comment_id}", operation_id = "apiWithdrawComment", tag = "api comments",
    params(("id" = i64, Path, description = "工单ID", example = 1), ("comment_id" = i64, Path, description = "评论ID", example = 1)),
    responses(
        (status = 200, description = "It is gone", body = wire::Envelope<wire::Nothing>),
        (status = 404, description = "TICKET_NOT_FOUND, or NOT_FOUND: the ticket has no such comment", body = wire::Refusal),
        (status = 409, description = "CONFLICT: the ticket's state does not allow it", body = wire::Refusal),
    ),
)]
async fn withdraw(app: Server, by: Caller<Api>, Ids([id, comment], ..): Ids<Api, 2>) -> Answer<wire::Nothing> {
    app.engine.withdraw_comment_of(&by, TicketId(id), CommentId(comment)).await?;
    Ok(wire::Reply::done("评论已撤回", wire::Nothing))
}

/// List the files of a ticket (获取工单附件)
///
/// Those that were uploaded for the ticket and belong to none of its comments; comments name their own. The oldest first.
#[utoipa::path(get, path = "/tickets/{id}/attachments", operation_id = "apiTicketFiles", tag = "api files",
    params(("id" = i64, Path, description = "工单ID", example = 1), wire::TicketFilesQuery),
    responses((status = 200, description = "One page", body = wire::List<wire::Uploaded>)),
)]
async fn files(
    app: Server,
    by: Caller<Api>,
    Ids([id], ..): Ids<Api, 1>,
    Params(query, ..): Params<wire::TicketFilesQuery, Api>,
) -> Listed<wire::Uploaded> {
    let limit = [query.limit.as_deref(), query.page_size.as_deref()];
    let page = filter::part(query.page.as_deref(), limit).map_err(Fail::of_query)?;
    let found = app.engine.files_numbered(&by.actor, TicketId(id), page.part()).await?;
    let rows = found.items.into_iter().map(|file| upload::shown(&app, &by.actor, file)).collect();
    Ok(wire::List::new(rows, paging::shown(page, found.total)))
}

async fn one(app: &App, by: &engine::Caller, comment: Comment) -> Result<wire::Comment> {
    let mut shown = show::comments(app, by, &[comment]).await?;
    shown.pop().ok_or_else(|| Error::internal("a comment was not shown"))
}
