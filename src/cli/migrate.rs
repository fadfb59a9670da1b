//! `echodesk migrate`: brings the database to this version's form, or says what that would take.
//!
//! The server does the same at its start; this is for those who want to see it first.

use super::failure::Failure;
use super::{open, terminal};
use crate::assembly;
use crate::config::Config;
use clap::Args;
use engine::Engine;

#[derive(Debug, Args)]
pub struct Migrate {
    /// Only list what would run
    #[arg(long)]
    dry_run: bool,
}

impl Migrate {
    pub async fn run(self, config: &Config) -> Result<(), Failure> {
        let pending = pending(config).await?;
        if pending.is_empty() {
            return terminal::say("The database is up to date.");
        }
        if !self.dry_run {
            open(config).await?.close().await;
        }
        let done = if self.dry_run { "would run" } else { "ran" };
        for migration in pending {
            terminal::say(format_args!("{done} {migration}"))?;
        }
        Ok(())
    }
}

/// What has not run yet. A database that is not there is looked at as an empty one, and not made.
async fn pending(config: &Config) -> Result<Vec<String>, Failure> {
    let mut options = assembly::engine_options(config).store;
    let missing = assembly::sqlite_file(config).is_some_and(|file| !file.exists());
    if !missing {
        return Ok(Engine::pending_migrations(&options).await?);
    }
    let folder = tempfile::tempdir();
    let folder = folder.map_err(|error| Failure::doing("A temporary directory cannot be made", error))?;
    options.url = format!("sqlite://{}", folder.path().join("empty.db").display());
    Ok(Engine::pending_migrations(&options).await?)
}
