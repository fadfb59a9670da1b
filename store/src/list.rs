//! Lists of tickets: filters, keyset paging, counting. Each stays fast at a million tickets.
//!
//! A filter on several statuses, or an agent's reach, is split into branches that one index each answers in order; their
//! first rows are merged. Without that, the database would sort everything that matches.

use crate::cube::{self, CubeFilter, CubeGroup};
use crate::db::{Conn, Sql};
use crate::{search, ticket};
use model::id::{CategoryId, TicketId, UserId};
use model::query::{Direction, Page, Place, Slice, Sort, SortBy, TicketFilter};
use model::ticket::{Status, Ticket};
use model::{Result, Time};

/// Whose tickets the caller may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    All,
    /// Those they requested.
    Requester(UserId),
    /// Those they requested, those assigned to them, and those of nobody.
    Agent(UserId),
}

impl Scope {
    fn is_all(self) -> bool {
        matches!(self, Self::All)
    }
}

/// Still being worked on, spelled as the partial indexes of migration 0005 have it.
pub(crate) const ACTIVE: &str = "status IN ('new', 'open', 'in_progress', 'pending')";

/// More branches than that are not worth it.
const BRANCHES: usize = 24;

/// A part of the answer that one index yields in order.
#[derive(Clone, Copy)]
struct Branch {
    status: Option<Status>,
    holder: Holder,
}

#[derive(Clone, Copy)]
enum Holder {
    Any,
    Assignee(UserId),
    Nobody,
    /// Requested by this agent and assigned to somebody else.
    OwnElsewhere(UserId),
}

fn branches(filter: &TicketFilter, scope: Scope) -> Vec<Branch> {
    let holders = match scope {
        Scope::Agent(me) => vec![Holder::Assignee(me), Holder::Nobody, Holder::OwnElsewhere(me)],
        Scope::All | Scope::Requester(_) => vec![Holder::Any],
    };
    // One that is named twice must not be counted twice.
    let mut statuses: Vec<Option<Status>> = Vec::new();
    for status in filter.status.iter().copied().map(Some) {
        if !statuses.contains(&status) {
            statuses.push(status);
        }
    }
    if statuses.is_empty() {
        statuses.push(None);
    }
    if holders.len() * statuses.len() > BRANCHES {
        return holders.into_iter().map(|holder| Branch { status: None, holder }).collect();
    }
    holders
        .iter()
        .flat_map(|holder| statuses.iter().map(|status| Branch { status: *status, holder: *holder }))
        .collect()
}

/// The conditions of a filter, all but the status where a branch says it.
fn conditions(sql: &mut Sql, filter: &TicketFilter, scope: Scope, branch: Branch, now: Time, postgres: bool) {
    if !filter.deleted {
        sql.push(" AND t.deleted_at IS NULL");
    }
    match branch.status {
        Some(status) => {
            sql.push(" AND t.status = ").push_arg(status.word());
        }
        None => {
            sql.and_in("t.status", filter.status.iter().map(|s| s.word()));
        }
    }
    match branch.holder {
        Holder::Any => {}
        Holder::Assignee(user) => {
            sql.push(" AND t.assignee_id = ").push_arg(user);
        }
        Holder::Nobody => {
            sql.push(" AND t.assignee_id IS NULL");
        }
        Holder::OwnElsewhere(user) => {
            sql.push(" AND t.requester_id = ")
                .push_arg(user)
                .push(" AND t.assignee_id IS NOT NULL AND t.assignee_id <> ");
            sql.push_arg(user);
        }
    }
    if let Scope::Requester(user) = scope {
        sql.push(" AND t.requester_id = ").push_arg(user);
    }
    sql.and_in("t.id", filter.ids.iter().copied());
    if let Some(reopened) = filter.reopened {
        sql.push(" AND t.reopened = ").push_arg(reopened);
    }
    sql.and_in("t.priority", filter.priority.iter().map(|p| p.rank()));
    sql.and_in("t.kind", filter.kind.iter());
    if filter.uncategorized {
        sql.push(" AND (t.category_id IS NULL OR (t.id > 0");
        sql.and_in("t.category_id", filter.category.iter().copied().chain([CategoryId(0)]));
        sql.push("))");
    } else {
        sql.and_in("t.category_id", filter.category.iter().copied());
    }
    sql.and_in("t.source", filter.source.iter().map(|s| s.word()));
    sql.and_in("t.channel", filter.channel.iter().map(|c| c.word()));
    sql.and_in("t.requester_id", filter.requester.iter().copied());
    sql.and_in("t.requester_id", filter.creator);
    sql.and_in("t.assignee_id", filter.assignee.iter().copied());
    match filter.unassigned {
        Some(true) => sql.push(" AND t.assignee_id IS NULL"),
        Some(false) => sql.push(" AND t.assignee_id IS NOT NULL"),
        None => sql,
    };
    if let Some(department) = &filter.department {
        sql.push(" AND t.department = ").push_arg(department);
    }
    for tag in &filter.tags {
        sql.push(" AND t.id IN (SELECT ticket_id FROM ticket_tags WHERE tag = ").push_arg(tag).push(")");
    }
    if let Some(at) = filter.created_from {
        sql.push(" AND t.created_at >= ").push_arg(at);
    }
    if let Some(at) = filter.created_to {
        sql.push(" AND t.created_at < ").push_arg(at);
    }
    if let Some(at) = filter.updated_from {
        sql.push(" AND t.updated_at >= ").push_arg(at);
    }
    late(sql, "t.due_at", filter.overdue, now);
    late(sql, "t.resolution_due_at", filter.sla_overdue, now);
    match filter.sla_breached {
        Some(true) => sql.push(" AND (t.response_breached OR t.resolution_breached)"),
        Some(false) => sql.push(" AND NOT (t.response_breached OR t.resolution_breached)"),
        None => sql,
    };
    if let Some(escalated) = filter.escalated {
        sql.push(" AND t.escalated = ").push_arg(escalated);
    }
    if let Some(text) = &filter.search {
        search::condition(sql, text, scope, postgres);
    }
}

