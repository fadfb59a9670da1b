//! A live list of tickets: which event brings a ticket into it, changes one in it, or takes one out.
//!
//! Membership is decided by the ticket as it is now. Nothing is remembered between events, so a stream costs nothing
//! while nothing happens; a client that does not show the ticket simply has nothing to take away.

use crate::cost::Placed;
use crate::error::{Fail, Result};
use crate::event::Event;
use crate::filter;
use crate::node::global;
use crate::scalars::Cursor;
use crate::ticket::Ticket;
use async_graphql::{ID, Object};
use engine::Engine;
use model::Actor;
use model::event::Recorded;
use model::query::TicketFilter;
use std::sync::Arc;

/// Something that happened to a ticket, and whether the ticket is in the list now.
pub struct InboxItem {
    cursor: Cursor,
    event: Arc<Recorded>,
    /// As it is now; nothing if the viewer may not see it (any more).
    ticket: Option<Arc<model::ticket::Ticket>>,
    matches: bool,
}

/// Something that happened to a ticket, and whether the ticket is in the list now.
#[Object]
impl InboxItem {
    /// The event's place in the log.
    async fn cursor(&self) -> &Cursor {
        &self.cursor
    }

    /// Whether the ticket is in the list now: put it there, or take it out.
    async fn matches(&self) -> bool {
        self.matches
    }

    /// The ticket's global id, also where you may not see it any more.
    async fn ticket_id(&self) -> Option<ID> {
        self.event.event.ticket().map(global)
    }

    /// The ticket as it is now; null if you may not see it (any more).
    async fn ticket(&self) -> Option<Ticket> {
        self.ticket.clone().map(Ticket)
    }

    /// What happened.
    async fn event(&self) -> Event {
        Event(self.event.clone())
    }
}

/// Whose list, and which tickets it has.
pub(crate) struct Watch {
    pub engine: Engine,
    pub actor: Actor,
    pub filter: TicketFilter,
}

impl Watch {
    /// What an event means for the list; nothing where it is about no ticket.
    pub(crate) async fn look(&self, event: Result<Arc<Recorded>, Fail>) -> Result<Option<Placed<InboxItem>>> {
        let event = event?;
        let Some(id) = event.event.ticket() else { return Ok(None) };
        let ticket = self.engine.tickets_by_ids(&self.actor, &[id]).await?.pop();
        let now = self.engine.now();
        let matches = ticket.as_ref().is_some_and(|ticket| filter::matches(&self.filter, ticket, now));
        let cursor: Cursor = self.engine.cursor_of(event.seq).into();
        Ok(Some(Placed { cursor: cursor.clone(), item: InboxItem { cursor, event, ticket, matches } }))
    }
}
