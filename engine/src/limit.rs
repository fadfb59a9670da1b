//! How many requests a caller may make in a minute, and the counting of them.
//!
//! A caller's minute begins with the first request and is counted in memory. Where several processes share a PostgreSQL,
//! a process takes hits from the shared row in blocks that shrink with what is left, so most requests ask nobody; one
//! process is exact, several may refuse a few requests early and none late. A database that cannot be asked stops nobody:
//! the process then counts alone.

use crate::Engine;
use model::people::Role;
use model::time::MINUTE;
use model::{Actor, Error, Result, Time};
use moka::sync::Cache;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

/// Callers whose minute is remembered; of more, those who are asked for least are forgotten.
const CALLERS: u64 = 100_000;
/// A block is this part of what is left.
const PART: i64 = 8;

/// Requests per minute; 0 is without a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    /// `false` counts nothing and refuses nobody.
    pub enabled: bool,
    /// For each network address whose caller is not signed in.
    pub anonymous: u32,
    pub user: u32,
    pub agent: u32,
    pub supervisor: u32,
    pub admin: u32,
}

impl Default for Rates {
    /// As seed 003, section 9, has them.
    fn default() -> Self {
        Self { enabled: true, anonymous: 10, user: 60, agent: 120, supervisor: 0, admin: 0 }
    }
}

/// Where a caller stands after a request was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Requests per minute; `None` is without a limit.
    pub limit: Option<u32>,
    /// Requests that are left until `resets_at`.
    pub remaining: u32,
    /// When the caller's minute is over.
    pub resets_at: Time,
    pub refused: bool,
}

impl Standing {
    /// The refusal, for whoever renders it: worth another try when the minute is over.
    pub fn refusal(&self, now: Time) -> Option<Error> {
        let after = u64::try_from(self.resets_at.0 - now.0).unwrap_or_default().max(1_000);
        self.refused.then_some(Error::Busy { after_ms: after })
    }
}

pub(crate) struct Limits {
    rates: Rates,
    windows: Cache<String, Arc<Mutex<Window>>>,
}

/// A caller's minute, as this process knows it.
#[derive(Debug, Clone, Copy)]
struct Window {
    start: Time,
    /// Requests that this process has let through.
    used: i64,
    /// Requests that it may let through without asking.
    held: i64,
    /// Hits of the shared row when it was last seen, blocks of other processes among them.
    shared: i64,
}

impl Window {
    fn at(start: Time) -> Self {
        Self { start, used: 0, held: 0, shared: 0 }
    }

    /// Whether this is the minute of `now`. Clocks of other machines run a little ahead, and so may the minute's begin.
    fn holds(&self, now: Time) -> bool {
        (self.start.0 - MINUTE..self.start.0 + MINUTE).contains(&now.0)
    }

    /// Uses a hit, where one is held.
    fn spend(&mut self) -> bool {
        let held = self.used < self.held;
        self.used += i64::from(held);
        held
    }

    fn remaining(&self, limit: i64) -> i64 {
        (limit - self.shared).max(0) + (self.held - self.used)
    }
}

impl Limits {
    pub(crate) fn new(rates: Rates) -> Self {
        let windows = Cache::builder().max_capacity(CALLERS).time_to_idle(Duration::from_mins(2)).build();
        Self { rates, windows }
    }

    fn of(&self, actor: &Actor) -> u32 {
        match actor.role() {
            Some(Role::User) => self.rates.user,
            Some(Role::Agent) => self.rates.agent,
            Some(Role::Supervisor) => self.rates.supervisor,
            Some(Role::Admin) => self.rates.admin,
            None if actor.is_system() => 0,
            None => self.rates.anonymous,
        }
    }
}

/// Who is counted: a person wherever they are, or the address of somebody unknown.
fn key(actor: &Actor, address: Option<IpAddr>) -> String {
    match (actor.user(), address) {
        (Some(user), _) => format!("user {user}"),
        (None, Some(address)) => format!("from {address}"),
        (None, None) => "from somewhere".to_owned(),
    }
}

impl Engine {
    /// Counts a request and says where its caller stands; `None` where nobody is limited.
    pub async fn count_request(&self, actor: &Actor, address: Option<IpAddr>) -> Option<Standing> {
        let limits = &self.0.limits;
        if !limits.rates.enabled {
            return None;
        }
        let now = self.now();
        let limit = limits.of(actor);
        if limit == 0 {
            return Some(Standing { limit: None, remaining: u32::MAX, resets_at: now.plus(MINUTE), refused: false });
        }
        let key = key(actor, address);
        let window = limits.windows.get_with_by_ref(&key, || Arc::new(Mutex::new(Window::at(now))));
        let mut window = window.lock().await;
        if !window.holds(now) {
            *window = Window::at(now);
        }
        let limit_of = i64::from(limit);
        let mut allowed = window.spend();
        if !allowed && window.shared < limit_of {
            self.take_block(&key, &mut window, limit_of, now).await;
            allowed = window.spend();
        }
        let remaining = u32::try_from(window.remaining(limit_of)).unwrap_or_default();
        Some(Standing { limit: Some(limit), remaining, resets_at: window.start.plus(MINUTE), refused: !allowed })
    }

    /// Gets the process more hits: from the shared row, or all of them where there is nobody to share with.
    async fn take_block(&self, key: &str, window: &mut Window, limit: i64, now: Time) {
        let left = limit - window.shared;
        if !self.0.store.is_postgres() {
            window.held += left;
            window.shared = limit;
            return;
        }
        let block = (left / PART).max(1);
        match self.0.store.take_hits(key, block, now, now.plus(-MINUTE)).await {
            Ok(taken) => {
                if taken.window_start != window.start {
                    // Another process began this minute; or it is over there, and a new one has begun.
                    *window = Window::at(taken.window_start);
                }
                window.held += (limit - (taken.hits - block)).clamp(0, block);
                window.shared = taken.hits;
            }
            Err(error) => {
                tracing::warn!(%error, "requests cannot be counted together; this process counts alone");
                window.held += block;
                window.shared += block;
            }
        }
    }

    /// Forgets the shared rows of minutes that are over.
    pub(crate) async fn forget_hits(&self) -> Result<()> {
        if self.0.store.is_postgres() {
            self.0.store.forget_hits(self.now().plus(-2 * MINUTE)).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_counts_what_is_held() {
        let mut window = Window { start: Time(0), used: 0, held: 7, shared: 17 };
        assert_eq!(window.remaining(60), 50);
        assert!(window.spend());
        assert_eq!(window.remaining(60), 49);
        window.used = 7;
        assert!(!window.spend());
        assert_eq!(window.remaining(60), 43);
        assert_eq!(Window { shared: 70, ..window }.remaining(60), 0);
    }

    #[test]
    fn a_minute_is_over_after_a_minute() {
        let window = Window::at(Time(60_000));
        for (now, holds) in [(-1, false), (59_999, true), (60_000, true), (119_999, true), (120_000, false)] {
            assert_eq!(window.holds(Time(now)), holds, "{now}");
        }
    }
}
