//! The two databases behind one face: values in, rows out, one SQL text for both.
//!
//! Placeholders are `$1`, `$2` … on both. What differs between the two is declared: opening (here), search, waking.

use futures_util::future::BoxFuture;
use model::{Error, Result};
use sqlx::postgres::{PgArguments, PgConnectOptions, PgPool, PgPoolOptions, PgRow};
use sqlx::sqlite::{
    SqliteArguments, SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteRow, SqliteSynchronous,
};
use sqlx::{Arguments as _, AssertSqlSafe, ConnectOptions as _, PgConnection, Row as _, SqliteConnection};
use std::borrow::Cow;
use std::path::PathBuf;
use std::str::FromStr as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{Mutex, MutexGuard};

/// How many prepared statements a connection keeps.
const STATEMENTS: usize = 512;

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
    model::id::DeliveryId => |v| Self::Int(Some(v.0)), model::id::DeviceId => |v| Self::Int(Some(v.0)), model::id::Seq => |v| Self::Int(Some(v.0)),
}

/// A statement and its arguments.
#[derive(Debug, Clone)]
pub struct Sql {
    text: Cow<'static, str>,
    args: Vec<Value>,
    /// Whether each row comes as one JSON array.
    packed: bool,
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

    /// Adds another statement's text and arguments; its placeholders are counted on from here.
    fn append(&mut self, other: Self) {
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

    /// PostgreSQL can't hold a NUL, so neither database is asked to.
    fn check(&self) -> Result<()> {
        if self.args.iter().any(|v| matches!(v, Value::Text(Some(text)) if text.contains('\0'))) {
            return Err(Error::invalid("text", "must not contain a NUL character"));
        }
        Ok(())
    }

    fn sqlite(&self) -> Result<SqliteArguments> {
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

    fn postgres(&self) -> Result<PgArguments> {
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

use serde_json::Value as Json;

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
    fn unpacked(&self) -> Result<Columns<'_>> {
        let text = self.columns().text()?;
        let values: Vec<Json> =
            serde_json::from_str(&text).map_err(|e| Error::internal(format!("a packed row: {e}")))?;
        Ok(Columns { source: Source::Packed(values.into_iter()), next: 0 })
    }

    pub fn columns(&self) -> Columns<'_> {
        Columns { source: Source::Row(self), next: 0 }
    }
}

/// A connection of either database, wherever it comes from.
pub enum Conn {
    Sqlite(sqlx::pool::PoolConnection<sqlx::Sqlite>, Arc<AtomicU64>),
    Postgres(sqlx::pool::PoolConnection<sqlx::Postgres>, Arc<AtomicU64>),
}

enum Raw<'a> {
    Sqlite(&'a mut SqliteConnection),
    Postgres(&'a mut PgConnection),
}

impl Conn {
    fn raw(&mut self) -> Raw<'_> {
        match self {
            Self::Sqlite(conn, count) => {
                count.fetch_add(1, Ordering::Relaxed);
                Raw::Sqlite(conn)
            }
            Self::Postgres(conn, count) => {
                count.fetch_add(1, Ordering::Relaxed);
                Raw::Postgres(conn)
            }
        }
    }

    pub fn is_postgres(&self) -> bool {
        matches!(self, Self::Postgres(..))
    }

    /// `SELECT columns from`, for `list` and `find`. SQLite hands each row over as one JSON array: its driver moves every
    /// value from thread to thread on its own, which for wide rows costs ten times what reading them does.
    pub fn pick(&self, columns: &str, from: &str) -> Sql {
        let packed = !self.is_postgres();
        let text =
            if packed { format!("SELECT json_array({columns}) {from}") } else { format!("SELECT {columns} {from}") };
        Sql { text: Cow::Owned(text), args: Vec::new(), packed }
    }

    /// All rows. Boxed here, as everything that reaches the drivers: a future that others hold is compiled again with each of
    /// them, and the drivers with it.
    pub fn all(&mut self, sql: Sql) -> BoxFuture<'_, Result<Vec<Row>>> {
        Box::pin(self.fetched(sql))
    }

    async fn fetched(&mut self, sql: Sql) -> Result<Vec<Row>> {
        match self.raw() {
            Raw::Sqlite(conn) => {
                let args = sql.sqlite()?;
                let rows = match sql.text {
                    Cow::Borrowed(text) => sqlx::query_with(text, args).fetch_all(conn).await,
                    Cow::Owned(text) => sqlx::query_with(AssertSqlSafe(text), args).fetch_all(conn).await,
                };
                Ok(rows.map_err(failed)?.into_iter().map(Row::Sqlite).collect())
            }
            Raw::Postgres(conn) => {
                let args = sql.postgres()?;
                let rows = match sql.text {
                    Cow::Borrowed(text) => sqlx::query_with(text, args).fetch_all(conn).await,
                    Cow::Owned(text) => sqlx::query_with(AssertSqlSafe(text), args).fetch_all(conn).await,
                };
                Ok(rows.map_err(failed)?.into_iter().map(Row::Postgres).collect())
            }
        }
    }

