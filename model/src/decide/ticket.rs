//! Rules of tickets: editing, moving, assigning, escalating, rating, deleting, merging.

use super::open::customer;
use super::{Decision, Scene};
use crate::access::{self, Operation};
use crate::category::Category;
use crate::command::{AssignTicket, ChangeStatus, Edit, EditTicket, EscalateTicket};
use crate::comment::Visibility;
use crate::error::{ABSENT, Error, Problems, Result};
use crate::event::{Change, Event, Moved, TicketChanges};
use crate::id::CategoryId;
use crate::people::User;
use crate::sla::{Agreement, Asked};
use crate::text::{self, Email, Tag, Title};
use crate::ticket::{Priority, Resolution, Status, Ticket, kind, may_move};
use serde_json::{Map, Value};

pub(super) fn bounded(field: &'static str, map: &Map<String, Value>, max: usize) -> Result<()> {
    if map.is_empty() {
        return Ok(());
    }
    let text = serde_json::to_string(map).unwrap_or_default();
    if text.len() > max {
        return Err(Error::invalid(field, format!("must be at most {max} bytes as JSON")));
    }
    if text.contains("\\u0000") {
        return Err(Error::invalid(field, "must not contain a NUL character"));
    }
    Ok(())
}

/// A category that tickets may have: it is there, and active, or theirs already.
pub(super) fn usable(category: Option<&Category>, held: Option<CategoryId>, problems: &mut Problems) {
    match category {
        None => problems.add("category", ABSENT),
        Some(known) if !known.form.active && Some(known.id) != held => problems.add("category", "is not active"),
        Some(_) => {}
    }
}

/// Only staff whose account works can be assigned.
pub(super) fn assignable(user: Option<&User>) -> Result<()> {
    match user {
        None => Err(Error::invalid("assignee", ABSENT)),
        Some(user) if !user.role.is_staff() => {
            Err(Error::invalid("assignee", "must be an agent, a supervisor or an administrator"))
        }
        Some(user) if !user.is_active() => Err(Error::invalid("assignee", "has an account that is not active")),
        Some(_) => Ok(()),
    }
}

/// The ticket, if the caller may do this to it and it is not merged away.
pub(super) fn ticket_for<'a>(scene: &'a Scene<'_>, operation: Operation) -> Result<&'a Ticket> {
    let ticket = scene.facts.ticket()?;
    access::on_ticket(scene.actor, operation, ticket)?;
    not_merged(ticket)?;
    Ok(ticket)
}

pub(super) fn not_merged(ticket: &Ticket) -> Result<()> {
    match ticket.merged_into {
        Some(into) => Err(Error::conflict("ticket", format!("the ticket was merged into ticket {into}"))),
        None => Ok(()),
    }
}

pub(super) fn edit(scene: &Scene<'_>, edit: &EditTicket) -> Result<Decision> {
    let ticket = ticket_for(scene, Operation::EditTicket)?;
    if edit.department != Edit::Keep || edit.due_at != Edit::Keep || edit.native.is_some() {
        access::on_ticket(scene.actor, Operation::EditWorkflow, ticket)?;
    }
    if !scene.actor.is_staff() && ticket.status.is_final() {
        return Err(Error::Forbidden { what: "edit a ticket that is closed" });
    }
    let mut problems = Problems::default();
    let mut changes = TicketChanges::default();
    if let Some(title) = &edit.title {
        changes.title = problems.take(Title::parse(title))?.and_then(|to| Change::of(ticket.title.clone(), to));
    }
    if let Some(code) = &edit.kind {
        changes.kind = problems.take(kind(code))?.and_then(|to| Change::of(ticket.kind.clone(), to));
    }
    if let Some(tags) = &edit.tags {
        changes.tags = problems.take(Tag::list(tags))?.and_then(|to| Change::of(ticket.tags.clone(), to));
    }
    if let Some(fields) = &edit.custom_fields {
        problems.take(bounded("custom_fields", fields, scene.policy.max_custom_fields))?;
        changes.custom_fields = Change::of(ticket.custom_fields.clone(), fields.clone());
    }
    if let Some(native) = &edit.native {
        problems.take(bounded("native", native, scene.policy.max_custom_fields))?;
        changes.native = Change::of(ticket.native.clone(), native.clone());
    }
    if let Edit::Set(department) = &edit.department {
        let to = problems.take(text::optional("department", department.as_deref(), 100))?;
        changes.department = to.and_then(|to| Change::of(ticket.department.clone(), to));
    }
    if let Edit::Set(due) = edit.due_at {
        changes.due_at = Change::of(ticket.due_at, due);
    }
    let old = &ticket.customer;
    let pick = |edit: &Edit<Option<String>>, old: Option<&str>| match edit {
        Edit::Keep => old.map(str::to_owned),
        Edit::Set(new) => new.clone(),
    };
    let new = customer(
        pick(&edit.customer_name, old.name.as_deref()).as_deref(),
        pick(&edit.customer_email, old.email.as_ref().map(Email::as_str)).as_deref(),
        pick(&edit.customer_phone, old.phone.as_deref()).as_deref(),
    );
    changes.customer = problems.take(new)?.and_then(|to| Change::of(old.clone(), to));
    if let Edit::Set(category) = &edit.category {
        let known = scene.facts.category.as_ref();
        if category.is_some() {
            usable(known, ticket.category, &mut problems);
        }
        changes.category = Change::of(ticket.category, known.map(|c| c.id));
        let hours = known.and_then(|c| c.form.sla_hours);
        changes.category_sla_hours = Change::of(ticket.category_sla_hours, hours);
    }
    agreed_anew(scene, ticket, &mut changes);
    problems.finish()?;
    if changes.is_empty() {
        return Ok(Decision::default());
    }
    Ok(Event::TicketEdited { ticket: ticket.id, changes: Box::new(changes) }.into())
}

