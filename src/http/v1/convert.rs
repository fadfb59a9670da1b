//! Between the words of `/v1` and the model, in both directions: pure, without the engine, tested by table.
//!
//! Limits that are this document's own (a description of 5000 characters, a comment of 10000) are held here; everything else
//! is the model's to refuse. All problems of a body are found at once.

use super::wire;
use crate::http::query::one_of;
use engine::{Changed, Detail};
use model::category::Category;
use model::command::{AddComment, CategoryRef, OpenTicket, WritePriority, WriteStatus};
use model::comment::{Comment, Visibility};
use model::error::Problems;
use model::id::{CategoryId, UserId};
use model::people::{Channel, User};
use model::text::{self, Body, Tag, Title};
use model::ticket::{Priority, Source, Status, Ticket};
use model::{Error, Result, Time};
use std::sync::Arc;

/// Characters of a description, and of a comment.
const DESCRIPTION_MAX: usize = 5_000;
const COMMENT_MAX: u64 = 10_000;

/// The document's six categories, which every installation starts with (`model::category::FIRST_CATEGORIES`).
pub const CATEGORIES: [&str; 6] = ["technical", "account", "billing", "feature", "complaint", OTHER];
/// The word for what has no category, or one that is not below one of the six.
const OTHER: &str = "other";
/// The document's priorities, in its order.
pub const PRIORITIES: [&str; 4] = ["low", "medium", "high", "urgent"];
/// The document's statuses, in its order.
pub const STATUSES: [&str; 7] = ["new", "open", "in_progress", "pending", "resolved", "closed", REOPENED];
const REOPENED: &str = "reopened";

pub fn status(status: Status, reopened: bool) -> &'static str {
    match status {
        Status::Open if reopened => REOPENED,
        // The document knows no withdrawn tickets.
        Status::Closed | Status::Cancelled => "closed",
        Status::New | Status::Open | Status::InProgress | Status::Pending | Status::Resolved => status.word(),
    }
}

fn status_of(ticket: &Ticket) -> &'static str {
    status(ticket.status, ticket.reopened)
}

/// The statuses that a word stands for, and whether it asks for the reopened flag.
pub fn statuses(word: &str) -> Option<(&'static [Status], Option<bool>)> {
    Some(match word {
        REOPENED => (&[Status::Open], Some(true)),
        "open" => (&[Status::Open], Some(false)),
        "closed" => (&[Status::Closed, Status::Cancelled], None),
        "new" => (&[Status::New], None),
        "in_progress" => (&[Status::InProgress], None),
        "pending" => (&[Status::Pending], None),
        "resolved" => (&[Status::Resolved], None),
        _ => return None,
    })
}

pub fn priority(priority: Priority) -> &'static str {
    match priority {
        Priority::Low => "low",
        Priority::Normal => "medium",
        Priority::High => "high",
        Priority::Urgent | Priority::Critical => "urgent",
    }
}

/// The priorities that a word stands for; the first is the one that it writes.
pub fn priorities(word: &str) -> Option<&'static [Priority]> {
    Some(match word {
        "low" => &[Priority::Low],
        "medium" => &[Priority::Normal],
        "high" => &[Priority::High],
        "urgent" => &[Priority::Urgent, Priority::Critical],
        _ => return None,
    })
}

/// The word for a category: its own key, or that of the nearest one above it which is among the six.
pub fn category(all: &[Category], id: Option<CategoryId>) -> &'static str {
    let mut next = id;
    // Categories are at most ten levels deep; a ring would be somebody's mistake, and must not hang a request.
    for _ in 0..=10 {
        let Some(known) = next.and_then(|id| all.iter().find(|c| c.id == id)) else { return OTHER };
        if let Some(word) = CATEGORIES.into_iter().find(|word| *word == known.form.key) {
            return word;
        }
        next = known.form.parent;
    }
    OTHER
}

/// RFC 3339 in UTC, whole seconds.
pub fn stamp(at: Time) -> String {
    at.whole_seconds().rfc3339()
}

/// `one of a, b, c`, for what is none of them.
pub fn open(form: wire::NewTicket) -> Result<OpenTicket> {
    let mut problems = Problems::default();
    let title = form.title.required("title", &mut problems);
    let title = title.map(|text| problems.take(Title::parse(&text))).transpose()?.flatten();
    let description = form.description.required("description", &mut problems);
    let description = description.map(|text| problems.take(describe(&text))).transpose()?.flatten();
    let category = form.category.required("category", &mut problems);
    let category = category.and_then(|word| {
        word_of(&CATEGORIES, &word).or_else(|| {
            problems.add("category", one_of(&CATEGORIES));
            None
        })
    });
    let priority = read_priority(form.priority.required("priority", &mut problems), &mut problems);
    let tags = form.tags.optional("tags", &mut problems).unwrap_or_default();
    problems.take(Tag::list(&tags))?;
    let metadata = form.metadata.optional("metadata", &mut problems).unwrap_or_default();
    problems.finish()?;
    let new = OpenTicket::new(
        title.map(Title::into_string).unwrap_or_default(),
        description.map(Body::into_string).unwrap_or_default(),
    );
    Ok(OpenTicket {
        category: category.map(|key| CategoryRef::Key(key.to_owned())),
        priority: priority.map(|(priority, _)| priority),
        source: Source::Api,
        channel: Channel::Api,
        tags,
        custom_fields: metadata,
        ..new
    })
}

