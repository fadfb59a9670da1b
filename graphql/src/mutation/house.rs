//! The house: categories, settings, notifications, and messages in quarantine.

use super::{Sent, edit, payloads, run};
use crate::category::Category;
use crate::error::Result;
use crate::node::{read, read_all, read_or};
use crate::operations::{InboundMessage, Reprocess, Setting};
use crate::scalars::Any;
use crate::ticket::Ticket;
use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object};
use model::Error;
use model::category::CategoryForm;
use model::command::{ChangeSetting, Edit, EditCategory};
use model::id::{CategoryId, InboundId};
use std::sync::Arc;

#[derive(Default)]
pub(super) struct House;

/// A category to make.
#[derive(InputObject)]
pub struct CreateCategoryInput {
    /// A stable word, such as `billing`: 1 to 50 letters, digits, `_`, `-` or `.`.
    key: String,
    /// What it is called.
    name: String,
    /// What belongs into it.
    description: Option<String>,
    /// Its colour, such as `#3b82f6`.
    color: Option<String>,
    /// Its icon's name.
    icon: Option<String>,
    /// The category above it.
    parent: Option<ID>,
    /// Hours to the resolution of its tickets.
    sla_hours: Option<i64>,
    /// Who gets its new tickets.
    auto_assignee: Option<ID>,
    /// Whether it is in use.
    #[graphql(default = true)]
    active: bool,
    /// Its place among its siblings.
    #[graphql(default)]
    sort_order: i64,
    /// Makes a repetition harmless.
    client_mutation_id: Option<String>,
}

/// What to change of a category: what is left out stays, null takes away.
#[derive(InputObject)]
pub struct EditCategoryInput {
    /// The category.
    id: ID,
    /// A stable word.
    key: Option<String>,
    /// What it is called.
    name: Option<String>,
    /// What belongs into it.
    description: MaybeUndefined<String>,
    /// Its colour.
    color: MaybeUndefined<String>,
    /// Its icon's name.
    icon: MaybeUndefined<String>,
    /// The category above it.
    parent: MaybeUndefined<ID>,
    /// Hours to the resolution of its tickets.
    sla_hours: MaybeUndefined<i64>,
    /// Who gets its new tickets.
    auto_assignee: MaybeUndefined<ID>,
    /// Whether it is in use.
    active: Option<bool>,
    /// Its place among its siblings.
    sort_order: Option<i64>,
    /// Makes a repetition harmless.
    client_mutation_id: Option<String>,
}

/// A category to delete.
#[derive(InputObject)]
pub struct DeleteCategoryInput {
    /// The category.
    id: ID,
    /// Makes a repetition harmless.
    client_mutation_id: Option<String>,
}

/// A setting to change.
#[derive(InputObject)]
pub struct ChangeSettingInput {
    /// Its name.
    key: String,
    /// Its new value; null takes it back to its default. What is left out stays.
    value: MaybeUndefined<Any>,
    /// What it is for.
    description: MaybeUndefined<String>,
    /// Whether those who are not signed in may read it: only for settings that mean nothing to the server itself.
    public: Option<bool>,
    /// Makes a repetition harmless.
    client_mutation_id: Option<String>,
}

/// Notifications that were read.
#[derive(InputObject, Default)]
pub struct MarkNotificationsReadInput {
    /// These.
    ids: Option<Vec<ID>>,
    /// All of yours.
    #[graphql(default)]
    all: bool,
    /// Makes a repetition harmless.
    client_mutation_id: Option<String>,
}

/// A quarantined message to run again.
#[derive(InputObject)]
pub struct ReprocessInboundInput {
    /// The message.
    id: ID,
    /// The mended text, where it was mended: it takes the place of what is stored.
    raw: Option<String>,
    /// Makes a repetition harmless.
    client_mutation_id: Option<String>,
}

/// A quarantined message to throw away.
#[derive(InputObject)]
pub struct DiscardInboundInput {
    /// The message.
    id: ID,
    /// Makes a repetition harmless.
    client_mutation_id: Option<String>,
}

payloads! {
    /// What making a category came to.
    CreateCategoryPayload {
        /// The new category.
        category: Category
    }
    /// What editing a category came to.
    EditCategoryPayload {
        /// The category as it is now.
        category: Category
    }
    /// What deleting a category came to.
    DeleteCategoryPayload {
        /// The category as it is now, where tickets have it; null if it is gone.
        category: Category
    }
    /// What changing a setting came to.
    ChangeSettingPayload {
        /// The setting as it is now; null if it is at its default.
        setting: Setting
    }
    /// What reading notifications came to.
    MarkNotificationsReadPayload {
        /// How many you have still not read.
        unread_count: i64
    }
    /// What running a quarantined message again came to.
    ReprocessInboundPayload {
        /// The ticket that it became, or became a comment of; null if it was none after all.
        ticket: Ticket
    }
    /// What throwing a quarantined message away came to.
    DiscardInboundPayload {
        /// The message as it is now.
        message: InboundMessage
    }
}

impl From<super::Answer<Option<Category>>> for DeleteCategoryPayload {
    fn from(answer: super::Answer<Option<Category>>) -> Self {
        answer.flat().into()
    }
}

