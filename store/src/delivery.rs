//! The ledger of deliveries: what is to be sent where, in which order, and how it went.

use crate::batch::Batch;
use crate::db::{Columns, Conn, Sql};
use model::id::{CommentId, DeliveryId, Seq, TicketId, WebhookId};
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
    /// The endpoint that it is for, where the route has such things.
    pub webhook: Option<WebhookId>,
    /// What the event is told as there.
    pub topic: Option<String>,
    /// When the try before this one was about to hand it to the peer, if nobody knows how that ended.
    pub handed_at: Option<Time>,
    /// Its Message-ID without brackets, where the route has such things: reports name it by that.
    pub message_id: Option<String>,
}

const COLUMNS: &str = "id, seq, route, lane, ticket_id, comment_id, recipient, body, state, attempts, due_at, why, receipt, \
                       created_at, settled_at, webhook_id, topic, handed_at, message_id";

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
        webhook: c.int_or()?.map(WebhookId),
        topic: c.text_or()?,
        handed_at: c.time_or()?,
        message_id: c.text_or()?,
    })
}

/// Which deliveries. Empty fields don't filter.
#[derive(Debug, Clone, Copy, Default)]
pub struct Which<'a> {
    pub ticket: Option<TicketId>,
    pub webhook: Option<WebhookId>,
    pub state: Option<&'a str>,
}

impl Which<'_> {
    fn conditions(self, sql: &mut Sql) {
        sql.and_in("ticket_id", self.ticket);
        sql.and_in("webhook_id", self.webhook);
        sql.and_in("state", self.state);
    }
}

pub async fn by_id(conn: &mut Conn, id: DeliveryId) -> Result<Option<Delivery>> {
    conn.find(Sql::built(format!("SELECT {COLUMNS} FROM deliveries WHERE id = $1")).bind(id), read).await
}

/// The one delivery of an event to a recipient.
pub async fn by_recipient(conn: &mut Conn, route: &str, seq: Seq, recipient: &str) -> Result<Option<Delivery>> {
    let sql = Sql::built(format!("SELECT {COLUMNS} FROM deliveries WHERE route = $1 AND seq = $2 AND recipient = $3"));
    conn.find(sql.bind(route).bind(seq).bind(recipient), read).await
}

/// The deliveries of one message: it, and what was sent again of it.
pub async fn by_message(conn: &mut Conn, message_id: &str) -> Result<Vec<Delivery>> {
    let sql = Sql::built(format!("SELECT {COLUMNS} FROM deliveries WHERE message_id = $1 ORDER BY id LIMIT 50"));
    conn.list(sql.bind(message_id), read).await
}

/// How many there are of them.
pub async fn count(conn: &mut Conn, which: Which<'_>) -> Result<i64> {
    let mut sql = Sql::built("SELECT COUNT(*) FROM deliveries WHERE id > 0".to_owned());
    which.conditions(&mut sql);
    conn.int(sql).await
}

/// Deliveries, newest first.
pub async fn list(conn: &mut Conn, which: Which<'_>, page: &Page) -> Result<Slice<Delivery>> {
    let mut sql = Sql::built(format!("SELECT {COLUMNS} FROM deliveries WHERE id > 0"));
    which.conditions(&mut sql);
    let all = conn.list(crate::list::newest(sql, page), read).await?;
    Ok(crate::list::slice(all, page, |d| Place { key: None, id: d.id.0 }))
}

/// How many there are in each state: of those that are under way all, of those that are settled what was since then.
pub async fn states(conn: &mut Conn, since: Time) -> Result<Vec<(String, i64)>> {
    let sql = Sql::new(
        "SELECT state, COUNT(*) FROM deliveries WHERE state = 'queued' OR state = 'sending' GROUP BY state UNION ALL \
         SELECT state, COUNT(*) FROM deliveries WHERE settled_at IS NOT NULL AND settled_at >= $1 GROUP BY state",
    );
    conn.list(sql.bind(since), |c| Ok((c.text()?, c.int()?))).await
}

/// How many deliveries are due now.
pub async fn due_count(conn: &mut Conn, now: Time) -> Result<i64> {
    let sql =
        Sql::new("SELECT COUNT(*) FROM deliveries WHERE (state = 'queued' OR state = 'sending') AND due_at <= $1");
    conn.int(sql.bind(now)).await
}

