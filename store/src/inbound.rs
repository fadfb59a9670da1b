//! Raw messages of the channels: stored before they are acknowledged, and what became of them.

use crate::batch::Batch;
use crate::db::{Columns, Conn, Sql};
use model::id::{CommentId, InboundId, TicketId};
use model::inbound::{InboundState, StoredInbound};
use model::people::Channel;
use model::query::{Page, Place, Slice};
use model::{Result, Time};

const COLUMNS: &str = "id, channel, size, received_at, state, why, attempts, ticket_id, comment_id";

fn read(c: &mut Columns<'_>) -> Result<StoredInbound> {
    Ok(StoredInbound {
        id: InboundId(c.int()?),
        channel: c.word(Channel::parse)?,
        size: c.int()?,
        received_at: c.time()?,
        state: c.word(InboundState::parse)?,
        why: c.text_or()?,
        attempts: c.int()?,
        ticket: c.int_or()?.map(TicketId),
        comment: c.int_or()?.map(CommentId),
    })
}

/// A raw message's bytes, or the file that they lie in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Raw {
    Bytes(Vec<u8>),
    /// Hex SHA-256: the file's name in the file store.
    File(String),
}

pub async fn by_id(conn: &mut Conn, id: InboundId) -> Result<Option<StoredInbound>> {
    conn.find(Sql::built(format!("SELECT {COLUMNS} FROM inbound WHERE id = $1")).bind(id), read).await
}

pub async fn raw(conn: &mut Conn, id: InboundId) -> Result<Option<Raw>> {
    let sql = Sql::new("SELECT raw, raw_file FROM inbound WHERE id = $1");
    let found = conn.find(sql.bind(id), |c| Ok((c.bytes_or()?, c.text_or()?))).await?;
    Ok(found.and_then(|(bytes, file)| match (bytes, file) {
        (Some(bytes), _) => Some(Raw::Bytes(bytes)),
        (None, Some(file)) => Some(Raw::File(file)),
        (None, None) => None,
    }))
}

/// Messages in a state, oldest first: what was received but not read when the power went off is read after the start.
pub async fn in_state(
    conn: &mut Conn,
    state: InboundState,
    after: InboundId,
    limit: usize,
) -> Result<Vec<StoredInbound>> {
    let sql = Sql::built(format!(
        "SELECT {COLUMNS} FROM inbound WHERE state = $1 AND id > $2 ORDER BY id LIMIT CAST($3 AS BIGINT)"
    ));
    conn.list(sql.bind(state.word()).bind(after).bind(limit as i64), read).await
}

/// Messages, newest first.
pub async fn list(conn: &mut Conn, state: Option<InboundState>, page: &Page) -> Result<Slice<StoredInbound>> {
    let mut sql = Sql::built(format!("SELECT {COLUMNS} FROM inbound WHERE id > 0"));
    sql.and_in("state", state.map(InboundState::word));
    let all = conn.list(crate::list::newest(sql, page), read).await?;
    Ok(crate::list::slice(all, page, |i| Place { key: None, id: i.id.0 }))
}

/// How many messages are in each state, by channel.
pub async fn counts(conn: &mut Conn) -> Result<Vec<(Channel, InboundState, i64)>> {
    conn.list(Sql::new("SELECT channel, state, COUNT(*) FROM inbound GROUP BY channel, state"), |c| {
        Ok((c.word(Channel::parse)?, c.word(InboundState::parse)?, c.int()?))
    })
    .await
}

/// A message to store.
#[derive(Debug, Clone)]
pub struct NewInbound {
    pub channel: Channel,
    pub raw: Raw,
    pub size: i64,
    /// Where it came from, for the log of oddities.
    pub remote: Option<String>,
}

impl Batch<'_> {
    /// Stores a raw message as received.
    pub async fn store_inbound(&mut self, new: NewInbound, at: Time) -> Result<InboundId> {
        let id = self.counters.next_inbound();
        let (bytes, file) = match new.raw {
            Raw::Bytes(bytes) => (Some(bytes), None),
            Raw::File(file) => (None, Some(file)),
        };
        let sql = Sql::new(
            "INSERT INTO inbound (id, channel, raw, raw_file, size, remote, received_at, state, attempts) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, 'received', 0)",
        )
        .bind(id)
        .bind(new.channel.word())
        .bind(bytes)
        .bind(file)
        .bind(new.size)
        .bind(new.remote)
        .bind(at);
        self.conn.run(sql).await?;
        Ok(id)
    }

    /// Notes what became of it.
    pub async fn set_inbound(
        &mut self,
        id: InboundId,
        state: InboundState,
        why: Option<&str>,
        went: Option<(TicketId, CommentId)>,
    ) -> Result<()> {
        let sql = Sql::new(
            "UPDATE inbound SET state = $1, why = $2, ticket_id = $3, comment_id = $4, attempts = attempts + 1 WHERE id = $5",
        );
        let sql = sql.bind(state.word()).bind(why).bind(went.map(|w| w.0)).bind(went.map(|w| w.1)).bind(id);
        self.conn.run(sql).await.map(|_| ())
    }

    /// Puts a mended form in the place of the raw message.
    pub async fn mend_inbound(&mut self, id: InboundId, raw: Raw, size: i64) -> Result<()> {
        let (bytes, file) = match raw {
            Raw::Bytes(bytes) => (Some(bytes), None),
            Raw::File(file) => (None, Some(file)),
        };
        let sql = Sql::new("UPDATE inbound SET raw = $1, raw_file = $2, size = $3 WHERE id = $4");
        self.conn.run(sql.bind(bytes).bind(file).bind(size).bind(id)).await.map(|_| ())
    }
}
