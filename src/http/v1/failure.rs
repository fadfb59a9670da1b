//! How clients of `/v1` are told no: HTTP status, business code, and `details` by field (seed 003 §6).
//!
//! 400: path, query or body can't be read. 422: it can, and is wrong. 409: the ticket doesn't stand so. Codes beyond the
//! document's list are for what it doesn't foresee: `CONFLICT`, `METHOD_NOT_ALLOWED`.

use super::{convert, wire};
use crate::http::dialect::Failure;
use axum::Json;
use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use model::Error;
use model::error::Problem;
use model::ticket::Status;
use serde_json::{Map, Value};

/// Seconds after which another try may work, where something took too long.
const AGAIN: u64 = 1;

pub fn response(failure: &Failure) -> Response {
    let Told { status, code, message, details, retry_after } = told(failure);
    let body = wire::Refusal { success: false, message, error_code: code, details };
    let mut response = (status, Json(body)).into_response();
    let headers = response.headers_mut();
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if let Some(seconds) = retry_after {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds.max(1)));
    }
    response
}

#[derive(Debug, PartialEq, Eq)]
struct Told {
    status: StatusCode,
    code: &'static str,
    message: String,
    details: Map<String, Value>,
    retry_after: Option<u64>,
}

impl Told {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), details: Map::new(), retry_after: None }
    }

    fn invalid(status: StatusCode, problems: &[Problem]) -> Self {
        Self { details: details(problems), ..Self::new(status, "VALIDATION_ERROR", "Validation failed") }
    }

    fn later(status: StatusCode, code: &'static str, message: &str, seconds: u64) -> Self {
        let details = [("retry_after".to_owned(), seconds.into())].into_iter().collect();
        Self { details, retry_after: Some(seconds), ..Self::new(status, code, message) }
    }
}

