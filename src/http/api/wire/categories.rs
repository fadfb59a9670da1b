//! Categories (分类管理接口).

use crate::http::field::{Clearable, Field};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A category (分类模型) with those below it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ApiCategory)]
pub struct Category {
    #[schema(example = 1)]
    pub id: i64,
    /// A stable word for programs.
    #[schema(example = "technical")]
    pub key: String,
    #[schema(example = "技术支持")]
    pub name: String,
    #[schema(required, example = "技术相关问题")]
    pub description: Option<String>,
    #[schema(required, example = "#3b82f6")]
    pub color: Option<String>,
    #[schema(required, example = "tech-support")]
    pub icon: Option<String>,
    #[schema(required)]
    pub parent_id: Option<i64>,
    #[schema(required, example = 4)]
    pub sla_hours: Option<i64>,
    #[schema(required, example = 123)]
    pub auto_assign_user_id: Option<i64>,
    #[schema(example = true)]
    pub is_active: bool,
    pub sort_order: i64,
    /// Tickets that the caller may see, those of the categories below included.
    #[schema(example = 150)]
    pub ticket_count: i64,
    #[schema(example = "2025-01-01T16:30:00Z", format = DateTime)]
    pub created_at: String,
    #[schema(example = "2025-01-01T16:30:00Z", format = DateTime)]
    pub updated_at: String,
    #[schema(no_recursion)]
    pub subcategories: Vec<Category>,
}

/// `POST /categories`, `PUT /categories/{id}`: there what is left out stays, and null takes away.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = ApiCategoryForm, example = json!({
    "name": "新分类", "description": "分类描述", "color": "#10b981", "icon": "category", "sla_hours": 2, "parent_id": null,
}))]
pub struct CategoryForm {
    #[schema(value_type = Option<String>, min_length = 1, max_length = 100, pattern = r"^[^\x00]*[^\s\x00][^\x00]*$")]
    #[serde(default)]
    pub name: Field<String>,
    /// A stable word for programs; made out of the name where none is given.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 50, pattern = "^[a-z0-9_.-]+$")]
    #[serde(default)]
    pub key: Field<String>,
    #[schema(value_type = Option<String>, max_length = 1000, pattern = r"^[^\x00]*$")]
    #[serde(default)]
    pub description: Clearable<String>,
    #[schema(value_type = Option<String>, pattern = "^#[0-9a-fA-F]{6}$")]
    #[serde(default)]
    pub color: Clearable<String>,
    #[schema(value_type = Option<String>, max_length = 100, pattern = r"^[^\x00]*$")]
    #[serde(default)]
    pub icon: Clearable<String>,
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 8760)]
    #[serde(default)]
    pub sla_hours: Clearable<i64>,
    /// An active member of staff, who gets new tickets that name nobody.
    #[schema(value_type = Option<i64>)]
    #[serde(default)]
    pub auto_assign_user_id: Clearable<i64>,
    #[schema(value_type = Option<i64>)]
    #[serde(default)]
    pub parent_id: Clearable<i64>,
    #[schema(value_type = Option<bool>)]
    #[serde(default)]
    pub is_active: Field<bool>,
    #[schema(value_type = Option<i64>)]
    #[serde(default)]
    pub sort_order: Field<i64>,
}

/// `GET /categories`
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CategoriesQuery {
    /// 页码; all of them come on one page where nothing is said
    #[param(value_type = i64, required = false, example = 1)]
    pub page: Option<String>,
    /// 每页数量, at most 100
    #[param(value_type = i64, required = false, example = 20)]
    pub limit: Option<String>,
    /// The same as `limit`
    #[param(value_type = i64, required = false, example = 20)]
    pub page_size: Option<String>,
    /// Only those in use, or only the others
    #[param(value_type = bool, required = false, example = true)]
    pub is_active: Option<String>,
    /// `{"ids":[1,2]}`: these, wherever they stand in the tree
    #[param(value_type = String, required = false, example = "{\"ids\":[1]}")]
    pub filter: Option<String>,
}
