//! A statement on its way in: its text and its arguments, for either database. Texts are put together out of constants and
//! placeholders, never out of input.

use model::{Error, Result};
use sqlx::Arguments as _;
use sqlx::postgres::PgArguments;
use std::borrow::Cow;

/// An argument of a statement. Empty values keep their type, because PostgreSQL asks for it.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Int(Option<i64>),
    Text(Option<String>),
    Bool(bool),
    Bytes(Option<Vec<u8>>),
    /// A column of many rows, for PostgreSQL alone.
    Ints(Vec<Option<i64>>),
    Texts(Vec<Option<String>>),
    Bools(Vec<bool>),
    Blobs(Vec<Option<Vec<u8>>>),
}

impl Value {
    /// The first of so many values of a column.
    pub(crate) fn column(self, many: usize) -> Self {
        fn first<T>(value: T, many: usize) -> Vec<T> {
            let mut column = Vec::with_capacity(many);
            column.push(value);
            column
        }
        match self {
            Self::Int(n) => Self::Ints(first(n, many)),
            Self::Text(text) => Self::Texts(first(text, many)),
            Self::Bool(yes) => Self::Bools(first(yes, many)),
            Self::Bytes(bytes) => Self::Blobs(first(bytes, many)),
            column @ (Self::Ints(_) | Self::Texts(_) | Self::Bools(_) | Self::Blobs(_)) => column,
        }
    }

    /// Adds the next value of the column, which must be of its type.
    pub(crate) fn add(&mut self, value: Self) -> Result<()> {
        match (self, value) {
            (Self::Ints(column), Self::Int(n)) => column.push(n),
            (Self::Texts(column), Self::Text(text)) => column.push(text),
            (Self::Bools(column), Self::Bool(yes)) => column.push(yes),
            (Self::Blobs(column), Self::Bytes(bytes)) => column.push(bytes),
            _ => return Err(Error::internal("a column's values are of different types")),
        }
        Ok(())
    }

    /// PostgreSQL's name for the type of a column.
    pub(crate) fn array(&self) -> Option<&'static str> {
        match self {
            Self::Ints(_) => Some("bigint[]"),
            Self::Texts(_) => Some("text[]"),
            Self::Bools(_) => Some("boolean[]"),
            Self::Blobs(_) => Some("bytea[]"),
            Self::Int(_) | Self::Text(_) | Self::Bool(_) | Self::Bytes(_) => None,
        }
    }

    fn has_nul(&self) -> bool {
        let with_nul = |text: &Option<String>| text.as_ref().is_some_and(|text| text.contains('\0'));
        match self {
            Self::Text(text) => with_nul(text),
            Self::Texts(column) => column.iter().any(with_nul),
            Self::Int(_) | Self::Bool(_) | Self::Bytes(_) | Self::Ints(_) | Self::Bools(_) | Self::Blobs(_) => false,
        }
    }
}

macro_rules! value_from {
    ($($from:ty => |$v:ident| $to:expr),+ $(,)?) => {$(
        impl From<$from> for Value { fn from($v: $from) -> Self { $to } }
    )+};
}
value_from! {
    i64 => |v| Self::Int(Some(v)), Option<i64> => |v| Self::Int(v),
    String => |v| Self::Text(Some(v)), Option<String> => |v| Self::Text(v),
    &str => |v| Self::Text(Some(v.to_owned())), Option<&str> => |v| Self::Text(v.map(str::to_owned)),
    &String => |v| Self::Text(Some(v.clone())), &Option<String> => |v| Self::Text(v.clone()),
    bool => |v| Self::Bool(v), Option<Vec<u8>> => |v| Self::Bytes(v),
    model::Time => |v| Self::Int(Some(v.0)), Option<model::Time> => |v| Self::Int(v.map(|t| t.0)),
    model::id::TicketId => |v| Self::Int(Some(v.0)), Option<model::id::TicketId> => |v| Self::Int(v.map(|t| t.0)),
    model::id::UserId => |v| Self::Int(Some(v.0)), Option<model::id::UserId> => |v| Self::Int(v.map(|t| t.0)),
    model::id::CommentId => |v| Self::Int(Some(v.0)), Option<model::id::CommentId> => |v| Self::Int(v.map(|t| t.0)),
    model::id::CategoryId => |v| Self::Int(Some(v.0)), Option<model::id::CategoryId> => |v| Self::Int(v.map(|t| t.0)),
    model::id::AttachmentId => |v| Self::Int(Some(v.0)), model::id::IdentityId => |v| Self::Int(Some(v.0)),
    model::id::SessionId => |v| Self::Int(Some(v.0)), model::id::ApiTokenId => |v| Self::Int(Some(v.0)),
    model::id::InboundId => |v| Self::Int(Some(v.0)), model::id::NotificationId => |v| Self::Int(Some(v.0)),
    model::id::WebhookId => |v| Self::Int(Some(v.0)), Option<model::id::WebhookId> => |v| Self::Int(v.map(|w| w.0)),
    model::id::DeliveryId => |v| Self::Int(Some(v.0)), model::id::DeviceId => |v| Self::Int(Some(v.0)),
    model::id::SlaConfigId => |v| Self::Int(Some(v.0)),
    model::id::QuickReplyId => |v| Self::Int(Some(v.0)), model::id::TemplateId => |v| Self::Int(Some(v.0)),
    model::id::RuleId => |v| Self::Int(Some(v.0)), model::id::RuleRunId => |v| Self::Int(Some(v.0)), model::id::Seq => |v| Self::Int(Some(v.0)),
}

