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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actor::Actor;
    use crate::decide::Facts;
    use crate::id::{DeviceId, UserId};
    use crate::policy::Policy;
    use crate::session::Sealed;
    use crate::time::Time;

    const NOW: Time = Time(1_000 * DAY);

    fn device(id: i64, days: i64) -> TrustedDevice {
        TrustedDevice {
            id: DeviceId(id),
            user: UserId(1),
            name: format!("device {id}"),
            ip: None,
            user_agent: None,
            created_at: Time(0),
            updated_at: Time(0),
            last_used_at: Time(0),
            expires_at: NOW.plus(days * DAY),
            revoked_at: None,
        }
    }

    #[test]
    fn the_oldest_give_way_and_the_same_device_takes_no_second_place() {
        for (known, same, revoked) in [
            (vec![], None, vec![]),
            (vec![(1, 1), (2, 1), (3, 1), (4, 1)], None, vec![]),
            (vec![(5, 1), (4, 1), (3, 1), (2, 1), (1, 1)], None, vec![1]),
            (vec![(7, 1), (6, 1), (5, 1), (4, 1), (3, 1), (2, 1)], None, vec![2, 3]),
            // Expired ones take no place.
            (vec![(1, 0), (2, 1), (3, 1), (4, 1), (5, -1)], None, vec![]),
            (vec![(1, 1), (2, 1), (3, 1), (4, 1), (5, 1)], Some(3), vec![3]),
        ] {
            let devices: Vec<TrustedDevice> = known.iter().map(|(id, days)| device(*id, *days)).collect();
            let facts = Facts { device: same.map(|id| device(id, 1)), devices, ..Facts::default() };
            let scene = Scene { facts: &facts, actor: &Actor::System("test"), policy: &Policy::default(), now: NOW };
            let start = StartSession {
                user: UserId(1),
                method: "password".to_owned(),
                ip: None,
                user_agent: None,
                refresh: Sealed::default(),
                proof: same.map_or(Proof::Nothing, |_| Proof::Device(String::new())),
                remember: None,
            };
            let wanted = TrustDevice { name: Some(" Mac\n".to_owned()), token: Sealed::default() };
            let mut counters = Counters { device: 10, ..Counters::default() };
            let events = trust(&scene, &start, &wanted, &mut counters);
            let gone = |event: &Event| {
                if let Event::TrustedDeviceRevoked { device, .. } = event { Some(device.0) } else { None }
            };
            let gone: Vec<i64> = events.iter().filter_map(gone).collect();
            assert_eq!(gone, revoked, "{known:?}");
            let Some(Event::DeviceTrusted { device, .. }) = events.last() else { panic!("no device") };
            assert_eq!((device.id, device.name.as_str()), (DeviceId(11), "Mac"));
            assert_eq!(device.expires_at, NOW.plus(30 * DAY));
        }
    }
}
