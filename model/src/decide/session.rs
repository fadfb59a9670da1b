//! Rules of sessions and API tokens. Whether a password is right, the engine has checked before.

use super::{Decision, Scene};
use crate::access::{self, Operation};
use crate::command::{CreateApiToken, RefreshSession, StartSession};
use crate::counters::Counters;
use crate::error::{Doubt, Error, Result};
use crate::event::Event;
use crate::id::{SessionId, UserId};
use crate::session::{self, ApiToken, Refresh, Session};
use crate::text;
use crate::time::DAY;

pub(super) fn start(scene: &Scene<'_>, start: &StartSession, counters: &mut Counters) -> Result<Decision> {
    access::in_general(scene.actor, Operation::Housekeeping)?;
    let user = scene.facts.user()?;
    if !user.is_active() {
        return Err(Error::unauthenticated("this account is not active"));
    }
    let mut events = super::factor::proven(scene, start)?;
    let session = Session {
        id: counters.next_session(),
        user: user.id,
        method: session::method(&start.method, &events),
        ip: start.ip.clone(),
        user_agent: start.user_agent.as_deref().map(shown),
        created_at: scene.now,
        last_used_at: scene.now,
        expires_at: scene.now.plus(scene.policy.refresh_days * DAY),
        ended_at: None,
        end_reason: None,
    };
    events.push(Event::SessionStarted { session: Box::new(session), refresh: start.refresh.clone() });
    if let Some(trust) = &start.remember {
        events.extend(super::device::trust(scene, start, trust, counters));
    }
    Ok(events.into())
}

/// A program's own name, as far as it is kept.
pub(super) fn shown(user_agent: &str) -> String {
    user_agent.chars().filter(|c| !c.is_control()).take(500).collect()
}

/// Refresh tokens are used once. One that comes again ends its whole session: either it or its successor is stolen.
pub(super) fn refresh(scene: &Scene<'_>, refresh: &RefreshSession) -> Result<Decision> {
    access::in_general(scene.actor, Operation::Housekeeping)?;
    let no = || Error::unauthenticated("the refresh token is not valid (any more); sign in again");
    let session = scene.facts.session.as_ref().filter(|s| s.ended_at.is_none()).ok_or_else(no)?;
    if !session.is_live(scene.now) {
        return Err(Error::doubted(Doubt::Expired, "the session has expired; sign in again"));
    }
    match scene.facts.refresh {
        Refresh::Unknown => Err(no()),
        Refresh::Used => Ok(Decision {
            events: vec![Event::SessionEnded {
                session: session.id,
                user: session.user,
                reason: "a refresh token was used twice".to_owned(),
            }],
            refusal: Some(no()),
        }),
        Refresh::Current => {
            if !scene.facts.user.as_ref().is_some_and(crate::people::User::is_active) {
                return Err(no());
            }
            Ok(Event::SessionRefreshed {
                session: session.id,
                user: session.user,
                expires_at: scene.now.plus(scene.policy.refresh_days * DAY),
                refresh: refresh.refresh.clone(),
            }
            .into())
        }
    }
}

pub(super) fn end(scene: &Scene<'_>, reason: &str) -> Result<Decision> {
    let session = scene.facts.session.as_ref().ok_or_else(|| Error::not_found("session"))?;
    access::on_person(scene.actor, Operation::EndSession, Some(session.user))
        .map_err(|error| error.hidden("session"))?;
    if session.ended_at.is_some() {
        return Ok(Decision::default());
    }
    Ok(Event::SessionEnded { session: session.id, user: session.user, reason: reason.to_owned() }.into())
}

pub(super) fn end_all(scene: &Scene<'_>, except: Option<SessionId>, reason: &str) -> Result<Decision> {
    let user = scene.facts.user()?;
    access::on_person(scene.actor, Operation::EndSession, Some(user.id)).map_err(|error| error.hidden("user"))?;
    Ok(ended(scene, except, reason).into())
}

/// The ends of the person's live sessions.
pub(super) fn ended(scene: &Scene<'_>, except: Option<SessionId>, reason: &str) -> Vec<Event> {
    let live = scene.facts.sessions.iter().filter(|s| s.is_live(scene.now) && Some(s.id) != except);
    live.map(|s| Event::SessionEnded { session: s.id, user: s.user, reason: reason.to_owned() }).collect()
}

pub(super) fn note_failure(
    scene: &Scene<'_>,
    user: UserId,
    method: &str,
    (ip, agent): (Option<&str>, Option<&str>),
) -> Result<Decision> {
    access::in_general(scene.actor, Operation::Housekeeping)?;
    let (ip, user_agent) = (ip.map(str::to_owned), agent.map(shown));
    Ok(Event::SignInFailed { user, method: method.to_owned(), ip, user_agent }.into())
}

pub(super) fn create_token(scene: &Scene<'_>, create: &CreateApiToken, counters: &mut Counters) -> Result<Decision> {
    let user = scene.facts.user()?;
    access::on_person(scene.actor, Operation::CreateApiToken, Some(user.id)).map_err(|error| error.hidden("user"))?;
    // A token can't make one that may do more than itself.
    if let crate::Actor::User(member) = scene.actor
        && !member.scopes.is_empty()
        && (create.scopes.is_empty() || create.scopes.iter().any(|s| !member.scopes.contains(s)))
    {
        return Err(Error::Forbidden { what: "create an API token with more scopes than the one in use" });
    }
    if !user.is_active() {
        return Err(Error::conflict("user", "this account is not active"));
    }
    if create.expires_at.is_some_and(|at| at <= scene.now) {
        return Err(Error::invalid("expires_at", "must lie in the future"));
    }
    let token = ApiToken {
        id: counters.next_api_token(),
        user: user.id,
        name: text::required("name", &create.name, 100)?,
        scopes: create.scopes.clone(),
        created_at: scene.now,
        expires_at: create.expires_at,
        revoked_at: None,
    };
    Ok(Event::ApiTokenCreated { token: Box::new(token), secret: create.secret.clone() }.into())
}

pub(super) fn revoke_token(scene: &Scene<'_>) -> Result<Decision> {
    let token = scene.facts.api_token.as_ref().ok_or_else(|| Error::not_found("API token"))?;
    access::on_person(scene.actor, Operation::RevokeApiToken, Some(token.user))
        .map_err(|error| error.hidden("API token"))?;
    if token.revoked_at.is_some() {
        return Ok(Decision::default());
    }
    Ok(Event::ApiTokenRevoked { token: token.id, user: token.user }.into())
}
