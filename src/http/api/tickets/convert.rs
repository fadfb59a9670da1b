//! Between the words of `/api` and the model: tickets, comments, and what their forms ask for. Pure, tested by table.
//!
//! Everything that one request says becomes one command, so that it happens together or not at all. All problems of a body
//! are found at once.

use super::super::people::{found, moment};
use super::super::wire;
use crate::http::field::Field;
use crate::http::query::one_of;
use model::automation::UseTemplate;
use model::category::Category;
use model::command::{
    AddComment, AssignTicket, CategoryRef, ChangeTicket, Edit, EditTicket, EscalateTicket, Hand, Kinds, OpenTicket,
    Rating, WriteKind, WritePriority, WriteStatus,
};
use model::comment::{Comment, Visibility};
use model::error::Problems;
use model::id::{AttachmentId, CategoryId, TemplateId, UserId};
use model::people::{Channel, User};
use model::text::{self, Body, Email, REASON_MAX, Tag, Title};
use model::ticket::{Priority, Source, Status, Ticket};
use model::time::HOUR;
use model::{Actor, Result, Time};
use std::sync::Arc;

/// The document's statuses, in its order.
pub const STATUSES: [&str; 6] = ["open", "in_progress", "pending", "resolved", "closed", "cancelled"];
/// What can be written: one more, which a ticket is only on its way.
const WRITABLE: [&str; 7] = ["open", "in_progress", "pending", "resolved", "closed", "cancelled", "reopened"];
pub const PRIORITIES: [&str; 5] = ["low", "normal", "high", "urgent", "critical"];
pub const TYPES: [&str; 6] = ["incident", "request", "problem", "change", "complaint", "consultation"];
const SOURCES: [&str; 6] = ["web", "email", "phone", "chat", "api", "mobile"];

/// The document's types, and by which of them other surfaces' codes are shown (`dialects.md` 4.3).
pub const KINDS: Kinds = Kinds {
    words: &[
        ("incident", "incident"),
        ("request", "request"),
        ("problem", "problem"),
        ("change", "change"),
        ("complaint", "complaint"),
        ("consultation", "consultation"),
        ("RP", "complaint"),
        ("RS", "complaint"),
        ("JG", "complaint"),
        ("OP", "consultation"),
        ("JY", "change"),
        ("GU", "change"),
    ],
    other: "request",
};

/// The document knows no new tickets: to it they are open.
pub fn status(status: Status) -> &'static str {
    match status {
        Status::New | Status::Open => "open",
        Status::InProgress | Status::Pending | Status::Resolved | Status::Closed | Status::Cancelled => status.word(),
    }
}

/// The statuses that a word of the document stands for.
pub fn statuses(word: &str) -> Option<Vec<Status>> {
    let all: Vec<Status> = Status::ALL.into_iter().filter(|known| status(*known) == word).collect();
    (!all.is_empty()).then_some(all)
}

/// The type codes that are shown by a word. Codes that nobody knows are shown as requests, and can't be asked for.
pub fn kinds(word: &str) -> Option<Vec<String>> {
    let known = KINDS.words.iter().filter(|(_, shown)| *shown == word);
    let all: Vec<String> = known.map(|(code, _)| (*code).to_owned()).collect();
    (!all.is_empty()).then_some(all)
}

/// What stands around the tickets of an answer.
pub struct View<'a> {
    pub people: &'a [Arc<User>],
    pub categories: &'a [Category],
    pub reader: &'a Actor,
    pub now: Time,
}

