//! What a helpdesk's front page shows: the work that lies there by name, and how much of each there is.
//!
//! A number is the length of the list of its name, because both are made of the same filter. Agents are shown their own work
//! and what is nobody's, whatever else they may look up (`dialects.md` 2.2).

use crate::{Engine, Statistics, StatisticsQuery, see};
use model::access::{self, Operation};
use model::people::Role;
use model::query::TicketFilter;
use model::ticket::{Priority, Status};
use model::{Actor, Result, Time};

/// A pile of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pile {
    /// Assigned to the actor; what they asked for, where they work on nothing.
    Mine,
    /// Nobody's, and not finished.
    Unassigned,
    /// Past its own due date, and not finished.
    Overdue,
    /// Past the time by which the service level wants it resolved, and not finished.
    Breached,
    /// Of high priority or above, and not finished.
    Pressing,
}

/// How much there is, of tickets created since an instant or of all.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DeskFigures {
    /// An agent's are over the tickets assigned to them.
    pub all: Statistics,
    pub mine: i64,
    pub unassigned: i64,
    pub pressing: i64,
}

const ACTIVE: [Status; 4] = [Status::New, Status::Open, Status::InProgress, Status::Pending];
const PRESSING: [Priority; 3] = [Priority::High, Priority::Urgent, Priority::Critical];

impl Pile {
    /// The tickets that it is, for this actor.
    pub fn filter(self, actor: &Actor) -> TicketFilter {
        let all = TicketFilter::default();
        let own = actor.user().into_iter().filter(|_| actor.role() == Some(Role::Agent)).collect();
        match self {
            Self::Mine if actor.is_staff() => TicketFilter { assignee: actor.user().into_iter().collect(), ..all },
            Self::Mine => TicketFilter { requester: actor.user().into_iter().collect(), ..all },
            Self::Unassigned => TicketFilter { status: ACTIVE.to_vec(), unassigned: Some(true), ..all },
            Self::Overdue => TicketFilter { assignee: own, overdue: Some(true), ..all },
            Self::Breached => TicketFilter { assignee: own, sla_overdue: Some(true), ..all },
            Self::Pressing => {
                TicketFilter { assignee: own, status: ACTIVE.to_vec(), priority: PRESSING.to_vec(), ..all }
            }
        }
    }
}

impl Engine {
    pub async fn desk_figures(&self, actor: &Actor, since: Option<Time>) -> Result<DeskFigures> {
        access::in_general(actor, Operation::ReadStatistics)?;
        let scope = see::scope(actor).ok_or_else(access::sign_in)?;
        let assignee = actor.user().filter(|_| actor.role() == Some(Role::Agent));
        let all = self.statistics(actor, StatisticsQuery { from: since, to: None, assignee }).await?;
        let mut conn = self.0.store.read().await?;
        let mut counts = [0; 3];
        for (count, work) in counts.iter_mut().zip([Pile::Mine, Pile::Unassigned, Pile::Pressing]) {
            let filter = TicketFilter { created_from: since, ..work.filter(actor) };
            *count = store::list::count(&mut conn, &filter, scope, self.now()).await?;
        }
        let [mine, unassigned, pressing] = counts;
        Ok(DeskFigures { all, mine, unassigned, pressing })
    }
}
