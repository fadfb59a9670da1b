//! `/api/auth`: what guards an account: the second factor, and passwords that are changed or forgotten.

use super::auth::Origin;
use super::wire::{self, Envelope, Nothing, Refusal, Reply};
use super::{Answer, Api};
use crate::http::App;
use crate::http::dialect::{Body, Caller};
use axum::extract::State;
use model::error::Problems;
use model::{Error, Result};
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

type Server = State<Arc<App>>;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(enable_otp))
        .routes(routes!(disable_otp))
        .routes(routes!(change_password))
        .routes(routes!(forgot_password))
        .routes(routes!(reset_password))
}

/// Set up a second factor
///
/// 启用双因子认证. It takes effect at once; secret and backup codes are shown this once.
#[utoipa::path(post, path = "/auth/enable-otp", operation_id = "apiEnableOtp", tag = "api accounts",
    request_body = wire::Confirm,
    responses(
        (status = 200, description = "From now on a code is asked for", body = Envelope<wire::Otp>),
        (status = 409, description = "CONFLICT: there is a second factor already", body = Refusal),
        (status = 429, description = "RATE_LIMIT_EXCEEDED: too many wrong passwords", body = Refusal),
    ),
)]
async fn enable_otp(
    State(app): Server,
    by: Caller<Api>,
    Body(form, ..): Body<wire::Confirm, Api>,
) -> Answer<wire::Otp> {
    let made = app.engine.enable_second_factor(&by, confirmed(form)?).await?;
    let data = wire::Otp {
        secret: made.secret,
        qr_code: made.qr_code,
        otpauth_url: made.otpauth_url,
        backup_codes: made.backup_codes,
    };
    Ok(Reply::done("已启用双因子认证", data))
}

/// Switch the second factor off
///
/// 停用双因子认证.
#[utoipa::path(post, path = "/auth/disable-otp", operation_id = "apiDisableOtp", tag = "api accounts",
    request_body = wire::Confirm,
    responses(
        (status = 200, description = "The password alone will do from now on", body = Envelope<Nothing>),
        (status = 409, description = "CONFLICT: there is no second factor", body = Refusal),
        (status = 429, description = "RATE_LIMIT_EXCEEDED: too many wrong passwords", body = Refusal),
    ),
)]
async fn disable_otp(State(app): Server, by: Caller<Api>, Body(form, ..): Body<wire::Confirm, Api>) -> Answer<Nothing> {
    let user = by.actor.user().ok_or_else(model::access::sign_in)?;
    app.engine.disable_second_factor(&by, user, confirmed(form)?).await?;
    Ok(Reply::done("已停用双因子认证", Nothing))
}

fn confirmed(form: wire::Confirm) -> Result<String> {
    let mut problems = Problems::default();
    let password = form.password.required("password", &mut problems);
    problems.finish()?;
    Ok(password.unwrap_or_default())
}

/// Change one's password
///
/// 修改密码. All other sessions end, and no device is trusted any more.
#[utoipa::path(post, path = "/auth/change-password", operation_id = "apiChangePassword", tag = "api accounts",
    request_body = wire::ChangePassword,
    responses(
        (status = 200, description = "密码修改成功", body = Envelope<Nothing>),
        (status = 429, description = "RATE_LIMIT_EXCEEDED: too many wrong passwords", body = Refusal),
    ),
)]
async fn change_password(
    State(app): Server,
    by: Caller<Api>,
    Body(form, ..): Body<wire::ChangePassword, Api>,
) -> Answer<Nothing> {
    let user = by.actor.user().ok_or_else(model::access::sign_in)?;
    let mut problems = Problems::default();
    let current = form.current_password.optional("current_password", &mut problems);
    let old = form.old_password.optional("old_password", &mut problems);
    let new = form.new_password.required("new_password", &mut problems);
    problems.finish()?;
    let changed = app.engine.set_password(&by, user, current.or(old), new.unwrap_or_default()).await;
    changed.map_err(|error| named(error, "new_password"))?;
    Ok(Reply::done("密码修改成功", Nothing))
}

/// The same error, in this form's own name for the password.
fn named(error: Error, field: &'static str) -> Error {
    #[expect(clippy::wildcard_enum_match_arm, reason = "one that lists problems, and all others")]
    match error {
        Error::Invalid(mut problems) => {
            problems.iter_mut().filter(|p| p.field == "password").for_each(|p| p.field = field);
            Error::Invalid(problems)
        }
        other => other,
    }
}

/// Ask for a new password
///
/// 忘记密码. A mail with a link goes out, if there is such an account; the answer is the same in every case.
#[utoipa::path(post, path = "/auth/forgot-password", operation_id = "apiForgotPassword", tag = "api accounts",
    request_body = wire::ForgotPassword,
    responses(
        (status = 200, description = "A mail was sent, if there is such an account", body = Envelope<Nothing>),
        (status = 429, description = "RATE_LIMIT_EXCEEDED: asked for too often", body = Refusal),
    ),
)]
async fn forgot_password(
    State(app): Server,
    origin: Origin,
    Body(form, ..): Body<wire::ForgotPassword, Api>,
) -> Answer<Nothing> {
    let mut problems = Problems::default();
    let email = form.email.required("email", &mut problems);
    problems.finish()?;
    app.engine.request_password_reset(&email.unwrap_or_default(), origin.ip.as_deref()).await?;
    Ok(Reply::done("如果该账号存在，重置密码的邮件已发送", Nothing))
}

/// Set a new password by a link
///
/// 重置密码. The link is good for an hour, and once. All sessions end.
#[utoipa::path(post, path = "/auth/reset-password", operation_id = "apiResetPassword", tag = "api accounts",
    request_body = wire::ResetPassword,
    responses((status = 200, description = "密码重置成功", body = Envelope<Nothing>)),
)]
async fn reset_password(State(app): Server, Body(form, ..): Body<wire::ResetPassword, Api>) -> Answer<Nothing> {
    let mut problems = Problems::default();
    let token = form.token.required("token", &mut problems);
    let new = form.new_password.optional("new_password", &mut problems);
    let password = new.or(form.password.optional("password", &mut problems));
    if password.is_none() {
        problems.add("new_password", "is required");
    }
    problems.finish()?;
    let reset = app.engine.reset_password(&token.unwrap_or_default(), password.unwrap_or_default()).await;
    reset.map_err(|error| named(error, "new_password"))?;
    Ok(Reply::done("密码重置成功", Nothing))
}
