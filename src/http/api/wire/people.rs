//! People, as the document draws them: in brief beside tickets and comments, whole where the answer is about one.

use serde::Serialize;
use utoipa::ToSchema;

/// A person beside something else (创建人, 分配人). Customers are not told the address of who works for them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ApiPerson)]
pub struct Person {
    #[schema(example = 3)]
    pub id: i64,
    /// Empty where the person has none.
    #[schema(example = "agent1")]
    pub username: String,
    #[schema(required, example = "王")]
    pub first_name: Option<String>,
    #[schema(required, example = "五")]
    pub last_name: Option<String>,
    #[schema(required, example = "agent@example.com")]
    pub email: Option<String>,
    #[schema(example = "agent")]
    pub role: &'static str,
    /// What to call them.
    #[schema(example = "王五")]
    pub name: String,
}

/// An account (用户模型).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ApiUser)]
pub struct User {
    #[schema(example = 1)]
    pub id: i64,
    /// Empty where the person has none.
    #[schema(example = "user123")]
    pub username: String,
    #[schema(required, example = "user@example.com")]
    pub email: Option<String>,
    #[schema(required, example = "张")]
    pub first_name: Option<String>,
    #[schema(required, example = "三")]
    pub last_name: Option<String>,
    #[schema(example = "张三")]
    pub name: String,
    #[schema(required, example = "13800138000")]
    pub phone: Option<String>,
    #[schema(required, example = "https://example.com/avatars/user123.jpg")]
    pub avatar_url: Option<String>,
    /// user, agent, supervisor or admin.
    #[schema(example = "user")]
    pub role: &'static str,
    /// active, inactive or suspended.
    #[schema(example = "active")]
    pub status: &'static str,
    #[schema(required, example = "2025-01-01T15:30:00Z", format = DateTime)]
    pub last_login_at: Option<String>,
    #[schema(example = "2025-01-01T12:00:00Z", format = DateTime)]
    pub created_at: String,
    #[schema(example = "2025-01-01T12:00:00Z", format = DateTime)]
    pub updated_at: String,
}
