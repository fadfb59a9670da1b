//! A row on its way out: its columns, read in order, from either database. What is of another type than was written is an
//! internal error that names the column.

use model::{Error, Result};
use serde_json::Value as Json;
use sqlx::Row as _;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;

/// A row of either database.
pub enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

/// Reads a row's columns in order.
pub struct Columns<'a> {
    source: Source<'a>,
    next: usize,
}

enum Source<'a> {
    Row(&'a Row),
    /// All columns in one, as a JSON array: see `Conn::pick`.
    Packed(std::vec::IntoIter<serde_json::Value>),
}

macro_rules! column {
    ($($fn:ident $type:ty, $value:pat => $read:expr),+ $(,)?) => {$(
        pub fn $fn(&mut self) -> Result<$type> {
            let at = self.next;
            self.next += 1;
            let row = match &mut self.source {
                Source::Row(row) => row,
                Source::Packed(values) => {
                    return match values.next() {
                        Some($value) => Ok($read),
                        other => Err(Error::internal(format!("column {at} is of another type: {other:?}"))),
                    };
                }
            };
            match row {
                Row::Sqlite(row) => row.try_get::<$type, _>(at),
                Row::Postgres(row) => row.try_get::<$type, _>(at),
            }
            .map_err(|e| Error::internal(format!("column {at}: {e}")))
        }
    )+};
}

impl Columns<'_> {
    column! {
        int i64, Json::Number(n) => n.as_i64().unwrap_or_default(),
        text String, Json::String(text) => text,
        bytes_or Option<Vec<u8>>, Json::Null => None,
        int_or Option<i64>, value @ (Json::Number(_) | Json::Null) => value.as_i64(),
        text_or Option<String>, value @ (Json::String(_) | Json::Null) => if let Json::String(text) = value { Some(text) } else { None },
        bool bool, value @ (Json::Number(_) | Json::Bool(_)) => value.as_bool().unwrap_or(value.as_i64() == Some(1)),
    }

    /// A word of one of our enums.
    pub fn word<T>(&mut self, parse: impl Fn(&str) -> Option<T>) -> Result<T> {
        let word = self.text()?;
        parse(&word).ok_or_else(|| Error::internal(format!("the store holds an unknown word: {word}")))
    }

    pub fn time(&mut self) -> Result<model::Time> {
        self.int().map(model::Time)
    }

    pub fn time_or(&mut self) -> Result<Option<model::Time>> {
        Ok(self.int_or()?.map(model::Time))
    }

    pub fn json<T: serde::de::DeserializeOwned>(&mut self) -> Result<T> {
        let text = self.text()?;
        serde_json::from_str(&text).map_err(|e| Error::internal(format!("the store holds unreadable JSON: {e}")))
    }
}

impl Row {
    /// The columns of a row that was picked.
    pub(super) fn unpacked(&self) -> Result<Columns<'_>> {
        let text = self.columns().text()?;
        let values: Vec<Json> =
            serde_json::from_str(&text).map_err(|e| Error::internal(format!("a packed row: {e}")))?;
        Ok(Columns { source: Source::Packed(values.into_iter()), next: 0 })
    }

    pub fn columns(&self) -> Columns<'_> {
        Columns { source: Source::Row(self), next: 0 }
    }
}
