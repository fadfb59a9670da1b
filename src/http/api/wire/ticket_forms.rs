//! What clients send about tickets: bodies and query strings, in the document's spelling and those of its known clients.
//!
//! The patterns say what the model holds everybody to: no NUL, which PostgreSQL can't store, and something to be seen.

use super::ticket_words as words;
use crate::http::field::{Clearable, Field};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

/// `POST /tickets` (创建工单)
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = ApiNewTicket, example = json!({
    "title": "系统无法访问",
    "description": "网站显示500错误，无法正常访问",
    "type": "incident",
    "priority": "urgent",
    "source": "web",
    "customer_email": "user@example.com",
    "customer_phone": "13800138000",
    "customer_name": "张三",
    "tags": ["系统故障", "紧急"],
    "custom_fields": { "affected_url": "https://example.com/dashboard", "browser": "Chrome 91.0", "error_code": "500" },
    "due_date": "2025-01-02T18:00:00Z",
}))]
pub struct NewTicket {
    #[schema(value_type = String, required, min_length = 1, max_length = 200,
        pattern = r"^[^\x00]*[^\s\x00-\x1f\x7f-\x9f][^\x00]*$")]
    #[serde(default)]
    pub title: Field<String>,
    #[schema(value_type = String, required, min_length = 1, max_length = 200_000, pattern = r"^[^\x00]*[^\s\x00][^\x00]*$")]
    #[serde(default)]
    pub description: Field<String>,
    /// `request` if not given
    #[serde(rename = "type")]
    #[schema(value_type = Option<words::Type>)]
    #[serde(default)]
    pub kind: Field<String>,
    /// `normal` if not given
    #[schema(value_type = Option<words::Priority>)]
    #[serde(default)]
    pub priority: Field<String>,
    /// `web` if not given
    #[schema(value_type = Option<words::Source>)]
    #[serde(default)]
    pub source: Field<String>,
    #[schema(value_type = Option<i64>)]
    #[serde(default)]
    pub category_id: Field<i64>,
    /// For staff. Without one, the category's own assignee gets it.
    #[schema(value_type = Option<i64>)]
    #[serde(default)]
    pub assigned_to_id: Field<i64>,
    /// Files that the caller has uploaded, by their ids
    #[schema(value_type = Option<Vec<i64>>, max_items = 20)]
    #[serde(default)]
    pub attachments: Field<Vec<i64>>,
    #[schema(value_type = Option<String>, format = Email, max_length = 254)]
    #[serde(default)]
    pub customer_email: Field<String>,
    #[schema(value_type = Option<String>, max_length = 50, pattern = r"^[^\x00]*$")]
    #[serde(default)]
    pub customer_phone: Field<String>,
    #[schema(value_type = Option<String>, max_length = 200, pattern = r"^[^\x00]*$")]
    #[serde(default)]
    pub customer_name: Field<String>,
    #[schema(value_type = Option<Vec<String>>, max_items = 50)]
    #[serde(default)]
    pub tags: Field<Vec<String>>,
    #[schema(value_type = Option<Object>)]
    #[serde(default)]
    pub custom_fields: Field<Map<String, Value>>,
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(default)]
    pub due_date: Field<String>,
    /// A template: title, description and what else is left out here comes from it.
    #[schema(value_type = Option<i64>)]
    #[serde(default)]
    pub template_id: Field<i64>,
    /// What goes into the template's fields and placeholders, by their names.
    #[schema(value_type = Option<Object>)]
    #[serde(default)]
    pub template_values: Field<Map<String, Value>>,
}

