//! Rules of files, notifications and the quarantine.

use super::{Decision, Scene};
use crate::access::{self, Operation};
use crate::attachment::{Attachment, FileInfo, Purpose, UPLOADS, safe_filename, stored_name, unsupported};
use crate::command::StoreFile;
use crate::counters::Counters;
use crate::error::{Error, Result};
use crate::event::{Change, Event};
use crate::id::NotificationId;
use crate::inbound::InboundState;
use crate::people::Profile;

pub(super) fn store_file(scene: &Scene<'_>, store: &StoreFile, counters: &mut Counters) -> Result<Decision> {
    access::in_general(scene.actor, Operation::StoreFile)?;
    if store.ticket.is_some() {
        let ticket = scene.facts.ticket()?;
        access::on_ticket(scene.actor, Operation::StoreFile, ticket)?;
        super::ticket::not_merged(ticket)?;
    }
    let id = counters.next_attachment();
    let file = FileInfo { filename: safe_filename(&store.file.filename), ..store.file.clone() };
    let (year, month, _) = scene.policy.zone.date(scene.now);
    let path = format!("{year:04}/{month:02}/{}", stored_name(&file, id));
    let attachment = Attachment {
        id,
        file,
        owner: scene.actor.user(),
        ticket: store.ticket,
        comment: None,
        purpose: store.purpose,
        path: Some(path),
        picture: store.picture.clone(),
        created_at: scene.now,
    };
    let avatar = match store.purpose {
        Purpose::Avatar => Some(avatar(scene, store, &attachment)?),
        Purpose::Attachment | Purpose::Document => None,
    };
    let stored = Event::FileStored { attachment: Box::new(attachment) };
    Ok([Some(stored), avatar].into_iter().flatten().collect::<Vec<_>>().into())
}

/// One's own picture: a picture, of one's own, and at once what the profile shows.
fn avatar(scene: &Scene<'_>, store: &StoreFile, attachment: &Attachment) -> Result<Event> {
    let user = scene.facts.user()?;
    access::on_person(scene.actor, Operation::EditProfile, Some(user.id))?;
    if store.ticket.is_some() {
        return Err(Error::invalid("ticket_id", "must not be given for an avatar"));
    }
    if store.picture.is_none() {
        return Err(unsupported(&format!("{} for an avatar", store.file.content_type)));
    }
    let from = user.profile.clone();
    let to = Profile { avatar_url: attachment.path.as_ref().map(|path| format!("{UPLOADS}{path}")), ..from.clone() };
    Ok(Event::ProfileEdited { user: user.id, profile: Box::new(Change { from, to }) })
}

/// An upload that no comment names can be thrown away by its owner.
pub(super) fn discard_file(scene: &Scene<'_>) -> Result<Decision> {
    let attachment = scene.facts.attachments.first().ok_or_else(|| Error::not_found("attachment"))?;
    let owner = scene.actor.user().is_some() && attachment.owner == scene.actor.user();
    if !owner && !scene.actor.is_system() {
        return Err(Error::not_found("attachment"));
    }
    if attachment.comment.is_some() || attachment.ticket.is_some() {
        return Err(Error::conflict("attachment", "the file belongs to a ticket"));
    }
    Ok(Event::FileDiscarded { attachment: attachment.id }.into())
}

/// One's own notifications only: the store marks none of anybody else's.
pub(super) fn mark_read(scene: &Scene<'_>, ids: &[NotificationId], all: bool) -> Result<Decision> {
    access::in_general(scene.actor, Operation::ReadNotifications)?;
    let user = scene.actor.user().ok_or_else(access::sign_in)?;
    if ids.len() > 1_000 {
        return Err(Error::invalid("ids", "must be at most 1000"));
    }
    if ids.is_empty() && !all {
        return Ok(Decision::default());
    }
    Ok(Event::NotificationsRead { user, ids: ids.to_vec(), all }.into())
}

pub(super) fn quarantine(scene: &Scene<'_>, why: &str) -> Result<Decision> {
    access::in_general(scene.actor, Operation::Housekeeping)?;
    let inbound = scene.facts.inbound.as_ref().ok_or_else(|| Error::not_found("message"))?;
    let why: String = why.chars().take(500).collect();
    Ok(Event::InboundQuarantined { inbound: inbound.id, channel: inbound.channel, why }.into())
}

/// Takes a message out of the quarantine: it was read after all, or is thrown away.
pub(super) fn settle(scene: &Scene<'_>, discarded: bool) -> Result<Decision> {
    access::in_general(scene.actor, Operation::SettleQuarantine)?;
    let inbound = scene.facts.inbound.as_ref().ok_or_else(|| Error::not_found("message"))?;
    if inbound.state != InboundState::Quarantined {
        return Err(Error::conflict("id", "the message is not in quarantine"));
    }
    Ok(Event::InboundSettled { inbound: inbound.id, channel: inbound.channel, discarded }.into())
}
