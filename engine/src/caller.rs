//! Who calls, and what protects the call from being carried out twice.

use model::access::{self, Operation};
use model::command::Once;
use model::{Actor, Result};

/// A caller: the actor, and what came with this one call.
#[derive(Debug, Clone)]
pub struct Caller {
    pub actor: Actor,
    pub once: Once,
    /// The ticket's version that the caller has seen; another one is a conflict.
    pub expected_version: Option<i64>,
    /// A deleted ticket is not there for this surface, whoever could restore it on another.
    pub ignores_deleted: bool,
}

impl Caller {
    pub fn new(actor: Actor) -> Self {
        Self { actor, once: Once::default(), expected_version: None, ignores_deleted: false }
    }

    /// The system itself, named for the log.
    pub fn system(name: &'static str) -> Self {
        Self::new(Actor::System(name))
    }

    /// Whether the caller may do such a thing at all. Every command asks by itself; a surface asks before it reads a form, so
    /// that nobody is told what a form must hold that they may not send.
    pub fn may(&self, operation: Operation) -> Result<()> {
        access::in_general(&self.actor, operation)
    }

    /// To whom deleted tickets are gone.
    pub fn ignoring_deleted(self) -> Self {
        Self { ignores_deleted: true, ..self }
    }

    /// With an idempotency key.
    pub fn keyed(mut self, key: Option<String>) -> Self {
        self.once.key = key;
        self
    }
}

impl From<Actor> for Caller {
    fn from(actor: Actor) -> Self {
        Self::new(actor)
    }
}
