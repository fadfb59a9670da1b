//! Rules of automation: who may write quick replies, templates and rules, and whom and what they may name.

use super::{Decision, Scene};
use crate::access::{self, Operation};
use crate::automation::action::{Action, Duty};
use crate::automation::places::of_param;
use crate::automation::reply::{OWN_MAX, QuickReplyInput};
use crate::automation::{
    QuickReply, REPLIES_MAX, RULES_MAX, Rule, RuleForm, RuleInput, TEMPLATES_MAX, Template, TemplateForm,
};
use crate::command::{EditQuickReply, EditRule, EditTemplate};
use crate::counters::Counters;
use crate::error::{ABSENT, Error, Problems, Result};
use crate::event::{Change, Event};
use crate::id::Seq;

fn full(there: i64, most: i64, what: &'static str) -> Result<()> {
    if there < most {
        return Ok(());
    }
    Err(Error::Conflict { field: Some("name"), why: format!("there are {most} {what} already, which is the limit") })
}

/// What was changed, if anything was.
fn changed(event: Option<Event>) -> Decision {
    event.into_iter().collect::<Vec<_>>().into()
}

pub(super) fn create_reply(scene: &Scene<'_>, input: &QuickReplyInput, counters: &mut Counters) -> Result<Decision> {
    access::in_general(scene.actor, Operation::WriteQuickReply)?;
    if input.public {
        access::in_general(scene.actor, Operation::PublishQuickReply)?;
    }
    let form = input.check()?;
    full(scene.facts.quick_replies, REPLIES_MAX, "quick replies")?;
    full(scene.facts.own_replies, OWN_MAX, "quick replies of yours")?;
    let (id, owner) = (counters.next_quick_reply(), scene.actor.user());
    let reply = QuickReply { id, form, owner, uses: 0, created_at: scene.now, updated_at: scene.now };
    Ok(Event::QuickReplyCreated { reply: Box::new(reply) }.into())
}

/// One that is there for the caller: another's private one is not.
fn reply<'a>(scene: &'a Scene<'_>) -> Result<&'a QuickReply> {
    access::in_general(scene.actor, Operation::UseQuickReply)?;
    let reply = scene.facts.quick_reply.as_ref();
    let seen = reply.filter(|reply| scene.actor.is_system() || reply.is_seen_by(scene.actor.user()));
    seen.ok_or_else(|| Error::not_found("quick reply"))
}

/// One that the caller may change.
fn writable<'a>(scene: &'a Scene<'_>) -> Result<&'a QuickReply> {
    let reply = reply(scene)?;
    if reply.form.public {
        access::in_general(scene.actor, Operation::PublishQuickReply)?;
    } else {
        access::on_person(scene.actor, Operation::WriteQuickReply, reply.owner)?;
    }
    Ok(reply)
}

pub(super) fn edit_reply(scene: &Scene<'_>, edit: &EditQuickReply) -> Result<Decision> {
    let reply = writable(scene)?;
    let input = edit.clone().over(reply.form.clone().into());
    if input.public && !reply.form.public {
        access::in_general(scene.actor, Operation::PublishQuickReply)?;
    }
    let form = Change::of(reply.form.clone(), input.check()?);
    Ok(changed(form.map(|form| Event::QuickReplyEdited { reply: reply.id, form: Box::new(form) })))
}

pub(super) fn use_reply(scene: &Scene<'_>) -> Result<Decision> {
    let reply = reply(scene)?;
    Ok(Event::QuickReplyUsed { reply: reply.id, public: reply.form.public }.into())
}

pub(super) fn delete_reply(scene: &Scene<'_>) -> Result<Decision> {
    let reply = writable(scene)?;
    let (name, public) = (reply.form.name.clone(), reply.form.public);
    Ok(Event::QuickReplyDeleted { reply: reply.id, name, public }.into())
}

pub(super) fn create_template(scene: &Scene<'_>, form: &TemplateForm, counters: &mut Counters) -> Result<Decision> {
    access::in_general(scene.actor, Operation::ManageTemplates)?;
    let form = whole(scene, form.clone(), &TemplateForm::empty())?;
    full(scene.facts.templates, TEMPLATES_MAX, "templates")?;
    let (id, owner) = (counters.next_template(), scene.actor.user());
    let template = Template { id, form, owner, uses: 0, created_at: scene.now, updated_at: scene.now };
    Ok(Event::TemplateCreated { template: Box::new(template) }.into())
}

