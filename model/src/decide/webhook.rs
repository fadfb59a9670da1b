//! Rules of webhooks: who may have one, and what an edit comes to.

use super::{Decision, Scene};
use crate::access::{self, Operation};
use crate::command::{CreateWebhook, Edit, EditWebhook};
use crate::counters::Counters;
use crate::error::{Error, Problems, Result};
use crate::event::{Change, Event};
use crate::session::Sealed;
use crate::webhook::{self, WEBHOOKS_MAX, Webhook, WebhookChanges};

pub(super) fn create(scene: &Scene<'_>, create: &CreateWebhook, counters: &mut Counters) -> Result<Decision> {
    access::in_general(scene.actor, Operation::ManageWebhooks)?;
    let mut problems = Problems::default();
    let url = problems.take(webhook::url(&create.url))?;
    let events = problems.take(webhook::events(&create.events))?;
    let description = problems.take(webhook::description(create.description.as_deref()))?.flatten();
    problems.finish()?;
    let (Some(url), Some(events)) = (url, events) else { return Err(Error::internal("a checked value is missing")) };
    if create.secret.0.is_none() {
        return Err(Error::internal("a webhook without a secret"));
    }
    if scene.facts.webhooks >= WEBHOOKS_MAX {
        return Err(Error::conflict("url", format!("there are {WEBHOOKS_MAX} webhooks already, which is the limit")));
    }
    let webhook = Webhook {
        id: counters.next_webhook(),
        url,
        events,
        active: create.active,
        headers: create.headers.clone(),
        description,
        created_at: scene.now,
        updated_at: scene.now,
        disabled_at: None,
        disabled_why: None,
        failing_since: None,
    };
    let (secret, headers) = (create.secret.clone(), create.sealed_headers.clone());
    Ok(Event::WebhookCreated { webhook: Box::new(webhook), secret, headers }.into())
}

fn known<'a>(scene: &'a Scene<'_>, operation: Operation) -> Result<&'a Webhook> {
    access::in_general(scene.actor, operation)?;
    scene.facts.webhook.as_ref().ok_or_else(|| Error::not_found("webhook"))
}

pub(super) fn edit(scene: &Scene<'_>, edit: &EditWebhook) -> Result<Decision> {
    let webhook = known(scene, Operation::ManageWebhooks)?;
    let mut problems = Problems::default();
    let mut changes = WebhookChanges::default();
    if let Some(url) = &edit.url {
        changes.url = problems.take(webhook::url(url))?.and_then(|to| Change::of(webhook.url.clone(), to));
    }
    if let Some(events) = &edit.events {
        let to = problems.take(webhook::events(events))?;
        changes.events = to.and_then(|to| Change::of(webhook.events.clone(), to));
    }
    if let Edit::Set(description) = &edit.description {
        let to = problems.take(webhook::description(description.as_deref()))?;
        changes.description = to.and_then(|to| Change::of(webhook.description.clone(), to));
    }
    changes.active = edit.active.and_then(|to| Change::of(webhook.active, to));
    // Their values can't be compared, because they are encrypted: setting them is a change.
    changes.headers = edit.headers.clone().map(|to| Change { from: webhook.headers.clone(), to });
    problems.finish()?;
    if changes.is_empty() {
        return Ok(Decision::default());
    }
    let headers = edit.sealed_headers.clone();
    Ok(Event::WebhookEdited { webhook: webhook.id, changes: Box::new(changes), headers }.into())
}

pub(super) fn rotate(scene: &Scene<'_>, secret: &Sealed) -> Result<Decision> {
    let webhook = known(scene, Operation::ManageWebhooks)?;
    Ok(Event::WebhookSecretRotated { webhook: webhook.id, secret: secret.clone() }.into())
}

/// Two attempts that fail at the same time give it up once.
pub(super) fn disable(scene: &Scene<'_>, why: &str) -> Result<Decision> {
    let webhook = known(scene, Operation::Housekeeping)?;
    if !webhook.active {
        return Ok(Decision::default());
    }
    let why: String = why.chars().take(500).collect();
    Ok(Event::WebhookDisabled { webhook: webhook.id, url: webhook.url.clone(), why }.into())
}

pub(super) fn delete(scene: &Scene<'_>) -> Result<Decision> {
    let webhook = known(scene, Operation::ManageWebhooks)?;
    Ok(Event::WebhookDeleted { webhook: webhook.id, url: webhook.url.clone() }.into())
}
