//! The documents of the HTTP surfaces: one OpenAPI document out of the handlers, and what is made from it.
//!
//! A route stands in its router together with its document (`routes!(handler)`), so this module lists nothing but what
//! cannot say it itself: the service as a whole, how callers identify themselves, and GraphQL's transport. A test compares
//! the document with the routes that the server really has.

mod graphql;
mod pages;
mod postman;
pub mod refusals;

use super::Groups;
use serde_json::Value;
use std::sync::LazyLock;
use utoipa::OpenApi as _;
use utoipa::openapi::path::{Operation, Parameter};
use utoipa::openapi::schema::{SchemaType, Type};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, Content, OpenApi, PathItem, RefOr, Schema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use postman::collection;

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Echodesk",
        description = "A ticket service: one engine behind GraphQL, HTTP dialects and e-mail. Made from the code of the \
                       server that serves it.",
        license(name = "AGPL-3.0-only", identifier = "AGPL-3.0-only"),
    ),
    servers((url = "/", description = "This server")),
    tags(
        (name = "v1 tickets", description = "The Orris dialect (工单管理 API): tickets, and everything that moves them"),
        (name = "v1 comments", description = "The Orris dialect (评论管理 API): what is said on a ticket"),
        (name = "v1 reports", description = "The Orris dialect (统计与报表 API): figures over tickets"),
        (name = "v1 webhooks", description = "The Orris dialect (Webhook 通知): addresses that are told of events"),
        (name = "api accounts", description = "The helpdesk dialect (认证接口): signing in, second factor, trusted devices"),
        (name = "api tickets", description = "The helpdesk dialect (工单管理接口): tickets, their workflow, comments and figures"),
        (name = "api workflow", description = "The helpdesk dialect (工单工作流接口): who has a ticket, and how it moves"),
        (name = "api comments", description = "The helpdesk dialect: what is said on a ticket"),
        (name = "api categories", description = "The helpdesk dialect (分类管理接口)"),
        (name = "api notifications", description = "The helpdesk dialect (通知管理接口)"),
        (name = "api admin", description = "The helpdesk dialect (用户管理、系统管理、审计日志): for administrators"),
        (name = "api system", description = "The helpdesk dialect: whether the server works, for whoever asks"),
        (name = "api files", description = "The helpdesk dialect (文件上传接口)"),
        (name = "api socket", description = "The helpdesk dialect (WebSocket接口)"),
        (name = "graphql", description = "Queries and mutations over HTTP, subscriptions over WebSocket and server-sent events; \
                                          its types are told by introspection and by `echodesk schema`"),
        (name = "accounts", description = "Pages that mails lead to"),
        (name = "files", description = "Attachments, up and down"),
        (name = "hooks", description = "What other servers push here"),
        (name = "operations", description = "For those who run the service"),
        (name = "documents", description = "This document, as a page and as a Postman collection"),
    ),
)]
struct Service;

/// The whole document.
pub fn document() -> OpenApi {
    let mut document = Service::openapi();
    env!("CARGO_PKG_VERSION").clone_into(&mut document.info.version);
    document.components = Some(
        ComponentsBuilder::new()
            .security_scheme(
                "token",
                SecurityScheme::Http(
                    HttpBuilder::new()
                        .scheme(HttpAuthScheme::Bearer)
                        .description(Some("An access token, or what `echodesk token` prints"))
                        .build(),
                ),
            )
            .security_scheme(
                "key",
                SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description(
                    "X-API-Key",
                    "The same, for those who cannot set Authorization",
                ))),
            )
            .security_scheme(
                "hook",
                SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description(
                    "X-Hook-Secret",
                    "The secret that the settings give a hook",
                ))),
            )
            .build(),
    );
    document.merge(graphql::document());
    document.merge(Groups::all().document());
    for item in document.paths.paths.values_mut() {
        for operation in operations(item) {
            operation.parameters.iter_mut().flatten().for_each(never_null);
            if let Some(RefOr::T(body)) = &mut operation.request_body {
                body.content.iter_mut().for_each(|(kind, media)| left_out_not_null(kind, media));
            }
        }
    }
    document
}

/// Every operation of a path, to be changed.
pub(super) fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem { get, put, post, delete, options, head, patch, trace, .. } = item;
    [get, put, post, delete, options, head, patch, trace].into_iter().flatten()
}

/// A parameter is there or it is not; `Option` says to utoipa that it may also be null, which no address and no header can.
fn never_null(parameter: &mut RefOr<Parameter>) {
    if let RefOr::T(Parameter { schema: Some(RefOr::T(Schema::Object(schema))), .. }) = parameter
        && let SchemaType::Array(types) = &schema.schema_type
        && let [one] = types.iter().filter(|one| **one != Type::Null).collect::<Vec<_>>().as_slice()
    {
        schema.schema_type = SchemaType::Type((**one).clone());
    }
}

/// The same of bodies that are not JSON: `Option` says that one may be left out.
fn left_out_not_null(kind: &str, media: &mut RefOr<Content>) {
    let null =
        |one: &RefOr<Schema>| matches!(one, RefOr::T(Schema::Object(one)) if one.schema_type == Type::Null.into());
    if !kind.ends_with("json")
        && let RefOr::T(media) = media
        && let Some(RefOr::T(Schema::OneOf(choice))) = &media.schema
        && let [one] = choice.items.iter().filter(|one| !null(one)).collect::<Vec<_>>().as_slice()
    {
        media.schema = Some((**one).clone());
    }
}

/// The document as the server hands it out; it is the same for every server of this build.
pub fn openapi() -> &'static Value {
    static DOCUMENT: LazyLock<Value> = LazyLock::new(|| serde_json::to_value(document()).unwrap_or_default());
    &DOCUMENT
}

/// `echodesk openapi` prints it.
pub fn openapi_text() -> String {
    format!("{:#}\n", openapi())
}

/// Where the documents are served.
pub fn routes<S: Clone + Send + Sync + 'static>() -> OpenApiRouter<S> {
    OpenApiRouter::new()
        .routes(routes!(pages::openapi_json))
        .routes(routes!(pages::postman_json))
        .routes(routes!(pages::swagger))
        .routes(routes!(pages::swagger_asset))
}