pub fn ticket(ticket: &Ticket, view: &View<'_>) -> wire::Ticket {
    let category = view.categories.iter().find(|category| Some(category.id) == ticket.category);
    let late = |due: Option<Time>, late: bool| due.filter(|_| late).map_or(0, |due| (view.now.0 - due.0).max(0) / HOUR);
    let (overdue, breached) = (ticket.is_overdue(view.now), ticket.is_sla_overdue(view.now));
    let internal = if view.reader.is_staff() { ticket.internal_count } else { 0 };
    wire::Ticket {
        id: ticket.id.0,
        ticket_number: ticket.numbers.yearly.clone(),
        title: ticket.title.as_str().to_owned(),
        status: status(ticket.status),
        priority: ticket.priority.word(),
        kind: KINDS.shown(&ticket.kind),
        source: ticket.source.word(),
        created_by_id: ticket.requester.0,
        created_by: found(view.people, Some(ticket.requester), view.reader),
        assigned_to_id: ticket.assignee.map(|user| user.0),
        assigned_to: found(view.people, ticket.assignee, view.reader),
        category_id: ticket.category.map(|id| id.0),
        category: category.map(|category| wire::TicketCategory {
            id: category.id.0,
            name: category.form.name.clone(),
            description: category.form.description.clone(),
            color: category.form.color.clone(),
            sla_hours: category.form.sla_hours,
        }),
        auto_assign_user_id: category.and_then(|category| category.form.auto_assignee).map(|user| user.0),
        department: ticket.department.clone(),
        tags: ticket.tags.iter().map(|tag| tag.as_str().to_owned()).collect(),
        custom_fields: ticket.custom_fields.clone(),
        customer_email: ticket.customer.email.as_ref().map(|email| email.as_str().to_owned()),
        customer_phone: ticket.customer.phone.clone(),
        customer_name: ticket.customer.name.clone(),
        due_date: ticket.due_at.map(moment),
        sla_due_date: moment(ticket.resolution_due_at),
        resolved_at: ticket.resolved_at.map(moment),
        closed_at: ticket.closed_at.map(moment),
        first_reply_at: ticket.first_reply_at.map(moment),
        response_time: ticket.response_minutes(),
        resolution_time: ticket.resolution_minutes(),
        view_count: ticket.view_count,
        comment_count: ticket.comment_count + internal,
        rating: ticket.rating,
        rating_comment: ticket.rating_comment.clone(),
        is_overdue: overdue,
        overdue_hours: late(ticket.due_at, overdue),
        is_escalated: ticket.escalated,
        is_reopened: ticket.reopened,
        sla_breached: breached,
        breach_hours: late(Some(ticket.resolution_due_at), breached),
        created_at: moment(ticket.created_at),
        updated_at: moment(ticket.updated_at),
    }
}

pub fn comment(comment: &Comment, attachments: Vec<wire::Uploaded>, view: &View<'_>) -> wire::Comment {
    wire::Comment {
        id: comment.id.0,
        ticket_id: comment.ticket.0,
        content: comment.body.as_str().to_owned(),
        user_id: comment.author.map(|user| user.0),
        user: found(view.people, comment.author, view.reader),
        is_internal: comment.visibility == Visibility::Internal,
        attachments,
        created_at: moment(comment.created_at),
        updated_at: moment(comment.edited_at.unwrap_or(comment.created_at)),
    }
}

/// One of some words, or a problem that names them.
fn word<T>(
    (name, field): (&'static str, Field<String>),
    words: &[&str],
    read: impl FnOnce(&str) -> Option<T>,
    problems: &mut Problems,
) -> Option<T> {
    let given = field.optional(name, problems)?;
    let read = read(given.trim());
    if read.is_none() {
        problems.add(name, one_of(words));
    }
    read
}

fn kind(text: &str) -> Option<&'static str> {
    TYPES.into_iter().find(|word| *word == text)
}

fn time(name: &'static str, text: Option<String>, problems: &mut Problems) -> Option<Time> {
    let text = text.filter(|text| !text.trim().is_empty())?;
    let at = Time::parse(&text);
    if at.is_none() {
        problems.add(name, "must be a time as in 2025-01-02T18:00:00Z");
    }
    at
}

/// A text that is there, and not empty.
fn said(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty())
}

/// What a form says beside what it changes.
fn remark(
    name: &'static str,
    text: Option<String>,
    visibility: Visibility,
    problems: &mut Problems,
) -> Result<Option<AddComment>> {
    let Some(text) = said(text) else { return Ok(None) };
    let body = problems.take(Body::parse(name, &text))?;
    Ok(body.map(|body| AddComment { visibility, channel: Channel::Api, ..AddComment::public(body.into_string()) }))
}

/// A reason that the log keeps, of at most [`REASON_MAX`] characters.
fn note(name: &'static str, field: Field<String>, problems: &mut Problems) -> Result<Option<String>> {
    let said = field.optional(name, problems);
    Ok(problems.take(text::optional(name, said.as_deref(), REASON_MAX))?.flatten())
}

/// What the log says of why: the remark, shortened where it must be, because it stands whole in a comment, and the note.
fn reason(remark: Option<&AddComment>, note: Option<String>) -> Option<String> {
    let taken = note.as_ref().map_or(0, |note| note.chars().count() + 1);
    let room = REASON_MAX.saturating_sub(taken);
    let remark = remark.map(|add| add.body.trim()).filter(|_| room > 1).map(|text| {
        if text.chars().count() <= room {
            return text.to_owned();
        }
        text.chars().take(room - 1).chain(['…']).collect()
    });
    let all: Vec<String> = remark.into_iter().chain(note).collect();
    (!all.is_empty()).then(|| all.join("；"))
}

