//! What those who run the house see: deliveries, messages that came in, settings, notifications, the server itself.

use crate::comment::Comment;
use crate::context::Call;
use crate::error::Result;
use crate::node::global;
use crate::person::User;
use crate::quick::Quick;
use crate::scalars::{Any, Cursor, DateTime};
use crate::ticket::Ticket;
use crate::webhook::{DeliveryAttempt, Webhook};
use crate::words::{Channel, InboundState, NotificationType, Priority, WebhookEvent};
use async_graphql::{Context, ID, Json, Object, SimpleObject};
use engine::Caller;
use model::id::{InboundId, TicketId, WebhookId};
use std::future::Future;
use std::pin::Pin;

/// Reads a stored raw message again. It lives in `channels`, which this crate must not know; the server hands it in.
pub trait Reprocess: Send + Sync + 'static {
    /// The ticket that the message became, or became a comment of; nothing where it was none after all.
    fn reprocess<'a>(&'a self, by: &'a Caller, id: InboundId) -> Reprocessed<'a>;
}

/// What reading a message again answers, later.
pub type Reprocessed<'a> = Pin<Box<dyn Future<Output = model::Result<Option<TicketId>>> + Send + 'a>>;

/// So much of a raw message is shown.
const RAW_MOST: usize = 256 * 1024;

/// One message on its way out.
pub struct Delivery(pub(crate) engine::Delivery);

/// A message from outside, as it was stored before it was read.
pub struct InboundMessage(pub(crate) model::inbound::StoredInbound);

/// A setting that was changed from its default.
pub struct Setting(pub(crate) engine::Setting);

/// Something that you are told of.
pub struct Notification(pub(crate) model::notice::Notice);

/// A tag, and how often it is used.
#[derive(SimpleObject)]
pub struct Tag {
    /// The tag.
    pub(crate) name: String,
    /// How many tickets have it.
    pub(crate) count: i64,
}

impl Quick for Delivery {
    const LASTING: &'static [&'static str] = &[];
    const PASSING: &'static [&'static str] = &[];
}

impl Quick for InboundMessage {
    const LASTING: &'static [&'static str] = &[];
    const PASSING: &'static [&'static str] = &[];
}

impl Quick for Notification {
    const LASTING: &'static [&'static str] = &[];
    const PASSING: &'static [&'static str] = &[];
}

/// What this server is.
#[derive(SimpleObject, Clone)]
pub struct ServerInfo {
    /// Its version.
    pub(crate) version: String,
    /// Whether the schema may be asked for.
    pub(crate) introspection: bool,
    /// How deep an operation may be nested.
    pub(crate) max_depth: i64,
    /// How much an operation may cost.
    pub(crate) max_complexity: i64,
}

/// One message on its way out.
#[Object]
impl Delivery {
    /// The global id, such as `delivery_7`.
    async fn id(&self) -> ID {
        global(self.0.id)
    }

    /// The place in the event log of what it tells.
    async fn cursor(&self, ctx: &Context<'_>) -> Result<Cursor> {
        Ok(Call::of(ctx)?.engine.cursor_of(self.0.seq).into())
    }

    /// Who carries it.
    async fn route(&self) -> &str {
        &self.0.route
    }

    /// The conversation that it belongs to; deliveries of one keep their order.
    async fn lane(&self) -> &str {
        &self.0.lane
    }

    /// The ticket that it is about.
    async fn ticket(&self, ctx: &Context<'_>) -> Result<Option<Ticket>> {
        match self.0.ticket {
            Some(id) => Ok(Call::of(ctx)?.loaders.ticket(id).await?.map(Ticket)),
            None => Ok(None),
        }
    }

    /// The comment that it carries.
    async fn comment(&self, ctx: &Context<'_>) -> Result<Option<Comment>> {
        match self.0.comment {
            Some(id) => Ok(Call::of(ctx)?.loaders.comment(id).await?.map(Comment)),
            None => Ok(None),
        }
    }

    /// The webhook that it is for.
    #[graphql(complexity = "3 + child_complexity")]
    async fn webhook(&self, ctx: &Context<'_>) -> Result<Option<Webhook>> {
        webhook(Call::of(ctx)?, self.0.webhook).await
    }

    /// What the webhook is told.
    async fn webhook_event(&self) -> Option<WebhookEvent> {
        crate::webhook::topic(self.0.topic.as_deref())
    }

    /// What is sent, as it was written when the event happened.
    async fn body(&self) -> &str {
        &self.0.body
    }

    /// Every try, in order; they are kept for 30 days.
    #[graphql(complexity = "1 + 5 * child_complexity")]
    async fn log(&self, ctx: &Context<'_>) -> Result<Vec<DeliveryAttempt>> {
        let tried = Call::of(ctx)?.loaders.attempts(self.0.id).await?;
        Ok(tried.iter().cloned().map(DeliveryAttempt).collect())
    }

    /// To whom.
    async fn recipient(&self) -> &str {
        &self.0.recipient
    }

    /// How it stands: queued, sending, accepted, delivered, bounced, failed or uncertain.
    async fn state(&self) -> &str {
        &self.0.state
    }

    /// How often it was tried.
    async fn attempts(&self) -> i64 {
        self.0.attempts
    }

    /// When it is tried next.
    async fn due_at(&self) -> DateTime {
        self.0.due_at.into()
    }

    /// Why it stands so.
    async fn why(&self) -> Option<&str> {
        self.0.why.as_deref()
    }

    /// The peer's own id for it.
    async fn receipt(&self) -> Option<&str> {
        self.0.receipt.as_deref()
    }

    /// When it was queued.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// When it was over.
    async fn settled_at(&self) -> Option<DateTime> {
        self.0.settled_at.map(DateTime)
    }
}

