//! Ticket templates. There are few, and they are read at once.

use crate::batch::Batch;
use crate::db::{Columns, Conn, Sql};
use model::automation::{TEMPLATES_MAX, Template, TemplateForm};
use model::id::{TemplateId, UserId};
use model::{Error, Result, Time};

const COLUMNS: &str = "id, form, owner_id, uses, created_at, updated_at";

fn read(c: &mut Columns<'_>) -> Result<Template> {
    Ok(Template {
        id: TemplateId(c.int()?),
        form: c.json()?,
        owner: c.int_or()?.map(UserId),
        uses: c.int()?,
        created_at: c.time()?,
        updated_at: c.time()?,
    })
}

fn json(form: &TemplateForm) -> Result<String> {
    serde_json::to_string(form).map_err(Error::internal)
}

/// In the order in which they were made.
pub async fn all(conn: &mut Conn) -> Result<Vec<Template>> {
    let sql = Sql::built(format!("SELECT {COLUMNS} FROM ticket_templates ORDER BY id LIMIT CAST($1 AS BIGINT)"));
    conn.list(sql.bind(TEMPLATES_MAX), read).await
}

pub async fn by_id(conn: &mut Conn, id: TemplateId) -> Result<Option<Template>> {
    conn.find(Sql::built(format!("SELECT {COLUMNS} FROM ticket_templates WHERE id = $1")).bind(id), read).await
}

pub async fn count(conn: &mut Conn) -> Result<i64> {
    conn.int(Sql::new("SELECT COUNT(*) FROM ticket_templates")).await
}

impl Batch<'_> {
    pub(crate) async fn insert_template(&mut self, template: &Template) -> Result<()> {
        let text = format!("INSERT INTO ticket_templates ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6)");
        let sql = Sql::built(text)
            .bind(template.id)
            .bind(json(&template.form)?)
            .bind(template.owner)
            .bind(template.uses)
            .bind(template.created_at)
            .bind(template.updated_at);
        self.conn.run(sql).await.map(|_| ())
    }

    pub(crate) async fn set_template(&mut self, id: TemplateId, form: &TemplateForm, at: Time) -> Result<()> {
        let sql = Sql::new("UPDATE ticket_templates SET form = $1, updated_at = $2 WHERE id = $3");
        self.conn.run(sql.bind(json(form)?).bind(at).bind(id)).await.map(|_| ())
    }

    pub(crate) async fn use_template(&mut self, id: TemplateId) -> Result<()> {
        self.conn.run(Sql::new("UPDATE ticket_templates SET uses = uses + 1 WHERE id = $1").bind(id)).await.map(|_| ())
    }

    pub(crate) async fn delete_template(&mut self, id: TemplateId) -> Result<()> {
        self.conn.run(Sql::new("DELETE FROM ticket_templates WHERE id = $1").bind(id)).await.map(|_| ())
    }
}
