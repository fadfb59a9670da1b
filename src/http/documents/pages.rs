//! The documents as they are served: JSON, and Swagger UI as a page that works without the internet.
//!
//! The page is ours, its program is the vendored Swagger UI in the binary. Its policy lets in nothing from elsewhere, and no
//! inline script or style.

use super::super::answer::{Refusal, Refused};
use super::postman;
use axum::body::{Body, Bytes};
use axum::extract::Path;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use flate2::read::GzDecoder;
use std::borrow::Cow;
use std::io::Read as _;
use std::sync::{Arc, LazyLock};

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                      connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const PAGE: &str = include_str!("../../../assets/docs/index.html");

/// What is ours beside the vendored files.
const OURS: &[(&str, &str, &str)] = &[
    ("page.js", "text/javascript; charset=utf-8", include_str!("../../../assets/docs/page.js")),
    ("page.css", "text/css; charset=utf-8", include_str!("../../../assets/docs/page.css")),
];

/// The vendored files that the page asks for. The others (its own page, other bundles) stay unserved.
const VENDORED: &[(&str, &str)] = &[
    ("swagger-ui-bundle.js", "text/javascript; charset=utf-8"),
    ("swagger-ui.css", "text/css; charset=utf-8"),
    ("favicon-32x32.png", "image/png"),
];

/// This document
#[utoipa::path(get, path = "/openapi.json", operation_id = "openapi", tag = "documents", responses(
    (status = 200, description = "OpenAPI 3.1, made from the code of this server", body = Object),
    (status = 304, description = "It is as it was"),
))]
pub(super) async fn openapi_json(headers: HeaderMap) -> Response {
    static TEXT: LazyLock<Bytes> = LazyLock::new(|| super::openapi().to_string().into());
    page("application/json", &headers, TEXT.clone())
}

/// The same as a Postman collection
///
/// Collection v2.1 with an example for every operation. Set its variables `base_url` and `token`.
#[utoipa::path(get, path = "/docs/postman/ticket-api.json", operation_id = "postman", tag = "documents", responses(
    (status = 200, description = "A Postman collection, v2.1", body = Object),
    (status = 304, description = "It is as it was"),
))]
pub(super) async fn postman_json(headers: HeaderMap) -> Response {
    static TEXT: LazyLock<Bytes> = LazyLock::new(|| postman::collection(super::openapi()).to_string().into());
    page("application/json", &headers, TEXT.clone())
}

/// The same as a page to try it out
#[utoipa::path(get, path = "/docs/swagger-ui", operation_id = "swagger", tag = "documents", responses(
    (status = 200, description = "Swagger UI", body = String, content_type = "text/html"),
    (status = 304, description = "It is as it was"),
))]
pub(super) async fn swagger(headers: HeaderMap) -> Response {
    page("text/html; charset=utf-8", &headers, Bytes::from_static(PAGE.as_bytes()))
}

/// What that page loads
#[utoipa::path(get, path = "/docs/swagger-ui/{asset}", operation_id = "swaggerAsset", tag = "documents",
    params(("asset" = String, Path, description = "A file of the page", example = "page.js")),
    responses(
        (status = 200, description = "The file", body = String, content_type = "*/*"),
        (status = 304, description = "The file is as it was"),
        (status = 404, description = "The page has no such file", body = Refused),
    ))]
pub(super) async fn swagger_asset(Path(asset): Path<String>, headers: HeaderMap) -> Response {
    if let Some((_, kind, text)) = OURS.iter().find(|(name, ..)| *name == asset) {
        return page(kind, &headers, Bytes::from_static(text.as_bytes()));
    }
    match VENDORED.iter().find(|(name, _)| *name == asset).and_then(|(name, kind)| Some((vendored(name)?, kind))) {
        Some((file, kind)) => compressed(kind, &headers, file),
        None => Refusal::not_found().into_response(),
    }
}

/// A file of Swagger UI, compressed when the program was built.
fn vendored(name: &str) -> Option<Bytes> {
    let file = utoipa_swagger_ui::serve(name, Arc::default()).ok().flatten()?;
    match file.bytes {
        Cow::Borrowed(bytes) => Some(Bytes::from_static(bytes)),
        Cow::Owned(bytes) => Some(bytes.into()),
    }
}

/// Sent as it lies there to whoever takes gzip, which is nearly everybody.
fn compressed(kind: &'static str, headers: &HeaderMap, file: Bytes) -> Response {
    let takes = headers.get(ACCEPT_ENCODING).and_then(|takes| takes.to_str().ok()).unwrap_or_default();
    let gzip = takes.split(',').any(|one| one.trim().starts_with("gzip") && !one.replace(' ', "").ends_with("q=0"));
    let mut response = if gzip {
        page(kind, headers, file)
    } else {
        let mut plain = Vec::new();
        if let Err(error) = GzDecoder::new(file.as_ref()).read_to_end(&mut plain) {
            tracing::error!(%error, "a file of the program cannot be unpacked");
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
        page(kind, headers, plain.into())
    };
    if gzip && response.status() == StatusCode::OK {
        response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response.headers_mut().insert(VARY, HeaderValue::from_static("accept-encoding"));
    response
}

fn page(kind: &'static str, headers: &HeaderMap, body: Bytes) -> Response {
    let etag = format!("\"{}-{:x}\"", env!("CARGO_PKG_VERSION"), checksum(&body));
    let unchanged = headers.get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == etag.as_bytes());
    let mut response = Response::new(if unchanged { Body::empty() } else { body.into() });
    if unchanged {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let out = response.headers_mut();
    out.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    out.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    out.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        out.insert(ETAG, etag);
    }
    response
}

/// FNV-1a: enough to tell one build's file from another's.
fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
