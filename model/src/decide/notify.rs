//! Rules of what one person is written: by an administrator, or by a rule of automation.
//!
//! Whether it comes through and by which route, its reader's own rules say (`notice.rs`); here is what may be written.

use super::{Decision, Scene};
use crate::access::{self, Operation};
use crate::actor::{Actor, Member, Via};
use crate::command::SendNotification;
use crate::error::{Error, Problems, Result};
use crate::event::Event;
use crate::notice::{CONTENT_MAX, Route, TITLE_MAX, URL_MAX, Written};
use crate::people::User;
use crate::text;

pub(super) fn send(scene: &Scene<'_>, send: &SendNotification) -> Result<Decision> {
    access::in_general(scene.actor, Operation::SendNotification)?;
    let user = scene.facts.user.as_ref().ok_or_else(|| Error::not_found("user"))?;
    let mut problems = Problems::default();
    let title = problems.take(text::required("title", &send.title, TITLE_MAX))?;
    let content = problems.take(text::required("content", &send.content, CONTENT_MAX))?;
    let action_url = problems.take(address(send.action_url.as_deref()))?.flatten();
    if send.ticket.is_some() && !shown(scene, user) {
        problems.add("related_ticket_id", "must be a ticket that the recipient can see");
    }
    problems.finish()?;
    let (title, content) = (title.unwrap_or_default(), content.unwrap_or_default());
    if !user.is_active() {
        return Err(Error::conflict("recipient_id", "this account is not active"));
    }
    let wanted = |route: &Route| scene.facts.rules.wants(send.kind, *route, user.role);
    if !Route::ALL.iter().any(wanted) {
        // A rule goes on without them; a person is told that nothing was sent.
        if matches!(scene.actor, Actor::Rule(_)) {
            return Ok(Decision::default());
        }
        return Err(Error::conflict("recipient_id", "they don't want to be told of this kind of thing"));
    }
    let written = Written { title, content, priority: send.priority, action_url, sender: scene.actor.user() };
    Ok(Event::NotificationSent { to: user.id, kind: send.kind, ticket: send.ticket, written: Box::new(written) }.into())
}

/// Whether the recipient may know of the ticket that it is about.
fn shown(scene: &Scene<'_>, user: &User) -> bool {
    let reader = Actor::User(Member { id: user.id, role: user.role, via: Via::Channel, scopes: Vec::new() });
    scene.facts.other.as_ref().is_some_and(|ticket| ticket.deleted_at.is_none() && access::knows(&reader, ticket))
}

/// Where it leads: a page, or a path of whatever shows it.
fn address(url: Option<&str>) -> Result<Option<String>> {
    let Some(url) = text::optional("action_url", url, URL_MAX)? else { return Ok(None) };
    let path = url.starts_with('/') && !url.starts_with("//") && !url.starts_with("/\\");
    let page = ["https://", "http://"].iter().any(|scheme| {
        url.get(..scheme.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(scheme)) && url.len() > scheme.len()
    });
    if !(path || page) || url.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(Error::invalid("action_url", "must begin with https://, http:// or /"));
    }
    Ok(Some(url))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_leads_to_pages_only() {
        for (url, good) in [
            ("/tickets/1", true),
            ("https://desk.example/x?y=z#1", true),
            ("HTTP://desk.example", true),
            ("//evil.example", false),
            ("/\\evil.example", false),
            ("javascript:alert(1)", false),
            ("https://", false),
            ("/a b", false),
            ("tickets/1", false),
        ] {
            assert_eq!(address(Some(url)).is_ok(), good, "{url}");
        }
        assert_eq!(address(Some("  ")).unwrap(), None);
        assert_eq!(address(None).unwrap(), None);
    }
}
