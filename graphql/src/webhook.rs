//! Webhooks as administrators see them, and the ledger of what each was told. A secret is no field of anything here.

use crate::connection::{Connection, Total, Window};
use crate::context::Call;
use crate::error::Result;
use crate::node::global;
use crate::operations::Delivery;
use crate::scalars::{Any, DateTime};
use crate::words::WebhookEvent;
use async_graphql::{Context, ID, Json, Object, SimpleObject};
use model::webhook::Topic;

/// An address that is told of what happens to tickets.
#[derive(Clone)]
pub struct Webhook(pub(crate) model::webhook::Webhook);

impl From<model::webhook::Webhook> for Webhook {
    fn from(webhook: model::webhook::Webhook) -> Self {
        Self(webhook)
    }
}

/// A header that an endpoint wants.
#[derive(SimpleObject)]
pub struct WebhookHeader {
    /// Its name.
    name: String,
    /// Its value.
    value: String,
}

/// One try at a delivery.
pub struct DeliveryAttempt(pub(crate) engine::Attempt);

/// An address that is told of what happens to tickets.
#[Object]
impl Webhook {
    /// The global id, such as `webhook_1`.
    async fn id(&self) -> ID {
        global(self.0.id)
    }

    /// The bare number that the other surfaces show.
    async fn database_id(&self) -> i64 {
        self.0.id.0
    }

    /// Where events are posted.
    async fn url(&self) -> &str {
        &self.0.url
    }

    /// What it is told of.
    async fn events(&self) -> Vec<WebhookEvent> {
        self.0.events.iter().copied().map(WebhookEvent::from).collect()
    }

    /// Whether it is told anything.
    async fn active(&self) -> bool {
        self.0.active
    }

    /// The headers that it gets beside those of every webhook.
    async fn headers(&self) -> Vec<WebhookHeader> {
        let pairs = self.0.headers.pairs().iter().cloned();
        pairs.map(|(name, value)| WebhookHeader { name, value }).collect()
    }

    /// What it is for.
    async fn description(&self) -> Option<&str> {
        self.0.description.as_deref()
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// When it changed last.
    async fn updated_at(&self) -> DateTime {
        self.0.updated_at.into()
    }

    /// When it was switched off by itself.
    async fn disabled_at(&self) -> Option<DateTime> {
        self.0.disabled_at.map(DateTime)
    }

    /// Why it was switched off by itself.
    async fn disabled_reason(&self) -> Option<&str> {
        self.0.disabled_why.as_deref()
    }

    /// Since when every attempt has failed; null while it answers.
    async fn failing_since(&self) -> Option<DateTime> {
        self.0.failing_since.map(DateTime)
    }

    /// What it was told, newest first.
    #[graphql(complexity = "1 + crate::connection::rows(first, last) * child_complexity")]
    async fn deliveries(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "In this state: queued, sending, delivered or failed.")] state: Option<String>,
        #[graphql(desc = "So many from the start, 1 to 100; 20 if nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Those after this place.")] after: Option<String>,
        #[graphql(desc = "So many from the end.")] last: Option<i32>,
        #[graphql(desc = "Those before this place.")] before: Option<String>,
    ) -> Result<Connection<Delivery>> {
        let call = Call::of(ctx)?;
        let page = Window { first, after, last, before }.page()?;
        let as_of = call.engine.cursor().into();
        let slice = call.engine.webhook_deliveries(call.actor(), self.0.id, state.as_deref(), &page).await?;
        Ok(Connection::of(slice, as_of, Total::Unknown, Delivery))
    }
}

/// One try at a delivery.
#[Object]
impl DeliveryAttempt {
    /// Which try it was, from 1.
    async fn number(&self) -> i64 {
        self.0.number
    }

    /// When it began.
    async fn at(&self) -> DateTime {
        self.0.at.into()
    }

    /// How long it took, in milliseconds.
    async fn duration_ms(&self) -> i64 {
        self.0.duration_ms
    }

    /// The HTTP status that came back.
    async fn status(&self) -> Option<i64> {
        self.0.status
    }

    /// Method, address and headers, without secrets; the body is the delivery's.
    async fn request(&self) -> Option<Any> {
        self.0.request.as_deref().and_then(|json| serde_json::from_str(json).ok()).map(Json)
    }

    /// The beginning of what was answered.
    async fn answer(&self) -> Option<&str> {
        self.0.answer.as_deref()
    }

    /// Why it failed; null if it did not.
    async fn error(&self) -> Option<&str> {
        self.0.error.as_deref()
    }
}

pub(crate) fn topic(word: Option<&str>) -> Option<WebhookEvent> {
    word.and_then(Topic::parse).map(WebhookEvent::from)
}
