//! SLA configurations as clients see them.

use crate::category::Category;
use crate::context::Call;
use crate::error::Result;
use crate::node::global;
use crate::person::User;
use crate::scalars::DateTime;
use crate::words::{EscalationAction, Priority};
use async_graphql::{Context, ID, Object, SimpleObject};
use model::id::UserId;
use model::sla::{EscalationRule as Rule, WorkingHours as Hours};

/// What was agreed on for some tickets, or for all.
pub struct SlaConfig(pub(crate) model::sla::SlaConfig);

/// What happens so long after a target was missed, once for each ticket.
pub struct EscalationRule(Rule);

/// When a clock runs, in the zone of the installation; null on days when nobody works.
#[derive(SimpleObject)]
pub struct WorkingHours {
    monday: Option<WorkingDay>,
    tuesday: Option<WorkingDay>,
    wednesday: Option<WorkingDay>,
    thursday: Option<WorkingDay>,
    friday: Option<WorkingDay>,
    saturday: Option<WorkingDay>,
    sunday: Option<WorkingDay>,
}

/// From when to when.
#[derive(SimpleObject)]
pub struct WorkingDay {
    /// Such as `09:00`.
    start: String,
    /// Such as `18:00`, or `24:00`.
    end: String,
}

impl From<Hours> for WorkingHours {
    fn from(hours: Hours) -> Self {
        let week = hours.written().map(|day| {
            let open = !day.start.is_empty();
            open.then_some(WorkingDay { start: day.start, end: day.end })
        });
        let [monday, tuesday, wednesday, thursday, friday, saturday, sunday] = week;
        Self { monday, tuesday, wednesday, thursday, friday, saturday, sunday }
    }
}

async fn people(ctx: &Context<'_>, ids: &[UserId]) -> Result<Vec<User>> {
    let call = Call::of(ctx)?;
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        found.extend(call.loaders.user(*id).await?.map(User));
    }
    Ok(found)
}

/// What happens so long after a target was missed, once for each ticket.
#[Object]
impl EscalationRule {
    /// Minutes by the clock since the missed target was due: that of the first answer while there is none, else that of the
    /// resolution.
    async fn trigger_minutes(&self) -> i64 {
        self.0.trigger_minutes
    }

    /// What it does.
    async fn action(&self) -> EscalationAction {
        self.0.action.into()
    }

    /// Who is told. A rule that only notifies and names nobody tells all administrators.
    #[graphql(complexity = "5 * child_complexity")]
    async fn notify_users(&self, ctx: &Context<'_>) -> Result<Vec<User>> {
        people(ctx, &self.0.notify).await
    }

    /// Who gets the ticket.
    async fn target_user(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        Ok(Call::of(ctx)?.loaders.user_or(self.0.target).await?.map(User))
    }
}

/// What was agreed on for some tickets, or for all.
#[Object]
impl SlaConfig {
    /// The global id, such as `sla_1`.
    async fn id(&self) -> ID {
        global(self.0.id)
    }

    /// What it is called.
    async fn name(&self) -> &str {
        &self.0.form.name
    }

    /// What it is for.
    async fn description(&self) -> Option<&str> {
        self.0.form.description.as_deref()
    }

    /// Whether it counts where no other does. At most one is.
    async fn is_default(&self) -> bool {
        self.0.form.default
    }

    /// Whether it counts at all.
    async fn is_active(&self) -> bool {
        self.0.form.active
    }

    /// It counts only for tickets of this priority; null: of any.
    async fn priority(&self) -> Option<Priority> {
        self.0.form.priority.map(Into::into)
    }

    /// It counts only for tickets of this type; null: of any.
    async fn kind(&self) -> Option<&str> {
        self.0.form.kind.as_deref()
    }

    /// It counts only for tickets in exactly this category; null: in any, or none.
    async fn category(&self, ctx: &Context<'_>) -> Result<Option<Category>> {
        match self.0.form.category {
            Some(id) => Ok(Call::of(ctx)?.loaders.category(id).await?.map(Category)),
            None => Ok(None),
        }
    }

    /// Working minutes from a ticket's creation to its first answer.
    async fn response_time(&self) -> i64 {
        self.0.form.response_minutes
    }

    /// Working minutes from a ticket's creation to its resolution.
    async fn resolution_time(&self) -> i64 {
        self.0.form.resolution_minutes
    }

    /// When its clocks run; null: around the clock.
    async fn working_hours(&self) -> Option<WorkingHours> {
        self.0.form.hours.map(Into::into)
    }

    /// What happens when it is not kept.
    #[graphql(complexity = "1 + 3 * child_complexity")]
    async fn escalation_rules(&self) -> Vec<EscalationRule> {
        self.0.form.rules.iter().cloned().map(EscalationRule).collect()
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
