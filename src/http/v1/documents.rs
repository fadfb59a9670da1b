//! What is the same in the documents of all routes of `/v1`: who may call, and how they are told no (seed 003 §6).
//!
//! The extractors answer these for every handler alike, so a handler documents only what is its own.

use crate::http::documents::operations;
use utoipa::openapi::path::{Operation, Parameter, ParameterIn};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{Content, ContentBuilder, Ref, RefOr, Required, ResponseBuilder, Schema};
use utoipa_axum::router::OpenApiRouter;

/// The schema of every refusal.
pub(super) const REFUSAL: &str = "V1Refusal";

const ALWAYS: &[(&str, &str)] = &[
    ("400", "VALIDATION_ERROR: path, query, body or a header can't be read (请求参数错误)"),
    ("401", "UNAUTHORIZED: nobody is named, or the token is no good (未认证)"),
    ("403", "FORBIDDEN: the caller may not do this (无权限)"),
    ("500", "INTERNAL_ERROR (服务器内部错误)"),
    ("503", "INTERNAL_ERROR: it took too long; try again"),
];
const IN_A_TICKET: (&str, &str) =
    ("404", "TICKET_NOT_FOUND: no such ticket, or the caller may not know of it (资源不存在)");
const WITH_BODY: &[(&str, &str)] = &[
    ("413", "VALIDATION_ERROR: the body is larger than the server takes"),
    ("422", "VALIDATION_ERROR: the body can be read, and is wrong (验证失败)"),
];

/// Adds to each operation what its parts imply and it does not say itself.
pub(super) fn completed<S: Clone + Send + Sync + 'static>(mut router: OpenApiRouter<S>) -> OpenApiRouter<S> {
    for (path, item) in &mut router.get_openapi_mut().paths.paths {
        let in_a_ticket = path.starts_with("/tickets/{");
        for operation in operations(item) {
            let body = operation.request_body.is_some();
            if let Some(RefOr::T(body)) = &mut operation.request_body {
                body.content.values_mut().for_each(not_null);
            }
            refuse(operation, ALWAYS);
            refuse(operation, in_a_ticket.then_some(&IN_A_TICKET));
            refuse(operation, if body { WITH_BODY } else { &[] });
            operation.parameters.iter_mut().flatten().for_each(may_be_empty);
            operation.security.get_or_insert_with(|| {
                ["token", "key"].map(|scheme| SecurityRequirement::new(scheme, Vec::<String>::new())).into()
            });
        }
    }
    router
}

/// `Params` takes an empty value for an absent one. utoipa has no field for that, but writes what it does not know as it is.
fn may_be_empty(parameter: &mut RefOr<Parameter>) {
    if let RefOr::T(parameter) = parameter
        && matches!((&parameter.parameter_in, &parameter.required), (ParameterIn::Query, Required::False))
    {
        parameter.extensions.get_or_insert_default().insert("allowEmptyValue".to_owned(), true.into());
    }
}

/// A body that may be left out is none then, not `null`.
fn not_null(content: &mut RefOr<Content>) {
    if let RefOr::T(content) = content
        && let Some(RefOr::T(Schema::OneOf(either))) = &content.schema
        && let Some(reference) = either.items.iter().find(|item| matches!(item, RefOr::Ref(_)))
    {
        content.schema = Some(reference.clone());
    }
}

fn refuse<'a>(operation: &mut Operation, told: impl IntoIterator<Item = &'a (&'a str, &'a str)>) {
    for (status, why) in told {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(REFUSAL))).build();
        let refusal = ResponseBuilder::new().description(*why).content("application/json", content);
        let answers = &mut operation.responses.responses;
        answers.entry((*status).to_owned()).or_insert_with(|| refusal.build().into());
    }
}
