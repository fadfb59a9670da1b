//! Who is told of what: the rule that turns an event into notifications.
//!
//! The requester and the assignee are notified, nobody of their own action, and the requester of nothing internal
//! (`dialects.md` 0.23). The rows are written with the event, in the same transaction.

use crate::actor::By;
use crate::comment::Visibility;
use crate::event::{Event, Recorded};
use crate::id::{NotificationId, Seq, TicketId, UserId, WebhookId};
use crate::people::Role;
use crate::ticket::{Status, Ticket};
use crate::time::Time;

/// A kind of notification, by the helpdesk dialect's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NoticeKind {
    TicketCreated,
    TicketAssigned,
    TicketStatusChanged,
    TicketCommented,
    TicketResolved,
    TicketClosed,
    TicketOverdue,
    /// Something of the house needs a person: a webhook was given up.
    SystemAlert,
}

impl NoticeKind {
    pub const ALL: [Self; 8] = [
        Self::TicketCreated,
        Self::TicketAssigned,
        Self::TicketStatusChanged,
        Self::TicketCommented,
        Self::TicketResolved,
        Self::TicketClosed,
        Self::TicketOverdue,
        Self::SystemAlert,
    ];

    pub fn word(self) -> &'static str {
        match self {
            Self::TicketCreated => "ticket_created",
            Self::TicketAssigned => "ticket_assigned",
            Self::TicketStatusChanged => "ticket_status_changed",
            Self::TicketCommented => "ticket_commented",
            Self::TicketResolved => "ticket_resolved",
            Self::TicketClosed => "ticket_closed",
            Self::TicketOverdue => "ticket_overdue",
            Self::SystemAlert => "system_alert",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.word() == word)
    }
}

/// One person's notification of one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub id: NotificationId,
    pub user: UserId,
    pub kind: NoticeKind,
    /// What it is about: a ticket, or a webhook.
    pub ticket: Option<TicketId>,
    pub webhook: Option<WebhookId>,
    pub seq: Seq,
    pub created_at: Time,
    pub read_at: Option<Time>,
}

/// Who is to be told of an event of this ticket (as it stands after the event), and as what.
#[expect(clippy::wildcard_enum_match_arm, reason = "only two events have an author")]
pub fn notices(recorded: &Recorded, ticket: &Ticket) -> Vec<(UserId, NoticeKind)> {
    let (kind, requester, assignee) = match &recorded.event {
        Event::TicketOpened { .. } => (NoticeKind::TicketCreated, true, true),
        Event::TicketAssigned { .. } => (NoticeKind::TicketAssigned, false, true),
        Event::StatusChanged { status, .. } => match status.to {
            Status::Resolved => (NoticeKind::TicketResolved, true, true),
            Status::Closed | Status::Cancelled => (NoticeKind::TicketClosed, true, true),
            Status::New | Status::Open | Status::InProgress | Status::Pending => {
                (NoticeKind::TicketStatusChanged, true, true)
            }
        },
        Event::CommentAdded { comment, .. } => {
            (NoticeKind::TicketCommented, comment.visibility != Visibility::Internal, true)
        }
        Event::SlaBreached { .. } => (NoticeKind::TicketOverdue, false, true),
        Event::TicketEdited { .. }
        | Event::PriorityChanged { .. }
        | Event::TicketEscalated { .. }
        | Event::TicketRated { .. }
        | Event::TicketDeleted { .. }
        | Event::TicketRestored { .. }
        | Event::TicketMerged { .. }
        | Event::TicketUnmerged { .. }
        | Event::TicketsViewed { .. }
        | Event::CommentEdited { .. }
        | Event::CommentVisibilityChanged { .. }
        | Event::CommentWithdrawn { .. }
        | Event::FileStored { .. }
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
        | Event::SettingChanged { .. }
        | Event::NotificationsRead { .. }
        | Event::InboundQuarantined { .. }
        | Event::InboundSettled { .. }
        | Event::WebhookCreated { .. }
        | Event::WebhookEdited { .. }
        | Event::WebhookSecretRotated { .. }
        | Event::WebhookDisabled { .. }
        | Event::WebhookDeleted { .. } => return Vec::new(),
    };
    // Nobody is told of their own doing, nor of what an adapter passed on for them.
    let author = match &recorded.event {
        Event::CommentAdded { comment, .. } => comment.author,
        Event::TicketOpened { description, .. } => description.author,
        _ => None,
    };
    let told = |user: &UserId, by: &By| by.user != Some(*user) && author != Some(*user);
    let mut all = Vec::new();
    if let Some(user) = ticket.assignee.filter(|u| assignee && told(u, &recorded.by)) {
        all.push((user, if kind == NoticeKind::TicketCreated { NoticeKind::TicketAssigned } else { kind }));
    }
    if requester && told(&ticket.requester, &recorded.by) && ticket.assignee != Some(ticket.requester) {
        all.push((ticket.requester, kind));
    }
    all
}

/// An event that is about no ticket and that everybody of a role is to be told of.
pub fn alert(event: &Event) -> Option<(Role, NoticeKind)> {
    matches!(event, Event::WebhookDisabled { .. }).then_some((Role::Admin, NoticeKind::SystemAlert))
}
