//! `/api/admin/system/cleanup`: what is forgotten when, by the schedule or by hand, and what was.

use super::people::moment;
use super::wire::{self, Envelope, List, Refusal, Reply};
use super::{Answer, Api, Listed, paging};
use crate::http::App;
use crate::http::dialect::{Body, Caller, Fail, Params};
use crate::http::query::{PageNumber, one_of, word};
use axum::extract::State;
use engine::{CleanupEdit, CleanupFigures, CleanupRun, CleanupTask};
use model::access::Operation;
use model::cleanup::{Keep, Task};
use model::error::Problems;
use model::{Error, Result};
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

type Server = State<Arc<App>>;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(config, edit))
        .routes(routes!(execute))
        .routes(routes!(execute_all))
        .routes(routes!(logs))
        .routes(routes!(stats))
}

/// Read what is forgotten when
#[utoipa::path(get, path = "/admin/system/cleanup/config", operation_id = "apiCleanupConfig", tag = "api admin",
    responses((status = 200, description = "It", body = Envelope<wire::CleanupConfig>)),
)]
async fn config(app: Server, by: Caller<Api>) -> Answer<wire::CleanupConfig> {
    let (keep, audit_days) = app.engine.cleanup_config(&by.actor)?;
    Ok(Reply::done("", shown(&keep, audit_days)))
}

/// Change what is forgotten when
///
/// What is left out stays. All of it is changed, or nothing. These are settings, and stand among them, too.
#[utoipa::path(put, path = "/admin/system/cleanup/config", operation_id = "apiChangeCleanupConfig", tag = "api admin",
    request_body = Option<wire::CleanupEdit>,
    responses((status = 200, description = "It, as it is now", body = Envelope<wire::CleanupConfig>)),
)]
async fn edit(
    app: Server,
    by: Caller<Api>,
    Body(form, ..): Body<wire::CleanupEdit, Api>,
) -> Answer<wire::CleanupConfig> {
    by.may(Operation::ChangeSettings)?;
    let (keep, audit_days) = app.engine.edit_cleanup(&by, changes(form)?).await?;
    Ok(Reply::done("清理配置更新成功", shown(&keep, audit_days)))
}

/// Forget what is old enough, now
///
/// It goes on by itself; its record says how it ended. What is in use is never forgotten: sessions that could be renewed,
/// devices that are trusted, notifications that were not read.
#[utoipa::path(post, path = "/admin/system/cleanup/execute", operation_id = "apiExecuteCleanup", tag = "api admin",
    request_body = wire::CleanupOrder,
    responses(
        (status = 202, description = "It was begun", body = Envelope<wire::CleanupBegun>),
        (status = 409, description = "CONFLICT: one of the kind is running", body = Refusal),
    ),
)]
async fn execute(
    app: Server,
    by: Caller<Api>,
    Body(form, ..): Body<wire::CleanupOrder, Api>,
) -> Answer<wire::CleanupBegun> {
    by.may(Operation::RunCleanup)?;
    let task = ordered(form)?;
    let runs = app.engine.start_cleanup(&by, &[task]).await?;
    Ok(Reply::accepted("清理任务已启动", begun(task.word(), runs)))
}

/// Forget whatever is old enough, now
///
/// Every kind, one after the other; kinds that are being forgotten already are passed over.
#[utoipa::path(post, path = "/admin/system/cleanup/execute-all", operation_id = "apiExecuteAllCleanups", tag = "api admin",
    responses(
        (status = 202, description = "It was begun", body = Envelope<wire::CleanupBegun>),
        (status = 409, description = "CONFLICT: all of them are running", body = Refusal),
    ),
)]
async fn execute_all(app: Server, by: Caller<Api>) -> Answer<wire::CleanupBegun> {
    let runs = app.engine.start_cleanup(&by, &Task::ALL).await?;
    Ok(Reply::accepted("所有清理任务已启动", begun("all", runs)))
}

/// Read what was forgotten
///
/// A record for each run, the newest first.
#[utoipa::path(get, path = "/admin/system/cleanup/logs", operation_id = "apiCleanupLogs", tag = "api admin",
    params(wire::CleanupQuery),
    responses((status = 200, description = "The newest of them", body = List<wire::CleanupLog>)),
)]
async fn logs(
    app: Server,
    by: Caller<Api>,
    Params(query, ..): Params<wire::CleanupQuery, Api>,
) -> Listed<wire::CleanupLog> {
    let (task, page) = asked(&query).map_err(Fail::of_query)?;
    let found = app.engine.cleanup_runs_numbered(&by.actor, task, page.part()).await?;
    Ok(List::new(found.items.into_iter().map(record).collect(), paging::shown(page, found.total)))
}

