//! Identifiers: each noun has its own integer type, so that a comment's id can't be taken for a ticket's.
//!
//! They are integers because the documented dialects demand it. They are handed out by `counters`, never by the database.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )+};
}

ids! {
    /// A ticket. The sequence starts at 100001 (the staff tool of the user-centre dialect links `\b1\d{5}\b`).
    TicketId,
    /// A comment; a ticket's description is its first comment.
    CommentId,
    UserId,
    CategoryId,
    AttachmentId,
    IdentityId,
    SessionId,
    ApiTokenId,
    InboundId,
    NotificationId,
    DeliveryId,
    WebhookId,
    /// A line of the audit log.
    AuditId,
    SlaConfigId,
    /// A device that skips the second factor.
    DeviceId,
    QuickReplyId,
    TemplateId,
    /// A rule that acts by itself.
    RuleId,
    /// A line of what rules have done.
    RuleRunId,
}

/// The first ticket's number.
pub const FIRST_TICKET: i64 = 100_001;

/// A place in the event log. `Seq(0)` is before the first event; there are no holes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seq(pub i64);

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
