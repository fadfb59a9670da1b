//! Accounts in any order, and how many tickets people have: one statement for a page, however many are on it.

use crate::db::{Conn, Sql};
use crate::people::{COLUMNS, conditions, read};
use model::Result;
use model::id::UserId;
use model::people::{Role, User};
use model::query::{Direction, UserFilter, UserSort, UserSortBy};

fn column(by: UserSortBy) -> &'static str {
    match by {
        UserSortBy::Id => "u.id",
        UserSortBy::CreatedAt => "u.created_at",
        UserSortBy::UpdatedAt => "u.updated_at",
        // People without a value stand where those with an empty one would, on either database.
        UserSortBy::LastLoginAt => "COALESCE(u.last_login_at, 0)",
        UserSortBy::Username => "COALESCE(u.username_key, '')",
        UserSortBy::Email => "COALESCE(u.email, '')",
        UserSortBy::Role => "u.role",
        UserSortBy::Status => "u.status",
    }
}

/// So many accounts after so many others.
pub async fn list(conn: &mut Conn, filter: &UserFilter, sort: UserSort, part: (usize, usize)) -> Result<Vec<User>> {
    let mut sql = Sql::select(COLUMNS, "FROM users u WHERE u.id > 0");
    conditions(&mut sql, filter);
    let direction = match sort.direction {
        Direction::Ascending => "ASC",
        Direction::Descending => "DESC",
    };
    sql.push(&format!(" ORDER BY {} {direction}, u.id {direction}", column(sort.by)));
    sql.push_limit(i64::try_from(part.1).unwrap_or(i64::MAX)).push(" OFFSET ");
    sql.push_arg(i64::try_from(part.0).unwrap_or(i64::MAX));
    conn.list(sql, read).await
}

/// How many tickets each of these people opened; those who opened none are left out.
pub async fn opened(conn: &mut Conn, users: &[UserId]) -> Result<Vec<(UserId, i64)>> {
    if users.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = Sql::built("SELECT requester_id, COUNT(*) FROM tickets WHERE deleted_at IS NULL".to_owned());
    sql.and_in("requester_id", users.iter().copied());
    sql.push(" GROUP BY requester_id");
    conn.list(sql, |c| Ok((UserId(c.int()?), c.int()?))).await
}

/// The tickets of one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    pub created: i64,
    pub assigned: i64,
    /// Resolved or closed: of those assigned to them for staff, of those they opened for others.
    pub resolved: i64,
}

pub async fn tally(conn: &mut Conn, user: UserId, role: Role) -> Result<Tally> {
    let sql = Sql::new(
        "SELECT o.opened, o.done, a.assigned, a.done FROM \
         (SELECT COUNT(*) AS opened, COUNT(CASE WHEN status IN ('resolved', 'closed') THEN 1 END) AS done \
         FROM tickets WHERE deleted_at IS NULL AND requester_id = $1) AS o, \
         (SELECT CAST(COALESCE(SUM(tickets), 0) AS BIGINT) AS assigned, \
         CAST(COALESCE(SUM(CASE WHEN status IN ('resolved', 'closed') THEN tickets ELSE 0 END), 0) AS BIGINT) AS done \
         FROM ticket_cube WHERE day = -1 AND assignee_id = $2) AS a",
    );
    let found = conn
        .find(sql.bind(user).bind(user), |c| {
            let (created, opened_done, assigned, assigned_done) = (c.int()?, c.int()?, c.int()?, c.int()?);
            Ok(Tally { created, assigned, resolved: if role.is_staff() { assigned_done } else { opened_done } })
        })
        .await?;
    Ok(found.unwrap_or_default())
}
