//! `echodesk events`: the log of what happened, from a cursor on, as lines.
//!
//! Into a pipe or a file it writes one JSON object a line; a person at a terminal gets something to read.

use super::failure::Failure;
use super::{open, operator, terminal};
use crate::config::Config;
use crate::shutdown::Shutdown;
use clap::Args;
use engine::Engine;
use futures_util::StreamExt as _;
use model::event::Recorded;
use model::query::{Cursor, EventFilter};
use serde_json::{Value, json};
use std::io::IsTerminal as _;

#[derive(Debug, Args)]
pub struct Events {
    /// Begin after this cursor; 0 begins with the first event
    #[arg(long, value_name = "CURSOR", required_unless_present = "follow")]
    after: Option<String>,
    /// Go on with what happens from now on, until interrupted
    #[arg(long)]
    follow: bool,
    /// Print JSON on a terminal, too
    #[arg(long)]
    json: bool,
}

impl Events {
    pub async fn run(self, config: &Config) -> Result<(), Failure> {
        let shutdown = Shutdown::on_signals();
        let shutdown = shutdown.map_err(|error| Failure::doing("The program cannot listen for signals", error))?;
        // Whoever owns the machine may read the whole log, not only what streams replay; `--after 0` begins with event 1.
        let mut config = config.clone();
        config.events.replay_days = 0;
        let engine = open(&config).await?;
        let printed = tokio::select! {
            printed = self.print(&engine) => printed,
            () = shutdown.wait() => Ok(()),
        };
        engine.close().await;
        printed
    }

    async fn print(&self, engine: &Engine) -> Result<(), Failure> {
        let json = self.json || !std::io::stdout().is_terminal();
        let actor = operator().actor;
        let begun = self.after.as_deref().map(cursor).transpose()?.flatten();
        let mut events = engine.events(&actor, self.after.as_deref(), EventFilter::default()).await?;
        // What is there at this moment is what is printed without --follow.
        let last = engine.cursor().seq;
        if !self.follow && (last.0 == 0 || begun.is_some_and(|cursor| cursor.seq >= last)) {
            return Ok(());
        }
        while let Some(event) = events.next().await {
            let event = event?;
            let cursor = engine.cursor_of(event.seq);
            terminal::say(if json { as_json(&cursor, &event).to_string() } else { as_text(&cursor, &event) })?;
            if !self.follow && event.seq >= last {
                return Ok(());
            }
        }
        Ok(())
    }
}

/// `None` is the beginning.
fn cursor(text: &str) -> Result<Option<Cursor>, Failure> {
    Cursor::parse(text)
        .map_err(|_| Failure::new(format!("`{text}` is not a cursor: give one that was printed here, or 0.")))
}

fn as_json(cursor: &Cursor, recorded: &Recorded) -> Value {
    let mut data = serde_json::to_value(&recorded.event).unwrap_or_default();
    if let Some(fields) = data.as_object_mut() {
        fields.remove("type");
    }
    json!({
        "cursor": cursor.to_string(),
        "at": recorded.at.rfc3339(),
        "type": recorded.event.word(),
        "by": recorded.by,
        "ticket": recorded.event.ticket(),
        "data": data,
    })
}

fn as_text(cursor: &Cursor, recorded: &Recorded) -> String {
    let by = match (&recorded.by.user, &recorded.by.system) {
        (Some(user), _) => format!("user {user}"),
        (None, Some(system)) => system.clone(),
        (None, None) => "nobody".to_owned(),
    };
    let ticket = recorded.event.ticket().map(|ticket| format!("  ticket {ticket}")).unwrap_or_default();
    format!("{cursor}  {}  {}{ticket}  by {by}", recorded.at.rfc3339(), recorded.event.word())
}
