//! How events change a ticket: the fold that the store writes back and that a rebuild from the log repeats.

use super::{Resolution, Status, Ticket};
use crate::comment::Visibility;
use crate::event::{Change, Event, Moved, TicketChanges};
use crate::sla::{Fired, Target};
use crate::time::Time;

impl Ticket {
    /// Applies an event of this ticket. Events of others, and those that change only comments, leave it as it is.
    /// Every change counts the version up and moves `updated_at`.
    pub fn evolve(&mut self, event: &Event, at: Time) {
        match event {
            Event::TicketEdited { changes, .. } => self.edit(changes),
            Event::StatusChanged { status, resolution, reopened, .. } => {
                self.move_to(status, resolution, *reopened, at);
            }
            Event::PriorityChanged { priority, response_due_at, resolution_due_at, agreement, .. } => {
                self.priority = priority.to;
                self.response_due_at = *response_due_at;
                self.resolution_due_at = *resolution_due_at;
                self.agreement.clone_from(agreement);
            }
            Event::TicketAssigned { assignee, department, .. } => {
                self.assignee = assignee.to;
                self.department.clone_from(&department.to);
            }
            Event::TicketEscalated { .. } => self.escalated = true,
            Event::TicketRated { rating, comment, .. } => {
                self.rating = Some(*rating);
                self.rating_comment.clone_from(comment);
            }
            Event::SlaBreached { target: Target::Response, .. } => self.response_breached = true,
            Event::SlaBreached { target: Target::Resolution, .. } => self.resolution_breached = true,
            Event::SlaEscalated { config, rule, .. } => {
                self.fired.push(Fired { config: *config, rule: (**rule).clone() });
            }
            Event::TicketDeleted { .. } => self.deleted_at = Some(at),
            Event::TicketRestored { .. } => self.deleted_at = None,
            Event::TicketMerged { ticket, into, moved, .. } => {
                let source = *ticket == self.id;
                self.count(moved, if source { -1 } else { 1 });
                if source {
                    self.status_before_merge = Some(self.status);
                    self.merged_into = Some(*into);
                    self.status = Status::Closed;
                    // What was closed before keeps its time, also when the merge is undone.
                    self.closed_at = self.closed_at.or(Some(at));
                }
            }
            Event::TicketUnmerged { ticket, moved, status, .. } => {
                let source = *ticket == self.id;
                self.count(moved, if source { 1 } else { -1 });
                if source {
                    self.merged_into = None;
                    self.status_before_merge = None;
                    self.status = *status;
                    if !status.is_final() {
                        self.closed_at = None;
                    }
                }
            }
            Event::CommentAdded { comment, first_reply, .. } => {
                self.count_one(comment.visibility, 1);
                if *first_reply {
                    self.first_reply_at = Some(comment.created_at);
                }
                if comment.by_staff && comment.visibility == Visibility::Public {
                    self.staff_replies += 1;
                }
            }
            Event::CommentWithdrawn { visibility, .. } => self.count_one(*visibility, -1),
            Event::CommentVisibilityChanged { visibility, .. } => {
                self.count_one(visibility.from, -1);
                self.count_one(visibility.to, 1);
            }
            // A file that came to the ticket without a comment; others are no events of a ticket.
            Event::CommentEdited { .. } | Event::FileStored { .. } => {}
            Event::TicketOpened { .. }
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
            | Event::RuleDeleted { .. } => return,
        }
        self.updated_at = at;
        self.version += 1;
    }

    fn edit(&mut self, changes: &TicketChanges) {
        fn set<T: Clone>(field: &mut T, change: Option<&Change<T>>) {
            if let Some(change) = change {
                field.clone_from(&change.to);
            }
        }
        set(&mut self.title, changes.title.as_ref());
        set(&mut self.kind, changes.kind.as_ref());
        set(&mut self.category, changes.category.as_ref());
        set(&mut self.category_sla_hours, changes.category_sla_hours.as_ref());
        set(&mut self.response_due_at, changes.response_due_at.as_ref());
        set(&mut self.agreement, changes.agreement.as_ref());
        set(&mut self.resolution_due_at, changes.resolution_due_at.as_ref());
        set(&mut self.department, changes.department.as_ref());
        set(&mut self.tags, changes.tags.as_ref());
        set(&mut self.custom_fields, changes.custom_fields.as_ref());
        set(&mut self.customer, changes.customer.as_ref());
        set(&mut self.due_at, changes.due_at.as_ref());
        set(&mut self.native, changes.native.as_ref());
    }

    fn move_to(&mut self, status: &Change<Status>, resolution: &Change<Resolution>, reopened: bool, at: Time) {
        self.status = status.to;
        self.resolution = resolution.to;
        self.reopened = reopened;
        if reopened {
            self.reopen_count += 1;
        }
        match status.to {
            Status::New | Status::Open | Status::InProgress | Status::Pending => {
                self.resolved_at = None;
                self.closed_at = None;
            }
            Status::Resolved => {
                self.resolved_at = Some(at);
                self.closed_at = None;
            }
            Status::Closed | Status::Cancelled => {
                // A close without a resolution before it is the resolution, except where the requester withdrew.
                if self.resolved_at.is_none() && status.to == Status::Closed {
                    self.resolved_at = Some(at);
                }
                self.closed_at = Some(at);
            }
        }
    }

    fn count(&mut self, moved: &Moved, sign: i64) {
        self.internal_count += sign * moved.internal;
        self.comment_count += sign * (moved.comments.len() as i64 - moved.internal);
    }

    fn count_one(&mut self, visibility: Visibility, by: i64) {
        match visibility {
            Visibility::Internal => self.internal_count += by,
            Visibility::Public | Visibility::System => self.comment_count += by,
        }
    }
}
