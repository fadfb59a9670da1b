//! What is old enough to be forgotten, and the record of the runs that forget it. Each kind of record has its condition and
//! its order here, so that the log forgets the same rows when it is replayed.

use crate::Store;
use crate::batch::Batch;
use crate::db::{Columns, Conn, Sql};
use model::cleanup::{Record, Run, Task, Trigger};
use model::event::{Event, Recorded};
use model::id::{Seq, UserId};
use model::{Result, Time};

const COLUMNS: &str =
    "id, task, cause, started_at, started_by, keep_days, before_at, forgotten, touched_at, finished_at, error";

fn read(c: &mut Columns<'_>) -> Result<Run> {
    Ok(Run {
        id: Seq(c.int()?),
        task: c.word(Task::parse)?,
        trigger: c.word(Trigger::parse)?,
        started_at: c.time()?,
        started_by: c.int_or()?.map(UserId),
        keep_days: c.int()?,
        before: c.time()?,
        forgotten: c.int()?,
        touched_at: c.time()?,
        finished_at: c.time_or()?,
        error: c.text_or()?,
    })
}

pub async fn run(conn: &mut Conn, id: Seq) -> Result<Option<Run>> {
    conn.find(Sql::built(format!("SELECT {COLUMNS} FROM cleanup_runs WHERE id = $1")).bind(id), read).await
}

/// Runs, the newest first.
pub async fn runs(conn: &mut Conn, task: Option<Task>, (skip, limit): (usize, usize)) -> Result<Vec<Run>> {
    let mut sql = Sql::built(format!("SELECT {COLUMNS} FROM cleanup_runs WHERE id > 0"));
    sql.and_in("task", task.map(Task::word));
    sql.push(" ORDER BY id DESC").push_limit(limit as i64).push(" OFFSET ").push_arg(skip as i64);
    conn.list(sql, read).await
}

pub async fn count(conn: &mut Conn, task: Option<Task>) -> Result<i64> {
    let mut sql = Sql::built("SELECT COUNT(*) FROM cleanup_runs WHERE id > 0".to_owned());
    sql.and_in("task", task.map(Task::word));
    conn.int(sql).await
}

/// Runs of a kind that have not ended.
pub async fn open(conn: &mut Conn, task: Task) -> Result<Vec<Run>> {
    let sql = Sql::built(format!(
        "SELECT {COLUMNS} FROM cleanup_runs WHERE task = $1 AND finished_at IS NULL ORDER BY id LIMIT 100"
    ));
    conn.list(sql.bind(task.word()), read).await
}

/// When the last scheduled run of a kind was due.
pub async fn last_due(conn: &mut Conn, task: Task) -> Result<Option<Time>> {
    let sql = Sql::new("SELECT MAX(due_at) FROM cleanup_runs WHERE due_at IS NOT NULL AND task = $1");
    Ok(conn.find(sql.bind(task.word()), |c| c.time_or()).await?.flatten())
}

/// What all runs came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sums {
    pub runs: i64,
    pub completed: i64,
    pub forgotten: i64,
    pub last: Option<Time>,
}

pub async fn sums(conn: &mut Conn) -> Result<Sums> {
    let sql = Sql::new(
        "SELECT COUNT(*), COUNT(CASE WHEN finished_at IS NOT NULL AND error IS NULL THEN 1 END), \
         CAST(COALESCE(SUM(forgotten), 0) AS BIGINT), MAX(CASE WHEN error IS NULL THEN finished_at END) FROM cleanup_runs",
    );
    let sums =
        conn.find(sql, |c| Ok(Sums { runs: c.int()?, completed: c.int()?, forgotten: c.int()?, last: c.time_or()? }));
    Ok(sums.await?.unwrap_or_default())
}

/// Rows that a task looks through, old or not.
pub async fn held(conn: &mut Conn, task: Task) -> Result<i64> {
    let sql = match task {
        Task::LoginHistory => "SELECT (SELECT COUNT(*) FROM failed_sign_ins) + (SELECT COUNT(*) FROM sessions)",
        Task::TrustedDevices => "SELECT COUNT(*) FROM trusted_devices",
        Task::Notifications => "SELECT COUNT(*) FROM notifications",
        Task::AuditLogs => "SELECT COUNT(*) FROM audit",
    };
    conn.int(Sql::new(sql)).await
}

