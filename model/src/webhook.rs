//! Webhooks: addresses that are told of what happens to tickets (seed 003, section 8), and the rules of what they may be.
//!
//! A webhook's secret is no part of it, and the values of its headers are never serialized: both are often credentials.
//! Where an address may lie is the engine's business (`address.rs`), because it needs a name looked up.

use crate::comment::Visibility;
use crate::error::{Error, Problems, Result};
use crate::event::{Change, Event};
use crate::id::WebhookId;
use crate::text;
use crate::ticket::Status;
use crate::time::{DAY, Time};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Webhooks that an installation may have.
pub const WEBHOOKS_MAX: i64 = 1_000;
pub const URL_MAX: usize = 2_000;
pub const SECRET_MAX: usize = 256;
pub const DESCRIPTION_MAX: usize = 500;
pub const HEADERS_MAX: usize = 20;
/// An endpoint that has done nothing but fail for so long (milliseconds) is switched off.
pub const HOPELESS_AFTER: i64 = 3 * DAY;

/// What can be told; the words are the document's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Topic {
    #[serde(rename = "ticket.created")]
    Created,
    #[serde(rename = "ticket.assigned")]
    Assigned,
    #[serde(rename = "ticket.status_changed")]
    StatusChanged,
    #[serde(rename = "ticket.closed")]
    Closed,
    #[serde(rename = "ticket.reopened")]
    Reopened,
    #[serde(rename = "ticket.comment_added")]
    CommentAdded,
    #[serde(rename = "ticket.sla_violated")]
    SlaViolated,
}

impl Topic {
    pub const ALL: [Self; 7] = [
        Self::Created,
        Self::Assigned,
        Self::StatusChanged,
        Self::Closed,
        Self::Reopened,
        Self::CommentAdded,
        Self::SlaViolated,
    ];

    pub fn word(self) -> &'static str {
        match self {
            Self::Created => "ticket.created",
            Self::Assigned => "ticket.assigned",
            Self::StatusChanged => "ticket.status_changed",
            Self::Closed => "ticket.closed",
            Self::Reopened => "ticket.reopened",
            Self::CommentAdded => "ticket.comment_added",
            Self::SlaViolated => "ticket.sla_violated",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|t| t.word() == word)
    }

    /// Reads a list of words; `*` is all of them.
    pub fn list<S: AsRef<str>>(words: &[S]) -> Result<Vec<Self>> {
        let mut topics = Vec::new();
        for word in words {
            let word = word.as_ref().trim();
            match Self::parse(word) {
                Some(topic) => topics.push(topic),
                None if word == "*" => topics.extend(Self::ALL),
                None => {
                    let known = Self::ALL.map(Self::word).join(", ");
                    return Err(Error::invalid("events", format!("must be among {known}")));
                }
            }
        }
        Ok(topics)
    }

    /// What an event is told as, in the order in which it is told. A close is a change of status and a close.
    pub fn of(event: &Event) -> Vec<Self> {
        match event {
            Event::TicketOpened { ticket, .. } if ticket.assignee.is_some() => vec![Self::Created, Self::Assigned],
            Event::TicketOpened { .. } => vec![Self::Created],
            Event::TicketAssigned { assignee, .. } if assignee.to.is_some() && assignee.to != assignee.from => {
                vec![Self::Assigned]
            }
            Event::StatusChanged { status, reopened, .. } => moved(status, *reopened),
            // Whoever watches the ticket that goes into another sees it closed.
            Event::TicketMerged { status, .. } => moved(&Change { from: *status, to: Status::Closed }, false),
            Event::TicketUnmerged { status, .. } => moved(&Change { from: Status::Closed, to: *status }, false),
            Event::CommentAdded { comment, .. } if comment.visibility != Visibility::Internal => {
                vec![Self::CommentAdded]
            }
            Event::SlaBreached { .. } => vec![Self::SlaViolated],
            Event::TicketAssigned { .. }
            | Event::TicketEdited { .. }
            | Event::PriorityChanged { .. }
            | Event::TicketEscalated { .. }
            | Event::TicketRated { .. }
            | Event::TicketDeleted { .. }
            | Event::TicketRestored { .. }
            | Event::TicketsViewed { .. }
            | Event::CommentAdded { .. }
            | Event::CommentEdited { .. }
            | Event::CommentVisibilityChanged { .. }
            | Event::CommentWithdrawn { .. }
            | Event::FileStored { .. }
            | Event::FileDiscarded { .. }
            | Event::UserCreated { .. }
            | Event::ProfileEdited { .. }
            | Event::RoleChanged { .. }
            | Event::UserStatusChanged { .. }
            | Event::PasswordChanged { .. }
            | Event::IdentityLinked { .. }
            | Event::IdentityUnlinked { .. }
            | Event::SessionStarted { .. }
            | Event::SessionRefreshed { .. }
            | Event::SessionEnded { .. }
            | Event::SignInFailed { .. }
            | Event::SecondFactorEnabled { .. }
            | Event::SecondFactorDisabled { .. }
            | Event::SecondFactorUsed { .. }
            | Event::DeviceTrusted { .. }
            | Event::TrustedDeviceUsed { .. }
            | Event::TrustedDeviceRevoked { .. }
            | Event::PasswordResetRequested { .. }
            | Event::ApiTokenCreated { .. }
            | Event::ApiTokenRevoked { .. }
            | Event::CategoryCreated { .. }
            | Event::CategoryEdited { .. }
            | Event::CategoryDeleted { .. }
            | Event::SettingChanged { .. }
            | Event::NotificationSent { .. }
            | Event::CleanupStarted { .. }
            | Event::RecordsForgotten { .. }
            | Event::CleanupFinished { .. }
            | Event::SlaEscalated { .. }
            | Event::SlaConfigCreated { .. }
            | Event::SlaConfigEdited { .. }
            | Event::SlaConfigDeleted { .. }
            | Event::NotificationsRead { .. }
            | Event::InboundQuarantined { .. }
            | Event::InboundSettled { .. }
            | Event::WebhookCreated { .. }
            | Event::WebhookEdited { .. }
            | Event::WebhookSecretRotated { .. }
            | Event::WebhookDisabled { .. }
            | Event::WebhookDeleted { .. }
            | Event::NotificationRulesChanged { .. }
            | Event::EmailConfigChanged { .. }
            | Event::EmailTested { .. }
            | Event::QuickReplyCreated { .. }
            | Event::QuickReplyEdited { .. }
            | Event::QuickReplyUsed { .. }
            | Event::QuickReplyDeleted { .. }
            | Event::TemplateCreated { .. }
            | Event::TemplateEdited { .. }
            | Event::TemplateUsed { .. }
            | Event::TemplateDeleted { .. }
            | Event::RuleCreated { .. }
            | Event::RuleEdited { .. }
            | Event::RuleDeleted { .. } => Vec::new(),
        }
    }
}

