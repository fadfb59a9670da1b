//! `/api`: what somebody is told of, in their language (通知管理接口). How it is put, `model::wording` says.

use super::people::moment;
use super::wire::{self, Envelope, Found, Nothing, Refusal, Reply, Shape};
use super::{Answer, Api, paging};
use crate::http::App;
use crate::http::dialect::{Caller, Fail, Ids, Params};
use crate::http::query::{PageNumber, boolean};
use axum::extract::State;
use engine::Worded;
use model::Result;
use model::error::Problems;
use model::id::NotificationId;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

type Server = State<Arc<App>>;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(read_all))
        .routes(routes!(unread_count))
        .routes(routes!(read))
}

/// List your notifications (获取通知列表)
///
/// The newest first.
#[utoipa::path(get, path = "/notifications", operation_id = "apiListNotifications", tag = "api notifications",
    params(wire::NotificationsQuery),
    responses((status = 200, description = "A page of them", body = Found<wire::Notification>)),
)]
async fn list(
    app: Server,
    by: Caller<Api>,
    Params(query, ..): Params<wire::NotificationsQuery, Api>,
) -> std::result::Result<Found<wire::Notification>, Fail<Api>> {
    let (unread, page) = asked(&query).map_err(Fail::of_query)?;
    let found = app.engine.notifications_numbered(&by.actor, unread, page.part()).await?;
    let shape = Shape::asked(query.page_size.as_deref(), query.order_by.as_deref());
    let items = found.items.into_iter().map(shown).collect();
    Ok(Found::new(shape, items, paging::shown(page, found.total)))
}

/// Note that you have read a notification (标记通知为已读)
#[utoipa::path(put, path = "/notifications/{id}/read", operation_id = "apiReadNotification", tag = "api notifications",
    params(("id" = i64, Path, description = "The notification's number", example = 1)),
    responses(
        (status = 200, description = "It is noted", body = Envelope<Nothing>),
        (status = 404, description = "There is no such notification, or it is somebody else's", body = Refusal),
    ),
)]
async fn read(app: Server, by: Caller<Api>, Ids([id], ..): Ids<Api, 1>) -> Answer<Nothing> {
    app.engine.mark_notification_read(&by, NotificationId(id)).await?;
    Ok(Reply::done("通知已标记为已读", Nothing))
}

/// Note that you have read all notifications (标记所有通知为已读)
#[utoipa::path(put, path = "/notifications/read-all", operation_id = "apiReadAllNotifications", tag = "api notifications",
    responses((status = 200, description = "It is noted", body = Envelope<Nothing>)),
)]
async fn read_all(app: Server, by: Caller<Api>) -> Answer<Nothing> {
    app.engine.mark_notifications_read(&by, Vec::new(), true).await?;
    Ok(Reply::done("所有通知已标记为已读", Nothing))
}

/// Count what you have not read (获取未读通知数量)
#[utoipa::path(get, path = "/notifications/unread-count", operation_id = "apiUnreadCount", tag = "api notifications",
    responses((status = 200, description = "How many there are", body = Envelope<wire::Count>)),
)]
async fn unread_count(app: Server, by: Caller<Api>) -> Answer<wire::Count> {
    Ok(Reply::done("", wire::Count { count: app.engine.unread_count(&by.actor).await? }))
}

fn asked(query: &wire::NotificationsQuery) -> Result<(bool, PageNumber)> {
    let mut problems = Problems::default();
    let p = &mut problems;
    let limits = [query.limit.as_deref(), query.page_size.as_deref()];
    let page = paging::page(query.page.as_deref(), limits, paging::MOST, p);
    let unread = boolean("unread", query.unread.as_deref(), p);
    let read = boolean("is_read", query.is_read.as_deref(), p);
    problems.finish()?;
    Ok((unread.unwrap_or(read == Some(false)), page))
}

pub(super) fn shown(told: Worded) -> wire::Notification {
    let notice = told.notice;
    let ticket = notice.ticket.map(|ticket| ticket.0);
    wire::Notification {
        id: notice.id.0,
        kind: notice.kind.word(),
        title: told.title,
        content: told.message.clone(),
        message: told.message,
        data: wire::NotificationData { ticket_id: ticket, ticket_number: told.number },
        related_ticket_id: ticket,
        is_read: notice.read_at.is_some(),
        read_at: notice.read_at.map(moment),
        created_at: moment(notice.created_at),
    }
}
