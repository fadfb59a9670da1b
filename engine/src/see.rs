//! What a reader may see: which events, which comments, which details of people.

use model::access::{self, Operation};
use model::comment::Visibility;
use model::event::{Event, Recorded};
use model::people::{Profile, User};
use model::{Actor, Time};
use std::sync::Arc;
use store::Scope;

/// Whose tickets the actor may see; `None`: nobody's.
pub(crate) fn scope(actor: &Actor) -> Option<Scope> {
    match actor {
        Actor::Anonymous => None,
        Actor::System(_) | Actor::Rule(_) => Some(Scope::All),
        Actor::User(member) => Some(match member.role {
            model::people::Role::User => Scope::Requester(member.id),
            model::people::Role::Agent => Scope::Agent(member.id),
            model::people::Role::Supervisor | model::people::Role::Admin => Scope::All,
        }),
    }
}

/// Whether an event may be shown. It is asked for each event and each reader.
pub(crate) fn event(actor: &Actor, recorded: &Recorded) -> bool {
    if actor.is_system() {
        return true;
    }
    let may = |operation| access::in_general(actor, operation).is_ok();
    let about = |operation, user| access::on_person(actor, operation, user).is_ok();
    match &recorded.event {
        Event::TicketAssigned { assignee, .. } => {
            // Those who lose sight of the ticket by it must hear of it, or their screens go stale.
            sees_ticket(actor, recorded) || (may(Operation::ReadEvents) && lost_sight(actor, recorded, assignee.from))
        }
        Event::TicketDeleted { .. } | Event::TicketRestored { .. } => match recorded.about {
            Some(ticket) => may(Operation::ReadEvents) && access::sees(actor, ticket.requester, ticket.assignee),
            None => false,
        },
        Event::CommentAdded { comment, .. } => sees_ticket(actor, recorded) && shown(actor, comment.visibility),
        Event::CommentEdited { visibility, .. } | Event::CommentWithdrawn { visibility, .. } => {
            sees_ticket(actor, recorded) && shown(actor, *visibility)
        }
        Event::SlaBreached { .. } | Event::SlaEscalated { .. } => sees_ticket(actor, recorded) && actor.is_staff(),
        Event::TicketOpened { .. }
        | Event::TicketEdited { .. }
        | Event::StatusChanged { .. }
        | Event::PriorityChanged { .. }
        | Event::TicketEscalated { .. }
        | Event::TicketRated { .. }
        | Event::TicketMerged { .. }
        | Event::TicketUnmerged { .. }
        | Event::CommentVisibilityChanged { .. } => sees_ticket(actor, recorded),
        Event::TicketsViewed { .. } => may(Operation::ListPeople),
        Event::FileStored { attachment } => {
            let own = attachment.owner.is_some() && attachment.owner == actor.user();
            if attachment.ticket.is_some() { sees_ticket(actor, recorded) } else { own }
        }
        Event::FileDiscarded { .. } => recorded.by.user.is_some() && recorded.by.user == actor.user(),
        Event::UserCreated { user, .. } => user.id.0 == actor.user().map_or(-1, |u| u.0) || may(Operation::ListPeople),
        Event::ProfileEdited { user, .. } | Event::RoleChanged { user, .. } | Event::UserStatusChanged { user, .. } => {
            Some(*user) == actor.user() || may(Operation::ListPeople)
        }
        Event::PasswordChanged { user, .. }
        | Event::SessionRefreshed { user, .. }
        | Event::SessionEnded { user, .. }
        | Event::SignInFailed { user, .. }
        | Event::SecondFactorEnabled { user, .. }
        | Event::SecondFactorDisabled { user }
        | Event::SecondFactorUsed { user, .. }
        | Event::TrustedDeviceUsed { user, .. }
        | Event::TrustedDeviceRevoked { user, .. }
        | Event::PasswordResetRequested { user }
        | Event::ApiTokenRevoked { user, .. } => about(Operation::ReadSessions, Some(*user)),
        Event::SessionStarted { session, .. } => about(Operation::ReadSessions, Some(session.user)),
        Event::DeviceTrusted { device, .. } => about(Operation::ReadSessions, Some(device.user)),
        Event::ApiTokenCreated { token, .. } => about(Operation::ReadSessions, Some(token.user)),
        Event::IdentityLinked { identity } => Some(identity.user) == actor.user() || may(Operation::ListPeople),
        Event::IdentityUnlinked { user, .. } => Some(*user) == actor.user() || may(Operation::ListPeople),
        Event::CategoryCreated { .. } | Event::CategoryEdited { .. } | Event::CategoryDeleted { .. } => {
            may(Operation::ReadCategories)
        }
        Event::SettingChanged { .. } => may(Operation::ReadSettings),
        // What is written to one person, they and who wrote it read.
        Event::NotificationSent { to, .. } => {
            let wrote = recorded.by.user.is_some() && recorded.by.user == actor.user();
            about(Operation::ReadNotifications, Some(*to)) || (wrote && may(Operation::SendNotification))
        }
        Event::CleanupStarted { .. } | Event::RecordsForgotten { .. } | Event::CleanupFinished { .. } => {
            may(Operation::ReadCleanup)
        }
        Event::SlaConfigCreated { .. } | Event::SlaConfigEdited { .. } | Event::SlaConfigDeleted { .. } => {
            may(Operation::ReadSla)
        }
        Event::NotificationsRead { user, .. } | Event::NotificationRulesChanged { user, .. } => {
            about(Operation::ReadNotifications, Some(*user))
        }
        Event::InboundQuarantined { .. } | Event::InboundSettled { .. } => may(Operation::ReadQuarantine),
        Event::WebhookCreated { .. }
        | Event::WebhookEdited { .. }
        | Event::WebhookSecretRotated { .. }
        | Event::WebhookDisabled { .. }
        | Event::WebhookDeleted { .. } => may(Operation::ReadWebhooks),
        Event::EmailConfigChanged { .. } | Event::EmailTested { .. } => may(Operation::ReadEmailConfig),
        Event::QuickReplyCreated { reply } => sees_reply(actor, recorded, reply.form.public),
        // What was private is nobody else's business, also after it was made public.
        Event::QuickReplyEdited { form, .. } => sees_reply(actor, recorded, form.from.public && form.to.public),
        Event::QuickReplyUsed { public, .. } | Event::QuickReplyDeleted { public, .. } => {
            sees_reply(actor, recorded, *public)
        }
        Event::TemplateCreated { .. }
        | Event::TemplateEdited { .. }
        | Event::TemplateUsed { .. }
        | Event::TemplateDeleted { .. } => may(Operation::ReadTemplates),
        Event::RuleCreated { .. } | Event::RuleEdited { .. } | Event::RuleDeleted { .. } => may(Operation::ReadRules),
    }
}

