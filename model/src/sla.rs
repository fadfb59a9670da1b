//! Service-level targets and the clocks that run against them.
//!
//! Rules from `dialects.md` 0.6 and 2.3: both clocks start at creation and run around the clock; a category's hours
//! override the resolution target; a changed priority recomputes both from creation. Over them stand the configurations that
//! administrators make (`config.rs`), with working hours of their own (`hours.rs`); which of all that counts for a ticket,
//! `due.rs` says.

mod config;
mod due;
mod hours;

pub use config::{
    Agreement, CONFIGS_MAX, EscalationAction, EscalationRule, Fired, MINUTES_MAX, NOTIFIED_MAX, RULES_MAX, RuleFields,
    SlaConfig, SlaForm, people, rule_fields,
};
pub use due::{Asked, Due, applies};
pub use hours::{DAYS, Day, Span, WorkingHours};

use crate::ticket::Priority;
use crate::time::Time;
use serde::{Deserialize, Serialize};

/// Hours per priority.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hours {
    pub low: i64,
    pub normal: i64,
    pub high: i64,
    pub urgent: i64,
    pub critical: i64,
}

impl Hours {
    pub fn of(&self, priority: Priority) -> i64 {
        match priority {
            Priority::Low => self.low,
            Priority::Normal => self.normal,
            Priority::High => self.high,
            Priority::Urgent => self.urgent,
            Priority::Critical => self.critical,
        }
    }
}

/// The two targets: hours to the first public answer by staff, hours to the resolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Targets {
    pub response: Hours,
    pub resolution: Hours,
}

impl Default for Targets {
    fn default() -> Self {
        Self {
            response: Hours { low: 24, normal: 8, high: 4, urgent: 1, critical: 1 },
            resolution: Hours { low: 120, normal: 72, high: 24, urgent: 4, critical: 2 },
        }
    }
}

impl Targets {
    /// When the response and the resolution are due.
    pub fn due(&self, created: Time, priority: Priority, category_hours: Option<i64>) -> (Time, Time) {
        let resolution = category_hours.unwrap_or_else(|| self.resolution.of(priority));
        (created.plus_hours(self.response.of(priority)), created.plus_hours(resolution))
    }
}

/// Which of the two targets was missed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    Response,
    Resolution,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seeds_sample_is_due_after_24_hours() {
        let created = Time::parse("2024-10-23T10:30:00Z").unwrap();
        let (response, resolution) = Targets::default().due(created, Priority::High, None);
        assert_eq!(resolution.rfc3339(), "2024-10-24T10:30:00Z");
        assert_eq!(response.rfc3339(), "2024-10-23T14:30:00Z");
        assert_eq!(Targets::default().due(created, Priority::High, Some(4)).1.rfc3339(), "2024-10-23T14:30:00Z");
    }
}
