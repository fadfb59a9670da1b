//! What GraphQL's transport answers over HTTP, for the document. The transport is generic over its service and serves any
//! method by itself, so its routes cannot stand in `routes!`; these functions carry their documents and nothing else.

use super::super::answer::Refused;
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, ResponseBuilder};
use utoipa::{OpenApi as _, ToSchema};

#[derive(utoipa::OpenApi)]
#[openapi(
    paths(post, get, stream_post, stream_get, playground, playground_asset),
    components(schemas(GraphQlRequest, GraphQlResponse, GraphQlError, ServerEvent))
)]
struct Transport;

/// How the transport says no, whatever the method.
const REFUSALS: &[(&str, &str)] = &[
    ("400", "The request, or to those who accept graphql-response+json its document, is malformed"),
    ("401", "The token is malformed, unknown, expired or revoked; or there is none, and files are sent"),
    ("403", "The account may not come in"),
    ("406", "None of the accepted media types is served"),
    ("408", "The body took too long to arrive"),
    ("413", "The body is larger than the settings allow"),
    ("415", "The body is neither JSON nor a form"),
    ("429", "Too much at once, or too often; Retry-After says when to come again"),
    ("500", "An internal error"),
    ("503", "The operation took too long, or the database is away"),
];
const MEDIA: [&str; 2] = ["application/json", "application/graphql-response+json"];
const ANSWER: &str = "GraphQlResponse";

pub(super) fn document() -> OpenApi {
    let mut document = Transport::openapi();
    let spoken = ["/graphql", "/graphql/stream"];
    let items = document.paths.paths.iter_mut().filter(|(path, _)| spoken.contains(&path.as_str()));
    for operation in items.flat_map(|(_, item)| [item.get.as_mut(), item.post.as_mut()]).flatten() {
        for (status, why) in REFUSALS {
            let answer = MEDIA.into_iter().fold(ResponseBuilder::new().description(*why), |answer, media| {
                answer.content(media, ContentBuilder::new().schema(Some(Ref::from_schema_name(ANSWER))).build())
            });
            operation.responses.responses.insert((*status).to_owned(), answer.build().into());
        }
    }
    document
}

/// One operation.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase", example = json!({
    "query": "query Mine($first: Int) { tickets(first: $first) { totalCount nodes { id title status } } }",
    "variables": { "first": 5 },
}))]
#[expect(dead_code, reason = "it describes, and is never made")]
struct GraphQlRequest {
    /// The document. Clients that persist queries may leave it out and send `extensions.persistedQuery`.
    #[schema(min_length = 1)]
    query: String,
    /// Which of the document's operations to run.
    operation_name: Option<String>,
    #[schema(value_type = Option<Object>)]
    variables: Option<()>,
    #[schema(value_type = Option<Object>)]
    extensions: Option<()>,
}

/// What came of it. Whatever is wrong with the document is told with status 200 to those who accept `application/json`.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes, and is never made")]
struct GraphQlResponse {
    /// Absent where nothing ran.
    #[schema(value_type = Option<Object>)]
    data: Option<()>,
    #[schema(nullable = false)]
    errors: Option<Vec<GraphQlError>>,
    #[schema(value_type = Object, required = false)]
    extensions: (),
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes, and is never made")]
struct GraphQlError {
    message: String,
    /// Always with a `code`.
    #[schema(value_type = Object)]
    extensions: (),
}

/// One event of a stream.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes, and is never made")]
struct ServerEvent {
    /// `next` carries a result, `complete` ends the stream.
    event: String,
    /// A `GraphQlResponse` as JSON text; empty in the last event.
    data: String,
    /// The cursor to resume after.
    #[schema(nullable = false)]
    id: Option<String>,
}

/// Run an operation
///
/// Queries and mutations. Who is not signed in may ask for what is public. A WebSocket (`graphql-transport-ws`) opens at the
/// same address, and a subscription is answered as an event stream to those who accept `text/event-stream`. Uploads come as a
/// form by the GraphQL multipart request specification.
#[utoipa::path(
    post, path = "/graphql", operation_id = "graphql", tag = "graphql",
    request_body(content((GraphQlRequest = "application/json"))),
    responses((status = 200, description = "It ran, or its document is wrong", content(
        (GraphQlResponse = "application/json"),
        (GraphQlResponse = "application/graphql-response+json"),
        (ServerEvent = "text/event-stream"),
    ))),
    security((), ("token" = []), ("key" = [])),
)]
#[expect(dead_code, reason = "it carries a document")]
fn post() {}

