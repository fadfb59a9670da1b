//! `/api/ws`: what happens, told as it happens (seed 001, WebSocket接口), to whoever may know of it.
//!
//! One task drives a socket: it reads the engine's stream of events, which resumes after a cursor, and what the client says.
//! Frames are made when they can be sent, so a slow reader costs no memory: it is behind in the log, and is cut off when it
//! takes nothing for too long. Refuses to decide who sees what; it asks the engine for every event.

mod frames;
mod pace;
mod place;
mod told;

use super::Api;
use crate::http::dialect::{Fail, Failure, Params};
use crate::http::graphql::ClientAddress;
use crate::http::places::{Place as Taken, Who};
use crate::http::{App, gate};
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::extract::{FromRequestParts as _, MatchedPath, Query, Request, State};
use axum::http::Uri;
use axum::response::Response;
use bytes::Bytes;
use engine::{Act, Caller};
use frames::{Frame, Said};
use futures_util::stream::BoxStream;
use futures_util::{SinkExt as _, StreamExt as _};
use model::event::Recorded;
use model::query::{Cursor, EventFilter};
use model::{Actor, Error};
use pace::Pace;
use place::Place;
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep_until, timeout};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The document's clients are pinged so often, and given up when nothing is heard of them for so long (`dialects.md` 2.2).
const PING: Duration = Duration::from_secs(54);
const SILENCE: Duration = Duration::from_mins(1);
/// How long a reader may keep one message waiting before it is cut off.
const SLOW: Duration = Duration::from_secs(10);
/// How long a closing socket may take to hear of it; one that is slow has much to read before it hears why.
const FAREWELL: Duration = Duration::from_secs(1);
const SLOW_FAREWELL: Duration = Duration::from_secs(30);
/// What clients say is small, and a thousand idle sockets shall cost little.
const READ_AT_ONCE: usize = 1024;
const LONGEST: usize = 64 * 1024;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(connect))
}

/// Who connects, and from where on.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct SocketQuery {
    /// The access token or API token, for browsers, which can't send it as a header.
    #[param(nullable = false)]
    #[expect(dead_code, reason = "it describes; `credential` reads it")]
    token: Option<String>,
    /// The `cursor` of the last frame that was heard: what happened since comes first.
    #[param(nullable = false, example = "k3f9x2.42")]
    after: Option<String>,
}

/// Hear what happens (连接WebSocket)
///
/// Frames are JSON: `{type, data, timestamp, cursor}`. The server sends `connected`, `notification`, `ticket_updated`,
/// `resync_required` (what happened after the cursor is not kept: load anew and go on), `pong`, `marked_read` and `error`. A client
/// may send `{"type":"ping"}` and `{"type":"mark_read","data":{"ids":[1]}}`, with `"all":true` for all: ten frames a second on
/// average, fifty at once; of more it hears an `error`, and they are not looked at. The server closes with 4401 when the session
/// ends, with 4408 when the client is silent or too slow, with 1012 when it goes down itself.
#[utoipa::path(get, path = "/ws", operation_id = "apiSocket", tag = "api socket",
    params(SocketQuery),
    responses(
        (status = 101, description = "The socket is open"),
        (status = 429, description = "RATE_LIMIT_EXCEEDED: too many sockets", body = super::wire::Refusal),
    ),
    security(("token" = []), ("key" = [])),
)]
async fn connect(
    State(app): State<Arc<App>>,
    Params(query, ..): Params<SocketQuery, Api>,
    request: Request,
) -> Result<Response, Fail<Api>> {
    let credential = credential(&request);
    let (mut parts, _) = request.into_parts();
    let actor = app.engine.authenticate(credential.as_deref()).await?;
    let user = actor.user().ok_or_else(model::access::sign_in)?;
    gate::note(&actor);
    let place = query.after.as_deref().map(Place::parse).transpose().map_err(Fail::of_query)?;
    let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &()).await;
    let upgrade = upgrade.map_err(|_| Fail::new(Failure::malformed("upgrade", "must ask for a WebSocket")))?;
    let full = || Error::Busy { after_ms: 5_000 };
    let open = app.sockets.open().ok_or_else(full)?;
    let most = app.config.graphql.max_sockets_per_user;
    let taken = app.sockets.take(Who::User(user.0), most).ok_or_else(full)?;
    let (stream, resync) = stream(&app, &actor, place.as_ref()).await?;
    let client = parts.extensions.get::<ClientAddress>().map(|client| client.0.to_string());
    let seat = Seat { app, actor, client, place: place.filter(|_| !resync), stream, _open: open, _taken: taken };
    let upgrade = upgrade.max_message_size(LONGEST).max_frame_size(LONGEST).read_buffer_size(READ_AT_ONCE);
    Ok(upgrade.on_upgrade(async move |socket| seat.serve(socket, resync).await))
}