fn moved(status: &Change<Status>, reopened: bool) -> Vec<Topic> {
    let closed = status.to.is_final() && !status.from.is_final();
    match (closed, reopened, status.from == status.to) {
        (true, _, _) => vec![Topic::StatusChanged, Topic::Closed],
        (false, true, _) => vec![Topic::StatusChanged, Topic::Reopened],
        (false, false, false) => vec![Topic::StatusChanged],
        (false, false, true) => Vec::new(),
    }
}

/// Headers that an endpoint wants beside ours. Only their names are ever printed or serialized.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(into = "Vec<String>", from = "Vec<String>")]
pub struct Headers(Vec<(String, String)>);

impl Headers {
    /// Names and values, checked.
    pub fn parse(pairs: Vec<(String, String)>) -> Result<Self> {
        if pairs.len() > HEADERS_MAX {
            return Err(Error::invalid("headers", format!("must be at most {HEADERS_MAX}")));
        }
        let mut problems = Problems::default();
        let mut headers: Vec<(String, String)> = Vec::with_capacity(pairs.len());
        for (name, value) in pairs {
            let (name, value) = (name.trim().to_owned(), value.trim().to_owned());
            let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
            if name.is_empty() || name.len() > 100 || !name.chars().all(token) {
                problems.add("headers", format!("has a name that is none: {name:?}"));
            } else if is_reserved(&name) {
                problems.add("headers", format!("must not set {name}: it is set for each request"));
            } else if headers.iter().any(|(other, _)| other.eq_ignore_ascii_case(&name)) {
                problems.add("headers", format!("names {name} twice"));
            } else if value.len() > 1_000 || !value.chars().all(|c| c == '\t' || (' '..='~').contains(&c)) {
                problems.add("headers", format!("has a value of {name} that is too long or not printable ASCII"));
            } else {
                headers.push((name, value));
            }
        }
        problems.finish()?;
        Ok(Self(headers))
    }

    /// Names whose values are elsewhere.
    pub fn named(names: Vec<String>) -> Self {
        names.into()
    }

    pub fn pairs(&self) -> &[(String, String)] {
        &self.0
    }

    pub fn names(&self) -> Vec<String> {
        self.0.iter().map(|(name, _)| name.clone()).collect()
    }
}

impl From<Headers> for Vec<String> {
    fn from(headers: Headers) -> Self {
        headers.names()
    }
}

impl From<Vec<String>> for Headers {
    fn from(names: Vec<String>) -> Self {
        Self(names.into_iter().map(|name| (name, String::new())).collect())
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

/// Headers that belong to the connection or to us.
fn is_reserved(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let of_the_connection = [
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "expect",
        "host",
        "http2-settings",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
        "x-signature",
    ];
    of_the_connection.contains(&name.as_str()) || name.starts_with("proxy-") || name.starts_with("x-webhook-")
}

/// A webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    pub id: WebhookId,
    pub url: String,
    /// What it is told of; never empty.
    pub events: Vec<Topic>,
    /// Whether it is told anything at all.
    pub active: bool,
    #[serde(default)]
    pub headers: Headers,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    pub created_at: Time,
    pub updated_at: Time,
    /// When it was switched off because it kept failing, or said that it is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled_at: Option<Time>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled_why: Option<String>,
    /// Since when every attempt has failed. The courier's knowledge, so no part of the log.
    #[serde(skip)]
    pub failing_since: Option<Time>,
}

/// What an edit changed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct WebhookChanges {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<Change<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub events: Option<Change<Vec<Topic>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active: Option<Change<bool>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub headers: Option<Change<Headers>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<Change<Option<String>>>,
}

