//! Gathers the look-ups that the resolvers of one request make at the same time, and asks once for all of them.
//!
//! Like async-graphql's own DataLoader, but without its timer and its spawned task: the first to ask lets the others of
//! the same poll ask, too, then asks for everybody. That costs no delay, which the list and detail queries would pay
//! once per level. Nothing is remembered unless the batch is told to.

use model::Result;
use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// Answers many keys at once; absent keys have no value.
pub(crate) trait Load<K, V>: Send + Sync {
    fn load(&self, keys: Vec<K>) -> impl Future<Output = Result<HashMap<K, V>>> + Send;
}

pub(crate) struct Batch<K, V, L> {
    load: L,
    state: Mutex<State<K, V>>,
}

struct State<K, V> {
    waiting: Vec<(K, oneshot::Sender<Result<Option<V>>>)>,
    led: bool,
    /// What was found so far, where the batch remembers.
    known: Option<HashMap<K, V>>,
}

impl<K, V, L> Batch<K, V, L>
where
    K: Clone + Eq + Hash + Send,
    V: Clone + Send,
    L: Load<K, V>,
{
    pub(crate) fn new(load: L) -> Self {
        Self { load, state: Mutex::new(State { waiting: Vec::new(), led: false, known: None }) }
    }

    /// One that remembers what it found until it is told to forget.
    pub(crate) fn remembering(load: L) -> Self {
        Self { load, state: Mutex::new(State { waiting: Vec::new(), led: false, known: Some(HashMap::new()) }) }
    }

    pub(crate) fn forget(&self) {
        if let Some(known) = &mut self.lock().known {
            known.clear();
        }
    }

    pub(crate) async fn get(&self, key: K) -> Result<Option<V>> {
        loop {
            let (answer, leads) = {
                let mut state = self.lock();
                if let Some(value) = state.known.as_ref().and_then(|known| known.get(&key)) {
                    return Ok(Some(value.clone()));
                }
                let (sender, answer) = oneshot::channel();
                state.waiting.push((key.clone(), sender));
                (answer, !std::mem::replace(&mut state.led, true))
            };
            if leads {
                self.lead().await;
            }
            // The leader may have been dropped (its part of the request failed): then somebody else leads.
            if let Ok(answer) = answer.await {
                return answer;
            }
        }
    }

    async fn lead(&self) {
        let abdicate = Abdicate(self);
        tokio::task::yield_now().await;
        let waiting = {
            let mut state = self.lock();
            state.led = false;
            std::mem::take(&mut state.waiting)
        };
        std::mem::forget(abdicate);
        let keys: HashSet<&K> = waiting.iter().map(|(key, _)| key).collect();
        let keys = keys.into_iter().cloned().collect();
        let found = self.load.load(keys).await;
        if let (Ok(found), Some(known)) = (&found, &mut self.lock().known) {
            known.extend(found.iter().map(|(key, value)| (key.clone(), value.clone())));
        }
        for (key, sender) in waiting {
            let answer = match &found {
                Ok(found) => Ok(found.get(&key).cloned()),
                Err(error) => Err(error.clone()),
            };
            // Whoever asked may have stopped waiting.
            drop(sender.send(answer));
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<K, V>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets the waiting ask again when their leader is dropped before it took their keys.
struct Abdicate<'a, K, V, L>(&'a Batch<K, V, L>);

impl<K, V, L> Drop for Abdicate<'_, K, V, L> {
    fn drop(&mut self) {
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.led = false;
        state.waiting.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::future::join_all;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[derive(Default)]
    struct Doubles(AtomicUsize);

    impl Load<i64, i64> for Doubles {
        async fn load(&self, keys: Vec<i64>) -> Result<HashMap<i64, i64>> {
            self.0.fetch_add(1, Ordering::SeqCst);
            Ok(keys.into_iter().filter(|k| *k > 0).map(|k| (k, 2 * k)).collect())
        }
    }

    fn run<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
    }

    #[test]
    fn those_who_ask_together_are_answered_by_one_load() {
        let batch = Batch::new(Doubles::default());
        let found = run(join_all([1, 2, 2, -1].map(|key| batch.get(key))));
        let found: Vec<_> = found.into_iter().map(Result::unwrap).collect();
        assert_eq!(found, [Some(2), Some(4), Some(4), None]);
        assert_eq!(batch.load.0.load(Ordering::SeqCst), 1);
        assert_eq!(run(batch.get(1)).unwrap(), Some(2));
        assert_eq!(batch.load.0.load(Ordering::SeqCst), 2, "nothing is remembered unless asked for");
    }

    #[test]
    fn a_remembering_batch_asks_once_until_it_forgets() {
        let batch = Batch::remembering(Doubles::default());
        for _ in 0..3 {
            assert_eq!(run(batch.get(3)).unwrap(), Some(6));
        }
        assert_eq!(batch.load.0.load(Ordering::SeqCst), 1);
        batch.forget();
        assert_eq!(run(batch.get(3)).unwrap(), Some(6));
        assert_eq!(batch.load.0.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn a_dropped_leader_is_succeeded() {
        let batch = Batch::new(Doubles::default());
        run(async {
            let mut leader = Box::pin(batch.get(1));
            let mut follower = Box::pin(batch.get(2));
            assert!(futures_util::poll!(&mut leader).is_pending());
            assert!(futures_util::poll!(&mut follower).is_pending());
            drop(leader);
            assert_eq!(follower.await.unwrap(), Some(4));
        });
    }
}
