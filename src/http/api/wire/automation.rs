//! Automation: quick replies, ticket templates, rules, and what rules have done.

use crate::http::field::{Clearable, Field};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

/// A quick reply (快速回复).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ApiQuickReply)]
pub struct QuickReply {
    #[schema(example = 1)]
    pub id: i64,
    #[schema(example = "感谢反馈")]
    pub name: String,
    #[schema(required, example = "礼貌用语")]
    pub category: Option<String>,
    #[schema(example = "感谢您的反馈，我们会尽快处理您的问题。")]
    pub content: String,
    /// With commas between.
    #[schema(example = "感谢,反馈")]
    pub tags: String,
    pub tag_list: Vec<String>,
    /// Whether all staff see it.
    pub is_public: bool,
    #[schema(example = 3)]
    pub usage_count: i64,
    #[schema(required, example = 1)]
    pub created_by: Option<i64>,
    #[schema(example = "2025-01-01T16:30:00Z", format = DateTime)]
    pub created_at: String,
    #[schema(example = "2025-01-01T16:30:00Z", format = DateTime)]
    pub updated_at: String,
}

/// `POST /admin/automation/quick-replies`, `PUT …/{id}`: there what is left out stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = ApiQuickReplyForm, example = json!({
    "name": "感谢反馈", "category": "礼貌用语", "content": "感谢您的反馈，我们会尽快处理您的问题。", "tags": "感谢,反馈", "is_public": true,
}))]
pub struct QuickReplyForm {
    #[schema(value_type = Option<String>, min_length = 1, max_length = 100, pattern = r"^[^\x00]*[^\s\x00][^\x00]*$")]
    #[serde(default)]
    pub name: Field<String>,
    #[schema(value_type = Option<String>, max_length = 50, pattern = r"^[^\x00]*$")]
    #[serde(default)]
    pub category: Clearable<String>,
    #[schema(value_type = Option<String>, min_length = 1, max_length = 20_000, pattern = r"^[^\x00]*[^\s\x00][^\x00]*$")]
    #[serde(default)]
    pub content: Field<String>,
    /// With commas between, or a list
    #[schema(value_type = Option<String>, max_length = 200, pattern = r"^[^\x00]*$")]
    #[serde(default)]
    pub tags: Field<Value>,
    /// For supervisors and administrators to say; yours alone if not given
    #[schema(value_type = Option<bool>)]
    #[serde(default)]
    pub is_public: Field<bool>,
}

/// `GET /admin/automation/quick-replies`
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct QuickRepliesQuery {
    #[param(required = false, example = "礼貌用语")]
    pub category: Option<String>,
    /// In the name, the content or a tag
    #[param(required = false, example = "感谢")]
    pub keyword: Option<String>,
    #[param(value_type = bool, required = false)]
    pub is_public: Option<String>,
    #[param(value_type = i64, required = false, example = 1)]
    pub page: Option<String>,
    /// At most 100
    #[param(value_type = i64, required = false, example = 20)]
    pub page_size: Option<String>,
    /// The same as `page_size`
    #[param(value_type = i64, required = false, example = 20)]
    pub limit: Option<String>,
}

/// Where a page stands, inside `data`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ApiPlaced)]
pub struct Placed {
    pub total: i64,
    #[schema(example = 1)]
    pub page: i64,
    #[schema(example = 20)]
    pub page_size: i64,
    /// At least 1.
    #[schema(example = 1)]
    pub total_pages: i64,
}

/// A page of quick replies.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiQuickReplies)]
pub struct QuickReplies {
    pub replies: Vec<QuickReply>,
    #[serde(flatten)]
    pub place: Placed,
}

/// A ticket template (工单模板).
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = ApiTemplate)]
pub struct Template {
    #[schema(example = 1)]
    pub id: i64,
    #[schema(example = "Bug报告模板")]
    pub name: String,
    #[schema(required)]
    pub description: Option<String>,
    /// A word by which templates are sorted.
    #[schema(required, example = "bug")]
    pub category: Option<String>,
    #[schema(example = "[Bug] {{summary}}")]
    pub title_template: String,
    #[schema(example = "**问题描述：**\n{{description}}")]
    pub content_template: String,
    #[schema(required, example = "incident")]
    pub default_type: Option<String>,
    #[schema(required, example = "normal")]
    pub default_priority: Option<&'static str>,
    #[schema(required, example = "open")]
    pub default_status: Option<&'static str>,
    /// The category of its tickets.
    #[schema(required)]
    pub default_category_id: Option<i64>,
    #[schema(required)]
    pub assign_to_user_id: Option<i64>,
    pub is_active: bool,
    pub custom_fields: Vec<CustomField>,
    pub usage_count: i64,
    #[schema(required, example = 1)]
    pub created_by: Option<i64>,
    #[schema(example = "2025-01-01T16:30:00Z", format = DateTime)]
    pub created_at: String,
    #[schema(example = "2025-01-01T16:30:00Z", format = DateTime)]
    pub updated_at: String,
}

