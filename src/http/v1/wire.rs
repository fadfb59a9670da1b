//! What clients of `/v1` send and expect, spelled as they do, and frozen.
//!
//! No type of the model stands here; `convert.rs` translates. A field that is not always there is left out only where the
//! document shows it so (`avatar`, `pagination`, the parts of a report); everything else is `null` when it is empty.

use crate::http::field::Field;
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// `POST /tickets`
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct NewTicket {
    pub title: Field<String>,
    pub description: Field<String>,
    pub category: Field<String>,
    pub priority: Field<String>,
    pub tags: Field<Vec<String>>,
    pub metadata: Field<Map<String, Value>>,
}

/// `POST /tickets/:id/assign`
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Assign {
    pub assignee_id: Field<i64>,
}

/// `PATCH /tickets/:id/status`
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct NewStatus {
    pub status: Field<String>,
    pub reason: Field<String>,
}

/// `PATCH /tickets/:id/priority`
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct NewPriority {
    pub priority: Field<String>,
}

/// `POST /tickets/:id/close` and `/reopen`
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Reason {
    pub reason: Field<String>,
}

/// `POST /tickets/:id/comments`
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct NewComment {
    pub content: Field<String>,
    pub is_internal: Field<bool>,
}

/// `PATCH /tickets/:ticket_id/comments/:comment_id`
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct NewContent {
    pub content: Field<String>,
}

/// `GET /tickets?…`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct TicketsQuery {
    pub page: Option<String>,
    pub page_size: Option<String>,
    pub status: Option<String>,
    pub priority: Option<String>,
    pub category: Option<String>,
    pub assignee_id: Option<String>,
    pub creator_id: Option<String>,
    pub overdue: Option<String>,
    pub tags: Option<String>,
    pub sort_by: Option<String>,
    pub sort_order: Option<String>,
    pub search: Option<String>,
}

/// `GET /tickets/:id/comments?…`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct CommentsQuery {
    pub page: Option<String>,
    pub page_size: Option<String>,
    pub include_internal: Option<String>,
}

/// `GET /tickets/stats?…`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct StatsQuery {
    pub start_date: Option<String>,
    pub end_date: Option<String>,
    pub assignee_id: Option<String>,
}

/// `GET /tickets/sla-report?…`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ReportQuery {
    pub start_date: Option<String>,
    pub end_date: Option<String>,
    pub group_by: Option<String>,
}

/// The envelope of everything that went well.
#[derive(Debug, Serialize, ToSchema)]
pub struct Envelope<T> {
    pub success: bool,
    pub message: &'static str,
    pub data: T,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub pagination: Option<Pagination>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Pagination {
    pub total: i64,
    pub page: i64,
    pub page_size: i64,
    pub total_pages: i64,
}

/// The envelope of everything that did not.
#[derive(Debug, Serialize, ToSchema)]
pub struct Refusal {
    pub success: bool,
    pub message: String,
    pub error_code: &'static str,
    #[schema(value_type = Object)]
    pub details: Map<String, Value>,
}

/// An answer: a status and its envelope, or nothing but a status.
#[derive(Debug)]
pub enum Reply<T> {
    With(StatusCode, Envelope<T>),
    NoContent,
}

impl<T> Reply<T> {
    pub fn done(message: &'static str, data: T) -> Self {
        Self::With(StatusCode::OK, Envelope { success: true, message, data, pagination: None })
    }

    pub fn created(message: &'static str, data: T) -> Self {
        Self::With(StatusCode::CREATED, Envelope { success: true, message, data, pagination: None })
    }

    pub fn page(data: T, pagination: Pagination) -> Self {
        Self::With(StatusCode::OK, Envelope { success: true, message: "", data, pagination: Some(pagination) })
    }
}

impl<T: Serialize> IntoResponse for Reply<T> {
    fn into_response(self) -> Response {
        match self {
            Self::With(status, envelope) => (status, Json(envelope)).into_response(),
            Self::NoContent => StatusCode::NO_CONTENT.into_response(),
        }
    }
}

/// Somebody on a ticket. The address is empty for those who may not know it.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Person {
    pub id: i64,
    pub name: String,
    pub email: Option<String>,
}

/// Somebody who wrote a comment; 0 is nobody with an account.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Author {
    pub id: i64,
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub avatar: Option<String>,
}

#[derive(Debug, Serialize)]
pub struct Opened {
    pub ticket_id: i64,
    pub number: String,
    pub title: String,
    pub status: &'static str,
    pub priority: &'static str,
    pub sla_due_time: String,
    pub created_at: String,
}

