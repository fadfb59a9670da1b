//! A list in either of the two shapes that known clients look for it in.

use super::{Envelope, Items, List, Pagination};
use axum::Json;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

/// `data` is the list, or has it in `items`: some clients of the latter can be told by how they ask for a page.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = ApiFound)]
pub enum Found<T> {
    List(List<T>),
    Items(Envelope<Items<T>>),
}

/// Which shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    List,
    Items,
}

impl Shape {
    /// Clients that say `page_size` or `order_by` look for `data.items` (`dialects.md` 4.7).
    pub fn asked(page_size: Option<&str>, order_by: Option<&str>) -> Self {
        if page_size.or(order_by).is_some() { Self::Items } else { Self::List }
    }
}

impl<T> Found<T> {
    pub fn new(shape: Shape, items: Vec<T>, pagination: Pagination) -> Self {
        match shape {
            Shape::List => Self::List(List::new(items, pagination)),
            Shape::Items => {
                let data = Items::new(items, pagination);
                Self::Items(Envelope { success: true, code: 0, message: "", msg: "", data })
            }
        }
    }
}

impl<T: Serialize> IntoResponse for Found<T> {
    fn into_response(self) -> Response {
        Json(self).into_response()
    }
}