/// Past a due time and still active, or not.
fn late(sql: &mut Sql, column: &str, wanted: Option<bool>, now: Time) {
    match wanted {
        Some(true) => {
            sql.push(&format!(" AND t.{ACTIVE} AND {column} < ")).push_arg(now);
        }
        Some(false) => {
            sql.push(&format!(" AND NOT (t.{ACTIVE} AND {column} IS NOT NULL AND {column} < ")).push_arg(now).push(")");
        }
        None => {}
    }
}

/// The sort column; `None` where it is the id itself.
fn column(by: SortBy) -> Option<&'static str> {
    match by {
        SortBy::Created | SortBy::Relevance => None,
        SortBy::Updated => Some("t.updated_at"),
        SortBy::Priority => Some("t.priority"),
        SortBy::DueAt => Some("t.due_at"),
        SortBy::SlaDue => Some("t.resolution_due_at"),
    }
}

fn place(ticket: &Ticket, by: SortBy) -> Place {
    let key = match by {
        SortBy::Created | SortBy::Relevance => None,
        SortBy::Updated => Some(ticket.updated_at.0),
        SortBy::Priority => Some(ticket.priority.rank()),
        SortBy::DueAt => ticket.due_at.map(|t| t.0),
        SortBy::SlaDue => Some(ticket.resolution_due_at.0),
    };
    Place { key, id: ticket.id.0 }
}

/// Which side of a place in the list.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    After,
    Before,
}

/// ` AND (column, id) < (…)`. Empty values come last in the list, whatever its direction.
fn beyond(sql: &mut Sql, column: Option<&str>, place: Place, descending: bool, side: Side) {
    let less = if descending == (side == Side::After) { "<" } else { ">" };
    match (column, place.key) {
        (None, _) => {
            sql.push(&format!(" AND t.id {less} ")).push_arg(place.id);
        }
        (Some(column), Some(key)) => {
            sql.push(&format!(" AND (({column}, t.id) {less} (")).push_arg(key).push(", ").push_arg(place.id).push(")");
            sql.push(if column == "t.due_at" && side == Side::After { " OR t.due_at IS NULL)" } else { ")" });
        }
        (Some(column), None) => {
            let join = if side == Side::After { "IS NULL AND" } else { "IS NOT NULL OR" };
            sql.push(&format!(" AND ({column} {join} t.id {less} ")).push_arg(place.id).push(")");
        }
    }
}

/// `backward`: from the list's end, where the empty values are.
fn order(column: Option<&str>, descending: bool, backward: bool, qualified: bool) -> String {
    let nulls = if backward { "FIRST" } else { "LAST" };
    let way = if descending { "DESC" } else { "ASC" };
    match column {
        None => format!(" ORDER BY {}id {way}", if qualified { "t." } else { "" }),
        Some("t.due_at") => format!(
            " ORDER BY {} {way} NULLS {nulls}, {}id {way}",
            if qualified { "t.due_at" } else { "sort_key" },
            if qualified { "t." } else { "" }
        ),
        Some(column) => format!(
            " ORDER BY {} {way}, {}id {way}",
            if qualified { column } else { "sort_key" },
            if qualified { "t." } else { "" }
        ),
    }
}