#[derive(Debug, Serialize)]
pub struct Ticket {
    pub id: i64,
    pub number: String,
    pub title: String,
    pub description: String,
    pub category: &'static str,
    pub priority: &'static str,
    pub status: &'static str,
    pub creator_id: i64,
    pub creator: Option<Person>,
    pub assignee_id: Option<i64>,
    pub assignee: Option<Person>,
    pub tags: Vec<String>,
    pub metadata: Map<String, Value>,
    pub sla_due_time: String,
    pub response_time: Option<String>,
    pub resolved_time: Option<String>,
    pub created_at: String,
    pub updated_at: String,
    pub closed_at: Option<String>,
    pub comments_count: i64,
    pub is_overdue: bool,
}

#[derive(Debug, Serialize)]
pub struct TicketRow {
    pub id: i64,
    pub number: String,
    pub title: String,
    pub category: &'static str,
    pub priority: &'static str,
    pub status: &'static str,
    pub creator_id: i64,
    pub creator_name: Option<String>,
    pub assignee_id: Option<i64>,
    pub assignee_name: Option<String>,
    pub tags: Vec<String>,
    pub sla_due_time: String,
    pub created_at: String,
    pub updated_at: String,
    pub is_overdue: bool,
}

#[derive(Debug, Serialize)]
pub struct Assigned {
    pub ticket_id: i64,
    pub assignee_id: Option<i64>,
    pub status: &'static str,
    pub updated_at: String,
}

#[derive(Debug, Serialize)]
pub struct StatusWritten {
    pub ticket_id: i64,
    pub old_status: &'static str,
    pub new_status: &'static str,
    pub updated_at: String,
}

#[derive(Debug, Serialize)]
pub struct PriorityWritten {
    pub ticket_id: i64,
    pub old_priority: &'static str,
    pub new_priority: &'static str,
    pub sla_due_time: String,
    pub updated_at: String,
}

#[derive(Debug, Serialize)]
pub struct Closed {
    pub ticket_id: i64,
    pub status: &'static str,
    pub closed_at: Option<String>,
}

#[derive(Debug, Serialize)]
pub struct Reopened {
    pub ticket_id: i64,
    pub status: &'static str,
    pub updated_at: String,
}

#[derive(Debug, Serialize)]
pub struct CommentAdded {
    pub comment_id: i64,
    pub ticket_id: i64,
    pub user: Author,
    pub content: String,
    pub is_internal: bool,
    pub created_at: String,
}

#[derive(Debug, Serialize)]
pub struct Comment {
    pub id: i64,
    pub ticket_id: i64,
    pub user: Author,
    pub content: String,
    pub is_internal: bool,
    pub created_at: String,
}

#[derive(Debug, Serialize)]
pub struct CommentEdited {
    pub comment_id: i64,
    pub content: String,
    pub updated_at: String,
}

#[derive(Debug, Serialize)]
pub struct Stats {
    pub total_tickets: i64,
    pub by_status: Map<String, Value>,
    pub by_priority: Map<String, Value>,
    pub by_category: Map<String, Value>,
    pub sla_metrics: SlaMetrics,
}

#[derive(Debug, Serialize)]
pub struct SlaMetrics {
    pub average_response_time: String,
    pub average_resolution_time: String,
    pub sla_compliance_rate: f64,
    pub overdue_tickets: i64,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct MyStats {
    pub created_by_me: CreatedByMe,
    pub assigned_to_me: AssignedToMe,
    pub overdue_assigned: i64,
    pub average_resolution_time: String,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct CreatedByMe {
    pub total: i64,
    pub open: i64,
    pub resolved: i64,
    pub closed: i64,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct AssignedToMe {
    pub total: i64,
    pub in_progress: i64,
    pub pending: i64,
    pub resolved: i64,
}

#[derive(Debug, Serialize)]
pub struct SlaReport {
    pub period: Period,
    pub overall: Overall,
    pub by_priority: Vec<PriorityPart>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by_assignee: Option<Vec<AssigneePart>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by_category: Option<Vec<CategoryPart>>,
}

#[derive(Debug, Serialize)]
pub struct Period {
    pub start: String,
    pub end: String,
}

#[derive(Debug, Serialize)]
pub struct Overall {
    pub total_tickets: i64,
    pub met_response_sla: i64,
    pub met_resolution_sla: i64,
    pub response_sla_rate: f64,
    pub resolution_sla_rate: f64,
}

/// How a part of the tickets kept both targets.
#[derive(Debug, Serialize)]
pub struct Kept {
    pub total: i64,
    pub met_sla: i64,
    pub sla_rate: f64,
}

#[derive(Debug, Serialize)]
pub struct PriorityPart {
    pub priority: &'static str,
    #[serde(flatten)]
    pub kept: Kept,
}

#[derive(Debug, Serialize)]
pub struct AssigneePart {
    pub assignee_id: Option<i64>,
    pub assignee_name: Option<String>,
    #[serde(flatten)]
    pub kept: Kept,
}

#[derive(Debug, Serialize)]
pub struct CategoryPart {
    pub category: &'static str,
    #[serde(flatten)]
    pub kept: Kept,
}
