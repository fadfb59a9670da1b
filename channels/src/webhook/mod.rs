//! Webhooks going out (seed 003, section 8): events of tickets as signed POSTs to the endpoints that asked for them.
//!
//! Answers for what is sent and how an answer is understood. When to try again, in which order, and when to give up is the
//! engine's courier's; who is told of what is in the endpoint's row.

mod payload;
mod resolve;
mod send;

use engine::{Carrier, Delivery, Endpoint, Engine, Parcel, Reach, Receipt, Trace, Undelivered, WEBHOOKS};
use futures_util::future::BoxFuture;
use model::event::Recorded;
use model::id::{Seq, WebhookId};
use model::webhook::{Topic, Webhook};
use model::{Error, Result};
use std::time::Duration;

/// How webhooks are sent.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where people reach this server; links begin with it. Without a slash at the end.
    pub public_url: String,
    /// For a whole attempt, from looking the name up to the last byte that is kept.
    pub timeout: Duration,
    /// Which addresses may be connected to.
    pub reach: Reach,
    /// Ours, for the `User-Agent`.
    pub version: String,
}

/// The carrier.
pub struct Webhooks {
    options: Options,
    client: reqwest::Client,
}

impl Webhooks {
    /// # Errors
    /// Where TLS can't start.
    pub fn new(options: Options) -> Result<Self> {
        let client = send::client(&options).map_err(|e| Error::internal(format!("webhooks: {e}")))?;
        Ok(Self { options, client })
    }

    /// What an event is to some endpoints, each body written once.
    async fn parcels_for(&self, engine: &Engine, event: &Recorded, to: &[Wanted]) -> Result<Vec<Parcel>> {
        if to.is_empty() {
            return Ok(Vec::new());
        }
        let Some(picture) = engine.picture(event).await? else { return Ok(Vec::new()) };
        let mut parcels = Vec::new();
        for topic in Topic::of(&event.event) {
            let wanted = || to.iter().filter(|wanted| wanted.topics.contains(&topic));
            if wanted().next().is_none() {
                continue;
            }
            let body = payload::body(topic, event, &picture, &self.options.public_url)?;
            parcels.extend(wanted().map(|wanted| Parcel {
                // A ticket's events reach an endpoint in their order; tickets and endpoints don't wait for each other.
                lane: format!("webhook {} ticket {}", wanted.webhook, picture.ticket.id),
                recipient: format!("{} {}", wanted.webhook, topic.word()),
                ticket: Some(picture.ticket.id),
                body: body.clone(),
                webhook: Some(wanted.webhook),
                topic: Some(topic.word().to_owned()),
                ..Parcel::default()
            }));
        }
        Ok(parcels)
    }
}

/// Who wants which topics of an event.
struct Wanted {
    webhook: WebhookId,
    topics: Vec<Topic>,
}

impl Wanted {
    fn of(webhook: &Webhook, topics: &[Topic]) -> Option<Self> {
        let topics: Vec<Topic> = topics.iter().copied().filter(|t| webhook.events.contains(t)).collect();
        (!topics.is_empty()).then_some(Self { webhook: webhook.id, topics })
    }
}

impl Carrier for Webhooks {
    fn route(&self) -> &str {
        WEBHOOKS
    }

    /// A webhook may be there before a server ever ran: it was promised what happens after it was made.
    fn begins_after<'a>(&'a self, engine: &'a Engine) -> BoxFuture<'a, Result<Option<Seq>>> {
        Box::pin(async { Ok(engine.endpoints().await?.iter().map(|e| e.since).min()) })
    }

    fn is_idle<'a>(&'a self, engine: &'a Engine) -> BoxFuture<'a, Result<bool>> {
        Box::pin(async { Ok(engine.endpoints().await?.iter().all(|e| !e.webhook.active)) })
    }

    fn parcels<'a>(&'a self, engine: &'a Engine, event: &'a Recorded) -> BoxFuture<'a, Result<Vec<Parcel>>> {
        Box::pin(async move {
            let topics = Topic::of(&event.event);
            if topics.is_empty() {
                return Ok(Vec::new());
            }
            let endpoints = engine.endpoints().await?;
            let told = |e: &&Endpoint| e.webhook.active && e.since < event.seq;
            let wanted: Vec<Wanted> =
                endpoints.iter().filter(told).filter_map(|e| Wanted::of(&e.webhook, &topics)).collect();
            self.parcels_for(engine, event, &wanted).await
        })
    }

    fn parcels_again<'a>(
        &'a self,
        engine: &'a Engine,
        event: &'a Recorded,
        to: &'a Webhook,
    ) -> BoxFuture<'a, Result<Vec<Parcel>>> {
        Box::pin(async move {
            let wanted: Vec<Wanted> = Wanted::of(to, &Topic::of(&event.event)).into_iter().collect();
            self.parcels_for(engine, event, &wanted).await
        })
    }

    fn deliver<'a>(
        &'a self,
        engine: &'a Engine,
        delivery: &'a Delivery,
        trace: &'a mut Trace,
    ) -> BoxFuture<'a, Result<Receipt, Undelivered>> {
        Box::pin(async move {
            let never = |why: &str| Undelivered::Never { why: why.to_owned() };
            let id = delivery.webhook.ok_or_else(|| never("the delivery names no webhook"))?;
            let known = engine.endpoint(id).await;
            let known = known.map_err(|e| Undelivered::Later { after: None, why: e.to_string() })?;
            let endpoint = known.ok_or_else(|| never("the webhook was deleted"))?;
            if !endpoint.webhook.active {
                return Err(never("the webhook is switched off"));
            }
            let post = send::Post {
                client: &self.client,
                options: &self.options,
                endpoint: &endpoint,
                event: engine.cursor_of(delivery.seq).to_string(),
                delivery,
                now: engine.now(),
            };
            post.send(trace).await
        })
    }

    fn patience(&self) -> Duration {
        self.options.timeout + Duration::from_secs(15)
    }
}
