//! Forgetting what nobody needs any more: what is kept for how long, and the record of each run.
//!
//! Only what is over is ever forgotten: a session after the time for which it could have been renewed, a device that is
//! trusted no more, a notification that was read. The log keeps that something was forgotten, and of which kind.

use crate::id::{Seq, UserId};
use crate::schedule::Schedule;
use crate::time::{DAY, Time};
use serde::{Deserialize, Serialize};

/// A run of which nothing was heard for so long was interrupted.
pub const SILENCE: i64 = 10 * crate::time::MINUTE;

/// What one run looks after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    LoginHistory,
    TrustedDevices,
    Notifications,
    AuditLogs,
}

impl Task {
    pub const ALL: [Self; 4] = [Self::LoginHistory, Self::TrustedDevices, Self::Notifications, Self::AuditLogs];
    pub const WORDS: [&str; 4] = ["login_history", "trusted_devices", "notifications", "audit_logs"];

    pub fn word(self) -> &'static str {
        match self {
            Self::LoginHistory => "login_history",
            Self::TrustedDevices => "trusted_devices",
            Self::Notifications => "notifications",
            Self::AuditLogs => "audit_logs",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|task| task.word() == word)
    }

    /// The records that it forgets through the log; lines of the audit log stand beside it.
    pub fn records(self) -> &'static [Record] {
        match self {
            Self::LoginHistory => &[Record::FailedSignIn, Record::Session],
            Self::TrustedDevices => &[Record::TrustedDevice],
            Self::Notifications => &[Record::Notification],
            Self::AuditLogs => &[],
        }
    }
}

/// A kind of record that is forgotten when it is old.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// Since it happened.
    FailedSignIn,
    /// Since its refresh token would have died, ended before or not.
    Session,
    /// Since it expired or was revoked.
    TrustedDevice,
    /// Since it was read.
    Notification,
}

/// Why a run began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    Manual,
    Scheduled,
}

impl Trigger {
    pub fn word(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::Scheduled => "scheduled",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        [Self::Manual, Self::Scheduled].into_iter().find(|trigger| trigger.word() == word)
    }
}

/// How long what is over is kept, and when it is looked through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keep {
    /// Whether it is done by itself; by hand it always can be.
    pub enabled: bool,
    pub schedule: Schedule,
    /// Records that one transaction forgets, at most.
    pub batch: i64,
    pub login_days: i64,
    pub device_days: i64,
    pub notification_days: i64,
}

impl Default for Keep {
    fn default() -> Self {
        Self {
            enabled: true,
            schedule: Schedule::nightly(),
            batch: 1_000,
            login_days: 180,
            device_days: 30,
            notification_days: 180,
        }
    }
}

impl Keep {
    /// Days that a task keeps things; the audit log's are a setting of its own.
    pub fn days(&self, task: Task, audit_days: i64) -> i64 {
        match task {
            Task::LoginHistory => self.login_days,
            Task::TrustedDevices => self.device_days,
            Task::Notifications => self.notification_days,
            Task::AuditLogs => audit_days,
        }
    }
}

/// A run, as it is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The place of its beginning in the log.
    pub id: Seq,
    pub task: Task,
    pub trigger: Trigger,
    pub started_at: Time,
    /// Who started it, where it was a person.
    pub started_by: Option<UserId>,
    pub keep_days: i64,
    /// What is older than this is forgotten.
    pub before: Time,
    pub forgotten: i64,
    /// When something was heard of it last.
    pub touched_at: Time,
    pub finished_at: Option<Time>,
    /// Why it did not come to its end.
    pub error: Option<String>,
}

impl Run {
    pub fn state(&self) -> &'static str {
        match (self.finished_at, &self.error) {
            (None, _) => "started",
            (Some(_), None) => "completed",
            (Some(_), Some(_)) => "failed",
        }
    }

    /// Milliseconds from its beginning to its end.
    pub fn took(&self) -> Option<i64> {
        self.finished_at.map(|end| (end.0 - self.started_at.0).max(0))
    }
}

/// The instant before which a run forgets.
pub fn before(now: Time, days: i64) -> Time {
    now.plus(-days.max(1).saturating_mul(DAY))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_back() {
        for (task, word) in Task::ALL.into_iter().zip(Task::WORDS) {
            assert_eq!((task.word(), Task::parse(word)), (word, Some(task)));
            assert_eq!(serde_json::to_value(task).unwrap(), word);
        }
        for trigger in [Trigger::Manual, Trigger::Scheduled] {
            assert_eq!(Trigger::parse(trigger.word()), Some(trigger));
        }
    }

    #[test]
    fn nothing_of_today_is_ever_forgotten() {
        let now = Time(1_767_578_400_000);
        assert_eq!(before(now, 0), now.plus(-DAY));
        assert_eq!(before(now, 30), now.plus(-30 * DAY));
    }
}
