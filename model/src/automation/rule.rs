//! Rules: when something happens to a ticket of which some conditions are true, do this.
//!
//! An event that a rule has caused sets off no rule, so rules can't chase each other. A rule acts on what happens after it
//! was made or switched on, never on the past.

use super::action::{ACTIONS_MAX, Action, ActionInput};
use super::condition::{CONDITIONS_MAX, Condition, ConditionInput, Subject, all_hold, one_of};
use super::{DESCRIPTION_MAX, NAME_MAX};
use crate::comment::{Comment, Visibility};
use crate::error::{Problems, Result};
use crate::event::{Event, Recorded};
use crate::id::{RuleId, Seq, UserId};
use crate::text;
use crate::time::Time;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    pub id: RuleId,
    #[serde(flatten)]
    pub form: RuleForm,
    pub owner: Option<UserId>,
    /// The place in the log after which it acts; the log itself says it by its own place.
    #[serde(skip, default)]
    pub since: Seq,
    pub created_at: Time,
    pub updated_at: Time,
}

/// What can be set of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleForm {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    pub kind: RuleKind,
    pub active: bool,
    /// 1 to 100; the smaller one acts first.
    pub priority: i64,
    pub trigger: Trigger,
    pub conditions: Vec<Condition>,
    pub actions: Vec<Action>,
}

/// The same as it was sent.
#[derive(Debug, Clone, Default)]
pub struct RuleInput {
    pub name: String,
    pub description: Option<String>,
    pub kind: String,
    pub active: bool,
    pub priority: i64,
    pub trigger: String,
    pub conditions: Vec<ConditionInput>,
    pub actions: Vec<ActionInput>,
}

/// What it is for: a word by which rules are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleKind {
    Assignment,
    Classification,
    Escalation,
    Sla,
}

impl RuleKind {
    pub const ALL: [Self; 4] = [Self::Assignment, Self::Classification, Self::Escalation, Self::Sla];

    pub fn word(self) -> &'static str {
        match self {
            Self::Assignment => "assignment",
            Self::Classification => "classification",
            Self::Escalation => "escalation",
            Self::Sla => "sla",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.word() == word)
    }
}

/// What sets a rule off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Trigger {
    #[serde(rename = "ticket.created")]
    Created,
    /// Anything about the ticket itself changed: a field, the status, the priority, the assignee.
    #[serde(rename = "ticket.updated")]
    Updated,
    #[serde(rename = "ticket.assigned")]
    Assigned,
    #[serde(rename = "ticket.status_changed")]
    StatusChanged,
    #[serde(rename = "ticket.priority_changed")]
    PriorityChanged,
    #[serde(rename = "ticket.commented")]
    Commented,
    #[serde(rename = "ticket.escalated")]
    Escalated,
    #[serde(rename = "sla.breached")]
    SlaBreached,
}

impl Trigger {
    pub const ALL: [Self; 8] = [
        Self::Created,
        Self::Updated,
        Self::Assigned,
        Self::StatusChanged,
        Self::PriorityChanged,
        Self::Commented,
        Self::Escalated,
        Self::SlaBreached,
    ];

    pub fn word(self) -> &'static str {
        match self {
            Self::Created => "ticket.created",
            Self::Updated => "ticket.updated",
            Self::Assigned => "ticket.assigned",
            Self::StatusChanged => "ticket.status_changed",
            Self::PriorityChanged => "ticket.priority_changed",
            Self::Commented => "ticket.commented",
            Self::Escalated => "ticket.escalated",
            Self::SlaBreached => "sla.breached",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|t| t.word() == word)
    }

    /// Whether this event is such a one.
    #[expect(clippy::wildcard_enum_match_arm, reason = "most of what happens sets off no rule")]
    pub fn is_set_off_by(self, event: &Event) -> bool {
        match event {
            Event::TicketOpened { .. } => self == Self::Created,
            Event::TicketEdited { .. } | Event::TicketRated { .. } => self == Self::Updated,
            Event::StatusChanged { .. } => matches!(self, Self::Updated | Self::StatusChanged),
            Event::PriorityChanged { .. } => matches!(self, Self::Updated | Self::PriorityChanged),
            // Taking it away from everybody is a change, and assigns it to nobody.
            Event::TicketAssigned { assignee, .. } => {
                self == Self::Updated
                    || (self == Self::Assigned && assignee.to.is_some() && assignee.to != assignee.from)
            }
            Event::TicketEscalated { .. } => matches!(self, Self::Updated | Self::Escalated),
            Event::CommentAdded { .. } => self == Self::Commented,
            Event::SlaBreached { .. } => self == Self::SlaBreached,
            _ => false,
        }
    }
}

