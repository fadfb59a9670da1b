//! Opening, editing, rating, deleting, merging tickets.

use super::{Sent, edit, payloads, run};
use crate::error::Result;
use crate::node::{read, read_all, read_or};
use crate::scalars::{DateTime, Object as JsonObject};
use crate::ticket::Ticket;
use crate::words::{Priority, Source};
use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object};
use model::automation::UseTemplate;
use model::command::{CategoryRef, Edit, EditTicket, OpenTicket};
use model::people::Channel;

#[derive(Default)]
pub(super) struct Tickets;

/// A ticket to open.
#[derive(InputObject)]
pub struct OpenTicketInput {
    /// One line of 1 to 200 characters; may be left out where a template says it.
    #[graphql(default)]
    title: String,
    /// What it is about, 1 to 200,000 characters; may be left out where a template says it.
    #[graphql(default)]
    description: String,
    /// How much it matters; `NORMAL` if nothing is said.
    priority: Option<Priority>,
    /// A type code of your own, 1 to 50 characters.
    #[graphql(name = "type")]
    kind: Option<String>,
    /// The category's id.
    category: Option<ID>,
    /// The category's key instead of its id.
    category_key: Option<String>,
    /// How it came in; `WEB` if nothing is said.
    source: Option<Source>,
    /// For whom; staff may open for others.
    requester: Option<ID>,
    /// Who works on it.
    assignee: Option<ID>,
    /// The department that works on it.
    department: Option<String>,
    /// At most 50 tags of at most 50 characters.
    tags: Option<Vec<String>>,
    /// Fields that this installation added.
    custom_fields: Option<JsonObject>,
    /// The customer, where that is not the requester.
    customer: Option<CustomerInput>,
    /// When it is due.
    due_at: Option<DateTime>,
    /// Raw values of single dialects; for staff.
    native: Option<JsonObject>,
    /// Files that were uploaded before.
    attachments: Option<Vec<ID>>,
    /// A template: what is left out here comes from it.
    template: Option<ID>,
    /// What goes into the template's fields and placeholders, by their names.
    template_values: Option<JsonObject>,
    /// Makes a repetition harmless: the same id by the same caller opens one ticket only.
    client_mutation_id: Option<String>,
}

/// The customer as the ticket's opener names them.
#[derive(InputObject)]
pub struct CustomerInput {
    /// The customer's name.
    name: MaybeUndefined<String>,
    /// The customer's e-mail address.
    email: MaybeUndefined<String>,
    /// The customer's telephone number.
    phone: MaybeUndefined<String>,
}

/// What to change of a ticket: what is left out stays, null takes away.
#[derive(InputObject)]
pub struct EditTicketInput {
    /// The ticket.
    id: ID,
    /// One line of 1 to 200 characters.
    title: Option<String>,
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
    /// Raw values of single dialects; for staff.
    native: Option<JsonObject>,
    /// Only if the ticket is still of this version.
    expected_version: Option<i64>,
    /// Makes a repetition harmless.
    client_mutation_id: Option<String>,
}

/// The requester's verdict.
#[derive(InputObject)]
pub struct RateTicketInput {
    /// The ticket.
    id: ID,
    /// 1 (bad) to 5 (good).
    rating: i64,
    /// Why.
    comment: Option<String>,
    /// Only if the ticket is still of this version.
    expected_version: Option<i64>,
    /// Makes a repetition harmless.
    client_mutation_id: Option<String>,
}

/// A ticket to do something with.
#[derive(InputObject)]
pub struct TicketInput {
    /// The ticket.
    pub(super) id: ID,
    /// Only if the ticket is still of this version.
    pub(super) expected_version: Option<i64>,
    /// Makes a repetition harmless.
    pub(super) client_mutation_id: Option<String>,
}

/// Tickets to put together.
#[derive(InputObject)]
pub struct MergeTicketsInput {
    /// The ticket that goes into the other; its comments move there.
    id: ID,
    /// The ticket that it goes into.
    into: ID,
    /// Only if the first ticket is still of this version.
    expected_version: Option<i64>,
    /// Makes a repetition harmless.
    client_mutation_id: Option<String>,
}

payloads! {
    /// What opening a ticket came to.
    OpenTicketPayload {
        /// The new ticket.
        ticket: Ticket
    }
    /// What editing a ticket came to.
    EditTicketPayload {
        /// The ticket as it is now.
        ticket: Ticket
    }
    /// What rating a ticket came to.
    RateTicketPayload {
        /// The ticket as it is now.
        ticket: Ticket
    }
    /// What deleting a ticket came to.
    DeleteTicketPayload {
        /// The ticket as it is now.
        ticket: Ticket
    }
    /// What restoring a ticket came to.
    RestoreTicketPayload {
        /// The ticket as it is now.
        ticket: Ticket
    }
    /// What merging tickets came to.
    MergeTicketsPayload {
        /// The ticket that went into the other, as it is now; `mergedInto` is the other.
        ticket: Ticket
    }
    /// What undoing a merge came to.
    UnmergeTicketPayload {
        /// The ticket that is on its own again.
        ticket: Ticket
    }
}

#[Object(name = "MutationTickets")]
impl Tickets {
    /// Opens a ticket.
    async fn open_ticket(&self, ctx: &Context<'_>, input: OpenTicketInput) -> Result<OpenTicketPayload> {
        let sent = Sent::id(input.client_mutation_id.clone());
        run(ctx, sent, async |call, by| Ok(call.engine.open_ticket(&by, input.read()?).await?.into())).await
    }

