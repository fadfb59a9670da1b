//! `/v1/tickets/:id/comments`: what is said on a ticket (seed 003 §4).

use super::{Answer, Listed, V1, convert, filter, wire};
use crate::http::App;
use crate::http::dialect::{Body, Caller, Fail, Ids, Params};
use axum::extract::State;
use model::Result;
use model::comment::Comment;
use model::id::{CommentId, TicketId, UserId};
use model::people::User;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

type Server = State<Arc<App>>;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(add, list)).routes(routes!(edit, withdraw))
}

/// Comment on a ticket (添加评论)
///
/// For those who may see the ticket; internal notes are for agents and administrators.
#[utoipa::path(post, path = "/tickets/{id}/comments", operation_id = "v1AddComment", tag = "v1 comments",
    params(("id" = i64, Path, description = "工单ID", example = 123), ("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 200, pattern = r"^[!-~]([\t -~]*[!-~])?$",
        description = "Any text of the caller's; the same key does it once")),
    request_body = wire::NewComment,
    responses(
        (status = 201, description = "The comment", body = wire::Envelope<wire::CommentAdded>),
        (status = 409, description = "CONFLICT: the key was used for another request, or the ticket takes none", body = wire::Refusal),
    ),
)]
async fn add(
    app: Server,
    by: Caller<V1>,
    Ids([id], ..): Ids<V1, 1>,
    Body(form, ..): Body<wire::NewComment, V1>,
) -> Answer<wire::CommentAdded> {
    let comment = app.engine.add_comment(&by, TicketId(id), convert::add_comment(form)?).await?;
    let people = authors(&app, &by, std::slice::from_ref(&comment)).await?;
    Ok(wire::Reply::created("Comment added successfully", convert::comment_added(&comment, &people)))
}

/// List the comments on a ticket (获取工单评论)
///
/// The newest first.
#[utoipa::path(get, path = "/tickets/{id}/comments", operation_id = "v1Comments", tag = "v1 comments",
    params(("id" = i64, Path, description = "工单ID", example = 123), wire::CommentsQuery),
    responses(
        (status = 200, description = "One page", body = wire::Page<wire::Comment>),
    ),
)]
async fn list(
    app: Server,
    by: Caller<V1>,
    Ids([id], ..): Ids<V1, 1>,
    Params(query, ..): Params<wire::CommentsQuery, V1>,
) -> Listed<wire::Comment> {
    let (asked, page) = filter::comments(&query).map_err(Fail::of_query)?;
    let found = app.engine.comments_numbered(&by.actor, TicketId(id), asked).await?;
    let people = authors(&app, &by, &found.items).await?;
    let rows = found.items.iter().map(|comment| convert::comment(comment, &people)).collect();
    Ok(wire::Page::new(rows, filter::shown(page, found.total)))
}

async fn authors(app: &App, by: &engine::Caller, comments: &[Comment]) -> Result<Vec<Arc<User>>> {
    let mut ids: Vec<UserId> = comments.iter().filter_map(|comment| comment.author).collect();
    ids.sort_unstable();
    ids.dedup();
    app.engine.users_by_ids(&by.actor, &ids).await
}

/// Edit a comment (更新评论)
///
/// For its author.
#[utoipa::path(patch, path = "/tickets/{ticket_id}/comments/{comment_id}", operation_id = "v1EditComment", tag = "v1 comments",
    params(("ticket_id" = i64, Path, description = "工单ID", example = 123), ("comment_id" = i64, Path, description = "评论ID", example = 456)),
    request_body = wire::NewContent,
    responses(
        (status = 200, description = "The comment", body = wire::Envelope<wire::CommentEdited>),
        (status = 404, description = "TICKET_NOT_FOUND or NOT_FOUND: the ticket has no such comment", body = wire::Refusal),
        (status = 409, description = "CONFLICT: the ticket's state does not allow it", body = wire::Refusal),
    ),
)]
async fn edit(
    app: Server,
    by: Caller<V1>,
    Ids([ticket, id], ..): Ids<V1, 2>,
    Body(form, ..): Body<wire::NewContent, V1>,
) -> Answer<wire::CommentEdited> {
    let content = convert::edit_comment(form)?;
    let comment = app.engine.edit_comment_of(&by, TicketId(ticket), CommentId(id), content).await?;
    Ok(wire::Reply::done("Comment updated successfully", convert::comment_edited(&comment)))
}

/// Delete a comment (删除评论)
///
/// For its author and administrators.
#[utoipa::path(delete, path = "/tickets/{ticket_id}/comments/{comment_id}", operation_id = "v1DeleteComment", tag = "v1 comments",
    params(("ticket_id" = i64, Path, description = "工单ID", example = 123), ("comment_id" = i64, Path, description = "评论ID", example = 456)),
    responses(
        (status = 204, description = "It is gone (无返回内容)"),
        (status = 404, description = "TICKET_NOT_FOUND or NOT_FOUND: the ticket has no such comment", body = wire::Refusal),
        (status = 409, description = "CONFLICT: the ticket's state does not allow it", body = wire::Refusal),
    ),
)]
async fn withdraw(app: Server, by: Caller<V1>, Ids([ticket, id], ..): Ids<V1, 2>) -> Answer<()> {
    app.engine.withdraw_comment_of(&by, TicketId(ticket), CommentId(id)).await?;
    Ok(wire::Reply::NoContent)
}
