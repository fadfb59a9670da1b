//! What clients of `/v1/webhooks` send and expect. The document (seed 003 §8) leaves managing webhooks to "the settings of the
//! system"; names and forms are those of the rest of `/v1`.

use crate::http::field::Field;
use model::webhook::Topic;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

/// What a webhook can be told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub enum WebhookEvent {
    #[serde(rename = "ticket.created")]
    Created,
    #[serde(rename = "ticket.assigned")]
    Assigned,
    #[serde(rename = "ticket.status_changed")]
    StatusChanged,
    #[serde(rename = "ticket.closed")]
    Closed,
    #[serde(rename = "ticket.reopened")]
    Reopened,
    #[serde(rename = "ticket.comment_added")]
    CommentAdded,
    #[serde(rename = "ticket.sla_violated")]
    SlaViolated,
}

impl From<Topic> for WebhookEvent {
    fn from(topic: Topic) -> Self {
        match topic {
            Topic::Created => Self::Created,
            Topic::Assigned => Self::Assigned,
            Topic::StatusChanged => Self::StatusChanged,
            Topic::Closed => Self::Closed,
            Topic::Reopened => Self::Reopened,
            Topic::CommentAdded => Self::CommentAdded,
            Topic::SlaViolated => Self::SlaViolated,
        }
    }
}

/// `POST /webhooks`
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({
    "url": "https://hooks.example.com/tickets",
    "events": ["ticket.created", "ticket.comment_added"],
    "headers": { "X-Environment": "production" },
}))]
pub struct NewWebhook {
    /// Where events are posted: `https://…` or `http://…`, not a private address unless the settings allow it.
    #[schema(value_type = String, required, min_length = 1, max_length = 2000)]
    #[serde(default)]
    pub url: Field<String>,
    /// What signs the bodies; one is made up if nothing is said.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 256)]
    #[serde(default)]
    pub secret: Field<String>,
    /// What to tell it of.
    #[schema(value_type = Vec<WebhookEvent>, required, min_items = 1)]
    #[serde(default)]
    pub events: Field<Vec<String>>,
    /// Headers that every request to it carries beside ours.
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    #[serde(default)]
    pub headers: Field<Map<String, Value>>,
    /// Whether it is told anything yet; it is, if nothing is said.
    #[schema(value_type = Option<bool>)]
    #[serde(default)]
    pub active: Field<bool>,
    /// What it is for.
    #[schema(value_type = Option<String>, max_length = 500)]
    #[serde(default)]
    pub description: Field<String>,
}

/// `PATCH /webhooks/:id`; what is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({ "events": ["ticket.created"], "active": true }))]
pub struct WebhookEdit {
    /// Where events are posted.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 2000)]
    #[serde(default)]
    pub url: Field<String>,
    /// What to tell it of.
    #[schema(value_type = Option<Vec<WebhookEvent>>, min_items = 1)]
    #[serde(default)]
    pub events: Field<Vec<String>>,
    /// All headers that every request to it carries beside ours.
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    #[serde(default)]
    pub headers: Field<Map<String, Value>>,
    /// Whether it is told anything. Switched on again, it is told of what happens from then on.
    #[schema(value_type = Option<bool>)]
    #[serde(default)]
    pub active: Field<bool>,
    /// What it is for; an empty text takes it away.
    #[schema(value_type = Option<String>, max_length = 500)]
    #[serde(default)]
    pub description: Field<String>,
    /// Not edited here: whoever sends it hears where it is.
    #[schema(ignore)]
    #[serde(default)]
    pub secret: Field<Value>,
}

/// `POST /webhooks/:id/rotate-secret`
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({}))]
pub struct NewSecret {
    /// The new secret; one is made up if nothing is said.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 256)]
    #[serde(default)]
    pub secret: Field<String>,
}

/// `POST /webhooks/:id/replay`
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({ "after": "0" }))]
pub struct Replay {
    /// Everything after this place in the event log is told again: a cursor, as `X-Webhook-Id` and the log of deliveries
    /// have it, or `0` for all that is kept.
    #[schema(value_type = String, required)]
    #[serde(default)]
    pub after: Field<String>,
}

