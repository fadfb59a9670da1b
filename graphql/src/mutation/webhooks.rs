//! Webhooks: made, edited, given another secret, deleted; deliveries sent again.

use super::{Answer, Sent, edit, payloads, run};
use crate::error::{Result, UserError};
use crate::node::{global, read};
use crate::operations::Delivery;
use crate::scalars::Cursor;
use crate::webhook::Webhook;
use crate::words::{WebhookEvent, all};
use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use engine::{NewWebhook, Replayed, WebhookEdit};
use model::id::{DeliveryId, WebhookId};

#[derive(Default)]
pub(super) struct Webhooks;

/// A header that an endpoint wants.
#[derive(InputObject)]
pub struct WebhookHeaderInput {
    /// Its name; those of the connection and of every webhook are refused.
    name: String,
    /// Its value: printable ASCII.
    value: String,
}

/// A webhook to make.
#[derive(InputObject)]
pub struct CreateWebhookInput {
    /// Where to post events: `https://…`, or `http://…`.
    url: String,
    /// What to tell it of.
    events: Vec<WebhookEvent>,
    /// What signs the bodies; one is made up if nothing is said.
    secret: Option<String>,
    /// Whether to tell it anything yet.
    #[graphql(default = true)]
    active: bool,
    /// Headers that it gets beside those of every webhook.
    headers: Option<Vec<WebhookHeaderInput>>,
    /// What it is for.
    description: Option<String>,
    /// Makes a repetition harmless: it is refused, because a secret is shown once only.
    client_mutation_id: Option<String>,
}

/// What to change of a webhook: what is left out stays, null takes away.
#[derive(InputObject)]
pub struct EditWebhookInput {
    /// The webhook.
    id: ID,
    /// Where to post events.
    url: Option<String>,
    /// What to tell it of.
    events: Option<Vec<WebhookEvent>>,
    /// Whether to tell it anything. Switched on again, it is told of what happens from then on.
    active: Option<bool>,
    /// All headers that it gets beside those of every webhook.
    headers: Option<Vec<WebhookHeaderInput>>,
    /// What it is for.
    description: MaybeUndefined<String>,
    /// Makes a repetition harmless.
    client_mutation_id: Option<String>,
}

/// A webhook that needs another secret.
#[derive(InputObject)]
pub struct RotateWebhookSecretInput {
    /// The webhook.
    id: ID,
    /// The new secret; one is made up if nothing is said.
    secret: Option<String>,
    /// Makes a repetition harmless: it is refused, because a secret is shown once only.
    client_mutation_id: Option<String>,
}

/// A webhook to delete.
#[derive(InputObject)]
pub struct DeleteWebhookInput {
    /// The webhook.
    id: ID,
    /// Makes a repetition harmless.
    client_mutation_id: Option<String>,
}

/// A delivery to make once more.
#[derive(InputObject)]
pub struct RedeliverInput {
    /// The delivery.
    id: ID,
    /// Makes a repetition harmless.
    client_mutation_id: Option<String>,
}

/// What to tell a webhook again.
#[derive(InputObject)]
pub struct ReplayWebhookInput {
    /// The webhook.
    id: ID,
    /// Everything after this place in the event log, up to now.
    after: Cursor,
    /// Makes a repetition harmless.
    client_mutation_id: Option<String>,
}

