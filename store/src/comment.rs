//! Comment rows, their earlier versions, and their attachments.

use crate::batch::Batch;
use crate::db::{Columns, Conn, Sql};
use model::comment::{Comment, CommentVersion, Visibility};
use model::id::{CommentId, TicketId, UserId};
use model::people::Channel;
use model::text::Body;
use model::{Error, Result, Time};

pub(crate) const COLUMNS: &str = "id, ticket_id, author_id, by_staff, visibility, channel, body, folded, created_at, edited_at, \
                       withdrawn_at, merged_from_id, meta, version, attachment_count";

/// A comment without its attachments, and how many it has.
pub(crate) type Counted = (Comment, i64);

pub(crate) fn read(c: &mut Columns<'_>) -> Result<Counted> {
    let comment = Comment {
        id: CommentId(c.int()?),
        ticket: TicketId(c.int()?),
        author: c.int_or()?.map(UserId),
        by_staff: c.bool()?,
        visibility: c.word(Visibility::parse)?,
        channel: c.word(Channel::parse)?,
        body: Body::stored(c.text()?),
        folded: c.text_or()?,
        created_at: c.time()?,
        edited_at: c.time_or()?,
        withdrawn_at: c.time_or()?,
        merged_from: c.int_or()?.map(TicketId),
        meta: {
            let text = c.text()?;
            if text == "{}" { serde_json::Map::new() } else { serde_json::from_str(&text).map_err(Error::internal)? }
        },
        attachments: Vec::new(),
        version: c.int()?,
    };
    Ok((comment, c.int()?))
}

/// Puts the attachments to their comments, with one statement, and none where there are none.
pub(crate) async fn with_attachments(conn: &mut Conn, rows: Vec<Counted>) -> Result<Vec<Comment>> {
    let having: Vec<CommentId> = rows.iter().filter(|(_, n)| *n > 0).map(|(c, _)| c.id).collect();
    let mut comments: Vec<Comment> = rows.into_iter().map(|(c, _)| c).collect();
    if having.is_empty() {
        return Ok(comments);
    }
    for attachment in crate::attachment::of_comments(conn, &having).await? {
        if let Some(comment) = comments.iter_mut().find(|c| Some(c.id) == attachment.comment) {
            comment.attachments.push(attachment);
        }
    }
    Ok(comments)
}

/// What part of a ticket's comments.
#[derive(Debug, Clone, Copy)]
pub struct Part {
    /// Internal notes, too.
    pub internal: bool,
    /// Withdrawn comments, too, together with `internal` only.
    pub withdrawn: bool,
    /// Without the description.
    pub without_description: bool,
    pub after: Option<CommentId>,
    pub before: Option<CommentId>,
    pub newest_first: bool,
    pub limit: usize,
    pub offset: usize,
}

impl Part {
    /// The first `limit` comments with or without what only staff may read.
    pub fn oldest(internal: bool, limit: usize) -> Self {
        Self {
            internal,
            withdrawn: internal,
            without_description: false,
            after: None,
            before: None,
            newest_first: false,
            limit,
            offset: 0,
        }
    }
}

/// A ticket's comments.
pub async fn of_ticket(conn: &mut Conn, ticket: TicketId, part: Part) -> Result<Vec<Comment>> {
    let mut sql = Sql::select(COLUMNS, "FROM comments WHERE ticket_id = ");
    sql.push_arg(ticket);
    if !part.internal {
        sql.push(" AND visibility <> 'internal'");
    }
    if !(part.internal && part.withdrawn) {
        sql.push(" AND withdrawn_at IS NULL");
    }
    if part.without_description {
        sql.push(" AND id <> (SELECT description_id FROM tickets WHERE id = ").push_arg(ticket).push(")");
    }
    if let Some(after) = part.after {
        sql.push(" AND id > ").push_arg(after);
    }
    if let Some(before) = part.before {
        sql.push(" AND id < ").push_arg(before);
    }
    sql.push(if part.newest_first { " ORDER BY id DESC" } else { " ORDER BY id" });
    sql.push_limit(part.limit as i64);
    if part.offset > 0 {
        sql.push(" OFFSET ").push_arg(part.offset as i64);
    }
    let rows = conn.list(sql, read).await?;
    with_attachments(conn, rows).await
}

