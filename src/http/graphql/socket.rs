//! graphql-transport-ws on a WebSocket: greeting, operations, heartbeat, and every way it ends.
//! A writer task alone holds the socket's sending half, behind a bounded queue, so a slow reader costs a bounded
//! amount of memory and is cut off. What the operations do is `running.rs`'s business.
//! Refuses the older `graphql-ws` subprotocol (subscriptions-transport-ws), which clients have long left.

use std::ops::ControlFlow;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use async_graphql::Request as Operation;
use async_graphql::parser::types::OperationType;
use axum::extract::FromRequestParts;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use graphql::AsText;
use serde_json::{Map, Value as Json};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until, timeout};

use super::document::{Prepared, prepare};
use super::message::{Close, Incoming, Outgoing, PROTOCOL};
use super::parameters::Parameters;
use super::problem::Problem;
use super::running::{Running, say};
use super::{ClientInfo, Gate, Options, Refused, Surface, Transport};
use crate::http::places::{Place, Who};

/// How long a closing socket may take to hear of it.
const FAREWELL: Duration = Duration::from_secs(1);

/// What a socket reads at a time. The library's default is 128 KiB, which it clears before every read; what clients send is
/// small, and a thousand idle sockets shall cost little.
const READ_AT_ONCE: usize = 4 * 1024;

/// Answers the handshake.
pub(super) async fn upgrade<G: Gate>(surface: Arc<Surface<G>>, parts: &mut Parts) -> Response {
    let upgrade = match WebSocketUpgrade::from_request_parts(parts, &()).await {
        Ok(upgrade) => upgrade,
        Err(rejection) => return rejection.into_response(),
    };
    let Ok(place) = surface.options.sockets.open().ok_or(()) else {
        return (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "5")], "Too many sockets").into_response();
    };
    let mut kept = Parts::clone(parts);
    kept.headers = std::mem::take(&mut parts.headers);
    let info = ClientInfo::new(kept, Transport::Socket);
    let max = surface.options.max_message_bytes;
    let upgrade = upgrade.protocols([PROTOCOL]).max_message_size(max).max_frame_size(max);
    upgrade.read_buffer_size(READ_AT_ONCE).on_upgrade(async move |socket| {
        if socket.protocol().is_some() {
            serve(surface, socket, info).await;
        } else {
            refuse(socket, Close::SUBPROTOCOL).await;
        }
        drop(place);
    })
}

/// As the npm server does: the socket opens, and closes with a code that says why.
async fn refuse(mut socket: WebSocket, close: Close) {
    let farewell = async {
        if socket.send(close.into()).await.is_ok() {
            while let Some(Ok(_)) = socket.recv().await {}
        }
    };
    if timeout(FAREWELL, farewell).await.is_err() {
        tracing::debug!("a refused socket did not close in time");
    }
}

async fn serve<G: Gate>(surface: Arc<Surface<G>>, socket: WebSocket, info: ClientInfo) {
    let (sink, mut incoming) = socket.split();
    let (out, queue) = mpsc::channel(surface.options.send_queue.max(1));
    let (farewell, told) = oneshot::channel();
    let send_timeout = surface.options.send_timeout;
    let writer = tokio::spawn(write(sink, queue, told, send_timeout));
    let close = tokio::select! {
        biased;
        () = out.closed() => None,
        close = converse(&surface, &mut incoming, &out, Arc::new(info)) => Some(close),
    };
    // The writer says goodbye itself if it gave up first.
    if let Some(close) = close
        && farewell.send(close).is_err()
    {
        tracing::debug!("a socket went away before it was closed");
    }
    drop(out);
    if let Err(error) = writer.await {
        tracing::error!(%error, "a socket's writer failed");
    }
    // Hears the client out: dropped with words unread, the connection is reset and takes our own close frame with it.
    let rest = async { while let Some(Ok(_)) = incoming.next().await {} };
    if timeout(FAREWELL, rest).await.is_err() {
        tracing::debug!("a closed socket went on talking");
    }
}

