//! Attempts: how each try at a delivery went, and what was said on both sides.

use crate::batch::Batch;
use crate::db::{Columns, Conn, Sql};
use model::id::DeliveryId;
use model::{Result, Time};

/// One try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    pub delivery: DeliveryId,
    /// Counts from 1.
    pub number: i64,
    pub at: Time,
    pub duration_ms: i64,
    /// The peer's status, where it has such a thing.
    pub status: Option<i64>,
    /// What was sent around the body, as JSON, without secrets.
    pub request: Option<String>,
    /// The beginning of what was answered.
    pub answer: Option<String>,
    /// Why it failed; nothing where it did not.
    pub error: Option<String>,
}

const COLUMNS: &str = "delivery_id, number, at, duration_ms, status, request, answer, error";

fn read(c: &mut Columns<'_>) -> Result<Attempt> {
    Ok(Attempt {
        delivery: DeliveryId(c.int()?),
        number: c.int()?,
        at: c.time()?,
        duration_ms: c.int()?,
        status: c.int_or()?,
        request: c.text_or()?,
        answer: c.text_or()?,
        error: c.text_or()?,
    })
}

/// The attempts at some deliveries, in their order.
pub async fn of(conn: &mut Conn, deliveries: &[DeliveryId]) -> Result<Vec<Attempt>> {
    if deliveries.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = Sql::built(format!("SELECT {COLUMNS} FROM delivery_attempts WHERE number > 0"));
    sql.and_in("delivery_id", deliveries.iter().copied());
    sql.push(" ORDER BY delivery_id, number LIMIT 10000");
    conn.list(sql, read).await
}

impl Batch<'_> {
    /// Notes how a try went. Who was slower than their claim must not undo what the next one noted.
    pub async fn note_attempt(&mut self, attempt: Attempt) -> Result<()> {
        let sql = Sql::built(format!(
            "INSERT INTO delivery_attempts ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
             ON CONFLICT (delivery_id, number) DO NOTHING"
        ))
        .bind(attempt.delivery)
        .bind(attempt.number)
        .bind(attempt.at)
        .bind(attempt.duration_ms)
        .bind(attempt.status)
        .bind(attempt.request)
        .bind(attempt.answer)
        .bind(attempt.error);
        self.conn.run(sql).await.map(|_| ())
    }

    /// Forgets what was tried before an instant; the deliveries stay.
    pub async fn forget_attempts(&mut self, before: Time) -> Result<u64> {
        self.conn.run(Sql::new("DELETE FROM delivery_attempts WHERE at < $1").bind(before)).await
    }

    /// Forgets deliveries that were settled before an instant; so many at a time, because writers wait meanwhile.
    pub async fn forget_deliveries(&mut self, before: Time) -> Result<u64> {
        let sql = "DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries WHERE settled_at < $1 LIMIT 10000)";
        self.conn.run(Sql::new(sql).bind(before)).await
    }
}