impl WebhookChanges {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Checks an address as text: http or https, a host, no credentials, no fragment.
pub fn url(text: &str) -> Result<String> {
    let text = text.trim();
    let bad = |problem: &str| Err(Error::invalid("url", problem));
    if text.is_empty() || text.chars().count() > URL_MAX {
        return bad("must have 1 to 2000 characters");
    }
    if text.chars().any(|c| c.is_whitespace() || c.is_control() || c == '\\') {
        return bad("must not contain spaces, control characters or backslashes");
    }
    let Some((scheme, rest)) = text.split_once("://") else { return bad("must begin with https:// or http://") };
    if !scheme.eq_ignore_ascii_case("https") && !scheme.eq_ignore_ascii_case("http") {
        return bad("must begin with https:// or http://");
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.is_empty() || authority.starts_with(':') {
        return bad("must name a host");
    }
    if authority.contains('@') {
        return bad("must not contain credentials");
    }
    if text.contains('#') {
        return bad("must not have a fragment");
    }
    Ok(text.to_owned())
}

/// At least one topic, each once, in the document's order.
pub fn events(topics: &[Topic]) -> Result<Vec<Topic>> {
    let mut topics = topics.to_vec();
    topics.sort_unstable();
    topics.dedup();
    if topics.is_empty() {
        return Err(Error::invalid("events", "must name at least one event"));
    }
    Ok(topics)
}

/// What it is for; nothing is nothing.
pub fn description(text: Option<&str>) -> Result<Option<String>> {
    text::optional("description", text, DESCRIPTION_MAX)
}

/// A secret that somebody gives.
pub fn secret(text: &str) -> Result<()> {
    if text.is_empty() || text.chars().count() > SECRET_MAX || text.contains('\0') {
        return Err(Error::invalid("secret", "must have 1 to 256 characters"));
    }
    Ok(())
}

/// Whether an endpoint has failed for so long that it is given up.
pub fn is_hopeless(failing_since: Time, now: Time) -> bool {
    failing_since.plus(HOPELESS_AFTER) <= now
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_plain_web_addresses() {
        for good in ["https://a.example/x?y=1", "HTTP://a.example", "http://[2001:db8::1]:8080/", " https://a.example "]
        {
            assert_eq!(url(good).unwrap(), good.trim());
        }
        for bad in [
            "",
            "a.example",
            "ftp://a.example",
            "https://",
            "https://:80/",
            "https://me:pw@a.example",
            "https://a.example\\@b.example",
            "https://a.example/#x",
            "https://a.example/ x",
            "javascript:alert(1)",
        ] {
            assert!(url(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn headers_of_ours_and_of_the_connection_are_refused_and_values_are_never_shown() {
        let one = |name: &str, value: &str| Headers::parse(vec![(name.to_owned(), value.to_owned())]);
        let headers = one("Authorization", "Bearer s3cret").unwrap();
        assert_eq!(serde_json::to_string(&headers).unwrap(), r#"["Authorization"]"#);
        assert_eq!(format!("{headers:?}"), r#"["Authorization"]"#);
        for bad in ["Host", "x-signature", "X-Webhook-Id", "Content-Type", "Proxy-Authorization", "a b", "", "é"] {
            assert!(one(bad, "x").is_err(), "{bad}");
        }
        assert!(one("X-A", "line\nbreak").is_err());
        assert!(Headers::parse(vec![("A".into(), "1".into()), ("a".into(), "2".into())]).is_err());
    }

    #[test]
    fn words_are_read_back_and_a_star_is_all() {
        for topic in Topic::ALL {
            assert_eq!(Topic::parse(topic.word()), Some(topic));
            assert_eq!(serde_json::to_value(topic).unwrap(), topic.word());
        }
        assert_eq!(Topic::list(&["*"]).unwrap(), Topic::ALL);
        assert!(Topic::list(&["ticket.burnt"]).is_err());
        assert!(events(&[]).is_err());
        assert_eq!(events(&[Topic::Closed, Topic::Created, Topic::Closed]).unwrap(), [Topic::Created, Topic::Closed]);
    }

    #[test]
    fn a_close_and_a_reopening_are_told_twice() {
        use Status::{Cancelled, Closed, InProgress, Open, Resolved};
        let told = |from, to, reopened| moved(&Change { from, to }, reopened);
        assert_eq!(told(Open, InProgress, false), [Topic::StatusChanged]);
        assert_eq!(told(Resolved, Closed, false), [Topic::StatusChanged, Topic::Closed]);
        assert_eq!(told(Open, Cancelled, false), [Topic::StatusChanged, Topic::Closed]);
        assert_eq!(told(Closed, Open, true), [Topic::StatusChanged, Topic::Reopened]);
        assert_eq!(told(Closed, Closed, false), []);
    }
}
