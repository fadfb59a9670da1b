//! Coming in and going out: signing in, registering, sessions, API tokens. A wrong password is a top-level error, the
//! same whether the account exists or not.

use super::people::ProfileInput;
use super::{Answer, Sent, payloads, run};
use crate::error::{Result, UserError};
use crate::node::{global, read, read_or};
use crate::person::{ApiToken, User};
use crate::scalars::DateTime;
use crate::words::{Scope, all};
use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use engine::{NewToken, NewUser, SignIn, SignedIn};
use model::Error;
use model::id::{ApiTokenId, SessionId};

#[derive(Default)]
pub(super) struct Accounts;

/// Who comes in.
#[derive(InputObject)]
pub struct SignInInput {
    /// The e-mail address or user name.
    #[graphql(validator(max_length = 300))]
    login: Option<String>,
    /// The e-mail address; the same as `login`.
    #[graphql(validator(max_length = 300))]
    email: Option<String>,
    /// The password.
    password: String,
    /// A code of the second factor, or a backup code; needed where there is one, but on a trusted device.
    #[graphql(validator(max_length = 100))]
    otp_code: Option<String>,
    /// The `deviceToken` that a sign-in on this device answered before.
    #[graphql(validator(max_length = 200))]
    device_token: Option<String>,
    /// Whether this device is to skip the second factor for thirty days.
    remember_device: Option<bool>,
    /// What to call it.
    #[graphql(validator(max_length = 300))]
    device_name: Option<String>,
    /// Comes back with the answer.
    client_mutation_id: Option<String>,
}

/// Who wants an account.
#[derive(InputObject)]
pub struct RegisterInput {
    /// Who they are; an e-mail address or a user name is needed.
    profile: ProfileInput,
    /// Their password.
    password: String,
    /// Comes back with the answer.
    client_mutation_id: Option<String>,
}

/// A session to go on with.
#[derive(InputObject)]
pub struct RefreshInput {
    /// The refresh token; it is good for once.
    refresh_token: String,
    /// Comes back with the answer.
    client_mutation_id: Option<String>,
}

/// Nothing but the client's own id.
#[derive(InputObject, Default)]
pub struct SignOutInput {
    /// Comes back with the answer.
    client_mutation_id: Option<String>,
}

/// A session to end.
#[derive(InputObject)]
pub struct EndSessionInput {
    /// The session.
    id: ID,
    /// Comes back with the answer.
    client_mutation_id: Option<String>,
}

/// Whose other sessions to end.
#[derive(InputObject, Default)]
pub struct EndOtherSessionsInput {
    /// Whose; yours if nothing is said.
    user: Option<ID>,
    /// Comes back with the answer.
    client_mutation_id: Option<String>,
}

/// An API token to make.
#[derive(InputObject)]
pub struct CreateApiTokenInput {
    /// What you call it.
    name: String,
    /// What it may be used for; all that you may do, if nothing is said.
    scopes: Option<Vec<Scope>>,
    /// When it dies by itself.
    expires_at: Option<DateTime>,
    /// Comes back with the answer; a repetition makes another token, because a secret is shown once only.
    client_mutation_id: Option<String>,
}

/// An API token to revoke.
#[derive(InputObject)]
pub struct RevokeApiTokenInput {
    /// The token.
    id: ID,
    /// Makes a repetition harmless.
    client_mutation_id: Option<String>,
}

