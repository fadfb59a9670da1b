//! The sections of the settings, one struct each, spelled as in `config.default.toml`.
//!
//! No default stands here, and no rule: `config.default.toml` has the ones, `check.rs` the others.

use super::value::{self, Network, Secret};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// `[log]`
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    pub format: LogFormat,
    /// The directives of an env-filter, known to parse.
    pub level: String,
}

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    Text,
    Json,
}

/// `[http]`
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// Origins without a slash at the end, or `*`.
    pub cors_origins: Vec<String>,
    pub max_body_bytes: u64,
    pub request_timeout_seconds: u64,
    pub max_connections: usize,
    pub trusted_proxies: Vec<Network>,
    pub forwarded_header: ForwardedHeader,
    pub shutdown_grace_seconds: u64,
}

/// Where a proxy says whom it speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ForwardedHeader {
    XForwardedFor,
    Forwarded,
}

/// `[database]`
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    pub max_connections: u32,
    pub read_connections: u32,
}

/// `[graphql]`
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Graphql {
    pub introspection: bool,
    pub playground: bool,
    pub max_depth: usize,
    pub max_complexity: usize,
    /// Operations in one request; 0 refuses arrays.
    pub batching: usize,
    /// Remembered queries; 0 switches them off.
    pub persisted_queries: u64,
    pub max_subscriptions_per_socket: usize,
    pub max_sockets_per_user: usize,
    pub connection_init_timeout_seconds: u64,
    /// 0 never pings.
    pub ping_interval_seconds: u64,
}

/// `[auth]`
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    pub access_token_minutes: u32,
    pub refresh_token_days: u32,
    pub password_min_length: usize,
    pub login_attempts: u32,
    pub login_window_seconds: u64,
    pub max_password_hashes: usize,
}

/// `[rate_limit]`
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    pub enabled: bool,
    /// Requests per minute; 0 is without a limit. So are the next four.
    pub anonymous: u32,
    pub user: u32,
    pub agent: u32,
    pub supervisor: u32,
    pub admin: u32,
    /// Whether `/graphql` is counted, too.
    pub graphql: bool,
    /// Whether `/api` is counted, too.
    pub api: bool,
}

/// `[email]`
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Email {
    /// Always set after loading: the host of `public_url` unless the setting says otherwise.
    pub domain: String,
    pub addresses: Vec<String>,
    #[serde(deserialize_with = "value::optional")]
    pub hook_secret: Option<Secret>,
    pub max_message_bytes: u64,
    /// Empty: none.
    pub smtp_host: String,
    pub smtp_port: u16,
    pub smtp_tls: Security,
    #[serde(deserialize_with = "value::optional")]
    pub smtp_ca_file: Option<PathBuf>,
    pub smtp_username: String,
    #[serde(deserialize_with = "value::optional")]
    pub smtp_password: Option<Secret>,
    pub smtp_from: String,
    pub smtp_from_name: String,
    pub smtp_timeout_seconds: u64,
    /// All three, or none.
    pub dkim_domain: String,
    pub dkim_selector: String,
    #[serde(deserialize_with = "value::optional")]
    pub dkim_key_file: Option<PathBuf>,
}

/// How the connection to the mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    None,
    Starttls,
    Tls,
}

/// `[attachments]`
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Attachments {
    pub max_bytes: u64,
    pub max_per_comment: usize,
    /// Media types such as `image/png` or `image/*`; empty takes all.
    pub allowed_types: Vec<String>,
    /// Wins over `allowed_types`.
    pub blocked_types: Vec<String>,
    /// How long a signed address works, at least.
    pub link_minutes: u32,
}

/// `[sla]`
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Sla {
    pub response_hours: Hours,
    pub resolution_hours: Hours,
}

/// Hours by priority.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Hours {
    pub low: u32,
    pub normal: u32,
    pub high: u32,
    pub urgent: u32,
    pub critical: u32,
}

/// `[tickets]`
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Tickets {
    /// 0 leaves resolved tickets resolved.
    pub auto_close_resolved_after_hours: u32,
    pub max_custom_fields_bytes: usize,
}

/// `[events]`
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Events {
    pub replay_days: u32,
}

/// `[webhooks]`
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Webhooks {
    pub allow_private: bool,
    pub timeout_seconds: u64,
}

/// `[discord]` and `[telegram]`
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Bot {
    #[serde(deserialize_with = "value::optional")]
    pub token: Option<Secret>,
    #[serde(deserialize_with = "value::optional")]
    pub api_url: Option<String>,
}

/// `[metrics]`
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Metrics {
    pub enabled: bool,
    /// Answers everybody; otherwise only an administrator's token.
    pub public: bool,
}
