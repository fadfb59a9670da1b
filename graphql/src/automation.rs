//! Automation as staff see it: quick replies, ticket templates, rules, and what rules have done.

use crate::category::Category;
use crate::context::Call;
use crate::error::Result;
use crate::node::global;
use crate::person::User;
use crate::quick::Quick;
use crate::scalars::{Any, DateTime, Object as JsonObject};
use crate::ticket::Ticket;
use crate::words::{Priority, RuleTrigger, RuleType, Status, TemplateFieldType};
use async_graphql::{Context, ID, Json, Object, SimpleObject};
use model::automation::{Blank, Figures};

/// An answer that staff use often.
#[derive(Clone)]
pub struct QuickReply(pub(crate) model::automation::QuickReply);

impl Quick for QuickReply {
    const LASTING: &'static [&'static str] = &[];
    const PASSING: &'static [&'static str] =
        &["id", "databaseId", "name", "category", "content", "tags", "isPublic", "uses", "createdAt", "updatedAt"];
}

impl From<model::automation::QuickReply> for QuickReply {
    fn from(reply: model::automation::QuickReply) -> Self {
        Self(reply)
    }
}

/// An answer that staff use often.
#[Object]
impl QuickReply {
    /// The global id, such as `quickreply_1`.
    async fn id(&self) -> ID {
        global(self.0.id)
    }

    /// The bare number that the other surfaces show.
    async fn database_id(&self) -> i64 {
        self.0.id.0
    }

    /// What it is called.
    async fn name(&self) -> &str {
        &self.0.form.name
    }

    /// A word by which they are sorted.
    async fn category(&self) -> Option<&str> {
        self.0.form.category.as_deref()
    }

    /// What is to be said.
    async fn content(&self) -> &str {
        &self.0.form.content
    }

    /// Its tags.
    async fn tags(&self) -> Vec<&str> {
        self.0.form.tags.iter().map(model::text::Tag::as_str).collect()
    }

    /// Whether all staff see it, or only whoever made it.
    async fn is_public(&self) -> bool {
        self.0.form.public
    }

    /// How often it was used.
    async fn uses(&self) -> i64 {
        self.0.uses
    }

    /// Who made it.
    async fn owner(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        Ok(Call::of(ctx)?.loaders.user_or(self.0.owner).await?.map(User))
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// When it changed last.
    async fn updated_at(&self) -> DateTime {
        self.0.updated_at.into()
    }
}

/// What tickets can be opened by.
#[derive(Clone)]
pub struct TicketTemplate(pub(crate) model::automation::Template);

impl From<model::automation::Template> for TicketTemplate {
    fn from(template: model::automation::Template) -> Self {
        Self(template)
    }
}

/// A field of a template, to be filled in.
#[derive(SimpleObject)]
pub struct TemplateField {
    /// By which placeholders and values name it.
    name: String,
    /// What it takes.
    #[graphql(name = "type")]
    kind: TemplateFieldType,
    /// What people read.
    label: String,
    /// Whether it has to be filled in.
    required: bool,
    /// What can be chosen, of a select.
    options: Vec<String>,
    /// What it is if nothing is said.
    default_value: Option<Any>,
}

impl From<Blank> for TemplateField {
    fn from(blank: Blank) -> Self {
        let Blank { name, kind, label, required, options, default } = blank;
        Self { name, kind: kind.into(), label, required, options, default_value: default.map(Json) }
    }
}

/// What tickets can be opened by.
#[Object]
impl TicketTemplate {
    /// The global id, such as `template_1`.
    async fn id(&self) -> ID {
        global(self.0.id)
    }

    /// The bare number that the other surfaces show.
    async fn database_id(&self) -> i64 {
        self.0.id.0
    }

    /// What it is called.
    async fn name(&self) -> &str {
        &self.0.form.name
    }

    /// What it is for.
    async fn description(&self) -> Option<&str> {
        self.0.form.description.as_deref()
    }

