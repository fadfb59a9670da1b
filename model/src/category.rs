//! Categories: a tree by which tickets are sorted, with an SLA and an assignee of its own.

use crate::error::{Error, Problems, Result};
use crate::id::{CategoryId, UserId};
use crate::text;
use crate::time::Time;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Category {
    pub id: CategoryId,
    #[serde(flatten)]
    pub form: CategoryForm,
    pub created_at: Time,
    pub updated_at: Time,
}

/// What can be set of a category.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CategoryForm {
    /// A stable word (`technical`, `billing`): unique, lower case.
    pub key: String,
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// `#rrggbb`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub color: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icon: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<CategoryId>,
    /// Hours to the resolution of a ticket; overrides the priority's target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sla_hours: Option<i64>,
    /// Who gets a new ticket that names no assignee.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_assignee: Option<UserId>,
    pub active: bool,
    pub sort_order: i64,
}

impl CategoryForm {
    /// One of which nothing has been said yet.
    pub fn empty() -> Self {
        Self {
            key: String::new(),
            name: String::new(),
            description: None,
            color: None,
            icon: None,
            parent: None,
            sla_hours: None,
            auto_assignee: None,
            active: true,
            sort_order: 0,
        }
    }

    /// Checks every field and lists every problem.
    pub fn check(self) -> Result<Self> {
        let mut problems = Problems::default();
        let key = self.key.trim().to_lowercase();
        let key_ok = key.chars().all(|c| c.is_alphanumeric() || "_-.".contains(c));
        if !key_ok || !(1..=50).contains(&key.chars().count()) {
            problems.add("key", "must have 1 to 50 letters, digits, '_', '-' or '.'");
        }
        let name = problems.take(text::required("name", &self.name, 100))?.unwrap_or_default();
        let description = problems.take(text::optional("description", self.description.as_deref(), 1_000))?.flatten();
        let icon = problems.take(text::optional("icon", self.icon.as_deref(), 100))?.flatten();
        if let Some(color) = &self.color {
            let hex = color.strip_prefix('#').is_some_and(|h| h.len() == 6 && h.chars().all(|c| c.is_ascii_hexdigit()));
            if !hex {
                problems.add("color", "must be like #3b82f6");
            }
        }
        if self.sla_hours.is_some_and(|h| !(1..=8_760).contains(&h)) {
            problems.add("sla_hours", "must be 1 to 8760 hours");
        }
        problems.finish()?;
        Ok(Self { key, name, description, icon, ..self })
    }
}

/// The key of a category whose maker named none: its name in small letters, behind the key of the one above it.
pub fn key_of(name: &str, above: Option<&str>) -> String {
    let mut word = String::new();
    for c in name.trim().to_lowercase().chars() {
        if c.is_alphanumeric() || "_.".contains(c) {
            word.push(c);
        } else if !word.is_empty() && !word.ends_with('-') {
            word.push('-');
        }
    }
    let word = word.trim_end_matches('-');
    let word = if word.is_empty() { "category" } else { word };
    let whole = above.map_or_else(|| word.to_owned(), |above| format!("{above}.{word}"));
    whole.chars().take(50).collect()
}

/// The six words of the Orris dialect, which every installation starts with.
pub const FIRST_CATEGORIES: [(&str, &str); 6] = [
    ("technical", "技术支持"),
    ("account", "账号问题"),
    ("billing", "账单问题"),
    ("feature", "功能建议"),
    ("complaint", "投诉"),
    ("other", "其他"),
];

/// Refuses a parent that would make a ring. `ancestors` are the proposed parent's own ancestors and itself.
pub fn check_parent(id: Option<CategoryId>, ancestors: &[CategoryId]) -> Result<()> {
    if id.is_some_and(|id| ancestors.contains(&id)) {
        return Err(Error::invalid("parent", "must not be the category itself or one below it"));
    }
    if ancestors.len() >= 10 {
        return Err(Error::invalid("parent", "must not be more than 10 levels deep"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_made_out_of_names() {
        for (name, above, key) in [
            ("技术支持", None, "技术支持"),
            ("Sign in / out", None, "sign-in-out"),
            ("系统故障", Some("technical"), "technical.系统故障"),
            ("!!!", None, "category"),
            ("  A_b.c  ", None, "a_b.c"),
        ] {
            assert_eq!(key_of(name, above), key);
        }
        assert_eq!(key_of(&"长".repeat(80), None).chars().count(), 50);
    }
}
