//! Attachment rows. The bytes lie in files; see the engine's `files.rs`.

use crate::batch::Batch;
use crate::db::{Columns, Conn, Sql};
use model::attachment::{Attachment, FileInfo, Picture, Purpose, Thumbnail};
use model::id::{AttachmentId, CommentId, TicketId, UserId};
use model::{Result, Time};

const COLUMNS: &str = "id, sha256, filename, content_type, size, content_id, inline, owner_id, ticket_id, comment_id, \
                       created_at, purpose, path, width, height, thumbnail, thumbnail_size";

fn read(c: &mut Columns<'_>) -> Result<Attachment> {
    Ok(Attachment {
        id: AttachmentId(c.int()?),
        file: FileInfo {
            sha256: c.text()?,
            filename: c.text()?,
            content_type: c.text()?,
            size: c.int()?,
            content_id: c.text_or()?,
            inline: c.bool()?,
        },
        owner: c.int_or()?.map(UserId),
        ticket: c.int_or()?.map(TicketId),
        comment: c.int_or()?.map(CommentId),
        created_at: c.time()?,
        purpose: c.word(Purpose::parse)?,
        path: c.text_or()?,
        picture: picture(c)?,
    })
}

fn picture(c: &mut Columns<'_>) -> Result<Option<Picture>> {
    let (width, height) = (c.int_or()?, c.int_or()?);
    let (sha256, size) = (c.text_or()?, c.int_or()?);
    let thumbnail = sha256.zip(size).map(|(sha256, size)| Thumbnail { sha256, size });
    Ok(width.zip(height).map(|(width, height)| Picture { width, height, thumbnail }))
}

/// The upload of an address (below `/uploads/`).
pub async fn by_path(conn: &mut Conn, path: &str) -> Result<Option<Attachment>> {
    let sql = Sql::built(format!("SELECT {COLUMNS} FROM attachments WHERE path = $1"));
    Ok(conn.list(sql.bind(path), read).await?.into_iter().next())
}

/// The files of a ticket that no comment names, oldest first: so many after so many others.
pub async fn of_ticket(conn: &mut Conn, ticket: TicketId, (skip, limit): (usize, usize)) -> Result<Vec<Attachment>> {
    let sql = Sql::built(format!(
        "SELECT {COLUMNS} FROM attachments WHERE comment_id IS NULL AND ticket_id = $1 ORDER BY id LIMIT CAST($2 AS BIGINT) OFFSET $3"
    ));
    conn.list(sql.bind(ticket).bind(limit as i64).bind(skip as i64), read).await
}

/// How many there are.
pub async fn count_of_ticket(conn: &mut Conn, ticket: TicketId) -> Result<i64> {
    let sql = Sql::new("SELECT COUNT(*) FROM attachments WHERE comment_id IS NULL AND ticket_id = $1");
    conn.int(sql.bind(ticket)).await
}

pub async fn by_ids(conn: &mut Conn, ids: &[AttachmentId]) -> Result<Vec<Attachment>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = Sql::built(format!("SELECT {COLUMNS} FROM attachments WHERE id > 0"));
    sql.and_in("id", ids.iter().copied());
    sql.push(" ORDER BY id");
    conn.list(sql, read).await
}

pub(crate) async fn of_comments(conn: &mut Conn, comments: &[CommentId]) -> Result<Vec<Attachment>> {
    let mut sql = Sql::built(format!("SELECT {COLUMNS} FROM attachments WHERE comment_id IS NOT NULL"));
    sql.and_in("comment_id", comments.iter().copied());
    sql.push(" ORDER BY id");
    conn.list(sql, read).await
}

/// Uploads that no comment, no ticket and no profile names since an instant.
pub async fn unused_before(conn: &mut Conn, at: Time, limit: usize) -> Result<Vec<Attachment>> {
    let sql = Sql::built(format!(
        "SELECT {COLUMNS} FROM attachments WHERE comment_id IS NULL AND ticket_id IS NULL AND created_at < $1 \
         AND (purpose <> 'avatar' OR NOT EXISTS (SELECT 1 FROM users WHERE users.id = attachments.owner_id \
         AND users.avatar_url = '/uploads/' || attachments.path)) LIMIT CAST($2 AS BIGINT)"
    ));
    conn.list(sql.bind(at).bind(limit as i64), read).await
}

/// Those of the files that any attachment or raw message still needs.
pub async fn files_in_use(conn: &mut Conn, sha256: &[String]) -> Result<Vec<String>> {
    let mut used = Vec::new();
    let places = [("attachments", "sha256"), ("attachments", "thumbnail"), ("inbound", "raw_file")];
    for (table, column) in places.into_iter().filter(|_| !sha256.is_empty()) {
        let mut sql = Sql::built(format!("SELECT {column} FROM {table} WHERE id > 0"));
        sql.and_in(column, sha256.iter());
        used.extend(conn.list(sql, |c| c.text()).await?);
    }
    Ok(used)
}

/// Every file that some attachment or raw message needs, in order, page by page.
pub async fn files_after(conn: &mut Conn, sha256: &str, limit: usize) -> Result<Vec<(String, i64)>> {
    let sql = Sql::new(
        "SELECT name, MAX(size) FROM (SELECT sha256 AS name, size FROM attachments WHERE sha256 > $1 \
         UNION ALL SELECT thumbnail AS name, thumbnail_size AS size FROM attachments WHERE thumbnail > $1 \
         UNION ALL SELECT raw_file AS name, size FROM inbound WHERE raw_file > $1) AS needed \
         GROUP BY name ORDER BY name LIMIT CAST($2 AS BIGINT)",
    );
    conn.list(sql.bind(sha256).bind(limit as i64), |c| Ok((c.text()?, c.int()?))).await
}

impl Batch<'_> {
    pub(crate) async fn insert_attachment(&mut self, a: &Attachment) -> Result<()> {
        let thumbnail = a.picture.as_ref().and_then(|p| p.thumbnail.as_ref());
        let text = format!(
            "INSERT INTO attachments ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, \
             $12, $13, $14, $15, $16, $17)"
        );
        let sql = Sql::built(text)
            .bind(a.id)
            .bind(&a.file.sha256)
            .bind(&a.file.filename)
            .bind(&a.file.content_type)
            .bind(a.file.size)
            .bind(&a.file.content_id)
            .bind(a.file.inline)
            .bind(a.owner)
            .bind(a.ticket)
            .bind(a.comment)
            .bind(a.created_at)
            .bind(a.purpose.word())
            .bind(&a.path)
            .bind(a.picture.as_ref().map(|p| p.width))
            .bind(a.picture.as_ref().map(|p| p.height))
            .bind(thumbnail.map(|t| t.sha256.clone()))
            .bind(thumbnail.map(|t| t.size));
        self.conn.run(sql).await.map(|_| ())
    }

    pub(crate) async fn delete_attachment(&mut self, id: AttachmentId) -> Result<()> {
        self.conn.run(Sql::new("DELETE FROM attachments WHERE id = $1").bind(id)).await.map(|_| ())
    }
}
