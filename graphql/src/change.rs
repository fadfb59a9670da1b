//! What an event changed, field by field, why, and in one sentence. Pure.
//!
//! Readers who are not staff learn nothing of native values, of the texts that an edit replaced, or of the reasons that
//! staff give each other.

use crate::error::camel;
use crate::node::{Global, global};
use crate::scalars::{Any, DateTime};
use async_graphql::{Json, SimpleObject};
use model::Event;
use model::event::{Change, TicketChanges};
use model::sla::{Agreement, Target};
use model::webhook::WebhookChanges;
use serde::Serialize;
use serde_json::{Map, Value};

/// A field before and after.
#[derive(Debug, Clone, PartialEq, Eq, SimpleObject)]
pub struct FieldChange {
    /// The field's name, as in the type that it belongs to.
    field: String,
    /// Its value before; null if it had none. Things are named by their global ids.
    old: Option<Any>,
    /// Its value after; null if it has none.
    new: Option<Any>,
}

/// Who reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    Staff,
    Other,
}

/// The fields that an event changed, as far as the reader may know.
pub(crate) fn changes(event: &Event, reader: Reader) -> Vec<FieldChange> {
    let mut list = List::default();
    match event {
        Event::TicketEdited { changes, .. } => list.ticket(changes, reader),
        Event::StatusChanged { status, resolution, .. } => {
            list.word("status", status);
            list.word("resolution", resolution);
        }
        Event::PriorityChanged { priority, .. } => list.word("priority", priority),
        Event::TicketAssigned { assignee, department, .. } => {
            list.id("assignee", assignee);
            list.json("department", department);
        }
        Event::TicketEscalated { .. } => list.pair("escalated", Value::Bool(false), Value::Bool(true)),
        Event::TicketRated { rating, .. } => list.pair("rating", Value::Null, Value::from(*rating)),
        Event::CommentEdited { body, .. } if reader == Reader::Staff => list.json("body", body),
        Event::CommentVisibilityChanged { visibility, .. } => list.word("visibility", visibility),
        Event::ProfileEdited { profile, .. } => list.fields(profile),
        Event::RoleChanged { role, .. } => list.word("role", role),
        Event::UserStatusChanged { status, .. } => list.word("status", status),
        Event::CategoryEdited { form, .. } => list.fields(form),
        Event::SettingChanged { value, .. } => list.json("value", value),
        Event::SlaConfigEdited { form, .. } => list.fields(form),
        Event::WebhookEdited { changes, .. } => list.webhook(changes),
        Event::NotificationRulesChanged { rules, .. } => {
            for rule in rules {
                list.json(&format!("{} by {}", rule.kind.word(), rule.route.word()), &rule.enabled);
            }
        }
        Event::EmailConfigChanged { config, .. } => list.fields(config),
        Event::QuickReplyEdited { form, .. } => list.fields(form),
        Event::TemplateEdited { form, .. } => list.fields(form),
        Event::RuleEdited { form, .. } => list.fields(form),
        Event::TicketOpened { .. }
        | Event::SlaBreached { .. }
        | Event::SlaEscalated { .. }
        | Event::TicketDeleted { .. }
        | Event::TicketRestored { .. }
        | Event::TicketMerged { .. }
        | Event::TicketUnmerged { .. }
        | Event::TicketsViewed { .. }
        | Event::CommentAdded { .. }
        | Event::CommentEdited { .. }
        | Event::CommentWithdrawn { .. }
        | Event::FileStored { .. }
        | Event::FileDiscarded { .. }
        | Event::UserCreated { .. }
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
        | Event::CategoryDeleted { .. }
        | Event::SlaConfigCreated { .. }
        | Event::SlaConfigDeleted { .. }
        | Event::NotificationsRead { .. }
        | Event::NotificationSent { .. }
        | Event::CleanupStarted { .. }
        | Event::RecordsForgotten { .. }
        | Event::CleanupFinished { .. }
        | Event::InboundQuarantined { .. }
        | Event::InboundSettled { .. }
        | Event::WebhookCreated { .. }
        | Event::WebhookSecretRotated { .. }
        | Event::WebhookDisabled { .. }
        | Event::WebhookDeleted { .. }
        | Event::EmailTested { .. }
        | Event::QuickReplyCreated { .. }
        | Event::QuickReplyUsed { .. }
        | Event::QuickReplyDeleted { .. }
        | Event::TemplateCreated { .. }
        | Event::TemplateUsed { .. }
        | Event::TemplateDeleted { .. }
        | Event::RuleCreated { .. }
        | Event::RuleDeleted { .. } => {}
    }
    list.0
}

