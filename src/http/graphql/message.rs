//! The messages of graphql-transport-ws and its close codes, as the protocol of the npm package graphql-ws has them.
//! Answers for their shape, nothing else: what may come when is `socket.rs`'s business.

use std::borrow::Cow;

use async_graphql::{Response as Executed, ServerError};
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::parameters::Parameters;
use super::reply::{to_json, written};

/// The one subprotocol that is spoken here.
pub(super) const PROTOCOL: &str = "graphql-transport-ws";

/// What a client may send.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Incoming {
    ConnectionInit {
        payload: Option<Map<String, Json>>,
    },
    Ping {
        payload: Option<Map<String, Json>>,
    },
    Pong {
        #[expect(dead_code, reason = "read so that its shape is checked; nothing is done with it")]
        payload: Option<Map<String, Json>>,
    },
    Subscribe {
        id: String,
        payload: Parameters,
    },
    Complete {
        id: String,
    },
}

impl Incoming {
    /// Reads a message; anything that is not of the protocol closes the socket.
    pub(super) fn parse(text: &str) -> Result<Self, Close> {
        let message: Self = serde_json::from_str(text).map_err(|_| Close::INVALID)?;
        match &message {
            Self::Subscribe { id, .. } | Self::Complete { id } if id.is_empty() => Err(Close::INVALID),
            Self::Subscribe { payload, .. } if !payload.names_a_document() => Err(Close::INVALID),
            Self::ConnectionInit { .. }
            | Self::Ping { .. }
            | Self::Pong { .. }
            | Self::Subscribe { .. }
            | Self::Complete { .. } => Ok(message),
        }
    }
}

impl Parameters {
    fn names_a_document(&self) -> bool {
        let persisted = || self.extensions.as_ref().is_some_and(|extensions| extensions.contains_key("persistedQuery"));
        self.query.is_some() || persisted()
    }
}

/// What the server sends.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Outgoing<'a> {
    ConnectionAck,
    Ping,
    Pong {
        #[serde(skip_serializing_if = "Option::is_none")]
        payload: Option<Map<String, Json>>,
    },
    /// Written by hand, because its result may be text already.
    #[serde(skip)]
    Next {
        id: &'a str,
        payload: &'a Executed,
    },
    Error {
        id: &'a str,
        payload: &'a [ServerError],
    },
    Complete {
        id: &'a str,
    },
}

