//! What a rule does to a ticket: each action is a command that anybody on the staff could give, and is decided like theirs.
//!
//! Unknown actions and parameters, and values that a parameter can't have, are refused by their place
//! (`actions[0].params.user_id`).

use super::condition::one_of;
use super::places::{of_action, of_param};
use crate::command::{
    AddComment, AssignTicket, CategoryRef, ChangeStatus, Command, Edit, EditTicket, EscalateTicket, SendNotification,
};
use crate::comment::Visibility;
use crate::error::{Problems, Result};
use crate::id::{CategoryId, UserId};
use crate::notice::NoticeKind;
use crate::people::Channel;
use crate::text::{REASON_MAX, Tag};
use crate::ticket::{Priority, Status, Ticket, kind};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

pub const ACTIONS_MAX: usize = 10;
/// Characters of a comment that a rule adds, and of what it tells somebody.
pub const CONTENT_MAX: usize = 5_000;
pub const NOTICE_MAX: usize = 1_000;

/// Every parameter that an action has.
pub const PARAMS: [&str; 10] =
    ["user_id", "priority", "status", "category_id", "type", "tag", "tags", "content", "is_internal", "reason"];

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Action {
    /// `None` takes it away from its assignee.
    Assign {
        user_id: Option<UserId>,
    },
    SetPriority {
        priority: Priority,
    },
    SetStatus {
        status: Status,
    },
    SetCategory {
        category_id: Option<CategoryId>,
    },
    SetType {
        code: String,
    },
    AddTag {
        tags: Vec<Tag>,
    },
    AddComment {
        content: String,
        is_internal: bool,
    },
    Escalate {
        user_id: Option<UserId>,
        reason: Option<String>,
    },
    Notify {
        user_id: UserId,
        content: String,
    },
}

/// The same as it was sent.
#[derive(Debug, Clone, Default)]
pub struct ActionInput {
    pub kind: String,
    pub params: Map<String, Value>,
}

const WORDS: [&str; 9] = [
    "assign",
    "set_priority",
    "set_status",
    "set_category",
    "set_type",
    "add_tag",
    "add_comment",
    "escalate",
    "notify",
];

/// Statuses that a ticket can be moved to.
fn goal(word: &str) -> Option<Status> {
    Status::parse(word).filter(|status| *status != Status::New)
}

/// The parameters of one action, as they are read.
struct Reading<'a> {
    at: usize,
    params: &'a Map<String, Value>,
    problems: Problems,
}

impl Reading<'_> {
    fn bad(&mut self, param: &str, why: impl Into<String>) {
        self.problems.add(of_param(self.at, param), why);
    }

    /// Where it is there at all.
    fn given(&self, param: &str) -> Option<&Value> {
        self.params.get(param).filter(|value| !value.is_null())
    }

    fn number(&mut self, param: &str) -> Option<i64> {
        let value = self.given(param)?;
        let number = value.as_i64().or_else(|| value.as_str()?.trim().parse().ok()).filter(|number| *number > 0);
        if number.is_none() {
            self.bad(param, "must be the number of something");
        }
        number
    }

    fn text(&mut self, param: &str, max: usize) -> Option<String> {
        let given = self.given(param)?;
        let Some(text) = given.as_str().map(|text| text.trim().to_owned()) else {
            self.bad(param, "must be a text");
            return None;
        };
        if text.contains('\0') || !(1..=max).contains(&text.chars().count()) {
            self.bad(param, format!("must have 1 to {max} characters"));
            return None;
        }
        Some(text)
    }

    fn word<T>(&mut self, param: &str, words: &[&str], read: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let word = self.given(param).and_then(Value::as_str).and_then(|word| read(word.trim()));
        if word.is_none() {
            self.bad(param, one_of(words.iter().copied()));
        }
        word
    }

    fn flag(&mut self, param: &str) -> bool {
        match self.given(param).map(Value::as_bool) {
            None => false,
            Some(Some(is)) => is,
            Some(None) => {
                self.bad(param, "must be true or false");
                false
            }
        }
    }

    fn required<T>(&mut self, param: &str, value: Option<T>) -> Option<T> {
        if value.is_none() && self.given(param).is_none() {
            self.bad(param, "is required");
        }
        value
    }

    /// `null` says that there is to be none; whoever says nothing at all has forgotten it.
    fn reference(&mut self, param: &str) -> Option<i64> {
        if !self.params.contains_key(param) {
            self.bad(param, "is required; null for none");
        }
        self.number(param)
    }

    fn tags(&mut self) -> Option<Vec<Tag>> {
        let (param, all): (_, Option<Vec<String>>) = match (self.given("tag"), self.given("tags")) {
            (Some(tag), _) => ("tag", tag.as_str().map(|tag| vec![tag.to_owned()])),
            (None, Some(Value::Array(all))) => {
                ("tags", all.iter().map(|tag| tag.as_str().map(str::to_owned)).collect())
            }
            (None, Some(tags)) => {
                ("tags", tags.as_str().map(|all| all.split([',', '，']).map(str::to_owned).collect()))
            }
            (None, None) => {
                self.bad("tag", "is required");
                return None;
            }
        };
        match all.as_deref().map(Tag::list) {
            Some(Ok(tags)) if !tags.is_empty() => return Some(tags),
            Some(Err(error)) => self.bad(param, error.to_string()),
            Some(Ok(_)) | None => self.bad(param, "must be a tag, or a list of them"),
        }
        None
    }
}