/// Another type or category may be under another agreement, and another category have other hours. An agreement that stays
/// keeps its due times, whatever its configuration says by now.
fn agreed_anew(scene: &Scene<'_>, ticket: &Ticket, changes: &mut TicketChanges) {
    let hours = changes.category_sla_hours.as_ref();
    if changes.kind.is_none() && changes.category.is_none() && hours.is_none() {
        return;
    }
    let due = scene.policy.due(&Asked {
        created: ticket.created_at,
        priority: ticket.priority,
        kind: changes.kind.as_ref().map_or(&ticket.kind, |kind| &kind.to),
        category: changes.category.as_ref().map_or(ticket.category, |category| category.to),
        category_hours: hours.map_or(ticket.category_sla_hours, |hours| hours.to),
    });
    let config = |agreement: &Option<Box<Agreement>>| agreement.as_ref().map(|agreement| agreement.config);
    if config(&ticket.agreement) != config(&due.agreement) {
        changes.response_due_at = Change::of(ticket.response_due_at, due.response);
        changes.resolution_due_at = Change::of(ticket.resolution_due_at, due.resolution);
        changes.agreement = Change::of(ticket.agreement.clone(), due.agreement);
    } else if hours.is_some() {
        changes.resolution_due_at = Change::of(ticket.resolution_due_at, due.resolution);
    }
}

pub(super) fn change_status(scene: &Scene<'_>, change: &ChangeStatus) -> Result<Decision> {
    let ticket = ticket_for(scene, Operation::ChangeStatus)?;
    let reason = text::reason("reason", change.reason.as_deref())?;
    if change.status == ticket.status {
        return Ok(Decision::default());
    }
    moved(ticket, change.status, change.resolution, reason).map(Into::into)
}

/// The event of a legal move, with the verdict that follows from it.
pub(super) fn moved(ticket: &Ticket, to: Status, verdict: Option<Resolution>, reason: Option<String>) -> Result<Event> {
    if !may_move(ticket.status, to) {
        return Err(Error::InvalidTransition { from: ticket.status.word(), to: to.word() });
    }
    let resolution = match to {
        Status::New | Status::Open | Status::InProgress | Status::Pending => Resolution::None,
        Status::Resolved => verdict.unwrap_or(Resolution::Accepted),
        // A close without a verdict, after staff have answered in public, counts as accepted (dialects.md 0.3).
        Status::Closed => match (verdict, ticket.resolution) {
            (Some(verdict), _) => verdict,
            (None, Resolution::None) if ticket.staff_replies > 0 => Resolution::Accepted,
            (None, kept) => kept,
        },
        Status::Cancelled => verdict.unwrap_or(Resolution::Withdrawn),
    };
    Ok(Event::StatusChanged {
        ticket: ticket.id,
        status: Change { from: ticket.status, to },
        resolution: Change { from: ticket.resolution, to: resolution },
        reopened: to == Status::Open && !ticket.is_active(),
        reason,
    })
}

pub(super) fn close(scene: &Scene<'_>, why: &str) -> Result<Decision> {
    ticket_for(scene, Operation::CloseTicket)?;
    let reason = text::required("reason", why, text::REASON_MAX)?;
    close_for(scene, Some(reason))
}

/// The same where the surface asks for no reason.
pub(super) fn close_for(scene: &Scene<'_>, reason: Option<String>) -> Result<Decision> {
    let ticket = ticket_for(scene, Operation::CloseTicket)?;
    if ticket.status == Status::Closed {
        return Ok(Decision::default());
    }
    if !scene.actor.is_staff() && ticket.status != Status::Resolved {
        return Err(Error::Forbidden { what: "close a ticket that is not resolved yet" });
    }
    moved(ticket, Status::Closed, None, reason).map(Into::into)
}