    /// Statements without arguments in one trip; the rows of all of them.
    pub(crate) async fn script(&mut self, text: String) -> Result<Vec<Row>> {
        let script = sqlx::raw_sql(AssertSqlSafe(text));
        match self.raw() {
            Raw::Sqlite(conn) => {
                Ok(script.fetch_all(conn).await.map_err(failed)?.into_iter().map(Row::Sqlite).collect())
            }
            Raw::Postgres(conn) => {
                Ok(script.fetch_all(conn).await.map_err(failed)?.into_iter().map(Row::Postgres).collect())
            }
        }
    }

    pub async fn one(&mut self, sql: Sql) -> Result<Option<Row>> {
        Ok(self.all(sql).await?.into_iter().next())
    }

    /// The rows that changed.
    pub fn run(&mut self, sql: Sql) -> BoxFuture<'_, Result<u64>> {
        Box::pin(self.executed(sql))
    }

    async fn executed(&mut self, sql: Sql) -> Result<u64> {
        match self.raw() {
            Raw::Sqlite(conn) => {
                let args = sql.sqlite()?;
                let done = match sql.text {
                    Cow::Borrowed(text) => sqlx::query_with(text, args).execute(conn).await,
                    Cow::Owned(text) => sqlx::query_with(AssertSqlSafe(text), args).execute(conn).await,
                };
                Ok(done.map_err(failed)?.rows_affected())
            }
            Raw::Postgres(conn) => {
                let args = sql.postgres()?;
                let done = match sql.text {
                    Cow::Borrowed(text) => sqlx::query_with(text, args).execute(conn).await,
                    Cow::Owned(text) => sqlx::query_with(AssertSqlSafe(text), args).execute(conn).await,
                };
                Ok(done.map_err(failed)?.rows_affected())
            }
        }
    }

    /// Several statements that don't depend on each other's rows, in one trip. On PostgreSQL all but the last must be INSERT,
    /// UPDATE or DELETE; on SQLite those with `?` come before those with `$n`.
    pub(crate) async fn together(&mut self, mut all: Vec<Sql>) -> Result<()> {
        if all.len() < 2 {
            return match all.pop() {
                Some(one) => self.run(one).await.map(|_| ()),
                None => Ok(()),
            };
        }
        let postgres = self.is_postgres();
        let count = all.len();
        let mut joined = Sql::built(String::with_capacity(all.iter().map(|sql| sql.text.len() + 32).sum()));
        for (at, sql) in all.into_iter().enumerate() {
            let opening = match (postgres, at) {
                (false, 0) => String::new(),
                (false, _) => "; ".to_owned(),
                (true, 0) => "WITH s0 AS (".to_owned(),
                (true, _) if at + 1 == count => ") ".to_owned(),
                (true, _) => format!("), s{at} AS ("),
            };
            joined.push(&opening);
            joined.append(sql);
        }
        self.run(joined).await.map(|_| ())
    }

    /// Rows as `read` understands them.
    pub async fn list<T>(&mut self, sql: Sql, read: impl Fn(&mut Columns<'_>) -> Result<T>) -> Result<Vec<T>> {
        if sql.packed {
            return self.all(sql).await?.iter().map(|row| read(&mut row.unpacked()?)).collect();
        }
        self.all(sql).await?.iter().map(|row| read(&mut row.columns())).collect()
    }

    pub async fn find<T>(&mut self, sql: Sql, read: impl Fn(&mut Columns<'_>) -> Result<T>) -> Result<Option<T>> {
        Ok(self.list(sql, read).await?.into_iter().next())
    }

    /// The first column of the first row, which must be there.
    pub async fn int(&mut self, sql: Sql) -> Result<i64> {
        let row = self.one(sql).await?.ok_or_else(|| Error::internal("a count came back empty"))?;
        row.columns().int()
    }
}

fn failed(error: sqlx::Error) -> Error {
    if let sqlx::Error::Database(db) = &error
        && db.is_unique_violation()
    {
        return Error::Conflict { field: None, why: "it exists already".to_owned() };
    }
    Error::internal(format!("database: {error}"))
}

/// How to open the database.
#[derive(Debug, Clone)]
pub struct Options {
    /// `sqlite://path` or `postgres://…`.
    pub url: String,
    /// Connections of the PostgreSQL pool, the writer's among them.
    pub max_connections: u32,
    /// Connections that read SQLite beside the writer.
    pub read_connections: u32,
    /// KiB of page cache of each SQLite connection.
    pub cache_kib: u32,
}

impl Options {
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), max_connections: 16, read_connections: 4, cache_kib: 4_096 }
    }
}

/// The pools: one writer and several readers on SQLite, one pool on PostgreSQL.
#[derive(Clone)]
pub struct Db {
    pools: Pools,
    statements: Arc<AtomicU64>,
    turn: Arc<Mutex<()>>,
}

#[derive(Clone)]
enum Pools {
    Sqlite { writer: SqlitePool, readers: SqlitePool, path: PathBuf },
    Postgres(PgPool),
}

