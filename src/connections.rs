//! Connections: taken in, counted, served over HTTP/1 or HTTP/2 until they end or are told to.
//!
//! It refuses those above the limit, and those who say nothing: whoever connects has to say what they speak, and has to send
//! the head of each request, in a bounded time. What requests are, the router says; a WebSocket stays counted as the
//! connection that it came over.

use axum::Router;
use axum::extract::ConnectInfo;
use engine::Tolerate as _;
use http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use metrics::counter;
use std::io::{self, ErrorKind, IoSlice};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{Sleep, sleep};
use tower::Service as _;

use crate::shutdown::Shutdown;

const REFUSED: &str = "echodesk_connections_refused_total";
/// How an HTTP/2 connection begins.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// How long a ping of HTTP/2 may stay unanswered.
const PING: Duration = Duration::from_secs(20);
/// How long nothing is taken in where the system has no room for more.
const FULL: Duration = Duration::from_secs(1);

/// How many connections there may be, and how patient each is.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    pub most: usize,
    /// How long a connection may take to say what it speaks.
    pub opening: Duration,
    /// How long the head of a request may take to come, counted from the end of the one before: so long a connection may be
    /// idle. Over HTTP/2 it is asked so often whether somebody is there.
    pub heads: Duration,
}

/// What connections are served by. A clone counts the same ones.
#[derive(Clone)]
pub struct Connections {
    router: Router,
    shutdown: Shutdown,
    builder: Arc<Builder<TokioExecutor>>,
    places: Arc<Semaphore>,
    opening: Duration,
}

impl Connections {
    pub fn new(router: Router, shutdown: Shutdown, Patience { most, opening, heads }: Patience) -> Self {
        let mut builder = Builder::new(TokioExecutor::new());
        builder.http1().timer(TokioTimer::new()).header_read_timeout(heads);
        // WebSockets over HTTP/2 come by an extended CONNECT.
        let mut http2 = builder.http2();
        http2.timer(TokioTimer::new()).keep_alive_interval(heads).keep_alive_timeout(PING).enable_connect_protocol();
        let places = Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS)));
        Self { router, shutdown, builder: Arc::new(builder), places, opening }
    }

    /// Takes connections in until the server is asked to stop, and waits until all of them have ended. Dropped, it cuts them off.
    pub async fn accept(self, listener: TcpListener) {
        let mut open = JoinSet::new();
        let mut stop = pin!(self.shutdown.wait());
        loop {
            let accepted = tokio::select! {
                biased;
                () = &mut stop => break,
                Some(ended) = open.join_next() => {
                    ended.tolerate("serving a connection");
                    continue;
                }
                accepted = listener.accept() => accepted,
            };
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) if of_the_peer(&error) => continue,
                Err(error) => {
                    tracing::error!(%error, "no connection can be taken in");
                    sleep(FULL).await;
                    continue;
                }
            };
            let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
                counter!(REFUSED).increment(1);
                tracing::debug!(%peer, "a connection too many was closed");
                continue;
            };
            // An answer is written at once: without this, small ones wait for an acknowledgement.
            stream.set_nodelay(true).tolerate("setting TCP_NODELAY");
            let opening = Opening { until: Box::pin(sleep(self.opening)), seen: 0 };
            open.spawn(self.clone().serve(Line { stream, opening: Some(opening), _place: place }, peer));
        }
        drop(listener);
        while let Some(ended) = open.join_next().await {
            ended.tolerate("serving a connection");
        }
    }

    async fn serve(self, line: Line, peer: SocketAddr) {
        let Self { router, shutdown, builder, .. } = self;
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            router.clone().call(request)
        });
        let mut connection = pin!(builder.serve_connection_with_upgrades(TokioIo::new(line), service));
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = shutdown.wait() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::trace!(%error, "a connection broke off");
        }
    }
}

/// Whether it is that one connection's fault.
fn of_the_peer(error: &io::Error) -> bool {
    let kind = error.kind();
    [ErrorKind::ConnectionRefused, ErrorKind::ConnectionAborted, ErrorKind::ConnectionReset].contains(&kind)
}

/// A connection with the place that it takes up.
struct Line {
    stream: TcpStream,
    opening: Option<Opening>,
    _place: OwnedSemaphorePermit,
}

