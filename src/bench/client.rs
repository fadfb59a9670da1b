//! Load: clients that send one request after the other, each over a connection of its own that stays open.
//!
//! Requests are built before the clock runs; an answer is read whole and looked at, so that a fast refusal never counts as
//! work. The same client asks the limit and the server.

use crate::cli::Failure;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use axum::http::{HeaderValue, Method, Request, StatusCode};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::task::{AbortHandle, JoinSet};

pub type Ask = Request<Full<Bytes>>;

/// One keep-alive connection.
pub struct Wire {
    sender: SendRequest<Full<Bytes>>,
    driver: AbortHandle,
}

impl Wire {
    pub async fn open(address: SocketAddr) -> Result<Self, Failure> {
        let stream = TcpStream::connect(address).await.and_then(|stream| {
            stream.set_nodelay(true)?;
            Ok(stream)
        });
        let stream = stream.map_err(|error| Failure::doing(format_args!("{address} does not answer"), error))?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(broken)?;
        // What breaks the connection is told to whoever asks next.
        let driver = tokio::spawn(async move { drop(connection.await) }).abort_handle();
        Ok(Self { sender, driver })
    }

    /// Sends a request and reads the whole answer.
    pub async fn ask(&mut self, ask: Ask) -> Result<(StatusCode, Bytes), Failure> {
        self.sender.ready().await.map_err(broken)?;
        let response = self.sender.send_request(ask).await.map_err(broken)?;
        let status = response.status();
        let body = response.into_body().collect().await.map_err(broken)?;
        Ok((status, body.to_bytes()))
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

fn broken(error: hyper::Error) -> Failure {
    Failure::doing("A connection of the benchmark broke", error)
}

/// A POST with its headers, the body being given later.
pub fn post(path: &str, address: SocketAddr, kind: &'static str, token: Option<&str>) -> Result<Ask, Failure> {
    let mut ask = request(Method::POST, path, address, token)?;
    ask.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    Ok(ask)
}

/// A GET with its headers.
pub fn get(path: &str, address: SocketAddr, token: Option<&str>) -> Result<Ask, Failure> {
    request(Method::GET, path, address, token)
}

fn request(method: Method, path: &str, address: SocketAddr, token: Option<&str>) -> Result<Ask, Failure> {
    let mut ask = Request::builder()
        .method(method)
        .uri(path)
        .header(HOST, address.to_string())
        .body(Full::default())
        .map_err(|error| Failure::doing("A request could not be built", error))?;
    if let Some(token) = token {
        let value = HeaderValue::from_str(&format!("Bearer {token}"));
        ask.headers_mut().insert(AUTHORIZATION, value.map_err(|error| Failure::doing("A token is unusable", error))?);
    }
    Ok(ask)
}

/// The same request with a body.
pub fn with_body(ask: &Ask, body: impl Into<Bytes>) -> Ask {
    let mut ask = ask.clone();
    *ask.body_mut() = Full::new(body.into());
    ask
}

/// What clients send, and how a good answer is known.
pub struct Work {
    /// The request of a client's turn.
    pub ask: Box<dyn Fn(usize, u64) -> Ask + Send + Sync>,
    /// A good answer has this near its beginning. Empty: any answer that is no refusal is good.
    pub sign: &'static str,
}

/// So far into an answer its sign is looked for.
const NEAR: usize = 160;

impl Work {
    fn check(&self, status: StatusCode, body: &Bytes) -> Result<(), Failure> {
        let start = body.get(..body.len().min(NEAR)).unwrap_or_default();
        let sign = self.sign.as_bytes();
        if status.is_success() && (sign.is_empty() || start.windows(sign.len()).any(|part| part == sign)) {
            return Ok(());
        }
        let said: String = String::from_utf8_lossy(body).chars().take(600).collect();
        Err(Failure::new(format!("An answer was not what it should be: {status} {said}")))
    }
}

/// Clients with their connections, and how far each has come.
pub struct Load {
    work: Arc<Work>,
    clients: Vec<Client>,
}

struct Client {
    number: usize,
    turn: u64,
    wire: Wire,
}

impl Load {
    pub async fn new(address: SocketAddr, clients: usize, work: Work) -> Result<Self, Failure> {
        let mut all = Vec::with_capacity(clients);
        for number in 0..clients {
            all.push(Client { number, turn: 0, wire: Wire::open(address).await? });
        }
        Ok(Self { work: Arc::new(work), clients: all })
    }

    /// All clients ask for so long; answers how long each request took.
    pub async fn run(&mut self, span: Duration) -> Result<Vec<Duration>, Failure> {
        let until = Instant::now() + span;
        let mut running = JoinSet::new();
        for client in self.clients.drain(..) {
            running.spawn(client.run(Arc::clone(&self.work), until));
        }
        let mut took = Vec::new();
        while let Some(done) = running.join_next().await {
            let (client, times) = done.map_err(|error| Failure::doing("A client of the benchmark failed", error))??;
            took.extend(times);
            self.clients.push(client);
        }
        Ok(took)
    }

    /// What a few requests are answered with.
    pub async fn sample(&mut self, count: u64) -> Result<Vec<Bytes>, Failure> {
        let mut answers = Vec::new();
        let Some(client) = self.clients.first_mut() else { return Ok(answers) };
        for _ in 0..count {
            let (status, body) = client.wire.ask((self.work.ask)(client.number, client.turn)).await?;
            client.turn += 1;
            self.work.check(status, &body)?;
            answers.push(body);
        }
        Ok(answers)
    }
}

impl Client {
    async fn run(mut self, work: Arc<Work>, until: Instant) -> Result<(Self, Vec<Duration>), Failure> {
        let mut took = Vec::new();
        loop {
            let ask = (work.ask)(self.number, self.turn);
            self.turn += 1;
            let began = Instant::now();
            if began >= until {
                return Ok((self, took));
            }
            let (status, body) = self.wire.ask(ask).await?;
            took.push(began.elapsed());
            work.check(status, &body)?;
        }
    }
}
