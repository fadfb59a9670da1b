//! Answers that are kept for as long as they are true, which is until the next commit.
//!
//! Every change of the store takes the next place in the log, so the log's last place is the version of everything. An
//! answer is kept together with the place that it was read at, and given again only while the store, asked anew each time
//! and whichever process writes, is still there. Lists that many people look at are read once instead of once per look.

use model::Result;
use model::id::Seq;
use std::collections::HashMap;
use std::future::Future;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::OnceCell;

/// Answers that are true at one place of the log.
pub struct Answers<K, V> {
    kept: Mutex<Kept<K, V>>,
    /// How large they may be in all, in whatever their sizes are counted.
    most: usize,
}

struct Kept<K, V> {
    /// The place that all of them are true at.
    at: Seq,
    known: HashMap<K, Arc<OnceCell<V>>>,
    size: usize,
}

impl<K: Eq + Hash, V: Clone> Answers<K, V> {
    /// Keeps answers of so many rows, or bytes, in all.
    pub fn new(most: usize) -> Self {
        Self { kept: Mutex::new(Kept { at: Seq(0), known: HashMap::new(), size: 0 }), most }
    }

    /// The answer to `asked` that is kept, at `now`, the store's last place as it was found after the question came.
    pub fn known(&self, now: Seq, asked: &K) -> Option<V> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.known.get(asked).filter(|_| now == kept.at)?.get().cloned()
    }

    /// Keeps an answer of this size, which was read after `now` was found.
    pub fn keep(&self, now: Seq, asked: K, size: usize, answer: V) {
        if let Some(cell) = self.cell(now, asked, size) {
            // Somebody else may have been faster: theirs is as true.
            cell.set(answer).ok();
        }
    }

    /// The answer that is kept, or else is read, to be kept; `size` bounds its size. Those who ask the same at the same time
    /// wait for one reading. A failure is not kept.
    pub(crate) async fn get<F: Future<Output = Result<V>>>(
        &self,
        now: Seq,
        asked: K,
        size: usize,
        read: impl FnOnce() -> F,
    ) -> Result<V> {
        match self.cell(now, asked, size) {
            Some(cell) => cell.get_or_try_init(read).await.cloned(),
            None => read().await,
        }
    }

    fn cell(&self, now: Seq, asked: K, size: usize) -> Option<Arc<OnceCell<V>>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever looked at the place before others did, and comes later, is not served from what is newer.
        if now < kept.at || size > self.most {
            return None;
        }
        if let Some(cell) = kept.known.get(&asked).filter(|_| now == kept.at) {
            return Some(cell.clone());
        }
        if now > kept.at || kept.size + size > self.most {
            kept.known.clear();
            kept.size = 0;
            kept.at = now;
        }
        kept.size += size;
        Some(kept.known.entry(asked).or_default().clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Error;

    const ROWS: usize = 100;

    async fn ask(answers: &Answers<&'static str, i64>, now: i64, asked: &'static str, rows: usize, value: i64) -> i64 {
        answers.get(Seq(now), asked, rows, || async move { Ok(value) }).await.unwrap()
    }

    #[tokio::test]
    async fn an_answer_is_kept_until_the_log_goes_on() {
        let answers = Answers::new(ROWS);
        assert_eq!(ask(&answers, 5, "a", 1, 1).await, 1);
        assert_eq!(ask(&answers, 5, "a", 1, 2).await, 1, "nothing has happened since");
        assert_eq!(ask(&answers, 5, "b", 1, 3).await, 3);
        assert_eq!(ask(&answers, 6, "a", 1, 4).await, 4, "something has");
        assert_eq!(ask(&answers, 5, "a", 1, 5).await, 5, "a late question is neither served from it nor kept");
        assert_eq!(ask(&answers, 6, "a", 1, 6).await, 4);
    }

    #[tokio::test]
    async fn a_failure_is_not_kept_and_the_size_is_bounded() {
        let answers = Answers::new(ROWS);
        let failed = answers.get(Seq(1), "a", 1, || async { Err(Error::internal("no")) }).await;
        assert!(failed.is_err());
        assert_eq!(ask(&answers, 1, "a", ROWS / 2, 1).await, 1);
        assert_eq!(ask(&answers, 1, "b", ROWS, 2).await, 2, "makes room");
        assert_eq!(ask(&answers, 1, "a", 1, 3).await, 3);
        assert_eq!(ask(&answers, 1, "c", ROWS + 1, 4).await, 4);
        assert_eq!(ask(&answers, 1, "c", 1, 5).await, 5, "what is too large is not kept");
        assert_eq!(ask(&answers, 1, "a", 1, 6).await, 3, "and nothing makes room for it");
    }

    #[test]
    fn what_is_kept_is_known_at_its_place_only() {
        let answers = Answers::new(ROWS);
        assert_eq!(answers.known(Seq(5), &"a"), None);
        answers.keep(Seq(5), "a", 1, 1);
        answers.keep(Seq(5), "a", 1, 2);
        assert_eq!(answers.known(Seq(5), &"a"), Some(1), "the first stays");
        answers.keep(Seq(4), "b", 1, 3);
        assert_eq!((answers.known(Seq(4), &"b"), answers.known(Seq(5), &"b")), (None, None), "it came too late");
        assert_eq!(answers.known(Seq(6), &"a"), None);
        answers.keep(Seq(6), "b", 1, 4);
        assert_eq!((answers.known(Seq(6), &"b"), answers.known(Seq(5), &"a")), (Some(4), None));
    }
}
