//! GraphQL on the wire: over HTTP, over WebSocket (graphql-transport-ws), over server-sent events, and a playground.
//! Answers for framing, negotiation, limits and error codes; the schema is somebody else's, reached through [`Gate`].
//! Refuses to authorize or to decide: a caller and a request go in, a response comes out.

mod document;
mod gate;
mod http;
mod message;
mod multipart;
mod negotiation;
mod parameters;
mod persisted;
mod playground;
mod problem;
mod reply;
mod running;
mod socket;
mod stream;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use async_graphql::parser::types::OperationType;
use async_graphql::{Executor, Request as Operation, Response as Executed};
use axum::Router;
use axum::response::Response;
use axum::routing::{any, get};
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;

pub use gate::{ClientAddress, ClientInfo, Gate, Refused, ResumeAfter, Transport};

use crate::http::places::{Counter, Place, Sockets, Who};
use document::DocumentLimits;
use persisted::Documents;
use problem::Problem;

/// What the transport allows, and how patient it is.
#[derive(Debug, Clone)]
pub struct Options {
    /// Largest JSON body, in bytes; also the largest `operations` and `map` of an upload.
    pub max_body_bytes: usize,
    /// Largest single uploaded file, in bytes.
    /// It may change while the server runs.
    pub max_upload_bytes: Arc<AtomicU64>,
    /// Most files in one request.
    pub max_uploads: usize,
    /// Where uploads wait while their request runs; the system's temporary directory if `None`.
    pub upload_dir: Option<PathBuf>,
    /// Longest document, in bytes.
    pub max_document_bytes: usize,
    /// Most selections in a document, its fragments unfolded.
    pub max_selections: u64,
    /// Whether an array of requests is taken.
    pub batching: Batching,
    /// How many parsed documents are remembered (for persisted queries, and to save parsing). 0 turns both off.
    pub persisted_queries: usize,
    /// How long a body (without uploads) may take to arrive.
    pub body_timeout: Duration,
    /// How long a query or mutation may run.
    pub execution_timeout: Duration,
    /// How long a socket may stay without `connection_ack`.
    pub connection_init_timeout: Duration,
    /// How often a socket is pinged.
    pub ping_interval: Duration,
    /// How long a pinged socket may stay silent. Anything that it sends counts as a sign of life.
    pub pong_timeout: Duration,
    /// Largest message that a client may send over a socket, in bytes.
    pub max_message_bytes: usize,
    /// Messages that wait for a slow reader; then its operations wait.
    pub send_queue: usize,
    /// How long a reader may keep one message waiting before it is cut off.
    pub send_timeout: Duration,
    /// Most operations at a time on one socket.
    pub max_subscriptions_per_socket: usize,
    /// Most sockets of one user.
    pub max_sockets_per_user: usize,
    /// Most sockets of callers who are not signed in, for each network address.
    pub max_sockets_anonymous: usize,
    /// The open sockets, which other surfaces count, too.
    pub sockets: Sockets,
    /// Most operations of one user (or anonymous address) at a time, over all their sockets and event streams.
    pub max_operations_per_user: usize,
    /// How often a silent event stream says that it is alive.
    pub keep_alive: Duration,
    /// Whether the schema may be asked for.
    pub introspection: bool,
    /// Whether `/playground` is served.
    pub playground: bool,
    /// Turns `true` when the server goes down: sockets close with 1012, event streams end.
    pub shutdown: Option<watch::Receiver<bool>>,
}

