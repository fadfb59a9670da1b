//! Rules of trusted devices: for thirty days they stand in for the second factor, five at most, and the oldest gives way.
//!
//! A device is trusted only together with a session that was let in just now, second factor and all.

use super::{Decision, Scene};
use crate::access::{self, Operation};
use crate::command::{Proof, StartSession, TrustDevice};
use crate::counters::Counters;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::session::{TRUSTED_DAYS, TRUSTED_MAX, TrustedDevice, device_of};
use crate::time::DAY;

/// Trusts the device that a session begins on. One that is trusted already gets another token instead of a second place.
pub(super) fn trust(
    scene: &Scene<'_>,
    start: &StartSession,
    trust: &TrustDevice,
    counters: &mut Counters,
) -> Vec<Event> {
    let same = scene.facts.device.as_ref().filter(|_| matches!(start.proof, Proof::Device(_)));
    let mut live: Vec<&TrustedDevice> = scene.facts.devices.iter().filter(|d| d.is_live(scene.now)).collect();
    live.sort_by_key(|d| d.id);
    let mut events = Vec::new();
    if let Some(same) = same.filter(|same| live.iter().any(|d| d.id == same.id)) {
        live.retain(|d| d.id != same.id);
        events.push(revoked(same, "the device got another token"));
    }
    let excess = (live.len() + 1).saturating_sub(TRUSTED_MAX);
    events.extend(live.iter().take(excess).map(|d| revoked(d, "a newer device took its place")));
    let given =
        trust.name.as_deref().map(|name| name.chars().filter(|c| !c.is_control()).take(100).collect::<String>());
    let given = given.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
    let name = given
        .or_else(|| same.map(|d| d.name.clone()))
        .unwrap_or_else(|| device_of(start.user_agent.as_deref()).to_string());
    let device = TrustedDevice {
        id: counters.next_device(),
        user: start.user,
        name,
        ip: start.ip.clone(),
        user_agent: start.user_agent.as_deref().map(super::session::shown),
        created_at: scene.now,
        updated_at: scene.now,
        last_used_at: scene.now,
        expires_at: scene.now.plus(TRUSTED_DAYS * DAY),
        revoked_at: None,
    };
    events.push(Event::DeviceTrusted { device: Box::new(device), token: trust.token.clone() });
    events
}

pub(super) fn revoke(scene: &Scene<'_>) -> Result<Decision> {
    let device = scene.facts.device.as_ref().ok_or_else(|| Error::not_found("device"))?;
    access::on_person(scene.actor, Operation::RevokeTrustedDevice, Some(device.user))
        .map_err(|error| error.hidden("device"))?;
    if device.revoked_at.is_some() {
        return Ok(Decision::default());
    }
    Ok(revoked(device, "it was revoked").into())
}

/// The person's devices, none of which is trusted any more.
pub(super) fn forgotten(scene: &Scene<'_>, why: &str) -> Vec<Event> {
    scene.facts.devices.iter().filter(|d| d.revoked_at.is_none()).map(|d| revoked(d, why)).collect()
}

fn revoked(device: &TrustedDevice, why: &str) -> Event {
    Event::TrustedDeviceRevoked { device: device.id, user: device.user, reason: why.to_owned() }
}
