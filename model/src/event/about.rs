//! What an event is called, and whom and what it is about. One arm for each event: a new one has to say so here.

use super::Event;
use crate::id::{TicketId, UserId, WebhookId};

impl Event {
    /// The stored word for the kind of event.
    pub fn word(&self) -> &'static str {
        match self {
            Self::TicketOpened { .. } => "ticket_opened",
            Self::TicketEdited { .. } => "ticket_edited",
            Self::StatusChanged { .. } => "status_changed",
            Self::PriorityChanged { .. } => "priority_changed",
            Self::TicketAssigned { .. } => "ticket_assigned",
            Self::TicketEscalated { .. } => "ticket_escalated",
            Self::TicketRated { .. } => "ticket_rated",
            Self::SlaBreached { .. } => "sla_breached",
            Self::SlaEscalated { .. } => "sla_escalated",
            Self::TicketDeleted { .. } => "ticket_deleted",
            Self::TicketRestored { .. } => "ticket_restored",
            Self::TicketMerged { .. } => "ticket_merged",
            Self::TicketUnmerged { .. } => "ticket_unmerged",
            Self::TicketsViewed { .. } => "tickets_viewed",
            Self::CommentAdded { .. } => "comment_added",
            Self::CommentEdited { .. } => "comment_edited",
            Self::CommentVisibilityChanged { .. } => "comment_visibility_changed",
            Self::CommentWithdrawn { .. } => "comment_withdrawn",
            Self::FileStored { .. } => "file_stored",
            Self::FileDiscarded { .. } => "file_discarded",
            Self::UserCreated { .. } => "user_created",
            Self::ProfileEdited { .. } => "profile_edited",
            Self::RoleChanged { .. } => "role_changed",
            Self::UserStatusChanged { .. } => "user_status_changed",
            Self::PasswordChanged { .. } => "password_changed",
            Self::IdentityLinked { .. } => "identity_linked",
            Self::IdentityUnlinked { .. } => "identity_unlinked",
            Self::SessionStarted { .. } => "session_started",
            Self::SessionRefreshed { .. } => "session_refreshed",
            Self::SessionEnded { .. } => "session_ended",
            Self::SignInFailed { .. } => "sign_in_failed",
            Self::SecondFactorEnabled { .. } => "second_factor_enabled",
            Self::SecondFactorDisabled { .. } => "second_factor_disabled",
            Self::SecondFactorUsed { .. } => "second_factor_used",
            Self::DeviceTrusted { .. } => "device_trusted",
            Self::TrustedDeviceUsed { .. } => "trusted_device_used",
            Self::TrustedDeviceRevoked { .. } => "trusted_device_revoked",
            Self::PasswordResetRequested { .. } => "password_reset_requested",
            Self::ApiTokenCreated { .. } => "api_token_created",
            Self::ApiTokenRevoked { .. } => "api_token_revoked",
            Self::CategoryCreated { .. } => "category_created",
            Self::CategoryEdited { .. } => "category_edited",
            Self::CategoryDeleted { .. } => "category_deleted",
            Self::SettingChanged { .. } => "setting_changed",
            Self::NotificationSent { .. } => "notification_sent",
            Self::CleanupStarted { .. } => "cleanup_started",
            Self::RecordsForgotten { .. } => "records_forgotten",
            Self::CleanupFinished { .. } => "cleanup_finished",
            Self::SlaConfigCreated { .. } => "sla_config_created",
            Self::SlaConfigEdited { .. } => "sla_config_edited",
            Self::SlaConfigDeleted { .. } => "sla_config_deleted",
            Self::NotificationsRead { .. } => "notifications_read",
            Self::InboundQuarantined { .. } => "inbound_quarantined",
            Self::InboundSettled { .. } => "inbound_settled",
            Self::WebhookCreated { .. } => "webhook_created",
            Self::WebhookEdited { .. } => "webhook_edited",
            Self::WebhookSecretRotated { .. } => "webhook_secret_rotated",
            Self::WebhookDisabled { .. } => "webhook_disabled",
            Self::WebhookDeleted { .. } => "webhook_deleted",
            Self::NotificationRulesChanged { .. } => "notification_rules_changed",
            Self::EmailConfigChanged { .. } => "email_config_changed",
            Self::EmailTested { .. } => "email_tested",
            Self::QuickReplyCreated { .. } => "quick_reply_created",
            Self::QuickReplyEdited { .. } => "quick_reply_edited",
            Self::QuickReplyUsed { .. } => "quick_reply_used",
            Self::QuickReplyDeleted { .. } => "quick_reply_deleted",
            Self::TemplateCreated { .. } => "template_created",
            Self::TemplateEdited { .. } => "template_edited",
            Self::TemplateUsed { .. } => "template_used",
            Self::TemplateDeleted { .. } => "template_deleted",
            Self::RuleCreated { .. } => "rule_created",
            Self::RuleEdited { .. } => "rule_edited",
            Self::RuleDeleted { .. } => "rule_deleted",
        }
    }

    /// The ticket whose history it belongs to.
    pub fn ticket(&self) -> Option<TicketId> {
        match self {
            Self::TicketOpened { ticket, .. } => Some(ticket.id),
            Self::TicketEdited { ticket, .. }
            | Self::StatusChanged { ticket, .. }
            | Self::PriorityChanged { ticket, .. }
            | Self::TicketAssigned { ticket, .. }
            | Self::TicketEscalated { ticket, .. }
            | Self::TicketRated { ticket, .. }
            | Self::SlaBreached { ticket, .. }
            | Self::SlaEscalated { ticket, .. }
            | Self::TicketDeleted { ticket }
            | Self::TicketRestored { ticket }
            | Self::TicketMerged { ticket, .. }
            | Self::TicketUnmerged { ticket, .. }
            | Self::CommentAdded { ticket, .. }
            | Self::CommentEdited { ticket, .. }
            | Self::CommentVisibilityChanged { ticket, .. }
            | Self::CommentWithdrawn { ticket, .. } => Some(*ticket),
            Self::FileStored { attachment } => attachment.ticket,
            Self::TicketsViewed { .. }
            | Self::FileDiscarded { .. }
            | Self::UserCreated { .. }
            | Self::ProfileEdited { .. }
            | Self::RoleChanged { .. }
            | Self::UserStatusChanged { .. }
            | Self::PasswordChanged { .. }
            | Self::IdentityLinked { .. }
            | Self::IdentityUnlinked { .. }
            | Self::SessionStarted { .. }
            | Self::SessionRefreshed { .. }
            | Self::SessionEnded { .. }
            | Self::SignInFailed { .. }
            | Self::SecondFactorEnabled { .. }
            | Self::SecondFactorDisabled { .. }
            | Self::SecondFactorUsed { .. }
            | Self::DeviceTrusted { .. }
            | Self::TrustedDeviceUsed { .. }
            | Self::TrustedDeviceRevoked { .. }
            | Self::PasswordResetRequested { .. }
            | Self::ApiTokenCreated { .. }
            | Self::ApiTokenRevoked { .. }
            | Self::CategoryCreated { .. }
            | Self::CategoryEdited { .. }
            | Self::CategoryDeleted { .. }
            | Self::SettingChanged { .. }
            | Self::NotificationSent { .. }
            | Self::CleanupStarted { .. }
            | Self::RecordsForgotten { .. }
            | Self::CleanupFinished { .. }
            | Self::SlaConfigCreated { .. }
            | Self::SlaConfigEdited { .. }
            | Self::SlaConfigDeleted { .. }
            | Self::NotificationsRead { .. }
            | Self::InboundQuarantined { .. }
            | Self::InboundSettled { .. }
            | Self::WebhookCreated { .. }
            | Self::WebhookEdited { .. }
            | Self::WebhookSecretRotated { .. }
            | Self::WebhookDisabled { .. }
            | Self::WebhookDeleted { .. }
            | Self::NotificationRulesChanged { .. }
            | Self::EmailConfigChanged { .. }
            | Self::EmailTested { .. }
            | Self::QuickReplyCreated { .. }
            | Self::QuickReplyEdited { .. }
            | Self::QuickReplyUsed { .. }
            | Self::QuickReplyDeleted { .. }
            | Self::TemplateCreated { .. }
            | Self::TemplateEdited { .. }
            | Self::TemplateUsed { .. }
            | Self::TemplateDeleted { .. }
            | Self::RuleCreated { .. }
            | Self::RuleEdited { .. }
            | Self::RuleDeleted { .. } => None,
        }
    }

    /// The ticket that a merge or its undoing changes besides.
    pub fn other_ticket(&self) -> Option<TicketId> {
        if let Self::TicketMerged { into: other, .. } | Self::TicketUnmerged { from: other, .. } = self {
            Some(*other)
        } else {
            None
        }
    }

    /// The webhook that it is about.
    pub fn webhook(&self) -> Option<WebhookId> {
        if let Self::WebhookCreated { webhook, .. } = self {
            return Some(webhook.id);
        }
        if let Self::WebhookEdited { webhook, .. }
        | Self::WebhookSecretRotated { webhook, .. }
        | Self::WebhookDisabled { webhook, .. }
        | Self::WebhookDeleted { webhook, .. } = self
        {
            return Some(*webhook);
        }
        None
    }

    /// The person it is about, where it is about one.
    pub fn user(&self) -> Option<UserId> {
        match self {
            Self::UserCreated { user, .. } => Some(user.id),
            Self::ProfileEdited { user, .. }
            | Self::RoleChanged { user, .. }
            | Self::UserStatusChanged { user, .. }
            | Self::PasswordChanged { user, .. }
            | Self::IdentityUnlinked { user, .. }
            | Self::SessionRefreshed { user, .. }
            | Self::SessionEnded { user, .. }
            | Self::SignInFailed { user, .. }
            | Self::SecondFactorEnabled { user, .. }
            | Self::SecondFactorDisabled { user }
            | Self::SecondFactorUsed { user, .. }
            | Self::TrustedDeviceUsed { user, .. }
            | Self::TrustedDeviceRevoked { user, .. }
            | Self::PasswordResetRequested { user }
            | Self::ApiTokenRevoked { user, .. }
            | Self::NotificationsRead { user, .. }
            | Self::NotificationRulesChanged { user, .. } => Some(*user),
            Self::NotificationSent { to, .. } => Some(*to),
            Self::IdentityLinked { identity } => Some(identity.user),
            Self::SessionStarted { session, .. } => Some(session.user),
            Self::DeviceTrusted { device, .. } => Some(device.user),
            Self::ApiTokenCreated { token, .. } => Some(token.user),
            Self::FileStored { attachment } => attachment.owner,
            Self::TicketOpened { .. }
            | Self::TicketEdited { .. }
            | Self::StatusChanged { .. }
            | Self::PriorityChanged { .. }
            | Self::TicketAssigned { .. }
            | Self::TicketEscalated { .. }
            | Self::TicketRated { .. }
            | Self::SlaBreached { .. }
            | Self::SlaEscalated { .. }
            | Self::TicketDeleted { .. }
            | Self::TicketRestored { .. }
            | Self::TicketMerged { .. }
            | Self::TicketUnmerged { .. }
            | Self::TicketsViewed { .. }
            | Self::CommentAdded { .. }
            | Self::CommentEdited { .. }
            | Self::CommentVisibilityChanged { .. }
            | Self::CommentWithdrawn { .. }
            | Self::FileDiscarded { .. }
            | Self::CategoryCreated { .. }
            | Self::CategoryEdited { .. }
            | Self::CategoryDeleted { .. }
            | Self::SettingChanged { .. }
            | Self::CleanupStarted { .. }
            | Self::RecordsForgotten { .. }
            | Self::CleanupFinished { .. }
            | Self::SlaConfigCreated { .. }
            | Self::SlaConfigEdited { .. }
            | Self::SlaConfigDeleted { .. }
            | Self::InboundQuarantined { .. }
            | Self::InboundSettled { .. }
            | Self::WebhookCreated { .. }
            | Self::WebhookEdited { .. }
            | Self::WebhookSecretRotated { .. }
            | Self::WebhookDisabled { .. }
            | Self::WebhookDeleted { .. }
            | Self::EmailConfigChanged { .. }
            | Self::EmailTested { .. }
            | Self::QuickReplyCreated { .. }
            | Self::QuickReplyEdited { .. }
            | Self::QuickReplyUsed { .. }
            | Self::QuickReplyDeleted { .. }
            | Self::TemplateCreated { .. }
            | Self::TemplateEdited { .. }
            | Self::TemplateUsed { .. }
            | Self::TemplateDeleted { .. }
            | Self::RuleCreated { .. }
            | Self::RuleEdited { .. }
            | Self::RuleDeleted { .. } => None,
        }
    }
}
