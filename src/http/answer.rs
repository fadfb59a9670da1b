//! Answers of the routes that are not GraphQL: JSON, and errors in one form, `{"error": {code, message, field}}`.

use axum::Json;
use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use model::Error;
use serde::Serialize;
use utoipa::ToSchema;

/// What a refusal looks like on the wire, where no dialect has its own form.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({ "error": { "code": "NOT_FOUND", "message": "there is nothing at this address" } }))]
pub struct Refused {
    error: RefusedError,
}

#[derive(Debug, Serialize, ToSchema)]
struct RefusedError {
    /// A stable word for programs.
    code: &'static str,
    /// A sentence for people.
    message: String,
    /// The input at fault, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    field: Option<&'static str>,
}

/// A request that is refused.
#[derive(Debug, Clone)]
pub struct Refusal {
    pub status: StatusCode,
    pub code: &'static str,
    pub message: String,
    pub field: Option<&'static str>,
    /// Seconds after which another try may work.
    pub retry_after: Option<u64>,
}

impl Refusal {
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), field: None, retry_after: None }
    }

    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", "there is nothing at this address")
    }

    pub fn too_large(limit: u64) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "TOO_LARGE", format!("the body is larger than {limit} bytes"))
    }

    pub fn retry_after(self, seconds: u64) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let status = match &error {
            Error::NotFound { .. } => StatusCode::NOT_FOUND,
            Error::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Error::InvalidTransition { .. } | Error::Conflict { .. } => StatusCode::CONFLICT,
            Error::Unauthenticated { .. } => StatusCode::UNAUTHORIZED,
            Error::Forbidden { .. } => StatusCode::FORBIDDEN,
            Error::ResyncRequired => StatusCode::GONE,
            Error::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Error::Busy { .. } => StatusCode::TOO_MANY_REQUESTS,
            Error::Internal(why) => {
                tracing::error!(why, "a request failed inside");
                StatusCode::INTERNAL_SERVER_ERROR
            }
        };
        let retry_after = match &error {
            Error::Busy { after_ms } => Some(after_ms.div_ceil(1_000)),
            Error::NotFound { .. }
            | Error::Invalid(_)
            | Error::InvalidTransition { .. }
            | Error::Conflict { .. }
            | Error::Unauthenticated { .. }
            | Error::Forbidden { .. }
            | Error::ResyncRequired
            | Error::TooLarge { .. }
            | Error::Internal(_) => None,
        };
        Self { status, code: error.code(), message: error.to_string(), field: error.field(), retry_after }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let error = RefusedError { code: self.code, message: self.message, field: self.field };
        let mut response = (self.status, Json(Refused { error })).into_response();
        let headers = response.headers_mut();
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        response
    }
}
