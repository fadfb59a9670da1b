//! The cube of tickets: counts and sums by day of creation, assignee, category, priority and status, kept with every change.
//!
//! Counting is a sum over a few hundred rows instead of a scan of a million tickets. Deleted tickets are in no cell.

use crate::db::{Conn, Sql, Value};
use model::Result;
use model::ticket::{Priority, Status, Ticket};
use model::time::Zone;
use std::collections::BTreeMap;

/// A cell's place: day, assignee (0: nobody), category (0: none), priority's rank, status.
type Cell = (i64, i64, i64, i64, &'static str);

/// Sums in the order of the columns.
const SUMS: [&str; 10] = [
    "tickets",
    "reopened",
    "escalated",
    "responded",
    "response_minutes",
    "response_met",
    "resolved",
    "resolution_minutes",
    "resolution_met",
    "breached",
];

#[derive(Default)]
pub(crate) struct Deltas(BTreeMap<Cell, [i64; 10]>);

impl Deltas {
    /// Takes the ticket out of its old cell and puts it into its new one.
    pub(crate) fn moved(&mut self, before: Option<&Ticket>, after: &Ticket, zone: Zone) {
        if let Some(before) = before {
            self.add(before, -1, zone);
        }
        self.add(after, 1, zone);
    }

    fn add(&mut self, ticket: &Ticket, sign: i64, zone: Zone) {
        if ticket.deleted_at.is_some() {
            return;
        }
        let cell = (
            zone.day_number(ticket.created_at),
            ticket.assignee.map_or(0, |u| u.0),
            ticket.category.map_or(0, |c| c.0),
            ticket.priority.rank(),
            ticket.status.word(),
        );
        let yes = i64::from;
        let values = [
            1,
            yes(ticket.reopened),
            yes(ticket.escalated),
            yes(ticket.first_reply_at.is_some()),
            ticket.response_minutes().unwrap_or(0),
            yes(ticket.first_reply_at.is_some_and(|at| at <= ticket.response_due_at)),
            yes(ticket.resolved_at.is_some()),
            ticket.resolution_minutes().unwrap_or(0),
            yes(ticket.resolved_at.is_some_and(|at| at <= ticket.resolution_due_at)),
            yes(ticket.response_breached || ticket.resolution_breached),
        ];
        let sums = self.0.entry(cell).or_default();
        for (sum, value) in sums.iter_mut().zip(values) {
            *sum += sign * value;
        }
    }

    pub(crate) async fn write(self, conn: &mut Conn) -> Result<()> {
        let adds = SUMS.map(|s| format!("{s} = ticket_cube.{s} + excluded.{s}")).join(", ");
        for ((day, assignee, category, priority, status), sums) in self.0 {
            if sums.iter().all(|s| *s == 0) {
                continue;
            }
            let text = format!(
                "INSERT INTO ticket_cube (day, assignee_id, category_id, priority, status, {}) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) \
                 ON CONFLICT (day, assignee_id, category_id, priority, status) DO UPDATE SET {adds}",
                SUMS.join(", ")
            );
            let sql = Sql::built(text).bind(day).bind(assignee).bind(category).bind(priority).bind(status);
            conn.run(sql.bind_all(sums.into_iter().map(Value::from))).await?;
        }
        Ok(())
    }
}

/// Which cells.
#[derive(Debug, Clone, Default)]
pub struct CubeFilter {
    pub status: Vec<Status>,
    pub priority: Vec<Priority>,
    /// Category ids; 0: none.
    pub category: Vec<i64>,
    /// Assignee ids; 0: nobody.
    pub assignee: Vec<i64>,
    /// Days since 1970 in the business zone, both inclusive.
    pub from_day: Option<i64>,
    pub to_day: Option<i64>,
}

/// By what cells are summed up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CubeGroup {
    All,
    Status,
    Priority,
    Category,
    Assignee,
    Day,
}

/// The sums of a group of cells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sums {
    /// The group's value as text: a status word, a priority's rank, an id or a day; empty for `All`.
    pub group: String,
    pub tickets: i64,
    pub reopened: i64,
    pub escalated: i64,
    pub responded: i64,
    pub response_minutes: i64,
    pub response_met: i64,
    pub resolved: i64,
    pub resolution_minutes: i64,
    pub resolution_met: i64,
    pub breached: i64,
}