impl RuleInput {
    /// One of which nothing has been said yet.
    pub fn empty() -> Self {
        Self { active: true, priority: 1, ..Self::default() }
    }

    /// Checks every field and lists every problem. Whether people and categories are there is checked by whoever knows.
    pub fn check(&self) -> Result<RuleForm> {
        let mut problems = Problems::default();
        let p = &mut problems;
        let name = p.take(text::required("name", &self.name, NAME_MAX))?;
        let description = p.take(text::optional("description", self.description.as_deref(), DESCRIPTION_MAX))?;
        let kind = RuleKind::parse(self.kind.trim());
        if kind.is_none() {
            p.add("rule_type", one_of(RuleKind::ALL.map(RuleKind::word)));
        }
        let trigger = Trigger::parse(self.trigger.trim());
        if trigger.is_none() {
            p.add("trigger_event", one_of(Trigger::ALL.map(Trigger::word)));
        }
        if !(1..=100).contains(&self.priority) {
            p.add("priority", "must be 1 to 100");
        }
        if self.conditions.len() > CONDITIONS_MAX {
            p.add("conditions", format!("must be at most {CONDITIONS_MAX}"));
        }
        if !(1..=ACTIONS_MAX).contains(&self.actions.len()) {
            p.add("actions", format!("must be 1 to {ACTIONS_MAX}"));
        }
        let mut conditions = Vec::new();
        for (at, condition) in self.conditions.iter().take(CONDITIONS_MAX).enumerate() {
            conditions.extend(p.take(condition.read(at))?);
        }
        let mut actions = Vec::new();
        for (at, action) in self.actions.iter().take(ACTIONS_MAX).enumerate() {
            actions.extend(p.take(action.read(at))?);
        }
        problems.finish()?;
        let (Some(name), Some(kind), Some(trigger)) = (name, kind, trigger) else {
            return Err(crate::Error::internal("a checked value is missing"));
        };
        let (active, priority) = (self.active, self.priority);
        Ok(RuleForm { name, description: description.flatten(), kind, active, priority, trigger, conditions, actions })
    }
}

impl From<RuleForm> for RuleInput {
    fn from(form: RuleForm) -> Self {
        let condition = |condition: &Condition| ConditionInput {
            field: condition.field.word().to_owned(),
            operator: condition.operator.word().to_owned(),
            value: condition.value(),
            joint: Some(condition.joint.word().to_owned()),
        };
        let action = |action: &Action| ActionInput { kind: action.word().to_owned(), params: action.params() };
        Self {
            conditions: form.conditions.iter().map(condition).collect(),
            actions: form.actions.iter().map(action).collect(),
            name: form.name,
            description: form.description,
            kind: form.kind.word().to_owned(),
            active: form.active,
            priority: form.priority,
            trigger: form.trigger.word().to_owned(),
        }
    }
}

impl Rule {
    /// Whether it looks at that event at all.
    pub fn hears(&self, recorded: &Recorded) -> bool {
        let caused_by_a_rule = recorded.by.rule.is_some();
        self.form.active
            && !caused_by_a_rule
            && self.since < recorded.seq
            && !is_of_a_machine(recorded)
            && self.form.trigger.is_set_off_by(&recorded.event)
    }

    /// Whether it acts on the ticket as it stands.
    pub fn acts_on(&self, subject: &Subject<'_>) -> bool {
        all_hold(&self.form.conditions, subject)
    }
}

/// So often within an hour a rule acts on one ticket. What answers from outside (a receiver of webhooks that comments, a
/// mailbox) could otherwise keep it going for ever.
const OFTEN: i64 = 30;

/// Why a rule does nothing that has acted on the ticket so often within the hour.
pub fn braked(within_the_hour: i64) -> Option<&'static str> {
    (within_the_hour >= OFTEN).then_some("it acts on this ticket so often that it may be answering itself")
}

/// Whether it notes what a machine wrote back: a bounce, or an automatic answer. It may be an answer to what a rule did.
fn is_of_a_machine(recorded: &Recorded) -> bool {
    let noted = |comment: &Comment| comment.visibility == Visibility::Internal;
    recorded.by.system.is_some() && matches!(&recorded.event, Event::CommentAdded { comment, .. } if noted(comment))
}

/// Which rules. Empty fields don't filter.
#[derive(Debug, Clone, Default)]
pub struct RuleFilter {
    pub kind: Option<RuleKind>,
    pub trigger: Option<Trigger>,
    pub active: Option<bool>,
    /// In the name or the description.
    pub keyword: Option<String>,
}

