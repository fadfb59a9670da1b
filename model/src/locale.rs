//! The two languages in which people are written to. What isn't one of them falls back to the installation's own.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Locale {
    #[default]
    #[serde(rename = "zh-CN")]
    ZhCn,
    #[serde(rename = "en")]
    En,
}

impl Locale {
    /// Their words, as profiles and settings have them.
    pub const WORDS: [&str; 2] = ["zh-CN", "en"];

    pub fn word(self) -> &'static str {
        match self {
            Self::ZhCn => "zh-CN",
            Self::En => "en",
        }
    }

    /// Reads a language tag by its first part: `zh`, `zh_TW` and `zh-Hans-CN` are Chinese, `en-GB` is English.
    pub fn parse(tag: &str) -> Option<Self> {
        match tag.trim().split(['-', '_']).next()?.to_ascii_lowercase().as_str() {
            "zh" => Some(Self::ZhCn),
            "en" => Some(Self::En),
            _ => None,
        }
    }

    /// A person's own language, else the installation's.
    pub fn of(own: Option<&str>, otherwise: Self) -> Self {
        own.and_then(Self::parse).unwrap_or(otherwise)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_read_by_their_language() {
        for (tag, is) in [
            ("zh-CN", Some(Locale::ZhCn)),
            ("zh_TW", Some(Locale::ZhCn)),
            ("EN-gb", Some(Locale::En)),
            ("de", None),
            ("", None),
        ] {
            assert_eq!(Locale::parse(tag), is, "{tag}");
        }
        assert_eq!(Locale::of(Some("fr"), Locale::En), Locale::En);
        assert!(Locale::WORDS.iter().all(|word| Locale::parse(word).is_some_and(|l| l.word() == *word)));
    }
}
