//! Signed-in sessions, what they were begun with, and API tokens, as their owner may see them. No secret is part of them.

use crate::actor::Scope;
use crate::event::Event;
use crate::id::{ApiTokenId, DeviceId, SessionId, UserId};
use crate::time::Time;
use serde::{Deserialize, Serialize};

/// A signed-in session: a refresh token's family. Access tokens name it and die with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    pub id: SessionId,
    pub user: UserId,
    /// `password`, `password+otp`, `password+backup`, `password+trusted`, `register`.
    pub method: String,
    pub ip: Option<String>,
    pub user_agent: Option<String>,
    pub created_at: Time,
    pub last_used_at: Time,
    /// When the refresh token dies, unless it is used before.
    pub expires_at: Time,
    pub ended_at: Option<Time>,
    pub end_reason: Option<String>,
}

impl Session {
    pub fn is_live(&self, now: Time) -> bool {
        self.ended_at.is_none() && now < self.expires_at
    }
}

/// What is known of a refresh token that somebody presents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Refresh {
    #[default]
    Unknown,
    /// It is the session's current one.
    Current,
    /// It was used before: whoever presents it, or whoever used it, stole it.
    Used,
}

/// How a sign-in is called that nothing else is known of.
pub(crate) fn by_password() -> String {
    "password".to_owned()
}

/// The method by which a session began: what was asked for first, and the proof that was shown besides.
pub(crate) fn method(first: &str, events: &[Event]) -> String {
    let proofs = events.iter().find_map(|event| {
        if let Event::SecondFactorUsed { step, .. } = event {
            return Some(if step.is_some() { "otp" } else { "backup" });
        }
        matches!(event, Event::TrustedDeviceUsed { .. }).then_some("trusted")
    });
    proofs.map_or_else(|| first.to_owned(), |proof| format!("{first}+{proof}"))
}

/// A second factor: codes by the clock (RFC 6238).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecondFactor {
    pub user: UserId,
    pub enabled_at: Time,
    /// The step of the last code that was accepted; none of it or before is accepted again.
    pub last_step: i64,
    /// Backup codes that were not used yet.
    pub codes_left: i64,
}

/// Days that a device is trusted, and how many of them a person may have.
pub const TRUSTED_DAYS: i64 = 30;
pub const TRUSTED_MAX: usize = 5;

/// A device on which the second factor is not asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustedDevice {
    pub id: DeviceId,
    pub user: UserId,
    pub name: String,
    /// Where it was used last.
    pub ip: Option<String>,
    pub user_agent: Option<String>,
    pub created_at: Time,
    pub updated_at: Time,
    pub last_used_at: Time,
    pub expires_at: Time,
    pub revoked_at: Option<Time>,
}

impl TrustedDevice {
    pub fn is_live(&self, now: Time) -> bool {
        self.revoked_at.is_none() && now < self.expires_at
    }
}

/// What a program says that it runs on: the kind of device, and the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Device {
    /// `desktop` or `mobile`; what says nothing of itself counts as the former.
    pub kind: &'static str,
    pub system: &'static str,
}

impl std::fmt::Display for Device {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} - {}", self.kind, self.system)
    }
}

/// Reads a `User-Agent`. It is the client's own word: for showing and filtering, never for deciding.
pub fn device_of(user_agent: Option<&str>) -> Device {
    let agent = user_agent.unwrap_or_default().to_lowercase();
    let says = |word: &str| agent.contains(word);
    // In this order: an iPad says "Mac OS X", too, and Android says "Linux".
    let system = [
        ("iphone", "iOS"),
        ("ipad", "iOS"),
        ("ipod", "iOS"),
        ("android", "Android"),
        ("harmony", "HarmonyOS"),
        ("windows", "Windows"),
        ("macintosh", "macOS"),
        ("mac os", "macOS"),
        ("darwin", "macOS"),
        ("cros", "ChromeOS"),
        ("linux", "Linux"),
    ];
    let system = system.into_iter().find(|(word, _)| says(word)).map_or("unknown", |(_, name)| name);
    let mobile = matches!(system, "iOS" | "Android" | "HarmonyOS") || says("mobile");
    Device { kind: if mobile { "mobile" } else { "desktop" }, system }
}

/// One try to sign in, as its owner may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInRecord {
    /// Unique among both kinds.
    pub id: i64,
    pub at: Time,
    pub ip: Option<String>,
    pub user_agent: Option<String>,
    pub method: String,
    /// What it began; nothing where it failed.
    pub session: Option<SessionId>,
    pub ended_at: Option<Time>,
    pub expires_at: Option<Time>,
}

impl SignInRecord {
    pub fn succeeded(&self) -> bool {
        self.session.is_some()
    }

    /// Whether what it began still goes on.
    pub fn is_active(&self, now: Time) -> bool {
        self.session.is_some() && self.ended_at.is_none() && self.expires_at.is_some_and(|at| now < at)
    }
}

/// Which tries to sign in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SignInFilter {
    pub ip: Option<String>,
    /// `desktop` or `mobile`.
    pub device: Option<String>,
    pub method: Option<String>,
    pub session: Option<SessionId>,
    pub active: Option<bool>,
    pub succeeded: Option<bool>,
    /// At or after.
    pub from: Option<Time>,
    /// Before.
    pub until: Option<Time>,
}

/// A long-lived key for programs, shown once when it is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiToken {
    pub id: ApiTokenId,
    pub user: UserId,
    pub name: String,
    /// Empty: all that the owner may do.
    pub scopes: Vec<Scope>,
    pub created_at: Time,
    pub expires_at: Option<Time>,
    pub revoked_at: Option<Time>,
}

impl ApiToken {
    pub fn is_live(&self, now: Time) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|at| now < at)
    }
}

/// A secret's digest on its way to the store: it is never serialized, so it never reaches the event log or a reader.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Sealed(pub Option<String>);

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealed(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_told_by_what_they_say() {
        for (agent, shown) in [
            ("Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15", "desktop - macOS"),
            ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/130.0", "desktop - Windows"),
            ("Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101", "desktop - Linux"),
            ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Mobile/15E148", "mobile - iOS"),
            ("Mozilla/5.0 (Linux; Android 14; Pixel 8) Mobile Safari/537.36", "mobile - Android"),
            ("python-requests/2.32", "desktop - unknown"),
            ("", "desktop - unknown"),
        ] {
            assert_eq!(device_of(Some(agent)).to_string(), shown);
        }
        assert_eq!(device_of(None).kind, "desktop");
    }
}
