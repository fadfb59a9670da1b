//! What has been done already: answers to callers' keys, and messages of channels.

use crate::batch::Batch;
use crate::db::{Conn, Sql};
use model::command::Origin;
use model::id::{CommentId, TicketId};
use model::{Result, Time};

/// The command and the subject that a caller's key stands for.
pub async fn key(conn: &mut Conn, actor: i64, key: &str) -> Result<Option<(String, String)>> {
    let sql = Sql::new("SELECT command, subject FROM idempotency WHERE actor_id = $1 AND key = $2");
    conn.find(sql.bind(actor).bind(key), |c| Ok((c.text()?, c.text()?))).await
}

/// Where a channel's message went.
pub async fn origin(conn: &mut Conn, origin: &Origin) -> Result<Option<(TicketId, CommentId)>> {
    let sql = Sql::new("SELECT ticket_id, comment_id FROM origins WHERE channel = $1 AND external_id = $2");
    let read = |c: &mut crate::db::Columns<'_>| Ok((TicketId(c.int()?), CommentId(c.int()?)));
    conn.find(sql.bind(origin.channel.word()).bind(&origin.external_id), read).await
}

impl Batch<'_> {
    /// Notes a channel's message. The primary key refuses it a second time.
    pub async fn remember_origin(
        &mut self,
        origin: &Origin,
        ticket: TicketId,
        comment: CommentId,
        at: Time,
    ) -> Result<()> {
        let sql = Sql::new(
            "INSERT INTO origins (channel, external_id, ticket_id, comment_id, at) VALUES ($1, $2, $3, $4, $5)",
        );
        let sql = sql.bind(origin.channel.word()).bind(&origin.external_id).bind(ticket).bind(comment).bind(at);
        self.conn.run(sql).await.map(|_| ())
    }
}