/// A page of tickets.
pub async fn tickets(
    conn: &mut Conn,
    filter: &TicketFilter,
    scope: Scope,
    sort: Sort,
    page: &Page,
    now: Time,
) -> Result<Slice<Ticket>> {
    if sort.by == SortBy::Relevance && filter.search.is_some() {
        return search::ranked(conn, filter, scope, page, now).await;
    }
    let postgres = conn.is_postgres();
    let column = column(sort.by);
    // A backward page is read in the other direction and turned round.
    let descending = (sort.direction == Direction::Descending) != page.backward;
    // One more than is shown says whether there is more.
    let take = page.limit as i64 + 1;
    let skip = page.offset as i64;
    let branches = branches(filter, scope);
    let bounded = |sql: &mut Sql, branch: Branch| {
        sql.push(" FROM tickets t WHERE t.id > 0");
        conditions(sql, filter, scope, branch, now, postgres);
        if let Some(place) = page.after {
            beyond(sql, column, place, sort.direction == Direction::Descending, Side::After);
        }
        if let Some(place) = page.before {
            beyond(sql, column, place, sort.direction == Direction::Descending, Side::Before);
        }
        sql.push(&order(column, descending, page.backward, true));
    };
    let tickets = if let [branch] = branches.as_slice() {
        let mut sql = Sql::select(&ticket::select_list(), "");
        bounded(&mut sql, *branch);
        sql.push_limit(take).push(" OFFSET ").push_arg(skip);
        conn.list(sql, ticket::read).await?
    } else {
        let mut sql = Sql::select(&ticket::select_list(), "FROM tickets t WHERE t.id IN (SELECT id FROM (");
        for (i, branch) in branches.iter().enumerate() {
            sql.push(if i == 0 { "SELECT * FROM (" } else { " UNION ALL SELECT * FROM (" });
            sql.push(&format!("SELECT t.id, {} AS sort_key", column.unwrap_or("t.id")));
            bounded(&mut sql, *branch);
            sql.push_limit(take + skip).push(&format!(") AS b{i}"));
        }
        sql.push(") AS merged")
            .push(&order(column, descending, page.backward, false))
            .push_limit(take)
            .push(" OFFSET ")
            .push_arg(skip)
            .push(")")
            .push(&order(column, descending, page.backward, true));
        conn.list(sql, ticket::read).await?
    };
    Ok(slice(tickets, page, |t| place(t, sort.by)))
}

/// Tickets in the order of these ids.
pub(crate) fn in_order(tickets: Vec<Ticket>, ids: &[TicketId]) -> Vec<Ticket> {
    let mut by_id: std::collections::HashMap<TicketId, Ticket> = tickets.into_iter().map(|t| (t.id, t)).collect();
    ids.iter().filter_map(|id| by_id.remove(id)).collect()
}

/// Adds that a row is about a ticket that the caller may see.
pub(crate) fn reach(sql: &mut Sql, scope: Scope, ticket: &str) {
    let (user, held) = match scope {
        Scope::All => return,
        Scope::Requester(user) => (user, None),
        Scope::Agent(user) => (user, Some(user)),
    };
    sql.push(" AND EXISTS (SELECT 1 FROM tickets t WHERE t.deleted_at IS NULL AND t.id = ").push(ticket);
    sql.push(" AND (t.requester_id = ").push_arg(user);
    if let Some(held) = held {
        sql.push(" OR t.assignee_id IS NULL OR t.assignee_id = ").push_arg(held);
    }
    sql.push("))");
}

/// A page of rows whose place is their id, the newest first, and the one row too many that `slice` cuts off.
pub(crate) fn newest(mut sql: Sql, page: &Page) -> Sql {
    for (place, than) in [(page.after, " AND id < "), (page.before, " AND id > ")] {
        if let Some(place) = place {
            sql.push(than).push_arg(place.id);
        }
    }
    sql.push(if page.backward { " ORDER BY id" } else { " ORDER BY id DESC" });
    sql.push_limit(page.limit as i64 + 1).push(" OFFSET ").push_arg(page.offset as i64);
    sql
}

/// Cuts the one item too many that was read to see whether there is more, and turns a backward page round.
pub(crate) fn slice<T>(mut items: Vec<T>, page: &Page, place: impl Fn(&T) -> Place) -> Slice<T> {
    let more = items.len() > page.limit;
    items.truncate(page.limit);
    if page.backward {
        items.reverse();
    }
    let (has_next, has_previous) =
        if page.backward { (page.before.is_some(), more) } else { (more, page.after.is_some() || page.offset > 0) };
    Slice { items: items.into_iter().map(|item| (place(&item), item)).collect(), has_next, has_previous }
}

