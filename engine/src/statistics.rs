//! Statistics out of the cube: the same speed whatever the number of tickets.

use crate::{Engine, see};
use model::access::{self, Operation};
use model::id::{CategoryId, UserId};
use model::query::TicketFilter;
use model::ticket::{Priority, Status};
use model::{Actor, Result, Time};
use store::Scope;
use store::cube::{CubeFilter, Held, of_requester, overview};

/// Which tickets: those created between two instants' days (business zone, both inclusive), of one assignee.
#[derive(Debug, Clone, Default)]
pub struct StatisticsQuery {
    pub from: Option<Time>,
    pub to: Option<Time>,
    pub assignee: Option<UserId>,
}

/// Counts and durations over the tickets that the actor may see.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Statistics {
    pub total: i64,
    pub by_status: Vec<(Status, i64)>,
    pub by_priority: Vec<(Priority, i64)>,
    pub by_category: Vec<(Option<CategoryId>, i64)>,
    pub reopened: i64,
    pub escalated: i64,
    pub unassigned: i64,
    /// Past their own due date, now.
    pub overdue: i64,
    /// Past their SLA resolution time, now.
    pub sla_overdue: i64,
    /// The response or resolution target was missed.
    pub breached: i64,
    pub responded: i64,
    pub response_met: i64,
    pub average_response_minutes: Option<f64>,
    pub resolved: i64,
    pub resolution_met: i64,
    pub average_resolution_minutes: Option<f64>,
    /// Percent of the tickets without a missed target; nothing where there are no tickets.
    pub sla_compliance: Option<f64>,
}

impl Engine {
    pub async fn statistics(&self, actor: &Actor, query: StatisticsQuery) -> Result<Statistics> {
        access::in_general(actor, Operation::ReadStatistics)?;
        let scope = see::scope(actor).ok_or_else(access::sign_in)?;
        let zone = self.policy().zone;
        let days = (query.from.map(|t| zone.day_number(t)), query.to.map(|t| zone.day_number(t)));
        let created = (days.0.map(|day| zone.day_start(day)), days.1.map(|day| zone.day_start(day + 1)));
        let filter = CubeFilter {
            from_day: days.0,
            to_day: days.1,
            assignee: query.assignee.map(|u| u.0).into_iter().collect(),
            ..CubeFilter::default()
        };
        let mut conn = self.0.store.read().await?;
        // A requester's tickets are in no cell of the cube: they are summed up themselves.
        let told = match scope {
            Scope::All => overview(&mut conn, &filter).await?,
            Scope::Agent(me) => match query.assignee {
                Some(other) if other != me => of_requester(&mut conn, me, Held::By(other), created).await?,
                Some(_) => overview(&mut conn, &filter).await?,
                None => {
                    let mut told = overview(&mut conn, &CubeFilter { assignee: vec![me.0, 0], ..filter }).await?;
                    // What an agent requested and somebody else works on is theirs to see as well, as in the lists.
                    told.add(&of_requester(&mut conn, me, Held::Elsewhere(me), created).await?);
                    told
                }
            },
            Scope::Requester(user) => {
                let held = query.assignee.map_or(Held::Any, Held::By);
                of_requester(&mut conn, user, held, created).await?
            }
        };
        let all = told.all();
        let mut result = Statistics {
            total: all.tickets,
            reopened: all.reopened,
            escalated: all.escalated,
            breached: all.breached,
            responded: all.responded,
            response_met: all.response_met,
            average_response_minutes: average(all.response_minutes, all.responded),
            resolved: all.resolved,
            resolution_met: all.resolution_met,
            average_resolution_minutes: average(all.resolution_minutes, all.resolved),
            sla_compliance: average((all.tickets - all.breached) * 100, all.tickets),
            ..Statistics::default()
        };
        let count = |status: Status| told.status.get(status.word()).copied().unwrap_or_default();
        result.by_status = Status::ALL.into_iter().map(|status| (status, count(status))).collect();
        let count = |priority: Priority| told.priority.get(&priority.rank()).copied().unwrap_or_default();
        result.by_priority = Priority::ALL.into_iter().map(|priority| (priority, count(priority))).collect();
        let category = |id: i64| Some(id).filter(|id| *id != 0).map(CategoryId);
        result.by_category = told.category.iter().map(|(id, tickets)| (category(*id), *tickets)).collect();
        result.unassigned = told.unassigned;
        let late = TicketFilter {
            assignee: query.assignee.into_iter().collect(),
            created_from: created.0,
            created_to: created.1,
            ..TicketFilter::default()
        };
        let now = self.now();
        result.overdue =
            store::list::count(&mut conn, &TicketFilter { overdue: Some(true), ..late.clone() }, scope, now).await?;
        result.sla_overdue =
            store::list::count(&mut conn, &TicketFilter { sla_overdue: Some(true), ..late }, scope, now).await?;
        Ok(result)
    }
}

fn average(sum: i64, count: i64) -> Option<f64> {
    (count > 0).then(|| sum as f64 / count as f64)
}
