//! A ticket with everything that a page about it shows, and what happened to it, for clients who page by number.

use crate::{Engine, Numbered, Numbers, see};
use model::access::{self, Operation};
use model::comment::Comment;
use model::event::{Event, Recorded};
use model::id::{TicketId, UserId};
use model::people::User;
use model::ticket::Ticket;
use model::{Actor, Error, Result};
use std::sync::Arc;

/// Events that are read at once.
const EVENTS: usize = 200;

/// A ticket with its conversation and everybody in it.
#[derive(Debug, Clone)]
pub struct Whole {
    pub ticket: Arc<Ticket>,
    pub description: Option<Arc<Comment>>,
    /// The first comments, oldest first, neither the description nor what was withdrawn.
    pub comments: Vec<Arc<Comment>>,
    /// The requester, the assignee and the authors, as the actor may see them.
    pub people: Vec<Arc<User>>,
}

impl Engine {
    /// A ticket with so many of its comments. A deleted one is not there.
    pub async fn whole(&self, actor: &Actor, id: TicketId, comments: usize) -> Result<Whole> {
        let opened = self.open(actor, id, comments + 1).await?;
        let ticket = opened.ticket.clone();
        if ticket.deleted_at.is_some() {
            return Err(Error::not_found("ticket"));
        }
        let (descriptions, mut shown): (Vec<_>, Vec<_>) =
            opened.comments.iter().cloned().partition(|comment| comment.id == ticket.description);
        let description = match descriptions.into_iter().next() {
            Some(first) => Some(first),
            // A merge brought many older ones along.
            None => store::comment::by_id(&mut self.0.store.read().await?, ticket.description).await?.map(Arc::new),
        };
        shown.retain(|comment| comment.withdrawn_at.is_none());
        shown.truncate(comments);
        let authors = shown.iter().filter_map(|comment| comment.author);
        let mut ids: Vec<UserId> =
            [Some(ticket.requester), ticket.assignee].into_iter().flatten().chain(authors).collect();
        ids.sort_unstable();
        ids.dedup();
        let people = self.users_by_ids(actor, &ids).await?;
        Ok(Whole { ticket, description, comments: shown, people })
    }

    /// The descriptions of tickets that were just loaded for this actor.
    pub async fn descriptions(&self, actor: &Actor, seen: &[Arc<Ticket>]) -> Result<Vec<Comment>> {
        let may = |ticket: &&Arc<Ticket>| access::on_ticket(actor, Operation::ReadTicket, ticket).is_ok();
        let ids: Vec<_> = seen.iter().filter(may).map(|ticket| ticket.description).collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        store::comment::by_ids(&mut self.0.store.read().await?, &ids).await
    }

    /// What happened to a ticket, newest first, and how much of it the actor may know, as far as the surface tells of it.
    pub async fn history_numbered(
        &self,
        actor: &Actor,
        ticket: TicketId,
        part: Numbers,
        told: fn(&Event) -> bool,
    ) -> Result<Numbered<Recorded>> {
        let ticket = self.living(actor, ticket).await?.id;
        let (mut items, mut total, mut before) = (Vec::new(), 0_usize, None);
        loop {
            let page = store::event::of_ticket(&mut self.0.store.read().await?, ticket, before, EVENTS).await?;
            let more = page.len() == EVENTS;
            before = page.last().map(|event| event.seq);
            let page = page.into_iter().filter(|event| told(&event.event) && see::event(actor, event)).collect();
            for event in self.still_public(actor, page).await? {
                if total >= part.skip && items.len() < part.limit {
                    items.push(event);
                }
                total += 1;
            }
            if !more {
                return Ok(Numbered { items, total: i64::try_from(total).unwrap_or(i64::MAX) });
            }
        }
    }
}
