//! The server itself: whether it works, its figures, one's own figures, and clean-ups.

use super::{Person, Stats};
use crate::http::field::Field;
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

/// How it is (`GET /health`).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiHealth)]
pub struct Health {
    /// Always healthy; what is not is told as a refusal.
    #[schema(example = "healthy")]
    pub status: &'static str,
    #[schema(example = "connected")]
    pub database: &'static str,
    /// sqlite or postgres.
    #[schema(example = "sqlite")]
    pub database_kind: &'static str,
    #[schema(example = "0.1.0")]
    pub version: &'static str,
    #[schema(example = "2025-01-01T12:00:00Z", format = DateTime)]
    pub timestamp: String,
}

/// A round trip that worked.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiRoundTrip)]
pub struct RoundTrip {
    #[schema(example = true)]
    pub success: bool,
    #[schema(example = 0)]
    pub code: i64,
    pub message: &'static str,
    pub msg: &'static str,
    /// Always ok; what is not is told as a refusal.
    #[schema(example = "ok")]
    pub status: &'static str,
    pub data: StandIn,
}

/// What does here what Redis does elsewhere.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiStandIn)]
pub struct StandIn {
    /// Always false: there is none.
    #[schema(example = false)]
    pub redis: bool,
    /// The database, out of which and past which events are handed on: sqlite or postgres.
    #[schema(example = "sqlite")]
    pub backend: &'static str,
}

impl IntoResponse for RoundTrip {
    fn into_response(self) -> Response {
        (StatusCode::OK, Json(self)).into_response()
    }
}

/// Whether mail goes out (`GET /email-status`).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiEmailStatus)]
pub struct EmailStatus {
    /// ready, disabled (somebody switched it off) or not_configured (no mail server is set).
    #[schema(example = "ready")]
    pub status: &'static str,
    #[schema(example = true)]
    pub is_enabled: bool,
    #[schema(example = true)]
    pub is_configured: bool,
}

/// `GET /admin/analytics/system`
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AnalyticsQuery {
    /// Only tickets created, and deliveries settled, in the last hours, days or weeks (`24h`, `7d`, `4w`), whole days
    #[param(value_type = String, required = false, example = "7d", pattern = r"^[1-9][0-9]{0,2}[hdw]$")]
    pub range: Option<String>,
}

/// Figures of the whole installation.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiSystemStats)]
pub struct SystemStats {
    pub users: UserFigures,
    pub tickets: Stats,
    pub sla: SlaFigures,
    pub deliveries: DeliveryFigures,
    pub database: DatabaseFigures,
    pub server: ServerFigures,
}

/// Accounts, locked ones among them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiUserFigures)]
pub struct UserFigures {
    pub total: i64,
    /// user, agent, supervisor, admin.
    pub by_role: BTreeMap<&'static str, i64>,
    /// active, inactive, suspended.
    pub by_status: BTreeMap<&'static str, i64>,
}

/// How the service levels were kept.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiSlaFigures)]
pub struct SlaFigures {
    /// Percent of the tickets that missed no target; `null` where there are none.
    #[schema(required, example = 98.5)]
    pub compliance_rate: Option<f64>,
    pub breached: i64,
    /// Not finished, and past the time by which they should be resolved.
    pub overdue: i64,
    pub responded: i64,
    pub response_met: i64,
    #[schema(required)]
    pub average_response_minutes: Option<f64>,
    pub resolved: i64,
    pub resolution_met: i64,
    #[schema(required)]
    pub average_resolution_minutes: Option<f64>,
}

/// What went out.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiDeliveryFigures)]
pub struct DeliveryFigures {
    /// Those that are settled are counted from then on; those under way all.
    #[schema(format = DateTime)]
    pub since: String,
    /// queued, sending, accepted, delivered, bounced, failed, uncertain.
    pub by_state: BTreeMap<String, i64>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiDatabaseFigures)]
