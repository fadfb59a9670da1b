//! Quick replies: answers that staff write once and use often. A public one is everybody's on the staff, any other only its
//! maker's: to all others it is not there.

use super::{GROUP_MAX, NAME_MAX};
use crate::error::{Problems, Result};
use crate::id::{QuickReplyId, UserId};
use crate::text::{self, Tag};
use crate::time::Time;
use serde::{Deserialize, Serialize};

/// Characters of an answer.
pub const CONTENT_MAX: usize = 20_000;
/// Replies that one person may keep for themselves.
pub const OWN_MAX: i64 = 500;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuickReply {
    pub id: QuickReplyId,
    #[serde(flatten)]
    pub form: QuickReplyForm,
    /// Who made it; nobody where the system did.
    pub owner: Option<UserId>,
    pub uses: i64,
    pub created_at: Time,
    pub updated_at: Time,
}

/// What can be set of a quick reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuickReplyForm {
    pub name: String,
    /// By which they are sorted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    pub content: String,
    pub tags: Vec<Tag>,
    pub public: bool,
}

/// The same as it was sent.
#[derive(Debug, Clone, Default)]
pub struct QuickReplyInput {
    pub name: String,
    pub category: Option<String>,
    pub content: String,
    pub tags: Vec<String>,
    pub public: bool,
}

impl QuickReplyInput {
    /// Checks every field and lists every problem.
    pub fn check(&self) -> Result<QuickReplyForm> {
        let mut problems = Problems::default();
        let name = problems.take(text::required("name", &self.name, NAME_MAX))?;
        let category = problems.take(text::optional("category_word", self.category.as_deref(), GROUP_MAX))?;
        let content = problems.take(text::required("content", &self.content, CONTENT_MAX))?;
        let tags = problems.take(Tag::list(&self.tags))?;
        problems.finish()?;
        Ok(QuickReplyForm {
            name: name.unwrap_or_default(),
            category: category.flatten(),
            content: content.unwrap_or_default(),
            tags: tags.unwrap_or_default(),
            public: self.public,
        })
    }
}

impl From<QuickReplyForm> for QuickReplyInput {
    fn from(form: QuickReplyForm) -> Self {
        let QuickReplyForm { name, category, content, tags, public } = form;
        Self { name, category, content, tags: tags.into_iter().map(Tag::into_string).collect(), public }
    }
}

impl QuickReply {
    /// Whether it is there for this person.
    pub fn is_seen_by(&self, user: Option<UserId>) -> bool {
        self.form.public || (user.is_some() && self.owner == user)
    }
}

/// Which quick replies. Empty fields don't filter.
#[derive(Debug, Clone, Default)]
pub struct QuickReplyFilter {
    pub category: Option<String>,
    /// In the name, the content or a tag.
    pub keyword: Option<String>,
    pub public: Option<bool>,
}

impl QuickReplyFilter {
    pub fn check(mut self) -> Result<Self> {
        let mut problems = Problems::default();
        self.category = problems.take(text::optional("category_word", self.category.as_deref(), GROUP_MAX))?.flatten();
        self.keyword = problems.take(text::optional("keyword", self.keyword.as_deref(), NAME_MAX))?.flatten();
        problems.finish()?;
        Ok(self)
    }
}

/// Name, content and tags in small letters: what a keyword is looked for in.
pub fn search_text(form: &QuickReplyForm) -> String {
    let tags = form.tags.iter().map(Tag::as_str).collect::<Vec<_>>().join("\n");
    format!("{}\n{}\n{tags}", form.name, form.content).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input() -> QuickReplyInput {
        QuickReplyInput { name: " 感谢反馈 ".into(), content: "谢谢".into(), ..QuickReplyInput::default() }
    }

    #[test]
    fn every_field_is_checked_and_every_problem_told() {
        let form =
            QuickReplyInput { tags: vec!["感谢".into(), "感谢".into()], category: Some(" ".into()), ..input() };
        let form = form.check().unwrap();
        assert_eq!((form.name.as_str(), form.category, form.tags.len()), ("感谢反馈", None, 1));
        let bad = QuickReplyInput {
            name: String::new(),
            category: Some("长".repeat(GROUP_MAX + 1)),
            content: "x".repeat(CONTENT_MAX + 1),
            tags: vec!["a,b".into()],
            public: true,
        };
        let told = bad.check().unwrap_err().to_string();
        for field in ["name", "category", "content", "tags"] {
            assert!(told.contains(field), "{told}");
        }
    }

    #[test]
    fn a_private_one_is_its_makers() {
        let form = input().check().unwrap();
        let (id, at) = (QuickReplyId(1), Time(0));
        let mut reply = QuickReply { id, form, owner: Some(UserId(1)), uses: 0, created_at: at, updated_at: at };
        for (user, own, public) in [(Some(UserId(1)), true, true), (Some(UserId(2)), false, true), (None, false, true)]
        {
            reply.form.public = false;
            assert_eq!(reply.is_seen_by(user), own);
            reply.form.public = true;
            assert_eq!(reply.is_seen_by(user), public);
        }
        // What nobody made and is not public is nobody's.
        (reply.owner, reply.form.public) = (None, false);
        assert!(!reply.is_seen_by(None));
    }
}
