//! Statistics out of the cube: the same speed whatever the number of tickets.

use crate::{Engine, see};
use model::access::{self, Operation};
use model::id::{CategoryId, UserId};
use model::query::TicketFilter;
use model::ticket::{Priority, Status};
use model::time::Zone;
use model::{Actor, Result, Time};
use store::Scope;
use store::cube::{CubeFilter, CubeGroup, Held, Sums, sums};

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
        let filter = CubeFilter {
            from_day: days.0,
            to_day: days.1,
            assignee: query.assignee.map(|u| u.0).into_iter().collect(),
            ..CubeFilter::default()
        };
        let mut conn = self.0.store.read().await?;
        // A requester's tickets are few and not in the cube: they are counted themselves.
        let cells = match scope {
            Scope::All => Cells::Cube(filter),
            // What an agent requested and somebody else works on is theirs to see as well, as in the lists.
            Scope::Agent(me) => match query.assignee {
                Some(other) if other != me => Cells::Requester(me, Held::By(other)),
                Some(_) => Cells::Cube(filter),
                None => Cells::Both(CubeFilter { assignee: vec![me.0, 0], ..filter }, me),
            },
            Scope::Requester(user) => Cells::Requester(user, query.assignee.map_or(Held::Any, Held::By)),
        };
        let of = |group| Grouped { cells: &cells, group, zone, days };
        let all = of(CubeGroup::All).read(&mut conn).await?.into_iter().next().unwrap_or_default();
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
        let status = of(CubeGroup::Status).read(&mut conn).await?;
        result.by_status = Status::ALL.into_iter().map(|s| (s, found(&status, s.word()))).collect();
        let priority = of(CubeGroup::Priority).read(&mut conn).await?;
        result.by_priority = Priority::ALL.into_iter().map(|p| (p, found(&priority, &p.rank().to_string()))).collect();
        let category = of(CubeGroup::Category).read(&mut conn).await?;
        let id = |text: &str| text.parse().ok().filter(|n| *n != 0).map(CategoryId);
        result.by_category = category.iter().map(|s| (id(&s.group), s.tickets)).collect();
        let assignee = of(CubeGroup::Assignee).read(&mut conn).await?;
        result.unassigned = found(&assignee, "0");
        let late = TicketFilter {
            assignee: query.assignee.into_iter().collect(),
            created_from: query.from.map(|t| zone.day_start(zone.day_number(t))),
            created_to: query.to.map(|t| zone.day_start(zone.day_number(t) + 1)),
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

enum Cells {
    Cube(CubeFilter),
    Requester(UserId, Held),
    Both(CubeFilter, UserId),
}

/// One grouping that is still to be read.
struct Grouped<'a> {
    cells: &'a Cells,
    group: CubeGroup,
    zone: Zone,
    days: (Option<i64>, Option<i64>),
}

impl Grouped<'_> {
    async fn read(&self, conn: &mut store::Conn) -> Result<Vec<Sums>> {
        match self.cells {
            Cells::Cube(filter) => sums(conn, filter, self.group).await,
            Cells::Requester(user, held) => self.requested(conn, *user, *held).await,
            Cells::Both(filter, me) => {
                let mut all = sums(conn, filter, self.group).await?;
                for more in self.requested(conn, *me, Held::Elsewhere(*me)).await? {
                    match all.iter_mut().find(|s| s.group == more.group) {
                        Some(known) => known.add(&more),
                        None => all.push(more),
                    }
                }
                Ok(all)
            }
        }
    }

    async fn requested(&self, conn: &mut store::Conn, user: UserId, held: Held) -> Result<Vec<Sums>> {
        store::cube::of_requester(conn, user, held, self.days, self.group, self.zone).await
    }
}

fn found(sums: &[Sums], group: &str) -> i64 {
    sums.iter().find(|s| s.group == group).map_or(0, |s| s.tickets)
}

fn average(sum: i64, count: i64) -> Option<f64> {
    (count > 0).then(|| sum as f64 / count as f64)
}