impl ActionInput {
    /// Reads the action at that place of a rule.
    pub fn read(&self, at: usize) -> Result<Action> {
        let mut r = Reading { at, params: &self.params, problems: Problems::default() };
        let (known, action): (&[&str], Option<Action>) = match self.kind.trim() {
            "assign" => (&["user_id"], Some(Action::Assign { user_id: r.reference("user_id").map(UserId) })),
            "set_priority" => {
                let priority = r.word("priority", &Priority::ALL.map(Priority::word), Priority::parse);
                (&["priority"], priority.map(|priority| Action::SetPriority { priority }))
            }
            "set_status" => {
                let words = ["open", "in_progress", "pending", "resolved", "closed", "cancelled"];
                (&["status"], r.word("status", &words, goal).map(|status| Action::SetStatus { status }))
            }
            "set_category" => {
                let category = r.reference("category_id").map(CategoryId);
                (&["category_id"], Some(Action::SetCategory { category_id: category }))
            }
            "set_type" => {
                let code = r.text("type", 50);
                let code = r.required("type", code).and_then(|code| kind(&code).ok());
                (&["type"], code.map(|code| Action::SetType { code }))
            }
            "add_tag" => (&["tag", "tags"], r.tags().map(|tags| Action::AddTag { tags })),
            "add_comment" => {
                let content = r.text("content", CONTENT_MAX);
                let content = r.required("content", content);
                let is_internal = r.flag("is_internal");
                (&["content", "is_internal"], content.map(|content| Action::AddComment { content, is_internal }))
            }
            "escalate" => {
                let (user_id, reason) = (r.number("user_id").map(UserId), r.text("reason", REASON_MAX));
                (&["user_id", "reason"], Some(Action::Escalate { user_id, reason }))
            }
            "notify" => {
                let user = r.number("user_id").map(UserId);
                let user = r.required("user_id", user);
                let content = r.text("content", NOTICE_MAX);
                let content = r.required("content", content);
                let both = user.zip(content);
                (&["user_id", "content"], both.map(|(user_id, content)| Action::Notify { user_id, content }))
            }
            _ => {
                r.problems.add(of_action(at, "type"), one_of(WORDS));
                (&[], None)
            }
        };
        if WORDS.contains(&self.kind.trim()) {
            for param in self.params.keys().filter(|param| !known.contains(&param.as_str())) {
                let place = of_param(at, param);
                let name: String = param.chars().filter(|c| !c.is_control()).take(50).collect();
                r.problems.add(place, format!("has no \"{name}\": it takes {}", known.join(", ")));
            }
        }
        r.problems.finish()?;
        action.ok_or_else(|| crate::Error::internal("an action without a problem"))
    }
}