/// The first comments of several tickets at once, oldest first, up to `each` per ticket.
pub async fn of_tickets(conn: &mut Conn, tickets: &[TicketId], internal: bool, each: usize) -> Result<Vec<Comment>> {
    if tickets.is_empty() {
        return Ok(Vec::new());
    }
    let hidden = if internal { "" } else { " AND visibility <> 'internal' AND withdrawn_at IS NULL" };
    let from = format!(
        "FROM (SELECT {COLUMNS}, ROW_NUMBER() OVER (PARTITION BY ticket_id ORDER BY id) AS place \
         FROM comments WHERE id > 0{hidden}"
    );
    let mut sql = Sql::select(COLUMNS, &from);
    sql.and_in("ticket_id", tickets.iter().copied());
    sql.push(") AS numbered WHERE place <= ").push_arg(each as i64).push(" ORDER BY ticket_id, id");
    let rows = conn.list(sql, read).await?;
    with_attachments(conn, rows).await
}

pub async fn by_id(conn: &mut Conn, id: CommentId) -> Result<Option<Comment>> {
    Ok(by_ids(conn, &[id]).await?.into_iter().next())
}

pub async fn by_ids(conn: &mut Conn, ids: &[CommentId]) -> Result<Vec<Comment>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = Sql::select(COLUMNS, "FROM comments WHERE id > 0");
    sql.and_in("id", ids.iter().copied());
    let rows = conn.list(sql, read).await?;
    with_attachments(conn, rows).await
}

/// The comments that a merge of this ticket moves, or, with `sources`, those that came to it from these tickets.
pub async fn movable(conn: &mut Conn, ticket: TicketId, sources: &[TicketId]) -> Result<Vec<(CommentId, Visibility)>> {
    let mut sql =
        Sql::built("SELECT id, visibility FROM comments WHERE withdrawn_at IS NULL AND ticket_id = ".to_owned());
    sql.push_arg(ticket);
    if sources.is_empty() {
        sql.push(" AND id <> (SELECT description_id FROM tickets WHERE id = ").push_arg(ticket).push(")");
    } else {
        sql.and_in("merged_from_id", sources.iter().copied());
    }
    sql.push(" ORDER BY id");
    conn.list(sql, |c| Ok((CommentId(c.int()?), c.word(Visibility::parse)?))).await
}

/// The earlier texts of comments: of each the last so many, the oldest first.
pub async fn versions(conn: &mut Conn, ids: &[CommentId], each: usize) -> Result<Vec<(CommentId, CommentVersion)>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = Sql::built(
        "SELECT comment_id, version, body, replaced_at, replaced_by FROM (SELECT v.*, \
         ROW_NUMBER() OVER (PARTITION BY comment_id ORDER BY version DESC) AS place FROM comment_versions v \
         WHERE comment_id > 0"
            .to_owned(),
    );
    sql.and_in("comment_id", ids.iter().copied());
    sql.push(") AS last WHERE place <= ").push_arg(each as i64).push(" ORDER BY comment_id, version");
    conn.list(sql, |c| {
        let comment = CommentId(c.int()?);
        let version = CommentVersion {
            version: c.int()?,
            body: c.text()?,
            replaced_at: c.time()?,
            replaced_by: c.int_or()?.map(UserId),
        };
        Ok((comment, version))
    })
    .await
}

