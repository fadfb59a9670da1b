//! Mail: raw bytes become a [`Mail`], and a `Mail` says which ticket it may belong to.
//!
//! Answers for reading what people and machines really send, however broken. It does no IO, knows no ticket, decides
//! nothing about who may write where, and never renders HTML for a browser.

mod body;
mod bounce;
pub mod charset;
mod charset_guess;
mod clean;
pub mod fold;
mod header;
pub mod html;
mod inbound;
pub mod intake;
pub mod kind;
mod lines;
mod mime;
mod name;
mod param;
pub mod parse;
mod quote;
#[cfg(test)]
mod samples;
pub mod thread;
mod transfer;
mod word;

pub use intake::{Ingested, MailIntake, Outcome};
pub use kind::{Bounce, Kind};
pub use parse::parse;
pub use thread::{Clue, clues};

/// Somebody's address. `email` is lower-cased and trimmed, and has something on both sides of its `@`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    pub name: Option<String>,
    pub email: String,
}

/// A file that came with a mail: attachment, inline picture, invitation, or an attached mail (`.eml`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Safe as one path component: no separators, no control characters, at most 200 characters.
    pub filename: String,
    pub content_type: String,
    /// Without `<>`.
    pub content_id: Option<String>,
    /// The HTML shows it by `cid:`, or the sender put it into the text.
    pub inline: bool,
    pub bytes: Vec<u8>,
}

/// One mail, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// Without `<>`.
    pub message_id: Option<String>,
    /// Hex SHA-256 over what the author wrote, not over what the transport added: the same mail delivered twice has the
    /// same hash.
    pub content_hash: String,
    pub from: Option<Address>,
    pub sender: Option<Address>,
    pub reply_to: Vec<Address>,
    pub to: Vec<Address>,
    pub cc: Vec<Address>,
    /// Every address it may have been delivered to, lower-cased.
    pub recipients: Vec<String>,
    /// One line, decoded; empty when there was none.
    pub subject: String,
    /// Milliseconds UTC, as the sender's clock had it.
    pub date: Option<i64>,
    pub in_reply_to: Vec<String>,
    pub references: Vec<String>,
    /// The whole readable text.
    pub text: String,
    /// `text` without quoted history and signature. Not empty unless `text` is.
    pub fresh: String,
    /// What was folded away, verbatim: always the tail of `text`.
    pub folded: String,
    /// As received. Never render it unsanitized.
    pub html: Option<String>,
    pub parts: Vec<Part>,
    pub kind: Kind,
}

/// Who we are: what tells our own mail, and replies to it, from everybody else's.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ours {
    /// Our Message-IDs end with `@domain`.
    pub domain: String,
    /// Our own mailboxes.
    pub addresses: Vec<String>,
}

impl Ours {
    pub(crate) fn sent(&self, message_id: &str) -> bool {
        let host = message_id.rsplit_once('@').map(|(_, host)| host);
        !self.domain.is_empty() && host.is_some_and(|host| host.eq_ignore_ascii_case(&self.domain))
    }

    /// The mailbox of ours that an address leads to, with or without a `+…`.
    pub(crate) fn mailbox(&self, email: &str) -> Option<&str> {
        let (local, domain) = email.rsplit_once('@')?;
        let plain = format!("{}@{domain}", local.split('+').next().unwrap_or(local));
        let ours = self.addresses.iter().map(|ours| ours.trim());
        ours.into_iter().find(|ours| ours.eq_ignore_ascii_case(email) || ours.eq_ignore_ascii_case(&plain))
    }

    pub(crate) fn owns(&self, email: &str) -> bool {
        self.addresses.iter().any(|ours| ours.trim().eq_ignore_ascii_case(email))
    }
}

/// Nothing that could be shown to anybody: it goes to quarantine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unparsable {
    pub why: String,
}

impl std::fmt::Display for Unparsable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "not a mail: {}", self.why)
    }
}

impl std::error::Error for Unparsable {}