/// `PUT /tickets/{id}` (更新工单): what is left out stays as it is, and what is sent as it is stays so, too. All of it is done,
/// or none.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[schema(as = ApiTicketUpdate, example = json!({
    "title": "登录问题已修复",
    "priority": "normal",
    "internal_notes": "已重置用户密码并测试登录功能",
}))]
pub struct TicketUpdate {
    #[schema(value_type = Option<String>, min_length = 1, max_length = 200,
        pattern = r"^[^\x00]*[^\s\x00-\x1f\x7f-\x9f][^\x00]*$")]
    #[serde(default)]
    pub title: Field<String>,
    /// Only whoever wrote it may change it.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 200_000, pattern = r"^[^\x00]*[^\s\x00][^\x00]*$")]
    #[serde(default)]
    pub description: Field<String>,
    #[schema(value_type = Option<words::NewStatus>)]
    #[serde(default)]
    pub status: Field<String>,
    #[schema(value_type = Option<words::Priority>)]
    #[serde(default)]
    pub priority: Field<String>,
    #[serde(rename = "type")]
    #[schema(value_type = Option<words::Type>)]
    #[serde(default)]
    pub kind: Field<String>,
    /// null: nobody's
    #[schema(value_type = Option<i64>)]
    #[serde(default)]
    pub assigned_to_id: Clearable<i64>,
    /// null: none
    #[schema(value_type = Option<i64>)]
    #[serde(default)]
    pub category_id: Clearable<i64>,
    /// Becomes an internal comment.
    #[schema(value_type = Option<String>, max_length = 200_000, pattern = r"^[^\x00]*$")]
    #[serde(default)]
    pub internal_notes: Field<String>,
    /// The requester's, which staff may pass on, once it is resolved
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 5)]
    #[serde(default)]
    pub rating: Field<i64>,
    #[schema(value_type = Option<String>, max_length = 1000, pattern = r"^[^\x00]*$")]
    #[serde(default)]
    pub rating_comment: Field<String>,
    #[schema(value_type = Option<Vec<String>>, max_items = 50)]
    #[serde(default)]
    pub tags: Field<Vec<String>>,
    #[schema(value_type = Option<Object>)]
    #[serde(default)]
    pub custom_fields: Field<Map<String, Value>>,
    /// A time as RFC 3339 has it; null or empty: none
    #[schema(value_type = Option<String>, example = "2025-01-02T18:00:00Z")]
    #[serde(default)]
    pub due_date: Clearable<String>,
    #[schema(value_type = Option<String>, max_length = 100, pattern = r"^[^\x00]*$")]
    #[serde(default)]
    pub department: Clearable<String>,
    /// null or empty: none
    #[schema(value_type = Option<String>, max_length = 254, example = "user@example.com")]
    #[serde(default)]
    pub customer_email: Clearable<String>,
    #[schema(value_type = Option<String>, max_length = 50, pattern = r"^[^\x00]*$")]
    #[serde(default)]
    pub customer_phone: Clearable<String>,
    #[schema(value_type = Option<String>, max_length = 200, pattern = r"^[^\x00]*$")]
    #[serde(default)]
    pub customer_name: Clearable<String>,
}

/// `POST /tickets/{id}/assign` (分配工单)
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = ApiAssign, example = json!({ "assigned_to_id": 123, "comment": "分配给技术支持处理" }))]
pub struct Assign {
    #[schema(value_type = i64, required)]
    #[serde(default)]
    pub assigned_to_id: Field<i64>,
    /// Becomes an internal comment.
    #[schema(value_type = Option<String>, max_length = 200_000, pattern = r"^[^\x00]*$")]
    #[serde(default)]
    pub comment: Field<String>,
}

/// `POST /tickets/{id}/transfer` (转移工单): to somebody, to a department, or both
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = ApiTransfer, example = json!({
    "assigned_to_id": 456, "department": "technical", "comment": "转移到技术部门处理", "transfer_reason": "需要技术专家支持",
}))]
pub struct Transfer {
    #[schema(value_type = Option<i64>)]
    #[serde(default)]
    pub assigned_to_id: Field<i64>,
    #[schema(value_type = Option<String>, max_length = 100, pattern = r"^[^\x00]*$")]
    #[serde(default)]
    pub department: Field<String>,
    /// Becomes an internal comment.
    #[schema(value_type = Option<String>, max_length = 200_000, pattern = r"^[^\x00]*$")]
    #[serde(default)]
    pub comment: Field<String>,
    /// Only staff read it.
    #[schema(value_type = Option<String>, max_length = 500, pattern = r"^[^\x00]*$")]
    #[serde(default)]
    pub transfer_reason: Field<String>,
}

/// `POST /tickets/{id}/escalate` (升级工单)
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = ApiEscalate, example = json!({ "reason": "客户VIP，需要优先处理", "escalate_to_id": 789, "comment": "紧急处理" }))]
pub struct Escalate {
    /// Only staff read it.
    #[schema(value_type = Option<String>, max_length = 500, pattern = r"^[^\x00]*$")]
    #[serde(default)]
    pub reason: Field<String>,
    #[schema(value_type = Option<i64>)]
    #[serde(default)]
    pub escalate_to_id: Field<i64>,
    /// Becomes an internal comment.
    #[schema(value_type = Option<String>, max_length = 200_000, pattern = r"^[^\x00]*$")]
    #[serde(default)]
    pub comment: Field<String>,
    /// Not less than it is. If not given: low and normal become high, high becomes urgent.
    #[schema(value_type = Option<words::Priority>)]
    #[serde(default)]
    pub priority: Field<String>,
}

