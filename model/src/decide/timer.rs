//! What time alone does to a ticket, each once: SLA breaches, what was agreed on for them, and the closing of what was resolved
//! long ago.

use super::{Decision, Scene};
use crate::access::{self, Operation};
use crate::error::Result;
use crate::event::Event;
use crate::id::{SlaConfigId, TicketId, UserId};
use crate::people::User;
use crate::sla::{EscalationAction, EscalationRule, RULES_MAX, Target};
use crate::ticket::{Status, Ticket};

/// Fires what is due now; nothing where nothing is. The flags that the events set keep each from firing again.
pub(super) fn fire(scene: &Scene<'_>) -> Result<Decision> {
    access::in_general(scene.actor, Operation::Housekeeping)?;
    let ticket = scene.facts.ticket()?;
    if ticket.deleted_at.is_some() || ticket.merged_into.is_some() {
        return Ok(Decision::default());
    }
    let mut events = Vec::new();
    if ticket.is_active() {
        let unanswered = ticket.first_reply_at.is_none() && !ticket.response_breached;
        if unanswered && ticket.response_due_at <= scene.now {
            events.push(Event::SlaBreached {
                ticket: ticket.id,
                target: Target::Response,
                due_at: ticket.response_due_at,
            });
        }
        if !ticket.resolution_breached && ticket.resolution_due_at <= scene.now {
            events.push(Event::SlaBreached {
                ticket: ticket.id,
                target: Target::Resolution,
                due_at: ticket.resolution_due_at,
            });
        }
    }
    escalate(scene, ticket, &mut events)?;
    if let (Status::Resolved, Some(at), Some(hours)) =
        (ticket.status, ticket.resolved_at, scene.policy.auto_close_hours)
        && at.plus_hours(hours) <= scene.now
    {
        let why = format!("closed by itself {hours} hours after it was resolved");
        events.push(super::ticket::moved(ticket, Status::Closed, None, Some(why))?);
    }
    Ok(events.into())
}

/// Escalation rules that are due, one after the other on what those before made of the ticket. Where one of them puts the
/// ticket under another agreement (or the same one as it is by now), that one's rules wait for the next look: whom they name is not loaded.
fn escalate(scene: &Scene<'_>, ticket: &Ticket, events: &mut Vec<Event>) -> Result<()> {
    let Some(agreement) = &ticket.agreement else { return Ok(()) };
    let mut ticket = ticket.clone();
    for _ in 0..RULES_MAX {
        if ticket.agreement.as_ref() != Some(agreement) {
            break;
        }
        let due = ticket.escalations().filter(|(at, _)| *at <= scene.now).min_by_key(|(at, _)| *at);
        let Some(rule) = due.map(|(_, rule)| rule.clone()) else { break };
        for event in fired(scene, &ticket, agreement.config, rule)? {
            ticket.evolve(&event, scene.now);
            events.push(event);
        }
    }
    Ok(())
}

fn fired(scene: &Scene<'_>, ticket: &Ticket, config: SlaConfigId, rule: EscalationRule) -> Result<Vec<Event>> {
    let unanswered = ticket.first_reply_at.is_none() && ticket.response_due_at <= ticket.resolution_due_at;
    let target = if unanswered { Target::Response } else { Target::Resolution };
    let working = |id: &UserId| {
        let found = scene.facts.people.iter().find(|user| user.id == *id);
        found.filter(|user| user.role.is_staff() && user.is_active())
    };
    // Who does not reach the ticket as it stands now is not told of it.
    let reads = |user: &&User| access::reaches_ticket(user.role, user.id, (ticket.requester, ticket.assignee));
    let told = rule.notify.iter().filter_map(working).filter(reads).map(|user| user.id).collect();
    let escalated = match rule.action {
        EscalationAction::NotifyAdmin => Vec::new(),
        EscalationAction::EscalateToManager => {
            let missed = match target {
                Target::Response => "first answer",
                Target::Resolution => "resolution",
            };
            let why = format!("escalated by itself {} minutes after the {missed} was due", rule.trigger_minutes);
            // Whoever can't work on it by now does not get it.
            let to = rule.target.filter(|id| working(id).is_some());
            let mut events = super::ticket::escalated(ticket, to, Some(why))?;
            events.splice(1..1, super::ticket::priority_event(scene, ticket, ticket.priority.escalated()));
            events
        }
        EscalationAction::ChangePriority => {
            super::ticket::priority_event(scene, ticket, ticket.priority.raised()).into_iter().collect()
        }
    };
    let mut events = vec![Event::SlaEscalated { ticket: ticket.id, config, rule: Box::new(rule), target, told }];
    events.extend(escalated);
    Ok(events)
}

pub(super) fn count_views(scene: &Scene<'_>, views: &[(TicketId, i64)]) -> Result<Decision> {
    access::in_general(scene.actor, Operation::Housekeeping)?;
    if views.is_empty() {
        return Ok(Decision::default());
    }
    Ok(Event::TicketsViewed { views: views.to_vec() }.into())
}
