//! A field of a JSON body as it came: absent, given, or of the wrong type, so that one bad field doesn't hide the others.
//!
//! `null` is absent. What a value has to be beyond its type, the dialect and the rules say.

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
}

impl Kind for String {
    const WANTED: &'static str = "must be a string";
}

impl Kind for i64 {
    const WANTED: &'static str = "must be an integer";
}

impl Kind for bool {
    const WANTED: &'static str = "must be true or false";
}

impl Kind for Vec<String> {
    const WANTED: &'static str = "must be a list of strings";
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
        Ok(T::deserialize(value).map_or(Self::Wrong, Self::Given))
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
}
