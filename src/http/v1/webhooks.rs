//! `/v1/webhooks`: administrators register addresses that are told of events, and see what each was told (seed 003 §8).

mod convert;
mod wire;

use super::wire::{Envelope, Page, Refusal, Reply};
use super::{Answer, Listed, V1, filter};
use crate::http::App;
use crate::http::dialect::{Body, Caller, Fail, Ids, Params};
use axum::extract::State;
use model::id::{DeliveryId, WebhookId};
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

type Server = State<Arc<App>>;

/// The routes with their documents.
pub fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(detail, edit, delete))
        .routes(routes!(rotate_secret))
        .routes(routes!(deliveries))
        .routes(routes!(redeliver))
        .routes(routes!(replay))
}

/// List webhooks
///
/// In the order in which they were made.
#[utoipa::path(get, path = "/webhooks", operation_id = "v1ListWebhooks", tag = "v1 webhooks",
    params(wire::WebhooksQuery),
    responses(
        (status = 200, description = "A page of them", body = Page<wire::Webhook>),
        (status = 403, description = "Only administrators may", body = Refusal),
    ),
)]
async fn list(
    app: Server,
    by: Caller<V1>,
    Params(query, ..): Params<wire::WebhooksQuery, V1>,
) -> Listed<wire::Webhook> {
    let page = convert::webhooks(&query).map_err(Fail::of_query)?;
    let found = app.engine.webhooks_numbered(&by.actor, page.part()).await?;
    Ok(Page::new(found.items.iter().map(convert::shown).collect(), filter::shown(page, found.total)))
}

/// Register a webhook
///
/// The answer carries the secret that signs what it is sent, this once. A private address is refused unless the settings
/// allow it.
#[utoipa::path(post, path = "/webhooks", operation_id = "v1CreateWebhook", tag = "v1 webhooks",
    request_body = wire::NewWebhook,
    responses(
        (status = 201, description = "It is told of what happens from now on", body = Envelope<wire::WebhookWithSecret>),
        (status = 403, description = "Only administrators may", body = Refusal),
        (status = 409, description = "There are as many as there may be, or the same was made before: a secret is shown only once", body = Refusal),
    ),
)]
async fn create(
    app: Server,
    by: Caller<V1>,
    Body(form, ..): Body<wire::NewWebhook, V1>,
) -> Answer<wire::WebhookWithSecret> {
    let made = app.engine.create_webhook(&by, convert::create(form)?).await?;
    Ok(Reply::created("Webhook created successfully", convert::with_secret(made)))
}

/// Read a webhook
///
/// Its secret is not shown again.
#[utoipa::path(get, path = "/webhooks/{id}", operation_id = "v1Webhook", tag = "v1 webhooks",
    params(("id" = i64, Path, description = "The webhook's number", example = 1)),
    responses(
        (status = 200, description = "The webhook", body = Envelope<wire::Webhook>),
        (status = 403, description = "Only administrators may", body = Refusal),
        (status = 404, description = "There is no such webhook", body = Refusal),
    ),
)]
async fn detail(app: Server, by: Caller<V1>, Ids([id], ..): Ids<V1, 1>) -> Answer<wire::Webhook> {
    let webhook = app.engine.webhook(&by.actor, WebhookId(id)).await?;
    Ok(Reply::done("", convert::shown(&webhook)))
}

/// Edit a webhook
///
/// What is left out stays. Its secret has a route of its own.
#[utoipa::path(patch, path = "/webhooks/{id}", operation_id = "v1EditWebhook", tag = "v1 webhooks",
    params(("id" = i64, Path, description = "The webhook's number", example = 1)),
    request_body = Option<wire::WebhookEdit>,
    responses(
        (status = 200, description = "The webhook as it is now", body = Envelope<wire::Webhook>),
        (status = 403, description = "Only administrators may", body = Refusal),
        (status = 404, description = "There is no such webhook", body = Refusal),
    ),
)]
async fn edit(
    app: Server,
    by: Caller<V1>,
    Ids([id], ..): Ids<V1, 1>,
    Body(form, ..): Body<wire::WebhookEdit, V1>,
) -> Answer<wire::Webhook> {
    let webhook = app.engine.edit_webhook(&by, WebhookId(id), convert::edit(form)?).await?;
    Ok(Reply::done("Webhook updated successfully", convert::shown(&webhook)))
}

/// Delete a webhook
///
/// It is told nothing more.
#[utoipa::path(delete, path = "/webhooks/{id}", operation_id = "v1DeleteWebhook", tag = "v1 webhooks",
    params(("id" = i64, Path, description = "The webhook's number", example = 1)),
    responses(
        (status = 204, description = "It is gone"),
        (status = 403, description = "Only administrators may", body = Refusal),
        (status = 404, description = "There is no such webhook", body = Refusal),
    ),
)]
async fn delete(app: Server, by: Caller<V1>, Ids([id], ..): Ids<V1, 1>) -> Answer<()> {
    app.engine.delete_webhook(&by, WebhookId(id)).await?;
    Ok(Reply::NoContent)
}

