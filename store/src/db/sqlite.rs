//! SQLite: a connection, how it is opened, and where its statements are carried out.
//!
//! SQLite works on the thread that calls it, and may wait there for the disk or for another process. Threads that serve others
//! must not wait, so a statement is carried out *aside*, on a thread that may; whoever has a thread of its own, as the engine's
//! writer does, carries it out *here*, and is spared two changes of threads for each statement.

use super::STATEMENTS;
use super::lent::{Lent, Shelf};
use super::row::Row;
use super::statement::{Sql, Value, check};
use crate::sheet::Sheet;
use model::{Error, Result};
use rusqlite::types::{Null, ToSqlOutput};
use rusqlite::{CachedStatement, OpenFlags, ffi};
use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How long a statement waits for another process that has the write lock.
pub(super) const PATIENCE: Duration = Duration::from_secs(15);

/// Where statements are carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// On a thread that may wait.
    Aside,
    /// On the caller's, which serves nobody else.
    Here,
}

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Writing,
    Reading,
}

/// An open connection.
pub struct Connection(rusqlite::Connection);

/// Connections of one kind to one file.
pub(super) struct Kept {
    path: PathBuf,
    purpose: Purpose,
    cache_kib: u32,
    shelf: Arc<Shelf<Connection>>,
}

impl Kept {
    /// The one connection that writes.
    pub(super) fn writer(path: &Path, cache_kib: u32) -> Self {
        Self { path: path.to_owned(), purpose: Purpose::Writing, cache_kib, shelf: Shelf::new(1) }
    }

    /// So many that read.
    pub(super) fn readers(path: &Path, cache_kib: u32, count: u32) -> Self {
        Self { path: path.to_owned(), purpose: Purpose::Reading, cache_kib, shelf: Shelf::new(count) }
    }

    pub(super) async fn lend(&self) -> Result<Lent<Connection>> {
        let open = async || {
            let (path, purpose, cache_kib) = (self.path.clone(), self.purpose, self.cache_kib);
            aside(move || Connection::open(&path, purpose, cache_kib).map_err(failed)).await?
        };
        Ok(self.shelf.lend(open).await?.0)
    }

    /// Waits until all are back, and closes them.
    pub(super) async fn close(&self) {
        let all = self.shelf.empty().await;
        // Those that could not be told to go are gone with the process.
        aside(move || drop(all)).await.ok();
    }
}

/// Runs what may wait.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Error::internal(format!("database: {error}")))
}

/// Has something done with the connection. Whoever goes away meanwhile takes it along: it is not lent again.
pub(super) async fn carry<T: Send + 'static>(
    lent: &mut Lent<Connection>,
    place: Place,
    work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
) -> Result<T> {
    match place {
        Place::Here => {
            let done = work(lent.begin()?);
            lent.ended(true);
            done
        }
        Place::Aside => {
            let conn = lent.take().ok_or_else(|| Error::internal("database: a connection was taken away"))?;
            let (conn, done) = aside(move || {
                let done = work(&conn);
                (conn, done)
            })
            .await?;
            lent.put(conn);
            done
        }
    }
}

impl Connection {
    fn open(path: &Path, purpose: Purpose, cache_kib: u32) -> rusqlite::Result<Self> {
        // One thread at a time has it, which is what SQLite asks for without locks of its own.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = rusqlite::Connection::open_with_flags(path, flags)?;
        conn.busy_timeout(PATIENCE)?;
        conn.set_prepared_statement_cache_capacity(STATEMENTS);
        conn.pragma_update(None, "foreign_keys", false)?;
        conn.pragma_update(None, "cache_size", -i64::from(cache_kib))?;
        conn.pragma_update(None, "temp_store", "MEMORY")?;
        match purpose {
            // What the file keeps is the writer's to say: saying it takes the write lock, and a reader that waits for the
            // lock while whoever has it waits for a reader is there for ever.
            Purpose::Writing => {
                conn.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
                conn.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
                conn.pragma_update(None, "synchronous", "FULL")?;
                conn.pragma_update_and_check(None, "journal_size_limit", 64 << 20, |_| Ok(()))?;
                // 16 MiB instead of 4: the same pages change again and again, and are copied into the file once.
                conn.pragma_update_and_check(None, "wal_autocheckpoint", 4_000, |_| Ok(()))?;
            }
            Purpose::Reading => conn.pragma_update(None, "query_only", true)?,
        }
        Ok(Self(conn))
    }

