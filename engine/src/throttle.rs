//! Failed sign-ins are counted per account and per address; too many within a window, and nobody gets another try there.
//!
//! It counts names that don't exist like those that do, so it tells nobody which accounts there are. Counts live in memory
//! and are bounded: they protect one process, and a restart forgives.

use crate::accounts::Limits;
use model::id::UserId;
use model::{Error, Result, Time};
use moka::sync::Cache;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Mails to one person within the window.
const MAILS: usize = 3;

/// What is guarded. Each kind counts on its own, whatever somebody calls themselves.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Guard<'a> {
    /// What somebody signs in as.
    Login(&'a str),
    /// Where they sign in from. An address may be many people's: it gets more tries than an account.
    Address(&'a str),
    /// A second factor, of somebody whose password was right.
    Code(UserId),
    /// A password that is confirmed by somebody who is signed in.
    Password(UserId),
    SignUp(&'a str),
    /// Mails asked for, for somebody and from somewhere.
    Mail(&'a str),
    MailFrom(&'a str),
}

impl Guard<'_> {
    fn key(self) -> String {
        match self {
            Self::Login(login) => format!("login {}", login.trim().to_lowercase()),
            Self::Address(ip) => format!("address {}", network(ip)),
            Self::Code(user) => format!("code {user}"),
            Self::Password(user) => format!("password {user}"),
            Self::SignUp(ip) => format!("sign-up {}", network(ip)),
            Self::Mail(login) => format!("mail {}", login.trim().to_lowercase()),
            Self::MailFrom(ip) => format!("mail from {}", network(ip)),
        }
    }

    /// Failures that it bears.
    fn most(self, attempts: usize) -> usize {
        match self {
            Self::Address(_) => attempts * 5,
            Self::Mail(_) => attempts.min(MAILS),
            Self::Login(_) | Self::Code(_) | Self::Password(_) | Self::SignUp(_) | Self::MailFrom(_) => attempts,
        }
    }
}

/// One household owns a whole /64 of IPv6, so those count as one.
fn network(ip: &str) -> String {
    match ip.parse::<IpAddr>().map(|ip| ip.to_canonical()) {
        Ok(IpAddr::V6(six)) => Ipv6Addr::from_bits(six.to_bits() >> 64 << 64).to_string(),
        Ok(IpAddr::V4(four)) => four.to_string(),
        Err(_) => ip.to_owned(),
    }
}

pub(crate) struct Throttle {
    limits: Limits,
    failures: Cache<String, Arc<Mutex<Vec<Time>>>>,
}

impl Throttle {
    pub(crate) fn new(limits: Limits) -> Self {
        let window = Duration::from_millis(limits.login_window_ms.max(1_000).unsigned_abs());
        Self { limits, failures: Cache::builder().max_capacity(100_000).time_to_idle(window).build() }
    }

    /// How many failures a name and an address bear, and within how many milliseconds; `None`: any number.
    pub(crate) fn bears(&self) -> Option<(u32, u32, i64)> {
        let attempts = Some(self.limits.login_attempts).filter(|attempts| *attempts > 0)?;
        let from = Guard::Address("").most(attempts as usize);
        Some((attempts, u32::try_from(from).unwrap_or(u32::MAX), self.limits.login_window_ms))
    }

    /// Refuses where there were too many failures.
    pub(crate) fn check(&self, guards: &[Guard<'_>], now: Time) -> Result<()> {
        if self.limits.login_attempts == 0 {
            return Ok(());
        }
        for guard in guards {
            let Some(times) = self.failures.get(&guard.key()) else { continue };
            let Ok(mut times) = times.lock() else { continue };
            let since = now.plus(-self.limits.login_window_ms);
            times.retain(|at| *at > since);
            if times.len() >= guard.most(self.limits.login_attempts as usize) {
                let oldest = times.first().copied().unwrap_or(now);
                let after = oldest.0 + self.limits.login_window_ms - now.0;
                return Err(Error::Busy { after_ms: u64::try_from(after).unwrap_or(1_000).max(1_000) });
            }
        }
        Ok(())
    }

    pub(crate) fn failed(&self, guards: &[Guard<'_>], now: Time) {
        for guard in guards {
            let times = self.failures.get_with(guard.key(), Arc::default);
            if let Ok(mut times) = times.lock() {
                times.push(now);
                let most = guard.most(self.limits.login_attempts as usize).max(1);
                let excess = times.len().saturating_sub(most);
                times.drain(..excess);
            }
        }
    }

    /// Lets one try in and counts it before anybody knows how it ends: those that are under way at once count, too. Answers
    /// by what `take_back` knows it.
    pub(crate) fn enter(&self, guards: &[Guard<'_>], now: Time) -> Result<Time> {
        self.check(guards, now)?;
        self.failed(guards, now);
        Ok(now)
    }

    /// A try that was let in at that time was no failure.
    pub(crate) fn take_back(&self, guards: &[Guard<'_>], entered: Time) {
        for guard in guards {
            let Some(times) = self.failures.get(&guard.key()) else { continue };
            let Ok(mut times) = times.lock() else { continue };
            if let Some(place) = times.iter().rposition(|at| *at == entered) {
                times.remove(place);
            }
        }
    }

    /// Forgives.
    pub(crate) fn succeeded(&self, guards: &[Guard<'_>]) {
        for guard in guards {
            self.failures.invalidate(&guard.key());
        }
    }
}
