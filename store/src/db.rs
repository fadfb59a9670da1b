//! The two databases behind one face: values in, rows out, one SQL text for both.
//!
//! Placeholders are `$1`, `$2` … on both. What differs between the two is declared: opening (here), search, waking.

mod lent;
mod row;
mod statement;

pub use row::{Columns, Row};
pub use statement::{Sql, Value};

use futures_util::future::BoxFuture;
use lent::{Lent, Shelf};
use model::{Error, Result};
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgDatabaseError, PgPool, PgPoolOptions, PgSeverity};
use sqlx::sqlite::{SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, SqliteConnection};
use std::borrow::Cow;
use std::path::PathBuf;
use std::str::FromStr as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{Mutex, MutexGuard};

/// How many prepared statements a connection keeps.
const STATEMENTS: usize = 512;

/// A connection of either database, wherever it comes from.
pub enum Conn {
    Sqlite(Lent<SqliteConnection>, Arc<AtomicU64>),
    Postgres(Lent<Pooled>, Arc<AtomicU64>),
}

type Pooled = PoolConnection<sqlx::Postgres>;

impl Conn {
    /// It is closed and not used again: a transaction is open that nobody ends.
    pub(crate) fn spoil(&mut self) {
        match self {
            Self::Sqlite(lent, _) => drop(lent.take()),
            Self::Postgres(lent, _) => {
                if let Some(mut conn) = lent.take() {
                    conn.close_on_drop();
                }
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
        match self {
            Self::Sqlite(lent, count) => {
                let args = sql.sqlite()?;
                count.fetch_add(1, Ordering::Relaxed);
                let conn = lent.begin()?;
                let done = match sql.text {
                    Cow::Borrowed(text) => sqlx::query_with(text, args).fetch_all(conn).await,
                    Cow::Owned(text) => sqlx::query_with(AssertSqlSafe(text), args).fetch_all(conn).await,
                };
                lent.ended(sound(&done));
                Ok(done.map_err(failed)?.into_iter().map(Row::Sqlite).collect())
            }
            Self::Postgres(lent, count) => {
                let args = sql.postgres()?;
                count.fetch_add(1, Ordering::Relaxed);
                let conn = &mut **lent.begin()?;
                let done = match sql.text {
                    Cow::Borrowed(text) => sqlx::query_with(text, args).fetch_all(conn).await,
                    Cow::Owned(text) => sqlx::query_with(AssertSqlSafe(text), args).fetch_all(conn).await,
                };
                lent.ended(sound(&done));
                Ok(done.map_err(failed)?.into_iter().map(Row::Postgres).collect())
            }
        }
    }

    /// Statements without arguments in one trip; the rows of all of them.
    pub(crate) async fn script(&mut self, text: String) -> Result<Vec<Row>> {
        let script = sqlx::raw_sql(AssertSqlSafe(text));
        match self {
            Self::Sqlite(lent, count) => {
                count.fetch_add(1, Ordering::Relaxed);
                let done = script.fetch_all(lent.begin()?).await;
                lent.ended(sound(&done));
                Ok(done.map_err(failed)?.into_iter().map(Row::Sqlite).collect())
            }
            Self::Postgres(lent, count) => {
                count.fetch_add(1, Ordering::Relaxed);
                let done = script.fetch_all(&mut **lent.begin()?).await;
                lent.ended(sound(&done));
                Ok(done.map_err(failed)?.into_iter().map(Row::Postgres).collect())
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
        match self {
            Self::Sqlite(lent, count) => {
                let args = sql.sqlite()?;
                count.fetch_add(1, Ordering::Relaxed);
                let conn = lent.begin()?;
                let done = match sql.text {
                    Cow::Borrowed(text) => sqlx::query_with(text, args).execute(conn).await,
                    Cow::Owned(text) => sqlx::query_with(AssertSqlSafe(text), args).execute(conn).await,
                };
                lent.ended(sound(&done));
                Ok(done.map_err(failed)?.rows_affected())
            }
            Self::Postgres(lent, count) => {
                let args = sql.postgres()?;
                count.fetch_add(1, Ordering::Relaxed);
                let conn = &mut **lent.begin()?;
                let done = match sql.text {
                    Cow::Borrowed(text) => sqlx::query_with(text, args).execute(conn).await,
                    Cow::Owned(text) => sqlx::query_with(AssertSqlSafe(text), args).execute(conn).await,
                };
                lent.ended(sound(&done));
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

/// Whether a connection can be used after this: what the database refuses does no harm to it, unless that was its last word.
fn sound<T>(done: &sqlx::Result<T>) -> bool {
    match done {
        Ok(_) => true,
        Err(sqlx::Error::Database(error)) => error
            .try_downcast_ref::<PgDatabaseError>()
            .is_none_or(|error| !matches!(error.severity(), PgSeverity::Panic | PgSeverity::Fatal)),
        Err(_) => false,
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

/// The connections: one writer and several readers on SQLite, one pool on PostgreSQL.
#[derive(Clone)]
pub struct Db {
    pools: Pools,
    statements: Arc<AtomicU64>,
    turn: Arc<Mutex<()>>,
}

#[derive(Clone)]
enum Pools {
    Sqlite { writer: Arc<Kept>, readers: Arc<Kept>, path: PathBuf },
    Postgres { pool: PgPool, shelf: Arc<Shelf<Pooled>> },
}

/// SQLite connections of one kind.
struct Kept {
    options: SqliteConnectOptions,
    shelf: Arc<Shelf<SqliteConnection>>,
}

impl Kept {
    fn new(options: SqliteConnectOptions, count: u32) -> Arc<Self> {
        Arc::new(Self { options, shelf: Shelf::new(count) })
    }

    async fn lend(&self) -> Result<Lent<SqliteConnection>> {
        let open = async || self.options.connect().await.map_err(failed);
        Ok(self.shelf.lend(open).await?.0)
    }

    async fn close(&self) {
        for conn in self.shelf.empty().await {
            // It is gone either way.
            conn.close().await.ok();
        }
    }
}

/// How long a connection to PostgreSQL may have waited and be used without being asked whether it is there still.
const FRESH: Duration = Duration::from_secs(10);

/// A connection to PostgreSQL that works, or did a moment ago.
async fn lend(pool: &PgPool, shelf: &Arc<Shelf<Pooled>>) -> Result<Lent<Pooled>> {
    loop {
        let (mut lent, waited) = shelf.lend(async || pool.acquire().await.map_err(failed)).await?;
        if waited.is_some_and(|waited| waited > FRESH) {
            let there = lent.begin()?.ping().await;
            if there.is_err() {
                continue;
            }
            lent.ended(true);
        }
        return Ok(lent);
    }
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
            let connections = options.max_connections.max(3);
            let pool = PgPoolOptions::new()
                .max_connections(connections)
                .acquire_timeout(Duration::from_secs(30))
                .connect_with(connect)
                .await
                .map_err(|e| Error::internal(format!("can't reach PostgreSQL: {e}")))?;
            // One of the pool's listens for the commits of other processes, and never comes back.
            Pools::Postgres { pool, shelf: Shelf::new(connections - 1) }
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
        // What the file keeps is the writer's to say: saying it takes the write lock, and a reader that waits for the lock
        // while whoever has it waits for a reader is there for ever.
        let lasting = base.clone().journal_mode(SqliteJournalMode::Wal).auto_vacuum(SqliteAutoVacuum::Incremental);
        let writer = Kept::new(lasting, 1);
        // One of them watches for the commits of other processes.
        let readers = Kept::new(base.pragma("query_only", "ON"), options.read_connections.max(1) + 1);
        // The writer first: it makes the file.
        for kept in [&writer, &readers] {
            let opened = kept.lend().await;
            opened.map_err(|error| Error::internal(format!("can't open {}: {error}", path.display())))?;
        }
        Ok(Pools::Sqlite { writer, readers, path })
    }

    /// Runs the migrations that have not run yet.
    pub(crate) async fn migrate(&self, migrator: &Migrator) -> std::result::Result<(), MigrateError> {
        match &self.pools {
            Pools::Sqlite { writer, .. } => {
                let pool = SqlitePoolOptions::new().max_connections(1).connect_with(writer.options.clone()).await?;
                let done = migrator.run(&pool).await;
                pool.close().await;
                done
            }
            Pools::Postgres { pool, .. } => migrator.run(pool).await,
        }
    }

    /// A connection to read from. It never waits for the writer.
    pub fn read(&self) -> BoxFuture<'_, Result<Conn>> {
        Box::pin(self.reader())
    }

    async fn reader(&self) -> Result<Conn> {
        self.lent(false, self.statements.clone()).await
    }

    async fn lent(&self, writes: bool, count: Arc<AtomicU64>) -> Result<Conn> {
        match &self.pools {
            Pools::Sqlite { writer, readers, .. } => {
                Ok(Conn::Sqlite(if writes { writer } else { readers }.lend().await?, count))
            }
            Pools::Postgres { pool, shelf } => Ok(Conn::Postgres(lend(pool, shelf).await?, count)),
        }
    }

    /// A connection whose statements aren't counted: for looking whether others have written.
    pub(crate) async fn watch(&self) -> Result<Conn> {
        self.lent(false, Arc::default()).await
    }

    /// The writer's connection and the turn to use it; the transaction is the caller's to begin.
    pub(crate) async fn write(&self) -> Result<(Conn, MutexGuard<'_, ()>)> {
        let turn = self.turn.lock().await;
        Ok((self.lent(true, self.statements.clone()).await?, turn))
    }

    /// A connection that writes beside batches, without their lock where the database has room for several writers. Its
    /// statements aren't counted: they belong to nobody's operation.
    pub(crate) async fn beside(&self) -> Result<(Conn, Option<MutexGuard<'_, ()>>)> {
        let turn = if self.is_postgres() { None } else { Some(self.turn.lock().await) };
        Ok((self.lent(true, Arc::default()).await?, turn))
    }

    pub fn is_postgres(&self) -> bool {
        matches!(self.pools, Pools::Postgres { .. })
    }

    /// The SQLite file.
    pub fn path(&self) -> Option<&std::path::Path> {
        match &self.pools {
            Pools::Sqlite { path, .. } => Some(path),
            Pools::Postgres { .. } => None,
        }
    }

    pub(crate) fn postgres(&self) -> Option<&PgPool> {
        match &self.pools {
            Pools::Postgres { pool, .. } => Some(pool),
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
            Pools::Postgres { pool, shelf } => {
                drop(shelf.empty().await);
                pool.close().await;
            }
        }
    }
}