pub fn open(form: wire::NewTicket) -> Result<OpenTicket> {
    let mut problems = Problems::default();
    let p = &mut problems;
    let template = form.template_id.optional("template_id", p).map(TemplateId);
    let values = form.template_values.optional("template_values", p).unwrap_or_default();
    // What is not said, the template says.
    let (title, description) = if template.is_some() {
        (form.title.optional("title", p), form.description.optional("description", p))
    } else {
        (form.title.required("title", p), form.description.required("description", p))
    };
    let kind = word(("type", form.kind), &TYPES, kind, p);
    let priority = word(("priority", form.priority), &PRIORITIES, Priority::parse, p);
    let source = word(("source", form.source), &SOURCES, Source::parse, p);
    let category = form.category_id.optional("category_id", p).map(|id| CategoryRef::Id(CategoryId(id)));
    let assignee = form.assigned_to_id.optional("assigned_to_id", p).map(UserId);
    let customer_email = said(form.customer_email.optional("customer_email", p));
    let customer_phone = form.customer_phone.optional("customer_phone", p);
    let customer_name = form.customer_name.optional("customer_name", p);
    let tags = form.tags.optional("tags", p).unwrap_or_default();
    let custom_fields = form.custom_fields.optional("custom_fields", p).unwrap_or_default();
    let due_at = form.due_date.optional("due_date", p);
    let due_at = time("due_date", due_at, p);
    let attachments = files(form.attachments, p);
    // The model would find these, but only once the others are right.
    if let Some(title) = &title {
        p.take(Title::parse(title))?;
    }
    if let Some(description) = &description {
        p.take(Body::parse("description", description))?;
    }
    if let Some(email) = &customer_email {
        p.take(Email::parse("customer_email", email))?;
    }
    p.take(Tag::list(&tags))?;
    problems.finish()?;
    Ok(OpenTicket {
        priority,
        kind: kind.map(str::to_owned),
        category,
        source: source.unwrap_or(Source::Web),
        channel: Channel::Api,
        assignee,
        tags,
        custom_fields,
        customer_name,
        customer_email,
        customer_phone,
        due_at,
        template: template.map(|template| UseTemplate { template, values }),
        attachments,
        ..OpenTicket::new(title.unwrap_or_default(), description.unwrap_or_default())
    })
}

fn write_status(word: &str, reason: Option<String>) -> Option<WriteStatus> {
    let (status, alike, reopened): (Status, &'static [Status], Option<bool>) = match word {
        "reopened" => (Status::Open, &[], Some(true)),
        "open" => (Status::Open, &[Status::New, Status::Open], None),
        other => (Status::parse(other).filter(|known| *known != Status::New)?, &[], None),
    };
    Some(WriteStatus { status, alike, reopened, reason })
}

