//! The log: appending (through the batch), reading after a place, and the log's own identity.

use crate::batch::Batch;
use crate::db::{Columns, Conn, Sql, Value};
use model::actor::By;
use model::event::{About, Event, Recorded};
use model::id::{Seq, TicketId, UserId};
use model::{Error, Result};

pub(crate) const COLUMNS: &str = "seq, at, type, by_actor, ticket_id, requester_id, assignee_id, user_id, body";

impl Batch<'_> {
    pub(crate) fn append(&mut self, recorded: &Recorded) -> Result<()> {
        let json = |e: serde_json::Error| Error::internal(e);
        let about = recorded.about;
        self.later.events.push(vec![
            recorded.seq.into(),
            recorded.at.into(),
            recorded.event.word().into(),
            serde_json::to_string(&recorded.by).map_err(json)?.into(),
            about.map(|a| a.ticket).or_else(|| recorded.event.ticket()).into(),
            about.map(|a| a.requester).into(),
            about.and_then(|a| a.assignee).into(),
            recorded.event.user().into(),
            Value::Text(Some(serde_json::to_string(&recorded.event).map_err(json)?)),
        ]);
        Ok(())
    }
}

/// An event with the ticket's present access, which may have changed since: permissions are those of now.
fn read(c: &mut Columns<'_>) -> Result<Recorded> {
    let seq = Seq(c.int()?);
    let at = c.time()?;
    let by: By = c.json()?;
    let event: Event = c.json()?;
    let ticket = c.int_or()?;
    let requester = c.int_or()?;
    let assignee = c.int_or()?;
    let deleted = c.int_or()?;
    let about = match (ticket, requester) {
        (Some(ticket), Some(requester)) => Some(About {
            ticket: TicketId(ticket),
            requester: UserId(requester),
            assignee: assignee.map(UserId),
            deleted: deleted.is_some(),
        }),
        _ => None,
    };
    Ok(Recorded { seq, at, by, about, event })
}

const SELECT: &str = "SELECT e.seq, e.at, e.by_actor, e.body, e.ticket_id, t.requester_id, t.assignee_id, t.deleted_at \
                      FROM events e LEFT JOIN tickets t ON t.id = e.ticket_id";

/// The ticket of an event with the people around it as they were right after it, whoever they are now.
pub async fn about_then(conn: &mut Conn, seq: Seq) -> Result<Option<About>> {
    let sql = Sql::new("SELECT ticket_id, requester_id, assignee_id FROM events WHERE seq = $1");
    let found = conn.find(sql.bind(seq), |c| Ok((c.int_or()?, c.int_or()?, c.int_or()?))).await?;
    Ok(found.and_then(|(ticket, requester, assignee)| {
        let (ticket, requester) = (TicketId(ticket?), UserId(requester?));
        Some(About { ticket, requester, assignee: assignee.map(UserId), deleted: false })
    }))
}

/// The events after a place, in order, at most `limit`.
pub async fn after(conn: &mut Conn, seq: Seq, limit: usize) -> Result<Vec<Recorded>> {
    let sql = Sql::built(format!("{SELECT} WHERE e.seq > $1 ORDER BY e.seq LIMIT CAST($2 AS BIGINT)"));
    conn.list(sql.bind(seq).bind(limit as i64), read).await
}

/// A ticket's history: its events before a place (newest first), at most `limit`.
pub async fn of_ticket(conn: &mut Conn, ticket: TicketId, before: Option<Seq>, limit: usize) -> Result<Vec<Recorded>> {
    let sql = Sql::built(format!(
        "{SELECT} WHERE e.ticket_id = $1 AND e.seq < $2 ORDER BY e.seq DESC LIMIT CAST($3 AS BIGINT)"
    ));
    let before = before.map_or(i64::MAX, |s| s.0);
    conn.list(sql.bind(ticket).bind(before).bind(limit as i64), read).await
}

/// A ticket's events up to a place, oldest first, at most `limit`.
pub async fn of_ticket_until(conn: &mut Conn, ticket: TicketId, until: Seq, limit: usize) -> Result<Vec<Recorded>> {
    let sql =
        Sql::built(format!("{SELECT} WHERE e.ticket_id = $1 AND e.seq <= $2 ORDER BY e.seq LIMIT CAST($3 AS BIGINT)"));
    conn.list(sql.bind(ticket).bind(until).bind(limit as i64), read).await
}

/// The place of a ticket's last event.
pub async fn last_of_ticket(conn: &mut Conn, ticket: TicketId) -> Result<Seq> {
    let sql = Sql::new("SELECT COALESCE(MAX(seq), 0) FROM events WHERE ticket_id = $1");
    conn.int(sql.bind(ticket)).await.map(Seq)
}

/// The last event's place.
pub async fn last(conn: &mut Conn) -> Result<Seq> {
    conn.int(Sql::new("SELECT event FROM counters WHERE id = 1")).await.map(Seq)
}

/// The place of the last event at or before an instant: what is older than that is not replayed.
pub async fn last_before(conn: &mut Conn, at: model::Time) -> Result<Seq> {
    // `at` grows with `seq` but for clocks that step back, so a binary search over `seq` finds it without an index.
    let (mut low, mut high) = (0, last(conn).await?.0);
    while low < high {
        let middle = low + (high - low + 1) / 2;
        let seen = conn.find(Sql::new("SELECT at FROM events WHERE seq = $1").bind(middle), |c| c.int()).await?;
        if seen.is_some_and(|seen| seen <= at.0) { low = middle } else { high = middle - 1 }
    }
    Ok(Seq(low))
}

/// How far a reader has come; nothing where it has never read.
pub async fn known_reader(conn: &mut Conn, name: &str) -> Result<Option<Seq>> {
    conn.find(Sql::new("SELECT seq FROM readers WHERE name = $1").bind(name), |c| c.int().map(Seq)).await
}

impl Batch<'_> {
    /// Moves a reader's place.
    pub async fn set_reader(&mut self, name: &str, seq: Seq) -> Result<()> {
        let sql = Sql::new(
            "INSERT INTO readers (name, seq) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET seq = excluded.seq",
        );
        self.conn.run(sql.bind(name).bind(seq)).await.map(|_| ())
    }

    /// Forgets a reader's place.
    pub async fn forget_reader(&mut self, name: &str) -> Result<()> {
        self.conn.run(Sql::new("DELETE FROM readers WHERE name = $1").bind(name)).await.map(|_| ())
    }
}
