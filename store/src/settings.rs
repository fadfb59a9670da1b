//! Settings that are changed while the service runs, and the few values that a log has for life (`meta`).

use crate::batch::Batch;
use crate::db::{Conn, Sql};
use model::id::UserId;
use model::{Error, Result, Time};
use serde_json::Value;

/// A setting.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    pub key: String,
    pub value: Value,
    pub updated_at: Time,
    pub updated_by: Option<UserId>,
}

pub async fn all(conn: &mut Conn) -> Result<Vec<Setting>> {
    conn.list(Sql::new("SELECT key, value, updated_at, updated_by FROM settings ORDER BY key LIMIT 1000"), |c| {
        Ok(Setting { key: c.text()?, value: c.json()?, updated_at: c.time()?, updated_by: c.int_or()?.map(UserId) })
    })
    .await
}

pub async fn value(conn: &mut Conn, key: &str) -> Result<Option<Value>> {
    conn.find(Sql::new("SELECT value FROM settings WHERE key = $1").bind(key), |c| c.json()).await
}

/// A value that the log has for life: its epoch, the key that signs access tokens, the oldest place that is replayed.
pub async fn meta(conn: &mut Conn, key: &str) -> Result<Option<String>> {
    conn.find(Sql::new("SELECT value FROM meta WHERE key = $1").bind(key), |c| c.text()).await
}

impl Batch<'_> {
    pub(crate) async fn set_setting(
        &mut self,
        key: &str,
        value: Option<&Value>,
        at: Time,
        by: Option<UserId>,
    ) -> Result<()> {
        let Some(value) = value else {
            return self.conn.run(Sql::new("DELETE FROM settings WHERE key = $1").bind(key)).await.map(|_| ());
        };
        let sql = Sql::new(
            "INSERT INTO settings (key, value, updated_at, updated_by) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at, \
             updated_by = excluded.updated_by",
        );
        let json = serde_json::to_string(value).map_err(Error::internal)?;
        self.conn.run(sql.bind(key).bind(json).bind(at).bind(by)).await.map(|_| ())
    }

    pub async fn set_meta(&mut self, key: &str, value: &str) -> Result<()> {
        let sql = Sql::new(
            "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        );
        self.conn.run(sql.bind(key).bind(value)).await.map(|_| ())
    }
}
