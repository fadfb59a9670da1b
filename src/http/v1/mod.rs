//! The Orris dialect, `/v1` (seed 003): tickets, comments, statistics. It translates and decides nothing.
//!
//! A query or path that can't be read, and what is no JSON, is 400; JSON that is well-formed and wrong is 422. Every answer
//! below `/v1` comes in the envelope of `wire.rs`. What the document leaves open is settled in `dialects.md` 0, 1.3 and 2.3.

mod comments;
mod convert;
mod failure;
mod figures;
mod filter;
mod reports;
mod tickets;
mod webhooks;
mod wire;

use super::App;
use super::dialect::{Dialect, Fail, Failure, guarded};
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::{get, patch, post};
use std::sync::Arc;

/// The dialect.
pub struct V1;

impl Dialect for V1 {
    fn failure(failure: &Failure) -> Response {
        failure::response(failure)
    }
}

/// What a handler answers.
type Answer<T> = Result<wire::Reply<T>, Fail<V1>>;

/// The routes, to stand below `/v1`.
pub fn routes(app: &Arc<App>) -> Router<Arc<App>> {
    Router::new()
        .route("/tickets", get(tickets::list).post(tickets::open))
        .route("/tickets/stats", get(reports::stats))
        .route("/tickets/my-stats", get(reports::my_stats))
        .route("/tickets/sla-report", get(reports::sla_report))
        .route("/tickets/{id}", get(tickets::detail).delete(tickets::delete))
        .route("/tickets/{id}/assign", post(tickets::assign))
        .route("/tickets/{id}/status", patch(tickets::write_status))
        .route("/tickets/{id}/priority", patch(tickets::write_priority))
        .route("/tickets/{id}/close", post(tickets::close))
        .route("/tickets/{id}/reopen", post(tickets::reopen))
        .route("/tickets/{id}/comments", get(comments::list).post(comments::add))
        .route("/tickets/{id}/comments/{comment_id}", patch(comments::edit).delete(comments::withdraw))
        .merge(Router::from(webhooks::routes()))
        .fallback(async || Fail::<V1>::new(Failure::NoSuchRoute))
        .method_not_allowed_fallback(async || Fail::<V1>::new(Failure::WrongMethod))
        .layer(from_fn_with_state(Arc::clone(app), guarded::<V1>))
}
