//! Several changes of one ticket, decided one after the other: each sees what those before it have made of the ticket.
//!
//! The first that is refused refuses all of them. What each means and who may do it is decided where its own command is;
//! here is only what a whole record that is sent back must not do: be refused for, or flatten, what nobody changed.

use super::{Decision, Scene, comment, dialect, ticket};
use crate::access::{self, Operation};
use crate::command::{AssignTicket, CategoryRef, ChangeTicket, Edit, EditTicket, Hand, Rating, WriteStatus};
use crate::comment::Visibility;
use crate::counters::Counters;
use crate::decide::Facts;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::text::{self, Email, Tag, Title};
use crate::ticket::{Status, Ticket};

pub(super) fn change(scene: &Scene<'_>, change: &ChangeTicket, counters: &mut Counters) -> Result<Decision> {
    let ticket = scene.facts.ticket()?;
    // Each part is permitted on its own; without a part, it is still no business of those who don't know the ticket.
    if !access::knows(scene.actor, ticket) {
        return Err(Error::not_found("ticket"));
    }
    ticket::not_merged(ticket)?;
    let mut steps = Steps { scene, facts: scene.facts.clone(), events: Vec::new() };
    if let Some(add) = &change.comment {
        steps.take(|scene| comment::add(scene, add, counters))?;
    }
    let said = steps.events.len();
    if let Some(text) = &change.description {
        let old = scene.facts.comment.as_ref().map(|comment| comment.body.as_str());
        if !(change.record && old == Some(text.trim_end())) {
            steps.take(|scene| comment::edit(scene, text))?;
        }
    }
    let mut edit = changed(&change.edit, scene.facts, ticket);
    if let Some(write) = &change.kind
        && write.words.shown(&ticket.kind) != write.kind
    {
        edit.kind = Some(write.kind.to_owned());
    }
    if !is_empty(&edit) {
        steps.take(|scene| ticket::edit(scene, &edit))?;
    }
    if let Some(write) = &change.status
        && !(change.record && shows(ticket, write))
    {
        steps.take(|scene| status(scene, write))?;
    }
    if let Some(write) = &change.priority
        && !(change.record && (write.priority == ticket.priority || write.alike.contains(&ticket.priority)))
    {
        steps.take(|scene| dialect::write_priority(scene, write))?;
    }
    if let Some(rating) = &change.rating
        && !(change.record && stands(ticket, rating))
    {
        steps.take(|scene| rate(scene, rating))?;
    }
    match &change.hand {
        Some(Hand::Assign(assign))
            if change.record && assign.department == Edit::Keep && assign.assignee == ticket.assignee => {}
        Some(Hand::Assign(assign)) => steps.take(|scene| ticket::assign(scene, assign))?,
        Some(Hand::Transfer { to, department, reason }) => {
            let (department, reason) = (department.clone(), reason.clone());
            let assign = AssignTicket { assignee: to.or(ticket.assignee), department, reason };
            steps.take(|scene| ticket::transfer(scene, &assign, *to))?;
        }
        Some(Hand::Escalate(escalate)) => steps.take(|scene| ticket::escalate(scene, escalate))?,
        None => {}
    }
    // Whoever hands it on may not reach it any more, so what they say is decided first; it is for whoever has it then.
    if change.hand.is_some() && change.comment.as_ref().is_some_and(|add| add.visibility == Visibility::Internal) {
        steps.events.rotate_left(said);
    }
    Ok(steps.events.into())
}

/// What has been decided so far, and the ticket as it stands after it.
struct Steps<'a> {
    scene: &'a Scene<'a>,
    facts: Facts,
    events: Vec<Event>,
}

impl Steps<'_> {
    fn take(&mut self, step: impl FnOnce(&Scene<'_>) -> Result<Decision>) -> Result<()> {
        let Scene { actor, policy, now, .. } = *self.scene;
        let decided = step(&Scene { facts: &self.facts, actor, policy, now })?;
        if let Some(ticket) = &mut self.facts.ticket {
            for event in &decided.events {
                ticket.evolve(event, now);
            }
        }
        self.events.extend(decided.events);
        Ok(())
    }
}

/// A status write. Those who are not staff have ways of their own: they close what is resolved, take back what they asked
/// for, and ask again.
fn status(scene: &Scene<'_>, write: &WriteStatus) -> Result<Decision> {
    if scene.actor.is_staff() {
        return dialect::write_status(scene, write);
    }
    let reason = text::reason("reason", write.reason.as_deref())?;
    match (write.status, write.reopened) {
        (Status::Closed, _) => ticket::close_for(scene, reason),
        (Status::Cancelled, _) => ticket::withdraw(scene, reason.as_deref()),
        (Status::Open, Some(true)) => ticket::reopen_for(scene, reason),
        (Status::New | Status::Open | Status::InProgress | Status::Pending | Status::Resolved, _) => {
            dialect::write_status(scene, write)
        }
    }
}

