//! `echodesk user`: accounts, made and listed by whoever owns the machine.

use super::failure::Failure;
use super::{noted, open, operator, terminal};
use crate::config::Config;
use clap::{Args, Subcommand, ValueEnum};
use engine::NewUser;
use model::people::{ProfileInput, Role, User as Person, UserStatus};
use model::query::{PAGE_MAX, Page, UserFilter};
use std::io::Read as _;

#[derive(Debug, Subcommand)]
pub enum User {
    /// Create an account; works beside a running server
    Create(Create),
    /// List all accounts: number, role, status, e-mail address, name, separated by tabs
    List,
}

#[derive(Debug, Args)]
pub struct Create {
    /// The e-mail address they sign in with
    #[arg(long)]
    email: String,
    /// The password, or - to read it from standard input (the first line). Without it the account has none
    #[arg(long)]
    password: Option<String>,
    /// What they may do
    #[arg(long, value_enum, default_value = "user")]
    role: RoleName,
    /// What they are called
    #[arg(long)]
    name: Option<String>,
    /// Another name to sign in with
    #[arg(long)]
    username: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum RoleName {
    User,
    Agent,
    Supervisor,
    Admin,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::User => Self::User,
            RoleName::Agent => Self::Agent,
            RoleName::Supervisor => Self::Supervisor,
            RoleName::Admin => Self::Admin,
        }
    }
}

impl User {
    pub async fn run(self, config: &Config) -> Result<(), Failure> {
        match self {
            Self::Create(create) => create.run(config).await,
            Self::List => list(config).await,
        }
    }
}

impl Create {
    async fn run(self, config: &Config) -> Result<(), Failure> {
        let password = match self.password.as_deref() {
            Some("-") => Some(password_from_stdin()?),
            Some(given) => Some(given.to_owned()),
            None => None,
        };
        let profile = ProfileInput {
            email: Some(self.email),
            username: self.username,
            display_name: self.name,
            ..ProfileInput::default()
        };
        let new = NewUser { profile, role: self.role.into(), status: UserStatus::Active, password };
        let engine = open(config).await?;
        let created = noted(&engine, "user create", Box::pin(engine.create_user(&operator(), new))).await;
        engine.close().await;
        terminal::say(line(&created?))
    }
}

fn password_from_stdin() -> Result<String, Failure> {
    let mut text = String::new();
    let read = std::io::stdin().take(4_096).read_to_string(&mut text);
    read.map_err(|error| Failure::doing("The password cannot be read from standard input", error))?;
    let password = text.lines().next().unwrap_or_default().to_owned();
    if password.is_empty() {
        return Err(Failure::new("Standard input has no password: give it on the first line."));
    }
    Ok(password)
}

async fn list(config: &Config) -> Result<(), Failure> {
    let engine = open(config).await?;
    let by = operator();
    let mut page = Page::first(PAGE_MAX);
    loop {
        let slice = engine.users(&by.actor, &UserFilter::default(), &page).await?;
        for (_, person) in &slice.items {
            terminal::say(line(person))?;
        }
        match slice.items.last() {
            Some((place, _)) if slice.has_next => page.after = Some(*place),
            Some(_) | None => break,
        }
    }
    engine.close().await;
    Ok(())
}

fn line(person: &Person) -> String {
    let email = person.profile.email.as_ref().map_or("-", |email| email.as_str());
    format!("{}\t{}\t{}\t{email}\t{}", person.id, person.role.word(), person.status.word(), person.name())
}
