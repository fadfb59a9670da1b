//! A batch: one transaction that carries the commands of a moment, with the write lock held from its first statement.
//!
//! New rows are collected and written together, many to a statement, so that a batch of sixty-four new tickets costs a few
//! dozen statements instead of hundreds. Rows that a later command of the batch may read (tickets, comments, tags) are
//! written before it loads its facts (`settle`); the others (events, notifications, search, statistics) at the end.

use crate::cube::Deltas;
use crate::db::{Conn, Db, Sql, Value};
use crate::search;
use model::counters::Counters;
use model::id::{CommentId, Seq};
use model::{Result, Time};
use std::collections::BTreeMap;
use tokio::sync::MutexGuard;

const COUNTERS: &str = "event, ticket, comment, person, category, attachment, identity, session, api_token, inbound, \
                        notification, delivery, year, year_tickets, day, day_tickets, webhook";

/// An open batch. Dropping it rolls everything back.
pub struct Batch<'db> {
    pub(crate) conn: Conn,
    _turn: MutexGuard<'db, ()>,
    pub counters: Counters,
    loaded: Counters,
    pub(crate) later: Later,
    open: bool,
}

/// What is not written yet.
#[derive(Default)]
pub(crate) struct Later {
    pub tickets: Vec<Vec<Value>>,
    pub tags: Vec<Vec<Value>>,
    pub comments: Vec<Vec<Value>>,
    pub events: Vec<Vec<Value>>,
    pub notifications: Vec<Vec<Value>>,
    /// The tokens of a comment; `None`: it is no longer found.
    pub documents: BTreeMap<CommentId, Option<String>>,
    pub cube: Deltas,
}

