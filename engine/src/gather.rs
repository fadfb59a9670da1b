//! Gathers the look-ups of all requests that wait at the same time, and asks the store once for all of them.
//!
//! What group commit is to writing, this is to reading: a statement's fixed costs (a hand-over between threads on SQLite, a
//! round trip on PostgreSQL) are paid once per batch instead of once per request. Nobody waits for company: the first to ask
//! is served at once, and those who ask meanwhile are the next batch. A look-up never joins a batch that has been sent
//! already, so what was committed before it was asked for is always found. Nothing is remembered.

use crate::seat::Seat;
use model::{Error, Result};
use std::collections::HashMap;
use std::future::Future;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// Keys that one batch carries.
const BATCH: usize = 128;

/// Answers many keys at once; absent keys have no value.
pub(crate) trait Load<K, V>: Send + Sync + 'static {
    fn load(self, keys: Vec<K>) -> impl Future<Output = Result<HashMap<K, V>>> + Send;
}

type Waiting<K, V> = HashMap<K, Vec<oneshot::Sender<Result<Option<V>>>>>;

pub(crate) struct Gather<K, V> {
    state: Arc<Mutex<State<K, V>>>,
    /// Batches that are under way at the same time, at most.
    most: usize,
    seat: Seat,
}

struct State<K, V> {
    waiting: Waiting<K, V>,
    under_way: usize,
}

impl<K, V> Gather<K, V> {
    pub(crate) fn new(most: usize, seat: Seat) -> Self {
        Self { state: Arc::new(Mutex::new(State { waiting: HashMap::new(), under_way: 0 })), most, seat }
    }
}

impl<K, V> Gather<K, V>
where
    K: Clone + Eq + Hash + Send + 'static,
    V: Clone + Send + 'static,
{
    /// The key's value, as it is after this was called. `load` asks for a whole batch, which other callers share.
    pub(crate) async fn get(&self, key: K, load: impl Load<K, V> + Clone) -> Result<Option<V>> {
        let (answer, wait) = oneshot::channel();
        let starts = {
            let mut state = lock(&self.state);
            state.waiting.entry(key).or_default().push(answer);
            let starts = state.under_way < self.most;
            state.under_way += usize::from(starts);
            starts
        };
        if starts {
            // By itself: a caller who goes away must not take the others' answers along.
            self.seat.start(serve(self.state.clone(), load));
        }
        wait.await.map_err(|_| Error::internal("a look-up was given up"))?
    }
}

/// Asks for what waits until nothing does.
async fn serve<K, V>(state: Arc<Mutex<State<K, V>>>, load: impl Load<K, V> + Clone)
where
    K: Clone + Eq + Hash + Send,
    V: Clone + Send,
{
    let place = Place(&state);
    loop {
        let batch: Waiting<K, V> = {
            let mut state = lock(&state);
            if state.waiting.is_empty() {
                state.under_way -= 1;
                std::mem::forget(place);
                return;
            }
            if state.waiting.len() <= BATCH {
                std::mem::take(&mut state.waiting)
            } else {
                let some: Vec<K> = state.waiting.keys().take(BATCH).cloned().collect();
                some.into_iter().filter_map(|key| state.waiting.remove_entry(&key)).collect()
            }
        };
        let found = load.clone().load(batch.keys().cloned().collect()).await;
        for (key, answers) in batch {
            let value = match &found {
                Ok(found) => Ok(found.get(&key).cloned()),
                Err(error) => Err(error.clone()),
            };
            for answer in answers {
                // Whoever asked may have stopped waiting.
                drop(answer.send(value.clone()));
            }
        }
    }
}

fn lock<K, V>(state: &Mutex<State<K, V>>) -> MutexGuard<'_, State<K, V>> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Gives the place back when a load panics, and lets those who wait go.
struct Place<'a, K, V>(&'a Mutex<State<K, V>>);

impl<K, V> Drop for Place<'_, K, V> {
    fn drop(&mut self) {
        let mut state = lock(self.0);
        state.under_way -= 1;
        if state.under_way == 0 {
            state.waiting.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::future::join_all;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::sync::Semaphore;

    #[derive(Clone)]
    struct Doubles {
        loads: Arc<AtomicUsize>,
        may: Arc<Semaphore>,
    }

    impl Doubles {
        fn new(permits: usize) -> Self {
            Self { loads: Arc::default(), may: Arc::new(Semaphore::new(permits)) }
        }
    }

    impl Load<i64, i64> for Doubles {
        async fn load(self, keys: Vec<i64>) -> Result<HashMap<i64, i64>> {
            self.loads.fetch_add(1, Ordering::SeqCst);
            self.may.acquire().await.unwrap().forget();
            assert!(!keys.contains(&13), "unlucky");
            Ok(keys.into_iter().filter(|k| *k > 0).map(|k| (k, 2 * k)).collect())
        }
    }

    #[tokio::test]
    async fn those_who_wait_are_answered_together() {
        let (gather, load) = (Gather::new(2, Seat::Task), Doubles::new(100));
        let found = join_all([1, 2, 2, -1, 5, 6].map(|key| gather.get(key, load.clone()))).await;
        let found: Vec<_> = found.into_iter().map(Result::unwrap).collect();
        assert_eq!(found, [Some(2), Some(4), Some(4), None, Some(10), Some(12)]);
        assert_eq!(load.loads.load(Ordering::SeqCst), 1, "none of them had been sent when the last was asked for");
    }

    #[tokio::test]
    async fn nobody_joins_a_batch_that_was_sent() {
        let (gather, load) = (Arc::new(Gather::new(2, Seat::Task)), Doubles::new(0));
        let ask = |key| {
            let (gather, load) = (gather.clone(), load.clone());
            tokio::spawn(async move { gather.get(key, load).await })
        };
        let (first, mut later) = (ask(1), Vec::new());
        while load.loads.load(Ordering::SeqCst) < 1 {
            tokio::task::yield_now().await;
        }
        later.push(ask(1));
        while load.loads.load(Ordering::SeqCst) < 2 {
            tokio::task::yield_now().await;
        }
        // Both places are taken: these two are the third batch.
        later.extend([ask(1), ask(3)]);
        tokio::task::yield_now().await;
        load.may.add_permits(3);
        assert_eq!(first.await.unwrap().unwrap(), Some(2));
        let later: Vec<_> = join_all(later).await.into_iter().map(|l| l.unwrap().unwrap()).collect();
        assert_eq!(later, [Some(2), Some(2), Some(6)]);
        assert_eq!(load.loads.load(Ordering::SeqCst), 3);
    }

    #[tokio::test]
    async fn a_caller_who_leaves_and_a_load_that_panics_harm_nobody_else() {
        let (gather, load) = (Gather::new(2, Seat::Task), Doubles::new(100));
        let mut gone = Box::pin(gather.get(7, load.clone()));
        assert!(futures_util::poll!(&mut gone).is_pending());
        drop(gone);
        assert_eq!(gather.get(4, load.clone()).await.unwrap(), Some(8));
        assert!(gather.get(13, load.clone()).await.is_err(), "it panicked");
        assert_eq!(gather.get(4, load).await.unwrap(), Some(8));
    }
}
