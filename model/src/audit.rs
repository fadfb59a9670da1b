//! The audit log: who asked for which change from where, and what came of it, refusals included.
//!
//! It says nothing of what was sent: no body, no query string, no secret. What really changed stands in the event log.

use crate::error::{Error, Problems, Result};
use crate::id::{AuditId, UserId};
use crate::people::Role;
use crate::time::Time;

/// A change that somebody asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    pub user: Option<UserId>,
    /// What they were called then; the part of the system that acted, where it was no person.
    pub username: Option<String>,
    /// The role that they had then.
    pub role: Option<Role>,
    /// What was asked for, such as `POST /api/admin/users` or `mutation openTicket`.
    pub action: String,
    /// The HTTP method, or the door where it was none: `CLI`, `MAIL`.
    pub method: String,
    pub path: String,
    /// As HTTP has it, whichever door it was.
    pub status: i64,
    pub client_ip: Option<String>,
    pub latency_ms: i64,
}

impl Act {
    /// Cut to what is kept.
    pub fn bounded(self) -> Self {
        let cut =
            |text: String| if text.chars().count() > LONGEST { text.chars().take(LONGEST).collect() } else { text };
        let clean = |text: String| cut(text.replace('\0', ""));
        Self { action: clean(self.action), path: clean(self.path), username: self.username.map(clean), ..self }
    }
}

/// Characters of a path, an action or a name.
const LONGEST: usize = 500;

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    pub id: AuditId,
    pub at: Time,
    pub act: Act,
}

impl AuditEntry {
    pub fn succeeded(&self) -> bool {
        self.act.status < 400
    }
}

/// Which lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    pub user: Option<UserId>,
    pub role: Option<Role>,
    /// In capitals.
    pub method: Option<String>,
    pub status: Option<i64>,
    /// A part of the name, the path or the action, in whatever case.
    pub keyword: Option<String>,
    /// Both inclusive.
    pub from: Option<Time>,
    pub to: Option<Time>,
}

impl AuditFilter {
    /// Checks every field and lists every problem.
    pub fn check(mut self) -> Result<Self> {
        let mut problems = Problems::default();
        self.method = self.method.map(|method| method.trim().to_ascii_uppercase()).filter(|method| !method.is_empty());
        if self.method.as_ref().is_some_and(|method| method.len() > 20) {
            problems.add("method", "must have at most 20 characters");
        }
        self.keyword = self.keyword.map(|word| word.trim().to_lowercase()).filter(|word| !word.is_empty());
        if self.keyword.as_ref().is_some_and(|word| word.chars().count() > 200 || word.contains('\0')) {
            problems.add("keyword", "must have at most 200 characters");
        }
        if let (Some(from), Some(to)) = (self.from, self.to)
            && from > to
        {
            problems.add("end_time", "must not be before start_time");
        }
        problems.finish()?;
        Ok(self)
    }
}

/// The HTTP status by which an answer is known, for doors that have none of their own.
pub fn status_of<T>(answer: &Result<T>) -> i64 {
    match answer {
        Ok(_) => 200,
        Err(Error::Invalid(_)) => 422,
        Err(Error::Unauthenticated { .. }) => 401,
        Err(Error::Forbidden { .. }) => 403,
        Err(Error::NotFound { .. }) => 404,
        Err(Error::InvalidTransition { .. } | Error::Conflict { .. } | Error::ResyncRequired) => 409,
        Err(Error::TooLarge { .. }) => 413,
        Err(Error::Busy { .. }) => 429,
        Err(Error::Internal(_)) => 500,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_checked_and_made_plain() {
        let filter =
            AuditFilter { method: Some(" post ".into()), keyword: Some("  ADMIN".into()), ..AuditFilter::default() };
        let filter = filter.check().unwrap();
        assert_eq!((filter.method.as_deref(), filter.keyword.as_deref()), (Some("POST"), Some("admin")));
        let wrong = AuditFilter { from: Some(Time(2)), to: Some(Time(1)), keyword: Some("x".repeat(201)), ..filter };
        let Err(Error::Invalid(problems)) = wrong.check() else { panic!("accepted") };
        assert_eq!(problems.iter().map(|p| p.field).collect::<Vec<_>>(), ["keyword", "end_time"]);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let act = Act {
            user: None,
            username: None,
            role: None,
            action: "x\0".repeat(600),
            method: "POST".into(),
            path: "路".repeat(501),
            status: 200,
            client_ip: None,
            latency_ms: 0,
        };
        let act = act.bounded();
        assert_eq!((act.action.chars().count(), act.path.chars().count()), (500, 500));
        assert!(!act.action.contains('\0'));
    }
}
