//! Notifications (通知管理接口).

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A notification, in its reader's language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ApiNotification)]
pub struct Notification {
    #[schema(example = 1)]
    pub id: i64,
    #[serde(rename = "type")]
    #[schema(example = "ticket_assigned")]
    pub kind: &'static str,
    #[schema(example = "工单已分配")]
    pub title: String,
    #[schema(example = "工单 TK-2025-001 已分配给您")]
    pub message: String,
    /// The same as `message`.
    #[schema(example = "工单 TK-2025-001 已分配给您")]
    pub content: String,
    pub data: NotificationData,
    /// normal, where nobody wrote it by hand and said otherwise.
    #[schema(example = "normal")]
    pub priority: &'static str,
    /// Where it leads, where somebody wrote it by hand and said so.
    #[schema(required)]
    pub action_url: Option<String>,
    /// The same as `data.ticket_id`.
    #[schema(required, example = 1)]
    pub related_ticket_id: Option<i64>,
    #[schema(example = false)]
    pub is_read: bool,
    #[schema(required, format = DateTime)]
    pub read_at: Option<String>,
    #[schema(example = "2025-01-01T14:00:00Z", format = DateTime)]
    pub created_at: String,
}

/// What it is about; empty where it is about no ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ApiNotificationData)]
pub struct NotificationData {
    #[schema(required, example = 1)]
    pub ticket_id: Option<i64>,
    #[schema(required, example = "TK-2025-001")]
    pub ticket_number: Option<String>,
}

/// How many there are, for clients that look beside `data`, too.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = ApiCounted)]
pub struct Counted {
    #[schema(example = true)]
    pub success: bool,
    #[schema(example = 0)]
    pub code: i64,
    #[schema(example = "")]
    pub message: &'static str,
    #[schema(example = "")]
    pub msg: &'static str,
    pub data: Count,
    /// The same as `data.count`.
    #[schema(example = 5)]
    pub count: i64,
}

impl Counted {
    pub fn new(count: i64) -> Self {
        Self { success: true, code: 0, message: "", msg: "", data: Count { count }, count }
    }
}

impl IntoResponse for Counted {
    fn into_response(self) -> Response {
        Json(self).into_response()
    }
}

/// How many there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ApiCount)]
pub struct Count {
    #[schema(example = 5)]
    pub count: i64,
}

/// `GET /notifications`
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct NotificationsQuery {
    /// 页码; below 1 it is 1
    #[param(value_type = i64, required = false, example = 1)]
    pub page: Option<String>,
    /// 每页数量; what is below 1 is 20, what is above 100 is 100
    #[param(value_type = i64, required = false, example = 20)]
    pub limit: Option<String>,
    /// The same as `limit`, and the list comes in `data.items`
    #[param(value_type = i64, required = false, example = 20)]
    pub page_size: Option<String>,
    /// So many are passed over; then `page` says nothing
    #[param(value_type = i64, required = false, minimum = 0, example = 0)]
    pub offset: Option<String>,
    /// 仅未读
    #[param(value_type = bool, required = false, example = true)]
    pub unread: Option<String>,
    /// `false` lists what was not read, `true` what was
    #[param(value_type = bool, required = false, example = false)]
    pub is_read: Option<String>,
    /// They always come newest first; whoever says this looks for the list in `data.items`
    #[param(value_type = String, required = false, example = "created_at")]
    pub order_by: Option<String>,
}
