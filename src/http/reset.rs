//! The page behind the link of a mail: a form for a new password, in Chinese and English, that works without JavaScript.
//!
//! It loads nothing, keeps nothing, and sends the link's token nowhere but back. Whether the link is good the engine says.

use super::App;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Form, Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::Error;
use serde::Deserialize;
use std::sync::{Arc, LazyLock};
use utoipa::ToSchema;

const PAGE: &str = include_str!("../../assets/reset-password.html");

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;margin:0;background:#f4f5f7;color:#1c2333}\
main{max-width:24rem;margin:10vh auto;padding:2rem;background:#fff;border-radius:12px;box-shadow:0 1px 4px #0002}\
h1{font-size:1.4rem;margin:0 0 1rem}small{color:#667;font-weight:400}label{display:block;margin:1rem 0 .25rem}\
input{width:100%;box-sizing:border-box;padding:.6rem;font:inherit;border:1px solid #bcc;border-radius:8px}\
button{margin-top:1.5rem;width:100%;padding:.7rem;font:inherit;border:0;border-radius:8px;background:#1f5eff;color:#fff}\
.no{color:#b3261e}@media(prefers-color-scheme:dark){body{background:#12151c;color:#e8eaf0}main{background:#1c212c}\
input{background:#12151c;color:inherit;border-color:#456}small{color:#9ab}.no{color:#ff8a80}}";

/// Nothing from anywhere; this style, and a form that comes back here.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let digest = ring::digest::digest(&ring::digest::SHA256, STYLE.as_bytes());
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        STANDARD.encode(digest)
    );
    HeaderValue::from_str(&policy).unwrap_or_else(|_| HeaderValue::from_static("default-src 'none'"))
});

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(super) struct Link {
    /// What the mail's link carries.
    #[param(required = false)]
    token: String,
}

/// What the form sends.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = ResetPasswordForm)]
#[serde(default)]
pub(super) struct NewPassword {
    #[schema(required)]
    token: String,
    #[schema(required)]
    password: String,
    /// The same once more.
    #[schema(required)]
    again: String,
}

/// A form for a new password
///
/// Where the link of a mail leads.
#[utoipa::path(get, path = "/reset-password", operation_id = "resetPasswordPage", tag = "accounts", params(Link),
    responses(
        (status = 200, description = "The form", body = String, content_type = "text/html"),
        (status = 404, description = "The link is no good (any more)", body = String, content_type = "text/html"),
        (status = 503, description = "It can't be done at the moment", body = String, content_type = "text/html"),
    ))]
pub(super) async fn page(State(app): State<Arc<App>>, link: Result<Query<Link>, QueryRejection>) -> Response {
    let Query(link) = link.unwrap_or_else(|_| Query(Link::default()));
    let least = app.engine.policy().password_min_length;
    match app.engine.check_reset(&link.token).await {
        Ok(()) => drawn(StatusCode::OK, &form(&link.token, least, "")),
        Err(error) => refused(&error, &link.token, least),
    }
}

/// Set the new password
///
/// What the form sends.
#[utoipa::path(post, path = "/reset-password", operation_id = "resetPassword", tag = "accounts",
    request_body(content = NewPassword, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "The password is set", body = String, content_type = "text/html"),
        (status = 404, description = "The link is no good (any more)", body = String, content_type = "text/html"),
        (status = 422, description = "The password will not do", body = String, content_type = "text/html"),
        (status = 503, description = "It can't be done at the moment", body = String, content_type = "text/html"),
    ))]
pub(super) async fn set(State(app): State<Arc<App>>, sent: Result<Form<NewPassword>, FormRejection>) -> Response {
    // What is no form has no link in it either.
    let Form(sent) = sent.unwrap_or_else(|_| Form(NewPassword::default()));
    let least = app.engine.policy().password_min_length;
    if let Err(error) = app.engine.check_reset(&sent.token).await {
        return refused(&error, &sent.token, least);
    }
    if sent.password != sent.again {
        let why = "两次输入的密码不一致。<br><span lang=\"en\">The two passwords differ.</span>";
        return drawn(StatusCode::UNPROCESSABLE_ENTITY, &form(&sent.token, least, why));
    }
    match app.engine.reset_password(&sent.token, sent.password).await {
        Ok(_) => {
            let done = "密码已重置，请用新密码重新登录。<br>\
                        <span lang=\"en\">Your password is set. Sign in with it; all other sessions have ended.</span>";
            drawn(StatusCode::OK, &format!("<p>{done}</p>"))
        }
        Err(error) => refused(&error, &sent.token, least),
    }
}

fn refused(error: &Error, token: &str, least: usize) -> Response {
    if error.field() == Some("password") {
        let why = format!(
            "密码须为 {least} 至 128 个字符。<br><span lang=\"en\">A password must have {least} to 128 characters.</span>"
        );
        return drawn(StatusCode::UNPROCESSABLE_ENTITY, &form(token, least, &why));
    }
    if matches!(error, Error::Invalid(_)) {
        let why = "链接无效或已过期，请重新申请。<br>\
                   <span lang=\"en\">This link is not valid (any more). Ask for another one.</span>";
        return drawn(StatusCode::NOT_FOUND, &format!("<p class=\"no\">{why}</p>"));
    }
    tracing::error!(%error, "a password could not be reset");
    took_too_long()
}

/// What a person is told who has to come again.
pub(super) fn took_too_long() -> Response {
    let why =
        "暂时无法处理，请稍后重试。<br><span lang=\"en\">This can't be done at the moment. Try again later.</span>";
    let mut response = drawn(StatusCode::SERVICE_UNAVAILABLE, &format!("<p class=\"no\">{why}</p>"));
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

/// The form. `token` was read by the engine before, so it is digits, dots and nothing else; what isn't is left out.
fn form(token: &str, least: usize, why: &str) -> String {
    let token: String = token.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '.').collect();
    let why = if why.is_empty() { String::new() } else { format!("<p class=\"no\">{why}</p>") };
    format!(
        "{why}<form method=\"post\" action=\"/reset-password\">\
         <input type=\"hidden\" name=\"token\" value=\"{token}\">\
         <label for=\"password\">新密码 <small lang=\"en\">New password</small></label>\
         <input id=\"password\" name=\"password\" type=\"password\" autocomplete=\"new-password\" minlength=\"{least}\" maxlength=\"128\" required autofocus>\
         <label for=\"again\">再输入一次 <small lang=\"en\">Once more</small></label>\
         <input id=\"again\" name=\"again\" type=\"password\" autocomplete=\"new-password\" minlength=\"{least}\" maxlength=\"128\" required>\
         <button>设置密码 · Set password</button></form>"
    )
}

fn drawn(status: StatusCode, body: &str) -> Response {
    let page = PAGE.replace("{style}", STYLE).replace("{body}", body);
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (CONTENT_SECURITY_POLICY, POLICY.clone()),
    ];
    (status, headers, page).into_response()
}