/// `GET /webhooks?…`
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct WebhooksQuery {
    /// Which page, from 1 on.
    #[param(value_type = Option<i64>)]
    pub page: Option<String>,
    /// Items on a page; 20 if nothing is said, at most 100.
    #[param(value_type = Option<i64>)]
    pub page_size: Option<String>,
}

/// `GET /webhooks/:id/deliveries?…`
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct DeliveriesQuery {
    /// Which page, from 1 on.
    #[param(value_type = Option<i64>)]
    pub page: Option<String>,
    /// Items on a page; 20 if nothing is said, at most 100.
    #[param(value_type = Option<i64>)]
    pub page_size: Option<String>,
    /// Only those that stand so.
    #[param(value_type = Option<DeliveryState>, inline)]
    pub state: Option<String>,
}

/// How a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// It waits for its first try, or for the next one.
    Queued,
    /// It is being tried.
    Sending,
    /// It was taken.
    Delivered,
    /// It was given up.
    Failed,
}

impl DeliveryState {
    pub const ALL: [Self; 4] = [Self::Queued, Self::Sending, Self::Delivered, Self::Failed];

    pub fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}

/// A webhook; its secret is never shown again.
#[derive(Debug, Serialize, ToSchema)]
pub struct Webhook {
    pub id: i64,
    pub url: String,
    pub events: Vec<WebhookEvent>,
    /// Whether it is told anything.
    pub active: bool,
    pub headers: BTreeMap<String, String>,
    #[schema(required)]
    pub description: Option<String>,
    pub created_at: String,
    pub updated_at: String,
    /// When it was switched off because it kept failing.
    #[schema(required)]
    pub disabled_at: Option<String>,
    #[schema(required)]
    pub disabled_reason: Option<String>,
    /// Since when every try has failed; null while it answers.
    #[schema(required)]
    pub failing_since: Option<String>,
}

/// A webhook with the secret that it was just given, which is shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookWithSecret {
    #[serde(flatten)]
    pub webhook: Webhook,
    /// Signs the bodies: `X-Signature` is the hex of its HMAC-SHA256.
    pub secret: String,
}

/// One event on its way to a webhook.
#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookDelivery {
    pub id: i64,
    #[schema(required)]
    pub webhook_id: Option<i64>,
    #[schema(required)]
    pub event: Option<WebhookEvent>,
    /// The event's place in the log, which is also its `X-Webhook-Id`.
    pub cursor: String,
    #[schema(required)]
    pub ticket_id: Option<i64>,
    #[schema(required)]
    pub state: Option<DeliveryState>,
    /// Why it has not been delivered.
    #[schema(required)]
    pub error: Option<String>,
    /// What is posted, byte by byte.
    pub body: String,
    pub created_at: String,
    /// When it is tried next; null once it is settled.
    #[schema(required)]
    pub next_attempt_at: Option<String>,
    #[schema(required)]
    pub settled_at: Option<String>,
    /// How often it was tried. The tries themselves are forgotten after some weeks.
    pub attempts_count: i64,
    pub attempts: Vec<WebhookAttempt>,
}

/// One try.
#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookAttempt {
    /// Counts from 1.
    pub number: i64,
    pub at: String,
    pub duration_ms: i64,
    /// The HTTP status that came back; null where nothing did.
    #[schema(required)]
    pub status: Option<i64>,
    /// Without secrets: the values of the webhook's own headers are masked.
    #[schema(required)]
    pub request: Option<WebhookRequest>,
    /// The beginning of what was answered.
    #[schema(required)]
    pub answer: Option<String>,
    /// Why it failed; null if it did not.
    #[schema(required)]
    pub error: Option<String>,
}

/// What was sent around the body.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WebhookRequest {
    pub method: String,
    pub url: String,
    pub headers: BTreeMap<String, String>,
}

/// What a replay came to.
#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookReplayed {
    /// New deliveries.
    pub deliveries: i64,
    /// How far it went in the log.
    pub cursor: String,
    /// Whether that was the end; otherwise go on after `cursor`.
    pub complete: bool,
}
