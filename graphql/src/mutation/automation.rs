//! Quick replies, ticket templates, and rules.

use super::{Sent, edit, payloads, run};
use crate::automation::{AutomationRule, QuickReply, TicketTemplate, rule};
use crate::error::Result;
use crate::node::{global, read};
use crate::scalars::{Any, Object as JsonObject};
use crate::words::{Priority, RuleTrigger, RuleType, Status, TemplateFieldType};
use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object};
use model::automation::reply::QuickReplyInput;
use model::automation::{ActionInput, Blank, ConditionInput, RuleInput, RuleKind, TemplateForm, Trigger};
use model::command::{EditQuickReply, EditRule, EditTemplate};
use model::id::{QuickReplyId, RuleId, TemplateId};

#[derive(Default)]
pub(super) struct Automation;

/// A quick reply to make.
#[derive(InputObject)]
pub struct CreateQuickReplyInput {
    /// What it is called, 1 to 100 characters.
    name: String,
    /// A word by which they are sorted.
    category: Option<String>,
    /// What is to be said, 1 to 20,000 characters.
    content: String,
    /// At most 50 tags.
    tags: Option<Vec<String>>,
    /// Whether all staff see it; for supervisors and administrators to say.
    #[graphql(default)]
    is_public: bool,
    /// Makes a repetition harmless.
    client_mutation_id: Option<String>,
}

/// What to change of a quick reply: what is left out stays, null takes away.
#[derive(InputObject)]
pub struct EditQuickReplyInput {
    /// The quick reply.
    id: ID,
    /// What it is called.
    name: Option<String>,
    /// A word by which they are sorted.
    category: MaybeUndefined<String>,
    /// What is to be said.
    content: Option<String>,
    /// All tags that it is to have.
    tags: Option<Vec<String>>,
    /// Whether all staff see it; for supervisors and administrators to say.
    is_public: Option<bool>,
    /// Makes a repetition harmless.
    client_mutation_id: Option<String>,
}

/// A quick reply to use.
#[derive(InputObject)]
pub struct UseQuickReplyInput {
    /// The quick reply.
    id: ID,
    /// Makes a repetition harmless.
    client_mutation_id: Option<String>,
}

/// A quick reply to delete.
#[derive(InputObject)]
pub struct DeleteQuickReplyInput {
    /// The quick reply.
    id: ID,
    /// Makes a repetition harmless.
    client_mutation_id: Option<String>,
}

/// A field of a template.
#[derive(InputObject)]
pub struct TemplateFieldInput {
    /// By which placeholders and values name it.
    name: String,
    /// What it takes.
    #[graphql(name = "type")]
    kind: TemplateFieldType,
    /// What people read; the name if nothing is said.
    #[graphql(default)]
    label: String,
    /// Whether it has to be filled in.
    #[graphql(default)]
    required: bool,
    /// What can be chosen, of a select.
    #[graphql(default)]
    options: Vec<String>,
    /// What it is if nothing is said.
    default_value: Option<Any>,
}

impl From<TemplateFieldInput> for Blank {
    fn from(field: TemplateFieldInput) -> Self {
        let TemplateFieldInput { name, kind, label, required, options, default_value } = field;
        let default = default_value.map(|value| value.0).filter(|value| !value.is_null());
        Self { name, kind: kind.into(), label, required, options, default }
    }
}

