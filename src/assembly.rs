//! From the settings to what each part is started with: one function per part, and no rule.

use crate::config::{Config, Email, Hours, RateLimit, Security};
use crate::http::graphql::{Batching, Options as TransportOptions};
use channels::email::Ours;
use engine::{Carrier, Reach};
use model::mail::{self, Smtp};
use model::policy::Policy;
use model::sla::{self, Targets};
use model::time::Zone;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;
use tokio::sync::watch;

/// Milliseconds of a second, for settings in seconds.
const MILLIS: i64 = 1_000;

/// What the engine is started with.
pub fn engine_options(config: &Config) -> engine::Options {
    let mut options = engine::Options::new(config.database_url.expose(), &config.data_dir);
    options.store.max_connections = config.database.max_connections;
    options.store.read_connections = config.database.read_connections;
    options.policy = policy(config);
    options.attachments.max_bytes = config.attachments.max_bytes;
    options.attachments.allowed_types.clone_from(&config.attachments.allowed_types);
    options.attachments.blocked_types.clone_from(&config.attachments.blocked_types);
    options.email.domain.clone_from(&config.email.domain);
    options.email.addresses.clone_from(&config.email.addresses);
    options.email.smtp_password = config.email.smtp_password.as_ref().map(|p| engine::Password::new(p.expose()));
    options.accounts.login_attempts = if config.rate_limit.enabled { config.auth.login_attempts } else { 0 };
    options.accounts.login_window_ms =
        i64::try_from(config.auth.login_window_seconds).unwrap_or(i64::MAX / MILLIS).saturating_mul(MILLIS);
    options.accounts.max_password_hashes = config.auth.max_password_hashes;
    options.rates = rates(&config.rate_limit);
    options.replay_days = i64::from(config.events.replay_days);
    options.webhooks = reach(config);
    options.link_minutes = i64::from(config.attachments.link_minutes);
    options
}

fn rates(limits: &RateLimit) -> engine::Rates {
    engine::Rates {
        enabled: limits.enabled,
        anonymous: limits.anonymous,
        user: limits.user,
        agent: limits.agent,
        supervisor: limits.supervisor,
        admin: limits.admin,
    }
}

fn policy(config: &Config) -> Policy {
    let auto_close = config.tickets.auto_close_resolved_after_hours;
    Policy {
        sla: Targets { response: hours(&config.sla.response_hours), resolution: hours(&config.sla.resolution_hours) },
        zone: Zone::east_minutes(config.business_zone.minutes_east()).unwrap_or_default(),
        auto_close_hours: (auto_close > 0).then_some(i64::from(auto_close)),
        max_custom_fields: config.tickets.max_custom_fields_bytes,
        max_attachments_per_comment: config.attachments.max_per_comment,
        password_min_length: config.auth.password_min_length,
        access_minutes: i64::from(config.auth.access_token_minutes),
        refresh_days: i64::from(config.auth.refresh_token_days),
        smtp: smtp(&config.email),
        max_file_bytes: config.attachments.max_bytes,
        // The rest is changed by administrators while the service runs, and begins as it is.
        ..Policy::default()
    }
}

fn smtp(email: &Email) -> Smtp {
    Smtp {
        host: email.smtp_host.trim().to_lowercase(),
        port: email.smtp_port,
        username: email.smtp_username.trim().to_owned(),
        from: email.smtp_from.trim().to_lowercase(),
        from_name: email.smtp_from_name.trim().to_owned(),
        security: match email.smtp_tls {
            Security::None => mail::Security::None,
            Security::Starttls => mail::Security::StartTls,
            Security::Tls => mail::Security::Tls,
        },
        has_password: email.smtp_password.is_some(),
        enabled: true,
    }
}

fn hours(hours: &Hours) -> sla::Hours {
    sla::Hours {
        low: i64::from(hours.low),
        normal: i64::from(hours.normal),
        high: i64::from(hours.high),
        urgent: i64::from(hours.urgent),
        critical: i64::from(hours.critical),
    }
}

/// The file of an SQLite store; percent signs, question marks and number signs come encoded.
pub fn sqlite_file(config: &Config) -> Option<PathBuf> {
    let path = config.database_url.expose().strip_prefix("sqlite://")?.split('?').next()?;
    Some(PathBuf::from(path.replace("%3F", "?").replace("%23", "#").replace("%25", "%")))
}

