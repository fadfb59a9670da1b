//! Trusted devices. Their tokens stand here as SHA-256 only.

use crate::batch::Batch;
use crate::db::{Columns, Conn, Sql};
use model::id::{DeviceId, UserId};
use model::session::{Sealed, TrustedDevice};
use model::{Result, Time};

const COLUMNS: &str = "id, user_id, name, ip, user_agent, created_at, updated_at, last_used_at, expires_at, revoked_at";

fn read(c: &mut Columns<'_>) -> Result<TrustedDevice> {
    Ok(TrustedDevice {
        id: DeviceId(c.int()?),
        user: UserId(c.int()?),
        name: c.text()?,
        ip: c.text_or()?,
        user_agent: c.text_or()?,
        created_at: c.time()?,
        updated_at: c.time()?,
        last_used_at: c.time()?,
        expires_at: c.time()?,
        revoked_at: c.time_or()?,
    })
}

pub async fn by_id(conn: &mut Conn, id: DeviceId) -> Result<Option<TrustedDevice>> {
    let sql = Sql::built(format!("SELECT {COLUMNS} FROM trusted_devices WHERE id = $1"));
    conn.find(sql.bind(id), read).await
}

/// The device with this token, by its SHA-256.
pub async fn by_token(conn: &mut Conn, hash: &str) -> Result<Option<TrustedDevice>> {
    let sql = Sql::built(format!("SELECT {COLUMNS} FROM trusted_devices WHERE hash = $1"));
    conn.find(sql.bind(hash), read).await
}

/// A person's devices that are not revoked, newest first; expired ones among them. There are never many.
pub async fn of_user(conn: &mut Conn, user: UserId) -> Result<Vec<TrustedDevice>> {
    let sql = Sql::built(format!(
        "SELECT {COLUMNS} FROM trusted_devices WHERE user_id = $1 AND revoked_at IS NULL ORDER BY id DESC LIMIT 1000"
    ));
    conn.list(sql.bind(user), read).await
}

impl Batch<'_> {
    pub(crate) async fn insert_device(&mut self, d: &TrustedDevice, token: &Sealed) -> Result<()> {
        let sql = Sql::built(format!(
            "INSERT INTO trusted_devices ({COLUMNS}, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
        ))
        .bind(d.id)
        .bind(d.user)
        .bind(&d.name)
        .bind(&d.ip)
        .bind(&d.user_agent)
        .bind(d.created_at)
        .bind(d.updated_at)
        .bind(d.last_used_at)
        .bind(d.expires_at)
        .bind(d.revoked_at)
        .bind(token.0.clone().unwrap_or_default());
        self.conn.run(sql).await.map(|_| ())
    }

    pub(crate) async fn use_device(
        &mut self,
        id: DeviceId,
        ip: Option<&str>,
        agent: Option<&str>,
        at: Time,
    ) -> Result<()> {
        let sql = Sql::new(
            "UPDATE trusted_devices SET ip = $1, user_agent = $2, last_used_at = $3, updated_at = $3 WHERE id = $4",
        );
        self.conn.run(sql.bind(ip).bind(agent).bind(at).bind(id)).await.map(|_| ())
    }

    pub(crate) async fn revoke_device(&mut self, id: DeviceId, at: Time) -> Result<()> {
        let sql = Sql::new("UPDATE trusted_devices SET revoked_at = $1, updated_at = $1 WHERE id = $2");
        self.conn.run(sql.bind(at).bind(id)).await.map(|_| ())
    }
}
