//! Rules of settings: a known key takes what fits it; others take any value, and are kept for clients.

use super::{Decision, Scene};
use crate::access::{self, Operation};
use crate::command::{ChangeSetting, Edit};
use crate::error::{Error, Problems, Result};
use crate::event::{Change, Event};
use crate::setting::{self, Kind, Shelf, Stored};
use crate::text;
use serde_json::Value;
use std::collections::BTreeSet;

pub(super) fn change_setting(scene: &Scene<'_>, change: &ChangeSetting) -> Result<Decision> {
    access::in_general(scene.actor, Operation::ChangeSettings)?;
    let mut room = setting::MOST_CUSTOM - scene.facts.settings;
    Ok(one(scene, change, &mut room)?.into_iter().collect::<Vec<_>>().into())
}

/// All of them or none; every one that is wrong is named.
pub(super) fn change_settings(scene: &Scene<'_>, changes: &[ChangeSetting]) -> Result<Decision> {
    access::in_general(scene.actor, Operation::ChangeSettings)?;
    if changes.is_empty() || changes.len() > setting::MOST_AT_ONCE {
        return Err(Error::invalid("settings", format!("must be 1 to {}", setting::MOST_AT_ONCE)));
    }
    let mut room = setting::MOST_CUSTOM - scene.facts.settings;
    let (mut events, mut problems, mut seen) = (Vec::new(), Problems::default(), BTreeSet::new());
    for (n, change) in changes.iter().enumerate() {
        let key = change.key.trim();
        let mut wrong = |why: &str| problems.add("settings", format!("[{n}] {}: {why}", shortened(key)));
        if !seen.insert(key) {
            wrong("stands in it twice");
            continue;
        }
        if is_so(scene, change) {
            continue;
        }
        match one(scene, change, &mut room) {
            Ok(event) => events.extend(event),
            Err(Error::Invalid(all)) => {
                for problem in all {
                    wrong(&format!("{} {}", problem.field, problem.problem));
                }
            }
            Err(error @ (Error::Conflict { .. } | Error::NotFound { .. })) => wrong(&error.to_string()),
            Err(other) => return Err(other),
        }
    }
    problems.finish()?;
    Ok(events.into())
}

/// A name that somebody sent, in a line of ours.
fn shortened(key: &str) -> String {
    key.chars().filter(|c| !c.is_control()).take(100).collect()
}

/// A known key that is at its default, and is to be just that.
fn is_so(scene: &Scene<'_>, change: &ChangeSetting) -> bool {
    let Some(known) = setting::known(change.key.trim()) else { return false };
    let described = match &change.description {
        Edit::Keep => true,
        Edit::Set(text) => text.as_deref().is_none_or(|text| text.trim() == known.description),
    };
    let value = match &change.value {
        Edit::Set(Some(value)) => known.kind.read(value).ok(),
        Edit::Set(None) | Edit::Keep => None,
    };
    !scene.facts.held.contains_key(known.key) && described && value == Some(known.value(scene.policy))
}

fn one(scene: &Scene<'_>, change: &ChangeSetting, room: &mut i64) -> Result<Option<Event>> {
    let key = text::required("key", &change.key, 100)?;
    let good = key.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "_.".contains(c));
    if !good {
        return Err(Error::invalid("key", "must be lower-case words joined by '_' or '.'"));
    }
    if setting::RESERVED.contains(&key.as_str()) {
        return Err(Error::invalid("key", "means something else"));
    }
    let (known, held) = (setting::known(&key), scene.facts.held.get(&key));
    let value = match &change.value {
        Edit::Set(Some(value)) if value.is_null() => None,
        Edit::Set(Some(value)) => {
            let kind = known.map(|known| known.kind).or(change.kind).unwrap_or_else(|| Kind::of(value));
            Some(kind.read(value)?)
        }
        Edit::Set(None) => None,
        // A description of its own needs a row, and a row has a value.
        Edit::Keep => match held {
            Some(held) => Some(held.value.clone()),
            None => Some(known.map(|known| known.value(scene.policy)).ok_or_else(|| Error::not_found("setting"))?),
        },
    };
    if value.as_ref().is_some_and(|v| v.to_string().len() > 65_536) {
        return Err(Error::invalid("value", "must be at most 65536 bytes as JSON"));
    }
    if known.is_none() && held.is_none() && value.is_some() {
        if *room <= 0 {
            return Err(Error::conflict("key", format!("there are {} settings already", setting::MOST_CUSTOM)));
        }
        *room -= 1;
    }
    let description = match &change.description {
        Edit::Keep => held.and_then(|held| held.description.clone()),
        Edit::Set(given) => text::optional("description", given.as_deref(), 500)?,
    };
    let public = known.is_none() && change.public.unwrap_or(held.is_some_and(|held| held.public));
    let shelf = shelf(change, held)?;
    let shelf = if known.is_some() { Shelf::default() } else { shelf };
    let after = value.map(|value| Stored { value, description, public, shelf });
    if after.as_ref() == held {
        return Ok(None);
    }
    let from: Option<Value> = held.map(|held| held.value.clone());
    Ok(Some(match after {
        Some(Stored { value, description, public, shelf }) => {
            Event::SettingChanged { key, value: Change { from, to: Some(value) }, description, public, shelf }
        }
        None => Event::SettingChanged {
            key,
            value: Change { from, to: None },
            description: None,
            public: false,
            shelf: Shelf::default(),
        },
    }))
}