/// By what mail to and from ourselves is known.
pub fn mailboxes(config: &Config) -> Ours {
    Ours { domain: config.email.domain.clone(), addresses: config.email.addresses.clone() }
}

fn reach(config: &Config) -> Reach {
    Reach { private: config.webhooks.allow_private }
}

fn token(bot: &crate::config::Bot) -> Option<String> {
    bot.token.as_ref().map(|token| token.expose().to_owned())
}

/// Everything that carries messages out. `public_url` is where people really reach this server.
pub fn carriers(config: &Config, public_url: String) -> model::Result<Vec<Arc<dyn Carrier>>> {
    let webhooks = channels::webhook::Options {
        public_url: public_url.clone(),
        timeout: Duration::from_secs(config.webhooks.timeout_seconds),
        reach: reach(config),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let email = &config.email;
    let key = email.dkim_key_file.as_ref();
    let mail = channels::mailer::Options {
        public_url: public_url.clone(),
        timeout: Duration::from_secs(email.smtp_timeout_seconds),
        ca_file: email.smtp_ca_file.clone(),
        dkim: key.map(|key| channels::mailer::DkimOptions {
            domain: email.dkim_domain.clone(),
            selector: email.dkim_selector.clone(),
            key_file: key.clone(),
        }),
    };
    let discord = channels::direct::Options {
        token: token(&config.discord),
        api_url: config.discord.api_url.clone(),
        public_url: public_url.clone(),
    };
    let telegram = channels::direct::Options {
        token: token(&config.telegram),
        api_url: config.telegram.api_url.clone(),
        public_url,
    };
    Ok(vec![
        Arc::new(channels::webhook::Webhooks::new(webhooks)?),
        Arc::new(channels::mailer::Mailer::new(mail)?),
        Arc::new(channels::discord::Discord::new(discord)?),
        Arc::new(channels::telegram::Telegram::new(telegram)?),
    ])
}

/// What the GraphQL transport is started with. `stopping` turns true when the server goes down.
pub fn transport_options(
    config: &Config,
    max_upload_bytes: Arc<AtomicU64>,
    stopping: watch::Receiver<bool>,
) -> TransportOptions {
    let graphql = &config.graphql;
    let body = usize::try_from(config.http.max_body_bytes).unwrap_or(usize::MAX);
    let patience = Duration::from_secs(config.http.request_timeout_seconds);
    let defaults = TransportOptions::default();
    // 0 never pings: a day is as good as never, and keeps the transport simple.
    let ping = match graphql.ping_interval_seconds {
        0 => NEVER,
        seconds => Duration::from_secs(seconds),
    };
    TransportOptions {
        max_body_bytes: body,
        max_message_bytes: body,
        max_upload_bytes,
        max_uploads: config.attachments.max_per_comment,
        batching: if graphql.batching == 0 { Batching::Off } else { Batching::On(graphql.batching) },
        persisted_queries: usize::try_from(graphql.persisted_queries).unwrap_or(usize::MAX),
        body_timeout: patience,
        execution_timeout: patience,
        connection_init_timeout: Duration::from_secs(graphql.connection_init_timeout_seconds),
        ping_interval: ping,
        keep_alive: if ping == NEVER { NEVER } else { ping.min(defaults.keep_alive) },
        max_subscriptions_per_socket: graphql.max_subscriptions_per_socket,
        max_sockets_per_user: graphql.max_sockets_per_user,
        introspection: graphql.introspection,
        playground: graphql.playground,
        shutdown: Some(stopping),
        ..defaults
    }
}

/// Longer than a connection lives.
const NEVER: Duration = Duration::from_hours(24);

/// What the schema is made with.
pub fn schema_options(config: &Config) -> graphql::Options {
    graphql::Options {
        introspection: config.graphql.introspection,
        max_depth: config.graphql.max_depth,
        max_complexity: config.graphql.max_complexity,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..graphql::Options::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sqlite_files() {
        let file = |url| sqlite_file(&Config::with(&[("database_url", url)]).unwrap());
        assert_eq!(file("sqlite:///a/b%25%3F.db?mode=rwc"), Some(PathBuf::from("/a/b%?.db")));
        assert_eq!(file("postgres://x/y"), None);
    }
}
