//! Several changes of one ticket in one command, for surfaces whose one request says many things.
//!
//! Each part is what a command of its own asks for elsewhere, under the same rules; together they happen or they don't.

use super::{AddComment, AssignTicket, Edit, EditTicket, EscalateTicket, WritePriority, WriteStatus};
use crate::id::UserId;

/// Several changes of one ticket, made together or not at all, in this order. Who works on it comes last: it may be out of
/// the caller's reach afterwards.
#[derive(Debug, Clone, Default)]
pub struct ChangeTicket {
    /// The caller sends a whole record back: what is so already is passed over, whether they could change it or not.
    pub record: bool,
    pub comment: Option<AddComment>,
    /// The description's text.
    pub description: Option<String>,
    pub edit: EditTicket,
    pub kind: Option<WriteKind>,
    pub status: Option<WriteStatus>,
    pub priority: Option<WritePriority>,
    pub rating: Option<Rating>,
    pub hand: Option<Hand>,
}

/// A requester's rating, which staff may pass on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rating {
    /// 1 to 5; `None` keeps what it is.
    pub stars: Option<i64>,
    pub comment: Option<String>,
}

/// Into whose hands a ticket goes.
#[derive(Debug, Clone)]
pub enum Hand {
    Assign(AssignTicket),
    /// From one to another, and told so. Where nobody is named, it stays where it is, in another department.
    Transfer {
        to: Option<UserId>,
        department: Edit<Option<String>>,
        reason: Option<String>,
    },
    Escalate(EscalateTicket),
}

impl Hand {
    pub fn assignee(&self) -> Option<UserId> {
        match self {
            Self::Assign(assign) => assign.assignee,
            Self::Transfer { to, .. } => *to,
            Self::Escalate(escalate) => escalate.assignee,
        }
    }
}

/// A type as a dialect writes it that has a few words for all codes there are.
#[derive(Debug, Clone)]
pub struct WriteKind {
    pub kind: &'static str,
    pub words: Kinds,
}

/// How a dialect shows type codes: these by these words, and every other one by the last.
#[derive(Debug, Clone, Copy)]
pub struct Kinds {
    pub words: &'static [(&'static str, &'static str)],
    pub other: &'static str,
}

impl Kinds {
    pub fn shown(&self, code: &str) -> &'static str {
        self.words.iter().find(|(known, _)| *known == code).map_or(self.other, |(_, word)| word)
    }
}
