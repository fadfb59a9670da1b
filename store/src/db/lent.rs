//! Connections on loan. The drivers' own pools ask a connection for a sign of life each time it is given back, which costs
//! another trip to it; here one that was left in order waits for the next as it is, and any other is never lent again.

use model::{Error, Result};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How long it is waited for a connection that is free.
const PATIENCE: Duration = Duration::from_secs(30);

/// Connections of one kind, so many at most.
pub(super) struct Shelf<C> {
    idle: Mutex<Vec<(C, Instant)>>,
    places: Arc<Semaphore>,
    count: u32,
}

/// A connection that comes back by itself.
pub struct Lent<C> {
    conn: Option<C>,
    /// A statement is under way, or something went wrong: nothing to be used again.
    busy: bool,
    shelf: Arc<Shelf<C>>,
    _place: OwnedSemaphorePermit,
}

impl<C> Shelf<C> {
    pub(super) fn new(count: u32) -> Arc<Self> {
        let places = Arc::new(Semaphore::new(count as usize));
        Arc::new(Self { idle: Mutex::default(), places, count })
    }

    /// One that waits, with how long it has waited; else a new one.
    pub(super) async fn lend(
        self: &Arc<Self>,
        open: impl AsyncFnOnce() -> Result<C>,
    ) -> Result<(Lent<C>, Option<Duration>)> {
        let place = tokio::time::timeout(PATIENCE, self.places.clone().acquire_owned());
        let place = place.await.map_err(|_| Error::internal("database: no connection became free"))?;
        let place = place.map_err(|_| Error::internal("database: it is closed"))?;
        let waiting = self.waiting().pop();
        let (conn, waited) = match waiting {
            Some((conn, since)) => (conn, Some(since.elapsed())),
            None => (open().await?, None),
        };
        Ok((Lent { conn: Some(conn), busy: false, shelf: self.clone(), _place: place }, waited))
    }

    /// Waits until all are back, and takes them. None is lent any more.
    pub(super) async fn empty(&self) -> Vec<C> {
        let all = tokio::time::timeout(PATIENCE, self.places.acquire_many(self.count)).await;
        self.places.close();
        drop(all);
        std::mem::take(&mut *self.waiting()).into_iter().map(|(conn, _)| conn).collect()
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Vec<(C, Instant)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<C> Lent<C> {
    /// To run a statement on; what came of it, [`ended`](Self::ended) is told.
    pub(super) fn begin(&mut self) -> Result<&mut C> {
        self.busy = true;
        self.conn.as_mut().ok_or_else(|| Error::internal("database: a connection was taken away"))
    }

    /// The statement came to its end; whether the connection is none the worse for it. What broke one, a server that was
    /// restarted, will have broken those that wait, too.
    pub(super) fn ended(&mut self, sound: bool) {
        self.busy = !sound;
        if !sound {
            self.shelf.waiting().clear();
        }
    }

    /// It is not lent again, unless whoever takes it puts it back.
    pub(super) fn take(&mut self) -> Option<C> {
        self.conn.take()
    }

    /// Puts back, in order, what was taken.
    pub(super) fn put(&mut self, conn: C) {
        self.conn = Some(conn);
    }
}

impl<C> Drop for Lent<C> {
    fn drop(&mut self) {
        // What was left busy goes to where its driver cleans up.
        if let Some(conn) = self.conn.take().filter(|_| !self.busy && !self.shelf.places.is_closed()) {
            self.shelf.waiting().push((conn, Instant::now()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn lend(shelf: &Arc<Shelf<u32>>, new: u32) -> Lent<u32> {
        shelf.lend(async || Ok(new)).await.unwrap().0
    }

    #[tokio::test]
    async fn what_was_left_in_order_is_lent_again() {
        let shelf = Shelf::new(2);
        let (mut first, mut second) = (lend(&shelf, 1).await, lend(&shelf, 2).await);
        assert_eq!((*first.begin().unwrap(), *second.begin().unwrap()), (1, 2));
        first.ended(true);
        drop((first, second));
        let (mut first, mut second) = (lend(&shelf, 3).await, lend(&shelf, 4).await);
        let both = (*first.begin().unwrap(), *second.begin().unwrap());
        assert_eq!(both, (1, 4), "the second was left in the middle of something");
        first.ended(true);
        assert_eq!(first.take(), Some(1));
        drop(first);
        let mut first = lend(&shelf, 5).await;
        assert_eq!(first.take(), Some(5), "nor is what was taken");
        first.put(6);
        drop(first);
        assert_eq!(lend(&shelf, 7).await.take(), Some(6), "but what was put back");
    }

    #[tokio::test]
    async fn there_are_no_more_than_places_and_none_after_the_end() {
        let shelf = Shelf::new(1);
        let only = lend(&shelf, 1).await;
        let soon = Duration::from_millis(20);
        assert!(tokio::time::timeout(soon, lend(&shelf, 2)).await.is_err(), "there is one place");
        let (emptied, ()) = tokio::join!(shelf.empty(), async { drop(only) });
        assert_eq!(emptied, [1]);
        assert!(shelf.lend(async || Ok(3)).await.is_err());
    }
}
