//! How mail is sent, as administrators have set it: one row. The password stands here encrypted; nothing here can read it.

use crate::batch::Batch;
use crate::db::{Conn, Sql};
use model::mail::{EmailConfig, EmailState, EmailTest};
use model::session::Sealed;
use model::{Error, Result, Time};

/// The one row's id.
const ROW: i64 = 1;

/// What was set, with what only the engine can open.
#[derive(Debug, Clone, Default)]
pub struct Kept {
    pub state: EmailState,
    pub password: Sealed,
}

/// What administrators have set; empty where they have set nothing.
pub async fn kept(conn: &mut Conn) -> Result<Kept> {
    let sql = Sql::new("SELECT config, password, tested_at, test_ok, test_why FROM email_config WHERE id = $1");
    let found = conn.find(sql.bind(ROW), |c| {
        let (config, password) = (c.json()?, Sealed(c.text_or()?));
        let (at, ok, why) = (c.time_or()?, c.int_or()?, c.text_or()?);
        let test = at.map(|at| EmailTest { at, ok: ok == Some(1), why });
        Ok(Kept { state: EmailState { config, test }, password })
    });
    Ok(found.await?.unwrap_or_default())
}

impl Batch<'_> {
    /// `password`: another one, or none; `None` leaves it.
    pub(crate) async fn set_email_config(&mut self, config: &EmailConfig, password: Option<&Sealed>) -> Result<()> {
        let json = serde_json::to_string(config).map_err(Error::internal)?;
        let sql = Sql::new(
            "INSERT INTO email_config (id, config) VALUES ($1, $2) \
             ON CONFLICT (id) DO UPDATE SET config = excluded.config",
        );
        self.conn.run(sql.bind(ROW).bind(json)).await?;
        let Some(password) = password else { return Ok(()) };
        let sql = Sql::new("UPDATE email_config SET password = $1 WHERE id = $2");
        self.conn.run(sql.bind(&password.0).bind(ROW)).await.map(|_| ())
    }

    pub(crate) async fn note_email_test(&mut self, ok: bool, why: Option<&str>, at: Time) -> Result<()> {
        let sql = Sql::new(
            "INSERT INTO email_config (id, config, tested_at, test_ok, test_why) VALUES ($1, '{}', $2, $3, $4) \
             ON CONFLICT (id) DO UPDATE SET tested_at = excluded.tested_at, test_ok = excluded.test_ok, \
             test_why = excluded.test_why",
        );
        self.conn.run(sql.bind(ROW).bind(at).bind(i64::from(ok)).bind(why)).await.map(|_| ())
    }
}
