//! What comes in from a channel, as every adapter hands it over.

use crate::attachment::FileInfo;
use crate::command::Origin;
use crate::id::{CommentId, InboundId, TicketId};
use crate::people::Channel;
use crate::text::Email;
use crate::time::Time;

/// A message from outside: who, in answer to what, and what it says. The raw form is stored already.
#[derive(Debug, Clone)]
pub struct Inbound {
    pub origin: Origin,
    pub from: Sender,
    /// The conversation that it may belong to, most trusted clue first.
    pub thread: Vec<Clue>,
    pub subject: String,
    pub text: String,
    pub folded: Option<String>,
    pub files: Vec<FileInfo>,
    /// The sender's clock; for showing, never for ordering.
    pub sent_at: Option<Time>,
    pub nature: Nature,
    /// Which of our mailboxes it came in at.
    pub mailbox: Option<Email>,
    /// What a report that a message of ours did not arrive says.
    pub bounce: Option<Undelivered>,
    pub meta: serde_json::Map<String, serde_json::Value>,
}

/// What kind of message it is. Only a person's message moves a ticket or is ever answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Nature {
    Message,
    /// A mailing list or bulk mail: kept as a ticket, never answered.
    List,
    /// Out of office and its like: a note on the ticket that it answers.
    AutoReply,
    /// A report that a message of ours was not delivered: a note on the ticket that the message belonged to.
    Bounce,
}

/// A report that a message of ours did not arrive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undelivered {
    /// The Message-ID of ours, without brackets.
    pub message_id: String,
    /// It is given up; otherwise it is only late.
    pub permanent: bool,
    /// In the words of the server that reports it.
    pub why: String,
}

/// Who wrote.
#[derive(Debug, Clone)]
pub struct Sender {
    pub external_id: String,
    pub display: Option<String>,
    pub email: Option<Email>,
}

/// A pointer to the conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Clue {
    /// A reply address that we signed: whoever has it was given it.
    Signed(String),
    /// The channel's id of a message that we know.
    Message(String),
    /// A ticket's number that somebody wrote.
    Number(String),
}

/// What became of a stored raw message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum InboundState {
    /// Stored, not read yet.
    Received,
    /// It is a ticket or a comment now.
    Processed,
    /// It had come in before.
    Duplicate,
    /// It could not be read; staff can see it, mend it and run it again.
    Quarantined,
    /// Staff threw it away.
    Discarded,
}

impl InboundState {
    pub const ALL: [Self; 5] = [Self::Received, Self::Processed, Self::Duplicate, Self::Quarantined, Self::Discarded];

    pub fn word(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Processed => "processed",
            Self::Duplicate => "duplicate",
            Self::Quarantined => "quarantined",
            Self::Discarded => "discarded",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.word() == word)
    }
}

/// A stored raw message, without its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredInbound {
    pub id: InboundId,
    pub channel: Channel,
    /// Bytes of the raw form.
    pub size: i64,
    pub received_at: Time,
    pub state: InboundState,
    pub why: Option<String>,
    pub attempts: i64,
    pub ticket: Option<TicketId>,
    pub comment: Option<CommentId>,
}