pub struct DatabaseFigures {
    /// sqlite or postgres.
    #[schema(example = "sqlite")]
    pub kind: &'static str,
    pub size_bytes: i64,
    /// Events in the log.
    pub events: i64,
}

/// The process that answers.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiServerFigures)]
pub struct ServerFigures {
    #[schema(example = "0.1.0")]
    pub version: &'static str,
    #[schema(format = DateTime)]
    pub started_at: String,
    pub uptime_seconds: i64,
    /// Processors that it may use.
    pub cpu_count: i64,
    #[schema(format = DateTime)]
    pub generated_at: String,
}

/// A notification to write by hand (`POST /admin/notifications`).
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = ApiNewNotification, example = json!({
    "type": "system_alert", "title": "系统维护通知", "content": "今晚 22:00 至 23:00 系统维护。", "priority": "high", "recipient_id": 1,
}))]
pub struct NewNotification {
    /// Of which kind it is: its reader says for each kind by which routes they are told. system_alert where nothing is said.
    #[serde(default, rename = "type")]
    #[schema(value_type = Option<String>, pattern = "^(ticket_created|ticket_assigned|ticket_status_changed|ticket_commented|ticket_resolved|ticket_closed|ticket_overdue|system_alert)$")]
    pub kind: Field<String>,
    #[serde(default)]
    #[schema(value_type = String, required, max_length = 255, pattern = r"^[^\x00]*[^\s\x00][^\x00]*$")]
    pub title: Field<String>,
    #[serde(default)]
    #[schema(value_type = String, required, max_length = 5000, pattern = r"^[^\x00]*[^\s\x00][^\x00]*$")]
    pub content: Field<String>,
    /// normal where nothing is said.
    #[serde(default)]
    #[schema(value_type = Option<String>, pattern = "^(low|normal|high|urgent|critical)$")]
    pub priority: Field<String>,
    #[serde(default)]
    #[schema(value_type = i64, required, example = 1)]
    pub recipient_id: Field<i64>,
    /// A ticket that the recipient can see.
    #[serde(default)]
    #[schema(value_type = Option<i64>)]
    pub related_ticket_id: Field<i64>,
    /// Where it leads: begins with https://, http:// or /.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 500, pattern = r"^[^\x00]*$")]
    pub action_url: Field<String>,
}

/// What was written to somebody.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiSentNotification)]
pub struct SentNotification {
    /// `null` where the recipient is told by other routes than the app only.
    #[schema(required, example = 1)]
    pub id: Option<i64>,
    #[serde(rename = "type")]
    #[schema(example = "system_alert")]
    pub kind: &'static str,
    pub title: String,
    pub content: String,
    /// The same as `content`.
    pub message: String,
    #[schema(example = "high")]
    pub priority: &'static str,
    pub recipient: Person,
    #[schema(required)]
    pub related_ticket_id: Option<i64>,
    #[schema(required)]
    pub action_url: Option<String>,
    #[schema(example = false)]
    pub is_read: bool,
    #[schema(required, format = DateTime)]
    pub read_at: Option<String>,
    #[schema(example = "2025-01-01T14:00:00Z", format = DateTime)]
    pub created_at: String,
}

/// What is forgotten when (`/admin/system/cleanup/config`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ApiCleanupConfig)]
pub struct CleanupConfig {
    /// Whether it is done by itself.
    #[schema(example = true)]
    pub cleanup_enabled: bool,
    /// When: minute, hour, day, month, weekday as cron has them, in the business zone.
    #[schema(example = "0 2 * * *")]
    pub cleanup_schedule: String,
    /// Records that one transaction forgets; a run makes as many as it needs.
    #[schema(example = 1000)]
    pub max_records_per_cleanup: i64,
    #[schema(example = 180)]
    pub login_history_retention_days: i64,
    #[schema(example = 30)]
    pub trusted_device_retention_days: i64,
    /// Of notifications that were read; others stay.
    #[schema(example = 180)]
    pub notification_retention_days: i64,
    #[schema(example = 365)]
    pub audit_log_retention_days: i64,
}

