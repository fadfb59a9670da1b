//! Rules of people: accounts, roles, passwords, identities on channels.

use super::{Decision, Scene};
use crate::access::{self, Operation};
use crate::command::{CreateUser, EditAccount, LinkIdentity, MakeContact, ResetPassword};
use crate::counters::Counters;
use crate::error::{Error, Problems, Result};
use crate::event::{Change, Event};
use crate::people::{Channel, Identity, Profile, ProfileInput, Role, User, UserStatus};
use crate::session::Sealed;
use crate::text::{self, Email};

pub(super) fn create(scene: &Scene<'_>, create: &CreateUser, counters: &mut Counters) -> Result<Decision> {
    access::in_general(scene.actor, Operation::CreateUser)?;
    may_give(scene, create.role)?;
    account(scene, create, counters)
}

/// Signing up makes a plain, active user, whatever was sent.
pub(super) fn register(scene: &Scene<'_>, create: &CreateUser, counters: &mut Counters) -> Result<Decision> {
    let plain = CreateUser { role: Role::User, status: UserStatus::Active, ..create.clone() };
    account(scene, &plain, counters)
}

fn account(scene: &Scene<'_>, create: &CreateUser, counters: &mut Counters) -> Result<Decision> {
    let profile = create.profile.check()?;
    let mut problems = Problems::default();
    if profile.email.is_none() && profile.username.is_none() {
        problems.add("email", "or a user name must be given");
    }
    problems.finish()?;
    not_taken(scene)?;
    let user = make(scene, profile, create.role, create.status, create.password.0.is_some(), counters);
    Ok(Event::UserCreated { user: Box::new(user), password: create.password.clone() }.into())
}

fn make(
    scene: &Scene<'_>,
    profile: Profile,
    role: Role,
    status: UserStatus,
    has_password: bool,
    counters: &mut Counters,
) -> User {
    User {
        id: counters.next_user(),
        profile,
        role,
        status,
        has_password,
        created_at: scene.now,
        updated_at: scene.now,
        last_login_at: None,
        login_count: 0,
        version: 1,
    }
}

/// A supervisor handles users and agents; only an administrator handles supervisors and administrators.
fn may_give(scene: &Scene<'_>, role: Role) -> Result<()> {
    if scene.actor.role() == Some(Role::Supervisor) && role > Role::Agent {
        return Err(Error::Forbidden { what: Operation::SetRole.phrase() });
    }
    Ok(())
}

fn not_taken(scene: &Scene<'_>) -> Result<()> {
    match scene.facts.taken.first() {
        Some(field) => Err(Error::conflict(field, format!("that {} is taken", field.replace('_', " ")))),
        None => Ok(()),
    }
}

/// Someone a channel knows: found again by their identity, else made. The e-mail address is theirs only if it's free.
pub(super) fn contact(scene: &Scene<'_>, contact: &MakeContact, counters: &mut Counters) -> Result<Decision> {
    access::in_general(scene.actor, Operation::Housekeeping)?;
    if scene.facts.user.is_some() {
        return Ok(Decision::default());
    }
    let email = contact.email.as_deref().and_then(|e| Email::parse("email", e).ok());
    let email = email.filter(|_| !scene.facts.taken.contains(&"email"));
    let display: Option<String> = contact
        .display
        .as_ref()
        .map(|d| d.chars().filter(|c| !c.is_control()).take(200).collect::<String>().trim().to_owned())
        .filter(|d| !d.is_empty());
    let profile = Profile { email, display_name: display.clone(), ..Profile::default() };
    let user = make(scene, profile, Role::User, UserStatus::Active, false, counters);
    let identity = Identity {
        id: counters.next_identity(),
        user: user.id,
        channel: contact.channel,
        external_id: contact.external_id.clone(),
        display,
        // What a mail says of its sender proves nothing; a chat platform vouches for its own accounts.
        verified: contact.channel != Channel::Email,
        proof: (contact.channel != Channel::Email).then(|| "the channel's own account".to_owned()),
        linked_at: scene.now,
    };
    Ok(vec![
        Event::UserCreated { user: Box::new(user), password: Sealed::default() },
        Event::IdentityLinked { identity: Box::new(identity) },
    ]
    .into())
}

