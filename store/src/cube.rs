//! The cube of tickets: counts and sums by day of creation, assignee, category, priority and status, kept with every change.
//!
//! Counting is a sum over a few hundred rows instead of a scan of a million tickets. Two levels of cells hold the sums over
//! all days (`ALL_DAYS`): each assignee's, and `EVERYBODY`'s. Deleted tickets are in no cell.

use crate::db::{Conn, Sql, Value};
use crate::list::ACTIVE;
use crate::sheet::Sheet;
use model::id::UserId;
use model::ticket::{Priority, Status, Ticket};
use model::time::Zone;
use model::{Result, Time};
use std::collections::BTreeMap;

/// A cell's place: day, assignee (0: nobody), category (0: none), priority's rank, status.
type Cell = (i64, i64, i64, i64, &'static str);

/// The day of the cells that hold the sums over all days.
const ALL_DAYS: i64 = -1;
/// Their assignee, where they hold everybody's.
const EVERYBODY: i64 = -1;

/// How many sums a cell holds.
const WIDTH: usize = 11;

/// Sums in the order of the columns.
const SUMS: [&str; WIDTH] = [
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
    // Active and marked as past the resolution time. The cells of single days don't hold it.
    "late",
];

#[derive(Default)]
pub(crate) struct Deltas(BTreeMap<Cell, [i64; WIDTH]>);

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
        let assignee = ticket.assignee.map_or(0, |u| u.0);
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
        let late = yes(ticket.is_active() && ticket.resolution_breached);
        let day = zone.day_number(ticket.created_at);
        for (day, assignee, late) in [(day, assignee, 0), (ALL_DAYS, assignee, late), (ALL_DAYS, EVERYBODY, late)] {
            let category = ticket.category.map_or(0, |c| c.0);
            let cell = (day, assignee, category, ticket.priority.rank(), ticket.status.word());
            let sums = self.0.entry(cell).or_default();
            for (sum, value) in sums.iter_mut().zip(values.into_iter().chain([late])) {
                *sum += sign * value;
            }
        }
    }

    /// The cells that change.
    pub(crate) fn sheet(self) -> Sheet {
        let adds = SUMS.map(|s| format!("{s} = ticket_cube.{s} + excluded.{s}")).join(", ");
        let changed = self.0.into_iter().filter(|(_, sums)| sums.iter().any(|s| *s != 0));
        let rows = changed.map(|((day, assignee, category, priority, status), sums)| {
            let place = [day.into(), assignee.into(), category.into(), priority.into(), Value::from(status)];
            place.into_iter().chain(sums.into_iter().map(Value::from)).collect()
        });
        let columns = format!("day, assignee_id, category_id, priority, status, {}", SUMS.join(", "));
        Sheet::new("ticket_cube", columns, rows.collect())
            .tail(format!(" ON CONFLICT (day, assignee_id, category_id, priority, status) DO UPDATE SET {adds}"))
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

impl CubeFilter {
    /// The level of cells that answers with the fewest rows, and which of its cells.
    fn conditions(&self, sql: &mut Sql) {
        if self.from_day.is_none() && self.to_day.is_none() {
            sql.push(" AND day = ").push_arg(ALL_DAYS);
            if self.assignee.is_empty() {
                sql.push(" AND assignee_id = ").push_arg(EVERYBODY);
            }
        } else {
            sql.push(" AND day >= ").push_arg(self.from_day.unwrap_or(0).max(0));
        }
        sql.and_in("status", self.status.iter().map(|s| s.word()));
        sql.and_in("priority", self.priority.iter().map(|p| p.rank()));
        sql.and_in("category_id", self.category.iter().copied());
        sql.and_in("assignee_id", self.assignee.iter().copied());
        if let Some(day) = self.to_day {
            sql.push(" AND day <= ").push_arg(day);
        }
    }
}

/// By what cells are summed up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CubeGroup {
    All,
    Status,
}

/// The sums of a group of cells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sums {
    /// The status word; empty for `All`.
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
    /// Active and marked as past the resolution time; only where no days are asked for.
    pub late: i64,
}

/// Sums up.
pub async fn sums(conn: &mut Conn, filter: &CubeFilter, group: CubeGroup) -> Result<Vec<Sums>> {
    let column = match group {
        CubeGroup::All => "''",
        CubeGroup::Status => "status",
    };
    let list = SUMS.map(|s| format!("CAST(COALESCE(SUM({s}), 0) AS BIGINT)")).join(", ");
    let mut sql = Sql::built(format!("SELECT {column}, {list} FROM ticket_cube WHERE tickets <> 0"));
    filter.conditions(&mut sql);
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
            late: c.int()?,
        })
    })
    .await
}

/// Cells summed up in every way that statistics tell of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overview {
    /// In the order of [`SUMS`].
    sums: [i64; WIDTH],
    /// Tickets by status word.
    pub status: BTreeMap<String, i64>,
    /// Tickets by the priority's rank.
    pub priority: BTreeMap<i64, i64>,
    /// Tickets by category; 0: none.
    pub category: BTreeMap<i64, i64>,
    /// Nobody's tickets.
    pub unassigned: i64,
}