/// Why it was done, as far as the reader may know.
pub(crate) fn reason(event: &Event, reader: Reader) -> Option<&str> {
    match event {
        Event::StatusChanged { reason, .. } => reason.as_deref(),
        Event::TicketRated { comment, .. } => comment.as_deref(),
        Event::TicketAssigned { reason, .. } | Event::TicketEscalated { reason, .. } if reader == Reader::Staff => {
            reason.as_deref()
        }
        Event::SessionEnded { reason, .. } | Event::TrustedDeviceRevoked { reason, .. } => Some(reason),
        Event::InboundQuarantined { why, .. } | Event::WebhookDisabled { why, .. } => Some(why),
        Event::EmailTested { why, .. } | Event::CleanupFinished { error: why, .. } => why.as_deref(),
        Event::TicketOpened { .. }
        | Event::TicketEdited { .. }
        | Event::PriorityChanged { .. }
        | Event::TicketAssigned { .. }
        | Event::TicketEscalated { .. }
        | Event::SlaBreached { .. }
        | Event::SlaEscalated { .. }
        | Event::TicketDeleted { .. }
        | Event::TicketRestored { .. }
        | Event::TicketMerged { .. }
        | Event::TicketUnmerged { .. }
        | Event::TicketsViewed { .. }
        | Event::CommentAdded { .. }
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
        | Event::SignInFailed { .. }
        | Event::SecondFactorEnabled { .. }
        | Event::SecondFactorDisabled { .. }
        | Event::SecondFactorUsed { .. }
        | Event::DeviceTrusted { .. }
        | Event::TrustedDeviceUsed { .. }
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
        | Event::SlaConfigCreated { .. }
        | Event::SlaConfigEdited { .. }
        | Event::SlaConfigDeleted { .. }
        | Event::NotificationsRead { .. }
        | Event::InboundSettled { .. }
        | Event::WebhookCreated { .. }
        | Event::WebhookEdited { .. }
        | Event::WebhookSecretRotated { .. }
        | Event::WebhookDeleted { .. }
        | Event::NotificationRulesChanged { .. }
        | Event::EmailConfigChanged { .. }
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
        | Event::RuleDeleted { .. } => None,
    }
}

