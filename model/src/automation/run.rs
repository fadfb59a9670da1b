//! What rules have done: a line for each time that one acted, kept for a while, and figures that stay.

use super::rule::Trigger;
use crate::id::{RuleId, RuleRunId, Seq, TicketId};
use crate::time::Time;
use serde::{Deserialize, Serialize};

/// Characters of a line's message.
pub const MESSAGE_MAX: usize = 1_000;

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    pub id: RuleRunId,
    pub run: Running,
    pub at: Time,
}

/// A rule that acts on an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    pub rule: RuleId,
    /// What it was called then.
    pub rule_name: String,
    pub ticket: TicketId,
    /// The event that it acts on. A rule acts on one event once.
    pub seq: Seq,
    pub trigger: Trigger,
    pub done: Vec<Done>,
    pub milliseconds: i64,
}

/// What came of one action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// What kind of action it is.
    pub action: String,
    /// Why it could not be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

impl Running {
    pub fn succeeded(&self) -> bool {
        self.done.iter().all(|done| done.failure.is_none())
    }

    /// What went wrong, or what was done.
    pub fn message(&self) -> String {
        let failed =
            self.done.iter().enumerate().filter_map(|(at, done)| {
                done.failure.as_ref().map(|why| format!("actions[{at}] {}: {why}", done.action))
            });
        let failed: Vec<String> = failed.collect();
        let whole = if failed.is_empty() {
            self.done.iter().map(|done| done.action.as_str()).collect::<Vec<_>>().join(", ")
        } else {
            failed.join("; ")
        };
        whole.chars().take(MESSAGE_MAX).collect()
    }
}

/// How often a rule has acted since it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Figures {
    pub runs: i64,
    pub failures: i64,
    pub milliseconds: i64,
    pub last_at: Option<Time>,
}

impl Figures {
    pub fn successes(self) -> i64 {
        self.runs - self.failures
    }

    /// Milliseconds of one run; nothing where it never ran.
    pub fn average(self) -> i64 {
        self.milliseconds.checked_div(self.runs).unwrap_or_default()
    }

    /// Percent of the runs in which everything could be done.
    pub fn success_rate(self) -> f64 {
        if self.runs == 0 { 0.0 } else { self.successes() as f64 * 100.0 / self.runs as f64 }
    }
}

/// Which lines. Empty fields don't filter.
#[derive(Debug, Clone, Copy, Default)]
pub struct RunFilter {
    pub rule: Option<RuleId>,
    pub ticket: Option<TicketId>,
    pub success: Option<bool>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_fails_where_one_of_its_actions_does_and_says_which() {
        let done =
            |action: &str, failure: Option<&str>| Done { action: action.into(), failure: failure.map(Into::into) };
        let mut run = Running {
            rule: RuleId(1),
            rule_name: "r".into(),
            ticket: TicketId(1),
            seq: Seq(1),
            trigger: Trigger::Created,
            done: vec![done("assign", None), done("add_tag", None)],
            milliseconds: 1,
        };
        assert_eq!((run.succeeded(), run.message().as_str()), (true, "assign, add_tag"));
        run.done.push(done("set_status", Some("no")));
        assert_eq!((run.succeeded(), run.message().as_str()), (false, "actions[2] set_status: no"));
    }

    #[test]
    fn figures_of_a_rule_that_never_ran_are_nothing() {
        assert_eq!((Figures::default().average(), Figures::default().success_rate()), (0, 0.0));
        let some = Figures { runs: 4, failures: 1, milliseconds: 10, last_at: None };
        assert_eq!((some.successes(), some.average(), some.success_rate()), (3, 2, 75.0));
    }
}
