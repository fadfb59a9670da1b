//! `/v1/tickets/:id/comments`: what is said on a ticket (seed 003 §4).

use super::{Answer, V1, convert, filter, wire};
use crate::http::App;
use crate::http::dialect::{Body, Caller, Fail, Ids, Params};
use axum::extract::State;
use model::Result;
use model::comment::Comment;
use model::id::{CommentId, TicketId, UserId};
use model::people::User;
use std::sync::Arc;

type Server = State<Arc<App>>;

/// `POST /tickets/:id/comments`
pub async fn add(
    app: Server,
    by: Caller<V1>,
    Ids([id], ..): Ids<V1, 1>,
    Body(form, ..): Body<wire::NewComment, V1>,
) -> Answer<wire::CommentAdded> {
    let comment = app.engine.add_comment(&by, TicketId(id), convert::add_comment(form)?).await?;
    let people = authors(&app, &by, std::slice::from_ref(&comment)).await?;
    Ok(wire::Reply::created("Comment added successfully", convert::comment_added(&comment, &people)))
}

/// `GET /tickets/:id/comments`
pub async fn list(
    app: Server,
    by: Caller<V1>,
    Ids([id], ..): Ids<V1, 1>,
    Params(query, ..): Params<wire::CommentsQuery, V1>,
) -> Answer<Vec<wire::Comment>> {
    let (asked, page) = filter::comments(&query).map_err(Fail::of_query)?;
    let found = app.engine.comments_numbered(&by.actor, TicketId(id), asked).await?;
    let people = authors(&app, &by, &found.items).await?;
    let rows = found.items.iter().map(|comment| convert::comment(comment, &people)).collect();
    Ok(wire::Reply::page(rows, page.of(found.total)))
}

async fn authors(app: &App, by: &engine::Caller, comments: &[Comment]) -> Result<Vec<Arc<User>>> {
    let mut ids: Vec<UserId> = comments.iter().filter_map(|comment| comment.author).collect();
    ids.sort_unstable();
    ids.dedup();
    app.engine.users_by_ids(&by.actor, &ids).await
}

/// `PATCH /tickets/:ticket_id/comments/:comment_id`
pub async fn edit(
    app: Server,
    by: Caller<V1>,
    Ids([ticket, id], ..): Ids<V1, 2>,
    Body(form, ..): Body<wire::NewContent, V1>,
) -> Answer<wire::CommentEdited> {
    let content = convert::edit_comment(form)?;
    let comment = app.engine.edit_comment_of(&by, TicketId(ticket), CommentId(id), content).await?;
    Ok(wire::Reply::done("Comment updated successfully", convert::comment_edited(&comment)))
}

/// `DELETE /tickets/:ticket_id/comments/:comment_id`
pub async fn withdraw(app: Server, by: Caller<V1>, Ids([ticket, id], ..): Ids<V1, 2>) -> Answer<()> {
    app.engine.withdraw_comment_of(&by, TicketId(ticket), CommentId(id)).await?;
    Ok(wire::Reply::NoContent)
}