    fn prepared(&self, sql: &Sql) -> Result<CachedStatement<'_>> {
        let mut statement = self.0.prepare_cached(&counted(&sql.text)).map_err(failed)?;
        bind(&mut statement, &sql.args)?;
        Ok(statement)
    }

    /// All rows.
    pub(super) fn rows(&self, sql: &Sql) -> Result<Vec<Row>> {
        let mut found = Vec::new();
        told(&mut self.prepared(sql)?, &mut found)?;
        Ok(found)
    }

    /// The rows that changed.
    pub(super) fn change(&self, sql: &Sql) -> Result<u64> {
        let mut statement = self.prepared(sql)?;
        if statement.column_count() == 0 {
            return statement.raw_execute().map(|changed| changed as u64).map_err(failed);
        }
        // It tells something that nobody asked for.
        told(&mut statement, &mut Vec::new())?;
        Ok(self.0.changes())
    }

    /// Writes rows; answers what their statement tells of each.
    pub(super) fn write(&self, sheet: &Sheet) -> Result<Vec<Row>> {
        let mut found = Vec::new();
        if sheet.rows.is_empty() {
            return Ok(found);
        }
        let mut statement = self.0.prepare_cached(&sheet.for_each()).map_err(failed)?;
        for row in &sheet.rows {
            bind(&mut statement, row)?;
            told(&mut statement, &mut found)?;
        }
        Ok(found)
    }

    /// Does something in a transaction of its own, which begins as is said.
    pub(super) fn within<T>(&self, begin: &'static str, work: impl FnOnce(&Self) -> Result<T>) -> Result<T> {
        self.change(&Sql::new(begin))?;
        let done = work(self).and_then(|done| self.change(&Sql::new("COMMIT")).map(|_| done));
        if done.is_err() && !self.0.is_autocommit() {
            self.change(&Sql::new("ROLLBACK"))?;
        }
        done
    }
}

/// The text as SQLite counts arguments: `$2` is a name to it, which gets the next free place; `?2` is the second.
fn counted(text: &str) -> Cow<'_, str> {
    if !text.contains('$') {
        return Cow::Borrowed(text);
    }
    let mut counted = String::with_capacity(text.len());
    let mut parts = text.split('$');
    counted.push_str(parts.next().unwrap_or_default());
    for part in parts {
        counted.push(if part.starts_with(|c: char| c.is_ascii_digit()) { '?' } else { '$' });
        counted.push_str(part);
    }
    Cow::Owned(counted)
}

fn bind(statement: &mut CachedStatement<'_>, args: &[Value]) -> Result<()> {
    check(args)?;
    for (place, value) in args.iter().enumerate() {
        let value = match value {
            Value::Int(Some(n)) => ToSqlOutput::from(*n),
            Value::Bool(yes) => ToSqlOutput::from(*yes),
            Value::Text(Some(text)) => ToSqlOutput::from(text.as_str()),
            Value::Bytes(Some(bytes)) => ToSqlOutput::from(bytes.as_slice()),
            Value::Int(None) | Value::Text(None) | Value::Bytes(None) => ToSqlOutput::from(Null),
            Value::Ints(_) | Value::Texts(_) | Value::Bools(_) | Value::Blobs(_) => {
                return Err(Error::internal("SQLite takes rows one by one"));
            }
        };
        statement.raw_bind_parameter(place + 1, value).map_err(failed)?;
    }
    Ok(())
}

/// Runs a statement to its end.
fn told(statement: &mut CachedStatement<'_>, found: &mut Vec<Row>) -> Result<()> {
    let width = statement.column_count();
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next().map_err(failed)? {
        let cells = (0..width).map(|column| row.get(column)).collect::<rusqlite::Result<_>>();
        found.push(Row::Sqlite(cells.map_err(failed)?));
    }
    Ok(())
}

fn failed(error: rusqlite::Error) -> Error {
    if let rusqlite::Error::SqliteFailure(ffi::Error { extended_code, .. }, _) = &error
        && matches!(*extended_code, ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY)
    {
        return super::exists_already();
    }
    Error::internal(format!("database: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_within_a_transaction_is_of_one_moment_and_what_fails_leaves_none() {
        let file = std::env::temp_dir().join(format!("echodesk-moment-{}.db", std::process::id()));
        let writer = Connection::open(&file, Purpose::Writing, 1_024).unwrap();
        writer.change(&Sql::new("CREATE TABLE t (id INTEGER PRIMARY KEY)")).unwrap();
        let reader = Connection::open(&file, Purpose::Reading, 1_024).unwrap();
        let count = |conn: &Connection| conn.rows(&Sql::new("SELECT id FROM t")).map(|rows| rows.len());
        let read = |conn: &Connection| {
            let before = count(conn)?;
            writer.change(&Sql::new("INSERT INTO t (id) VALUES ($1)").bind(1_i64))?;
            Ok((before, count(conn)?))
        };
        assert_eq!(reader.within("BEGIN", read).unwrap(), (0, 0));
        assert_eq!(count(&reader).unwrap(), 1);
        let twice = Sheet::new("t", "id", vec![vec![2_i64.into()], vec![1_i64.into()]]);
        let failed = writer.within("BEGIN IMMEDIATE", |conn| conn.write(&twice).map(drop));
        assert!(matches!(failed, Err(Error::Conflict { .. })), "{failed:?}");
        assert!(writer.0.is_autocommit());
        assert_eq!(count(&reader).unwrap(), 1, "all or none");
        drop((writer, reader));
        std::fs::remove_file(file).unwrap();
    }

    #[test]
    fn arguments_are_counted_not_named() {
        assert_eq!(counted("SELECT $2, $1, '$', '$.a', $12"), "SELECT ?2, ?1, '$', '$.a', ?12");
        assert!(matches!(counted("SELECT 1"), Cow::Borrowed("SELECT 1")));
    }
}
