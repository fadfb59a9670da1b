//! The sources against each other, and the file of defaults against its promises.

use super::source::{Given, Sources, defaults, variable_name};
use super::*;

fn load(file: &str, environment: &[(&str, &str)], flags: Flags) -> Result<Config, ConfigError> {
    let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let file = Some(("echodesk.toml".to_owned(), file.to_owned()));
    Config::from_sources(Sources { file, environment, flags, rust_log: None })
}

fn from_file(file: &str) -> Result<Config, ConfigError> {
    load(file, &[], Flags::default())
}

fn from_env(name: &str, value: &str) -> Result<Config, ConfigError> {
    load("", &[(name, value)], Flags::default())
}

fn problems(result: Result<Config, ConfigError>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn the_defaults_are_those_of_the_contract() {
    let config = Config::with(&[]).unwrap();
    assert_eq!(config.listen, ["127.0.0.1:8080".parse().unwrap()]);
    assert_eq!(config.public_url, "http://127.0.0.1:8080");
    assert_eq!(config.database_url.expose(), "sqlite://data/echodesk.db");
    assert_eq!(config.business_zone.minutes_east(), 480);
    assert_eq!(config.email.domain, "127.0.0.1");
    assert!(config.admin_email.is_none() && config.admin_password.is_none() && config.email.hook_secret.is_none());
    assert_eq!((config.http.max_body_bytes, config.http.max_connections), (1 << 20, 10_000));
    assert_eq!(config.http.forwarded_header, ForwardedHeader::XForwardedFor);
    assert_eq!((config.database.max_connections, config.database.read_connections), (16, 4));
    assert_eq!((config.auth.access_token_minutes, config.auth.refresh_token_days), (15, 7));
    assert_eq!(config.sla_hours()["normal"], (8, 72));
    assert_eq!(config.sla_hours()["critical"], (1, 2));
    assert_eq!(config.tickets.auto_close_resolved_after_hours, 168);
    assert_eq!(config.email.max_message_bytes, 50 << 20);
}

/// What a setting is without any source is what the file says, each and every one.
#[test]
fn every_default_is_the_files() {
    let made_from_others = ["public_url", "database_url", "email.domain"];
    let config = serde_json::to_value(Config::with(&[]).unwrap()).unwrap();
    for (key, default) in defaults().unwrap() {
        let actual = config.pointer(&format!("/{}", key.replace('.', "/"))).unwrap_or_else(|| panic!("{key} is lost"));
        let default = serde_json::to_value(&default).unwrap();
        if made_from_others.contains(&key.as_str()) {
            assert_eq!(default, "", "{key}");
            assert_ne!(*actual, default, "{key}");
        } else if actual.is_null() {
            assert_eq!(default, "", "{key}");
        } else {
            assert_eq!(*actual, default, "{key}");
        }
    }
}

#[test]
fn later_sources_win() {
    let file =
        "listen = [\"127.0.0.1:1\"]\n[log]\nlevel = \"warn\"\nformat = \"json\"\n[http]\nmax_body_bytes = 2048\n";
    let env = [("ECHODESK_LISTEN", "127.0.0.1:2"), ("ECHODESK_LOG__LEVEL", "debug")];
    let flags =
        Flags { listen: vec!["127.0.0.1:3".into()], set: vec!["auth.login_attempts=3".into()], ..Flags::default() };
    let config = load(file, &env, flags).unwrap();
    assert_eq!(config.listen, ["127.0.0.1:3".parse().unwrap()]);
    assert_eq!((config.log.level.as_str(), config.log.format), ("debug", LogFormat::Json));
    assert_eq!((config.http.max_body_bytes, config.auth.login_attempts), (2048, 3));
}

#[test]
fn rust_log_is_weaker_than_our_own_variable() {
    let with = |environment: Vec<(String, String)>| {
        let sources = Sources { rust_log: Some("trace".into()), environment, ..Sources::default() };
        Config::from_sources(sources).unwrap().log.level
    };
    assert_eq!(with(vec![]), "trace");
    assert_eq!(with(vec![("ECHODESK_LOG__LEVEL".into(), "warn".into())]), "warn");
}

#[test]
fn unknown_names_are_refused_with_a_suggestion() {
    for (file, said) in [
        ("listne = \"x\"", "echodesk.toml: unknown setting `listne`. Did you mean `listen`?"),
        ("[emial]\ndomain = \"x\"", "echodesk.toml: unknown setting `emial.domain`. Did you mean `email.domain`?"),
        ("[wombat]\nfoo = 1", "echodesk.toml: unknown setting `wombat.foo`."),
        ("[wombat]", "echodesk.toml: unknown setting `wombat`."),
        (
            "[log]\nlisten = []",
            "echodesk.toml: unknown setting `log.listen`. Did you mean `listen`? It has to stand above the first [section].",
        ),
        ("log = \"json\"", "echodesk.toml: `log` is a section and has no value of its own. Write [log]."),
        ("[[log]]", "echodesk.toml: `log` is a section and has no value of its own. Write [log]."),
    ] {
        assert_eq!(problems(from_file(file)), said, "{file}");
    }
    for (name, said) in [
        ("ECHODESK_LISTNE", "ECHODESK_LISTNE is not a setting I know. Did you mean ECHODESK_LISTEN?"),
        (
            "ECHODESK_RATE_LIMIT_ENABLED",
            "ECHODESK_RATE_LIMIT_ENABLED is not a setting I know. Did you mean ECHODESK_RATE_LIMIT__ENABLED?",
        ),
        ("ECHODESK_LOG_LEVEL", "ECHODESK_LOG_LEVEL is not a setting I know. Did you mean ECHODESK_LOG__LEVEL?"),
        ("ECHODESK_CONFG", "ECHODESK_CONFG is not a setting I know. Did you mean ECHODESK_CONFIG?"),
        ("ECHODESK_", "ECHODESK_ is not a setting I know."),
        ("ECHODESK_WOMBAT", "ECHODESK_WOMBAT is not a setting I know."),
    ] {
        assert_eq!(problems(from_env(name, "1")), said, "{name}");
    }
    let flags = Flags { set: vec!["log.levle=info".into(), "nonsense".into()], ..Flags::default() };
    let said = "--set log.levle: unknown setting `log.levle`. Did you mean `log.level`?\n\
                --set nonsense: write NAME=VALUE, such as --set log.format=json.";
    assert_eq!(problems(load("", &[], flags)), said);
}

#[test]
fn every_problem_is_told_at_once() {
    let said = problems(load("a = 1\nb = 2", &[("ECHODESK_C", "3")], Flags::default()));
    assert_eq!(said.lines().count(), 3, "{said}");
}

#[test]
fn broken_files_are_named_without_their_text() {
    let said = problems(from_file("listen = []\nadmin_password = \"hunter2\n"));
    assert!(said.starts_with("echodesk.toml, line 2: this is not TOML: "), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
}

#[test]
fn lists_take_commas_everywhere() {
    let two = ["127.0.0.1:8080".parse().unwrap(), "[::1]:8080".parse().unwrap()];
    for text in ["127.0.0.1:8080,[::1]:8080", " 127.0.0.1:8080 , [::1]:8080, ", "[\"127.0.0.1:8080\", \"[::1]:8080\"]"]
    {
        assert_eq!(from_env("ECHODESK_LISTEN", text).unwrap().listen, two, "{text}");
    }
    assert_eq!(from_file("listen = \"127.0.0.1:8080, [::1]:8080\"").unwrap().listen, two);
    assert_eq!(from_env("ECHODESK_LISTEN", "[::1]:8080").unwrap().listen, two[1..]);
    assert_eq!(from_env("ECHODESK_ATTACHMENTS__BLOCKED_TYPES", "").unwrap().attachments.blocked_types, [""; 0]);
}

#[test]
fn variables_reach_nested_settings_and_keep_texts_texts() {
    let config = from_env("ECHODESK_SLA__RESPONSE_HOURS__LOW", "48").unwrap();
    assert_eq!(config.sla.response_hours.low, 48);
    assert!(!from_env("ECHODESK_RATE_LIMIT__ENABLED", "off").unwrap().rate_limit.enabled);
    let config = from_env("ECHODESK_ADMIN_PASSWORD", "0123").unwrap();
    assert_eq!(config.admin_password.unwrap().expose(), "0123");
}

#[test]
fn wrong_values_are_refused_where_they_were_set() {
    for (name, value, said) in [
        ("ECHODESK_LISTEN", "", "ECHODESK_LISTEN needs at least one address, such as 127.0.0.1:8080."),
        ("ECHODESK_LISTEN", "127.0.0.1:1,127.0.0.1:1", "ECHODESK_LISTEN names 127.0.0.1:1 twice."),
        (
            "ECHODESK_LISTEN",
            "8080",
            "ECHODESK_LISTEN: `8080` is not an address to listen on. Write an IP address and a port, such as \
             127.0.0.1:8080 or [::1]:8080.",
        ),
        (
            "ECHODESK_PUBLIC_URL",
            "desk.example.org",
            "ECHODESK_PUBLIC_URL must be an http:// or https:// address, such as https://desk.example.org, not \
             `desk.example.org`.",
        ),
        (
            "ECHODESK_PUBLIC_URL",
            "https://desk.example.org/",
            "ECHODESK_PUBLIC_URL must not end with a slash: write https://desk.example.org.",
        ),
        ("ECHODESK_DATABASE_URL", "mysql://x", "ECHODESK_DATABASE_URL must begin with sqlite:// or postgres://."),
        ("ECHODESK_LOG__FORMAT", "xml", "ECHODESK_LOG__FORMAT must be `text` or `json`, not `xml`."),
        (
            "ECHODESK_HTTP__FORWARDED_HEADER",
            "x-real-ip",
            "ECHODESK_HTTP__FORWARDED_HEADER must be `x-forwarded-for` or `forwarded`, not `x-real-ip`.",
        ),
        (
            "ECHODESK_HTTP__MAX_CONNECTIONS",
            "0",
            "ECHODESK_HTTP__MAX_CONNECTIONS must be from 10 to 1000000 connections, not 0.",
        ),
        ("ECHODESK_HTTP__MAX_BODY_BYTES", "1M", "ECHODESK_HTTP__MAX_BODY_BYTES must be a whole number, not `1M`."),
        (
            "ECHODESK_DATABASE__MAX_CONNECTIONS",
            "0",
            "ECHODESK_DATABASE__MAX_CONNECTIONS must be from 3 to 1000 connections, not 0.",
        ),
        ("ECHODESK_METRICS__PUBLIC", "maybe", "ECHODESK_METRICS__PUBLIC must be true or false, not `maybe`."),
        (
            "ECHODESK_BUSINESS_ZONE",
            "Europe/Berlin",
            "ECHODESK_BUSINESS_ZONE: `Europe/Berlin` is not a zone that is known to keep one offset all year. Write an \
             offset, such as +01:00.",
        ),
        (
            "ECHODESK_HTTP__TRUSTED_PROXIES",
            "10.0.0.1,proxy",
            "ECHODESK_HTTP__TRUSTED_PROXIES: `proxy` is not a network. Write an address or a network, such as 10.0.0.0/8.",
        ),
        (
            "ECHODESK_HTTP__CORS_ORIGINS",
            "https://a.example/",
            "ECHODESK_HTTP__CORS_ORIGINS: `https://a.example/` is not an origin. Write scheme, host and port only, such as \
             https://panel.example.org, or *.",
        ),
        ("ECHODESK_ADMIN_EMAIL", "root", "ECHODESK_ADMIN_EMAIL: `root` is not an e-mail address."),
        (
            "ECHODESK_SLA__RESPONSE_HOURS__LOW",
            "0",
            "ECHODESK_SLA__RESPONSE_HOURS__LOW must be from 1 to 87600 hours, not 0.",
        ),
    ] {
        assert_eq!(problems(from_env(name, value)), said, "{name}={value}");
    }
    for (file, said) in [
        ("data_dir = 5", "echodesk.toml: `data_dir` must be a text."),
        ("listen = [8080]", "echodesk.toml: `listen` must be a list of texts."),
        ("[http]\nmax_body_bytes = 1.5", "echodesk.toml: `http.max_body_bytes` must be a whole number."),
        ("[metrics]\npublic = 1", "echodesk.toml: `metrics.public` must be true or false."),
        (
            "[http]\nmax_body_bytes = 1",
            "echodesk.toml: `http.max_body_bytes` must be from 1024 to 1073741824 bytes, not 1.",
        ),
        ("[http]\nmax_body_bytes = -1", "echodesk.toml: `http.max_body_bytes` must be 0 or more, not -1."),
        ("[auth]\nlogin_attempts = 5000000000", "echodesk.toml: `auth.login_attempts` is far too large."),
    ] {
        assert_eq!(problems(from_file(file)), said, "{file}");
    }
    assert!(
        problems(from_env("ECHODESK_LOG__LEVEL", "info,sqlx=loud")).starts_with("ECHODESK_LOG__LEVEL must be a level")
    );
}

#[test]
fn secrets_stay_secret() {
    let config = Config::with(&[
        ("admin_password", "hunter2-a"),
        ("email.hook_secret", "hunter2-b"),
        ("database_url", "postgres://me:hunter2-c@db/desk"),
    ])
    .unwrap();
    let printed = format!("{config:?} {}", serde_json::to_string(&config).unwrap());
    assert!(!printed.contains("hunter2"), "{printed}");
    assert_eq!(config.email.hook_secret.unwrap().expose(), "hunter2-b");
}

#[test]
fn addresses_that_nobody_can_call_are_not_made_public() {
    let of = |listen| Config::with(&[("listen", listen)]).unwrap();
    assert_eq!(of("0.0.0.0:9000").public_url, "http://127.0.0.1:9000");
    assert_eq!(of("[::]:9000").public_url, "http://[::1]:9000");
    assert_eq!(of("[::]:9000").email.domain, "::1");
    assert_eq!(of("localhost:9000").listen, ["127.0.0.1:9000".parse().unwrap()]);
}

/// The file is the manual: each setting has sentences and an example that works.
#[test]
fn every_setting_is_explained() {
    let (sections, entries) = manual::read(DEFAULTS);
    let known: Vec<String> = defaults().unwrap().into_keys().collect();
    let mut explained: Vec<&str> = entries.iter().map(|entry| entry.key.as_str()).collect();
    explained.sort_unstable();
    assert_eq!(explained, known.iter().map(String::as_str).collect::<Vec<_>>(), "one `name = value` line per setting");
    for section in sections {
        assert!(section.meaning.ends_with('.'), "[{}] has no comment", section.name);
    }
    for entry in entries {
        let key = &entry.key;
        assert!(entry.meaning.ends_with('.') && entry.meaning.len() > 40, "{key}: explain it in sentences");
        let default_is_told =
            ["default", "There is no", "Later starts"].iter().any(|word| entry.meaning.contains(word));
        assert!(default_is_told, "{key}: say what the default is");
        let example = entry.example.unwrap_or_else(|| panic!("{key}: no `# Env: …` line"));
        let (name, value) = example.split_once('=').unwrap_or_else(|| panic!("{key}: `{example}`"));
        assert_eq!(name, variable_name(key), "{key}");
        let changed = from_env(name, value).unwrap_or_else(|error| panic!("the example of {key} is refused: {error}"));
        let (changed, usual) = (format!("{changed:?}"), format!("{:?}", Config::with(&[]).unwrap()));
        assert_ne!(changed, usual, "{key}: the example should not be the default");
    }
}

#[test]
fn nothing_given_is_nothing_read() {
    assert!(Given::read(&Sources::default()).is_ok());
    assert!(
        settings_markdown()
            .contains("| `listen` | `[\"127.0.0.1:8080\"]` | `ECHODESK_LISTEN=0.0.0.0:8080,[::1]:8080` |")
    );
}