/// A ticket template: to make, or what to change of one. What is left out stays as it is, or is nothing; null takes away.
#[derive(InputObject)]
pub struct TemplateInput {
    /// What it is called, 1 to 100 characters.
    name: Option<String>,
    /// What it is for.
    description: MaybeUndefined<String>,
    /// A word by which templates are sorted.
    category: MaybeUndefined<String>,
    /// The title, with `{{placeholders}}`.
    title_template: Option<String>,
    /// The description, with `{{placeholders}}`.
    content_template: Option<String>,
    /// The type of its tickets.
    default_type: MaybeUndefined<String>,
    /// The priority of its tickets.
    default_priority: MaybeUndefined<Priority>,
    /// Where its tickets stand, if a new ticket can be moved there.
    default_status: MaybeUndefined<Status>,
    /// The category of its tickets.
    default_category: MaybeUndefined<ID>,
    /// Who works on its tickets.
    assignee: MaybeUndefined<ID>,
    /// Whether it is in use; true for a new one if nothing is said.
    active: Option<bool>,
    /// What is to be filled in.
    fields: Option<Vec<TemplateFieldInput>>,
}

impl TemplateInput {
    fn read(self) -> model::Result<EditTemplate> {
        Ok(EditTemplate {
            name: self.name,
            description: edit(self.description),
            category: edit(self.category),
            title: self.title_template,
            content: self.content_template,
            kind: edit(self.default_type),
            priority: edit(self.default_priority).map(Into::into),
            status: edit(self.default_status).map(Into::into),
            ticket_category: edit(self.default_category).try_map(|id| read("default_category_id", &id))?,
            assignee: edit(self.assignee).try_map(|id| read("assign_to_user_id", &id))?,
            active: self.active,
            blanks: self.fields.map(|fields| fields.into_iter().map(Into::into).collect()),
        })
    }
}

/// A template to make.
#[derive(InputObject)]
pub struct CreateTemplateInput {
    /// What it is to be.
    template: TemplateInput,
    /// Makes a repetition harmless.
    client_mutation_id: Option<String>,
}

/// A template to change.
#[derive(InputObject)]
pub struct EditTemplateInput {
    /// The template.
    id: ID,
    /// What changes.
    template: TemplateInput,
    /// Makes a repetition harmless.
    client_mutation_id: Option<String>,
}

/// A template to delete.
#[derive(InputObject)]
pub struct DeleteTemplateInput {
    /// The template.
    id: ID,
    /// Makes a repetition harmless.
    client_mutation_id: Option<String>,
}

/// What a rule asks of a ticket.
#[derive(InputObject)]
pub struct RuleConditionInput {
    /// `title`, `content`, `comment`, `priority`, `status`, `type`, `source`, `category`, `tags`, `requester_email`, `customer_email`,
    /// `assignee` or `department`.
    field: String,
    /// `eq`, `ne`, `contains`, `not_contains`, `starts_with`, `ends_with`, `in`, `not_in`, `gt`, `gte`, `lt`, `lte`, `is_empty` or
    /// `is_not_empty`, as the field allows.
    operator: String,
    /// For what: a text or a number, or a list of them.
    value: Option<Any>,
    /// How it is joined to the next one: `and`, which binds closer, or `or`.
    logic_op: Option<String>,
}

/// What a rule does.
#[derive(InputObject)]
pub struct RuleActionInput {
    /// `assign`, `set_priority`, `set_status`, `set_category`, `set_type`, `add_tag`, `add_comment`, `escalate` or `notify`.
    #[graphql(name = "type")]
    kind: String,
    /// With what, such as `{"user_id": 1}`.
    params: Option<JsonObject>,
}

/// A rule: to make, or what to change of one. What is left out stays as it is.
#[derive(InputObject)]
pub struct RuleFormInput {
    /// What it is called, 1 to 100 characters.
    name: Option<String>,
    /// What it is for.
    description: MaybeUndefined<String>,
    /// A word by which rules are sorted.
    #[graphql(name = "type")]
    kind: Option<RuleType>,
    /// Whether it acts; true for a new one if nothing is said.
    active: Option<bool>,
    /// 1 to 100; the smaller one acts first.
    priority: Option<i64>,
    /// What sets it off.
    trigger: Option<RuleTrigger>,
    /// What has to be true of the ticket, at most 20.
    conditions: Option<Vec<RuleConditionInput>>,
    /// What it does, 1 to 10.
    actions: Option<Vec<RuleActionInput>>,
}