/// What is read of a connection before it is known what it speaks: then the time-outs of the protocol count.
struct Opening {
    until: Pin<Box<Sleep>>,
    /// Bytes of [`PREFACE`] that have come.
    seen: usize,
}

impl Opening {
    /// Whether it is still open what the connection speaks.
    fn goes_on(&mut self, more: &[u8]) -> bool {
        let rest = PREFACE.get(self.seen..).unwrap_or_default();
        self.seen += more.len();
        more.len() < rest.len() && rest.starts_with(more)
    }
}

impl AsyncRead for Line {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        let Some(opening) = &mut self.opening else { return read };
        if read.is_pending() {
            return opening.until.as_mut().poll(cx).map(|()| Err(ErrorKind::TimedOut.into()));
        }
        if !opening.goes_on(buffer.filled().get(before..).unwrap_or_default()) {
            self.opening = None;
        }
        read
    }
}

impl AsyncWrite for Line {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::task::JoinHandle;
    use tokio::time::timeout;

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    const LONG: Duration = Duration::from_mins(10);

    struct House {
        address: SocketAddr,
        shutdown: Shutdown,
        serving: JoinHandle<()>,
    }

    impl House {
        async fn with(most: usize, heads: Duration) -> Self {
            let router = Router::new().route("/", get(async |peer: ConnectInfo<SocketAddr>| peer.0.to_string()));
            let shutdown = Shutdown::new();
            let connections = Connections::new(router, shutdown.clone(), Patience { most, opening: heads, heads });
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            Self { address, shutdown, serving: tokio::spawn(connections.accept(listener)) }
        }

        async fn saying(&self, words: &[u8]) -> TcpStream {
            let mut stream = TcpStream::connect(self.address).await.unwrap();
            stream.write_all(words).await.unwrap();
            stream
        }
    }

    /// Everything until the server hangs up.
    async fn heard(mut stream: TcpStream) -> String {
        let mut all = Vec::new();
        // Reset or closed, it is over.
        _ = timeout(Duration::from_secs(30), stream.read_to_end(&mut all)).await.unwrap();
        String::from_utf8_lossy(&all).into_owned()
    }

    async fn answered(stream: &mut TcpStream) -> bool {
        let mut begin = [0; 15];
        let read = timeout(Duration::from_secs(30), stream.read_exact(&mut begin)).await.unwrap();
        read.is_ok() && begin == *b"HTTP/1.1 200 OK"
    }

    #[tokio::test]
    async fn whoever_says_nothing_is_hung_up_on() {
        let house = House::with(10, Duration::from_millis(40)).await;
        for words in [b"".as_slice(), b"P", &PREFACE[..23], b"GET / HTTP/1.1\r\nHost:"] {
            heard(house.saying(words).await).await;
        }
        // After an answer, too.
        let told = heard(house.saying(REQUEST).await).await;
        assert!(told.starts_with("HTTP/1.1 200 OK") && told.contains("127.0.0.1:"), "{told}");
    }

    #[tokio::test]
    async fn one_too_many_is_closed_and_one_that_ends_makes_room() {
        let house = House::with(1, LONG).await;
        let mut first = house.saying(REQUEST).await;
        assert!(answered(&mut first).await);
        assert_eq!(heard(house.saying(b"").await).await, "");
        drop(first);
        let again = async { while !answered(&mut house.saying(REQUEST).await).await {} };
        timeout(Duration::from_secs(30), again).await.unwrap();
    }

    #[tokio::test]
    async fn idle_connections_do_not_keep_the_server() {
        let house = House::with(10, LONG).await;
        let mut idle = house.saying(REQUEST).await;
        assert!(answered(&mut idle).await);
        let silent = house.saying(b"").await;
        house.shutdown.request();
        timeout(Duration::from_secs(30), house.serving).await.unwrap().unwrap();
        drop(silent);
    }

    #[test]
    fn a_preface_is_known_by_its_first_other_byte() {
        let opening = || Opening { until: Box::pin(sleep(LONG)), seen: 0 };
        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
            let mut one = opening();
            assert!(one.goes_on(b"PRI * ") && one.goes_on(b"") && one.goes_on(&PREFACE[6..23]));
            assert!(!one.goes_on(b"\n"));
            assert!(!opening().goes_on(b"POST /"));
            assert!(!opening().goes_on(&[PREFACE, b"more"].concat()));
        });
    }
}
