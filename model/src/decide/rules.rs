//! Rules of what people want to be told, and how.

use super::{Decision, Scene};
use crate::access::{self, Operation};
use crate::error::{Error, Result};
use crate::event::{Change, Event};
use crate::notice::{Route, Rule, RuleChange};

/// One's own only. What is so already, because it was set or by default, is left alone.
pub(super) fn set(scene: &Scene<'_>, rules: &[Rule]) -> Result<Decision> {
    let user = scene.facts.user()?;
    access::on_person(scene.actor, Operation::EditNotificationRules, Some(user.id)).map_err(|e| e.hidden("user"))?;
    let mut changes: Vec<RuleChange> = Vec::new();
    for rule in rules {
        let Rule { kind, route, enabled } = *rule;
        if changes.iter().any(|c| (c.kind, c.route) == (kind, route)) {
            return Err(Error::invalid("rules", format!("name {} by {} twice", kind.word(), route.word())));
        }
        if enabled && !can_reach(scene, route) {
            return Err(Error::conflict(
                route.word(),
                format!("no verified {0} account is linked; link one first, then {0} can be switched on", route.word()),
            ));
        }
        if let Some(enabled) = Change::of(scene.facts.rules.wants(kind, route, user.role), enabled) {
            changes.push(RuleChange { kind, route, enabled });
        }
    }
    if changes.is_empty() {
        return Ok(Decision::default());
    }
    Ok(Event::NotificationRulesChanged { user: user.id, rules: changes }.into())
}

/// A chat reaches only somebody whose account there was proven to be theirs.
fn can_reach(scene: &Scene<'_>, route: Route) -> bool {
    match route.channel() {
        None => true,
        Some(channel) => scene.facts.identities.iter().any(|i| i.verified && i.channel == channel),
    }
}
