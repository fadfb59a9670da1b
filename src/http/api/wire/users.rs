//! Accounts as those see them who look after them (用户管理接口).

use super::User;
use crate::http::field::Field;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// An account on a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ApiListedUser)]
pub struct ListedUser {
    #[serde(flatten)]
    pub user: User,
    #[schema(example = 15)]
    pub login_count: i64,
    /// Tickets that they opened.
    #[schema(example = 5)]
    pub ticket_count: i64,
}

/// An account with its figures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ApiUserDetail)]
pub struct UserDetail {
    #[serde(flatten)]
    pub user: User,
    #[schema(example = 15)]
    pub login_count: i64,
    #[schema(example = 10)]
    pub ticket_count: i64,
    pub ticket_stats: TicketStats,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ApiTicketStats)]
pub struct TicketStats {
    #[schema(example = 10)]
    pub created: i64,
    #[schema(example = 5)]
    pub assigned: i64,
    /// Resolved or closed: of those assigned to them for staff, of those they opened for others.
    #[schema(example = 8)]
    pub resolved: i64,
}

/// `POST /admin/users`, `PUT /admin/users/{id}`: there what is left out stays, and an empty text takes away.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = ApiUserForm, example = json!({
    "username": "newuser",
    "email": "newuser@example.com",
    "password": "Password123!",
    "first_name": "新",
    "last_name": "用户",
    "phone": "13900139000",
    "role": "agent",
    "status": "active",
}))]
pub struct UserForm {
    /// 2 to 50 letters, digits, `_`, `-` or `.`.
    #[schema(value_type = Option<String>, max_length = 50, pattern = "^[A-Za-z0-9_.-]{2,50}$")]
    #[serde(default)]
    pub username: Field<String>,
    #[schema(value_type = Option<String>, format = Email)]
    #[serde(default)]
    pub email: Field<String>,
    #[schema(value_type = Option<String>, min_length = 8, max_length = 128, pattern = r"^[^\x00]*$")]
    #[serde(default)]
    pub password: Field<String>,
    #[schema(value_type = Option<String>, max_length = 100, pattern = r"^[^\x00-\x1f]*$")]
    #[serde(default)]
    pub first_name: Field<String>,
    #[schema(value_type = Option<String>, max_length = 100, pattern = r"^[^\x00-\x1f]*$")]
    #[serde(default)]
    pub last_name: Field<String>,
    /// What to call them; made of the names where it is empty.
    #[schema(value_type = Option<String>, max_length = 200, pattern = r"^[^\x00-\x1f]*$")]
    #[serde(default)]
    pub display_name: Field<String>,
    #[schema(value_type = Option<String>, max_length = 50, pattern = r"^[^\x00-\x1f]*$")]
    #[serde(default)]
    pub phone: Field<String>,
    #[schema(value_type = Option<String>, max_length = 2000, pattern = r"^[^\x00-\x1f]*$")]
    #[serde(default)]
    pub avatar_url: Field<String>,
    /// zh-CN or en.
    #[schema(value_type = Option<String>, max_length = 20, pattern = "^(zh-CN|en)$")]
    #[serde(default)]
    pub locale: Field<String>,
    /// user where nothing is said.
    #[schema(value_type = Option<String>, pattern = "^(user|agent|supervisor|admin)$")]
    #[serde(default)]
    pub role: Field<String>,
    /// active where nothing is said.
    #[schema(value_type = Option<String>, pattern = "^(active|inactive|suspended)$")]
    #[serde(default)]
    pub status: Field<String>,
}

/// `GET /admin/users`
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct UsersQuery {
    /// 页码; below 1 it is 1
    #[param(value_type = i64, required = false, example = 1)]
    pub page: Option<String>,
    /// 每页数量; what is below 1 is 20, what is above 100 is 100
    #[param(value_type = i64, required = false, example = 20)]
    pub limit: Option<String>,
    /// The same as `limit`, and the list comes in `data.items`
    #[param(value_type = i64, required = false, example = 20)]
    pub page_size: Option<String>,
    /// 角色筛选 (user,agent,supervisor,admin), several with commas
    #[param(value_type = String, required = false, example = "agent", pattern = "^(user|agent|supervisor|admin)$")]
    pub role: Option<String>,
    /// 状态筛选 (active,inactive,suspended), several with commas
    #[param(value_type = String, required = false, example = "active", pattern = "^(active|inactive|suspended)$")]
    pub status: Option<String>,
    /// 搜索关键词: name, user name, e-mail address or phone number
    #[param(value_type = String, required = false, example = "zhang", max_length = 200, pattern = r"^[^\x00]*$")]
    pub search: Option<String>,
    /// 排序字段: id, created_at, updated_at, last_login_at, username, email, role or status; also `created_at:desc` and
    /// `["id","ASC"]`
    #[param(value_type = String, required = false, example = "created_at", pattern = "^(id|created_at|updated_at|last_login_at|username|email|role|status)$")]
    pub sort: Option<String>,
    /// 排序方向 (asc,desc)
    #[param(value_type = String, required = false, example = "desc", pattern = "^(asc|desc)$")]
    pub order: Option<String>,
    /// The same as `sort`
    #[param(value_type = String, required = false, example = "created_at", pattern = "^(id|created_at|updated_at|last_login_at|username|email|role|status)$")]
    pub sort_by: Option<String>,
    /// The same as `order`
    #[param(value_type = String, required = false, example = "desc", pattern = "^(asc|desc)$")]
    pub sort_order: Option<String>,
    /// The same as `sort`; `-created_at` is descending. The list comes in `data.items`
    #[param(value_type = String, required = false, example = "created_at", pattern = "^-?(id|created_at|updated_at|last_login_at|username|email|role|status)$")]
    pub order_by: Option<String>,
    /// A JSON object: `{"ids":[1,2]}`, and `q`, `role`, `status` as above
    #[param(value_type = String, required = false, example = "{\"ids\":[1]}")]
    pub filter: Option<String>,
}
