//! What a rule asks of a ticket before it acts: a field, an operator, a value, and how it is joined to the next condition.
//!
//! `and` binds closer than `or`, as everywhere: `a or b and c` is `a or (b and c)`. Texts are compared without regard to
//! capitals. No conditions at all are true. Unknown fields, operators that a field doesn't have and words that it can't
//! hold are refused, each by its place (`conditions[1].operator`).

use super::places::of_condition;
use crate::error::{Problems, Result};
use crate::ticket::{Priority, Source, Status, Ticket};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub const CONDITIONS_MAX: usize = 20;
/// Values of one condition, and characters of one.
const VALUES_MAX: usize = 50;
const VALUE_MAX: usize = 500;

/// What of a ticket is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    Title,
    /// The ticket's description.
    Content,
    /// The text of the comment that the event is about; empty where it is about none.
    Comment,
    Priority,
    Status,
    Type,
    Source,
    /// A category's number or its key.
    Category,
    Tags,
    /// The address of the account that it was opened for, and of the customer who is named in it.
    RequesterEmail,
    CustomerEmail,
    Assignee,
    Department,
}

/// What values a field has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Text,
    /// One of a few words.
    Words,
    /// Words in an order.
    Ranks,
    /// Several words, or none.
    Tags,
    /// A number, or none.
    Reference,
}

impl Field {
    pub const ALL: [Self; 13] = [
        Self::Title,
        Self::Content,
        Self::Comment,
        Self::Priority,
        Self::Status,
        Self::Type,
        Self::Source,
        Self::Category,
        Self::Tags,
        Self::RequesterEmail,
        Self::CustomerEmail,
        Self::Assignee,
        Self::Department,
    ];

