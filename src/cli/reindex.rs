//! `echodesk reindex`: makes the search index anew out of tickets and comments.

use super::failure::Failure;
use super::{open, terminal};
use crate::config::Config;
use engine::Engine;

pub async fn run(config: &Config) -> Result<(), Failure> {
    let engine = open(config).await?;
    let indexed = reindex(&engine).await;
    engine.close().await;
    let indexed = terminal::count(indexed?, "ticket", "tickets");
    terminal::say(format_args!("The search index was made anew for {indexed}."))
}

/// Rebuilds the index behind a progress bar and returns how many tickets it has.
pub async fn reindex(engine: &Engine) -> Result<u64, Failure> {
    let bar = terminal::progress("Indexing", 0);
    let shown = bar.clone();
    let indexed = engine
        .reindex(move |done, of| {
            shown.set_length(of);
            shown.set_position(done);
        })
        .await?;
    bar.finish_and_clear();
    Ok(indexed)
}
