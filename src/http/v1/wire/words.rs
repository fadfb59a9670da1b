//! The words of `/v1` for the OpenAPI document. On the wire they are plain text, which `convert.rs` reads and writes; its
//! tests compare its words with these.
#![expect(dead_code, reason = "they describe, and are never made")]

use utoipa::ToSchema;

/// 状态. A withdrawn ticket is shown as `closed`.
#[derive(ToSchema)]
#[schema(as = V1Status, rename_all = "snake_case")]
pub enum Status {
    New,
    Open,
    InProgress,
    Pending,
    Resolved,
    Closed,
    Reopened,
}

/// 优先级
#[derive(ToSchema)]
#[schema(as = V1Priority, rename_all = "snake_case")]
pub enum Priority {
    Low,
    Medium,
    High,
    Urgent,
}

/// 分类. A category of another name is shown as the nearest one above it that is among these, else as `other`.
#[derive(ToSchema)]
#[schema(as = V1Category, rename_all = "snake_case")]
pub enum Category {
    Technical,
    Account,
    Billing,
    Feature,
    Complaint,
    Other,
}

/// What a list is ordered by.
#[derive(ToSchema)]
#[schema(as = V1SortBy, rename_all = "snake_case")]
pub enum SortBy {
    CreatedAt,
    Priority,
    SlaDueTime,
}

#[derive(ToSchema)]
#[schema(as = V1SortOrder, rename_all = "snake_case")]
pub enum SortOrder {
    Asc,
    Desc,
}

/// What a report is divided by.
#[derive(ToSchema)]
#[schema(as = V1GroupBy, rename_all = "snake_case")]
pub enum GroupBy {
    Assignee,
    Priority,
    Category,
}

/// 1 to 50 characters on one line, without a comma.
#[derive(ToSchema)]
#[schema(
    as = V1Tag,
    min_length = 1,
    max_length = 50,
    pattern = r"^[^,\x00]*[^,\s\x00-\x1f\x7f-\x9f][^,\x00]*$",
    example = "login"
)]
pub struct Tag(String);
