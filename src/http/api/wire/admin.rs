//! Settings and the audit log (系统管理接口, 审计日志接口).

use crate::http::field::Field;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

/// A setting. Its value is always a text; `type` says what it means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ApiConfig)]
pub struct Config {
    #[schema(example = "max_file_size")]
    pub key: String,
    #[schema(example = "10485760")]
    pub value: String,
    #[schema(required, example = "文件上传最大大小（字节）")]
    pub description: Option<String>,
    /// string, integer, number, boolean or json.
    #[serde(rename = "type")]
    #[schema(example = "integer")]
    pub kind: &'static str,
    /// The same by other clients' words: string, int, float, bool or json.
    #[schema(example = "int")]
    pub value_type: &'static str,
    /// Where it is sorted in.
    #[schema(required, example = "system")]
    pub category: Option<String>,
    #[schema(required)]
    pub group: Option<String>,
    /// Whether those who are not signed in may read it.
    #[schema(example = false)]
    pub is_public: bool,
    /// `null` while it is at its default.
    #[schema(required, example = "2025-01-01T17:00:00Z", format = DateTime)]
    pub updated_at: Option<String>,
}

/// `PUT /admin/configs/{key}`
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = ApiConfigEdit, example = json!({ "value": "新的工单管理系统", "description": "网站名称" }))]
pub struct ConfigEdit {
    /// A text, or a value of the setting's own type; it may be left out where only the description changes.
    #[schema(value_type = Option<Value>, example = "新的工单管理系统")]
    #[serde(default)]
    pub value: Field<Value>,
    #[schema(value_type = Option<String>, max_length = 500, pattern = r"^[^\x00]*$")]
    #[serde(default)]
    pub description: Field<String>,
    /// Only for settings that mean nothing to the server itself, as what follows.
    #[schema(value_type = Option<bool>)]
    #[serde(default)]
    pub is_public: Field<bool>,
    #[schema(value_type = Option<String>, pattern = "^(string|int|integer|float|number|bool|boolean|json)$")]
    #[serde(default)]
    pub value_type: Field<String>,
    #[schema(value_type = Option<String>, max_length = 50, pattern = r"^[^\x00]*$")]
    #[serde(default)]
    pub category: Field<String>,
    #[schema(value_type = Option<String>, max_length = 50, pattern = r"^[^\x00]*$")]
    #[serde(default)]
    pub group: Field<String>,
}

/// `POST /admin/configs`
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = ApiNewConfig, example = json!({
    "key": "support_phone", "value": "400-800-1234", "description": "客服电话", "type": "string", "is_public": true,
}))]
pub struct NewConfig {
    /// Lower-case words joined by `_` or `.`.
    #[schema(value_type = String, required, min_length = 1, max_length = 100, pattern = "^[a-z0-9_.]+$")]
    #[serde(default)]
    pub key: Field<String>,
    /// A text, or a value of the setting's own type.
    #[schema(value_type = Value, required, example = "400-800-1234")]
    #[serde(default)]
    pub value: Field<Value>,
    #[schema(value_type = Option<String>, max_length = 500, pattern = r"^[^\x00]*$")]
    #[serde(default)]
    pub description: Field<String>,
    /// string where nothing is said; integer, number, boolean or json.
    #[serde(default, rename = "type")]
    #[schema(value_type = Option<String>, pattern = "^(string|integer|number|boolean|json)$")]
    pub kind: Field<String>,
    /// The same by other clients' words.
    #[schema(value_type = Option<String>, pattern = "^(string|int|integer|float|number|bool|boolean|json)$")]
    #[serde(default)]
    pub value_type: Field<String>,
    #[schema(value_type = Option<bool>)]
    #[serde(default)]
    pub is_public: Field<bool>,
    /// Where it is sorted in.
    #[schema(value_type = Option<String>, max_length = 50, pattern = r"^[^\x00]*$")]
    #[serde(default)]
    pub category: Field<String>,
    #[schema(value_type = Option<String>, max_length = 50, pattern = r"^[^\x00]*$")]
    #[serde(default)]
    pub group: Field<String>,
}

/// A line of the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ApiAuditLog)]
pub struct AuditLog {
    #[schema(example = 42)]
    pub id: i64,
    #[schema(example = "2025-09-25T12:34:56Z", format = DateTime)]
    pub created_at: String,
    /// `null` where nobody was signed in.
    #[schema(required, example = 1)]
    pub user_id: Option<i64>,
    /// What they were called then; the part of the system that acted, where it was no person; empty where nobody is known.
    #[schema(example = "superadmin")]
    pub username: String,
    /// The role that they had then; empty where nobody was signed in, `system` where it was no person.
    #[schema(example = "admin")]
    pub role: &'static str,
    #[schema(example = "POST /api/admin/users")]
    pub action: String,
    /// The HTTP method, or the door where it was none: CLI, EMAIL.
    #[schema(example = "POST")]
    pub method: String,
    #[schema(example = "/api/admin/users")]
    pub path: String,
    #[schema(example = 201)]
    pub status_code: i64,
    /// Empty where it is not known.
    #[schema(example = "127.0.0.1")]
    pub client_ip: String,
    #[schema(example = 45)]
    pub latency_ms: i64,
    /// success or failure.
    #[schema(example = "success")]
    pub result: &'static str,
}

/// `GET /admin/audit-logs`
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// 页码; below 1 it is 1
    #[param(value_type = i64, required = false, example = 1)]
    pub page: Option<String>,
    /// 每页条数; what is below 1 is 20, what is above 200 is 200
    #[param(value_type = i64, required = false, example = 20)]
    pub limit: Option<String>,
    /// The same as `limit`
    #[param(value_type = i64, required = false, example = 20)]
    pub page_size: Option<String>,
    /// 执行人 ID
    #[param(value_type = i64, required = false, example = 1)]
    pub user_id: Option<String>,
    /// 执行人角色: user, agent, supervisor or admin
    #[param(value_type = String, required = false, example = "admin", pattern = "^(user|agent|supervisor|admin)$")]
    pub role: Option<String>,
    /// HTTP Method
    #[param(value_type = String, required = false, example = "POST", max_length = 20, pattern = r"^[^\x00]*$")]
    pub method: Option<String>,
    /// 响应状态码
    #[param(value_type = i64, required = false, example = 201)]
    pub status: Option<String>,
    /// 用户名 / 路径 / 动作
    #[param(value_type = String, required = false, example = "users", max_length = 200, pattern = r"^[^\x00]*$")]
    pub keyword: Option<String>,
    /// RFC 3339, or a day such as 2006-01-02
    #[param(value_type = String, required = false, example = "2025-09-25")]
    pub start_time: Option<String>,
    /// The same; a day is meant to its end
    #[param(value_type = String, required = false, example = "2025-09-26")]
    pub end_time: Option<String>,
}
