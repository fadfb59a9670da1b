//! Reports out of the tickets themselves: what the cube doesn't know, because it depends on the time now.
//!
//! They read the tickets of a period once, in the database, and hand over sums.

use crate::db::{Conn, Sql};
use model::ticket::Priority;
use model::{Error, Result, Time};

/// By what a service-level report is divided, beside the priority.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Division {
    Nothing,
    Assignee,
    Category,
}

/// How the service levels of some tickets were kept. What is not due yet counts as kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    pub priority: Priority,
    /// An assignee's or a category's id; 0: none.
    pub part: i64,
    pub tickets: i64,
    pub response: i64,
    pub resolution: i64,
    pub both: i64,
}

/// The service levels of the tickets created from one instant until another (which is excluded).
pub async fn service_levels(conn: &mut Conn, from: Time, to: Time, division: Division, now: Time) -> Result<Vec<Kept>> {
    let part = match division {
        Division::Nothing => "CAST(0 AS BIGINT)",
        Division::Assignee => "COALESCE(t.assignee_id, 0)",
        Division::Category => "COALESCE(t.category_id, 0)",
    };
    // The flags are set when a time passes; looking at the clock as well makes it true at once.
    let mut sql = Sql::built(format!(
        "SELECT priority, part, COUNT(*), CAST(SUM(1 - response) AS BIGINT), CAST(SUM(1 - resolution) AS BIGINT), \
         CAST(SUM((1 - response) * (1 - resolution)) AS BIGINT) FROM (SELECT t.priority AS priority, {part} AS part, CASE WHEN "
    ));
    missed(&mut sql, "first_reply_at", "response", now);
    sql.push(" THEN 1 ELSE 0 END AS response, CASE WHEN ");
    missed(&mut sql, "resolved_at", "resolution", now);
    sql.push(" THEN 1 ELSE 0 END AS resolution FROM tickets t WHERE t.deleted_at IS NULL AND t.created_at >= ");
    sql.push_arg(from).push(" AND t.created_at < ").push_arg(to);
    sql.push(") AS each_ticket GROUP BY priority, part ORDER BY priority DESC, part");
    conn.list(sql, |c| {
        Ok(Kept {
            priority: Priority::of_rank(c.int()?).ok_or_else(|| Error::internal("a priority without a rank"))?,
            part: c.int()?,
            tickets: c.int()?,
            response: c.int()?,
            resolution: c.int()?,
            both: c.int()?,
        })
    })
    .await
}

/// Whether a target was missed: it was reached too late, or not at all.
fn missed(sql: &mut Sql, reached: &str, target: &str, now: Time) {
    sql.push(&format!(
        "((t.{reached} IS NOT NULL AND t.{reached} > t.{target}_due_at) OR (t.{reached} IS NULL AND (t.{target}_breached OR \
         (t.status IN ('new', 'open', 'in_progress', 'pending') AND t.{target}_due_at < "
    ));
    sql.push_arg(now).push("))))");
}