impl RuleFilter {
    pub fn is_met_by(&self, form: &RuleForm) -> bool {
        let held = |text: &str, word: &str| text.to_lowercase().contains(&word.to_lowercase());
        self.kind.is_none_or(|kind| form.kind == kind)
            && self.trigger.is_none_or(|trigger| form.trigger == trigger)
            && self.active.is_none_or(|active| form.active == active)
            && self.keyword.as_deref().is_none_or(|word| {
                held(&form.name, word) || form.description.as_deref().is_some_and(|text| held(text, word))
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actor::{ActingRule, Actor};
    use crate::event::Change;
    use crate::id::TicketId;
    use crate::ticket::{Priority, Resolution, Status};
    use serde_json::json;

    fn input() -> RuleInput {
        let params = json!({ "priority": "high" }).as_object().cloned().unwrap();
        RuleInput {
            name: "Bug".into(),
            kind: "classification".into(),
            active: true,
            priority: 1,
            trigger: "ticket.created".into(),
            conditions: vec![ConditionInput {
                field: "title".into(),
                operator: "contains".into(),
                value: json!("bug"),
                joint: Some("or".into()),
            }],
            actions: vec![ActionInput { kind: "set_priority".into(), params }],
            ..RuleInput::default()
        }
    }

    #[test]
    fn a_rule_is_checked_as_a_whole_and_comes_back_as_it_was() {
        let form = input().check().unwrap();
        assert_eq!(RuleInput::from(form.clone()).check().unwrap(), form);
        let kept = serde_json::to_value(&form).unwrap();
        assert_eq!(kept["trigger"], "ticket.created");
        assert_eq!(serde_json::from_value::<RuleForm>(kept).unwrap(), form);
        let bad = RuleInput {
            name: String::new(),
            kind: "magic".into(),
            trigger: "ticket.eaten".into(),
            priority: 0,
            conditions: vec![ConditionInput::default(); 21],
            actions: Vec::new(),
            ..input()
        };
        let told = bad.check().unwrap_err().to_string();
        for place in [
            "name",
            "rule_type",
            "trigger_event",
            "priority",
            "conditions must",
            "actions must",
            "conditions[19].field",
        ] {
            assert!(told.contains(place), "{place}: {told}");
        }
        let many = RuleInput { actions: vec![input().actions.remove(0); 11], ..input() };
        assert_eq!(many.check().unwrap_err().field(), Some("actions"));
    }

    #[test]
    fn a_rule_hears_what_happens_after_it_was_made_and_nothing_that_a_rule_did() {
        let form = input().check().unwrap();
        let trigger = |trigger| RuleForm { trigger, ..form.clone() };
        let rule = |form| {
            let at = Time(0);
            Rule { id: RuleId(1), form, owner: None, since: Seq(5), created_at: at, updated_at: at }
        };
        let event = Event::StatusChanged {
            ticket: TicketId(1),
            status: Change { from: Status::Open, to: Status::Closed },
            resolution: Change { from: Resolution::None, to: Resolution::None },
            reopened: false,
            reason: None,
        };
        let by = |actor: Actor, seq| {
            let event = event.clone();
            Recorded { seq: Seq(seq), at: Time(0), by: actor.by(), about: None, event }
        };
        for each in Trigger::ALL {
            let hears = rule(trigger(each)).hears(&by(Actor::System("timers"), 6));
            assert_eq!(hears, matches!(each, Trigger::Updated | Trigger::StatusChanged), "{each:?}");
        }
        let changed = rule(trigger(Trigger::StatusChanged));
        assert!(!changed.hears(&by(Actor::System("timers"), 5)));
        let acting = ActingRule { id: RuleId(2), name: "other".into() };
        assert!(!changed.hears(&by(Actor::Rule(acting), 6)));
        let off = rule(RuleForm { active: false, ..trigger(Trigger::StatusChanged) });
        assert!(!off.hears(&by(Actor::System("timers"), 6)));
    }

    #[test]
    fn actions_are_commands_on_the_ticket() {
        let form = input().check().unwrap();
        assert_eq!(form.actions, [Action::SetPriority { priority: Priority::High }]);
    }

    #[test]
    fn words_are_read_back() {
        for trigger in Trigger::ALL {
            assert_eq!(Trigger::parse(trigger.word()), Some(trigger));
            assert_eq!(serde_json::to_value(trigger).unwrap(), trigger.word());
        }
        for kind in RuleKind::ALL {
            assert_eq!(RuleKind::parse(kind.word()), Some(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.word());
        }
    }
}
