//! Limits, and how a figure is held against one: a slice of the limit, a slice of ours, and again, so that a noisy neighbour
//! hits both alike.

use super::client::{Ask, Load, Work};
use super::report::{Figure, Rate};
use crate::cli::Failure;
use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::{get, post};
use axum::serve::ListenerExt as _;
use bytes::Bytes;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};
use store::bench::Commits;
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

const SLICE: Duration = Duration::from_secs(1);
const WARM_UP: Duration = Duration::from_millis(400);

/// Something that does one kind of work for as long as it is told to.
pub enum Side {
    Load(Load),
    Commits(Commits),
}

impl Side {
    async fn run(&mut self, span: Duration) -> Result<Vec<Duration>, Failure> {
        match self {
            Self::Load(load) => load.run(span).await,
            Self::Commits(commits) => Ok(commits.run(span).await?),
        }
    }
}

/// What is measured, against what, and what is to be reached.
pub struct Cell {
    pub work: String,
    pub clients: usize,
    pub against: &'static str,
    /// The share of the limit.
    pub reach: f64,
}

/// Measures both sides, slice by slice, `seconds` of each.
pub async fn compare(cell: Cell, limit: &mut Side, own: &mut Side, seconds: u64) -> Result<Figure, Failure> {
    limit.run(WARM_UP).await?;
    own.run(WARM_UP).await?;
    let (mut limits, mut owns) = (Rate::default(), Rate::default());
    let mut pairs = Vec::new();
    for _ in 0..seconds.max(1) {
        let of_limit = slice(limit, &mut limits).await?;
        let of_own = slice(own, &mut owns).await?;
        pairs.push(of_own / of_limit.max(f64::MIN_POSITIVE));
    }
    Ok(Figure::new(cell, limits, owns, &pairs))
}

async fn slice(side: &mut Side, rate: &mut Rate) -> Result<f64, Failure> {
    let began = Instant::now();
    let took = side.run(SLICE).await?;
    Ok(rate.add(took, began.elapsed()))
}

/// A bare axum server that answers whatever it is asked with the same JSON text.
pub struct Bare {
    address: SocketAddr,
    serving: AbortHandle,
}

impl Bare {
    pub async fn open(body: Bytes) -> Result<Self, Failure> {
        let answer = move || {
            let body = body.clone();
            async move { ([(CONTENT_TYPE, "application/json")], body) }
        };
        // A route as ours has one for each: GraphQL's, and the dialect's below its prefix.
        let router = Router::new().route("/graphql", post(answer.clone())).route("/{dialect}/{*path}", get(answer));
        let opened = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.and_then(|open| Ok((open.local_addr()?, open)));
        let (address, listener) = opened.map_err(|error| Failure::doing("No port for the bare server", error))?;
        // As on our own server.
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        let serving = tokio::spawn(async move { drop(axum::serve(listener, router).await) }).abort_handle();
        Ok(Self { address, serving })
    }

    /// Clients that send this request.
    pub async fn load(&self, clients: usize, ask: Ask) -> Result<Side, Failure> {
        let work = Work { ask: Box::new(move |_, _| ask.clone()), sign: "" };
        Ok(Side::Load(Load::new(self.address, clients, work).await?))
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
