//! SLA configurations: made, edited, deleted.

use super::{Sent, edit, payloads, run};
use crate::error::Result;
use crate::node::{global, read};
use crate::sla::SlaConfig;
use crate::words::{EscalationAction, Priority};
use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object};
use model::command::{CategoryRef, Edit, EditSlaConfig};
use model::error::Problems;
use model::id::SlaConfigId;
use model::sla::{Day, EscalationRule, RuleFields, WorkingHours, rule_fields};

#[derive(Default)]
pub(super) struct Sla;

/// From when to when somebody works.
#[derive(InputObject)]
pub struct WorkingDayInput {
    /// Such as `09:00`.
    start: String,
    /// Such as `18:00`, or `24:00` for the end of the day.
    end: String,
}

/// When the clocks run, in the zone of the installation. Nobody works on a day that is left out.
#[derive(InputObject)]
pub struct WorkingHoursInput {
    monday: Option<WorkingDayInput>,
    tuesday: Option<WorkingDayInput>,
    wednesday: Option<WorkingDayInput>,
    thursday: Option<WorkingDayInput>,
    friday: Option<WorkingDayInput>,
    saturday: Option<WorkingDayInput>,
    sunday: Option<WorkingDayInput>,
}

/// What happens so long after a target was missed, once for each ticket.
#[derive(InputObject)]
pub struct EscalationRuleInput {
    /// Minutes by the clock since the missed target was due: that of the first answer while there is none, else that of the
    /// resolution.
    trigger_minutes: i64,
    /// What it does.
    action: EscalationAction,
    /// Staff who are told; a rule that only notifies and names nobody tells all administrators.
    notify_users: Option<Vec<ID>>,
    /// Who gets the ticket when it is escalated.
    target_user_id: Option<ID>,
}

/// An SLA configuration to make.
#[derive(InputObject)]
pub struct CreateSlaConfigInput {
    /// What it is called: 1 to 100 characters.
    name: String,
    /// What it is for.
    description: Option<String>,
    /// Whether it counts where no other does; it takes that from the one that does now.
    is_default: Option<bool>,
    /// Whether it counts at all; it does if nothing is said.
    is_active: Option<bool>,
    /// Only for tickets of this priority.
    priority: Option<Priority>,
    /// Only for tickets of this type.
    kind: Option<String>,
    /// Only for tickets in exactly this category.
    category: Option<ID>,
    /// Working minutes to the first answer.
    response_time: i64,
    /// Working minutes to the resolution.
    resolution_time: i64,
    /// When the clocks run; around the clock if nothing is said.
    working_hours: Option<WorkingHoursInput>,
    /// What happens when it is not kept, at most 10.
    escalation_rules: Option<Vec<EscalationRuleInput>>,
    /// Makes a repetition harmless.
    client_mutation_id: Option<String>,
}

/// What to change of an SLA configuration: what is left out stays, null takes away. Due times of tickets that there are stay.
#[derive(InputObject)]
pub struct EditSlaConfigInput {
    /// The configuration.
    id: ID,
    /// What it is called.
    name: Option<String>,
    /// What it is for.
    description: MaybeUndefined<String>,
    /// Whether it counts where no other does.
    is_default: Option<bool>,
    /// Whether it counts at all.
    is_active: Option<bool>,
    /// Only for tickets of this priority.
    priority: MaybeUndefined<Priority>,
    /// Only for tickets of this type.
    kind: MaybeUndefined<String>,
    /// Only for tickets in exactly this category.
    category: MaybeUndefined<ID>,
    /// Working minutes to the first answer.
    response_time: Option<i64>,
    /// Working minutes to the resolution.
    resolution_time: Option<i64>,
    /// When the clocks run.
    working_hours: MaybeUndefined<WorkingHoursInput>,
    /// All that happens when it is not kept.
    escalation_rules: Option<Vec<EscalationRuleInput>>,
    /// Makes a repetition harmless.
    client_mutation_id: Option<String>,
}

/// An SLA configuration to delete.
#[derive(InputObject)]
pub struct DeleteSlaConfigInput {
    /// The configuration.
    id: ID,
    /// Makes a repetition harmless.
    client_mutation_id: Option<String>,
}

payloads! {
    /// What making an SLA configuration came to.
    CreateSlaConfigPayload {
        /// The new configuration.
        sla_config: SlaConfig
    }
    /// What editing an SLA configuration came to.
    EditSlaConfigPayload {
        /// The configuration as it is now.
        sla_config: SlaConfig
    }
    /// What deleting an SLA configuration came to.
    DeleteSlaConfigPayload {
        /// The id of the configuration that is no more.
        id: ID
    }
}

