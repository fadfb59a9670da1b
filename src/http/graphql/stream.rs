//! GraphQL over server-sent events, the "distinct connections mode" of the npm package graphql-sse: one operation,
//! one stream of `next` events, one `complete`. Each event's id is the cursor in its result, and a client that comes
//! back with `Last-Event-ID` goes on from there.
//! Refuses the "single connection mode": with HTTP/2 there is no need of it, and it would need state between requests.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::parser::types::OperationType;
use async_graphql::{Request as Operation, Response as Executed, Value};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, Method};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use graphql::AsText;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};
use tokio_stream::wrappers::ReceiverStream;

use super::document::{Prepared, prepare};
use super::gate::{Refused, ResumeAfter};
use super::http::{Read, read};
use super::negotiation::{Accepted, Media};
use super::parameters::Parameters;
use super::problem::{Problem, complete_codes};
use super::reply::{refused, written};
use super::{ClientInfo, Gate, Surface, Transport};

const METHODS: &str = "GET, POST";

/// What a proxy might do to a stream, and must not.
const UNBUFFERED: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Serves `/graphql/stream`.
pub(super) async fn serve<G: Gate>(State(surface): State<Arc<Surface<G>>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let accepted = Accepted::from_headers(&parts.headers);
    // At this address a wildcard may mean a stream: nothing else is served here.
    let wildcard = parts.headers.get("accept").is_none_or(|value| value.as_bytes().starts_with(b"*/*"));
    if !accepted.events && !wildcard {
        return refused(Media::Json, Problem::not_acceptable());
    }
    let (method, uri) = (parts.method.clone(), parts.uri.clone());
    let info = ClientInfo::new(parts, Transport::Events);
    let opened = async {
        let caller = surface.gate.authenticate(info.authorization().as_deref(), &info).await?;
        let prepared = if method == Method::POST {
            read(&surface, caller.as_ref(), &info.headers, body).await
        } else if method == Method::GET {
            Parameters::from_uri(&uri)
                .and_then(|parameters| prepare(&surface.documents, parameters))
                .map(|Prepared { request, kind }| Read::One(Box::new(request), kind))
        } else {
            return Err(Problem::method("Event streams are served over GET and POST", METHODS));
        };
        match prepared {
            Ok(Read::One(_, OperationType::Mutation)) if method == Method::GET => {
                Err(Problem::method("A mutation must be sent by POST", "POST"))
            }
            Ok(Read::One(request, kind)) => open(&surface, *request, kind, caller, &info),
            Ok(Read::Many(_)) => Err(Problem::bad_request("An event stream carries one operation")),
            // The protocol wants a document's faults told in the stream, where a browser's EventSource can see them.
            Err(problem) if problem.well_formed => Ok(told_in_stream(problem)),
            Err(problem) => Err(problem),
        }
    };
    opened.await.unwrap_or_else(|problem| refused(Media::Json, problem))
}

/// Starts the operation and answers with its stream.
pub(super) fn open<G: Gate>(
    surface: &Arc<Surface<G>>,
    mut request: Operation,
    kind: OperationType,
    caller: Option<G::Caller>,
    info: &ClientInfo,
) -> Result<Response, Problem> {
    let options = &surface.options;
    let place = surface
        .operations
        .take(surface.who(caller.as_ref(), info), options.max_operations_per_user)
        .map(Arc::new)
        .ok_or_else(|| Problem::too_many("Too many operations at a time"))?;
    if let Some(cursor) = last_event_id(&info.headers) {
        request = request.data(ResumeAfter(cursor));
    }
    let request = surface.gate.attach(request, caller.as_ref(), info)?.data(AsText);
    let results = surface.results(request, kind, Some(place.clone()));
    let (out, queue) = mpsc::channel(options.send_queue.max(1));
    let feed = Feed {
        out,
        send_timeout: options.send_timeout,
        keep_alive: options.keep_alive,
        patience: (kind != OperationType::Subscription).then_some(options.execution_timeout),
    };
    let (session_end, shutdown) = (surface.session_end(caller.as_ref()), surface.shutdown());
    tokio::spawn(async move {
        feed.run(results, session_end, shutdown).await;
        drop(place);
    });
    Ok(answer(Body::from_stream(ReceiverStream::new(queue).map(Ok::<_, std::convert::Infallible>))))
}

/// A stream that holds a refusal and ends.
pub(super) fn told_in_stream(problem: Problem) -> Response {
    let mut bytes = next_event(&problem.into_response());
    bytes.extend_from_slice(COMPLETE);
    answer(Body::from(bytes))
}

fn answer(body: Body) -> Response {
    let headers = [
        (CONTENT_TYPE, "text/event-stream; charset=utf-8"),
        (CACHE_CONTROL, "no-cache, no-transform"),
        (UNBUFFERED, "no"),
    ];
    (headers, body).into_response()
}

