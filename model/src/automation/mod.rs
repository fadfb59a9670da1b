//! Automation: canned answers, templates of tickets, and rules that act by themselves.
//!
//! Here is what each of them is and what it may hold, and, pure, what comes of them: a template filled in, a condition that
//! is true of a ticket, an action as the command that it asks for. Who runs rules, and when, is the engine's business.

pub mod action;
pub mod condition;
pub mod places;
pub mod reply;
pub mod rule;
pub mod run;
pub mod template;

pub use action::{Action, ActionInput};
pub use condition::{Condition, ConditionInput, Subject};
pub use reply::{QuickReply, QuickReplyFilter, QuickReplyForm};
pub use rule::{Rule, RuleFilter, RuleForm, RuleInput, RuleKind, Trigger, braked};
pub use run::{Done, Figures, Run, RunFilter, Running};
pub use template::{Blank, BlankKind, Template, TemplateFilter, TemplateForm, UseTemplate};

/// How long a name may be.
pub const NAME_MAX: usize = 100;
pub const DESCRIPTION_MAX: usize = 500;
/// A word by which replies and templates are sorted.
pub const GROUP_MAX: usize = 50;

/// How many there may be in an installation.
pub const REPLIES_MAX: i64 = 5_000;
pub const TEMPLATES_MAX: i64 = 500;
pub const RULES_MAX: i64 = 200;
