//! A ticket: the union of what the four documented dialects keep (`dialects.md` 4), and its words.

mod evolve;
mod status;

pub use status::{Resolution, Status, may_move};

use crate::id::{CategoryId, CommentId, TicketId, UserId};
use crate::number::Numbers;
use crate::people::Channel;
use crate::sla::{Agreement, EscalationRule, Fired};
use crate::text::{Email, Tag, Title};
use crate::time::Time;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// How much it matters. Ordered: `Low < Critical`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    Low,
    Normal,
    High,
    Urgent,
    Critical,
}

impl Priority {
    pub const ALL: [Self; 5] = [Self::Low, Self::Normal, Self::High, Self::Urgent, Self::Critical];

    pub fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
            Self::Urgent => "urgent",
            Self::Critical => "critical",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.word() == word)
    }

    /// 0 (low) to 4 (critical), as the store sorts it.
    pub fn rank(self) -> i64 {
        match self {
            Self::Low => 0,
            Self::Normal => 1,
            Self::High => 2,
            Self::Urgent => 3,
            Self::Critical => 4,
        }
    }

    pub fn of_rank(rank: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.rank() == rank)
    }

    /// What an escalation makes of it: low and normal become high, high becomes urgent (`dialects.md` 0.23).
    pub fn escalated(self) -> Self {
        match self {
            Self::Low | Self::Normal => Self::High,
            Self::High => Self::Urgent,
            Self::Urgent | Self::Critical => self,
        }
    }

    /// One step up.
    pub fn raised(self) -> Self {
        Self::of_rank(self.rank() + 1).unwrap_or(self)
    }
}

/// How it came in, as the helpdesk dialect names it, and the chats beside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    Web,
    Email,
    Phone,
    Chat,
    Api,
    Mobile,
}

impl Source {
    pub const ALL: [Self; 6] = [Self::Web, Self::Email, Self::Phone, Self::Chat, Self::Api, Self::Mobile];

    pub fn word(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Chat => "chat",
            Self::Api => "api",
            Self::Mobile => "mobile",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.word() == word)
    }
}

/// The customer as the ticket's opener named them; the requester is the account.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Customer {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
}

/// A ticket. The description is comment `description`; comments and attachments stand in their own rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    pub id: TicketId,
    pub numbers: Numbers,
    pub title: Title,
    pub status: Status,
    /// Set by a reopening, cleared by the next move: `reopened` is no status of its own (`dialects.md` 0.2).
    pub reopened: bool,
    pub reopen_count: i64,
    pub resolution: Resolution,
    pub priority: Priority,
    /// The caller's own type code (`incident`, `AG`, …), 1 to 50 characters.
    pub kind: String,
    pub category: Option<CategoryId>,
    pub source: Source,
    /// The channel it was opened on.
    pub channel: Channel,
    pub requester: UserId,
    pub assignee: Option<UserId>,
    pub department: Option<String>,
    pub tags: Vec<Tag>,
    pub custom_fields: Map<String, Value>,
    pub customer: Customer,
    /// Set by people; the SLA's due times are not.
    pub due_at: Option<Time>,
    pub response_due_at: Time,
    pub resolution_due_at: Time,
    /// The category's hours at the time, which override the priority's resolution target.
    pub category_sla_hours: Option<i64>,
    /// The SLA configuration that the due times are of, with its escalation rules; `None`: they are the policy's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreement: Option<Box<Agreement>>,
    /// The escalation rules that have fired, each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fired: Vec<Fired>,
    /// The first public answer by someone other than the requester.
    pub first_reply_at: Option<Time>,
    pub resolved_at: Option<Time>,
    pub closed_at: Option<Time>,
    pub response_breached: bool,
    pub resolution_breached: bool,
    pub escalated: bool,
    pub view_count: i64,
    /// Comments that the requester may read, without the description and without withdrawn ones.
    pub comment_count: i64,
    /// Internal notes, without withdrawn ones.
    pub internal_count: i64,
    /// Public answers by staff; a close after at least one of them counts as accepted.
    pub staff_replies: i64,
    /// 1 to 5, by the requester.
    pub rating: Option<i64>,
    pub rating_comment: Option<String>,
    /// Raw values of single dialects, by dialect (`{"legacy": {"priority": 4}}`).
    pub native: Map<String, Value>,
    pub description: CommentId,
    /// The ticket that this one follows up, e.g. when a stranger answered a mail of it.
    pub follows: Option<TicketId>,
    /// Which of our mailboxes it came in at: mail about it comes from there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mailbox: Option<Email>,
    pub merged_into: Option<TicketId>,
    /// What the status was before the merge, so that it can be undone.
    pub status_before_merge: Option<Status>,
    pub deleted_at: Option<Time>,
    pub created_at: Time,
    pub updated_at: Time,
    /// Counts changes; `expectedVersion` compares it.
    pub version: i64,
}