fn last_event_id(headers: &HeaderMap) -> Option<String> {
    let value = headers.get("last-event-id")?.to_str().ok()?.trim();
    (!value.is_empty()).then(|| value.to_owned())
}

/// The producing side of a stream.
struct Feed {
    out: mpsc::Sender<Bytes>,
    send_timeout: Duration,
    keep_alive: Duration,
    patience: Option<Duration>,
}

/// A comment: it opens the stream (some browsers wait for a first byte) and keeps it open.
const ALIVE: &[u8] = b":\n\n";
const COMPLETE: &[u8] = b"event: complete\ndata: \n\n";

impl Feed {
    /// Feeds the stream until the operation, the session, the server or the client's patience ends.
    async fn run(
        self,
        results: BoxStream<'static, Executed>,
        session_end: impl Future<Output = ()> + Send,
        shutdown: impl Future<Output = ()> + Send,
    ) {
        tokio::select! {
            biased;
            () = self.out.closed() => {}
            // Ends without `complete`: the client comes back to whoever serves then.
            () = shutdown => {}
            () = session_end => {
                let over = Problem::from(Refused::Unauthenticated("The session is over: sign in again".into()));
                let mut bytes = next_event(&over.into_response());
                bytes.extend_from_slice(COMPLETE);
                if self.out.try_send(bytes.into()).is_err() {
                    tracing::debug!("a stream was full when its session ended");
                }
            }
            () = self.pump(results) => {}
        }
    }

    async fn pump(&self, mut results: BoxStream<'static, Executed>) {
        if self.send(Bytes::from_static(ALIVE)).await.is_err() {
            return;
        }
        let mut alive = interval_at(Instant::now() + self.keep_alive, self.keep_alive);
        alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut given_up = pin!(async {
            match self.patience {
                Some(patience) => tokio::time::sleep(patience).await,
                None => std::future::pending().await,
            }
        });
        let mut came = false;
        loop {
            let event = tokio::select! {
                _ = alive.tick() => Bytes::from_static(ALIVE),
                next = results.next() => match next {
                    None if !came && self.patience.is_some() => {
                        came = true;
                        let problem = Problem::internal("an operation ended without a result");
                        next_event(&problem.into_response()).into()
                    }
                    Some(mut response) => {
                        came = true;
                        complete_codes(&mut response);
                        next_event(&response).into()
                    }
                    None => break,
                },
                () = &mut given_up => {
                    let problem = Problem::timeout("The operation took too long and was given up");
                    if self.send(next_event(&problem.into_response()).into()).await.is_err() {
                        return;
                    }
                    break;
                }
            };
            if self.send(event).await.is_err() {
                return;
            }
        }
        if self.send(Bytes::from_static(COMPLETE)).await.is_err() {
            tracing::debug!("a stream was gone before it was complete");
        }
    }

    /// Waits for the reader, but not for ever: one that does not read is cut off.
    async fn send(&self, event: Bytes) -> Result<(), Gone> {
        match timeout(self.send_timeout, self.out.send(event)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Gone),
        }
    }
}

/// The reader is not there any more, or does not read.
struct Gone;

/// A result as an event; JSON text has no line breaks, so it is one `data` line.
fn next_event(response: &Executed) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(1024);
    if let Some(cursor) = response.extensions.get("cursor").and_then(cursor) {
        bytes.extend_from_slice(b"id: ");
        bytes.extend_from_slice(cursor.as_bytes());
        bytes.push(b'\n');
    }
    bytes.extend_from_slice(b"event: next\ndata: ");
    bytes.extend_from_slice(&written(response));
    bytes.extend_from_slice(b"\n\n");
    bytes
}

/// A cursor that fits a line.
fn cursor(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.contains(['\n', '\r', '\0']) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::String(_)
        | Value::Null
        | Value::Boolean(_)
        | Value::Binary(_)
        | Value::Enum(_)
        | Value::List(_)
        | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::value;

    use super::*;

    fn event(response: &Executed) -> String {
        String::from_utf8(next_event(response)).unwrap()
    }

    #[test]
    fn events() {
        let plain = Executed::new(value!({ "a": "x\ny" }));
        assert_eq!(event(&plain), "event: next\ndata: {\"data\":{\"a\":\"x\\ny\"}}\n\n");
        let with_cursor = plain.extension("cursor", value!("42"));
        let expected = "id: 42\nevent: next\ndata: {\"data\":{\"a\":\"x\\ny\"},\"extensions\":{\"cursor\":\"42\"}}\n\n";
        assert_eq!(event(&with_cursor), expected);
        let forged = with_cursor.extension("cursor", value!("1\nevent: complete"));
        assert!(event(&forged).starts_with("event: next\n"));
    }
}
