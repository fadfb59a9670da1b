//! `/uploads/YYYY/MM/name`: uploads by the address that they were given, for those who may see them (by their token), or by a
//! signed link for a while, as `<img>` fetches them.
//!
//! The path is looked up among the addresses that were given, and never made into a path on the disk.

use super::answer::{Refusal, Refused};
use super::{App, file, gate};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use engine::Signed;
use model::attachment::UPLOADS;
use std::collections::HashMap;
use std::sync::Arc;

/// What an address may say besides.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes, and is never made")]
struct Asked {
    /// `small` asks for the small picture, where there is one.
    #[param(nullable = false, example = "small")]
    size: Option<String>,
    /// When the link ends, in seconds since 1970. It, `reader` and `signature` come together, as the server wrote them.
    #[param(nullable = false, value_type = i64)]
    expires: Option<String>,
    /// Whom the link was made for.
    #[param(nullable = false, value_type = i64)]
    reader: Option<String>,
    #[param(nullable = false)]
    signature: Option<String>,
}

/// A link's own words, if it is one. What can't be read was not signed by us.
fn signed(asked: &HashMap<String, String>) -> Option<Signed> {
    let number = |name: &str| asked.get(name).and_then(|text| text.parse().ok()).unwrap_or_default();
    let signature = asked.get("signature")?.clone();
    Some(Signed { reader: number("reader"), expires: number("expires"), signature })
}

/// Fetch an upload
///
/// For those who may see the ticket that it belongs to, by their token or by a signed link. Ranges and conditional requests
/// are understood. All but harmless pictures comes as a download.
#[utoipa::path(get, path = "/uploads/{year}/{month}/{name}", operation_id = "uploaded", tag = "files",
    params(
        ("year" = String, Path, description = "The year", example = "2026"),
        ("month" = String, Path, description = "The month", example = "01"),
        ("name" = String, Path, description = "The name that it was given", example = "2cf24dba5fb0a30e-1.png"),
        Asked,
    ),
    responses(
        (status = 200, description = "The file", body = String, content_type = "*/*"),
        (status = 206, description = "The part that was asked for", body = String, content_type = "*/*"),
        (status = 304, description = "The file is as it was"),
        (status = 401, description = "Nobody is named, the token is no good, or the link was not made here or is over", body = Refused),
        (status = 404, description = "There is no such file, or the caller may not know of it", body = Refused),
        (status = 416, description = "The file has no such part"),
    ),
    security((), ("token" = []), ("key" = [])),
)]
pub async fn uploaded(
    State(app): State<Arc<App>>,
    Query(asked): Query<HashMap<String, String>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    // As it was sent: the addresses that we give have nothing to decode.
    let path = uri.path().strip_prefix(UPLOADS).unwrap_or_default();
    let actor = match signed(&asked) {
        Some(signed) => app.engine.linked(path, &signed).await?,
        None => gate::actor(&app.engine, &headers).await?,
    };
    let attachment = app.engine.attachment_at(&actor, path).await?;
    let served = match asked.get("size").map(String::as_str) {
        Some("small") => app.engine.served_small(attachment).await?,
        Some(_) | None => app.engine.served(attachment).await?,
    };
    file::sent_down(served, &headers).await
}
