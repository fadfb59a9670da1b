//! Rules of sending mail: who may say how, and what an edit comes to.

use super::{Decision, Scene};
use crate::access::{self, Operation};
use crate::command::{Edit, SetEmailConfig};
use crate::error::{Error, Result};
use crate::event::{Change, Event};
use crate::mail::{self, EmailConfig};
use crate::session::Sealed;

pub(super) fn set(scene: &Scene<'_>, set: &SetEmailConfig) -> Result<Decision> {
    access::in_general(scene.actor, Operation::ManageEmail)?;
    let asked = mail::check(set.config.clone())?;
    let known = scene.facts.email.as_ref().map(|state| state.config.clone()).unwrap_or_default();
    let before = known.over(&scene.policy.smtp);
    let mut to = EmailConfig {
        host: asked.host.or_else(|| known.host.clone()),
        port: asked.port.or(known.port),
        username: asked.username.or_else(|| known.username.clone()),
        from: asked.from.or_else(|| known.from.clone()),
        from_name: asked.from_name.or_else(|| known.from_name.clone()),
        security: asked.security.or(known.security),
        enabled: asked.enabled.or(known.enabled),
        has_password: known.has_password,
    };
    let after = to.over(&scene.policy.smtp);
    if set.password == Edit::Keep && before.has_password && after.host != before.host && !before.host.is_empty() {
        // Whoever may write settings could otherwise have the password sent to a server of theirs.
        return Err(Error::invalid("smtp_password", "must be sent again when smtp_host changes"));
    }
    if after.enabled && after.host.is_empty() && set.config.enabled == Some(true) {
        return Err(Error::invalid("smtp_host", "is needed before mail can be sent"));
    }
    let (password, password_set) = match &set.password {
        Edit::Keep => (Sealed::default(), false),
        Edit::Set(sealed) => {
            to.has_password = Some(sealed.0.is_some());
            // Two passwords can't be compared, because they are encrypted: setting one is a change.
            (sealed.clone(), sealed.0.is_some() || known.has_password != Some(false))
        }
    };
    match Change::of(known.clone(), to.clone()) {
        None if !password_set => Ok(Decision::default()),
        change => {
            let config = Box::new(change.unwrap_or(Change { from: known, to }));
            Ok(Event::EmailConfigChanged { config, password_set, password }.into())
        }
    }
}

/// How a test mail went.
pub(super) fn tested(scene: &Scene<'_>, ok: bool, why: Option<&str>) -> Result<Decision> {
    access::in_general(scene.actor, Operation::ManageEmail)?;
    let why = why.map(|why| why.chars().filter(|c| !c.is_control()).take(500).collect());
    Ok(Event::EmailTested { ok, why }.into())
}