/// Count what there is, and what was forgotten
#[utoipa::path(get, path = "/admin/system/cleanup/stats", operation_id = "apiCleanupStats", tag = "api admin",
    responses((status = 200, description = "The figures", body = Envelope<wire::CleanupStats>)),
)]
async fn stats(app: Server, by: Caller<Api>) -> Answer<wire::CleanupStats> {
    Ok(Reply::done("", counted(&app.engine.cleanup_figures(&by.actor).await?)))
}

fn shown(keep: &Keep, audit_days: i64) -> wire::CleanupConfig {
    wire::CleanupConfig {
        cleanup_enabled: keep.enabled,
        cleanup_schedule: keep.schedule.to_string(),
        max_records_per_cleanup: keep.batch,
        login_history_retention_days: keep.login_days,
        trusted_device_retention_days: keep.device_days,
        notification_retention_days: keep.notification_days,
        audit_log_retention_days: audit_days,
    }
}

fn changes(form: wire::CleanupEdit) -> Result<CleanupEdit> {
    let mut problems = Problems::default();
    let p = &mut problems;
    let edit = CleanupEdit {
        enabled: form.cleanup_enabled.optional("cleanup_enabled", p),
        schedule: form.cleanup_schedule.optional("cleanup_schedule", p),
        batch: form.max_records_per_cleanup.optional("max_records_per_cleanup", p),
        login_days: form.login_history_retention_days.optional("login_history_retention_days", p),
        device_days: form.trusted_device_retention_days.optional("trusted_device_retention_days", p),
        notification_days: form.notification_retention_days.optional("notification_retention_days", p),
        audit_days: form.audit_log_retention_days.optional("audit_log_retention_days", p),
    };
    problems.finish()?;
    Ok(edit)
}

fn ordered(form: wire::CleanupOrder) -> Result<CleanupTask> {
    let mut problems = Problems::default();
    let word = form.task_type.required("task_type", &mut problems);
    problems.finish()?;
    let task = word.and_then(|word| Task::parse(word.trim()));
    task.ok_or_else(|| Error::invalid("task_type", one_of(&Task::WORDS)))
}

fn asked(query: &wire::CleanupQuery) -> Result<(Option<CleanupTask>, PageNumber)> {
    let mut problems = Problems::default();
    let task = word("task_type", query.task_type.as_deref(), &Task::WORDS, Task::parse, &mut problems);
    let page = paging::page(None, [query.limit.as_deref(), None], paging::MOST, &mut problems);
    problems.finish()?;
    Ok((task, page))
}

fn begun(task_type: &'static str, runs: Vec<CleanupRun>) -> wire::CleanupBegun {
    let runs = runs.into_iter().map(record).collect();
    wire::CleanupBegun { task_type, trigger_type: "manual", status: "started", runs }
}

fn record(run: CleanupRun) -> wire::CleanupLog {
    wire::CleanupLog {
        id: run.id.0,
        created_at: moment(run.started_at),
        task_type: run.task.word(),
        status: run.state(),
        trigger_type: run.trigger.word(),
        trigger_by: run.started_by.map(|user| user.0),
        start_time: moment(run.started_at),
        end_time: run.finished_at.map(moment),
        duration: run.took(),
        records_processed: run.forgotten,
        records_deleted: run.forgotten,
        retention_days: run.keep_days,
        cutoff_date: moment(run.before),
        error_message: run.error.unwrap_or_default(),
    }
}

fn counted(figures: &CleanupFigures) -> wire::CleanupStats {
    let of = |task: Task| figures.held.iter().find(|(held, _)| *held == task).map_or(0, |(_, count)| *count);
    wire::CleanupStats {
        login_history_count: of(Task::LoginHistory),
        trusted_device_count: of(Task::TrustedDevices),
        notification_count: of(Task::Notifications),
        audit_log_count: of(Task::AuditLogs),
        total_cleanups: figures.runs,
        successful_cleanups: figures.completed,
        last_cleanup_time: figures.last.map(moment),
        total_records_deleted: figures.forgotten,
        current_config: shown(&figures.keep, figures.audit_days),
    }
}