impl<'db> Batch<'db> {
    /// Takes the write lock and loads the counters.
    pub(crate) async fn begin(db: &'db Db) -> Result<Self> {
        let (mut conn, turn) = db.write().await?;
        let counters = if conn.is_postgres() {
            conn.run(Sql::new("BEGIN")).await?;
            Sql::built(format!("SELECT {COUNTERS} FROM counters WHERE id = 1 FOR UPDATE"))
        } else {
            // One trip to the database's thread instead of two.
            Sql::built(format!("BEGIN IMMEDIATE; SELECT {COUNTERS} FROM counters WHERE id = 1"))
        };
        let mut batch = Self {
            conn,
            _turn: turn,
            counters: Counters::default(),
            loaded: Counters::default(),
            later: Later::default(),
            open: true,
        };
        let read = |c: &mut crate::db::Columns<'_>| {
            let mut values = [0; 17];
            for value in &mut values {
                *value = c.int()?;
            }
            Ok(Counters::of_values(values))
        };
        match batch.conn.find(counters, read).await {
            Ok(Some(counters)) => {
                batch.loaded = counters.clone();
                batch.counters = counters;
                Ok(batch)
            }
            Ok(None) => Err(batch.abandon(model::Error::internal("the counters are missing")).await),
            Err(error) => Err(batch.abandon(error).await),
        }
    }

    async fn abandon(self, error: model::Error) -> model::Error {
        match self.rollback().await {
            Ok(()) => error,
            Err(worse) => worse,
        }
    }

    /// The connection, for facts that a decision reads.
    pub fn conn(&mut self) -> &mut Conn {
        &mut self.conn
    }

    /// The last event's place, with what this batch has added.
    pub fn last(&self) -> Seq {
        Seq(self.counters.event)
    }

    /// Writes what was collected and makes it durable.
    pub async fn commit(mut self) -> Result<()> {
        self.flush().await?;
        if self.counters == self.loaded {
            self.conn.run(Sql::new("COMMIT")).await?;
        } else {
            let changed = self.counters.event != self.loaded.event;
            let set = COUNTERS
                .split(", ")
                .enumerate()
                .map(|(i, name)| format!("{} = ${}", name.trim(), i + 1))
                .collect::<Vec<_>>()
                .join(", ");
            let values = self.counters.values().into_iter().map(Value::from);
            if self.conn.is_postgres() {
                let text = if changed {
                    format!(
                        "WITH done AS (UPDATE counters SET {set} WHERE id = 1 RETURNING event) \
                         SELECT pg_notify('{}', event::TEXT) FROM done",
                        crate::wake::CHANNEL
                    )
                } else {
                    format!("UPDATE counters SET {set} WHERE id = 1")
                };
                self.conn.run(Sql::built(text).bind_all(values)).await?;
                self.conn.run(Sql::new("COMMIT")).await?;
            } else {
                let text = format!("UPDATE counters SET {set} WHERE id = 1; COMMIT");
                self.conn.run(Sql::built(text).bind_all(values)).await?;
            }
        }
        self.open = false;
        Ok(())
    }

    /// Makes a restored store durable: its counters came with the copy and are not written again.
    pub async fn commit_as_is(mut self) -> Result<()> {
        self.conn.run(Sql::new("COMMIT")).await?;
        self.open = false;
        Ok(())
    }

    pub async fn rollback(mut self) -> Result<()> {
        self.open = false;
        self.conn.run(Sql::new("ROLLBACK")).await.map(|_| ())
    }

    /// Writes the tickets and comments that wait, for whoever is going to read them.
    pub async fn settle(&mut self) -> Result<()> {
        let tickets = std::mem::take(&mut self.later.tickets);
        let tags = std::mem::take(&mut self.later.tags);
        let comments = std::mem::take(&mut self.later.comments);
        insert(&mut self.conn, "tickets", &crate::ticket::names(), tickets).await?;
        insert(&mut self.conn, "ticket_tags", "tag, ticket_id", tags).await?;
        insert(&mut self.conn, "comments", crate::comment::COLUMNS, comments).await
    }

    /// Writes everything that was collected, without ending the batch.
    pub async fn flush(&mut self) -> Result<()> {
        self.settle().await?;
        let later = std::mem::take(&mut self.later);
        insert(&mut self.conn, "events", crate::event::COLUMNS, later.events).await?;
        insert(&mut self.conn, "notifications", crate::notification::COLUMNS, later.notifications).await?;
        search::write(&mut self.conn, later.documents).await?;
        later.cube.write(&mut self.conn).await
    }

    /// Remembers which answer a caller's key got.
    pub async fn remember_key(&mut self, actor: i64, key: &str, command: &str, subject: &str, at: Time) -> Result<()> {
        let sql = Sql::new("INSERT INTO idempotency (actor_id, key, command, subject, at) VALUES ($1, $2, $3, $4, $5)");
        self.conn.run(sql.bind(actor).bind(key).bind(command).bind(subject).bind(at)).await.map(|_| ())
    }
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        // A task that is cancelled in the middle leaves an open transaction behind: the connection must not be used again.
        if self.open {
            match &mut self.conn {
                Conn::Sqlite(conn, _) => conn.close_on_drop(),
                Conn::Postgres(conn, _) => conn.close_on_drop(),
            }
        }
    }
}

/// Inserts rows of the same table, many to a statement.
pub(crate) async fn insert(conn: &mut Conn, table: &str, columns: &str, rows: Vec<Vec<Value>>) -> Result<()> {
    let width = columns.split(',').count();
    let mut rows = rows.into_iter();
    while rows.len() > 0 {
        let at_once = rows_at_once(rows.len());
        let chunk: Vec<_> = rows.by_ref().take(at_once).collect();
        let mut text = format!("INSERT INTO {table} ({columns}) VALUES ");
        placeholders(&mut text, chunk.len(), width, |_, n| format!("${n}"));
        conn.run(Sql::built(text).bind_all(chunk.into_iter().flatten())).await?;
    }
    Ok(())
}

/// How many of the rows that wait go into one statement: a power of two, so that there are few different statements and
/// each is prepared once.
pub(crate) fn rows_at_once(waiting: usize) -> usize {
    [32, 16, 8, 4, 2].into_iter().find(|n| *n <= waiting).unwrap_or(1)
}

/// Adds `(…), (…)`: what stands for each column, `cell` says by the column and the argument's number.
pub(crate) fn placeholders(text: &mut String, rows: usize, width: usize, cell: impl Fn(usize, usize) -> String) {
    for row in 0..rows {
        text.push_str(if row == 0 { "(" } else { ", (" });
        for column in 0..width {
            if column > 0 {
                text.push_str(", ");
            }
            text.push_str(&cell(column, row * width + column + 1));
        }
        text.push(')');
    }
}
