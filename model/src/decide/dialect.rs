//! Explicit writes by dialects whose words are not ours: compared before they are written, under the write lock.
//!
//! A dialect with fewer words sends back what it was shown, and must not flatten what it can't see (`dialects.md` 0.4): a
//! value that it shows by the same word is left alone. One with more words ("reopened" as a status) says which it means.

use super::ticket::{moved, priority_event, ticket_for};
use super::{Decision, Scene};
use crate::access::Operation;
use crate::command::{WritePriority, WriteStatus};
use crate::error::{Error, Result};
use crate::event::{Change, Event};
use crate::text;
use crate::ticket::Status;

pub(super) fn write_status(scene: &Scene<'_>, write: &WriteStatus) -> Result<Decision> {
    let ticket = ticket_for(scene, Operation::ChangeStatus)?;
    let reason = text::reason("reason", write.reason.as_deref())?;
    let there = ticket.status == write.status || write.alike.contains(&ticket.status);
    let refused = |to| Err(Error::InvalidTransition { from: ticket.status.word(), to });
    match (write.reopened, there) {
        (None, true) => return Ok(Decision::default()),
        (Some(reopened), true) if ticket.reopened == reopened => return Ok(Decision::default()),
        // From reopened to open: the flag dies, as with every move.
        (Some(false), true) => {
            return Ok(Event::StatusChanged {
                ticket: ticket.id,
                status: Change { from: ticket.status, to: ticket.status },
                resolution: Change { from: ticket.resolution, to: ticket.resolution },
                reopened: false,
                reason,
            }
            .into());
        }
        // Only what was resolved or closed is reopened, and it becomes nothing else that is open.
        (Some(true), true) => return refused("reopened"),
        (Some(true), false) if ticket.is_active() => return refused("reopened"),
        (Some(false), false) if !ticket.is_active() && write.status == Status::Open => {
            return refused(write.status.word());
        }
        (Some(_) | None, false) => {}
    }
    moved(ticket, write.status, None, reason).map(Into::into)
}

