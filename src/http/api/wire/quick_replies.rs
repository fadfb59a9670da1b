//! Quick replies: answers that staff use often.

use super::Placed;
use crate::http::field::{Clearable, Field};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

/// A quick reply (快速回复).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ApiQuickReply)]
pub struct QuickReply {
    #[schema(example = 1)]
    pub id: i64,
    #[schema(example = "感谢反馈")]
    pub name: String,
    #[schema(required, example = "礼貌用语")]
    pub category: Option<String>,
    #[schema(example = "感谢您的反馈，我们会尽快处理您的问题。")]
    pub content: String,
    /// With commas between.
    #[schema(example = "感谢,反馈")]
    pub tags: String,
    pub tag_list: Vec<String>,
    /// Whether all staff see it.
    pub is_public: bool,
    #[schema(example = 3)]
    pub usage_count: i64,
    #[schema(required, example = 1)]
    pub created_by: Option<i64>,
    #[schema(example = "2025-01-01T16:30:00Z", format = DateTime)]
    pub created_at: String,
    #[schema(example = "2025-01-01T16:30:00Z", format = DateTime)]
    pub updated_at: String,
}

/// `POST /admin/automation/quick-replies`, `PUT …/{id}`: there what is left out stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = ApiQuickReplyForm, example = json!({
    "name": "感谢反馈", "category": "礼貌用语", "content": "感谢您的反馈，我们会尽快处理您的问题。", "tags": "感谢,反馈", "is_public": true,
}))]
pub struct QuickReplyForm {
    #[schema(value_type = Option<String>, min_length = 1, max_length = 100, pattern = r"^[^\x00]*[^\s\x00][^\x00]*$")]
    #[serde(default)]
    pub name: Field<String>,
    #[schema(value_type = Option<String>, max_length = 50, pattern = r"^[^\x00]*$")]
    #[serde(default)]
    pub category: Clearable<String>,
    #[schema(value_type = Option<String>, min_length = 1, max_length = 20_000, pattern = r"^[^\x00]*[^\s\x00][^\x00]*$")]
    #[serde(default)]
    pub content: Field<String>,
    /// With commas between, or a list
    #[schema(value_type = Option<String>, max_length = 200, pattern = r"^[^\x00]*$")]
    #[serde(default)]
    pub tags: Field<Value>,
    /// For supervisors and administrators to say; yours alone if not given
    #[schema(value_type = Option<bool>)]
    #[serde(default)]
    pub is_public: Field<bool>,
}

/// `GET /admin/automation/quick-replies`
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct QuickRepliesQuery {
    #[param(required = false, example = "礼貌用语")]
    pub category: Option<String>,
    /// In the name, the content or a tag
    #[param(required = false, example = "感谢")]
    pub keyword: Option<String>,
    #[param(value_type = bool, required = false)]
    pub is_public: Option<String>,
    #[param(value_type = i64, required = false, example = 1)]
    pub page: Option<String>,
    /// At most 100
    #[param(value_type = i64, required = false, example = 20)]
    pub page_size: Option<String>,
    /// The same as `page_size`
    #[param(value_type = i64, required = false, example = 20)]
    pub limit: Option<String>,
}

/// A page of quick replies.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiQuickReplies)]
pub struct QuickReplies {
    pub replies: Vec<QuickReply>,
    #[serde(flatten)]
    pub place: Placed,
}
