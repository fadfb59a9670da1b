//! What the lists of automation have in common, and its changes of many tickets.

use crate::http::field::Field;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where a page stands, inside `data`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ApiPlaced)]
pub struct Placed {
    pub total: i64,
    #[schema(example = 1)]
    pub page: i64,
    #[schema(example = 20)]
    pub page_size: i64,
    /// At least 1.
    #[schema(example = 1)]
    pub total_pages: i64,
}

/// `POST /admin/automation/batch/assign`
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = ApiBatchAssign, example = json!({ "ticket_ids": [1, 2], "user_id": 123 }))]
pub struct BatchAssign {
    /// At most 200 different ones
    #[schema(value_type = Vec<i64>, required, min_items = 1)]
    #[serde(default)]
    pub ticket_ids: Field<Vec<i64>>,
    #[schema(value_type = i64, required)]
    #[serde(default)]
    pub user_id: Field<i64>,
    /// Becomes an internal comment on each
    #[schema(value_type = Option<String>, max_length = 200_000, pattern = r"^[^\x00]*$")]
    #[serde(default)]
    pub comment: Field<String>,
}
