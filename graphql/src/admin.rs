//! What administrators look at: the settings with their defaults and types, and the audit log.

use crate::context::Call;
use crate::error::Result;
use crate::node::global;
use crate::person::User;
use crate::quick::Quick;
use crate::scalars::{Any, DateTime};
use crate::words::Role;
use async_graphql::{Context, ID, Json, Object};
use model::audit::AuditEntry;

/// A setting of the running service, at its default or not.
pub struct Config(pub(crate) engine::Config);

/// A line of the audit log: a change that somebody asked for, and what came of it.
pub struct AuditLogEntry(pub(crate) AuditEntry);

impl Quick for AuditLogEntry {
    const LASTING: &'static [&'static str] = &[];
    const PASSING: &'static [&'static str] =
        &["id", "at", "username", "role", "action", "method", "path", "status", "clientIp", "latencyMs", "succeeded"];
}

/// A setting of the running service, at its default or not.
#[Object]
impl Config {
    /// Its name.
    async fn key(&self) -> &str {
        &self.0.key
    }

    /// Its value.
    async fn value(&self) -> Any {
        Json(self.0.value.clone())
    }

    /// Its type: string, integer, number, boolean or json.
    #[graphql(name = "type")]
    async fn kind(&self) -> &str {
        self.0.kind.word()
    }

    /// What it is for.
    async fn description(&self) -> Option<&str> {
        self.0.description.as_deref()
    }

    /// The category that clients sort it into.
    async fn category(&self) -> Option<&str> {
        self.0.shelf.category.as_deref()
    }

    /// The group within it.
    async fn group(&self) -> Option<&str> {
        self.0.shelf.group.as_deref()
    }

    /// Whether those who are not signed in may read it.
    async fn is_public(&self) -> bool {
        self.0.public
    }

    /// Whether it means something to the server itself; others are kept for clients.
    async fn is_known(&self) -> bool {
        self.0.known
    }

    /// When it was changed; null if it is at its default.
    async fn updated_at(&self) -> Option<DateTime> {
        self.0.updated_at.map(DateTime)
    }
}

/// A line of the audit log: a change that somebody asked for, and what came of it.
#[Object]
impl AuditLogEntry {
    /// The global id, such as `audit_42`.
    async fn id(&self) -> ID {
        global(self.0.id)
    }

    /// When it was answered.
    async fn at(&self) -> DateTime {
        self.0.at.into()
    }

    /// Who asked, if they are still there; null if nobody was signed in.
    async fn user(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        Ok(Call::of(ctx)?.loaders.user_or(self.0.act.user).await?.map(User))
    }

    /// What they were called then; the part of the system that acted, where it was no person.
    async fn username(&self) -> Option<&str> {
        self.0.act.username.as_deref()
    }

    /// The role that they had then.
    async fn role(&self) -> Option<Role> {
        self.0.act.role.map(Role::from)
    }

    /// What was asked for, such as `POST /api/admin/users` or `mutation openTicket`.
    async fn action(&self) -> &str {
        &self.0.act.action
    }

    /// The HTTP method, or the door where it was none: `CLI`, `EMAIL`.
    async fn method(&self) -> &str {
        &self.0.act.method
    }

    /// The path, without what stood behind it.
    async fn path(&self) -> &str {
        &self.0.act.path
    }

    /// How it was answered, as HTTP has it.
    async fn status(&self) -> i64 {
        self.0.act.status
    }

    /// Where from, where that is known.
    async fn client_ip(&self) -> Option<&str> {
        self.0.act.client_ip.as_deref()
    }

    /// How long it took.
    async fn latency_ms(&self) -> i64 {
        self.0.act.latency_ms
    }

    /// Whether it was carried out.
    async fn succeeded(&self) -> bool {
        self.0.succeeded()
    }
}
