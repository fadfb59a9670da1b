//! Second factors and backup codes. The secret is encrypted before it comes here, and leaves only through `sealed`.

use crate::batch::Batch;
use crate::db::{Columns, Conn, Sql};
use model::id::UserId;
use model::session::{Sealed, SecondFactor};
use model::{Result, Time};

fn read(c: &mut Columns<'_>) -> Result<SecondFactor> {
    Ok(SecondFactor { user: UserId(c.int()?), enabled_at: c.time()?, last_step: c.int()?, codes_left: c.int()? })
}

/// A person's second factor, if they have one.
pub async fn of_user(conn: &mut Conn, user: UserId) -> Result<Option<SecondFactor>> {
    let sql = Sql::new(
        "SELECT f.user_id, f.enabled_at, f.last_step, (SELECT COUNT(*) FROM backup_codes b WHERE b.user_id = f.user_id) \
         FROM second_factors f WHERE f.user_id = $1",
    );
    conn.find(sql.bind(user), read).await
}

/// The encrypted secret, for checking a code and nothing else.
pub async fn sealed(conn: &mut Conn, user: UserId) -> Result<Option<Sealed>> {
    let sql = Sql::new("SELECT secret FROM second_factors WHERE user_id = $1");
    conn.find(sql.bind(user), |c| c.text().map(|text| Sealed(Some(text)))).await
}

/// Whether a backup code is theirs and was not used yet.
pub async fn has_code(conn: &mut Conn, user: UserId, hash: &str) -> Result<bool> {
    let sql = Sql::new("SELECT user_id FROM backup_codes WHERE user_id = $1 AND hash = $2");
    Ok(conn.one(sql.bind(user).bind(hash)).await?.is_some())
}

impl Batch<'_> {
    pub(crate) async fn insert_factor(
        &mut self,
        user: UserId,
        secret: &Sealed,
        codes: &Sealed,
        at: Time,
    ) -> Result<()> {
        let sql =
            Sql::new("INSERT INTO second_factors (user_id, secret, enabled_at, last_step) VALUES ($1, $2, $3, 0)");
        self.conn.run(sql.bind(user).bind(secret.0.clone().unwrap_or_default()).bind(at)).await?;
        for hash in codes.0.as_deref().unwrap_or_default().split(',').filter(|hash| !hash.is_empty()) {
            let sql = Sql::new("INSERT INTO backup_codes (user_id, hash) VALUES ($1, $2)");
            self.conn.run(sql.bind(user).bind(hash)).await?;
        }
        Ok(())
    }

    pub(crate) async fn delete_factor(&mut self, user: UserId) -> Result<()> {
        self.conn.run(Sql::new("DELETE FROM backup_codes WHERE user_id = $1").bind(user)).await?;
        self.conn.run(Sql::new("DELETE FROM second_factors WHERE user_id = $1").bind(user)).await.map(|_| ())
    }

    /// Notes what can't be used again: the step of a code, or else the backup code itself.
    pub(crate) async fn use_factor(&mut self, user: UserId, step: Option<i64>, code: &Sealed) -> Result<()> {
        let sql = match step {
            Some(step) => Sql::new("UPDATE second_factors SET last_step = $1 WHERE user_id = $2").bind(step).bind(user),
            None => Sql::new("DELETE FROM backup_codes WHERE hash = $1 AND user_id = $2")
                .bind(code.0.clone().unwrap_or_default())
                .bind(user),
        };
        self.conn.run(sql).await.map(|_| ())
    }
}
