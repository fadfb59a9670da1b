//! Who is told of what: the rule that turns an event into notifications.
//!
//! The requester and the assignee are notified, nobody of their own action, and the requester of nothing internal
//! (`dialects.md` 0.23). The rows are written with the event, in the same transaction.
//!
//! Each person may say, for each kind and each route, whether they are told. By default everything is told in the app; mail
//! goes to staff for what can't wait until they look (a ticket given to them, one that is late, something broken), because
//! the app is where they work; everything else by mail, and everything by chat, is asked for.

use crate::actor::By;
use crate::comment::Visibility;
use crate::event::{About, Change, Event, Recorded};
use crate::id::{NotificationId, Seq, TicketId, UserId, WebhookId};
use crate::people::{Channel, Role};
use crate::sla::EscalationAction;
use crate::ticket::{Priority, Status};
use crate::time::Time;
use serde::{Deserialize, Serialize};

/// A kind of notification, by the helpdesk dialect's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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
    /// Its words, where somebody wrote them; else its kind has words of its own.
    pub written: Option<Box<Written>>,
}

/// Characters of what is written by hand.
pub const TITLE_MAX: usize = 255;
pub const CONTENT_MAX: usize = 5_000;
pub const URL_MAX: usize = 500;

/// What an administrator wrote to somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    pub title: String,
    pub content: String,
    pub priority: Priority,
    /// Where it leads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action_url: Option<String>,
    /// Who wrote it, where it was a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender: Option<UserId>,
}

/// A way by which people are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Route {
    InApp,
    Email,
    Discord,
    Telegram,
}

impl Route {
    pub const ALL: [Self; 4] = [Self::InApp, Self::Email, Self::Discord, Self::Telegram];

    pub fn word(self) -> &'static str {
        match self {
            Self::InApp => "in_app",
            Self::Email => "email",
            Self::Discord => "discord",
            Self::Telegram => "telegram",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|r| r.word() == word)
    }

    /// The channel on which a person must be known before they can be told by it.
    pub fn channel(self) -> Option<Channel> {
        match self {
            Self::InApp | Self::Email => None,
            Self::Discord => Some(Channel::Discord),
            Self::Telegram => Some(Channel::Telegram),
        }
    }
}

/// Whether somebody is told of a kind of thing by a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    pub kind: NoticeKind,
    pub route: Route,
    pub enabled: bool,
}

/// A rule that somebody changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleChange {
    pub kind: NoticeKind,
    pub route: Route,
    pub enabled: Change<bool>,
}

/// What one person has said; of the rest, the defaults are true.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rules(pub Vec<Rule>);

impl Rules {
    pub fn wants(&self, kind: NoticeKind, route: Route, role: Role) -> bool {
        let said = self.0.iter().find(|r| (r.kind, r.route) == (kind, route));
        said.map_or_else(|| by_default(kind, route, role), |rule| rule.enabled)
    }

    /// All of it, kind by kind and route by route.
    pub fn all(&self, role: Role) -> Vec<Rule> {
        let each = |kind| Route::ALL.map(|route| Rule { kind, route, enabled: self.wants(kind, route, role) });
        NoticeKind::ALL.into_iter().flat_map(each).collect()
    }
}

/// What is true of somebody who has said nothing.
pub fn by_default(kind: NoticeKind, route: Route, role: Role) -> bool {
    match route {
        Route::InApp => true,
        Route::Email => match kind {
            NoticeKind::TicketAssigned | NoticeKind::TicketOverdue | NoticeKind::SystemAlert => role.is_staff(),
            NoticeKind::TicketCreated
            | NoticeKind::TicketStatusChanged
            | NoticeKind::TicketCommented
            | NoticeKind::TicketResolved
            | NoticeKind::TicketClosed => false,
        },
        Route::Discord | Route::Telegram => false,
    }
}

