//! `/api/auth`: registering, signing in and out (认证接口). What guards an account is in `passwords.rs`.
//!
//! What is open to everybody is throttled by the engine; nothing here tells who has an account.

use super::people::{account, moment};
use super::wire::{self, Envelope, Nothing, Refusal, Reply};
use super::{Answer, Api, failure, passwords};
use crate::http::App;
use crate::http::dialect::{Body, Caller, Fail, Failure};
use crate::http::field::Field;
use crate::http::graphql::ClientAddress;
use axum::extract::{FromRequestParts, State};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, USER_AGENT};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use engine::{NewUser, SignIn, SignedIn};
use model::error::Problems;
use model::people::{ProfileInput, Role, UserStatus};
use model::{Error, Result};
use serde::Serialize;
use std::convert::Infallible;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

type Server = State<Arc<App>>;

/// The access token once more, for clients that look for it there.
const AUTH_TOKEN: HeaderName = HeaderName::from_static("x-auth-token");

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(register))
        .routes(routes!(login))
        .routes(routes!(refresh))
        .routes(routes!(me))
        .routes(routes!(logout))
        .merge(passwords::routes())
}

/// Where a request comes from, and in which program it was made.
pub(super) struct Origin {
    pub ip: Option<String>,
    pub user_agent: Option<String>,
}

impl FromRequestParts<Arc<App>> for Origin {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<App>) -> std::result::Result<Self, Infallible> {
        let user_agent = parts.headers.get(USER_AGENT).map(|agent| String::from_utf8_lossy(agent.as_bytes()));
        Ok(Self {
            ip: parts.extensions.get::<ClientAddress>().map(|client| client.0.to_string()),
            user_agent: user_agent.map(std::borrow::Cow::into_owned),
        })
    }
}

/// An answer with a token in it: kept by nobody on the way.
struct WithToken<T> {
    access_token: String,
    reply: Reply<T>,
}

impl<T: Serialize> IntoResponse for WithToken<T> {
    fn into_response(self) -> Response {
        let mut response = self.reply.into_response();
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Ok(mut token) = HeaderValue::from_str(&self.access_token) {
            token.set_sensitive(true);
            response.headers_mut().insert(AUTH_TOKEN, token);
        }
        response
    }
}

type Entered<T> = std::result::Result<WithToken<T>, Fail<Api>>;

/// A refresh that comes to nothing.
struct NotRefreshed(Failure);

impl From<Error> for NotRefreshed {
    fn from(error: Error) -> Self {
        Self(Failure::Refused(error))
    }
}

impl IntoResponse for NotRefreshed {
    fn into_response(self) -> Response {
        if let Failure::Refused(error @ Error::Unauthenticated { .. }) = &self.0 {
            return failure::refresh(error);
        }
        Fail::<Api>::new(self.0).into_response()
    }
}

/// Register
///
/// 用户注册. The answer's token is good for a day.
#[utoipa::path(post, path = "/auth/register", operation_id = "apiRegister", tag = "api accounts",
    request_body = wire::Register,
    responses(
        (status = 201, description = "用户注册成功", body = Envelope<wire::Registered>),
        (status = 409, description = "CONFLICT: the user name or the address is taken (资源冲突)", body = Refusal),
        (status = 429, description = "RATE_LIMIT_EXCEEDED: too many from this address (请求频率超限)", body = Refusal),
    ),
)]
async fn register(
    State(app): Server,
    origin: Origin,
    Body(form, ..): Body<wire::Register, Api>,
) -> Entered<wire::Registered> {
    let signed_in = app.engine.register(new_user(form)?, origin.ip, origin.user_agent).await?;
    let (token, dies) = app.engine.token_for_a_day(&signed_in)?;
    let data = wire::Registered {
        user: account(&signed_in.user),
        token: token.clone(),
        expires_at: moment(dies),
        access_token: token.clone(),
        refresh_token: signed_in.refresh_token,
        expires_in: dies.0.saturating_sub(app.engine.now().0) / model::time::SECOND,
        token_type: "Bearer",
    };
    Ok(WithToken { access_token: token, reply: Reply::created("用户注册成功", data) })
}

