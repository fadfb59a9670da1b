//! Settings that are changed while the service runs, and the few values that a log has for life (`meta`).

use crate::batch::Batch;
use crate::db::{Columns, Conn, Sql};
use model::id::UserId;
use model::setting::{Shelf, Stored};
use model::{Error, Result, Time};
use serde_json::Value;
use std::collections::BTreeMap;

/// A setting.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    pub key: String,
    pub value: Value,
    pub description: Option<String>,
    /// Whether those who are not signed in may read it, where the key isn't known.
    pub public: bool,
    pub shelf: Shelf,
    pub updated_at: Time,
    pub updated_by: Option<UserId>,
}

pub async fn all(conn: &mut Conn) -> Result<Vec<Setting>> {
    let sql = Sql::new(
        "SELECT key, value, description, is_public, category, group_name, updated_at, updated_by FROM settings \
         ORDER BY key LIMIT 1000",
    );
    conn.list(sql, |c| {
        Ok(Setting {
            key: c.text()?,
            value: c.json()?,
            description: c.text_or()?,
            public: c.bool()?,
            shelf: shelf(c)?,
            updated_at: c.time()?,
            updated_by: c.int_or()?.map(UserId),
        })
    })
    .await
}

fn shelf(c: &mut Columns<'_>) -> Result<Shelf> {
    Ok(Shelf { category: c.text_or()?, group: c.text_or()? })
}

pub async fn stored(conn: &mut Conn, key: &str) -> Result<Option<Stored>> {
    Ok(held(conn, &[key]).await?.remove(key))
}

/// Those of these names that are not at their default.
pub async fn held(conn: &mut Conn, keys: &[&str]) -> Result<BTreeMap<String, Stored>> {
    if keys.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut sql = Sql::built(
        "SELECT key, value, description, is_public, category, group_name FROM settings WHERE key <> ''".to_owned(),
    );
    sql.and_in("key", keys.iter().copied());
    let held = conn.list(sql, |c| {
        let (key, value, description, public) = (c.text()?, c.json()?, c.text_or()?, c.bool()?);
        Ok((key, Stored { value, description, public, shelf: shelf(c)? }))
    });
    Ok(held.await?.into_iter().collect())
}

pub async fn count(conn: &mut Conn) -> Result<i64> {
    conn.int(Sql::new("SELECT COUNT(*) FROM settings")).await
}

/// A value that the log has for life: its epoch, the key that signs access tokens, the oldest place that is replayed.
pub async fn meta(conn: &mut Conn, key: &str) -> Result<Option<String>> {
    conn.find(Sql::new("SELECT value FROM meta WHERE key = $1").bind(key), |c| c.text()).await
}

impl Batch<'_> {
    pub(crate) async fn set_setting(
        &mut self,
        key: &str,
        after: Option<&Stored>,
        at: Time,
        by: Option<UserId>,
    ) -> Result<()> {
        let Some(Stored { value, description, public, shelf }) = after else {
            return self.conn.run(Sql::new("DELETE FROM settings WHERE key = $1").bind(key)).await.map(|_| ());
        };
        let sql = Sql::new(
            "INSERT INTO settings (key, value, description, is_public, updated_at, updated_by, category, group_name) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (key) DO UPDATE SET value = excluded.value, \
             description = excluded.description, is_public = excluded.is_public, updated_at = excluded.updated_at, \
             updated_by = excluded.updated_by, category = excluded.category, group_name = excluded.group_name",
        );
        let json = serde_json::to_string(value).map_err(Error::internal)?;
        let sql = sql.bind(key).bind(json).bind(description).bind(*public).bind(at).bind(by);
        self.conn.run(sql.bind(&shelf.category).bind(&shelf.group)).await.map(|_| ())
    }

    pub async fn set_meta(&mut self, key: &str, value: &str) -> Result<()> {
        let sql = Sql::new(
            "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        );
        self.conn.run(sql.bind(key).bind(value)).await.map(|_| ())
    }
}