    /// Edits a ticket's plain fields; status, priority and assignee have mutations of their own.
    async fn edit_ticket(&self, ctx: &Context<'_>, input: EditTicketInput) -> Result<EditTicketPayload> {
        let sent =
            Sent { client_mutation_id: input.client_mutation_id.clone(), expected_version: input.expected_version };
        run(ctx, sent, async |call, by| {
            let id = read("id", &input.id)?;
            Ok(call.engine.edit_ticket(&by, id, input.read()?).await?.into())
        })
        .await
    }

    /// Rates a resolved or closed ticket of one's own.
    async fn rate_ticket(&self, ctx: &Context<'_>, input: RateTicketInput) -> Result<RateTicketPayload> {
        let sent = Sent { client_mutation_id: input.client_mutation_id, expected_version: input.expected_version };
        run(ctx, sent, async |call, by| {
            let id = read("id", &input.id)?;
            Ok(call.engine.rate_ticket(&by, id, input.rating, input.comment).await?.into())
        })
        .await
    }

    /// Deletes a ticket; it can be restored.
    async fn delete_ticket(&self, ctx: &Context<'_>, input: TicketInput) -> Result<DeleteTicketPayload> {
        run(ctx, input.sent(), async |call, by| {
            Ok(call.engine.delete_ticket(&by, read("id", &input.id)?).await?.into())
        })
        .await
    }

    /// Restores a deleted ticket.
    async fn restore_ticket(&self, ctx: &Context<'_>, input: TicketInput) -> Result<RestoreTicketPayload> {
        run(ctx, input.sent(), async |call, by| {
            Ok(call.engine.restore_ticket(&by, read("id", &input.id)?).await?.into())
        })
        .await
    }

    /// Puts one ticket into another: its comments move there, and it is closed.
    async fn merge_tickets(&self, ctx: &Context<'_>, input: MergeTicketsInput) -> Result<MergeTicketsPayload> {
        let sent = Sent { client_mutation_id: input.client_mutation_id, expected_version: input.expected_version };
        run(ctx, sent, async |call, by| {
            let (id, into) = (read("id", &input.id)?, read("into", &input.into)?);
            Ok(call.engine.merge_ticket(&by, id, into).await?.into())
        })
        .await
    }

    /// Undoes a merge: the comments go back, and the status is what it was.
    async fn unmerge_ticket(&self, ctx: &Context<'_>, input: TicketInput) -> Result<UnmergeTicketPayload> {
        run(ctx, input.sent(), async |call, by| {
            Ok(call.engine.unmerge_ticket(&by, read("id", &input.id)?).await?.into())
        })
        .await
    }
}

impl TicketInput {
    fn sent(&self) -> Sent {
        Sent { client_mutation_id: self.client_mutation_id.clone(), expected_version: self.expected_version }
    }
}

impl OpenTicketInput {
    fn read(self) -> model::Result<OpenTicket> {
        let customer = self.customer.map(CustomerInput::read).unwrap_or_default();
        let some = |edit: Edit<Option<String>>| edit.over(None);
        let values = self.template_values.map(|json| json.0).unwrap_or_default();
        Ok(OpenTicket {
            priority: self.priority.map(Into::into),
            kind: self.kind,
            category: category(self.category.as_ref(), self.category_key)?,
            source: self.source.map_or(model::ticket::Source::Web, Into::into),
            channel: Channel::Web,
            requester: read_or("requester", self.requester.as_ref())?,
            assignee: read_or("assignee", self.assignee.as_ref())?,
            department: self.department,
            tags: self.tags.unwrap_or_default(),
            custom_fields: self.custom_fields.map(|json| json.0).unwrap_or_default(),
            customer_name: some(customer.name),
            customer_email: some(customer.email),
            customer_phone: some(customer.phone),
            due_at: self.due_at.map(|at| at.0),
            native: self.native.map(|json| json.0).unwrap_or_default(),
            attachments: read_all("attachments", self.attachments.as_deref())?,
            template: read_or("template_id", self.template.as_ref())?.map(|template| UseTemplate { template, values }),
            ..OpenTicket::new(self.title, self.description)
        })
    }
}

impl EditTicketInput {
    fn read(self) -> model::Result<EditTicket> {
        let customer = self.customer.map(CustomerInput::read).unwrap_or_default();
        Ok(EditTicket {
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
            native: self.native.map(|json| json.0),
        })
    }
}

#[derive(Default)]
pub(super) struct CustomerEdit {
    pub name: Edit<Option<String>>,
    pub email: Edit<Option<String>>,
    pub phone: Edit<Option<String>>,
}

impl CustomerInput {
    pub(super) fn read(self) -> CustomerEdit {
        CustomerEdit { name: edit(self.name), email: edit(self.email), phone: edit(self.phone) }
    }
}

pub(super) fn category_edit(
    chosen: &MaybeUndefined<ID>,
    key: Option<String>,
) -> model::Result<Edit<Option<CategoryRef>>> {
    Ok(match (chosen, key) {
        (MaybeUndefined::Null, None) => Edit::Set(None),
        (chosen, key) => Edit::some(category(chosen.value(), key)?.map(Some)),
    })
}

fn category(id: Option<&ID>, key: Option<String>) -> model::Result<Option<CategoryRef>> {
    match (id, key) {
        (Some(id), _) => Ok(Some(CategoryRef::Id(read("category", id)?))),
        (None, Some(key)) => Ok(Some(CategoryRef::Key(key))),
        (None, None) => Ok(None),
    }
}
