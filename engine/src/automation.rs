//! Quick replies, templates and rules as those who write and use them see them. What rules do by themselves: `automate.rs`.

use crate::execute::Outcome;
use crate::subject::Subject;
use crate::{Caller, Engine, Numbered, Numbers, see};
use model::access::{self, Operation};
use model::automation::reply::QuickReplyInput;
use model::automation::{
    Figures, QuickReply, QuickReplyFilter, Rule, RuleFilter, RuleInput, Run, RunFilter, Template, TemplateFilter,
    TemplateForm,
};
use model::command::{Command, EditQuickReply, EditRule, EditTemplate};
use model::id::{QuickReplyId, RuleId, TemplateId};
use model::query::{Page, Slice};
use model::{Actor, Error, Result};
use std::collections::HashMap;
use store::Scope;
use store::automation::reply::Seen;
use store::automation::{reply, rule, run, template};

/// Whose private replies are seen: one's own; the system's reader sees all.
fn seen(actor: &Actor) -> Seen {
    Seen(actor.user())
}

/// One page of a list that is in memory as a whole.
fn page_of<T>(all: Vec<T>, part: Numbers) -> Numbered<T> {
    let total = i64::try_from(all.len()).unwrap_or(i64::MAX);
    Numbered { items: all.into_iter().skip(part.skip).take(part.limit).collect(), total }
}

impl Engine {
    /// Public ones and one's own, the newest first.
    pub async fn quick_replies(
        &self,
        actor: &Actor,
        filter: QuickReplyFilter,
        page: &Page,
    ) -> Result<Slice<QuickReply>> {
        access::in_general(actor, Operation::ReadQuickReplies)?;
        let filter = filter.check()?;
        reply::list(&mut self.0.store.read().await?, seen(actor), &filter, page).await
    }

    pub async fn count_quick_replies(&self, actor: &Actor, filter: QuickReplyFilter) -> Result<i64> {
        access::in_general(actor, Operation::ReadQuickReplies)?;
        reply::count(&mut self.0.store.read().await?, seen(actor), &filter.check()?).await
    }

    pub async fn quick_replies_numbered(
        &self,
        actor: &Actor,
        filter: QuickReplyFilter,
        part: Numbers,
    ) -> Result<Numbered<QuickReply>> {
        let total = self.count_quick_replies(actor, filter.clone()).await?;
        if part.is_behind(total) {
            return Ok(Numbered { items: Vec::new(), total });
        }
        let page = Page { offset: part.skip, ..Page::first(part.limit) };
        let slice = self.quick_replies(actor, filter, &page).await?;
        Ok(Numbered { items: slice.items.into_iter().map(|(_, reply)| reply).collect(), total })
    }

    pub async fn quick_reply(&self, actor: &Actor, id: QuickReplyId) -> Result<QuickReply> {
        access::in_general(actor, Operation::ReadQuickReplies)?;
        let found = reply::by_id(&mut self.0.store.read().await?, id).await?;
        let found = found.filter(|reply| actor.is_system() || reply.is_seen_by(actor.user()));
        found.ok_or_else(|| Error::not_found("quick reply"))
    }

    async fn on_reply(&self, by: &Caller, command: Command) -> Result<QuickReply> {
        let outcome = self.execute(by, command).await?;
        let Subject::QuickReply(id) = outcome.subject else { return Err(Error::internal("no quick reply")) };
        self.quick_reply(outcome.reader(by), id).await
    }

    pub async fn create_quick_reply(&self, by: &Caller, new: QuickReplyInput) -> Result<QuickReply> {
        self.on_reply(by, Command::CreateQuickReply(Box::new(new))).await
    }

    /// What is left out stays as it is when it is carried out.
    pub async fn edit_quick_reply(&self, by: &Caller, id: QuickReplyId, edit: EditQuickReply) -> Result<QuickReply> {
        self.on_reply(by, Command::EditQuickReply(id, Box::new(edit))).await
    }

    /// Counts a use, and answers what is to be said.
    pub async fn use_quick_reply(&self, by: &Caller, id: QuickReplyId) -> Result<QuickReply> {
        self.on_reply(by, Command::UseQuickReply(id)).await
    }

    pub async fn delete_quick_reply(&self, by: &Caller, id: QuickReplyId) -> Result<()> {
        self.execute(by, Command::DeleteQuickReply(id)).await.map(|_| ())
    }

    /// In the order in which they were made.
    pub async fn templates(&self, actor: &Actor, filter: &TemplateFilter) -> Result<Vec<Template>> {
        access::in_general(actor, Operation::ReadTemplates)?;
        let mut all = template::all(&mut self.0.store.read().await?).await?;
        all.retain(|template| filter.is_met_by(&template.form));
        Ok(all)
    }

    pub async fn templates_numbered(
        &self,
        actor: &Actor,
        filter: &TemplateFilter,
        part: Numbers,
    ) -> Result<Numbered<Template>> {
        Ok(page_of(self.templates(actor, filter).await?, part))
    }

