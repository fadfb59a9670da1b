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

/// Which of a requester's tickets.
#[derive(Debug, Clone, Copy)]
pub enum Held {
    Any,
    By(UserId),
    /// Assigned to somebody, but not to this one.
    Elsewhere(UserId),
}

impl Sums {
    /// Adds another's sums to these.
    pub fn add(&mut self, other: &Self) {
        self.tickets += other.tickets;
        self.reopened += other.reopened;
        self.escalated += other.escalated;
        self.responded += other.responded;
        self.response_minutes += other.response_minutes;
        self.response_met += other.response_met;
        self.resolved += other.resolved;
        self.resolution_minutes += other.resolution_minutes;
        self.resolution_met += other.resolution_met;
        self.breached += other.breached;
    }
}

/// The same sums over one requester's tickets, which are few: read from the tickets themselves.
pub async fn of_requester(
    conn: &mut Conn,
    requester: UserId,
    held: Held,
    days: (Option<i64>, Option<i64>),
    group: CubeGroup,
    zone: Zone,
) -> Result<Vec<Sums>> {
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
    let tickets = conn.list(sql, crate::ticket::read).await?;
    let mut deltas = Deltas::default();
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
        entry.add(&Sums {
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
        });
    }
    Ok(groups.into_values().collect())
}
