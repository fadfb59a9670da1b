//! SLA configurations (SLA 配置), as the known client of the automation pages sends and reads them.

use super::ticket_words as words;
use crate::http::field::{Clearable, Field};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

/// From when to when (`HH:MM`, `24:00` is the end of the day); both empty: nobody works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ApiWorkingDay)]
pub struct WorkingDay {
    #[schema(example = "09:00")]
    pub start: String,
    #[schema(example = "18:00")]
    pub end: String,
}

/// A week, in the zone of the installation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ApiWorkingHours)]
pub struct WorkingHours {
    pub monday: WorkingDay,
    pub tuesday: WorkingDay,
    pub wednesday: WorkingDay,
    pub thursday: WorkingDay,
    pub friday: WorkingDay,
    pub saturday: WorkingDay,
    pub sunday: WorkingDay,
}

/// What happens so long after a target was missed, once for each ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ApiEscalationRule)]
pub struct EscalationRule {
    /// Minutes by the clock since the missed target was due: that of the first answer while there is none, else that of the
    /// resolution.
    #[schema(example = 120)]
    pub trigger_minutes: i64,
    #[schema(value_type = words::EscalationAction)]
    pub action: &'static str,
    pub notify_users: Vec<i64>,
    #[schema(required)]
    pub target_user_id: Option<i64>,
}

/// An SLA configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ApiSlaConfig)]
pub struct SlaConfig {
    #[schema(example = 1)]
    pub id: i64,
    #[schema(example = "标准SLA配置")]
    pub name: String,
    #[schema(required, example = "适用于一般工单的标准SLA")]
    pub description: Option<String>,
    /// It counts where no other does.
    pub is_default: bool,
    pub is_active: bool,
    /// Only for tickets of this priority; null: of any.
    #[schema(required, value_type = Option<words::Priority>)]
    pub priority: Option<&'static str>,
    /// Only for tickets of this type; null: of any.
    #[schema(required, example = "incident")]
    pub ticket_type: Option<String>,
    /// The same.
    #[serde(rename = "type")]
    #[schema(required, example = "incident")]
    pub kind: Option<String>,
    /// Only for tickets in exactly this category, by its key; null: in any, or none.
    #[schema(required, example = "technical")]
    pub category: Option<String>,
    /// The same by its number.
    #[schema(required, example = 1)]
    pub category_id: Option<i64>,
    /// Working minutes to the first answer.
    #[schema(example = 60)]
    pub response_time: i64,
    /// Working minutes to the resolution.
    #[schema(example = 480)]
    pub resolution_time: i64,
    /// Null: around the clock.
    #[schema(required)]
    pub working_hours: Option<WorkingHours>,
    pub escalation_rules: Vec<EscalationRule>,
    #[schema(example = "2025-01-01T16:30:00Z", format = DateTime)]
    pub created_at: String,
    #[schema(example = "2025-01-01T16:30:00Z", format = DateTime)]
    pub updated_at: String,
}

/// A page of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ApiSlaConfigs)]
pub struct SlaConfigs {
    pub configs: Vec<SlaConfig>,
    #[schema(example = 2)]
    pub total: i64,
    #[schema(example = 1)]
    pub page: i64,
    #[schema(example = 20)]
    pub page_size: i64,
    #[schema(example = 1)]
    pub total_pages: i64,
}