    pub async fn template(&self, actor: &Actor, id: TemplateId) -> Result<Template> {
        access::in_general(actor, Operation::ReadTemplates)?;
        let found = template::by_id(&mut self.0.store.read().await?, id).await?;
        found.ok_or_else(|| Error::not_found("template"))
    }

    async fn on_template(&self, by: &Caller, command: Command) -> Result<Template> {
        let outcome = self.execute(by, command).await?;
        let Subject::Template(id) = outcome.subject else { return Err(Error::internal("no template")) };
        self.template(outcome.reader(by), id).await
    }

    pub async fn create_template(&self, by: &Caller, form: TemplateForm) -> Result<Template> {
        self.on_template(by, Command::CreateTemplate(Box::new(form))).await
    }

    /// What is left out stays as it is when it is carried out.
    pub async fn edit_template(&self, by: &Caller, id: TemplateId, edit: EditTemplate) -> Result<Template> {
        self.on_template(by, Command::EditTemplate(id, Box::new(edit))).await
    }

    pub async fn delete_template(&self, by: &Caller, id: TemplateId) -> Result<()> {
        self.execute(by, Command::DeleteTemplate(id)).await.map(|_| ())
    }

    /// In the order in which they act.
    pub async fn rules(&self, actor: &Actor, filter: &RuleFilter) -> Result<Vec<Rule>> {
        access::in_general(actor, Operation::ReadRules)?;
        let mut all = rule::all(&mut self.0.store.read().await?).await?;
        all.retain(|rule| filter.is_met_by(&rule.form));
        Ok(all)
    }

    pub async fn rules_numbered(&self, actor: &Actor, filter: &RuleFilter, part: Numbers) -> Result<Numbered<Rule>> {
        Ok(page_of(self.rules(actor, filter).await?, part))
    }

    pub async fn rule(&self, actor: &Actor, id: RuleId) -> Result<Rule> {
        access::in_general(actor, Operation::ReadRules)?;
        let found = rule::by_id(&mut self.0.store.read().await?, id).await?;
        found.ok_or_else(|| Error::not_found("rule"))
    }

    /// What rules have done since they were made.
    pub async fn rule_figures(&self, actor: &Actor, ids: &[RuleId]) -> Result<HashMap<RuleId, Figures>> {
        access::in_general(actor, Operation::ReadRules)?;
        run::figures(&mut self.0.store.read().await?, ids).await
    }

    async fn rule_of(&self, by: &Caller, outcome: Outcome) -> Result<Rule> {
        let Subject::Rule(id) = outcome.subject else { return Err(Error::internal("no rule")) };
        self.rule(outcome.reader(by), id).await
    }

    pub async fn create_rule(&self, by: &Caller, input: RuleInput) -> Result<Rule> {
        let outcome = self.execute(by, Command::CreateRule(Box::new(input))).await?;
        self.rule_of(by, outcome).await
    }

    /// What is left out stays as it is when it is carried out.
    pub async fn edit_rule(&self, by: &Caller, id: RuleId, edit: EditRule) -> Result<Rule> {
        let outcome = self.execute(by, Command::EditRule(id, Box::new(edit))).await?;
        self.rule_of(by, outcome).await
    }

    pub async fn delete_rule(&self, by: &Caller, id: RuleId) -> Result<()> {
        self.execute(by, Command::DeleteRule(id)).await.map(|_| ())
    }

    /// What rules have done to the tickets that the actor may see, the newest first.
    pub async fn rule_runs(&self, actor: &Actor, filter: RunFilter, page: &Page) -> Result<Slice<Run>> {
        let scope = self.runs_seen(actor, filter).await?;
        run::list(&mut self.0.store.read().await?, filter, scope, page).await
    }

    pub async fn count_rule_runs(&self, actor: &Actor, filter: RunFilter) -> Result<i64> {
        let scope = self.runs_seen(actor, filter).await?;
        run::count(&mut self.0.store.read().await?, filter, scope).await
    }

    pub async fn rule_runs_numbered(&self, actor: &Actor, filter: RunFilter, part: Numbers) -> Result<Numbered<Run>> {
        let total = self.count_rule_runs(actor, filter).await?;
        if part.is_behind(total) {
            return Ok(Numbered { items: Vec::new(), total });
        }
        let page = Page { offset: part.skip, ..Page::first(part.limit) };
        let slice = self.rule_runs(actor, filter, &page).await?;
        Ok(Numbered { items: slice.items.into_iter().map(|(_, run)| run).collect(), total })
    }

    /// Whose tickets' lines somebody reads; who asks for a ticket's has to know of the ticket.
    async fn runs_seen(&self, actor: &Actor, filter: RunFilter) -> Result<Scope> {
        access::in_general(actor, Operation::ReadRules)?;
        if let Some(id) = filter.ticket.filter(|_| !actor.is_system()) {
            self.ticket(actor, id).await?;
        }
        see::scope(actor).ok_or_else(access::sign_in)
    }
}