pub(super) fn write_priority(scene: &Scene<'_>, write: &WritePriority) -> Result<Decision> {
    let ticket = ticket_for(scene, Operation::SetPriority)?;
    if write.alike.contains(&ticket.priority) {
        return Ok(Decision::default());
    }
    Ok(priority_event(scene, ticket, write.priority).into_iter().collect::<Vec<_>>().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actor::{Member, Via};
    use crate::command::{Command, OpenTicket, Request};
    use crate::counters::Counters;
    use crate::decide::{Facts, decide};
    use crate::id::{SessionId, TicketId, UserId};
    use crate::people::Role;
    use crate::policy::Policy;
    use crate::ticket::{Priority, Ticket};
    use crate::{Actor, Time};
    use Status::{Cancelled, Closed, InProgress, New, Open, Pending, Resolved};

    fn actor(role: Role) -> Actor {
        Actor::User(Member { id: UserId(1), role, via: Via::Session(SessionId(1)), scopes: Vec::new() })
    }

    fn decided(facts: &Facts, role: Role, command: Command) -> Result<Vec<Event>> {
        let (actor, policy) = (actor(role), Policy::default());
        let scene = Scene { facts, actor: &actor, policy: &policy, now: Time(0) };
        decide(&scene, &Request::from(command), &mut Counters::default()).map(|decision| decision.events)
    }

    fn ticket(change: impl FnOnce(&mut Ticket)) -> Facts {
        let open = Command::OpenTicket(Box::new(OpenTicket::new("t", "d")));
        let events = decided(&Facts::default(), Role::User, open).unwrap();
        let [Event::TicketOpened { ticket, .. }] = events.as_slice() else { panic!("no ticket") };
        let mut ticket = (**ticket).clone();
        change(&mut ticket);
        Facts { ticket: Some(ticket), ..Facts::default() }
    }

    /// What the words of the Orris dialect mean.
    fn write(word: &str) -> Command {
        let (status, alike, reopened): (Status, &'static [Status], Option<bool>) = match word {
            "open" => (Open, &[], Some(false)),
            "reopened" => (Open, &[], Some(true)),
            "closed" => (Closed, &[Closed, Cancelled], None),
            other => (Status::parse(other).unwrap(), &[], None),
        };
        Command::WriteStatus(TicketId(100_001), WriteStatus { status, alike, reopened, reason: None })
    }

    #[test]
    fn reopened_is_a_status_to_those_who_say_so() {
        // From, with the flag, the word; to, with the flag. None: refused. The same: nothing happens.
        for (from, flag, word, to) in [
            (New, false, "open", Some((Open, false))),
            (New, false, "reopened", None),
            (New, false, "new", Some((New, false))),
            (Open, false, "open", Some((Open, false))),
            (Open, false, "reopened", None),
            (Open, true, "reopened", Some((Open, true))),
            (Open, true, "open", Some((Open, false))),
            (Open, true, "in_progress", Some((InProgress, false))),
            (Open, true, "closed", Some((Closed, false))),
            (Open, false, "resolved", None),
            (InProgress, false, "open", None),
            (Pending, false, "resolved", Some((Resolved, false))),
            (Resolved, false, "reopened", Some((Open, true))),
            (Resolved, false, "open", None),
            (Closed, false, "reopened", Some((Open, true))),
            (Closed, false, "open", None),
            (Closed, false, "in_progress", None),
            (Closed, false, "closed", Some((Closed, false))),
            (Cancelled, false, "closed", Some((Cancelled, false))),
            (Cancelled, false, "reopened", Some((Open, true))),
        ] {
            let facts = ticket(|t| (t.status, t.reopened) = (from, flag));
            let told = decided(&facts, Role::Agent, write(word));
            match (to, told) {
                (None, Err(Error::InvalidTransition { .. })) => {}
                (Some(to), Ok(events)) => {
                    let mut after = facts.ticket.clone().unwrap();
                    for event in &events {
                        after.evolve(event, Time(1));
                    }
                    assert_eq!((after.status, after.reopened), to, "{from:?} {flag} {word}");
                    assert_eq!(events.is_empty(), to == (from, flag), "{from:?} {flag} {word}");
                }
                (_, told) => panic!("{from:?} {flag} {word}: {told:?}"),
            }
        }
        assert!(matches!(decided(&ticket(|_| ()), Role::User, write("open")), Err(Error::Forbidden { .. })));
    }

    #[test]
    fn a_coarse_word_does_not_flatten_a_fine_value() {
        let write = |priority| {
            let alike: &'static [Priority] =
                if priority == Priority::Urgent { &[Priority::Urgent, Priority::Critical] } else { &[] };
            Command::WritePriority(TicketId(100_001), WritePriority { priority, alike })
        };
        let critical = ticket(|t| t.priority = Priority::Critical);
        assert_eq!(decided(&critical, Role::Agent, write(Priority::Urgent)), Ok(Vec::new()));
        assert_eq!(decided(&critical, Role::Agent, write(Priority::High)).map(|events| events.len()), Ok(1));
        let told = decided(&critical, Role::User, write(Priority::Urgent));
        assert!(matches!(told, Err(Error::Forbidden { .. })), "also where nothing would change");
    }

    #[test]
    fn deleted_tickets_are_gone_for_those_who_ignore_them() {
        let facts = ticket(|t| t.deleted_at = Some(Time(0)));
        let (actor, policy) = (actor(Role::Admin), Policy::default());
        let scene = Scene { facts: &facts, actor: &actor, policy: &policy, now: Time(0) };
        let mut request = Request::from(write("open"));
        assert!(decide(&scene, &request, &mut Counters::default()).is_ok());
        request.ignores_deleted = true;
        let told = decide(&scene, &request, &mut Counters::default()).map(|_| ());
        assert_eq!(told, Err(Error::not_found("ticket")));
    }
}