    /// A word by which templates are sorted.
    async fn category(&self) -> Option<&str> {
        self.0.form.category.as_deref()
    }

    /// The title, with `{{placeholders}}`.
    async fn title_template(&self) -> &str {
        &self.0.form.title
    }

    /// The description, with `{{placeholders}}`.
    async fn content_template(&self) -> &str {
        &self.0.form.content
    }

    /// The type of its tickets.
    async fn default_type(&self) -> Option<&str> {
        self.0.form.kind.as_deref()
    }

    /// The priority of its tickets.
    async fn default_priority(&self) -> Option<Priority> {
        self.0.form.priority.map(Into::into)
    }

    /// Where its tickets stand, if a new ticket can be moved there.
    async fn default_status(&self) -> Option<Status> {
        self.0.form.status.map(Into::into)
    }

    /// The category of its tickets.
    async fn default_category(&self, ctx: &Context<'_>) -> Result<Option<Category>> {
        match self.0.form.ticket_category {
            Some(id) => Ok(Call::of(ctx)?.loaders.category(id).await?.map(Category)),
            None => Ok(None),
        }
    }

    /// Who works on its tickets.
    async fn assignee(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        Ok(Call::of(ctx)?.loaders.user_or(self.0.form.assignee).await?.map(User))
    }

    /// Whether it is in use.
    async fn active(&self) -> bool {
        self.0.form.active
    }

    /// What is to be filled in.
    async fn fields(&self) -> Vec<TemplateField> {
        self.0.form.blanks.iter().cloned().map(Into::into).collect()
    }

    /// How many tickets were opened by it.
    async fn uses(&self) -> i64 {
        self.0.uses
    }

    /// Who made it.
    async fn owner(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        Ok(Call::of(ctx)?.loaders.user_or(self.0.owner).await?.map(User))
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// When it changed last.
    async fn updated_at(&self) -> DateTime {
        self.0.updated_at.into()
    }
}

/// A rule that acts by itself, and what it has done.
#[derive(Clone)]
pub struct AutomationRule {
    pub(crate) rule: model::automation::Rule,
    pub(crate) figures: Figures,
}

/// What a rule asks of a ticket.
#[derive(SimpleObject)]
pub struct RuleCondition {
    /// What of the ticket it looks at, such as `title`.
    field: &'static str,
    /// How, such as `contains`.
    operator: &'static str,
    /// For what.
    value: Any,
    /// How it is joined to the next one: `and`, which binds closer, or `or`.
    logic_op: &'static str,
}

/// What a rule does.
#[derive(SimpleObject)]
pub struct RuleAction {
    /// What it is, such as `assign`.
    #[graphql(name = "type")]
    kind: &'static str,
    /// With what.
    params: JsonObject,
}

/// A rule that acts by itself, and what it has done.
#[Object]
impl AutomationRule {
    /// The global id, such as `rule_1`.
    async fn id(&self) -> ID {
        global(self.rule.id)
    }

    /// The bare number that the other surfaces show.
    async fn database_id(&self) -> i64 {
        self.rule.id.0
    }

    /// What it is called.
    async fn name(&self) -> &str {
        &self.rule.form.name
    }

    /// What it is for.
    async fn description(&self) -> Option<&str> {
        self.rule.form.description.as_deref()
    }

    /// A word by which rules are sorted.
    #[graphql(name = "type")]
    async fn kind(&self) -> RuleType {
        self.rule.form.kind.into()
    }

    /// Whether it acts.
    async fn active(&self) -> bool {
        self.rule.form.active
    }

    /// The smaller one acts first.
    async fn priority(&self) -> i64 {
        self.rule.form.priority
    }

    /// What sets it off.
    async fn trigger(&self) -> RuleTrigger {
        self.rule.form.trigger.into()
    }

    /// What has to be true of the ticket.
    async fn conditions(&self) -> Vec<RuleCondition> {
        let all = self.rule.form.conditions.iter().map(|condition| RuleCondition {
            field: condition.field.word(),
            operator: condition.operator.word(),
            value: Json(condition.value()),
            logic_op: condition.joint.word(),
        });
        all.collect()
    }