/// Declares payloads that show a secret.
macro_rules! secrets {
    ($($(#[$doc:meta])* $name:ident)+) => {$(
        $(#[$doc])*
        #[derive(SimpleObject)]
        pub struct $name {
            /// The webhook as it is now.
            webhook: Option<Webhook>,
            /// What signs the bodies. It is shown this once.
            secret: Option<String>,
            /// What is wrong with the request; empty if it was carried out.
            user_errors: Vec<UserError>,
            /// The `clientMutationId` of the input.
            client_mutation_id: Option<String>,
        }

        impl From<Answer<(Webhook, String)>> for $name {
            fn from(answer: Answer<(Webhook, String)>) -> Self {
                let (webhook, secret) = answer.object.unzip();
                Self { webhook, secret, user_errors: answer.errors, client_mutation_id: answer.client_mutation_id }
            }
        }
    )+};
}

secrets! {
    /// What making a webhook came to.
    CreateWebhookPayload
    /// What giving a webhook another secret came to.
    RotateWebhookSecretPayload
}

payloads! {
    /// What editing a webhook came to.
    EditWebhookPayload {
        /// The webhook as it is now.
        webhook: Webhook
    }
    /// What deleting a webhook came to.
    DeleteWebhookPayload {
        /// The id of the webhook that is no more.
        id: ID
    }
    /// What sending once more came to.
    RedeliverPayload {
        /// The new delivery.
        delivery: Delivery
    }
}

/// What telling again came to.
#[derive(SimpleObject)]
pub struct ReplayWebhookPayload {
    /// How many new deliveries it led to.
    deliveries: Option<i64>,
    /// How far it went: go on from here if it is not complete.
    cursor: Option<Cursor>,
    /// Whether it came to the end.
    complete: Option<bool>,
    /// What is wrong with the request; empty if it was carried out.
    user_errors: Vec<UserError>,
    /// The `clientMutationId` of the input.
    client_mutation_id: Option<String>,
}

impl From<Answer<Replayed>> for ReplayWebhookPayload {
    fn from(answer: Answer<Replayed>) -> Self {
        let done = answer.object;
        Self {
            deliveries: done.as_ref().map(|d| d.deliveries as i64),
            complete: done.as_ref().map(|d| d.complete),
            cursor: done.map(|d| d.cursor.into()),
            user_errors: answer.errors,
            client_mutation_id: answer.client_mutation_id,
        }
    }
}

fn pairs(headers: Vec<WebhookHeaderInput>) -> Vec<(String, String)> {
    headers.into_iter().map(|header| (header.name, header.value)).collect()
}

#[Object(name = "MutationWebhooks")]
impl Webhooks {
    /// Makes a webhook. The payload carries its secret, this once.
    #[graphql(complexity = "20 + child_complexity")]
    async fn create_webhook(&self, ctx: &Context<'_>, input: CreateWebhookInput) -> Result<CreateWebhookPayload> {
        run(ctx, Sent::id(input.client_mutation_id), async |call, by| {
            let new = NewWebhook {
                url: input.url,
                events: all(Some(input.events)),
                active: Some(input.active),
                headers: pairs(input.headers.unwrap_or_default()),
                description: input.description,
                secret: input.secret,
            };
            let (webhook, secret) = call.engine.create_webhook(&by, new).await?;
            Ok((Webhook(webhook), secret))
        })
        .await
    }

    /// Edits a webhook.
    #[graphql(complexity = "20 + child_complexity")]
    async fn edit_webhook(&self, ctx: &Context<'_>, input: EditWebhookInput) -> Result<EditWebhookPayload> {
        run(ctx, Sent::id(input.client_mutation_id), async |call, by| {
            let id: WebhookId = read("id", &input.id)?;
            let edit = WebhookEdit {
                url: input.url,
                events: input.events.map(|events| all(Some(events))),
                active: input.active,
                headers: input.headers.map(pairs),
                description: edit(input.description),
            };
            Ok(Webhook(call.engine.edit_webhook(&by, id, edit).await?))
        })
        .await
    }

    /// Gives a webhook another secret, at once. The payload carries it, this once.
    async fn rotate_webhook_secret(
        &self,
        ctx: &Context<'_>,
        input: RotateWebhookSecretInput,
    ) -> Result<RotateWebhookSecretPayload> {
        run(ctx, Sent::id(input.client_mutation_id), async |call, by| {
            let id: WebhookId = read("id", &input.id)?;
            let (webhook, secret) = call.engine.rotate_webhook_secret(&by, id, input.secret).await?;
            Ok((Webhook(webhook), secret))
        })
        .await
    }

    /// Deletes a webhook. What it was told stays in the ledger.
    async fn delete_webhook(&self, ctx: &Context<'_>, input: DeleteWebhookInput) -> Result<DeleteWebhookPayload> {
        run(ctx, Sent::id(input.client_mutation_id), async |call, by| {
            let id: WebhookId = read("id", &input.id)?;
            call.engine.delete_webhook(&by, id).await?;
            Ok(global(id))
        })
        .await
    }

    /// Sends what a webhook or somebody by mail was sent once more, with the same body, as a delivery of its own. A mail keeps
    /// its Message-ID, so that mail programs know the second copy. Webhooks: administrators; mails, too.
    async fn redeliver(&self, ctx: &Context<'_>, input: RedeliverInput) -> Result<RedeliverPayload> {
        run(ctx, Sent::id(input.client_mutation_id), async |call, by| {
            let id: DeliveryId = read("id", &input.id)?;
            Ok(Delivery(call.engine.redeliver(&by, id).await?))
        })
        .await
    }

    /// Tells a webhook again what happened after a place in the event log, as new deliveries.
    #[graphql(complexity = "50 + child_complexity")]
    async fn replay_webhook(&self, ctx: &Context<'_>, input: ReplayWebhookInput) -> Result<ReplayWebhookPayload> {
        run(ctx, Sent::id(input.client_mutation_id), async |call, by| {
            let id: WebhookId = read("id", &input.id)?;
            call.engine.replay_webhook(&by, id, &input.after.0).await
        })
        .await
    }
}
