//! Subscriptions as clients see them: graphql-transport-ws over a socket, and server-sent events.

use crate::api::{Api, signed, soon};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// How a subscription ended.
#[derive(Debug)]
pub enum Ended {
    /// The server said that nothing more comes.
    Complete,
    /// The operation was refused.
    Refused(Value),
    /// The socket was closed with this code.
    Closed(u16),
    /// The connection broke.
    Lost,
}

/// One subscription on one socket.
pub struct Live {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Live {
    /// Connects, introduces itself and subscribes.
    pub async fn open(api: &Api, token: &str, query: &str, variables: Value) -> Result<Self, Ended> {
        let mut live = Self { socket: Self::connect(api).await? };
        live.send(json!({ "type": "connection_init", "payload": { "Authorization": format!("Bearer {token}") } }))
            .await?;
        let ack = live.message().await?;
        assert_eq!(ack["type"], "connection_ack", "{ack}");
        let payload = json!({ "query": query, "variables": variables });
        live.send(json!({ "type": "subscribe", "id": "1", "payload": payload })).await?;
        Ok(live)
    }

    async fn connect(api: &Api) -> Result<WebSocketStream<MaybeTlsStream<TcpStream>>, Ended> {
        let mut request = api.at("/graphql").replacen("http", "ws", 1).into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse().unwrap());
        soon(connect_async(request)).await.map(|(socket, _)| socket).map_err(|_| Ended::Lost)
    }

    async fn send(&mut self, message: Value) -> Result<(), Ended> {
        self.socket.send(Message::text(message.to_string())).await.map_err(|_| Ended::Lost)
    }

    async fn message(&mut self) -> Result<Value, Ended> {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => {
                    let message: Value = serde_json::from_str(&text).unwrap();
                    if message["type"] == "ping" {
                        self.send(json!({ "type": "pong" })).await?;
                        continue;
                    }
                    return Ok(message);
                }
                Some(Ok(Message::Close(frame))) => return Err(Ended::Closed(frame.map_or(1005, |f| f.code.into()))),
                Some(Ok(Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Err(_)) | None => return Err(Ended::Lost),
            }
        }
    }

    /// The next result, for as long as it takes.
    pub async fn result(&mut self) -> Result<Value, Ended> {
        let mut message = self.message().await?;
        match message["type"].as_str() {
            Some("next") => Ok(message["payload"].take()),
            Some("error") => Err(Ended::Refused(message["payload"].take())),
            Some("complete") => Err(Ended::Complete),
            _ => panic!("{message}"),
        }
    }

    /// The data of the next result, which has to come soon.
    pub async fn next(&mut self) -> Value {
        let mut result = soon(self.result()).await.unwrap();
        assert!(result.get("errors").is_none(), "{result:#}");
        result["data"].take()
    }

    /// The code that the server closes the socket with; what still comes before is passed over.
    pub async fn closed(mut self) -> u16 {
        soon(async {
            loop {
                match self.message().await {
                    Err(Ended::Closed(code)) => return code,
                    Err(ended) => panic!("{ended:?}"),
                    Ok(_) => {}
                }
            }
        })
        .await
    }

    /// The code that the server refuses the subscription with, by whichever way it says so.
    pub async fn refusal(mut self) -> String {
        let errors = match soon(self.result()).await {
            Ok(mut result) => result["errors"].take(),
            Err(Ended::Refused(errors)) => errors,
            Err(ended) => panic!("{ended:?}"),
        };
        errors[0]["extensions"]["code"].as_str().unwrap_or_else(|| panic!("{errors}")).to_owned()
    }
}

/// One subscription as an event stream.
pub struct Sse {
    answer: reqwest::Response,
    /// What has come and is not read yet; a chunk may end inside a character.
    buffer: Vec<u8>,
}

/// An event of a stream: its id, which is the cursor, and its result.
#[derive(Debug)]
pub struct Told {
    pub id: Option<String>,
    pub result: Value,
}

impl Sse {
    pub async fn open(
        api: &Api,
        token: &str,
        query: &str,
        variables: Value,
        last_event_id: Option<&str>,
    ) -> Result<Self, Ended> {
        let request = signed(api.http.post(api.at("/graphql/stream")), token).header("accept", "text/event-stream");
        let request = match last_event_id {
            Some(id) => request.header("last-event-id", id),
            None => request,
        };
        let body = json!({ "query": query, "variables": variables });
        let answer = request.json(&body).send().await.map_err(|_| Ended::Lost)?;
        assert_eq!(answer.status(), 200);
        Ok(Self { answer, buffer: Vec::new() })
    }

    /// The next event, for as long as it takes.
    pub async fn event(&mut self) -> Result<Told, Ended> {
        loop {
            while let Some(end) = self.buffer.windows(2).position(|pair| pair == b"\n\n") {
                let event = String::from_utf8(self.buffer.drain(..end + 2).collect()).unwrap();
                let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
                match field("event: ").as_deref() {
                    Some("next") => {
                        let result = serde_json::from_str(&field("data: ").unwrap()).unwrap();
                        return Ok(Told { id: field("id: "), result });
                    }
                    Some("complete") => return Err(Ended::Complete),
                    Some(other) => panic!("{other}"),
                    None => {}
                }
            }
            match self.answer.chunk().await {
                Ok(Some(bytes)) => self.buffer.extend_from_slice(&bytes),
                Ok(None) | Err(_) => return Err(Ended::Lost),
            }
        }
    }

    pub async fn next(&mut self) -> Told {
        let told = soon(self.event()).await.unwrap();
        assert!(told.result.get("errors").is_none(), "{:#}", told.result);
        told
    }
}
