//! Webhooks as those who manage them see them: made, edited, given another secret, deleted, and their ledger.
//!
//! Secrets come in and go out once, in clear; in between they are sealed before the command is made, so neither the model,
//! nor the log, nor the store ever sees one. What happens is sent by a carrier, never from here.

use crate::{Caller, Engine, Outcome, Subject, secret};
use model::access::{self, Operation};
use model::command::{Command, CreateWebhook, Edit, EditWebhook};
use model::id::{DeliveryId, WebhookId};
use model::query::{Cursor, Page, Slice};
use model::session::Sealed;
use model::webhook::{self, Headers, Topic, Webhook};
use model::{Actor, Error, Result};
use store::attempt::Attempt;
use store::delivery::{Delivery, NewDelivery, Which};
use store::webhook::Kept;

/// The route by which webhooks are told.
pub const WEBHOOKS: &str = "webhook";
/// What a generated secret begins with.
const SECRET_PREFIX: &str = "whsec_";
/// Deliveries that one replay queues before it asks to be called again.
const REPLAY_MAX: usize = 5_000;

pub(crate) const SECRET: &str = "webhook secret";
pub(crate) const HEADERS: &str = "webhook headers";

/// A webhook to make.
#[derive(Clone, Default)]
pub struct NewWebhook {
    pub url: String,
    pub events: Vec<Topic>,
    /// `None`: it is.
    pub active: Option<bool>,
    pub headers: Vec<(String, String)>,
    pub description: Option<String>,
    /// `None`: one is made up.
    pub secret: Option<String>,
}

/// What to change of a webhook; what is `None` or `Keep` stays.
#[derive(Clone, Default)]
pub struct WebhookEdit {
    pub url: Option<String>,
    pub events: Option<Vec<Topic>>,
    pub active: Option<bool>,
    pub headers: Option<Vec<(String, String)>>,
    pub description: Edit<Option<String>>,
}

/// What a replay came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replayed {
    /// New deliveries.
    pub deliveries: usize,
    /// How far it went in the log.
    pub cursor: Cursor,
    /// Whether it came to the end; otherwise go on from `cursor`.
    pub complete: bool,
}

impl Engine {
    /// All webhooks, in the order in which they were made.
    pub async fn webhooks(&self, actor: &Actor) -> Result<Vec<Webhook>> {
        access::in_general(actor, Operation::ReadWebhooks)?;
        let all = store::webhook::all(&mut self.0.store.read().await?).await?;
        all.into_iter().map(|kept| self.shown(kept)).collect()
    }

    pub async fn webhook(&self, actor: &Actor, id: WebhookId) -> Result<Webhook> {
        access::in_general(actor, Operation::ReadWebhooks)?;
        let kept = store::webhook::by_id(&mut self.0.store.read().await?, id).await?;
        self.shown(kept.ok_or_else(|| Error::not_found("webhook"))?)
    }

    /// With its headers' values: they are the reader's own, and only administrators read webhooks.
    fn shown(&self, kept: Kept) -> Result<Webhook> {
        Ok(Webhook { headers: self.opened(&kept)?, ..kept.webhook })
    }

    pub(crate) fn opened(&self, kept: &Kept) -> Result<Headers> {
        if kept.headers.0.is_none() {
            return Ok(Headers::default());
        }
        let json = self.0.sealer.open(HEADERS, &kept.headers)?;
        Headers::parse(serde_json::from_str(&json).map_err(Error::internal)?)
    }

    fn sealed(&self, headers: &Headers) -> Result<Sealed> {
        if headers.pairs().is_empty() {
            return Ok(Sealed(None));
        }
        self.0.sealer.seal(HEADERS, &serde_json::to_string(headers.pairs()).map_err(Error::internal)?)
    }

