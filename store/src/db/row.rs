//! A row on its way out: its columns, read in order, from either database. What is of another type than was written is an
//! internal error that names the column.

use model::{Error, Result};
use rusqlite::types::Value as Cell;
use sqlx::Row as _;
use sqlx::postgres::PgRow;

/// A row of either database.
pub enum Row {
    /// Its values, which move to whoever reads them.
    Sqlite(Vec<Cell>),
    Postgres(PgRow),
}

/// Reads a row's columns in order.
pub struct Columns<'a> {
    source: Source<'a>,
    next: usize,
}

enum Source<'a> {
    Sqlite(std::vec::IntoIter<Cell>),
    Postgres(&'a PgRow),
}

macro_rules! column {
    ($($fn:ident $type:ty, $($value:pat => $read:expr),+);+ $(;)?) => {$(
        pub fn $fn(&mut self) -> Result<$type> {
            let at = self.next;
            self.next += 1;
            match &mut self.source {
                Source::Sqlite(cells) => match cells.next() {
                    $(Some($value) => Ok($read),)+
                    other => Err(Error::internal(format!(
                        "column {at} is of another type: {:?}",
                        other.map(|cell| cell.data_type())
                    ))),
                },
                Source::Postgres(row) => {
                    row.try_get::<$type, _>(at).map_err(|e| Error::internal(format!("column {at}: {e}")))
                }
            }
        }
    )+};
}

impl Columns<'_> {
    column! {
        int i64, Cell::Integer(n) => n;
        text String, Cell::Text(text) => text;
        bytes_or Option<Vec<u8>>, Cell::Blob(bytes) => Some(bytes), Cell::Null => None;
        int_or Option<i64>, Cell::Integer(n) => Some(n), Cell::Null => None;
        text_or Option<String>, Cell::Text(text) => Some(text), Cell::Null => None;
        bool bool, Cell::Integer(n) => n != 0;
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
    /// The row's values, once.
    pub fn columns(&mut self) -> Columns<'_> {
        let source = match self {
            Self::Sqlite(cells) => Source::Sqlite(std::mem::take(cells).into_iter()),
            Self::Postgres(row) => Source::Postgres(row),
        };
        Columns { source, next: 0 }
    }
}
