//! The cube of tickets: counts and sums by day of creation, assignee, category, priority and status, kept with every change.
//!
//! Counting is a sum over a few hundred rows instead of a scan of a million tickets. Deleted tickets are in no cell.

use crate::db::{Conn, Sql, Value};
use crate::sheet::Sheet;
use model::Result;
use model::id::UserId;
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

    /// The cells that change.
    pub(crate) fn sheet(self) -> Sheet {
        let adds = SUMS.map(|s| format!("{s} = ticket_cube.{s} + excluded.{s}")).join(", ");
        let changed = self.0.into_iter().filter(|(_, sums)| sums.iter().any(|s| *s != 0));
        let rows = changed.map(|((day, assignee, category, priority, status), sums)| {
            let place = [day.into(), assignee.into(), category.into(), priority.into(), Value::from(status)];
            place.into_iter().chain(sums.into_iter().map(Value::from)).collect()
        });
        let columns = format!("day, assignee_id, category_id, priority, status, {}", SUMS.join(", "));
        Sheet::new("ticket_cube", &columns, rows.collect())
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
    fn conditions(&self, sql: &mut Sql) {
        sql.and_in("status", self.status.iter().map(|s| s.word()));
        sql.and_in("priority", self.priority.iter().map(|p| p.rank()));
        sql.and_in("category_id", self.category.iter().copied());
        sql.and_in("assignee_id", self.assignee.iter().copied());
        if let Some(day) = self.from_day {
            sql.push(" AND day >= ").push_arg(day);
        }
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
        })
    })
    .await
}

/// Cells summed up in every way that statistics tell of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overview {
    /// In the order of [`SUMS`].
    sums: [i64; 10],
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
        }
    }

    /// Adds another's sums to these.
    pub fn add(&mut self, other: &Self) {
        self.add_sums(other.sums);
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

    fn add_sums(&mut self, more: [i64; 10]) {
        for (sum, more) in self.sums.iter_mut().zip(more) {
            *sum += more;
        }
    }

    fn add_cell(&mut self, (_, assignee, category, priority, status): Cell, sums: [i64; 10]) {
        let [tickets, ..] = sums;
        self.add_sums(sums);
        *self.status.entry(status.to_owned()).or_default() += tickets;
        *self.priority.entry(priority).or_default() += tickets;
        *self.category.entry(category).or_default() += tickets;
        if assignee == 0 {
            self.unassigned += tickets;
        }
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

/// Sums up in every way at once: the cube is read once, however many ways there are.
pub async fn overview(conn: &mut Conn, filter: &CubeFilter) -> Result<Overview> {
    let list = SUMS.map(|s| format!("SUM({s}) AS {s}")).join(", ");
    let keys = "status, priority, category_id, CASE WHEN assignee_id = 0 THEN 1 ELSE 0 END";
    let mut sql =
        Sql::built(format!("WITH cells AS (SELECT {keys} AS nobody, {list} FROM ticket_cube WHERE tickets <> 0"));
    filter.conditions(&mut sql);
    sql.push(&format!(" GROUP BY {keys}) "));
    // Few of the cells' sums are wanted in each way, so each is a short row of its own.
    let sum = |name: &str| format!("CAST(COALESCE(SUM({name}), 0) AS BIGINT)");
    let mut ways = SUMS.map(|name| format!("SELECT '{name}', '', {} FROM cells", sum(name))).to_vec();
    for (name, column) in [("status", "status"), ("priority", "priority"), ("category", "category_id")] {
        let tickets = sum("tickets");
        ways.push(format!("SELECT '{name}', CAST({column} AS TEXT), {tickets} FROM cells GROUP BY {column}"));
    }
    ways.push(format!("SELECT 'nobody', '', {} FROM cells WHERE nobody = 1", sum("tickets")));
    sql.push(&ways.join(" UNION ALL "));
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

/// The same over one requester's tickets, which are few: read from the tickets themselves.
pub async fn of_requester(
    conn: &mut Conn,
    requester: UserId,
    held: Held,
    days: (Option<i64>, Option<i64>),
    zone: Zone,
) -> Result<Overview> {
    let mut sql =
        conn.pick(&crate::ticket::select_list(), "FROM tickets t WHERE t.deleted_at IS NULL AND t.requester_id = ");
    sql.push_arg(requester);
    match held {
        Held::Any => {}
        Held::By(user) => {
            sql.push(" AND t.assignee_id = ").push_arg(user);
        }
        Held::Elsewhere(user) => {
            sql.push(" AND t.assignee_id <> ").push_arg(user);
        }
    }
    let mut deltas = Deltas::default();
    for ticket in conn.list(sql, crate::ticket::read).await? {
        deltas.add(&ticket, 1, zone);
    }
    let mut overview = Overview::default();
    for (cell, sums) in deltas.0 {
        if days.0.is_none_or(|from| cell.0 >= from) && days.1.is_none_or(|to| cell.0 <= to) {
            overview.add_cell(cell, sums);
        }
    }
    Ok(overview)
}