/// How many tickets match. What the cube knows is summed up there, everything else is counted.
pub async fn count(conn: &mut Conn, filter: &TicketFilter, scope: Scope, now: Time) -> Result<i64> {
    if let Some(cube) = cubic(filter) {
        let held = match scope {
            Scope::Requester(_) => None,
            Scope::All => Some(cube.assignee.clone()),
            Scope::Agent(me) => {
                let held = [me.0, 0].into_iter();
                Some(held.filter(|id| cube.assignee.is_empty() || cube.assignee.contains(id)).collect())
            }
        };
        if let Some(held) = held {
            let elsewhere = match scope {
                Scope::Agent(me) => vec![Branch { status: None, holder: Holder::OwnElsewhere(me) }],
                Scope::All | Scope::Requester(_) => Vec::new(),
            };
            let mut total = scanned(conn, filter, scope, &elsewhere, now).await?;
            if scope.is_all() || !held.is_empty() {
                total += cubed(conn, &CubeFilter { assignee: held, ..cube }, filter, now).await?;
            }
            return Ok(total);
        }
    }
    scanned(conn, filter, scope, &branches(filter, scope), now).await
}

async fn scanned(conn: &mut Conn, filter: &TicketFilter, scope: Scope, branches: &[Branch], now: Time) -> Result<i64> {
    let postgres = conn.is_postgres();
    let mut total = 0;
    for branch in branches {
        let mut sql = Sql::built("SELECT COUNT(*) FROM tickets t WHERE t.id > 0".to_owned());
        conditions(&mut sql, filter, scope, *branch, now, postgres);
        if filter.sla_overdue == Some(true) || filter.overdue == Some(true) {
            // The first column of the indexes `tickets_late` and `tickets_overdue`.
            sql.push(" AND t.resolution_breached IN (FALSE, TRUE)");
        }
        total += conn.int(sql).await?;
    }
    Ok(total)
}

async fn cubed(conn: &mut Conn, cube: &CubeFilter, filter: &TicketFilter, now: Time) -> Result<i64> {
    let sums = cube::sums(conn, cube, CubeGroup::All).await?;
    let sums = sums.into_iter().next().unwrap_or_default();
    Ok(match (filter.sla_overdue, filter.reopened) {
        (Some(_), _) => sums.late + unmarked(conn, cube, now).await?,
        (None, None) => sums.tickets,
        (None, Some(true)) => sums.reopened,
        (None, Some(false)) => sums.tickets - sums.reopened,
    })
}

/// How many more are late by the clock than by their mark: those whose timer is yet to fire, less those that were marked and
/// have a later due time since. Both are few.
async fn unmarked(conn: &mut Conn, cube: &CubeFilter, now: Time) -> Result<i64> {
    let mut sql = Sql::built("SELECT ".to_owned());
    for (join, marked, when) in [("", "FALSE", "<"), (" - ", "TRUE", ">=")] {
        sql.push(&format!(
            "{join}(SELECT COUNT(*) FROM tickets t WHERE t.deleted_at IS NULL AND t.{ACTIVE} \
             AND t.resolution_breached = {marked} AND t.resolution_due_at {when} "
        ));
        sql.push_arg(now);
        sql.and_in("t.status", cube.status.iter().map(|s| s.word()));
        sql.and_in("t.priority", cube.priority.iter().map(|p| p.rank()));
        sql.and_in("COALESCE(t.category_id, 0)", cube.category.iter().copied());
        sql.and_in("COALESCE(t.assignee_id, 0)", cube.assignee.iter().copied());
        sql.push(")");
    }
    conn.int(sql).await
}

/// The filter as the cube understands it, if it asks for nothing else.
fn cubic(filter: &TicketFilter) -> Option<CubeFilter> {
    if filter.sla_overdue == Some(false) || (filter.sla_overdue.is_some() && filter.reopened.is_some()) {
        return None;
    }
    let cube = CubeFilter {
        status: filter.status.clone(),
        priority: filter.priority.clone(),
        category: filter.category.iter().map(|c| c.0).chain(filter.uncategorized.then_some(0)).collect(),
        assignee: match filter.unassigned {
            Some(true) if filter.assignee.is_empty() => vec![0],
            Some(_) => return None,
            None => filter.assignee.iter().map(|u| u.0).collect(),
        },
        from_day: None,
        to_day: None,
    };
    let rest = TicketFilter {
        status: Vec::new(),
        priority: Vec::new(),
        category: Vec::new(),
        uncategorized: false,
        reopened: None,
        assignee: Vec::new(),
        unassigned: None,
        sla_overdue: None,
        ..filter.clone()
    };
    (rest == TicketFilter::default()).then_some(cube)
}