pub(super) fn edit_profile(scene: &Scene<'_>, input: &ProfileInput) -> Result<Decision> {
    let user = target(scene, Operation::EditProfile)?;
    let checked = input.check()?;
    if (input.openid.is_some() || input.staff_id.is_some()) && !matches!(scene.actor.role(), Some(Role::Admin) | None) {
        return Err(Error::Forbidden { what: "change an openid or a staff id" });
    }
    not_taken(scene)?;
    let mut to = user.profile.clone();
    // A field that was sent, even empty, is set; one that wasn't is kept.
    macro_rules! set { ($($field:ident),+) => { $( if input.$field.is_some() { to.$field = checked.$field; } )+ } }
    set!(username, email, first_name, last_name, display_name, phone, avatar_url, openid, staff_id, locale);
    if to.email.is_none() && to.username.is_none() && user.has_password {
        return Err(Error::invalid("email", "or a user name must stay, or nobody could sign in"));
    }
    Ok(Change::of(user.profile.clone(), to)
        .map(|profile| Event::ProfileEdited { user: user.id, profile: Box::new(profile) })
        .into_iter()
        .collect::<Vec<_>>()
        .into())
}

/// The person concerned, if the caller may do this to them. Those who may not read people don't learn who exists.
fn target<'a>(scene: &'a Scene<'_>, operation: Operation) -> Result<&'a User> {
    let reads = access::in_general(scene.actor, Operation::ListStaff).is_ok();
    match scene.facts.user() {
        Ok(user) => {
            access::on_person(scene.actor, operation, Some(user.id))
                .map_err(|error| if reads { error } else { error.hidden("user") })?;
            Ok(user)
        }
        Err(missing) => {
            if matches!(scene.actor, crate::Actor::Anonymous) {
                return Err(access::sign_in());
            }
            Err(missing)
        }
    }
}

pub(super) fn set_role(scene: &Scene<'_>, to: Role) -> Result<Decision> {
    let user = target(scene, Operation::SetRole)?;
    may_give(scene, to)?;
    may_give(scene, user.role)?;
    not_oneself(scene, user)?;
    Ok(Change::of(user.role, to)
        .map(|role| Event::RoleChanged { user: user.id, role })
        .into_iter()
        .collect::<Vec<_>>()
        .into())
}

/// An account that no longer works is signed out everywhere.
pub(super) fn set_status(scene: &Scene<'_>, to: UserStatus) -> Result<Decision> {
    let user = target(scene, Operation::SetUserStatus)?;
    may_give(scene, user.role)?;
    not_oneself(scene, user)?;
    let Some(status) = Change::of(user.status, to) else { return Ok(Decision::default()) };
    let mut events = vec![Event::UserStatusChanged { user: user.id, status }];
    if to != UserStatus::Active {
        events.extend(super::session::ended(scene, None, "the account was closed"));
    }
    Ok(events.into())
}

/// Nobody takes away their own role or account: the last administrator could lock everyone out.
fn not_oneself(scene: &Scene<'_>, user: &User) -> Result<()> {
    if scene.actor.user() == Some(user.id) {
        return Err(Error::Forbidden { what: "change your own role or status" });
    }
    Ok(())
}

/// A new password ends every other session, and no device is trusted any more.
pub(super) fn set_password(scene: &Scene<'_>, password: &Sealed) -> Result<Decision> {
    let user = target(scene, Operation::SetPassword)?;
    let kept = match scene.actor {
        crate::Actor::User(member) => match member.via {
            crate::actor::Via::Session(id) => Some(id),
            crate::actor::Via::ApiToken(_) | crate::actor::Via::Channel => None,
        },
        crate::Actor::Anonymous | crate::Actor::System(_) | crate::Actor::Rule(_) => None,
    };
    let mut events = vec![Event::PasswordChanged { user: user.id, password: password.clone() }];
    events.extend(super::session::ended(scene, kept, "the password was changed"));
    events.extend(super::device::forgotten(scene, "the password was changed"));
    Ok(events.into())
}