/// A form that is right in itself and names what is there. What it names as before is not looked at again: it may be gone since,
/// and then is passed over whenever a ticket is opened.
fn whole(scene: &Scene<'_>, form: TemplateForm, held: &TemplateForm) -> Result<TemplateForm> {
    let mut problems = Problems::default();
    let assignee = form.assignee.filter(|_| form.assignee != held.assignee);
    if assignee.is_some_and(|id| !scene.facts.people.iter().any(|u| u.id == id && works(u))) {
        problems.add("assign_to_user_id", "must be an active member of staff");
    }
    let category = form.ticket_category.filter(|_| form.ticket_category != held.ticket_category);
    if category.is_some_and(|id| !scene.facts.known_categories.contains(&id)) {
        problems.add("default_category_id", ABSENT);
    }
    let form = problems.take(form.check())?;
    problems.finish()?;
    form.ok_or_else(|| Error::internal("a checked form is missing"))
}

fn works(user: &crate::people::User) -> bool {
    user.role.is_staff() && user.is_active()
}

fn template<'a>(scene: &'a Scene<'_>) -> Result<&'a Template> {
    access::in_general(scene.actor, Operation::ManageTemplates)?;
    scene.facts.template.as_ref().ok_or_else(|| Error::not_found("template"))
}

pub(super) fn edit_template(scene: &Scene<'_>, edit: &EditTemplate) -> Result<Decision> {
    let template = template(scene)?;
    let form = whole(scene, edit.clone().over(template.form.clone()), &template.form)?;
    let form = Change::of(template.form.clone(), form);
    Ok(changed(form.map(|form| Event::TemplateEdited { template: template.id, form: Box::new(form) })))
}

pub(super) fn delete_template(scene: &Scene<'_>) -> Result<Decision> {
    let template = template(scene)?;
    Ok(Event::TemplateDeleted { template: template.id, name: template.form.name.clone() }.into())
}

pub(super) fn create_rule(scene: &Scene<'_>, input: &RuleInput, counters: &mut Counters) -> Result<Decision> {
    access::in_general(scene.actor, Operation::ManageRules)?;
    let form = checked(scene, input, &[])?;
    full(scene.facts.automation_rules, RULES_MAX, "rules")?;
    let (id, owner) = (counters.next_rule(), scene.actor.user());
    let rule = Rule { id, form, owner, since: Seq(0), created_at: scene.now, updated_at: scene.now };
    Ok(Event::RuleCreated { rule: Box::new(rule) }.into())
}

/// A form whose people can do what it wants of them, and whose categories are there, but for those that were named before.
fn checked(scene: &Scene<'_>, input: &RuleInput, before: &[Action]) -> Result<RuleForm> {
    let form = input.check()?;
    let mut problems = Problems::default();
    for (at, action) in form.actions.iter().enumerate() {
        let person = action.person().filter(|_| !before.iter().any(|known| known.person() == action.person()));
        if let Some((id, duty)) = person {
            let person = scene.facts.people.iter().find(|user| user.id == id);
            match (person, duty) {
                (None, _) => problems.add(of_param(at, "user_id"), ABSENT),
                (Some(user), Duty::Works) if !works(user) => {
                    problems.add(of_param(at, "user_id"), "must be an active member of staff");
                }
                (Some(user), Duty::Reads) if !user.is_active() => {
                    problems.add(of_param(at, "user_id"), "has an account that is not active");
                }
                (Some(_), Duty::Works | Duty::Reads) => {}
            }
        }
        let category = action.category().filter(|_| !before.iter().any(|known| known.category() == action.category()));
        if category.is_some_and(|id| !scene.facts.known_categories.contains(&id)) {
            problems.add(of_param(at, "category_id"), ABSENT);
        }
    }
    problems.finish()?;
    Ok(form)
}

fn rule<'a>(scene: &'a Scene<'_>) -> Result<&'a Rule> {
    access::in_general(scene.actor, Operation::ManageRules)?;
    scene.facts.rule.as_ref().ok_or_else(|| Error::not_found("rule"))
}

pub(super) fn edit_rule(scene: &Scene<'_>, edit: &EditRule) -> Result<Decision> {
    let rule = rule(scene)?;
    let input = edit.clone().over(rule.form.clone().into());
    // Somebody whom it names may have left. It can be edited and switched off nevertheless, but not switched on.
    let before = if input.active && !rule.form.active { &[][..] } else { rule.form.actions.as_slice() };
    let form = Change::of(rule.form.clone(), checked(scene, &input, before)?);
    Ok(changed(form.map(|form| Event::RuleEdited { rule: rule.id, form: Box::new(form) })))
}

pub(super) fn delete_rule(scene: &Scene<'_>) -> Result<Decision> {
    let rule = rule(scene)?;
    Ok(Event::RuleDeleted { rule: rule.id, name: rule.form.name.clone() }.into())
}
