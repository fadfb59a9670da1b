//! All SQL, for SQLite and PostgreSQL alike. It decides nothing: it loads facts and writes what happened.
//!
//! Reads are functions over a `Conn`, one file per noun. Writes go through a `Batch`, whose `apply` is the only writer of
//! domain tables. One SQL text serves both databases; the declared differences are opening, search and waking.

pub mod account;
pub mod apply;
pub mod attachment;
pub mod attempt;
pub mod audit;
pub mod automation;
pub mod backup;
pub mod batch;
pub mod bench;
pub mod category;
pub mod cleanup;
pub mod comment;
pub mod cube;
pub mod db;
pub mod delivery;
pub mod detail;
pub mod device;
pub mod email;
pub mod event;
pub mod factor;
pub mod history;
pub mod inbound;
mod limit;
pub mod list;
mod migrate;
pub mod notification;
pub mod once;
pub mod people;
pub mod report;
pub mod rules;
pub mod search;
pub mod session;
pub mod settings;
mod sheet;
pub mod sla;
#[cfg(feature = "testing")]
pub mod testing;
pub mod ticket;
pub mod wake;
pub mod webhook;

pub use apply::Rules;
pub use batch::{Batch, Uncommitted};
pub use db::{Conn, Options};
pub use limit::Taken;
pub use list::Scope;

use futures_util::future::BoxFuture;
use model::Result;

/// An open store. Clones share the pools.
#[derive(Clone)]
pub struct Store {
    db: db::Db,
}

impl Store {
    /// Opens the database and runs the migrations that it lacks.
    pub fn open(options: &Options) -> BoxFuture<'_, Result<Self>> {
        Box::pin(async {
            let store = Self::connect(options).await?;
            migrate::run(&store.db).await?;
            Ok(store)
        })
    }

    /// Opens the database as it is.
    pub async fn connect(options: &Options) -> Result<Self> {
        Ok(Self { db: db::Db::open(options).await? })
    }

    /// The migrations that have not run yet.
    pub async fn pending_migrations(&self) -> Result<Vec<String>> {
        migrate::pending(&self.db).await
    }

    /// A connection to read from.
    pub fn read(&self) -> BoxFuture<'_, Result<Conn>> {
        self.db.read()
    }

    /// The same for a thread that serves nobody else: on SQLite it does the reading itself.
    pub fn read_here(&self) -> BoxFuture<'_, Result<Conn>> {
        self.db.read_here()
    }

    /// Takes the write lock.
    pub fn begin(&self) -> BoxFuture<'_, Result<Batch<'_>>> {
        Box::pin(Batch::begin(&self.db, db::Place::Aside))
    }

    /// Takes the write lock for a thread that serves nobody else: on SQLite everything that the batch does is done on it.
    pub fn begin_here(&self) -> BoxFuture<'_, Result<Batch<'_>>> {
        Box::pin(Batch::begin(&self.db, db::Place::Here))
    }

    /// Something that waits for commits of other processes.
    pub async fn waker(&self) -> Result<wake::Waker> {
        wake::Waker::new(&self.db).await
    }

    pub fn is_postgres(&self) -> bool {
        self.db.is_postgres()
    }

    /// The file of an SQLite store.
    pub fn sqlite_path(&self) -> Option<&std::path::Path> {
        self.db.path()
    }

    /// How many statements have run so far.
    pub fn statements(&self) -> u64 {
        self.db.statements()
    }

    pub async fn close(&self) {
        self.db.close().await;
    }
}