/// Several changes of an account at once: each under its own rule, and none of them if one is refused.
pub(super) fn edit_account(scene: &Scene<'_>, edit: &EditAccount) -> Result<Decision> {
    let mut events = Vec::new();
    target(scene, Operation::SetUserStatus)?;
    if edit.profile != ProfileInput::default() {
        events.extend(edit_profile(scene, &edit.profile)?.events);
    }
    if let Some(role) = edit.role.filter(|role| scene.facts.user.as_ref().is_none_or(|user| user.role != *role)) {
        events.extend(set_role(scene, role)?.events);
    }
    if let Some(status) = edit.status.filter(|to| scene.facts.user.as_ref().is_none_or(|user| user.status != *to)) {
        events.extend(set_status(scene, status)?.events);
    }
    if let Some(password) = &edit.password {
        for event in set_password(scene, password)?.events {
            // A session ends once.
            let ends = |held: &Event| matches!((held, &event), (Event::SessionEnded { session: a, .. }, Event::SessionEnded { session: b, .. }) if a == b);
            if !events.iter().any(ends) {
                events.push(event);
            }
        }
    }
    Ok(events.into())
}

/// A link goes to accounts that work and have an address. Whoever asks is told the same in every case.
pub(super) fn request_reset(scene: &Scene<'_>) -> Result<Decision> {
    access::in_general(scene.actor, Operation::Housekeeping)?;
    let user = scene.facts.user.as_ref().filter(|u| u.is_active() && u.profile.email.is_some());
    Ok(user.map(|user| Event::PasswordResetRequested { user: user.id }).into_iter().collect::<Vec<_>>().into())
}

/// The link is good while the account stands as it stood when the link was made: using it uses it up.
pub(super) fn reset_password(scene: &Scene<'_>, reset: &ResetPassword) -> Result<Decision> {
    access::in_general(scene.actor, Operation::Housekeeping)?;
    let user = scene.facts.user.as_ref().filter(|u| u.is_active());
    let fits = scene.facts.print.as_ref() == Some(&reset.print);
    let user = user.filter(|_| fits).ok_or_else(used_up)?;
    let mut events = vec![Event::PasswordChanged { user: user.id, password: reset.password.clone() }];
    events.extend(super::session::ended(scene, None, "the password was reset"));
    events.extend(super::device::forgotten(scene, "the password was reset"));
    Ok(events.into())
}

/// What whoever comes with a link hears that is no good.
pub fn used_up() -> Error {
    Error::invalid("token", "is not valid (any more); ask for another link")
}

pub(super) fn link(scene: &Scene<'_>, link: &LinkIdentity, counters: &mut Counters) -> Result<Decision> {
    access::in_general(scene.actor, Operation::LinkIdentity)?;
    let user = scene.facts.user()?;
    let external_id = text::required("external_id", &link.external_id, 320)?;
    if let Some(held) = &scene.facts.identity {
        if held.user == user.id {
            return Ok(Decision::default());
        }
        return Err(Error::conflict("external_id", "that identity is linked to somebody else; unlink it first"));
    }
    let identity = Identity {
        id: counters.next_identity(),
        user: user.id,
        channel: link.channel,
        external_id,
        display: text::optional("display", link.display.as_deref(), 200)?,
        verified: link.verified,
        proof: text::optional("proof", link.proof.as_deref(), 200)?,
        linked_at: scene.now,
    };
    Ok(Event::IdentityLinked { identity: Box::new(identity) }.into())
}

pub(super) fn unlink(scene: &Scene<'_>) -> Result<Decision> {
    let identity = scene.facts.identity.as_ref().ok_or_else(|| Error::not_found("identity"))?;
    access::on_person(scene.actor, Operation::UnlinkIdentity, Some(identity.user))
        .map_err(|error| error.hidden("identity"))?;
    Ok(Event::IdentityUnlinked {
        identity: identity.id,
        user: identity.user,
        channel: identity.channel,
        external_id: identity.external_id.clone(),
    }
    .into())
}