/// Whether several requests may come in one array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Batching {
    /// An array is refused with `BATCHING_DISABLED`.
    Off,
    /// An array of at most so many is taken.
    On(usize),
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_body_bytes: 1 << 20,
            max_upload_bytes: Arc::new(AtomicU64::new(20 << 20)),
            max_uploads: 10,
            upload_dir: None,
            max_document_bytes: 128 << 10,
            max_selections: 5_000,
            batching: Batching::Off,
            persisted_queries: 1_000,
            body_timeout: Duration::from_secs(30),
            execution_timeout: Duration::from_secs(30),
            connection_init_timeout: Duration::from_secs(10),
            ping_interval: Duration::from_secs(25),
            pong_timeout: Duration::from_secs(20),
            max_message_bytes: 1 << 20,
            send_queue: 64,
            send_timeout: Duration::from_secs(10),
            max_subscriptions_per_socket: 100,
            max_sockets_per_user: 50,
            max_sockets_anonymous: 20,
            sockets: Sockets::default(),
            max_operations_per_user: 500,
            keep_alive: Duration::from_secs(12),
            introspection: true,
            playground: true,
            shutdown: None,
        }
    }
}

/// The refusal of a caller who asks too often, for whoever counts.
pub fn too_often(error: &model::Error) -> Response {
    reply::refused(negotiation::Media::Json, Problem::too_often(error.to_string()))
}

/// The routes: `/graphql` (HTTP, WebSocket, events by `Accept`), `/graphql/stream` (events), `/playground`.
pub fn routes<G: Gate>(gate: G, options: Options) -> Router {
    let limits = DocumentLimits {
        bytes: options.max_document_bytes,
        selections: options.max_selections,
        introspection: options.introspection,
    };
    let playground = options.playground;
    let surface = Arc::new(Surface {
        documents: Documents::new(options.persisted_queries, limits),
        operations: Counter::default(),
        gate,
        options,
    });
    let routes = Router::new()
        .route("/graphql", any(http::serve::<G>))
        .route("/graphql/stream", any(stream::serve::<G>))
        .with_state(surface);
    if playground {
        routes.route("/playground", get(playground::page)).route("/playground/{asset}", get(playground::asset))
    } else {
        routes
    }
}

/// What every request shares.
struct Surface<G: Gate> {
    gate: G,
    options: Options,
    documents: Documents,
    operations: Counter<Who>,
}

impl<G: Gate> Surface<G> {
    fn who(&self, caller: Option<&G::Caller>, info: &ClientInfo) -> Who {
        match caller {
            Some(caller) => Who::User(self.gate.user(caller)),
            None => Who::anonymous(info.address),
        }
    }

    /// Runs an operation. Dropping the stream stops a query or a subscription. A mutation runs on by itself: a client
    /// that hangs up must not leave half of its fields done. Then it is the mutation that gives its `place` back.
    fn results(
        &self,
        request: Operation,
        kind: OperationType,
        place: Option<Arc<Place<Who>>>,
    ) -> BoxStream<'static, Executed> {
        let schema = self.gate.schema();
        let mut results = match kind {
            OperationType::Subscription => return schema.execute_stream(request, None),
            OperationType::Query | OperationType::Mutation => {
                let schema = schema.clone();
                futures_util::stream::once(async move { Executor::execute(&schema, request).await }).boxed()
            }
        };
        if kind == OperationType::Query {
            return results;
        }
        let (out, read) = mpsc::channel(1);
        tokio::spawn(async move {
            while let Some(result) = results.next().await {
                if out.send(result).await.is_err() {
                    tracing::debug!("nobody waited for a mutation's result");
                }
            }
            drop(place);
        });
        ReceiverStream::new(read).boxed()
    }

    /// Resolves when the caller's session is over; never for those who have none.
    fn session_end(&self, caller: Option<&G::Caller>) -> impl Future<Output = ()> + Send + 'static {
        let ended = caller.map(|caller| self.gate.ended(caller));
        async move {
            match ended {
                Some(ended) => ended.await,
                None => std::future::pending().await,
            }
        }
    }

    /// Resolves when the server goes down.
    fn shutdown(&self) -> impl Future<Output = ()> + Send + 'static {
        let watch = self.options.shutdown.clone();
        async move {
            if let Some(mut watch) = watch
                && watch.wait_for(|down| *down).await.is_ok()
            {
                return;
            }
            std::future::pending::<()>().await;
        }
    }
}
