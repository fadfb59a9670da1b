//! What clients of `/api` send and expect, spelled as they do, and frozen.
//!
//! No type of the model stands here; the files beside the handlers translate. The document answers in two envelopes,
//! `{success, data, message}` and `{code, msg, data}`, and in five shapes of lists; every answer carries both spellings of
//! everything (`dialects.md` 4.7), so that a client of either finds its own. In the OpenAPI document the names begin with
//! `Api`, because other dialects have tickets, too.

mod accounts;
mod admin;
mod automation;
mod categories;
mod config_sets;
mod devices;
mod email;
mod files;
mod found;
mod nothing;
mod notifications;
mod people;
mod preferences;
mod quick_replies;
mod rules;
mod sla;
mod system;
mod templates;
mod ticket_forms;
pub mod ticket_words;
mod tickets;
mod users;

pub use accounts::*;
pub use admin::*;
pub use automation::*;
pub use categories::*;
pub use config_sets::*;
pub use devices::*;
pub use email::*;
pub use files::*;
pub use found::{Found, Shape};
pub use nothing::Nothing;
pub use notifications::*;
pub use people::*;
pub use preferences::*;
pub use quick_replies::*;
pub use rules::*;
pub use sla::*;
pub use system::*;
pub use templates::*;
pub use ticket_forms::*;
pub use tickets::*;
pub use users::*;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// The envelope of everything that went well.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiEnvelope)]
pub struct Envelope<T> {
    /// Always true.
    #[schema(example = true)]
    pub success: bool,
    /// Always 0.
    #[schema(example = 0)]
    pub code: i64,
    /// What was done; empty where something was read.
    pub message: &'static str,
    /// The same.
    pub msg: &'static str,
    pub data: T,
}

/// The envelope of a list: one page of it, or its beginning.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiList)]
pub struct List<T> {
    #[schema(example = true)]
    pub success: bool,
    #[schema(example = 0)]
    pub code: i64,
    #[schema(example = "")]
    pub message: &'static str,
    #[schema(example = "")]
    pub msg: &'static str,
    pub data: Vec<T>,
    /// How many there are in all.
    pub total: i64,
    pub pagination: Pagination,
}

/// A list inside `data`, for clients that look for it there.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiItems)]
pub struct Items<T> {
    pub items: Vec<T>,
    pub total: i64,
    #[schema(example = 1)]
    pub page: i64,
    #[schema(example = 20)]
    pub limit: i64,
    pub pagination: Pagination,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ApiPagination)]
pub struct Pagination {
    #[schema(example = 1)]
    pub page: i64,
    #[schema(example = 20)]
    pub limit: i64,
    /// The same as `limit`.
    #[schema(example = 20)]
    pub page_size: i64,
    #[schema(example = 150)]
    pub total: i64,
    /// At least 1: an empty list has one page, and that is empty.
    #[schema(example = 8)]
    pub pages: i64,
}

/// The envelope of everything that did not go well (业务错误码).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiRefusal, example = json!({
    "success": false,
    "code": 404,
    "error_code": "TICKET_NOT_FOUND",
    "message": "工单不存在",
    "msg": "工单不存在",
    "error": "Ticket not found",
    "details": {},
}))]
pub struct Refusal {
    /// Always false.
    pub success: bool,
    /// The HTTP status.
    pub code: i64,
    /// A stable word for programs.
    pub error_code: &'static str,
    /// A sentence for people, in Chinese.
    pub message: String,
    /// The same; in English where name and password don't match.
    pub msg: String,
    /// The same in English; a word where a refresh token is refused: invalid_token or token_expired.
    pub error: String,
    /// A sentence for each field at fault; `retry_after` in seconds where another try may work.
    #[schema(value_type = Object)]
    pub details: Map<String, Value>,
}

/// An answer: a status and its envelope.
#[derive(Debug)]
pub struct Reply<T>(StatusCode, Envelope<T>);

impl<T> Reply<T> {
    pub fn done(message: &'static str, data: T) -> Self {
        Self(StatusCode::OK, Envelope { success: true, code: 0, message, msg: message, data })
    }

    /// It was begun, and goes on.
    pub fn accepted(message: &'static str, data: T) -> Self {
        Self(StatusCode::ACCEPTED, Envelope { success: true, code: 0, message, msg: message, data })
    }

    pub fn created(message: &'static str, data: T) -> Self {
        Self(StatusCode::CREATED, Envelope { success: true, code: 0, message, msg: message, data })
    }
}

impl<T: Serialize> IntoResponse for Reply<T> {
    fn into_response(self) -> Response {
        (self.0, Json(self.1)).into_response()
    }
}

impl<T> List<T> {
    pub fn new(data: Vec<T>, pagination: Pagination) -> Self {
        Self { success: true, code: 0, message: "", msg: "", data, total: pagination.total, pagination }
    }
}

impl<T: Serialize> IntoResponse for List<T> {
    fn into_response(self) -> Response {
        Json(self).into_response()
    }
}

impl<T> Items<T> {
    pub fn new(items: Vec<T>, pagination: Pagination) -> Self {
        Self { items, total: pagination.total, page: pagination.page, limit: pagination.limit, pagination }
    }
}