/// Sends what the queue holds until told to close, or until the reader takes too long.
async fn write(
    mut sink: SplitSink<WebSocket, Message>,
    mut queue: mpsc::Receiver<Message>,
    mut told: oneshot::Receiver<Close>,
    send_timeout: Duration,
) {
    let close = loop {
        let message = tokio::select! {
            biased;
            // What was queued before the close still goes out, as far as it goes at once.
            message = queue.recv() => message,
            close = &mut told => break close.ok(),
        };
        let Some(message) = message else { break (&mut told).await.ok() };
        let burst = async {
            sink.feed(message).await?;
            while let Ok(message) = queue.try_recv() {
                sink.feed(message).await?;
            }
            sink.flush().await
        };
        let sent = tokio::select! {
            biased;
            sent = timeout(send_timeout, burst) => sent,
            close = &mut told => break close.ok(),
        };
        match sent {
            Ok(Ok(())) => {}
            Ok(Err(_)) => break None,
            Err(_) => break Some(Close::SLOW),
        }
    };
    queue.close();
    let Some(close) = close else { return };
    let farewell = async {
        // Refused where the client closed first; then it is our echo of its close that has to go out.
        let told = sink.send(close.into()).await;
        told.or(sink.close().await)
    };
    if !matches!(timeout(FAREWELL, farewell).await, Ok(Ok(()))) {
        tracing::debug!("a socket was dropped without its close being heard");
    }
}

/// The whole talk, from greeting to end; answers why it ended.
async fn converse<G: Gate>(
    surface: &Arc<Surface<G>>,
    incoming: &mut SplitStream<WebSocket>,
    out: &mpsc::Sender<Message>,
    info: Arc<ClientInfo>,
) -> Close {
    let options = &surface.options;
    let mut shutdown = pin!(surface.shutdown());
    let greeted = tokio::select! {
        biased;
        () = &mut shutdown => return Close::RESTART,
        greeted = timeout(options.connection_init_timeout, greet(surface, incoming, out, &info)) => greeted,
    };
    let caller = match greeted {
        Ok(Ok(caller)) => caller,
        Ok(Err(close)) => return close,
        Err(_) => return Close::INIT_TIMEOUT,
    };
    let who = surface.who(caller.as_ref(), &info);
    let most = if caller.is_some() { options.max_sockets_per_user } else { options.max_sockets_anonymous };
    let Some(_place) = options.sockets.take(who, most) else { return Close::TOO_MANY };
    if say(out, Outgoing::ConnectionAck).await.is_break() {
        return Close::NORMAL;
    }
    let session_end = surface.session_end(caller.as_ref());
    let talk = Talk { surface, out, info, caller, who, running: Running::default() };
    tokio::select! {
        biased;
        () = session_end => Close::FORBIDDEN,
        () = shutdown => Close::RESTART,
        close = talk.listen(incoming) => close,
    }
}

