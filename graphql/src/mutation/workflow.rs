//! Moving a ticket along: status, priority, assignee, escalation.

use super::{Sent, edit, payloads, run};
use crate::error::Result;
use crate::node::{read, read_or};
use crate::ticket::Ticket;
use crate::words::{Priority, Resolution, Status};
use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object};
use model::command::{AssignTicket, ChangeStatus, EscalateTicket};

#[derive(Default)]
pub(super) struct Workflow;

/// Where a ticket is to go.
#[derive(InputObject)]
pub struct ChangeStatusInput {
    /// The ticket.
    id: ID,
    /// Where to.
    status: Status,
    /// The verdict, where it ends there; `ACCEPTED` if nothing is said.
    resolution: Option<Resolution>,
    /// Why.
    reason: Option<String>,
    /// Only if the ticket is still of this version.
    expected_version: Option<i64>,
    /// Makes a repetition harmless.
    client_mutation_id: Option<String>,
}

/// A ticket to do something with, and why.
#[derive(InputObject)]
pub struct TicketReasonInput {
    /// The ticket.
    id: ID,
    /// Why, at most 500 characters.
    reason: String,
    /// Only if the ticket is still of this version.
    expected_version: Option<i64>,
    /// Makes a repetition harmless.
    client_mutation_id: Option<String>,
}

/// A ticket to take back.
#[derive(InputObject)]
pub struct WithdrawTicketInput {
    /// The ticket.
    id: ID,
    /// Why.
    reason: Option<String>,
    /// Only if the ticket is still of this version.
    expected_version: Option<i64>,
    /// Makes a repetition harmless.
    client_mutation_id: Option<String>,
}

/// How much a ticket is to matter.
#[derive(InputObject)]
pub struct SetPriorityInput {
    /// The ticket.
    id: ID,
    /// How much it matters.
    priority: Priority,
    /// Only if the ticket is still of this version.
    expected_version: Option<i64>,
    /// Makes a repetition harmless.
    client_mutation_id: Option<String>,
}

/// Who is to work on a ticket.
#[derive(InputObject)]
pub struct AssignTicketInput {
    /// The ticket.
    id: ID,
    /// Who; null takes it away from its assignee.
    assignee: Option<ID>,
    /// The department; what is left out stays, null takes away.
    department: MaybeUndefined<String>,
    /// Why.
    reason: Option<String>,
    /// Only if the ticket is still of this version.
    expected_version: Option<i64>,
    /// Makes a repetition harmless.
    client_mutation_id: Option<String>,
}

/// A ticket that needs more attention.
#[derive(InputObject)]
pub struct EscalateTicketInput {
    /// The ticket.
    id: ID,
    /// Why.
    reason: Option<String>,
    /// Who is to work on it now.
    assignee: Option<ID>,
    /// What its priority is to become, if not the next step; never less than it is.
    priority: Option<Priority>,
    /// Only if the ticket is still of this version.
    expected_version: Option<i64>,
    /// Makes a repetition harmless.
    client_mutation_id: Option<String>,
}

payloads! {
    /// What changing a status came to.
    ChangeStatusPayload {
        /// The ticket as it is now.
        ticket: Ticket
    }
    /// What closing a ticket came to.
    CloseTicketPayload {
        /// The ticket as it is now.
        ticket: Ticket
    }
    /// What reopening a ticket came to.
    ReopenTicketPayload {
        /// The ticket as it is now.
        ticket: Ticket
    }
    /// What taking a ticket back came to.
    WithdrawTicketPayload {
        /// The ticket as it is now.
        ticket: Ticket
    }
    /// What setting a priority came to.
    SetPriorityPayload {
        /// The ticket as it is now.
        ticket: Ticket
    }
    /// What assigning a ticket came to.
    AssignTicketPayload {
        /// The ticket as it is now.
        ticket: Ticket
    }
    /// What escalating a ticket came to.
    EscalateTicketPayload {
        /// The ticket as it is now.
        ticket: Ticket
    }
}