fn sees_reply(actor: &Actor, recorded: &Recorded, public: bool) -> bool {
    let own = recorded.by.user.is_some() && recorded.by.user == actor.user();
    (public || own) && access::in_general(actor, Operation::ReadQuickReplies).is_ok()
}

/// The comment whose text an event carries.
#[expect(clippy::wildcard_enum_match_arm, reason = "two of many")]
pub(crate) fn words_of(recorded: &Recorded) -> Option<model::id::CommentId> {
    match &recorded.event {
        Event::CommentAdded { comment, .. } => Some(comment.id),
        Event::CommentEdited { comment, .. } => Some(*comment),
        _ => None,
    }
}

fn sees_ticket(actor: &Actor, recorded: &Recorded) -> bool {
    let Some(ticket) = recorded.about else { return false };
    let known = !ticket.deleted || actor.role() == Some(model::people::Role::Admin);
    known
        && access::in_general(actor, Operation::ReadEvents).is_ok()
        && access::sees(actor, ticket.requester, ticket.assignee)
}

fn lost_sight(actor: &Actor, recorded: &Recorded, before: Option<model::id::UserId>) -> bool {
    recorded.about.is_some_and(|ticket| !ticket.deleted && access::sees(actor, ticket.requester, before))
}

fn shown(actor: &Actor, visibility: Visibility) -> bool {
    visibility != Visibility::Internal || internal(actor)
}

/// Whether the actor reads internal notes (of the tickets that they may see).
pub(crate) fn internal(actor: &Actor) -> bool {
    actor.is_system() || access::in_general(actor, Operation::ReadInternal).is_ok()
}

/// A person as others may see them: the name, the picture, the role; of staff also each name by itself, as seed 001 shows
/// them beside a customer's tickets.
pub(crate) fn person(actor: &Actor, user: Arc<User>) -> Arc<User> {
    if actor.is_staff() || actor.user() == Some(user.id) {
        return user;
    }
    let staff = user.role.is_staff().then_some(&user.profile);
    Arc::new(User {
        profile: Profile {
            display_name: Some(user.name()),
            avatar_url: user.profile.avatar_url.clone(),
            username: staff.and_then(|profile| profile.username.clone()),
            first_name: staff.and_then(|profile| profile.first_name.clone()),
            last_name: staff.and_then(|profile| profile.last_name.clone()),
            ..Profile::default()
        },
        has_password: false,
        created_at: Time(0),
        updated_at: Time(0),
        last_login_at: None,
        login_count: 0,
        ..(*user).clone()
    })
}
