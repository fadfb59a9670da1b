//! The command line: one file per command, each of which translates and prints.
//!
//! Commands other than `serve` work on the store directly, beside a running server or without one; the engine inside them
//! is the same, so nothing is possible here that is refused elsewhere, except to whoever owns the machine.

mod archive;
mod backup;
mod bench;
mod completions;
mod diagnosis;
mod doctor;
mod events;
pub mod failure;
mod mail;
mod migrate;
mod reindex;
mod restore;
mod schema;
mod serve;
mod settings;
mod terminal;
mod token;
mod user;
mod webhook;

pub use failure::Failure;

use crate::config::{Config, Flags, LogFormat};
use crate::http::documents;
use crate::{assembly, telemetry};
use clap::{Parser, Subcommand};
use engine::{Caller, Engine};
use std::process::ExitCode;

/// A self-hosted ticket service: one engine behind GraphQL and e-mail.
///
/// Without a command it serves. Every setting has a default; `echodesk settings` lists them all.
#[derive(Debug, Parser)]
#[command(name = "echodesk", version, propagate_version = true, disable_help_subcommand = true, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    flags: Flags,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server (what happens without a command, too)
    Serve,
    /// Create and list accounts
    #[command(subcommand)]
    User(user::User),
    /// Make an API token for somebody and print it, and nothing else
    Token(token::Token),
    /// Register addresses that are told of events, and see what they were told
    #[command(subcommand)]
    Webhook(webhook::Webhook),
    /// Take in mail, and read quarantined mail again
    #[command(subcommand)]
    Mail(mail::Mail),
    /// Print what happened, from a cursor on
    Events(events::Events),
    /// Bring the database to the form that this version needs
    Migrate(migrate::Migrate),
    /// Copy everything into one file while the server runs
    Backup(backup::Backup),
    /// Put a backup into an empty store, on SQLite or PostgreSQL
    Restore(restore::Restore),
    /// Make the search index anew
    Reindex,
    /// Check the installation and say how to repair what is wrong
    Doctor,
    /// Measure this build on this machine, each figure beside a limit taken in the same run
    Bench(bench::Bench),
    /// Print the GraphQL schema
    Schema,
    /// Print the OpenAPI document of the HTTP surfaces
    Openapi,
    /// Print every setting with its default and its meaning, as Markdown
    Settings,
    /// Print a completion script for a shell
    Completions(completions::Completions),
}

/// Reads the command line, runs the command, and says what became of it.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return ExitCode::from(refused(&error)),
    };
    match cli.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => ExitCode::from(failure.report()),
    }
}

/// Help is no failure; a wrong command line is, and mail servers know its number from sysexits.
fn refused(error: &clap::Error) -> u8 {
    if error.print().is_err() {
        return failure::FAILED;
    }
    if !error.use_stderr() {
        return 0;
    }
    if std::env::args().any(|word| word == "mail") { failure::USAGE } else { 2 }
}

impl Cli {
    fn run(self) -> Result<(), Failure> {
        let Self { command, flags } = self;
        let command = command.unwrap_or(Command::Serve);
        let mail = matches!(command, Command::Mail(_));
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Failure::doing("The program cannot start its threads", error))?;
        let done = runtime.block_on(command.run(flags));
        // Blocked reads of standard input must not hold the process.
        runtime.shutdown_background();
        // A mail server gives up for good on any code but 75.
        done.map_err(|failure| {
            if mail && failure.code == failure::FAILED { failure.with_code(failure::TRY_AGAIN) } else { failure }
        })
    }
}

impl Command {
    async fn run(self, flags: Flags) -> Result<(), Failure> {
        match self {
            Self::Serve => serve::run(Config::load(flags)?).await,
            Self::User(user) => user.run(&beside(flags)?).await,
            Self::Token(token) => token.run(&beside(flags)?).await,
            Self::Webhook(webhook) => webhook.run(&beside(flags)?).await,
            Self::Mail(mail) => mail.run(&beside(flags)?).await,
            Self::Events(events) => events.run(&beside(flags)?).await,
            Self::Migrate(migrate) => migrate.run(&beside(flags)?).await,
            Self::Backup(backup) => backup.run(&beside(flags)?).await,
            Self::Restore(restore) => restore.run(&beside(flags)?).await,
            Self::Reindex => reindex::run(&beside(flags)?).await,
            Self::Doctor => doctor::run(flags).await,
            Self::Bench(bench) => bench.run(&beside(flags)?).await,
            Self::Schema => schema::run(),
            Self::Openapi => terminal::print(&documents::openapi_text()),
            Self::Settings => settings::run(),
            Self::Completions(completions) => completions.run(),
        }
    }
}

/// The settings of a command that runs beside the server. Unless asked for more, it logs warnings only.
fn beside(flags: Flags) -> Result<Config, Failure> {
    let mut config = Config::load(flags)?;
    if config.log.level == "info" {
        "warn".clone_into(&mut config.log.level);
    }
    // People read it, whatever the server's log is collected by.
    config.log.format = LogFormat::Text;
    telemetry::start(&config.log)?;
    Ok(config)
}

/// Opens the engine for one command.
async fn open(config: &Config) -> Result<Engine, Failure> {
    std::fs::create_dir_all(&config.data_dir).map_err(|error| {
        Failure::doing(format_args!("The data directory {} cannot be made", config.data_dir.display()), error)
    })?;
    Ok(Engine::start(assembly::engine_options(config)).await?)
}

/// Has a command's change noted in the audit log.
async fn noted<T>(engine: &Engine, command: &str, work: impl Future<Output = model::Result<T>>) -> model::Result<T> {
    engine.noted(&operator(), "CLI", &format!("echodesk {command}"), work).await
}

/// Whoever may run commands on this machine.
fn operator() -> Caller {
    Caller::system("cli")
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
        assert!(Cli::try_parse_from(["echodesk"]).unwrap().command.is_none());
        for words in [
            "token a@b.c --days 3 --scope read --scope write",
            "user create --email a@b.c --role agent --name N --password -",
            "webhook create --url https://a.example --event ticket.created --event ticket.closed --header X-A=1",
            "webhook deliveries 3 --failed",
            "mail ingest --file x",
            "mail reprocess 3",
            "events --after 0 --follow --json",
            "migrate --dry-run",
            "backup x.tar.gz",
            "completions bash",
        ] {
            let words = std::iter::once("echodesk").chain(words.split(' '));
            assert!(Cli::try_parse_from(words.clone()).is_ok(), "{:?}", words.collect::<Vec<_>>());
        }
        assert!(Cli::try_parse_from(["echodesk", "events"]).is_err());
    }
}
