//! The history of a person's sign-ins: sessions that began, and tries that failed, in one list.

use crate::db::{Columns, Conn, Sql};
use model::id::{SessionId, UserId};
use model::session::{SignInFilter, SignInRecord};
use model::{Result, Time};

const COLUMNS: &str = "h.id, h.at, h.ip, h.user_agent, h.method, h.session_id, h.ended_at, h.expires_at";

fn read(c: &mut Columns<'_>) -> Result<SignInRecord> {
    Ok(SignInRecord {
        id: c.int()?,
        at: c.time()?,
        ip: c.text_or()?,
        user_agent: c.text_or()?,
        method: c.text()?,
        session: c.int_or()?.map(SessionId),
        ended_at: c.time_or()?,
        expires_at: c.time_or()?,
    })
}

/// `SELECT … FROM both kinds WHERE …`. Sessions have even ids here and failures odd ones, so that each has its own.
fn asked(columns: &str, user: UserId, filter: &SignInFilter, now: Time) -> Sql {
    let mut sql = Sql::built(format!(
        "SELECT {columns} FROM (\
         SELECT s.id * 2 AS id, s.created_at AS at, s.ip AS ip, s.user_agent AS user_agent, s.method AS method, \
         s.device AS device, s.id AS session_id, s.ended_at AS ended_at, s.expires_at AS expires_at \
         FROM sessions s WHERE s.user_id = $1 \
         UNION ALL \
         SELECT f.seq * 2 + 1 AS id, f.at AS at, f.ip AS ip, f.user_agent AS user_agent, f.method AS method, \
         f.device AS device, CAST(NULL AS BIGINT) AS session_id, CAST(NULL AS BIGINT) AS ended_at, \
         CAST(NULL AS BIGINT) AS expires_at \
         FROM failed_sign_ins f WHERE f.user_id = $1) h WHERE h.id > 0"
    ))
    .bind(user);
    let words = [("ip", &filter.ip), ("device", &filter.device), ("method", &filter.method)];
    for (column, word) in words {
        if let Some(word) = word {
            sql.push(" AND h.").push(column).push(" = ").push_arg(word);
        }
    }
    if let Some(session) = filter.session {
        sql.push(" AND h.session_id = ").push_arg(session);
    }
    match filter.succeeded {
        Some(true) => sql.push(" AND h.session_id IS NOT NULL"),
        Some(false) => sql.push(" AND h.session_id IS NULL"),
        None => &mut sql,
    };
    match filter.active {
        // A failed try has no end, and no time at which it would expire.
        Some(true) => sql.push(" AND h.ended_at IS NULL AND h.expires_at > ").push_arg(now),
        Some(false) => {
            sql.push(" AND (h.session_id IS NULL OR h.ended_at IS NOT NULL OR h.expires_at <= ").push_arg(now).push(")")
        }
        None => &mut sql,
    };
    if let Some(from) = filter.from {
        sql.push(" AND h.at >= ").push_arg(from);
    }
    if let Some(until) = filter.until {
        sql.push(" AND h.at < ").push_arg(until);
    }
    sql
}

/// A part of the history, newest first: `skip`, then `limit`.
pub async fn of_user(
    conn: &mut Conn,
    user: UserId,
    (filter, now): (&SignInFilter, Time),
    (skip, limit): (usize, usize),
) -> Result<Vec<SignInRecord>> {
    let mut sql = asked(COLUMNS, user, filter, now);
    sql.push(" ORDER BY h.at DESC, h.id DESC").push_limit(limit as i64);
    sql.push(" OFFSET ").push_arg(i64::try_from(skip).unwrap_or(i64::MAX));
    conn.list(sql, read).await
}

pub async fn count(conn: &mut Conn, user: UserId, filter: &SignInFilter, now: Time) -> Result<i64> {
    conn.int(asked("COUNT(*)", user, filter, now)).await
}
