//! People as clients see them. The engine blanks contact details for those who may not know them; what it blanks is null.

use crate::context::Call;
use crate::error::Result;
use crate::node::global;
use crate::quick::Quick;
use crate::scalars::DateTime;
use crate::words::{Channel, Role, Scope, UserStatus};
use async_graphql::{Context, ID, Object};
use model::Time;
use std::sync::Arc;

/// A person with an account, or one that a channel knows.
#[derive(Clone)]
pub struct User(pub(crate) Arc<model::people::User>);

impl Quick for User {
    const LASTING: &'static [&'static str] = &[
        "id",
        "databaseId",
        "name",
        "username",
        "email",
        "firstName",
        "lastName",
        "displayName",
        "phone",
        "openid",
        "staffId",
        "locale",
        "role",
        "status",
        "hasPassword",
        "createdAt",
    ];
    /// The link of a picture ends by the clock, and a sign-in may change the others without an event.
    const PASSING: &'static [&'static str] = &["avatarUrl", "updatedAt", "lastLoginAt", "loginCount", "version"];
}

impl From<model::people::User> for User {
    fn from(user: model::people::User) -> Self {
        Self(Arc::new(user))
    }
}

/// A person's name on a channel.
pub struct Identity(pub(crate) model::people::Identity);

/// A signed-in session.
pub struct Session(pub(crate) model::session::Session);

/// A long-lived key for programs; its secret is shown once, when it is made.
pub struct ApiToken(pub(crate) model::session::ApiToken);

impl User {
    /// Whether the viewer may know more of the person than name, picture and role.
    fn known(&self, call: Call<'_>) -> bool {
        call.is_staff() || call.actor().user() == Some(self.0.id)
    }
}

/// A person with an account, or one that a channel knows.
#[Object]
impl User {
    /// The global id, such as `user_3`.
    pub(crate) async fn id(&self) -> ID {
        global(self.0.id)
    }

    /// The bare number that the other surfaces show.
    async fn database_id(&self) -> i64 {
        self.0.id.0
    }

    /// What to call them.
    async fn name(&self) -> String {
        self.0.name()
    }

    /// The user name.
    async fn username(&self) -> Option<&str> {
        self.0.profile.username.as_deref()
    }

    /// The e-mail address; null for those who may not know it.
    async fn email(&self) -> Option<&str> {
        self.0.profile.email.as_ref().map(|email| email.as_str())
    }

    /// The given name.
    async fn first_name(&self) -> Option<&str> {
        self.0.profile.first_name.as_deref()
    }

    /// The family name.
    async fn last_name(&self) -> Option<&str> {
        self.0.profile.last_name.as_deref()
    }

    /// The name that they chose to be shown.
    async fn display_name(&self) -> Option<&str> {
        self.0.profile.display_name.as_deref()
    }

    /// The telephone number; null for those who may not know it.
    async fn phone(&self) -> Option<&str> {
        self.0.profile.phone.as_deref()
    }

    /// Where their picture is.
    async fn avatar_url(&self) -> Option<&str> {
        self.0.profile.avatar_url.as_deref()
    }

    /// The user centre's name for them.
    async fn openid(&self) -> Option<&str> {
        self.0.profile.openid.as_deref()
    }

    /// The user centre's number for a member of staff.
    async fn staff_id(&self) -> Option<i64> {
        self.0.profile.staff_id
    }

    /// The language of what we write to them: `zh-CN` or `en`.
    async fn locale(&self) -> Option<&str> {
        self.0.profile.locale.as_deref()
    }

    /// What they may do in general.
    async fn role(&self) -> Role {
        self.0.role.into()
    }

    /// Whether the account works.
    async fn status(&self) -> UserStatus {
        self.0.status.into()
    }

    /// Whether a password was ever set; null for those who may not know it.
    async fn has_password(&self, ctx: &Context<'_>) -> Result<Option<bool>> {
        Ok(self.known(Call::of(ctx)?).then_some(self.0.has_password))
    }

    /// When the account was made; null for those who may not know it.
    async fn created_at(&self) -> Option<DateTime> {
        known(self.0.created_at)
    }

    /// When the account changed last; null for those who may not know it.
    async fn updated_at(&self) -> Option<DateTime> {
        known(self.0.updated_at)
    }

    /// When they last signed in.
    async fn last_login_at(&self) -> Option<DateTime> {
        self.0.last_login_at.map(DateTime)
    }