fn shelf(change: &ChangeSetting, held: Option<&Stored>) -> Result<Shelf> {
    let kept = held.map(|held| held.shelf.clone()).unwrap_or_default();
    let edited = |name, edit: &Edit<Option<String>>, kept| match edit {
        Edit::Keep => Ok(kept),
        Edit::Set(given) => text::optional(name, given.as_deref(), 50),
    };
    Ok(Shelf {
        category: edited("category", &change.category, kept.category)?,
        group: edited("group", &change.group, kept.group)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actor::Actor;
    use crate::decide::Facts;
    use crate::policy::Policy;
    use crate::time::Time;
    use serde_json::json;

    fn set(key: &str, value: Value) -> ChangeSetting {
        ChangeSetting { key: key.into(), value: Edit::Set(Some(value)), ..ChangeSetting::default() }
    }

    fn told(facts: &Facts, changes: &[ChangeSetting]) -> Result<Vec<String>> {
        let policy = Policy::default();
        let scene = Scene { facts, actor: &Actor::System("test"), policy: &policy, now: Time(0) };
        let events = change_settings(&scene, changes)?.events;
        Ok(events.iter().map(|event| serde_json::to_value(event).unwrap().to_string()).collect())
    }

    #[test]
    fn all_are_changed_or_none_and_each_bad_one_is_named() {
        let good = [set("site_name", json!("x")), set("theirs.a", json!("5")), set("max_file_size", json!(26_214_400))];
        let events = told(&Facts::default(), &good).unwrap();
        assert_eq!(events.len(), 2, "what is at its default already stays so: {events:?}");
        let typed = ChangeSetting { kind: Some(Kind::Boolean), ..set("theirs.b", json!("true")) };
        assert!(told(&Facts::default(), &[typed]).unwrap()[0].contains(r#""to":true"#));
        let bad = [
            set("site_name", json!("x")),
            set("max_file_size", json!("many")),
            set("No Key", json!(1)),
            set("site_name", json!("y")),
            set("export", json!(1)),
            ChangeSetting { kind: Some(Kind::Integer { least: 0, most: 9 }), ..set("a.b", json!("x")) },
        ];
        let why = told(&Facts::default(), &bad).unwrap_err().to_string();
        for part in
            ["[1] max_file_size: value", "[2] No Key: key", "[3] site_name: stands", "[4] export", "[5] a.b: value"]
        {
            assert!(why.contains(part), "{part}: {why}");
        }
        assert!(!why.contains("[0]"));
        assert_eq!(told(&Facts::default(), &[]).unwrap_err().field(), Some("settings"));
    }

    #[test]
    fn there_is_room_for_so_many() {
        let facts = Facts { settings: setting::MOST_CUSTOM - 1, ..Facts::default() };
        assert!(told(&facts, &[set("a", json!(1))]).is_ok());
        let why = told(&facts, &[set("a", json!(1)), set("b", json!(1))]).unwrap_err().to_string();
        assert!(why.contains("[1] b: there are 200 settings already"), "{why}");
    }
}
