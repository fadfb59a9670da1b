//! What makes reading cheap: look-ups that requests share, and answers that stay true until the next commit.

use crate::answers::Answers;
use crate::gather::{Gather, Load};
use crate::seat::Seat;
use crate::{Engine, Inner};
use model::comment::Comment;
use model::id::{Seq, TicketId};
use model::query::{Page, Slice, Sort, TicketFilter};
use model::ticket::Ticket;
use model::{Error, Result};
use std::collections::HashMap;
use std::sync::{Arc, Weak};
use store::detail::Opening;
use store::{Scope, Store};

/// How many rows of lists are kept: some megabytes of tickets.
const ROWS: usize = 2_000;
/// Look-ups of tickets that are under way at the same time. SQLite has each done by a thread that has to be woken for it, which
/// takes longer than the look-up, so what comes meanwhile goes along with the next; a PostgreSQL server works on several.
const AT_ONCE: usize = 1;
const AT_ONCE_ON_POSTGRES: usize = 4;

/// A ticket with its first comments.
#[derive(Debug)]
pub struct Opened {
    pub ticket: Arc<Ticket>,
    /// Oldest first, the description among them; those that the reader may read.
    pub comments: Vec<Arc<Comment>>,
}

/// A list that was asked for.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Listed {
    pub scope: Scope,
    pub filter: TicketFilter,
    pub sort: Sort,
    pub page: Page,
}

pub(crate) struct Reads {
    pub tickets: Gather<TicketId, Arc<Ticket>>,
    pub opened: Gather<(TicketId, Opening), Arc<Opened>>,
    pub lists: Answers<Listed, Slice<Arc<Ticket>>>,
    pub counts: Answers<(Scope, TicketFilter), i64>,
    place: Gather<(), Seq>,
}

impl Reads {
    pub(crate) fn of(store: &Store) -> Self {
        let seat = Seat::at(store);
        let at_once = if seat == Seat::Task { AT_ONCE_ON_POSTGRES } else { AT_ONCE };
        Self {
            tickets: Gather::new(at_once, seat),
            opened: Gather::new(at_once, seat),
            lists: Answers::new(ROWS),
            counts: Answers::new(ROWS),
            // The same answer for all, and no work to be done side by side.
            place: Gather::new(1, seat),
        }
    }
}

impl Engine {
    /// The last place of the log, as the store knows it now, whoever wrote last.
    pub(crate) async fn committed(&self) -> Result<Seq> {
        let last = self.0.reads.place.get((), self.reader()).await?;
        last.ok_or_else(|| Error::internal("the log has no last place"))
    }

    /// The same, if everything up to there has been handed on in this process: then what it keeps in memory, of people for
    /// one, is as new as what the store has, and an answer that is made of both is true at that place.
    pub async fn settled(&self) -> Result<Option<Seq>> {
        let last = self.committed().await?;
        Ok(Some(last).filter(|&last| self.0.hub.last() >= last))
    }

    pub(crate) fn reader(&self) -> Reader {
        Reader(Arc::downgrade(&self.0))
    }
}

/// Asks the store for a batch.
#[derive(Clone)]
pub(crate) struct Reader(Weak<Inner>);

impl Reader {
    async fn conn(&self) -> Result<store::Conn> {
        let inner = self.0.upgrade().ok_or(Error::Busy { after_ms: 1_000 })?;
        inner.store.read_here().await
    }
}

impl Load<(), Seq> for Reader {
    async fn load(self, _keys: Vec<()>) -> Result<HashMap<(), Seq>> {
        let last = store::event::last(&mut self.conn().await?).await?;
        Ok(HashMap::from([((), last)]))
    }
}

impl Load<TicketId, Arc<Ticket>> for Reader {
    async fn load(self, keys: Vec<TicketId>) -> Result<HashMap<TicketId, Arc<Ticket>>> {
        let found = store::ticket::by_ids(&mut self.conn().await?, &keys).await?;
        Ok(found.into_iter().map(|ticket| (ticket.id, Arc::new(ticket))).collect())
    }
}

impl Load<(TicketId, Opening), Arc<Opened>> for Reader {
    /// One statement for each way to open a ticket, of which there are few.
    async fn load(self, keys: Vec<(TicketId, Opening)>) -> Result<HashMap<(TicketId, Opening), Arc<Opened>>> {
        let mut ways: HashMap<Opening, Vec<TicketId>> = HashMap::new();
        for (id, opening) in keys {
            ways.entry(opening).or_default().push(id);
        }
        let mut conn = self.conn().await?;
        let mut all = HashMap::new();
        for (opening, ids) in ways {
            for (id, (ticket, comments)) in store::detail::opened(&mut conn, &ids, opening).await? {
                let comments = comments.into_iter().map(Arc::new).collect();
                all.insert((id, opening), Arc::new(Opened { ticket: Arc::new(ticket), comments }));
            }
        }
        Ok(all)
    }
}
