//! What guards an account, as GraphQL's types: the second factor, trusted devices, the history of sign-ins.

use crate::context::Call;
use crate::error::Result;
use crate::node::{global, read_or};
use crate::scalars::DateTime;
use async_graphql::{Context, Enum, ID, InputObject, Object, SimpleObject};
use model::session::{SignInFilter, device_of};

/// A second factor: codes by the clock.
pub struct SecondFactor(pub(crate) model::session::SecondFactor);

/// A device on which the second factor is not asked for.
pub struct TrustedDevice(pub(crate) model::session::TrustedDevice);

/// One try to sign in.
pub struct SignInRecord(pub(crate) model::session::SignInRecord);

/// A part of a history of sign-ins.
#[derive(SimpleObject)]
pub struct LoginHistory {
    /// The tries, newest first.
    pub(crate) nodes: Vec<SignInRecord>,
    /// How many there are in all.
    pub(crate) total_count: i64,
}

/// What somebody signs in on.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceType {
    /// A computer, or a program that doesn't say.
    Desktop,
    /// A telephone or tablet.
    Mobile,
}

impl DeviceType {
    fn word(self) -> &'static str {
        match self {
            Self::Desktop => "desktop",
            Self::Mobile => "mobile",
        }
    }
}

/// Which tries to sign in.
#[derive(InputObject, Default)]
pub struct LoginHistoryFilter {
    /// From this network address.
    ip: Option<String>,
    /// On this kind of device.
    device_type: Option<DeviceType>,
    /// By this method, such as `password+otp`.
    method: Option<String>,
    /// The one that began this session.
    session: Option<ID>,
    /// Whether what it began still goes on.
    active: Option<bool>,
    /// Whether it succeeded.
    succeeded: Option<bool>,
    /// At or after this instant.
    from: Option<DateTime>,
    /// Before this instant.
    until: Option<DateTime>,
}

impl LoginHistoryFilter {
    pub(crate) fn read(self) -> model::Result<SignInFilter> {
        Ok(SignInFilter {
            ip: self.ip,
            device: self.device_type.map(|kind| kind.word().to_owned()),
            method: self.method,
            session: read_or("session", self.session.as_ref())?,
            active: self.active,
            succeeded: self.succeeded,
            from: self.from.map(|at| at.0),
            until: self.until.map(|at| at.0),
        })
    }
}

/// A second factor: codes by the clock.
#[Object]
impl SecondFactor {
    /// Since when it is asked for.
    async fn enabled_at(&self) -> DateTime {
        self.0.enabled_at.into()
    }

    /// Backup codes that were not used yet.
    async fn backup_codes_left(&self) -> i64 {
        self.0.codes_left
    }
}

/// A device on which the second factor is not asked for.
#[Object]
impl TrustedDevice {
    /// The global id, such as `device_3`.
    async fn id(&self) -> ID {
        global(self.0.id)
    }

    /// What its owner calls it.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// The network address at which it was used last.
    async fn ip(&self) -> Option<&str> {
        self.0.ip.as_deref()
    }

    /// The program in which it was used last.
    async fn user_agent(&self) -> Option<&str> {
        self.0.user_agent.as_deref()
    }

    /// Since when it is trusted.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// When it was used last.
    async fn last_used_at(&self) -> DateTime {
        self.0.last_used_at.into()
    }

    /// Until when it is trusted.
    async fn expires_at(&self) -> DateTime {
        self.0.expires_at.into()
    }
}

/// One try to sign in.
#[Object]
impl SignInRecord {
    /// When it was.
    async fn at(&self) -> DateTime {
        self.0.at.into()
    }

    /// The network address that it came from.
    async fn ip(&self) -> Option<&str> {
        self.0.ip.as_deref()
    }

    /// The program that it was made in.
    async fn user_agent(&self) -> Option<&str> {
        self.0.user_agent.as_deref()
    }

    /// What it was made on, as far as the program says: `desktop - macOS`.
    async fn device(&self) -> String {
        device_of(self.0.user_agent.as_deref()).to_string()
    }

    /// `password`, `password+otp`, `password+backup`, `password+trusted`, `register`.
    async fn method(&self) -> &str {
        &self.0.method
    }

    /// Whether it succeeded.
    async fn succeeded(&self) -> bool {
        self.0.succeeded()
    }

    /// The session that it began.
    async fn session_id(&self) -> Option<ID> {
        self.0.session.map(global)
    }

    /// Whether that session still goes on.
    async fn active(&self, ctx: &Context<'_>) -> Result<bool> {
        Ok(self.0.is_active(Call::of(ctx)?.engine.now()))
    }

    /// When that session ended.
    async fn ended_at(&self) -> Option<DateTime> {
        self.0.ended_at.map(DateTime)
    }
}