/// A message from outside, as it was stored before it was read.
#[Object]
impl InboundMessage {
    /// The global id, such as `inbound_6`.
    async fn id(&self) -> ID {
        global(self.0.id)
    }

    /// The surface that it came in on.
    async fn channel(&self) -> Channel {
        self.0.channel.into()
    }

    /// Its size in bytes.
    async fn size(&self) -> i64 {
        self.0.size
    }

    /// When it came in.
    async fn received_at(&self) -> DateTime {
        self.0.received_at.into()
    }

    /// What became of it.
    async fn state(&self) -> InboundState {
        self.0.state.into()
    }

    /// Why.
    async fn why(&self) -> Option<&str> {
        self.0.why.as_deref()
    }

    /// How often it was read.
    async fn attempts(&self) -> i64 {
        self.0.attempts
    }

    /// The ticket that it became, or became a comment of.
    async fn ticket(&self, ctx: &Context<'_>) -> Result<Option<Ticket>> {
        match self.0.ticket {
            Some(id) => Ok(Call::of(ctx)?.loaders.ticket(id).await?.map(Ticket)),
            None => Ok(None),
        }
    }

    /// The comment that it became.
    async fn comment(&self, ctx: &Context<'_>) -> Result<Option<Comment>> {
        match self.0.comment {
            Some(id) => Ok(Call::of(ctx)?.loaders.comment(id).await?.map(Comment)),
            None => Ok(None),
        }
    }

    /// Its text as it came in, the first 256 KiB of it (`size` says how much there is); bytes that are no UTF-8 are shown as `�`.
    #[graphql(complexity = 20)]
    async fn raw(&self, ctx: &Context<'_>) -> Result<String> {
        let call = Call::of(ctx)?;
        let raw = call.engine.inbound_head(call.actor(), self.0.id, RAW_MOST).await?;
        Ok(String::from_utf8(raw).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
    }
}

/// A webhook, for those who may know of it.
async fn webhook(call: Call<'_>, id: Option<WebhookId>) -> Result<Option<Webhook>> {
    match id {
        Some(id) => Ok(call.loaders.webhook(id).await?.map(|webhook| Webhook((*webhook).clone()))),
        None => Ok(None),
    }
}

/// A setting that was changed from its default.
#[Object]
impl Setting {
    /// Its name.
    async fn key(&self) -> &str {
        &self.0.key
    }

    /// Its value.
    async fn value(&self) -> Any {
        Json(self.0.value.clone())
    }

    /// When it changed last.
    async fn updated_at(&self) -> DateTime {
        self.0.updated_at.into()
    }

    /// Who changed it.
    async fn updated_by(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        Ok(Call::of(ctx)?.loaders.user_or(self.0.updated_by).await?.map(User))
    }
}

/// Something that you are told of.
#[Object]
impl Notification {
    /// The global id, such as `notification_8`.
    async fn id(&self) -> ID {
        global(self.0.id)
    }

    /// What it tells of.
    #[graphql(name = "type")]
    async fn kind(&self) -> NotificationType {
        self.0.kind.into()
    }

    /// What it tells, in a few words of your language.
    async fn title(&self, ctx: &Context<'_>) -> Result<String> {
        if let Some(written) = &self.0.written {
            return Ok(written.title.clone());
        }
        let call = Call::of(ctx)?;
        let locale = call.engine.locale_of(call.actor()).await?;
        Ok(model::wording::wording(self.0.kind, None, locale).title.to_owned())
    }

    /// What it tells, in a sentence of your language.
    async fn message(&self, ctx: &Context<'_>) -> Result<String> {
        if let Some(written) = &self.0.written {
            return Ok(written.content.clone());
        }
        let call = Call::of(ctx)?;
        let locale = call.engine.locale_of(call.actor()).await?;
        let ticket = match self.0.ticket {
            Some(id) => call.loaders.ticket(id).await?,
            None => None,
        };
        let number = ticket.as_ref().map(|ticket| ticket.numbers.yearly.as_str());
        Ok(model::wording::wording(self.0.kind, number, locale).message)
    }

    /// How much it matters, where somebody wrote it by hand.
    async fn priority(&self) -> Option<Priority> {
        self.0.written.as_ref().map(|written| written.priority.into())
    }

    /// Where it leads, where somebody wrote it by hand and said so.
    async fn action_url(&self) -> Option<&str> {
        self.0.written.as_ref().and_then(|written| written.action_url.as_deref())
    }

    /// Who wrote it by hand; null where nobody did.
    async fn sender(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        let sender = self.0.written.as_ref().and_then(|written| written.sender);
        Ok(Call::of(ctx)?.loaders.user_or(sender).await?.map(User))
    }

    /// The global id of the ticket that it is about; null if it is about none.
    async fn ticket_id(&self) -> Option<ID> {
        self.0.ticket.map(global)
    }

    /// The ticket as it is now, if you may still see it.
    async fn ticket(&self, ctx: &Context<'_>) -> Result<Option<Ticket>> {
        match self.0.ticket {
            Some(id) => Ok(Call::of(ctx)?.loaders.ticket(id).await?.map(Ticket)),
            None => Ok(None),
        }
    }

    /// The webhook that it is about, if it is still there.
    #[graphql(complexity = "3 + child_complexity")]
    async fn webhook(&self, ctx: &Context<'_>) -> Result<Option<Webhook>> {
        webhook(Call::of(ctx)?, self.0.webhook).await
    }

    /// The place in the event log of what it tells.
    async fn cursor(&self, ctx: &Context<'_>) -> Result<Cursor> {
        Ok(Call::of(ctx)?.engine.cursor_of(self.0.seq).into())
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// When it was read.
    async fn read_at(&self) -> Option<DateTime> {
        self.0.read_at.map(DateTime)
    }
}
