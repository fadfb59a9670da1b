//! `/api/admin/configs`: many settings at once, all of them or none; out as a file and in again; and what is really in force.

use super::{Wrong, all, asked, named, new};
use crate::http::App;
use crate::http::api::wire::{self, Envelope, Refusal, Reply};
use crate::http::api::{Answer, Api};
use crate::http::dialect::{Caller, Fail, Failure, Params, Rows, rows};
use crate::http::form::{AROUND, Bounds, Fault, Form};
use axum::Json;
use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::http::header::CONTENT_DISPOSITION;
use axum::response::{IntoResponse as _, Response};
use model::Error;
use model::access::Operation;
use model::command::ChangeSetting;
use model::error::Problem;
use model::setting::{KNOWN, MOST_AT_ONCE};
use model::time::{HOUR, MINUTE, SECOND};
use std::sync::Arc;
use std::time::Duration;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

type Server = State<Arc<App>>;

/// Bytes of a file of settings, and parts of the form that it comes in.
const FILE: usize = 4 << 20;
const PARTS: usize = 10;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(batch))
        .routes(routes!(export))
        .routes(routes!(init))
        .routes(routes!(policy))
        .routes(routes!(cleared))
        .routes(routes!(held))
        .routes(routes!(import))
}

/// Change many settings
///
/// All of them or none; those that are not there are made. `details` names each that is wrong, by its place and its key.
#[utoipa::path(put, path = "/admin/configs/batch", operation_id = "apiChangeConfigs", tag = "api admin",
    request_body = wire::ConfigSet,
    responses((status = 200, description = "They are as was sent", body = Envelope<wire::ConfigsChanged>)),
)]
async fn batch(
    app: Server,
    by: Caller<Api>,
    Rows(forms, ..): Rows<wire::NewConfig, Api>,
) -> Answer<wire::ConfigsChanged> {
    by.may(Operation::ChangeSettings)?;
    Ok(Reply::done("批量更新成功", changed(&app, &by, forms).await?))
}

async fn changed(app: &App, by: &Caller<Api>, forms: Vec<wire::NewConfig>) -> Result<wire::ConfigsChanged, Fail<Api>> {
    let updated_count = forms.len();
    if updated_count == 0 || updated_count > MOST_AT_ONCE {
        return Err(Error::invalid("settings", format!("must be 1 to {MOST_AT_ONCE}")).into());
    }
    let mut changes: Vec<ChangeSetting> = Vec::new();
    let mut all = Wrong { problems: Vec::new(), unreadable: false };
    for (n, form) in forms.into_iter().enumerate() {
        let key = named(&form);
        match new(form) {
            Ok(change) => changes.push(change),
            Err(wrong) => {
                all.unreadable |= wrong.unreadable;
                all.problems.extend(wrong.problems.into_iter().map(|Problem { field, problem }| Problem {
                    field: "settings",
                    problem: format!("[{n}] {key}: {field} {problem}"),
                }));
            }
        }
    }
    if !all.problems.is_empty() {
        return Err(Fail::new(all.failure()));
    }
    let changed_count = app.engine.change_settings(by, changes).await?;
    Ok(wire::ConfigsChanged { updated_count, changed_count })
}

/// Export settings
///
/// A bare array, as a download: what an import takes.
#[utoipa::path(get, path = "/admin/configs/export", operation_id = "apiExportConfigs", tag = "api admin",
    params(wire::ConfigsQuery),
    responses((status = 200, description = "The settings", body = Vec<wire::Config>, headers(
        ("Content-Disposition" = String, description = "What the file is called"),
    ))),
)]
async fn export(
    app: Server,
    by: Caller<Api>,
    Params(query, ..): Params<wire::ConfigsQuery, Api>,
) -> Result<Response, Fail<Api>> {
    let query = asked(query).map_err(Fail::of_query)?;
    let configs = all(app.engine.configs(&by.actor).await?, &query).data;
    let name = HeaderValue::from_static("attachment; filename=\"system_configs.json\"");
    Ok(([(CONTENT_DISPOSITION, name)], Json(configs)).into_response())
}

/// Import settings
///
/// What an export gave: all of it is taken, or nothing.
#[utoipa::path(post, path = "/admin/configs/import", operation_id = "apiImportConfigs", tag = "api admin",
    request_body(content = wire::ConfigFile, content_type = "multipart/form-data"),
    responses((status = 200, description = "They are as in the file", body = Envelope<wire::ConfigsImported>)),
)]
async fn import(app: Server, by: Caller<Api>, request: Request) -> Answer<wire::ConfigsImported> {
    by.may(Operation::ChangeSettings)?;
    let (filename, bytes) = sent(&app, request).await?;
    let forms = rows("file", &bytes).map_err(Fail::new)?;
    let wire::ConfigsChanged { updated_count, changed_count } = changed(&app, &by, forms).await?;
    let size = bytes.len();
    Ok(Reply::done("配置导入成功", wire::ConfigsImported { filename, size, updated_count, changed_count }))
}

