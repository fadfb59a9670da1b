//! What those who run the house ask: settings, deliveries, what came in, the server itself.

use crate::connection::{Connection, Total, Window};
use crate::context::Call;
use crate::error::Result;
use crate::mail::EmailConfig;
use crate::node::{read, read_or};
use crate::operations::{Delivery, InboundMessage, ServerInfo, Setting};
use crate::webhook::Webhook;
use crate::words::InboundState;
use async_graphql::{Context, ID, Object};

#[derive(Default)]
pub(super) struct House;

#[Object(name = "QueryHouse")]
impl House {
    /// Settings that were changed from their defaults.
    #[graphql(complexity = "1 + 10 * child_complexity")]
    async fn settings(&self, ctx: &Context<'_>) -> Result<Vec<Setting>> {
        let call = Call::of(ctx)?;
        Ok(call.engine.settings(call.actor()).await?.into_iter().map(Setting).collect())
    }

    /// Messages on their way out, newest first.
    #[graphql(complexity = "1 + crate::connection::rows(first, last) * child_complexity")]
    #[expect(clippy::too_many_arguments, reason = "each is an argument of the GraphQL field")]
    async fn deliveries(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Of this ticket.")] ticket: Option<ID>,
        #[graphql(desc = "In this state: queued, sending, accepted, delivered, bounced, failed or uncertain.")]
        state: Option<String>,
        #[graphql(desc = "So many from the start, 1 to 100; 20 if nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Those after this place.")] after: Option<String>,
        #[graphql(desc = "So many from the end.")] last: Option<i32>,
        #[graphql(desc = "Those before this place.")] before: Option<String>,
    ) -> Result<Connection<Delivery>> {
        let call = Call::of(ctx)?;
        let page = Window { first, after, last, before }.page()?;
        let ticket = read_or("ticket", ticket.as_ref())?;
        let as_of = call.engine.cursor().into();
        let slice = call.engine.deliveries(call.actor(), ticket, state.as_deref(), &page).await?;
        Ok(Connection::of(slice, as_of, Total::Unknown, Delivery))
    }

    /// Messages from outside as they were stored, newest first.
    #[graphql(complexity = "1 + crate::connection::rows(first, last) * child_complexity")]
    async fn inbound(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only those that this became of.")] state: Option<InboundState>,
        #[graphql(desc = "So many from the start, 1 to 100; 20 if nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Those after this place.")] after: Option<String>,
        #[graphql(desc = "So many from the end.")] last: Option<i32>,
        #[graphql(desc = "Those before this place.")] before: Option<String>,
    ) -> Result<Connection<InboundMessage>> {
        messages(Call::of(ctx)?, state, &Window { first, after, last, before }).await
    }

    /// Messages that could not be read, newest first: mend them and run them again, or discard them.
    #[graphql(complexity = "1 + crate::connection::rows(first, last) * child_complexity")]
    async fn quarantine(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "So many from the start, 1 to 100; 20 if nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Those after this place.")] after: Option<String>,
        #[graphql(desc = "So many from the end.")] last: Option<i32>,
        #[graphql(desc = "Those before this place.")] before: Option<String>,
    ) -> Result<Connection<InboundMessage>> {
        messages(Call::of(ctx)?, Some(InboundState::Quarantined), &Window { first, after, last, before }).await
    }

    /// All webhooks, in the order in which they were made.
    #[graphql(complexity = "1 + 10 * child_complexity")]
    async fn webhooks(&self, ctx: &Context<'_>) -> Result<Vec<Webhook>> {
        let call = Call::of(ctx)?;
        Ok(call.engine.webhooks(call.actor()).await?.into_iter().map(Webhook).collect())
    }

    /// One webhook.
    async fn webhook(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its global id, or its bare number.")] id: ID,
    ) -> Result<Webhook> {
        let call = Call::of(ctx)?;
        Ok(Webhook(call.engine.webhook(call.actor(), read("id", &id)?).await?))
    }

    /// How mail is sent; for administrators. The password is never shown.
    async fn email_config(&self, ctx: &Context<'_>) -> Result<EmailConfig> {
        let call = Call::of(ctx)?;
        Ok(call.engine.email_settings(call.actor()).await?.into())
    }

    /// What this server is.
    async fn server_info(&self, ctx: &Context<'_>) -> Result<ServerInfo> {
        let info = ctx.data_opt::<ServerInfo>();
        Ok(info.cloned().ok_or_else(|| model::Error::internal("the schema carries no server info"))?)
    }
}

async fn messages(call: Call<'_>, state: Option<InboundState>, window: &Window) -> Result<Connection<InboundMessage>> {
    let page = window.page()?;
    let as_of = call.engine.cursor().into();
    let slice = call.engine.inbound(call.actor(), state.map(Into::into), &page).await?;
    Ok(Connection::of(slice, as_of, Total::Unknown, InboundMessage))
}
