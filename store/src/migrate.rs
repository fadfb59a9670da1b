//! Migrations: the common ones and each database's own, in one order, run at start.

use crate::db::Db;
use model::{Error, Result};
use sqlx::migrate::{Migration, MigrationType, Migrator};

/// Version, name, and the text for SQLite and for PostgreSQL.
type Step = (i64, &'static str, &'static str, &'static str);

/// One whose text is the same for both, by the name of its file.
macro_rules! both {
    ($version:literal, $name:literal, $file:literal) => {
        (
            $version,
            $name,
            include_str!(concat!("../../migrations/", $file)),
            include_str!(concat!("../../migrations/", $file)),
        )
    };
}

/// One with a text for each.
macro_rules! each {
    ($version:literal, $name:literal, $file:literal) => {
        (
            $version,
            $name,
            include_str!(concat!("../../migrations/sqlite/", $file)),
            include_str!(concat!("../../migrations/postgres/", $file)),
        )
    };
}

const ALL: &[Step] = &[
    both!(1, "core", "0001_core.sql"),
    each!(2, "search", "0002_search.sql"),
    both!(3, "webhooks", "0003_webhooks.sql"),
    both!(4, "rate_limits", "0004_rate_limits.sql"),
    both!(5, "figures", "0005_figures.sql"),
    both!(6, "accounts", "0006_accounts.sql"),
    both!(7, "mail", "0007_mail.sql"),
    both!(8, "admin", "0008_admin.sql"),
    both!(9, "uploads", "0009_uploads.sql"),
    both!(10, "system", "0010_system.sql"),
    both!(11, "automation", "0011_automation.sql"),
    both!(12, "sla", "0012_sla.sql"),
    both!(13, "mailboxes", "0013_mailboxes.sql"),
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
    db.migrate(&migrator(db)).await.map_err(|e| Error::internal(format!("a migration failed: {e}")))
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
