//! Where those work who ask the store a lot: the writer, the look-ups that are gathered, and whoever takes a message in.
//!
//! SQLite does its work on the thread that calls, so they get one that may wait for the disk, and use `Store::begin_here` and
//! `Store::read_here`: nobody is woken between their statements. A PostgreSQL server is waited for as by everybody else.

use model::{Error, Result};
use std::future::Future;
use store::Store;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seat {
    /// A task among the others.
    Task,
    /// A thread of its own.
    Thread,
}

impl Seat {
    pub(crate) fn at(store: &Store) -> Self {
        if store.is_postgres() { Self::Task } else { Self::Thread }
    }

    /// Starts the work.
    pub(crate) fn start(self, work: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
        match self {
            Self::Task => tokio::spawn(work),
            Self::Thread => aside(work),
        }
    }

    /// Has several things asked one after the other, with one change of threads for all of them.
    pub(crate) async fn ask<T: Send + 'static>(
        self,
        questions: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        match self {
            Self::Task => questions.await,
            Self::Thread => aside(questions).await.map_err(Error::internal)?,
        }
    }
}

/// On a thread that may wait.
fn aside<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || runtime.block_on(work))
}
