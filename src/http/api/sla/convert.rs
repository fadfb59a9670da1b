//! Between SLA configurations of the model and those of the document. Pure, tested by table.
//!
//! All problems of a body are found at once, each under the name of its own field.

use super::super::people::moment;
use super::super::tickets::convert::PRIORITIES;
use super::super::wire;
use crate::http::field::{Clearable, Field};
use crate::http::query::one_of;
use model::Result;
use model::category::Category;
use model::command::{CategoryRef, Edit, EditSlaConfig};
use model::error::Problems;
use model::id::{CategoryId, UserId};
use model::sla::{DAYS, Day, EscalationAction, EscalationRule, RuleFields, SlaConfig, WorkingHours, rule_fields};
use model::ticket::Priority;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub fn shown(config: &SlaConfig, categories: &[Category]) -> wire::SlaConfig {
    let form = &config.form;
    let category = categories.iter().find(|category| Some(category.id) == form.category);
    wire::SlaConfig {
        id: config.id.0,
        name: form.name.clone(),
        description: form.description.clone(),
        is_default: form.default,
        is_active: form.active,
        priority: form.priority.map(Priority::word),
        ticket_type: form.kind.clone(),
        kind: form.kind.clone(),
        category: category.map(|category| category.form.key.clone()),
        category_id: form.category.map(|id| id.0),
        response_time: form.response_minutes,
        resolution_time: form.resolution_minutes,
        working_hours: form.hours.map(week),
        escalation_rules: form.rules.iter().map(rule_shown).collect(),
        created_at: moment(config.created_at),
        updated_at: moment(config.updated_at),
    }
}

fn week(hours: WorkingHours) -> wire::WorkingHours {
    let [monday, tuesday, wednesday, thursday, friday, saturday, sunday] =
        hours.written().map(|Day { start, end }| wire::WorkingDay { start, end });
    wire::WorkingHours { monday, tuesday, wednesday, thursday, friday, saturday, sunday }
}

fn rule_shown(rule: &EscalationRule) -> wire::EscalationRule {
    wire::EscalationRule {
        trigger_minutes: rule.trigger_minutes,
        action: rule.action.word(),
        notify_users: rule.notify.iter().map(|user| user.0).collect(),
        target_user_id: rule.target.map(|user| user.0),
    }
}

pub fn read(form: wire::SlaForm) -> Result<EditSlaConfig> {
    let mut problems = Problems::default();
    let p = &mut problems;
    if !matches!(form.assigned_user_id, Field::Absent) {
        p.add("assigned_user_id", "can be no condition: due times are given before anybody has the ticket");
    }
    let kind = if matches!(form.kind, Clearable::Absent) { form.ticket_type } else { form.kind };
    let read = EditSlaConfig {
        name: form.name.optional("name", p),
        description: form.description.edit("description", p),
        default: form.is_default.optional("is_default", p),
        active: form.is_active.optional("is_active", p),
        priority: form.priority.word(("priority", &PRIORITIES), Priority::parse, p),
        kind: said(kind.edit("type", p)),
        category: category(form.category, form.category_id, p),
        response_minutes: form.response_time.optional("response_time", p),
        resolution_minutes: form.resolution_time.optional("resolution_time", p),
        hours: hours(form.working_hours, p)?,
        rules: rules(form.escalation_rules, p),
    };
    problems.finish()?;
    Ok(read)
}

/// An empty text is none: the pages of the known client send one where nothing is chosen.
fn said(edit: Edit<Option<String>>) -> Edit<Option<String>> {
    match edit {
        Edit::Set(text) => Edit::Set(text.filter(|text| !text.trim().is_empty())),
        Edit::Keep => Edit::Keep,
    }
}

/// What a category named by its key is called, beside `category_id` (see `failure::spelled`).
const BY_KEY: &str = "category_word";