/// Give a webhook another secret
///
/// It signs all that is sent from now on, retries included. The answer carries it, this once.
#[utoipa::path(post, path = "/webhooks/{id}/rotate-secret", operation_id = "v1RotateWebhookSecret", tag = "v1 webhooks",
    params(("id" = i64, Path, description = "The webhook's number", example = 1)),
    request_body = Option<wire::NewSecret>,
    responses(
        (status = 200, description = "The webhook with its new secret", body = Envelope<wire::WebhookWithSecret>),
        (status = 403, description = "Only administrators may", body = Refusal),
        (status = 404, description = "There is no such webhook", body = Refusal),
        (status = 409, description = "This was done before, and a secret is shown only once", body = Refusal),
    ),
)]
async fn rotate_secret(
    app: Server,
    by: Caller<V1>,
    Ids([id], ..): Ids<V1, 1>,
    Body(form, ..): Body<wire::NewSecret, V1>,
) -> Answer<wire::WebhookWithSecret> {
    let rotated = app.engine.rotate_webhook_secret(&by, WebhookId(id), convert::rotate(form)?).await?;
    Ok(Reply::done("Webhook secret rotated successfully", convert::with_secret(rotated)))
}

/// List what a webhook was told
///
/// Newest first, each with every try at it.
#[utoipa::path(get, path = "/webhooks/{id}/deliveries", operation_id = "v1ListWebhookDeliveries", tag = "v1 webhooks",
    params(
        ("id" = i64, Path, description = "The webhook's number", example = 1),
        wire::DeliveriesQuery,
    ),
    responses(
        (status = 200, description = "A page of deliveries", body = Page<wire::WebhookDelivery>),
        (status = 403, description = "Only administrators may", body = Refusal),
        (status = 404, description = "There is no such webhook", body = Refusal),
    ),
)]
async fn deliveries(
    app: Server,
    by: Caller<V1>,
    Ids([id], ..): Ids<V1, 1>,
    Params(query, ..): Params<wire::DeliveriesQuery, V1>,
) -> Listed<wire::WebhookDelivery> {
    let (state, page) = convert::deliveries(&query).map_err(Fail::of_query)?;
    let found = app.engine.deliveries_numbered(&by.actor, WebhookId(id), state, page.part()).await?;
    Ok(Page::new(found.items.into_iter().map(convert::delivery).collect(), filter::shown(page, found.total)))
}

/// Send a delivery once more
///
/// The same body, as a delivery of its own.
#[utoipa::path(post, path = "/webhooks/{id}/deliveries/{delivery_id}/redeliver", operation_id = "v1Redeliver", tag = "v1 webhooks",
    params(
        ("id" = i64, Path, description = "The webhook's number", example = 1),
        ("delivery_id" = i64, Path, description = "The delivery's number", example = 1),
    ),
    responses(
        (status = 201, description = "The new delivery", body = Envelope<wire::WebhookDelivery>),
        (status = 403, description = "Only administrators may", body = Refusal),
        (status = 404, description = "There is no such webhook, or it has no such delivery", body = Refusal),
        (status = 409, description = "The webhook is switched off", body = Refusal),
    ),
)]
async fn redeliver(app: Server, by: Caller<V1>, Ids([id, delivery], ..): Ids<V1, 2>) -> Answer<wire::WebhookDelivery> {
    let made = app.engine.redeliver_of(&by, WebhookId(id), DeliveryId(delivery)).await?;
    Ok(Reply::created("Delivery queued successfully", convert::delivery(made)))
}

/// Tell a webhook again what happened
///
/// Everything after a place in the event log, as new deliveries beside those that were.
#[utoipa::path(post, path = "/webhooks/{id}/replay", operation_id = "v1ReplayWebhook", tag = "v1 webhooks",
    params(("id" = i64, Path, description = "The webhook's number", example = 1)),
    request_body = wire::Replay,
    responses(
        (status = 200, description = "How far it went", body = Envelope<wire::WebhookReplayed>),
        (status = 403, description = "Only administrators may", body = Refusal),
        (status = 404, description = "There is no such webhook", body = Refusal),
        (status = 409, description = "The webhook is switched off", body = Refusal),
    ),
)]
async fn replay(
    app: Server,
    by: Caller<V1>,
    Ids([id], ..): Ids<V1, 1>,
    Body(form, ..): Body<wire::Replay, V1>,
) -> Answer<wire::WebhookReplayed> {
    let told = app.engine.replay_webhook(&by, WebhookId(id), &convert::replay(form)?).await?;
    Ok(Reply::done("Webhook replayed successfully", convert::replayed(&told)))
}