/// What to change of it; what is left out stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = ApiCleanupEdit, example = json!({ "cleanup_schedule": "0 3 * * *", "login_history_retention_days": 90 }))]
pub struct CleanupEdit {
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    pub cleanup_enabled: Field<bool>,
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "0 3 * * *")]
    pub cleanup_schedule: Field<String>,
    #[serde(default)]
    #[schema(value_type = Option<i64>, minimum = 100, maximum = 10000)]
    pub max_records_per_cleanup: Field<i64>,
    #[serde(default)]
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 36500)]
    pub login_history_retention_days: Field<i64>,
    #[serde(default)]
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 36500)]
    pub trusted_device_retention_days: Field<i64>,
    #[serde(default)]
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 36500)]
    pub notification_retention_days: Field<i64>,
    #[serde(default)]
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 36500)]
    pub audit_log_retention_days: Field<i64>,
}

/// `POST /admin/system/cleanup/execute`
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = ApiCleanupOrder, example = json!({ "task_type": "login_history" }))]
pub struct CleanupOrder {
    #[serde(default)]
    #[schema(value_type = String, required, pattern = "^(login_history|trusted_devices|notifications|audit_logs)$")]
    pub task_type: Field<String>,
}

/// What was begun.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiCleanupBegun)]
pub struct CleanupBegun {
    /// The task, or all.
    #[schema(example = "login_history")]
    pub task_type: &'static str,
    #[schema(example = "manual")]
    pub trigger_type: &'static str,
    #[schema(example = "started")]
    pub status: &'static str,
    pub runs: Vec<CleanupLog>,
}

/// The record of a run.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiCleanupLog)]
pub struct CleanupLog {
    #[schema(example = 42)]
    pub id: i64,
    #[schema(format = DateTime)]
    pub created_at: String,
    /// login_history, trusted_devices, notifications or audit_logs.
    #[schema(example = "login_history")]
    pub task_type: &'static str,
    /// started, completed or failed.
    #[schema(example = "completed")]
    pub status: &'static str,
    /// manual or scheduled.
    #[schema(example = "scheduled")]
    pub trigger_type: &'static str,
    /// Who began it, where somebody did.
    #[schema(required)]
    pub trigger_by: Option<i64>,
    #[schema(format = DateTime)]
    pub start_time: String,
    #[schema(required, format = DateTime)]
    pub end_time: Option<String>,
    /// Milliseconds, once it has ended.
    #[schema(required)]
    pub duration: Option<i64>,
    /// The same as `records_deleted`: what is looked at is forgotten.
    pub records_processed: i64,
    pub records_deleted: i64,
    pub retention_days: i64,
    /// What is older was forgotten.
    #[schema(format = DateTime)]
    pub cutoff_date: String,
    /// Empty where nothing went wrong.
    pub error_message: String,
}

/// `GET /admin/system/cleanup/logs`
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CleanupQuery {
    /// How many; what is below 1 is 20, what is above 100 is 100
    #[param(value_type = i64, required = false, example = 10)]
    pub limit: Option<String>,
    /// login_history, trusted_devices, notifications or audit_logs
    #[param(value_type = String, required = false, example = "login_history", pattern = "^(login_history|trusted_devices|notifications|audit_logs)$")]
    pub task_type: Option<String>,
}

/// What all runs came to, and what there is (`GET /admin/system/cleanup/stats`).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiCleanupStats)]
pub struct CleanupStats {
    /// Sessions and failed logins.
    pub login_history_count: i64,
    pub trusted_device_count: i64,
    pub notification_count: i64,
    pub audit_log_count: i64,
    pub total_cleanups: i64,
    pub successful_cleanups: i64,
    #[schema(required, format = DateTime)]
    pub last_cleanup_time: Option<String>,
    pub total_records_deleted: i64,
    pub current_config: CleanupConfig,
}