/// A key or a number, in either field; the number counts where both are sent.
fn category(key: Clearable<Value>, id: Clearable<i64>, problems: &mut Problems) -> Edit<Option<CategoryRef>> {
    let by_id = |id: i64| CategoryRef::Id(CategoryId(id));
    match id.edit("category_id", problems) {
        Edit::Set(Some(id)) => return Edit::Set(Some(by_id(id))),
        // Null beside a key is what was there before somebody chose it.
        Edit::Set(None) if matches!(key, Clearable::Absent) => return Edit::Set(None),
        Edit::Set(None) | Edit::Keep => {}
    }
    match key.edit(BY_KEY, problems) {
        Edit::Keep => Edit::Keep,
        Edit::Set(None) => Edit::Set(None),
        Edit::Set(Some(Value::String(key))) => match key.trim() {
            "" => Edit::Set(None),
            key => Edit::Set(Some(key.parse().map_or_else(|_| CategoryRef::Key(key.to_owned()), by_id))),
        },
        Edit::Set(Some(other)) => {
            let id = other.as_i64().map(by_id);
            if id.is_none() {
                problems.add(BY_KEY, "must be a category's key, or its number");
            }
            Edit::Set(id)
        }
    }
}

/// An object inside a body, whose fields are read one by one.
fn object<T: DeserializeOwned>(value: Value) -> Option<T> {
    if value.is_object() { serde_json::from_value(value).ok() } else { None }
}

fn hours(week: Clearable<Value>, problems: &mut Problems) -> Result<Edit<Option<WorkingHours>>> {
    let week = match week.edit("working_hours", problems) {
        Edit::Keep => return Ok(Edit::Keep),
        Edit::Set(None) => return Ok(Edit::Set(None)),
        Edit::Set(Some(week)) => week,
    };
    let Some(week) = object::<wire::WorkingHoursForm>(week) else {
        problems.add("working_hours", "must be an object with the days of the week");
        return Ok(Edit::Keep);
    };
    let wire::WorkingHoursForm { monday, tuesday, wednesday, thursday, friday, saturday, sunday } = week;
    let days = [monday, tuesday, wednesday, thursday, friday, saturday, sunday];
    let mut written: [Day; 7] = Default::default();
    let mut readable = true;
    for ((sent, (_, start, end)), day) in days.into_iter().zip(DAYS).zip(&mut written) {
        let Field::Given(sent) = sent else { continue };
        let Some(sent) = object::<wire::WorkingDayForm>(sent) else {
            problems.add(start, "must be in an object with start and end");
            readable = false;
            continue;
        };
        readable &= !matches!((&sent.start, &sent.end), (Field::Wrong, _) | (_, Field::Wrong));
        day.start = sent.start.optional(start, problems).unwrap_or_default();
        day.end = sent.end.optional(end, problems).unwrap_or_default();
    }
    if !readable {
        return Ok(Edit::Keep);
    }
    Ok(Edit::some(problems.take(WorkingHours::parse(&written))?.map(Some)))
}

/// Null takes all of them away.
fn rules(sent: Clearable<Value>, problems: &mut Problems) -> Option<Vec<EscalationRule>> {
    let sent = match sent.edit("escalation_rules", problems) {
        Edit::Keep => return None,
        Edit::Set(None) => return Some(Vec::new()),
        Edit::Set(Some(Value::Array(sent))) => sent,
        Edit::Set(Some(_)) => {
            problems.add("escalation_rules", "must be a list of objects");
            return None;
        }
    };
    let names = rule_fields();
    if sent.len() > names.len() {
        problems.add("escalation_rules", format!("must be at most {}", names.len()));
        return None;
    }
    Some(sent.into_iter().zip(names).filter_map(|(sent, fields)| rule(sent, fields, problems)).collect())
}