/// `POST /tickets/{id}/status` (更新工单状态)
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = ApiStatusWrite, example = json!({
    "status": "resolved", "comment": "问题已解决", "resolution_notes": "重启服务器解决了问题",
}))]
pub struct StatusWrite {
    #[schema(value_type = words::NewStatus, required)]
    #[serde(default)]
    pub status: Field<String>,
    /// Becomes a comment that the requester reads, too.
    #[schema(value_type = Option<String>, max_length = 200_000, pattern = r"^[^\x00]*$")]
    #[serde(default)]
    pub comment: Field<String>,
    #[schema(value_type = Option<String>, max_length = 500, pattern = r"^[^\x00]*$")]
    #[serde(default)]
    pub resolution_notes: Field<String>,
}

/// `POST /tickets/bulk-assign` (批量分配工单)
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = ApiBulkAssign, example = json!({ "ticket_ids": [1, 2, 3, 4], "assigned_to_id": 123, "comment": "批量分配给技术支持" }))]
pub struct BulkAssign {
    #[schema(value_type = Vec<i64>, required, min_items = 1, max_items = 200)]
    #[serde(default)]
    pub ticket_ids: Field<Vec<i64>>,
    #[schema(value_type = i64, required)]
    #[serde(default)]
    pub assigned_to_id: Field<i64>,
    /// Becomes an internal comment on each.
    #[schema(value_type = Option<String>, max_length = 200_000, pattern = r"^[^\x00]*$")]
    #[serde(default)]
    pub comment: Field<String>,
}

/// `POST /tickets/bulk-status` (批量状态更新)
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = ApiBulkStatus, example = json!({ "ticket_ids": [5, 6, 7], "status": "resolved", "comment": "批量解决" }))]
pub struct BulkStatus {
    #[schema(value_type = Vec<i64>, required, min_items = 1, max_items = 200)]
    #[serde(default)]
    pub ticket_ids: Field<Vec<i64>>,
    #[schema(value_type = words::NewStatus, required)]
    #[serde(default)]
    pub status: Field<String>,
    /// Becomes a comment on each that its requester reads, too.
    #[schema(value_type = Option<String>, max_length = 200_000, pattern = r"^[^\x00]*$")]
    #[serde(default)]
    pub comment: Field<String>,
    #[schema(value_type = Option<String>, max_length = 500, pattern = r"^[^\x00]*$")]
    #[serde(default)]
    pub resolution_notes: Field<String>,
}

/// `POST /tickets/bulk-update`
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = ApiBulkUpdate, example = json!({ "ticket_ids": [5, 6, 7], "updates": { "priority": "high" } }))]
pub struct BulkUpdate {
    #[schema(value_type = Vec<i64>, required, min_items = 1, max_items = 200)]
    #[serde(default)]
    pub ticket_ids: Field<Vec<i64>>,
    #[schema(value_type = TicketUpdate, required)]
    #[serde(default)]
    pub updates: Field<Map<String, Value>>,
}

/// `DELETE /tickets/bulk-delete`: `ids` or `ticket_ids`
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = ApiBulkDelete, example = json!({ "ids": [5, 6] }))]
pub struct BulkDelete {
    #[schema(value_type = Vec<i64>, required, min_items = 1, max_items = 200)]
    #[serde(default)]
    pub ids: Field<Vec<i64>>,
    #[schema(value_type = Option<Vec<i64>>, min_items = 1, max_items = 200)]
    #[serde(default)]
    pub ticket_ids: Field<Vec<i64>>,
}

/// `POST /tickets/{id}/comments`
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = ApiNewComment, example = json!({ "content": "已开始调查该问题", "is_internal": false }))]
pub struct NewComment {
    #[schema(value_type = String, required, min_length = 1, max_length = 200_000, pattern = r"^[^\x00]*[^\s\x00][^\x00]*$")]
    #[serde(default)]
    pub content: Field<String>,
    /// For staff
    #[schema(value_type = Option<bool>)]
    #[serde(default)]
    pub is_internal: Field<bool>,
    /// Files that the caller has uploaded, by their ids
    #[schema(value_type = Option<Vec<i64>>, max_items = 20)]
    #[serde(default)]
    pub attachments: Field<Vec<i64>>,
}

