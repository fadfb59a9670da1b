//! Forgetting what nobody needs any more: by the schedule or by hand, in batches of the writer, with a record of each run.
//!
//! What may be forgotten, `model::decide` says under the write lock, batch by batch. Several processes may look at the clock
//! at once: one of them begins what is due. A run that is interrupted stays as it was, and the next one goes on.

use crate::{Caller, Engine, Inner, Numbered, Numbers, Subject, Tolerate as _};
use model::access::{self, Operation};
use model::cleanup::Keep;
pub use model::cleanup::{Run as CleanupRun, Task as CleanupTask};
use model::command::{ChangeSetting, Command, Edit, StartCleanup};
use model::id::Seq;
use model::{Actor, Error, Result, Time};
use serde_json::Value;
use std::sync::Weak;
use std::time::Duration;

/// Records of runs that are listed at once.
pub const RUNS_MAX: usize = 100;

/// How often it is looked whether a clean-up is due.
const LOOK: Duration = Duration::from_secs(30);

/// What is kept, and what was forgotten.
#[derive(Debug, Clone, PartialEq)]
pub struct CleanupFigures {
    pub keep: Keep,
    pub audit_days: i64,
    /// Records that each task looks through, old or not.
    pub held: Vec<(CleanupTask, i64)>,
    pub runs: i64,
    pub completed: i64,
    pub forgotten: i64,
    /// When one came to its end last.
    pub last: Option<Time>,
}

/// What to change of it; what is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct CleanupEdit {
    pub enabled: Option<bool>,
    pub schedule: Option<String>,
    pub batch: Option<i64>,
    pub login_days: Option<i64>,
    pub device_days: Option<i64>,
    pub notification_days: Option<i64>,
    pub audit_days: Option<i64>,
}

/// Looks at the clock for as long as the engine lives.
pub(crate) async fn keep_time(engine: Weak<Inner>) {
    let mut tick = tokio::time::interval(LOOK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let Some(inner) = engine.upgrade() else { return };
        Engine(inner).clean_up_when_due().await.map(drop).tolerate("cleaning up");
    }
}

impl Engine {
    /// Runs what the schedule has due and nobody has begun yet; answers the runs as they ended.
    pub async fn clean_up_when_due(&self) -> Result<Vec<CleanupRun>> {
        let policy = self.policy();
        let Some(due) = policy.keep.schedule.last(self.now(), policy.zone).filter(|_| policy.keep.enabled) else {
            return Ok(Vec::new());
        };
        let mut runs = Vec::new();
        for task in CleanupTask::ALL {
            // Each for itself: one that fails is no reason to put off the others.
            match self.clean_up_due(task, due).await {
                Ok(run) => runs.extend(run),
                failed => failed.map(drop).tolerate("a clean-up that was due"),
            }
        }
        Ok(runs)
    }

    async fn clean_up_due(&self, task: CleanupTask, due: Time) -> Result<Option<CleanupRun>> {
        // What was due before the first start is nobody's fault.
        let last = store::cleanup::last_due(&mut self.0.store.read().await?, task).await?;
        if due <= last.unwrap_or(self.0.began) {
            return Ok(None);
        }
        match self.begin_cleanup(&Caller::system("cleanup"), StartCleanup { task, due: Some(due) }).await? {
            Some((run, _)) => self.carry_through(&run).await.map(Some),
            None => Ok(None),
        }
    }

    /// Begins clean-ups by hand and answers their records; they go on by themselves.
    ///
    /// # Errors
    /// `Conflict` where one of the kind is running.
    pub async fn start_cleanup(&self, by: &Caller, tasks: &[CleanupTask]) -> Result<Vec<CleanupRun>> {
        access::in_general(&by.actor, Operation::RunCleanup)?;
        if tasks.is_empty() {
            return Err(Error::invalid("task_type", "is required"));
        }
        // A key names the whole call; within it, each task has its own.
        let each = |task: CleanupTask| by.clone().keyed_among(by.once.key.as_deref(), task.word());
        let (mut begun, mut mine, mut refused) = (Vec::new(), Vec::new(), None);
        for task in tasks {
            match self.begin_cleanup(&each(*task), StartCleanup { task: *task, due: None }).await {
                Ok(Some((run, repeated))) => {
                    mine.extend((!repeated).then(|| run.clone()));
                    begun.push(run);
                }
                Ok(None) => {}
                Err(error) => refused = refused.or(Some(error)),
            }
        }
        if let Some(error) = refused.filter(|_| begun.is_empty()) {
            return Err(error);
        }
        let engine = std::sync::Arc::downgrade(&self.0);
        self.keep(tokio::spawn(async move {
            for run in mine {
                let Some(inner) = engine.upgrade() else { return };
                Engine(inner).carry_through(&run).await.map(drop).tolerate("cleaning up by hand");
            }
        }));
        Ok(begun)
    }

