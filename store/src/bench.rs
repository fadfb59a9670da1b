//! What the databases can do at best: one small row per commit, and nothing of ours around it.
//!
//! `echodesk bench` holds its own figures against these, so they go to the driver directly: three columns, one index, a
//! prepared INSERT, full durability. The only other thing here is a database of its own on a PostgreSQL server.

use model::{Error, Result};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection};
use std::path::Path;
use std::str::FromStr as _;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

const INSERT: &str = "INSERT INTO bench_limit (id, at, body) VALUES ($1, $2, $3)";
const BODY: &str = "A line of text, as long as a short title is.";
/// Rows of different connections are far apart, so that no two write the same number.
const STRIDE: i64 = 1 << 40;

/// Connections that insert one row per commit, as fast as they can.
pub struct Commits {
    writers: Vec<Writer>,
}

struct Writer {
    link: Link,
    next: i64,
}

enum Link {
    Sqlite(rusqlite::Connection),
    Postgres(PgConnection),
}

impl Commits {
    /// One connection to a new SQLite file: WAL, `synchronous=FULL`, as the store's own.
    pub fn sqlite(path: &Path) -> Result<Self> {
        let conn = rusqlite::Connection::open(path).map_err(Error::internal)?;
        conn.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
             CREATE TABLE bench_limit (id INTEGER PRIMARY KEY, at BIGINT NOT NULL, body TEXT NOT NULL); \
             CREATE INDEX bench_limit_at ON bench_limit (at)",
        )
        .map_err(Error::internal)?;
        Ok(Self { writers: vec![Writer { link: Link::Sqlite(conn), next: 1 }] })
    }

    /// So many connections to a PostgreSQL database, writing to one table.
    pub async fn postgres(url: &str, connections: usize) -> Result<Self> {
        let options = PgConnectOptions::from_str(url).map_err(Error::internal)?.disable_statement_logging();
        let mut writers = Vec::with_capacity(connections);
        for number in 0..connections {
            let mut conn = options.connect().await.map_err(Error::internal)?;
            if number == 0 {
                for text in [
                    "DROP TABLE IF EXISTS bench_limit",
                    "CREATE TABLE bench_limit (id BIGINT PRIMARY KEY, at BIGINT NOT NULL, body TEXT NOT NULL)",
                    "CREATE INDEX bench_limit_at ON bench_limit (at)",
                ] {
                    sqlx::query(text).execute(&mut conn).await.map_err(Error::internal)?;
                }
            }
            writers.push(Writer { link: Link::Postgres(conn), next: number as i64 * STRIDE });
        }
        Ok(Self { writers })
    }

    /// Commits for so long on every connection; answers how long each commit took.
    pub async fn run(&mut self, span: Duration) -> Result<Vec<Duration>> {
        let until = Instant::now() + span;
        let mut running = JoinSet::new();
        for writer in self.writers.drain(..) {
            running.spawn(writer.run(until));
        }
        let mut took = Vec::new();
        while let Some(done) = running.join_next().await {
            let (writer, times) = done.map_err(Error::internal)??;
            took.extend(times);
            self.writers.push(writer);
        }
        Ok(took)
    }

    /// Takes the table away from a database that is used for something else, too.
    pub async fn close(self) -> Result<()> {
        for (place, writer) in self.writers.into_iter().enumerate() {
            match writer.link {
                Link::Sqlite(conn) => drop(conn),
                Link::Postgres(mut conn) => {
                    if place == 0 {
                        sqlx::query("DROP TABLE bench_limit").execute(&mut conn).await.map_err(Error::internal)?;
                    }
                    conn.close().await.map_err(Error::internal)?;
                }
            }
        }
        Ok(())
    }
}

impl Writer {
    async fn run(mut self, until: Instant) -> Result<(Self, Vec<Duration>)> {
        if matches!(self.link, Link::Sqlite(_)) {
            return tokio::task::spawn_blocking(move || self.run_here(until)).await.map_err(Error::internal)?;
        }
        let mut took = Vec::new();
        while let Some((id, at, began)) = self.next(until) {
            if let Link::Postgres(conn) = &mut self.link {
                sqlx::query(INSERT).bind(id).bind(at).bind(BODY).execute(conn).await.map_err(Error::internal)?;
            }
            took.push(began.elapsed());
        }
        Ok((self, took))
    }

    /// SQLite works on the thread that calls it.
    fn run_here(mut self, until: Instant) -> Result<(Self, Vec<Duration>)> {
        let mut took = Vec::new();
        while let Some((id, at, began)) = self.next(until) {
            if let Link::Sqlite(conn) = &self.link {
                let mut insert = conn.prepare_cached(INSERT).map_err(Error::internal)?;
                insert.execute((id, at, BODY)).map_err(Error::internal)?;
            }
            took.push(began.elapsed());
        }
        Ok((self, took))
    }

    /// The next row's number and its indexed value, unless the time is over.
    fn next(&mut self, until: Instant) -> Option<(i64, i64, Instant)> {
        let now = Instant::now();
        (now < until).then(|| {
            self.next += 1;
            (self.next, self.next % 1_000_000, now)
        })
    }
}

/// Makes an empty database on the server of `url`, and answers its address.
pub async fn make_database(url: &str, name: &str) -> Result<String> {
    let options = PgConnectOptions::from_str(url).map_err(Error::internal)?.disable_statement_logging();
    let mut conn = options.connect().await.map_err(Error::internal)?;
    for text in [format!("DROP DATABASE IF EXISTS {name}"), format!("CREATE DATABASE {name} TEMPLATE template0")] {
        sqlx::query(AssertSqlSafe(text)).execute(&mut conn).await.map_err(Error::internal)?;
    }
    conn.close().await.map_err(Error::internal)?;
    Ok(options.database(name).to_url_lossy().to_string())
}

/// Takes a database away that [`make_database`] made.
pub async fn drop_database(url: &str, name: &str) -> Result<()> {
    let options = PgConnectOptions::from_str(url).map_err(Error::internal)?.disable_statement_logging();
    let mut conn = options.connect().await.map_err(Error::internal)?;
    let text = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
    sqlx::query(AssertSqlSafe(text)).execute(&mut conn).await.map_err(Error::internal)?;
    conn.close().await.map_err(Error::internal)
}