/// What the caller of a request of this dialect names themselves by. Only for the socket it may stand in the address, because
/// browsers can't send headers with a handshake.
pub(super) fn credential(request: &Request) -> Option<String> {
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let token = if route.strip_prefix(super::PREFIX) == Some("/ws") { token(request.uri()) } else { None };
    match token {
        Some(token) => Some(if token.contains(' ') { token } else { format!("Bearer {token}") }),
        None => gate::credential(request.headers()),
    }
}

fn token(uri: &Uri) -> Option<String> {
    let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(uri).ok()?;
    let mut given = pairs.into_iter().filter(|(name, value)| name == "token" && !value.trim().is_empty());
    given.next_back().map(|(_, token)| token)
}

type Events = BoxStream<'static, model::Result<Arc<Recorded>>>;

/// The events after the place, or from now on; and whether what lies between is lost.
async fn stream(app: &App, actor: &Actor, place: Option<&Place>) -> model::Result<((Cursor, Events), bool)> {
    // Where "now" is has to be known to the client: it may have to come back before anything has happened.
    let now = app.engine.cursor();
    let from = |cursor: Cursor| async move {
        let events = app.engine.events(actor, Some(&cursor.to_string()), EventFilter::default()).await?;
        Ok::<_, Error>((cursor, events))
    };
    let Some(place) = place else { return Ok((from(now).await?, false)) };
    match from(place.cursor.clone()).await {
        Err(Error::ResyncRequired) => Ok((from(now).await?, true)),
        stream => Ok((stream?, false)),
    }
}

/// Why a socket is closed.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Close {
    code: u16,
    reason: &'static str,
}

impl Close {
    const DONE: Self = Self { code: 1000, reason: "" };
    const TOO_BIG: Self = Self { code: 1009, reason: "the message is too big" };
    const INTERNAL: Self = Self { code: 1011, reason: "an internal error occurred" };
    const RESTART: Self = Self { code: 1012, reason: "the server goes down; come back" };
    const ENDED: Self = Self { code: 4401, reason: "the session is over; sign in again" };
    const SILENT: Self = Self { code: 4408, reason: "nothing was heard for too long" };
    const SLOW: Self = Self { code: 4408, reason: "messages were not taken for too long; come back with your cursor" };
}

/// Everything of an open socket but the socket.
struct Seat {
    app: Arc<App>,
    actor: Actor,
    /// From where it was opened, for the audit log.
    client: Option<String>,
    /// Where the client has come to.
    place: Option<Place>,
    stream: (Cursor, Events),
    _open: OwnedSemaphorePermit,
    _taken: Taken<Who>,
}

