//! What a command was about: what it made, or what it named. An idempotency key remembers it, so that a repeated call answers it.

use model::command::Command;
use model::decide::Facts;
use model::event::{Event, Recorded};
use model::id::{
    ApiTokenId, AttachmentId, CategoryId, CommentId, IdentityId, InboundId, QuickReplyId, RuleId, Seq, SessionId,
    SlaConfigId, TemplateId, TicketId, UserId, WebhookId,
};
use std::sync::Arc;

/// What a command was about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    Ticket(TicketId),
    Comment(CommentId, TicketId),
    User(UserId),
    Category(CategoryId),
    Attachment(AttachmentId),
    Session(SessionId),
    ApiToken(ApiTokenId),
    Identity(IdentityId),
    Inbound(InboundId),
    Webhook(WebhookId),
    QuickReply(QuickReplyId),
    Template(TemplateId),
    Rule(RuleId),
    /// What a person was told of an event.
    Notice(UserId, Seq),
    SlaConfig(SlaConfigId),
    /// A clean-up, by its place in the log.
    Cleanup(Seq),
    Nothing,
}

/// What the command was about: what it made, or what it named.
#[expect(clippy::wildcard_enum_match_arm, reason = "looks for a few among many")]
pub(crate) fn subject_of(command: &Command, facts: &Facts, events: &[Arc<Recorded>]) -> Subject {
    let made = events.iter().find_map(|r| match &r.event {
        Event::TicketOpened { ticket, .. } => Some(Subject::Ticket(ticket.id)),
        Event::CommentAdded { comment, ticket, .. } => Some(Subject::Comment(comment.id, *ticket)),
        Event::FileStored { attachment } => Some(Subject::Attachment(attachment.id)),
        Event::UserCreated { user, .. } => Some(Subject::User(user.id)),
        Event::IdentityLinked { identity } => Some(Subject::Identity(identity.id)),
        Event::SessionStarted { session, .. } => Some(Subject::Session(session.id)),
        Event::ApiTokenCreated { token, .. } => Some(Subject::ApiToken(token.id)),
        Event::CategoryCreated { category } => Some(Subject::Category(category.id)),
        Event::WebhookCreated { webhook, .. } => Some(Subject::Webhook(webhook.id)),
        Event::QuickReplyCreated { reply } => Some(Subject::QuickReply(reply.id)),
        Event::TemplateCreated { template } => Some(Subject::Template(template.id)),
        Event::RuleCreated { rule } => Some(Subject::Rule(rule.id)),
        Event::NotificationSent { to, .. } => Some(Subject::Notice(*to, r.seq)),
        Event::CleanupStarted { .. } => Some(Subject::Cleanup(r.seq)),
        Event::SlaConfigCreated { config } => Some(Subject::SlaConfig(config.id)),
        _ => None,
    });
    if let Some(made) = made {
        return made;
    }
    match command {
        Command::EditComment(id, _) | Command::SetCommentVisibility(id, _) | Command::WithdrawComment(id) => {
            facts.comment.as_ref().map_or(Subject::Nothing, |c| Subject::Comment(*id, c.ticket))
        }
        Command::EditCategory(id, _) | Command::DeleteCategory(id) => Subject::Category(*id),
        Command::EditWebhook(id, _)
        | Command::RotateWebhookSecret(id, _)
        | Command::DisableWebhook(id, _)
        | Command::DeleteWebhook(id) => Subject::Webhook(*id),
        Command::EditSlaConfig(id, _) | Command::DeleteSlaConfig(id) => Subject::SlaConfig(*id),
        Command::EditQuickReply(id, _) | Command::UseQuickReply(id) | Command::DeleteQuickReply(id) => {
            Subject::QuickReply(*id)
        }
        Command::EditTemplate(id, _) | Command::DeleteTemplate(id) => Subject::Template(*id),
        Command::EditRule(id, _) | Command::DeleteRule(id) => Subject::Rule(*id),
        Command::RefreshSession(_) | Command::EndSession(..) => {
            facts.session.as_ref().map_or(Subject::Nothing, |s| Subject::Session(s.id))
        }
        Command::LinkIdentity(_) => facts.identity.as_ref().map_or(Subject::Nothing, |i| Subject::Identity(i.id)),
        Command::QuarantineInbound { inbound, .. } | Command::SettleInbound { inbound, .. } => {
            Subject::Inbound(*inbound)
        }
        _ => match (&facts.ticket, &facts.user) {
            (Some(ticket), _) => Subject::Ticket(ticket.id),
            (None, Some(user)) => Subject::User(user.id),
            (None, None) => Subject::Nothing,
        },
    }
}

impl Subject {
    pub(crate) fn write(&self) -> String {
        match self {
            Self::Ticket(id) => format!("ticket {id}"),
            Self::Comment(id, ticket) => format!("comment {id} {ticket}"),
            Self::User(id) => format!("user {id}"),
            Self::Category(id) => format!("category {id}"),
            Self::Attachment(id) => format!("attachment {id}"),
            Self::Session(id) => format!("session {id}"),
            Self::ApiToken(id) => format!("api_token {id}"),
            Self::Identity(id) => format!("identity {id}"),
            Self::Inbound(id) => format!("inbound {id}"),
            Self::Webhook(id) => format!("webhook {id}"),
            Self::QuickReply(id) => format!("quick_reply {id}"),
            Self::Template(id) => format!("template {id}"),
            Self::Rule(id) => format!("rule {id}"),
            Self::Notice(user, seq) => format!("notice {user} {seq}"),
            Self::SlaConfig(id) => format!("sla_config {id}"),
            Self::Cleanup(run) => format!("cleanup {run}"),
            Self::Nothing => "nothing".to_owned(),
        }
    }

    pub(crate) fn read(text: &str) -> Self {
        let mut words = text.split(' ');
        let kind = words.next().unwrap_or_default();
        let mut number = || words.next().and_then(|n| n.parse::<i64>().ok()).unwrap_or_default();
        match kind {
            "ticket" => Self::Ticket(TicketId(number())),
            "comment" => Self::Comment(CommentId(number()), TicketId(number())),
            "user" => Self::User(UserId(number())),
            "category" => Self::Category(CategoryId(number())),
            "attachment" => Self::Attachment(AttachmentId(number())),
            "session" => Self::Session(SessionId(number())),
            "api_token" => Self::ApiToken(ApiTokenId(number())),
            "identity" => Self::Identity(IdentityId(number())),
            "inbound" => Self::Inbound(InboundId(number())),
            "webhook" => Self::Webhook(WebhookId(number())),
            "quick_reply" => Self::QuickReply(QuickReplyId(number())),
            "template" => Self::Template(TemplateId(number())),
            "rule" => Self::Rule(RuleId(number())),
            "notice" => Self::Notice(UserId(number()), Seq(number())),
            "sla_config" => Self::SlaConfig(SlaConfigId(number())),
            "cleanup" => Self::Cleanup(Seq(number())),
            _ => Self::Nothing,
        }
    }
}
