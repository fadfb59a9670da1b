//! Trusted devices, the history of logins, and one's own page.

use crate::http::field::Field;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiTrustedDevice)]
pub struct TrustedDevice {
    #[schema(example = 12)]
    pub id: i64,
    #[schema(example = "Personal Mac")]
    pub device_name: String,
    #[schema(example = "2025-01-02T08:12:30Z", format = DateTime)]
    pub last_used_at: String,
    #[schema(required, example = "203.0.113.5")]
    pub last_ip: Option<String>,
    #[schema(required, example = "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5)")]
    pub user_agent: Option<String>,
    #[schema(example = "2025-02-01T08:12:30Z", format = DateTime)]
    pub expires_at: String,
    /// Always false: those that are revoked are not listed.
    pub revoked: bool,
    #[schema(example = "2025-01-01T07:45:12Z", format = DateTime)]
    pub created_at: String,
    #[schema(example = "2025-01-02T08:12:30Z", format = DateTime)]
    pub updated_at: String,
}

/// `GET /user/login-history`
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub struct LoginHistoryQuery {
    #[param(value_type = Option<i64>, example = 1)]
    pub page: Option<String>,
    /// At most 100; what is out of bounds is moved into them.
    #[param(value_type = Option<i64>, example = 20)]
    pub page_size: Option<String>,
    /// The same as `page_size`.
    #[param(value_type = Option<i64>)]
    pub limit: Option<String>,
    #[param(example = "203.0.113.5")]
    pub ip_address: Option<String>,
    /// `desktop` or `mobile`.
    #[param(example = "desktop")]
    pub device_type: Option<String>,
    /// `password`, `password+otp`, `password+backup`, `password+trusted`, `register`.
    #[param(example = "password")]
    pub login_method: Option<String>,
    #[param(value_type = Option<i64>)]
    pub session_id: Option<String>,
    /// Whether the session still goes on.
    #[param(value_type = Option<bool>)]
    pub is_active: Option<String>,
    /// `success` or `failed`.
    #[param(value_type = Option<LoginStatus>)]
    pub status: Option<String>,
    /// RFC 3339, or a day.
    #[param(example = "2025-01-01")]
    pub start_date: Option<String>,
    /// RFC 3339, or a day, which is part of it.
    #[param(example = "2030-12-31")]
    pub end_date: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ApiLoginStatus)]
#[serde(rename_all = "snake_case")]
pub enum LoginStatus {
    Success,
    Failed,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiLoginRecord)]
pub struct LoginRecord {
    #[schema(example = 21)]
    pub id: i64,
    #[schema(example = "2025-01-02T08:00:00Z", format = DateTime)]
    pub login_time: String,
    #[schema(required, example = "203.0.113.5")]
    pub ip_address: Option<String>,
    #[schema(example = "desktop - macOS")]
    pub device_info: String,
    /// `desktop` or `mobile`.
    #[schema(example = "desktop")]
    pub device_type: &'static str,
    #[schema(required, example = "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5)")]
    pub user_agent: Option<String>,
    #[schema(example = "password+trusted")]
    pub login_method: String,
    pub status: LoginStatus,
    /// The same.
    pub login_status: LoginStatus,
    /// Empty where it failed.
    #[schema(required, example = 5)]
    pub session_id: Option<i64>,
    pub is_active: bool,
    #[schema(required, example = "2025-01-02T09:00:00Z", format = DateTime)]
    pub logout_time: Option<String>,
}

/// `PUT /user/profile`; what is left out stays, an empty text takes away.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = ApiProfile, example = json!({ "first_name": "三", "last_name": "张", "phone": "13800138000" }))]
pub struct Profile {
    #[schema(value_type = Option<String>, max_length = 50)]
    #[serde(default)]
    pub username: Field<String>,
    #[schema(value_type = Option<String>, max_length = 254)]
    #[serde(default)]
    pub email: Field<String>,
    #[schema(value_type = Option<String>, max_length = 100)]
    #[serde(default)]
    pub first_name: Field<String>,
    #[schema(value_type = Option<String>, max_length = 100)]
    #[serde(default)]
    pub last_name: Field<String>,
    #[schema(value_type = Option<String>, max_length = 200)]
    #[serde(default)]
    pub display_name: Field<String>,
    #[schema(value_type = Option<String>, max_length = 50)]
    #[serde(default)]
    pub phone: Field<String>,
    #[schema(value_type = Option<String>, max_length = 2000)]
    #[serde(default)]
    pub avatar_url: Field<String>,
    /// The language of what is written to them, `zh-CN` or `en`.
    #[schema(value_type = Option<String>, max_length = 20)]
    #[serde(default)]
    pub language: Field<String>,
}

/// How one's own tickets stand.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiUserStats)]
pub struct UserStats {
    pub created: TicketCounts,
    pub assigned: TicketCounts,
    /// Assigned, still worked on, and late.
    #[schema(example = 0)]
    pub overdue_assigned: i64,
    /// What one has written to tickets, their descriptions among it.
    #[schema(example = 12)]
    pub comments: i64,
    #[schema(example = 30)]
    pub notifications: i64,
    #[schema(example = 5)]
    pub unread_notifications: i64,
    #[schema(example = 12)]
    pub login_count: i64,
    #[schema(required, example = "2025-01-02T08:00:00Z", format = DateTime)]
    pub last_login_at: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiTicketCounts)]
pub struct TicketCounts {
    #[schema(example = 5)]
    pub total: i64,
    #[schema(example = 1)]
    pub open: i64,
    #[schema(example = 1)]
    pub in_progress: i64,
    #[schema(example = 0)]
    pub pending: i64,
    #[schema(example = 1)]
    pub resolved: i64,
    #[schema(example = 2)]
    pub closed: i64,
    #[schema(example = 0)]
    pub cancelled: i64,
}
