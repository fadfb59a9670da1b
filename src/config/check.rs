//! What a setting must be, beyond its kind: ranges, addresses, URLs.
//!
//! A problem is a sentence that follows the setting's name ("must be …"), or one that opens with the wrong value in
//! backquotes.

use super::section::Email;
use super::{Config, host_of};
use tracing_subscriber::EnvFilter;

/// Says every problem as (setting, sentence).
pub(super) fn check(config: &Config, say: &mut dyn FnMut(&str, String)) {
    addresses(config, say);
    texts(config, say);
    for (key, value, least, most, unit) in ranges(config) {
        if !(least..=most).contains(&value) {
            say(key, format!("must be from {least} to {most} {unit}, not {value}."));
        }
    }
    sla(config, say);
}

fn addresses(config: &Config, say: &mut dyn FnMut(&str, String)) {
    if config.listen.is_empty() {
        say("listen", "needs at least one address, such as 127.0.0.1:8080.".into());
    }
    for (index, address) in config.listen.iter().enumerate() {
        if address.port() != 0 && config.listen.iter().take(index).any(|earlier| earlier == address) {
            say("listen", format!("names {address} twice."));
        }
    }
    let url = config.public_url.as_str();
    if !is_origin(url, true) && !config.listen.is_empty() {
        say(
            "public_url",
            format!("must be an http:// or https:// address, such as https://desk.example.org, not `{url}`."),
        );
    } else if url.ends_with('/') {
        say("public_url", format!("must not end with a slash: write {}.", url.trim_end_matches('/')));
    }
    for origin in &config.http.cors_origins {
        if origin != "*" && !is_origin(origin, false) {
            let why = "is not an origin. Write scheme, host and port only, such as https://panel.example.org, or *.";
            say("http.cors_origins", format!("`{origin}` {why}"));
        }
    }
}

/// `http(s)://host`, and a path only where one may follow.
fn is_origin(url: &str, path_allowed: bool) -> bool {
    let Some(rest) = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://")) else { return false };
    let clean =
        !rest.contains(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '?' | '#' | '@' | '"' | '<'));
    !host_of(url).is_empty() && clean && (path_allowed || !rest.contains('/'))
}

fn texts(config: &Config, say: &mut dyn FnMut(&str, String)) {
    if config.data_dir.as_os_str().is_empty() {
        say("data_dir", "must name a directory.".into());
    }
    let url = &config.database_url;
    if !url.is_sqlite() && !url.is_postgres() {
        say("database_url", "must begin with sqlite:// or postgres://.".into());
    } else if url.expose().ends_with("://") {
        say("database_url", "names no database: write sqlite://PATH or postgres://USER@HOST/NAME.".into());
    }
    if let Err(error) = EnvFilter::builder().parse(&config.log.level) {
        say("log.level", format!("must be a level such as info, or a list such as info,sqlx=debug: {error}."));
    }
    let mails = config.admin_email.iter().map(|address| ("admin_email", address));
    for (key, address) in mails.chain(config.email.addresses.iter().map(|address| ("email.addresses", address))) {
        let parts = address.rsplit_once('@');
        if parts.is_none_or(|(name, domain)| name.is_empty() || domain.is_empty())
            || address.contains(char::is_whitespace)
        {
            say(key, format!("`{address}` is not an e-mail address."));
        }
    }
    mail(&config.email, say);
    for (key, bot) in [("discord", &config.discord), ("telegram", &config.telegram)] {
        let url = bot.api_url.as_deref().unwrap_or("http://unset");
        if !(url.starts_with("http://") || url.starts_with("https://")) || url.contains(char::is_whitespace) {
            say(&format!("{key}.api_url"), format!("`{url}` is not an address: write http:// or https:// and a host."));
        }
    }
    let domain = &config.email.domain;
    if domain.contains(|c: char| c.is_whitespace() || matches!(c, '@' | '<' | '>' | '/')) {
        say("email.domain", format!("`{domain}` is not a domain. Write a name such as desk.example.org."));
    }
    let allowed = config.attachments.allowed_types.iter().map(|media| ("attachments.allowed_types", media));
    let blocked = config.attachments.blocked_types.iter().map(|media| ("attachments.blocked_types", media));
    for (key, media) in allowed.chain(blocked) {
        let parts = media.split_once('/');
        if parts.is_none_or(|(kind, name)| kind.is_empty() || name.is_empty() || name.contains('/')) {
            say(key, format!("`{media}` is not a media type. Write image/png, or image/* for all pictures."));
        }
    }
}

