//! Texts that are checked once, at the edge, and believed inside: titles, bodies, tags, names, e-mail addresses.
//!
//! Lengths count characters, not bytes. A NUL is refused everywhere, because PostgreSQL can't store it.

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};

pub const TITLE_MAX: usize = 200;
/// Longer mails keep their whole text as an attachment.
pub const BODY_MAX: usize = 200_000;
pub const TAGS_MAX: usize = 50;
pub const TAG_MAX: usize = 50;
pub const REASON_MAX: usize = 500;

macro_rules! text {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// For rows that the store has written itself.
            pub fn stored(text: String) -> Self {
                Self(text)
            }

            pub fn into_string(self) -> String {
                self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+};
}

text! {
    /// A ticket's title: one line of 1 to 200 characters.
    Title,
    /// A comment's text: 1 to 200,000 characters.
    Body,
    /// A tag: 1 to 50 characters without a comma.
    Tag,
    /// An e-mail address in lower case.
    Email,
}

impl Title {
    pub fn parse(text: &str) -> Result<Self> {
        let line = one_line(text);
        between("title", &line, 1, TITLE_MAX)?;
        Ok(Self(line))
    }

    /// A title made out of any text: shortened with an ellipsis, or `fallback` where there is nothing to show.
    pub fn shortened(text: &str, fallback: &str) -> Self {
        let line = one_line(text);
        if line.is_empty() {
            return Self(fallback.to_owned());
        }
        if line.chars().count() <= TITLE_MAX {
            return Self(line);
        }
        let mut cut: String = line.chars().take(TITLE_MAX - 1).collect();
        cut.push('…');
        Self(cut)
    }
}

impl Body {
    pub fn parse(field: &'static str, text: &str) -> Result<Self> {
        let trimmed = text.trim_end();
        if trimmed.trim_start().is_empty() {
            return Err(Error::invalid(field, "must not be empty"));
        }
        between(field, trimmed, 1, BODY_MAX)?;
        Ok(Self(trimmed.to_owned()))
    }

    /// The text of a message that came from outside and must not be refused: cut at the limit, NULs removed.
    /// The second value says whether something was cut.
    pub fn kept(text: &str, fallback: &str) -> (Self, bool) {
        let clean: String = text.chars().filter(|c| *c != '\0').collect();
        let clean = clean.trim_end();
        if clean.trim_start().is_empty() {
            return (Self(fallback.to_owned()), false);
        }
        if clean.chars().count() <= BODY_MAX {
            return (Self(clean.to_owned()), false);
        }
        (Self(clean.chars().take(BODY_MAX).collect()), true)
    }
}

impl Tag {
    pub fn parse(text: &str) -> Result<Self> {
        let tag = one_line(text);
        between("tags", &tag, 1, TAG_MAX)?;
        if tag.contains(',') {
            return Err(Error::invalid("tags", "must not contain a comma"));
        }
        Ok(Self(tag))
    }

    /// A list of tags: checked, in the given order, each once.
    pub fn list(texts: &[String]) -> Result<Vec<Self>> {
        if texts.len() > TAGS_MAX {
            return Err(Error::invalid("tags", format!("must be at most {TAGS_MAX}")));
        }
        let mut tags: Vec<Self> = Vec::with_capacity(texts.len());
        for text in texts {
            let tag = Self::parse(text)?;
            if !tags.contains(&tag) {
                tags.push(tag);
            }
        }
        Ok(tags)
    }
}

impl Email {
    /// Loose on purpose: one `@`, something on both sides, no spaces. Whether it works, a mail will show.
    pub fn parse(field: &'static str, text: &str) -> Result<Self> {
        let email = text.trim().to_lowercase();
        let bad = email.chars().any(|c| c.is_whitespace() || c.is_control() || "<>,;\"".contains(c));
        let good = matches!(email.split_once('@'), Some((local, domain))
            if !local.is_empty() && !domain.is_empty() && !domain.contains('@') && !domain.starts_with('.') && !domain.ends_with('.'));
        if bad || !good || email.chars().count() > 254 {
            return Err(Error::invalid(field, "must be an e-mail address"));
        }
        Ok(Self(email))
    }
}

/// A reason or a note: trimmed, at most 500 characters; `None` when empty.
pub fn reason(field: &'static str, text: Option<&str>) -> Result<Option<String>> {
    optional(field, text, REASON_MAX)
}

/// An optional line or text of at most `max` characters; empty is `None`.
pub fn optional(field: &'static str, text: Option<&str>, max: usize) -> Result<Option<String>> {
    let Some(text) = text.map(str::trim).filter(|t| !t.is_empty()) else { return Ok(None) };
    between(field, text, 1, max)?;
    Ok(Some(text.to_owned()))
}

/// A required text of `min` to `max` characters, trimmed.
pub fn required(field: &'static str, text: &str, max: usize) -> Result<String> {
    let text = text.trim();
    between(field, text, 1, max)?;
    Ok(text.to_owned())
}

fn between(field: &'static str, text: &str, min: usize, max: usize) -> Result<()> {
    if text.contains('\0') {
        return Err(Error::invalid(field, "must not contain a NUL character"));
    }
    let count = text.chars().count();
    if count < min || count > max {
        return Err(Error::invalid(field, format!("must have {min} to {max} characters")));
    }
    Ok(())
}

fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for word in text.split(|c: char| c.is_whitespace() || (c.is_control() && c != '\0')).filter(|w| !w.is_empty()) {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_count_characters_and_are_one_line() {
        assert_eq!(Title::parse("  无法\n登录  ").unwrap().as_str(), "无法 登录");
        assert!(Title::parse(&"字".repeat(200)).is_ok());
        assert!(Title::parse(&"字".repeat(201)).is_err());
        assert!(Title::parse(" \t ").is_err());
        assert!(Title::parse("a\0b").is_err());
        assert_eq!(Title::shortened(&"字".repeat(300), "x").as_str().chars().count(), 200);
        assert_eq!(Title::shortened("", "(no subject)").as_str(), "(no subject)");
    }

    #[test]
    fn emails_are_loose_but_not_nonsense() {
        assert_eq!(Email::parse("email", " A@Example.ORG ").unwrap().as_str(), "a@example.org");
        for bad in ["", "a", "a@", "@b", "a b@c", "a@b@c", "a@.b", "<a@b>"] {
            assert!(Email::parse("email", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn tags_are_kept_once_in_order() {
        let tags = Tag::list(&["登录".into(), "a".into(), "登录".into()]).unwrap();
        assert_eq!(tags.iter().map(Tag::as_str).collect::<Vec<_>>(), ["登录", "a"]);
        assert!(Tag::list(&["a,b".into()]).is_err());
        assert!(Tag::list(&vec!["t".to_owned(); 51]).is_err());
    }
}