fn new_user(form: wire::Register) -> Result<NewUser> {
    let mut problems = Problems::default();
    let profile = ProfileInput {
        username: present("username", form.username, &mut problems),
        email: present("email", form.email, &mut problems),
        first_name: form.first_name.optional("first_name", &mut problems),
        last_name: form.last_name.optional("last_name", &mut problems),
        phone: form.phone.optional("phone", &mut problems),
        ..ProfileInput::default()
    };
    let password = form.password.required("password", &mut problems);
    problems.take(profile.check())?;
    problems.finish()?;
    Ok(NewUser { profile, role: Role::User, status: UserStatus::Active, password })
}

/// A text that has to be there and to say something.
fn present(name: &'static str, field: Field<String>, problems: &mut Problems) -> Option<String> {
    let text = field.required(name, problems)?;
    if text.trim().is_empty() {
        problems.add(name, "is required");
        return None;
    }
    Some(text)
}

/// Log in
///
/// 用户登录. With a second factor, `otp_code` or the `device_token` of a trusted device has to be sent, too. The header
/// `X-Auth-Token` carries the access token once more.
#[utoipa::path(post, path = "/auth/login", operation_id = "apiLogin", tag = "api accounts",
    request_body = wire::Login,
    responses(
        (status = 200, description = "Login successful", body = Envelope<wire::LoggedIn>),
        (status = 400, description = "VALIDATION_FAILED: the body can't be read; OTP_REQUIRED: the second factor is missing", body = Refusal),
        (status = 401, description = "INVALID_CREDENTIALS: wrong, whether there is such an account or not (用户名或密码错误)", body = Refusal),
        (status = 403, description = "INSUFFICIENT_PERMISSIONS: the account is locked", body = Refusal),
        (status = 429, description = "RATE_LIMIT_EXCEEDED: too many failures (请求频率超限)", body = Refusal),
    ),
)]
async fn login(State(app): Server, origin: Origin, Body(form, ..): Body<wire::Login, Api>) -> Entered<wire::LoggedIn> {
    let signed_in = app.engine.sign_in(sign_in(form, origin)?).await?;
    let SignedIn { user, access_token, refresh_token, expires_in, device_token, .. } = signed_in;
    let data = wire::LoggedIn {
        user: account(&user),
        access_token: access_token.clone(),
        refresh_token,
        expires_in,
        token_type: "Bearer",
        trusted_device_token: device_token,
    };
    Ok(WithToken { access_token, reply: Reply::done("Login successful", data) })
}

fn sign_in(form: wire::Login, origin: Origin) -> Result<SignIn> {
    let mut problems = Problems::default();
    let email = form.email.optional("email", &mut problems);
    let username = form.username.optional("username", &mut problems);
    let login = [email, username].into_iter().flatten().find(|login| !login.trim().is_empty());
    if login.is_none() {
        problems.add("email", "is required");
    }
    let password = form.password.required("password", &mut problems);
    let sign_in = SignIn {
        login: login.unwrap_or_default(),
        password: password.unwrap_or_default(),
        ip: origin.ip,
        user_agent: origin.user_agent,
        otp_code: form.otp_code.optional("otp_code", &mut problems),
        device_token: form.device_token.optional("device_token", &mut problems),
        remember_device: form.remember_device.optional("remember_device", &mut problems).unwrap_or_default(),
        device_name: form.device_name.optional("device_name", &mut problems),
    };
    problems.finish()?;
    Ok(sign_in)
}

/// Refresh
///
/// 刷新Token. The refresh token comes as `Authorization: Bearer …`, or as `refresh_token` in the body, which counts first. It is
/// good for once: one that comes again ends its session.
#[utoipa::path(post, path = "/auth/refresh", operation_id = "apiRefresh", tag = "api accounts",
    request_body = Option<wire::Refresh>,
    params(("Authorization" = Option<String>, Header, description = "`Bearer {refresh_token}`")),
    responses(
        (status = 200, description = "Refresh token successful", body = Envelope<wire::Refreshed>),
        (status = 401, description = "UNAUTHORIZED or TOKEN_EXPIRED: the refresh token is no good (any more); `error` is invalid_token or token_expired", body = Refusal),
    ),
)]
async fn refresh(
    State(app): Server,
    headers: HeaderMap,
    Body(form, ..): Body<wire::Refresh, Api>,
) -> std::result::Result<WithToken<wire::Refreshed>, NotRefreshed> {
    let mut problems = Problems::default();
    let sent = form.refresh_token.optional("refresh_token", &mut problems);
    problems.finish()?;
    let token = sent.filter(|token| !token.trim().is_empty()).or_else(|| bearer(&headers));
    let token = token.ok_or_else(model::access::sign_in)?;
    let signed_in = app.engine.refresh(&token).await?;
    let data = wire::Refreshed {
        access_token: signed_in.access_token.clone(),
        refresh_token: signed_in.refresh_token,
        expires_in: signed_in.expires_in,
        token_type: "Bearer",
    };
    let reply = Reply::done("Refresh token successful", data);
    Ok(WithToken { access_token: signed_in.access_token, reply })
}

