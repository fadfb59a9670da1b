//! What clients of `/v1` send and expect, spelled as they do, and frozen.
//!
//! No type of the model stands here; `convert.rs` translates. A field that is not always there is left out only where the
//! document shows it so (`avatar`, `pagination`, the parts of a report); everything else is `null` when it is empty.
//! Examples are the document's own, so that its readers find them again. In the OpenAPI document the names begin with `V1`,
//! because other dialects have tickets, too.

mod answers;
mod figures;
mod forms;
mod words;

pub use answers::*;
pub use figures::*;
pub use forms::*;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// The envelope of everything that went well.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = V1Envelope)]
pub struct Envelope<T> {
    /// Always true.
    #[schema(example = true)]
    pub success: bool,
    /// What was done; empty where something was read.
    pub message: &'static str,
    pub data: T,
}

/// The envelope of one page of a list (分页响应).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = V1Page)]
pub struct Page<T> {
    #[schema(example = true)]
    pub success: bool,
    #[schema(example = "")]
    pub message: &'static str,
    pub data: Vec<T>,
    pub pagination: Pagination,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = V1Pagination)]
pub struct Pagination {
    #[schema(example = 45)]
    pub total: i64,
    #[schema(example = 1)]
    pub page: i64,
    #[schema(example = 20)]
    pub page_size: i64,
    /// At least 1: an empty list has one page, and that is empty.
    #[schema(example = 3)]
    pub total_pages: i64,
}

/// The envelope of everything that did not (错误响应).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = V1Refusal, example = json!({
    "success": false,
    "message": "Validation failed",
    "error_code": "VALIDATION_ERROR",
    "details": { "title": "title is required" },
}))]
pub struct Refusal {
    /// Always false.
    pub success: bool,
    /// A sentence for people.
    pub message: String,
    /// A stable word for programs (业务错误码).
    pub error_code: &'static str,
    /// A sentence for each field at fault; `retry_after` in seconds where another try may work.
    #[schema(value_type = Object)]
    pub details: Map<String, Value>,
}

/// An answer: a status and its envelope, or nothing but a status.
#[derive(Debug)]
pub enum Reply<T> {
    With(StatusCode, Envelope<T>),
    NoContent,
}

impl<T> Reply<T> {
    pub fn done(message: &'static str, data: T) -> Self {
        Self::With(StatusCode::OK, Envelope { success: true, message, data })
    }

    pub fn created(message: &'static str, data: T) -> Self {
        Self::With(StatusCode::CREATED, Envelope { success: true, message, data })
    }
}

impl<T: Serialize> IntoResponse for Reply<T> {
    fn into_response(self) -> Response {
        match self {
            Self::With(status, envelope) => (status, Json(envelope)).into_response(),
            Self::NoContent => StatusCode::NO_CONTENT.into_response(),
        }
    }
}

impl<T> Page<T> {
    pub fn new(data: Vec<T>, pagination: Pagination) -> Self {
        Self { success: true, message: "", data, pagination }
    }
}

impl<T: Serialize> IntoResponse for Page<T> {
    fn into_response(self) -> Response {
        Json(self).into_response()
    }
}
