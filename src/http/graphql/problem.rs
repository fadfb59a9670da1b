//! How a request is refused before it runs, and how the errors of one that ran get their codes.
//! Every error that leaves this transport carries `extensions.code`; an error that the schema raised without one is
//! a defect of ours, so its text is logged and not shown.

use std::borrow::Cow;

use async_graphql::{ErrorExtensionValues, Response, ServerError, Value};
use axum::http::header::{ALLOW, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderName, StatusCode};

use super::gate::Refused;

pub(super) const BAD_REQUEST: &str = "BAD_REQUEST";
pub(super) const PARSE_FAILED: &str = "GRAPHQL_PARSE_FAILED";
pub(super) const VALIDATION_FAILED: &str = "GRAPHQL_VALIDATION_FAILED";
pub(super) const TOO_COMPLEX: &str = "QUERY_TOO_COMPLEX";
pub(super) const TOO_DEEP: &str = "QUERY_TOO_DEEP";
pub(super) const INTROSPECTION_DISABLED: &str = "INTROSPECTION_DISABLED";
pub(super) const TIMEOUT: &str = "TIMEOUT";
pub(super) const TOO_LARGE: &str = "PAYLOAD_TOO_LARGE";
pub(super) const TOO_MANY: &str = "TOO_MANY_OPERATIONS";
pub(super) const UNAUTHENTICATED: &str = "UNAUTHENTICATED";
pub(super) const INTERNAL: &str = "INTERNAL";

/// A request that will not be run, with everything its answer needs.
#[derive(Debug)]
pub(super) struct Problem {
    /// The status where the media type lets statuses speak.
    pub(super) status: StatusCode,
    /// Whether the request itself was well formed: then `application/json` answers 200.
    pub(super) well_formed: bool,
    pub(super) header: Option<(HeaderName, &'static str)>,
    pub(super) error: Box<ServerError>,
}

impl Problem {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        let mut error = Box::new(ServerError::new(message, None));
        set_code(&mut error, code);
        Self { status, well_formed: false, header: None, error }
    }

    fn with_header(self, name: HeaderName, value: &'static str) -> Self {
        Self { header: Some((name, value)), ..self }
    }

    /// The request is malformed.
    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::refused(BAD_REQUEST, message)
    }

    /// The request is refused with 400 and a code of its own.
    pub(super) fn refused(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// The request is well formed, its document is not acceptable.
    pub(super) fn document(code: &'static str, error: ServerError) -> Self {
        let mut error = Box::new(error);
        set_code(&mut error, code);
        Self { status: StatusCode::BAD_REQUEST, well_formed: true, header: None, error }
    }

    /// A status that Apollo's persisted-query protocol fixes at 200, so that clients read the body and send the text.
    pub(super) fn persisted(code: &'static str, message: &str) -> Self {
        Self::new(StatusCode::OK, code, message)
    }

    pub(super) fn method(message: &str, allow: &'static str) -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", message).with_header(ALLOW, allow)
    }

    pub(super) fn not_acceptable() -> Self {
        Self::new(
            StatusCode::NOT_ACCEPTABLE,
            "NOT_ACCEPTABLE",
            "Served as application/graphql-response+json, application/json or text/event-stream",
        )
    }

    pub(super) fn unsupported_media() -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "UNSUPPORTED_MEDIA_TYPE",
            "Send application/json in UTF-8, or multipart/form-data for uploads",
        )
    }

    pub(super) fn too_large(message: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, TOO_LARGE, message)
    }

    pub(super) fn timeout(message: &str) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, TIMEOUT, message)
    }

    pub(super) fn slow_body() -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, TIMEOUT, "The request body took too long to arrive")
    }

    pub(super) fn too_many(message: &str) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, TOO_MANY, message).with_header(RETRY_AFTER, "5")
    }

    /// The caller has used up a minute; `Retry-After` comes from whoever counts.
    pub(super) fn too_often(message: impl Into<String>) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "RATE_LIMIT_EXCEEDED", message)
    }

    pub(super) fn internal(cause: impl std::fmt::Display) -> Self {
        tracing::error!(%cause, "a GraphQL request could not be served");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, INTERNAL, INTERNAL_MESSAGE)
    }

    #[cfg(test)]
    pub(super) fn code(&self) -> String {
        code_of(&self.error).unwrap_or_default().into_owned()
    }

    #[cfg(test)]
    pub(super) fn message(&self) -> &str {
        &self.error.message
    }

    /// The problem as a GraphQL response, for the transports that have no status line.
    pub(super) fn into_response(self) -> Response {
        Response::from_errors(vec![*self.error])
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Unauthenticated(message) => Self::new(StatusCode::UNAUTHORIZED, UNAUTHENTICATED, message)
                .with_header(WWW_AUTHENTICATE, r#"Bearer error="invalid_token""#),
            Refused::Malformed(message) => Self::bad_request(message),
            Refused::Forbidden(message) => Self::new(StatusCode::FORBIDDEN, "FORBIDDEN", message),
            Refused::Unavailable(message) => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", message).with_header(RETRY_AFTER, "5")
            }
        }
    }
}

