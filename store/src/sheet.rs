//! Rows that wait to be written, and the fewest statements that write them.
//!
//! Rows of one table go into one INSERT in powers of two, so that there are few different texts and each is prepared once.
//! What several tables wait for goes to the database in one trip: SQLite takes a script of statements, PostgreSQL one
//! statement that carries the others (they touch different tables, so their order doesn't matter).

use crate::db::{Conn, Sql, Value};
use model::Result;
use std::fmt::Write as _;

/// The most rows of a table that one statement carries.
const MOST: usize = 32;

/// Rows of one table.
pub(crate) struct Sheet {
    /// `INSERT INTO table (columns) VALUES `
    head: String,
    /// What follows the rows, such as ` ON CONFLICT …`.
    tail: String,
    /// What stands around the last column's placeholder, where it isn't the value as it is.
    wrap: (&'static str, &'static str),
    rows: std::vec::IntoIter<Vec<Value>>,
}

impl Sheet {
    pub(crate) fn new(table: &str, columns: &str, rows: Vec<Vec<Value>>) -> Self {
        let head = format!("INSERT INTO {table} ({columns}) VALUES ");
        Self { head, tail: String::new(), wrap: ("", ""), rows: rows.into_iter() }
    }

    /// Replaces the verb `INSERT`.
    pub(crate) fn verb(mut self, verb: &str) -> Self {
        self.head = self.head.replacen("INSERT", verb, 1);
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

    /// A statement that writes the next `many` rows. SQLite finds `$n` by looking through all of a statement's names, which
    /// for long statements costs more than writing the rows; `?` has no name.
    pub(crate) fn next(&mut self, many: usize, numbered: bool) -> Sql {
        let mut text = String::with_capacity(self.head.len() + self.tail.len() + many * 128);
        text.push_str(&self.head);
        let mut args: Vec<Value> = Vec::new();
        for (at, row) in self.rows.by_ref().take(many).enumerate() {
            text.push_str(if at == 0 { "(" } else { ", (" });
            let last = row.len();
            for (column, value) in row.into_iter().enumerate() {
                if column > 0 {
                    text.push_str(", ");
                }
                args.push(value);
                let wrapped = column + 1 == last;
                text.push_str(if wrapped { self.wrap.0 } else { "" });
                if numbered {
                    // Writing to a String cannot fail.
                    write!(text, "${}", args.len()).unwrap_or_default();
                } else {
                    text.push('?');
                }
                text.push_str(if wrapped { self.wrap.1 } else { "" });
            }
            text.push(')');
        }
        text.push_str(&self.tail);
        Sql::built(text).bind_all(args)
    }
}

/// Writes all rows, and after them whatever `last` says, in one trip with the last of them.
pub(crate) async fn write(conn: &mut Conn, mut sheets: Vec<Sheet>, last: Vec<Sql>) -> Result<()> {
    let numbered = conn.is_postgres();
    let mut trip: Vec<Sql> = Vec::new();
    let mut many = MOST;
    while many > 0 {
        let before = trip.len();
        trip.extend(sheets.iter_mut().filter(|sheet| sheet.rows.len() >= many).map(|sheet| sheet.next(many, numbered)));
        if trip.len() == before {
            many /= 2;
        } else if sheets.iter().any(|sheet| sheet.rows.len() > 0) {
            conn.together(std::mem::take(&mut trip)).await?;
        }
    }
    trip.extend(last);
    conn.together(trip).await
}
