//! Rules of automation: who may write quick replies, templates and rules, and whom and what they may name.

use super::{Decision, Scene};
use crate::access::{self, Operation};
use crate::automation::action::Duty;
use crate::automation::places::of_param;
use crate::automation::reply::{OWN_MAX, QuickReplyInput};
use crate::automation::{
    QuickReply, REPLIES_MAX, RULES_MAX, Rule, RuleForm, RuleInput, TEMPLATES_MAX, Template, TemplateForm,
};
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

pub(super) fn edit_reply(scene: &Scene<'_>, input: &QuickReplyInput) -> Result<Decision> {
    let reply = writable(scene)?;
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
    let form = whole(scene, form)?;
    full(scene.facts.templates, TEMPLATES_MAX, "templates")?;
    let (id, owner) = (counters.next_template(), scene.actor.user());
    let template = Template { id, form, owner, uses: 0, created_at: scene.now, updated_at: scene.now };
    Ok(Event::TemplateCreated { template: Box::new(template) }.into())
}

/// A form that is right in itself and names what is there.
fn whole(scene: &Scene<'_>, form: &TemplateForm) -> Result<TemplateForm> {
    let mut problems = Problems::default();
    let form = problems.take(form.clone().check())?;
    if let Some(form) = &form {
        if form.assignee.is_some_and(|id| !scene.facts.people.iter().any(|u| u.id == id && works(u))) {
            problems.add("assign_to_user_id", "must be an active member of staff");
        }
        if form.ticket_category.is_some_and(|id| !scene.facts.known_categories.contains(&id)) {
            problems.add("default_category_id", ABSENT);
        }
    }
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

pub(super) fn edit_template(scene: &Scene<'_>, form: &TemplateForm) -> Result<Decision> {
    let template = template(scene)?;
    let form = Change::of(template.form.clone(), whole(scene, form)?);
    Ok(changed(form.map(|form| Event::TemplateEdited { template: template.id, form: Box::new(form) })))
}

pub(super) fn delete_template(scene: &Scene<'_>) -> Result<Decision> {
    let template = template(scene)?;
    Ok(Event::TemplateDeleted { template: template.id, name: template.form.name.clone() }.into())
}

pub(super) fn create_rule(scene: &Scene<'_>, input: &RuleInput, counters: &mut Counters) -> Result<Decision> {
    access::in_general(scene.actor, Operation::ManageRules)?;
    let form = checked(scene, input)?;
    full(scene.facts.automation_rules, RULES_MAX, "rules")?;
    let (id, owner) = (counters.next_rule(), scene.actor.user());
    let rule = Rule { id, form, owner, since: Seq(0), created_at: scene.now, updated_at: scene.now };
    Ok(Event::RuleCreated { rule: Box::new(rule) }.into())
}

/// A form whose people can do what it wants of them, and whose categories are there.
fn checked(scene: &Scene<'_>, input: &RuleInput) -> Result<RuleForm> {
    let form = input.check()?;
    let mut problems = Problems::default();
    for (at, action) in form.actions.iter().enumerate() {
        if let Some((id, duty)) = action.person() {
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
        if action.category().is_some_and(|id| !scene.facts.known_categories.contains(&id)) {
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

pub(super) fn edit_rule(scene: &Scene<'_>, input: &RuleInput) -> Result<Decision> {
    let rule = rule(scene)?;
    // Switching off a rule whose assignee has left must work.
    let off = RuleInput { active: true, ..input.clone() };
    let only_switched_off =
        !input.active && off.check().is_ok_and(|form| form == RuleForm { active: true, ..rule.form.clone() });
    let form = if only_switched_off { input.check()? } else { checked(scene, input)? };
    let form = Change::of(rule.form.clone(), form);
    Ok(changed(form.map(|form| Event::RuleEdited { rule: rule.id, form: Box::new(form) })))
}

pub(super) fn delete_rule(scene: &Scene<'_>) -> Result<Decision> {
    let rule = rule(scene)?;
    Ok(Event::RuleDeleted { rule: rule.id, name: rule.form.name.clone() }.into())
}
