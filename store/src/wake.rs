//! Waking readers when another process has committed. A declared difference: PostgreSQL notifies, SQLite is asked.
//!
//! It is a hint only: whoever is woken reads the log.

use crate::db::{Conn, Db, Sql};
use model::id::Seq;
use model::{Error, Result};
use sqlx::postgres::PgListener;
use std::time::Duration;

/// The channel on which PostgreSQL notifies.
pub const CHANNEL: &str = "echodesk";

/// How often SQLite is asked whether another process has written: a mail that is piped in shall be on everybody's screen
/// within 50 ms.
const POLL: Duration = Duration::from_millis(20);

/// Waits for commits of others.
pub enum Waker {
    Sqlite { conn: Box<Conn>, version: i64 },
    Postgres(Box<PgListener>),
}

impl Waker {
    pub(crate) async fn new(db: &Db) -> Result<Self> {
        if let Some(pool) = db.postgres() {
            let mut listener = PgListener::connect_with(pool).await.map_err(Error::internal)?;
            listener.listen(CHANNEL).await.map_err(Error::internal)?;
            return Ok(Self::Postgres(Box::new(listener)));
        }
        let mut conn = db.watch().await?;
        let version = conn.int(Sql::new("PRAGMA data_version")).await?;
        Ok(Self::Sqlite { conn: Box::new(conn), version })
    }

    /// Returns when something may have been committed, with the last place of the log where it is told. Errors are worth a
    /// pause and another try.
    pub async fn woken(&mut self) -> Result<Option<Seq>> {
        match self {
            Self::Postgres(listener) => {
                // `try_recv` answers `None` after a lost connection: what was missed must be read from the log.
                let told = listener.try_recv().await.map_err(Error::internal)?;
                Ok(told.and_then(|notice| notice.payload().parse().ok()).map(Seq))
            }
            Self::Sqlite { conn, version } => loop {
                tokio::time::sleep(POLL).await;
                let now = conn.int(Sql::new("PRAGMA data_version")).await?;
                if now != *version {
                    *version = now;
                    return Ok(None);
                }
            },
        }
    }
}