fn describe(description: &str) -> Result<Body> {
    if description.trim_end().chars().count() > DESCRIPTION_MAX {
        return Err(Error::invalid("description", format!("must have 1 to {DESCRIPTION_MAX} characters")));
    }
    Body::parse("description", description)
}

fn word_of(words: &[&'static str], given: &str) -> Option<&'static str> {
    words.iter().copied().find(|word| *word == given)
}

fn read_priority(word: Option<String>, problems: &mut Problems) -> Option<(Priority, &'static [Priority])> {
    let known = priorities(&word?).and_then(|alike| Some((*alike.first()?, alike)));
    if known.is_none() {
        problems.add("priority", one_of(&PRIORITIES));
    }
    known
}

pub fn assign(form: wire::Assign) -> Result<UserId> {
    let mut problems = Problems::default();
    let id = form.assignee_id.required("assignee_id", &mut problems);
    problems.finish()?;
    Ok(UserId(id.unwrap_or_default()))
}

pub fn write_status(form: wire::NewStatus) -> Result<WriteStatus> {
    let mut problems = Problems::default();
    let word = form.status.required("status", &mut problems);
    let known = word.as_deref().and_then(statuses);
    if word.is_some() && known.is_none() {
        problems.add("status", one_of(&STATUSES));
    }
    let reason = form.reason.optional("reason", &mut problems);
    let reason = problems.take(text::reason("reason", reason.as_deref()))?.flatten();
    problems.finish()?;
    let (alike, reopened) = known.ok_or_else(|| Error::internal("a checked status is missing"))?;
    let status = *alike.first().ok_or_else(|| Error::internal("a word for no status"))?;
    Ok(WriteStatus { status, alike, reopened, reason })
}

pub fn write_priority(form: wire::NewPriority) -> Result<WritePriority> {
    let mut problems = Problems::default();
    let known = read_priority(form.priority.required("priority", &mut problems), &mut problems);
    problems.finish()?;
    let (priority, alike) = known.ok_or_else(|| Error::internal("a checked priority is missing"))?;
    Ok(WritePriority { priority, alike })
}

pub fn reason(form: wire::Reason) -> Result<String> {
    let mut problems = Problems::default();
    let reason = form.reason.required("reason", &mut problems).unwrap_or_default();
    problems.finish()?;
    text::required("reason", &reason, text::REASON_MAX)
}

pub fn add_comment(form: wire::NewComment) -> Result<AddComment> {
    let mut problems = Problems::default();
    let content = form.content.required("content", &mut problems);
    let internal = form.is_internal.optional("is_internal", &mut problems).unwrap_or_default();
    problems.finish()?;
    Ok(AddComment {
        visibility: if internal { Visibility::Internal } else { Visibility::Public },
        channel: Channel::Api,
        ..AddComment::public(checked(&content.unwrap_or_default())?)
    })
}

pub fn edit_comment(form: wire::NewContent) -> Result<String> {
    let mut problems = Problems::default();
    let content = form.content.required("content", &mut problems);
    problems.finish()?;
    checked(&content.unwrap_or_default())
}

/// A comment that is too long has an error code of its own, so it isn't listed among other problems.
fn checked(content: &str) -> Result<String> {
    if content.trim_end().chars().count() as u64 > COMMENT_MAX {
        return Err(Error::TooLarge { field: "content", limit: COMMENT_MAX });
    }
    Body::parse("content", content).map(Body::into_string)
}

pub fn opened(ticket: &Ticket) -> wire::Opened {
    wire::Opened {
        ticket_id: ticket.id.0,
        number: ticket.numbers.daily.clone(),
        title: ticket.title.as_str().to_owned(),
        status: status_of(ticket),
        priority: priority(ticket.priority),
        sla_due_time: stamp(ticket.resolution_due_at),
        created_at: stamp(ticket.created_at),
    }
}

pub fn detail(detail: &Detail, categories: &[Category], now: Time) -> wire::Ticket {
    let ticket = &detail.ticket;
    let person = |id: UserId| detail.people.iter().find(|user| user.id == id).map(|user| person(user));
    wire::Ticket {
        id: ticket.id.0,
        number: ticket.numbers.daily.clone(),
        title: ticket.title.as_str().to_owned(),
        description: detail.description.as_ref().map(|c| c.body.as_str().to_owned()).unwrap_or_default(),
        category: category(categories, ticket.category),
        priority: priority(ticket.priority),
        status: status_of(ticket),
        creator_id: ticket.requester.0,
        creator: person(ticket.requester),
        assignee_id: ticket.assignee.map(|id| id.0),
        assignee: ticket.assignee.and_then(person),
        tags: tags(ticket),
        metadata: metadata(ticket),
        sla_due_time: stamp(ticket.resolution_due_at),
        response_time: ticket.first_reply_at.map(stamp),
        resolved_time: ticket.resolved_at.map(stamp),
        created_at: stamp(ticket.created_at),
        updated_at: stamp(ticket.updated_at),
        closed_at: ticket.closed_at.map(stamp),
        comments_count: ticket.comment_count,
        is_overdue: ticket.is_sla_overdue(now),
    }
}

/// With a mark where the ticket was withdrawn, which the document has no status for (`dialects.md` 4.1).
fn metadata(ticket: &Ticket) -> serde_json::Map<String, serde_json::Value> {
    let mut metadata = ticket.custom_fields.clone();
    if ticket.status == Status::Cancelled {
        metadata.insert("cancelled".to_owned(), true.into());
    }
    metadata
}

fn tags(ticket: &Ticket) -> Vec<String> {
    ticket.tags.iter().map(|tag| tag.as_str().to_owned()).collect()
}

fn person(user: &User) -> wire::Person {
    let email = user.profile.email.as_ref().map(|email| email.as_str().to_owned());
    wire::Person { id: user.id.0, name: user.name(), email }
}

/// The name of one of these people.
pub fn name_of(people: &[Arc<User>], id: UserId) -> Option<String> {
    people.iter().find(|user| user.id == id).map(|user| user.name())
}

pub fn row(ticket: &Ticket, people: &[Arc<User>], categories: &[Category], now: Time) -> wire::TicketRow {
    wire::TicketRow {
        id: ticket.id.0,
        number: ticket.numbers.daily.clone(),
        title: ticket.title.as_str().to_owned(),
        category: category(categories, ticket.category),
        priority: priority(ticket.priority),
        status: status_of(ticket),
        creator_id: ticket.requester.0,
        creator_name: name_of(people, ticket.requester),
        assignee_id: ticket.assignee.map(|id| id.0),
        assignee_name: ticket.assignee.and_then(|id| name_of(people, id)),
        tags: tags(ticket),
        sla_due_time: stamp(ticket.resolution_due_at),
        created_at: stamp(ticket.created_at),
        updated_at: stamp(ticket.updated_at),
        is_overdue: ticket.is_sla_overdue(now),
    }
}

pub fn assigned(ticket: &Ticket) -> wire::Assigned {
    wire::Assigned {
        ticket_id: ticket.id.0,
        assignee_id: ticket.assignee.map(|id| id.0),
        status: status_of(ticket),
        updated_at: stamp(ticket.updated_at),
    }
}

pub fn status_written(changed: &Changed) -> wire::StatusWritten {
    wire::StatusWritten {
        ticket_id: changed.after.id.0,
        old_status: status_of(&changed.before),
        new_status: status_of(&changed.after),
        updated_at: stamp(changed.after.updated_at),
    }
}

pub fn priority_written(changed: &Changed) -> wire::PriorityWritten {
    wire::PriorityWritten {
        ticket_id: changed.after.id.0,
        old_priority: priority(changed.before.priority),
        new_priority: priority(changed.after.priority),
        sla_due_time: stamp(changed.after.resolution_due_at),
        updated_at: stamp(changed.after.updated_at),
    }
}

pub fn closed(ticket: &Ticket) -> wire::Closed {
    wire::Closed { ticket_id: ticket.id.0, status: status_of(ticket), closed_at: ticket.closed_at.map(stamp) }
}

pub fn reopened(ticket: &Ticket) -> wire::Reopened {
    wire::Reopened { ticket_id: ticket.id.0, status: status_of(ticket), updated_at: stamp(ticket.updated_at) }
}

/// Who wrote a comment. Some came by mail from people without an account, and some are the system's.
fn author(comment: &Comment, people: &[Arc<User>]) -> wire::Author {
    if let Some(user) = comment.author.and_then(|id| people.iter().find(|user| user.id == id)) {
        return wire::Author { id: user.id.0, name: user.name(), avatar: user.profile.avatar_url.clone() };
    }
    let told = comment.meta.get("author_name").and_then(serde_json::Value::as_str);
    wire::Author { id: comment.author.map_or(0, |id| id.0), name: told.unwrap_or("System").to_owned(), avatar: None }
}

pub fn comment(comment: &Comment, people: &[Arc<User>]) -> wire::Comment {
    wire::Comment {
        id: comment.id.0,
        ticket_id: comment.ticket.0,
        user: author(comment, people),
        content: comment.body.as_str().to_owned(),
        is_internal: comment.visibility == Visibility::Internal,
        created_at: stamp(comment.created_at),
    }
}

pub fn comment_added(added: &Comment, people: &[Arc<User>]) -> wire::CommentAdded {
    let wire::Comment { id, ticket_id, user, content, is_internal, created_at } = comment(added, people);
    wire::CommentAdded { comment_id: id, ticket_id, user, content, is_internal, created_at }
}

pub fn comment_edited(comment: &Comment) -> wire::CommentEdited {
    wire::CommentEdited {
        comment_id: comment.id.0,
        content: comment.body.as_str().to_owned(),
        updated_at: stamp(comment.edited_at.unwrap_or(comment.created_at)),
    }
}

#[cfg(test)]
mod tests;
