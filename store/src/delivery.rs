//! The ledger of deliveries: what is to be sent where, in which order, and how it went.

use crate::batch::Batch;
use crate::db::{Columns, Conn, Sql};
use model::id::{CommentId, DeliveryId, Seq, TicketId};
use model::query::{Page, Place, Slice};
use model::{Result, Time};

/// A delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    pub id: DeliveryId,
    /// The event that it tells of.
    pub seq: Seq,
    /// Who carries it: the name of a carrier's route.
    pub route: String,
    /// The conversation; deliveries of one lane keep their order.
    pub lane: String,
    pub ticket: Option<TicketId>,
    pub comment: Option<CommentId>,
    pub recipient: String,
    pub body: String,
    pub state: String,
    pub attempts: i64,
    pub due_at: Time,
    pub why: Option<String>,
    pub receipt: Option<String>,
    pub created_at: Time,
    pub settled_at: Option<Time>,
}

const COLUMNS: &str = "id, seq, route, lane, ticket_id, comment_id, recipient, body, state, attempts, due_at, why, receipt, \
                       created_at, settled_at";

fn read(c: &mut Columns<'_>) -> Result<Delivery> {
    Ok(Delivery {
        id: DeliveryId(c.int()?),
        seq: Seq(c.int()?),
        route: c.text()?,
        lane: c.text()?,
        ticket: c.int_or()?.map(TicketId),
        comment: c.int_or()?.map(CommentId),
        recipient: c.text()?,
        body: c.text()?,
        state: c.text()?,
        attempts: c.int()?,
        due_at: c.time()?,
        why: c.text_or()?,
        receipt: c.text_or()?,
        created_at: c.time()?,
        settled_at: c.time_or()?,
    })
}

/// Deliveries, newest first; of one ticket, or in one state, or all.
pub async fn list(
    conn: &mut Conn,
    ticket: Option<TicketId>,
    state: Option<&str>,
    page: &Page,
) -> Result<Slice<Delivery>> {
    let mut sql = Sql::built(format!("SELECT {COLUMNS} FROM deliveries WHERE id > 0"));
    sql.and_in("ticket_id", ticket);
    sql.and_in("state", state);
    if let Some(place) = page.after {
        sql.push(" AND id < ").push_arg(place.id);
    }
    if let Some(place) = page.before {
        sql.push(" AND id > ").push_arg(place.id);
    }
    sql.push(if page.backward { " ORDER BY id LIMIT " } else { " ORDER BY id DESC LIMIT " });
    sql.push_arg(page.limit as i64 + 1);
    let all = conn.list(sql, read).await?;
    Ok(crate::list::slice(all, page, |d| Place { key: None, id: d.id.0 }))
}

/// How many deliveries are due now.
pub async fn due_count(conn: &mut Conn, now: Time) -> Result<i64> {
    let sql =
        Sql::new("SELECT COUNT(*) FROM deliveries WHERE (state = 'queued' OR state = 'sending') AND due_at <= $1");
    conn.int(sql.bind(now)).await
}

/// A delivery to make.
#[derive(Debug, Clone)]
pub struct NewDelivery {
    pub seq: Seq,
    pub route: String,
    pub lane: String,
    pub ticket: Option<TicketId>,
    pub comment: Option<CommentId>,
    pub recipient: String,
    pub body: String,
}

impl Batch<'_> {
    /// Queues a delivery; the same (route, event, recipient) a second time changes nothing.
    pub async fn queue_delivery(&mut self, new: NewDelivery, now: Time) -> Result<()> {
        let id = self.counters.next_delivery();
        let sql = Sql::new(
            "INSERT INTO deliveries (id, seq, route, lane, ticket_id, comment_id, recipient, body, state, attempts, due_at, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'queued', 0, $9, $9) ON CONFLICT (route, seq, recipient) DO NOTHING",
        )
        .bind(id)
        .bind(new.seq)
        .bind(new.route)
        .bind(new.lane)
        .bind(new.ticket)
        .bind(new.comment)
        .bind(new.recipient)
        .bind(new.body)
        .bind(now);
        self.conn.run(sql).await.map(|_| ())
    }

    /// Claims a route's due deliveries until an instant, the first of each lane only.
    pub async fn claim_deliveries(
        &mut self,
        route: &str,
        now: Time,
        until: Time,
        limit: usize,
    ) -> Result<Vec<Delivery>> {
        let sql = Sql::built(format!(
            "UPDATE deliveries SET state = 'sending', claimed_until = $1, attempts = attempts + 1 WHERE id IN (\
             SELECT d.id FROM deliveries d WHERE d.route = $4 AND d.due_at <= $2 \
             AND (d.state = 'queued' OR (d.state = 'sending' AND d.claimed_until <= $2)) \
             AND NOT EXISTS (SELECT 1 FROM deliveries e WHERE e.route = d.route AND e.lane = d.lane AND e.id < d.id AND (e.state = 'queued' OR e.state = 'sending')) \
             ORDER BY d.due_at LIMIT $3) RETURNING {COLUMNS}"
        ));
        self.conn.list(sql.bind(until).bind(now).bind(limit as i64).bind(route), read).await
    }

    /// Notes how an attempt went: settled for good, or to be tried again at `again_at`.
    pub async fn settle_delivery(
        &mut self,
        id: DeliveryId,
        state: &str,
        why: Option<&str>,
        receipt: Option<&str>,
        again_at: Option<Time>,
        now: Time,
    ) -> Result<()> {
        let sql = Sql::new(
            "UPDATE deliveries SET state = $1, why = $2, receipt = $3, due_at = COALESCE($4, due_at), claimed_until = NULL, \
             settled_at = $5 WHERE id = $6",
        );
        let settled = again_at.is_none().then_some(now);
        self.conn.run(sql.bind(state).bind(why).bind(receipt).bind(again_at).bind(settled).bind(id)).await.map(|_| ())
    }
}
