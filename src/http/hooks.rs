//! Hooks: what other servers push to us. Mail, so far.
//!
//! A hook answers only when what came is durable, so that its sender may forget it. It is authenticated by a shared secret;
//! while none is set, it does not exist.

use super::App;
use super::answer::{Refusal, Refused};
use super::graphql::ClientAddress;
use axum::Json;
use axum::body::{Body, to_bytes};
use axum::extract::{Extension, State};
use axum::http::header::{AUTHORIZATION, CONTENT_LENGTH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use channels::email::Outcome;
use http_body_util::LengthLimitError;
use model::id::{InboundId, TicketId};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// Seconds after which a sender may try again what could not be stored.
const RETRY_AFTER: u64 = 30;

/// A mail as its sender's server handed it over, whatever its charset.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "it describes, and is never made")]
struct RawMail(Vec<u8>);

/// What became of a mail.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({ "inbound": 7, "state": "opened", "ticket": 100_001, "number": "TK-2026-001", "why": null }))]
pub struct Taken {
    /// By which staff find what was kept.
    #[schema(value_type = i64)]
    inbound: InboundId,
    /// `opened`, `commented`, `duplicate`, `ignored` or `quarantined`.
    state: &'static str,
    #[schema(value_type = Option<i64>, required)]
    ticket: Option<TicketId>,
    #[schema(required)]
    number: Option<String>,
    /// Why it made no ticket, where it made none.
    #[schema(required)]
    why: Option<String>,
}

/// Take in a mail
///
/// The body is one raw mail (RFC 5322). It is answered when it is durable. The secret comes as `X-Hook-Secret` or as a bearer
/// token; while `email.hook_secret` is not set, there is no hook.
#[utoipa::path(post, path = "/hooks/email", operation_id = "hookEmail", tag = "hooks",
    request_body(content = Option<RawMail>, content_type = "message/rfc822", description = "One raw mail",
        example = "From: wang@example.net\r\nTo: support@example.org\r\nSubject: =?utf-8?B?5pWR5ZG9?=\r\n\r\nIt does not start.\r\n"),
    responses(
        (status = 200, description = "It belongs to a ticket", body = Taken),
        (status = 202, description = "It is kept, and somebody has to look at it", body = Taken),
        (status = 400, description = "The body broke off", body = Refused),
        (status = 401, description = "The secret is missing or wrong", body = Refused),
        (status = 404, description = "No secret is set", body = Refused),
        (status = 413, description = "It is larger than the settings allow", body = Refused),
        (status = 503, description = "It could not be stored; send it again", body = Refused),
    ),
    security(("hook" = []), ("token" = [])),
)]
pub async fn email(
    State(app): State<Arc<App>>,
    client: Option<Extension<ClientAddress>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let secret = app.config.email.hook_secret.as_ref().ok_or_else(Refusal::not_found)?;
    if !given(&headers).is_some_and(|given| engine::same_secret(given, secret.expose())) {
        return Err(Refusal::new(StatusCode::UNAUTHORIZED, "UNAUTHENTICATED", "the hook's secret is missing or wrong"));
    }
    let most = app.config.email.max_message_bytes;
    if announced(&headers).is_some_and(|length| length > most) {
        return Err(Refusal::too_large(most));
    }
    let raw =
        to_bytes(body, usize::try_from(most).unwrap_or(usize::MAX)).await.map_err(|error| broken(&error, most))?;
    let remote = client.map(|Extension(ClientAddress(address))| address.to_string());
    let taken = app.intake.ingest(raw.into(), remote).await.map_err(|error| {
        tracing::error!(%error, "a mail could not be taken in");
        Refusal::new(StatusCode::SERVICE_UNAVAILABLE, error.code(), "the mail could not be taken in; send it again")
            .retry_after(RETRY_AFTER)
    })?;
    let (ticket, number) = taken.outcome.ticket().map(|(id, number)| (id, number.to_owned())).unzip();
    let why = match &taken.outcome {
        Outcome::Quarantined(why) | Outcome::Ignored(why) => Some(why.clone()),
        Outcome::Opened(..) | Outcome::Commented(..) | Outcome::Duplicate(..) => None,
    };
    // Accepted: it is kept, and somebody has to look at it.
    let status = if ticket.is_some() { StatusCode::OK } else { StatusCode::ACCEPTED };
    let body = Taken { inbound: taken.inbound, state: taken.outcome.word(), ticket, number, why };
    Ok((status, Json(body)).into_response())
}

fn given(headers: &HeaderMap) -> Option<&str> {
    if let Some(secret) = headers.get("x-hook-secret") {
        return secret.to_str().ok();
    }
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The length that the client announced.
pub fn announced(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn broken(error: &axum::Error, most: u64) -> Refusal {
    if too_long(error) {
        return Refusal::too_large(most);
    }
    Refusal::new(StatusCode::BAD_REQUEST, "BAD_REQUEST", "the body broke off")
}

/// Tells a body that is too large from one that broke off.
pub fn too_long(error: &axum::Error) -> bool {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(one) = cause {
        if one.is::<LengthLimitError>() {
            return true;
        }
        cause = one.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderName;

    #[test]
    fn secrets_come_in_two_ways() {
        let headers = |name: &'static str, value: &str| -> HeaderMap {
            std::iter::once((HeaderName::from_static(name), value.parse().unwrap())).collect()
        };
        assert_eq!(given(&headers("authorization", "Bearer s3")), Some("s3"));
        assert_eq!(given(&headers("authorization", "bearer  s3 ")), Some("s3"));
        assert_eq!(given(&headers("x-hook-secret", "s3")), Some("s3"));
        assert_eq!(given(&headers("authorization", "Basic s3")), None);
        assert_eq!(given(&HeaderMap::new()), None);
    }
}