/// Declares payloads that let a person in.
macro_rules! credentials {
    ($($(#[$doc:meta])* $name:ident)+) => {$(
        $(#[$doc])*
        #[derive(SimpleObject)]
        pub struct $name {
            /// Send it as `Authorization: Bearer …`.
            access_token: Option<String>,
            /// Good for one `refresh`, when the access token is about to die.
            refresh_token: Option<String>,
            /// Seconds that the access token lives.
            expires_in: Option<i64>,
            /// Keep it, and send it at the next sign-in on this device; only where `rememberDevice` was said.
            device_token: Option<String>,
            /// The session's global id.
            session_id: Option<ID>,
            /// The person.
            user: Option<User>,
            /// What is wrong with the request; empty if it was carried out.
            user_errors: Vec<UserError>,
            /// The `clientMutationId` of the input.
            client_mutation_id: Option<String>,
        }

        impl From<Answer<SignedIn>> for $name {
            fn from(answer: Answer<SignedIn>) -> Self {
                let known = answer.object;
                Self {
                    access_token: known.as_ref().map(|s| s.access_token.clone()),
                    refresh_token: known.as_ref().map(|s| s.refresh_token.clone()),
                    expires_in: known.as_ref().map(|s| s.expires_in),
                    device_token: known.as_ref().and_then(|s| s.device_token.clone()),
                    session_id: known.as_ref().map(|s| global(s.session)),
                    user: known.map(|s| s.user.into()),
                    user_errors: answer.errors,
                    client_mutation_id: answer.client_mutation_id,
                }
            }
        }
    )+};
}

credentials! {
    /// What signing in came to.
    SignInPayload
    /// What registering came to.
    RegisterPayload
    /// What refreshing came to.
    RefreshPayload
}

/// What making an API token came to.
#[derive(SimpleObject)]
pub struct CreateApiTokenPayload {
    /// The token as it is listed.
    token: Option<ApiToken>,
    /// Send it as `Authorization: Bearer …` or `X-API-Key: …`. It is shown this once.
    secret: Option<String>,
    /// What is wrong with the request; empty if it was carried out.
    user_errors: Vec<UserError>,
    /// The `clientMutationId` of the input.
    client_mutation_id: Option<String>,
}

impl From<Answer<(ApiToken, String)>> for CreateApiTokenPayload {
    fn from(answer: Answer<(ApiToken, String)>) -> Self {
        let (token, secret) = answer.object.unzip();
        Self { token, secret, user_errors: answer.errors, client_mutation_id: answer.client_mutation_id }
    }
}

payloads! {
    /// What signing out came to.
    SignOutPayload {
        /// Whether you are out.
        signed_out: bool
    }
    /// What ending a session came to.
    EndSessionPayload {
        /// The id of the session that is no more.
        id: ID
    }
    /// What ending the other sessions came to.
    EndOtherSessionsPayload {
        /// Whether they are over.
        ended: bool
    }
    /// What revoking an API token came to.
    RevokeApiTokenPayload {
        /// The id of the token that no longer works.
        id: ID
    }
}

#[Object(name = "MutationAccounts")]
impl Accounts {
    /// Signs in by password, and by the second factor where there is one.
    #[graphql(complexity = "20 + child_complexity")]
    async fn sign_in(&self, ctx: &Context<'_>, input: SignInInput) -> Result<SignInPayload> {
        run(ctx, Sent::id(input.client_mutation_id), async |call, _| {
            let login = input.login.or(input.email).ok_or_else(|| Error::invalid("login", "must be given"))?;
            let sign_in = SignIn {
                login,
                password: input.password,
                ip: call.viewer.ip.clone(),
                user_agent: call.viewer.user_agent.clone(),
                otp_code: input.otp_code,
                device_token: input.device_token,
                remember_device: input.remember_device.unwrap_or_default(),
                device_name: input.device_name,
            };
            call.engine.sign_in(sign_in).await
        })
        .await
    }

    /// Makes an account for oneself and signs in.
    #[graphql(complexity = "20 + child_complexity")]
    async fn register(&self, ctx: &Context<'_>, input: RegisterInput) -> Result<RegisterPayload> {
        run(ctx, Sent::id(input.client_mutation_id), async |call, _| {
            let new = NewUser {
                profile: input.profile.read(),
                role: model::people::Role::User,
                status: model::people::UserStatus::Active,
                password: Some(input.password),
            };
            call.engine.register(new, call.viewer.ip.clone(), call.viewer.user_agent.clone()).await
        })
        .await
    }

    /// Goes on with a session. Each refresh token is good for once; one that is used again ends its session.
    async fn refresh(&self, ctx: &Context<'_>, input: RefreshInput) -> Result<RefreshPayload> {
        run(ctx, Sent::id(input.client_mutation_id), async |call, _| call.engine.refresh(&input.refresh_token).await)
            .await
    }

    /// Ends the session that this request came with.
    async fn sign_out(&self, ctx: &Context<'_>, input: Option<SignOutInput>) -> Result<SignOutPayload> {
        run(ctx, Sent::id(input.unwrap_or_default().client_mutation_id), async |call, _| {
            call.engine.sign_out(call.actor()).await?;
            Ok(true)
        })
        .await
    }

    /// Ends a session of one's own, or anybody's for administrators.
    async fn end_session(&self, ctx: &Context<'_>, input: EndSessionInput) -> Result<EndSessionPayload> {
        run(ctx, Sent::id(input.client_mutation_id), async |call, by| {
            let id: SessionId = read("id", &input.id)?;
            call.engine.end_session(&by, id).await?;
            Ok(global(id))
        })
        .await
    }

    /// Ends a person's sessions, all but the one that this request came with.
    async fn end_other_sessions(
        &self,
        ctx: &Context<'_>,
        input: Option<EndOtherSessionsInput>,
    ) -> Result<EndOtherSessionsPayload> {
        let input = input.unwrap_or_default();
        run(ctx, Sent::id(input.client_mutation_id), async |call, by| {
            let user = match read_or("user", input.user.as_ref())? {
                Some(user) => user,
                None => call.actor().user().ok_or_else(model::access::sign_in)?,
            };
            call.engine.end_sessions(&by, user).await?;
            Ok(true)
        })
        .await
    }

    /// Makes an API token of one's own.
    async fn create_api_token(&self, ctx: &Context<'_>, input: CreateApiTokenInput) -> Result<CreateApiTokenPayload> {
        run(ctx, Sent::id(input.client_mutation_id), async |call, by| {
            // Not by the client's id: the secret of the first answer is not kept, so a repetition could not show it.
            let by = by.keyed(None);
            let new = NewToken {
                user: call.actor().user().ok_or_else(model::access::sign_in)?,
                name: input.name,
                scopes: all(input.scopes),
                expires_at: input.expires_at.map(|at| at.0),
            };
            let (token, secret) = call.engine.create_api_token(&by, new).await?;
            Ok((ApiToken(token), secret))
        })
        .await
    }

    /// Revokes an API token of one's own, or anybody's for administrators.
    async fn revoke_api_token(&self, ctx: &Context<'_>, input: RevokeApiTokenInput) -> Result<RevokeApiTokenPayload> {
        run(ctx, Sent::id(input.client_mutation_id), async |call, by| {
            let id: ApiTokenId = read("id", &input.id)?;
            call.engine.revoke_api_token(&by, id).await?;
            Ok(global(id))
        })
        .await
    }
}
