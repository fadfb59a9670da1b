//! SLA configurations: what administrators agree on for some tickets or for all, and what happens when it is not kept.
//!
//! A configuration is words and bounds; whether the people and the category that it names are there, `decide` says. What of
//! it counts for a ticket is copied to the ticket when it is made ([`Agreement`]): what is agreed later changes no promise.

use super::WorkingHours;
use crate::error::{Problems, Result};
use crate::id::{CategoryId, SlaConfigId, UserId};
use crate::text;
use crate::ticket::{KIND_MAX, Priority};
use crate::time::Time;
use serde::{Deserialize, Serialize};

/// Configurations that there may be; every ticket is compared with all of them.
pub const CONFIGS_MAX: usize = 100;
pub const RULES_MAX: usize = 10;
/// People that one rule tells.
pub const NOTIFIED_MAX: usize = 20;
/// The longest target, and the longest wait of a rule: a year around the clock.
pub const MINUTES_MAX: i64 = 525_600;
/// Weeks that a target may come to in its working hours: ten years.
const WEEKS_MAX: i64 = 520;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlaConfig {
    pub id: SlaConfigId,
    #[serde(flatten)]
    pub form: SlaForm,
    pub created_at: Time,
    pub updated_at: Time,
}

/// What can be set of a configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlaForm {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// It counts where no other does. At most one is.
    pub default: bool,
    pub active: bool,
    /// It counts only for tickets of this priority, of this type, in this category (and not in those below it).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<CategoryId>,
    /// Working minutes from a ticket's creation to its first answer.
    pub response_minutes: i64,
    /// Working minutes from a ticket's creation to its resolution.
    pub resolution_minutes: i64,
    /// `None`: around the clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<WorkingHours>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<EscalationRule>,
}

/// What happens so long after a target was missed, once for each ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EscalationRule {
    /// Minutes by the clock since the missed target was due: that of the first answer while there is none, else that of the
    /// resolution.
    pub trigger_minutes: i64,
    pub action: EscalationAction,
    /// Who is told. A rule that only notifies and names nobody tells all administrators.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notify: Vec<UserId>,
    /// Who gets the ticket when it is escalated; without one its hands stay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<UserId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EscalationAction {
    NotifyAdmin,
    EscalateToManager,
    /// One step up.
    ChangePriority,
}

impl EscalationAction {
    pub const ALL: [Self; 3] = [Self::NotifyAdmin, Self::EscalateToManager, Self::ChangePriority];

    pub fn word(self) -> &'static str {
        match self {
            Self::NotifyAdmin => "notify_admin",
            Self::EscalateToManager => "escalate_to_manager",
            Self::ChangePriority => "change_priority",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.word() == word)
    }
}

/// What was agreed on for a ticket: which configuration its due times are of, and that one's rules as they were then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreement {
    pub config: SlaConfigId,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<EscalationRule>,
}

/// A rule that has done its work on a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fired {
    pub config: SlaConfigId,
    pub rule: EscalationRule,
}

/// What the fields of one rule are called.
#[derive(Debug, Clone, Copy)]
pub struct RuleFields {
    pub rule: &'static str,
    pub trigger_minutes: &'static str,
    pub action: &'static str,
    pub notify_users: &'static str,
    pub target_user_id: &'static str,
}

macro_rules! rule_fields {
    ($($n:literal)+) => {
        [$(RuleFields {
            rule: concat!("escalation_rules[", $n, "]"),
            trigger_minutes: concat!("escalation_rules[", $n, "].trigger_minutes"),
            action: concat!("escalation_rules[", $n, "].action"),
            notify_users: concat!("escalation_rules[", $n, "].notify_users"),
            target_user_id: concat!("escalation_rules[", $n, "].target_user_id"),
        }),+]
    };
}

/// The names of every rule's fields, in their order: there are no more rules than names.
pub fn rule_fields() -> [RuleFields; RULES_MAX] {
    rule_fields!(0 1 2 3 4 5 6 7 8 9)
}

impl SlaForm {
    /// Checks words and bounds, and lists every problem.
    pub fn check(self) -> Result<Self> {
        let mut problems = Problems::default();
        let name = problems.take(text::required("name", &self.name, 100))?.unwrap_or_default();
        let description = problems.take(text::optional("description", self.description.as_deref(), 500))?.flatten();
        let code = self.kind.as_deref().map(|code| text::required("ticket_type", code, KIND_MAX)).transpose();
        let code = problems.take(code)?.flatten();
        for (field, minutes) in [("response_time", self.response_minutes), ("resolution_time", self.resolution_minutes)]
        {
            if !(1..=MINUTES_MAX).contains(&minutes) {
                problems.add(field, format!("must be 1 to {MINUTES_MAX} minutes"));
            } else if self.hours.is_some_and(|hours| minutes > hours.week().saturating_mul(WEEKS_MAX)) {
                problems.add(field, "would take more than ten years in these working hours");
            }
        }
        if self.rules.len() > RULES_MAX {
            problems.add("escalation_rules", format!("must be at most {RULES_MAX}"));
        }
        for (n, (rule, fields)) in self.rules.iter().zip(rule_fields()).enumerate() {
            rule.check(fields, &mut problems);
            if self.rules.iter().take(n).any(|other| other == rule) {
                problems.add(fields.rule, "repeats another one");
            }
        }
        problems.finish()?;
        Ok(Self { name, description, kind: code, ..self })
    }

