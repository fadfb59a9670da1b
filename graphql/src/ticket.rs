//! A ticket as clients see it. What only staff may know is null for others; what belongs to other nouns is looked up
//! together with that of its neighbours.

use crate::category::Category;
use crate::comment::{self, Comment};
use crate::connection::{Connection, Window};
use crate::context::Call;
use crate::error::Result;
use crate::event::{self, Event};
use crate::node::global;
use crate::person::User;
use crate::quick::{InOrder, Quick};
use crate::scalars::DateTime;
use crate::words::{Channel, Priority, Resolution, Source, Status};
use async_graphql::{Context, ID, Json, Object, SimpleObject};
use model::id::TicketId;
use serde_json::{Map, Value};
use std::sync::Arc;

/// 工单: what somebody asks for, and everything that is said and done about it.
#[derive(Clone)]
pub struct Ticket(pub(crate) Arc<model::ticket::Ticket>);

impl From<model::ticket::Ticket> for Ticket {
    fn from(ticket: model::ticket::Ticket) -> Self {
        Self(Arc::new(ticket))
    }
}

impl Quick for Ticket {
    const LASTING: &'static [&'static str] = &[
        "id",
        "databaseId",
        "number",
        "title",
        "status",
        "priority",
        "createdAt",
        "updatedAt",
        "resolution",
        "reopened",
        "type",
        "source",
        "channel",
        "department",
        "tags",
        "dueAt",
        "responseDueAt",
        "resolutionDueAt",
        "resolvedAt",
        "closedAt",
        "escalated",
        "commentCount",
        "version",
    ];
    /// The people of a list are loaded with it.
    const PASSING: &'static [&'static str] = &["requester", "assignee", "category", "isOverdue", "isSlaOverdue"];
}

/// The three numbers that every ticket has from birth; any of them finds it.
#[derive(SimpleObject)]
pub struct TicketNumbers {
    /// Counted per year: `TK-2025-001`.
    yearly: String,
    /// Counted per day: `T-20241023-0001`.
    daily: String,
    /// Date and microseconds, the oldest clients' id: `2023-11-17-211224191561`.
    legacy: String,
}

/// The customer as the ticket's opener named them; the requester is the account.
#[derive(SimpleObject)]
pub struct Customer {
    /// The customer's name.
    name: Option<String>,
    /// The customer's e-mail address.
    email: Option<String>,
    /// The customer's telephone number.
    phone: Option<String>,
}

/// 工单: what somebody asks for, and everything that is said and done about it.
#[Object]
impl Ticket {
    /// The global id, such as `ticket_100001`.
    pub(crate) async fn id(&self) -> ID {
        global(self.0.id)
    }

    /// The bare number that the other surfaces show, such as 100001.
    async fn database_id(&self) -> i64 {
        self.0.id.0
    }

    /// The yearly number, such as `TK-2025-001`.
    async fn number(&self) -> &str {
        &self.0.numbers.yearly
    }

    /// All three numbers.
    async fn numbers(&self) -> TicketNumbers {
        let numbers = &self.0.numbers;
        TicketNumbers { yearly: numbers.yearly.clone(), daily: numbers.daily.clone(), legacy: numbers.legacy.clone() }
    }

    /// One line that says what it is about.
    async fn title(&self) -> &str {
        self.0.title.as_str()
    }

    /// Where it stands.
    async fn status(&self) -> Status {
        self.0.status.into()
    }

    /// How much it matters.
    async fn priority(&self) -> Priority {
        self.0.priority.into()
    }

    /// The requester's account.
    async fn requester(&self, ctx: &Context<'_>) -> Result<Option<InOrder<User>>> {
        Ok(Call::of(ctx)?.loaders.user(self.0.requester).await?.map(User).map(InOrder))
    }

    /// Who works on it.
    async fn assignee(&self, ctx: &Context<'_>) -> Result<Option<InOrder<User>>> {
        Ok(Call::of(ctx)?.loaders.user_or(self.0.assignee).await?.map(User).map(InOrder))
    }

    /// When it was opened.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// When it changed last.
    async fn updated_at(&self) -> DateTime {
        self.0.updated_at.into()
    }

    /// What was said when it was opened: the text of its first comment. Null once that was withdrawn.
    async fn description(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        let comment = Box::pin(Call::of(ctx)?.loaders.description(&self.0)).await?;
        Ok(comment.map(|comment| comment.body.as_str().to_owned()))
    }

