//! A batch: one transaction that carries the commands of a moment, with the write lock held from its first statement.
//!
//! New rows are collected and written together, so that a batch of sixty-four new tickets takes as few trips to the database as
//! one. Rows that a later command of the batch may read (tickets, comments, tags) are
//! written before it loads its facts (`settle`); the others (events, notifications, search, statistics) at the end.

use crate::cube::Deltas;
use crate::db::{Conn, Db, Place, Sql, Value};
use crate::search;
use crate::sheet::Sheet;
use model::counters::Counters;
use model::id::{CommentId, Seq};
use model::notice::Notice;
use model::{Error, Result, Time};
use std::collections::BTreeMap;
use tokio::sync::MutexGuard;

const COUNTERS: &str = "event, ticket, comment, person, category, attachment, identity, session, api_token, inbound, \
                        notification, delivery, year, year_tickets, day, day_tickets, webhook, device, muted, \
                        sla_config, quick_reply, template, rule, rule_run";

/// An open batch. Dropping it rolls everything back.
pub struct Batch<'db> {
    pub(crate) conn: Conn,
    _turn: MutexGuard<'db, ()>,
    pub counters: Counters,
    loaded: Counters,
    pub(crate) later: Later,
    open: bool,
}

/// How a batch failed to be committed.
#[derive(Debug)]
pub enum Uncommitted {
    /// Nothing of it has happened.
    Undone(Error),
    /// Whether it has happened nobody knows.
    Unknown(Error),
}

impl Later {
    /// What later commands of the batch may read: tickets, tags and comments.
    fn settling(&mut self) -> Vec<Sheet> {
        vec![
            Sheet::new("tickets", crate::ticket::names(), std::mem::take(&mut self.tickets)),
            Sheet::new("ticket_tags", "tag, ticket_id", std::mem::take(&mut self.tags)),
            Sheet::new("comments", crate::comment::COLUMNS, std::mem::take(&mut self.comments)),
        ]
    }
}

/// What is not written yet.
#[derive(Default)]
pub(crate) struct Later {
    pub tickets: Vec<Vec<Value>>,
    pub tags: Vec<Vec<Value>>,
    pub comments: Vec<Vec<Value>>,
    pub events: Vec<Vec<Value>>,
    pub notifications: Vec<Notice>,
    /// The tokens of a comment; `None`: it is no longer found.
    pub documents: BTreeMap<CommentId, Option<String>>,
    pub cube: Deltas,
}

impl<'db> Batch<'db> {
    /// Takes the write lock and loads the counters.
    pub(crate) async fn begin(db: &'db Db, place: Place) -> Result<Self> {
        let (conn, turn) = db.write(place).await?;
        let mut batch = Self {
            conn,
            _turn: turn,
            counters: Counters::default(),
            loaded: Counters::default(),
            later: Later::default(),
            open: true,
        };
        match batch.open().await {
            Ok(counters) => {
                batch.loaded = counters.clone();
                batch.counters = counters;
                Ok(batch)
            }
            Err(error) => Err(batch.abandon(error).await),
        }
    }

    /// Begins the transaction, takes the lock and reads the counters in one trip.
    async fn open(&mut self) -> Result<Counters> {
        let read = format!("SELECT {COUNTERS} FROM counters WHERE id = 1");
        let row = self.conn.begin_with(read, " FOR UPDATE").await?;
        let mut row = row.ok_or_else(|| Error::internal("the counters are missing"))?;
        let mut columns = row.columns();
        let mut values = [0; 24];
        for value in &mut values {
            *value = columns.int()?;
        }
        Ok(Counters::of_values(values))
    }

    async fn abandon(self, error: Error) -> Error {
        // One that never began can't be rolled back, and its connection goes with it; why it didn't is what counts.
        self.rollback().await.ok();
        error
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
    pub async fn commit(self) -> Result<()> {
        self.conclude().await.map_err(|(Uncommitted::Undone(error) | Uncommitted::Unknown(error))| error)
    }

    /// The same, and tells how it failed.
    pub async fn conclude(mut self) -> std::result::Result<(), Uncommitted> {
        let mut last = self.counters_moved();
        let separate = self.conn.is_postgres();
        if !separate {
            last.push(Sql::new("COMMIT"));
        }
        if let Err(error) = self.flush_with(last).await {
            // A transaction that can be rolled back was not committed.
            return Err(match self.rollback().await {
                Ok(()) => Uncommitted::Undone(error),
                Err(_) => Uncommitted::Unknown(error),
            });
        }
        if separate {
            self.conn.run(Sql::new("COMMIT")).await.map_err(Uncommitted::Unknown)?;
        }
        self.open = false;
        Ok(())
    }

    /// What writes the counters that have moved, and tells other processes of new events.
    fn counters_moved(&self) -> Vec<Sql> {
        if self.counters == self.loaded {
            return Vec::new();
        }
        let set: Vec<String> =
            COUNTERS.split(',').enumerate().map(|(i, name)| format!("{} = ${}", name.trim(), i + 1)).collect();
        let update = Sql::built(format!("UPDATE counters SET {} WHERE id = 1", set.join(", ")));
        let mut statements = vec![update.bind_all(self.counters.values().into_iter().map(Value::from))];
        if self.conn.is_postgres() && self.counters.event != self.loaded.event {
            let notify = Sql::new("SELECT pg_notify($1, $2)").bind(crate::wake::CHANNEL);
            statements.push(notify.bind(self.counters.event.to_string()));
        }
        statements
    }

    /// Makes a restored store durable: its counters came with the copy and are not written again.
    pub async fn commit_as_is(mut self) -> Result<()> {
        self.conn.run(Sql::new("COMMIT")).await?;
        self.open = false;
        Ok(())
    }

    pub async fn rollback(mut self) -> Result<()> {
        self.conn.run(Sql::new("ROLLBACK")).await?;
        self.open = false;
        Ok(())
    }

    /// Writes the tickets and comments that wait, for whoever is going to read them.
    pub async fn settle(&mut self) -> Result<()> {
        let sheets = self.later.settling();
        self.conn.write(sheets, Vec::new()).await
    }

    /// Writes everything that was collected, without ending the batch.
    pub async fn flush(&mut self) -> Result<()> {
        self.flush_with(Vec::new()).await
    }

    /// Writes everything that was collected, and carries these statements out in the last trip.
    async fn flush_with(&mut self, last: Vec<Sql>) -> Result<()> {
        let mut sheets = self.later.settling();
        let later = std::mem::take(&mut self.later);
        sheets.push(Sheet::new("events", crate::event::COLUMNS, later.events));
        let notices = crate::notification::wanted(&mut self.conn, self.counters.muted, later.notifications).await?;
        sheets.push(crate::notification::sheet(notices));
        sheets.push(search::sheet(&mut self.conn, later.documents).await?);
        sheets.push(later.cube.sheet());
        self.conn.write(sheets, last).await
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
            self.conn.spoil();
        }
    }
}

/// Inserts rows of one table.
pub(crate) async fn insert(conn: &mut Conn, table: &str, columns: &str, rows: Vec<Vec<Value>>) -> Result<()> {
    conn.write(vec![Sheet::new(table, columns, rows)], Vec::new()).await
}