impl Overview {
    pub fn all(&self) -> Sums {
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
            late,
        ] = self.sums;
        Sums {
            group: String::new(),
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
            late,
        }
    }

    /// Adds another's sums to these.
    pub fn add(&mut self, other: &Self) {
        for (sum, more) in self.sums.iter_mut().zip(other.sums) {
            *sum += more;
        }
        for (status, tickets) in &other.status {
            *self.status.entry(status.clone()).or_default() += tickets;
        }
        for (own, others) in [(&mut self.priority, &other.priority), (&mut self.category, &other.category)] {
            for (key, tickets) in others {
                *own.entry(*key).or_default() += tickets;
            }
        }
        self.unassigned += other.unassigned;
    }

    /// Takes in a row of the statement below: which sum, of what, how much.
    fn read(&mut self, which: &str, key: &str, value: i64) {
        let number = key.parse::<i64>().unwrap_or_default();
        match which {
            "status" => drop(self.status.insert(key.to_owned(), value)),
            "priority" => drop(self.priority.insert(number, value)),
            "category" => drop(self.category.insert(number, value)),
            "nobody" => self.unassigned = value,
            _ => {
                if let Some((_, sum)) = SUMS.iter().zip(&mut self.sums).find(|(name, _)| **name == which) {
                    *sum = value;
                }
            }
        }
    }
}

fn sum(name: &str) -> String {
    format!("CAST(COALESCE(SUM({name}), 0) AS BIGINT)")
}

/// Sums up in every way at once: the cube is read once, however many ways there are.
pub async fn overview(conn: &mut Conn, filter: &CubeFilter) -> Result<Overview> {
    let keys = "status, priority, category_id";
    let list = SUMS.map(|s| format!("SUM({s}) AS {s}")).join(", ");
    // Everybody's cells don't know whose they are.
    let nobody = CubeFilter {
        assignee: if filter.assignee.is_empty() { vec![0] } else { filter.assignee.clone() },
        ..filter.clone()
    };
    let mut sql = Sql::built(format!("WITH nobodys AS (SELECT {} AS tickets FROM ticket_cube", sum("tickets")));
    sql.push(" WHERE tickets <> 0 AND assignee_id = 0");
    nobody.conditions(&mut sql);
    sql.push(&format!("), cells AS (SELECT {keys}, {list} FROM ticket_cube WHERE tickets <> 0"));
    filter.conditions(&mut sql);
    sql.push(&format!(" GROUP BY {keys})"));
    summed_up(conn, sql).await
}

/// The rest of a statement that begins with `cells` and `nobodys`. Few of the cells' sums are wanted in each way, so each is
/// a short row of its own.
async fn summed_up(conn: &mut Conn, mut sql: Sql) -> Result<Overview> {
    let mut ways = SUMS.map(|name| format!("SELECT '{name}', '', {} FROM cells", sum(name))).to_vec();
    for (name, column) in [("status", "status"), ("priority", "priority"), ("category", "category_id")] {
        let tickets = sum("tickets");
        ways.push(format!("SELECT '{name}', CAST({column} AS TEXT), {tickets} FROM cells GROUP BY {column}"));
    }
    ways.push("SELECT 'nobody', '', tickets FROM nobodys".to_owned());
    sql.push(" ").push(&ways.join(" UNION ALL "));
    let mut overview = Overview::default();
    for (which, key, value) in conn.list(sql, |c| Ok((c.text()?, c.text()?, c.int()?))).await? {
        overview.read(&which, &key, value);
    }
    Ok(overview)
}

/// Which of a requester's tickets.
#[derive(Debug, Clone, Copy)]
pub enum Held {
    Any,
    By(UserId),
    /// Assigned to somebody, but not to this one.
    Elsewhere(UserId),
}

/// The same over one requester's tickets, which are in no cell of their own: summed up from the tickets themselves, by the
/// rules of `Deltas`. `from` and `to` (which is excluded) are when they were created.
pub async fn of_requester(
    conn: &mut Conn,
    requester: UserId,
    held: Held,
    (from, to): (Option<Time>, Option<Time>),
) -> Result<Overview> {
    let count = |condition: &str| format!("SUM(CASE WHEN {condition} THEN 1 ELSE 0 END)");
    let minutes =
        |until: &str| format!("SUM(CASE WHEN {until} > created_at THEN ({until} - created_at) / 60000 ELSE 0 END)");
    let sums = [
        "COUNT(*)".to_owned(),
        count("reopened"),
        count("escalated"),
        "COUNT(first_reply_at)".to_owned(),
        minutes("first_reply_at"),
        count("first_reply_at <= response_due_at"),
        "COUNT(resolved_at)".to_owned(),
        minutes("resolved_at"),
        count("resolved_at <= resolution_due_at"),
        count("response_breached OR resolution_breached"),
        count(&format!("resolution_breached AND {ACTIVE}")),
    ];
    let list: Vec<String> = sums.iter().zip(SUMS).map(|(sum, name)| format!("{sum} AS {name}")).collect();
    let mut sql =
        Sql::built("WITH own AS (SELECT * FROM tickets t WHERE deleted_at IS NULL AND requester_id = ".to_owned());
    sql.push_arg(requester);
    match held {
        Held::Any => {}
        Held::By(user) => {
            sql.push(" AND assignee_id = ").push_arg(user);
        }
        Held::Elsewhere(user) => {
            sql.push(" AND assignee_id <> ").push_arg(user);
        }
    }
    if let Some(from) = from {
        sql.push(" AND created_at >= ").push_arg(from);
    }
    if let Some(to) = to {
        sql.push(" AND created_at < ").push_arg(to);
    }
    sql.push(") , nobodys AS (SELECT COUNT(*) AS tickets FROM own WHERE assignee_id IS NULL), ");
    sql.push(&format!(
        "cells AS (SELECT status, priority, COALESCE(category_id, 0) AS category_id, {} FROM own \
         GROUP BY status, priority, COALESCE(category_id, 0))",
        list.join(", ")
    ));
    summed_up(conn, sql).await
}
