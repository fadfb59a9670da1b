//! Counts and durations over the tickets that the viewer may see.

use crate::category::Category;
use crate::context::Call;
use crate::error::Result;
use crate::words::{Priority, Status};
use async_graphql::{ComplexObject, Context, SimpleObject};
use model::id::CategoryId;

/// Counts and durations over the tickets that you may see.
#[derive(SimpleObject)]
pub struct Statistics {
    /// All of them.
    total: i64,
    /// How many stand where.
    by_status: Vec<StatusCount>,
    /// How many matter how much.
    by_priority: Vec<PriorityCount>,
    /// How many are in which category.
    by_category: Vec<CategoryCount>,
    /// Reopened ones.
    reopened: i64,
    /// Escalated ones.
    escalated: i64,
    /// Nobody's.
    unassigned: i64,
    /// Past their own due date and still worked on.
    overdue: i64,
    /// Past their service level's resolution time and still worked on.
    sla_overdue: i64,
    /// With a missed service level.
    breached: i64,
    /// With a first answer.
    responded: i64,
    /// With a first answer in time.
    response_met: i64,
    /// Minutes to the first answer, on average; null if there was none.
    average_response_minutes: Option<f64>,
    /// Resolved ones.
    resolved: i64,
    /// Resolved in time.
    resolution_met: i64,
    /// Minutes to the resolution, on average; null if there was none.
    average_resolution_minutes: Option<f64>,
    /// Percent of the tickets that missed no service level; null if there are no tickets.
    sla_compliance: Option<f64>,
}

/// How many tickets are in a status.
#[derive(SimpleObject)]
pub struct StatusCount {
    /// The status.
    status: Status,
    /// How many.
    count: i64,
}

/// How many tickets have a priority.
#[derive(SimpleObject)]
pub struct PriorityCount {
    /// The priority.
    priority: Priority,
    /// How many.
    count: i64,
}

/// How many tickets are in a category.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct CategoryCount {
    #[graphql(skip)]
    id: Option<CategoryId>,
    /// How many.
    count: i64,
}

#[ComplexObject]
impl CategoryCount {
    /// The category; null for tickets without one.
    async fn category(&self, ctx: &Context<'_>) -> Result<Option<Category>> {
        match self.id {
            Some(id) => Ok(Call::of(ctx)?.loaders.category(id).await?.map(Category)),
            None => Ok(None),
        }
    }
}

impl From<engine::Statistics> for Statistics {
    fn from(counted: engine::Statistics) -> Self {
        Self {
            total: counted.total,
            by_status: counted
                .by_status
                .into_iter()
                .map(|(status, count)| StatusCount { status: status.into(), count })
                .collect(),
            by_priority: counted
                .by_priority
                .into_iter()
                .map(|(priority, count)| PriorityCount { priority: priority.into(), count })
                .collect(),
            by_category: counted.by_category.into_iter().map(|(id, count)| CategoryCount { id, count }).collect(),
            reopened: counted.reopened,
            escalated: counted.escalated,
            unassigned: counted.unassigned,
            overdue: counted.overdue,
            sla_overdue: counted.sla_overdue,
            breached: counted.breached,
            responded: counted.responded,
            response_met: counted.response_met,
            average_response_minutes: counted.average_response_minutes,
            resolved: counted.resolved,
            resolution_met: counted.resolution_met,
            average_resolution_minutes: counted.average_resolution_minutes,
            sla_compliance: counted.sla_compliance,
        }
    }
}
