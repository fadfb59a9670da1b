//! The one seam between this transport and the service behind it: who calls, what their request carries,
//! when their session is over. The server implements [`Gate`] over the engine.
//! Refuses to know what a user, a role or a token is; it asks, and does as it is told.

use std::borrow::Cow;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};

use async_graphql::{Executor, Request};
use axum::extract::ConnectInfo;
use axum::http::header::{ACCEPT_LANGUAGE, AUTHORIZATION, USER_AGENT};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName};

/// What the transport needs from the service. A clone must be cheap (an `Arc` inside).
pub trait Gate: Clone + Send + Sync + 'static {
    /// A signed-in caller: a person, an API key, a game server.
    type Caller: Clone + Send + Sync + 'static;
    /// The schema that runs the operations.
    type Schema: Executor;

    /// The schema that runs the operations.
    fn schema(&self) -> &Self::Schema;

    /// Says who calls. `authorization` is `Bearer …` or `ApiKey …`, from the request's headers or from the payload
    /// of `connection_init`; `None` means that nobody claims anything, which is no error: the schema decides what
    /// an anonymous caller may do.
    fn authenticate(
        &self,
        authorization: Option<&str>,
        info: &ClientInfo,
    ) -> impl Future<Output = Result<Option<Self::Caller>, Refused>> + Send;

    /// Gives the request what the resolvers read from their context. What it can't read of it, it refuses.
    fn attach(&self, request: Request, caller: Option<&Self::Caller>, info: &ClientInfo) -> Result<Request, Refused>;

    /// The key that the per-user caps count by.
    fn user(&self, caller: &Self::Caller) -> i64;

    /// Resolves when the caller's session expires or is revoked. Sockets and streams end the moment it does, so it
    /// must resolve within a second of the event.
    fn ended(&self, caller: &Self::Caller) -> impl Future<Output = ()> + Send + 'static;
}

/// Why a caller was turned away at the door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// The token or key is unknown, malformed, expired or revoked: sign in again.
    Unauthenticated(String),
    /// The credentials are good, but the account may not come in.
    Forbidden(String),
    /// What came with the request can't be read.
    Malformed(String),
    /// It cannot be told now (the database is away): the credentials may well be good, try again.
    Unavailable(String),
}

/// Which way an operation came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// One request, one answer.
    Http,
    /// graphql-transport-ws.
    Socket,
    /// Server-sent events.
    Events,
}

/// What is known of the client before it is known who it is.
#[derive(Debug, Clone)]
pub struct ClientInfo {
    /// Where it calls from: [`ClientAddress`] if an outer layer set it, else the peer of the connection.
    pub address: Option<IpAddr>,
    /// The headers of the HTTP request, or of the request that opened the socket.
    pub headers: HeaderMap,
    /// Which way it came in.
    pub transport: Transport,
}

/// The client's address as an outer layer knows it (behind a trusted proxy). Put it into the request's extensions
/// and it wins over the connection's peer.
#[derive(Debug, Clone, Copy)]
pub struct ClientAddress(pub IpAddr);

// `Last-Event-ID` goes to the schema's subscriptions as the default of their `after`.
pub use ::graphql::ResumeAfter;

impl ClientInfo {
    pub(super) fn new(parts: Parts, transport: Transport) -> Self {
        let declared = parts.extensions.get::<ClientAddress>().map(|address| address.0);
        let peer = || parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        Self { address: declared.or_else(peer), headers: parts.headers, transport }
    }

    /// What the headers claim: `Authorization` as it stands, or `X-API-Key` as `ApiKey …`.
    pub fn authorization(&self) -> Option<Cow<'_, str>> {
        if let Some(value) = self.headers.get(AUTHORIZATION) {
            return Some(String::from_utf8_lossy(value.as_bytes()));
        }
        let key = self.headers.get("x-api-key")?;
        Some(Cow::Owned(format!("ApiKey {}", String::from_utf8_lossy(key.as_bytes()))))
    }

    /// `User-Agent`, for the list of sessions and the audit log.
    pub fn user_agent(&self) -> Option<&str> {
        self.text(&USER_AGENT)
    }

    /// `Accept-Language`, for messages in the reader's language.
    pub fn language(&self) -> Option<&str> {
        self.text(&ACCEPT_LANGUAGE)
    }

    /// `X-Request-Id`, for the logs.
    pub fn request_id(&self) -> Option<&str> {
        self.headers.get("x-request-id").and_then(|value| value.to_str().ok())
    }

    fn text(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(headers: &[(&'static str, &str)]) -> ClientInfo {
        let headers =
            headers.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect();
        ClientInfo { address: None, headers, transport: Transport::Http }
    }

    #[test]
    fn claims() {
        assert_eq!(info(&[]).authorization(), None);
        assert_eq!(info(&[("x-api-key", "k")]).authorization().as_deref(), Some("ApiKey k"));
        let both = info(&[("x-api-key", "k"), ("authorization", "Bearer t")]);
        assert_eq!(both.authorization().as_deref(), Some("Bearer t"));
    }
}
