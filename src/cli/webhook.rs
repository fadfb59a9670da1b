//! `echodesk webhook`: addresses that are told of events, registered and looked after by whoever owns the machine.
//!
//! It works beside a running server, which hears of each change by the event log and sends from then on.

use super::failure::Failure;
use super::{noted, open, operator, terminal};
use crate::config::Config;
use clap::{Args, Subcommand};
use engine::{Attempt, Delivery, Engine, NewWebhook};
use model::id::{DeliveryId, WebhookId};
use model::query::{PAGE_MAX, Page};
use model::webhook::{Topic, Webhook as Registered};
use std::io::Read as _;

#[derive(Debug, Subcommand)]
pub enum Webhook {
    /// List all webhooks: number, state, events, address, separated by tabs
    List,
    /// Register an address; prints its number and its secret, which is shown only now
    Create(Create),
    /// Delete a webhook; what it was told stays in the ledger
    Delete {
        /// Its number
        #[arg(value_name = "ID")]
        id: i64,
    },
    /// List what a webhook was told, newest first, each with its attempts
    Deliveries(Deliveries),
}

#[derive(Debug, Args)]
pub struct Create {
    /// Where to post events
    #[arg(long)]
    url: String,
    /// What to tell it of, such as ticket.created (repeat for more); everything when it is not given
    #[arg(long = "event", value_name = "EVENT")]
    events: Vec<String>,
    /// What signs the bodies, or - to read it from standard input (the first line). Without it, one is made up
    #[arg(long)]
    secret: Option<String>,
    /// A header that it gets besides (repeat for more)
    #[arg(long = "header", value_name = "NAME=VALUE")]
    headers: Vec<String>,
    /// What it is for
    #[arg(long)]
    description: Option<String>,
}

#[derive(Debug, Args)]
pub struct Deliveries {
    /// The number of the webhook
    #[arg(value_name = "ID")]
    id: i64,
    /// Only those that were given up
    #[arg(long)]
    failed: bool,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
}

impl Webhook {
    pub async fn run(self, config: &Config) -> Result<(), Failure> {
        let engine = open(config).await?;
        let done = match self {
            Self::List => list(&engine).await,
            Self::Create(create) => create.run(&engine).await,
            Self::Delete { id } => {
                let by = operator();
                let deleted = Box::pin(engine.delete_webhook(&by, WebhookId(id)));
                noted(&engine, "webhook delete", deleted).await.map_err(Failure::from)
            }
            Self::Deliveries(deliveries) => deliveries.run(&engine).await,
        };
        engine.close().await;
        done
    }
}

async fn list(engine: &Engine) -> Result<(), Failure> {
    for webhook in engine.webhooks(&operator().actor).await? {
        terminal::say(line(&webhook))?;
    }
    Ok(())
}

fn line(webhook: &Registered) -> String {
    let state = match (webhook.active, &webhook.disabled_why, webhook.failing_since) {
        (false, Some(why), _) => format!("off ({why})"),
        (false, None, _) => "off".to_owned(),
        (true, _, Some(since)) => format!("failing since {}", since.rfc3339()),
        (true, _, None) => "on".to_owned(),
    };
    let events = webhook.events.iter().map(|topic| topic.word()).collect::<Vec<_>>().join(",");
    format!("{}\t{state}\t{events}\t{}", webhook.id, webhook.url)
}

impl Create {
    async fn run(self, engine: &Engine) -> Result<(), Failure> {
        let events = if self.events.is_empty() { Topic::ALL.to_vec() } else { Topic::list(&self.events)? };
        let headers = self.headers.iter().map(|header| match header.split_once('=') {
            Some((name, value)) => Ok((name.to_owned(), value.to_owned())),
            None => Err(Failure::new(format!("`{header}` is not a header: write NAME=VALUE."))),
        });
        let headers = headers.collect::<Result<_, _>>()?;
        let secret = match self.secret.as_deref() {
            Some("-") => Some(secret_from_stdin()?),
            given => given.map(str::to_owned),
        };
        let new = NewWebhook { url: self.url, events, active: None, headers, description: self.description, secret };
        let (webhook, secret) =
            noted(engine, "webhook create", Box::pin(engine.create_webhook(&operator(), new))).await?;
        terminal::say(format_args!("{}\t{secret}", webhook.id))
    }
}

fn secret_from_stdin() -> Result<String, Failure> {
    let mut text = String::new();
    let read = std::io::stdin().take(4_096).read_to_string(&mut text);
    read.map_err(|error| Failure::doing("The secret cannot be read from standard input", error))?;
    let secret = text.lines().next().unwrap_or_default().to_owned();
    if secret.is_empty() {
        return Err(Failure::new("Standard input has no secret: give it on the first line."));
    }
    Ok(secret)
}

impl Deliveries {
    async fn run(self, engine: &Engine) -> Result<(), Failure> {
        let by = operator();
        let state = self.failed.then_some("failed");
        let page = Page::first(self.limit.clamp(1, PAGE_MAX));
        let slice = engine.webhook_deliveries(&by.actor, WebhookId(self.id), state, &page).await?;
        let ids: Vec<DeliveryId> = slice.items.iter().map(|(_, delivery)| delivery.id).collect();
        let attempts = engine.delivery_attempts(&by.actor, &ids).await?;
        for (_, delivery) in &slice.items {
            terminal::say(told(delivery))?;
            for attempt in attempts.iter().filter(|attempt| attempt.delivery == delivery.id) {
                terminal::say(tried(attempt))?;
            }
        }
        Ok(())
    }
}

fn told(delivery: &Delivery) -> String {
    let (topic, ticket) = (delivery.topic.as_deref().unwrap_or("-"), delivery.ticket.map(|t| t.to_string()));
    let (ticket, at) = (ticket.as_deref().unwrap_or("-"), delivery.created_at.rfc3339());
    format!("{}\t{}\t{topic}\tticket {ticket}\t{at}", delivery.id, delivery.state)
}

fn tried(attempt: &Attempt) -> String {
    let status = attempt.status.map_or_else(|| "-".to_owned(), |status| status.to_string());
    let why = attempt.error.as_deref().unwrap_or("delivered");
    format!("  {}\t{}\t{status}\t{} ms\t{why}", attempt.number, attempt.at.rfc3339(), attempt.duration_ms)
}