#[Object(name = "MutationWorkflow")]
impl Workflow {
    /// Moves a ticket to another status, where that move is legal.
    async fn change_status(&self, ctx: &Context<'_>, input: ChangeStatusInput) -> Result<ChangeStatusPayload> {
        let sent = Sent { client_mutation_id: input.client_mutation_id, expected_version: input.expected_version };
        run(ctx, sent, async |call, by| {
            let change = ChangeStatus {
                status: input.status.into(),
                resolution: input.resolution.map(Into::into),
                reason: input.reason,
            };
            Ok(call.engine.change_status(&by, read("id", &input.id)?, change).await?.into())
        })
        .await
    }

    /// Closes a ticket. Its requester may close what is resolved.
    async fn close_ticket(&self, ctx: &Context<'_>, input: TicketReasonInput) -> Result<CloseTicketPayload> {
        let sent = Sent { client_mutation_id: input.client_mutation_id, expected_version: input.expected_version };
        run(ctx, sent, async |call, by| {
            Ok(call.engine.close_ticket(&by, read("id", &input.id)?, input.reason).await?.into())
        })
        .await
    }

    /// Reopens a resolved, closed or cancelled ticket.
    async fn reopen_ticket(&self, ctx: &Context<'_>, input: TicketReasonInput) -> Result<ReopenTicketPayload> {
        let sent = Sent { client_mutation_id: input.client_mutation_id, expected_version: input.expected_version };
        run(ctx, sent, async |call, by| {
            Ok(call.engine.reopen_ticket(&by, read("id", &input.id)?, input.reason).await?.into())
        })
        .await
    }

    /// Takes one's own ticket back.
    async fn withdraw_ticket(&self, ctx: &Context<'_>, input: WithdrawTicketInput) -> Result<WithdrawTicketPayload> {
        let sent = Sent { client_mutation_id: input.client_mutation_id, expected_version: input.expected_version };
        run(ctx, sent, async |call, by| {
            Ok(call.engine.withdraw_ticket(&by, read("id", &input.id)?, input.reason).await?.into())
        })
        .await
    }

    /// Says how much a ticket matters; its service level's times follow.
    async fn set_priority(&self, ctx: &Context<'_>, input: SetPriorityInput) -> Result<SetPriorityPayload> {
        let sent = Sent { client_mutation_id: input.client_mutation_id, expected_version: input.expected_version };
        run(ctx, sent, async |call, by| {
            Ok(call.engine.set_priority(&by, read("id", &input.id)?, input.priority.into()).await?.into())
        })
        .await
    }

    /// Gives a ticket to somebody, or takes it away.
    async fn assign_ticket(&self, ctx: &Context<'_>, input: AssignTicketInput) -> Result<AssignTicketPayload> {
        let sent = Sent { client_mutation_id: input.client_mutation_id, expected_version: input.expected_version };
        run(ctx, sent, async |call, by| {
            let assign = AssignTicket {
                assignee: read_or("assignee", input.assignee.as_ref())?,
                department: edit(input.department),
                reason: input.reason,
            };
            Ok(call.engine.assign_ticket(&by, read("id", &input.id)?, assign).await?.into())
        })
        .await
    }

    /// Says that a ticket needs more attention: its priority rises.
    async fn escalate_ticket(&self, ctx: &Context<'_>, input: EscalateTicketInput) -> Result<EscalateTicketPayload> {
        let sent = Sent { client_mutation_id: input.client_mutation_id, expected_version: input.expected_version };
        run(ctx, sent, async |call, by| {
            let escalate = EscalateTicket {
                reason: input.reason,
                assignee: read_or("assignee", input.assignee.as_ref())?,
                priority: input.priority.map(Into::into),
            };
            Ok(call.engine.escalate_ticket(&by, read("id", &input.id)?, escalate).await?.into())
        })
        .await
    }
}
