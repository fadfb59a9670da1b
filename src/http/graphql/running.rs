//! The operations of one socket: each a task of its own, found by the id that the client gave it.
//! Answers for what the client hears of an operation and when its id is free again.
//! Refuses to stop a mutation half way: the client may stop listening, the work goes on (`Surface::results`).

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_graphql::Response as Executed;
use axum::extract::ws::Message;
use futures_util::stream::BoxStream;
use futures_util::{FutureExt, StreamExt};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::timeout;

use super::message::Outgoing;
use super::problem::{Problem, complete_codes, is_request_error};
use crate::http::places::{Place, Who};

/// Puts a message into the socket's queue, waiting for room; breaks if the socket is gone.
pub(super) async fn say(out: &mpsc::Sender<Message>, message: Outgoing<'_>) -> ControlFlow<()> {
    match out.send(message.into_message()).await {
        Ok(()) => ControlFlow::Continue(()),
        Err(_) => ControlFlow::Break(()),
    }
}

/// The operations of a socket. Whatever ends the socket drops this, and nothing of it runs on.
#[derive(Default)]
pub(super) struct Running(Operations);

impl Running {
    pub(super) fn has(&self, id: &str) -> bool {
        self.0.with(|all| all.by_id.contains_key(id))
    }

    pub(super) fn len(&self) -> usize {
        self.0.with(|all| all.by_id.len())
    }

    /// Stops an operation; one that is not there was completed already, which is no error.
    pub(super) fn cancel(&self, id: &str) {
        self.0.cancel(id);
    }

    /// Runs an operation to its end. `patience` is for one that has a single result; `place` is given back when the id is free.
    pub(super) fn start(
        &self,
        id: String,
        results: BoxStream<'static, Executed>,
        patience: Option<Duration>,
        out: mpsc::Sender<Message>,
        place: Arc<Place<Who>>,
    ) {
        // The operation is known before its task runs, so that its end finds it.
        let ticket = self.0.enter(&id, place);
        let operation = RunningOperation { id: id.clone(), ticket, out, operations: self.0.clone() };
        let task = tokio::spawn(async move {
            if AssertUnwindSafe(operation.run(results, patience)).catch_unwind().await.is_err() {
                operation.fail(Problem::internal("a resolver panicked")).await;
            }
        });
        self.0.stop_with(&id, ticket, task.abort_handle());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        for entry in self.0.with(|all| std::mem::take(&mut all.by_id)).into_values() {
            if let Some(task) = entry.task {
                task.abort();
            }
        }
    }
}

/// An operation in its task.
struct RunningOperation {
    id: String,
    ticket: u64,
    out: mpsc::Sender<Message>,
    operations: Operations,
}

impl RunningOperation {
    async fn run(&self, mut results: BoxStream<'static, Executed>, patience: Option<Duration>) {
        let mut first = true;
        loop {
            let next = match patience {
                None => results.next().await,
                Some(patience) => match timeout(patience, results.next()).await {
                    Ok(next) => next,
                    Err(_) => return self.fail(Problem::timeout("The operation took too long and was given up")).await,
                },
            };
            let Some(mut response) = next else { break };
            complete_codes(&mut response);
            if first && is_request_error(&response) {
                if self.operations.finish(&self.id, self.ticket) {
                    self.send(Outgoing::Error { id: &self.id, payload: &response.errors }).await;
                }
                return;
            }
            first = false;
            if !self.operations.holds(&self.id, self.ticket) {
                return;
            }
            self.send(Outgoing::next(&self.id, &response)).await;
        }
        if first && patience.is_some() {
            return self.fail(Problem::internal("an operation ended without a result")).await;
        }
        // Forgotten before the client can hear of it: it may use the id again at once.
        if self.operations.finish(&self.id, self.ticket) {
            self.send(Outgoing::Complete { id: &self.id }).await;
        }
    }

    async fn fail(&self, problem: Problem) {
        if self.operations.finish(&self.id, self.ticket) {
            self.send(Outgoing::Error { id: &self.id, payload: &[*problem.error] }).await;
        }
    }

    async fn send(&self, message: Outgoing<'_>) {
        if say(&self.out, message).await.is_break() {
            self.operations.cancel(&self.id);
        }
    }
}

/// The operations of one socket by their ids. A ticket tells an operation from a later one with the same id.
#[derive(Clone, Default)]
struct Operations(Arc<Mutex<Table>>);

#[derive(Default)]
struct Table {
    by_id: HashMap<String, Entry>,
    last_ticket: u64,
}

struct Entry {
    ticket: u64,
    /// Unknown for the moment between the entry and its task.
    task: Option<AbortHandle>,
    /// Held here and not by the task: what is cancelled counts no more, however late its task hears of it.
    _place: Arc<Place<Who>>,
}

impl Operations {
    fn enter(&self, id: &str, place: Arc<Place<Who>>) -> u64 {
        self.with(|all| {
            all.last_ticket += 1;
            all.by_id.insert(id.to_owned(), Entry { ticket: all.last_ticket, task: None, _place: place });
            all.last_ticket
        })
    }

    fn stop_with(&self, id: &str, ticket: u64, handle: AbortHandle) {
        self.with(|all| {
            if let Some(entry) = all.by_id.get_mut(id)
                && entry.ticket == ticket
            {
                entry.task = Some(handle);
            }
        });
    }

    fn holds(&self, id: &str, ticket: u64) -> bool {
        self.with(|all| all.by_id.get(id).is_some_and(|entry| entry.ticket == ticket))
    }

    /// Forgets an operation that ended by itself; says whether the client still waits for it.
    fn finish(&self, id: &str, ticket: u64) -> bool {
        let held = self.holds(id, ticket);
        if held {
            self.with(|all| all.by_id.remove(id));
        }
        held
    }

    /// Stops an operation; one that is not there was completed already, which is no error.
    fn cancel(&self, id: &str) {
        if let Some(Entry { task: Some(task), .. }) = self.with(|all| all.by_id.remove(id)) {
            task.abort();
        }
    }

    fn with<T>(&self, change: impl FnOnce(&mut Table) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::places::Counter;

    #[test]
    fn an_id_can_be_used_again_at_once() {
        let (operations, counter) = (Operations::default(), Counter::default());
        let place = || Arc::new(counter.take(Who::User(1), 1).unwrap());
        let first = operations.enter("a", place());
        assert!(operations.finish("a", first) && !operations.holds("a", first));
        let second = operations.enter("a", place());
        assert!(!operations.finish("a", first), "the older operation does not end the newer");
        assert!(operations.holds("a", second));
        operations.cancel("a");
        assert!(!operations.finish("a", second));
    }
}