    pub fn word(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Content => "content",
            Self::Comment => "comment",
            Self::Priority => "priority",
            Self::Status => "status",
            Self::Type => "type",
            Self::Source => "source",
            Self::Category => "category",
            Self::Tags => "tags",
            Self::RequesterEmail => "requester_email",
            Self::CustomerEmail => "customer_email",
            Self::Assignee => "assignee",
            Self::Department => "department",
        }
    }

    /// Reads a field's name, or one by which known clients call it.
    pub fn parse(word: &str) -> Option<Self> {
        let word = match word {
            "description" => "content",
            "category_id" => "category",
            "tag" => "tags",
            "assignee_id" | "assigned_to" | "assigned_to_id" => "assignee",
            other => other,
        };
        Self::ALL.into_iter().find(|f| f.word() == word)
    }

    fn shape(self) -> Shape {
        match self {
            Self::Title
            | Self::Content
            | Self::Comment
            | Self::Type
            | Self::RequesterEmail
            | Self::CustomerEmail
            | Self::Department => Shape::Text,
            Self::Status | Self::Source => Shape::Words,
            Self::Priority => Shape::Ranks,
            Self::Tags => Shape::Tags,
            Self::Category | Self::Assignee => Shape::Reference,
        }
    }

    /// Whether it can hold this value, which is in small letters.
    fn takes(self, value: &str) -> bool {
        match self {
            Self::Priority => Priority::parse(value).is_some(),
            Self::Status => Status::parse(value).is_some(),
            Self::Source => Source::parse(value).is_some(),
            Self::Assignee => value.parse::<i64>().is_ok(),
            Self::Title
            | Self::Content
            | Self::Comment
            | Self::Type
            | Self::Category
            | Self::Tags
            | Self::RequesterEmail
            | Self::CustomerEmail
            | Self::Department => true,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operator {
    Eq,
    Ne,
    Contains,
    NotContains,
    StartsWith,
    EndsWith,
    In,
    NotIn,
    Gt,
    Gte,
    Lt,
    Lte,
    IsEmpty,
    IsNotEmpty,
}

impl Operator {
    pub const ALL: [Self; 14] = [
        Self::Eq,
        Self::Ne,
        Self::Contains,
        Self::NotContains,
        Self::StartsWith,
        Self::EndsWith,
        Self::In,
        Self::NotIn,
        Self::Gt,
        Self::Gte,
        Self::Lt,
        Self::Lte,
        Self::IsEmpty,
        Self::IsNotEmpty,
    ];

    pub fn word(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::Contains => "contains",
            Self::NotContains => "not_contains",
            Self::StartsWith => "starts_with",
            Self::EndsWith => "ends_with",
            Self::In => "in",
            Self::NotIn => "not_in",
            Self::Gt => "gt",
            Self::Gte => "gte",
            Self::Lt => "lt",
            Self::Lte => "lte",
            Self::IsEmpty => "is_empty",
            Self::IsNotEmpty => "is_not_empty",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|o| o.word() == word)
    }

    /// Whether fields of that shape have it.
    fn fits(self, shape: Shape) -> bool {
        match self {
            Self::Eq | Self::Ne | Self::In | Self::NotIn => true,
            Self::Contains | Self::NotContains => matches!(shape, Shape::Text | Shape::Tags),
            Self::StartsWith | Self::EndsWith => shape == Shape::Text,
            Self::Gt | Self::Gte | Self::Lt | Self::Lte => shape == Shape::Ranks,
            Self::IsEmpty | Self::IsNotEmpty => matches!(shape, Shape::Text | Shape::Tags | Shape::Reference),
        }
    }

    /// How many values it wants: none, one, or some.
    fn wants(self) -> Wants {
        match self {
            Self::IsEmpty | Self::IsNotEmpty => Wants::None,
            Self::In | Self::NotIn => Wants::Some,
            Self::Eq
            | Self::Ne
            | Self::Contains
            | Self::NotContains
            | Self::StartsWith
            | Self::EndsWith
            | Self::Gt
            | Self::Gte
            | Self::Lt
            | Self::Lte => Wants::One,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wants {
    None,
    One,
    Some,
}

/// How a condition is joined to the one behind it; the last one's means nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Joint {
    #[default]
    And,
    Or,
}

impl Joint {
    pub fn word(self) -> &'static str {
        match self {
            Self::And => "and",
            Self::Or => "or",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    pub field: Field,
    pub operator: Operator,
    /// As they are looked for: in small letters, at least one but for what asks for none.
    pub values: Vec<String>,
    pub joint: Joint,
}

/// The same as it was sent.
#[derive(Debug, Clone, Default)]
pub struct ConditionInput {
    pub field: String,
    pub operator: String,
    pub value: Value,
    pub joint: Option<String>,
}

/// A list of words for whoever sent another.
pub(super) fn one_of<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    format!("must be one of {}", words.into_iter().collect::<Vec<_>>().join(", "))
}

impl ConditionInput {
    /// Reads the condition at that place of a rule.
    pub fn read(&self, at: usize) -> Result<Condition> {
        let mut problems = Problems::default();
        let field = Field::parse(self.field.trim());
        if field.is_none() {
            problems.add(of_condition(at, "field"), one_of(Field::ALL.map(Field::word)));
        }
        let operator = Operator::parse(self.operator.trim());
        if operator.is_none() {
            problems.add(of_condition(at, "operator"), one_of(Operator::ALL.map(Operator::word)));
        }
        let joint = match self.joint.as_deref().map(|word| word.trim().to_ascii_lowercase()).as_deref() {
            None | Some("" | "and") => Joint::And,
            Some("or") => Joint::Or,
            Some(_) => {
                problems.add(of_condition(at, "logic_op"), one_of(["and", "or"]));
                Joint::And
            }
        };
        let (Some(field), Some(operator)) = (field, operator) else {
            problems.finish()?;
            return Err(crate::Error::internal("a condition without a problem"));
        };
        if !operator.fits(field.shape()) {
            let known = Operator::ALL.into_iter().filter(|o| o.fits(field.shape())).map(Operator::word);
            problems.add(of_condition(at, "operator"), format!("of {} {}", field.word(), one_of(known)));
        }
        let values = match self.values(field, operator) {
            Ok(values) => values,
            Err(why) => {
                problems.add(of_condition(at, "value"), why);
                Vec::new()
            }
        };
        problems.finish()?;
        Ok(Condition { field, operator, values, joint })
    }

    fn values(&self, field: Field, operator: Operator) -> Result<Vec<String>, String> {
        let one = |value: &Value| match value {
            Value::String(text) => Some(text.trim().to_lowercase()),
            Value::Number(number) => Some(number.to_string()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        };
        let given: Option<Vec<String>> = match (operator.wants(), &self.value) {
            (Wants::None, _) => return Ok(Vec::new()),
            (Wants::Some, Value::Array(all)) => all.iter().map(one).collect(),
            // "a, b" is a list, too.
            (Wants::Some, Value::String(text)) => {
                Some(text.split([',', '，']).map(|part| part.trim().to_lowercase()).collect())
            }
            (Wants::Some | Wants::One, value) => one(value).map(|value| vec![value]),
        };
        let kind = if operator.wants() == Wants::Some { "a list of texts or numbers" } else { "a text or a number" };
        let values = given.ok_or_else(|| format!("must be {kind}"))?;
        if values.is_empty() || values.iter().any(String::is_empty) {
            return Err("must not be empty".to_owned());
        }
        if values.len() > VALUES_MAX {
            return Err(format!("must have at most {VALUES_MAX} entries"));
        }
        if values.iter().any(|value| value.chars().count() > VALUE_MAX || value.contains('\0')) {
            return Err(format!("must have at most {VALUE_MAX} characters and no NUL"));
        }
        match values.iter().find(|value| !field.takes(value)) {
            Some(_) => Err(match field {
                Field::Priority => one_of(Priority::ALL.map(Priority::word)),
                Field::Status => one_of(Status::ALL.map(Status::word)),
                Field::Source => one_of(Source::ALL.map(Source::word)),
                Field::Title
                | Field::Content
                | Field::Comment
                | Field::Type
                | Field::Category
                | Field::Tags
                | Field::RequesterEmail
                | Field::CustomerEmail
                | Field::Assignee
                | Field::Department => "must be the number of a person".to_owned(),
            }),
            None => Ok(values),
        }
    }
}

/// What conditions are asked about: a ticket as it stands, and what belongs to it.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    pub ticket: &'a Ticket,
    pub description: Option<&'a str>,
    pub comment: Option<&'a str>,
    pub requester_email: Option<&'a str>,
    pub category_key: Option<&'a str>,
}

impl Subject<'_> {
    /// What the field holds, in small letters: nothing, one thing, or several that all count.
    fn held(&self, field: Field) -> Vec<String> {
        let t = self.ticket;
        let text =
            |text: Option<&str>| text.map(str::to_lowercase).filter(|t| !t.trim().is_empty()).into_iter().collect();
        match field {
            Field::Title => text(Some(t.title.as_str())),
            Field::Content => text(self.description),
            Field::Comment => text(self.comment),
            Field::Priority => text(Some(t.priority.word())),
            // A ticket that nobody works on yet is open, too: most surfaces know no other word for it.
            Field::Status if t.status == Status::New => vec!["new".to_owned(), "open".to_owned()],
            Field::Status => text(Some(t.status.word())),
            Field::Type => text(Some(&t.kind)),
            Field::Source => text(Some(t.source.word())),
            Field::Category => {
                let number = t.category.map(|id| id.to_string());
                number.into_iter().chain(self.category_key.map(str::to_lowercase)).collect()
            }
            Field::Tags => t.tags.iter().map(|tag| tag.as_str().to_lowercase()).collect(),
            Field::RequesterEmail => text(self.requester_email),
            Field::CustomerEmail => text(t.customer.email.as_ref().map(crate::text::Email::as_str)),
            Field::Assignee => t.assignee.map(|id| id.to_string()).into_iter().collect(),
            Field::Department => text(t.department.as_deref()),
        }
    }
}

impl Condition {
    /// Its values as clients write them: one, a list, or nothing.
    pub fn value(&self) -> Value {
        match (self.operator.wants(), self.values.as_slice()) {
            (Wants::None, _) => Value::Null,
            (Wants::One, [one]) => one.as_str().into(),
            (Wants::One | Wants::Some, many) => many.into(),
        }
    }

    /// Whether it is true.
    pub fn holds(&self, subject: &Subject<'_>) -> bool {
        let held = subject.held(self.field);
        let any = |test: &dyn Fn(&str, &str) -> bool| {
            held.iter().any(|held| self.values.iter().any(|wanted| test(held, wanted)))
        };
        let equal = || any(&|held, wanted| held == wanted);
        // A tag contains itself; a text what stands in it.
        let contained = || {
            if self.field.shape() == Shape::Tags { equal() } else { any(&|held, wanted| held.contains(wanted)) }
        };
        let ranked = |test: fn(Priority, Priority) -> bool| {
            any(&|held, wanted| match (Priority::parse(held), Priority::parse(wanted)) {
                (Some(held), Some(wanted)) => test(held, wanted),
                (_, _) => false,
            })
        };
        match self.operator {
            Operator::Eq | Operator::In => equal(),
            Operator::Ne | Operator::NotIn => !equal(),
            Operator::Contains => contained(),
            Operator::NotContains => !contained(),
            Operator::StartsWith => any(&|held, wanted| held.starts_with(wanted)),
            Operator::EndsWith => any(&|held, wanted| held.ends_with(wanted)),
            Operator::Gt => ranked(|held, wanted| held > wanted),
            Operator::Gte => ranked(|held, wanted| held >= wanted),
            Operator::Lt => ranked(|held, wanted| held < wanted),
            Operator::Lte => ranked(|held, wanted| held <= wanted),
            Operator::IsEmpty => held.is_empty(),
            Operator::IsNotEmpty => !held.is_empty(),
        }
    }
}

/// Whether all of them together are true: alternatives, each a row of conditions that are joined by `and`.
pub fn all_hold(conditions: &[Condition], subject: &Subject<'_>) -> bool {
    let alternatives = conditions.split_inclusive(|condition| condition.joint == Joint::Or);
    conditions.is_empty() || alternatives.into_iter().any(|row| row.iter().all(|one| one.holds(subject)))
}

#[cfg(test)]
mod tests;
