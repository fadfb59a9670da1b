//! From commit to subscriber: real WebSockets (graphql-transport-ws) on `events`, while tickets are opened.
//!
//! The clock starts when the engine's `open_ticket` has returned, which it does when its commit is durable, and stops when a
//! client has the message off its socket. An event may be on its way before the call has returned: that counts as 0. The
//! time from before the call is told beside it, as a bound from above: it has the commit itself in it.

use super::house::{House, Person};
use super::report::{Amount, quantile};
use super::seed;
use crate::cli::Failure;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

/// How many subscribe, and the 99th percentile that is to be kept, in milliseconds.
pub const CROWDS: [(usize, f64); 3] = [(1, 1.0), (100, 3.0), (1_000, 20.0)];
/// Twenty tickets a second.
const EVERY: Duration = Duration::from_millis(50);
const PROTOCOL: &str = "graphql-transport-ws";
const SUBSCRIPTION: &str = "subscription { events { cursor type ticketId } }";
/// How long the last event may take to reach everybody.
const PATIENCE: Duration = Duration::from_secs(10);
/// Subscribers that are still connecting at a time.
const CONNECTING: usize = 32;

type Socket = WebSocketStream<TcpStream>;
/// Tickets that somebody heard of, and when.
type Heard = Vec<(i64, Instant)>;

pub async fn cells(house: &House, seconds: u64) -> Result<Vec<Amount>, Failure> {
    let mut amounts = Vec::new();
    for (crowd, bound) in CROWDS {
        amounts.push(cell(house, crowd, bound, seconds).await?);
    }
    Ok(amounts)
}

async fn cell(house: &House, crowd: usize, bound: f64, seconds: u64) -> Result<Amount, Failure> {
    let sockets = connect(house, crowd).await?;
    let (tell, mut told) = mpsc::unbounded_channel();
    let heard: Arc<Mutex<Vec<Heard>>> = Arc::default();
    let mut listening = JoinSet::new();
    for socket in sockets {
        listening.spawn(listen(socket, tell.clone(), Arc::clone(&heard)));
    }
    drop(tell);
    let calls = open_tickets(house, seconds).await?;
    // Everybody hears of everything; whoever misses an event makes the cell fail.
    let expected = calls.len() * crowd;
    let all = async {
        let mut count = 0;
        while count < expected && told.recv().await.is_some() {
            count += 1;
        }
        count
    };
    let count = tokio::time::timeout(PATIENCE, all).await.unwrap_or_default();
    listening.shutdown().await;
    if count < expected {
        return Err(Failure::new(format!(
            "Not every one of {crowd} subscribers heard of all {} tickets.",
            calls.len()
        )));
    }
    let heard = std::mem::take(&mut *heard.lock().unwrap_or_else(PoisonError::into_inner));
    let (mut after, mut whole) = (Vec::new(), Vec::new());
    for (ticket, at) in heard.into_iter().flatten() {
        if let Some((called, returned)) = calls.get(&ticket) {
            after.push(at.saturating_duration_since(*returned));
            whole.push(at.saturating_duration_since(*called));
        }
    }
    after.sort_unstable();
    whole.sort_unstable();
    let work = format!("commit to subscriber, p99 of {crowd}");
    let beside = format!(
        "p50 {:.2} max {:.2}; with the commit itself p50 {:.2} p99 {:.2} ms",
        quantile(&after, 0.5),
        quantile(&after, 1.0),
        quantile(&whole, 0.5),
        quantile(&whole, 0.99),
    );
    Ok(Amount::new(work, quantile(&after, 0.99), bound, "ms").beside(beside))
}

/// Opens tickets in this process, and notes before and after each call.
async fn open_tickets(house: &House, seconds: u64) -> Result<HashMap<i64, (Instant, Instant)>, Failure> {
    let mut calls = HashMap::new();
    let mut due = tokio::time::interval(EVERY);
    let until = Instant::now() + Duration::from_secs(seconds.max(1));
    let mut number = 0;
    while Instant::now() < until {
        due.tick().await;
        number += 1;
        let open = seed::ticket(3_000_000_000 + number);
        let by = house.people.requester(number as usize)?;
        let called = Instant::now();
        let ticket = house.engine.open_ticket(&by.caller, open).await?;
        calls.insert(ticket.id.0, (called, Instant::now()));
    }
    Ok(calls)
}

