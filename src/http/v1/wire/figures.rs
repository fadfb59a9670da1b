//! What clients of `/v1` are told of many tickets at once.

use super::words;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// 工单统计
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = V1Stats)]
pub struct Stats {
    #[schema(example = 156)]
    pub total_tickets: i64,
    /// Each status with its count.
    #[schema(value_type = std::collections::BTreeMap<String, i64>, example = json!(
        { "new": 12, "open": 8, "in_progress": 25, "pending": 15, "resolved": 30, "closed": 66, "reopened": 0 }
    ))]
    pub by_status: Map<String, Value>,
    #[schema(value_type = std::collections::BTreeMap<String, i64>, example = json!(
        { "low": 45, "medium": 78, "high": 28, "urgent": 5 }
    ))]
    pub by_priority: Map<String, Value>,
    #[schema(value_type = std::collections::BTreeMap<String, i64>, example = json!(
        { "technical": 89, "account": 34, "billing": 18, "feature": 10, "complaint": 3, "other": 2 }
    ))]
    pub by_category: Map<String, Value>,
    pub sla_metrics: SlaMetrics,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = V1SlaMetrics)]
pub struct SlaMetrics {
    #[schema(example = "2h 15m")]
    pub average_response_time: String,
    #[schema(example = "18h 30m")]
    pub average_resolution_time: String,
    /// A percentage with one decimal; 100 of nothing.
    #[schema(example = 94.5)]
    pub sla_compliance_rate: f64,
    #[schema(example = 8)]
    pub overdue_tickets: i64,
}

/// 我的工单统计
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = V1MyStats)]
pub struct MyStats {
    pub created_by_me: CreatedByMe,
    pub assigned_to_me: AssignedToMe,
    #[schema(example = 2)]
    pub overdue_assigned: i64,
    #[schema(example = "15h 20m")]
    pub average_resolution_time: String,
}

#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = V1CreatedByMe, example = json!({ "total": 23, "open": 5, "resolved": 15, "closed": 3 }))]
pub struct CreatedByMe {
    pub total: i64,
    pub open: i64,
    pub resolved: i64,
    pub closed: i64,
}

#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = V1AssignedToMe, example = json!({ "total": 12, "in_progress": 7, "pending": 3, "resolved": 2 }))]
pub struct AssignedToMe {
    pub total: i64,
    pub in_progress: i64,
    pub pending: i64,
    pub resolved: i64,
}

/// SLA 报表
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = V1SlaReport)]
pub struct SlaReport {
    pub period: Period,
    pub overall: Overall,
    pub by_priority: Vec<PriorityPart>,
    /// Where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub by_assignee: Option<Vec<AssigneePart>>,
    /// Where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub by_category: Option<Vec<CategoryPart>>,
}

/// The days as they were asked for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = V1Period)]
pub struct Period {
    #[schema(example = "2024-10-01")]
    pub start: String,
    #[schema(example = "2024-10-31")]
    pub end: String,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = V1Overall)]
pub struct Overall {
    #[schema(example = 156)]
    pub total_tickets: i64,
    #[schema(example = 148)]
    pub met_response_sla: i64,
    #[schema(example = 142)]
    pub met_resolution_sla: i64,
    #[schema(example = 94.9)]
    pub response_sla_rate: f64,
    #[schema(example = 91.0)]
    pub resolution_sla_rate: f64,
}

/// How a part of the tickets kept both targets.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = V1Kept, example = json!({ "total": 28, "met_sla": 26, "sla_rate": 92.9 }))]
pub struct Kept {
    pub total: i64,
    pub met_sla: i64,
    pub sla_rate: f64,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = V1PriorityPart)]
pub struct PriorityPart {
    #[schema(value_type = words::Priority)]
    pub priority: &'static str,
    #[serde(flatten)]
    pub kept: Kept,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = V1AssigneePart)]
pub struct AssigneePart {
    #[schema(required, example = 5)]
    pub assignee_id: Option<i64>,
    #[schema(required, example = "客服李四")]
    pub assignee_name: Option<String>,
    #[serde(flatten)]
    pub kept: Kept,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = V1CategoryPart)]
pub struct CategoryPart {
    #[schema(value_type = words::Category)]
    pub category: &'static str,
    #[serde(flatten)]
    pub kept: Kept,
}