/// `POST /admin/automation/sla`, which needs a name and both times, and `PUT …/{id}`: there what is left out stays, and null
/// takes away.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = ApiSlaForm, example = json!({
    "name": "标准SLA配置", "description": "适用于一般工单的标准SLA", "is_default": true,
    "response_time": 60, "resolution_time": 480,
    "working_hours": { "monday": { "start": "09:00", "end": "18:00" }, "sunday": { "start": "", "end": "" } },
    "escalation_rules": [{ "trigger_minutes": 120, "action": "notify_admin", "notify_users": [] }],
}))]
pub struct SlaForm {
    #[schema(value_type = Option<String>, min_length = 1, max_length = 100, pattern = r"^[^\x00]*[^\s\x00][^\x00]*$")]
    #[serde(default)]
    pub name: Field<String>,
    #[schema(value_type = Option<String>, max_length = 500, pattern = r"^[^\x00]*$")]
    #[serde(default)]
    pub description: Clearable<String>,
    /// It takes that from the one that is.
    #[schema(value_type = Option<bool>)]
    #[serde(default)]
    pub is_default: Field<bool>,
    #[schema(value_type = Option<bool>)]
    #[serde(default)]
    pub is_active: Field<bool>,
    #[schema(value_type = Option<words::Priority>)]
    #[serde(default)]
    pub priority: Clearable<String>,
    /// The ticket's own code.
    #[schema(value_type = Option<String>, max_length = 50, pattern = r"^[^\x00]*$")]
    #[serde(default)]
    pub ticket_type: Clearable<String>,
    /// The same.
    #[serde(rename = "type")]
    #[schema(value_type = Option<String>, max_length = 50, pattern = r"^[^\x00]*$")]
    #[serde(default)]
    pub kind: Clearable<String>,
    /// A category's key, or its number.
    #[schema(value_type = Option<String>, max_length = 50, pattern = r"^[^\x00]*$")]
    #[serde(default)]
    pub category: Clearable<Value>,
    /// The same by its number; it counts where both are sent.
    #[schema(value_type = Option<i64>)]
    #[serde(default)]
    pub category_id: Clearable<i64>,
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 525_600)]
    #[serde(default)]
    pub response_time: Field<i64>,
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 525_600)]
    #[serde(default)]
    pub resolution_time: Field<i64>,
    #[schema(value_type = Option<WorkingHoursForm>)]
    #[serde(default)]
    pub working_hours: Clearable<Value>,
    #[schema(value_type = Option<Vec<EscalationRuleForm>>, max_items = 10)]
    #[serde(default)]
    pub escalation_rules: Clearable<Value>,
    /// No condition here: due times are given before anybody has the ticket. One that is sent is refused.
    #[schema(value_type = Option<()>)]
    #[serde(default)]
    pub assigned_user_id: Field<Value>,
}

/// A week; nobody works on a day that is left out. At least one day is open.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = ApiWorkingHoursForm)]
pub struct WorkingHoursForm {
    #[schema(value_type = Option<WorkingDayForm>)]
    #[serde(default)]
    pub monday: Field<Value>,
    #[schema(value_type = Option<WorkingDayForm>)]
    #[serde(default)]
    pub tuesday: Field<Value>,
    #[schema(value_type = Option<WorkingDayForm>)]
    #[serde(default)]
    pub wednesday: Field<Value>,
    #[schema(value_type = Option<WorkingDayForm>)]
    #[serde(default)]
    pub thursday: Field<Value>,
    #[schema(value_type = Option<WorkingDayForm>)]
    #[serde(default)]
    pub friday: Field<Value>,
    #[schema(value_type = Option<WorkingDayForm>)]
    #[serde(default)]
    pub saturday: Field<Value>,
    #[schema(value_type = Option<WorkingDayForm>)]
    #[serde(default)]
    pub sunday: Field<Value>,
}

/// `HH:MM` both; both empty: nobody works.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = ApiWorkingDayForm)]
pub struct WorkingDayForm {
    #[schema(value_type = Option<String>, pattern = "^([0-9]{1,2}:[0-9]{2})?$")]
    #[serde(default)]
    pub start: Field<String>,
    #[schema(value_type = Option<String>, pattern = "^([0-9]{1,2}:[0-9]{2})?$")]
    #[serde(default)]
    pub end: Field<String>,
}

/// What happens so long after a target was missed.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = ApiEscalationRuleForm)]
pub struct EscalationRuleForm {
    #[schema(required, value_type = i64, minimum = 0, maximum = 525_600)]
    #[serde(default)]
    pub trigger_minutes: Field<i64>,
    #[schema(required, value_type = words::EscalationAction)]
    #[serde(default)]
    pub action: Field<String>,
    /// Active staff. A rule that only notifies and names nobody tells all administrators.
    #[schema(value_type = Option<Vec<i64>>, max_items = 20)]
    #[serde(default)]
    pub notify_users: Field<Vec<i64>>,
    /// Active staff: who gets the ticket when it is escalated.
    #[schema(value_type = Option<i64>)]
    #[serde(default)]
    pub target_user_id: Field<i64>,
}

/// `GET /admin/automation/sla`
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SlaQuery {
    /// 页码
    #[param(value_type = i64, required = false, example = 1)]
    pub page: Option<String>,
    /// 每页数量, at most 100
    #[param(value_type = i64, required = false, example = 20)]
    pub page_size: Option<String>,
    /// The same as `page_size`
    #[param(value_type = i64, required = false, example = 20)]
    pub limit: Option<String>,
    /// Only those that count, or only the others
    #[param(value_type = bool, required = false, example = true)]
    pub is_active: Option<String>,
}
