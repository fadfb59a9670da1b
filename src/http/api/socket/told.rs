//! From an event to the frames that tell of it, for one reader who may see it: what they are notified of, and that a ticket
//! has changed.

use super::frames::Frame;
use crate::http::App;
use crate::http::api::people::moment;
use crate::http::api::tickets::told::shows;
use engine::Worded;
use model::event::{Event, Recorded};
use model::id::TicketId;
use model::ticket::{Status, Ticket};
use model::{Actor, Error, Result};
use serde_json::{Value, json};
use std::sync::Arc;

pub(super) async fn frames(app: &App, actor: &Actor, event: &Recorded) -> Result<Vec<Frame>> {
    let mut all = Vec::new();
    let notices = app.engine.notices_of(actor, event).await?;
    let changed = if changes(&event.event) { event.event.ticket() } else { None };
    // Once more, as it stands now: who has lost sight of it since hears nothing of it.
    let ticket = match notices.iter().find_map(|notice| notice.ticket).or(changed) {
        Some(id) => visible(app, actor, id).await?,
        None => None,
    };
    for told in app.engine.worded(actor, notices).await? {
        let Worded { notice, number, title, message } = told;
        let id = notice.ticket.map(|ticket| ticket.0);
        let data = json!({
            "id": notice.id.0,
            "type": notice.kind.word(),
            "title": title,
            "message": message,
            "content": message,
            "ticket_id": id,
            "data": { "ticket_id": id, "ticket_number": number },
            "is_read": notice.read_at.is_some(),
            "created_at": moment(notice.created_at),
        });
        all.push(Frame::new("notification", event.at, data));
    }
    if let (Some(_), Some(ticket)) = (changed, ticket) {
        all.push(Frame::new("ticket_updated", event.at, updated(app, actor, event, &ticket).await?));
    }
    Ok(all)
}

async fn visible(app: &App, actor: &Actor, id: TicketId) -> Result<Option<Arc<Ticket>>> {
    match app.engine.ticket(actor, id).await {
        Ok(ticket) => Ok(Some(ticket).filter(|ticket| ticket.deleted_at.is_none())),
        Err(Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn updated(app: &App, actor: &Actor, event: &Recorded, ticket: &Ticket) -> Result<Value> {
    let by = match event.by.user {
        Some(id) => {
            let found = app.engine.users_by_ids(actor, &[id]).await?;
            let name = found.first().map(|user| user.profile.username.clone().unwrap_or_else(|| user.name()));
            json!({ "id": id.0, "username": name.unwrap_or_default() })
        }
        None => json!({ "id": null, "username": "system" }),
    };
    let status = if let Event::StatusChanged { status, .. } = &event.event { status.to } else { ticket.status };
    Ok(json!({
        "ticket_id": ticket.id.0,
        "ticket_number": ticket.numbers.yearly,
        "status": shown(status),
        "updated_by": by,
        "updated_at": moment(event.at),
    }))
}

/// The document's word: it has none for a new ticket.
fn shown(status: Status) -> &'static str {
    match status {
        Status::New => Status::Open.word(),
        Status::Open | Status::InProgress | Status::Pending | Status::Resolved | Status::Closed | Status::Cancelled => {
            status.word()
        }
    }
}

/// Whether a ticket is another one after it than it was before. Its opening is told to those whom it concerns.
fn changes(event: &Event) -> bool {
    match event {
        Event::StatusChanged { .. } => shows(event),
        Event::TicketEdited { .. }
        | Event::PriorityChanged { .. }
        | Event::TicketAssigned { .. }
        | Event::TicketEscalated { .. }
        | Event::TicketRated { .. }
        | Event::SlaBreached { .. }
        | Event::SlaEscalated { .. }
        | Event::TicketRestored { .. }
        | Event::TicketMerged { .. }
        | Event::TicketUnmerged { .. }
        | Event::CommentAdded { .. }
        | Event::CommentEdited { .. }
        | Event::CommentVisibilityChanged { .. }
        | Event::CommentWithdrawn { .. } => true,
        Event::FileStored { attachment } => attachment.ticket.is_some(),
        Event::TicketOpened { .. }
        | Event::TicketDeleted { .. }
        | Event::TicketsViewed { .. }
        | Event::FileDiscarded { .. }
        | Event::UserCreated { .. }
        | Event::ProfileEdited { .. }
        | Event::RoleChanged { .. }
        | Event::UserStatusChanged { .. }
        | Event::PasswordChanged { .. }
        | Event::IdentityLinked { .. }
        | Event::IdentityUnlinked { .. }
        | Event::SessionStarted { .. }
        | Event::SessionRefreshed { .. }
        | Event::SessionEnded { .. }
        | Event::SignInFailed { .. }
        | Event::SecondFactorEnabled { .. }
        | Event::SecondFactorDisabled { .. }
        | Event::SecondFactorUsed { .. }
        | Event::DeviceTrusted { .. }
        | Event::TrustedDeviceUsed { .. }
        | Event::TrustedDeviceRevoked { .. }
        | Event::PasswordResetRequested { .. }
        | Event::ApiTokenCreated { .. }
        | Event::ApiTokenRevoked { .. }
        | Event::CategoryCreated { .. }
        | Event::CategoryEdited { .. }
        | Event::CategoryDeleted { .. }
        | Event::NotificationRulesChanged { .. }
        | Event::EmailConfigChanged { .. }
        | Event::EmailTested { .. }
        | Event::QuickReplyCreated { .. }
        | Event::QuickReplyEdited { .. }
        | Event::QuickReplyUsed { .. }
        | Event::QuickReplyDeleted { .. }
        | Event::TemplateCreated { .. }
        | Event::TemplateEdited { .. }
        | Event::TemplateUsed { .. }
        | Event::TemplateDeleted { .. }
        | Event::RuleCreated { .. }
        | Event::RuleEdited { .. }
        | Event::RuleDeleted { .. }
        | Event::SettingChanged { .. }
        | Event::NotificationSent { .. }
        | Event::CleanupStarted { .. }
        | Event::RecordsForgotten { .. }
        | Event::CleanupFinished { .. }
        | Event::SlaConfigCreated { .. }
        | Event::SlaConfigEdited { .. }
        | Event::SlaConfigDeleted { .. }
        | Event::NotificationsRead { .. }
        | Event::InboundQuarantined { .. }
        | Event::InboundSettled { .. }
        | Event::WebhookCreated { .. }
        | Event::WebhookEdited { .. }
        | Event::WebhookSecretRotated { .. }
        | Event::WebhookDisabled { .. }
        | Event::WebhookDeleted { .. } => false,
    }
}
