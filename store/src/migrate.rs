//! Migrations: the common ones and each database's own, in one order, run at start.

use crate::db::Db;
use model::{Error, Result};
use sqlx::migrate::{Migration, MigrationType, Migrator};

/// Version, name, and the text for SQLite and for PostgreSQL.
const ALL: &[(i64, &str, &str, &str)] = &[
    (1, "core", include_str!("../../migrations/0001_core.sql"), include_str!("../../migrations/0001_core.sql")),
    (
        2,
        "search",
        include_str!("../../migrations/sqlite/0002_search.sql"),
        include_str!("../../migrations/postgres/0002_search.sql"),
    ),
    (
        3,
        "webhooks",
        include_str!("../../migrations/0003_webhooks.sql"),
        include_str!("../../migrations/0003_webhooks.sql"),
    ),
    (
        4,
        "rate_limits",
        include_str!("../../migrations/0004_rate_limits.sql"),
        include_str!("../../migrations/0004_rate_limits.sql"),
    ),
    (8, "admin", include_str!("../../migrations/0008_admin.sql"), include_str!("../../migrations/0008_admin.sql")),
];

fn migrator(db: &Db) -> Migrator {
    let all = ALL.iter().map(|(version, name, sqlite, postgres)| {
        let text = if db.is_postgres() { *postgres } else { *sqlite };
        let sql = sqlx::SqlSafeStr::into_sql_str(text);
        Migration::new(*version, (*name).into(), MigrationType::Simple, sql, false)
    });
    Migrator::with_migrations(all.collect())
}

/// Runs what has not run yet.
pub(crate) async fn run(db: &Db) -> Result<()> {
    let migrator = migrator(db);
    let done = match (db.sqlite(), db.postgres()) {
        (Some(pool), _) => migrator.run(pool).await,
        (None, Some(pool)) => migrator.run(pool).await,
        (None, None) => Ok(()),
    };
    done.map_err(|e| Error::internal(format!("a migration failed: {e}")))
}

/// The migrations that have not run yet, as `version name`.
pub(crate) async fn pending(db: &Db) -> Result<Vec<String>> {
    let mut conn = db.read().await?;
    // The bookkeeping table is sqlx's; before the first run it isn't there.
    let exists = if db.is_postgres() {
        conn.one(crate::db::Sql::new(
            "SELECT 1::BIGINT FROM information_schema.tables WHERE table_name = '_sqlx_migrations'",
        ))
        .await?
    } else {
        conn.one(crate::db::Sql::new("SELECT 1 FROM sqlite_master WHERE name = '_sqlx_migrations'")).await?
    };
    let done = if exists.is_some() {
        conn.list(crate::db::Sql::new("SELECT version FROM _sqlx_migrations"), |c| c.int()).await?
    } else {
        Vec::new()
    };
    Ok(ALL.iter().filter(|m| !done.contains(&m.0)).map(|m| format!("{:04} {}", m.0, m.1)).collect())
}
