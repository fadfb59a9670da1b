//! The helpdesk dialect, `/api` (seed 001): accounts, tickets and their workflow, categories, notifications, administration.
//! It translates and decides nothing.
//!
//! The document knows two envelopes and five shapes of lists; every answer here is the superset of them (`wire/`). What it
//! leaves open is settled in `dialects.md` 0, 1.2, 2.2 and 3.2, the spellings of its known clients among it.

mod audit;
mod auth;
mod automation;
mod categories;
mod cleanup;
mod comments;
mod configs;
mod devices;
mod documents;
mod email_config;
mod failure;
mod listing;
mod notifications;
mod paging;
mod passwords;
mod people;
mod preferences;
mod profile;
mod sla;
mod socket;
mod system;
mod tickets;
mod upload;
mod users;
mod wire;
mod workflow;

use super::dialect::{Dialect, Fail, Failure, guarded};
use super::{App, limits};
use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::Response;
use model::Error;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;

/// Where the dialect stands.
pub const PREFIX: &str = "/api";

/// The dialect.
pub struct Api;

impl Dialect for Api {
    const STREAMS: &'static [&'static str] = &["/api/upload", "/api/admin/configs/import"];

    fn failure(failure: &Failure) -> Response {
        failure::response(failure)
    }
}

/// What a handler answers.
type Answer<T> = Result<wire::Reply<T>, Fail<Api>>;
/// What a handler of a list answers.
type Listed<T> = Result<wire::List<T>, Fail<Api>>;

/// The routes with their documents, to stand below [`PREFIX`]. A noun has a router of its own, which is merged here.
pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    let nouns = vec![
        auth::routes(),
        devices::routes(),
        preferences::routes(),
        tickets::routes(),
        workflow::routes(),
        comments::routes(),
        categories::routes(),
        users::routes(),
        notifications::routes(),
        configs::routes(),
        system::routes(),
        cleanup::routes(),
        email_config::routes(),
        audit::routes(),
        sla::routes(),
        automation::routes(),
        upload::routes(),
        socket::routes(),
    ];
    let all = nouns.into_iter().fold(OpenApiRouter::new(), OpenApiRouter::merge);
    limits::documented(documents::REFUSALS.completed(all), documents::REFUSAL)
}

/// Which ticket isn't there, stands in the path (seed 001, 业务错误码).
async fn name_the_ticket(request: Request, next: Next) -> Response {
    let mut parts = request.uri().path().split('/').skip_while(|part| *part != "tickets").skip(1);
    let asked = parts.next().and_then(|id| id.parse().ok());
    let response = next.run(request).await;
    match asked {
        Some(id) if response.extensions().get::<failure::NoTicket>().is_some() => failure::no_ticket(id),
        Some(_) | None => response,
    }
}

/// What stands around the routes. Requests are counted only where a setting says so: the document names no numbers.
pub(super) fn surrounded(app: &Arc<App>, routes: OpenApiRouter<Arc<App>>) -> Router<Arc<App>> {
    let router = Router::from(routes)
        .fallback(async || Fail::<Api>::new(Failure::NoSuchRoute))
        .method_not_allowed_fallback(async || Fail::<Api>::new(Failure::WrongMethod))
        .layer(from_fn(name_the_ticket))
        .layer(from_fn_with_state(Arc::clone(app), guarded::<Api>));
    if !app.config.rate_limit.api {
        return router;
    }
    let too_often = |error: &Error| Api::failure(&Failure::Refused(error.clone()));
    router.layer(limits::layer(app, too_often, socket::credential))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::documents::openapi;
    use serde_json::Value;

    #[test]
    fn streams_are_the_routes_that_take_forms() {
        let paths = openapi()["paths"].as_object().unwrap().iter().filter(|(path, _)| path.starts_with(PREFIX));
        let takes_form = |item: &&Value| !item["post"]["requestBody"]["content"]["multipart/form-data"].is_null();
        let mut all: Vec<&str> = paths.filter(|(_, item)| takes_form(item)).map(|(path, _)| path.as_str()).collect();
        let mut streams = Api::STREAMS.to_vec();
        all.sort_unstable();
        streams.sort_unstable();
        assert_eq!(all, streams);
    }
}
