//! How much one client may hold open, over all surfaces: sockets, and operations that stay. Counted with guards, so that what
//! ends, by whatever way, is counted out. Refuses to count requests per minute: that is the server's rate limit.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::http::client::household;

/// Who is counted: a user, or for those who are not signed in the network they come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Who {
    User(i64),
    Network(Option<IpAddr>),
}

impl Who {
    pub fn anonymous(address: Option<IpAddr>) -> Self {
        Self::Network(address.map(household))
    }
}

/// A number for each key, and a guard for each one counted.
#[derive(Debug, Clone)]
pub struct Counter<K: Eq + Hash + Copy>(Arc<Mutex<HashMap<K, usize>>>);

/// One place taken; dropping it gives it back.
#[derive(Debug)]
pub struct Place<K: Eq + Hash + Copy> {
    key: K,
    counts: Arc<Mutex<HashMap<K, usize>>>,
}

impl<K: Eq + Hash + Copy> Default for Counter<K> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K: Eq + Hash + Copy> Counter<K> {
    /// Takes a place for `key`, unless it has `max` already.
    pub fn take(&self, key: K, max: usize) -> Option<Place<K>> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(key).or_insert(0);
        if *count >= max {
            if *count == 0 {
                counts.remove(&key);
            }
            return None;
        }
        *count += 1;
        Some(Place { key, counts: self.0.clone() })
    }
}

impl<K: Eq + Hash + Copy> Drop for Place<K> {
    fn drop(&mut self) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.key) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                counts.remove(&self.key);
            }
        }
    }
}

/// Most sockets in all.
const ALL: usize = 10_000;

/// The open sockets of all surfaces. A clone counts the same ones.
#[derive(Debug, Clone)]
pub struct Sockets {
    each: Counter<Who>,
    all: Arc<Semaphore>,
}

impl Default for Sockets {
    fn default() -> Self {
        Self { each: Counter::default(), all: Arc::new(Semaphore::new(ALL)) }
    }
}

impl Sockets {
    /// A place among all, unless there is none left.
    pub fn open(&self) -> Option<OwnedSemaphorePermit> {
        self.all.clone().try_acquire_owned().ok()
    }

    /// A place among those of one client, unless it has `max` already.
    pub fn take(&self, who: Who, max: usize) -> Option<Place<Who>> {
        self.each.take(who, max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_come_back() {
        let counter = Counter::default();
        let first = counter.take(1, 2).unwrap();
        let second = counter.take(1, 2).unwrap();
        assert!(counter.take(1, 2).is_none());
        assert!(counter.take(2, 2).is_some());
        drop(first);
        assert!(counter.take(1, 2).is_some());
        drop(second);
        assert!(counter.take(3, 0).is_none());
        assert!(counter.0.lock().unwrap().is_empty());
    }

    #[test]
    fn networks() {
        let who = |text: &str| Who::anonymous(Some(text.parse().unwrap()));
        assert_eq!(who("2001:db8::1"), who("2001:db8::ffff:1"));
        assert_ne!(who("2001:db8::1"), who("2001:db8:0:1::1"));
        assert_eq!(who("::ffff:10.0.0.1"), who("10.0.0.1"));
        assert_ne!(who("10.0.0.1"), who("10.0.0.2"));
    }
}
