//! Tickets, their comments and their history, as the document draws them (工单模型). Every answer about a ticket has all of
//! it, so that the few fields of each of the document's samples are among them.

use super::{Person, ticket_words as words};
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A ticket.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = ApiTicket)]
pub struct Ticket {
    #[schema(example = 1)]
    pub id: i64,
    #[schema(example = "TK-2025-001")]
    pub ticket_number: String,
    #[schema(example = "登录问题")]
    pub title: String,
    #[schema(value_type = words::Status)]
    pub status: &'static str,
    #[schema(value_type = words::Priority)]
    pub priority: &'static str,
    #[serde(rename = "type")]
    #[schema(value_type = words::Type)]
    pub kind: &'static str,
    #[schema(value_type = words::Source)]
    pub source: &'static str,
    #[schema(example = 2)]
    pub created_by_id: i64,
    /// Null only where the account is gone.
    #[schema(required)]
    pub created_by: Option<Person>,
    #[schema(required, example = 3)]
    pub assigned_to_id: Option<i64>,
    #[schema(required)]
    pub assigned_to: Option<Person>,
    #[schema(required, example = 1)]
    pub category_id: Option<i64>,
    #[schema(required)]
    pub category: Option<TicketCategory>,
    /// Who gets the category's new tickets.
    #[schema(required, example = 123)]
    pub auto_assign_user_id: Option<i64>,
    #[schema(required, example = "technical")]
    pub department: Option<String>,
    #[schema(example = json!(["登录", "认证", "紧急"]))]
    pub tags: Vec<String>,
    #[schema(value_type = Object)]
    pub custom_fields: Map<String, Value>,
    #[schema(required, example = "customer@example.com")]
    pub customer_email: Option<String>,
    #[schema(required, example = "13900139000")]
    pub customer_phone: Option<String>,
    #[schema(required, example = "李四")]
    pub customer_name: Option<String>,
    /// Set by people.
    #[schema(required, format = DateTime, example = "2025-01-02T10:00:00Z")]
    pub due_date: Option<String>,
    /// Follows from the category's hours or the priority, from creation on.
    #[schema(format = DateTime, example = "2025-01-01T14:00:00Z")]
    pub sla_due_date: String,
    #[schema(required, format = DateTime)]
    pub resolved_at: Option<String>,
    #[schema(required, format = DateTime)]
    pub closed_at: Option<String>,
    #[schema(required, format = DateTime, example = "2025-01-01T10:15:00Z")]
    pub first_reply_at: Option<String>,
    /// Whole minutes to the first answer.
    #[schema(required, example = 15)]
    pub response_time: Option<i64>,
    /// Whole minutes to the resolution.
    #[schema(required, example = 330)]
    pub resolution_time: Option<i64>,
    #[schema(example = 5)]
    pub view_count: i64,
    /// Those that the caller can read.
    #[schema(example = 3)]
    pub comment_count: i64,
    #[schema(required, minimum = 1, maximum = 5)]
    pub rating: Option<i64>,
    #[schema(required)]
    pub rating_comment: Option<String>,
    /// Past `due_date`, and not finished.
    pub is_overdue: bool,
    /// Whole hours past `due_date`; 0 where it is not overdue.
    #[schema(example = 12)]
    pub overdue_hours: i64,
    pub is_escalated: bool,
    /// Opened again, and not moved since.
    pub is_reopened: bool,
    /// Past `sla_due_date`, and not finished.
    pub sla_breached: bool,
    /// Whole hours past `sla_due_date`; 0 where it is not breached.
    #[schema(example = 6)]
    pub breach_hours: i64,
    #[schema(format = DateTime, example = "2025-01-01T10:00:00Z")]
    pub created_at: String,
    #[schema(format = DateTime, example = "2025-01-01T10:30:00Z")]
    pub updated_at: String,
}

/// A category beside a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ApiTicketCategory)]
pub struct TicketCategory {
    #[schema(example = 1)]
    pub id: i64,
    #[schema(example = "技术支持")]
    pub name: String,
    #[schema(required, example = "技术相关问题")]
    pub description: Option<String>,
    #[schema(required, example = "#3b82f6")]
    pub color: Option<String>,
    #[schema(required, example = 4)]
    pub sla_hours: Option<i64>,
}

/// A ticket in a list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiTicketRow)]
pub struct TicketRow {
    #[serde(flatten)]
    pub ticket: Ticket,
    #[schema(example = "无法登录系统")]
    pub description: String,
}

/// A ticket with its conversation.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiTicketDetail)]
pub struct TicketDetail {
    #[serde(flatten)]
    pub ticket: Ticket,
    #[schema(example = "用户反馈无法登录系统，提示用户名或密码错误")]
    pub description: String,
    /// The first hundred, oldest first; `/comments` has all.
    pub comments: Vec<Comment>,
}

/// A ticket that was handed on.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiTransferred)]
pub struct Transferred {
    #[serde(flatten)]
    pub ticket: Ticket,
    #[schema(required, example = 123)]
    pub previous_assignee_id: Option<i64>,
}

