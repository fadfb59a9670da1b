//! Answers as bytes: GraphQL responses and refusals, for HTTP.
//! Serializes straight from the response, once; a request that never ran has no `data` entry.

use async_graphql::{Response as Executed, ServerError, Value};
use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, VARY};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use serde::ser::{Serialize, SerializeMap, Serializer};
use std::collections::BTreeMap;

use super::negotiation::Media;
use super::problem::{Problem, complete_codes, is_request_error, status_of};

/// A response as the wire has it: errors first, so that a reader sees them before the data.
struct Wire<'a>(&'a Executed);

impl Serialize for Wire<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(response) = self;
        let mut map = serializer.serialize_map(None)?;
        if !response.errors.is_empty() {
            map.serialize_entry::<str, Vec<ServerError>>("errors", &response.errors)?;
        }
        if !is_request_error(response) {
            map.serialize_entry::<str, Value>("data", &response.data)?;
        }
        if !response.extensions.is_empty() {
            map.serialize_entry("extensions", &response.extensions)?;
        }
        map.end()
    }
}

/// The answer to an operation.
pub(super) fn executed(media: Media, mut response: Executed) -> Response {
    complete_codes(&mut response);
    let status = match media {
        Media::GraphQl if is_request_error(&response) => status_of(&response),
        Media::Json | Media::GraphQl => StatusCode::OK,
    };
    let mut answer = json(media, status, written(&response));
    answer.headers_mut().extend(std::mem::take(&mut response.http_headers));
    answer
}

/// A response as text; its data may be that already (`graphql::AsText`).
pub(super) fn written(response: &Executed) -> Vec<u8> {
    if let Value::Binary(text) = &response.data
        && response.errors.is_empty()
    {
        return around(text, &response.extensions);
    }
    to_json(&Wire(response))
}

fn around(data: &[u8], extensions: &BTreeMap<String, Value>) -> Vec<u8> {
    let extensions = to_json(extensions);
    [br#"{"data":"#, data, br#","extensions":"#, &extensions, b"}"].concat()
}

/// The answers to a batch.
pub(super) fn batch(mut responses: Vec<Executed>) -> Response {
    responses.iter_mut().for_each(complete_codes);
    let wires: Vec<Wire<'_>> = responses.iter().map(Wire).collect();
    let mut answer = json(Media::Json, StatusCode::OK, to_json(&wires));
    for response in &mut responses {
        answer.headers_mut().extend(std::mem::take(&mut response.http_headers));
    }
    answer
}

/// The answer to a request that is refused.
pub(super) fn refused(media: Media, mut problem: Problem) -> Response {
    let status = match media {
        Media::Json if problem.well_formed => StatusCode::OK,
        Media::Json | Media::GraphQl => problem.status,
    };
    let header = problem.header.take();
    let mut answer = json(media, status, to_json(&Wire(&problem.into_response())));
    if let Some((name, value)) = header {
        answer.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    answer
}

/// A body of JSON text. Serializing our own values into memory does not fail; were it to, the answer says so.
pub(super) fn to_json(value: &impl Serialize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(1024);
    match serde_json::to_writer(&mut bytes, value) {
        Ok(()) => bytes,
        Err(error) => {
            tracing::error!(%error, "a response could not be serialized");
            br#"{"errors":[{"message":"The response could not be written","extensions":{"code":"INTERNAL"}}]}"#.to_vec()
        }
    }
}

fn json(media: Media, status: StatusCode, body: Vec<u8>) -> Response {
    let mut answer = Response::new(Body::from(body));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media.content_type()));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(VARY, HeaderValue::from_static("accept"));
    answer
}

#[cfg(test)]
mod tests {
    use async_graphql::{PathSegment, value};

    use super::*;

    fn text(response: &Executed) -> String {
        String::from_utf8(to_json(&Wire(response))).unwrap()
    }

    #[test]
    fn data_is_there_only_if_something_ran() {
        assert_eq!(text(&Executed::new(value!({ "a": 1 }))), r#"{"data":{"a":1}}"#);
        let error = ServerError::new("no", None);
        assert_eq!(text(&Executed::from_errors(vec![error.clone()])), r#"{"errors":[{"message":"no"}]}"#);
        let ran = Executed::from_errors(vec![error.with_path(vec![PathSegment::Field("a".into())])]);
        assert_eq!(text(&ran), r#"{"errors":[{"message":"no","path":["a"]}],"data":null}"#);
    }

    #[tokio::test]
    async fn data_that_is_text_is_written_as_it_is() {
        let body = async |data: Value| {
            let response = Executed::new(data).extension("cost", value!({ "depth": 1 }));
            axum::body::to_bytes(executed(Media::Json, response).into_body(), 100).await.unwrap()
        };
        let text = Value::Binary(br#"{"a":[1,"x"]}"#.to_vec().into());
        assert_eq!(body(text).await, body(value!({ "a": [1, "x"] })).await);
    }

    #[test]
    fn statuses() {
        let invalid = || Executed::from_errors(vec![ServerError::new("Unknown field", None)]);
        assert_eq!(executed(Media::Json, invalid()).status(), 200);
        assert_eq!(executed(Media::GraphQl, invalid()).status(), 400);
        assert_eq!(refused(Media::Json, Problem::bad_request("x")).status(), 400);
        let document = || Problem::document("GRAPHQL_PARSE_FAILED", ServerError::new("x", None));
        assert_eq!(refused(Media::Json, document()).status(), 200);
        assert_eq!(refused(Media::GraphQl, document()).status(), 400);
    }
}
