//! Global ids: opaque, prefixed with what they name (`ticket_100001`), so that a comment's id is never taken for a ticket's.
//!
//! Arguments accept the global id or the bare integer that the other surfaces show. `node` finds the five kinds that can
//! be read by id alone.

use crate::category::Category;
use crate::comment::{Attachment, Comment};
use crate::context::Call;
use crate::error::Result;
use crate::person::User;
use crate::ticket::Ticket;
use async_graphql::{ID, Interface};
use model::Error;
use model::id::{
    ApiTokenId, AttachmentId, AuditId, CategoryId, CommentId, DeliveryId, DeviceId, IdentityId, InboundId,
    NotificationId, QuickReplyId, RuleId, RuleRunId, SessionId, SlaConfigId, TemplateId, TicketId, UserId, WebhookId,
};

/// Something with an id that is unique across all types.
#[derive(Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "The global id."))]
#[expect(clippy::large_enum_variant, reason = "one at a time, and soon resolved")]
pub enum Node {
    Ticket(Ticket),
    Comment(Comment),
    User(User),
    Category(Category),
    Attachment(Attachment),
}

/// An identifier that has a global form.
pub(crate) trait Global: Copy {
    const PREFIX: &'static str;
    fn of(number: i64) -> Self;
    fn number(self) -> i64;
}

macro_rules! global {
    ($($id:ident $prefix:literal),+ $(,)?) => {$(
        impl Global for $id {
            const PREFIX: &'static str = $prefix;
            fn of(number: i64) -> Self {
                Self(number)
            }
            fn number(self) -> i64 {
                self.0
            }
        }
    )+};
}

global! {
    TicketId "ticket",
    CommentId "comment",
    UserId "user",
    CategoryId "category",
    AttachmentId "attachment",
    IdentityId "identity",
    SessionId "session",
    ApiTokenId "token",
    InboundId "inbound",
    NotificationId "notification",
    DeliveryId "delivery",
    WebhookId "webhook",
    SlaConfigId "sla",
    AuditId "audit",
    DeviceId "device",
    QuickReplyId "quickreply",
    TemplateId "template",
    RuleId "rule",
    RuleRunId "rulerun",
}

/// The global form of an id.
pub(crate) fn global<I: Global>(id: I) -> ID {
    ID(format!("{}_{}", I::PREFIX, id.number()))
}

/// Reads an argument: the global id of the right kind, or a bare integer.
pub(crate) fn read<I: Global>(field: &'static str, id: &ID) -> model::Result<I> {
    let wrong = || Error::invalid(field, format!("is not the id of a {0}: it is like {0}_1, or a number", I::PREFIX));
    let number = match id.0.rsplit_once('_') {
        Some((prefix, number)) if prefix == I::PREFIX => number,
        Some(_) => return Err(wrong()),
        None => id.0.as_str(),
    };
    let digits = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    number.parse().ok().filter(|_| digits).map(I::of).ok_or_else(wrong)
}

pub(crate) fn read_or<I: Global>(field: &'static str, id: Option<&ID>) -> model::Result<Option<I>> {
    id.map(|id| read(field, id)).transpose()
}

pub(crate) fn read_all<I: Global>(field: &'static str, ids: Option<&[ID]>) -> model::Result<Vec<I>> {
    ids.unwrap_or_default().iter().map(|id| read(field, id)).collect()
}

/// The thing behind a global id, if there is one that the viewer may see.
pub(crate) async fn find(call: Call<'_>, id: &ID) -> Result<Option<Node>> {
    let Some((prefix, _)) = id.0.rsplit_once('_') else {
        return Err(Error::invalid("id", "is not a global id, such as ticket_100001").into());
    };
    Ok(match prefix {
        TicketId::PREFIX => call.loaders.ticket(read("id", id)?).await?.map(|t| Node::Ticket(Ticket(t))),
        CommentId::PREFIX => call.loaders.comment(read("id", id)?).await?.map(|c| Node::Comment(Comment(c))),
        UserId::PREFIX => call.loaders.user(read("id", id)?).await?.map(|u| Node::User(User(u))),
        CategoryId::PREFIX => call.loaders.category(read("id", id)?).await?.map(|c| Node::Category(Category(c))),
        AttachmentId::PREFIX => match call.engine.attachment(call.actor(), read("id", id)?).await {
            Ok(attachment) => Some(Node::Attachment(Attachment(attachment))),
            Err(Error::NotFound { .. }) => None,
            Err(other) => return Err(other.into()),
        },
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn global_ids_are_read_back_and_bare_numbers_are_accepted() {
        assert_eq!(global(TicketId(100_001)).0, "ticket_100001");
        assert_eq!(read::<TicketId>("id", &ID("ticket_100001".into())), Ok(TicketId(100_001)));
        assert_eq!(read::<TicketId>("id", &ID("100001".into())), Ok(TicketId(100_001)));
    }

    #[test]
    fn wrong_kinds_and_nonsense_are_refused_with_the_field() {
        for bad in ["comment_5", "ticket_", "ticket_x", "", "-1", "+1", "ticket_99999999999999999999", "ticket__1"] {
            let error = read::<TicketId>("ticket", &ID(bad.into())).unwrap_err();
            assert_eq!((error.code(), error.field()), ("INVALID", Some("ticket")), "{bad}");
        }
    }
}
