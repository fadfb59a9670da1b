//! The words of `/api` for the OpenAPI document. On the wire they are plain text; the files beside the handlers read and
//! write them, and their tests compare the words with these.
#![expect(dead_code, reason = "they describe, and are never made")]

use utoipa::ToSchema;

/// 状态
#[derive(ToSchema)]
#[schema(as = ApiStatus, rename_all = "snake_case")]
pub enum Status {
    Open,
    InProgress,
    Pending,
    Resolved,
    Closed,
    Cancelled,
}

/// 状态. `reopened` opens a ticket again that was resolved, closed or cancelled; it is shown as `open` then.
#[derive(ToSchema)]
#[schema(as = ApiNewStatus, rename_all = "snake_case")]
pub enum NewStatus {
    Open,
    InProgress,
    Pending,
    Resolved,
    Closed,
    Cancelled,
    Reopened,
}

/// 优先级
#[derive(ToSchema)]
#[schema(as = ApiPriority, rename_all = "snake_case")]
pub enum Priority {
    Low,
    Normal,
    High,
    Urgent,
    Critical,
}

/// 类型. Types that other surfaces know are shown by the nearest of these.
#[derive(ToSchema)]
#[schema(as = ApiType, rename_all = "snake_case")]
pub enum Type {
    Incident,
    Request,
    Problem,
    Change,
    Complaint,
    Consultation,
}

/// What a rule of an SLA configuration does
#[derive(ToSchema)]
#[schema(as = ApiEscalationAction, rename_all = "snake_case")]
pub enum EscalationAction {
    NotifyAdmin,
    EscalateToManager,
    ChangePriority,
}

/// 来源
#[derive(ToSchema)]
#[schema(as = ApiSource, rename_all = "snake_case")]
pub enum Source {
    Web,
    Email,
    Phone,
    Chat,
    Api,
    Mobile,
}

/// What a ticket's history tells of (操作).
#[derive(ToSchema)]
#[schema(as = ApiAction, rename_all = "snake_case")]
pub enum Action {
    Create,
    Update,
    StatusChange,
    PriorityChange,
    Assign,
    Unassign,
    Comment,
    Attachment,
    Close,
    Reopen,
    Escalate,
    Merge,
    Split,
    Transfer,
    Resolve,
    Reject,
    Approve,
    System,
}
