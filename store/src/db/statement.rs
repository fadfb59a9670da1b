//! A statement on its way in: its text and its arguments, for either database. Texts are put together out of constants and
//! placeholders, never out of input.

use model::{Error, Result};
use sqlx::Arguments as _;
use sqlx::postgres::PgArguments;
use sqlx::sqlite::SqliteArguments;
use std::borrow::Cow;

/// An argument of a statement. Empty values keep their type, because PostgreSQL asks for it.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Int(Option<i64>),
    Text(Option<String>),
    Bool(bool),
    Bytes(Option<Vec<u8>>),
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

/// A statement and its arguments.
#[derive(Debug, Clone)]
pub struct Sql {
    pub(super) text: Cow<'static, str>,
    pub(super) args: Vec<Value>,
    /// Whether each row comes as one JSON array.
    pub(super) packed: bool,
}

impl Sql {
    pub fn new(text: &'static str) -> Self {
        Self { text: Cow::Borrowed(text), args: Vec::new(), packed: false }
    }

    /// A statement whose text is put together: only out of constants and placeholders, never out of input.
    pub fn built(text: String) -> Self {
        Self { text: Cow::Owned(text), args: Vec::new(), packed: false }
    }

    /// A statement for SQLite whose rows come as one JSON array each: see `Conn::pick`.
    pub(crate) fn packed(text: String) -> Self {
        Self { text: Cow::Owned(text), args: Vec::new(), packed: true }
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

    /// PostgreSQL can't hold a NUL, so neither database is asked to.
    fn check(&self) -> Result<()> {
        if self.args.iter().any(|v| matches!(v, Value::Text(Some(text)) if text.contains('\0'))) {
            return Err(Error::invalid("text", "must not contain a NUL character"));
        }
        Ok(())
    }

    pub(super) fn sqlite(&self) -> Result<SqliteArguments> {
        self.check()?;
        let mut args = SqliteArguments::default();
        for value in &self.args {
            match value {
                Value::Int(v) => args.add(*v),
                Value::Text(v) => args.add(v.clone()),
                Value::Bool(v) => args.add(*v),
                Value::Bytes(v) => args.add(v.clone()),
            }
            .map_err(Error::internal)?;
        }
        Ok(args)
    }

    pub(super) fn postgres(&self) -> Result<PgArguments> {
        self.check()?;
        let mut args = PgArguments::default();
        for value in &self.args {
            match value {
                Value::Int(v) => args.add(*v),
                Value::Text(v) => args.add(v.as_deref()),
                Value::Bool(v) => args.add(*v),
                Value::Bytes(v) => args.add(v.as_deref()),
            }
            .map_err(Error::internal)?;
        }
        Ok(args)
    }
}
