//! Accounts: registering, signing in, the second factor, passwords (认证接口).

use super::User;
use crate::http::field::Field;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `POST /auth/register`
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = ApiRegister, example = json!({
    "username": "user123",
    "email": "user@example.com",
    "password": "Password123!",
    "first_name": "张",
    "last_name": "三",
    "phone": "13800138000",
}))]
pub struct Register {
    /// 2 to 50 letters, digits, `_`, `-` or `.`.
    #[schema(value_type = String, required, min_length = 2, max_length = 50)]
    #[serde(default)]
    pub username: Field<String>,
    #[schema(value_type = String, required, max_length = 254)]
    #[serde(default)]
    pub email: Field<String>,
    #[schema(value_type = String, required, min_length = 8, max_length = 128)]
    #[serde(default)]
    pub password: Field<String>,
    #[schema(value_type = Option<String>, max_length = 100)]
    #[serde(default)]
    pub first_name: Field<String>,
    #[schema(value_type = Option<String>, max_length = 100)]
    #[serde(default)]
    pub last_name: Field<String>,
    #[schema(value_type = Option<String>, max_length = 50)]
    #[serde(default)]
    pub phone: Field<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiRegistered)]
pub struct Registered {
    pub user: User,
    /// Good for a day.
    pub token: String,
    /// When the token dies.
    #[schema(example = "2025-01-02T12:00:00Z", format = DateTime)]
    pub expires_at: String,
    /// The same as `token`.
    pub access_token: String,
    /// Good for one refresh.
    pub refresh_token: String,
    /// Seconds that the token lives.
    #[schema(example = 86400)]
    pub expires_in: i64,
    #[schema(example = "Bearer")]
    pub token_type: &'static str,
}

/// `POST /auth/login`
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = ApiLogin, example = json!({
    "email": "user@example.com",
    "password": "Password123!",
    "otp_code": "123456",
    "device_token": "previous-trusted-device-token",
    "remember_device": true,
    "device_name": "Personal Mac",
}))]
pub struct Login {
    /// The e-mail address; a user name will do.
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    pub email: Field<String>,
    /// The same, as some clients call it.
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    pub username: Field<String>,
    #[schema(value_type = String, required)]
    #[serde(default)]
    pub password: Field<String>,
    /// 启用双因子认证时必须提供: a code, or a backup code.
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    pub otp_code: Field<String>,
    /// 上一次返回的 `trusted_device_token`，可跳过 OTP
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    pub device_token: Field<String>,
    /// Whether to answer a new `trusted_device_token`, good for thirty days.
    #[schema(value_type = Option<bool>)]
    #[serde(default)]
    pub remember_device: Field<bool>,
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    pub device_name: Field<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiLoggedIn)]
pub struct LoggedIn {
    pub user: User,
    pub access_token: String,
    /// Good for one refresh.
    pub refresh_token: String,
    /// Seconds that the access token lives.
    #[schema(example = 900)]
    pub expires_in: i64,
    #[schema(example = "Bearer")]
    pub token_type: &'static str,
    /// Only where `remember_device` was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub trusted_device_token: Option<String>,
}

/// `POST /auth/refresh`, for clients that send the token here and not in the header.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = ApiRefresh)]
pub struct Refresh {
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    pub refresh_token: Field<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiRefreshed)]
pub struct Refreshed {
    pub access_token: String,
    /// Takes the place of the one that was sent.
    pub refresh_token: String,
    #[schema(example = 900)]
    pub expires_in: i64,
    #[schema(example = "Bearer")]
    pub token_type: &'static str,
}

/// `POST /auth/enable-otp` and `/auth/disable-otp`
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = ApiConfirm, example = json!({ "password": "Password123!" }))]
pub struct Confirm {
    /// One's own password.
    #[schema(value_type = String, required)]
    #[serde(default)]
    pub password: Field<String>,
}

/// Shown this once.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiOtp)]
pub struct Otp {
    /// Base32.
    #[schema(example = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")]
    pub secret: String,
    /// A PNG, as a `data:` URL.
    #[schema(example = "data:image/png;base64,iVBORw0KGgo")]
    pub qr_code: String,
    #[schema(example = "otpauth://totp/Echodesk:user@example.com?secret=JBSWY3DPEHPK3PXP&issuer=Echodesk")]
    pub otpauth_url: String,
    /// Each is good for one login.
    #[schema(example = json!(["ABCD-EFGH-IJKL"]))]
    pub backup_codes: Vec<String>,
}

/// `POST /auth/change-password`
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = ApiChangePassword, example = json!({ "current_password": "Password123!", "new_password": "another one" }))]
pub struct ChangePassword {
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    pub current_password: Field<String>,
    /// The same, as some clients call it.
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    pub old_password: Field<String>,
    #[schema(value_type = String, required, min_length = 8, max_length = 128)]
    #[serde(default)]
    pub new_password: Field<String>,
}

/// `POST /auth/forgot-password`
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = ApiForgotPassword, example = json!({ "email": "user@example.com" }))]
pub struct ForgotPassword {
    #[schema(value_type = String, required, min_length = 1, max_length = 320,
        pattern = r"^[^\x00]*[^\s\x00-\x1f\x7f-\x9f][^\x00]*$")]
    #[serde(default)]
    pub email: Field<String>,
}

/// `POST /auth/reset-password`
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = ApiResetPassword, example = json!({ "token": "the token of the link", "new_password": "another one" }))]
pub struct ResetPassword {
    #[schema(value_type = String, required)]
    #[serde(default)]
    pub token: Field<String>,
    #[schema(value_type = Option<String>, min_length = 8, max_length = 128)]
    #[serde(default)]
    pub new_password: Field<String>,
    /// The same, as some clients call it.
    #[schema(value_type = Option<String>, min_length = 8, max_length = 128)]
    #[serde(default)]
    pub password: Field<String>,
}
