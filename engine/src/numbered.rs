//! Queries in the form of clients who page by number and want to know how many there are; deleted tickets are gone for them.

use crate::{Caller, Engine, see};
use model::access;
use model::access::Operation;
use model::attachment::Attachment;
use model::command::Command;
use model::comment::Comment;
use model::id::{CommentId, DeliveryId, TicketId, WebhookId};
use model::people::User;
use model::query::{Cursor, Page, Sort, TicketFilter};
use model::ticket::Ticket;
use model::webhook::Webhook;
use model::{Actor, Error, Result};
use std::sync::Arc;
use store::attempt::Attempt;
use store::comment::Part;
use store::delivery::Delivery;

/// A part of a list, and how long the list is.
#[derive(Debug, Clone)]
pub struct Numbered<T> {
    pub items: Vec<T>,
    pub total: i64,
}

/// Which part: so many items after so many others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Numbers {
    pub skip: usize,
    pub limit: usize,
}

impl Numbers {
    /// Whether a list of that length ends before it.
    pub(crate) fn is_behind(self, total: i64) -> bool {
        usize::try_from(total).is_ok_and(|total| total <= self.skip)
    }
}

/// A ticket with what is shown beside it.
#[derive(Debug, Clone)]
pub struct Detail {
    pub ticket: Arc<Ticket>,
    pub description: Option<Arc<Comment>>,
    /// The requester and the assignee, as the actor may see them.
    pub people: Vec<Arc<User>>,
}

/// A ticket before and after a command.
#[derive(Debug, Clone)]
pub struct Changed {
    pub before: Ticket,
    pub after: Ticket,
}

/// How a ticket's comments are asked for.
#[derive(Debug, Clone, Copy)]
pub struct CommentQuery {
    /// Internal notes, too, where the actor may read them.
    pub internal: bool,
    pub newest_first: bool,
    pub part: Numbers,
}

/// A delivery with every try at it.
#[derive(Debug, Clone)]
pub struct Logged {
    pub delivery: Delivery,
    /// The event that it tells of.
    pub cursor: Cursor,
    pub attempts: Vec<Attempt>,
}

impl Engine {
    /// A ticket that is not deleted.
    pub(crate) async fn living(&self, actor: &Actor, id: TicketId) -> Result<Arc<Ticket>> {
        let ticket = self.ticket(actor, id).await?;
        if ticket.deleted_at.is_some() { Err(Error::not_found("ticket")) } else { Ok(ticket) }
    }

    pub async fn detail(&self, actor: &Actor, id: TicketId) -> Result<Detail> {
        // The description is the first comment, but where a merge brought older ones along.
        let opened = self.open(actor, id, 1).await?;
        let ticket = opened.ticket.clone();
        if ticket.deleted_at.is_some() {
            return Err(Error::not_found("ticket"));
        }
        let description = match opened.comments.iter().find(|comment| comment.id == ticket.description) {
            Some(comment) => Some(comment.clone()),
            None => store::comment::by_id(&mut self.0.store.read().await?, ticket.description).await?.map(Arc::new),
        };
        let ids: Vec<_> = [Some(ticket.requester), ticket.assignee].into_iter().flatten().collect();
        let people = self.users_by_ids(actor, &ids).await?;
        Ok(Detail { ticket, description, people })
    }

    pub async fn tickets_numbered(
        &self,
        actor: &Actor,
        filter: &TicketFilter,
        sort: Sort,
        part: Numbers,
    ) -> Result<Numbered<Arc<Ticket>>> {
        let total = self.count_tickets(actor, filter).await?;
        // Behind the end there is nothing to skip to.
        if part.is_behind(total) {
            return Ok(Numbered { items: Vec::new(), total });
        }
        let page = Page { offset: part.skip, ..Page::first(part.limit) };
        let slice = self.tickets(actor, filter, sort, &page).await?;
        Ok(Numbered { items: slice.items.into_iter().map(|(_, ticket)| ticket).collect(), total })
    }

    /// A ticket's comments: neither its description nor what was withdrawn.
    pub async fn comments_numbered(
        &self,
        actor: &Actor,
        ticket: TicketId,
        query: CommentQuery,
    ) -> Result<Numbered<Comment>> {
        let ticket = self.living(actor, ticket).await?;
        let internal = query.internal && see::internal(actor);
        let total = ticket.comment_count + if internal { ticket.internal_count } else { 0 };
        if query.part.is_behind(total) {
            return Ok(Numbered { items: Vec::new(), total });
        }
        let part = Part {
            internal,
            withdrawn: false,
            without_description: true,
            after: None,
            before: None,
            newest_first: query.newest_first,
            limit: query.part.limit,
            offset: query.part.skip,
        };
        let items = store::comment::of_ticket(&mut self.0.store.read().await?, ticket.id, part).await?;
        Ok(Numbered { items, total })
    }