/// PostgreSQL can't hold a NUL, so neither database is asked to.
pub(super) fn check(values: &[Value]) -> Result<()> {
    if values.iter().any(Value::has_nul) {
        return Err(Error::invalid("text", "must not contain a NUL character"));
    }
    Ok(())
}

/// A statement and its arguments.
#[derive(Debug, Clone)]
pub struct Sql {
    pub(super) text: Cow<'static, str>,
    pub(super) args: Vec<Value>,
}

impl Sql {
    pub fn new(text: &'static str) -> Self {
        Self { text: Cow::Borrowed(text), args: Vec::new() }
    }

    /// A statement whose text is put together: only out of constants and placeholders, never out of input.
    pub fn built(text: String) -> Self {
        Self { text: Cow::Owned(text), args: Vec::new() }
    }

    /// `SELECT columns from`.
    pub fn select(columns: &str, from: &str) -> Self {
        Self::built(format!("SELECT {columns} {from}"))
    }

    #[cfg(test)]
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// How SQLite would go about it.
    #[cfg(test)]
    pub(crate) fn explained(self) -> Self {
        Self { text: Cow::Owned(format!("EXPLAIN QUERY PLAN {}", self.text)), ..self }
    }

    /// The next argument.
    pub fn bind(mut self, value: impl Into<Value>) -> Self {
        self.args.push(value.into());
        self
    }

    pub fn bind_all(mut self, values: impl IntoIterator<Item = Value>) -> Self {
        self.args.extend(values);
        self
    }

    /// Adds to the text.
    pub fn push(&mut self, text: &str) -> &mut Self {
        self.text.to_mut().push_str(text);
        self
    }

    /// Adds an argument and its placeholder to the text.
    pub fn push_arg(&mut self, value: impl Into<Value>) -> &mut Self {
        self.args.push(value.into());
        let placeholder = format!("${}", self.args.len());
        self.push(&placeholder)
    }

    /// Adds ` LIMIT n`. As it stands, SQLite would plan the statement again for each value that is bound there, which for a small
    /// one takes longer than running it; what is computed it leaves alone.
    pub fn push_limit(&mut self, most: i64) -> &mut Self {
        self.push(" LIMIT CAST(").push_arg(most).push(" AS BIGINT)")
    }

    /// Adds another statement's text and arguments; its placeholders are counted on from here.
    pub(super) fn append(&mut self, other: Self) {
        let before = self.args.len();
        self.args.extend(other.args);
        let mut parts = other.text.split('$');
        self.push(parts.next().unwrap_or_default());
        for part in parts {
            let (number, rest) = part.split_at(part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len()));
            match number.parse::<usize>() {
                Ok(number) => self.push(&format!("${}", before + number)).push(rest),
                Err(_) => self.push("$").push(part),
            };
        }
    }

    /// Adds ` AND column IN (…)`; nothing for an empty list. The list is filled up with its last value to a power of two,
    /// so that there are few different texts to prepare.
    pub fn and_in<T: Into<Value>>(&mut self, column: &str, values: impl IntoIterator<Item = T>) -> &mut Self {
        let mut values: Vec<Value> = values.into_iter().map(Into::into).collect();
        let Some(last) = values.last().cloned() else { return self };
        values.resize(values.len().next_power_of_two(), last);
        self.push(" AND ").push(column).push(" IN (");
        for (at, value) in values.into_iter().enumerate() {
            self.push(if at == 0 { "" } else { ", " }).push_arg(value);
        }
        self.push(")")
    }

    /// Adds that a column, which holds small letters, contains a word.
    pub fn and_contains(&mut self, column: &str, word: &str) -> &mut Self {
        let escaped = word.to_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        self.push(" AND ").push(column).push(" LIKE ").push_arg(format!("%{escaped}%")).push(" ESCAPE '\\'")
    }

    pub(super) fn postgres(&self) -> Result<PgArguments> {
        check(&self.args)?;
        let mut args = PgArguments::default();
        for value in &self.args {
            match value {
                Value::Int(v) => args.add(*v),
                Value::Text(v) => args.add(v.as_deref()),
                Value::Bool(v) => args.add(*v),
                Value::Bytes(v) => args.add(v.as_deref()),
                Value::Ints(column) => args.add(column),
                Value::Texts(column) => args.add(column),
                Value::Bools(column) => args.add(column),
                Value::Blobs(column) => args.add(column),
            }
            .map_err(Error::internal)?;
        }
        Ok(args)
    }
}