/// A partial update. Whole records are sent back with it, so what is so already is passed over.
pub fn update(form: wire::TicketUpdate) -> Result<ChangeTicket> {
    let mut problems = Problems::default();
    let p = &mut problems;
    let title = form.title.optional("title", p);
    let description = form.description.optional("description", p);
    let status = word(("status", form.status), &WRITABLE, |word| write_status(word, None), p);
    let priority = word(("priority", form.priority), &PRIORITIES, Priority::parse, p);
    let kind = word(("type", form.kind), &TYPES, kind, p);
    let assignee = match form.assigned_to_id.edit("assigned_to_id", p) {
        Edit::Keep => None,
        Edit::Set(assignee) => Some(assignee.map(UserId)),
    };
    let category = form.category_id.edit("category_id", p).map(|id| CategoryRef::Id(CategoryId(id)));
    let notes = form.internal_notes.optional("internal_notes", p);
    let comment = remark("internal_notes", notes, Visibility::Internal, p)?;
    let stars = form.rating.optional("rating", p);
    let rating_comment = said(form.rating_comment.optional("rating_comment", p));
    let tags = form.tags.optional("tags", p);
    let custom_fields = form.custom_fields.optional("custom_fields", p);
    let due_at = match form.due_date.edit("due_date", p) {
        Edit::Keep => Edit::Keep,
        Edit::Set(text) => Edit::Set(time("due_date", text, p)),
    };
    let edit = EditTicket {
        title,
        category,
        department: form.department.edit("department", p),
        tags,
        custom_fields,
        customer_name: form.customer_name.edit("customer_name", p),
        customer_email: form.customer_email.edit("customer_email", p),
        customer_phone: form.customer_phone.edit("customer_phone", p),
        due_at,
        ..EditTicket::default()
    };
    if let Some(description) = &description {
        p.take(Body::parse("description", description))?;
    }
    if let Some(title) = &edit.title {
        p.take(Title::parse(title))?;
    }
    if let Some(tags) = &edit.tags {
        p.take(Tag::list(tags))?;
    }
    if let Some(email) = said(set(&edit.customer_email)) {
        p.take(Email::parse("customer_email", &email))?;
    }
    for (name, field, most) in [
        ("customer_name", &edit.customer_name, 200),
        ("customer_phone", &edit.customer_phone, 50),
        ("department", &edit.department, 100),
    ] {
        p.take(text::optional(name, set(field).as_deref(), most))?;
    }
    p.take(text::optional("rating_comment", rating_comment.as_deref(), 1_000))?;
    if stars.is_some_and(|stars| !(1..=5).contains(&stars)) {
        p.add("rating", "must be 1 to 5");
    }
    problems.finish()?;
    Ok(ChangeTicket {
        record: true,
        comment,
        description,
        edit,
        kind: kind.map(|kind| WriteKind { kind, words: KINDS }),
        status,
        priority: priority.map(|priority| WritePriority { priority, alike: &[] }),
        rating: (stars.is_some() || rating_comment.is_some()).then_some(Rating { stars, comment: rating_comment }),
        hand: assignee.map(|assignee| Hand::Assign(AssignTicket { assignee, department: Edit::Keep, reason: None })),
    })
}

/// What a field is to become, where that is something.
fn set(field: &Edit<Option<String>>) -> Option<String> {
    match field {
        Edit::Keep => None,
        Edit::Set(text) => text.clone(),
    }
}

pub fn assign(form: wire::Assign) -> Result<ChangeTicket> {
    let mut problems = Problems::default();
    let p = &mut problems;
    let assignee = form.assigned_to_id.required("assigned_to_id", p).map(UserId);
    let comment = form.comment.optional("comment", p);
    let comment = remark("comment", comment, Visibility::Internal, p)?;
    problems.finish()?;
    let assign = AssignTicket { assignee, department: Edit::Keep, reason: reason(comment.as_ref(), None) };
    Ok(ChangeTicket { comment, hand: Some(Hand::Assign(assign)), ..ChangeTicket::default() })
}

/// To somebody, to a department, or both. Without somebody, it stays in the hands that it is in.
pub fn transfer(form: wire::Transfer) -> Result<ChangeTicket> {
    let mut problems = Problems::default();
    let p = &mut problems;
    let assignee = form.assigned_to_id.optional("assigned_to_id", p).map(UserId);
    let department = said(form.department.optional("department", p));
    let comment = form.comment.optional("comment", p);
    let comment = remark("comment", comment, Visibility::Internal, p)?;
    let why = note("transfer_reason", form.transfer_reason, p)?;
    if assignee.is_none() && department.is_none() {
        p.add("assigned_to_id", "is required where no department is given");
    }
    problems.finish()?;
    let reason = reason(comment.as_ref(), why);
    let hand = Hand::Transfer { to: assignee, department: Edit::some(department.map(Some)), reason };
    Ok(ChangeTicket { comment, hand: Some(hand), ..ChangeTicket::default() })
}

pub fn escalate(form: wire::Escalate) -> Result<ChangeTicket> {
    let mut problems = Problems::default();
    let p = &mut problems;
    let why = note("reason", form.reason, p)?;
    let assignee = form.escalate_to_id.optional("escalate_to_id", p).map(UserId);
    let comment = form.comment.optional("comment", p);
    let comment = remark("comment", comment, Visibility::Internal, p)?;
    let priority = word(("priority", form.priority), &PRIORITIES, Priority::parse, p);
    problems.finish()?;
    let escalate = EscalateTicket { reason: reason(comment.as_ref(), why), assignee, priority };
    Ok(ChangeTicket { comment, hand: Some(Hand::Escalate(escalate)), ..ChangeTicket::default() })
}

