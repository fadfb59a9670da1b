//! Telegram: what people asked to be told there goes to them as a private message of the bot.
//!
//! teloxide speaks to Telegram. A message is handed over once: what Telegram may have taken is uncertain, and is not sent
//! again by itself. It is plain text: nothing that people write becomes markup.

use crate::direct::{self, Direct, Options};
use crate::wording::Words;
use engine::{Carrier, Delivery, Engine, Parcel, Receipt, Trace, Undelivered};
use futures_util::future::BoxFuture;
use model::event::Recorded;
use model::notice::Route;
use model::{Error, Result};
use serde_json::json;
use std::time::Duration;
use teloxide::payloads::SendMessageSetters as _;
use teloxide::prelude::Requester as _;
use teloxide::types::{ChatId, LinkPreviewOptions};
use teloxide::{ApiError, Bot, RequestError};

/// The route by which it goes.
pub const TELEGRAM: &str = "telegram";
/// Characters of a message.
const MOST: usize = 4_096;
const TIMEOUT: Duration = Duration::from_secs(30);
/// Telegram's words for the statuses from 500 on.
const TROUBLE: [&str; 4] = ["Internal Server Error", "Bad Gateway", "Service Unavailable", "Gateway Timeout"];

/// The carrier.
pub struct Telegram {
    bot: Option<Bot>,
    public_url: String,
}

impl Telegram {
    /// # Errors
    /// Where no HTTP client can be made, or `api_url` is no address.
    pub fn new(options: Options) -> Result<Self> {
        let client = reqwest::Client::builder().timeout(TIMEOUT).build().map_err(Error::internal)?;
        let url = options.api_url.map(|url| reqwest::Url::parse(&url)).transpose().map_err(Error::internal)?;
        let bot = options.token.map(|token| {
            let bot = Bot::with_client(token, client);
            if let Some(url) = url { bot.set_api_url(url) } else { bot }
        });
        Ok(Self { bot, public_url: options.public_url })
    }

    async fn send(bot: &Bot, direct: &Direct, trace: &mut Trace) -> Result<Receipt, Undelivered> {
        let chat: i64 = direct
            .to
            .parse()
            .map_err(|_| Undelivered::Never { why: format!("`{}` is no id of a person at Telegram", direct.to) })?;
        trace.request = Some(json!({ "chat_id": chat }));
        let preview = LinkPreviewOptions {
            is_disabled: true,
            url: None,
            prefer_small_media: false,
            prefer_large_media: false,
            show_above_text: false,
        };
        let sent = bot.send_message(ChatId(chat), &direct.text).link_preview_options(preview).await;
        let sent = sent.map_err(|error| refused(error, trace))?;
        trace.status = Some(200);
        Ok(Receipt { id: Some(sent.id.0.to_string()), delivered: true })
    }
}

/// What a failure means. The token stands in every address, so that no error is repeated as it is.
fn refused(error: RequestError, trace: &mut Trace) -> Undelivered {
    let later = |why: &str| Undelivered::Later { after: None, why: why.to_owned() };
    match error {
        RequestError::RetryAfter(seconds) => {
            trace.status = Some(429);
            let after = Some(seconds.duration());
            Undelivered::Later { after, why: "Telegram asks to wait".to_owned() }
        }
        RequestError::Api(ApiError::InvalidToken) => later("Telegram does not know the bot's token"),
        // What stands before Telegram answers so, and knows not whether Telegram had done it.
        RequestError::Api(ApiError::Unknown(why)) if TROUBLE.iter().any(|words| why.contains(words)) => {
            Undelivered::Uncertain { why: format!("Telegram is in trouble ({why}); it may have arrived") }
        }
        RequestError::Api(error) => Undelivered::Never { why: error.to_string() },
        RequestError::MigrateToChatId(_) => Undelivered::Never { why: "the chat is another one now".to_owned() },
        RequestError::Network(failed) if failed.is_connect() => later("Telegram can't be reached"),
        RequestError::Network(failed) if failed.is_timeout() => {
            Undelivered::Uncertain { why: "Telegram did not answer in time; it may have arrived".to_owned() }
        }
        RequestError::Network(_) | RequestError::InvalidJson { .. } | RequestError::Io(_) => {
            Undelivered::Uncertain { why: "Telegram's answer was not understood; it may have arrived".to_owned() }
        }
    }
}

fn lay_out(words: &Words) -> String {
    direct::text(words, MOST, str::to_owned)
}

impl Carrier for Telegram {
    fn route(&self) -> &str {
        TELEGRAM
    }

    fn is_idle<'a>(&'a self, _: &'a Engine) -> BoxFuture<'a, Result<bool>> {
        Box::pin(async { Ok(self.bot.is_none()) })
    }

    fn starts_afresh(&self) -> bool {
        true
    }

    fn parcels<'a>(&'a self, engine: &'a Engine, event: &'a Recorded) -> BoxFuture<'a, Result<Vec<Parcel>>> {
        Box::pin(direct::parcels(engine, event, (Route::Telegram, &self.public_url), lay_out))
    }

    fn deliver<'a>(
        &'a self,
        engine: &'a Engine,
        delivery: &'a Delivery,
        trace: &'a mut Trace,
    ) -> BoxFuture<'a, Result<Receipt, Undelivered>> {
        Box::pin(async move {
            let Some(bot) = &self.bot else {
                return Err(Undelivered::Never { why: "no bot is set (telegram.token)".to_owned() });
            };
            let direct = Direct::read(delivery)?;
            let later = |why: String| Undelivered::Later { after: None, why };
            match engine.handing_over(delivery).await {
                Ok(true) => Self::send(bot, &direct, trace).await,
                Ok(false) => Err(later("another process has taken it over".to_owned())),
                Err(error) => Err(later(error.to_string())),
            }
        })
    }

    fn patience(&self) -> Duration {
        3 * TIMEOUT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_print_no_token() {
        let options = Options { token: Some("1:secret".into()), ..Options::default() };
        assert!(!format!("{options:?}").contains("secret"));
        assert!(Telegram::new(Options { api_url: Some("nowhere".into()), ..options }).is_err());
    }
}
