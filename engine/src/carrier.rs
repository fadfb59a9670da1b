//! What carries messages out: the one trait that webhooks, mail and chats implement, and the three ways to fail.

use crate::Engine;
use futures_util::future::BoxFuture;
use model::Result;
use model::event::Recorded;
use model::id::{CommentId, Seq, TicketId, WebhookId};
use model::webhook::Webhook;
use std::time::Duration;
use store::delivery::Delivery;

/// Something to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Parcel {
    /// The conversation that it belongs to: parcels of one lane arrive in order.
    pub lane: String,
    /// To whom, in the carrier's own words; the same event goes to the same recipient once.
    pub recipient: String,
    pub ticket: Option<TicketId>,
    pub comment: Option<CommentId>,
    /// What is sent, as the carrier wrote it when the event happened.
    pub body: String,
    /// The endpoint that it is for, and what the event is told as there; for carriers that have such things.
    pub webhook: Option<WebhookId>,
    pub topic: Option<String>,
    /// Its Message-ID without brackets: a report that it did not arrive names it by that.
    pub message_id: Option<String>,
}

/// The peer has taken it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Receipt {
    /// The peer's own name for it.
    pub id: Option<String>,
    /// Not only taken, but known to have arrived.
    pub delivered: bool,
}

/// The peer has not taken it, or nobody knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undelivered {
    /// Worth another try, not before `after` where the peer said so.
    Later { after: Option<Duration>, why: String },
    /// Another try would end the same.
    Never { why: String },
    /// The same, and the peer wants nothing more, ever.
    Gone { why: String },
    /// The peer may have it (a time-out after the last byte): a person decides whether to send it again.
    Uncertain { why: String },
}

impl Undelivered {
    pub fn why(&self) -> &str {
        match self {
            Self::Later { why, .. } | Self::Never { why } | Self::Gone { why } | Self::Uncertain { why } => why,
        }
    }
}

/// What is worth keeping of an attempt beside how it ended. A carrier writes down what it has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trace {
    /// What was sent around the body, without secrets. Where nothing stands here, nothing was sent.
    pub request: Option<serde_json::Value>,
    pub status: Option<u16>,
    /// The beginning of the answer.
    pub answer: Option<String>,
}

/// Sends parcels by one route. Implementations hold no state that matters; the engine comes with each call, so that none
/// of them keeps it alive.
pub trait Carrier: Send + Sync + 'static {
    /// The route's name in the ledger; stable.
    fn route(&self) -> &str;

    /// The place in the log after which a route that is new begins; nothing: with what happens next.
    fn begins_after<'a>(&'a self, _engine: &'a Engine) -> BoxFuture<'a, Result<Option<Seq>>> {
        Box::pin(async { Ok(None) })
    }

    /// Nobody wants anything by this route now, so that events need not even be looked at.
    fn is_idle<'a>(&'a self, _engine: &'a Engine) -> BoxFuture<'a, Result<bool>> {
        Box::pin(async { Ok(false) })
    }

    /// Whether what happened while it was idle is never sent: its place in the log is forgotten then.
    fn starts_afresh(&self) -> bool {
        false
    }

    /// What an event makes it send; nothing for most.
    fn parcels<'a>(&'a self, engine: &'a Engine, event: &'a Recorded) -> BoxFuture<'a, Result<Vec<Parcel>>>;

    /// What an event makes it send to one endpoint, whatever was sent before.
    fn parcels_again<'a>(
        &'a self,
        _engine: &'a Engine,
        _event: &'a Recorded,
        _to: &'a Webhook,
    ) -> BoxFuture<'a, Result<Vec<Parcel>>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    /// One attempt.
    fn deliver<'a>(
        &'a self,
        engine: &'a Engine,
        delivery: &'a Delivery,
        trace: &'a mut Trace,
    ) -> BoxFuture<'a, Result<Receipt, Undelivered>>;

    /// One attempt at something that is only to show whether it would arrive there.
    fn probe<'a>(&'a self, _engine: &'a Engine, _to: &'a str) -> BoxFuture<'a, Result<Receipt, Undelivered>> {
        Box::pin(async { Err(Undelivered::Never { why: "nothing can be tried out by this route".to_owned() }) })
    }

    /// Deliveries that are tried at the same time.
    fn at_once(&self) -> usize {
        32
    }

    /// Longer than an attempt takes: after that, another process may try.
    fn patience(&self) -> Duration {
        Duration::from_mins(2)
    }
}