fn told(failure: &Failure) -> Told {
    match failure {
        Failure::Malformed(problems) => Told::invalid(StatusCode::BAD_REQUEST, problems),
        Failure::TooLarge { limit } => {
            let problem = Problem { field: "body", problem: format!("must have at most {limit} bytes") };
            Told::invalid(StatusCode::PAYLOAD_TOO_LARGE, &[problem])
        }
        Failure::NoSuchRoute => Told::new(StatusCode::NOT_FOUND, "NOT_FOUND", "Resource not found"),
        Failure::WrongMethod => {
            Told::new(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", "This method is not served here")
        }
        Failure::TimedOut => {
            Told::later(StatusCode::SERVICE_UNAVAILABLE, "INTERNAL_ERROR", "It took too long; try again", AGAIN)
        }
        Failure::Refused(error) => refused(error),
    }
}

fn refused(error: &Error) -> Told {
    match error {
        Error::NotFound { what: "ticket" } => Told::new(StatusCode::NOT_FOUND, "TICKET_NOT_FOUND", "Ticket not found"),
        Error::NotFound { what } => {
            Told::new(StatusCode::NOT_FOUND, "NOT_FOUND", sentence(&format!("{what} not found")))
        }
        Error::Invalid(problems) => match problems.as_slice() {
            [one] if one.field == "assignee" && one.is_absent() => Told {
                details: details(problems),
                ..Told::new(StatusCode::NOT_FOUND, "ASSIGNEE_NOT_FOUND", "Assignee not found")
            },
            all => Told::invalid(StatusCode::UNPROCESSABLE_ENTITY, all),
        },
        Error::TooLarge { field: "content", limit } => {
            let problem = Problem { field: "content", problem: format!("must have at most {limit} characters") };
            Told {
                details: details(&[problem]),
                ..Told::new(StatusCode::UNPROCESSABLE_ENTITY, "COMMENT_TOO_LONG", "Comment is too long")
            }
        }
        Error::TooLarge { field, limit } => {
            let problem = Problem { field, problem: format!("is too large: the limit is {limit}") };
            Told::invalid(StatusCode::UNPROCESSABLE_ENTITY, &[problem])
        }
        Error::InvalidTransition { from, to } => {
            let message = format!("A ticket that is {} can't become {}", shown(from), shown(to));
            let problem = Problem { field: "status", problem: format!("can't be {} now", shown(to)) };
            Told {
                details: details(&[problem]),
                ..Told::new(StatusCode::CONFLICT, "INVALID_STATUS_TRANSITION", message)
            }
        }
        Error::Conflict { why, .. } => Told::new(StatusCode::CONFLICT, "CONFLICT", sentence(why)),
        Error::Unauthenticated { why, .. } => Told::new(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", sentence(why)),
        Error::Forbidden { .. } => Told::new(StatusCode::FORBIDDEN, "FORBIDDEN", sentence(&error.to_string())),
        Error::Busy { after_ms } => {
            let seconds = after_ms.div_ceil(1_000).max(1);
            Told::later(StatusCode::TOO_MANY_REQUESTS, "RATE_LIMIT_EXCEEDED", "Rate limit exceeded", seconds)
        }
        // The one cursor that anybody sends here says after what a webhook is told again.
        Error::ResyncRequired => {
            let problem = "is older than what is kept, or of another log".to_owned();
            Told::invalid(StatusCode::UNPROCESSABLE_ENTITY, &[Problem { field: "after", problem }])
        }
        Error::Internal(_) => {
            Told::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL_ERROR", "An internal error occurred")
        }
    }
}

/// One sentence for each field; it begins with the field's name, as the document's samples do.
fn details(problems: &[Problem]) -> Map<String, Value> {
    let mut details: Map<String, Value> = Map::new();
    for problem in problems {
        let name = spelled(problem.field);
        let told = format!("{name} {}", problem.problem);
        let text = match details.get(name).and_then(Value::as_str) {
            Some(before) => format!("{before}; {told}"),
            None => told,
        };
        details.insert(name.to_owned(), text.into());
    }
    details
}

/// The document's names for what the model calls otherwise.
fn spelled(field: &'static str) -> &'static str {
    match field {
        "custom_fields" => "metadata",
        "assignee" => "assignee_id",
        "requester" => "creator_id",
        "idempotency_key" => "Idempotency-Key",
        other => other,
    }
}

/// The document's word for a status.
fn shown(word: &'static str) -> &'static str {
    Status::parse(word).map_or(word, |status| convert::status(status, false))
}

/// With a capital at the beginning.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(field: &'static str, problem: &str) -> Problem {
        Problem { field, problem: problem.to_owned() }
    }

    #[test]
    fn every_error_has_its_status_and_code() {
        for (error, status, code) in [
            (Error::not_found("ticket"), 404, "TICKET_NOT_FOUND"),
            (Error::not_found("comment"), 404, "NOT_FOUND"),
            (Error::invalid("title", "is required"), 422, "VALIDATION_ERROR"),
            (Error::invalid("assignee", model::error::ABSENT), 404, "ASSIGNEE_NOT_FOUND"),
            (Error::invalid("assignee", "must be an agent"), 422, "VALIDATION_ERROR"),
            (Error::TooLarge { field: "content", limit: 10_000 }, 422, "COMMENT_TOO_LONG"),
            (Error::InvalidTransition { from: "new", to: "resolved" }, 409, "INVALID_STATUS_TRANSITION"),
            (Error::conflict("ticket", "merged"), 409, "CONFLICT"),
            (Error::unauthenticated("sign in first"), 401, "UNAUTHORIZED"),
            (Error::Forbidden { what: "x" }, 403, "FORBIDDEN"),
            (Error::Busy { after_ms: 1_500 }, 429, "RATE_LIMIT_EXCEEDED"),
            (Error::ResyncRequired, 422, "VALIDATION_ERROR"),
            (Error::internal("the secret"), 500, "INTERNAL_ERROR"),
        ] {
            let told = told(&Failure::Refused(error.clone()));
            assert_eq!((told.status.as_u16(), told.code), (status, code), "{error:?}");
            assert!(!told.message.contains("secret") && !told.message.is_empty());
        }
        let told = told(&Failure::Refused(Error::Busy { after_ms: 1_500 }));
        assert_eq!((told.retry_after, told.details.get("retry_after")), (Some(2), Some(&Value::from(2))));
    }

    #[test]
    fn details_are_keyed_by_the_clients_names() {
        let all = [problem("custom_fields", "are too large"), problem("title", "is required"), problem("title", "x")];
        let details = details(&all);
        assert_eq!(details.get("metadata"), Some(&Value::from("metadata are too large")));
        assert_eq!(details.get("title"), Some(&Value::from("title is required; title x")));
        let moved = refused(&Error::InvalidTransition { from: "cancelled", to: "in_progress" });
        assert_eq!(moved.message, "A ticket that is closed can't become in_progress");
    }
}
