//! What clients of `/v1` are told of tickets and comments.

use super::words;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// Somebody on a ticket. The address is empty for those who may not know it.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = V1Person, example = json!({ "id": 1, "name": "张三", "email": "zhangsan@example.com" }))]
pub struct Person {
    pub id: i64,
    pub name: String,
    #[schema(required)]
    pub email: Option<String>,
}

/// Somebody who wrote a comment; 0 is nobody with an account.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = V1Author, example = json!({ "id": 5, "name": "客服李四" }))]
pub struct Author {
    pub id: i64,
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub avatar: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = V1Opened)]
pub struct Opened {
    #[schema(example = 123)]
    pub ticket_id: i64,
    #[schema(example = "T-20241023-0001")]
    pub number: String,
    #[schema(example = "无法登录账号")]
    pub title: String,
    #[schema(value_type = words::Status)]
    pub status: &'static str,
    #[schema(value_type = words::Priority)]
    pub priority: &'static str,
    #[schema(format = DateTime, example = "2024-10-24T10:30:00Z")]
    pub sla_due_time: String,
    #[schema(format = DateTime, example = "2024-10-23T10:30:00Z")]
    pub created_at: String,
}

/// 工单
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = V1Ticket)]
pub struct Ticket {
    #[schema(example = 123)]
    pub id: i64,
    /// 工单号
    #[schema(example = "T-20241023-0001")]
    pub number: String,
    #[schema(example = "无法登录账号")]
    pub title: String,
    #[schema(example = "我尝试使用正确的密码登录...")]
    pub description: String,
    #[schema(value_type = words::Category)]
    pub category: &'static str,
    #[schema(value_type = words::Priority)]
    pub priority: &'static str,
    #[schema(value_type = words::Status)]
    pub status: &'static str,
    #[schema(example = 1)]
    pub creator_id: i64,
    #[schema(required)]
    pub creator: Option<Person>,
    #[schema(required, example = 5)]
    pub assignee_id: Option<i64>,
    #[schema(required)]
    pub assignee: Option<Person>,
    #[schema(example = json!(["login", "password"]))]
    pub tags: Vec<String>,
    #[schema(value_type = Object, example = json!({ "browser": "Chrome 120", "os": "Windows 11" }))]
    pub metadata: Map<String, Value>,
    /// SLA到期时间
    #[schema(format = DateTime, example = "2024-10-24T10:30:00Z")]
    pub sla_due_time: String,
    /// 首次响应时间
    #[schema(required, format = DateTime, example = "2024-10-23T11:15:00Z")]
    pub response_time: Option<String>,
    /// 解决时间
    #[schema(required, format = DateTime)]
    pub resolved_time: Option<String>,
    #[schema(format = DateTime, example = "2024-10-23T10:30:00Z")]
    pub created_at: String,
    #[schema(format = DateTime, example = "2024-10-23T14:20:00Z")]
    pub updated_at: String,
    #[schema(required, format = DateTime)]
    pub closed_at: Option<String>,
    /// Those that everybody who sees the ticket can list.
    #[schema(example = 3)]
    pub comments_count: i64,
    pub is_overdue: bool,
}

/// 工单 in a list
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = V1TicketRow)]
pub struct TicketRow {
    #[schema(example = 123)]
    pub id: i64,
    #[schema(example = "T-20241023-0001")]
    pub number: String,
    #[schema(example = "无法登录账号")]
    pub title: String,
    #[schema(value_type = words::Category)]
    pub category: &'static str,
    #[schema(value_type = words::Priority)]
    pub priority: &'static str,
    #[schema(value_type = words::Status)]
    pub status: &'static str,
    #[schema(example = 1)]
    pub creator_id: i64,
    #[schema(required, example = "张三")]
    pub creator_name: Option<String>,
    #[schema(required, example = 5)]
    pub assignee_id: Option<i64>,
    #[schema(required, example = "客服李四")]
    pub assignee_name: Option<String>,
    #[schema(example = json!(["login", "password"]))]
    pub tags: Vec<String>,
    #[schema(format = DateTime, example = "2024-10-24T10:30:00Z")]
    pub sla_due_time: String,
    #[schema(format = DateTime, example = "2024-10-23T10:30:00Z")]
    pub created_at: String,
    #[schema(format = DateTime, example = "2024-10-23T14:20:00Z")]
    pub updated_at: String,
    pub is_overdue: bool,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = V1Assigned)]
pub struct Assigned {
    #[schema(example = 123)]
    pub ticket_id: i64,
    #[schema(required, example = 5)]
    pub assignee_id: Option<i64>,
    #[schema(value_type = words::Status)]
    pub status: &'static str,
    #[schema(format = DateTime, example = "2024-10-23T14:20:00Z")]
    pub updated_at: String,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = V1StatusWritten)]
pub struct StatusWritten {
    #[schema(example = 123)]
    pub ticket_id: i64,
    #[schema(value_type = words::Status)]
    pub old_status: &'static str,
    #[schema(value_type = words::Status)]
    pub new_status: &'static str,
    #[schema(format = DateTime, example = "2024-10-23T14:25:00Z")]
    pub updated_at: String,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = V1PriorityWritten)]
pub struct PriorityWritten {
    #[schema(example = 123)]
    pub ticket_id: i64,
    #[schema(value_type = words::Priority)]
    pub old_priority: &'static str,
    #[schema(value_type = words::Priority)]
    pub new_priority: &'static str,
    #[schema(format = DateTime, example = "2024-10-23T15:30:00Z")]
    pub sla_due_time: String,
    #[schema(format = DateTime, example = "2024-10-23T14:30:00Z")]
    pub updated_at: String,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = V1Closed)]
pub struct Closed {
    #[schema(example = 123)]
    pub ticket_id: i64,
    #[schema(value_type = words::Status)]
    pub status: &'static str,
    #[schema(required, format = DateTime, example = "2024-10-23T16:00:00Z")]
    pub closed_at: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = V1Reopened)]
pub struct Reopened {
    #[schema(example = 123)]
    pub ticket_id: i64,
    #[schema(value_type = words::Status)]
    pub status: &'static str,
    #[schema(format = DateTime, example = "2024-10-24T09:00:00Z")]
    pub updated_at: String,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = V1CommentAdded)]
pub struct CommentAdded {
    #[schema(example = 456)]
    pub comment_id: i64,
    #[schema(example = 123)]
    pub ticket_id: i64,
    pub user: Author,
    #[schema(example = "我已经检查了数据库日志...")]
    pub content: String,
    pub is_internal: bool,
    #[schema(format = DateTime, example = "2024-10-23T15:30:00Z")]
    pub created_at: String,
}

/// 评论
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = V1Comment)]
pub struct Comment {
    #[schema(example = 456)]
    pub id: i64,
    #[schema(example = 123)]
    pub ticket_id: i64,
    pub user: Author,
    #[schema(example = "已修复，请重新登录测试")]
    pub content: String,
    pub is_internal: bool,
    #[schema(format = DateTime, example = "2024-10-23T15:45:00Z")]
    pub created_at: String,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = V1CommentEdited)]
pub struct CommentEdited {
    #[schema(example = 456)]
    pub comment_id: i64,
    #[schema(example = "更新后的评论内容")]
    pub content: String,
    #[schema(format = DateTime, example = "2024-10-23T16:10:00Z")]
    pub updated_at: String,
}