pub(super) fn reopen(scene: &Scene<'_>, why: &str) -> Result<Decision> {
    ticket_for(scene, Operation::ReopenTicket)?;
    let reason = text::required("reason", why, text::REASON_MAX)?;
    reopen_for(scene, Some(reason))
}

/// The same where the surface asks for no reason.
pub(super) fn reopen_for(scene: &Scene<'_>, reason: Option<String>) -> Result<Decision> {
    let ticket = ticket_for(scene, Operation::ReopenTicket)?;
    if ticket.is_active() {
        return Err(Error::InvalidTransition { from: ticket.status.word(), to: "reopened" });
    }
    moved(ticket, Status::Open, None, reason).map(Into::into)
}

pub(super) fn withdraw(scene: &Scene<'_>, why: Option<&str>) -> Result<Decision> {
    let ticket = ticket_for(scene, Operation::WithdrawTicket)?;
    let reason = text::reason("reason", why)?;
    if ticket.status == Status::Cancelled {
        return Ok(Decision::default());
    }
    moved(ticket, Status::Cancelled, Some(Resolution::Withdrawn), reason).map(Into::into)
}

pub(super) fn set_priority(scene: &Scene<'_>, to: Priority) -> Result<Decision> {
    let ticket = ticket_for(scene, Operation::SetPriority)?;
    Ok(priority_event(scene, ticket, to).into_iter().collect::<Vec<_>>().into())
}

pub(super) fn priority_event(scene: &Scene<'_>, ticket: &Ticket, to: Priority) -> Option<Event> {
    let priority = Change::of(ticket.priority, to)?;
    let due = scene.policy.due(&Asked {
        created: ticket.created_at,
        priority: to,
        kind: &ticket.kind,
        category: ticket.category,
        category_hours: ticket.category_sla_hours,
    });
    Some(Event::PriorityChanged {
        ticket: ticket.id,
        priority,
        response_due_at: due.response,
        resolution_due_at: due.resolution,
        agreement: due.agreement,
    })
}

pub(super) fn assign(scene: &Scene<'_>, assign: &AssignTicket) -> Result<Decision> {
    handed(scene, assign, assign.assignee)
}

/// `named` is who was asked for, and has to be able to work on it; who has it already need not be asked again.
fn handed(scene: &Scene<'_>, assign: &AssignTicket, named: Option<crate::id::UserId>) -> Result<Decision> {
    let ticket = ticket_for(scene, Operation::AssignTicket)?;
    let reason = text::reason("reason", assign.reason.as_deref())?;
    let department = match &assign.department {
        Edit::Keep => ticket.department.clone(),
        Edit::Set(text) => text::optional("department", text.as_deref(), 100)?,
    };
    if named.is_some() {
        assignable(scene.facts.assignee.as_ref())?;
    }
    if ticket.assignee == assign.assignee && ticket.department == department {
        return Ok(Decision::default());
    }
    Ok(assigned(ticket, assign.assignee, department, reason)?.into())
}

/// The same, told as handing it on.
pub(super) fn transfer(scene: &Scene<'_>, assign: &AssignTicket, named: Option<crate::id::UserId>) -> Result<Decision> {
    let mut decision = handed(scene, assign, named)?;
    for event in &mut decision.events {
        if let Event::TicketAssigned { transfer, .. } = event {
            *transfer = true;
        }
    }
    Ok(decision)
}

/// Assigning takes a new ticket to open and changes no other status (`dialects.md` 2.3).
fn assigned(
    ticket: &Ticket,
    to: Option<crate::id::UserId>,
    department: Option<String>,
    reason: Option<String>,
) -> Result<Vec<Event>> {
    let mut events = vec![Event::TicketAssigned {
        ticket: ticket.id,
        assignee: Change { from: ticket.assignee, to },
        department: Change { from: ticket.department.clone(), to: department },
        reason,
        transfer: false,
    }];
    if ticket.status == Status::New && to.is_some() {
        events.push(moved(ticket, Status::Open, None, None)?);
    }
    Ok(events)
}

pub(super) fn escalate(scene: &Scene<'_>, escalate: &EscalateTicket) -> Result<Decision> {
    let ticket = ticket_for(scene, Operation::EscalateTicket)?;
    let reason = text::reason("reason", escalate.reason.as_deref())?;
    if escalate.assignee.is_some() {
        assignable(scene.facts.assignee.as_ref())?;
    }
    if escalate.priority.is_some_and(|wanted| wanted < ticket.priority) {
        return Err(Error::invalid("priority", "must not be less than it is: this is an escalation"));
    }
    let to = escalate.priority.unwrap_or_else(|| ticket.priority.escalated());
    let mut events = escalated(ticket, escalate.assignee, reason)?;
    // Behind the word that it is escalated.
    events.splice(1..1, priority_event(scene, ticket, to));
    Ok(events.into())
}

