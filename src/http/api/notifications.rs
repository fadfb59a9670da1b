//! `/api`: what somebody is told of, in their language (通知管理接口). How it is put, `model::wording` says.

use super::people::{self, moment};
use super::wire::{self, Envelope, Found, Nothing, Refusal, Reply, Shape};
use super::{Answer, Api, paging};
use crate::http::App;
use crate::http::dialect::{Body, Caller, Fail, Ids, Params};
use crate::http::field::Field;
use crate::http::query::{PageNumber, boolean, integer, one_of};
use axum::extract::State;
use engine::{Numbers, SentNotification, Worded};
use model::access::Operation;
use model::command::SendNotification;
use model::error::Problems;
use model::id::{NotificationId, TicketId, UserId};
use model::notice::NoticeKind;
use model::ticket::Priority;
use model::{Actor, Result};
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

type Server = State<Arc<App>>;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(send))
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
    let (read, page, part) = asked(&query).map_err(Fail::of_query)?;
    let found = app.engine.notifications_numbered(&by.actor, read, part).await?;
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
    responses((status = 200, description = "How many there are", body = wire::Counted)),
)]
async fn unread_count(app: Server, by: Caller<Api>) -> std::result::Result<wire::Counted, Fail<Api>> {
    Ok(wire::Counted::new(app.engine.unread_count(&by.actor).await?))
}

/// Write to somebody
///
/// For administrators. It reaches its reader by the routes on which they want to be told of its kind.
#[utoipa::path(post, path = "/admin/notifications", operation_id = "apiSendNotification", tag = "api admin",
    params(("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 200, pattern = r"^[!-~]([\t -~]*[!-~])?$",
        description = "Any text of the caller's; the same key does it once")),
    request_body = wire::NewNotification,
    responses(
        (status = 201, description = "It was written", body = Envelope<wire::SentNotification>),
        (status = 404, description = "USER_NOT_FOUND: no such recipient (用户不存在)", body = Refusal),
        (status = 409, description = "CONFLICT: the account is closed, they want to be told of that kind by no route, or the key was used for another request", body = Refusal),
    ),
)]
async fn send(
    app: Server,
    by: Caller<Api>,
    Body(form, ..): Body<wire::NewNotification, Api>,
) -> Answer<wire::SentNotification> {
    by.may(Operation::SendNotification)?;
    let sent = app.engine.send_notification(&by, written(form)?).await?;
    Ok(Reply::created("通知发送成功", told(sent, &by.actor)))
}

fn written(form: wire::NewNotification) -> Result<SendNotification> {
    let mut problems = Problems::default();
    let p = &mut problems;
    let kind = one("kind", form.kind, NoticeKind::parse, &NoticeKind::ALL.map(NoticeKind::word), p);
    let priority = one("priority", form.priority, Priority::parse, &Priority::ALL.map(Priority::word), p);
    let to = form.recipient_id.required("recipient_id", p);
    let title = form.title.required("title", p);
    let content = form.content.required("content", p);
    let ticket = form.related_ticket_id.optional("related_ticket_id", p);
    let action_url = form.action_url.optional("action_url", p);
    problems.finish()?;
    Ok(SendNotification {
        to: UserId(to.unwrap_or_default()),
        kind: kind.unwrap_or(NoticeKind::SystemAlert),
        ticket: ticket.map(TicketId),
        title: title.unwrap_or_default(),
        content: content.unwrap_or_default(),
        priority: priority.unwrap_or(Priority::Normal),
        action_url,
    })
}

/// What one of some words in a body stands for.
fn one<T>(
    name: &'static str,
    field: Field<String>,
    parse: impl Fn(&str) -> Option<T>,
    words: &[&str],
    problems: &mut Problems,
) -> Option<T> {
    let text = field.optional(name, problems)?;
    let read = parse(text.trim());
    if read.is_none() {
        problems.add(name, one_of(words));
    }
    read
}

fn told(sent: SentNotification, reader: &Actor) -> wire::SentNotification {
    let SentNotification { recipient, kind, ticket, written, at, notice } = sent;
    wire::SentNotification {
        id: notice.as_ref().map(|notice| notice.id.0),
        kind: kind.word(),
        title: written.title,
        message: written.content.clone(),
        content: written.content,
        priority: written.priority.word(),
        recipient: people::person(&recipient, reader),
        related_ticket_id: ticket.map(|ticket| ticket.0),
        action_url: written.action_url,
        is_read: notice.as_ref().is_some_and(|notice| notice.read_at.is_some()),
        read_at: notice.and_then(|notice| notice.read_at).map(moment),
        created_at: moment(at),
    }
}

/// Whether they were read, the page, and its part of the list.
fn asked(query: &wire::NotificationsQuery) -> Result<(Option<bool>, PageNumber, Numbers)> {
    let mut problems = Problems::default();
    let p = &mut problems;
    let limits = [query.limit.as_deref(), query.page_size.as_deref()];
    let page = paging::page(query.page.as_deref(), limits, paging::MOST, p);
    let offset = integer("offset", query.offset.as_deref(), p);
    if offset.is_some_and(|offset| offset < 0) {
        p.add("offset", "must be 0 or more");
    }
    let unread = boolean("unread", query.unread.as_deref(), p);
    let read = boolean("is_read", query.is_read.as_deref(), p);
    problems.finish()?;
    let read = match unread {
        Some(true) => Some(false),
        Some(false) | None => read,
    };
    let Some(offset) = offset else { return Ok((read, page, page.part())) };
    let page = PageNumber { page: offset / page.size + 1, ..page };
    let skip = usize::try_from(offset).unwrap_or(usize::MAX);
    Ok((read, page, Numbers { skip, ..page.part() }))
}

pub(super) fn shown(told: Worded) -> wire::Notification {
    let notice = told.notice;
    let ticket = notice.ticket.map(|ticket| ticket.0);
    wire::Notification {
        id: notice.id.0,
        kind: notice.kind.word(),
        title: told.title.into_owned(),
        priority: notice.written.as_ref().map_or(Priority::Normal, |written| written.priority).word(),
        action_url: notice.written.as_ref().and_then(|written| written.action_url.clone()),
        content: told.message.clone(),
        message: told.message,
        data: wire::NotificationData { ticket_id: ticket, ticket_number: told.number },
        related_ticket_id: ticket,
        is_read: notice.read_at.is_some(),
        read_at: notice.read_at.map(moment),
        created_at: moment(notice.created_at),
    }
}
