//! Discord: what people asked to be told there goes to them as a direct message.
//!
//! serenity speaks to Discord and keeps its limits. A message is handed over once: what Discord may have taken is uncertain,
//! and is not sent again by itself.

use crate::direct::{self, Direct, Options};
use crate::wording::Words;
use engine::{Carrier, Delivery, Engine, Parcel, Receipt, Trace, Undelivered};
use futures_util::future::BoxFuture;
use model::event::Recorded;
use model::notice::Route;
use model::{Error, Result};
use serde_json::json;
use serenity::builder::{CreateAllowedMentions, CreateMessage};
use serenity::http::{Http, HttpBuilder, HttpError};
use serenity::model::channel::{MessageFlags, Nonce};
use std::time::Duration;

/// The route by which it goes.
pub const DISCORD: &str = "discord";
/// Characters of a message.
const MOST: usize = 2_000;
const TIMEOUT: Duration = Duration::from_secs(30);

/// The carrier.
pub struct Discord {
    http: Option<Http>,
    public_url: String,
}

impl Discord {
    /// # Errors
    /// Where no HTTP client can be made.
    pub fn new(options: Options) -> Result<Self> {
        let client = reqwest::Client::builder().timeout(TIMEOUT).build().map_err(Error::internal)?;
        let http = options.token.map(|token| {
            let builder = HttpBuilder::new(token).client(client);
            match options.api_url {
                // With its own limiter on, serenity would not ask there but Discord itself.
                Some(url) => builder.proxy(url).ratelimiter_disabled(true).build(),
                None => builder.build(),
            }
        });
        Ok(Self { http, public_url: options.public_url })
    }

    async fn send(
        http: &Http,
        direct: &Direct,
        ready: impl Future<Output = Result<bool>>,
        delivery: &Delivery,
        trace: &mut Trace,
    ) -> Result<Receipt, Undelivered> {
        trace.request = Some(json!({ "recipient_id": direct.to }));
        let channel = http.create_private_channel(&json!({ "recipient_id": direct.to })).await;
        let channel = channel.map_err(|error| refused(&error, Handed::No, trace))?;
        match ready.await {
            Ok(true) => {}
            Ok(false) => return Err(later("another process has taken it over".to_owned())),
            Err(error) => return Err(later(error.to_string())),
        }
        let message = CreateMessage::new()
            .content(&direct.text)
            // Nobody is called by what somebody wrote on a ticket.
            .allowed_mentions(CreateAllowedMentions::new())
            .flags(MessageFlags::SUPPRESS_EMBEDS)
            // Discord itself drops a second one within some minutes.
            .nonce(Nonce::String(format!("echodesk-{}", delivery.id.0)))
            .enforce_nonce(true);
        let sent = http.send_message(channel.id, Vec::new(), &message).await;
        let sent = sent.map_err(|error| refused(&error, Handed::Over, trace))?;
        trace.status = Some(200);
        Ok(Receipt { id: Some(sent.id.to_string()), delivered: true })
    }
}

/// Whether the message itself was on its way.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Handed {
    No,
    Over,
}

fn later(why: String) -> Undelivered {
    Undelivered::Later { after: None, why }
}

/// What a failure means.
#[expect(clippy::wildcard_enum_match_arm, reason = "a list that isn't closed: all others were never sent")]
fn refused(error: &serenity::Error, handed: Handed, trace: &mut Trace) -> Undelivered {
    let why = error.to_string();
    let serenity::Error::Http(http) = error else {
        // It answered, and the answer was not understood.
        return if handed == Handed::Over { Undelivered::Uncertain { why } } else { later(why) };
    };
    match http {
        HttpError::UnsuccessfulRequest(response) => {
            let (status, said) = (response.status_code.as_u16(), &response.error);
            trace.status = Some(status);
            let why = format!("{status} {} ({})", said.message, said.code);
            match status {
                500.. if handed == Handed::Over => {
                    Undelivered::Uncertain { why: format!("{why}; it may have arrived") }
                }
                // Our token, our pace, their trouble: somebody or time will mend it. The rest is about this message.
                401 | 429 | 500.. => later(why),
                _ => Undelivered::Never { why },
            }
        }
        HttpError::Request(failed) if handed == Handed::Over && !failed.is_connect() => {
            Undelivered::Uncertain { why: format!("{failed}; it may have arrived") }
        }
        _ => later(why),
    }
}

/// What somebody wrote, as itself: no markup, no masked links.
fn written(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if matches!(c, '\\' | '*' | '_' | '~' | '`' | '|' | '>' | '<' | '#' | '[' | ']' | '(' | ')') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

fn lay_out(words: &Words) -> String {
    direct::text(words, MOST, written)
}

impl Carrier for Discord {
    fn route(&self) -> &str {
        DISCORD
    }

    fn is_idle<'a>(&'a self, _: &'a Engine) -> BoxFuture<'a, Result<bool>> {
        Box::pin(async { Ok(self.http.is_none()) })
    }

    fn starts_afresh(&self) -> bool {
        true
    }

    fn parcels<'a>(&'a self, engine: &'a Engine, event: &'a Recorded) -> BoxFuture<'a, Result<Vec<Parcel>>> {
        Box::pin(direct::parcels(engine, event, (Route::Discord, &self.public_url), lay_out))
    }

    fn deliver<'a>(
        &'a self,
        engine: &'a Engine,
        delivery: &'a Delivery,
        trace: &'a mut Trace,
    ) -> BoxFuture<'a, Result<Receipt, Undelivered>> {
        Box::pin(async move {
            let Some(http) = &self.http else {
                return Err(Undelivered::Never { why: "no bot is set (discord.token)".to_owned() });
            };
            Self::send(http, &Direct::read(delivery)?, engine.handing_over(delivery), delivery, trace).await
        })
    }

    fn patience(&self) -> Duration {
        // serenity waits out Discord's limits by itself.
        5 * TIMEOUT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_no_markup() {
        assert_eq!(written("**[x](http://evil)** <@1>"), r"\*\*\[x\]\(http://evil\)\*\* \<@1\>");
    }

    #[test]
    fn options_print_no_token() {
        let options = Options { token: Some("secret".into()), ..Options::default() };
        assert!(!format!("{options:?}").contains("secret"));
    }
}
