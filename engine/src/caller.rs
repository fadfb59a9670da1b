//! Who calls, and what protects the call from being carried out twice.

use crate::secret;
use model::access::{self, Operation};
use model::command::Once;
use model::{Actor, Result};

/// Characters of an idempotency key.
pub(crate) const LONGEST_KEY: usize = 200;

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

    /// With the key of a request that does several things, for the one of this name. A key that is good for one thing is good
    /// for all of them, however they are named; one that isn't stays so.
    pub fn keyed_among(self, key: Option<&str>, name: &str) -> Self {
        self.keyed(key.map(|key| among(key, name)))
    }
}

fn among(key: &str, name: &str) -> String {
    if !is_key(key) {
        return key.to_owned();
    }
    let both = format!("{key}/{name}");
    if is_key(&both) { both } else { secret::digest(both) }
}

pub(crate) fn is_key(key: &str) -> bool {
    (1..=LONGEST_KEY).contains(&key.chars().count())
}

impl From<Actor> for Caller {
    fn from(actor: Actor) -> Self {
        Self::new(actor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_good_key_is_good_for_each_of_several_things() {
        let long = "k".repeat(LONGEST_KEY);
        assert_eq!(among("key", "openTicket"), "key/openTicket");
        for name in ["a", "openTicket", &"n".repeat(1_000)] {
            let made = among(&long, name);
            assert!(is_key(&made) && made == among(&long, name), "{name}");
            assert_ne!(made, among(&long, "other"));
            assert_ne!(made, among(&long.replacen('k', "l", 1), name));
        }
        for bad in ["", &"k".repeat(LONGEST_KEY + 1)] {
            assert!(!is_key(&among(bad, "a")), "{bad}");
        }
    }
}
