//! What guards an account: the second factor, trusted devices, a new password by mail.

use super::{Answer, Sent, payloads, run};
use crate::error::{Result, UserError};
use crate::node::{global, read, read_or};
use crate::person::User;
use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use engine::Enrolment;
use model::id::DeviceId;

#[derive(Default)]
pub(super) struct Security;

/// A second factor to set up for oneself.
#[derive(InputObject)]
pub struct EnableSecondFactorInput {
    /// Your password.
    password: String,
    /// Comes back with the answer; the secret is shown this once, so a repetition is a conflict.
    client_mutation_id: Option<String>,
}

/// A second factor to switch off.
#[derive(InputObject)]
pub struct DisableSecondFactorInput {
    /// Whose; yours if nothing is said. Somebody else's only administrators switch off.
    user: Option<ID>,
    /// Your password, for your own.
    password: Option<String>,
    /// Makes a repetition harmless.
    client_mutation_id: Option<String>,
}

/// A device to trust no more.
#[derive(InputObject)]
pub struct RevokeTrustedDeviceInput {
    /// The device.
    id: ID,
    /// Makes a repetition harmless.
    client_mutation_id: Option<String>,
}

/// Who wants a new password by mail.
#[derive(InputObject)]
pub struct RequestPasswordResetInput {
    /// The e-mail address or user name.
    #[graphql(validator(max_length = 320))]
    login: String,
    /// Comes back with the answer.
    client_mutation_id: Option<String>,
}

/// A new password, by a link that was mailed.
#[derive(InputObject)]
pub struct ResetPasswordInput {
    /// The `token` of the link.
    #[graphql(validator(max_length = 300))]
    token: String,
    /// The new password.
    password: String,
    /// Comes back with the answer.
    client_mutation_id: Option<String>,
}

/// What setting up a second factor came to. Secret and codes are shown this once.
#[derive(SimpleObject)]
pub struct EnableSecondFactorPayload {
    /// The secret in base32, for typing it into an app.
    secret: Option<String>,
    /// The same as a link that apps open.
    otpauth_url: Option<String>,
    /// The same as a picture to scan: a PNG as a `data:` URL.
    qr_code: Option<String>,
    /// Each stands in for a code once.
    backup_codes: Option<Vec<String>>,
    /// What is wrong with the request; empty if it was carried out.
    user_errors: Vec<UserError>,
    /// The `clientMutationId` of the input.
    client_mutation_id: Option<String>,
}

impl From<Answer<Enrolment>> for EnableSecondFactorPayload {
    fn from(answer: Answer<Enrolment>) -> Self {
        let made = answer.object;
        Self {
            secret: made.as_ref().map(|e| e.secret.clone()),
            otpauth_url: made.as_ref().map(|e| e.otpauth_url.clone()),
            qr_code: made.as_ref().map(|e| e.qr_code.clone()),
            backup_codes: made.map(|e| e.backup_codes),
            user_errors: answer.errors,
            client_mutation_id: answer.client_mutation_id,
        }
    }
}

payloads! {
    /// What switching off a second factor came to.
    DisableSecondFactorPayload {
        /// Whether it is off.
        disabled: bool
    }
    /// What revoking a trusted device came to.
    RevokeTrustedDevicePayload {
        /// The id of the device that is trusted no more.
        id: ID
    }
    /// What asking for a new password came to: the same whether there is such an account or not.
    RequestPasswordResetPayload {
        /// Whether a mail will be sent if there is such an account.
        accepted: bool
    }
    /// What setting a new password by a link came to.
    ResetPasswordPayload {
        /// The person, who can sign in with it now.
        user: User
    }
}

#[Object(name = "MutationSecurity")]
impl Security {
    /// Sets up a second factor for oneself: codes by the clock, as authenticator apps make them. It takes effect at once.
    #[graphql(complexity = "20 + child_complexity")]
    async fn enable_second_factor(
        &self,
        ctx: &Context<'_>,
        input: EnableSecondFactorInput,
    ) -> Result<EnableSecondFactorPayload> {
        run(ctx, Sent::id(input.client_mutation_id), async |call, by| {
            call.engine.enable_second_factor(&by, input.password).await
        })
        .await
    }

    /// Switches off one's own second factor, or anybody's for administrators.
    #[graphql(complexity = "20 + child_complexity")]
    async fn disable_second_factor(
        &self,
        ctx: &Context<'_>,
        input: DisableSecondFactorInput,
    ) -> Result<DisableSecondFactorPayload> {
        run(ctx, Sent::id(input.client_mutation_id), async |call, by| {
            let user = match read_or("user", input.user.as_ref())? {
                Some(user) => user,
                None => call.actor().user().ok_or_else(model::access::sign_in)?,
            };
            call.engine.disable_second_factor(&by, user, input.password.unwrap_or_default()).await?;
            Ok(true)
        })
        .await
    }

    /// Stops trusting a device of one's own, or anybody's for administrators.
    async fn revoke_trusted_device(
        &self,
        ctx: &Context<'_>,
        input: RevokeTrustedDeviceInput,
    ) -> Result<RevokeTrustedDevicePayload> {
        run(ctx, Sent::id(input.client_mutation_id), async |call, by| {
            let id: DeviceId = read("id", &input.id)?;
            call.engine.revoke_trusted_device(&by, id).await?;
            Ok(global(id))
        })
        .await
    }

    /// Asks for a mail with a link to set a new password. The answer doesn't tell whether there is such an account.
    #[graphql(complexity = "20 + child_complexity")]
    async fn request_password_reset(
        &self,
        ctx: &Context<'_>,
        input: RequestPasswordResetInput,
    ) -> Result<RequestPasswordResetPayload> {
        run(ctx, Sent::id(input.client_mutation_id), async |call, _| {
            call.engine.request_password_reset(&input.login, call.viewer.ip.as_deref()).await?;
            Ok(true)
        })
        .await
    }

    /// Sets a new password by a link that was mailed. All sessions end, and no device is trusted any more.
    #[graphql(complexity = "20 + child_complexity")]
    async fn reset_password(&self, ctx: &Context<'_>, input: ResetPasswordInput) -> Result<ResetPasswordPayload> {
        run(ctx, Sent::id(input.client_mutation_id), async |call, _| {
            Ok(call.engine.reset_password(&input.token, input.password).await?.into())
        })
        .await
    }
}
