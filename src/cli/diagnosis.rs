//! What the doctor says of one thing: a mark, a finding, and how to repair it, in the reader's language.

use super::failure::Failure;
use super::terminal;
use crate::config::Language;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    Good,
    /// Worth knowing; it may be meant so.
    Notice,
    Bad,
}

/// A text in both languages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    english: String,
    chinese: String,
}

/// `text("one", "一")`
pub fn text(english: impl Into<String>, chinese: impl Into<String>) -> Text {
    Text { english: english.into(), chinese: chinese.into() }
}

impl Text {
    fn in_language(&self, language: Language) -> &str {
        language.pick(&self.english, &self.chinese)
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub mark: Mark,
    pub what: Text,
    pub repair: Option<Text>,
}

impl Finding {
    pub fn good(what: Text) -> Self {
        Self { mark: Mark::Good, what, repair: None }
    }

    pub fn notice(what: Text, repair: Text) -> Self {
        Self { mark: Mark::Notice, what, repair: Some(repair) }
    }

    pub fn bad(what: Text, repair: Text) -> Self {
        Self { mark: Mark::Bad, what, repair: Some(repair) }
    }
}

/// Prints findings as they come and remembers how many are bad.
pub struct Report {
    language: Language,
    bad: usize,
}

impl Report {
    pub fn new(language: Language) -> Self {
        Self { language, bad: 0 }
    }

    pub fn add(&mut self, finding: Finding) -> Result<(), Failure> {
        let mark = match finding.mark {
            Mark::Good => '✓',
            Mark::Notice => '!',
            Mark::Bad => '✗',
        };
        self.bad += usize::from(finding.mark == Mark::Bad);
        terminal::say(format_args!("{mark} {}", finding.what.in_language(self.language)))?;
        match &finding.repair {
            Some(repair) => terminal::say(format_args!("    → {}", repair.in_language(self.language))),
            None => Ok(()),
        }
    }

    /// The last line, and the exit code: 1 when something is wrong.
    pub fn finish(self) -> Result<(), Failure> {
        let last = match self.bad {
            0 => text("Everything that is needed is in order.", "一切就绪。"),
            1 => text("One thing has to be repaired.", "有 1 项需要修复。"),
            n => text(format!("{n} things have to be repaired."), format!("有 {n} 项需要修复。")),
        };
        terminal::say(last.in_language(self.language))?;
        if self.bad == 0 { Ok(()) } else { Err(Failure { code: super::failure::FAILED, sentences: Vec::new() }) }
    }
}
