//! Rules that act by themselves, and what they have done.

use super::Placed;
use crate::http::field::{Clearable, Field};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

/// A rule (自动化规则).
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = ApiRule)]
pub struct Rule {
    #[schema(example = 1)]
    pub id: i64,
    #[schema(example = "高优先级工单自动分配")]
    pub name: String,
    #[schema(required)]
    pub description: Option<String>,
    #[schema(example = "assignment")]
    pub rule_type: &'static str,
    pub is_active: bool,
    /// The smaller one acts first.
    #[schema(example = 1)]
    pub priority: i64,
    #[schema(example = "ticket.created")]
    pub trigger_event: &'static str,
    pub conditions: Vec<RuleCondition>,
    pub actions: Vec<RuleAction>,
    pub execution_count: i64,
    pub success_count: i64,
    pub failure_count: i64,
    /// Milliseconds.
    pub average_exec_time: i64,
    #[schema(required, format = DateTime)]
    pub last_executed_at: Option<String>,
    #[schema(required, example = 1)]
    pub created_by: Option<i64>,
    #[schema(example = "2025-01-01T16:30:00Z", format = DateTime)]
    pub created_at: String,
    #[schema(example = "2025-01-01T16:30:00Z", format = DateTime)]
    pub updated_at: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = ApiRuleCondition)]
pub struct RuleCondition {
    /// `title`, `content`, `comment`, `priority`, `status`, `type`, `source`, `category`, `tags`, `requester_email`, `customer_email`,
    /// `assignee` or `department`
    #[schema(example = "priority")]
    pub field: &'static str,
    /// `eq`, `ne`, `contains`, `not_contains`, `starts_with`, `ends_with`, `in`, `not_in`, `gt`, `gte`, `lt`, `lte`, `is_empty` or
    /// `is_not_empty`, as the field allows
    #[schema(example = "eq")]
    pub operator: &'static str,
    #[schema(example = "high")]
    pub value: Value,
    /// How it is joined to the next one: `and`, which binds closer, or `or`
    #[schema(example = "and")]
    pub logic_op: &'static str,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = ApiRuleAction)]
pub struct RuleAction {
    /// `assign`, `set_priority`, `set_status`, `set_category`, `set_type`, `add_tag`, `add_comment`, `escalate` or `notify`
    #[serde(rename = "type")]
    #[schema(example = "assign")]
    pub kind: &'static str,
    #[schema(example = json!({ "user_id": 1 }))]
    pub params: Map<String, Value>,
}

/// What a rule is for.
#[derive(ToSchema)]
#[schema(as = ApiRuleType, rename_all = "snake_case")]
#[expect(dead_code, reason = "it describes, and is never made")]
pub enum RuleType {
    Assignment,
    Classification,
    Escalation,
    Sla,
}

/// What sets a rule off.
#[derive(ToSchema)]
#[schema(as = ApiTriggerEvent)]
#[expect(dead_code, reason = "it describes, and is never made")]
pub enum TriggerEvent {
    #[schema(rename = "ticket.created")]
    Created,
    #[schema(rename = "ticket.updated")]
    Updated,
    #[schema(rename = "ticket.assigned")]
    Assigned,
    #[schema(rename = "ticket.status_changed")]
    StatusChanged,
    #[schema(rename = "ticket.priority_changed")]
    PriorityChanged,
    #[schema(rename = "ticket.commented")]
    Commented,
    #[schema(rename = "ticket.escalated")]
    Escalated,
    #[schema(rename = "sla.breached")]
    SlaBreached,
}

/// `POST /admin/automation/rules`, `PUT …/{id}`: there what is left out stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = ApiRuleForm, example = json!({
    "name": "高优先级工单自动分配", "rule_type": "assignment", "trigger_event": "ticket.created",
    "conditions": [{ "field": "priority", "operator": "eq", "value": "high", "logic_op": "and" }],
    "actions": [{ "type": "set_priority", "params": { "priority": "urgent" } }],
}))]
pub struct RuleForm {
    #[schema(value_type = Option<String>, min_length = 1, max_length = 100, pattern = r"^[^\x00]*[^\s\x00][^\x00]*$")]
    #[serde(default)]
    pub name: Field<String>,
    #[schema(value_type = Option<String>, max_length = 500, pattern = r"^[^\x00]*$")]
    #[serde(default)]
    pub description: Clearable<String>,
    #[schema(value_type = Option<RuleType>)]
    #[serde(default)]
    pub rule_type: Field<String>,
    #[schema(value_type = Option<TriggerEvent>)]
    #[serde(default)]
    pub trigger_event: Field<String>,
    /// True if not given
    #[schema(value_type = Option<bool>)]
    #[serde(default)]
    pub is_active: Field<bool>,
    /// 1 if not given; the smaller one acts first
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 100)]
    #[serde(default)]
    pub priority: Field<i64>,
    #[schema(value_type = Option<Vec<RuleCondition>>, max_items = 20)]
    #[serde(default)]
    pub conditions: Field<Value>,
    #[schema(value_type = Option<Vec<RuleAction>>, min_items = 1, max_items = 10)]
    #[serde(default)]
    pub actions: Field<Value>,
}