    /// Makes a webhook. The second value is its secret, which is shown this once.
    ///
    /// # Errors
    /// `Invalid` names every field at fault; `url` also where it leads to a private address.
    pub async fn create_webhook(&self, by: &Caller, new: NewWebhook) -> Result<(Webhook, String)> {
        access::in_general(&by.actor, Operation::ManageWebhooks)?;
        let mut problems = model::error::Problems::default();
        let headers = problems.take(Headers::parse(new.headers))?.unwrap_or_default();
        let url = problems.take(webhook::url(&new.url))?;
        problems.take(webhook::events(&new.events))?;
        problems.take(webhook::description(new.description.as_deref()))?;
        if let Some(secret) = &new.secret {
            problems.take(webhook::secret(secret))?;
        }
        if let Some(url) = &url {
            problems.take(self.0.reach.check(url).await)?;
        }
        problems.finish()?;
        let secret = match new.secret {
            Some(secret) => secret,
            None => made_up()?,
        };
        let command = Command::CreateWebhook(Box::new(CreateWebhook {
            url: new.url,
            events: new.events,
            active: new.active.unwrap_or(true),
            sealed_headers: self.sealed(&headers)?,
            headers,
            description: new.description,
            secret: self.0.sealer.seal(SECRET, &secret)?,
        }));
        let outcome = self.execute(by, command).await?;
        shown_once(&outcome)?;
        Ok((self.webhook_of(by, &outcome).await?, secret))
    }

    async fn webhook_of(&self, by: &Caller, outcome: &Outcome) -> Result<Webhook> {
        let Subject::Webhook(id) = outcome.subject else { return Err(Error::internal("no webhook")) };
        self.webhook(outcome.reader(by), id).await
    }

    /// Edits a webhook.
    ///
    /// # Errors
    /// `Invalid` names every field at fault, as for a new one.
    pub async fn edit_webhook(&self, by: &Caller, id: WebhookId, edit: WebhookEdit) -> Result<Webhook> {
        access::in_general(&by.actor, Operation::ManageWebhooks)?;
        let mut problems = model::error::Problems::default();
        let headers = edit.headers.map(|pairs| problems.take(Headers::parse(pairs))).transpose()?.flatten();
        let url = edit.url.as_deref().map(|url| problems.take(webhook::url(url))).transpose()?.flatten();
        if let Some(url) = &url {
            problems.take(self.0.reach.check(url).await)?;
        }
        if let Some(events) = &edit.events {
            problems.take(webhook::events(events))?;
        }
        if let Edit::Set(description) = &edit.description {
            problems.take(webhook::description(description.as_deref()))?;
        }
        problems.finish()?;
        let sealed_headers = headers.as_ref().map_or(Ok(Sealed(None)), |h| self.sealed(h))?;
        let WebhookEdit { url, events, active, description, .. } = edit;
        let edit = EditWebhook { url, events, active, headers, sealed_headers, description };
        let outcome = self.execute(by, Command::EditWebhook(id, Box::new(edit))).await?;
        self.webhook_of(by, &outcome).await
    }

    /// Gives it another secret, at once: what is sent from now on, retries included, is signed with it.
    pub async fn rotate_webhook_secret(
        &self,
        by: &Caller,
        id: WebhookId,
        given: Option<String>,
    ) -> Result<(Webhook, String)> {
        access::in_general(&by.actor, Operation::ManageWebhooks)?;
        let secret = match given {
            Some(secret) => {
                webhook::secret(&secret)?;
                secret
            }
            None => made_up()?,
        };
        let sealed = self.0.sealer.seal(SECRET, &secret)?;
        let outcome = self.execute(by, Command::RotateWebhookSecret(id, sealed)).await?;
        shown_once(&outcome)?;
        Ok((self.webhook_of(by, &outcome).await?, secret))
    }

    pub async fn delete_webhook(&self, by: &Caller, id: WebhookId) -> Result<()> {
        self.execute(by, Command::DeleteWebhook(id)).await.map(|_| ())
    }

    /// What one was told, newest first.
    pub async fn webhook_deliveries(
        &self,
        actor: &Actor,
        id: WebhookId,
        state: Option<&str>,
        page: &Page,
    ) -> Result<Slice<Delivery>> {
        self.webhook(actor, id).await?;
        let which = Which { webhook: Some(id), state, ..Which::default() };
        store::delivery::list(&mut self.0.store.read().await?, which, page).await
    }

    /// How many deliveries there are in such a list.
    pub async fn count_webhook_deliveries(&self, actor: &Actor, id: WebhookId, state: Option<&str>) -> Result<i64> {
        access::in_general(actor, Operation::ReadWebhooks)?;
        let which = Which { webhook: Some(id), state, ..Which::default() };
        store::delivery::count(&mut self.0.store.read().await?, which).await
    }

    /// Every attempt at some deliveries, in order.
    pub async fn delivery_attempts(&self, actor: &Actor, ids: &[DeliveryId]) -> Result<Vec<Attempt>> {
        access::in_general(actor, Operation::ReadDeliveries)?;
        store::attempt::of(&mut self.0.store.read().await?, ids).await
    }

