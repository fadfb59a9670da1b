//! What is the same in the documents of all routes of a dialect: who may call, and how they are told no.
//!
//! The extractors of `dialect.rs` answer these for every handler alike, so a handler documents only what is its own. A
//! dialect says in a [`Refusals`] with which statuses it does, and in its own words why.

use super::operations;
use utoipa::openapi::path::{Operation, Parameter, ParameterIn};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{Content, ContentBuilder, Ref, RefOr, Required, ResponseBuilder, Schema};
use utoipa_axum::router::OpenApiRouter;

/// A status, and what it means there.
pub type Told = (&'static str, &'static str);

/// How a dialect tells no.
pub struct Refusals {
    /// The name of the schema of every refusal.
    pub schema: &'static str,
    pub always: &'static [Told],
    /// For operations with a body.
    pub with_body: &'static [Told],
    /// For operations on one thing, by how its path begins.
    pub on_one: &'static [(&'static str, Told)],
    /// Paths that ask for no credential.
    pub open: &'static [&'static str],
}

impl Refusals {
    /// Adds to each operation what its parts imply and it does not say itself.
    pub fn completed<S: Clone + Send + Sync + 'static>(&self, mut router: OpenApiRouter<S>) -> OpenApiRouter<S> {
        for (path, item) in &mut router.get_openapi_mut().paths.paths {
            let on_one: Vec<Told> =
                self.on_one.iter().filter(|(begin, _)| path.starts_with(begin)).map(|(_, told)| *told).collect();
            for operation in operations(item) {
                let body = operation.request_body.is_some();
                if let Some(RefOr::T(body)) = &mut operation.request_body {
                    body.content.values_mut().for_each(not_null);
                }
                self.refuse(operation, self.always);
                self.refuse(operation, &on_one);
                self.refuse(operation, if body { self.with_body } else { &[] });
                operation.parameters.iter_mut().flatten().for_each(may_be_empty);
                if !self.open.contains(&path.as_str()) {
                    operation.security.get_or_insert_with(|| {
                        ["token", "key"].map(|scheme| SecurityRequirement::new(scheme, Vec::<String>::new())).into()
                    });
                }
            }
        }
        router
    }

    fn refuse(&self, operation: &mut Operation, told: &[Told]) {
        for (status, why) in told {
            let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(self.schema))).build();
            let refusal = ResponseBuilder::new().description(*why).content("application/json", content);
            let answers = &mut operation.responses.responses;
            answers.entry((*status).to_owned()).or_insert_with(|| refusal.build().into());
        }
    }
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