impl Action {
    pub fn word(&self) -> &'static str {
        match self {
            Self::Assign { .. } => "assign",
            Self::SetPriority { .. } => "set_priority",
            Self::SetStatus { .. } => "set_status",
            Self::SetCategory { .. } => "set_category",
            Self::SetType { .. } => "set_type",
            Self::AddTag { .. } => "add_tag",
            Self::AddComment { .. } => "add_comment",
            Self::Escalate { .. } => "escalate",
            Self::Notify { .. } => "notify",
        }
    }

    /// Its parameters as clients write them.
    pub fn params(&self) -> Map<String, Value> {
        let value = match self {
            Self::Assign { user_id } => json!({ "user_id": user_id }),
            Self::SetPriority { priority } => json!({ "priority": priority.word() }),
            Self::SetStatus { status } => json!({ "status": status.word() }),
            Self::SetCategory { category_id } => json!({ "category_id": category_id }),
            Self::SetType { code } => json!({ "type": code }),
            Self::AddTag { tags } => match tags.as_slice() {
                [tag] => json!({ "tag": tag }),
                many => json!({ "tags": many }),
            },
            Self::AddComment { content, is_internal } => json!({ "content": content, "is_internal": is_internal }),
            Self::Escalate { user_id, reason } => match (user_id, reason) {
                (None, None) => json!({}),
                (None, Some(reason)) => json!({ "reason": reason }),
                (Some(user), None) => json!({ "user_id": user }),
                (Some(user), Some(reason)) => json!({ "user_id": user, "reason": reason }),
            },
            Self::Notify { user_id, content } => json!({ "user_id": user_id, "content": content }),
        };
        match value {
            Value::Object(params) => params,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Map::new(),
        }
    }

    /// The person that it names, and whether they are to work on tickets.
    pub fn person(&self) -> Option<(UserId, Duty)> {
        match self {
            Self::Assign { user_id } | Self::Escalate { user_id, .. } => user_id.map(|id| (id, Duty::Works)),
            Self::Notify { user_id, .. } => Some((*user_id, Duty::Reads)),
            Self::SetPriority { .. }
            | Self::SetStatus { .. }
            | Self::SetCategory { .. }
            | Self::SetType { .. }
            | Self::AddTag { .. }
            | Self::AddComment { .. } => None,
        }
    }

    pub fn category(&self) -> Option<CategoryId> {
        if let Self::SetCategory { category_id } = self { *category_id } else { None }
    }

    /// The command that it is, on this ticket as it stands now.
    pub fn command(&self, ticket: &Ticket, rule: &str) -> Command {
        let id = ticket.id;
        let edit = |edit| Command::EditTicket(id, Box::new(edit));
        match self {
            Self::Assign { user_id } => {
                let assign = AssignTicket { assignee: *user_id, department: Edit::Keep, reason: None };
                Command::AssignTicket(id, assign)
            }
            Self::SetPriority { priority } => Command::SetPriority(id, *priority),
            Self::SetStatus { status } => {
                Command::ChangeStatus(id, ChangeStatus { status: *status, resolution: None, reason: None })
            }
            Self::SetCategory { category_id } => {
                edit(EditTicket { category: Edit::Set(category_id.map(CategoryRef::Id)), ..EditTicket::default() })
            }
            Self::SetType { code } => edit(EditTicket { kind: Some(code.clone()), ..EditTicket::default() }),
            Self::AddTag { tags } => {
                let all = ticket.tags.iter().chain(tags).map(|tag| tag.as_str().to_owned()).collect();
                edit(EditTicket { tags: Some(all), ..EditTicket::default() })
            }
            Self::AddComment { content, is_internal } => {
                let visibility = if *is_internal { Visibility::Internal } else { Visibility::Public };
                let add = AddComment { visibility, channel: Channel::Api, ..AddComment::public(content.clone()) };
                Command::AddComment(id, Box::new(add))
            }
            Self::Escalate { user_id, reason } => Command::EscalateTicket(
                id,
                EscalateTicket { reason: reason.clone(), assignee: *user_id, priority: None },
            ),
            Self::Notify { user_id, content } => Command::SendNotification(Box::new(SendNotification {
                to: *user_id,
                kind: NoticeKind::SystemAlert,
                ticket: Some(id),
                title: rule.to_owned(),
                content: content.clone(),
                priority: ticket.priority,
                action_url: None,
            })),
        }
    }
}

