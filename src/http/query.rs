//! Words of a query string, as the dialects read them: numbers, switches, pages. What is wrong with one is added to the
//! problems of all, so that a caller hears of every bad parameter at once.

use engine::Numbers;
use model::Time;
use model::error::Problems;
use model::time::{DAY, SECOND, day};

/// A page as clients count it, from 1 on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageNumber {
    pub page: i64,
    pub size: i64,
}

impl PageNumber {
    pub fn part(self) -> Numbers {
        let skip = (self.page - 1).saturating_mul(self.size);
        Numbers {
            skip: usize::try_from(skip).unwrap_or(usize::MAX),
            limit: usize::try_from(self.size).unwrap_or_default(),
        }
    }

    /// How many pages so many items fill. An empty list has one page, and that is empty.
    pub fn pages(self, total: i64) -> i64 {
        (total.saturating_add(self.size - 1) / self.size).max(1)
    }
}

pub fn integer(name: &'static str, text: Option<&str>, problems: &mut Problems) -> Option<i64> {
    let text = text?.trim();
    let number = text.parse().ok();
    if number.is_none() {
        problems.add(name, "must be an integer");
    }
    number
}

pub fn boolean(name: &'static str, text: Option<&str>, problems: &mut Problems) -> Option<bool> {
    match text?.trim() {
        "true" => Some(true),
        "false" => Some(false),
        _ => {
            problems.add(name, "must be true or false");
            None
        }
    }
}

/// A day in UTC, in which the answers' moments are written, or an instant: when it begins, and when it is over. Answers name
/// whole seconds, so a second is part of it to its end.
pub fn span(name: &'static str, text: Option<&str>, problems: &mut Problems) -> Option<(Time, Time)> {
    let text = text?.trim();
    // A plus sign that was not encoded comes as a space.
    let at = Time::parse(text).or_else(|| Time::parse(&text.replace(' ', "+")));
    if at.is_none() {
        problems.add(name, "must be like 2025-09-25T12:34:56Z or 2025-09-25");
    }
    let long = if day(text).is_some() { DAY } else { SECOND };
    at.map(|at| (at, at.plus(long)))
}

/// What one of some words stands for.
pub fn word<T>(
    name: &'static str,
    text: Option<&str>,
    words: &[&str],
    read: impl FnOnce(&str) -> Option<T>,
    problems: &mut Problems,
) -> Option<T> {
    let read = read(text?.trim());
    if read.is_none() {
        problems.add(name, one_of(words));
    }
    read
}

/// What a client is told who sent none of these words.
pub fn one_of(words: &[&str]) -> String {
    format!("must be one of {}", words.join(", "))
}
