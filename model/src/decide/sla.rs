//! Rules of SLA configurations: who may make them, whom they may name, and that one of them at most is the default.
//!
//! Nothing here touches a ticket: what is agreed on counts for those that are opened, or change priority, type or category,
//! from then on.

use super::{Decision, Scene};
use crate::access::{self, Operation};
use crate::command::{Edit, EditSlaConfig};
use crate::counters::Counters;
use crate::error::{ABSENT, Error, Problems, Result};
use crate::event::{Change, Event};
use crate::id::{SlaConfigId, UserId};
use crate::sla::{CONFIGS_MAX, EscalationRule, SlaConfig, SlaForm, rule_fields};

pub(super) fn create(scene: &Scene<'_>, form: &EditSlaConfig, counters: &mut Counters) -> Result<Decision> {
    access::in_general(scene.actor, Operation::ManageSla)?;
    if scene.facts.sla_configs.len() >= CONFIGS_MAX {
        return Err(Error::conflict(
            "name",
            format!("there are {CONFIGS_MAX} configurations already, which is the limit"),
        ));
    }
    let mut problems = Problems::default();
    for (field, missing) in [
        ("name", form.name.is_none()),
        ("response_time", form.response_minutes.is_none()),
        ("resolution_time", form.resolution_minutes.is_none()),
    ] {
        if missing {
            problems.add(field, "is required");
        }
    }
    problems.finish()?;
    let empty = SlaForm {
        name: String::new(),
        description: None,
        default: false,
        active: true,
        priority: None,
        kind: None,
        category: None,
        response_minutes: 0,
        resolution_minutes: 0,
        hours: None,
        rules: Vec::new(),
    };
    let form = edited(scene, form, empty)?;
    let id = counters.next_sla_config();
    let mut events = taken_over(scene, id, &form);
    let config = SlaConfig { id, form, created_at: scene.now, updated_at: scene.now };
    events.push(Event::SlaConfigCreated { config: Box::new(config) });
    Ok(events.into())
}

pub(super) fn edit(scene: &Scene<'_>, id: SlaConfigId, form: &EditSlaConfig) -> Result<Decision> {
    let config = known(scene, id)?;
    let form = edited(scene, form, config.form.clone())?;
    let mut events = taken_over(scene, id, &form);
    let change = Change::of(config.form.clone(), form);
    events.extend(change.map(|form| Event::SlaConfigEdited { config: id, form: Box::new(form) }));
    Ok(events.into())
}

pub(super) fn delete(scene: &Scene<'_>, id: SlaConfigId) -> Result<Decision> {
    let config = known(scene, id)?;
    Ok(Event::SlaConfigDeleted { config: id, name: config.form.name.clone() }.into())
}

fn known<'a>(scene: &'a Scene<'_>, id: SlaConfigId) -> Result<&'a SlaConfig> {
    access::in_general(scene.actor, Operation::ManageSla)?;
    let found = scene.facts.sla_configs.iter().find(|config| config.id == id);
    found.ok_or_else(|| Error::not_found("SLA configuration"))
}

fn edited(scene: &Scene<'_>, edit: &EditSlaConfig, held: SlaForm) -> Result<SlaForm> {
    let mut problems = Problems::default();
    let category = match &edit.category {
        Edit::Keep => held.category,
        Edit::Set(None) => None,
        Edit::Set(Some(_)) => {
            let found = scene.facts.category.as_ref().map(|category| category.id);
            if found.is_none() {
                problems.add("category", ABSENT);
            }
            found
        }
    };
    if let Some(rules) = &edit.rules {
        staffed(scene, rules, &mut problems);
    }
    let form = SlaForm {
        name: edit.name.clone().unwrap_or(held.name),
        description: edit.description.clone().over(held.description),
        default: edit.default.unwrap_or(held.default),
        active: edit.active.unwrap_or(held.active),
        priority: edit.priority.clone().over(held.priority),
        kind: edit.kind.clone().over(held.kind),
        category,
        response_minutes: edit.response_minutes.unwrap_or(held.response_minutes),
        resolution_minutes: edit.resolution_minutes.unwrap_or(held.resolution_minutes),
        hours: edit.hours.clone().over(held.hours),
        rules: edit.rules.clone().unwrap_or(held.rules),
    };
    let form = problems.take(form.check())?;
    problems.finish()?;
    form.ok_or_else(|| Error::internal("a checked configuration is missing"))
}

/// Only staff whose account works are told, or get tickets.
fn staffed(scene: &Scene<'_>, rules: &[EscalationRule], problems: &mut Problems) {
    let works = |id: &UserId| {
        let found = scene.facts.people.iter().find(|user| user.id == *id);
        found.is_some_and(|user| user.role.is_staff() && user.is_active())
    };
    for (rule, fields) in rules.iter().zip(rule_fields()) {
        for stranger in rule.notify.iter().filter(|id| !works(id)) {
            problems.add(fields.notify_users, format!("names {stranger}, who is no active member of staff"));
        }
        if rule.target.is_some_and(|id| !works(&id)) {
            problems.add(fields.target_user_id, "must be an active member of staff");
        }
    }
}

/// What happens to the default one when another becomes it.
fn taken_over(scene: &Scene<'_>, id: SlaConfigId, form: &SlaForm) -> Vec<Event> {
    let others = scene.facts.sla_configs.iter().filter(|other| form.default && other.form.default && other.id != id);
    let given_up = |other: &SlaConfig| {
        let form = Change { from: other.form.clone(), to: SlaForm { default: false, ..other.form.clone() } };
        Event::SlaConfigEdited { config: other.id, form: Box::new(form) }
    };
    others.map(given_up).collect()
}

#[cfg(test)]
mod tests;
