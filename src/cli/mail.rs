//! `echodesk mail`: mail from a mail server's pipe, and quarantined mail once more.

use super::failure::{self, Failure};
use super::{open, operator, terminal};
use crate::assembly;
use crate::config::Config;
use channels::email::MailIntake;
use clap::{Args, Subcommand};
use engine::Engine;
use model::id::InboundId;
use model::inbound::InboundState;
use model::query::{PAGE_MAX, Page};
use std::fs::File;
use std::io::{Read, stdin};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub enum Mail {
    /// Take in one raw mail from standard input; for a mail server's pipe
    ///
    /// The mail is stored before anything else is done with it. One line says what became of it, such as
    /// `ticket 100001 TK-2026-001 opened`.
    #[command(after_help = EXIT_CODES)]
    Ingest(Ingest),
    /// Read quarantined mail again: one by its number, or all of it
    #[command(after_help = EXIT_CODES)]
    Reprocess(Reprocess),
}

const EXIT_CODES: &str = "\
Exit codes (sysexits):
   0  The mail is stored: as a ticket, as a comment, as a second copy, or in the quarantine.
  64  The command line is wrong.
  65  The mail is larger than email.max_message_bytes and will never be taken.
  75  Try again later: the settings are wrong, the store cannot be reached or written, or the mail could not
      be read to its end. Whatever was stored by then is recognized.";

#[derive(Debug, Args)]
pub struct Ingest {
    /// Read the mail from this file instead
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Reprocess {
    /// The number of the stored mail; all quarantined mails when it is not given
    #[arg(value_name = "ID")]
    id: Option<i64>,
}

impl Mail {
    pub async fn run(self, config: &Config) -> Result<(), Failure> {
        match self {
            Self::Ingest(ingest) => ingest.run(config).await,
            Self::Reprocess(reprocess) => reprocess.run(config).await,
        }
    }
}

impl Ingest {
    async fn run(self, config: &Config) -> Result<(), Failure> {
        let raw = self.read(config.email.max_message_bytes)?;
        let engine = open(config).await?;
        let intake = MailIntake::new(engine.clone(), assembly::mailboxes(config));
        let done = intake.ingest(raw, Some("cli".to_owned())).await;
        engine.close().await;
        terminal::say(done?.outcome)
    }

    fn read(&self, most: u64) -> Result<Vec<u8>, Failure> {
        let unreadable = |error| Failure::doing("The mail cannot be read", error);
        let mut raw = Vec::new();
        match &self.file {
            Some(path) => File::open(path)
                .and_then(|file| file.take(most + 1).read_to_end(&mut raw))
                .map_err(|error| Failure::doing(format_args!("{} cannot be read", path.display()), error))?,
            None => stdin().lock().take(most + 1).read_to_end(&mut raw).map_err(unreadable)?,
        };
        if raw.len() as u64 > most {
            let why = format!("The mail is larger than {most} bytes, which is email.max_message_bytes.");
            return Err(Failure::new(why).with_code(failure::DATA));
        }
        Ok(raw)
    }
}

impl Reprocess {
    async fn run(self, config: &Config) -> Result<(), Failure> {
        let engine = open(config).await?;
        let intake = MailIntake::new(engine.clone(), assembly::mailboxes(config));
        let by = operator();
        let ids = match self.id {
            Some(id) => vec![InboundId(id)],
            // All are listed first: reading them changes the list.
            None => quarantined(&engine).await?,
        };
        let bar = terminal::progress("Reading mail", ids.len() as u64);
        for id in ids {
            let done = intake.reprocess(&by, id).await?;
            bar.inc(1);
            bar.suspend(|| terminal::say(format_args!("mail {id}: {}", done.outcome)))?;
        }
        bar.finish_and_clear();
        engine.close().await;
        Ok(())
    }
}

async fn quarantined(engine: &Engine) -> Result<Vec<InboundId>, Failure> {
    let mut ids = Vec::new();
    let mut page = Page::first(PAGE_MAX);
    loop {
        let slice = engine.inbound(&operator().actor, Some(InboundState::Quarantined), &page).await?;
        ids.extend(slice.items.iter().map(|(_, one)| one.id));
        match slice.items.last() {
            Some((place, _)) if slice.has_next => page.after = Some(*place),
            Some(_) | None => return Ok(ids),
        }
    }
}