impl Db {
    /// Opens the database, creating an SQLite file that isn't there.
    pub async fn open(options: &Options) -> Result<Self> {
        let pools = if options.url.starts_with("postgres://") || options.url.starts_with("postgresql://") {
            let connect = PgConnectOptions::from_str(&options.url)
                .map_err(|e| Error::internal(format!("the database URL is not usable: {e}")))?
                .statement_cache_capacity(STATEMENTS)
                .application_name("echodesk")
                .disable_statement_logging();
            let pool = PgPoolOptions::new()
                .max_connections(options.max_connections.max(2))
                .acquire_timeout(Duration::from_secs(30))
                .test_before_acquire(false)
                .connect_with(connect)
                .await
                .map_err(|e| Error::internal(format!("can't reach PostgreSQL: {e}")))?;
            Pools::Postgres(pool)
        } else if let Some(path) = options.url.strip_prefix("sqlite://") {
            Self::open_sqlite(options, PathBuf::from(path)).await?
        } else {
            return Err(Error::internal("the database URL must begin with sqlite:// or postgres://"));
        };
        Ok(Self { pools, statements: Arc::default(), turn: Arc::default() })
    }

    async fn open_sqlite(options: &Options, path: PathBuf) -> Result<Pools> {
        let base = SqliteConnectOptions::new()
            .filename(&path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .auto_vacuum(SqliteAutoVacuum::Incremental)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(15))
            .foreign_keys(false)
            .statement_cache_capacity(STATEMENTS)
            .pragma("cache_size", format!("-{}", options.cache_kib))
            .pragma("temp_store", "MEMORY")
            .pragma("journal_size_limit", "67108864")
            // 16 MiB instead of 4: the same pages change again and again, and are copied into the file once.
            .pragma("wal_autocheckpoint", "4000")
            .disable_statement_logging();
        let open = |e: sqlx::Error| Error::internal(format!("can't open {}: {e}", path.display()));
        let writer = SqlitePoolOptions::new().max_connections(1).min_connections(1).test_before_acquire(false);
        let writer = writer.idle_timeout(None).max_lifetime(None).connect_with(base.clone()).await.map_err(open)?;
        let readers = SqlitePoolOptions::new()
            // One of them watches for the commits of other processes.
            .max_connections(options.read_connections.max(1) + 1)
            .min_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .acquire_timeout(Duration::from_secs(30))
            .connect_with(base.pragma("query_only", "ON"))
            .await
            .map_err(open)?;
        Ok(Pools::Sqlite { writer, readers, path })
    }

    /// A connection to read from. It never waits for the writer.
    pub fn read(&self) -> BoxFuture<'_, Result<Conn>> {
        Box::pin(self.reader())
    }

    async fn reader(&self) -> Result<Conn> {
        match &self.pools {
            Pools::Sqlite { readers, .. } => {
                Ok(Conn::Sqlite(readers.acquire().await.map_err(failed)?, self.statements.clone()))
            }
            Pools::Postgres(pool) => Ok(Conn::Postgres(pool.acquire().await.map_err(failed)?, self.statements.clone())),
        }
    }

    /// A connection whose statements aren't counted: for looking whether others have written.
    pub(crate) async fn watch(&self) -> Result<Conn> {
        match &self.pools {
            Pools::Sqlite { readers, .. } => Ok(Conn::Sqlite(readers.acquire().await.map_err(failed)?, Arc::default())),
            Pools::Postgres(pool) => Ok(Conn::Postgres(pool.acquire().await.map_err(failed)?, Arc::default())),
        }
    }

    /// The writer's connection and the turn to use it; the transaction is the caller's to begin.
    pub(crate) async fn write(&self) -> Result<(Conn, MutexGuard<'_, ()>)> {
        let turn = self.turn.lock().await;
        let conn = match &self.pools {
            Pools::Sqlite { writer, .. } => {
                Conn::Sqlite(writer.acquire().await.map_err(failed)?, self.statements.clone())
            }
            Pools::Postgres(pool) => Conn::Postgres(pool.acquire().await.map_err(failed)?, self.statements.clone()),
        };
        Ok((conn, turn))
    }

    pub fn is_postgres(&self) -> bool {
        matches!(self.pools, Pools::Postgres(_))
    }

    /// The SQLite file.
    pub fn path(&self) -> Option<&std::path::Path> {
        match &self.pools {
            Pools::Sqlite { path, .. } => Some(path),
            Pools::Postgres(_) => None,
        }
    }

    pub(crate) fn sqlite(&self) -> Option<&SqlitePool> {
        match &self.pools {
            Pools::Sqlite { writer, .. } => Some(writer),
            Pools::Postgres(_) => None,
        }
    }

    pub(crate) fn postgres(&self) -> Option<&PgPool> {
        match &self.pools {
            Pools::Postgres(pool) => Some(pool),
            Pools::Sqlite { .. } => None,
        }
    }

    /// How many statements have run: a test counts them per operation.
    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    pub async fn close(&self) {
        match &self.pools {
            Pools::Sqlite { writer, readers, .. } => {
                readers.close().await;
                writer.close().await;
            }
            Pools::Postgres(pool) => pool.close().await,
        }
    }
}
