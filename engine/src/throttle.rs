//! Failed sign-ins are counted per account and per address; too many within a window, and nobody gets another try there.
//!
//! It counts names that don't exist like those that do, so it tells nobody which accounts there are. Counts live in memory
//! and are bounded: they protect one process, and a restart forgives.

use crate::accounts::Limits;
use model::{Error, Result, Time};
use moka::sync::Cache;
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub(crate) struct Throttle {
    limits: Limits,
    failures: Cache<String, Arc<Mutex<Vec<Time>>>>,
}

impl Throttle {
    pub(crate) fn new(limits: Limits) -> Self {
        let window = Duration::from_millis(limits.login_window_ms.max(1_000).unsigned_abs());
        Self { limits, failures: Cache::builder().max_capacity(100_000).time_to_idle(window).build() }
    }

    fn keys(login: &str, ip: Option<&str>) -> Vec<(String, usize)> {
        let mut keys = vec![(format!("a:{}", login.trim().to_lowercase()), 1)];
        // An address may be many people's: it gets more tries than an account.
        keys.extend(ip.map(|ip| (format!("i:{ip}"), 5)));
        keys
    }

    /// Refuses where there were too many failures.
    pub(crate) fn check(&self, login: &str, ip: Option<&str>, now: Time) -> Result<()> {
        if self.limits.login_attempts == 0 {
            return Ok(());
        }
        for (key, factor) in Self::keys(login, ip) {
            let Some(times) = self.failures.get(&key) else { continue };
            let Ok(mut times) = times.lock() else { continue };
            let since = now.plus(-self.limits.login_window_ms);
            times.retain(|at| *at > since);
            if times.len() >= self.limits.login_attempts as usize * factor {
                let oldest = times.first().copied().unwrap_or(now);
                let after = oldest.0 + self.limits.login_window_ms - now.0;
                return Err(Error::Busy { after_ms: u64::try_from(after).unwrap_or(1_000).max(1_000) });
            }
        }
        Ok(())
    }

    pub(crate) fn failed(&self, login: &str, ip: Option<&str>, now: Time) {
        for (key, factor) in Self::keys(login, ip) {
            let times = self.failures.get_with(key, Arc::default);
            if let Ok(mut times) = times.lock() {
                times.push(now);
                let most = (self.limits.login_attempts as usize * factor).max(1);
                let excess = times.len().saturating_sub(most);
                times.drain(..excess);
            }
        }
    }

    /// A right password forgives the account's failures.
    pub(crate) fn succeeded(&self, login: &str) {
        self.failures.invalidate(&format!("a:{}", login.trim().to_lowercase()));
    }
}
