//! What staff ask of automation.

use crate::automation::{AutomationRule, QuickReply, RuleRun, TicketTemplate, rule};
use crate::connection::{Connection, Total, Window};
use crate::context::Call;
use crate::error::Result;
use crate::node::{read, read_or};
use crate::words::{RuleTrigger, RuleType};
use async_graphql::{Context, ID, InputObject, Object};
use model::automation::{QuickReplyFilter, RuleFilter, RunFilter, TemplateFilter};

#[derive(Default)]
pub(super) struct Automation;

/// Which quick replies.
#[derive(InputObject, Default)]
pub struct QuickReplyFilterInput {
    /// Of this category.
    category: Option<String>,
    /// With this in the name, the content or a tag.
    keyword: Option<String>,
    /// Only public ones, or only one's own.
    is_public: Option<bool>,
}

/// Which rules.
#[derive(InputObject, Default)]
pub struct RuleFilterInput {
    /// Of this type.
    #[graphql(name = "type")]
    kind: Option<RuleType>,
    /// Set off by this.
    trigger: Option<RuleTrigger>,
    /// Only those that act, or only the others.
    active: Option<bool>,
    /// With this in the name or the description.
    keyword: Option<String>,
}

/// Which ticket templates.
#[derive(InputObject, Default)]
pub struct TemplateFilterInput {
    /// Of this category.
    category: Option<String>,
    /// Only those in use, or only the others.
    active: Option<bool>,
    /// With this in the name or the description.
    keyword: Option<String>,
}

/// Which times that rules acted.
#[derive(InputObject, Default)]
pub struct RuleRunFilterInput {
    /// Of this rule.
    rule: Option<ID>,
    /// On this ticket.
    ticket: Option<ID>,
    /// Only those in which everything could be done, or only the others.
    succeeded: Option<bool>,
}

#[Object(name = "QueryAutomation")]
impl Automation {
    /// Quick replies that are public or your own, newest first; for staff.
    #[graphql(complexity = "1 + crate::connection::rows(first, last) * child_complexity")]
    async fn quick_replies(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which.")] filter: Option<QuickReplyFilterInput>,
        #[graphql(desc = "So many from the start, 1 to 100; 20 if nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Those after this place.")] after: Option<String>,
        #[graphql(desc = "So many from the end.")] last: Option<i32>,
        #[graphql(desc = "Those before this place.")] before: Option<String>,
    ) -> Result<Connection<QuickReply>> {
        let call = Call::of(ctx)?;
        let page = Window { first, after, last, before }.page()?;
        let QuickReplyFilterInput { category, keyword, is_public } = filter.unwrap_or_default();
        let filter = QuickReplyFilter { category, keyword, public: is_public };
        let as_of = call.engine.cursor().into();
        let total = call.engine.count_quick_replies(call.actor(), filter.clone()).await?;
        let slice = call.engine.quick_replies(call.actor(), filter, &page).await?;
        Ok(Connection::of(slice, as_of, Total::Known(total), QuickReply))
    }

    /// One quick reply.
    async fn quick_reply(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its global id, or its bare number.")] id: ID,
    ) -> Result<QuickReply> {
        let call = Call::of(ctx)?;
        Ok(QuickReply(call.engine.quick_reply(call.actor(), read("id", &id)?).await?))
    }

    /// Ticket templates, in the order in which they were made; for staff.
    #[graphql(complexity = "1 + crate::connection::part(first, 500) * child_complexity")]
    async fn ticket_templates(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which.")] filter: Option<TemplateFilterInput>,
        #[graphql(desc = "So many, 1 to 500.", default = 100)] first: i32,
    ) -> Result<Vec<TicketTemplate>> {
        let call = Call::of(ctx)?;
        let TemplateFilterInput { category, active, keyword } = filter.unwrap_or_default();
        let all = call.engine.templates(call.actor(), &TemplateFilter { category, active, keyword }).await?;
        Ok(all.into_iter().take(crate::connection::part(first, 500)).map(TicketTemplate).collect())
    }

    /// One ticket template.
    async fn ticket_template(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its global id, or its bare number.")] id: ID,
    ) -> Result<TicketTemplate> {
        let call = Call::of(ctx)?;
        Ok(TicketTemplate(call.engine.template(call.actor(), read("id", &id)?).await?))
    }

    /// Rules that act by themselves, in the order in which they do; for staff.
    #[graphql(complexity = "1 + crate::connection::part(first, 200) * child_complexity")]
    async fn automation_rules(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which.")] filter: Option<RuleFilterInput>,
        #[graphql(desc = "So many, 1 to 200.", default = 100)] first: i32,
    ) -> Result<Vec<AutomationRule>> {
        let call = Call::of(ctx)?;
        let RuleFilterInput { kind, trigger, active, keyword } = filter.unwrap_or_default();
        let filter = RuleFilter { kind: kind.map(Into::into), trigger: trigger.map(Into::into), active, keyword };
        let mut all = call.engine.rules(call.actor(), &filter).await?;
        all.truncate(crate::connection::part(first, 200));
        let ids: Vec<_> = all.iter().map(|rule| rule.id).collect();
        let figures = call.engine.rule_figures(call.actor(), &ids).await?;
        let with = |rule: model::automation::Rule| {
            let figures = figures.get(&rule.id).copied().unwrap_or_default();
            AutomationRule { rule, figures }
        };
        Ok(all.into_iter().map(with).collect())
    }

    /// One rule.
    async fn automation_rule(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its global id, or its bare number.")] id: ID,
    ) -> Result<AutomationRule> {
        let call = Call::of(ctx)?;
        let found = call.engine.rule(call.actor(), read("id", &id)?).await?;
        Ok(rule(call, found).await?)
    }

    /// What rules have done, newest first; for staff.
    #[graphql(complexity = "1 + crate::connection::rows(first, last) * child_complexity")]
    async fn rule_runs(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which.")] filter: Option<RuleRunFilterInput>,
        #[graphql(desc = "So many from the start, 1 to 100; 20 if nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Those after this place.")] after: Option<String>,
        #[graphql(desc = "So many from the end.")] last: Option<i32>,
        #[graphql(desc = "Those before this place.")] before: Option<String>,
    ) -> Result<Connection<RuleRun>> {
        let call = Call::of(ctx)?;
        let page = Window { first, after, last, before }.page()?;
        let RuleRunFilterInput { rule, ticket, succeeded } = filter.unwrap_or_default();
        let (rule, ticket) = (read_or("rule", rule.as_ref())?, read_or("ticket", ticket.as_ref())?);
        let filter = RunFilter { rule, ticket, success: succeeded };
        let as_of = call.engine.cursor().into();
        let total = call.engine.count_rule_runs(call.actor(), filter).await?;
        let slice = call.engine.rule_runs(call.actor(), filter, &page).await?;
        Ok(Connection::of(slice, as_of, Total::Known(total), RuleRun))
    }
}
