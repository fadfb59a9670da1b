//! Rules of opening a ticket: who asks, for whom, what it is made of, by which template, under which agreement.

use super::ticket::{assignable, bounded, moved, usable};
use super::{Decision, Scene};
use crate::access::{self, Operation};
use crate::actor::Actor;
use crate::automation::TemplateForm;
use crate::automation::template::{Filled, fill};
use crate::command::OpenTicket;
use crate::comment::{Comment, Visibility};
use crate::counters::Counters;
use crate::error::{ABSENT, Error, Problems, Result};
use crate::event::Event;
use crate::id::UserId;
use crate::people::User;
use crate::sla::Asked;
use crate::text::{self, Body, Email, Tag, Title};
use crate::ticket::{Customer, DEFAULT_KIND, Priority, Resolution, Status, Ticket, kind, may_move};

pub(super) fn open(scene: &Scene<'_>, open: &OpenTicket, counters: &mut Counters) -> Result<Decision> {
    access::in_general(scene.actor, Operation::OpenTicket)?;
    let requester = requester(scene, open)?;
    let form = template(scene, open)?;
    // A template that can't be filled in leaves no title to be looked at.
    let filled = match (&open.template, form) {
        (Some(using), Some(form)) => fill(form, &using.values)?,
        (_, _) => Filled::default(),
    };
    let mut problems = Problems::default();
    let said =
        |own: &str, filled: String| if own.trim().is_empty() && form.is_some() { filled } else { own.to_owned() };
    let (title, description) = (said(&open.title, filled.title), said(&open.description, filled.content));
    let mut custom_fields = filled.fields;
    custom_fields.extend(open.custom_fields.clone());
    // Who opens a ticket may name who is to work on it: a plain user does in seed 001's own sample. Moving it takes more.
    let title = problems.take(Title::parse(&title))?;
    let body = problems.take(Body::parse("description", &description))?;
    let tags = problems.take(Tag::list(&open.tags))?;
    let customer = problems.take(customer(
        open.customer_name.as_deref(),
        open.customer_email.as_deref(),
        open.customer_phone.as_deref(),
    ))?;
    let department = problems.take(text::optional("department", open.department.as_deref(), 100))?;
    let code = open.kind.as_deref().or_else(|| form.and_then(|form| form.kind.as_deref()));
    let code = problems.take(code.map_or(Ok(DEFAULT_KIND.to_owned()), kind))?;
    problems.take(bounded("custom_fields", &custom_fields, scene.policy.max_custom_fields))?;
    problems.take(bounded("native", &open.native, scene.policy.max_custom_fields))?;
    problems.take(super::comment::attachments(scene, &open.attachments))?;
    if open.category.is_some() {
        usable(scene.facts.category.as_ref(), None, &mut problems);
    }
    if open.assignee.is_some() {
        problems.take(assignable(scene.facts.assignee.as_ref()))?;
    }
    if open.follows.is_some() && !scene.facts.other.as_ref().is_some_and(|t| access::knows(scene.actor, t)) {
        problems.add("follows", "does not exist");
    }
    problems.finish()?;
    // Every `take` succeeded, or `finish` had left.
    let (Some(title), Some(body)) = (title, body) else { return Err(Error::internal("a checked text is missing")) };

    // What a template names may have gone out of use since; then it is as if it named nothing.
    let category = scene.facts.category.as_ref().filter(|known| open.category.is_some() || known.form.active);
    let able = |user: &Option<User>| user.as_ref().filter(|u| u.is_active() && u.role.is_staff()).map(|u| u.id);
    let automatic =
        able(&scene.facts.template_assignee).or_else(|| category.and_then(|_| able(&scene.facts.category_assignee)));
    let assignee = open.assignee.or(automatic);
    let priority = open.priority.or_else(|| form.and_then(|form| form.priority)).unwrap_or(Priority::Normal);
    let category_sla_hours = category.and_then(|c| c.form.sla_hours);
    let code = code.unwrap_or_else(|| DEFAULT_KIND.to_owned());
    let due = scene.policy.due(&Asked {
        created: scene.now,
        priority,
        kind: &code,
        category: category.map(|c| c.id),
        category_hours: category_sla_hours,
    });
    let (id, numbers) = counters.next_ticket(scene.now, scene.policy.zone);
    let description = Comment {
        id: counters.next_comment(),
        ticket: id,
        author: scene.actor.user().or(Some(requester)),
        by_staff: scene.actor.role().is_some_and(crate::people::Role::is_staff)
            && scene.actor.user() != Some(requester),
        visibility: Visibility::Public,
        channel: open.channel,
        body,
        folded: open.folded.clone(),
        created_at: scene.now,
        edited_at: None,
        withdrawn_at: None,
        merged_from: None,
        meta: open.meta.clone(),
        attachments: super::comment::attached(scene, id, counters.comment),
        version: 1,
    };
    let ticket = Ticket {
        id,
        numbers,
        title,
        status: if assignee.is_some() { Status::Open } else { Status::New },
        reopened: false,
        reopen_count: 0,
        resolution: Resolution::None,
        priority,
        kind: code,
        category: category.map(|c| c.id),
        source: open.source,
        channel: open.channel,
        requester,
        assignee,
        department: department.flatten(),
        tags: tags.unwrap_or_default(),
        custom_fields,
        customer: customer.unwrap_or_default(),
        due_at: open.due_at,
        response_due_at: due.response,
        resolution_due_at: due.resolution,
        category_sla_hours,
        agreement: due.agreement,
        fired: Vec::new(),
        first_reply_at: None,
        resolved_at: None,
        closed_at: None,
        response_breached: false,
        resolution_breached: false,
        escalated: false,
        view_count: 0,
        comment_count: 0,
        internal_count: 0,
        staff_replies: 0,
        rating: None,
        rating_comment: None,
        native: open.native.clone(),
        description: description.id,
        follows: open.follows,
        mailbox: open.mailbox.clone(),
        merged_into: None,
        status_before_merge: None,
        deleted_at: None,
        created_at: scene.now,
        updated_at: scene.now,
        version: 1,
    };
    let mut events = Vec::new();
    if let Some(using) = &open.template {
        events.push(Event::TemplateUsed { template: using.template });
        let goal = form.and_then(|form| form.status).filter(|to| !matches!(to, Status::New | Status::Open));
        if let Some(to) = goal.filter(|to| may_move(ticket.status, *to)) {
            events.push(moved(&ticket, to, None, None)?);
        }
    }
    events.insert(0, Event::TicketOpened { ticket: Box::new(ticket), description: Box::new(description) });
    Ok(events.into())
}