    /// Everybody whom its rules name.
    pub fn people(&self) -> Vec<UserId> {
        people(&self.rules)
    }
}

impl EscalationRule {
    fn check(&self, fields: RuleFields, problems: &mut Problems) {
        if !(0..=MINUTES_MAX).contains(&self.trigger_minutes) {
            problems.add(fields.trigger_minutes, format!("must be 0 to {MINUTES_MAX} minutes"));
        }
        if self.notify.len() > NOTIFIED_MAX {
            problems.add(fields.notify_users, format!("must be at most {NOTIFIED_MAX}"));
        }
        if self.target.is_some() && self.action != EscalationAction::EscalateToManager {
            problems.add(fields.target_user_id, "is only for escalate_to_manager");
        }
    }
}

/// Everybody whom some rules name, each once.
pub fn people(rules: &[EscalationRule]) -> Vec<UserId> {
    let mut all: Vec<UserId> = rules.iter().flat_map(|rule| rule.notify.iter().copied().chain(rule.target)).collect();
    all.sort_unstable();
    all.dedup();
    all
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::sla::Day;

    pub fn form() -> SlaForm {
        SlaForm {
            name: "standard".into(),
            description: None,
            default: false,
            active: true,
            priority: None,
            kind: None,
            category: None,
            response_minutes: 60,
            resolution_minutes: 480,
            hours: None,
            rules: Vec::new(),
        }
    }

    fn rule() -> EscalationRule {
        EscalationRule {
            trigger_minutes: 60,
            action: EscalationAction::NotifyAdmin,
            notify: vec![UserId(3), UserId(1)],
            target: None,
        }
    }

    type Change = fn(&mut SlaForm);

    #[test]
    fn what_is_out_of_bounds_is_named() {
        let one_minute = || {
            let mut week: [Day; 7] = Default::default();
            week[0] = Day { start: "09:00".into(), end: "09:01".into() };
            WorkingHours::parse(&week).ok()
        };
        let table: [(Change, &[&str]); 14] = [
            (|f| f.name = " ".into(), &["name"]),
            (|f| f.name = "x".repeat(101), &["name"]),
            (|f| f.description = Some("x".repeat(501)), &["description"]),
            (|f| f.kind = Some(String::new()), &["ticket_type"]),
            (|f| f.response_minutes = 0, &["response_time"]),
            (|f| f.resolution_minutes = MINUTES_MAX + 1, &["resolution_time"]),
            (|f| (f.response_minutes, f.resolution_minutes) = (-1, 0), &["response_time", "resolution_time"]),
            (
                |f| f.rules = (0..11).map(|n| EscalationRule { trigger_minutes: n, ..rule() }).collect(),
                &["escalation_rules"],
            ),
            (|f| f.rules = vec![rule(), rule()], &["escalation_rules[1]"]),
            (
                |f| f.rules = vec![EscalationRule { trigger_minutes: -1, ..rule() }],
                &["escalation_rules[0].trigger_minutes"],
            ),
            (
                |f| f.rules = vec![EscalationRule { notify: vec![UserId(1); 21], ..rule() }],
                &["escalation_rules[0].notify_users"],
            ),
            (
                |f| f.rules = vec![EscalationRule { target: Some(UserId(1)), ..rule() }],
                &["escalation_rules[0].target_user_id"],
            ),
            (|_| (), &[]),
            (|f| f.rules = vec![rule(), EscalationRule { trigger_minutes: 0, ..rule() }], &[]),
        ];
        for (change, fields) in table {
            let mut form = form();
            change(&mut form);
            let told = match form.check() {
                Err(crate::Error::Invalid(all)) => all.iter().map(|p| p.field).collect(),
                _ => Vec::new(),
            };
            assert_eq!(told, fields);
        }
        let told =
            |resolution_minutes| SlaForm { resolution_minutes, hours: one_minute(), response_minutes: 1, ..form() };
        assert!(told(520).check().is_ok());
        assert!(told(521).check().unwrap_err().to_string().contains("ten years"));
    }

    #[test]
    fn people_are_named_once() {
        let other = EscalationRule { action: EscalationAction::EscalateToManager, target: Some(UserId(2)), ..rule() };
        assert_eq!(SlaForm { rules: vec![rule(), other], ..form() }.people(), [UserId(1), UserId(2), UserId(3)]);
    }

    #[test]
    fn words_are_read_back() {
        for action in EscalationAction::ALL {
            assert_eq!(EscalationAction::parse(action.word()), Some(action));
            assert_eq!(serde_json::to_value(action).unwrap(), action.word());
        }
    }
}
