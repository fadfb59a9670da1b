//! GraphQL over HTTP, by the specification's draft: POST with JSON or multipart, GET for queries.
//! The door of `/graphql`: a WebSocket handshake and a request for an event stream are recognised here and passed on.
//! Refuses mutations over GET, and content types that a page of another site could send without being asked.

use std::sync::Arc;

use async_graphql::parser::types::OperationType;
use async_graphql::{Executor, Request as Operation, Response as Executed};
use axum::body::{Body as HttpBody, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{ACCEPT, ALLOW, CONTENT_TYPE, LOCATION, UPGRADE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use futures_util::future::join_all;
use graphql::AsText;

use super::document::{Prepared, prepare};
use super::negotiation::{Accepted, Media};
use super::parameters::{Body, Parameters};
use super::problem::Problem;
use super::{ClientInfo, Gate, Refused, Surface, Transport, multipart, reply, socket, stream};

/// What a request turned out to hold.
pub(super) enum Read {
    One(Box<Operation>, OperationType),
    Many(Vec<Prepared>),
}

/// Serves `/graphql`.
pub(super) async fn serve<G: Gate>(State(surface): State<Arc<Surface<G>>>, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    if parts.method == Method::GET && asks_for_socket(&parts.headers) {
        return socket::upgrade(surface, &mut parts).await;
    }
    let accepted = Accepted::from_headers(&parts.headers);
    if surface.options.playground && wants_page(&parts) {
        return (StatusCode::SEE_OTHER, [(LOCATION, "playground")]).into_response();
    }
    let Some(media) = accepted.single.or(accepted.events.then_some(Media::Json)) else {
        return reply::refused(Media::Json, Problem::not_acceptable());
    };
    if parts.method == Method::OPTIONS {
        return (StatusCode::NO_CONTENT, [(ALLOW, METHODS)]).into_response();
    }
    match run(&surface, parts, body, media, accepted).await {
        Ok(response) => response,
        Err(problem) if accepted.single.is_none() && problem.well_formed => stream::told_in_stream(problem),
        Err(problem) => reply::refused(media, problem),
    }
}

const METHODS: &str = "GET, POST";

async fn run<G: Gate>(
    surface: &Arc<Surface<G>>,
    parts: Parts,
    body: HttpBody,
    media: Media,
    accepted: Accepted,
) -> Result<Response, Problem> {
    let method = parts.method.clone();
    let uri = parts.uri.clone();
    // Accept lists of some clients always name event streams; only a subscription is then meant to be one.
    let info = ClientInfo::new(parts, if accepted.single.is_none() { Transport::Events } else { Transport::Http });
    let caller = surface.gate.authenticate(info.authorization().as_deref(), &info).await?;
    let read = if method == Method::POST {
        read(surface, caller.as_ref(), &info.headers, body).await?
    } else if method == Method::GET || method == Method::HEAD {
        let Prepared { request, kind } = prepare(&surface.documents, Parameters::from_uri(&uri)?)?;
        Read::One(Box::new(request), kind)
    } else {
        return Err(Problem::method("GraphQL is served over GET and POST", METHODS));
    };
    let (request, kind) = match read {
        Read::One(request, kind) => (request, kind),
        Read::Many(all) => return batch(surface, all, caller.as_ref(), &info).await,
    };
    if kind == OperationType::Mutation && method != Method::POST {
        return Err(Problem::method("A mutation must be sent by POST", "POST"));
    }
    if accepted.events && (accepted.single.is_none() || kind == OperationType::Subscription) {
        let info = ClientInfo { transport: Transport::Events, ..info };
        return stream::open(surface, *request, kind, caller, &info);
    }
    if kind == OperationType::Subscription {
        return Err(no_stream());
    }
    let request = surface.gate.attach(*request, caller.as_ref(), &info)?.data(AsText);
    Ok(reply::executed(media, execute(surface, request, kind).await?))
}

/// Runs a query or mutation for as long as it may take.
async fn execute<G: Gate>(surface: &Surface<G>, request: Operation, kind: OperationType) -> Result<Executed, Problem> {
    let run = async {
        if kind == OperationType::Mutation {
            let result = surface.results(request, kind, None).next().await;
            return result.ok_or_else(|| Problem::internal("a mutation ended without a result"));
        }
        Ok(surface.gate.schema().execute(request).await)
    };
    tokio::time::timeout(surface.options.execution_timeout, run)
        .await
        .map_err(|_| Problem::timeout("The operation took too long and was given up"))?
}

/// Queries of a batch run side by side; with a mutation among them, one after the other in the order they were sent.
async fn batch<G: Gate>(
    surface: &Surface<G>,
    all: Vec<Prepared>,
    caller: Option<&G::Caller>,
    info: &ClientInfo,
) -> Result<Response, Problem> {
    if all.iter().any(|one| one.kind == OperationType::Subscription) {
        return Err(no_stream());
    }
    let ordered = all.iter().any(|one| one.kind == OperationType::Mutation);
    let one = async |Prepared { request, kind }: Prepared| {
        let run = async { execute(surface, surface.gate.attach(request, caller, info)?, kind).await };
        run.await.unwrap_or_else(Problem::into_response)
    };
    let responses = if ordered {
        let mut responses = Vec::with_capacity(all.len());
        for prepared in all {
            responses.push(one(prepared).await);
        }
        responses
    } else {
        join_all(all.into_iter().map(one)).await
    };
    Ok(reply::batch(responses))
}

/// Reads the operations out of a POST. Files are taken only from those who are signed in: nobody else can do anything with one.
pub(super) async fn read<G: Gate>(
    surface: &Surface<G>,
    caller: Option<&G::Caller>,
    headers: &HeaderMap,
    body: HttpBody,
) -> Result<Read, Problem> {
    let options = &surface.options;
    match content_type(headers) {
        Some(Content::Json) => {
            let read = to_bytes(body, options.max_body_bytes);
            let bytes = tokio::time::timeout(options.body_timeout, read)
                .await
                .map_err(|_| Problem::slow_body())?
                .map_err(|error| unreadable(&error, options.max_body_bytes))?;
            match Body::from_json(&bytes, options.batching)? {
                Body::One(parameters) => {
                    let Prepared { request, kind } = prepare(&surface.documents, *parameters)?;
                    Ok(Read::One(Box::new(request), kind))
                }
                Body::Many(all) => {
                    let prepared: Result<_, _> =
                        all.into_iter().map(|parameters| prepare(&surface.documents, parameters)).collect();
                    Ok(Read::Many(prepared?))
                }
            }
        }
        Some(Content::Multipart) if caller.is_none() => {
            Err(Refused::Unauthenticated("Sign in to send files".to_owned()).into())
        }
        Some(Content::Multipart) => multipart::read(headers, body, &surface.documents, options).await,
        None => Err(Problem::unsupported_media()),
    }
}

enum Content {
    Json,
    Multipart,
}

fn content_type(headers: &HeaderMap) -> Option<Content> {
    let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let mut parts = value.split(';').map(str::trim);
    let name = parts.next()?;
    if name.eq_ignore_ascii_case("multipart/form-data") {
        return Some(Content::Multipart);
    }
    let utf8 = parts.filter_map(|part| part.split_once('=')).all(|(name, value)| {
        let value = value.trim_matches('"');
        !name.eq_ignore_ascii_case("charset")
            || value.eq_ignore_ascii_case("utf-8")
            || value.eq_ignore_ascii_case("utf8")
    });
    (name.eq_ignore_ascii_case("application/json") && utf8).then_some(Content::Json)
}

/// Tells a body that is too large from one that broke off.
fn unreadable(error: &axum::Error, max: usize) -> Problem {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        if error.is::<http_body_util::LengthLimitError>() {
            return Problem::too_large(format!("The request body is larger than {max} bytes"));
        }
        cause = error.source();
    }
    Problem::bad_request("The request body broke off")
}

fn asks_for_socket(headers: &HeaderMap) -> bool {
    headers.get(UPGRADE).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

/// A person who opened the address in a browser is shown the playground.
fn wants_page(parts: &Parts) -> bool {
    let html = |value: &HeaderValue| value.to_str().is_ok_and(|value| value.starts_with("text/html"));
    parts.method == Method::GET && parts.uri.query().is_none() && parts.headers.get(ACCEPT).is_some_and(html)
}

fn no_stream() -> Problem {
    Problem::bad_request(
        "A subscription needs a stream: use WebSocket (graphql-transport-ws) here, or server-sent events at /graphql/stream",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_types() {
        let told = |text: &str| {
            let headers = std::iter::once((CONTENT_TYPE, HeaderValue::from_str(text).unwrap())).collect();
            content_type(&headers)
        };
        assert!(matches!(told("application/json"), Some(Content::Json)));
        assert!(matches!(told("Application/JSON; charset=\"UTF-8\""), Some(Content::Json)));
        assert!(matches!(told("multipart/form-data; boundary=x"), Some(Content::Multipart)));
        assert!(told("application/json; charset=gbk").is_none());
        assert!(told("text/plain").is_none());
        assert!(told("application/x-www-form-urlencoded").is_none());
        assert!(content_type(&HeaderMap::new()).is_none());
    }
}