    /// The description as the comment that it is, with its attachments.
    async fn description_comment(&self, ctx: &Context<'_>) -> Result<Option<Comment>> {
        Ok(Box::pin(Call::of(ctx)?.loaders.description(&self.0)).await?.map(Comment))
    }

    /// Its files that belong to none of its comments, oldest first; at most 200.
    #[graphql(complexity = "10 + child_complexity")]
    async fn files(&self, ctx: &Context<'_>) -> Result<Vec<comment::Attachment>> {
        let call = Call::of(ctx)?;
        let files = call.engine.files_of_ticket(call.actor(), self.0.id).await?;
        Ok(files.into_iter().map(comment::Attachment).collect())
    }

    /// Whether it was reopened and has not moved since.
    async fn reopened(&self) -> bool {
        self.0.reopened
    }

    /// How often it was reopened.
    async fn reopen_count(&self) -> i64 {
        self.0.reopen_count
    }

    /// How it ended.
    async fn resolution(&self) -> Resolution {
        self.0.resolution.into()
    }

    /// The type code that its opener gave it.
    #[graphql(name = "type")]
    async fn kind(&self) -> &str {
        &self.0.kind
    }

    /// 分类
    async fn category(&self, ctx: &Context<'_>) -> Result<Option<Category>> {
        match self.0.category {
            Some(id) => Ok(Box::pin(Call::of(ctx)?.loaders.category(id)).await?.map(Category)),
            None => Ok(None),
        }
    }

    /// How it came in.
    async fn source(&self) -> Source {
        self.0.source.into()
    }

    /// The surface that it was opened on.
    async fn channel(&self) -> Channel {
        self.0.channel.into()
    }

    /// The department that works on it.
    async fn department(&self) -> Option<&str> {
        self.0.department.as_deref()
    }

    /// 标签
    async fn tags(&self) -> Vec<&str> {
        self.0.tags.iter().map(|tag| tag.as_str()).collect()
    }

    /// Fields that this installation added.
    async fn custom_fields(&self) -> Json<&Map<String, Value>> {
        Json(&self.0.custom_fields)
    }

    /// The customer as its opener named them.
    async fn customer(&self) -> Customer {
        let customer = &self.0.customer;
        Customer {
            name: customer.name.clone(),
            email: customer.email.as_ref().map(|email| email.as_str().to_owned()),
            phone: customer.phone.clone(),
        }
    }

    /// When it is due, as people decided.
    async fn due_at(&self) -> Option<DateTime> {
        self.0.due_at.map(DateTime)
    }

    /// When the first answer is due by its service level.
    async fn response_due_at(&self) -> DateTime {
        self.0.response_due_at.into()
    }

    /// When the resolution is due by its service level.
    async fn resolution_due_at(&self) -> DateTime {
        self.0.resolution_due_at.into()
    }

    /// The SLA configuration that both are of; null if they are of the settings. Only staff can see it.
    async fn sla_config_id(&self, ctx: &Context<'_>) -> Result<Option<ID>> {
        let agreement = self.0.agreement.as_ref().filter(|_| Call::of(ctx).is_ok_and(Call::is_staff));
        Ok(agreement.map(|agreement| global(agreement.config)))
    }

    /// When somebody other than the requester first answered in public.
    async fn first_reply_at(&self) -> Option<DateTime> {
        self.0.first_reply_at.map(DateTime)
    }

    /// When it was resolved.
    async fn resolved_at(&self) -> Option<DateTime> {
        self.0.resolved_at.map(DateTime)
    }

    /// When it was closed or cancelled.
    async fn closed_at(&self) -> Option<DateTime> {
        self.0.closed_at.map(DateTime)
    }

    /// Whole minutes from opening to the first answer.
    async fn response_minutes(&self) -> Option<i64> {
        self.0.response_minutes()
    }

    /// Whole minutes from opening to the resolution.
    async fn resolution_minutes(&self) -> Option<i64> {
        self.0.resolution_minutes()
    }

    /// Whether the first answer came, or is, too late.
    async fn response_breached(&self) -> bool {
        self.0.response_breached
    }

    /// Whether the resolution came, or is, too late.
    async fn resolution_breached(&self) -> bool {
        self.0.resolution_breached
    }

    /// Whether it is past `dueAt` and still worked on.
    async fn is_overdue(&self, ctx: &Context<'_>) -> Result<bool> {
        Ok(self.0.is_overdue(Call::of(ctx)?.engine.now()))
    }

