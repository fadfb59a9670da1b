//! Reports: how service levels were kept in a period, and how one's own tickets stand.

use crate::{Engine, see};
use model::access::{self, Operation};
use model::id::{CategoryId, UserId};
use model::query::TicketFilter;
use model::ticket::{Priority, Status};
use model::{Actor, Result};
use store::cube::{CubeFilter, Held, Overview, of_requester, overview};
use store::report::{Division, Kept, service_levels};

/// By what a report is divided, beside the priority.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportBy {
    Priority,
    Assignee,
    Category,
}

/// Which tickets: those created on these days of the business zone, both included (days since 1970-01-01).
#[derive(Debug, Clone, Copy)]
pub struct ReportQuery {
    pub from_day: i64,
    pub to_day: i64,
    pub by: ReportBy,
}

/// Tickets, and how many of them kept what. What is not due yet counts as kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Levels {
    pub total: i64,
    pub response_met: i64,
    pub resolution_met: i64,
    pub both_met: i64,
}

impl Levels {
    fn add(&mut self, kept: &Kept) {
        self.total += kept.tickets;
        self.response_met += kept.response;
        self.resolution_met += kept.resolution;
        self.both_met += kept.both;
    }
}

/// A report on service levels. Parts without tickets are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    pub overall: Levels,
    /// The most urgent first.
    pub by_priority: Vec<(Priority, Levels)>,
    /// Nobody's tickets among them.
    pub by_assignee: Vec<(Option<UserId>, Levels)>,
    pub by_category: Vec<(Option<CategoryId>, Levels)>,
}

/// How some tickets stand.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tally {
    pub by_status: Vec<(Status, i64)>,
    pub resolved: i64,
    pub average_resolution_minutes: Option<f64>,
}

impl Tally {
    /// How many stand in one of these.
    pub fn of(&self, statuses: &[Status]) -> i64 {
        self.by_status.iter().filter(|(status, _)| statuses.contains(status)).map(|(_, count)| count).sum()
    }

    pub fn total(&self) -> i64 {
        self.of(&Status::ALL)
    }

    fn from(overview: &Overview) -> Self {
        let all = overview.all();
        Self {
            by_status: Status::ALL
                .into_iter()
                .filter_map(|status| Some((status, *overview.status.get(status.word())?)))
                .collect(),
            resolved: all.resolved,
            average_resolution_minutes: (all.resolved > 0).then(|| all.resolution_minutes as f64 / all.resolved as f64),
        }
    }
}

/// How one's own tickets stand.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OwnStatistics {
    pub created: Tally,
    pub assigned: Tally,
    /// Assigned, still worked on, and past the time at which the SLA wants them resolved.
    pub overdue_assigned: i64,
}

impl Engine {
    /// # Errors
    /// `Forbidden` for those who may not ask about everybody's tickets.
    pub async fn report(&self, actor: &Actor, query: ReportQuery) -> Result<Report> {
        access::in_general(actor, Operation::ReadAllTickets)?;
        let zone = self.policy().zone;
        let (from, to) = (zone.day_start(query.from_day), zone.day_start(query.to_day + 1));
        let division = match query.by {
            ReportBy::Priority => Division::Nothing,
            ReportBy::Assignee => Division::Assignee,
            ReportBy::Category => Division::Category,
        };
        let all = service_levels(&mut self.0.store.read().await?, from, to, division, self.now()).await?;
        let mut report = Report::default();
        for kept in &all {
            report.overall.add(kept);
            add(&mut report.by_priority, kept.priority, kept);
            let part = Some(kept.part).filter(|id| *id != 0);
            match query.by {
                ReportBy::Priority => {}
                ReportBy::Assignee => add(&mut report.by_assignee, part.map(UserId), kept),
                ReportBy::Category => add(&mut report.by_category, part.map(CategoryId), kept),
            }
        }
        report.by_assignee.sort_by_key(|(id, _)| *id);
        report.by_category.sort_by_key(|(id, _)| *id);
        Ok(report)
    }

    /// How the tickets stand that the actor requested, and those assigned to them.
    pub async fn own_statistics(&self, actor: &Actor) -> Result<OwnStatistics> {
        access::in_general(actor, Operation::ReadStatistics)?;
        let me = actor.user().ok_or_else(access::sign_in)?;
        let scope = see::scope(actor).ok_or_else(access::sign_in)?;
        let mut conn = self.0.store.read().await?;
        let created = Tally::from(&of_requester(&mut conn, me, Held::Any, (None, None)).await?);
        if !actor.is_staff() {
            return Ok(OwnStatistics { created, ..OwnStatistics::default() });
        }
        let mine = CubeFilter { assignee: vec![me.0], ..CubeFilter::default() };
        let assigned = Tally::from(&overview(&mut conn, &mine).await?);
        let late = TicketFilter { assignee: vec![me], sla_overdue: Some(true), ..TicketFilter::default() };
        let overdue_assigned = store::list::count(&mut conn, &late, scope, self.now()).await?;
        Ok(OwnStatistics { created, assigned, overdue_assigned })
    }
}

fn add<K: PartialEq>(all: &mut Vec<(K, Levels)>, key: K, kept: &Kept) {
    if let Some((_, levels)) = all.iter_mut().find(|(known, _)| *known == key) {
        levels.add(kept);
    } else {
        let mut levels = Levels::default();
        levels.add(kept);
        all.push((key, levels));
    }
}