/// What an escalation is but for the priority: that it is one, and into whose hands the ticket goes.
pub(super) fn escalated(
    ticket: &Ticket,
    assignee: Option<crate::id::UserId>,
    reason: Option<String>,
) -> Result<Vec<Event>> {
    let mut events =
        vec![Event::TicketEscalated { ticket: ticket.id, reason: reason.clone(), again: ticket.escalated }];
    if assignee.is_some() && assignee != ticket.assignee {
        events.extend(assigned(ticket, assignee, ticket.department.clone(), reason)?);
    }
    Ok(events)
}

pub(super) fn rate(scene: &Scene<'_>, rating: i64, text: Option<&str>) -> Result<Decision> {
    rated(ticket_for(scene, Operation::RateTicket)?, rating, text)
}

/// A rating by whoever may give this one.
pub(super) fn rated(ticket: &Ticket, rating: i64, text: Option<&str>) -> Result<Decision> {
    if !(1..=5).contains(&rating) {
        return Err(Error::invalid("rating", "must be 1 to 5"));
    }
    let comment = text::optional("rating_comment", text, 1_000)?;
    if ticket.is_active() {
        return Err(Error::conflict("rating", "a ticket is rated when it is resolved or closed"));
    }
    if ticket.rating == Some(rating) && ticket.rating_comment == comment {
        return Ok(Decision::default());
    }
    Ok(Event::TicketRated { ticket: ticket.id, rating, comment }.into())
}

pub(super) fn delete(scene: &Scene<'_>, operation: Operation) -> Result<Decision> {
    let ticket = scene.facts.ticket()?;
    access::on_ticket(scene.actor, operation, ticket)?;
    if ticket.deleted_at.is_some() {
        return Err(Error::not_found("ticket"));
    }
    Ok(Event::TicketDeleted { ticket: ticket.id }.into())
}

pub(super) fn restore(scene: &Scene<'_>) -> Result<Decision> {
    let ticket = scene.facts.ticket()?;
    access::on_ticket(scene.actor, Operation::RestoreTicket, ticket)?;
    if ticket.deleted_at.is_none() {
        return Ok(Decision::default());
    }
    Ok(Event::TicketRestored { ticket: ticket.id }.into())
}

pub(super) fn merge(scene: &Scene<'_>) -> Result<Decision> {
    let ticket = ticket_for(scene, Operation::MergeTicket)?;
    let into = scene.facts.other.as_ref().ok_or_else(|| Error::invalid("into", "does not exist"))?;
    access::on_ticket(scene.actor, Operation::MergeTicket, into)
        .map_err(|_| Error::invalid("into", "does not exist"))?;
    if into.id == ticket.id {
        return Err(Error::invalid("into", "must be another ticket"));
    }
    if into.deleted_at.is_some() {
        return Err(Error::conflict("into", "that ticket is deleted"));
    }
    if into.merged_into.is_some() {
        return Err(Error::conflict("into", "that ticket was itself merged into another"));
    }
    Ok(Event::TicketMerged { ticket: ticket.id, into: into.id, moved: movable(scene), status: ticket.status }.into())
}

pub(super) fn unmerge(scene: &Scene<'_>) -> Result<Decision> {
    let ticket = scene.facts.ticket()?;
    access::on_ticket(scene.actor, Operation::MergeTicket, ticket)?;
    let Some(from) = ticket.merged_into else {
        return Err(Error::conflict("ticket", "the ticket is not merged into another"));
    };
    // Its comments are taken out of the other, so the caller must reach that one, too.
    let into = scene.facts.other.as_ref().ok_or_else(|| Error::not_found("ticket"))?;
    access::on_ticket(scene.actor, Operation::MergeTicket, into)?;
    if let Some(further) = into.merged_into {
        let why = format!("ticket {from} was merged into ticket {further}; undo that first");
        return Err(Error::conflict("ticket", why));
    }
    let status = ticket.status_before_merge.unwrap_or(Status::Open);
    Ok(Event::TicketUnmerged { ticket: ticket.id, from, moved: movable(scene), status }.into())
}

fn movable(scene: &Scene<'_>) -> Moved {
    let all = &scene.facts.movable;
    Moved {
        comments: all.iter().map(|(id, _)| *id).collect(),
        internal: all.iter().filter(|(_, v)| *v == Visibility::Internal).count() as i64,
    }
}
