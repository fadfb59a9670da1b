//! What a chat tells one person: who is told of an event there, and what stands in the ledger until it is sent.
//!
//! Shared by the chats. How a chat lays words out and what its answers mean is its own.

use crate::wording::{self, Words};
use engine::{Delivery, Engine, Parcel, Undelivered};
use model::event::Recorded;
use model::locale::Locale;
use model::notice::Route;
use model::{Error, Result};
use serde::{Deserialize, Serialize};

/// How a chat is reached.
#[derive(Clone, Default)]
pub struct Options {
    /// The bot's token; without one nothing is sent.
    pub token: Option<String>,
    /// Where its API is, if not at the usual place.
    pub api_url: Option<String>,
    /// Where people reach this server; links begin with it. Without a slash at the end.
    pub public_url: String,
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("direct::Options").field("api_url", &self.api_url).finish_non_exhaustive()
    }
}

/// A message to one person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Direct {
    /// The chat's own id of the person.
    pub to: String,
    pub text: String,
}

impl Direct {
    pub(crate) fn read(delivery: &Delivery) -> Result<Self, Undelivered> {
        serde_json::from_str(&delivery.body)
            .map_err(|e| Undelivered::Never { why: format!("what stands in the ledger is no message: {e}") })
    }
}

/// What an event makes a chat say, to everybody who is told of it there and is known to be who they say.
pub(crate) async fn parcels(
    engine: &Engine,
    event: &Recorded,
    (route, public_url): (Route, &str),
    lay_out: fn(&Words) -> String,
) -> Result<Vec<Parcel>> {
    let Some(channel) = route.channel() else { return Ok(Vec::new()) };
    let Some(told) = engine.told(event, route).await? else { return Ok(Vec::new()) };
    let people: Vec<_> = told.to.iter().map(|(user, _)| user.id).collect();
    let known = engine.known_on(channel, &people).await?;
    let mut parcels = Vec::new();
    for (user, kind) in &told.to {
        let locale = Locale::of(user.profile.locale.as_deref(), engine.policy().locale);
        let Some(words) = wording::words(event, &told, (user, *kind), (locale, public_url)) else { continue };
        for to in known.iter().filter(|identity| identity.user == user.id).map(|identity| &identity.external_id) {
            let direct = Direct { to: to.clone(), text: lay_out(&words) };
            parcels.push(Parcel {
                // What somebody is told arrives in its order; people don't wait for each other.
                lane: format!("{} {to}", route.word()),
                recipient: format!("{} {to} {}", user.id, kind.word()),
                ticket: event.event.ticket(),
                body: serde_json::to_string(&direct).map_err(Error::internal)?,
                topic: Some(kind.word().to_owned()),
                ..Parcel::default()
            });
        }
    }
    Ok(parcels)
}

/// Lines, a quotation and a link, with one empty line between what is said and what was.
pub(crate) fn text(words: &Words, most: usize, written: fn(&str) -> String) -> String {
    let lines = words.lines.iter().map(|line| written(line)).collect::<Vec<_>>().join("\n");
    let link = words
        .link
        .as_ref()
        .map(|(name, url)| format!("\n{}{}{url}", written(name), if name.is_ascii() { ": " } else { "：" }))
        .unwrap_or_default();
    let room = most.saturating_sub(lines.chars().count() + link.chars().count() + 2);
    let quote = words.quote.as_ref().map(|quote| {
        let quote = quote.lines().map(|line| format!("> {}", written(line))).collect::<Vec<_>>().join("\n");
        format!("\n{}\n", wording::cut(&quote, room))
    });
    wording::cut(&format!("{lines}{}{link}", quote.unwrap_or_default()), most)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(quote: &str) -> Words {
        Words {
            headline: "[TK-2026-001] New comment: x".into(),
            lines: vec!["There is a new comment on the ticket TK-2026-001 “x”.".into()],
            quote: Some(quote.into()),
            link: Some(("Open the ticket", "https://desk.example/tickets/100001".into())),
        }
    }

    #[test]
    fn what_is_long_is_cut_and_keeps_its_link() {
        let laid = text(&words("one\ntwo"), 2_000, str::to_owned);
        assert_eq!(
            laid,
            "There is a new comment on the ticket TK-2026-001 “x”.\n> one\n> two\n\nOpen the ticket: https://desk.example/tickets/100001"
        );
        let laid = text(&words(&"长".repeat(5_000)), 2_000, str::to_owned);
        assert!(laid.chars().count() <= 2_000 && laid.ends_with("/tickets/100001"), "{}", laid.chars().count());
    }
}