/// Not settled, spelled as the partial indexes have it: SQLite uses them for what says so word by word only.
const OPEN: &str = "(d.state = 'queued' OR d.state = 'sending')";

/// Whether a route has something to try now.
pub async fn is_due(conn: &mut Conn, route: &str, now: Time) -> Result<bool> {
    Ok(conn.one(due(route, now)).await?.is_some())
}

fn due(route: &str, now: Time) -> Sql {
    let sql = Sql::built(format!(
        "SELECT d.id FROM deliveries d WHERE d.route = $1 AND d.due_at <= $2 AND {OPEN} \
         AND (d.state = 'queued' OR d.claimed_until <= $2) LIMIT 1"
    ));
    sql.bind(route).bind(now)
}

/// What claims a route's due deliveries.
fn claimed(claim: &Claim<'_>) -> Sql {
    let mut sql =
        Sql::built("UPDATE deliveries SET state = 'sending', attempts = attempts + 1, claimed_until = ".to_owned());
    sql.push_arg(claim.until);
    sql.push(
        " WHERE id IN (SELECT due.id FROM (SELECT d.id, d.due_at, \
         ROW_NUMBER() OVER (PARTITION BY COALESCE(d.webhook_id, -d.id) ORDER BY d.due_at, d.id) AS place \
         FROM deliveries d WHERE d.route = ",
    );
    sql.push_arg(claim.route).push(" AND d.due_at <= ").push_arg(claim.now);
    sql.push(&format!(" AND {OPEN} AND (d.state = 'queued' OR d.claimed_until <= ")).push_arg(claim.now);
    sql.push(
        ") AND NOT EXISTS (SELECT 1 FROM deliveries e WHERE e.route = d.route AND e.lane = d.lane AND e.id < d.id \
         AND (e.state = 'queued' OR e.state = 'sending'))",
    );
    if !claim.busy.is_empty() {
        sql.push(" AND (d.webhook_id IS NULL OR NOT (d.webhook_id > 0");
        sql.and_in("d.webhook_id", claim.busy.iter().copied());
        sql.push("))");
    }
    sql.push(") AS due WHERE due.place <= ").push_arg(claim.each as i64);
    sql.push(" ORDER BY due.due_at, due.id").push_limit(claim.limit as i64);
    sql.push(&format!(") RETURNING {COLUMNS}"));
    sql
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
    pub webhook: Option<WebhookId>,
    pub topic: Option<String>,
    pub message_id: Option<String>,
}

/// How a try ended: settled for good, or to be tried again at `again_at`.
#[derive(Debug, Clone)]
pub struct Settled<'a> {
    pub id: DeliveryId,
    /// Which try it was: one that was too slow, and has been taken over, settles nothing.
    pub attempt: i64,
    pub state: &'static str,
    pub why: Option<&'a str>,
    pub receipt: Option<&'a str>,
    pub again_at: Option<Time>,
}

/// What a carrier may take on now.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'a> {
    pub route: &'a str,
    pub now: Time,
    /// When somebody else may claim it, unless it is settled by then.
    pub until: Time,
    pub limit: usize,
    /// So many of one endpoint at a time: a slow one must not keep the others waiting.
    pub each: usize,
    /// Endpoints that have enough to do.
    pub busy: &'a [WebhookId],
}