/// Waits for `connection_init` and for the verdict on it. Messages are read meanwhile, for the protocol says what a
/// second init and an early subscribe lead to.
async fn greet<G: Gate>(
    surface: &Surface<G>,
    incoming: &mut SplitStream<WebSocket>,
    out: &mpsc::Sender<Message>,
    info: &Arc<ClientInfo>,
) -> Result<Option<G::Caller>, Close> {
    type Verdict<C> = Pin<Box<dyn Future<Output = Result<Option<C>, Refused>> + Send>>;
    let mut verdict: Option<Verdict<G::Caller>> = None;
    loop {
        let message = match &mut verdict {
            None => receive(incoming).await?,
            Some(verdict) => tokio::select! {
                caller = verdict => return caller.map_err(|refused| match refused {
                    Refused::Unauthenticated(_) | Refused::Forbidden(_) | Refused::Malformed(_) => Close::FORBIDDEN,
                    Refused::Unavailable(_) => Close::UNAVAILABLE,
                }),
                message = receive(incoming) => message?,
            },
        };
        match message {
            Received::Sign | Received::Said(Incoming::Pong { .. } | Incoming::Complete { .. }) => {}
            Received::Said(Incoming::Subscribe { .. }) => return Err(Close::UNAUTHORIZED),
            Received::Said(Incoming::Ping { payload }) => {
                if say(out, Outgoing::Pong { payload }).await.is_break() {
                    return Err(Close::NORMAL);
                }
            }
            Received::Said(Incoming::ConnectionInit { .. }) if verdict.is_some() => return Err(Close::SECOND_INIT),
            Received::Said(Incoming::ConnectionInit { payload }) => {
                let (gate, info) = (surface.gate.clone(), info.clone());
                verdict = Some(Box::pin(async move {
                    let claimed = payload.as_ref().and_then(claim);
                    let claimed = claimed.or_else(|| info.authorization().map(|it| it.into_owned()));
                    gate.authenticate(claimed.as_deref(), &info).await
                }));
            }
        }
    }
}

/// What the payload of `connection_init` claims, in the spellings that clients use.
fn claim(payload: &Map<String, Json>) -> Option<String> {
    let text = |name: &str| {
        let found = payload.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?.1;
        found.as_str().filter(|text| !text.is_empty())
    };
    if let Some(authorization) = text("authorization") {
        return Some(authorization.to_owned());
    }
    if let Some(token) = text("token").or_else(|| text("accessToken")) {
        let bare = !token.contains(' ');
        return Some(if bare { format!("Bearer {token}") } else { token.to_owned() });
    }
    if let Some(key) = text("x-api-key").or_else(|| text("apiKey")) {
        return Some(format!("ApiKey {key}"));
    }
    payload.get("headers").and_then(Json::as_object).and_then(claim)
}

/// One thing that came in.
enum Received {
    Said(Incoming),
    /// A control frame: no more than a sign of life.
    Sign,
}

async fn receive(incoming: &mut SplitStream<WebSocket>) -> Result<Received, Close> {
    match incoming.next().await {
        None | Some(Ok(Message::Close(_))) => Err(Close::NORMAL),
        Some(Err(error)) => Err(if is_too_big(&error) { Close::TOO_BIG } else { Close::INVALID }),
        Some(Ok(Message::Text(text))) => Incoming::parse(text.as_str()).map(Received::Said),
        Some(Ok(Message::Binary(_))) => Err(Close::INVALID),
        Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(Received::Sign),
    }
}

/// The WebSocket library's error type is not ours to name, so its text has to do.
fn is_too_big(error: &axum::Error) -> bool {
    error.to_string().contains("too long")
}

/// A socket after its greeting.
struct Talk<'a, G: Gate> {
    surface: &'a Arc<Surface<G>>,
    out: &'a mpsc::Sender<Message>,
    info: Arc<ClientInfo>,
    caller: Option<G::Caller>,
    who: Who,
    running: Running,
}

