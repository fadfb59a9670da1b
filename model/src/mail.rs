//! How mail is sent: what administrators have set, over what the settings file says, and how the last test went.
//!
//! The password is never here: it travels sealed beside a command and an event, and only the engine opens it.

use crate::error::{Error, Problems, Result};
use crate::text::Email;
use crate::time::Time;
use serde::{Deserialize, Serialize};

/// How a connection to the mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// Not at all: for a server on the same machine or network.
    None,
    /// It begins in the clear and must become TLS before anything is said (port 587).
    #[default]
    StartTls,
    /// TLS from the first byte (port 465).
    Tls,
}

impl Security {
    pub const ALL: [Self; 3] = [Self::None, Self::StartTls, Self::Tls];

    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::StartTls => "starttls",
            Self::Tls => "tls",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.word() == word)
    }
}

/// By which server mail goes out, and as whom. Empty texts are absent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Smtp {
    /// Where nothing stands here, no mail is made at all.
    pub host: String,
    pub port: u16,
    /// Where nothing stands here, nobody signs in.
    pub username: String,
    pub from: String,
    pub from_name: String,
    pub security: Security,
    pub has_password: bool,
    /// Whether what is to be sent is sent.
    pub enabled: bool,
}

/// What administrators have set while the service runs; what is `None` is as the settings file says.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct EmailConfig {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security: Option<Security>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Whether a password was set, or (`false`) taken away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub has_password: Option<bool>,
}

impl EmailConfig {
    /// What is in force: what was set, over the file's.
    pub fn over(&self, file: &Smtp) -> Smtp {
        let text = |set: &Option<String>, file: &String| set.clone().unwrap_or_else(|| file.clone());
        Smtp {
            host: text(&self.host, &file.host),
            port: self.port.unwrap_or(file.port),
            username: text(&self.username, &file.username),
            from: text(&self.from, &file.from),
            from_name: text(&self.from_name, &file.from_name),
            security: self.security.unwrap_or(file.security),
            has_password: self.has_password.unwrap_or(file.has_password),
            enabled: self.enabled.unwrap_or(file.enabled),
        }
    }
}

/// How the last test mail went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailTest {
    pub at: Time,
    pub ok: bool,
    /// Why it failed.
    pub why: Option<String>,
}

/// What is known of sending mail: what was set, and the last test.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EmailState {
    pub config: EmailConfig,
    pub test: Option<EmailTest>,
}

/// What an edit sets, checked: every field at fault is named.
pub fn check(set: EmailConfig) -> Result<EmailConfig> {
    let mut problems = Problems::default();
    let checked = EmailConfig {
        host: problems.take(set.host.map(|host| self::host(&host)).transpose())?.flatten(),
        port: set.port,
        username: problems.take(line("smtp_username", set.username, 320))?.flatten(),
        from: problems.take(set.from.map(|from| address(&from)).transpose())?.flatten(),
        from_name: problems.take(line("smtp_from_name", set.from_name, 200))?.flatten(),
        security: set.security,
        enabled: set.enabled,
        has_password: set.has_password,
    };
    if set.port == Some(0) {
        problems.add("smtp_port", "must be 1 to 65535");
    }
    problems.finish()?;
    Ok(checked)
}

fn host(text: &str) -> Result<String> {
    let text = text.trim();
    let good = text.chars().all(|c| c.is_ascii_alphanumeric() || ".-:[]_".contains(c));
    if !good || text.len() > 253 {
        return Err(Error::invalid("smtp_host", "must be a name or an address, such as smtp.example.org"));
    }
    Ok(text.to_lowercase())
}

fn address(text: &str) -> Result<String> {
    if text.trim().is_empty() {
        return Ok(String::new());
    }
    Email::parse("smtp_from", text.trim()).map(Email::into_string)
}

fn line(field: &'static str, text: Option<String>, max: usize) -> Result<Option<String>> {
    let Some(text) = text else { return Ok(None) };
    let text = text.trim();
    if text.chars().count() > max || text.chars().any(char::is_control) {
        return Err(Error::invalid(field, format!("must be one line of at most {max} characters")));
    }
    Ok(Some(text.to_owned()))
}

/// A password for the mail server: what can be sent to one.
pub fn password(text: &str) -> Result<()> {
    if text.chars().count() > 500 || text.chars().any(char::is_control) {
        return Err(Error::invalid("smtp_password", "must be one line of at most 500 characters"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_set_stands_over_the_file_field_by_field() {
        let file = Smtp {
            host: "mail.file".into(),
            port: 587,
            username: "file".into(),
            from: "file@example.org".into(),
            security: Security::Tls,
            has_password: true,
            enabled: true,
            ..Smtp::default()
        };
        assert_eq!(EmailConfig::default().over(&file), file);
        let set = EmailConfig {
            host: Some("mail.set".into()),
            username: Some(String::new()),
            has_password: Some(false),
            enabled: Some(false),
            ..EmailConfig::default()
        };
        let over = set.over(&file);
        assert_eq!((over.host.as_str(), over.username.as_str(), over.port), ("mail.set", "", 587));
        assert!(!over.has_password && !over.enabled);
        assert_eq!(over.security, Security::Tls);
    }

    #[test]
    fn every_field_at_fault_is_named() {
        let set = EmailConfig {
            host: Some("mail.example\r\nEVIL".into()),
            port: Some(0),
            username: Some("a\nb".into()),
            from: Some("nobody".into()),
            from_name: Some("x".repeat(201)),
            ..EmailConfig::default()
        };
        let Err(Error::Invalid(problems)) = check(set) else { panic!("accepted") };
        let fields: Vec<_> = problems.iter().map(|p| p.field).collect();
        assert_eq!(fields, ["smtp_host", "smtp_username", "smtp_from", "smtp_from_name", "smtp_port"]);
        let good =
            EmailConfig { host: Some(" Mail.Example.ORG ".into()), from: Some(String::new()), ..Default::default() };
        let good = check(good).unwrap();
        assert_eq!((good.host.as_deref(), good.from.as_deref()), (Some("mail.example.org"), Some("")));
        assert!(password("a\r\nb").is_err() && password("一个密码").is_ok());
    }
}