/// What a person has to be able to do for an action to name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duty {
    Works,
    Reads,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: &str, params: Value) -> Result<Action> {
        let params = params.as_object().cloned().unwrap_or_default();
        ActionInput { kind: kind.to_owned(), params }.read(3)
    }

    #[test]
    fn every_action_is_read_and_shown_as_it_was_sent() {
        for (kind, params) in [
            ("assign", json!({ "user_id": 7 })),
            ("assign", json!({ "user_id": null })),
            ("set_priority", json!({ "priority": "high" })),
            ("set_status", json!({ "status": "in_progress" })),
            ("set_category", json!({ "category_id": 2 })),
            ("set_category", json!({ "category_id": null })),
            ("set_type", json!({ "type": "incident" })),
            ("add_tag", json!({ "tag": "vip" })),
            ("add_tag", json!({ "tags": ["a", "b"] })),
            ("add_comment", json!({ "content": "谢谢", "is_internal": true })),
            ("escalate", json!({})),
            ("escalate", json!({ "user_id": 7, "reason": "late" })),
            ("notify", json!({ "user_id": 7, "content": "look" })),
        ] {
            let action = read(kind, params.clone()).unwrap();
            assert_eq!(action.word(), kind);
            assert_eq!(Value::from(action.params()), params);
            let kept = serde_json::to_value(&action).unwrap();
            assert_eq!(kept["type"], kind);
            assert_eq!(serde_json::from_value::<Action>(kept).unwrap(), action);
        }
        assert_eq!(read("assign", json!({ "user_id": "7" })).unwrap(), Action::Assign { user_id: Some(UserId(7)) });
    }

    #[test]
    fn what_no_action_can_be_is_refused_by_its_place() {
        for (kind, params, place) in [
            ("explode", json!({}), "actions[3].type"),
            ("assign", json!({}), "actions[3].params.user_id"),
            ("assign", json!({ "user_id": "bob" }), "actions[3].params.user_id"),
            ("assign", json!({ "user_id": -1 }), "actions[3].params.user_id"),
            ("assign", json!({ "user_id": 1, "content": "x" }), "actions[3].params.content"),
            ("assign", json!({ "user_id": 1, "mood": "x" }), "actions[3].params"),
            ("set_priority", json!({ "priority": "huge" }), "actions[3].params.priority"),
            ("set_priority", json!({}), "actions[3].params.priority"),
            ("set_status", json!({ "status": "new" }), "actions[3].params.status"),
            ("set_category", json!({}), "actions[3].params.category_id"),
            ("set_type", json!({ "type": "" }), "actions[3].params.type"),
            ("set_type", json!({ "type": "x".repeat(51) }), "actions[3].params.type"),
            ("add_tag", json!({}), "actions[3].params.tag"),
            ("add_tag", json!({ "tag": "a,b" }), "actions[3].params.tag"),
            ("add_tag", json!({ "tags": [1] }), "actions[3].params.tags"),
            ("add_comment", json!({ "content": " " }), "actions[3].params.content"),
            ("add_comment", json!({ "content": "x", "is_internal": 1 }), "actions[3].params.is_internal"),
            ("add_comment", json!({ "content": "x".repeat(CONTENT_MAX + 1) }), "actions[3].params.content"),
            ("escalate", json!({ "reason": "x".repeat(501) }), "actions[3].params.reason"),
            ("notify", json!({ "content": "x" }), "actions[3].params.user_id"),
            ("notify", json!({ "user_id": 1 }), "actions[3].params.content"),
        ] {
            let error = read(kind, params.clone()).unwrap_err();
            assert_eq!(error.field(), Some(place), "{kind} {params}: {error}");
        }
    }
}