fn stated<T>(value: Option<T>) -> Edit<Option<T>> {
    Edit::some(value.map(Some))
}

fn hours(input: WorkingHoursInput) -> model::Result<WorkingHours> {
    let WorkingHoursInput { monday, tuesday, wednesday, thursday, friday, saturday, sunday } = input;
    let week = [monday, tuesday, wednesday, thursday, friday, saturday, sunday];
    WorkingHours::parse(&week.map(|day| day.map_or_else(Day::default, |day| Day { start: day.start, end: day.end })))
}

fn rules(inputs: Vec<EscalationRuleInput>) -> model::Result<Vec<EscalationRule>> {
    let mut problems = Problems::default();
    // What is more than there may be keeps the last one's names, and is refused as too many.
    let names = rule_fields();
    let fields = names.iter().chain(names.last().into_iter().cycle());
    let mut rules = Vec::with_capacity(inputs.len());
    for (input, fields) in inputs.into_iter().zip(fields) {
        rules.extend(problems.take(rule(input, *fields))?);
    }
    problems.finish()?;
    Ok(rules)
}

fn rule(input: EscalationRuleInput, fields: RuleFields) -> model::Result<EscalationRule> {
    Ok(EscalationRule {
        trigger_minutes: input.trigger_minutes,
        action: input.action.into(),
        notify: crate::node::read_all(fields.notify_users, input.notify_users.as_deref())?,
        target: crate::node::read_or(fields.target_user_id, input.target_user_id.as_ref())?,
    })
}

fn category(id: ID) -> model::Result<CategoryRef> {
    read("category", &id).map(CategoryRef::Id)
}

impl CreateSlaConfigInput {
    fn read(self) -> model::Result<EditSlaConfig> {
        Ok(EditSlaConfig {
            name: Some(self.name),
            description: stated(self.description),
            default: self.is_default,
            active: self.is_active,
            priority: stated(self.priority.map(Into::into)),
            kind: stated(self.kind),
            category: stated(self.category).try_map(category)?,
            response_minutes: Some(self.response_time),
            resolution_minutes: Some(self.resolution_time),
            hours: stated(self.working_hours).try_map(hours)?,
            rules: self.escalation_rules.map(rules).transpose()?,
        })
    }
}

impl EditSlaConfigInput {
    fn read(self) -> model::Result<EditSlaConfig> {
        Ok(EditSlaConfig {
            name: self.name,
            description: edit(self.description),
            default: self.is_default,
            active: self.is_active,
            priority: edit(self.priority).map(Into::into),
            kind: edit(self.kind),
            category: edit(self.category).try_map(category)?,
            response_minutes: self.response_time,
            resolution_minutes: self.resolution_time,
            hours: edit(self.working_hours).try_map(hours)?,
            rules: self.escalation_rules.map(rules).transpose()?,
        })
    }
}

#[Object(name = "MutationSla")]
impl Sla {
    /// Makes an SLA configuration. It counts for tickets that are opened, or change priority, type or category, from then on.
    async fn create_sla_config(
        &self,
        ctx: &Context<'_>,
        input: CreateSlaConfigInput,
    ) -> Result<CreateSlaConfigPayload> {
        run(ctx, Sent::id(input.client_mutation_id.clone()), async |call, by| {
            Ok(SlaConfig(call.engine.create_sla_config(&by, input.read()?).await?))
        })
        .await
    }

    /// Edits an SLA configuration.
    async fn edit_sla_config(&self, ctx: &Context<'_>, input: EditSlaConfigInput) -> Result<EditSlaConfigPayload> {
        run(ctx, Sent::id(input.client_mutation_id.clone()), async |call, by| {
            let id: SlaConfigId = read("id", &input.id)?;
            Ok(SlaConfig(call.engine.edit_sla_config(&by, id, input.read()?).await?))
        })
        .await
    }

    /// Deletes an SLA configuration. Tickets that it was agreed on for keep their due times.
    async fn delete_sla_config(
        &self,
        ctx: &Context<'_>,
        input: DeleteSlaConfigInput,
    ) -> Result<DeleteSlaConfigPayload> {
        run(ctx, Sent::id(input.client_mutation_id), async |call, by| {
            let id: SlaConfigId = read("id", &input.id)?;
            call.engine.delete_sla_config(&by, id).await?;
            Ok(global(id))
        })
        .await
    }
}