/// `GET /admin/automation/rules`
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RulesQuery {
    #[param(inline, value_type = RuleType, required = false, example = "assignment")]
    pub rule_type: Option<String>,
    #[param(inline, value_type = TriggerEvent, required = false, example = "ticket.created")]
    pub trigger_event: Option<String>,
    #[param(value_type = bool, required = false)]
    pub is_active: Option<String>,
    /// In the name or the description
    #[param(required = false)]
    pub search: Option<String>,
    #[param(value_type = i64, required = false, example = 1)]
    pub page: Option<String>,
    /// At most 100
    #[param(value_type = i64, required = false, example = 20)]
    pub page_size: Option<String>,
    /// The same as `page_size`
    #[param(value_type = i64, required = false, example = 20)]
    pub limit: Option<String>,
}

/// A page of rules.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiRules)]
pub struct Rules {
    pub rules: Vec<Rule>,
    #[serde(flatten)]
    pub place: Placed,
}

/// What a rule has done since it was made.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = ApiRuleStats)]
pub struct RuleStats {
    #[schema(example = 1)]
    pub rule_id: i64,
    #[schema(example = 8)]
    pub execution_count: i64,
    #[schema(example = 6)]
    pub success_count: i64,
    #[schema(example = 2)]
    pub failure_count: i64,
    /// Percent.
    #[schema(example = 75.0)]
    pub success_rate: f64,
    /// Milliseconds.
    #[schema(example = 3)]
    pub average_exec_time: i64,
    #[schema(required, format = DateTime)]
    pub last_executed_at: Option<String>,
}

/// A rule that acted (自动化执行日志).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ApiAutomationLog)]
pub struct AutomationLog {
    #[schema(example = 1)]
    pub id: i64,
    #[schema(example = 1)]
    pub rule_id: i64,
    /// What it was called then.
    pub rule_name: String,
    #[schema(example = 1)]
    pub ticket_id: i64,
    #[schema(example = "ticket.created")]
    pub trigger_event: &'static str,
    /// Whether every action could be done.
    pub success: bool,
    /// What was done, or what could not be, and why.
    #[schema(example = "assign")]
    pub message: String,
    /// What could not be done; empty where all was.
    pub error_message: String,
    /// Milliseconds.
    pub execution_time: i64,
    pub actions_executed: Vec<ActionDone>,
    #[schema(example = "2025-01-01T16:30:00Z", format = DateTime)]
    pub executed_at: String,
    #[schema(example = "2025-01-01T16:30:00Z", format = DateTime)]
    pub created_at: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ApiActionDone)]
pub struct ActionDone {
    #[serde(rename = "type")]
    #[schema(example = "assign")]
    pub kind: String,
    pub success: bool,
    #[schema(required)]
    pub error: Option<String>,
}

/// `GET /admin/automation/logs`
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AutomationLogsQuery {
    #[param(value_type = i64, required = false)]
    pub rule_id: Option<String>,
    #[param(value_type = i64, required = false)]
    pub ticket_id: Option<String>,
    #[param(value_type = bool, required = false, example = true)]
    pub success: Option<String>,
    #[param(value_type = i64, required = false, example = 1)]
    pub page: Option<String>,
    /// At most 100
    #[param(value_type = i64, required = false, example = 20)]
    pub page_size: Option<String>,
    /// The same as `page_size`
    #[param(value_type = i64, required = false, example = 20)]
    pub limit: Option<String>,
}

/// A page of what rules have done.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiAutomationLogs)]
pub struct AutomationLogs {
    pub logs: Vec<AutomationLog>,
    #[serde(flatten)]
    pub place: Placed,
}
