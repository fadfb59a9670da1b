//! What happened, as clients see it: in a ticket's history and in streams. The engine says who may see an event at all;
//! here is left out what they may not see of it.

use crate::change::{self, FieldChange};
use crate::comment::Comment;
use crate::connection::{Connection, Total, Window, by_id};
use crate::context::Call;
use crate::error::Result;
use crate::node::global;
use crate::person::User;
use crate::quick::Quick;
use crate::scalars::{Any, Cursor, DateTime};
use crate::ticket::Ticket;
use crate::words::Role;
use async_graphql::{Context, Enum, ID, Json, Object};
use model::event::Recorded;
use model::id::{CommentId, Seq, TicketId};
use model::query::Slice;
use std::sync::Arc;

/// Something that happened.
#[derive(Clone)]
pub struct Event(pub(crate) Arc<Recorded>);

impl Quick for Event {
    const LASTING: &'static [&'static str] = &["cursor", "type", "at", "ticketId", "reason"];
    const PASSING: &'static [&'static str] = &["changes"];
}

/// Who did something.
pub struct EventBy(Arc<Recorded>);

macro_rules! event_types {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {
        /// What kind of thing happened.
        #[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
        pub enum EventType { $($(#[$doc])* $name),+ }

        impl EventType {
            #[cfg(test)]
            const ALL: &[Self] = &[$(Self::$name),+];

            pub(crate) fn of(event: &model::Event) -> Self {
                match event { $(model::Event::$name { .. } => Self::$name),+ }
            }

            /// The word that the log stores.
            pub(crate) fn word(self) -> String {
                snake(match self { $(Self::$name => stringify!($name)),+ })
            }
        }
    };
}

event_types! {
    /// A ticket was opened.
    TicketOpened,
    /// Plain fields of a ticket changed.
    TicketEdited,
    /// A ticket's status changed.
    StatusChanged,
    /// A ticket's priority changed.
    PriorityChanged,
    /// A ticket got another assignee or department.
    TicketAssigned,
    /// A ticket was escalated.
    TicketEscalated,
    /// The requester rated a ticket.
    TicketRated,
    /// A ticket missed its service level.
    SlaBreached,
    /// A missed service level set off what was agreed on for it.
    SlaEscalated,
    /// A ticket was deleted.
    TicketDeleted,
    /// A deleted ticket was restored.
    TicketRestored,
    /// A ticket went into another.
    TicketMerged,
    /// A merge was undone.
    TicketUnmerged,
    /// Tickets were looked at.
    TicketsViewed,
    /// Somebody commented.
    CommentAdded,
    /// A comment's text changed.
    CommentEdited,
    /// Others may read a comment now than before.
    CommentVisibilityChanged,
    /// A comment was taken back.
    CommentWithdrawn,
    /// A file was uploaded.
    FileStored,
    /// A file that nobody used was thrown away.
    FileDiscarded,
    /// An account was made.
    UserCreated,
    /// A person's profile changed.
    ProfileEdited,
    /// A person's role changed.
    RoleChanged,
    /// A person's account was opened or shut.
    UserStatusChanged,
    /// A person's password changed.
    PasswordChanged,
    /// A person's name on a channel was linked.
    IdentityLinked,
    /// A person's name on a channel was unlinked.
    IdentityUnlinked,
    /// Somebody signed in.
    SessionStarted,
    /// A session went on.
    SessionRefreshed,
    /// A session ended.
    SessionEnded,
    /// Somebody tried to sign in, in vain.
    SignInFailed,
    /// A second factor was set up.
    SecondFactorEnabled,
    /// A second factor was switched off.
    SecondFactorDisabled,
    /// A one-time code or a backup code was used.
    SecondFactorUsed,
    /// A device is trusted from now on.
    DeviceTrusted,
    /// Somebody signed in on a trusted device.
    TrustedDeviceUsed,
    /// A device is trusted no more.
    TrustedDeviceRevoked,
    /// Somebody asked for a new password by mail.
    PasswordResetRequested,
    /// An API token was made.
    ApiTokenCreated,
    /// An API token was revoked.
    ApiTokenRevoked,
    /// A category was made.
    CategoryCreated,
    /// A category changed.
    CategoryEdited,
    /// A category that no ticket had was deleted.
    CategoryDeleted,
    /// A setting changed.
    SettingChanged,
    /// An administrator or an automation rule wrote a notification to somebody.
    NotificationSent,
    /// A clean-up began.
    CleanupStarted,
    /// A clean-up has forgotten old records.
    RecordsForgotten,
    /// A clean-up came to its end.
    CleanupFinished,
    /// An SLA configuration was made.
    SlaConfigCreated,
    /// An SLA configuration changed.
    SlaConfigEdited,
    /// An SLA configuration was deleted.
    SlaConfigDeleted,
    /// Somebody read notifications.
    NotificationsRead,
    /// A message could not be read.
    InboundQuarantined,
    /// A quarantined message was run again or thrown away.
    InboundSettled,
    /// A webhook was made.
    WebhookCreated,
    /// A webhook changed.
    WebhookEdited,
    /// A webhook got another secret.
    WebhookSecretRotated,
    /// A webhook was given up.
    WebhookDisabled,
    /// A webhook was deleted.
    WebhookDeleted,
    /// A person changed what they are told, and how.
    NotificationRulesChanged,
    /// How mail is sent changed.
    EmailConfigChanged,
    /// A test mail was sent, or not.
    EmailTested,
    /// A quick reply was made.
    QuickReplyCreated,
    /// A quick reply changed.
    QuickReplyEdited,
    /// A quick reply was used.
    QuickReplyUsed,
    /// A quick reply was deleted.
    QuickReplyDeleted,
    /// A ticket template was made.
    TemplateCreated,
    /// A ticket template changed.
    TemplateEdited,
    /// A ticket was opened by a template.
    TemplateUsed,
    /// A ticket template was deleted.
    TemplateDeleted,
    /// An automation rule was made.
    RuleCreated,
    /// An automation rule changed.
    RuleEdited,
    /// An automation rule was deleted.
    RuleDeleted,
}

/// `TicketOpened` -> `ticket_opened`.
fn snake(camel: &str) -> String {
    let mut word = String::with_capacity(camel.len() + 4);
    for c in camel.chars() {
        if c.is_ascii_uppercase() && !word.is_empty() {
            word.push('_');
        }
        word.push(c.to_ascii_lowercase());
    }
    word
}

/// Something that happened.
#[Object]
impl Event {
    /// Its place in the log: what a subscription goes on from.
    async fn cursor(&self, ctx: &Context<'_>) -> Result<Cursor> {
        Ok(Call::of(ctx)?.engine.cursor_of(self.0.seq).into())
    }

    /// What kind of thing happened.
    #[graphql(name = "type")]
    async fn kind(&self) -> EventType {
        EventType::of(&self.0.event)
    }

    /// When it happened.
    async fn at(&self) -> DateTime {
        self.0.at.into()
    }

    /// Who did it.
    async fn by(&self) -> EventBy {
        EventBy(self.0.clone())
    }

    /// The global id of the ticket that it is about.
    async fn ticket_id(&self) -> Option<ID> {
        self.0.event.ticket().map(global)
    }

    /// The ticket as it is now; null if it is about none, or you may not see it (any more).
    async fn ticket(&self, ctx: &Context<'_>) -> Result<Option<Ticket>> {
        match self.0.event.ticket() {
            Some(id) => Ok(Call::of(ctx)?.loaders.ticket(id).await?.map(Ticket)),
            None => Ok(None),
        }
    }

    /// The comment that it is about, as it is now; null if it is about none, or you may not read it (any more).
    async fn comment(&self, ctx: &Context<'_>) -> Result<Option<Comment>> {
        match comment(&self.0.event) {
            Some(id) => Ok(Call::of(ctx)?.loaders.comment(id).await?.map(Comment)),
            None => Ok(None),
        }
    }

    /// The person that it is about, where it is about an account.
    async fn user(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        Ok(Call::of(ctx)?.loaders.user_or(self.0.event.user()).await?.map(User))
    }

    /// What changed, field by field, with old and new values.
    #[graphql(complexity = "1 + 3 * child_complexity")]
    async fn changes(&self, ctx: &Context<'_>) -> Result<Vec<FieldChange>> {
        Ok(change::changes(&self.0.event, reader(Call::of(ctx)?)))
    }

    /// Why, as whoever did it said; null where they did not, or it is not for you.
    async fn reason(&self, ctx: &Context<'_>) -> Result<Option<&str>> {
        Ok(change::reason(&self.0.event, reader(Call::of(ctx)?)))
    }

    /// What happened, in one English sentence.
    async fn summary(&self, ctx: &Context<'_>) -> Result<String> {
        let who = Box::pin(name(Call::of(ctx)?, &self.0)).await?;
        Ok(change::summary(&self.0.event, &who))
    }

    /// The event as the log keeps it (without secrets, which never reach the log); null for those who are not staff.
    async fn data(&self, ctx: &Context<'_>) -> Result<Option<Any>> {
        if !Call::of(ctx)?.is_staff() {
            return Ok(None);
        }
        let data = serde_json::to_value(&self.0.event).map_err(model::Error::internal)?;
        Ok(Some(Json(data)))
    }
}

/// Who did something.
#[Object]
impl EventBy {
    /// The person, where it was one.
    async fn user(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        Ok(Call::of(ctx)?.loaders.user_or(self.0.by.user).await?.map(User))
    }

    /// The role that they had then.
    async fn role(&self) -> Option<Role> {
        self.0.by.role.map(Role::from)
    }

    /// The part of the system that acted, where it was no person. Which rule it was, is for staff.
    async fn system(&self, ctx: &Context<'_>) -> Result<Option<&str>> {
        let named = self.0.by.rule.is_none() || Call::of(ctx)?.is_staff();
        Ok(self.0.by.system.as_deref().map(|system| if named { system } else { "automation" }))
    }

    /// What to call them.
    async fn name(&self, ctx: &Context<'_>) -> Result<String> {
        Box::pin(name(Call::of(ctx)?, &self.0)).await
    }
}

async fn name(call: Call<'_>, recorded: &Recorded) -> Result<String> {
    let user = call.loaders.user_or(recorded.by.user).await?;
    let nobody = || match (recorded.by.rule, recorded.by.system.as_deref()) {
        (Some(_), Some(rule)) if call.is_staff() => format!("The rule \"{rule}\""),
        (_, Some(_)) => "The system".to_owned(),
        (_, None) => "Somebody".to_owned(),
    };
    Ok(user.map_or_else(nobody, |user| user.name()))
}

fn reader(call: Call<'_>) -> change::Reader {
    if call.is_staff() { change::Reader::Staff } else { change::Reader::Other }
}

/// The comment that an event is about.
fn comment(event: &model::Event) -> Option<CommentId> {
    use model::Event as E;
    match event {
        E::TicketOpened { description, .. } => Some(description.id),
        E::CommentAdded { comment, .. } => Some(comment.id),
        E::CommentEdited { comment, .. }
        | E::CommentVisibilityChanged { comment, .. }
        | E::CommentWithdrawn { comment, .. } => Some(*comment),
        E::TicketEdited { .. }
        | E::StatusChanged { .. }
        | E::PriorityChanged { .. }
        | E::TicketAssigned { .. }
        | E::TicketEscalated { .. }
        | E::TicketRated { .. }
        | E::SlaBreached { .. }
        | E::SlaEscalated { .. }
        | E::TicketDeleted { .. }
        | E::TicketRestored { .. }
        | E::TicketMerged { .. }
        | E::TicketUnmerged { .. }
        | E::TicketsViewed { .. }
        | E::FileStored { .. }
        | E::FileDiscarded { .. }
        | E::UserCreated { .. }
        | E::ProfileEdited { .. }
        | E::RoleChanged { .. }
        | E::UserStatusChanged { .. }
        | E::PasswordChanged { .. }
        | E::IdentityLinked { .. }
        | E::IdentityUnlinked { .. }
        | E::SessionStarted { .. }
        | E::SessionRefreshed { .. }
        | E::SessionEnded { .. }
        | E::SignInFailed { .. }
        | E::SecondFactorEnabled { .. }
        | E::SecondFactorDisabled { .. }
        | E::SecondFactorUsed { .. }
        | E::DeviceTrusted { .. }
        | E::TrustedDeviceUsed { .. }
        | E::TrustedDeviceRevoked { .. }
        | E::PasswordResetRequested { .. }
        | E::ApiTokenCreated { .. }
        | E::ApiTokenRevoked { .. }
        | E::CategoryCreated { .. }
        | E::CategoryEdited { .. }
        | E::CategoryDeleted { .. }
        | E::SettingChanged { .. }
        | E::NotificationSent { .. }
        | E::CleanupStarted { .. }
        | E::RecordsForgotten { .. }
        | E::CleanupFinished { .. }
        | E::SlaConfigCreated { .. }
        | E::SlaConfigEdited { .. }
        | E::SlaConfigDeleted { .. }
        | E::NotificationsRead { .. }
        | E::InboundQuarantined { .. }
        | E::InboundSettled { .. }
        | E::WebhookCreated { .. }
        | E::WebhookEdited { .. }
        | E::WebhookSecretRotated { .. }
        | E::WebhookDisabled { .. }
        | E::WebhookDeleted { .. }
        | E::NotificationRulesChanged { .. }
        | E::EmailConfigChanged { .. }
        | E::EmailTested { .. }
        | E::QuickReplyCreated { .. }
        | E::QuickReplyEdited { .. }
        | E::QuickReplyUsed { .. }
        | E::QuickReplyDeleted { .. }
        | E::TemplateCreated { .. }
        | E::TemplateEdited { .. }
        | E::TemplateUsed { .. }
        | E::TemplateDeleted { .. }
        | E::RuleCreated { .. }
        | E::RuleEdited { .. }
        | E::RuleDeleted { .. } => None,
    }
}

/// A page of a ticket's history, newest first.
pub(crate) async fn history(call: Call<'_>, ticket: TicketId, window: &Window) -> Result<Connection<Event>> {
    let page = window.page()?;
    let as_of = call.engine.cursor().into();
    let before = page.after.map(|place| Seq(place.id));
    let mut found = call.engine.history(call.actor(), ticket, before, page.limit + 1).await?;
    let has_next = found.len() > page.limit;
    found.truncate(page.limit);
    let items = found.into_iter().map(|event| (by_id(event.seq.0), event)).collect();
    let slice = Slice { items, has_next, has_previous: before.is_some() };
    Ok(Connection::of(slice, as_of, Total::Unknown, |event| Event(Arc::new(event))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::event::Change;

    #[test]
    fn words_are_those_of_the_log() {
        let event = model::Event::TicketDeleted { ticket: TicketId(1) };
        assert_eq!(EventType::of(&event).word(), event.word());
        let value = Change { from: None, to: None };
        let event = model::Event::SettingChanged {
            key: "a".into(),
            value,
            description: None,
            public: false,
            shelf: model::setting::Shelf::default(),
        };
        assert_eq!(EventType::of(&event).word(), event.word());
        assert!(EventType::ALL.iter().any(|t| t.word() == "api_token_created"));
    }
}