pub fn status_write(form: wire::StatusWrite) -> Result<ChangeTicket> {
    let mut problems = Problems::default();
    let p = &mut problems;
    if matches!(form.status, Field::Absent) {
        p.add("status", "is required");
    }
    let comment = form.comment.optional("comment", p);
    let comment = remark("comment", comment, Visibility::Public, p)?;
    let notes = note("resolution_notes", form.resolution_notes, p)?;
    let why = reason(comment.as_ref(), notes);
    let status = word(("status", form.status), &WRITABLE, |word| write_status(word, why), p);
    problems.finish()?;
    Ok(ChangeTicket { comment, status, ..ChangeTicket::default() })
}

/// The tickets of a bulk call, each once.
fn many(name: &'static str, field: Field<Vec<i64>>, problems: &mut Problems) -> Vec<model::id::TicketId> {
    let mut ids = Vec::new();
    for id in field.required(name, problems).unwrap_or_default() {
        if !ids.contains(&model::id::TicketId(id)) {
            ids.push(model::id::TicketId(id));
        }
        if ids.len() > engine::BULK_MAX {
            problems.add(name, format!("must be at most {}", engine::BULK_MAX));
            return ids;
        }
    }
    if ids.is_empty() {
        problems.add(name, "must name a ticket");
    }
    ids
}

/// What is asked of each of many tickets.
#[derive(Debug)]
pub struct Bulk {
    pub ids: Vec<model::id::TicketId>,
    pub change: ChangeTicket,
}

fn both(name: &'static str, ids: Field<Vec<i64>>, change: Result<ChangeTicket>) -> Result<Bulk> {
    let mut problems = Problems::default();
    let ids = many(name, ids, &mut problems);
    let change = problems.take(change)?;
    problems.finish()?;
    Ok(Bulk { ids, change: change.unwrap_or_default() })
}

pub fn bulk_assign(form: wire::BulkAssign) -> Result<Bulk> {
    let wire::BulkAssign { ticket_ids, assigned_to_id, comment } = form;
    both("ticket_ids", ticket_ids, assign(wire::Assign { assigned_to_id, comment }))
}

pub fn bulk_status(form: wire::BulkStatus) -> Result<Bulk> {
    let wire::BulkStatus { ticket_ids, status, comment, resolution_notes } = form;
    both("ticket_ids", ticket_ids, status_write(wire::StatusWrite { status, comment, resolution_notes }))
}

pub fn bulk_update(form: wire::BulkUpdate) -> Result<Bulk> {
    let mut problems = Problems::default();
    let updates = form.updates.required("updates", &mut problems).unwrap_or_default();
    let read = serde_json::from_value(updates.into()).map_err(model::Error::internal)?;
    let change = problems.take(update(read))?;
    let change = problems.finish().map(|()| change.unwrap_or_default());
    both("ticket_ids", form.ticket_ids, change)
}

pub fn bulk_delete(form: wire::BulkDelete) -> Result<Vec<model::id::TicketId>> {
    let mut problems = Problems::default();
    let ids = match (form.ids, form.ticket_ids) {
        (Field::Absent, given @ (Field::Given(_) | Field::Wrong)) => many("ticket_ids", given, &mut problems),
        (ids, other) => {
            if !matches!(other, Field::Absent) {
                many("ticket_ids", other, &mut problems);
            }
            many("ids", ids, &mut problems)
        }
    };
    problems.finish()?;
    Ok(ids)
}

fn files(ids: Field<Vec<i64>>, problems: &mut Problems) -> Vec<AttachmentId> {
    ids.optional("attachments", problems).unwrap_or_default().into_iter().map(AttachmentId).collect()
}

pub fn add_comment(form: wire::NewComment) -> Result<AddComment> {
    let mut problems = Problems::default();
    let content = form.content.required("content", &mut problems);
    let internal = form.is_internal.optional("is_internal", &mut problems).unwrap_or_default();
    let attachments = files(form.attachments, &mut problems);
    let body = problems.take(content.map_or(Ok(None), |content| Body::parse("content", &content).map(Some)))?;
    problems.finish()?;
    let visibility = if internal { Visibility::Internal } else { Visibility::Public };
    let body = body.flatten().map(Body::into_string).unwrap_or_default();
    Ok(AddComment { visibility, channel: Channel::Api, attachments, ..AddComment::public(body) })
}

pub fn edit_comment(form: wire::NewContent) -> Result<String> {
    let mut problems = Problems::default();
    let content = form.content.required("content", &mut problems);
    problems.finish()?;
    Body::parse("content", &content.unwrap_or_default()).map(Body::into_string)
}

#[cfg(test)]
mod tests;