impl Batch<'_> {
    /// Queues a delivery; the same (route, event, recipient) a second time changes nothing.
    /// Answers its id, or nothing where it was there.
    pub async fn queue_delivery(&mut self, new: NewDelivery, now: Time) -> Result<Option<DeliveryId>> {
        let id = self.counters.next_delivery();
        let sql = Sql::new(
            "INSERT INTO deliveries (id, seq, route, lane, ticket_id, comment_id, recipient, body, state, attempts, due_at, \
             created_at, webhook_id, topic, message_id) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'queued', 0, $9, $9, $10, $11, $12) ON CONFLICT (route, seq, recipient) DO NOTHING",
        )
        .bind(id)
        .bind(new.seq)
        .bind(new.route)
        .bind(new.lane)
        .bind(new.ticket)
        .bind(new.comment)
        .bind(new.recipient)
        .bind(new.body)
        .bind(now)
        .bind(new.webhook)
        .bind(new.topic)
        .bind(new.message_id);
        Ok((self.conn.run(sql).await? > 0).then_some(id))
    }

    /// Claims a route's due deliveries, the first of each lane only.
    pub async fn claim_deliveries(&mut self, claim: Claim<'_>) -> Result<Vec<Delivery>> {
        self.conn.list(claimed(&claim), read).await
    }

    /// Gives back what a process that is no more had claimed.
    pub async fn release_deliveries(&mut self, route: &str, now: Time) -> Result<u64> {
        let sql = Sql::new("UPDATE deliveries SET claimed_until = $1 WHERE state = 'sending' AND route = $2");
        self.conn.run(sql.bind(now).bind(route)).await
    }

    /// Notes that a try is about to hand it to the peer; false where another try has taken it over.
    pub async fn hand_over(&mut self, id: DeliveryId, attempt: i64, now: Time) -> Result<bool> {
        let sql =
            Sql::new("UPDATE deliveries SET handed_at = $1 WHERE id = $2 AND attempts = $3 AND state = 'sending'");
        Ok(self.conn.run(sql.bind(now).bind(id).bind(attempt)).await? > 0)
    }

    /// Notes that what was sent did not arrive, whatever was known of it before; false where no mail has that Message-ID.
    /// One that waits for another try is left: that try says more.
    pub async fn delivery_bounced(&mut self, message_id: &str, why: &str, now: Time) -> Result<bool> {
        let sql = Sql::new(
            "UPDATE deliveries SET state = 'bounced', why = $1, settled_at = COALESCE(settled_at, $2), claimed_until = NULL \
             WHERE message_id = $3 AND state <> 'queued' AND state <> 'bounced'",
        );
        Ok(self.conn.run(sql.bind(why).bind(now).bind(message_id)).await? > 0)
    }

    /// Notes how an attempt went; a report that it did not arrive may have been faster.
    pub async fn settle_delivery(&mut self, settled: Settled<'_>, now: Time) -> Result<()> {
        let Settled { id, attempt, state, why, receipt, again_at } = settled;
        let sql = Sql::new(
            "UPDATE deliveries SET state = $1, why = $2, receipt = $3, due_at = COALESCE($4, due_at), claimed_until = NULL, \
             handed_at = NULL, settled_at = $5 WHERE id = $6 AND attempts = $7 AND state <> 'bounced'",
        );
        let at = again_at.is_none().then_some(now);
        let sql = sql.bind(state).bind(why).bind(receipt).bind(again_at).bind(at).bind(id).bind(attempt);
        let settled = self.conn.run(sql).await? > 0;
        let Some(again) = again_at.filter(|_| settled) else { return Ok(()) };
        // The lane waits with it: those behind are not looked at in vain again and again.
        let sql = Sql::new(
            "UPDATE deliveries SET due_at = $1 WHERE state = 'queued' AND due_at < $1 AND id > $2 \
             AND route = (SELECT route FROM deliveries WHERE id = $2) AND lane = (SELECT lane FROM deliveries WHERE id = $2)",
        );
        self.conn.run(sql.bind(again).bind(id)).await.map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Options, Store};

    /// The ledger grows for months, and is looked at every second, also under the write lock.
    #[tokio::test]
    async fn what_is_due_is_found_without_reading_what_is_settled() {
        let file = std::env::temp_dir().join(format!("echodesk-plans-{}.db", std::process::id()));
        let store = Store::open(&Options::new(format!("sqlite://{}", file.display()))).await.unwrap();
        let claim = Claim { route: "mail", now: Time(2), until: Time(3), limit: 10, each: 5, busy: &[] };
        for sql in [due("mail", Time(2)), claimed(&claim)] {
            let mut conn = store.read().await.unwrap();
            let plan = conn.list(sql.explained(), |c| {
                let _ = (c.int()?, c.int()?, c.int()?);
                c.text()
            });
            let plan = plan.await.unwrap().join("\n");
            let looks = |index: &str| plan.contains(&format!("SEARCH d USING INDEX {index}"));
            assert!(looks("deliveries_open_lane") || looks("deliveries_due"), "{plan}");
        }
        store.close().await;
        for end in ["", "-wal", "-shm"] {
            std::fs::remove_file(format!("{}{end}", file.display())).ok();
        }
    }
}
