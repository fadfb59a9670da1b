//! Rows of automation: quick replies, templates, rules, and what rules have done.

pub mod reply;
pub mod rule;
pub mod run;
pub mod template;
