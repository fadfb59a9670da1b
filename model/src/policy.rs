//! What an installation decides for itself and the rules depend on.

use crate::cleanup::Keep;
use crate::locale::Locale;
use crate::mail::Smtp;
use crate::sla::Targets;
use crate::time::Zone;

#[derive(Debug, Clone)]
pub struct Policy {
    pub sla: Targets,
    pub zone: Zone,
    /// Hours after which a resolved ticket closes by itself; `None`: never.
    pub auto_close_hours: Option<i64>,
    /// Bytes of a ticket's custom fields (as JSON), and of its native values.
    pub max_custom_fields: usize,
    pub max_attachments_per_comment: usize,
    pub password_min_length: usize,
    /// Minutes that an access token lives, and days that a refresh token lives.
    pub access_minutes: i64,
    pub refresh_days: i64,
    /// The mail server of the settings file, over which administrators set another.
    pub smtp: Smtp,
    /// What the installation is called, in mails and on pages.
    pub site_name: String,
    /// The language of those who have not chosen one.
    pub locale: Locale,
    /// Bytes of an uploaded file.
    pub max_file_bytes: u64,
    /// Whether people may sign up by themselves.
    pub allow_registration: bool,
    /// Days that the audit log keeps.
    pub audit_days: i64,
    /// How long what is over is kept.
    pub keep: Keep,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            sla: Targets::default(),
            zone: Zone::default(),
            auto_close_hours: Some(168),
            max_custom_fields: 16_384,
            max_attachments_per_comment: 20,
            password_min_length: 8,
            access_minutes: 15,
            refresh_days: 7,
            smtp: Smtp { port: 587, enabled: true, ..Smtp::default() },
            site_name: "工单管理系统".to_owned(),
            locale: Locale::default(),
            max_file_bytes: 25 * 1024 * 1024,
            allow_registration: true,
            audit_days: 365,
            keep: Keep::default(),
        }
    }
}