    /// The files of a ticket that belong to none of its comments, oldest first.
    pub async fn files_numbered(&self, actor: &Actor, ticket: TicketId, part: Numbers) -> Result<Numbered<Attachment>> {
        let ticket = self.living(actor, ticket).await?;
        let mut conn = self.0.store.read().await?;
        let total = store::attachment::count_of_ticket(&mut conn, ticket.id).await?;
        let items = if part.is_behind(total) {
            Vec::new()
        } else {
            store::attachment::of_ticket(&mut conn, ticket.id, (part.skip, part.limit)).await?
        };
        Ok(Numbered { items, total })
    }

    /// A command on a ticket, for those who tell what was before.
    pub async fn changed(&self, by: &Caller, command: Command) -> Result<Changed> {
        let outcome = self.execute(by, command).await?;
        let before = outcome.before.clone();
        let after = self.ticket_after(by, outcome).await?;
        // What had been carried out before changes nothing now.
        Ok(Changed { before: before.unwrap_or_else(|| after.clone()), after })
    }

    /// Edits a comment that is named together with its ticket.
    pub async fn edit_comment_of(&self, by: &Caller, of: TicketId, id: CommentId, body: String) -> Result<Comment> {
        self.belongs(by, of, id).await?;
        self.edit_comment(by, id, body).await
    }

    /// Withdraws a comment that is named together with its ticket.
    pub async fn withdraw_comment_of(&self, by: &Caller, of: TicketId, id: CommentId) -> Result<Comment> {
        self.belongs(by, of, id).await?;
        self.withdraw_comment(by, id).await
    }

    /// Whether the comment is one of the ticket's that can still be seen. What the caller may do to it is decided later;
    /// here it is only kept from learning of what it may not know.
    async fn belongs(&self, by: &Caller, of: TicketId, id: CommentId) -> Result<()> {
        if matches!(by.actor, Actor::Anonymous) {
            return Err(access::sign_in());
        }
        let mut conn = self.0.store.read().await?;
        let ticket = store::ticket::by_id(&mut conn, of).await?;
        let ticket = ticket.filter(|t| access::knows(&by.actor, t) && t.deleted_at.is_none());
        let ticket = ticket.ok_or_else(|| Error::not_found("ticket"))?;
        let comment = store::comment::by_id(&mut conn, id).await?;
        let shown = comment.is_some_and(|c| {
            let readable = c.withdrawn_at.is_none() && (c.is_public() || by.actor.is_staff());
            c.ticket == ticket.id && c.id != ticket.description && readable
        });
        if shown { Ok(()) } else { Err(Error::not_found("comment")) }
    }

    pub async fn webhooks_numbered(&self, actor: &Actor, part: Numbers) -> Result<Numbered<Webhook>> {
        // There are few, and all of them are read at once anyway.
        let all = self.webhooks(actor).await?;
        let total = all.len() as i64;
        Ok(Numbered { items: all.into_iter().skip(part.skip).take(part.limit).collect(), total })
    }

    /// What a webhook was told, newest first.
    pub async fn deliveries_numbered(
        &self,
        actor: &Actor,
        webhook: WebhookId,
        state: Option<&str>,
        part: Numbers,
    ) -> Result<Numbered<Logged>> {
        self.webhook(actor, webhook).await?;
        let total = self.count_webhook_deliveries(actor, webhook, state).await?;
        if part.is_behind(total) {
            return Ok(Numbered { items: Vec::new(), total });
        }
        let page = Page { offset: part.skip, ..Page::first(part.limit) };
        let found = self.webhook_deliveries(actor, webhook, state, &page).await?;
        let ids: Vec<DeliveryId> = found.items.iter().map(|(_, delivery)| delivery.id).collect();
        let mut tries = self.delivery_attempts(actor, &ids).await?;
        let logged = found.items.into_iter().map(|(_, delivery)| {
            let attempts = tries.extract_if(.., |attempt| attempt.delivery == delivery.id).collect();
            self.logged(delivery, attempts)
        });
        Ok(Numbered { items: logged.collect(), total })
    }

    fn logged(&self, delivery: Delivery, attempts: Vec<Attempt>) -> Logged {
        Logged { cursor: self.cursor_of(delivery.seq), delivery, attempts }
    }

    /// Sends a delivery once more that is named together with its webhook.
    pub async fn redeliver_of(&self, by: &Caller, of: WebhookId, id: DeliveryId) -> Result<Logged> {
        access::in_general(&by.actor, Operation::ManageWebhooks)?;
        self.webhook(&Actor::System("webhooks"), of).await?;
        let known = store::delivery::by_id(&mut self.0.store.read().await?, id).await?;
        if known.is_none_or(|known| known.webhook != Some(of)) {
            return Err(Error::not_found("delivery"));
        }
        Ok(self.logged(self.redeliver(by, id).await?, Vec::new()))
    }
}