const INTERNAL_MESSAGE: &str = "Something went wrong on our side; it has been logged";

/// Whether the response says that execution never began: nothing ran, so there is no `data` entry.
pub(super) fn is_request_error(response: &Response) -> bool {
    !response.errors.is_empty()
        && response.data == Value::Null
        && response.errors.iter().all(|error| error.path.is_empty())
}

/// Gives every error a code. What the library raised is told apart by its text, for it offers nothing else.
pub(super) fn complete_codes(response: &mut Response) {
    if response.errors.is_empty() {
        return;
    }
    let request_error = is_request_error(response);
    for error in &mut response.errors {
        if code_of(error).is_some() {
            continue;
        }
        let code = code_for(error, request_error);
        if code == INTERNAL {
            tracing::error!(message = %error.message, path = ?error.path, "a resolver failed without a code");
            INTERNAL_MESSAGE.clone_into(&mut error.message);
        }
        set_code(error, code);
    }
}

/// Recognises the library's own errors, those that it raises while it runs included.
fn code_for(error: &ServerError, request_error: bool) -> &'static str {
    let message = error.message.as_str();
    let begins = |starts: &[&str]| starts.iter().any(|start| message.starts_with(start));
    let undefined = message.starts_with("Variable ") && message.ends_with(" is not defined.");
    if message == "Query is too complex." {
        TOO_COMPLEX
    } else if begins(&["Query is nested too deep.", "The recursion depth of the query"]) {
        TOO_DEEP
    } else if undefined || begins(&["Failed to parse \"", "Expected input type \""]) {
        BAD_REQUEST
    } else if request_error || begins(&["Cannot query field \"", "Schema is not configured for "]) {
        VALIDATION_FAILED
    } else {
        INTERNAL
    }
}

/// The status of a response whose execution never began, where the media type lets statuses speak.
pub(super) fn status_of(response: &Response) -> StatusCode {
    match response.errors.first().and_then(code_of).as_deref() {
        Some(UNAUTHENTICATED) => StatusCode::UNAUTHORIZED,
        Some("FORBIDDEN") => StatusCode::FORBIDDEN,
        Some(INTERNAL) => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::BAD_REQUEST,
    }
}

fn code_of(error: &ServerError) -> Option<Cow<'_, str>> {
    match error.extensions.as_ref()?.get("code")? {
        Value::String(code) => Some(Cow::Borrowed(code)),
        Value::Enum(code) => Some(Cow::Borrowed(code.as_str())),
        Value::Null | Value::Number(_) | Value::Boolean(_) | Value::Binary(_) | Value::List(_) | Value::Object(_) => {
            None
        }
    }
}

fn set_code(error: &mut ServerError, code: &str) {
    error.extensions.get_or_insert_with(ErrorExtensionValues::default).set("code", code);
}

#[cfg(test)]
mod tests {
    use async_graphql::PathSegment;

    use super::*;

    fn completed(message: &str, path: Vec<PathSegment>) -> ServerError {
        let mut response = Response::from_errors(vec![ServerError::new(message, None).with_path(path)]);
        complete_codes(&mut response);
        response.errors.remove(0)
    }

    #[test]
    fn codes_of_the_library() {
        let cases = [
            ("Query is too complex.", TOO_COMPLEX),
            ("Query is nested too deep.", TOO_DEEP),
            ("The recursion depth of the query cannot be greater than `32`", TOO_DEEP),
            ("Failed to parse \"Int\": x", BAD_REQUEST),
            ("Unknown field \"a\"", VALIDATION_FAILED),
        ];
        for (message, code) in cases {
            assert_eq!(code_of(&completed(message, Vec::new())).as_deref(), Some(code), "{message}");
        }
    }

    #[test]
    fn an_uncoded_resolver_error_is_not_shown() {
        let error = completed("no such table: tickets", vec![PathSegment::Field("tickets".into())]);
        assert_eq!(code_of(&error).as_deref(), Some(INTERNAL));
        assert!(!error.message.contains("table"));
    }

    #[test]
    fn a_code_stays() {
        let mut error = ServerError::new("gone", None);
        set_code(&mut error, "NOT_FOUND");
        let mut response = Response::from_errors(vec![error]);
        complete_codes(&mut response);
        assert_eq!(code_of(&response.errors[0]).as_deref(), Some("NOT_FOUND"));
    }
}
