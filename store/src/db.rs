//! The two databases behind one face: values in, rows out, one SQL text for both.
//!
//! Placeholders are `$1`, `$2` … on both. What differs between the two is declared: opening (here), search, waking.

mod lent;
mod row;
mod sqlite;
mod statement;

pub use row::{Columns, Row};
pub use sqlite::Place;
pub use statement::{Sql, Value};

use crate::sheet::Sheet;
use futures_util::future::BoxFuture;
use lent::{Lent, Shelf};
use model::{Error, Result};
use sqlite::{Connection, Kept};
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgDatabaseError, PgPool, PgPoolOptions, PgSeverity};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};
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
    Sqlite { lent: Lent<Connection>, place: Place, count: Arc<AtomicU64> },
    Postgres { lent: Lent<Pooled>, count: Arc<AtomicU64> },
}

type Pooled = PoolConnection<sqlx::Postgres>;

impl Conn {
    /// It is closed and not used again: a transaction is open that nobody ends.
    pub(crate) fn spoil(&mut self) {
        match self {
            Self::Sqlite { lent, .. } => drop(lent.take()),
            Self::Postgres { lent, .. } => {
                if let Some(mut conn) = lent.take() {
                    conn.close_on_drop();
                }
            }
        }
    }

    pub fn is_postgres(&self) -> bool {
        matches!(self, Self::Postgres { .. })
    }