/// What an event is told as, if its ticket's requester is told, and if the assignee is; nothing for most events.
pub fn kind(event: &Event) -> Option<(NoticeKind, bool, bool)> {
    Some(match event {
        Event::TicketOpened { .. } => (NoticeKind::TicketCreated, true, true),
        Event::TicketAssigned { .. } => (NoticeKind::TicketAssigned, false, true),
        Event::StatusChanged { status, .. } => match status.to {
            Status::Resolved => (NoticeKind::TicketResolved, true, true),
            Status::Closed | Status::Cancelled => (NoticeKind::TicketClosed, true, true),
            // A new ticket is open once it is assigned: of that the assignee is told, and for the requester it is no news.
            Status::Open if status.from == Status::New => return None,
            Status::New | Status::Open | Status::InProgress | Status::Pending => {
                (NoticeKind::TicketStatusChanged, true, true)
            }
        },
        Event::CommentAdded { comment, .. } => {
            (NoticeKind::TicketCommented, comment.visibility != Visibility::Internal, true)
        }
        Event::SlaBreached { .. } => (NoticeKind::TicketOverdue, false, true),
        // It tells whom its rule names, whoever they are to the ticket.
        Event::SlaEscalated { .. } => (NoticeKind::TicketOverdue, false, false),
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
        | Event::CategoryDeleted { .. }
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
        | Event::WebhookDeleted { .. }
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
        | Event::RuleDeleted { .. } => return None,
    })
}

/// Who is to be told of an event of this ticket, and as what: with the people around it as they were right after the event,
/// and before anybody's rules.
#[expect(clippy::wildcard_enum_match_arm, reason = "only two events have an author")]
pub fn notices(recorded: &Recorded, ticket: &About) -> Vec<(UserId, NoticeKind)> {
    let Some((kind, requester, assignee)) = kind(&recorded.event) else { return Vec::new() };
    if let Event::SlaEscalated { told, .. } = &recorded.event {
        return told.iter().map(|user| (*user, kind)).collect();
    }
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

/// Whether an event might tell a person of something: whoever is certainly not told need not be looked up. It knows more
/// people than `notices`, `addressed` and `alert`, never fewer.
pub fn may_tell(recorded: &Recorded, user: UserId, role: Option<Role>) -> bool {
    let of_ticket = recorded.about.is_some_and(|ticket| ticket.requester == user || ticket.assignee == Some(user));
    let named = addressed(&recorded.event).is_some_and(|(told, _)| told == user);
    let escalated = matches!(&recorded.event, Event::SlaEscalated { told, .. } if told.contains(&user));
    of_ticket || named || escalated || alert(&recorded.event).is_some_and(|(told, _)| Some(told) == role)
}

/// Whom an event is written to, whoever wrote it: oneself, too.
pub fn addressed(event: &Event) -> Option<(UserId, NoticeKind)> {
    if let Event::NotificationSent { to, kind, .. } = event { Some((*to, *kind)) } else { None }
}

/// What everybody of a role is to be told of, whoever they are to its ticket.
#[expect(clippy::wildcard_enum_match_arm, reason = "two of many")]
pub fn alert(event: &Event) -> Option<(Role, NoticeKind)> {
    match event {
        Event::WebhookDisabled { .. } => Some((Role::Admin, NoticeKind::SystemAlert)),
        Event::SlaEscalated { rule, told, .. } if told.is_empty() && rule.action == EscalationAction::NotifyAdmin => {
            Some((Role::Admin, NoticeKind::TicketOverdue))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_default_the_app_tells_everything_and_mail_only_staff_what_cant_wait() {
        for kind in NoticeKind::ALL {
            for role in Role::ALL {
                let urgent = [NoticeKind::TicketAssigned, NoticeKind::TicketOverdue, NoticeKind::SystemAlert];
                let mailed = role != Role::User && urgent.contains(&kind);
                let told = Route::ALL.map(|route| Rules::default().wants(kind, route, role));
                assert_eq!(told, [true, mailed, false, false], "{kind:?} {role:?}");
            }
        }
    }

    #[test]
    fn what_somebody_said_stands_over_the_defaults() {
        let said = |route, enabled| Rule { kind: NoticeKind::TicketCommented, route, enabled };
        let rules = Rules(vec![said(Route::InApp, false), said(Route::Email, true)]);
        assert!(!rules.wants(NoticeKind::TicketCommented, Route::InApp, Role::Admin));
        assert!(rules.wants(NoticeKind::TicketCommented, Route::Email, Role::User));
        assert!(rules.wants(NoticeKind::TicketClosed, Route::InApp, Role::User));
        assert_eq!(rules.all(Role::User).len(), NoticeKind::ALL.len() * Route::ALL.len());
    }

    #[test]
    fn words_are_read_back() {
        for route in Route::ALL {
            assert_eq!(Route::parse(route.word()), Some(route));
            assert_eq!(serde_json::to_value(route).unwrap(), route.word());
        }
        for kind in NoticeKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.word());
        }
    }
}
