//! The HTTP dialects that are measured, each by the same work: where they keep it, and how their answers begin.

use super::seed;
use serde_json::{Value, json};

/// A dialect's spelling of what is measured.
pub struct Dialect {
    pub prefix: &'static str,
    /// What comes before the page's size in a list by status.
    size: &'static str,
    /// Its words for the statuses.
    statuses: &'static [&'static str],
    /// How the answers to a read, to a new ticket and to a comment begin or what stands in them.
    pub read: &'static str,
    pub opened: &'static str,
    pub commented: &'static str,
    /// What a new ticket has beyond title, description and tags.
    more: fn() -> Value,
}

pub const V1: Dialect = Dialect {
    prefix: "/v1",
    size: "page_size",
    statuses: &["new", "open", "in_progress", "pending", "resolved", "closed"],
    read: "{\"success\":true",
    opened: "\"data\":{\"ticket_id\":",
    commented: "\"data\":{\"comment_id\":",
    more: || json!({ "category": "technical", "priority": "high" }),
};

pub const API: Dialect = Dialect {
    prefix: "/api",
    size: "limit",
    statuses: &["open", "in_progress", "pending", "resolved", "closed"],
    read: "{\"success\":true",
    opened: "{\"success\":true,\"code\":0,\"message\":\"工单创建成功\"",
    commented: "{\"success\":true,\"code\":0,\"message\":\"评论添加成功\"",
    more: || json!({ "type": "incident", "priority": "high" }),
};

impl Dialect {
    pub fn tickets(&self) -> String {
        format!("{}/tickets", self.prefix)
    }

    pub fn ticket(&self, id: u64) -> String {
        format!("{}/tickets/{id}", self.prefix)
    }

    pub fn comments(&self, id: u64) -> String {
        format!("{}/tickets/{id}/comments", self.prefix)
    }

    pub fn statistics(&self) -> String {
        format!("{}/tickets/stats", self.prefix)
    }

    /// Lists of twenty, one for each status.
    pub fn lists(&self) -> impl Iterator<Item = String> + Send {
        let (prefix, size) = (self.prefix, self.size);
        self.statuses.iter().map(move |word| format!("{prefix}/tickets?status={word}&{size}=20"))
    }

    /// The body that opens a ticket.
    pub fn ticket_body(&self, number: u64) -> Value {
        let open = seed::ticket(number);
        let mut body = json!({ "title": open.title, "description": open.description, "tags": open.tags });
        if let (Value::Object(body), Value::Object(more)) = (&mut body, (self.more)()) {
            body.extend(more);
        }
        body
    }
}
