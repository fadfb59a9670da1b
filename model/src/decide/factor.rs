//! Rules of the second factor: whoever has one is let in with it, or on a device that is trusted, and in no other way.
//!
//! Whether a code is right the engine has checked; whether it may still be used is decided here, under the write lock, so
//! that two who come with the same code at the same time are not both let in.

use super::{Decision, Scene};
use crate::access::{self, Operation};
use crate::command::{EnableSecondFactor, Proof, StartSession};
use crate::error::{Doubt, Error, Result};
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
    Error::invalid("otp_code", "must be given: this account has a second factor, and OTP is required")
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