/// What was said.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = ApiComment)]
pub struct Comment {
    #[schema(example = 1)]
    pub id: i64,
    #[schema(example = 1)]
    pub ticket_id: i64,
    #[schema(example = "已开始调查该问题")]
    pub content: String,
    /// Null where it came from the system, or from somebody without an account.
    #[schema(required)]
    pub user_id: Option<i64>,
    #[schema(required)]
    pub user: Option<Person>,
    /// Only staff read it.
    pub is_internal: bool,
    pub attachments: Vec<super::Uploaded>,
    #[schema(format = DateTime, example = "2025-01-01T10:15:00Z")]
    pub created_at: String,
    #[schema(format = DateTime, example = "2025-01-01T10:15:00Z")]
    pub updated_at: String,
}

/// Something that happened to a ticket.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiHistoryEntry)]
pub struct HistoryEntry {
    /// Its place in the log of everything.
    #[schema(example = 1)]
    pub id: i64,
    #[schema(example = 1)]
    pub ticket_id: i64,
    #[schema(value_type = words::Action)]
    pub action: &'static str,
    #[schema(example = "工单分配给 tech_support")]
    pub description: String,
    /// Null where the system did it.
    #[schema(required)]
    pub user_id: Option<i64>,
    #[schema(required)]
    pub user: Option<Person>,
    #[schema(format = DateTime, example = "2025-01-01T10:30:00Z")]
    pub created_at: String,
    /// Each field that changed.
    pub field_changes: BTreeMap<&'static str, FieldChange>,
    /// The first of them, flat.
    #[schema(required, example = "assigned_to_id")]
    pub field_name: Option<&'static str>,
    /// As text.
    #[schema(required)]
    pub old_value: Option<String>,
    /// As text.
    #[schema(required, example = "123")]
    pub new_value: Option<String>,
}

/// A field before and after; null is nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ApiFieldChange)]
pub struct FieldChange {
    pub old: Value,
    pub new: Value,
}

/// How much work there is. Agents are told of what is assigned to them, and of what is nobody's.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiStats)]
pub struct Stats {
    #[schema(example = 1500)]
    pub total: i64,
    #[schema(example = 45)]
    pub open: i64,
    #[schema(example = 23)]
    pub in_progress: i64,
    #[schema(example = 12)]
    pub pending: i64,
    #[schema(example = 890)]
    pub resolved: i64,
    #[schema(example = 530)]
    pub closed: i64,
    #[schema(example = 0)]
    pub cancelled: i64,
    /// As many as `/tickets/overdue` lists.
    #[schema(example = 8)]
    pub overdue: i64,
    /// As many as `/tickets/sla-breach` lists.
    #[schema(example = 3)]
    pub sla_breached: i64,
    /// As many as `/tickets/my-tickets` lists.
    #[schema(example = 15)]
    pub my_tickets: i64,
    /// As many as `/tickets/unassigned` lists.
    #[schema(example = 12)]
    pub unassigned: i64,
    /// Of high priority or above, and not finished.
    #[schema(example = 5)]
    pub high_priority: i64,
    #[schema(example = 2)]
    pub escalated: i64,
    pub by_priority: ByPriority,
    /// By the category's key; `uncategorized` are those without one.
    #[schema(example = json!({ "technical": 600, "billing": 300, "general": 400, "complaint": 200 }))]
    pub by_category: BTreeMap<String, i64>,
}

#[derive(Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ApiByPriority)]
pub struct ByPriority {
    #[schema(example = 200)]
    pub low: i64,
    #[schema(example = 800)]
    pub normal: i64,
    #[schema(example = 400)]
    pub high: i64,
    #[schema(example = 80)]
    pub urgent: i64,
    #[schema(example = 20)]
    pub critical: i64,
}

/// Why one of many tickets was left as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ApiFailedTicket)]
pub struct FailedTicket {
    #[schema(example = 4)]
    pub id: i64,
    /// The same.
    #[schema(example = 4)]
    pub ticket_id: i64,
    #[schema(example = "TICKET_NOT_FOUND")]
    pub error_code: &'static str,
    /// In Chinese.
    #[schema(example = "工单不存在")]
    pub reason: String,
    /// In English.
    #[schema(example = "Ticket not found")]
    pub error: String,
}

/// What assigning many tickets came to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiBulkAssigned)]
pub struct BulkAssigned {
    #[schema(example = 4)]
    pub assigned_count: i64,
    #[schema(example = 0)]
    pub failed_count: i64,
    #[schema(example = json!([1, 2, 3, 4]))]
    pub assigned_tickets: Vec<i64>,
    pub failed_tickets: Vec<FailedTicket>,
}

/// What changing many tickets came to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiBulkUpdated)]
pub struct BulkUpdated {
    #[schema(example = 3)]
    pub updated_count: i64,
    #[schema(example = 0)]
    pub failed_count: i64,
    #[schema(example = json!([5, 6, 7]))]
    pub updated_tickets: Vec<i64>,
    pub failed_tickets: Vec<FailedTicket>,
}

/// What deleting many tickets came to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiBulkDeleted)]
pub struct BulkDeleted {
    #[schema(example = 2)]
    pub deleted_count: i64,
    #[schema(example = 0)]
    pub failed_count: i64,
    #[schema(example = json!([5, 6]))]
    pub deleted_tickets: Vec<i64>,
    pub failed_tickets: Vec<FailedTicket>,
}