/// Table, key, condition with `$1` for the instant, and order.
fn place(record: Record) -> (&'static str, &'static str, &'static str, &'static str) {
    match record {
        Record::FailedSignIn => ("failed_sign_ins", "seq", "at < $1", "at, seq"),
        // Ended or not: until then, a refresh token of it that comes again has to be recognized.
        Record::Session => ("sessions", "id", "expires_at < $1", "expires_at, id"),
        Record::TrustedDevice => ("trusted_devices", "id", "(expires_at < $1 OR revoked_at < $1)", "id"),
        Record::Notification => ("notifications", "id", "read_at IS NOT NULL AND read_at < $1", "read_at, id"),
    }
}

/// How many there are from before an instant, counted up to a number.
pub async fn forgettable(conn: &mut Conn, record: Record, before: Time, most: i64) -> Result<i64> {
    let (table, key, old, order) = place(record);
    let sql = Sql::built(format!(
        "SELECT COUNT(*) FROM (SELECT {key} FROM {table} WHERE {old} ORDER BY {order} LIMIT CAST($2 AS BIGINT)) AS old"
    ));
    conn.int(sql.bind(before).bind(most)).await
}

impl Batch<'_> {
    pub(crate) async fn forget_records(&mut self, run: Seq, record: Record, before: Time, gone: i64) -> Result<()> {
        let (table, key, old, order) = place(record);
        let sql = Sql::built(format!(
            "DELETE FROM {table} WHERE {key} IN (SELECT {key} FROM {table} WHERE {old} ORDER BY {order} LIMIT CAST($2 AS BIGINT))"
        ));
        self.conn.run(sql.bind(before).bind(gone)).await?;
        let sql = Sql::new("UPDATE cleanup_runs SET forgotten = forgotten + $1 WHERE id = $2");
        self.conn.run(sql.bind(gone).bind(run)).await.map(|_| ())
    }

    pub(crate) async fn touch_cleanup(&mut self, run: Seq, at: Time) -> Result<()> {
        let sql = Sql::new("UPDATE cleanup_runs SET touched_at = $1 WHERE id = $2");
        self.conn.run(sql.bind(at).bind(run)).await.map(|_| ())
    }

    pub(crate) async fn insert_cleanup(&mut self, recorded: &Recorded) -> Result<()> {
        let Event::CleanupStarted { task, due, keep_days, before } = &recorded.event else { return Ok(()) };
        let cause = if due.is_some() { Trigger::Scheduled } else { Trigger::Manual };
        let sql = Sql::new(
            "INSERT INTO cleanup_runs (id, task, cause, started_at, started_by, due_at, keep_days, before_at, forgotten, \
             touched_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $4)",
        )
        .bind(recorded.seq)
        .bind(task.word())
        .bind(cause.word())
        .bind(recorded.at)
        .bind(recorded.by.user)
        .bind(*due)
        .bind(*keep_days)
        .bind(*before);
        self.conn.run(sql).await.map(|_| ())
    }

    pub(crate) async fn finish_cleanup(&mut self, run: Seq, beside: i64, error: Option<&str>, at: Time) -> Result<()> {
        let sql = Sql::new(
            "UPDATE cleanup_runs SET forgotten = forgotten + $1, error = $2, finished_at = $3, touched_at = $3 WHERE id = $4",
        );
        self.conn.run(sql.bind(beside).bind(error).bind(at).bind(run)).await.map(|_| ())
    }
}

impl Store {
    /// Bytes that the database takes.
    pub async fn size(&self) -> Result<i64> {
        let mut conn = self.read().await?;
        conn.int(Sql::new(if self.is_postgres() {
            "SELECT pg_database_size(current_database())"
        } else {
            "SELECT (SELECT page_count FROM pragma_page_count()) * (SELECT page_size FROM pragma_page_size())"
        }))
        .await
    }
}
