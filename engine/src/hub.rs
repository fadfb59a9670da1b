//! Live readers: every committed event, in order, to everyone who listens. The hub is a hint, the log is the truth.
//!
//! What this process commits is handed on at once; what others commit is read from the log when the store wakes us. A
//! listener that lags reads the log. Before an event is handed on, the caches that it makes stale are cleared.

use crate::{Engine, Inner, Tolerate as _};
use model::Result;
use model::event::Recorded;
use model::id::Seq;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;
use store::db::Conn;
use store::{Batch, Store};
use tokio::sync::broadcast::error::TryRecvError;
use tokio::sync::{Mutex, MutexGuard, broadcast};

/// Events that a slow listener may be behind before it has to read the log.
const BEHIND: usize = 4_096;
/// Events that are read from the log at once.
pub(crate) const PAGE: usize = 500;

/// How long a commit of this process may take from the database's word to being handed on.
const OWN: Duration = Duration::from_millis(2);

pub(crate) struct Hub {
    live: broadcast::Sender<Arc<Recorded>>,
    last: AtomicI64,
    turn: Mutex<()>,
    /// Held while an event is observed, and while what was read is put into memory.
    keeping: std::sync::Mutex<()>,
}

impl Hub {
    pub(crate) async fn open(store: &Store) -> Result<Self> {
        let last = store::event::last(&mut store.read().await?).await?;
        Ok(Self {
            live: broadcast::channel(BEHIND).0,
            last: AtomicI64::new(last.0),
            turn: Mutex::default(),
            keeping: std::sync::Mutex::default(),
        })
    }

    /// The last event that was handed on.
    pub(crate) fn last(&self) -> Seq {
        Seq(self.last.load(Ordering::Acquire))
    }

    pub(crate) fn listen(&self) -> broadcast::Receiver<Arc<Recorded>> {
        self.live.subscribe()
    }

    /// Nothing is handed on for as long as this is held.
    pub(crate) async fn hold(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().await
    }

    /// Hands on what this process has committed, and what others committed before it.
    pub(crate) async fn publish(&self, engine: &Engine, events: Vec<Arc<Recorded>>) {
        let Some(first) = events.first().map(|e| e.seq) else { return };
        let turn = self.turn.lock().await;
        if first.0 == self.last().0 + 1 {
            for event in events {
                self.hand_on(engine, event);
            }
        } else {
            self.read_on(engine, None).await.tolerate("reading the log");
        }
        drop(turn);
    }

    /// Hands on what others have committed, before the writer decides anything by what this process keeps in mind. It reads
    /// by the writer's own connection, which sees all of it and waits for no other.
    pub(crate) async fn catch_up_before(&self, engine: &Engine, batch: &mut Batch<'_>) -> Result<()> {
        if batch.last() <= self.last() {
            return Ok(());
        }
        let turn = self.turn.lock().await;
        let done = self.read_on(engine, Some(batch.conn())).await;
        drop(turn);
        done
    }

    /// Hands on what is in the log and was not handed on yet.
    pub(crate) async fn catch_up(&self, engine: &Engine) -> Result<()> {
        let turn = self.turn.lock().await;
        let done = self.read_on(engine, None).await;
        drop(turn);
        done
    }

    /// Whether what was told of has been handed on, or is within a moment: most of what a process is told of it has
    /// committed itself, and need not read.
    async fn soon_at(&self, told: Option<Seq>) -> bool {
        let Some(told) = told else { return false };
        if self.last() < told {
            tokio::time::sleep(OWN).await;
        }
        self.last() >= told
    }

    async fn read_on(&self, engine: &Engine, mut by: Option<&mut Conn>) -> Result<()> {
        loop {
            let events = match &mut by {
                Some(conn) => store::event::after(conn, self.last(), PAGE).await?,
                None => store::event::after(&mut engine.0.store.read().await?, self.last(), PAGE).await?,
            };
            let full = events.len() == PAGE;
            for event in events {
                self.hand_on(engine, Arc::new(event));
            }
            if !full {
                return Ok(());
            }
        }
    }

    /// Puts what was read into memory, unless something was handed on since `before`: then it may be what was before.
    pub(crate) fn keep(&self, before: Seq, keep: impl FnOnce()) {
        let _keeping = self.keeping.lock().unwrap_or_else(PoisonError::into_inner);
        if self.last() == before {
            keep();
        }
    }

    fn hand_on(&self, engine: &Engine, event: Arc<Recorded>) {
        {
            let _keeping = self.keeping.lock().unwrap_or_else(PoisonError::into_inner);
            engine.observe(&event);
            self.last.store(event.seq.0, Ordering::Release);
        }
        metrics::counter!("echodesk_events_total").increment(1);
        // Nobody listening is no error.
        self.live.send(event).ok();
    }
}

/// How long a reader that nobody waits for lets events come together.
const LINGER: Duration = Duration::from_millis(5);

/// Lets events come together that are read from the log at once.
pub(crate) async fn linger(live: &mut broadcast::Receiver<Arc<Recorded>>) {
    tokio::time::sleep(LINGER).await;
    while !matches!(live.try_recv(), Err(TryRecvError::Empty | TryRecvError::Closed)) {}
}

/// Follows the commits of other processes for as long as the engine lives.
pub(crate) async fn follow(engine: Weak<Inner>) {
    loop {
        let Some(inner) = engine.upgrade() else { return };
        let store = inner.store.clone();
        drop(inner);
        let mut waker = match store.waker().await {
            Ok(waker) => waker,
            Err(error) => {
                tracing::warn!(%error, "can't listen for other processes' commits; trying again");
                tokio::time::sleep(Duration::from_secs(1)).await;
                continue;
            }
        };
        let mut told = None;
        loop {
            // What was committed before we listened must not be missed.
            let Some(inner) = engine.upgrade() else { return };
            let engine = Engine(inner);
            if !engine.0.hub.soon_at(told).await {
                engine.0.hub.catch_up(&engine).await.tolerate("reading the log");
            }
            drop(engine);
            told = match waker.woken().await {
                Ok(told) => told,
                Err(error) => {
                    tracing::warn!(%error, "listening for other processes' commits was interrupted");
                    tokio::time::sleep(Duration::from_millis(500)).await;
                    break;
                }
            };
        }
    }
}
