//! What a carrier needs to tell an endpoint of an event: the endpoints with their keys, and the ticket as it stood then.
//!
//! Keys are opened here and kept in memory until a webhook changes; they sign, and are never shown.

use crate::{Engine, webhooks};
use model::event::{Event, Recorded};
use model::id::{Seq, TicketId, UserId, WebhookId};
use model::people::User;
use model::ticket::{Status, Ticket};
use model::webhook::Webhook;
use model::{Error, Result};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// Events of one ticket that are read to know how it stood.
const HISTORY: usize = 20_000;

/// A webhook and the key that signs for it.
#[derive(Clone)]
pub struct Endpoint {
    pub webhook: Webhook,
    /// It is told of what comes after this place.
    pub since: Seq,
    key: ring::hmac::Key,
}

impl Endpoint {
    /// Lower-case hex HMAC-SHA256 of what is sent, under the secret as it was shown.
    pub fn sign(&self, body: &[u8]) -> String {
        crate::secret::hex(ring::hmac::sign(&self.key, body).as_ref())
    }
}

/// The endpoints as of a count of changes: what was read before a change is never taken for what is true after it.
#[derive(Default)]
pub(crate) struct Endpoints {
    changes: AtomicU64,
    known: Mutex<Option<(u64, Arc<Vec<Endpoint>>)>>,
}

impl Endpoints {
    pub(crate) fn observe(&self, event: &Event) {
        if event.webhook().is_some() {
            self.changes.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// A ticket as it stood right after an event, and the people around it as they are now.
#[derive(Debug, Clone)]
pub struct Picture {
    pub ticket: Ticket,
    /// Whether it was reopened and nothing had happened to it since, right before the event.
    pub was_reopened: bool,
    pub people: Vec<Arc<User>>,
}

impl Picture {
    pub fn person(&self, id: Option<UserId>) -> Option<&User> {
        self.people.iter().map(Arc::as_ref).find(|user| Some(user.id) == id)
    }
}

impl Engine {
    /// All webhooks with their keys, for whoever sends.
    pub async fn endpoints(&self) -> Result<Arc<Vec<Endpoint>>> {
        let endpoints = &self.0.endpoints;
        let changes = endpoints.changes.load(Ordering::SeqCst);
        if let Some((of, known)) = endpoints.known.lock().map_err(Error::internal)?.as_ref()
            && *of == changes
        {
            return Ok(known.clone());
        }
        let mut all = Vec::new();
        for kept in store::webhook::all(&mut self.0.store.read().await?).await? {
            let secret = self.0.sealer.open(webhooks::SECRET, &kept.secret)?;
            let headers = self.opened(&kept)?;
            let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret.as_bytes());
            all.push(Endpoint { webhook: Webhook { headers, ..kept.webhook }, since: kept.since, key });
        }
        let all = Arc::new(all);
        *endpoints.known.lock().map_err(Error::internal)? = Some((changes, all.clone()));
        Ok(all)
    }

    /// One of them.
    pub async fn endpoint(&self, id: WebhookId) -> Result<Option<Endpoint>> {
        Ok(self.endpoints().await?.iter().find(|e| e.webhook.id == id).cloned())
    }

    /// The ticket of an event as it stood then, whenever that is asked. Nothing for an event of no ticket, and for a
    /// comment that is internal or withdrawn by now.
    #[expect(clippy::wildcard_enum_match_arm, reason = "only a few events tell of more than the ticket")]
    pub async fn picture(&self, recorded: &Recorded) -> Result<Option<Picture>> {
        let Some(id) = recorded.event.ticket() else { return Ok(None) };
        let author = match &recorded.event {
            Event::CommentAdded { comment, .. } => {
                let now = store::comment::by_id(&mut self.0.store.read().await?, comment.id).await?;
                if now.is_none_or(|c| !c.is_public()) {
                    return Ok(None);
                }
                comment.author
            }
            _ => None,
        };
        let was_reopened = match &recorded.event {
            // Only an open ticket can have been reopened just before.
            Event::StatusChanged { status, .. } if status.from == Status::Open => {
                self.ticket_at(id, Seq(recorded.seq.0 - 1)).await?.is_some_and(|t| t.reopened)
            }
            _ => false,
        };
        let Some(ticket) = self.ticket_at(id, recorded.seq).await? else { return Ok(None) };
        let mut ids: Vec<UserId> = [Some(ticket.requester), ticket.assignee, author].into_iter().flatten().collect();
        ids.sort_unstable();
        ids.dedup();
        let people = self.known_people(&ids).await?;
        Ok(Some(Picture { ticket, was_reopened, people }))
    }

    /// A ticket as it stood after an event: as it is, or, where more has happened since, folded out of the log.
    pub(crate) async fn ticket_at(&self, id: TicketId, seq: Seq) -> Result<Option<Ticket>> {
        let mut conn = self.0.store.read().await?;
        let now = store::ticket::by_id(&mut conn, id).await?;
        if store::event::last_of_ticket(&mut conn, id).await? <= seq {
            return Ok(now);
        }
        let mut events = store::event::of_ticket_until(&mut conn, id, seq, HISTORY).await?.into_iter();
        drop(conn);
        let Some(Recorded { event: Event::TicketOpened { ticket, .. }, .. }) = events.next() else { return Ok(now) };
        let mut ticket = *ticket;
        for recorded in events {
            ticket.evolve(&recorded.event, recorded.at);
        }
        Ok(Some(ticket))
    }
}
