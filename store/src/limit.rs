//! Requests that several processes count together: one row for each caller and minute, from which they take hits in blocks.
//!
//! It stands outside of batches: a count is no event, needs no write lock, and may be lost with the database. What the
//! limits are, and what a block is, the engine says.

use crate::Store;
use crate::db::{Place, Sql};
use model::{Result, Time};

/// What the row of a caller says after a block was taken from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    pub window_start: Time,
    /// With the block that was just taken; it may lie above any limit.
    pub hits: i64,
}

impl Store {
    /// Adds `hits` to the row of `key`. A window that began at or before `expired` is over: a new one begins at `now`.
    pub async fn take_hits(&self, key: &str, hits: i64, now: Time, expired: Time) -> Result<Taken> {
        let sql = Sql::new(
            "INSERT INTO rate_limits (key, window_start, hits) VALUES ($1, $2, $3) \
             ON CONFLICT (key) DO UPDATE SET \
             hits = CASE WHEN rate_limits.window_start <= $4 THEN excluded.hits ELSE rate_limits.hits + excluded.hits END, \
             window_start = CASE WHEN rate_limits.window_start <= $4 THEN excluded.window_start \
             ELSE rate_limits.window_start END \
             RETURNING window_start, hits",
        );
        let sql = sql.bind(key).bind(now).bind(hits).bind(expired);
        let read = |c: &mut crate::db::Columns<'_>| Ok(Taken { window_start: Time(c.int()?), hits: c.int()? });
        let taken = if self.is_postgres() {
            self.db.read().await?.find(sql, read).await?
        } else {
            let (mut conn, _turn) = self.db.write(Place::Aside).await?;
            conn.find(sql, read).await?
        };
        taken.ok_or_else(|| model::Error::internal("a count came back empty"))
    }

    /// Forgets the windows that began before `before`; answers how many.
    pub async fn forget_hits(&self, before: Time) -> Result<u64> {
        let sql = Sql::new("DELETE FROM rate_limits WHERE window_start < $1").bind(before);
        if self.is_postgres() {
            return self.db.read().await?.run(sql).await;
        }
        let (mut conn, _turn) = self.db.write(Place::Aside).await?;
        conn.run(sql).await
    }
}
