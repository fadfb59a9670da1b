//! Rules of files, settings, notifications and the quarantine.

use super::{Decision, Scene};
use crate::access::{self, Operation};
use crate::attachment::{Attachment, FileInfo, safe_filename};
use crate::command::StoreFile;
use crate::counters::Counters;
use crate::error::{Error, Result};
use crate::event::{Change, Event};
use crate::id::NotificationId;
use crate::inbound::InboundState;
use crate::text;
use serde_json::Value;

pub(super) fn store_file(scene: &Scene<'_>, store: &StoreFile, counters: &mut Counters) -> Result<Decision> {
    access::in_general(scene.actor, Operation::StoreFile)?;
    let attachment = Attachment {
        id: counters.next_attachment(),
        file: FileInfo { filename: safe_filename(&store.file.filename), ..store.file.clone() },
        owner: scene.actor.user(),
        ticket: None,
        comment: None,
        created_at: scene.now,
    };
    Ok(Event::FileStored { attachment: Box::new(attachment) }.into())
}

/// An upload that no comment names can be thrown away by its owner.
pub(super) fn discard_file(scene: &Scene<'_>) -> Result<Decision> {
    let attachment = scene.facts.attachments.first().ok_or_else(|| Error::not_found("attachment"))?;
    let owner = scene.actor.user().is_some() && attachment.owner == scene.actor.user();
    if !owner && !matches!(scene.actor, crate::Actor::System(_)) {
        return Err(Error::not_found("attachment"));
    }
    if attachment.comment.is_some() {
        return Err(Error::conflict("attachment", "the file belongs to a comment"));
    }
    Ok(Event::FileDiscarded { attachment: attachment.id }.into())
}

pub(super) fn change_setting(scene: &Scene<'_>, key: &str, value: Option<&Value>) -> Result<Decision> {
    access::in_general(scene.actor, Operation::ChangeSettings)?;
    let key = text::required("key", key, 100)?;
    let good = key.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "_.".contains(c));
    if !good {
        return Err(Error::invalid("key", "must be lower-case words joined by '_' or '.'"));
    }
    if value.is_some_and(|v| v.to_string().len() > 65_536) {
        return Err(Error::invalid("value", "must be at most 65536 bytes as JSON"));
    }
    Ok(Change::of(scene.facts.setting.clone(), value.cloned())
        .map(|value| Event::SettingChanged { key, value })
        .into_iter()
        .collect::<Vec<_>>()
        .into())
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
