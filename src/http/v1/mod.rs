//! The Orris dialect, `/v1` (seed 003): tickets, comments, statistics. It translates and decides nothing.
//!
//! A query or path that can't be read, and what is no JSON, is 400; JSON that is well-formed and wrong is 422. Every answer
//! below `/v1` comes in the envelope of `wire/`. What the document leaves open is settled in `dialects.md` 0, 1.3 and 2.3.

mod comments;
mod convert;
mod documents;
mod failure;
mod figures;
mod filter;
mod reports;
mod tickets;
mod webhooks;
mod wire;

use super::dialect::{Dialect, Fail, Failure, guarded};
use super::{App, limits};
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use model::Error;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;

/// Where the dialect stands.
pub const PREFIX: &str = "/v1";

/// The dialect.
pub struct V1;

impl Dialect for V1 {
    fn failure(failure: &Failure) -> Response {
        failure::response(failure)
    }
}

/// What a handler answers.
type Answer<T> = Result<wire::Reply<T>, Fail<V1>>;
/// What a handler of a list answers.
type Listed<T> = Result<wire::Page<T>, Fail<V1>>;

/// The routes with their documents, to stand below [`PREFIX`]. A noun has a router of its own, which is merged here.
pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    let nouns = [tickets::routes(), comments::routes(), reports::routes(), webhooks::routes()];
    let all = nouns.into_iter().fold(OpenApiRouter::new(), OpenApiRouter::merge);
    limits::documented(documents::REFUSALS.completed(all), documents::REFUSAL)
}

/// What stands around the routes. The limits are outermost, so that whatever is answered says where the caller stands.
pub(super) fn surrounded(app: &Arc<App>, routes: OpenApiRouter<Arc<App>>) -> Router<Arc<App>> {
    let too_often = |error: &Error| V1::failure(&Failure::Refused(error.clone()));
    Router::from(routes)
        .fallback(async || Fail::<V1>::new(Failure::NoSuchRoute))
        .method_not_allowed_fallback(async || Fail::<V1>::new(Failure::WrongMethod))
        .layer(from_fn_with_state(Arc::clone(app), guarded::<V1>))
        .layer(limits::layer(app, too_often, limits::by_headers))
}
