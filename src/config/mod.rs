//! The settings: `config.default.toml` < `echodesk.toml` < the environment < flags.
//!
//! This is the only place that reads the environment, and `config.default.toml` the only place that knows a default.
//! A name nobody knows is an error wherever it stands, and a value that cannot work is refused here, before anything is
//! opened: what gets past [`Config::load`] can be believed. Secrets come out as `***` however they are printed.

mod check;
mod error;
mod locale;
mod manual;
mod section;
mod source;
mod spelling;
mod value;

#[cfg(test)]
mod tests;

pub use error::ConfigError;
pub use locale::{Language, language};
pub use manual::settings_markdown;
pub use section::{
    Attachments, Auth, Bot, Database, Email, Events, ForwardedHeader, Graphql, Hours, Http, Log, LogFormat, Metrics,
    RateLimit, Security, Sla, Tickets, Webhooks,
};
pub use value::{BusinessZone, DatabaseUrl, Network, Secret};

use serde::{Deserialize, Serialize};
use source::{Given, Sources};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

/// The file that holds every default and explains every setting.
pub const DEFAULTS: &str = include_str!("../../config.default.toml");

/// Everything that can be set, checked. The units stand in the names; what each means stands in `config.default.toml`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    #[serde(deserialize_with = "value::listen")]
    pub listen: Vec<SocketAddr>,
    /// Never ends with a slash. With port 0 in `listen` and no setting, the port here is 0 too.
    pub public_url: String,
    pub data_dir: PathBuf,
    /// Always set after loading: the SQLite file in `data_dir` unless the setting says otherwise.
    pub database_url: DatabaseUrl,
    #[serde(deserialize_with = "value::optional")]
    pub admin_email: Option<String>,
    #[serde(deserialize_with = "value::optional")]
    pub admin_password: Option<Secret>,
    pub business_zone: BusinessZone,
    pub log: Log,
    pub http: Http,
    pub database: Database,
    pub graphql: Graphql,
    pub auth: Auth,
    pub rate_limit: RateLimit,
    pub email: Email,
    pub attachments: Attachments,
    pub sla: Sla,
    pub tickets: Tickets,
    pub events: Events,
    pub webhooks: Webhooks,
    pub discord: Bot,
    pub telegram: Bot,
    pub metrics: Metrics,
}

// The flags that set something; the CLI flattens them into its own. No doc comment: clap would show it as the
// program's.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Flags {
    /// Read this file instead of ./echodesk.toml
    #[arg(long, value_name = "FILE", global = true, help_heading = "Settings")]
    pub config: Option<PathBuf>,
    /// Listen on this address (repeat, or separate by commas)
    #[arg(long, value_name = "ADDRESS", global = true, help_heading = "Settings")]
    pub listen: Vec<String>,
    /// Where people reach this server from outside
    #[arg(long, value_name = "URL", global = true, help_heading = "Settings")]
    pub public_url: Option<String>,
    /// Keep everything in this directory
    #[arg(long, value_name = "DIRECTORY", global = true, help_heading = "Settings")]
    pub data_dir: Option<String>,
    /// Use this database: sqlite://PATH or postgres://…
    #[arg(long, value_name = "URL", global = true, help_heading = "Settings")]
    pub database_url: Option<String>,
    /// How much to log: error, warn, info, debug, trace
    #[arg(long, value_name = "LEVEL", global = true, help_heading = "Settings")]
    pub log_level: Option<String>,
    /// How log lines look: text or json
    #[arg(long, value_name = "FORMAT", global = true, help_heading = "Settings")]
    pub log_format: Option<String>,
    /// Set any setting of config.default.toml (repeat for more)
    #[arg(long, value_name = "NAME=VALUE", global = true, help_heading = "Settings")]
    pub set: Vec<String>,
}

impl Config {
    /// Reads the default file, the file, the environment and the flags, in this order; what comes later wins.
    ///
    /// The error holds every problem that was found, not only the first.
    pub fn load(flags: Flags) -> Result<Self, ConfigError> {
        Self::from_sources(Sources::of_this_process(flags)?)
    }

    /// The defaults with these settings, as `--set` would set them. Neither environment nor files are read: for tests.
    pub fn with(settings: &[(&str, &str)]) -> Result<Self, ConfigError> {
        let set = settings.iter().map(|(name, value)| format!("{name}={value}")).collect();
        Self::from_sources(Sources { flags: Flags { set, ..Flags::default() }, ..Sources::default() })
    }

    fn from_sources(sources: Sources) -> Result<Self, ConfigError> {
        let given = Given::read(&sources)?;
        let mut config: Self = given.extract()?;
        config.fill_in();
        let mut problems = Vec::new();
        check::check(&config, &mut |key, problem| problems.push(given.problem(key, &problem)));
        ConfigError::unless_empty(problems)?;
        Ok(config)
    }

    /// Settings that are made from others where they are not set.
    fn fill_in(&mut self) {
        if self.public_url.is_empty()
            && let Some(first) = self.listen.first()
        {
            self.public_url = format!("http://{}", reachable(*first));
        }
        if self.database_url.is_empty() {
            self.database_url = DatabaseUrl::sqlite_file(&self.data_dir.join("echodesk.db"));
        }
        if self.email.domain.is_empty() {
            self.email.domain = host_of(&self.public_url).to_owned();
        }
    }

    /// The targets by priority, as (priority, first answer, resolution), in hours.
    pub fn sla_hours(&self) -> BTreeMap<&'static str, (u32, u32)> {
        let Sla { response_hours: first, resolution_hours: done } = &self.sla;
        BTreeMap::from([
            ("low", (first.low, done.low)),
            ("normal", (first.normal, done.normal)),
            ("high", (first.high, done.high)),
            ("urgent", (first.urgent, done.urgent)),
            ("critical", (first.critical, done.critical)),
        ])
    }
}

/// The address as a caller on this machine would write it: nobody can connect to 0.0.0.0.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

/// `desk.example.org` of `https://desk.example.org:8443/path`.
fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    if let Some((inside, _)) = authority.strip_prefix('[').and_then(|v6| v6.split_once(']')) {
        return inside;
    }
    authority.split(':').next().unwrap_or(authority)
}
