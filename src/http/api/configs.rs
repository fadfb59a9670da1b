//! `/api`: settings that administrators change while the service runs (系统管理接口).

use super::people::moment;
use super::wire::{self, Envelope, List, Nothing, Refusal, Reply};
use super::{Answer, Api, Listed, paging};
use crate::http::App;
use crate::http::dialect::{Body, Caller, Fail, Failure};
use crate::http::field::Field;
use crate::http::query::PageNumber;
use axum::extract::{RawPathParams, State};
use engine::Config;
use model::command::{ChangeSetting, Edit};
use model::error::{Problem, Problems};
use model::setting::{Kind, as_text};
use model::{Error, Result};
use serde_json::Value;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

type Server = State<Arc<App>>;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(detail, change, reset)).routes(routes!(public))
}

/// List settings (获取系统配置)
///
/// Every one that the server knows, changed or not, and behind them those of clients' own.
#[utoipa::path(get, path = "/admin/configs", operation_id = "apiListConfigs", tag = "api admin",
    responses((status = 200, description = "All of them", body = List<wire::Config>)),
)]
async fn list(app: Server, by: Caller<Api>) -> Listed<wire::Config> {
    Ok(all(app.engine.configs(&by.actor).await?))
}

/// List the settings that anybody may read
#[utoipa::path(get, path = "/configs/public", operation_id = "apiListPublicConfigs", tag = "api admin", security(()),
    responses((status = 200, description = "All of them", body = List<wire::Config>)),
)]
async fn public(app: Server) -> Listed<wire::Config> {
    Ok(all(app.engine.public_configs()))
}

/// Make a setting
///
/// One of the client's own: it is kept for it, and means nothing to the server.
#[utoipa::path(post, path = "/admin/configs", operation_id = "apiCreateConfig", tag = "api admin",
    request_body = wire::NewConfig,
    responses(
        (status = 201, description = "The setting", body = Envelope<wire::Config>),
        (status = 409, description = "There is one of that name, or there are too many", body = Refusal),
    ),
)]
async fn create(app: Server, by: Caller<Api>, Body(form, ..): Body<wire::NewConfig, Api>) -> Answer<wire::Config> {
    let made = app.engine.create_config(&by, new(form)?).await?;
    Ok(Reply::created("配置创建成功", shown(made)))
}

/// Read a setting
#[utoipa::path(get, path = "/admin/configs/{key}", operation_id = "apiConfig", tag = "api admin",
    params(("key" = String, Path, description = "The setting's name", example = "site_name")),
    responses(
        (status = 200, description = "The setting", body = Envelope<wire::Config>),
        (status = 404, description = "There is none of that name", body = Refusal),
    ),
)]
async fn detail(app: Server, by: Caller<Api>, path: RawPathParams) -> Answer<wire::Config> {
    Ok(Reply::done("", shown(app.engine.config(&by.actor, &key(&path)?).await?)))
}

/// Change a setting (更新系统配置)
///
/// It acts at once, on every process.
#[utoipa::path(put, path = "/admin/configs/{key}", operation_id = "apiChangeConfig", tag = "api admin",
    params(("key" = String, Path, description = "The setting's name", example = "site_name")),
    request_body = wire::ConfigEdit,
    responses(
        (status = 200, description = "The setting as it is now", body = Envelope<wire::Config>),
        (status = 404, description = "There is none of that name", body = Refusal),
    ),
)]
async fn change(
    app: Server,
    by: Caller<Api>,
    path: RawPathParams,
    Body(form, ..): Body<wire::ConfigEdit, Api>,
) -> Answer<wire::Config> {
    let key = key(&path)?;
    let changed = app.engine.change_config(&by, edit(key, form)?).await?;
    let updated_at = changed.updated_at.or_else(|| Some(app.engine.now())).map(moment);
    Ok(Reply::done("配置更新成功", wire::Config { updated_at, ..shown(changed) }))
}

/// Take a setting back to its default
///
/// One of a client's own is forgotten.
#[utoipa::path(delete, path = "/admin/configs/{key}", operation_id = "apiResetConfig", tag = "api admin",
    params(("key" = String, Path, description = "The setting's name", example = "site_name")),
    responses(
        (status = 200, description = "It is done", body = Envelope<Nothing>),
        (status = 404, description = "There is none of that name", body = Refusal),
    ),
)]
async fn reset(app: Server, by: Caller<Api>, path: RawPathParams) -> Answer<Nothing> {
    app.engine.reset_config(&by, key(&path)?).await?;
    Ok(Reply::done("配置删除成功", Nothing))
}

fn key(path: &RawPathParams) -> std::result::Result<String, Fail<Api>> {
    let key = path.iter().next().map(|(_, key)| key.to_owned());
    key.ok_or_else(|| Fail::new(Failure::Malformed(vec![Problem { field: "key", problem: "is missing".to_owned() }])))
}

fn all(configs: Vec<Config>) -> List<wire::Config> {
    let total = i64::try_from(configs.len()).unwrap_or(i64::MAX);
    let page = PageNumber { page: 1, size: total.max(1) };
    List::new(configs.into_iter().map(shown).collect(), paging::shown(page, total))
}

fn shown(config: Config) -> wire::Config {
    wire::Config {
        value: as_text(&config.value),
        key: config.key,
        description: config.description,
        kind: config.kind.word(),
        is_public: config.public,
        updated_at: config.updated_at.map(moment),
    }
}

fn new(form: wire::NewConfig) -> Result<ChangeSetting> {
    let mut problems = Problems::default();
    let key = form.key.required("key", &mut problems);
    let value = form.value.required("value", &mut problems);
    let kind = form.kind.optional("kind", &mut problems).unwrap_or_else(|| "string".to_owned());
    let kind = Kind::parse(&kind);
    if kind.is_none() {
        problems.add("kind", "must be one of string, integer, number, boolean, json");
    }
    let value = match (kind, value) {
        (Some(kind), Some(value)) => problems.take(kind.read(&value))?,
        _ => None,
    };
    let description = form.description.optional("description", &mut problems);
    let public = form.is_public.optional("is_public", &mut problems);
    problems.finish()?;
    let key = key.ok_or_else(|| Error::invalid("key", "is required"))?;
    Ok(ChangeSetting { key, value: Edit::Set(value), description: Edit::Set(description), public })
}

fn edit(key: String, form: wire::ConfigEdit) -> Result<ChangeSetting> {
    let mut problems = Problems::default();
    let value: Edit<Option<Value>> = match form.value {
        // A client that only describes a setting leaves its value alone.
        Field::Absent if matches!(form.description, Field::Given(_)) => Edit::Keep,
        value @ (Field::Absent | Field::Given(_) | Field::Wrong) => Edit::Set(value.required("value", &mut problems)),
    };
    let description = form.description.optional("description", &mut problems);
    let public = form.is_public.optional("is_public", &mut problems);
    problems.finish()?;
    Ok(ChangeSetting { key, value, description: description.map_or(Edit::Keep, |text| Edit::Set(Some(text))), public })
}