/// What happened, in one English sentence; `who` did it.
pub(crate) fn summary(event: &Event, who: &str) -> String {
    let did = match event {
        Event::TicketOpened { ticket, .. } => format!("opened the ticket \"{}\"", ticket.title),
        Event::TicketEdited { changes, .. } => {
            let fields: Vec<_> = {
                let mut list = List::default();
                list.ticket(changes, Reader::Other);
                list.0.into_iter().map(|change| change.field).collect()
            };
            if fields.is_empty() { "edited the ticket".to_owned() } else { format!("edited {}", fields.join(", ")) }
        }
        Event::StatusChanged { reopened: true, .. } => "reopened the ticket".to_owned(),
        Event::StatusChanged { status, .. } => {
            format!("moved the ticket from {} to {}", status.from.word(), status.to.word())
        }
        Event::PriorityChanged { priority, .. } => {
            format!("changed the priority from {} to {}", priority.from.word(), priority.to.word())
        }
        Event::TicketAssigned { assignee, .. } => match (assignee.from, assignee.to) {
            (from, Some(to)) if from != Some(to) => "assigned the ticket".to_owned(),
            (Some(_), None) => "took the ticket away from its assignee".to_owned(),
            (_, _) => "changed the ticket's department".to_owned(),
        },
        Event::TicketEscalated { .. } => "escalated the ticket".to_owned(),
        Event::TicketRated { rating, .. } => format!("rated the ticket {rating} of 5"),
        Event::SlaBreached { target: Target::Response, .. } => return "The first answer is overdue.".to_owned(),
        Event::SlaBreached { target: Target::Resolution, .. } => return "The resolution is overdue.".to_owned(),
        Event::SlaEscalated { rule, target, .. } => {
            let target = match target {
                Target::Response => "first answer",
                Target::Resolution => "resolution",
            };
            return format!("{} minutes after the {target} was due: {}.", rule.trigger_minutes, rule.action.word());
        }
        Event::TicketDeleted { .. } => "deleted the ticket".to_owned(),
        Event::TicketRestored { .. } => "restored the ticket".to_owned(),
        Event::TicketMerged { .. } => "merged the ticket into another".to_owned(),
        Event::TicketUnmerged { .. } => "undid a merge of the ticket".to_owned(),
        Event::TicketsViewed { .. } => return "Tickets were looked at.".to_owned(),
        Event::CommentAdded { comment, .. } => match comment.visibility {
            model::comment::Visibility::Internal => "wrote an internal note".to_owned(),
            model::comment::Visibility::Public | model::comment::Visibility::System => "commented".to_owned(),
        },
        Event::CommentEdited { .. } => "edited a comment".to_owned(),
        Event::CommentVisibilityChanged { visibility, .. } => format!("made a comment {}", visibility.to.word()),
        Event::CommentWithdrawn { .. } => "withdrew a comment".to_owned(),
        Event::FileStored { attachment } => format!("uploaded {}", attachment.file.filename),
        Event::FileDiscarded { .. } => "discarded a file".to_owned(),
        Event::UserCreated { user, .. } => format!("created the account of {}", user.name()),
        Event::ProfileEdited { .. } => "edited a profile".to_owned(),
        Event::RoleChanged { role, .. } => format!("changed a role from {} to {}", role.from.word(), role.to.word()),
        Event::UserStatusChanged { status, .. } => format!("made an account {}", status.to.word()),
        Event::PasswordChanged { .. } => "changed a password".to_owned(),
        Event::IdentityLinked { identity } => format!("linked an identity on {}", identity.channel.word()),
        Event::IdentityUnlinked { channel, .. } => format!("unlinked an identity on {}", channel.word()),
        Event::SessionStarted { .. } => "signed in".to_owned(),
        Event::SessionRefreshed { .. } => "stayed signed in".to_owned(),
        Event::SessionEnded { .. } => "ended a session".to_owned(),
        Event::SignInFailed { .. } => return "Somebody tried to sign in, in vain.".to_owned(),
        Event::SecondFactorEnabled { .. } => "switched the second factor on".to_owned(),
        Event::SecondFactorDisabled { .. } => "switched the second factor off".to_owned(),
        Event::SecondFactorUsed { step: Some(_), .. } => "used a one-time code".to_owned(),
        Event::SecondFactorUsed { step: None, .. } => "used a backup code".to_owned(),
        Event::DeviceTrusted { device, .. } => format!("trusted the device \"{}\"", device.name),
        Event::TrustedDeviceUsed { .. } => "signed in on a trusted device".to_owned(),
        Event::TrustedDeviceRevoked { .. } => "stopped trusting a device".to_owned(),
        Event::PasswordResetRequested { .. } => return "Somebody asked for a new password by mail.".to_owned(),
        Event::ApiTokenCreated { token, .. } => format!("created the API token \"{}\"", token.name),
        Event::ApiTokenRevoked { .. } => "revoked an API token".to_owned(),
        Event::CategoryCreated { category } => format!("created the category \"{}\"", category.form.name),
        Event::CategoryEdited { form, .. } => format!("edited the category \"{}\"", form.to.name),
        Event::CategoryDeleted { name, .. } => format!("deleted the category \"{name}\""),
        Event::SettingChanged { key, .. } => format!("changed the setting {key}"),
        Event::NotificationSent { written, .. } => format!("wrote the notification \"{}\"", written.title),
        Event::CleanupStarted { task, .. } => format!("began to clean up ({})", task.word()),
        Event::RecordsForgotten { gone, .. } => format!("forgot {gone} old records"),
        Event::CleanupFinished { forgotten, .. } => format!("cleaned up: {forgotten} records were forgotten"),
        Event::SlaConfigCreated { config } => format!("created the SLA configuration \"{}\"", config.form.name),
        Event::SlaConfigEdited { form, .. } => format!("edited the SLA configuration \"{}\"", form.to.name),
        Event::SlaConfigDeleted { name, .. } => format!("deleted the SLA configuration \"{name}\""),
        Event::NotificationsRead { .. } => "read notifications".to_owned(),
        Event::InboundQuarantined { .. } => return "A message could not be read and is in quarantine.".to_owned(),
        Event::InboundSettled { discarded: true, .. } => "discarded a quarantined message".to_owned(),
        Event::InboundSettled { .. } => "ran a quarantined message again".to_owned(),
        Event::WebhookCreated { webhook, .. } => format!("created a webhook for {}", webhook.url),
        Event::WebhookEdited { .. } => "edited a webhook".to_owned(),
        Event::WebhookSecretRotated { .. } => "gave a webhook another secret".to_owned(),
        Event::WebhookDisabled { url, .. } => return format!("The webhook for {url} was given up."),
        Event::WebhookDeleted { url, .. } => format!("deleted the webhook for {url}"),
        Event::NotificationRulesChanged { .. } => "changed what they are told".to_owned(),
        Event::EmailConfigChanged { .. } => "changed how mail is sent".to_owned(),
        Event::EmailTested { ok: true, .. } => "sent a test mail".to_owned(),
        Event::EmailTested { .. } => "tried in vain to send a test mail".to_owned(),
        Event::QuickReplyCreated { reply } => format!("wrote the quick reply \"{}\"", reply.form.name),
        Event::QuickReplyEdited { form, .. } => format!("edited the quick reply \"{}\"", form.to.name),
        Event::QuickReplyUsed { .. } => "used a quick reply".to_owned(),
        Event::QuickReplyDeleted { name, .. } => format!("deleted the quick reply \"{name}\""),
        Event::TemplateCreated { template } => format!("made the template \"{}\"", template.form.name),
        Event::TemplateEdited { form, .. } => format!("edited the template \"{}\"", form.to.name),
        Event::TemplateUsed { .. } => "opened a ticket by a template".to_owned(),
        Event::TemplateDeleted { name, .. } => format!("deleted the template \"{name}\""),
        Event::RuleCreated { rule } => format!("made the rule \"{}\"", rule.form.name),
        Event::RuleEdited { form, .. } => format!("edited the rule \"{}\"", form.to.name),
        Event::RuleDeleted { name, .. } => format!("deleted the rule \"{name}\""),
    };
    format!("{who} {did}.")
}

