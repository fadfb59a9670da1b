//! What clients of `/v1` send: bodies and query strings.
//!
//! The patterns say what the model holds everybody to: no NUL, which PostgreSQL can't store, and something to be seen.

use super::words;
use crate::http::field::Field;
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

/// `POST /tickets`
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = V1NewTicket, example = json!({
    "title": "无法登录账号",
    "description": "我尝试使用正确的密码登录，但系统提示密码错误。我已经重置过密码，但问题依然存在。",
    "category": "technical",
    "priority": "high",
    "tags": ["login", "password"],
    "metadata": { "browser": "Chrome 120", "os": "Windows 11" },
}))]
pub struct NewTicket {
    /// 工单标题，1-200字符
    #[schema(value_type = String, required, min_length = 1, max_length = 200,
        pattern = r"^[^\x00]*[^\s\x00-\x1f\x7f-\x9f][^\x00]*$")]
    #[serde(default)]
    pub title: Field<String>,
    /// 详细描述，最多5000字符
    #[schema(value_type = String, required, min_length = 1, max_length = 5000, pattern = r"^[^\x00]*[^\s\x00][^\x00]*$")]
    #[serde(default)]
    pub description: Field<String>,
    #[schema(value_type = words::Category, required)]
    #[serde(default)]
    pub category: Field<String>,
    #[schema(value_type = words::Priority, required)]
    #[serde(default)]
    pub priority: Field<String>,
    /// 标签列表
    #[schema(value_type = Option<Vec<words::Tag>>, max_items = 50)]
    #[serde(default)]
    pub tags: Field<Vec<String>>,
    /// 自定义元数据
    #[schema(value_type = Option<Object>)]
    #[serde(default)]
    pub metadata: Field<Map<String, Value>>,
}

/// `POST /tickets/:id/assign`
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = V1Assign)]
pub struct Assign {
    /// 处理人ID
    #[schema(value_type = i64, required, example = 5)]
    #[serde(default)]
    pub assignee_id: Field<i64>,
}

/// `PATCH /tickets/:id/status`
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = V1NewStatus, example = json!({ "status": "in_progress", "reason": "开始处理此问题" }))]
pub struct NewStatus {
    /// 目标状态
    #[schema(value_type = words::Status, required)]
    #[serde(default)]
    pub status: Field<String>,
    /// 状态变更原因
    #[schema(value_type = Option<String>, max_length = 500, pattern = r"^[^\x00]*$")]
    #[serde(default)]
    pub reason: Field<String>,
}

/// `PATCH /tickets/:id/priority`
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = V1NewPriority, example = json!({ "priority": "urgent" }))]
pub struct NewPriority {
    #[schema(value_type = words::Priority, required)]
    #[serde(default)]
    pub priority: Field<String>,
}

/// `POST /tickets/:id/close` and `/reopen`
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = V1Reason)]
pub struct Reason {
    #[schema(value_type = String, required, min_length = 1, max_length = 500, pattern = r"^[^\x00]*[^\s\x00][^\x00]*$",
        example = "问题已解决，用户确认满意")]
    #[serde(default)]
    pub reason: Field<String>,
}

/// `POST /tickets/:id/comments`
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = V1NewComment, example = json!({
    "content": "我已经检查了数据库日志，发现是密码加密方式升级导致的问题。我会在今天下午修复。",
    "is_internal": false,
}))]
pub struct NewComment {
    /// 评论内容，最多10000字符
    #[schema(value_type = String, required, min_length = 1, max_length = 10000, pattern = r"^[^\x00]*[^\s\x00][^\x00]*$")]
    #[serde(default)]
    pub content: Field<String>,
    /// 是否为内部备注（仅Agent/Admin可见）
    #[schema(value_type = Option<bool>)]
    #[serde(default)]
    pub is_internal: Field<bool>,
}

/// `PATCH /tickets/:ticket_id/comments/:comment_id`
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = V1NewContent)]
pub struct NewContent {
    #[schema(value_type = String, required, min_length = 1, max_length = 10000, pattern = r"^[^\x00]*[^\s\x00][^\x00]*$",
        example = "更新后的评论内容")]
    #[serde(default)]
    pub content: Field<String>,
}

/// `GET /tickets?…`
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TicketsQuery {
    /// 页码; below 1 it is 1
    #[param(value_type = i64, required = false, example = 1)]
    pub page: Option<String>,
    /// 每页数量（1-100）; what is below is 20, what is above is 100
    #[param(value_type = i64, required = false, example = 20)]
    pub page_size: Option<String>,
    /// 状态过滤
    #[param(inline, value_type = words::Status, required = false, example = "in_progress")]
    pub status: Option<String>,
    /// 优先级过滤
    #[param(inline, value_type = words::Priority, required = false, example = "high")]
    pub priority: Option<String>,
    /// 分类过滤
    #[param(inline, value_type = words::Category, required = false, example = "technical")]
    pub category: Option<String>,
    /// 处理人ID
    #[param(value_type = i64, required = false, example = 5)]
    pub assignee_id: Option<String>,
    /// 创建人ID（仅Admin; everybody may name themselves）
    #[param(value_type = i64, required = false, example = 1)]
    pub creator_id: Option<String>,
    /// 是否超期
    #[param(value_type = bool, required = false, example = true)]
    pub overdue: Option<String>,
    /// 标签过滤，逗号分隔: tickets that have all of them
    #[param(value_type = String, required = false, example = "login,password", pattern = r"^[^,\x00-\x1f\x7f-\x9f]{0,50}(,[^,\x00-\x1f\x7f-\x9f]{0,50}){0,49}$")]
    pub tags: Option<String>,
    /// 排序字段; `created_at` if not given
    #[param(inline, value_type = words::SortBy, required = false, example = "created_at")]
    pub sort_by: Option<String>,
    /// 排序方向; `desc` if not given
    #[param(inline, value_type = words::SortOrder, required = false, example = "desc")]
    pub sort_order: Option<String>,
    /// 全文搜索（标题和描述）
    #[param(value_type = String, required = false, example = "登录", max_length = 500, pattern = r"^[^\x00]*$")]
    pub search: Option<String>,
}

/// `GET /tickets/:id/comments?…`
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CommentsQuery {
    /// 页码; below 1 it is 1
    #[param(value_type = i64, required = false, example = 1)]
    pub page: Option<String>,
    /// 每页数量; what is below 1 is 50, what is above 100 is 100
    #[param(value_type = i64, required = false, example = 50)]
    pub page_size: Option<String>,
    /// 是否包含内部备注（仅Agent/Admin）
    #[param(value_type = bool, required = false, example = true)]
    pub include_internal: Option<String>,
}

/// `GET /tickets/stats?…`
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct StatsQuery {
    /// 开始日期
    #[param(value_type = String, required = false, format = Date, example = "2024-10-01")]
    pub start_date: Option<String>,
    /// 结束日期, not before the first
    #[param(value_type = String, required = false, format = Date, example = "2024-10-31")]
    pub end_date: Option<String>,
    /// 按处理人过滤
    #[param(value_type = i64, required = false, example = 5)]
    pub assignee_id: Option<String>,
}

/// `GET /tickets/sla-report?…`
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ReportQuery {
    /// 开始日期
    #[param(value_type = String, required = true, format = Date, example = "2024-10-01")]
    pub start_date: Option<String>,
    /// 结束日期, not before the first
    #[param(value_type = String, required = true, format = Date, example = "2024-10-31")]
    pub end_date: Option<String>,
    /// 分组维度; priorities are always there
    #[param(inline, value_type = words::GroupBy, required = false, example = "assignee")]
    pub group_by: Option<String>,
}