fn rate(scene: &Scene<'_>, rating: &Rating) -> Result<Decision> {
    let ticket = ticket::ticket_for(scene, Operation::NoteRating)?;
    let stars = rating.stars.or(ticket.rating).ok_or_else(|| Error::invalid("rating", "is required"))?;
    ticket::rated(ticket, stars, rating.comment.as_deref())
}

/// Whether the ticket is shown by that word already.
fn shows(ticket: &Ticket, write: &WriteStatus) -> bool {
    let there = ticket.status == write.status || write.alike.contains(&ticket.status);
    there && write.reopened.is_none_or(|reopened| reopened == ticket.reopened)
}

fn stands(ticket: &Ticket, rating: &Rating) -> bool {
    let said = rating.comment.as_deref().map(str::trim).filter(|text| !text.is_empty());
    let comment = said.is_none() || said == ticket.rating_comment.as_deref();
    comment && rating.stars.is_none_or(|stars| Some(stars) == ticket.rating)
}

/// The edit without what is so already. A time is compared by the second, as surfaces show it, and a category by itself, so
/// that its hours of today don't replace those that the ticket was opened with.
fn changed(edit: &EditTicket, facts: &Facts, ticket: &Ticket) -> EditTicket {
    let line = |edit: &Edit<Option<String>>, old: Option<&str>| match edit {
        Edit::Set(text) if text.as_deref().map(str::trim).filter(|text| !text.is_empty()) == old => Edit::Keep,
        Edit::Keep | Edit::Set(_) => edit.clone(),
    };
    let seconds = |time: crate::Time| time.whole_seconds();
    let email = |text: &String| Email::parse("customer_email", text).ok();
    EditTicket {
        title: edit.title.clone().filter(|title| Title::parse(title).as_ref() != Ok(&ticket.title)),
        kind: edit.kind.clone().filter(|kind| *kind != ticket.kind),
        category: match &edit.category {
            Edit::Set(None) if ticket.category.is_none() => Edit::Keep,
            Edit::Set(Some(CategoryRef::Id(id))) if ticket.category == Some(*id) => Edit::Keep,
            Edit::Set(Some(CategoryRef::Key(_))) if is_category(facts, ticket) => Edit::Keep,
            Edit::Keep | Edit::Set(_) => edit.category.clone(),
        },
        department: line(&edit.department, ticket.department.as_deref()),
        tags: edit.tags.clone().filter(|tags| Tag::list(tags).as_ref() != Ok(&ticket.tags)),
        custom_fields: edit.custom_fields.clone().filter(|fields| *fields != ticket.custom_fields),
        customer_name: line(&edit.customer_name, ticket.customer.name.as_deref()),
        customer_email: match &edit.customer_email {
            Edit::Set(Some(text)) if email(text).is_some() && email(text) == ticket.customer.email => Edit::Keep,
            Edit::Keep | Edit::Set(_) => line(&edit.customer_email, ticket.customer.email.as_ref().map(Email::as_str)),
        },
        customer_phone: line(&edit.customer_phone, ticket.customer.phone.as_deref()),
        due_at: match &edit.due_at {
            Edit::Set(due) if due.map(seconds) == ticket.due_at.map(seconds) => Edit::Keep,
            Edit::Keep | Edit::Set(_) => edit.due_at.clone(),
        },
        native: edit.native.clone().filter(|native| *native != ticket.native),
    }
}

fn is_category(facts: &Facts, ticket: &Ticket) -> bool {
    facts.category.as_ref().is_some_and(|known| Some(known.id) == ticket.category)
}

fn is_empty(edit: &EditTicket) -> bool {
    let EditTicket {
        title,
        kind,
        category,
        department,
        tags,
        custom_fields,
        customer_name,
        customer_email,
        customer_phone,
        due_at,
        native,
    } = edit;
    let lines = [department, customer_name, customer_email, customer_phone];
    title.is_none()
        && kind.is_none()
        && *category == Edit::Keep
        && lines.into_iter().all(|line| *line == Edit::Keep)
        && tags.is_none()
        && custom_fields.is_none()
        && *due_at == Edit::Keep
        && native.is_none()
}

#[cfg(test)]
mod tests;