/// The file of a form, by its name.
async fn sent(app: &App, request: Request) -> Result<(String, Vec<u8>), Fail<Api>> {
    let silence = Duration::from_secs(app.config.http.request_timeout_seconds);
    let bounds = Bounds { silence, bytes: AROUND.saturating_add(FILE as u64), parts: PARTS };
    let mut form = Form::open(request, bounds).await.map_err(refused)?;
    while let Some(part) = form.next().await.map_err(refused)? {
        if part.name() == Some("file") {
            let filename = model::attachment::safe_filename(part.file_name().unwrap_or("configs.json"));
            return Ok((filename, part.bytes(FILE).await.map_err(refused)?));
        }
        part.pass().await.map_err(refused)?;
    }
    Err(Error::invalid("file", "is missing from the form").into())
}

fn refused(fault: Fault) -> Fail<Api> {
    Fail::new(match fault {
        Fault::Unreadable | Fault::TooLarge => {
            Failure::malformed("body", "is not a form that can be read (multipart/form-data, 4 MiB at most)")
        }
        Fault::TooManyParts => Failure::malformed("body", "has too many parts"),
        Fault::Silent => Failure::TimedOut,
    })
}

/// Put back what is missing
///
/// Every setting that the server knows has a value, its default if nobody changed it. What was stored for one and means
/// nothing to this version is taken back to its default.
#[utoipa::path(post, path = "/admin/configs/init", operation_id = "apiInitConfigs", tag = "api admin",
    responses((status = 200, description = "How many were put back", body = Envelope<wire::ConfigsRestored>)),
)]
async fn init(app: Server, by: Caller<Api>) -> Answer<wire::ConfigsRestored> {
    let restored_keys = app.engine.restore_settings(&by).await?;
    let data = wire::ConfigsRestored { restored_count: restored_keys.len(), restored_keys, total: KNOWN.len() };
    Ok(Reply::done("默认配置初始化成功", data))
}

/// Read what is asked of those who sign in
///
/// As the server really does it.
#[utoipa::path(get, path = "/admin/configs/security-policy", operation_id = "apiSecurityPolicy", tag = "api admin",
    responses((status = 200, description = "It", body = Envelope<wire::SecurityPolicy>)),
)]
async fn policy(app: Server, by: Caller<Api>) -> Answer<wire::SecurityPolicy> {
    let told = app.engine.security_policy(&by.actor)?;
    let (max_attempts, max_attempts_per_address, within) = told.bears.unwrap_or_default();
    let data = wire::SecurityPolicy {
        password_policy: wire::PasswordPolicy {
            min_length: told.password_min,
            max_length: told.password_max,
            require_upper: false,
            require_lower: false,
            require_digit: false,
            require_symbol: false,
        },
        login_policy: wire::LoginPolicy {
            max_attempts,
            max_attempts_per_address,
            lock_duration: within / SECOND,
            session_timeout: told.refresh_days * 24 * HOUR / SECOND,
            access_token_lifetime: told.access_minutes * MINUTE / SECOND,
            two_factor_required: false,
            allow_registration: told.allow_registration,
        },
        trusted_device_policy: wire::TrustedDevicePolicy {
            ttl_hours: told.trusted_days * 24,
            max_per_user: told.trusted_max,
        },
    };
    Ok(Reply::done("获取安全策略成功", data))
}

/// Read anew what is held in memory
///
/// Nothing in it can be stale, because each event clears what it changes. It is read out of the database all the same.
#[utoipa::path(post, path = "/admin/configs/cache/clear", operation_id = "apiClearConfigCache", tag = "api admin",
    responses(
        (status = 200, description = "It was read", body = Envelope<wire::CacheCleared>),
        (status = 403, description = "INSUFFICIENT_PERMISSIONS (权限不足)", body = Refusal),
    ),
)]
async fn cleared(app: Server, by: Caller<Api>) -> Answer<wire::CacheCleared> {
    let reread_count = app.engine.read_anew(&by.actor).await?;
    Ok(Reply::done("配置缓存已清空，已从数据库重新读取", wire::CacheCleared { reread_count }))
}

/// Count what is held in memory
#[utoipa::path(get, path = "/admin/configs/cache/stats", operation_id = "apiConfigCacheStats", tag = "api admin",
    responses((status = 200, description = "How much it is", body = Envelope<wire::CacheStats>)),
)]
async fn held(app: Server, by: Caller<Api>) -> Answer<wire::CacheStats> {
    let told = app.engine.remembered(&by.actor)?;
    let data = wire::CacheStats {
        item_count: told.settings,
        people: told.people,
        categories: told.categories,
        default_expiration: None,
    };
    Ok(Reply::done("获取缓存统计成功", data))
}