impl<G: Gate> Talk<'_, G> {
    async fn listen(self, incoming: &mut SplitStream<WebSocket>) -> Close {
        let Options { ping_interval, pong_timeout, .. } = self.surface.options;
        let mut next_ping = Instant::now() + ping_interval;
        let mut silent_until = None;
        loop {
            let received = tokio::select! {
                received = receive(incoming) => received,
                () = sleep_until(silent_until.unwrap_or(next_ping)) => {
                    if silent_until.is_some() {
                        return Close::TERMINATED;
                    }
                    if self.ping().await.is_break() {
                        return Close::NORMAL;
                    }
                    silent_until = Some(Instant::now() + pong_timeout);
                    continue;
                }
            };
            // Only what was asked for by a ping moves the next one: a talkative client is pinged all the same.
            if silent_until.take().is_some() {
                next_ping = Instant::now() + ping_interval;
            }
            let went_on = match received {
                Ok(Received::Sign) => ControlFlow::Continue(()),
                Ok(Received::Said(message)) => match self.hear(message).await {
                    Ok(flow) => flow,
                    Err(close) => return close,
                },
                Err(close) => return close,
            };
            if went_on.is_break() {
                return Close::NORMAL;
            }
        }
    }

    /// Both kinds of ping: the frame that every WebSocket library answers by itself, and the protocol's own message,
    /// for those clients that watch the line by it.
    async fn ping(&self) -> ControlFlow<()> {
        if self.out.send(Message::Ping(Bytes::new())).await.is_err() {
            return ControlFlow::Break(());
        }
        say(self.out, Outgoing::Ping).await
    }

    async fn hear(&self, message: Incoming) -> Result<ControlFlow<()>, Close> {
        match message {
            Incoming::ConnectionInit { .. } => Err(Close::SECOND_INIT),
            Incoming::Ping { payload } => Ok(say(self.out, Outgoing::Pong { payload }).await),
            Incoming::Pong { .. } => Ok(ControlFlow::Continue(())),
            Incoming::Complete { id } => {
                self.running.cancel(&id);
                Ok(ControlFlow::Continue(()))
            }
            Incoming::Subscribe { id, payload } => self.subscribe(id, payload).await,
        }
    }

    async fn subscribe(&self, id: String, payload: Parameters) -> Result<ControlFlow<()>, Close> {
        if self.running.has(&id) {
            return Err(Close::taken(&id));
        }
        match self.admit(payload) {
            Ok((request, kind, place)) => {
                self.start(id, request, kind, place);
                Ok(ControlFlow::Continue(()))
            }
            Err(problem) => Ok(say(self.out, Outgoing::Error { id: &id, payload: &[*problem.error] }).await),
        }
    }

    fn admit(&self, payload: Parameters) -> Result<(Operation, OperationType, Place<Who>), Problem> {
        let options = &self.surface.options;
        if self.running.len() >= options.max_subscriptions_per_socket {
            return Err(Problem::too_many("Too many operations on this socket"));
        }
        let place = self
            .surface
            .operations
            .take(self.who, options.max_operations_per_user)
            .ok_or_else(|| Problem::too_many("Too many operations at a time"))?;
        let Prepared { request, kind } = prepare(&self.surface.documents, payload)?;
        let request = self.surface.gate.attach(request, self.caller.as_ref(), &self.info)?.data(AsText);
        Ok((request, kind, place))
    }

    fn start(&self, id: String, request: Operation, kind: OperationType, place: Place<Who>) {
        let place = Arc::new(place);
        let results = self.surface.results(request, kind, Some(place.clone()));
        let patience = (kind != OperationType::Subscription).then_some(self.surface.options.execution_timeout);
        self.running.start(id, results, patience, self.out.clone(), place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claimed(json: &str) -> Option<String> {
        claim(serde_json::from_str::<Json>(json).unwrap().as_object().unwrap())
    }

    #[test]
    fn claims() {
        let cases = [
            (r#"{"Authorization":"Bearer t"}"#, Some("Bearer t")),
            (r#"{"authorization":"Bearer t"}"#, Some("Bearer t")),
            (r#"{"token":"t"}"#, Some("Bearer t")),
            (r#"{"token":"Bearer t"}"#, Some("Bearer t")),
            (r#"{"X-API-Key":"k"}"#, Some("ApiKey k")),
            (r#"{"headers":{"Authorization":"Bearer t"}}"#, Some("Bearer t")),
            (r#"{"Authorization":""}"#, None),
            (r#"{"Authorization":7}"#, None),
            ("{}", None),
        ];
        for (json, expected) in cases {
            assert_eq!(claimed(json).as_deref(), expected, "{json}");
        }
    }
}