fn bearer(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(AUTHORIZATION)?.to_str().ok()?.trim();
    let token = match text.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        Some(_) => return None,
        None => text,
    };
    (!token.is_empty()).then(|| token.to_owned())
}

/// Who one is
///
/// 获取用户信息.
#[utoipa::path(get, path = "/auth/me", operation_id = "apiMe", tag = "api accounts",
    responses((status = 200, description = "The caller's own account", body = Envelope<wire::User>)),
)]
async fn me(State(app): Server, by: Caller<Api>) -> Answer<wire::User> {
    Ok(Reply::done("", account(&app.engine.me(&by.actor).await?)))
}

/// Log out
///
/// 用户登出. Access and refresh token stop working at once, and the session's sockets are closed. Who has no access token (any
/// more) says by the refresh token in the body which session is meant.
#[utoipa::path(post, path = "/auth/logout", operation_id = "apiLogout", tag = "api accounts",
    request_body = Option<wire::Refresh>,
    responses(
        (status = 200, description = "登出成功", body = Envelope<Nothing>),
        (status = 409, description = "CONFLICT: an API token has no session; revoke it instead", body = Refusal),
    ),
)]
async fn logout(
    State(app): Server,
    by: std::result::Result<Caller<Api>, Fail<Api>>,
    Body(form, ..): Body<wire::Refresh, Api>,
) -> Answer<Nothing> {
    let mut problems = Problems::default();
    let sent = form.refresh_token.optional("refresh_token", &mut problems);
    problems.finish()?;
    let sent = sent.filter(|token| !token.trim().is_empty());
    match (by, sent) {
        (Ok(by), _) => app.engine.sign_out(&by.actor).await?,
        (Err(refused), Some(token)) if matches!(refused.0, Failure::Refused(Error::Unauthenticated { .. })) => {
            app.engine.sign_out_by(&token).await?;
        }
        (Err(refused), _) => return Err(refused),
    }
    Ok(Reply::done("登出成功", Nothing))
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Error;

    #[test]
    fn a_registration_names_all_that_is_wrong() {
        let form = serde_json::from_str(r#"{"username": " ", "email": "nobody", "first_name": 5}"#).unwrap();
        let Err(Error::Invalid(problems)) = new_user(form) else { panic!("accepted") };
        let mut fields: Vec<_> = problems.iter().map(|p| p.field).collect();
        fields.sort_unstable();
        assert_eq!(fields, ["email", "first_name", "password", "username"]);
    }

    #[test]
    fn a_login_goes_by_address_or_name() {
        let origin = || Origin { ip: None, user_agent: None };
        let login = |text: &str| sign_in(serde_json::from_str(text).unwrap(), origin());
        assert_eq!(login(r#"{"email": "a@b.c", "password": "p"}"#).unwrap().login, "a@b.c");
        assert_eq!(login(r#"{"username": "ann", "password": "p"}"#).unwrap().login, "ann");
        assert_eq!(login(r#"{"password": "p"}"#).unwrap_err().field(), Some("email"));
        assert_eq!(login(r#"{"email": "a@b.c"}"#).unwrap_err().field(), Some("password"));
    }

    #[test]
    fn a_refresh_token_is_read_out_of_the_header() {
        for (header, token) in [
            ("Bearer abc", Some("abc")),
            ("bearer  abc ", Some("abc")),
            ("abc", Some("abc")),
            ("Basic abc", None),
            ("Bearer ", Some("Bearer")),
        ] {
            let headers = std::iter::once((AUTHORIZATION, header.parse().unwrap())).collect();
            assert_eq!(bearer(&headers).as_deref(), token, "{header}");
        }
    }
}