fn each<T>(change: Option<&Change<T>>, mut then: impl FnMut(&Change<T>)) {
    if let Some(change) = change {
        then(change);
    }
}

#[derive(Default)]
struct List(Vec<FieldChange>);

impl List {
    fn pair(&mut self, field: impl Into<String>, old: Value, new: Value) {
        let some = |value: Value| (!value.is_null()).then_some(Json(value));
        if old != new {
            self.0.push(FieldChange { field: field.into(), old: some(old), new: some(new) });
        }
    }

    fn json<T: Serialize>(&mut self, field: &str, change: &Change<T>) {
        let value = |value| serde_json::to_value(value).unwrap_or_default();
        self.pair(field, value(&change.from), value(&change.to));
    }

    /// A word, in GraphQL's spelling.
    fn word<T: Serialize>(&mut self, field: &str, change: &Change<T>) {
        let value = |value| match serde_json::to_value(value) {
            Ok(Value::String(word)) => Value::String(word.to_uppercase()),
            Ok(other) => other,
            Err(_) => Value::Null,
        };
        self.pair(field, value(&change.from), value(&change.to));
    }

    fn id<I: Global>(&mut self, field: &str, change: &Change<Option<I>>) {
        let value = |id: Option<I>| id.map_or(Value::Null, |id| Value::String(global(id).0));
        self.pair(field, value(change.from), value(change.to));
    }

    fn time(&mut self, field: &str, from: Option<model::Time>, to: Option<model::Time>) {
        let value =
            |time: Option<model::Time>| time.map_or(Value::Null, |time| Value::String(DateTime(time).0.rfc3339()));
        self.pair(field, value(from), value(to));
    }

