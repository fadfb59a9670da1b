//! The audit log's rows, written beside batches: they are no events, need no write lock, and a change doesn't wait for them.
//!
//! The numbers are given out by whoever writes: the next ones after the last. Two processes that take the same find out by the
//! key, and the one that comes second takes others.

use crate::Store;
use crate::db::{Columns, Conn, Sql, Value};
use crate::sheet::Sheet;
use model::audit::{Act, AuditEntry, AuditFilter};
use model::id::{AuditId, UserId};
use model::people::Role;
use model::query::{Page, Place, Slice};
use model::{Error, Result, Time};

const COLUMNS: &str = "id, at, user_id, username, role, action, method, path, status_code, client_ip, latency_ms";
/// Lines that are written at once.
const MOST: usize = 256;
/// Turns in which every number may be taken already.
const TURNS: usize = 100;

fn read(c: &mut Columns<'_>) -> Result<AuditEntry> {
    Ok(AuditEntry {
        id: AuditId(c.int()?),
        at: c.time()?,
        act: Act {
            user: c.int_or()?.map(UserId),
            username: c.text_or()?,
            role: c.text_or()?.as_deref().and_then(Role::parse),
            action: c.text()?,
            method: c.text()?,
            path: c.text()?,
            status: c.int()?,
            client_ip: c.text_or()?,
            latency_ms: c.int()?,
        },
    })
}

fn row(id: i64, at: Time, act: &Act) -> Vec<Value> {
    let found_by = [act.username.as_deref().unwrap_or_default(), &act.path, &act.action].join("\n").to_lowercase();
    vec![
        id.into(),
        at.into(),
        act.user.map(|user| user.0).into(),
        (&act.username).into(),
        act.role.map(Role::word).into(),
        (&act.action).into(),
        (&act.method).into(),
        (&act.path).into(),
        act.status.into(),
        (&act.client_ip).into(),
        act.latency_ms.into(),
        found_by.into(),
    ]
}

impl Store {
    /// Writes lines, in their order. `Err`: some of them may be written, and are taken out of `acts`.
    pub async fn write_audit(&self, acts: &mut Vec<(Time, Act)>) -> Result<()> {
        let (mut conn, _turn) = self.db.beside().await?;
        for _ in 0..TURNS {
            let many = acts.len().min(MOST);
            let Some(some) = acts.get(..many).filter(|some| !some.is_empty()) else { return Ok(()) };
            let last = conn.int(Sql::new("SELECT COALESCE(MAX(id), 0) FROM audit")).await?;
            let rows = (last + 1..).zip(some).map(|(id, (at, act))| row(id, *at, act)).collect();
            let tail = " ON CONFLICT (id) DO NOTHING RETURNING id";
            let sheet = Sheet::new("audit", format!("{COLUMNS}, search_text"), rows).tail(tail);
            let written = conn.written(sheet, |c| c.int()).await?;
            let mut id = last;
            acts.retain(|_| {
                id += 1;
                id > last + many as i64 || !written.contains(&id)
            });
        }
        if acts.is_empty() { Ok(()) } else { Err(Error::internal("others are writing the audit log all the time")) }
    }

    /// Forgets at most so many lines from before an instant; answers how many.
    pub async fn forget_audit(&self, before: Time, most: i64) -> Result<u64> {
        let (mut conn, _turn) = self.db.beside().await?;
        let sql = Sql::new(
            "DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE at < $1 ORDER BY at, id LIMIT CAST($2 AS BIGINT))",
        );
        conn.run(sql.bind(before).bind(most)).await
    }
}

fn conditions(sql: &mut Sql, filter: &AuditFilter) {
    if let Some(user) = filter.user {
        sql.push(" AND user_id = ").push_arg(user);
    }
    if let Some(role) = filter.role {
        sql.push(" AND role = ").push_arg(role.word());
    }
    if let Some(method) = &filter.method {
        sql.push(" AND method = ").push_arg(method);
    }
    if let Some(status) = filter.status {
        sql.push(" AND status_code = ").push_arg(status);
    }
    if let Some(from) = filter.from {
        sql.push(" AND at >= ").push_arg(from);
    }
    if let Some(to) = filter.to {
        sql.push(" AND at <= ").push_arg(to);
    }
    if let Some(word) = &filter.keyword {
        sql.and_contains("search_text", word);
    }
}

/// Lines, the newest first.
pub async fn list(conn: &mut Conn, filter: &AuditFilter, page: &Page) -> Result<Slice<AuditEntry>> {
    let mut sql = Sql::select(COLUMNS, "FROM audit WHERE id > 0");
    conditions(&mut sql, filter);
    for (place, than) in [(page.after, "<"), (page.before, ">")] {
        if let Some(place) = place {
            sql.push(&format!(" AND (at, id) {than} ("));
            sql.push_arg(place.key.unwrap_or_default()).push(", ").push_arg(place.id).push(")");
        }
    }
    sql.push(if page.backward { " ORDER BY at, id" } else { " ORDER BY at DESC, id DESC" });
    sql.push_limit(page.limit as i64 + 1).push(" OFFSET ").push_arg(page.offset as i64);
    let lines = conn.list(sql, read).await?;
    Ok(crate::list::slice(lines, page, |line| Place { key: Some(line.at.0), id: line.id.0 }))
}

pub async fn count(conn: &mut Conn, filter: &AuditFilter) -> Result<i64> {
    let mut sql = Sql::built("SELECT COUNT(*) FROM audit WHERE id > 0".to_owned());
    conditions(&mut sql, filter);
    conn.int(sql).await
}
