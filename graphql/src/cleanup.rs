//! What was forgotten, and what is kept how long.

use crate::context::Call;
use crate::error::Result;
use crate::person::User;
use crate::scalars::DateTime;
use crate::words::{CleanupTask, CleanupTrigger};
use async_graphql::{Context, ID, Object, SimpleObject};

/// The record of a clean-up.
pub struct CleanupRun(pub(crate) engine::CleanupRun);

/// What is kept how long, and what was forgotten.
#[derive(SimpleObject)]
pub struct Cleanup {
    /// Whether it is done by itself.
    enabled: bool,
    /// When: minute, hour, day, month, weekday as cron has them, in the business zone.
    schedule: String,
    /// Records that one transaction forgets.
    batch: i64,
    /// Days that sign-ins are kept.
    login_history_days: i64,
    /// Days that devices are kept which are trusted no more.
    trusted_device_days: i64,
    /// Days that notifications are kept which were read.
    notification_days: i64,
    /// Days that the audit log is kept.
    audit_days: i64,
    /// How many records there are of each kind, old or not.
    held: Vec<CleanupHeld>,
    /// How many clean-ups there were.
    runs: i64,
    /// How many of them came to their end.
    completed: i64,
    /// How many records they have forgotten.
    forgotten: i64,
    /// When one came to its end last.
    last: Option<DateTime>,
}

/// How many records there are of a kind.
#[derive(SimpleObject)]
pub struct CleanupHeld {
    /// The kind.
    task: CleanupTask,
    /// How many.
    count: i64,
}

impl From<engine::CleanupFigures> for Cleanup {
    fn from(figures: engine::CleanupFigures) -> Self {
        let engine::CleanupFigures { keep, audit_days, held, runs, completed, forgotten, last } = figures;
        Self {
            enabled: keep.enabled,
            schedule: keep.schedule.to_string(),
            batch: keep.batch,
            login_history_days: keep.login_days,
            trusted_device_days: keep.device_days,
            notification_days: keep.notification_days,
            audit_days,
            held: held.into_iter().map(|(task, count)| CleanupHeld { task: task.into(), count }).collect(),
            runs,
            completed,
            forgotten,
            last: last.map(DateTime),
        }
    }
}

/// The record of a clean-up.
#[Object]
impl CleanupRun {
    /// Its number: the place of its beginning in the log.
    async fn id(&self) -> ID {
        self.0.id.0.to_string().into()
    }

    /// What it looks after.
    async fn task(&self) -> CleanupTask {
        self.0.task.into()
    }

    /// Why it began.
    async fn trigger(&self) -> CleanupTrigger {
        self.0.trigger.into()
    }

    /// How it stands: started, completed or failed.
    async fn state(&self) -> &str {
        self.0.state()
    }

    /// When it began.
    async fn started_at(&self) -> DateTime {
        self.0.started_at.into()
    }

    /// Who began it, where somebody did.
    async fn started_by(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        Ok(Call::of(ctx)?.loaders.user_or(self.0.started_by).await?.map(User))
    }

    /// When it ended.
    async fn finished_at(&self) -> Option<DateTime> {
        self.0.finished_at.map(DateTime)
    }

    /// Milliseconds that it took.
    async fn duration_ms(&self) -> Option<i64> {
        self.0.took()
    }

    /// What is older was forgotten.
    async fn before(&self) -> DateTime {
        self.0.before.into()
    }

    /// How many records it has forgotten.
    async fn forgotten(&self) -> i64 {
        self.0.forgotten
    }

    /// Why it did not come to its end.
    async fn error(&self) -> Option<&str> {
        self.0.error.as_deref()
    }
}