    /// The fields in which two structures differ.
    fn fields<T: Serialize>(&mut self, change: &Change<T>) {
        let object = |value: &T| match serde_json::to_value(value) {
            Ok(Value::Object(map)) => map,
            Ok(_) | Err(_) => Map::new(),
        };
        let (mut from, to) = (object(&change.from), object(&change.to));
        for (key, new) in to {
            let old = from.remove(&key).unwrap_or_default();
            self.pair(camel(&key), old, new);
        }
        for (key, old) in from {
            self.pair(camel(&key), old, Value::Null);
        }
    }

    fn webhook(&mut self, changes: &WebhookChanges) {
        let WebhookChanges { url, events, active, headers, description } = changes;
        each(url.as_ref(), |c| self.json("url", c));
        each(events.as_ref(), |c| self.json("events", c));
        each(active.as_ref(), |c| self.json("active", c));
        // Their names; values are never told.
        each(headers.as_ref(), |c| self.json("headers", c));
        each(description.as_ref(), |c| self.json("description", c));
    }

    fn ticket(&mut self, changes: &TicketChanges, reader: Reader) {
        let TicketChanges {
            title,
            kind,
            category,
            category_sla_hours,
            response_due_at,
            resolution_due_at,
            agreement,
            department,
            tags,
            custom_fields,
            customer,
            due_at,
            native,
        } = changes;
        each(title.as_ref(), |c| self.json("title", c));
        each(kind.as_ref(), |c| self.json("type", c));
        each(category.as_ref(), |c| self.id("category", c));
        each(department.as_ref(), |c| self.json("department", c));
        each(tags.as_ref(), |c| self.json("tags", c));
        each(custom_fields.as_ref(), |c| self.json("customFields", c));
        each(customer.as_ref(), |c| self.json("customer", c));
        each(due_at.as_ref(), |c| self.time("dueAt", c.from, c.to));
        each(response_due_at.as_ref(), |c| self.time("responseDueAt", Some(c.from), Some(c.to)));
        each(resolution_due_at.as_ref(), |c| self.time("resolutionDueAt", Some(c.from), Some(c.to)));
        if reader == Reader::Staff {
            each(category_sla_hours.as_ref(), |c| self.json("categorySlaHours", c));
            each(agreement.as_ref(), |c| {
                let config = |agreement: &Option<Box<Agreement>>| agreement.as_ref().map(|agreement| agreement.config);
                self.id("slaConfig", &Change { from: config(&c.from), to: config(&c.to) });
            });
            each(native.as_ref(), |c| self.json("native", c));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::id::{TicketId, UserId};
    use model::ticket::{Resolution, Status};

    fn field(name: &str, old: Value, new: Value) -> FieldChange {
        let some = |v: Value| (!v.is_null()).then_some(Json(v));
        FieldChange { field: name.into(), old: some(old), new: some(new) }
    }

    #[test]
    fn a_status_change_is_told_in_words_and_fields() {
        let event = Event::StatusChanged {
            ticket: TicketId(1),
            status: Change { from: Status::Open, to: Status::InProgress },
            resolution: Change { from: Resolution::None, to: Resolution::None },
            reopened: false,
            reason: Some("because".into()),
        };
        assert_eq!(changes(&event, Reader::Other), [field("status", "OPEN".into(), "IN_PROGRESS".into())]);
        assert_eq!(summary(&event, "Ada"), "Ada moved the ticket from open to in_progress.");
        assert_eq!(reason(&event, Reader::Other), Some("because"));
    }

    #[test]
    fn others_learn_nothing_of_native_values_and_staffs_reasons() {
        let native = Change { from: Map::new(), to: Map::from_iter([("legacy".to_owned(), Value::from(4))]) };
        let changed = TicketChanges { native: Some(native), ..TicketChanges::default() };
        let event = Event::TicketEdited { ticket: TicketId(1), changes: Box::new(changed) };
        assert!(changes(&event, Reader::Other).is_empty());
        assert_eq!(changes(&event, Reader::Staff).len(), 1);
        let event = Event::TicketAssigned {
            ticket: TicketId(1),
            assignee: Change { from: None, to: Some(UserId(3)) },
            department: Change { from: None, to: None },
            reason: Some("the requester is difficult".into()),
            transfer: false,
        };
        assert_eq!(changes(&event, Reader::Other), [field("assignee", Value::Null, "user_3".into())]);
        assert_eq!((reason(&event, Reader::Other), reason(&event, Reader::Staff).is_some()), (None, true));
    }
}
