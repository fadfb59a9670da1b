//! Rules of the second factor: whoever has one is let in with it, or on a device that is trusted, and in no other way.
//!
//! Whether a code is right the engine has checked; whether it may still be used is decided here, under the write lock, so
//! that two who come with the same code at the same time are not both let in.

use super::{Decision, Scene};
use crate::access::{self, Operation};
use crate::command::{EnableSecondFactor, Proof, StartSession};
use crate::error::{Doubt, Error, Result, WANTED};
use crate::event::Event;

/// What follows from the proof that a session is begun with, or why it is not enough.
pub(super) fn proven(scene: &Scene<'_>, start: &StartSession) -> Result<Vec<Event>> {
    let user = start.user;
    let factor = scene.facts.factor.as_ref();
    let events = match (&start.proof, factor) {
        (Proof::Device(_), _) => {
            let device = scene.facts.device.as_ref().filter(|d| d.user == user && d.is_live(scene.now));
            match (device, factor) {
                (Some(device), _) => vec![Event::TrustedDeviceUsed {
                    device: device.id,
                    user,
                    ip: start.ip.clone(),
                    user_agent: start.user_agent.as_deref().map(super::session::shown),
                }],
                (None, Some(_)) => return Err(wanted()),
                (None, None) => Vec::new(),
            }
        }
        (_, None) => Vec::new(),
        (Proof::Nothing, Some(_)) => return Err(wanted()),
        (Proof::Step(step), Some(factor)) if *step > factor.last_step => {
            vec![Event::SecondFactorUsed { user, step: Some(*step), code: crate::session::Sealed::default() }]
        }
        (Proof::BackupCode(code), Some(_)) if scene.facts.backup_code => {
            vec![Event::SecondFactorUsed { user, step: None, code: code.clone() }]
        }
        (Proof::Step(_) | Proof::BackupCode(_), Some(_)) => return Err(refused()),
    };
    Ok(events)
}

/// What somebody hears whose password is right and who needs a code besides.
pub fn wanted() -> Error {
    Error::invalid("otp_code", WANTED)
}

/// What somebody hears whose code is wrong, or was used before.
pub fn refused() -> Error {
    Error::doubted(Doubt::Code, "the OTP code is wrong, or was used before")
}

pub(super) fn enable(scene: &Scene<'_>, enable: &EnableSecondFactor) -> Result<Decision> {
    let user = scene.facts.user()?;
    access::on_person(scene.actor, Operation::EnableSecondFactor, Some(user.id))
        .map_err(|error| error.hidden("user"))?;
    if scene.facts.factor.is_some() {
        return Err(Error::conflict("second_factor", "there is a second factor already; switch it off first"));
    }
    // A device that was trusted by password alone must not stand in for what didn't exist then.
    let mut events = super::device::forgotten(scene, "a second factor was set up");
    let (secret, codes) = (enable.secret.clone(), enable.codes.clone());
    events.push(Event::SecondFactorEnabled { user: user.id, secret, codes });
    Ok(events.into())
}

pub(super) fn disable(scene: &Scene<'_>) -> Result<Decision> {
    let user = scene.facts.user()?;
    access::on_person(scene.actor, Operation::DisableSecondFactor, Some(user.id))
        .map_err(|error| error.hidden("user"))?;
    if scene.facts.factor.is_none() {
        return Err(Error::conflict("second_factor", "there is no second factor"));
    }
    let mut events = super::device::forgotten(scene, "the second factor was switched off");
    events.push(Event::SecondFactorDisabled { user: user.id });
    Ok(events.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actor::Actor;
    use crate::decide::Facts;
    use crate::id::{DeviceId, UserId};
    use crate::policy::Policy;
    use crate::session::{Sealed, SecondFactor, TrustedDevice};
    use crate::time::Time;

    fn device(user: i64, expires_at: i64, revoked: bool) -> TrustedDevice {
        TrustedDevice {
            id: DeviceId(1),
            user: UserId(user),
            name: "d".to_owned(),
            ip: None,
            user_agent: None,
            created_at: Time(0),
            updated_at: Time(0),
            last_used_at: Time(0),
            expires_at: Time(expires_at),
            revoked_at: revoked.then_some(Time(50)),
        }
    }

    /// What a proof comes to: the event's word, `password` for none, `wanted` or `refused`.
    fn told(proof: Proof, last_step: Option<i64>, known: Option<TrustedDevice>, backup_code: bool) -> &'static str {
        let factor =
            last_step.map(|last_step| SecondFactor { user: UserId(1), enabled_at: Time(0), last_step, codes_left: 10 });
        let facts = Facts { factor, device: known, backup_code, ..Facts::default() };
        let (actor, policy) = (Actor::System("test"), Policy::default());
        let scene = Scene { facts: &facts, actor: &actor, policy: &policy, now: Time(100) };
        let start = StartSession {
            user: UserId(1),
            method: "password".to_owned(),
            ip: None,
            user_agent: None,
            refresh: Sealed::default(),
            proof,
            remember: None,
        };
        match proven(&scene, &start) {
            Ok(events) => events.first().map_or("password", Event::word),
            Err(error) if error == wanted() => "wanted",
            Err(error) if error == refused() => "refused",
            Err(error) => panic!("{error}"),
        }
    }

    #[test]
    fn who_has_a_second_factor_is_let_in_with_it_or_on_a_trusted_device() {
        let code = || Proof::BackupCode(Sealed(Some("x".to_owned())));
        let token = || Proof::Device("t".to_owned());
        let good = || Some(device(1, 101, false));
        for (proof, last_step, known, backup, comes_to) in [
            // Without a second factor, whatever is shown.
            (Proof::Nothing, None, None, false, "password"),
            (Proof::Step(7), None, None, false, "password"),
            (code(), None, None, false, "password"),
            (token(), None, None, false, "password"),
            (token(), None, good(), false, "trusted_device_used"),
            // With one.
            (Proof::Nothing, Some(0), None, false, "wanted"),
            (Proof::Nothing, Some(0), good(), true, "wanted"),
            (Proof::Step(7), Some(6), None, false, "second_factor_used"),
            (Proof::Step(7), Some(7), None, false, "refused"),
            (Proof::Step(7), Some(8), None, false, "refused"),
            (code(), Some(0), None, true, "second_factor_used"),
            (code(), Some(0), None, false, "refused"),
            (token(), Some(0), good(), false, "trusted_device_used"),
            (token(), Some(0), None, false, "wanted"),
            (token(), Some(0), Some(device(2, 101, false)), false, "wanted"),
            (token(), Some(0), Some(device(1, 100, false)), false, "wanted"),
            (token(), Some(0), Some(device(1, 101, true)), false, "wanted"),
        ] {
            let shown = format!("{proof:?} {last_step:?} {known:?} {backup}");
            assert_eq!(told(proof, last_step, known, backup), comes_to, "{shown}");
        }
    }
}
