//! How mail is sent, and what people want to be told: for GraphQL.

use crate::scalars::DateTime;
use crate::words::{NotificationRoute, NotificationType, SmtpSecurity};
use async_graphql::SimpleObject;

/// Whether you are told of a kind of thing by a way.
#[derive(SimpleObject, Clone, Copy)]
pub struct NotificationPreference {
    /// What it tells of.
    #[graphql(name = "type")]
    kind: NotificationType,
    /// The way.
    route: NotificationRoute,
    /// Whether you are told.
    enabled: bool,
    /// Whether this way leads to you at all: a chat only where your account there is linked and verified.
    available: bool,
}

impl From<engine::Preference> for NotificationPreference {
    fn from(preference: engine::Preference) -> Self {
        let engine::Preference { rule, available } = preference;
        Self { kind: rule.kind.into(), route: rule.route.into(), enabled: rule.enabled, available }
    }
}

/// How mail is sent.
#[derive(SimpleObject)]
pub struct EmailConfig {
    /// The mail server; empty: there is none, and no mail is sent.
    smtp_host: String,
    /// Its port.
    smtp_port: i64,
    /// Who signs in; empty: nobody.
    smtp_username: String,
    /// Whether there is a password. It is never shown.
    has_password: bool,
    /// The address that mail comes from; empty: the first of our mailboxes.
    smtp_from: String,
    /// The name that stands before it.
    smtp_from_name: String,
    /// How the connection is protected.
    smtp_tls: SmtpSecurity,
    /// Whether mail is sent.
    is_enabled: bool,
    /// How the last test mail went; null if there was none.
    last_test: Option<EmailTest>,
}

/// How a test mail went.
#[derive(SimpleObject)]
pub struct EmailTest {
    /// When it was sent.
    at: DateTime,
    /// Whether the server took it.
    ok: bool,
    /// Why it did not.
    why: Option<String>,
}

impl From<engine::EmailSettings> for EmailConfig {
    fn from(settings: engine::EmailSettings) -> Self {
        let engine::EmailSettings { smtp, test } = settings;
        Self {
            is_enabled: smtp.enabled && !smtp.host.is_empty(),
            smtp_host: smtp.host,
            smtp_port: i64::from(smtp.port),
            smtp_username: smtp.username,
            has_password: smtp.has_password,
            smtp_from: smtp.from,
            smtp_from_name: smtp.from_name,
            smtp_tls: smtp.security.into(),
            last_test: test.map(Into::into),
        }
    }
}

impl From<model::mail::EmailTest> for EmailTest {
    fn from(test: model::mail::EmailTest) -> Self {
        Self { at: test.at.into(), ok: test.ok, why: test.why }
    }
}
