//! The same for many tickets at once. What goes wrong with one ticket stands beside it; the others are done.

use super::{Sent, payloads, run};
use crate::error::{Result, UserError, every_error};
use crate::node::{global, read_all, read_or};
use crate::ticket::Ticket;
use crate::words::{Resolution, Status};
use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use model::command::{AssignTicket, ChangeStatus, Command, Edit};
use model::id::TicketId;

#[derive(Default)]
pub(super) struct Bulk;

/// Who is to work on these tickets.
#[derive(InputObject)]
pub struct BulkAssignInput {
    /// At most 200 tickets.
    ids: Vec<ID>,
    /// Who; null takes them away from their assignees.
    assignee: Option<ID>,
    /// Why.
    reason: Option<String>,
    /// Makes a repetition harmless.
    client_mutation_id: Option<String>,
}

/// Where these tickets are to go.
#[derive(InputObject)]
pub struct BulkChangeStatusInput {
    /// At most 200 tickets.
    ids: Vec<ID>,
    /// Where to.
    status: Status,
    /// The verdict, where they end there.
    resolution: Option<Resolution>,
    /// Why.
    reason: Option<String>,
    /// Makes a repetition harmless.
    client_mutation_id: Option<String>,
}

/// What it came to for one of many tickets.
#[derive(SimpleObject)]
pub struct BulkResult {
    /// The ticket's global id.
    id: ID,
    /// The ticket as it is now, if it was done.
    ticket: Option<Ticket>,
    /// What is wrong, if it was not.
    user_errors: Vec<UserError>,
}

payloads! {
    /// What assigning many tickets came to.
    BulkAssignPayload {
        /// One for each ticket, in the input's order.
        results: Vec<BulkResult>
    }
    /// What moving many tickets came to.
    BulkChangeStatusPayload {
        /// One for each ticket, in the input's order.
        results: Vec<BulkResult>
    }
}

#[Object(name = "MutationBulk")]
impl Bulk {
    /// Gives tickets to somebody, or takes them away.
    #[graphql(complexity = "50 + input.ids.len() * child_complexity")]
    async fn bulk_assign(&self, ctx: &Context<'_>, input: BulkAssignInput) -> Result<BulkAssignPayload> {
        run(ctx, Sent::id(input.client_mutation_id), async |call, by| {
            let ids: Vec<TicketId> = read_all("ids", Some(&input.ids))?;
            let assign = AssignTicket {
                assignee: read_or("assignee", input.assignee.as_ref())?,
                department: Edit::Keep,
                reason: input.reason,
            };
            Ok(results(call.engine.bulk(&by, &ids, |id| Command::AssignTicket(id, assign.clone())).await?))
        })
        .await
    }

    /// Moves tickets to another status, where that move is legal.
    #[graphql(complexity = "50 + input.ids.len() * child_complexity")]
    async fn bulk_change_status(
        &self,
        ctx: &Context<'_>,
        input: BulkChangeStatusInput,
    ) -> Result<BulkChangeStatusPayload> {
        run(ctx, Sent::id(input.client_mutation_id), async |call, by| {
            let ids: Vec<TicketId> = read_all("ids", Some(&input.ids))?;
            let change = ChangeStatus {
                status: input.status.into(),
                resolution: input.resolution.map(Into::into),
                reason: input.reason,
            };
            Ok(results(call.engine.bulk(&by, &ids, |id| Command::ChangeStatus(id, change.clone())).await?))
        })
        .await
    }
}

/// What became of each. One that failed inside hides nothing of what happened to the others.
fn results(each: Vec<(TicketId, model::Result<model::ticket::Ticket>)>) -> Vec<BulkResult> {
    let one = |(id, result): (TicketId, model::Result<model::ticket::Ticket>)| match result {
        Ok(ticket) => BulkResult { id: global(id), ticket: Some(ticket.into()), user_errors: Vec::new() },
        Err(error) => BulkResult { id: global(id), ticket: None, user_errors: every_error(&error) },
    };
    each.into_iter().map(one).collect()
}
