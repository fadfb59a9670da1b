//! Oneself, other people, and what belongs to a person: sessions, tokens, notifications.

use crate::connection::{Connection, Total, Window};
use crate::context::Call;
use crate::error::Result;
use crate::filter::UserFilterInput;
use crate::mail::NotificationPreference;
use crate::node::read;
use crate::operations::Notification;
use crate::person::{ApiToken, Session, User};
use async_graphql::{Context, ID, Object};
use model::id::UserId;
use model::people::Role;
use model::query::UserFilter;

#[derive(Default)]
pub(super) struct People;

#[Object(name = "QueryPeople")]
impl People {
    /// You.
    async fn me(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        let call = Call::of(ctx)?;
        Ok(Some(call.engine.me(call.actor()).await?.into()))
    }

    /// People, for those who may list them.
    #[graphql(complexity = "1 + crate::connection::rows(first, last) * child_complexity")]
    async fn users(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which of them.")] filter: Option<UserFilterInput>,
        #[graphql(desc = "So many from the start, 1 to 100; 20 if nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Those after this place.")] after: Option<String>,
        #[graphql(desc = "So many from the end.")] last: Option<i32>,
        #[graphql(desc = "Those before this place.")] before: Option<String>,
    ) -> Result<Connection<User>> {
        list(Call::of(ctx)?, filter.unwrap_or_default().read()?, &Window { first, after, last, before }).await
    }

    /// Those who work on tickets; for staff.
    #[graphql(complexity = "1 + crate::connection::rows(first, last) * child_complexity")]
    async fn staff(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "So many from the start, 1 to 100; 20 if nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Those after this place.")] after: Option<String>,
        #[graphql(desc = "So many from the end.")] last: Option<i32>,
        #[graphql(desc = "Those before this place.")] before: Option<String>,
    ) -> Result<Connection<User>> {
        let role = Role::ALL.into_iter().filter(|role| role.is_staff()).collect();
        let filter = UserFilter { role, ..UserFilter::default() };
        list(Call::of(ctx)?, filter, &Window { first, after, last, before }).await
    }

    /// What you are told of, newest first.
    #[graphql(complexity = "1 + crate::connection::rows(first, last) * child_complexity")]
    async fn notifications(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only what you have not read yet.", default)] unread: bool,
        #[graphql(desc = "So many from the start, 1 to 100; 20 if nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Those after this place.")] after: Option<String>,
        #[graphql(desc = "So many from the end.")] last: Option<i32>,
        #[graphql(desc = "Those before this place.")] before: Option<String>,
    ) -> Result<Connection<Notification>> {
        let call = Call::of(ctx)?;
        let page = Window { first, after, last, before }.page()?;
        let as_of = call.engine.cursor().into();
        let slice = call.engine.notifications(call.actor(), unread.then_some(false), &page).await?;
        Ok(Connection::of(slice, as_of, Total::Unknown, Notification))
    }

    /// How many notifications you have not read yet.
    async fn unread_count(&self, ctx: &Context<'_>) -> Result<i64> {
        let call = Call::of(ctx)?;
        Ok(call.engine.unread_count(call.actor()).await?)
    }

    /// What you are told, and how: every kind of notification by every way.
    #[graphql(complexity = "1 + 32 * child_complexity")]
    async fn notification_preferences(&self, ctx: &Context<'_>) -> Result<Vec<NotificationPreference>> {
        let call = Call::of(ctx)?;
        Ok(call.engine.preferences(call.actor()).await?.into_iter().map(Into::into).collect())
    }

    /// Your sessions, or another person's for administrators.
    #[graphql(complexity = "1 + 5 * child_complexity")]
    async fn sessions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose; yours if nothing is said.")] user: Option<ID>,
    ) -> Result<Vec<Session>> {
        let call = Call::of(ctx)?;
        let sessions = call.engine.sessions(call.actor(), whose(call, user)?).await?;
        Ok(sessions.into_iter().map(Session).collect())
    }

    /// Your API tokens, or another person's for administrators.
    #[graphql(complexity = "1 + 5 * child_complexity")]
    async fn api_tokens(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose; yours if nothing is said.")] user: Option<ID>,
    ) -> Result<Vec<ApiToken>> {
        let call = Call::of(ctx)?;
        let tokens = call.engine.api_tokens(call.actor(), whose(call, user)?).await?;
        Ok(tokens.into_iter().map(ApiToken).collect())
    }
}

pub(super) fn whose(call: Call<'_>, user: Option<ID>) -> Result<UserId> {
    match user {
        Some(id) => Ok(read("user", &id)?),
        None => Ok(call.actor().user().ok_or_else(model::access::sign_in)?),
    }
}

async fn list(call: Call<'_>, filter: UserFilter, window: &Window) -> Result<Connection<User>> {
    let page = window.page()?;
    let as_of = call.engine.cursor().into();
    let slice = call.engine.users(call.actor(), &filter, &page).await?;
    Ok(Connection::of(slice, as_of, Total::Users(filter), User::from))
}