/// Subscribed sockets, spread over the supervisors, who see every ticket.
async fn connect(house: &House, crowd: usize) -> Result<Vec<Socket>, Failure> {
    let mut sockets = Vec::with_capacity(crowd);
    let mut connecting = JoinSet::new();
    for number in 0..crowd {
        if connecting.len() >= CONNECTING
            && let Some(done) = connecting.join_next().await
        {
            sockets.push(connected(done)?);
        }
        connecting.spawn(subscribe(house.address, house.people.supervisor(number)?.clone()));
    }
    while let Some(done) = connecting.join_next().await {
        sockets.push(connected(done)?);
    }
    // A subscription is there when its first event could come; nothing in the protocol says so. An event that everybody
    // waits for would; a moment is as good, and a missed event fails the cell.
    tokio::time::sleep(Duration::from_millis(500)).await;
    Ok(sockets)
}

fn connected(done: Result<Result<Socket, Failure>, tokio::task::JoinError>) -> Result<Socket, Failure> {
    done.map_err(|error| Failure::doing("A subscriber failed", error))?
}

async fn subscribe(address: SocketAddr, person: Person) -> Result<Socket, Failure> {
    let broken = |error: tokio_tungstenite::tungstenite::Error| Failure::doing("A subscriber cannot connect", error);
    let mut request = format!("ws://{address}/graphql").into_client_request().map_err(broken)?;
    request.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static(PROTOCOL));
    let stream =
        TcpStream::connect(address).await.map_err(|error| Failure::doing("A subscriber cannot connect", error))?;
    stream.set_nodelay(true).map_err(|error| Failure::doing("A subscriber cannot connect", error))?;
    let (mut socket, _) =
        client_async_with_config(request, stream, Some(WebSocketConfig::default().read_buffer_size(4 * 1024)))
            .await
            .map_err(broken)?;
    let init = json!({ "type": "connection_init", "payload": { "authorization": format!("Bearer {}", person.token) } });
    socket.send(Message::text(init.to_string())).await.map_err(broken)?;
    loop {
        match socket.next().await {
            Some(Ok(Message::Text(text))) if text.contains("connection_ack") => break,
            Some(Ok(Message::Text(_) | Message::Ping(_) | Message::Pong(_))) => {}
            Some(Ok(other)) => return Err(Failure::new(format!("A subscriber was refused: {other}."))),
            Some(Err(error)) => return Err(broken(error)),
            None => return Err(Failure::new("A subscriber was refused.")),
        }
    }
    let subscribe = json!({ "type": "subscribe", "id": "1", "payload": { "query": SUBSCRIPTION } });
    socket.send(Message::text(subscribe.to_string())).await.map_err(broken)?;
    Ok(socket)
}

/// Notes when each ticket is heard of, and keeps the notes when it is stopped.
async fn listen(mut socket: Socket, tell: mpsc::UnboundedSender<()>, all: Arc<Mutex<Vec<Heard>>>) {
    let mut notes = Notes { heard: Vec::new(), all };
    while let Some(Ok(message)) = socket.next().await {
        let at = Instant::now();
        if let Message::Text(text) = message
            && let Some(ticket) = opened(&text)
        {
            notes.heard.push((ticket, at));
            if tell.send(()).is_err() {
                return;
            }
        }
    }
}

struct Notes {
    heard: Heard,
    all: Arc<Mutex<Vec<Heard>>>,
}

impl Drop for Notes {
    fn drop(&mut self) {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).push(std::mem::take(&mut self.heard));
    }
}

/// The ticket that an event says was opened.
fn opened(text: &str) -> Option<i64> {
    let message: Value = serde_json::from_str(text).ok()?;
    let event = message.get("payload")?.get("data")?.get("events")?;
    if event.get("type")?.as_str()? != "TICKET_OPENED" {
        return None;
    }
    event.get("ticketId")?.as_str()?.rsplit('_').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_openings_count() {
        let next = |kind: &str| {
            let event = json!({ "cursor": "a-1", "type": kind, "ticketId": "ticket_100001" });
            json!({ "type": "next", "id": "1", "payload": { "data": { "events": event } } }).to_string()
        };
        assert_eq!(opened(&next("TICKET_OPENED")), Some(100_001));
        assert_eq!((opened(&next("TICKETS_VIEWED")), opened("{}")), (None, None));
    }
}
