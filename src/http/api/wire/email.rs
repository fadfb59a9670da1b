//! Sending mail, as the document spells it (获取邮件配置, 测试邮件连接); what is beyond it has names in its manner.

use crate::http::field::Field;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How the connection to the mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ApiSmtpTls)]
#[serde(rename_all = "lowercase")]
pub enum SmtpTls {
    None,
    Starttls,
    Tls,
}

/// How a test mail went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ApiEmailTestStatus)]
#[serde(rename_all = "lowercase")]
pub enum TestStatus {
    Success,
    Failed,
}

/// How mail is sent. The password is never shown.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiEmailConfig, example = json!({
    "smtp_host": "smtp.gmail.com",
    "smtp_port": 587,
    "smtp_username": "system@example.com",
    "smtp_from": "noreply@example.com",
    "smtp_from_name": "工单系统",
    "smtp_tls": "starttls",
    "has_password": true,
    "is_enabled": true,
    "last_test_at": "2025-01-01T10:00:00Z",
    "test_status": "success",
    "test_error": null,
}))]
pub struct EmailConfig {
    /// Empty: there is none, and no mail is sent.
    pub smtp_host: String,
    pub smtp_port: u16,
    pub smtp_username: String,
    pub smtp_from: String,
    pub smtp_from_name: String,
    pub smtp_tls: SmtpTls,
    pub has_password: bool,
    pub is_enabled: bool,
    #[schema(required)]
    pub last_test_at: Option<String>,
    #[schema(required)]
    pub test_status: Option<TestStatus>,
    /// Why the last test failed.
    #[schema(required)]
    pub test_error: Option<String>,
}

/// `PUT /admin/email-config`; what is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ApiEmailConfigEdit, example = json!({ "smtp_from_name": "工单系统" }))]
pub struct EmailConfigEdit {
    /// An empty text takes the server away.
    #[schema(value_type = Option<String>, max_length = 253, pattern = "^[A-Za-z0-9._:\\[\\]-]*$")]
    #[serde(default)]
    pub smtp_host: Field<String>,
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 65535)]
    #[serde(default)]
    pub smtp_port: Field<i64>,
    /// An empty text: nobody signs in.
    #[schema(value_type = Option<String>, max_length = 320)]
    #[serde(default)]
    pub smtp_username: Field<String>,
    /// An empty text takes it away. It has to be sent again when the host changes.
    #[schema(value_type = Option<String>, max_length = 500, write_only)]
    #[serde(default)]
    pub smtp_password: Field<String>,
    #[schema(value_type = Option<String>, max_length = 254, example = "noreply@example.com")]
    #[serde(default)]
    pub smtp_from: Field<String>,
    #[schema(value_type = Option<String>, max_length = 200)]
    #[serde(default)]
    pub smtp_from_name: Field<String>,
    #[schema(value_type = Option<SmtpTls>)]
    #[serde(default)]
    pub smtp_tls: Field<String>,
    #[schema(value_type = Option<bool>)]
    #[serde(default)]
    pub is_enabled: Field<bool>,
}

/// `POST /admin/email-config/test`
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ApiEmailTestForm, example = json!({ "test_email": "test@example.com" }))]
pub struct EmailTestForm {
    #[schema(value_type = String, required, format = Email)]
    #[serde(default)]
    pub test_email: Field<String>,
}

/// How a test mail went.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiEmailTest, example = json!({
    "status": "success",
    "message": "邮件发送成功",
    "test_time": "2025-01-01T17:30:00Z",
}))]
pub struct EmailTest {
    pub status: TestStatus,
    pub message: String,
    pub test_time: String,
}
