//! Quick replies.

use crate::batch::Batch;
use crate::db::{Columns, Conn, Sql};
use model::automation::reply::search_text;
use model::automation::{QuickReply, QuickReplyFilter, QuickReplyForm};
use model::id::{QuickReplyId, UserId};
use model::query::{Page, Place, Slice};
use model::text::Tag;
use model::{Error, Result, Time};

const COLUMNS: &str = "id, name, category, content, tags, is_public, owner_id, uses, created_at, updated_at";

fn read(c: &mut Columns<'_>) -> Result<QuickReply> {
    Ok(QuickReply {
        id: QuickReplyId(c.int()?),
        form: QuickReplyForm {
            name: c.text()?,
            category: c.text_or()?,
            content: c.text()?,
            tags: c.json::<Vec<Tag>>()?,
            public: c.bool()?,
        },
        owner: c.int_or()?.map(UserId),
        uses: c.int()?,
        created_at: c.time()?,
        updated_at: c.time()?,
    })
}

fn tags(form: &QuickReplyForm) -> Result<String> {
    serde_json::to_string(&form.tags).map_err(Error::internal)
}

/// Those that somebody sees; `None`: the system, which sees all.
#[derive(Debug, Clone, Copy)]
pub struct Seen(pub Option<UserId>);

fn conditions(sql: &mut Sql, seen: Seen, filter: &QuickReplyFilter) {
    if let Seen(Some(user)) = seen {
        sql.push(" AND (is_public OR owner_id = ").push_arg(user).push(")");
    }
    if let Some(category) = &filter.category {
        sql.push(" AND category = ").push_arg(category);
    }
    if let Some(public) = filter.public {
        sql.push(" AND is_public = ").push_arg(public);
    }
    if let Some(word) = &filter.keyword {
        sql.and_contains("search_text", word);
    }
}

/// The newest first.
pub async fn list(conn: &mut Conn, seen: Seen, filter: &QuickReplyFilter, page: &Page) -> Result<Slice<QuickReply>> {
    let mut sql = Sql::built(format!("SELECT {COLUMNS} FROM quick_replies WHERE id > 0"));
    conditions(&mut sql, seen, filter);
    let all = conn.list(crate::list::newest(sql, page), read).await?;
    Ok(crate::list::slice(all, page, |reply| Place { key: None, id: reply.id.0 }))
}

pub async fn count(conn: &mut Conn, seen: Seen, filter: &QuickReplyFilter) -> Result<i64> {
    let mut sql = Sql::built("SELECT COUNT(*) FROM quick_replies WHERE id > 0".to_owned());
    conditions(&mut sql, seen, filter);
    conn.int(sql).await
}

/// How many somebody has made.
pub async fn count_of(conn: &mut Conn, owner: UserId) -> Result<i64> {
    conn.int(Sql::new("SELECT COUNT(*) FROM quick_replies WHERE owner_id = $1").bind(owner)).await
}

pub async fn by_id(conn: &mut Conn, id: QuickReplyId) -> Result<Option<QuickReply>> {
    conn.find(Sql::built(format!("SELECT {COLUMNS} FROM quick_replies WHERE id = $1")).bind(id), read).await
}

impl Batch<'_> {
    pub(crate) async fn insert_quick_reply(&mut self, reply: &QuickReply) -> Result<()> {
        let form = &reply.form;
        let text = format!(
            "INSERT INTO quick_replies ({COLUMNS}, search_text) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
        );
        let sql = Sql::built(text)
            .bind(reply.id)
            .bind(&form.name)
            .bind(&form.category)
            .bind(&form.content)
            .bind(tags(form)?)
            .bind(form.public)
            .bind(reply.owner)
            .bind(reply.uses)
            .bind(reply.created_at)
            .bind(reply.updated_at)
            .bind(search_text(form));
        self.conn.run(sql).await.map(|_| ())
    }

    pub(crate) async fn set_quick_reply(&mut self, id: QuickReplyId, form: &QuickReplyForm, at: Time) -> Result<()> {
        let sql = Sql::new(
            "UPDATE quick_replies SET name = $1, category = $2, content = $3, tags = $4, is_public = $5, search_text = $6, \
             updated_at = $7 WHERE id = $8",
        )
        .bind(&form.name)
        .bind(&form.category)
        .bind(&form.content)
        .bind(tags(form)?)
        .bind(form.public)
        .bind(search_text(form))
        .bind(at)
        .bind(id);
        self.conn.run(sql).await.map(|_| ())
    }

    pub(crate) async fn use_quick_reply(&mut self, id: QuickReplyId) -> Result<()> {
        self.conn.run(Sql::new("UPDATE quick_replies SET uses = uses + 1 WHERE id = $1").bind(id)).await.map(|_| ())
    }

    pub(crate) async fn delete_quick_reply(&mut self, id: QuickReplyId) -> Result<()> {
        self.conn.run(Sql::new("DELETE FROM quick_replies WHERE id = $1").bind(id)).await.map(|_| ())
    }
}