impl Seat {
    async fn serve(mut self, mut socket: WebSocket, resync: bool) {
        let ended = self.app.engine.ended(&self.actor);
        let mut stopping = self.app.stopping.clone();
        let stopped = async move {
            if stopping.wait_for(|stopping| *stopping).await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        let close = tokio::select! {
            biased;
            () = ended => Close::ENDED,
            () = stopped => Close::RESTART,
            close = self.talk(&mut socket, resync) => close,
        };
        metrics::counter!("echodesk_api_sockets_closed_total", "code" => close.code.to_string()).increment(1);
        let frame = CloseFrame { code: close.code, reason: Utf8Bytes::from_static(close.reason) };
        let farewell = async {
            let told = socket.send(Message::Close(Some(frame))).await;
            // Refused where the client closed first; then it is our echo of its close that has to go out.
            if told.is_ok() || socket.close().await.is_ok() {
                while let Some(Ok(_)) = socket.recv().await {}
            }
        };
        let patience = if close == Close::SLOW { SLOW_FAREWELL } else { FAREWELL };
        if timeout(patience, farewell).await.is_err() {
            tracing::debug!("a socket was dropped without its close being heard");
        }
    }

    async fn talk(&mut self, socket: &mut WebSocket, resync: bool) -> Close {
        let Self { app, actor, client, place, stream: (start, events), .. } = self;
        let cursor = place.as_ref().map_or_else(|| start.to_string(), ToString::to_string);
        if let Err(close) = greet(app, actor, socket, &cursor, resync).await {
            return close;
        }
        let (mut heard, mut ping) = (Instant::now(), Instant::now() + PING);
        let mut pace = Pace::new(heard);
        loop {
            let done = tokio::select! {
                message = socket.recv() => {
                    heard = Instant::now();
                    match message {
                        None | Some(Ok(Message::Close(_))) => Err(Close::DONE),
                        Some(Err(error)) => Err(if error.to_string().contains("too long") { Close::TOO_BIG } else { Close::DONE }),
                        Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(()),
                        Some(Ok(Message::Text(_) | Message::Binary(_))) if !pace.takes(heard) => {
                            send(socket, &frames::error(app.engine.now(), "too many frames: ten a second are taken")).await
                        }
                        Some(Ok(Message::Text(text))) => Box::pin(answer(app, (actor, client.as_deref()), socket, text.as_str())).await,
                        Some(Ok(Message::Binary(_))) => send(socket, &frames::error(app.engine.now(), "binary frames are not understood")).await,
                    }
                }
                () = sleep_until(ping.min(heard + SILENCE)) => {
                    if heard.elapsed() >= SILENCE {
                        Err(Close::SILENT)
                    } else {
                        ping = Instant::now() + PING;
                        put(socket, Message::Ping(Bytes::new())).await
                    }
                }
                event = events.next() => match event {
                    Some(Ok(event)) => Box::pin(tell(app, actor, socket, &event, place.take())).await,
                    Some(Err(Error::Unauthenticated { .. })) => Err(Close::ENDED),
                    Some(Err(error)) => {
                        tracing::error!(%error, "a socket's events failed");
                        Err(Close::INTERNAL)
                    }
                    None => Err(Close::RESTART),
                },
            };
            if let Err(close) = done {
                return close;
            }
        }
    }
}

async fn greet(app: &App, actor: &Actor, socket: &mut WebSocket, cursor: &str, resync: bool) -> Result<(), Close> {
    let Ok(id) = engine::random_token(9) else { return Err(Close::INTERNAL) };
    let user = actor.user().map_or(0, |user| user.0);
    send(socket, &frames::connected(app.engine.now(), user, &id).at(cursor)).await?;
    if resync {
        send(socket, &frames::resync(app.engine.now()).at(cursor)).await?;
    }
    Ok(())
}

/// Tells of an event; the first frames of it are left out where the client had them before.
async fn tell(
    app: &App,
    actor: &Actor,
    socket: &mut WebSocket,
    event: &Recorded,
    place: Option<Place>,
) -> Result<(), Close> {
    let frames = told::frames(app, actor, event).await.map_err(|error| {
        tracing::error!(%error, "a socket's event could not be told");
        Close::INTERNAL
    })?;
    let had = place.map_or(0, |place| place.had(event.seq));
    let count = frames.len();
    for (number, frame) in frames.into_iter().enumerate().skip(had) {
        let at = Place::after(app.engine.cursor_of(event.seq), number + 1, count);
        send(socket, &frame.at(at.to_string())).await?;
    }
    Ok(())
}

/// Answers what the client says.
async fn answer(
    app: &App,
    (actor, client): (&Actor, Option<&str>),
    socket: &mut WebSocket,
    text: &str,
) -> Result<(), Close> {
    let (now, began) = (app.engine.now(), std::time::Instant::now());
    let frame = match frames::read(text) {
        Ok(Said::Ping) => frames::pong(now),
        Ok(Said::MarkRead { ids, all }) => {
            if let Some(refusal) = too_often(app, actor).await {
                return send(socket, &frames::error(now, &refusal.to_string())).await;
            }
            let by = Caller::new(actor.clone());
            let marked = app.engine.mark_notifications_read(&by, ids.clone(), all).await;
            let act = Act {
                action: "WS mark_read".to_owned(),
                method: "WS".to_owned(),
                path: format!("{}/ws", super::PREFIX),
                client_ip: client.map(str::to_owned),
                status: if marked.is_ok() { 200 } else { 400 },
                latency_ms: engine::took(began),
                ..engine::act_of(actor)
            };
            app.engine.note(act).await;
            match marked {
                Ok(unread) => frames::marked(now, &ids, all, unread),
                Err(Error::Internal(why)) => {
                    tracing::error!(why, "a socket's request failed inside");
                    frames::error(now, "an internal error occurred")
                }
                Err(refused) => frames::error(now, &refused.to_string()),
            }
        }
        Err(why) => frames::error(now, why),
    };
    send(socket, &frame).await
}

/// What a frame does is a request like any other, where requests are counted.
async fn too_often(app: &App, actor: &Actor) -> Option<Error> {
    if !app.config.rate_limit.api {
        return None;
    }
    app.engine.count_request(actor, None).await?.refusal(app.engine.now())
}

async fn send(socket: &mut WebSocket, frame: &Frame) -> Result<(), Close> {
    put(socket, Message::Text(frame.text().into())).await
}

/// Waits for the reader, but not for ever.
async fn put(socket: &mut WebSocket, message: Message) -> Result<(), Close> {
    match timeout(SLOW, socket.send(message)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(Close::DONE),
        Err(_) => Err(Close::SLOW),
    }
}
