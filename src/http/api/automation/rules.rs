//! `/api/admin/automation/rules`: what is done by itself when something happens to a ticket. What is wrong with a rule is told by
//! its place, such as `actions[0].params.user_id`, and with 400: a rule that can't be read is no rule.

use super::super::wire::{self, Envelope, Nothing, Reply};
use super::super::{Answer, Api};
use super::{forms, page, placed};
use crate::http::App;
use crate::http::dialect::{Body, Caller, Fail, Ids, Params};
use crate::http::query::{PageNumber, boolean, word};
use axum::extract::State;
use model::Result;
use model::access::Operation;
use model::automation::{Rule, RuleFilter, RuleInput, RuleKind, Trigger};
use model::error::Problems;
use model::id::RuleId;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

type Server = State<Arc<App>>;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(detail, edit, delete)).routes(routes!(stats))
}

/// List rules
///
/// In the order in which they act; for staff.
#[utoipa::path(get, path = "/admin/automation/rules", operation_id = "apiListRules", tag = "api automation",
    params(wire::RulesQuery),
    responses((status = 200, description = "A page of them", body = Envelope<wire::Rules>)),
)]
async fn list(app: Server, by: Caller<Api>, Params(query, ..): Params<wire::RulesQuery, Api>) -> Answer<wire::Rules> {
    let (filter, page) = asked(query).map_err(Fail::of_query)?;
    let found = app.engine.rules_numbered(&by.actor, &filter, page.part()).await?;
    let ids: Vec<RuleId> = found.items.iter().map(|rule| rule.id).collect();
    let figures = app.engine.rule_figures(&by.actor, &ids).await?;
    let shown = |rule: Rule| {
        let of = figures.get(&rule.id).copied().unwrap_or_default();
        forms::shown_rule(rule, of)
    };
    let rules = found.items.into_iter().map(shown).collect();
    Ok(Reply::done("", wire::Rules { rules, place: placed(page, found.total) }))
}

fn asked(query: wire::RulesQuery) -> Result<(RuleFilter, PageNumber)> {
    let mut problems = Problems::default();
    let p = &mut problems;
    let page = page(query.page.as_deref(), [query.limit.as_deref(), query.page_size.as_deref()], p);
    let (kinds, triggers) = (RuleKind::ALL.map(RuleKind::word), Trigger::ALL.map(Trigger::word));
    let filter = RuleFilter {
        kind: word("rule_type", query.rule_type.as_deref(), &kinds, RuleKind::parse, p),
        trigger: word("trigger_event", query.trigger_event.as_deref(), &triggers, Trigger::parse, p),
        active: boolean("is_active", query.is_active.as_deref(), p),
        keyword: query.search,
    };
    problems.finish()?;
    Ok((filter, page))
}

/// Make a rule
///
/// For administrators. It acts on what happens from then on.
#[utoipa::path(post, path = "/admin/automation/rules", operation_id = "apiCreateRule", tag = "api automation",
    request_body = wire::RuleForm,
    responses(
        (status = 201, description = "The rule", body = Envelope<wire::Rule>),
        (status = 409, description = "There are as many as there may be", body = wire::Refusal),
    ),
)]
async fn create(app: Server, by: Caller<Api>, Body(form, ..): Body<wire::RuleForm, Api>) -> Answer<wire::Rule> {
    by.may(Operation::ManageRules)?;
    let input = forms::rule(form).map_err(Fail::of_query)?.over(RuleInput::empty());
    let made = app.engine.create_rule(&by, input).await.map_err(Fail::of_query)?;
    Ok(Reply::created("自动化规则创建成功", forms::shown_rule(made, model::automation::Figures::default())))
}

/// Read a rule
#[utoipa::path(get, path = "/admin/automation/rules/{id}", operation_id = "apiRule", tag = "api automation",
    params(("id" = i64, Path, description = "The rule's number", example = 1)),
    responses((status = 200, description = "The rule", body = Envelope<wire::Rule>)),
)]
async fn detail(app: Server, by: Caller<Api>, Ids([id], ..): Ids<Api, 1>) -> Answer<wire::Rule> {
    let rule = app.engine.rule(&by.actor, RuleId(id)).await?;
    Ok(Reply::done("", with_figures(&app, &by, rule).await?))
}

async fn with_figures(app: &App, by: &engine::Caller, rule: Rule) -> Result<wire::Rule> {
    let figures = app.engine.rule_figures(&by.actor, &[rule.id]).await?;
    let of = figures.get(&rule.id).copied().unwrap_or_default();
    Ok(forms::shown_rule(rule, of))
}

/// Edit a rule
///
/// What is left out stays; for administrators. One that is switched off stops at once.
#[utoipa::path(put, path = "/admin/automation/rules/{id}", operation_id = "apiEditRule", tag = "api automation",
    params(("id" = i64, Path, description = "The rule's number", example = 1)),
    request_body = Option<wire::RuleForm>,
    responses((status = 200, description = "The rule as it is now", body = Envelope<wire::Rule>)),
)]
async fn edit(
    app: Server,
    by: Caller<Api>,
    Ids([id], ..): Ids<Api, 1>,
    Body(form, ..): Body<wire::RuleForm, Api>,
) -> Answer<wire::Rule> {
    by.may(Operation::ManageRules)?;
    let edit = forms::rule(form).map_err(Fail::of_query)?;
    let edited = app.engine.edit_rule(&by, RuleId(id), edit).await.map_err(Fail::of_query)?;
    Ok(Reply::done("自动化规则更新成功", with_figures(&app, &by, edited).await?))
}

/// Delete a rule
///
/// For administrators. What it has done stays done, and in the log.
#[utoipa::path(delete, path = "/admin/automation/rules/{id}", operation_id = "apiDeleteRule", tag = "api automation",
    params(("id" = i64, Path, description = "The rule's number", example = 1)),
    responses((status = 200, description = "It is gone", body = Envelope<Nothing>)),
)]
async fn delete(app: Server, by: Caller<Api>, Ids([id], ..): Ids<Api, 1>) -> Answer<Nothing> {
    app.engine.delete_rule(&by, RuleId(id)).await?;
    Ok(Reply::done("自动化规则删除成功", Nothing))
}

/// Read what a rule has done in figures
#[utoipa::path(get, path = "/admin/automation/rules/{id}/stats", operation_id = "apiRuleStats", tag = "api automation",
    params(("id" = i64, Path, description = "The rule's number", example = 1)),
    responses((status = 200, description = "Since it was made", body = Envelope<wire::RuleStats>)),
)]
async fn stats(app: Server, by: Caller<Api>, Ids([id], ..): Ids<Api, 1>) -> Answer<wire::RuleStats> {
    let rule = app.engine.rule(&by.actor, RuleId(id)).await?;
    let figures = app.engine.rule_figures(&by.actor, &[rule.id]).await?;
    Ok(Reply::done("", forms::stats(id, figures.get(&rule.id).copied().unwrap_or_default())))
}
