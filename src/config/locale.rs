//! The language of the person at the terminal, as their environment names it.
//!
//! Only the command line asks; what is written to others follows their accounts.

/// A language that the command line speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    #[default]
    English,
    Chinese,
}

/// The terminal's language: `LC_ALL`, else `LC_MESSAGES`, else `LANG`, as everywhere.
#[expect(clippy::disallowed_methods, reason = "the environment is read in src/config only, and this is it")]
pub fn language() -> Language {
    let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    Language::of(&set("LC_ALL").or_else(|| set("LC_MESSAGES")).or_else(|| set("LANG")).unwrap_or_default())
}

impl Language {
    fn of(locale: &str) -> Self {
        let zh = locale.get(..2).is_some_and(|two| two.eq_ignore_ascii_case("zh"));
        if zh { Self::Chinese } else { Self::English }
    }

    /// The text in this language.
    pub fn pick<T>(self, english: T, chinese: T) -> T {
        match self {
            Self::English => english,
            Self::Chinese => chinese,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locales() {
        for (locale, language) in [
            ("zh_CN.UTF-8", Language::Chinese),
            ("zh", Language::Chinese),
            ("ZH_TW", Language::Chinese),
            ("C.UTF-8", Language::English),
            ("de_DE", Language::English),
            ("", Language::English),
        ] {
            assert_eq!(Language::of(locale), language, "{locale}");
        }
    }
}