fn rule(sent: Value, fields: RuleFields, problems: &mut Problems) -> Option<EscalationRule> {
    let Some(sent) = object::<wire::EscalationRuleForm>(sent) else {
        problems.add(fields.rule, "must be an object");
        return None;
    };
    let trigger_minutes = sent.trigger_minutes.required(fields.trigger_minutes, problems);
    let word = sent.action.required(fields.action, problems);
    let action = word.as_deref().and_then(|word| EscalationAction::parse(word.trim()));
    if word.is_some() && action.is_none() {
        problems.add(fields.action, one_of(&EscalationAction::ALL.map(EscalationAction::word)));
    }
    let notify = sent.notify_users.optional(fields.notify_users, problems).unwrap_or_default();
    let target = sent.target_user_id.optional(fields.target_user_id, problems).map(UserId);
    let notify = notify.into_iter().map(UserId).collect();
    Some(EscalationRule { trigger_minutes: trigger_minutes?, action: action?, notify, target })
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Error;
    use serde_json::json;

    fn told(body: Value) -> Vec<String> {
        match read(serde_json::from_value(body).unwrap()) {
            Err(Error::Invalid(all)) => all.into_iter().map(|problem| problem.field.to_owned()).collect(),
            Err(other) => panic!("{other:?}"),
            Ok(_) => Vec::new(),
        }
    }

    #[test]
    fn what_can_t_be_read_is_told_by_field() {
        let rule =
            |rule: Value| json!({ "escalation_rules": [{ "trigger_minutes": 1, "action": "notify_admin" }, rule] });
        let hours = |days: Value| json!({ "working_hours": days });
        let table: [(Value, &[&str]); 19] = [
            (json!({}), &[]),
            (
                json!({ "name": 5, "response_time": "60", "is_default": "yes" }),
                &["name", "is_default", "response_time"],
            ),
            (json!({ "priority": "huge" }), &["priority"]),
            (json!({ "priority": "", "type": "", "category": "" }), &[]),
            (json!({ "category": [1], "category_id": "x" }), &["category_id", BY_KEY]),
            (json!({ "assigned_user_id": 5 }), &["assigned_user_id"]),
            (json!({ "assigned_user_id": null }), &[]),
            (hours(json!("9-18")), &["working_hours"]),
            (hours(json!({})), &["working_hours"]),
            (hours(json!({ "monday": "9-18" })), &["working_hours.monday.start"]),
            (hours(json!({ "monday": { "start": 9, "end": "18:00" } })), &["working_hours.monday.start"]),
            (hours(json!({ "friday": { "start": "09:00", "end": "25:00" } })), &["working_hours.friday.end"]),
            (json!({ "escalation_rules": {} }), &["escalation_rules"]),
            (json!({ "escalation_rules": vec![json!({}); 11] }), &["escalation_rules"]),
            (rule(json!("x")), &["escalation_rules[1]"]),
            (rule(json!({})), &["escalation_rules[1].trigger_minutes", "escalation_rules[1].action"]),
            (rule(json!({ "trigger_minutes": 5, "action": "explode" })), &["escalation_rules[1].action"]),
            (
                rule(json!({ "trigger_minutes": 5, "action": "notify_admin", "notify_users": ["a"] })),
                &["escalation_rules[1].notify_users"],
            ),
            (
                rule(json!({ "trigger_minutes": 5, "action": "notify_admin", "target_user_id": "a" })),
                &["escalation_rules[1].target_user_id"],
            ),
        ];
        for (body, fields) in table {
            assert_eq!(told(body.clone()), fields, "{body}");
        }
    }

    #[test]
    fn categories_are_named_by_key_or_number() {
        let key = |key: &str| Edit::Set(Some(CategoryRef::Key(key.to_owned())));
        let id = |id| Edit::Set(Some(CategoryRef::Id(CategoryId(id))));
        for (body, wanted) in [
            (json!({}), Edit::Keep),
            (json!({ "category": "technical" }), key("technical")),
            (json!({ "category": "3" }), id(3)),
            (json!({ "category": 3 }), id(3)),
            (json!({ "category_id": 4 }), id(4)),
            (json!({ "category": "technical", "category_id": 4 }), id(4)),
            (json!({ "category": "technical", "category_id": null }), key("technical")),
            (json!({ "category_id": null }), Edit::Set(None)),
            (json!({ "category": null }), Edit::Set(None)),
            (json!({ "category": null, "category_id": null }), Edit::Set(None)),
        ] {
            assert_eq!(read(serde_json::from_value(body.clone()).unwrap()).unwrap().category, wanted, "{body}");
        }
    }
}