fn mail(email: &Email, say: &mut dyn FnMut(&str, String)) {
    let Email { smtp_host, smtp_port, smtp_from, smtp_from_name, .. } = email;
    let set = model::mail::EmailConfig {
        host: Some(smtp_host.clone()),
        port: Some(*smtp_port),
        username: Some(email.smtp_username.clone()),
        from: Some(smtp_from.clone()),
        from_name: Some(smtp_from_name.clone()),
        ..model::mail::EmailConfig::default()
    };
    // The same rule as for what administrators set.
    if let Err(model::Error::Invalid(problems)) = model::mail::check(set) {
        for problem in problems {
            say(&format!("email.{}", problem.field), format!("{}.", problem.problem));
        }
    }
    if email.dkim_selector.is_empty() {
        say("email.dkim_selector", "must name where the public key stands.".into());
    }
    for (key, name) in [("email.dkim_domain", &email.dkim_domain), ("email.dkim_selector", &email.dkim_selector)] {
        if !name.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c)) {
            say(key, format!("`{name}` is not a name of the DNS."));
        }
    }
}

type Range = (&'static str, u64, u64, u64, &'static str);

/// (setting, value, least, most, unit)
fn ranges(config: &Config) -> Vec<Range> {
    let Config { http, database, graphql, auth, rate_limit, email, attachments, tickets, events, webhooks, .. } =
        config;
    let day = 86_400;
    let gib = 1 << 30;
    vec![
        ("http.max_body_bytes", http.max_body_bytes, 1024, gib, "bytes"),
        ("http.request_timeout_seconds", http.request_timeout_seconds, 1, 3600, "seconds"),
        ("http.max_connections", http.max_connections as u64, 10, 1_000_000, "connections"),
        ("http.shutdown_grace_seconds", http.shutdown_grace_seconds, 0, 3600, "seconds"),
        ("database.max_connections", database.max_connections.into(), 3, 1000, "connections"),
        ("database.read_connections", database.read_connections.into(), 1, 100, "connections"),
        ("graphql.max_depth", graphql.max_depth as u64, 1, 1000, "levels"),
        ("graphql.max_complexity", graphql.max_complexity as u64, 1, 10_000_000, "points"),
        ("graphql.batching", graphql.batching as u64, 0, 1000, "operations"),
        ("graphql.persisted_queries", graphql.persisted_queries, 0, 1_000_000, "queries"),
        (
            "graphql.max_subscriptions_per_socket",
            graphql.max_subscriptions_per_socket as u64,
            1,
            100_000,
            "subscriptions",
        ),
        ("graphql.max_sockets_per_user", graphql.max_sockets_per_user as u64, 1, 1_000_000, "sockets"),
        ("graphql.connection_init_timeout_seconds", graphql.connection_init_timeout_seconds, 1, 600, "seconds"),
        ("graphql.ping_interval_seconds", graphql.ping_interval_seconds, 0, 3600, "seconds"),
        ("auth.access_token_minutes", auth.access_token_minutes.into(), 1, 1440, "minutes"),
        ("auth.refresh_token_days", auth.refresh_token_days.into(), 1, 365, "days"),
        ("auth.password_min_length", auth.password_min_length as u64, 1, 128, "characters"),
        ("auth.login_attempts", auth.login_attempts.into(), 1, 1_000_000, "attempts"),
        ("auth.login_window_seconds", auth.login_window_seconds, 1, day, "seconds"),
        ("auth.max_password_hashes", auth.max_password_hashes as u64, 1, 256, "hashes"),
        ("rate_limit.anonymous", rate_limit.anonymous.into(), 0, 1_000_000, "requests"),
        ("rate_limit.user", rate_limit.user.into(), 0, 1_000_000, "requests"),
        ("rate_limit.agent", rate_limit.agent.into(), 0, 1_000_000, "requests"),
        ("rate_limit.supervisor", rate_limit.supervisor.into(), 0, 1_000_000, "requests"),
        ("rate_limit.admin", rate_limit.admin.into(), 0, 1_000_000, "requests"),
        ("email.smtp_timeout_seconds", email.smtp_timeout_seconds, 1, 600, "seconds"),
        ("email.max_message_bytes", email.max_message_bytes, 1024, gib, "bytes"),
        ("attachments.max_bytes", attachments.max_bytes, 1, 4 * gib, "bytes"),
        ("attachments.max_per_comment", attachments.max_per_comment as u64, 0, 1000, "files"),
        ("attachments.link_minutes", attachments.link_minutes.into(), 1, 10_080, "minutes"),
        ("tickets.auto_close_resolved_after_hours", tickets.auto_close_resolved_after_hours.into(), 0, 87_600, "hours"),
        ("tickets.max_custom_fields_bytes", tickets.max_custom_fields_bytes as u64, 2, 1 << 20, "bytes"),
        ("webhooks.timeout_seconds", webhooks.timeout_seconds, 1, 60, "seconds"),
        ("events.replay_days", events.replay_days.into(), 1, 3650, "days"),
    ]
}

fn sla(config: &Config, say: &mut dyn FnMut(&str, String)) {
    for (priority, (first, done)) in config.sla_hours() {
        for (section, hours) in [("response", first), ("resolution", done)] {
            if !(1..=87_600).contains(&hours) {
                let key = format!("sla.{section}_hours.{priority}");
                say(&key, format!("must be from 1 to 87600 hours, not {hours}."));
            }
        }
    }
}