impl Ticket {
    /// Minutes from creation to the first reply, rounded down.
    pub fn response_minutes(&self) -> Option<i64> {
        self.first_reply_at.map(|at| at.minutes_since(self.created_at))
    }

    /// Minutes from creation to the resolution, rounded down.
    pub fn resolution_minutes(&self) -> Option<i64> {
        self.resolved_at.map(|at| at.minutes_since(self.created_at))
    }

    /// Still being worked on: neither resolved, closed nor cancelled.
    pub fn is_active(&self) -> bool {
        self.status.is_active()
    }

    /// Past its own due date and still active. The SLA's verdict is `response_breached` and `resolution_breached`.
    pub fn is_overdue(&self, now: Time) -> bool {
        self.is_active() && self.due_at.is_some_and(|due| due < now)
    }

    /// Past its SLA resolution time and still active.
    pub fn is_sla_overdue(&self, now: Time) -> bool {
        self.is_active() && self.resolution_due_at < now
    }

    /// The next instant at which time alone changes it, where there is one.
    pub fn next_timer(&self, auto_close_hours: Option<i64>) -> Option<Time> {
        if self.deleted_at.is_some() || self.merged_into.is_some() {
            return None;
        }
        let response = (self.is_active() && self.first_reply_at.is_none() && !self.response_breached)
            .then_some(self.response_due_at);
        let resolution = (self.is_active() && !self.resolution_breached).then_some(self.resolution_due_at);
        let close = match (self.status, self.resolved_at, auto_close_hours) {
            (Status::Resolved, Some(at), Some(hours)) => Some(at.plus_hours(hours)),
            _ => None,
        };
        let escalation = self.escalations().map(|(at, _)| at).min();
        [response, resolution, close, escalation].into_iter().flatten().min()
    }

    /// The escalation rules that wait, with when each fires: so long after the target that is, or is going to be, missed.
    pub fn escalations(&self) -> impl Iterator<Item = (Time, &EscalationRule)> {
        let agreement = self.agreement.as_deref().filter(|_| self.is_active());
        let missed = match self.first_reply_at {
            None => self.response_due_at.min(self.resolution_due_at),
            Some(_) => self.resolution_due_at,
        };
        let waiting = |agreement: &Agreement, rule: &EscalationRule| {
            !self.fired.iter().any(|fired| fired.config == agreement.config && fired.rule == *rule)
        };
        agreement.into_iter().flat_map(move |agreement| {
            let waiting = agreement.rules.iter().filter(move |rule| waiting(agreement, rule));
            waiting.map(move |rule| (missed.plus_minutes(rule.trigger_minutes), rule))
        })
    }
}

/// Checks a type code: 1 to 50 characters, any script.
pub fn kind(code: &str) -> crate::Result<String> {
    crate::text::required("type", code, KIND_MAX)
}

/// How long the code of a type may be.
pub const KIND_MAX: usize = 50;

/// The type of a ticket whose opener named none.
pub const DEFAULT_KIND: &str = "request";