    /// Whether it is past `resolutionDueAt` and still worked on.
    async fn is_sla_overdue(&self, ctx: &Context<'_>) -> Result<bool> {
        Ok(self.0.is_sla_overdue(Call::of(ctx)?.engine.now()))
    }

    /// Whether it was escalated.
    async fn escalated(&self) -> bool {
        self.0.escalated
    }

    /// How often it was looked at.
    async fn view_count(&self) -> i64 {
        self.0.view_count
    }

    /// How many comments the requester may read, without the description.
    async fn comment_count(&self) -> i64 {
        self.0.comment_count
    }

    /// How many internal notes there are; null for those who may not read them.
    async fn internal_count(&self, ctx: &Context<'_>) -> Result<Option<i64>> {
        Ok(Call::of(ctx)?.is_staff().then_some(self.0.internal_count))
    }

    /// The requester's verdict, 1 to 5.
    async fn rating(&self) -> Option<i64> {
        self.0.rating
    }

    /// What the requester said to it.
    async fn rating_comment(&self) -> Option<&str> {
        self.0.rating_comment.as_deref()
    }

    /// Raw values of single dialects, by dialect; null for those who are not staff.
    async fn native(&self, ctx: &Context<'_>) -> Result<Option<Json<&Map<String, Value>>>> {
        Ok(Call::of(ctx)?.is_staff().then_some(Json(&self.0.native)))
    }

    /// The ticket that this one follows up, if you may see it.
    async fn follows(&self, ctx: &Context<'_>) -> Result<Option<Ticket>> {
        Box::pin(other(ctx, self.0.follows)).await
    }

    /// Which of the server's mailboxes its mail came in at; null for those who are not staff.
    async fn mailbox(&self, ctx: &Context<'_>) -> Result<Option<&str>> {
        Ok(self
            .0
            .mailbox
            .as_ref()
            .map(model::text::Email::as_str)
            .filter(|_| Call::of(ctx).is_ok_and(|c| c.is_staff())))
    }

    /// The ticket that this one went into, if you may see it.
    async fn merged_into(&self, ctx: &Context<'_>) -> Result<Option<Ticket>> {
        Box::pin(other(ctx, self.0.merged_into)).await
    }

    /// When it was deleted.
    async fn deleted_at(&self) -> Option<DateTime> {
        self.0.deleted_at.map(DateTime)
    }

    /// Counts its changes; send it as `expectedVersion` to change only what you have seen.
    async fn version(&self) -> i64 {
        self.0.version
    }

    /// The e-mail address whose mails are added to it; null where mail is not set up, or it is not yours to answer.
    async fn reply_address(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        let call = Call::of(ctx)?;
        let mine = call.is_staff() || call.actor().user() == Some(self.0.requester);
        Ok(if mine { call.engine.reply_address(self.0.id, self.0.mailbox.as_ref()) } else { None })
    }

    /// What was said on it after the description, oldest first unless asked otherwise. Staff read internal notes, too.
    #[graphql(complexity = "1 + crate::connection::rows(first, last) * child_complexity")]
    async fn comments(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "So many from the start, 1 to 100; 20 if nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Those after this place.")] after: Option<String>,
        #[graphql(desc = "So many from the end.")] last: Option<i32>,
        #[graphql(desc = "Those before this place.")] before: Option<String>,
        #[graphql(desc = "Turns the list round.", default)] newest_first: bool,
    ) -> Result<Connection<Comment>> {
        let order = if newest_first { comment::Order::NewestFirst } else { comment::Order::OldestFirst };
        let window = Window { first, after, last, before };
        Box::pin(comment::of_ticket(Call::of(ctx)?, &self.0, &window, order)).await
    }

    /// What happened to it, newest first, as far as you may know.
    #[graphql(complexity = "1 + crate::connection::rows(first, None) * child_complexity")]
    async fn history(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "So many, 1 to 100; 20 if nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Those after (older than) this place.")] after: Option<String>,
    ) -> Result<Connection<Event>> {
        let window = Window { first, after, ..Window::default() };
        Box::pin(event::history(Call::of(ctx)?, self.0.id, &window)).await
    }
}

async fn other(ctx: &Context<'_>, id: Option<TicketId>) -> Result<Option<Ticket>> {
    match id {
        Some(id) => Ok(Call::of(ctx)?.loaders.ticket(id).await?.map(Ticket)),
        None => Ok(None),
    }
}
