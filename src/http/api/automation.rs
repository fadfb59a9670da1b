//! `/api/admin/automation`: quick replies, ticket templates, rules and what they have done, and many tickets at once.

mod batch;
mod forms;
mod logs;
mod quick_replies;
mod rules;
mod templates;

use super::paging;
use super::wire::Placed;
use crate::http::App;
use crate::http::query::PageNumber;
use model::error::Problems;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    [quick_replies::routes(), templates::routes(), rules::routes(), logs::routes(), batch::routes()]
        .into_iter()
        .fold(OpenApiRouter::new(), OpenApiRouter::merge)
}

/// The page that a query asks for: its number, and how long it is, in either spelling.
fn page(number: Option<&str>, sizes: [Option<&str>; 2], problems: &mut Problems) -> PageNumber {
    paging::page(number, sizes, paging::MOST, problems)
}

fn placed(page: PageNumber, total: i64) -> Placed {
    Placed { total, page: page.page, page_size: page.size, total_pages: page.pages(total) }
}
