//! What carries messages out: the one trait that webhooks, mail and chats implement, and the three ways to fail.

use futures_util::future::BoxFuture;
use model::Result;
use model::event::Recorded;
use model::id::{CommentId, TicketId};
use std::time::Duration;
use store::delivery::Delivery;

/// Something to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parcel {
    /// The conversation that it belongs to: parcels of one lane arrive in order.
    pub lane: String,
    /// To whom, in the carrier's own words; the same event goes to the same recipient once.
    pub recipient: String,
    pub ticket: Option<TicketId>,
    pub comment: Option<CommentId>,
    /// What is sent, as the carrier wrote it when the event happened.
    pub body: String,
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
    /// The peer may have it (a time-out after the last byte): a person decides whether to send it again.
    Uncertain { why: String },
}

/// Sends parcels by one route. Implementations hold no state that matters.
pub trait Carrier: Send + Sync + 'static {
    /// The route's name in the ledger; stable.
    fn route(&self) -> &str;

    /// What an event makes it send; nothing for most.
    fn parcels<'a>(&'a self, event: &'a Recorded) -> BoxFuture<'a, Result<Vec<Parcel>>>;

    /// One attempt.
    fn deliver<'a>(&'a self, delivery: &'a Delivery) -> BoxFuture<'a, Result<Receipt, Undelivered>>;
}
