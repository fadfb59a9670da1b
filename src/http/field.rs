//! A field of a JSON body as it came: absent, given, or of the wrong type, so that one bad field doesn't hide the others.
//!
//! `null` is absent. What a value has to be beyond its type, the dialect and the rules say.

use crate::http::query;
use model::command::Edit;
use model::error::Problems;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Field<T> {
    #[default]
    Absent,
    Given(T),
    Wrong,
}

/// A type that a field may have, and what a client is told who sends another.
pub trait Kind: DeserializeOwned {
    const WANTED: &'static str;

    fn read(value: Value) -> Option<Self> {
        Self::deserialize(value).ok()
    }
}

impl Kind for String {
    const WANTED: &'static str = "must be a string";
}

impl Kind for i64 {
    const WANTED: &'static str = "must be an integer";

    fn read(value: Value) -> Option<Self> {
        integer(&value)
    }
}

/// To JSON, 5.0 is an integer, too.
fn integer(value: &Value) -> Option<i64> {
    /// Beyond this, not every integer has a float of its own.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    value.as_i64().or_else(|| value.as_f64().filter(|n| n.fract() == 0.0 && n.abs() < EXACT).map(|n| n as i64))
}

impl Kind for bool {
    const WANTED: &'static str = "must be true or false";
}

impl Kind for Vec<String> {
    const WANTED: &'static str = "must be a list of strings";
}

impl Kind for Vec<i64> {
    const WANTED: &'static str = "must be a list of integers";

    fn read(value: Value) -> Option<Self> {
        value.as_array()?.iter().map(integer).collect()
    }
}

impl Kind for Map<String, Value> {
    const WANTED: &'static str = "must be an object";
}

/// Anything at all, for what is only looked at to be refused.
impl Kind for Value {
    const WANTED: &'static str = "must be a JSON value";
}

impl<'de, T: Kind> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        if value.is_null() {
            return Ok(Self::Absent);
        }
        Ok(T::read(value).map_or(Self::Wrong, Self::Given))
    }
}

impl<T: Kind> Field<T> {
    /// The value of a field that may be left out.
    pub fn optional(self, name: &'static str, problems: &mut Problems) -> Option<T> {
        match self {
            Self::Given(value) => Some(value),
            Self::Absent => None,
            Self::Wrong => {
                problems.add(name, T::WANTED);
                None
            }
        }
    }

    /// The value of a field that has to be there.
    pub fn required(self, name: &'static str, problems: &mut Problems) -> Option<T> {
        if matches!(self, Self::Absent) {
            problems.add(name, "is required");
        }
        self.optional(name, problems)
    }
}

/// A field that can be emptied: `null` takes away what it holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Clearable<T> {
    #[default]
    Absent,
    Empty,
    Given(T),
    Wrong,
}

impl<'de, T: Kind> Deserialize<'de> for Clearable<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        if value.is_null() {
            return Ok(Self::Empty);
        }
        Ok(T::read(value).map_or(Self::Wrong, Self::Given))
    }
}

impl<T: Kind> Clearable<T> {
    pub fn edit(self, name: &'static str, problems: &mut Problems) -> Edit<Option<T>> {
        match self {
            Self::Absent => Edit::Keep,
            Self::Empty => Edit::Set(None),
            Self::Given(value) => Edit::Set(Some(value)),
            Self::Wrong => {
                problems.add(name, T::WANTED);
                Edit::Keep
            }
        }
    }
}

impl Clearable<String> {
    /// One of some words. An empty text is none: known clients send one where nothing is chosen.
    pub fn word<T>(
        self,
        (name, words): (&'static str, &[&str]),
        read: impl FnOnce(&str) -> Option<T>,
        problems: &mut Problems,
    ) -> Edit<Option<T>> {
        match self.edit(name, problems) {
            Edit::Keep => Edit::Keep,
            Edit::Set(text) => {
                let said = text.filter(|text| !text.trim().is_empty());
                Edit::Set(query::word(name, said.as_deref(), words, read, problems))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Error;

    #[derive(Deserialize)]
    #[serde(default)]
    #[derive(Default)]
    struct Form {
        text: Field<String>,
        number: Field<i64>,
        list: Field<Vec<String>>,
    }

    #[test]
    fn every_wrong_field_is_told() {
        let told = |json: &str| {
            let form: Form = serde_json::from_str(json).unwrap();
            let mut problems = Problems::default();
            form.text.required("text", &mut problems);
            form.number.required("number", &mut problems);
            form.list.optional("list", &mut problems);
            match problems.finish() {
                Err(Error::Invalid(all)) => all.into_iter().map(|p| format!("{} {}", p.field, p.problem)).collect(),
                _ => Vec::new(),
            }
        };
        assert_eq!(told(r#"{"text": "x", "number": 5, "list": null, "other": {}}"#), Vec::<String>::new());
        assert_eq!(told(r#"{"text": null}"#), ["text is required", "number is required"]);
        assert_eq!(
            told(r#"{"text": 1, "number": 5.5, "list": ["a", 1]}"#),
            ["text must be a string", "number must be an integer", "list must be a list of strings"]
        );
        assert_eq!(told(r#"{"text": "", "number": 99999999999999999999}"#), ["number must be an integer"]);
    }

    #[test]
    fn null_empties_only_what_can_be_emptied() {
        let read = |json: &str| serde_json::from_str::<Clearable<i64>>(json).unwrap();
        let mut problems = Problems::default();
        assert_eq!(read("null").edit("x", &mut problems), Edit::Set(None));
        assert_eq!(read("5").edit("x", &mut problems), Edit::Set(Some(5)));
        assert_eq!(read("5.0").edit("x", &mut problems), Edit::Set(Some(5)));
        assert_eq!(Clearable::<i64>::default().edit("x", &mut problems), Edit::Keep);
        assert!(problems.finish().is_ok());
        let mut problems = Problems::default();
        assert_eq!(read("\"5\"").edit("x", &mut problems), Edit::Keep);
        assert_eq!(problems.finish().unwrap_err().to_string(), "x must be an integer");
    }
}