    /// How often they signed in; null for those who may not know it.
    async fn login_count(&self, ctx: &Context<'_>) -> Result<Option<i64>> {
        Ok(self.known(Call::of(ctx)?).then_some(self.0.login_count))
    }

    /// Counts the account's changes.
    async fn version(&self) -> i64 {
        self.0.version
    }

    /// Their names on other channels; empty for those who may not know them.
    #[graphql(complexity = "1 + 3 * child_complexity")]
    async fn identities(&self, ctx: &Context<'_>) -> Result<Vec<Identity>> {
        let call = Call::of(ctx)?;
        if !self.known(call) {
            return Ok(Vec::new());
        }
        Ok(Box::pin(call.loaders.identities(self.0.id)).await?.iter().cloned().map(Identity).collect())
    }
}

/// The engine blanks an instant by making it zero.
fn known(time: Time) -> Option<DateTime> {
    (time != Time(0)).then_some(DateTime(time))
}

/// A person's name on a channel.
#[Object]
impl Identity {
    /// The global id, such as `identity_4`.
    async fn id(&self) -> ID {
        global(self.0.id)
    }

    /// Whose it is.
    async fn user(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        Ok(Call::of(ctx)?.loaders.user(self.0.user).await?.map(User))
    }

    /// The channel.
    async fn channel(&self) -> Channel {
        self.0.channel.into()
    }

    /// The channel's own id for the person.
    async fn external_id(&self) -> &str {
        &self.0.external_id
    }

    /// What the channel calls them.
    async fn display(&self) -> Option<&str> {
        self.0.display.as_deref()
    }

    /// Whether it was proven; only then may it act for the person.
    async fn verified(&self) -> bool {
        self.0.verified
    }

    /// How it was proven.
    async fn proof(&self) -> Option<&str> {
        self.0.proof.as_deref()
    }

    /// When it was linked.
    async fn linked_at(&self) -> DateTime {
        self.0.linked_at.into()
    }
}

/// A signed-in session.
#[Object]
impl Session {
    /// The global id, such as `session_12`.
    async fn id(&self) -> ID {
        global(self.0.id)
    }

    /// Whether it is the one that this request came with.
    async fn current(&self, ctx: &Context<'_>) -> Result<bool> {
        Ok(own_session(Call::of(ctx)?) == Some(self.0.id))
    }

    /// How it began: `password`, `register`, `cli` …
    async fn method(&self) -> &str {
        &self.0.method
    }

    /// The network address that it began at.
    async fn ip(&self) -> Option<&str> {
        self.0.ip.as_deref()
    }

    /// The program that it began in.
    async fn user_agent(&self) -> Option<&str> {
        self.0.user_agent.as_deref()
    }

    /// When it began.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// When it was last refreshed.
    async fn last_used_at(&self) -> DateTime {
        self.0.last_used_at.into()
    }

    /// When it dies, unless it is refreshed before.
    async fn expires_at(&self) -> DateTime {
        self.0.expires_at.into()
    }

    /// When it was ended.
    async fn ended_at(&self) -> Option<DateTime> {
        self.0.ended_at.map(DateTime)
    }

    /// Why it was ended.
    async fn end_reason(&self) -> Option<&str> {
        self.0.end_reason.as_deref()
    }
}

/// The session that the request came with.
pub(crate) fn own_session(call: Call<'_>) -> Option<model::id::SessionId> {
    use model::actor::{Actor, Via};
    match call.actor() {
        Actor::User(member) => match member.via {
            Via::Session(id) => Some(id),
            Via::ApiToken(_) | Via::Channel => None,
        },
        Actor::Anonymous | Actor::System(_) | Actor::Rule(_) => None,
    }
}

/// A long-lived key for programs; its secret is shown once, when it is made.
#[Object]
impl ApiToken {
    /// The global id, such as `token_2`.
    async fn id(&self) -> ID {
        global(self.0.id)
    }

    /// What its owner calls it.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// What it may be used for; empty: all that its owner may do.
    async fn scopes(&self) -> Vec<Scope> {
        self.0.scopes.iter().copied().map(Scope::from).collect()
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// When it dies by itself.
    async fn expires_at(&self) -> Option<DateTime> {
        self.0.expires_at.map(DateTime)
    }

    /// When it was revoked.
    async fn revoked_at(&self) -> Option<DateTime> {
        self.0.revoked_at.map(DateTime)
    }
}