impl Outgoing<'_> {
    pub(super) fn next<'a>(id: &'a str, response: &'a Executed) -> Outgoing<'a> {
        Outgoing::Next { id, payload: response }
    }

    pub(super) fn into_message(self) -> Message {
        let bytes = match &self {
            Self::Next { id, payload } => {
                [br#"{"type":"next","id":"#, to_json(id).as_slice(), br#","payload":"#, &written(payload), b"}"]
                    .concat()
            }
            Self::ConnectionAck | Self::Ping | Self::Pong { .. } | Self::Error { .. } | Self::Complete { .. } => {
                to_json(&self)
            }
        };
        match Utf8Bytes::try_from(bytes) {
            Ok(text) => Message::Text(text),
            Err(error) => {
                tracing::error!(%error, "JSON that is not UTF-8");
                Message::Text(Utf8Bytes::from_static(r#"{"type":"ping"}"#))
            }
        }
    }
}

/// Why a socket is closed: the code and the reason that the client is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Close {
    code: u16,
    reason: Cow<'static, str>,
}

impl Close {
    pub(super) const INVALID: Self = Self::fixed(4400, "Invalid message received");
    pub(super) const UNAUTHORIZED: Self = Self::fixed(4401, "Unauthorized");
    pub(super) const FORBIDDEN: Self = Self::fixed(4403, "Forbidden");
    pub(super) const SUBPROTOCOL: Self = Self::fixed(4406, "Subprotocol not acceptable");
    pub(super) const INIT_TIMEOUT: Self = Self::fixed(4408, "Connection initialisation timeout");
    pub(super) const SECOND_INIT: Self = Self::fixed(4429, "Too many initialisation requests");
    pub(super) const TERMINATED: Self = Self::fixed(4499, "Terminated");
    pub(super) const NORMAL: Self = Self::fixed(1000, "");
    pub(super) const TOO_BIG: Self = Self::fixed(1009, "Message too big");
    pub(super) const RESTART: Self = Self::fixed(1012, "Service restarting");
    pub(super) const SLOW: Self = Self::fixed(1013, "Slow consumer");
    pub(super) const TOO_MANY: Self = Self::fixed(1013, "Too many sockets");
    pub(super) const UNAVAILABLE: Self = Self::fixed(1013, "Try again later");

    const fn fixed(code: u16, reason: &'static str) -> Self {
        Self { code, reason: Cow::Borrowed(reason) }
    }

    /// An id that is in use. A close reason has at most 123 bytes, whatever the id.
    pub(super) fn taken(id: &str) -> Self {
        const ROOM: usize = 123 - "Subscriber for  already exists".len();
        let end = id.char_indices().map(|(at, char)| at + char.len_utf8()).take_while(|end| *end <= ROOM).last();
        let id = end.and_then(|end| id.get(..end)).unwrap_or_default();
        Self { code: 4409, reason: Cow::Owned(format!("Subscriber for {id} already exists")) }
    }
}

impl From<Close> for Message {
    fn from(close: Close) -> Self {
        let reason = match close.reason {
            Cow::Borrowed(reason) => Utf8Bytes::from_static(reason),
            Cow::Owned(reason) => Utf8Bytes::from(reason),
        };
        Self::Close(Some(CloseFrame { code: close.code, reason }))
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::value;

    use super::*;

    fn sent(message: Outgoing<'_>) -> String {
        message.into_message().into_text().unwrap().as_str().to_owned()
    }

    #[test]
    fn what_a_client_may_send() {
        let good = [
            r#"{"type":"connection_init"}"#,
            r#"{"type":"connection_init","payload":{"Authorization":"Bearer t"}}"#,
            r#"{"type":"connection_init","payload":null}"#,
            r#"{"type":"ping"}"#,
            r#"{"type":"pong","payload":{"a":[1.5,"x",null]}}"#,
            r#"{"id":"1","type":"subscribe","payload":{"query":"{a}","variables":{"x":[1,{"y":-2.5}]}}}"#,
            r#"{"type":"subscribe","id":"1","payload":{"extensions":{"persistedQuery":{}}}}"#,
            r#"{"type":"complete","id":"1","extra":true}"#,
        ];
        for text in good {
            assert!(Incoming::parse(text).is_ok(), "{text}");
        }
        let bad = [
            "",
            "17",
            "[]",
            "{}",
            r#"{"type":"start","id":"1"}"#,
            r#"{"type":"connection_init","payload":"t"}"#,
            r#"{"type":"ping","payload":1}"#,
            r#"{"type":"subscribe","id":"1"}"#,
            r#"{"type":"subscribe","id":"","payload":{"query":"{a}"}}"#,
            r#"{"type":"subscribe","id":1,"payload":{"query":"{a}"}}"#,
            r#"{"type":"subscribe","id":"1","payload":{}}"#,
            r#"{"type":"subscribe","id":"1","payload":{"query":"{a}","variables":[]}}"#,
            r#"{"type":"complete"}"#,
        ];
        for text in bad {
            assert_eq!(Incoming::parse(text).err(), Some(Close::INVALID), "{text}");
        }
    }

    #[test]
    fn what_the_server_sends() {
        assert_eq!(sent(Outgoing::ConnectionAck), r#"{"type":"connection_ack"}"#);
        assert_eq!(sent(Outgoing::Pong { payload: None }), r#"{"type":"pong"}"#);
        let response = Executed::new(value!({ "a": 1 }));
        assert_eq!(sent(Outgoing::next("1", &response)), r#"{"type":"next","id":"1","payload":{"data":{"a":1}}}"#);
    }

    #[test]
    fn a_long_id_fits_the_reason() {
        assert_eq!(Close::taken("a").reason, "Subscriber for a already exists");
        let reason = Close::taken(&"工".repeat(100)).reason;
        assert!(reason.len() <= 123 && reason.len() > 118 && reason.ends_with("already exists"));
    }
}
