//! Edits of what is there already: they carry what was really said, and nothing else.
//!
//! What is absent stays as it stands in the row that is read under the write lock: `over` folds an edit into it there. So two
//! people who edit different fields at once both get what they asked for, and a request that comes again with its key is the
//! same request, whatever has happened in between. No surface fills in what its client left out.

use super::CategoryRef;
use crate::automation::reply::QuickReplyInput;
use crate::automation::{ActionInput, Blank, ConditionInput, RuleInput, TemplateForm};
use crate::category::CategoryForm;
use crate::error::Result;
use crate::id::{CategoryId, UserId};
use crate::sla::{EscalationRule, WorkingHours};
use crate::ticket::{Priority, Status};

/// Something that a caller may leave as it is, or set (to nothing, too, where `T` is an option).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Edit<T> {
    #[default]
    Keep,
    Set(T),
}

impl<T> Edit<T> {
    /// `Some` sets, `None` keeps.
    pub fn some(value: Option<T>) -> Self {
        value.map_or(Self::Keep, Self::Set)
    }

    /// What it comes to where this is held.
    pub fn over(self, held: T) -> T {
        match self {
            Self::Keep => held,
            Self::Set(value) => value,
        }
    }
}

impl<T> Edit<Option<T>> {
    /// The same with another value in it.
    pub fn map<U>(self, read: impl FnOnce(T) -> U) -> Edit<Option<U>> {
        match self {
            Self::Keep => Edit::Keep,
            Self::Set(value) => Edit::Set(value.map(read)),
        }
    }

    /// The same with another value in it, if that can be had.
    pub fn try_map<U>(self, read: impl FnOnce(T) -> Result<U>) -> Result<Edit<Option<U>>> {
        Ok(match self {
            Self::Keep => Edit::Keep,
            Self::Set(value) => Edit::Set(value.map(read).transpose()?),
        })
    }
}

/// What to change of a category: what is absent stays.
#[derive(Debug, Clone, Default)]
pub struct EditCategory {
    pub key: Option<String>,
    pub name: Option<String>,
    pub description: Edit<Option<String>>,
    pub color: Edit<Option<String>>,
    pub icon: Edit<Option<String>>,
    pub parent: Edit<Option<CategoryId>>,
    pub sla_hours: Edit<Option<i64>>,
    /// Checked only where it is another one: who has it may have left since.
    pub auto_assignee: Edit<Option<UserId>>,
    pub active: Option<bool>,
    pub sort_order: Option<i64>,
}

impl EditCategory {
    pub fn over(self, held: CategoryForm) -> CategoryForm {
        CategoryForm {
            key: self.key.unwrap_or(held.key),
            name: self.name.unwrap_or(held.name),
            description: self.description.over(held.description),
            color: self.color.over(held.color),
            icon: self.icon.over(held.icon),
            parent: self.parent.over(held.parent),
            sla_hours: self.sla_hours.over(held.sla_hours),
            auto_assignee: self.auto_assignee.over(held.auto_assignee),
            active: self.active.unwrap_or(held.active),
            sort_order: self.sort_order.unwrap_or(held.sort_order),
        }
    }
}

/// What to change of a quick reply: what is absent stays.
#[derive(Debug, Clone, Default)]
pub struct EditQuickReply {
    pub name: Option<String>,
    pub category: Edit<Option<String>>,
    pub content: Option<String>,
    /// All that it is to have.
    pub tags: Option<Vec<String>>,
    pub public: Option<bool>,
}

impl EditQuickReply {
    pub fn over(self, held: QuickReplyInput) -> QuickReplyInput {
        QuickReplyInput {
            name: self.name.unwrap_or(held.name),
            category: self.category.over(held.category),
            content: self.content.unwrap_or(held.content),
            tags: self.tags.unwrap_or(held.tags),
            public: self.public.unwrap_or(held.public),
        }
    }
}

/// What to change of a ticket template: what is absent stays.
#[derive(Debug, Clone, Default)]
pub struct EditTemplate {
    pub name: Option<String>,
    pub description: Edit<Option<String>>,
    pub category: Edit<Option<String>>,
    pub title: Option<String>,
    pub content: Option<String>,
    pub kind: Edit<Option<String>>,
    pub priority: Edit<Option<Priority>>,
    pub status: Edit<Option<Status>>,
    /// Checked, as the assignee is, only where it is another one: what a template names may be gone since.
    pub ticket_category: Edit<Option<CategoryId>>,
    pub assignee: Edit<Option<UserId>>,
    pub active: Option<bool>,
    /// All that are to be filled in.
    pub blanks: Option<Vec<Blank>>,
}

impl EditTemplate {
    pub fn over(self, held: TemplateForm) -> TemplateForm {
        TemplateForm {
            name: self.name.unwrap_or(held.name),
            description: self.description.over(held.description),
            category: self.category.over(held.category),
            title: self.title.unwrap_or(held.title),
            content: self.content.unwrap_or(held.content),
            kind: self.kind.over(held.kind),
            priority: self.priority.over(held.priority),
            status: self.status.over(held.status),
            ticket_category: self.ticket_category.over(held.ticket_category),
            assignee: self.assignee.over(held.assignee),
            active: self.active.unwrap_or(held.active),
            blanks: self.blanks.unwrap_or(held.blanks),
        }
    }
}

/// What to change of a rule: what is absent stays.
#[derive(Debug, Clone, Default)]
pub struct EditRule {
    pub name: Option<String>,
    pub description: Edit<Option<String>>,
    pub kind: Option<String>,
    /// Switching it on checks everybody and everything that it names; otherwise only what it did not name before.
    pub active: Option<bool>,
    pub priority: Option<i64>,
    pub trigger: Option<String>,
    /// All that have to hold.
    pub conditions: Option<Vec<ConditionInput>>,
    /// All that it is to do.
    pub actions: Option<Vec<ActionInput>>,
}

impl EditRule {
    pub fn over(self, held: RuleInput) -> RuleInput {
        RuleInput {
            name: self.name.unwrap_or(held.name),
            description: self.description.over(held.description),
            kind: self.kind.unwrap_or(held.kind),
            active: self.active.unwrap_or(held.active),
            priority: self.priority.unwrap_or(held.priority),
            trigger: self.trigger.unwrap_or(held.trigger),
            conditions: self.conditions.unwrap_or(held.conditions),
            actions: self.actions.unwrap_or(held.actions),
        }
    }
}

/// What to set of an SLA configuration: what is absent stays; a new one needs a name and both targets.
#[derive(Debug, Clone, Default)]
pub struct EditSlaConfig {
    pub name: Option<String>,
    pub description: Edit<Option<String>>,
    /// Making it the default one takes that from the one that is.
    pub default: Option<bool>,
    pub active: Option<bool>,
    pub priority: Edit<Option<Priority>>,
    pub kind: Edit<Option<String>>,
    pub category: Edit<Option<CategoryRef>>,
    pub response_minutes: Option<i64>,
    pub resolution_minutes: Option<i64>,
    pub hours: Edit<Option<WorkingHours>>,
    pub rules: Option<Vec<EscalationRule>>,
}
