//! Comments: what is said on a ticket. The ticket's description is its first comment.

use crate::attachment::Attachment;
use crate::id::{CommentId, TicketId, UserId};
use crate::people::Channel;
use crate::text::Body;
use crate::time::Time;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Who may read a comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// Everyone who may see the ticket.
    Public,
    /// Staff only.
    Internal,
    /// Written by the system, for everyone who may see the ticket.
    System,
}

impl Visibility {
    pub const ALL: [Self; 3] = [Self::Public, Self::Internal, Self::System];

    pub fn word(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Internal => "internal",
            Self::System => "system",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|v| v.word() == word)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comment {
    pub id: CommentId,
    pub ticket: TicketId,
    /// Nobody: the system, or someone who is not known as a person.
    pub author: Option<UserId>,
    /// Whether the author was staff when they wrote it (and not the ticket's requester).
    pub by_staff: bool,
    pub visibility: Visibility,
    pub channel: Channel,
    pub body: Body,
    /// Quoted history and signature of a mail: kept, but folded away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folded: Option<String>,
    pub created_at: Time,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_at: Option<Time>,
    /// Withdrawn: staff still see it, greyed; others no longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn_at: Option<Time>,
    /// The ticket it was written on, where a merge moved it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged_from: Option<TicketId>,
    /// What one surface knows and the others don't (display extras, client-supplied times).
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub meta: Map<String, Value>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    pub version: i64,
}

impl Comment {
    /// Whether those who are not staff may read it.
    pub fn is_public(&self) -> bool {
        self.visibility != Visibility::Internal && self.withdrawn_at.is_none()
    }
}

/// An earlier text of an edited comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommentVersion {
    pub version: i64,
    pub body: String,
    pub replaced_at: Time,
    pub replaced_by: Option<UserId>,
}