/// `PUT /tickets/{id}/comments/{comment_id}`
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = ApiNewContent, example = json!({ "content": "已开始调查该问题，预计今天完成" }))]
pub struct NewContent {
    #[schema(value_type = String, required, min_length = 1, max_length = 200_000, pattern = r"^[^\x00]*[^\s\x00][^\x00]*$")]
    #[serde(default)]
    pub content: Field<String>,
}

/// `GET /tickets?…` A page or limit that is out of bounds is moved into them.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TicketsQuery {
    /// 页码 (默认: 1)
    #[param(value_type = i64, required = false, example = 1)]
    pub page: Option<String>,
    /// 每页数量 (默认: 20, 最大: 100)
    #[param(value_type = i64, required = false, example = 20)]
    pub limit: Option<String>,
    /// The same as `limit`.
    #[param(value_type = i64, required = false)]
    pub page_size: Option<String>,
    /// 状态筛选, 逗号分隔
    #[param(value_type = String, required = false, example = "open,in_progress", pattern = r"^(open|in_progress|pending|resolved|closed|cancelled)(,(open|in_progress|pending|resolved|closed|cancelled))*$")]
    pub status: Option<String>,
    /// 优先级筛选, 逗号分隔
    #[param(value_type = String, required = false, example = "high,urgent", pattern = r"^(low|normal|high|urgent|critical)(,(low|normal|high|urgent|critical))*$")]
    pub priority: Option<String>,
    /// 类型筛选, 逗号分隔
    #[serde(rename = "type")]
    #[param(value_type = String, required = false, example = "incident", pattern = r"^(incident|request|problem|change|complaint|consultation)(,(incident|request|problem|change|complaint|consultation))*$")]
    pub kind: Option<String>,
    /// 分配人ID, 逗号分隔
    #[param(value_type = String, required = false, pattern = r"^-?[0-9]{1,18}(,-?[0-9]{1,18}){0,99}$")]
    pub assigned_to_id: Option<String>,
    /// The same as `assigned_to_id`.
    #[param(value_type = String, required = false, pattern = r"^-?[0-9]{1,18}(,-?[0-9]{1,18}){0,99}$")]
    pub assigned_to: Option<String>,
    /// 创建人ID, 逗号分隔
    #[param(value_type = String, required = false, pattern = r"^-?[0-9]{1,18}(,-?[0-9]{1,18}){0,99}$")]
    pub created_by_id: Option<String>,
    /// The same as `created_by_id`.
    #[param(value_type = String, required = false, pattern = r"^-?[0-9]{1,18}(,-?[0-9]{1,18}){0,99}$")]
    pub created_by: Option<String>,
    /// 分类ID, 逗号分隔
    #[param(value_type = String, required = false, pattern = r"^-?[0-9]{1,18}(,-?[0-9]{1,18}){0,99}$")]
    pub category_id: Option<String>,
    /// 工单ID, 逗号分隔
    #[param(value_type = String, required = false, pattern = r"^-?[0-9]{1,18}(,-?[0-9]{1,18}){0,99}$")]
    pub ids: Option<String>,
    /// 标签, 逗号分隔: tickets that have all of them
    #[param(value_type = String, required = false, example = "登录,认证", pattern = r"^[^,\x00-\x1f\x7f-\x9f]{0,50}(,[^,\x00-\x1f\x7f-\x9f]{0,50}){0,49}$")]
    pub tags: Option<String>,
    /// 搜索关键词
    #[param(value_type = String, required = false, example = "登录", max_length = 500, pattern = r"^[^\x00]*$")]
    pub search: Option<String>,
    /// The same as `search`.
    #[param(value_type = String, required = false, max_length = 500, pattern = r"^[^\x00]*$")]
    pub q: Option<String>,
    /// Assigned to the caller.
    #[param(value_type = bool, required = false)]
    pub assigned_to_me: Option<String>,
    /// Nobody's, or somebody's.
    #[param(value_type = bool, required = false)]
    pub unassigned: Option<String>,
    #[param(value_type = bool, required = false)]
    pub is_overdue: Option<String>,
    #[param(value_type = bool, required = false)]
    pub sla_breached: Option<String>,
    #[param(value_type = bool, required = false)]
    pub is_escalated: Option<String>,
    /// Those of the last hours, days or weeks (`24h`, `7d`, `4w`), whole days; or places in the list, as `[0,24]`.
    #[param(value_type = String, required = false, example = "30d", pattern = r"^[1-9][0-9]{0,2}[hdw]$")]
    pub range: Option<String>,
    /// All of these as one JSON object; what stands beside it as a parameter of its own counts for more.
    #[param(value_type = String, required = false, example = r#"{"q":"登录","status":["open","pending"]}"#, pattern = r#"^\{("q":"[A-Za-z0-9]{1,20}")?\}$"#)]
    pub filter: Option<String>,
    /// 排序字段 (created_at,updated_at,due_date,priority); also `created_at:desc` and `["created_at","DESC"]`
    #[param(value_type = String, required = false, example = "created_at", pattern = r"^(id|created_at|updated_at|due_date|sla_due_date|priority)(:(asc|desc))?$")]
    pub sort: Option<String>,
    /// 排序方向 (asc,desc)
    #[param(value_type = String, required = false, example = "desc", pattern = "^(asc|desc)$")]
    pub order: Option<String>,
    /// The same as `sort`.
    #[param(value_type = String, required = false, pattern = "^(id|created_at|updated_at|due_date|sla_due_date|priority)$")]
    pub sort_by: Option<String>,
    /// The same as `order`.
    #[param(value_type = String, required = false, pattern = "^(asc|desc)$")]
    pub sort_order: Option<String>,
}

