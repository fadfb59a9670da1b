//! Several changes of one ticket at once: together or not at all.

use super::tickets::{CustomerInput, category_edit};
use super::{Sent, edit, payloads, run};
use crate::error::Result;
use crate::node::{read, read_all};
use crate::scalars::{DateTime, Object as JsonObject};
use crate::ticket::Ticket;
use crate::words::{Priority, Status};
use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object};
use model::command::{
    AddComment, AssignTicket, ChangeTicket, Edit, EditTicket, Hand, Rating, WritePriority, WriteStatus,
};
use model::comment::Visibility;

#[derive(Default)]
pub(super) struct Together;

/// What to change of a ticket, all of it or nothing: what is left out stays, null takes away.
#[derive(InputObject)]
pub struct ChangeTicketInput {
    /// The ticket.
    id: ID,
    /// One line of 1 to 200 characters.
    title: Option<String>,
    /// What it is about; its author may change that.
    description: Option<String>,
    /// A type code of your own.
    #[graphql(name = "type")]
    kind: Option<String>,
    /// The category's id.
    category: MaybeUndefined<ID>,
    /// The category's key instead of its id.
    category_key: Option<String>,
    /// The department that works on it.
    department: MaybeUndefined<String>,
    /// All tags that it is to have.
    tags: Option<Vec<String>>,
    /// All custom fields that it is to have.
    custom_fields: Option<JsonObject>,
    /// The customer.
    customer: Option<CustomerInput>,
    /// When it is due.
    due_at: MaybeUndefined<DateTime>,
    /// Where it is to go. A requester may close what is resolved, take back what they asked for, and ask again.
    status: Option<Status>,
    /// Why it goes there.
    reason: Option<String>,
    /// How much it is to matter.
    priority: Option<Priority>,
    /// 1 (bad) to 5 (good): the requester's, which staff may pass on.
    rating: Option<i64>,
    /// Why it is rated so.
    rating_comment: Option<String>,
    /// Who is to work on it; null takes it away from its assignee.
    assignee: MaybeUndefined<ID>,
    /// What to say about it.
    comment: Option<TogetherCommentInput>,
    /// Only if the ticket is still of this version.
    expected_version: Option<i64>,
    /// Makes a repetition harmless.
    client_mutation_id: Option<String>,
}

/// What is said with a change.
#[derive(InputObject)]
pub struct TogetherCommentInput {
    /// The text.
    body: String,
    /// Only for staff; public if nothing is said.
    internal: Option<bool>,
    /// Files that were uploaded before.
    attachments: Option<Vec<ID>>,
}

payloads! {
    /// What changing a ticket came to.
    ChangeTicketPayload {
        /// The ticket as it is now.
        ticket: Ticket
    }
    /// What discarding a ticket came to.
    DiscardTicketPayload {
        /// The ticket as it is now.
        ticket: Ticket
    }
}

/// A ticket of one's own to delete.
#[derive(InputObject)]
pub struct DiscardTicketInput {
    /// The ticket.
    id: ID,
    /// Only if the ticket is still of this version.
    expected_version: Option<i64>,
    /// Makes a repetition harmless.
    client_mutation_id: Option<String>,
}

#[Object(name = "MutationTogether")]
impl Together {
    /// Makes several changes of a ticket: all of them, or none if one is refused.
    async fn change_ticket(&self, ctx: &Context<'_>, input: ChangeTicketInput) -> Result<ChangeTicketPayload> {
        let sent =
            Sent { client_mutation_id: input.client_mutation_id.clone(), expected_version: input.expected_version };
        run(ctx, sent, async |call, by| {
            let id = read("id", &input.id)?;
            Ok(call.engine.change_ticket(&by, id, input.read()?).await?.into())
        })
        .await
    }

    /// Deletes a ticket that one opened oneself (or that one may delete anyway); supervisors can restore it.
    async fn discard_ticket(&self, ctx: &Context<'_>, input: DiscardTicketInput) -> Result<DiscardTicketPayload> {
        let sent = Sent { client_mutation_id: input.client_mutation_id, expected_version: input.expected_version };
        run(ctx, sent, async |call, by| Ok(call.engine.discard_ticket(&by, read("id", &input.id)?).await?.into())).await
    }
}

impl ChangeTicketInput {
    fn read(self) -> model::Result<ChangeTicket> {
        let customer = self.customer.map(CustomerInput::read).unwrap_or_default();
        let hand = match edit(self.assignee).try_map(|id| read("assignee", &id))? {
            Edit::Keep => None,
            Edit::Set(assignee) => Some(Hand::Assign(AssignTicket { assignee, department: Edit::Keep, reason: None })),
        };
        let rated = self.rating.is_some() || self.rating_comment.is_some();
        Ok(ChangeTicket {
            record: false,
            comment: self.comment.map(TogetherCommentInput::read).transpose()?,
            description: self.description,
            edit: EditTicket {
                title: self.title,
                kind: self.kind,
                category: category_edit(&self.category, self.category_key)?,
                department: edit(self.department),
                tags: self.tags,
                custom_fields: self.custom_fields.map(|json| json.0),
                customer_name: customer.name,
                customer_email: customer.email,
                customer_phone: customer.phone,
                due_at: edit(self.due_at).map(|at| at.0),
                native: None,
            },
            kind: None,
            status: self.status.map(|status| WriteStatus {
                status: status.into(),
                alike: &[],
                reopened: None,
                reason: self.reason,
            }),
            priority: self.priority.map(|priority| WritePriority { priority: priority.into(), alike: &[] }),
            rating: rated.then_some(Rating { stars: self.rating, comment: self.rating_comment }),
            hand,
        })
    }
}

impl TogetherCommentInput {
    fn read(self) -> model::Result<AddComment> {
        let internal = self.internal.unwrap_or_default();
        Ok(AddComment {
            visibility: if internal { Visibility::Internal } else { Visibility::Public },
            attachments: read_all("attachments", self.attachments.as_deref())?,
            ..AddComment::public(self.body)
        })
    }
}