/// Run a query
///
/// As above, for queries only; `variables` and `extensions` are JSON text. A browser is sent to the playground.
#[utoipa::path(
    get, path = "/graphql", operation_id = "graphqlQuery", tag = "graphql",
    params(
        ("query" = String, Query, min_length = 1, description = "The document", example = "{ __typename }"),
        ("operationName" = Option<String>, Query, description = "Which of the document's operations to run"),
    ),
    responses(
        (status = 200, description = "It ran, or its document is wrong", content(
            (GraphQlResponse = "application/json"),
            (GraphQlResponse = "application/graphql-response+json"),
            (ServerEvent = "text/event-stream"),
        )),
        (status = 101, description = "A WebSocket was asked for, and opens"),
        (status = 303, description = "To the playground, for browsers"),
        (status = 405, description = "A mutation must be sent by POST", content(
            (GraphQlResponse = "application/json"),
            (GraphQlResponse = "application/graphql-response+json"),
        )),
    ),
    security((), ("token" = []), ("key" = [])),
)]
#[expect(dead_code, reason = "it carries a document")]
fn get() {}

/// Run an operation as an event stream
///
/// Each result is an event `next`, and `complete` is the last. Send the last event's id as `Last-Event-ID` to resume.
#[utoipa::path(
    post, path = "/graphql/stream", operation_id = "graphqlStream", tag = "graphql",
    params(("Last-Event-ID" = Option<String>, Header, description = "The cursor to resume after")),
    request_body(content((GraphQlRequest = "application/json"))),
    responses((status = 200, description = "The stream, or a refusal as its only event", content((ServerEvent = "text/event-stream")))),
    security((), ("token" = []), ("key" = [])),
)]
#[expect(dead_code, reason = "it carries a document")]
fn stream_post() {}

/// Run a query or a subscription as an event stream
///
/// As above; `variables` and `extensions` are JSON text.
#[utoipa::path(
    get, path = "/graphql/stream", operation_id = "graphqlStreamQuery", tag = "graphql",
    params(
        ("query" = String, Query, min_length = 1, description = "The document", example = "{ __typename }"),
        ("operationName" = Option<String>, Query, description = "Which of the document's operations to run"),
        ("Last-Event-ID" = Option<String>, Header, description = "The cursor to resume after"),
    ),
    responses(
        (status = 200, description = "The stream, or a refusal as its only event", content((ServerEvent = "text/event-stream"))),
        (status = 405, description = "A mutation must be sent by POST", content(
            (GraphQlResponse = "application/json"),
            (GraphQlResponse = "application/graphql-response+json"),
        )),
    ),
    security((), ("token" = []), ("key" = [])),
)]
#[expect(dead_code, reason = "it carries a document")]
fn stream_get() {}

/// A page to try GraphQL out
///
/// It works without the internet. `graphql.playground` switches it off.
#[utoipa::path(get, path = "/playground", operation_id = "playground", tag = "graphql", responses(
    (status = 200, description = "The page", body = String, content_type = "text/html"),
    (status = 304, description = "The page is as it was"),
    (status = 404, description = "The page is switched off", body = Refused),
))]
#[expect(dead_code, reason = "it carries a document")]
fn playground() {}

/// What that page loads
#[utoipa::path(get, path = "/playground/{asset}", operation_id = "playgroundAsset", tag = "graphql",
    params(("asset" = String, Path, description = "A file of the page", example = "app.js")),
    responses(
        (status = 200, description = "The file", body = String, content_type = "*/*"),
        (status = 304, description = "The file is as it was"),
        (status = 404, description = "The page has no such file, or is switched off"),
    ))]
#[expect(dead_code, reason = "it carries a document")]
fn playground_asset() {}