/// A field of a template, to be filled in.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = ApiCustomField)]
pub struct CustomField {
    #[schema(example = "summary")]
    pub name: String,
    #[serde(rename = "type")]
    #[schema(example = "text")]
    pub kind: &'static str,
    #[schema(example = "问题摘要")]
    pub label: String,
    pub required: bool,
    pub options: Vec<String>,
    #[schema(required)]
    pub default_value: Option<Value>,
}

/// A field of a template as it is sent.
#[derive(ToSchema)]
#[schema(as = ApiCustomFieldForm)]
#[expect(dead_code, reason = "it describes, and is never made")]
pub struct CustomFieldForm {
    #[schema(min_length = 1, max_length = 50)]
    pub name: String,
    /// `text`, `textarea`, `select`, `checkbox`, `date` or `number`; `text` if not given
    #[serde(rename = "type")]
    pub kind: Option<String>,
    #[schema(max_length = 100)]
    pub label: Option<String>,
    pub required: Option<bool>,
    /// Of a select
    #[schema(max_items = 100)]
    pub options: Option<Vec<String>>,
    pub default_value: Option<Value>,
}

/// `POST /admin/automation/templates`, `PUT …/{id}`: there what is left out stays, and null takes away.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = ApiTemplateForm, example = json!({
    "name": "Bug报告模板", "description": "用于报告系统Bug的标准模板", "category": "bug", "title_template": "[Bug] {{summary}}",
    "content_template": "**问题描述：**\n{{description}}", "default_type": "bug", "default_priority": "normal", "default_status": "open",
    "custom_fields": [{ "name": "summary", "type": "text", "label": "问题摘要", "required": true }],
}))]
pub struct TemplateForm {
    #[schema(value_type = Option<String>, min_length = 1, max_length = 100, pattern = r"^[^\x00]*[^\s\x00][^\x00]*$")]
    #[serde(default)]
    pub name: Field<String>,
    #[schema(value_type = Option<String>, max_length = 500, pattern = r"^[^\x00]*$")]
    #[serde(default)]
    pub description: Clearable<String>,
    #[schema(value_type = Option<String>, max_length = 50, pattern = r"^[^\x00]*$")]
    #[serde(default)]
    pub category: Clearable<String>,
    #[schema(value_type = Option<String>, max_length = 200, pattern = r"^[^\x00]*$")]
    #[serde(default)]
    pub title_template: Field<String>,
    #[schema(value_type = Option<String>, max_length = 20_000, pattern = r"^[^\x00]*$")]
    #[serde(default)]
    pub content_template: Field<String>,
    #[schema(value_type = Option<String>, max_length = 50, pattern = r"^[^\x00]*$")]
    #[serde(default)]
    pub default_type: Clearable<String>,
    #[schema(value_type = Option<super::ticket_words::Priority>)]
    #[serde(default)]
    pub default_priority: Clearable<String>,
    /// Applied where a new ticket can be moved there
    #[schema(value_type = Option<super::ticket_words::Status>)]
    #[serde(default)]
    pub default_status: Clearable<String>,
    #[schema(value_type = Option<i64>)]
    #[serde(default)]
    pub default_category_id: Clearable<i64>,
    #[schema(value_type = Option<i64>)]
    #[serde(default)]
    pub assign_to_user_id: Clearable<i64>,
    /// True if not given
    #[schema(value_type = Option<bool>)]
    #[serde(default)]
    pub is_active: Field<bool>,
    #[schema(value_type = Option<Vec<CustomFieldForm>>, max_items = 50)]
    #[serde(default)]
    pub custom_fields: Field<Value>,
}

/// `GET /admin/automation/templates`
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TemplatesQuery {
    #[param(required = false, example = "bug")]
    pub category: Option<String>,
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

/// A page of templates.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiTemplates)]
pub struct Templates {
    pub templates: Vec<Template>,
    #[serde(flatten)]
    pub place: Placed,
}

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

/// `POST /admin/automation/batch/assign`
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = ApiBatchAssign, example = json!({ "ticket_ids": [1, 2], "user_id": 123 }))]
pub struct BatchAssign {
    /// At most 200 different ones
    #[schema(value_type = Vec<i64>, required, min_items = 1)]
    #[serde(default)]
    pub ticket_ids: Field<Vec<i64>>,
    #[schema(value_type = i64, required)]
    #[serde(default)]
    pub user_id: Field<i64>,
    /// Becomes an internal comment on each
    #[schema(value_type = Option<String>, max_length = 200_000, pattern = r"^[^\x00]*$")]
    #[serde(default)]
    pub comment: Field<String>,
}