impl RuleFormInput {
    fn read(self) -> EditRule {
        let condition = |condition: RuleConditionInput| ConditionInput {
            field: condition.field,
            operator: condition.operator,
            value: condition.value.map(|value| value.0).unwrap_or_default(),
            joint: condition.logic_op,
        };
        let action = |action: RuleActionInput| ActionInput {
            kind: action.kind,
            params: action.params.map(|params| params.0).unwrap_or_default(),
        };
        EditRule {
            name: self.name,
            description: edit(self.description),
            kind: self.kind.map(|kind| RuleKind::from(kind).word().to_owned()),
            active: self.active,
            priority: self.priority,
            trigger: self.trigger.map(|trigger| Trigger::from(trigger).word().to_owned()),
            conditions: self.conditions.map(|all| all.into_iter().map(condition).collect()),
            actions: self.actions.map(|all| all.into_iter().map(action).collect()),
        }
    }
}

/// A rule to make.
#[derive(InputObject)]
pub struct CreateRuleInput {
    /// What it is to be.
    rule: RuleFormInput,
    /// Makes a repetition harmless.
    client_mutation_id: Option<String>,
}

/// A rule to change.
#[derive(InputObject)]
pub struct EditRuleInput {
    /// The rule.
    id: ID,
    /// What changes.
    rule: RuleFormInput,
    /// Makes a repetition harmless.
    client_mutation_id: Option<String>,
}

/// A rule to delete.
#[derive(InputObject)]
pub struct DeleteRuleInput {
    /// The rule.
    id: ID,
    /// Makes a repetition harmless.
    client_mutation_id: Option<String>,
}

payloads! {
    /// What making a quick reply came to.
    CreateQuickReplyPayload {
        /// The new quick reply.
        quick_reply: QuickReply
    }
    /// What editing a quick reply came to.
    EditQuickReplyPayload {
        /// The quick reply as it is now.
        quick_reply: QuickReply
    }
    /// What using a quick reply came to.
    UseQuickReplyPayload {
        /// What is to be said.
        quick_reply: QuickReply
    }
    /// What deleting a quick reply came to.
    DeleteQuickReplyPayload {
        /// The id of the quick reply that is no more.
        id: ID
    }
    /// What making a template came to.
    CreateTemplatePayload {
        /// The new template.
        template: TicketTemplate
    }
    /// What editing a template came to.
    EditTemplatePayload {
        /// The template as it is now.
        template: TicketTemplate
    }
    /// What deleting a template came to.
    DeleteTemplatePayload {
        /// The id of the template that is no more.
        id: ID
    }
    /// What making a rule came to.
    CreateRulePayload {
        /// The new rule.
        rule: AutomationRule
    }
    /// What editing a rule came to.
    EditRulePayload {
        /// The rule as it is now.
        rule: AutomationRule
    }
    /// What deleting a rule came to.
    DeleteRulePayload {
        /// The id of the rule that is no more.
        id: ID
    }
}

#[Object(name = "MutationAutomation")]
impl Automation {
    /// Makes a quick reply: one of your own, or a public one, which is for supervisors and administrators.
    async fn create_quick_reply(
        &self,
        ctx: &Context<'_>,
        input: CreateQuickReplyInput,
    ) -> Result<CreateQuickReplyPayload> {
        run(ctx, Sent::id(input.client_mutation_id), async |call, by| {
            let new = QuickReplyInput {
                name: input.name,
                category: input.category,
                content: input.content,
                tags: input.tags.unwrap_or_default(),
                public: input.is_public,
            };
            Ok(QuickReply(call.engine.create_quick_reply(&by, new).await?))
        })
        .await
    }

