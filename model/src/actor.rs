//! Who acts: a signed-in person with a role, or the system itself.

use crate::id::{ApiTokenId, RuleId, SessionId, UserId};
use crate::people::Role;
use serde::{Deserialize, Serialize};

/// The one on whose behalf a command or query runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// Nobody is signed in.
    Anonymous,
    User(Member),
    /// Timers, the command line on the machine itself, the channel adapters when they act for nobody.
    System(&'static str),
    /// The system as well, because a rule says so.
    Rule(ActingRule),
}

/// A rule at work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActingRule {
    pub id: RuleId,
    pub name: String,
}

/// A signed-in person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    pub id: UserId,
    pub role: Role,
    pub via: Via,
    /// What the credential may be used for; empty means everything that the role may.
    pub scopes: Vec<Scope>,
}

/// The credential that a request came with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    Session(SessionId),
    ApiToken(ApiTokenId),
    /// A channel adapter that knows the person by a linked identity.
    Channel,
}

/// What an API token may be used for. A token without scopes may do all that its owner may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Queries and subscriptions.
    Read,
    /// Commands on tickets and comments.
    Write,
    /// People, categories, settings.
    Admin,
}

impl Scope {
    pub const ALL: [Self; 3] = [Self::Read, Self::Write, Self::Admin];

    pub fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.word() == word)
    }
}

impl Actor {
    pub fn user(&self) -> Option<UserId> {
        match self {
            Self::User(member) => Some(member.id),
            Self::Anonymous | Self::System(_) | Self::Rule(_) => None,
        }
    }

    pub fn role(&self) -> Option<Role> {
        match self {
            Self::User(member) => Some(member.role),
            Self::Anonymous | Self::System(_) | Self::Rule(_) => None,
        }
    }

    pub fn is_staff(&self) -> bool {
        match self {
            Self::User(member) => member.role.is_staff(),
            Self::System(_) | Self::Rule(_) => true,
            Self::Anonymous => false,
        }
    }

    /// Whether the credential's scopes cover `scope`.
    pub fn has_scope(&self, scope: Scope) -> bool {
        match self {
            Self::User(member) => member.scopes.is_empty() || member.scopes.contains(&scope),
            Self::Anonymous | Self::System(_) | Self::Rule(_) => true,
        }
    }

    /// Whether it is nobody but the system.
    pub fn is_system(&self) -> bool {
        match self {
            Self::System(_) | Self::Rule(_) => true,
            Self::User(_) | Self::Anonymous => false,
        }
    }

    /// What the system calls itself, where it acts.
    pub fn system_name(&self) -> Option<String> {
        match self {
            Self::System(name) => Some((*name).to_owned()),
            Self::Rule(rule) => Some(rule.name.clone()),
            Self::User(_) | Self::Anonymous => None,
        }
    }

    /// The record of who did it, for the event log.
    pub fn by(&self) -> By {
        let nobody = By::default();
        match self {
            Self::User(member) => By { user: Some(member.id), role: Some(member.role), ..nobody },
            Self::System(_) => By { system: self.system_name(), ..nobody },
            Self::Rule(rule) => By { system: self.system_name(), rule: Some(rule.id), ..nobody },
            Self::Anonymous => nobody,
        }
    }
}

/// Who did something, as the event log keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct By {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// The role they had then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// The part of the system that acted, where it wasn't a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// The rule that acted; `system` is what it was called then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<RuleId>,
}
