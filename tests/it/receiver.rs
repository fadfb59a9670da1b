//! A real HTTP server on loopback that is told of events, remembers what it heard, and answers as it is told.

use crate::api::soon;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde_json::Value;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// One request that came.
#[derive(Debug, Clone)]
pub struct Heard {
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Heard {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no {name}: {:?}", self.headers)).to_str().unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn event(&self) -> &str {
        self.header("x-webhook-event")
    }

    /// As seed 003, section 8.3, has it.
    pub fn is_signed_by(&self, secret: &str) -> bool {
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret.as_bytes());
        let made = ring::hmac::sign(&key, &self.body);
        let hex: String = made.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        self.header("x-signature") == hex
    }
}

/// What to answer.
#[derive(Debug, Clone)]
pub enum Answer {
    Status(u16),
    /// A status and a header.
    With(u16, &'static str, String),
    /// Nothing, ever.
    Silence,
}

struct Shared {
    heard: watch::Sender<Vec<Heard>>,
    answers: Mutex<VecDeque<Answer>>,
}

pub struct Receiver {
    pub url: String,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

impl Receiver {
    pub async fn start() -> Self {
        let shared = Arc::new(Shared { heard: watch::Sender::new(Vec::new()), answers: Mutex::default() });
        let router = Router::new().fallback(hear).with_state(shared.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/in", listener.local_addr().unwrap());
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, shared, serving }
    }

    /// The answers to the next requests, in order; then it is 204 again.
    pub fn answers(&self, answers: impl IntoIterator<Item = Answer>) {
        self.shared.answers.lock().unwrap().extend(answers);
    }

    /// Waits until so many requests have come, and answers all that have.
    pub async fn heard(&self, count: usize) -> Vec<Heard> {
        let mut heard = self.shared.heard.subscribe();
        let enough = heard.wait_for(|all| all.len() >= count);
        soon(enough).await.unwrap().clone()
    }

    pub fn so_far(&self) -> Vec<Heard> {
        self.shared.heard.borrow().clone()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn hear(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> (StatusCode, HeaderMap, String) {
    let answer = shared.answers.lock().unwrap().pop_front();
    shared.heard.send_modify(|all| all.push(Heard { headers, body: body.to_vec() }));
    let status = |code| StatusCode::from_u16(code).unwrap();
    match answer {
        None => (StatusCode::NO_CONTENT, HeaderMap::new(), String::new()),
        Some(Answer::Status(code)) => (status(code), HeaderMap::new(), format!("it is {code}")),
        Some(Answer::With(code, name, value)) => {
            let headers = HeaderMap::from_iter([(name.parse().unwrap(), value.parse().unwrap())]);
            (status(code), headers, String::new())
        }
        Some(Answer::Silence) => std::future::pending().await,
    }
}