    /// Edits a quick reply.
    async fn edit_quick_reply(&self, ctx: &Context<'_>, input: EditQuickReplyInput) -> Result<EditQuickReplyPayload> {
        run(ctx, Sent::id(input.client_mutation_id), async |call, by| {
            let id: QuickReplyId = read("id", &input.id)?;
            let said = EditQuickReply {
                name: input.name,
                category: edit(input.category),
                content: input.content,
                tags: input.tags,
                public: input.is_public,
            };
            Ok(QuickReply(call.engine.edit_quick_reply(&by, id, said).await?))
        })
        .await
    }

    /// Counts a use of a quick reply, and answers what is to be said.
    async fn use_quick_reply(&self, ctx: &Context<'_>, input: UseQuickReplyInput) -> Result<UseQuickReplyPayload> {
        run(ctx, Sent::id(input.client_mutation_id), async |call, by| {
            Ok(QuickReply(call.engine.use_quick_reply(&by, read("id", &input.id)?).await?))
        })
        .await
    }

    /// Deletes a quick reply.
    async fn delete_quick_reply(
        &self,
        ctx: &Context<'_>,
        input: DeleteQuickReplyInput,
    ) -> Result<DeleteQuickReplyPayload> {
        run(ctx, Sent::id(input.client_mutation_id), async |call, by| {
            let id: QuickReplyId = read("id", &input.id)?;
            call.engine.delete_quick_reply(&by, id).await?;
            Ok(global(id))
        })
        .await
    }

    /// Makes a ticket template; for administrators.
    async fn create_template(&self, ctx: &Context<'_>, input: CreateTemplateInput) -> Result<CreateTemplatePayload> {
        run(ctx, Sent::id(input.client_mutation_id), async |call, by| {
            let form = input.template.read()?.over(TemplateForm::empty());
            Ok(TicketTemplate(call.engine.create_template(&by, form).await?))
        })
        .await
    }

    /// Edits a ticket template; for administrators.
    async fn edit_template(&self, ctx: &Context<'_>, input: EditTemplateInput) -> Result<EditTemplatePayload> {
        run(ctx, Sent::id(input.client_mutation_id), async |call, by| {
            let id: TemplateId = read("id", &input.id)?;
            Ok(TicketTemplate(call.engine.edit_template(&by, id, input.template.read()?).await?))
        })
        .await
    }

    /// Deletes a ticket template; for administrators. Tickets that were opened by it stay as they are.
    async fn delete_template(&self, ctx: &Context<'_>, input: DeleteTemplateInput) -> Result<DeleteTemplatePayload> {
        run(ctx, Sent::id(input.client_mutation_id), async |call, by| {
            let id: TemplateId = read("id", &input.id)?;
            call.engine.delete_template(&by, id).await?;
            Ok(global(id))
        })
        .await
    }

    /// Makes a rule, which acts on what happens from then on; for administrators.
    async fn create_rule(&self, ctx: &Context<'_>, input: CreateRuleInput) -> Result<CreateRulePayload> {
        run(ctx, Sent::id(input.client_mutation_id), async |call, by| {
            let made = call.engine.create_rule(&by, input.rule.read().over(RuleInput::empty())).await?;
            rule(call, made).await
        })
        .await
    }

    /// Edits a rule; for administrators. One that is switched off stops at once.
    async fn edit_rule(&self, ctx: &Context<'_>, input: EditRuleInput) -> Result<EditRulePayload> {
        run(ctx, Sent::id(input.client_mutation_id), async |call, by| {
            let id: RuleId = read("id", &input.id)?;
            let edited = call.engine.edit_rule(&by, id, input.rule.read()).await?;
            rule(call, edited).await
        })
        .await
    }

    /// Deletes a rule; for administrators. What it has done stays done.
    async fn delete_rule(&self, ctx: &Context<'_>, input: DeleteRuleInput) -> Result<DeleteRulePayload> {
        run(ctx, Sent::id(input.client_mutation_id), async |call, by| {
            let id: RuleId = read("id", &input.id)?;
            call.engine.delete_rule(&by, id).await?;
            Ok(global(id))
        })
        .await
    }
}
