//! The scalars that GraphQL itself lacks: instants and places in the event log. JSON is async-graphql's own.

use async_graphql::{InputValueError, InputValueResult, Json, Scalar, ScalarType, Value};
use model::Time;

/// Any JSON object.
pub type Object = Json<serde_json::Map<String, serde_json::Value>>;
/// Any JSON value.
pub type Any = Json<serde_json::Value>;

/// An instant in RFC 3339, such as `2024-10-23T10:30:00Z`. Any offset is read; UTC is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DateTime(pub Time);

/// An instant in RFC 3339, such as `2024-10-23T10:30:00Z`. Any offset is read; UTC is written.
#[Scalar(specified_by_url = "https://www.rfc-editor.org/rfc/rfc3339")]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::String(text) => Time::parse(text)
                .map(Self)
                .ok_or_else(|| InputValueError::custom("must be an instant such as 2024-10-23T10:30:00Z")),
            Value::Null
            | Value::Number(_)
            | Value::Boolean(_)
            | Value::Binary(_)
            | Value::Enum(_)
            | Value::List(_)
            | Value::Object(_) => Err(InputValueError::expected_type(value)),
        }
    }

    fn is_valid(value: &Value) -> bool {
        matches!(value, Value::String(_))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.rfc3339())
    }
}

impl From<Time> for DateTime {
    fn from(time: Time) -> Self {
        Self(time)
    }
}

/// A place in the event log of this installation: opaque, ordered, and good for `after` of any subscription. `"0"` is
/// the beginning of what is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(pub String);

/// A place in the event log of this installation: opaque, and good for `after` of any subscription. `"0"` is the
/// beginning of what is kept.
#[Scalar]
impl ScalarType for Cursor {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value {
            Value::String(text) => Ok(Self(text)),
            Value::Null
            | Value::Number(_)
            | Value::Boolean(_)
            | Value::Binary(_)
            | Value::Enum(_)
            | Value::List(_)
            | Value::Object(_) => Err(InputValueError::expected_type(value)),
        }
    }

    fn is_valid(value: &Value) -> bool {
        matches!(value, Value::String(_))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }
}

impl From<model::query::Cursor> for Cursor {
    fn from(cursor: model::query::Cursor) -> Self {
        Self(cursor.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_read_with_any_offset_and_written_in_utc() {
        let read = DateTime::parse(Value::from("2024-10-23T18:30:00+08:00")).unwrap();
        assert_eq!(read.to_value(), Value::from("2024-10-23T10:30:00Z"));
        assert!(DateTime::parse(Value::from("soon")).is_err());
        assert!(DateTime::parse(Value::from(5)).is_err());
    }
}
