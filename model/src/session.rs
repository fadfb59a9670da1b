//! Signed-in sessions and API tokens, as their owner may see them. No secret is part of them.

use crate::actor::Scope;
use crate::id::{ApiTokenId, SessionId, UserId};
use crate::time::Time;
use serde::{Deserialize, Serialize};

/// A signed-in session: a refresh token's family. Access tokens name it and die with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    pub id: SessionId,
    pub user: UserId,
    /// `password`, `register`, `cli` …
    pub method: String,
    pub ip: Option<String>,
    pub user_agent: Option<String>,
    pub created_at: Time,
    pub last_used_at: Time,
    /// When the refresh token dies, unless it is used before.
    pub expires_at: Time,
    pub ended_at: Option<Time>,
    pub end_reason: Option<String>,
}

impl Session {
    pub fn is_live(&self, now: Time) -> bool {
        self.ended_at.is_none() && now < self.expires_at
    }
}

/// What is known of a refresh token that somebody presents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Refresh {
    #[default]
    Unknown,
    /// It is the session's current one.
    Current,
    /// It was used before: whoever presents it, or whoever used it, stole it.
    Used,
}

/// A long-lived key for programs, shown once when it is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiToken {
    pub id: ApiTokenId,
    pub user: UserId,
    pub name: String,
    /// Empty: all that the owner may do.
    pub scopes: Vec<Scope>,
    pub created_at: Time,
    pub expires_at: Option<Time>,
    pub revoked_at: Option<Time>,
}

impl ApiToken {
    pub fn is_live(&self, now: Time) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|at| now < at)
    }
}

/// A secret's digest on its way to the store: it is never serialized, so it never reaches the event log or a reader.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Sealed(pub Option<String>);

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealed(***)")
    }
}