/// The template that it is opened by; everybody who opens tickets may use one that is in use.
fn template<'a>(scene: &'a Scene<'_>, open: &OpenTicket) -> Result<Option<&'a TemplateForm>> {
    if open.template.is_none() {
        return Ok(None);
    }
    match scene.facts.template.as_ref().map(|template| &template.form) {
        None => Err(Error::invalid("template_id", ABSENT)),
        Some(form) if !form.active => Err(Error::invalid("template_id", "is not in use")),
        Some(form) => Ok(Some(form)),
    }
}

fn requester(scene: &Scene<'_>, open: &OpenTicket) -> Result<UserId> {
    match (open.requester, scene.actor) {
        (Some(other), actor) if actor.user() != Some(other) => {
            access::in_general(actor, Operation::OpenTicketForOthers)?;
            match &scene.facts.requester {
                Some(user) => Ok(user.id),
                None => Err(Error::invalid("requester", "does not exist")),
            }
        }
        (_, Actor::User(member)) => Ok(member.id),
        (_, Actor::Anonymous | Actor::System(_) | Actor::Rule(_)) => Err(Error::invalid("requester", "must be given")),
    }
}

pub(super) fn customer(name: Option<&str>, email: Option<&str>, phone: Option<&str>) -> Result<Customer> {
    let mut problems = Problems::default();
    let email = email.map(str::trim).filter(|e| !e.is_empty());
    let customer = Customer {
        name: problems.take(text::optional("customer_name", name, 200))?.flatten(),
        email: problems.take(email.map(|e| Email::parse("customer_email", e)).transpose())?.flatten(),
        phone: problems.take(text::optional("customer_phone", phone, 50))?.flatten(),
    };
    problems.finish()?;
    Ok(customer)
}