/// The short lists: what they are of is said by their name.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PileQuery {
    /// 页码 (默认: 1)
    #[param(value_type = i64, required = false, example = 1)]
    pub page: Option<String>,
    /// 数量限制 (最大: 100)
    #[param(value_type = i64, required = false, example = 10)]
    pub limit: Option<String>,
    /// The same as `limit`.
    #[param(value_type = i64, required = false)]
    pub page_size: Option<String>,
    /// 状态筛选, 逗号分隔
    #[param(value_type = String, required = false, example = "open,in_progress", pattern = r"^(open|in_progress|pending|resolved|closed|cancelled)(,(open|in_progress|pending|resolved|closed|cancelled))*$")]
    pub status: Option<String>,
    /// 优先级筛选, 逗号分隔
    #[param(value_type = String, required = false, example = "high,urgent", pattern = r"^(low|normal|high|urgent|critical)(,(low|normal|high|urgent|critical))*$")]
    pub priority: Option<String>,
    /// 分类ID, 逗号分隔
    #[param(value_type = String, required = false, pattern = r"^-?[0-9]{1,18}(,-?[0-9]{1,18}){0,99}$")]
    pub category_id: Option<String>,
}

/// `GET /tickets/stats?…`
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TicketStatsQuery {
    /// Only tickets created in the last hours, days or weeks (`24h`, `7d`, `4w`), whole days.
    #[param(value_type = String, required = false, example = "7d", pattern = r"^[1-9][0-9]{0,2}[hdw]$")]
    pub range: Option<String>,
}

/// `GET /tickets/{id}/history?…`
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct HistoryQuery {
    /// 页码 (默认: 1)
    #[param(value_type = i64, required = false, example = 1)]
    pub page: Option<String>,
    /// 每页数量 (默认: 100, 最大: 100)
    #[param(value_type = i64, required = false, example = 100)]
    pub limit: Option<String>,
    /// The same as `limit`.
    #[param(value_type = i64, required = false)]
    pub page_size: Option<String>,
}

/// `GET /tickets/{id}/attachments?…`
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TicketFilesQuery {
    /// 页码 (默认: 1)
    #[param(value_type = i64, required = false, example = 1)]
    pub page: Option<String>,
    /// 每页数量 (默认: 100, 最大: 100)
    #[param(value_type = i64, required = false, example = 100)]
    pub limit: Option<String>,
    /// The same as `limit`.
    #[param(value_type = i64, required = false)]
    pub page_size: Option<String>,
}

/// `GET /tickets/{id}/comments?…`
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TicketCommentsQuery {
    /// 页码 (默认: 1)
    #[param(value_type = i64, required = false, example = 1)]
    pub page: Option<String>,
    /// 每页数量 (默认: 100, 最大: 100)
    #[param(value_type = i64, required = false, example = 100)]
    pub limit: Option<String>,
    /// The same as `limit`.
    #[param(value_type = i64, required = false)]
    pub page_size: Option<String>,
    /// 排序方向 (asc,desc); `asc` if not given
    #[param(value_type = String, required = false, pattern = "^(asc|desc)$")]
    pub order: Option<String>,
}