    /// Runs one clean-up to its end, for whoever can wait for it.
    ///
    /// # Errors
    /// `Conflict` where one of the kind is running.
    pub async fn clean_up(&self, by: &Caller, task: CleanupTask) -> Result<CleanupRun> {
        let begun = self.begin_cleanup(by, StartCleanup { task, due: None }).await?;
        let (run, repeated) = begun.ok_or_else(|| Error::internal("no clean-up was begun"))?;
        if repeated { Ok(run) } else { self.carry_through(&run).await }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "nothing was begun, or a run")]
    async fn begin_cleanup(&self, by: &Caller, start: StartCleanup) -> Result<Option<(CleanupRun, bool)>> {
        let outcome = self.execute(by, Command::StartCleanup(start)).await?;
        // The same call again answers the run that it began.
        match outcome.subject {
            Subject::Cleanup(run) => Ok(Some((self.cleanup_run(run).await?, outcome.repeated))),
            _ => Ok(None),
        }
    }

    async fn cleanup_run(&self, id: Seq) -> Result<CleanupRun> {
        let found = store::cleanup::run(&mut self.0.store.read().await?, id).await?;
        found.ok_or_else(|| Error::not_found("clean-up"))
    }

    /// Batch after batch, until nothing is left that is old enough; its record says how it ended.
    async fn carry_through(&self, run: &CleanupRun) -> Result<CleanupRun> {
        let forgotten = self.forget_all(run).await;
        let (beside, error) = match &forgotten {
            Ok(beside) => (*beside, None),
            Err(error) => (0, Some(error.to_string())),
        };
        let finish = Command::FinishCleanup { run: run.id, beside, error };
        self.execute(&Caller::system("cleanup"), finish).await?;
        forgotten?;
        self.cleanup_run(run.id).await
    }

    /// Answers what was forgotten beside the log.
    async fn forget_all(&self, run: &CleanupRun) -> Result<i64> {
        let system = Caller::system("cleanup");
        let most = self.policy().keep.batch;
        for record in run.task.records() {
            let batch = || Command::ForgetRecords { run: run.id, record: *record, most };
            while !self.execute(&system, batch()).await?.events.is_empty() {
                // Whoever waits to write comes first.
                tokio::task::yield_now().await;
            }
        }
        match run.task {
            CleanupTask::AuditLogs => self.forget_audit(run.before, most).await,
            CleanupTask::LoginHistory | CleanupTask::TrustedDevices | CleanupTask::Notifications => Ok(0),
        }
    }

    /// Records of runs, the newest first.
    pub async fn cleanup_runs(
        &self,
        actor: &Actor,
        task: Option<CleanupTask>,
        limit: usize,
    ) -> Result<Vec<CleanupRun>> {
        let part = Numbers { skip: 0, limit: limit.min(RUNS_MAX) };
        Ok(self.cleanup_runs_numbered(actor, task, part).await?.items)
    }

    /// Records of clean-ups by number of page, the newest first.
    pub async fn cleanup_runs_numbered(
        &self,
        actor: &Actor,
        task: Option<CleanupTask>,
        part: Numbers,
    ) -> Result<Numbered<CleanupRun>> {
        access::in_general(actor, Operation::ReadCleanup)?;
        let mut conn = self.0.store.read().await?;
        let total = store::cleanup::count(&mut conn, task).await?;
        let items = store::cleanup::runs(&mut conn, task, (part.skip, part.limit)).await?;
        Ok(Numbered { items, total })
    }

    pub async fn cleanup_figures(&self, actor: &Actor) -> Result<CleanupFigures> {
        access::in_general(actor, Operation::ReadCleanup)?;
        let policy = self.policy();
        let mut conn = self.0.store.read().await?;
        let sums = store::cleanup::sums(&mut conn).await?;
        let mut held = Vec::new();
        for task in CleanupTask::ALL {
            held.push((task, store::cleanup::held(&mut conn, task).await?));
        }
        Ok(CleanupFigures {
            keep: policy.keep.clone(),
            audit_days: policy.audit_days,
            held,
            runs: sums.runs,
            completed: sums.completed,
            forgotten: sums.forgotten,
            last: sums.last,
        })
    }

    /// How long what is kept, and when it is looked through.
    pub fn cleanup_config(&self, actor: &Actor) -> Result<(Keep, i64)> {
        access::in_general(actor, Operation::ReadCleanup)?;
        let policy = self.policy();
        Ok((policy.keep.clone(), policy.audit_days))
    }

    /// Changes it: all of it or nothing.
    pub async fn edit_cleanup(&self, by: &Caller, edit: CleanupEdit) -> Result<(Keep, i64)> {
        let CleanupEdit { enabled, schedule, batch, login_days, device_days, notification_days, audit_days } = edit;
        let all: [(&str, Option<Value>); 7] = [
            ("cleanup_enabled", enabled.map(Value::from)),
            ("cleanup_schedule", schedule.map(Value::from)),
            ("cleanup_batch", batch.map(Value::from)),
            ("login_history_keep_days", login_days.map(Value::from)),
            ("trusted_device_keep_days", device_days.map(Value::from)),
            ("notification_keep_days", notification_days.map(Value::from)),
            ("audit_keep_days", audit_days.map(Value::from)),
        ];
        let changes: Vec<ChangeSetting> = all
            .into_iter()
            .filter_map(|(key, value)| {
                let value = Edit::Set(Some(value?));
                Some(ChangeSetting { key: key.to_owned(), value, ..ChangeSetting::default() })
            })
            .collect();
        if !changes.is_empty() {
            self.change_settings(by, changes).await?;
        }
        access::in_general(&by.actor, Operation::ReadCleanup)?;
        let policy = self.policy();
        Ok((policy.keep.clone(), policy.audit_days))
    }
}
