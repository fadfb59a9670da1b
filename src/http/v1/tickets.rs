//! `/v1/tickets`: opening, reading, listing, and everything that moves a ticket (seed 003 §3).

use super::{Answer, V1, convert, filter, wire};
use crate::http::App;
use crate::http::dialect::{Body, Caller, Fail, Ids, Params};
use axum::extract::State;
use engine::Caller as By;
use model::Result;
use model::command::{AssignTicket, Command, Edit};
use model::id::{TicketId, UserId};
use model::people::User;
use model::ticket::Ticket;
use std::sync::Arc;

type Server = State<Arc<App>>;

/// `POST /tickets`
pub async fn open(app: Server, by: Caller<V1>, Body(form, ..): Body<wire::NewTicket, V1>) -> Answer<wire::Opened> {
    let ticket = app.engine.open_ticket(&by, convert::open(form)?).await?;
    Ok(wire::Reply::created("Ticket created successfully", convert::opened(&ticket)))
}

/// `GET /tickets/:id`
pub async fn detail(app: Server, by: Caller<V1>, Ids([id], ..): Ids<V1, 1>) -> Answer<wire::Ticket> {
    let detail = app.engine.detail(&by.actor, TicketId(id)).await?;
    let categories = app.engine.categories(&by.actor).await?;
    Ok(wire::Reply::done("", convert::detail(&detail, &categories, app.engine.now())))
}

/// `GET /tickets`
pub async fn list(
    app: Server,
    by: Caller<V1>,
    Params(query, ..): Params<wire::TicketsQuery, V1>,
) -> Answer<Vec<wire::TicketRow>> {
    let categories = app.engine.categories(&by.actor).await?;
    let asked = filter::tickets(&query, &categories).map_err(Fail::of_query)?;
    let found = app.engine.tickets_numbered(&by.actor, &asked.filter, asked.sort, asked.page.part()).await?;
    let people = people(&app, &by, &found.items).await?;
    let now = app.engine.now();
    let rows = found.items.iter().map(|ticket| convert::row(ticket, &people, &categories, now)).collect();
    Ok(wire::Reply::page(rows, asked.page.of(found.total)))
}

/// Those whom the tickets name, each once.
async fn people(app: &App, by: &By, tickets: &[Arc<Ticket>]) -> Result<Vec<Arc<User>>> {
    let mut ids: Vec<UserId> = tickets.iter().flat_map(|t| [Some(t.requester), t.assignee]).flatten().collect();
    ids.sort_unstable();
    ids.dedup();
    app.engine.users_by_ids(&by.actor, &ids).await
}

/// `POST /tickets/:id/assign`
pub async fn assign(
    app: Server,
    by: Caller<V1>,
    Ids([id], ..): Ids<V1, 1>,
    Body(form, ..): Body<wire::Assign, V1>,
) -> Answer<wire::Assigned> {
    let assign = AssignTicket { assignee: Some(convert::assign(form)?), department: Edit::Keep, reason: None };
    let ticket = app.engine.assign_ticket(&by, TicketId(id), assign).await?;
    Ok(wire::Reply::done("Ticket assigned successfully", convert::assigned(&ticket)))
}

/// `PATCH /tickets/:id/status`
pub async fn write_status(
    app: Server,
    by: Caller<V1>,
    Ids([id], ..): Ids<V1, 1>,
    Body(form, ..): Body<wire::NewStatus, V1>,
) -> Answer<wire::StatusWritten> {
    let command = Command::WriteStatus(TicketId(id), convert::write_status(form)?);
    let changed = app.engine.changed(&by, command).await?;
    Ok(wire::Reply::done("Ticket status updated successfully", convert::status_written(&changed)))
}

/// `PATCH /tickets/:id/priority`
pub async fn write_priority(
    app: Server,
    by: Caller<V1>,
    Ids([id], ..): Ids<V1, 1>,
    Body(form, ..): Body<wire::NewPriority, V1>,
) -> Answer<wire::PriorityWritten> {
    let command = Command::WritePriority(TicketId(id), convert::write_priority(form)?);
    let changed = app.engine.changed(&by, command).await?;
    Ok(wire::Reply::done("Ticket priority updated successfully", convert::priority_written(&changed)))
}

/// `POST /tickets/:id/close`
pub async fn close(
    app: Server,
    by: Caller<V1>,
    Ids([id], ..): Ids<V1, 1>,
    Body(form, ..): Body<wire::Reason, V1>,
) -> Answer<wire::Closed> {
    let ticket = app.engine.close_ticket(&by, TicketId(id), convert::reason(form)?).await?;
    Ok(wire::Reply::done("Ticket closed successfully", convert::closed(&ticket)))
}

/// `POST /tickets/:id/reopen`
pub async fn reopen(
    app: Server,
    by: Caller<V1>,
    Ids([id], ..): Ids<V1, 1>,
    Body(form, ..): Body<wire::Reason, V1>,
) -> Answer<wire::Reopened> {
    let ticket = app.engine.reopen_ticket(&by, TicketId(id), convert::reason(form)?).await?;
    Ok(wire::Reply::done("Ticket reopened successfully", convert::reopened(&ticket)))
}

/// `DELETE /tickets/:id`
pub async fn delete(app: Server, by: Caller<V1>, Ids([id], ..): Ids<V1, 1>) -> Answer<()> {
    app.engine.delete_ticket(&by, TicketId(id)).await?;
    Ok(wire::Reply::NoContent)
}