    /// What it does, in this order.
    async fn actions(&self) -> Vec<RuleAction> {
        let all = self.rule.form.actions.iter();
        all.map(|action| RuleAction { kind: action.word(), params: Json(action.params()) }).collect()
    }

    /// How often it has acted.
    async fn runs(&self) -> i64 {
        self.figures.runs
    }

    /// How often something could not be done.
    async fn failures(&self) -> i64 {
        self.figures.failures
    }

    /// Percent of its runs in which everything could be done.
    async fn success_rate(&self) -> f64 {
        self.figures.success_rate()
    }

    /// How long it takes, in milliseconds.
    async fn average_milliseconds(&self) -> i64 {
        self.figures.average()
    }

    /// When it acted last.
    async fn last_run_at(&self) -> Option<DateTime> {
        self.figures.last_at.map(Into::into)
    }

    /// Who made it.
    async fn owner(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        Ok(Call::of(ctx)?.loaders.user_or(self.rule.owner).await?.map(User))
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        self.rule.created_at.into()
    }

    /// When it changed last.
    async fn updated_at(&self) -> DateTime {
        self.rule.updated_at.into()
    }
}

/// A rule with what it has done.
pub(crate) async fn rule(call: Call<'_>, rule: model::automation::Rule) -> model::Result<AutomationRule> {
    let figures = call.engine.rule_figures(call.actor(), &[rule.id]).await?;
    Ok(AutomationRule { figures: figures.get(&rule.id).copied().unwrap_or_default(), rule })
}

/// A time that a rule acted.
pub struct RuleRun(pub(crate) model::automation::Run);

impl Quick for RuleRun {
    const LASTING: &'static [&'static str] = &[];
    const PASSING: &'static [&'static str] =
        &["id", "ruleId", "ruleName", "ticketId", "trigger", "succeeded", "message", "milliseconds", "at"];
}

/// What came of one action.
#[derive(SimpleObject)]
pub struct RuleActionDone {
    /// What it is, such as `assign`.
    #[graphql(name = "type")]
    kind: String,
    /// Why it could not be done; null if it was.
    failure: Option<String>,
}

/// A time that a rule acted. It is kept for 30 days.
#[Object]
impl RuleRun {
    /// The global id, such as `rulerun_1`.
    async fn id(&self) -> ID {
        global(self.0.id)
    }

    /// The rule's global id; it may be gone.
    async fn rule_id(&self) -> ID {
        global(self.0.run.rule)
    }

    /// What the rule was called then.
    async fn rule_name(&self) -> &str {
        &self.0.run.rule_name
    }

    /// The ticket's global id.
    async fn ticket_id(&self) -> ID {
        global(self.0.run.ticket)
    }

    /// The ticket as it is now; null if you may not see it.
    async fn ticket(&self, ctx: &Context<'_>) -> Result<Option<Ticket>> {
        Ok(Call::of(ctx)?.loaders.ticket(self.0.run.ticket).await?.map(Ticket))
    }

    /// What set the rule off.
    async fn trigger(&self) -> RuleTrigger {
        self.0.run.trigger.into()
    }

    /// Whether every action could be done.
    async fn succeeded(&self) -> bool {
        self.0.run.succeeded()
    }

    /// What was done, or what could not be, and why.
    async fn message(&self) -> String {
        self.0.run.message()
    }

    /// Each action.
    async fn actions(&self) -> Vec<RuleActionDone> {
        let done = self.0.run.done.iter().cloned();
        done.map(|done| RuleActionDone { kind: done.action, failure: done.failure }).collect()
    }

    /// How long it took.
    async fn milliseconds(&self) -> i64 {
        self.0.run.milliseconds
    }

    /// When it was.
    async fn at(&self) -> DateTime {
        self.0.at.into()
    }
}
