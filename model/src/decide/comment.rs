//! Rules of comments: who may say what, what a first answer is, how a conversation moves a ticket.

use super::{Decision, Scene};
use crate::access::{self, Operation};
use crate::attachment::{Attachment, Purpose};
use crate::command::{AddComment, Effect};
use crate::comment::{Comment, Visibility};
use crate::counters::Counters;
use crate::error::{Error, Result};
use crate::event::{Change, Event};
use crate::id::{AttachmentId, CommentId, TicketId};
use crate::text::Body;
use crate::ticket::{Status, Ticket};

pub(super) fn add(scene: &Scene<'_>, add: &AddComment, counters: &mut Counters) -> Result<Decision> {
    let ticket = scene.facts.ticket()?;
    let operation = match add.visibility {
        Visibility::Public => Operation::AddComment,
        Visibility::Internal => Operation::AddInternalNote,
        Visibility::System => Operation::Housekeeping,
    };
    access::on_ticket(scene.actor, operation, ticket)?;
    super::ticket::not_merged(ticket)?;
    let body = Body::parse("body", &add.body)?;
    attachments(scene, &add.attachments)?;
    let id = counters.next_comment();
    let author = author(scene, add)?;
    // What an adapter passes on is never staff's word: a sender's address proves nothing.
    let staff = scene.actor.role().is_some_and(crate::people::Role::is_staff);
    let by_staff = staff && author != Some(ticket.requester);
    let public = add.visibility == Visibility::Public;
    let comment = Comment {
        id,
        ticket: ticket.id,
        author,
        by_staff,
        visibility: add.visibility,
        channel: add.channel,
        body,
        folded: add.folded.clone(),
        created_at: scene.now,
        edited_at: None,
        withdrawn_at: None,
        merged_from: None,
        meta: add.meta.clone(),
        attachments: attached(scene, ticket.id, id.0),
        version: 1,
    };
    // The first public answer by someone other than the requester stops the response clock (dialects.md 2.3).
    let first_reply = public && by_staff && author.is_some() && ticket.first_reply_at.is_none();
    let mut events = vec![Event::CommentAdded { ticket: ticket.id, comment: Box::new(comment), first_reply }];
    if public && add.effect == Effect::Converse {
        events.extend(converse(ticket, by_staff)?);
    }
    Ok(events.into())
}

/// The caller, or for an adapter the person whose words it passes on.
fn author(scene: &Scene<'_>, add: &AddComment) -> Result<Option<crate::id::UserId>> {
    if add.on_behalf.is_some() {
        access::in_general(scene.actor, Operation::Housekeeping)?;
        return Ok(add.on_behalf);
    }
    Ok(scene.actor.user())
}

/// How a turn of the conversation moves the ticket.
fn converse(ticket: &Ticket, by_staff: bool) -> Result<Option<Event>> {
    let to = match (by_staff, ticket.status) {
        (true, Status::New | Status::Open | Status::InProgress) => Status::Pending,
        (false, Status::Pending) => Status::InProgress,
        (false, Status::Resolved | Status::Closed) => Status::Open,
        (true, Status::Pending | Status::Resolved | Status::Closed | Status::Cancelled)
        | (false, Status::New | Status::Open | Status::InProgress | Status::Cancelled) => return Ok(None),
    };
    super::ticket::moved(ticket, to, None, None).map(Some)
}

/// The comment, its ticket, and that it isn't withdrawn; what the caller may not see is "not found".
fn comment_for<'a>(scene: &'a Scene<'_>) -> Result<(&'a Ticket, &'a Comment)> {
    let ticket = scene.facts.ticket().map_err(|_| Error::not_found("comment"))?;
    let comment = scene.facts.comment.as_ref().ok_or_else(|| Error::not_found("comment"))?;
    // Not by ReadTicket: an API token that may only write has no scope for that.
    if !access::knows(scene.actor, ticket) {
        return Err(Error::not_found("comment"));
    }
    if !comment.is_public() && !scene.actor.is_staff() {
        return Err(Error::not_found("comment"));
    }
    super::ticket::not_merged(ticket)?;
    Ok((ticket, comment))
}

pub(super) fn edit(scene: &Scene<'_>, body: &str) -> Result<Decision> {
    let (ticket, comment) = comment_for(scene)?;
    access::on_person(scene.actor, Operation::EditComment, comment.author)?;
    if comment.withdrawn_at.is_some() {
        return Err(Error::conflict("comment", "the comment was withdrawn"));
    }
    let to = Body::parse("body", body)?;
    Ok(Change::of(comment.body.clone(), to)
        .map(|body| Event::CommentEdited {
            ticket: ticket.id,
            comment: comment.id,
            visibility: comment.visibility,
            body,
        })
        .into_iter()
        .collect::<Vec<_>>()
        .into())
}

pub(super) fn set_visibility(scene: &Scene<'_>, to: Visibility) -> Result<Decision> {
    let (ticket, comment) = comment_for(scene)?;
    access::on_person(scene.actor, Operation::SetCommentVisibility, comment.author)?;
    if comment.id == ticket.description || comment.visibility == Visibility::System || to == Visibility::System {
        return Err(Error::invalid(
            "visibility",
            "can only be changed between public and internal, and not of the description",
        ));
    }
    if comment.withdrawn_at.is_some() {
        return Err(Error::conflict("comment", "the comment was withdrawn"));
    }
    Ok(Change::of(comment.visibility, to)
        .map(|visibility| Event::CommentVisibilityChanged { ticket: ticket.id, comment: comment.id, visibility })
        .into_iter()
        .collect::<Vec<_>>()
        .into())
}

pub(super) fn withdraw(scene: &Scene<'_>) -> Result<Decision> {
    let (ticket, comment) = comment_for(scene)?;
    access::on_person(scene.actor, Operation::WithdrawComment, comment.author)?;
    if comment.id == ticket.description {
        return Err(Error::conflict(
            "comment",
            "a ticket's description can't be withdrawn; delete or withdraw the ticket",
        ));
    }
    if comment.withdrawn_at.is_some() {
        return Ok(Decision::default());
    }
    Ok(Event::CommentWithdrawn { ticket: ticket.id, comment: comment.id, visibility: comment.visibility }.into())
}

/// Refuses attachments that don't exist, belong to someone else or to another comment, or are too many.
pub(super) fn attachments(scene: &Scene<'_>, wanted: &[AttachmentId]) -> Result<()> {
    if wanted.len() > scene.policy.max_attachments_per_comment {
        return Err(Error::invalid(
            "attachments",
            format!("must be at most {}", scene.policy.max_attachments_per_comment),
        ));
    }
    // A file of this ticket may be named by one of its comments, one of another ticket by none.
    let here = scene.facts.ticket.as_ref().map(|t| t.id);
    for id in wanted {
        let known = scene.facts.attachments.iter().find(|a| a.id == *id);
        let usable = known.is_some_and(|a| {
            let free = a.comment.is_none() && (a.ticket.is_none() || a.ticket == here) && a.purpose != Purpose::Avatar;
            free && (a.owner == scene.actor.user() || scene.actor.is_system())
        });
        if !usable {
            return Err(Error::invalid("attachments", format!("names {id}, which is not an unused upload of yours")));
        }
    }
    Ok(())
}

/// The attachments of a command as they belong to the new comment.
pub(super) fn attached(scene: &Scene<'_>, ticket: TicketId, comment: i64) -> Vec<Attachment> {
    let mut all = scene.facts.attachments.clone();
    for attachment in &mut all {
        attachment.ticket = Some(ticket);
        attachment.comment = Some(CommentId(comment));
    }
    all
}
