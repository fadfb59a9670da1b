//! How mail is sent, a test mail, and what one wants to be told.

use super::{Sent, payloads, run};
use crate::error::Result;
use crate::mail::{EmailConfig, EmailTest, NotificationPreference};
use crate::words::{NotificationRoute, NotificationType, SmtpSecurity};
use async_graphql::{Context, InputObject, Object};
use engine::EmailEdit;
use model::Error;
use model::command::Edit;
use model::notice::Rule;

#[derive(Default)]
pub(super) struct Mail;

/// How mail is to be sent: what is left out stays.
#[derive(InputObject)]
pub struct SetEmailConfigInput {
    /// The mail server; an empty text takes it away.
    smtp_host: Option<String>,
    /// Its port.
    smtp_port: Option<i64>,
    /// Who signs in; an empty text: nobody.
    smtp_username: Option<String>,
    /// The password; an empty text takes it away. It has to be sent again when the host changes.
    #[graphql(secret)]
    smtp_password: Option<String>,
    /// The address that mail comes from.
    smtp_from: Option<String>,
    /// The name that stands before it.
    smtp_from_name: Option<String>,
    /// How the connection is protected.
    smtp_tls: Option<SmtpSecurity>,
    /// Whether mail is sent.
    is_enabled: Option<bool>,
    /// Makes a repetition harmless.
    client_mutation_id: Option<String>,
}

/// To whom to send a test mail.
#[derive(InputObject)]
pub struct TestEmailInput {
    /// The address.
    to: String,
    /// Makes a repetition harmless.
    client_mutation_id: Option<String>,
}

/// Whether to be told of a kind of thing by a way.
#[derive(InputObject)]
pub struct NotificationPreferenceInput {
    /// What it tells of.
    #[graphql(name = "type")]
    kind: NotificationType,
    /// The way.
    route: NotificationRoute,
    /// Whether to be told.
    enabled: bool,
}

/// What to be told: what is not named stays.
#[derive(InputObject)]
pub struct SetNotificationPreferencesInput {
    /// What changes.
    preferences: Vec<NotificationPreferenceInput>,
    /// Makes a repetition harmless.
    client_mutation_id: Option<String>,
}

payloads! {
    /// What changing how mail is sent came to.
    SetEmailConfigPayload {
        /// How mail is sent now.
        email_config: EmailConfig
    }
    /// What a test mail came to. That it could not be sent is no user error.
    TestEmailPayload {
        /// How it went.
        test: EmailTest
    }
    /// What changing your preferences came to.
    SetNotificationPreferencesPayload {
        /// What you are told now, and how.
        preferences: Vec<NotificationPreference>
    }
}

#[Object(name = "MutationMail")]
impl Mail {
    /// Changes how mail is sent, at once; for administrators.
    async fn set_email_config(&self, ctx: &Context<'_>, input: SetEmailConfigInput) -> Result<SetEmailConfigPayload> {
        let sent = Sent::id(input.client_mutation_id.clone());
        run(ctx, sent, async |call, by| Ok(call.engine.edit_email_settings(&by, input.read()?).await?.into())).await
    }

    /// Sends a test mail, at once and once; for administrators.
    #[graphql(complexity = "50 + child_complexity")]
    async fn test_email(&self, ctx: &Context<'_>, input: TestEmailInput) -> Result<TestEmailPayload> {
        run(ctx, Sent::id(input.client_mutation_id), async |call, by| {
            Ok(call.engine.test_email(&by, &input.to).await?.into())
        })
        .await
    }

    /// Changes what you are told, and how.
    async fn set_notification_preferences(
        &self,
        ctx: &Context<'_>,
        input: SetNotificationPreferencesInput,
    ) -> Result<SetNotificationPreferencesPayload> {
        run(ctx, Sent::id(input.client_mutation_id), async |call, by| {
            let rule = |p: NotificationPreferenceInput| Rule {
                kind: p.kind.into(),
                route: p.route.into(),
                enabled: p.enabled,
            };
            let rules = input.preferences.into_iter().map(rule).collect();
            let all = call.engine.set_preferences(&by, rules).await?;
            Ok(all.into_iter().map(Into::into).collect::<Vec<_>>())
        })
        .await
    }
}

impl SetEmailConfigInput {
    fn read(self) -> model::Result<EmailEdit> {
        let port = self.smtp_port.map(u16::try_from).transpose();
        let port = port.map_err(|_| Error::invalid("smtp_port", "must be 1 to 65535"))?;
        let config = model::mail::EmailConfig {
            host: self.smtp_host,
            port,
            username: self.smtp_username,
            from: self.smtp_from,
            from_name: self.smtp_from_name,
            security: self.smtp_tls.map(Into::into),
            enabled: self.is_enabled,
            has_password: None,
        };
        Ok(EmailEdit { config, password: Edit::some(self.smtp_password) })
    }
}
