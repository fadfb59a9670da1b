//! Rows that wait to be written, and the statements that write them: one short text for each table, however many rows there are.
//!
//! SQLite carries a statement out once for each row, which costs it nothing but the row. On PostgreSQL one statement takes all
//! rows, column by column as arrays, and several tables' statements go in one trip (they touch different tables, so their order
//! doesn't matter).

use crate::db::{Sql, Value};
use model::{Error, Result};
use std::fmt::Write as _;

/// Rows of one table.
pub(crate) struct Sheet {
    verb: &'static str,
    table: String,
    columns: String,
    /// What follows the rows, such as ` ON CONFLICT …`.
    tail: String,
    /// What stands around the last column's value, where it isn't the value as it is.
    wrap: (&'static str, &'static str),
    pub(crate) rows: Vec<Vec<Value>>,
}

impl Sheet {
    pub(crate) fn new(table: impl Into<String>, columns: impl Into<String>, rows: Vec<Vec<Value>>) -> Self {
        let (table, columns) = (table.into(), columns.into());
        Self { verb: "INSERT", table, columns, tail: String::new(), wrap: ("", ""), rows }
    }

    /// Replaces the verb `INSERT`.
    pub(crate) fn verb(mut self, verb: &'static str) -> Self {
        self.verb = verb;
        self
    }

    pub(crate) fn tail(mut self, tail: impl Into<String>) -> Self {
        self.tail = tail.into();
        self
    }

    /// Hands the last column's value to a function: `wrap.0` before it, `wrap.1` behind it.
    pub(crate) fn wrapping_last(mut self, before: &'static str, behind: &'static str) -> Self {
        self.wrap = (before, behind);
        self
    }

    /// The text that writes one row, for SQLite.
    pub(crate) fn for_each(&self) -> String {
        let Self { verb, table, columns, tail, wrap: (before, behind), rows } = self;
        let others = "?, ".repeat(rows.first().map_or(0, |row| row.len().saturating_sub(1)));
        format!("{verb} INTO {table} ({columns}) VALUES ({others}{before}?{behind}){tail}")
    }

    /// The statement that writes all rows, for PostgreSQL; nothing where there is none.
    pub(crate) fn for_all(self) -> Result<Option<Sql>> {
        let Some(width) = self.rows.first().map(Vec::len) else { return Ok(None) };
        let many = self.rows.len();
        let mut columns: Vec<Value> = Vec::with_capacity(width);
        for row in self.rows {
            for (place, value) in row.into_iter().enumerate() {
                match columns.get_mut(place) {
                    Some(column) => column.add(value)?,
                    None => columns.push(value.column(many)),
                }
            }
        }
        let Self { verb, table, columns: names, tail, wrap: (before, behind), .. } = self;
        let mut text = format!("{verb} INTO {table} ({names}) SELECT ");
        for place in 1..width {
            // Writing to a String cannot fail.
            write!(text, "a.c{place}, ").unwrap_or_default();
        }
        write!(text, "{before}a.c{width}{behind} FROM UNNEST(").unwrap_or_default();
        for (place, column) in (1..).zip(&columns) {
            let kind = column.array().ok_or_else(|| Error::internal("rows of one table differ"))?;
            write!(text, "{}${place}::{kind}", if place == 1 { "" } else { ", " }).unwrap_or_default();
        }
        text.push_str(") AS a(");
        for place in 1..=width {
            write!(text, "{}c{place}", if place == 1 { "" } else { ", " }).unwrap_or_default();
        }
        text.push(')');
        text.push_str(&tail);
        Ok(Some(Sql::built(text).bind_all(columns)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet(rows: Vec<Vec<Value>>) -> Sheet {
        Sheet::new("t", "id, name, done", rows).tail(" ON CONFLICT DO NOTHING")
    }

    #[test]
    fn sqlite_writes_a_row_at_a_time() {
        let rows = vec![vec![1_i64.into(), "a".into(), true.into()]];
        assert_eq!(sheet(rows).for_each(), "INSERT INTO t (id, name, done) VALUES (?, ?, ?) ON CONFLICT DO NOTHING");
        let wrapped =
            Sheet::new("t", "id, x", vec![vec![1_i64.into(), 2_i64.into()]]).verb("REPLACE").wrapping_last("f(", ")");
        assert_eq!(wrapped.for_each(), "REPLACE INTO t (id, x) VALUES (?, f(?))");
    }

    #[test]
    fn postgres_writes_all_rows_by_the_same_text() {
        let row = |id: i64, name: Option<&str>| vec![id.into(), name.into(), (id == 1).into()];
        let one = sheet(vec![row(1, None)]).for_all().unwrap().unwrap();
        let two = sheet(vec![row(1, None), row(2, Some("b"))]).for_all().unwrap().unwrap();
        assert_eq!(one.text(), two.text());
        assert_eq!(
            two.text(),
            "INSERT INTO t (id, name, done) SELECT a.c1, a.c2, a.c3 FROM UNNEST($1::bigint[], $2::text[], $3::boolean[]) \
             AS a(c1, c2, c3) ON CONFLICT DO NOTHING"
        );
        assert!(sheet(Vec::new()).for_all().unwrap().is_none());
        let mixed = sheet(vec![row(1, None), vec!["x".into(), "b".into(), true.into()]]);
        assert!(mixed.for_all().is_err(), "a column has one type");
    }
}