/// Sums up.
pub async fn sums(conn: &mut Conn, filter: &CubeFilter, group: CubeGroup) -> Result<Vec<Sums>> {
    let column = match group {
        CubeGroup::All => "''",
        CubeGroup::Status => "status",
        CubeGroup::Priority => "CAST(priority AS TEXT)",
        CubeGroup::Category => "CAST(category_id AS TEXT)",
        CubeGroup::Assignee => "CAST(assignee_id AS TEXT)",
        CubeGroup::Day => "CAST(day AS TEXT)",
    };
    let list = SUMS.map(|s| format!("CAST(COALESCE(SUM({s}), 0) AS BIGINT)")).join(", ");
    let mut sql = Sql::built(format!("SELECT {column}, {list} FROM ticket_cube WHERE tickets <> 0"));
    sql.and_in("status", filter.status.iter().map(|s| s.word()));
    sql.and_in("priority", filter.priority.iter().map(|p| p.rank()));
    sql.and_in("category_id", filter.category.iter().copied());
    sql.and_in("assignee_id", filter.assignee.iter().copied());
    if let Some(day) = filter.from_day {
        sql.push(" AND day >= ").push_arg(day);
    }
    if let Some(day) = filter.to_day {
        sql.push(" AND day <= ").push_arg(day);
    }
    if group != CubeGroup::All {
        sql.push(&format!(" GROUP BY {column} ORDER BY {column}"));
    }
    conn.list(sql, |c| {
        Ok(Sums {
            group: c.text()?,
            tickets: c.int()?,
            reopened: c.int()?,
            escalated: c.int()?,
            responded: c.int()?,
            response_minutes: c.int()?,
            response_met: c.int()?,
            resolved: c.int()?,
            resolution_minutes: c.int()?,
            resolution_met: c.int()?,
            breached: c.int()?,
        })
    })
    .await
}

/// The same sums over one requester's tickets, which are few: read from the tickets themselves.
pub async fn of_requester(
    conn: &mut Conn,
    requester: model::id::UserId,
    assignee: Option<model::id::UserId>,
    days: (Option<i64>, Option<i64>),
    group: CubeGroup,
) -> Result<Vec<Sums>> {
    let mut sql = Sql::built(format!(
        "SELECT {} FROM tickets t WHERE t.deleted_at IS NULL AND t.requester_id = ",
        crate::ticket::select_list()
    ));
    sql.push_arg(requester);
    if let Some(assignee) = assignee {
        sql.push(" AND t.assignee_id = ").push_arg(assignee);
    }
    let tickets = conn.list(sql, crate::ticket::read).await?;
    let mut deltas = Deltas::default();
    let zone = Zone::default();
    for ticket in &tickets {
        deltas.add(ticket, 1, zone);
    }
    let mut groups: BTreeMap<String, Sums> = BTreeMap::new();
    for ((day, assignee, category, priority, status), sums) in deltas.0 {
        if days.0.is_some_and(|from| day < from) || days.1.is_some_and(|to| day > to) {
            continue;
        }
        let name = match group {
            CubeGroup::All => String::new(),
            CubeGroup::Status => status.to_owned(),
            CubeGroup::Priority => priority.to_string(),
            CubeGroup::Category => category.to_string(),
            CubeGroup::Assignee => assignee.to_string(),
            CubeGroup::Day => day.to_string(),
        };
        let entry = groups.entry(name.clone()).or_insert_with(|| Sums { group: name, ..Sums::default() });
        let [
            tickets,
            reopened,
            escalated,
            responded,
            response_minutes,
            response_met,
            resolved,
            resolution_minutes,
            resolution_met,
            breached,
        ] = sums;
        entry.tickets += tickets;
        entry.reopened += reopened;
        entry.escalated += escalated;
        entry.responded += responded;
        entry.response_minutes += response_minutes;
        entry.response_met += response_met;
        entry.resolved += resolved;
        entry.resolution_minutes += resolution_minutes;
        entry.resolution_met += resolution_met;
        entry.breached += breached;
    }
    Ok(groups.into_values().collect())
}
