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
    /// What is kept at most, in rows of answers.
    most: usize,
}

struct Kept<K, V> {
    /// The place that all of them are true at.
    at: Seq,
    known: HashMap<K, Arc<OnceCell<V>>>,
    rows: usize,
}

impl<K: Eq + Hash, V: Clone> Answers<K, V> {
    /// Keeps answers of so many rows, or whatever their size is counted in.
    pub fn new(most: usize) -> Self {
        Self { kept: Mutex::new(Kept { at: Seq(0), known: HashMap::new(), rows: 0 }), most }
    }

    /// The answer to `asked` at `now`, the store's last place as it was found after the question came; `rows` bounds its
    /// size. Those who ask the same at the same time wait for one reading. A failure is not kept.
    pub async fn get<F: Future<Output = Result<V>>>(
        &self,
        now: Seq,
        asked: K,
        rows: usize,
        read: impl FnOnce() -> F,
    ) -> Result<V> {
        match self.cell(now, asked, rows) {
            Some(cell) => cell.get_or_try_init(read).await.cloned(),
            None => read().await,
        }
    }

    fn cell(&self, now: Seq, asked: K, rows: usize) -> Option<Arc<OnceCell<V>>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever looked at the place before others did, and comes later, is not served from what is newer.
        if now < kept.at {
            return None;
        }
        if let Some(cell) = kept.known.get(&asked).filter(|_| now == kept.at) {
            return Some(cell.clone());
        }
        if now > kept.at || kept.rows + rows > self.most {
            kept.known.clear();
            kept.rows = 0;
            kept.at = now;
        }
        kept.rows += rows;
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
    }
}