    /// Sends what was sent once more, as a delivery of its own with the same body. A mail keeps its Message-ID, by which
    /// whoever has it already knows the second copy.
    ///
    /// # Errors
    /// A conflict for a webhook that is switched off, and for a mail that is still to be sent by itself.
    pub async fn redeliver(&self, by: &Caller, id: DeliveryId) -> Result<Delivery> {
        let may = |operation| access::in_general(&by.actor, operation);
        may(Operation::ManageWebhooks).or_else(|_| may(Operation::ManageEmail))?;
        let mut conn = self.0.store.read().await?;
        let known = store::delivery::by_id(&mut conn, id).await?;
        drop(conn);
        let known = known.ok_or_else(|| Error::not_found("delivery"))?;
        if let Some(webhook) = known.webhook {
            access::in_general(&by.actor, Operation::ManageWebhooks)?;
            self.receiving(webhook).await?;
        } else {
            access::in_general(&by.actor, Operation::ManageEmail)?;
            if known.settled_at.is_none() {
                return Err(Error::conflict("id", "it is still being sent; wait for how that ends"));
            }
        }
        let (mark, now) = (mark(by)?, self.now());
        let recipient = format!("{} again {mark}", known.recipient.split(" again ").next().unwrap_or_default());
        let new = NewDelivery {
            seq: known.seq,
            route: known.route,
            lane: known.lane,
            ticket: known.ticket,
            comment: known.comment,
            recipient,
            body: known.body,
            webhook: known.webhook,
            topic: known.topic,
            message_id: known.message_id,
        };
        let (seq, recipient, route) = (new.seq, new.recipient.clone(), new.route.clone());
        let mut batch = self.0.store.begin().await?;
        batch.queue_delivery(new, now).await?;
        // The same request once more leads to the same delivery.
        let made = store::delivery::by_recipient(batch.conn(), &route, seq, &recipient).await?;
        batch.commit().await?;
        made.ok_or_else(|| Error::not_found("delivery"))
    }

    /// The webhook, if it is told anything: to one that is switched off, nothing is sent.
    async fn receiving(&self, id: WebhookId) -> Result<Webhook> {
        let webhook = self.webhook(&Actor::System("webhooks"), id).await?;
        if webhook.active {
            return Ok(webhook);
        }
        Err(Error::conflict("id", "the webhook is switched off; switch it on first"))
    }

    /// Tells one webhook again what happened after a cursor, as new deliveries beside those that were.
    ///
    /// # Errors
    /// `ResyncRequired` for a cursor that is not of this log or older than what is replayed.
    pub async fn replay_webhook(&self, by: &Caller, id: WebhookId, after: &str) -> Result<Replayed> {
        access::in_general(&by.actor, Operation::ManageWebhooks)?;
        let webhook = self.receiving(id).await?;
        let carrier = self.carrier(WEBHOOKS);
        let carrier = carrier.ok_or_else(|| Error::conflict("id", "this process sends no webhooks; ask the server"))?;
        let mut place = self.place(Cursor::parse(after)?).await?;
        // What happens from here on is told anyway.
        let end = self.0.hub.last();
        let (mark, mut deliveries) = (mark(by)?, 0);
        while place < end && deliveries < REPLAY_MAX {
            let mut events = store::event::after(&mut self.0.store.read().await?, place, crate::hub::PAGE).await?;
            events.retain(|event| event.seq <= end);
            let Some(last) = events.last().map(|e| e.seq) else { break };
            deliveries += self.queue_again(&carrier, &webhook, &events, &mark).await?;
            place = last;
        }
        Ok(Replayed { deliveries, cursor: self.cursor_of(place), complete: place >= end })
    }
}

fn made_up() -> Result<String> {
    Ok(format!("{SECRET_PREFIX}{}", secret::random_token(32)?))
}

/// What sets the deliveries of one request apart from those of another; a request with a key is the same one again.
fn mark(by: &Caller) -> Result<String> {
    match (&by.once.key, by.actor.user()) {
        (Some(key), Some(user)) => Ok(secret::digest(format!("{user} {key}")).chars().take(20).collect()),
        (Some(_) | None, _) => secret::random_token(9),
    }
}

/// A secret was shown to whoever asked first.
fn shown_once(outcome: &Outcome) -> Result<()> {
    if outcome.repeated {
        return Err(Error::conflict("idempotency_key", "this was done before, and a secret is shown only once"));
    }
    Ok(())
}
