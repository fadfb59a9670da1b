//! What time alone does to a ticket, each once: SLA breaches and the closing of what was resolved long ago.

use super::{Decision, Scene};
use crate::access::{self, Operation};
use crate::error::Result;
use crate::event::Event;
use crate::id::TicketId;
use crate::sla::Target;
use crate::ticket::Status;

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
    if let (Status::Resolved, Some(at), Some(hours)) =
        (ticket.status, ticket.resolved_at, scene.policy.auto_close_hours)
        && at.plus_hours(hours) <= scene.now
    {
        let why = format!("closed by itself {hours} hours after it was resolved");
        events.push(super::ticket::moved(ticket, Status::Closed, None, Some(why))?);
    }
    Ok(events.into())
}

pub(super) fn count_views(scene: &Scene<'_>, views: &[(TicketId, i64)]) -> Result<Decision> {
    access::in_general(scene.actor, Operation::Housekeeping)?;
    if views.is_empty() {
        return Ok(Decision::default());
    }
    Ok(Event::TicketsViewed { views: views.to_vec() }.into())
}
