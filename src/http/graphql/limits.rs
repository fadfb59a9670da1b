//! How much one client may hold open: sockets, and operations that stay. Counted with guards, so that what ends,
//! by whatever way, is counted out. Refuses to count requests per minute: that is the server's rate limit.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use crate::http::client::household;

/// Who is counted: a user, or for those who are not signed in the network they come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Who {
    User(i64),
    Network(Option<IpAddr>),
}

impl Who {
    pub(super) fn anonymous(address: Option<IpAddr>) -> Self {
        Self::Network(address.map(household))
    }
}

/// A number for each key, and a guard for each one counted.
#[derive(Debug)]
pub(super) struct Counter<K: Eq + Hash + Copy>(Arc<Mutex<HashMap<K, usize>>>);

/// One place taken; dropping it gives it back.
#[derive(Debug)]
pub(super) struct Place<K: Eq + Hash + Copy> {
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
    pub(super) fn take(&self, key: K, max: usize) -> Option<Place<K>> {
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
