//! Category rows.

use crate::batch::Batch;
use crate::db::{Columns, Conn, Sql};
use model::category::{Category, CategoryForm};
use model::id::{CategoryId, UserId};
use model::{Result, Time};

const COLUMNS: &str = "id, key, name, description, color, icon, parent_id, sla_hours, auto_assignee_id, active, sort_order, \
                       created_at, updated_at";

fn read(c: &mut Columns<'_>) -> Result<Category> {
    Ok(Category {
        id: CategoryId(c.int()?),
        form: CategoryForm {
            key: c.text()?,
            name: c.text()?,
            description: c.text_or()?,
            color: c.text_or()?,
            icon: c.text_or()?,
            parent: c.int_or()?.map(CategoryId),
            sla_hours: c.int_or()?,
            auto_assignee: c.int_or()?.map(UserId),
            active: c.bool()?,
            sort_order: c.int()?,
        },
        created_at: c.time()?,
        updated_at: c.time()?,
    })
}

/// All categories in their order; there are few.
pub async fn all(conn: &mut Conn) -> Result<Vec<Category>> {
    conn.list(Sql::built(format!("SELECT {COLUMNS} FROM categories ORDER BY sort_order, id LIMIT 2000")), read).await
}

pub async fn by_id(conn: &mut Conn, id: CategoryId) -> Result<Option<Category>> {
    conn.find(Sql::built(format!("SELECT {COLUMNS} FROM categories WHERE id = $1")).bind(id), read).await
}

pub async fn by_ids(conn: &mut Conn, ids: &[CategoryId]) -> Result<Vec<Category>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = Sql::built(format!("SELECT {COLUMNS} FROM categories WHERE id > 0"));
    sql.and_in("id", ids.iter().copied());
    conn.list(sql, read).await
}

pub async fn by_key(conn: &mut Conn, key: &str) -> Result<Option<Category>> {
    conn.find(Sql::built(format!("SELECT {COLUMNS} FROM categories WHERE key = $1")).bind(key.to_lowercase()), read)
        .await
}

/// Whether a ticket has the category, a deleted one included, and whether another category stands below it.
pub async fn in_use(conn: &mut Conn, id: CategoryId) -> Result<(bool, bool)> {
    let ticket = Sql::new("SELECT id FROM tickets WHERE category_id = $1 LIMIT 1").bind(id);
    let child = Sql::new("SELECT id FROM categories WHERE parent_id = $1 LIMIT 1").bind(id);
    Ok((conn.one(ticket).await?.is_some(), conn.one(child).await?.is_some()))
}

impl Batch<'_> {
    pub(crate) async fn delete_category(&mut self, id: CategoryId) -> Result<()> {
        self.conn.run(Sql::new("DELETE FROM categories WHERE id = $1").bind(id)).await.map(|_| ())
    }

    pub(crate) async fn insert_category(&mut self, category: &Category) -> Result<()> {
        let f = &category.form;
        let text = format!(
            "INSERT INTO categories ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
        );
        let sql = Sql::built(text)
            .bind(category.id)
            .bind(&f.key)
            .bind(&f.name)
            .bind(&f.description)
            .bind(&f.color)
            .bind(&f.icon)
            .bind(f.parent)
            .bind(f.sla_hours)
            .bind(f.auto_assignee)
            .bind(f.active)
            .bind(f.sort_order)
            .bind(category.created_at)
            .bind(category.updated_at);
        self.conn.run(sql).await.map(|_| ())
    }

    pub(crate) async fn set_category(&mut self, id: CategoryId, f: &CategoryForm, at: Time) -> Result<()> {
        let sql = Sql::new(
            "UPDATE categories SET key = $1, name = $2, description = $3, color = $4, icon = $5, parent_id = $6, \
             sla_hours = $7, auto_assignee_id = $8, active = $9, sort_order = $10, updated_at = $11 WHERE id = $12",
        )
        .bind(&f.key)
        .bind(&f.name)
        .bind(&f.description)
        .bind(&f.color)
        .bind(&f.icon)
        .bind(f.parent)
        .bind(f.sla_hours)
        .bind(f.auto_assignee)
        .bind(f.active)
        .bind(f.sort_order)
        .bind(at)
        .bind(id);
        self.conn.run(sql).await.map(|_| ())
    }
}
