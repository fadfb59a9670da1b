//! `/api`: settings that administrators change while the service runs (系统管理接口).

mod bulk;

use super::people::moment;
use super::wire::{self, Envelope, List, Nothing, Refusal, Reply};
use super::{Answer, Api, Listed, paging};
use crate::http::App;
use crate::http::dialect::{Body, Caller, Fail, Failure, Params};
use crate::http::field::Field;
use crate::http::query::PageNumber;
use axum::extract::{RawPathParams, State};
use engine::Config;
use model::access::Operation;
use model::command::{ChangeSetting, Edit};
use model::error::{Problem, Problems};
use model::setting::{Kind, as_text};
use model::{Error, Result, text};
use serde_json::Value;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

type Server = State<Arc<App>>;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(detail, change, reset))
        .routes(routes!(public))
        .merge(bulk::routes())
}

/// List settings (获取系统配置)
///
/// Every one that the server knows, changed or not, and behind them those of clients' own.
#[utoipa::path(get, path = "/admin/configs", operation_id = "apiListConfigs", tag = "api admin",
    params(wire::ConfigsQuery),
    responses((status = 200, description = "All of them", body = List<wire::Config>)),
)]
async fn list(
    app: Server,
    by: Caller<Api>,
    Params(query, ..): Params<wire::ConfigsQuery, Api>,
) -> Listed<wire::Config> {
    let query = asked(query).map_err(Fail::of_query)?;
    Ok(all(app.engine.configs(&by.actor).await?, &query))
}

/// List the settings that anybody may read
#[utoipa::path(get, path = "/configs/public", operation_id = "apiListPublicConfigs", tag = "api admin", security(()),
    responses((status = 200, description = "All of them", body = List<wire::Config>)),
)]
async fn public(app: Server) -> Listed<wire::Config> {
    Ok(all(app.engine.public_configs(), &wire::ConfigsQuery::default()))
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
    by.may(Operation::ChangeSettings)?;
    let change = new(form).map_err(|wrong| Fail::new(wrong.failure()))?;
    let made = app.engine.create_config(&by, change).await?;
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
    by.may(Operation::ChangeSettings)?;
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

/// What is asked for can be in the store.
fn asked(query: wire::ConfigsQuery) -> Result<wire::ConfigsQuery> {
    let mut problems = Problems::default();
    for (name, word) in [("category", &query.category), ("group", &query.group)] {
        problems.take(text::optional(name, word.as_deref(), 50))?;
    }
    if query.format.as_deref().is_some_and(|format| format.trim() != "json") {
        problems.add("format", "must be json");
    }
    problems.finish()?;
    Ok(query)
}

fn all(configs: Vec<Config>, query: &wire::ConfigsQuery) -> List<wire::Config> {
    let is = |asked: &Option<String>, given: &Option<String>| asked.is_none() || asked == given;
    let some = configs.into_iter().map(shown);
    let some: Vec<_> = some.filter(|one| is(&query.category, &one.category) && is(&query.group, &one.group)).collect();
    let total = i64::try_from(some.len()).unwrap_or(i64::MAX);
    let page = PageNumber { page: 1, size: total.max(1) };
    List::new(some, paging::shown(page, total))
}

fn shown(config: Config) -> wire::Config {
    wire::Config {
        value: as_text(&config.value),
        key: config.key,
        description: config.description,
        kind: config.kind.word(),
        value_type: value_type(config.kind),
        category: config.shelf.category,
        group: config.shelf.group,
        is_public: config.public,
        updated_at: config.updated_at.map(moment),
    }
}

/// The type by the words of those clients that say `value_type`.
fn value_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Text { .. } | Kind::OneOf(_) | Kind::Schedule => "string",
        Kind::Integer { .. } => "int",
        Kind::Number => "float",
        Kind::Boolean => "bool",
        Kind::Json => "json",
    }
}

/// What a setting is called that may be wrong otherwise.
fn named(form: &wire::NewConfig) -> String {
    match &form.key {
        Field::Given(key) => key.chars().filter(|c| !c.is_control()).take(100).collect(),
        Field::Absent | Field::Wrong => String::new(),
    }
}

/// What is wrong with a setting that was sent.
struct Wrong {
    problems: Vec<Problem>,
    /// Whether its value is not of the type that its sender says it is: that can't be read.
    unreadable: bool,
}

impl Wrong {
    fn failure(self) -> Failure {
        if self.unreadable {
            Failure::Malformed(self.problems)
        } else {
            Failure::Refused(Error::Invalid(self.problems))
        }
    }
}

/// The type that a client names, by either name of the field.
fn named_kind(kind: Field<String>, value_type: Field<String>, problems: &mut Problems) -> Option<Kind> {
    let (name, field) = match value_type {
        Field::Absent => ("kind", kind),
        Field::Given(_) | Field::Wrong => ("value_type", value_type),
    };
    let word = field.optional(name, problems)?;
    let kind = Kind::parse(word.trim());
    if kind.is_none() {
        problems.add(name, "must be one of string, integer, number, boolean, json");
    }
    kind
}

/// A text where nothing is said of its type.
fn new(form: wire::NewConfig) -> std::result::Result<ChangeSetting, Wrong> {
    let mut problems = Problems::default();
    let p = &mut problems;
    let key = form.key.required("key", p);
    let value = form.value.required("value", p);
    let typed = matches!((&form.kind, &form.value_type), (Field::Absent, Field::Absent));
    let kind = named_kind(form.kind, form.value_type, p).or_else(|| typed.then(|| Kind::parse("string")).flatten());
    let description = form.description.optional("description", p);
    let public = form.is_public.optional("is_public", p);
    let category = form.category.optional("category", p);
    let group = form.group.optional("group", p);
    let mut unreadable = false;
    let value = value.zip(kind).and_then(|(value, kind)| match kind.read(&value) {
        Ok(value) => Some(value),
        Err(error) => {
            unreadable = true;
            p.add("value", error.to_string().trim_start_matches("value "));
            None
        }
    });
    #[expect(clippy::wildcard_enum_match_arm, reason = "nothing here finds any other fault")]
    let failed = |error: Error| match error {
        Error::Invalid(problems) => Wrong { problems, unreadable },
        other => Wrong { problems: vec![Problem { field: "value", problem: other.to_string() }], unreadable },
    };
    problems.finish().map_err(failed)?;
    Ok(ChangeSetting {
        key: key.unwrap_or_default(),
        value: Edit::Set(value),
        description: described(description),
        public,
        kind,
        category: described(category),
        group: described(group),
    })
}

/// What is left out stays.
fn described(text: Option<String>) -> Edit<Option<String>> {
    text.map_or(Edit::Keep, |text| Edit::Set(Some(text)))
}

fn edit(key: String, form: wire::ConfigEdit) -> Result<ChangeSetting> {
    let mut problems = Problems::default();
    let p = &mut problems;
    let kind = named_kind(Field::Absent, form.value_type, p);
    let value: Edit<Option<Value>> = match form.value {
        // A client that only describes a setting leaves its value alone.
        Field::Absent if matches!(form.description, Field::Given(_)) => Edit::Keep,
        value @ (Field::Absent | Field::Given(_) | Field::Wrong) => Edit::Set(value.required("value", p)),
    };
    let change = ChangeSetting {
        key,
        value,
        description: described(form.description.optional("description", p)),
        public: form.is_public.optional("is_public", p),
        kind,
        category: described(form.category.optional("category", p)),
        group: described(form.group.optional("group", p)),
    };
    problems.finish()?;
    Ok(change)
}