    /// All rows. Boxed here, as everything that reaches the drivers: a future that others hold is compiled again with each of
    /// them, and the drivers with it.
    pub fn all(&mut self, sql: Sql) -> BoxFuture<'_, Result<Vec<Row>>> {
        Box::pin(self.fetched(sql))
    }

    async fn fetched(&mut self, sql: Sql) -> Result<Vec<Row>> {
        match self {
            Self::Sqlite { lent, place, count } => {
                count.fetch_add(1, Ordering::Relaxed);
                sqlite::carry(lent, *place, move |conn| conn.rows(&sql)).await
            }
            Self::Postgres { lent, count } => {
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

    /// The rows of two statements: one trip and one moment on SQLite, a trip each on PostgreSQL.
    pub(crate) async fn both(&mut self, first: Sql, second: Sql) -> Result<(Vec<Row>, Vec<Row>)> {
        match self {
            Self::Sqlite { lent, place, count } => {
                count.fetch_add(1, Ordering::Relaxed);
                sqlite::carry(lent, *place, move |conn| {
                    conn.within("BEGIN", |conn| Ok((conn.rows(&first)?, conn.rows(&second)?)))
                })
                .await
            }
            Self::Postgres { .. } => Ok((self.all(first).await?, self.all(second).await?)),
        }
    }

    /// Begins a transaction with the write lock, and reads a row in it, in one trip. `locked` is what PostgreSQL adds to the
    /// statement, which has no arguments.
    pub(crate) async fn begin_with(&mut self, read: String, locked: &str) -> Result<Option<Row>> {
        let rows = match self {
            Self::Sqlite { lent, place, count } => {
                count.fetch_add(1, Ordering::Relaxed);
                let begin = |conn: &Connection| {
                    conn.change(&Sql::new("BEGIN IMMEDIATE"))?;
                    conn.rows(&Sql::built(read))
                };
                sqlite::carry(lent, *place, begin).await?
            }
            Self::Postgres { lent, count } => {
                count.fetch_add(1, Ordering::Relaxed);
                let script = sqlx::raw_sql(AssertSqlSafe(format!("BEGIN; {read}{locked}")));
                let done = script.fetch_all(&mut **lent.begin()?).await;
                lent.ended(sound(&done));
                done.map_err(failed)?.into_iter().map(Row::Postgres).collect()
            }
        };
        Ok(rows.into_iter().next())
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
            Self::Sqlite { lent, place, count } => {
                count.fetch_add(1, Ordering::Relaxed);
                sqlite::carry(lent, *place, move |conn| conn.change(&sql)).await
            }
            Self::Postgres { lent, count } => {
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

    /// Writes rows of different tables, and carries out `last`, in one trip. None may depend on another's rows; on PostgreSQL all
    /// but the very last must be INSERT, UPDATE or DELETE.
    pub(crate) async fn write(&mut self, sheets: Vec<Sheet>, last: Vec<Sql>) -> Result<()> {
        match self {
            Self::Sqlite { lent, place, count } => {
                if last.is_empty() && sheets.iter().all(|sheet| sheet.rows.is_empty()) {
                    return Ok(());
                }
                count.fetch_add(1, Ordering::Relaxed);
                let all = move |conn: &Connection| {
                    sheets.iter().try_for_each(|sheet| conn.write(sheet).map(drop))?;
                    last.iter().try_for_each(|sql| conn.change(sql).map(drop))
                };
                sqlite::carry(lent, *place, all).await
            }
            Self::Postgres { .. } => {
                let mut all =
                    sheets.into_iter().filter_map(|sheet| sheet.for_all().transpose()).collect::<Result<Vec<_>>>()?;
                all.extend(last);
                self.together(all).await
            }
        }
    }

    /// Writes rows of one table, all or none, and answers what their statement tells of them.
    pub(crate) async fn written<T>(
        &mut self,
        sheet: Sheet,
        read: impl Fn(&mut Columns<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let rows = match self {
            Self::Sqlite { lent, place, count } => {
                count.fetch_add(1, Ordering::Relaxed);
                sqlite::carry(lent, *place, move |conn| conn.within("BEGIN IMMEDIATE", |conn| conn.write(&sheet)))
                    .await?
            }
            Self::Postgres { .. } => match sheet.for_all()? {
                Some(sql) => self.all(sql).await?,
                None => Vec::new(),
            },
        };
        rows.into_iter().map(|mut row| read(&mut row.columns())).collect()
    }

    /// PostgreSQL's statements in one.
    async fn together(&mut self, mut all: Vec<Sql>) -> Result<()> {
        if all.len() < 2 {
            return match all.pop() {
                Some(one) => self.run(one).await.map(drop),
                None => Ok(()),
            };
        }
        let count = all.len();
        let mut joined = Sql::built(String::with_capacity(all.iter().map(|sql| sql.text.len() + 32).sum()));
        for (at, sql) in all.into_iter().enumerate() {
            let opening = match at {
                0 => "WITH s0 AS (".to_owned(),
                _ if at + 1 == count => ") ".to_owned(),
                _ => format!("), s{at} AS ("),
            };
            joined.push(&opening);
            joined.append(sql);
        }
        self.run(joined).await.map(drop)
    }

    /// Rows as `read` understands them.
    pub async fn list<T>(&mut self, sql: Sql, read: impl Fn(&mut Columns<'_>) -> Result<T>) -> Result<Vec<T>> {
        self.all(sql).await?.into_iter().map(|mut row| read(&mut row.columns())).collect()
    }

    pub async fn find<T>(&mut self, sql: Sql, read: impl Fn(&mut Columns<'_>) -> Result<T>) -> Result<Option<T>> {
        Ok(self.list(sql, read).await?.into_iter().next())
    }

    /// The first column of the first row, which must be there.
    pub async fn int(&mut self, sql: Sql) -> Result<i64> {
        let mut row = self.one(sql).await?.ok_or_else(|| Error::internal("a count came back empty"))?;
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
        return exists_already();
    }
    Error::internal(format!("database: {error}"))
}

/// A unique index says that there is such a row.
fn exists_already() -> Error {
    Error::Conflict { field: None, why: "it exists already".to_owned() }
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
    /// KiB of page cache of the SQLite connection that writes; each of those that read has a quarter of it.
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

/// What a connection is wanted for.
enum Use {
    Reading(Place),
    Writing(Place),
}

#[derive(Clone)]
enum Pools {
    Sqlite { writer: Arc<Kept>, readers: Arc<Kept>, path: PathBuf },
    Postgres { pool: PgPool, shelf: Arc<Shelf<Pooled>> },
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
        let writer = Arc::new(Kept::writer(&path, options.cache_kib));
        // One of them watches for the commits of other processes.
        let readers = Arc::new(Kept::readers(&path, options.cache_kib / 4, options.read_connections.max(1) + 1));
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
            // The library's own connection, for as long as it takes.
            Pools::Sqlite { path, .. } => {
                let options = SqliteConnectOptions::new().filename(path).synchronous(SqliteSynchronous::Full);
                let options = options.foreign_keys(false).busy_timeout(sqlite::PATIENCE);
                let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await?;
                let done = migrator.run(&pool).await;
                pool.close().await;
                done
            }
            Pools::Postgres { pool, .. } => migrator.run(pool).await,
        }
    }

    /// A connection to read from. It never waits for the writer.
    pub fn read(&self) -> BoxFuture<'_, Result<Conn>> {
        Box::pin(self.reader(Place::Aside))
    }

    /// The same for a thread that may wait for the disk.
    pub fn read_here(&self) -> BoxFuture<'_, Result<Conn>> {
        Box::pin(self.reader(Place::Here))
    }

    async fn reader(&self, place: Place) -> Result<Conn> {
        self.lent(Use::Reading(place), self.statements.clone()).await
    }

    async fn lent(&self, to: Use, count: Arc<AtomicU64>) -> Result<Conn> {
        match &self.pools {
            Pools::Sqlite { writer, readers, .. } => {
                let (kept, place) = match to {
                    Use::Reading(place) => (readers, place),
                    Use::Writing(place) => (writer, place),
                };
                Ok(Conn::Sqlite { lent: kept.lend().await?, place, count })
            }
            Pools::Postgres { pool, shelf } => Ok(Conn::Postgres { lent: lend(pool, shelf).await?, count }),
        }
    }

    /// A connection whose statements aren't counted: for looking whether others have written.
    pub(crate) async fn watch(&self) -> Result<Conn> {
        self.lent(Use::Reading(Place::Aside), Arc::default()).await
    }

    /// The writer's connection and the turn to use it; the transaction is the caller's to begin.
    pub(crate) async fn write(&self, place: Place) -> Result<(Conn, MutexGuard<'_, ()>)> {
        let turn = self.turn.lock().await;
        Ok((self.lent(Use::Writing(place), self.statements.clone()).await?, turn))
    }

    /// A connection that writes beside batches, without their lock where the database has room for several writers. Its
    /// statements aren't counted: they belong to nobody's operation.
    pub(crate) async fn beside(&self) -> Result<(Conn, Option<MutexGuard<'_, ()>>)> {
        let turn = if self.is_postgres() { None } else { Some(self.turn.lock().await) };
        Ok((self.lent(Use::Writing(Place::Aside), Arc::default()).await?, turn))
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
