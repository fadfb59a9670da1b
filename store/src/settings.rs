//! Settings that are changed while the service runs, and the few values that a log has for life (`meta`).

use crate::batch::Batch;
use crate::db::{Conn, Sql};
use model::id::UserId;
use model::setting::Stored;
use model::{Error, Result, Time};
use serde_json::Value;

/// A setting.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    pub key: String,
    pub value: Value,
    pub description: Option<String>,
    /// Whether those who are not signed in may read it, where the key isn't known.
    pub public: bool,
    pub updated_at: Time,
    pub updated_by: Option<UserId>,
}

pub async fn all(conn: &mut Conn) -> Result<Vec<Setting>> {
    let sql = Sql::new(
        "SELECT key, value, description, is_public, updated_at, updated_by FROM settings ORDER BY key LIMIT 1000",
    );
    conn.list(sql, |c| {
        Ok(Setting {
            key: c.text()?,
            value: c.json()?,
            description: c.text_or()?,
            public: c.bool()?,
            updated_at: c.time()?,
            updated_by: c.int_or()?.map(UserId),
        })
    })
    .await
}

pub async fn stored(conn: &mut Conn, key: &str) -> Result<Option<Stored>> {
    let sql = Sql::new("SELECT value, description, is_public FROM settings WHERE key = $1").bind(key);
    conn.find(sql, |c| Ok(Stored { value: c.json()?, description: c.text_or()?, public: c.bool()? })).await
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
        let Some(Stored { value, description, public }) = after else {
            return self.conn.run(Sql::new("DELETE FROM settings WHERE key = $1").bind(key)).await.map(|_| ());
        };
        let sql = Sql::new(
            "INSERT INTO settings (key, value, description, is_public, updated_at, updated_by) \
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (key) DO UPDATE SET value = excluded.value, \
             description = excluded.description, is_public = excluded.is_public, updated_at = excluded.updated_at, \
             updated_by = excluded.updated_by",
        );
        let json = serde_json::to_string(value).map_err(Error::internal)?;
        self.conn.run(sql.bind(key).bind(json).bind(description).bind(*public).bind(at).bind(by)).await.map(|_| ())
    }

    pub async fn set_meta(&mut self, key: &str, value: &str) -> Result<()> {
        let sql = Sql::new(
            "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        );
        self.conn.run(sql.bind(key).bind(value)).await.map(|_| ())
    }
}
