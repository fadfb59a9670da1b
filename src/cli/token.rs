//! `echodesk token`: an API token for somebody, for scripts and for the first steps.

use super::failure::Failure;
use super::{noted, open, operator, terminal};
use crate::config::Config;
use clap::{Args, ValueEnum};
use engine::{Engine, NewToken};
use model::actor::Scope;
use model::id::UserId;
use model::people::User;
use model::query::{PAGE_MAX, Page, UserFilter};
use model::time::DAY;

/// Longer than anybody keeps a token.
const LONGEST_DAYS: i64 = 36_500;

#[derive(Debug, Args)]
pub struct Token {
    /// Whose token: an e-mail address, a user name, or an account's number
    #[arg(value_name = "WHO")]
    who: String,
    /// After how many days it stops working; 0 for never
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(i64).range(0..=LONGEST_DAYS))]
    days: i64,
    /// What it may be used for (repeat for more); everything that its owner may do when not given
    #[arg(long, value_enum)]
    scope: Vec<ScopeName>,
    /// What the list of tokens calls it
    #[arg(long, default_value = "command line")]
    name: String,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ScopeName {
    /// Queries and subscriptions
    Read,
    /// Commands on tickets and comments
    Write,
    /// People, categories, settings
    Admin,
}

impl From<ScopeName> for Scope {
    fn from(name: ScopeName) -> Self {
        match name {
            ScopeName::Read => Self::Read,
            ScopeName::Write => Self::Write,
            ScopeName::Admin => Self::Admin,
        }
    }
}

impl Token {
    pub async fn run(self, config: &Config) -> Result<(), Failure> {
        let engine = open(config).await?;
        let made = self.make(&engine).await;
        engine.close().await;
        terminal::say(made?)
    }

    async fn make(self, engine: &Engine) -> Result<String, Failure> {
        let user = find(engine, &self.who).await?;
        let expires_at = (self.days > 0).then(|| engine.now().plus(self.days.saturating_mul(DAY)));
        let scopes = self.scope.into_iter().map(Scope::from).collect();
        let new = NewToken { user: user.id, name: self.name, scopes, expires_at };
        let (_, secret) = noted(engine, "token", Box::pin(engine.create_api_token(&operator(), new))).await?;
        Ok(secret)
    }
}

async fn find(engine: &Engine, who: &str) -> Result<User, Failure> {
    let actor = operator().actor;
    let who = who.trim();
    if let Some(id) = who.parse().ok().map(UserId)
        && let Some(user) = engine.users_by_ids(&actor, &[id]).await?.into_iter().next()
    {
        return Ok((*user).clone());
    }
    let filter = UserFilter { search: Some(who.to_owned()), ..UserFilter::default() };
    let found = engine.users(&actor, &filter, &Page::first(PAGE_MAX)).await?;
    let named = |user: &User| {
        let email = user.profile.email.as_ref().map(|email| email.as_str());
        [email, user.profile.username.as_deref()].into_iter().flatten().any(|name| name.eq_ignore_ascii_case(who))
    };
    let found = found.items.into_iter().map(|(_, user)| user).find(named);
    found.ok_or_else(|| Failure::new(format!("Nobody has the e-mail address or user name `{who}`.")))
}
