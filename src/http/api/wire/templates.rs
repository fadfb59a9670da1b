//! Ticket templates: what tickets can be opened by.

use super::Placed;
use crate::http::field::{Clearable, Field};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

/// A ticket template (工单模板).
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = ApiTemplate)]
pub struct Template {
    #[schema(example = 1)]
    pub id: i64,
    #[schema(example = "Bug报告模板")]
    pub name: String,
    #[schema(required)]
    pub description: Option<String>,
    /// A word by which templates are sorted.
    #[schema(required, example = "bug")]
    pub category: Option<String>,
    #[schema(example = "[Bug] {{summary}}")]
    pub title_template: String,
    #[schema(example = "**问题描述：**\n{{description}}")]
    pub content_template: String,
    #[schema(required, example = "incident")]
    pub default_type: Option<String>,
    #[schema(required, example = "normal")]
    pub default_priority: Option<&'static str>,
    #[schema(required, example = "open")]
    pub default_status: Option<&'static str>,
    /// The category of its tickets.
    #[schema(required)]
    pub default_category_id: Option<i64>,
    #[schema(required)]
    pub assign_to_user_id: Option<i64>,
    pub is_active: bool,
    pub custom_fields: Vec<CustomField>,
    pub usage_count: i64,
    #[schema(required, example = 1)]
    pub created_by: Option<i64>,
    #[schema(example = "2025-01-01T16:30:00Z", format = DateTime)]
    pub created_at: String,
    #[schema(example = "2025-01-01T16:30:00Z", format = DateTime)]
    pub updated_at: String,
}

/// A field of a template, to be filled in.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = ApiCustomField)]
pub struct CustomField {
    #[schema(example = "summary")]
    pub name: String,
    #[serde(rename = "type")]
    #[schema(example = "text")]
    pub kind: &'static str,
    #[schema(example = "问题摘要")]
    pub label: String,
    pub required: bool,
    pub options: Vec<String>,
    #[schema(required)]
    pub default_value: Option<Value>,
}

/// A field of a template as it is sent.
#[derive(ToSchema)]
#[schema(as = ApiCustomFieldForm)]
#[expect(dead_code, reason = "it describes, and is never made")]
pub struct CustomFieldForm {
    #[schema(min_length = 1, max_length = 50)]
    pub name: String,
    /// `text`, `textarea`, `select`, `checkbox`, `date` or `number`; `text` if not given
    #[serde(rename = "type")]
    pub kind: Option<String>,
    #[schema(max_length = 100)]
    pub label: Option<String>,
    pub required: Option<bool>,
    /// Of a select
    #[schema(max_items = 100)]
    pub options: Option<Vec<String>>,
    pub default_value: Option<Value>,
}

/// `POST /admin/automation/templates`, `PUT …/{id}`: there what is left out stays, and null takes away.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = ApiTemplateForm, example = json!({
    "name": "Bug报告模板", "description": "用于报告系统Bug的标准模板", "category": "bug", "title_template": "[Bug] {{summary}}",
    "content_template": "**问题描述：**\n{{description}}", "default_type": "bug", "default_priority": "normal", "default_status": "open",
    "custom_fields": [{ "name": "summary", "type": "text", "label": "问题摘要", "required": true }],
}))]
pub struct TemplateForm {
    #[schema(value_type = Option<String>, min_length = 1, max_length = 100, pattern = r"^[^\x00]*[^\s\x00][^\x00]*$")]
    #[serde(default)]
    pub name: Field<String>,
    #[schema(value_type = Option<String>, max_length = 500, pattern = r"^[^\x00]*$")]
    #[serde(default)]
    pub description: Clearable<String>,
    #[schema(value_type = Option<String>, max_length = 50, pattern = r"^[^\x00]*$")]
    #[serde(default)]
    pub category: Clearable<String>,
    #[schema(value_type = Option<String>, max_length = 200, pattern = r"^[^\x00]*$")]
    #[serde(default)]
    pub title_template: Field<String>,
    #[schema(value_type = Option<String>, max_length = 20_000, pattern = r"^[^\x00]*$")]
    #[serde(default)]
    pub content_template: Field<String>,
    #[schema(value_type = Option<String>, max_length = 50, pattern = r"^[^\x00]*$")]
    #[serde(default)]
    pub default_type: Clearable<String>,
    #[schema(value_type = Option<super::ticket_words::Priority>)]
    #[serde(default)]
    pub default_priority: Clearable<String>,
    /// Applied where a new ticket can be moved there
    #[schema(value_type = Option<super::ticket_words::Status>)]
    #[serde(default)]
    pub default_status: Clearable<String>,
    #[schema(value_type = Option<i64>)]
    #[serde(default)]
    pub default_category_id: Clearable<i64>,
    #[schema(value_type = Option<i64>)]
    #[serde(default)]
    pub assign_to_user_id: Clearable<i64>,
    /// True if not given
    #[schema(value_type = Option<bool>)]
    #[serde(default)]
    pub is_active: Field<bool>,
    #[schema(value_type = Option<Vec<CustomFieldForm>>, max_items = 50)]
    #[serde(default)]
    pub custom_fields: Field<Value>,
}

/// `GET /admin/automation/templates`
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TemplatesQuery {
    #[param(required = false, example = "bug")]
    pub category: Option<String>,
    #[param(value_type = bool, required = false)]
    pub is_active: Option<String>,
    /// In the name or the description
    #[param(required = false)]
    pub search: Option<String>,
    #[param(value_type = i64, required = false, example = 1)]
    pub page: Option<String>,
    /// At most 100
    #[param(value_type = i64, required = false, example = 20)]
    pub page_size: Option<String>,
    /// The same as `page_size`
    #[param(value_type = i64, required = false, example = 20)]
    pub limit: Option<String>,
}

/// A page of templates.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiTemplates)]
pub struct Templates {
    pub templates: Vec<Template>,
    #[serde(flatten)]
    pub place: Placed,
}