impl Batch<'_> {
    pub(crate) async fn insert_comment(&mut self, comment: &Comment) -> Result<()> {
        let meta = if comment.meta.is_empty() {
            "{}".to_owned()
        } else {
            serde_json::to_string(&comment.meta).map_err(Error::internal)?
        };
        self.later.comments.push(vec![
            comment.id.into(),
            comment.ticket.into(),
            comment.author.into(),
            comment.by_staff.into(),
            comment.visibility.word().into(),
            comment.channel.word().into(),
            comment.body.as_str().into(),
            (&comment.folded).into(),
            comment.created_at.into(),
            comment.edited_at.into(),
            comment.withdrawn_at.into(),
            comment.merged_from.into(),
            meta.into(),
            comment.version.into(),
            (comment.attachments.len() as i64).into(),
        ]);
        for attachment in &comment.attachments {
            let sql = Sql::new("UPDATE attachments SET ticket_id = $1, comment_id = $2 WHERE id = $3");
            self.conn.run(sql.bind(comment.ticket).bind(comment.id).bind(attachment.id)).await?;
        }
        Ok(())
    }

    /// Keeps the old text as a version and writes the new one.
    pub(crate) async fn edit_comment(
        &mut self,
        id: CommentId,
        from: &Body,
        to: &Body,
        at: Time,
        by: Option<UserId>,
    ) -> Result<()> {
        let sql = Sql::new(
            "INSERT INTO comment_versions (comment_id, version, body, replaced_at, replaced_by) \
             SELECT id, version, $1, $2, $3 FROM comments WHERE id = $4",
        );
        self.conn.run(sql.bind(from.as_str()).bind(at).bind(by).bind(id)).await?;
        let sql = Sql::new("UPDATE comments SET body = $1, edited_at = $2, version = version + 1 WHERE id = $3");
        self.conn.run(sql.bind(to.as_str()).bind(at).bind(id)).await.map(|_| ())
    }

    pub(crate) async fn set_comment_visibility(&mut self, id: CommentId, to: Visibility) -> Result<()> {
        let sql = Sql::new("UPDATE comments SET visibility = $1, version = version + 1 WHERE id = $2");
        self.conn.run(sql.bind(to.word()).bind(id)).await.map(|_| ())
    }

    pub(crate) async fn withdraw_comment(&mut self, id: CommentId, at: Time) -> Result<()> {
        let sql = Sql::new("UPDATE comments SET withdrawn_at = $1, version = version + 1 WHERE id = $2");
        self.conn.run(sql.bind(at).bind(id)).await.map(|_| ())
    }

    /// Moves comments and their files from the merged ticket `source`, noting where they came from first.
    pub(crate) async fn merge_comments(&mut self, ids: &[CommentId], source: TicketId, to: TicketId) -> Result<()> {
        self.move_comments(ids, to, "COALESCE(merged_from_id, ", source, ")").await
    }

    /// Moves them back to `source`, forgetting that they were away.
    pub(crate) async fn unmerge_comments(&mut self, ids: &[CommentId], source: TicketId) -> Result<()> {
        self.move_comments(ids, source, "NULLIF(merged_from_id, ", source, ")").await
    }

    async fn move_comments(
        &mut self,
        ids: &[CommentId],
        to: TicketId,
        open: &str,
        source: TicketId,
        close: &str,
    ) -> Result<()> {
        for chunk in ids.chunks(200) {
            let mut sql = Sql::built("UPDATE comments SET ticket_id = ".to_owned());
            sql.push_arg(to).push(", merged_from_id = ").push(open).push_arg(source).push(close).push(" WHERE id > 0");
            sql.and_in("id", chunk.iter().copied());
            self.conn.run(sql).await?;
            let mut sql = Sql::built("UPDATE attachments SET ticket_id = ".to_owned());
            sql.push_arg(to).push(" WHERE id > 0");
            sql.and_in("comment_id", chunk.iter().copied());
            self.conn.run(sql).await?;
        }
        Ok(())
    }
}

/// How many comments somebody has written.
pub async fn said(conn: &mut Conn, author: UserId) -> Result<i64> {
    conn.int(Sql::new("SELECT COUNT(*) FROM comments WHERE author_id = $1").bind(author)).await
}

/// Whether somebody has written a public comment on a ticket.
pub async fn has_author(conn: &mut Conn, ticket: TicketId, author: UserId) -> Result<bool> {
    let sql =
        Sql::new("SELECT id FROM comments WHERE ticket_id = $1 AND author_id = $2 AND visibility = 'public' LIMIT 1");
    Ok(conn.one(sql.bind(ticket).bind(author)).await?.is_some())
}