impl From<super::Answer<Option<Setting>>> for ChangeSettingPayload {
    fn from(answer: super::Answer<Option<Setting>>) -> Self {
        answer.flat().into()
    }
}

impl From<super::Answer<Option<Ticket>>> for ReprocessInboundPayload {
    fn from(answer: super::Answer<Option<Ticket>>) -> Self {
        answer.flat().into()
    }
}

impl<T> super::Answer<Option<T>> {
    fn flat(self) -> super::Answer<T> {
        super::Answer {
            object: self.object.flatten(),
            errors: self.errors,
            client_mutation_id: self.client_mutation_id,
        }
    }
}

#[Object(name = "MutationHouse")]
impl House {
    /// Makes a category.
    async fn create_category(&self, ctx: &Context<'_>, input: CreateCategoryInput) -> Result<CreateCategoryPayload> {
        run(ctx, Sent::id(input.client_mutation_id), async |call, by| {
            let form = CategoryForm {
                key: input.key,
                name: input.name,
                description: input.description,
                color: input.color,
                icon: input.icon,
                parent: read_or("parent", input.parent.as_ref())?,
                sla_hours: input.sla_hours,
                auto_assignee: read_or("auto_assignee", input.auto_assignee.as_ref())?,
                active: input.active,
                sort_order: input.sort_order,
            };
            Ok(call.engine.create_category(&by, form).await?.into())
        })
        .await
    }

    /// Edits a category.
    async fn edit_category(&self, ctx: &Context<'_>, input: EditCategoryInput) -> Result<EditCategoryPayload> {
        let sent = Sent::id(input.client_mutation_id.clone());
        run(ctx, sent, async |call, by| {
            let id: CategoryId = read("id", &input.id)?;
            Ok(call.engine.edit_category(&by, id, input.read()?).await?.into())
        })
        .await
    }

    /// Deletes a category that no ticket has, and puts one out of use that some have.
    async fn delete_category(&self, ctx: &Context<'_>, input: DeleteCategoryInput) -> Result<DeleteCategoryPayload> {
        run(ctx, Sent::id(input.client_mutation_id), async |call, by| {
            let id: CategoryId = read("id", &input.id)?;
            Ok(call.engine.delete_category(&by, id).await?.map(Category::from))
        })
        .await
    }

    /// Changes a setting, or takes it back to its default.
    async fn change_setting(&self, ctx: &Context<'_>, input: ChangeSettingInput) -> Result<ChangeSettingPayload> {
        run(ctx, Sent::id(input.client_mutation_id), async |call, by| {
            let change = ChangeSetting {
                key: input.key,
                value: match edit(input.value) {
                    Edit::Keep => Edit::Keep,
                    Edit::Set(value) => Edit::Set(value.map(|json| json.0).filter(|json| !json.is_null())),
                },
                description: edit(input.description),
                public: input.public,
                ..ChangeSetting::default()
            };
            Ok(call.engine.edit_setting(&by, change).await?.map(Setting))
        })
        .await
    }

    /// Notes that you have read notifications.
    async fn mark_notifications_read(
        &self,
        ctx: &Context<'_>,
        input: MarkNotificationsReadInput,
    ) -> Result<MarkNotificationsReadPayload> {
        run(ctx, Sent::id(input.client_mutation_id), async |call, by| {
            let ids = read_all("ids", input.ids.as_deref())?;
            call.engine.mark_notifications_read(&by, ids, input.all).await
        })
        .await
    }

    /// Runs a quarantined message again, mended if need be.
    #[graphql(complexity = "20 + child_complexity")]
    async fn reprocess_inbound(
        &self,
        ctx: &Context<'_>,
        input: ReprocessInboundInput,
    ) -> Result<ReprocessInboundPayload> {
        let reader = ctx.data_opt::<Arc<dyn Reprocess>>();
        run(ctx, Sent::id(input.client_mutation_id), async |call, by| {
            let reader = reader.ok_or_else(|| Error::internal("nobody reads messages here"))?;
            let id: InboundId = read("id", &input.id)?;
            if let Some(raw) = input.raw {
                call.engine.mend_inbound(&by, id, raw.into_bytes()).await?;
            }
            match reader.reprocess(&by, id).await? {
                Some(ticket) => Ok(call.loaders.ticket(ticket).await?.map(Ticket)),
                None => Ok(None),
            }
        })
        .await
    }

    /// Throws a quarantined message away.
    async fn discard_inbound(&self, ctx: &Context<'_>, input: DiscardInboundInput) -> Result<DiscardInboundPayload> {
        run(ctx, Sent::id(input.client_mutation_id), async |call, by| {
            let id: InboundId = read("id", &input.id)?;
            Ok(InboundMessage(call.engine.settle_inbound(&by, id, true).await?))
        })
        .await
    }
}

impl EditCategoryInput {
    fn read(self) -> model::Result<EditCategory> {
        Ok(EditCategory {
            key: self.key,
            name: self.name,
            description: edit(self.description),
            color: edit(self.color),
            icon: edit(self.icon),
            parent: edit(self.parent).try_map(|id| read("parent", &id))?,
            sla_hours: edit(self.sla_hours),
            auto_assignee: edit(self.auto_assignee).try_map(|id| read("auto_assignee", &id))?,
            active: self.active,
            sort_order: self.sort_order,
        })
    }
}
