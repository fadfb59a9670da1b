//! What a socket costs that hears nothing: many of them on `/api/ws`, spread over the staff, and nobody says a word.
//!
//! The sockets are clients in this process; what is measured is the server's, which is another one.

use super::house::{People, Person};
use crate::cli::Failure;
use futures_util::StreamExt as _;
use std::net::SocketAddr;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

pub const CROWD: usize = 1_000;
/// Those that are still connecting at a time.
const CONNECTING: usize = 32;

type Socket = WebSocketStream<TcpStream>;

/// That many open sockets, each greeted.
pub async fn sockets(address: SocketAddr, people: &People) -> Result<Vec<Socket>, Failure> {
    let staff: Vec<&Person> = people.supervisors.iter().chain(&people.agents).chain(&people.requesters).collect();
    let (mut sockets, mut connecting) = (Vec::with_capacity(CROWD), JoinSet::new());
    for person in staff.iter().cycle().take(CROWD) {
        if connecting.len() >= CONNECTING
            && let Some(done) = connecting.join_next().await
        {
            sockets.push(connected(done)?);
        }
        connecting.spawn(greeted(address, person.token.clone()));
    }
    while let Some(done) = connecting.join_next().await {
        sockets.push(connected(done)?);
    }
    Ok(sockets)
}

fn connected(done: Result<Result<Socket, Failure>, tokio::task::JoinError>) -> Result<Socket, Failure> {
    done.map_err(|error| Failure::doing("A socket failed", error))?
}

async fn greeted(address: SocketAddr, token: String) -> Result<Socket, Failure> {
    let broken = |error: tokio_tungstenite::tungstenite::Error| Failure::doing("A socket cannot connect", error);
    let stream = TcpStream::connect(address).await.map_err(|error| Failure::doing("A socket cannot connect", error))?;
    let small = WebSocketConfig::default().read_buffer_size(4 * 1024);
    let url = format!("ws://{address}/api/ws?token={token}");
    let (mut socket, _) = client_async_with_config(url, stream, Some(small)).await.map_err(broken)?;
    match socket.next().await {
        Some(Ok(Message::Text(hello))) if hello.contains("connected") => Ok(socket),
        Some(Ok(other)) => Err(Failure::new(format!("A socket was refused: {other}."))),
        Some(Err(error)) => Err(broken(error)),
        None => Err(Failure::new("A socket was refused.")),
    }
}
