//! Requests per minute, for any router: the caller is counted, every answer says where they stand, and who has used up
//! their minute is refused in the words of the router's dialect.
//!
//! The limits and the counting are the engine's (`engine/src/limit.rs`). A request with a bad token counts for its address,
//! like one without. Preflights are answered further out and count for nobody.

use super::client::household;
use super::documents::operations;
use super::graphql::ClientAddress;
use super::{App, gate};
use axum::extract::{Request, State};
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::Route;
use engine::Standing;
use model::{Actor, Error};
use std::convert::Infallible;
use std::sync::Arc;
use tower::{Layer, Service};
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, ResponseBuilder};
use utoipa_axum::router::OpenApiRouter;

pub const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
pub const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
pub const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// What those without a limit are told: clients that compute with it never wait, and it fits their integers.
const UNLIMITED: u32 = 2_147_483_647;

/// How a dialect says no: the error is always [`Error::Busy`], with the time after which to come again.
pub trait Render: Fn(&Error) -> Response + Clone + Send + Sync + 'static {}
impl<F: Fn(&Error) -> Response + Clone + Send + Sync + 'static> Render for F {}

/// What the caller of a request names themselves by.
type Named = fn(&Request) -> Option<String>;

/// The layer; `render` draws the refusal, `named` says what callers name themselves by (`by_headers` for most). Put it around a
/// whole router, its fallback included, so that errors carry the headers, too: `router.layer(limits::layer(&app, V1::failure,
/// limits::by_headers))`.
pub fn layer<R: Render>(
    app: &Arc<App>,
    render: R,
    named: Named,
) -> impl Layer<
    Route,
    Service: Service<
        Request,
        Response: IntoResponse + 'static,
        Error: Into<Infallible> + 'static,
        Future: Send + 'static,
    > + Clone
                 + Send
                 + Sync
                 + 'static,
> + Clone
+ Send
+ Sync
+ 'static {
    from_fn_with_state((Arc::clone(app), render, named), count::<R>)
}

/// By `Authorization`, or by a header that stands for it.
pub fn by_headers(request: &Request) -> Option<String> {
    gate::credential(request.headers())
}

async fn count<R: Render>(
    State((app, render, named)): State<(Arc<App>, R, Named)>,
    request: Request,
    next: Next,
) -> Response {
    let credential = named(&request);
    // What is wrong with a credential, or with the database, the handler says in its own words.
    let actor = app.engine.authenticate(credential.as_deref()).await.unwrap_or(Actor::Anonymous);
    // Who is refused here is known all the same.
    engine::acts(&actor);
    let address = request.extensions().get::<ClientAddress>().map(|client| household(client.0));
    let Some(standing) = app.engine.count_request(&actor, address).await else { return next.run(request).await };
    let mut response = match standing.refusal(app.engine.now()) {
        Some(refusal) => refused(&refusal, &render),
        None => next.run(request).await,
    };
    tell(&mut response, &standing);
    response
}

fn refused(refusal: &Error, render: &impl Render) -> Response {
    let mut response = render(refusal);
    if let Error::Busy { after_ms } = refusal {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(after_ms.div_ceil(1_000)));
    }
    response
}

fn tell(response: &mut Response, standing: &Standing) {
    let limited = standing.limit.is_some();
    let headers = response.headers_mut();
    headers.insert(LIMIT, HeaderValue::from(standing.limit.unwrap_or(UNLIMITED)));
    headers.insert(REMAINING, HeaderValue::from(if limited { standing.remaining } else { UNLIMITED }));
    // Rounded up: who waits until then is let in.
    headers.insert(RESET, HeaderValue::from(u64::try_from(standing.resets_at.0).unwrap_or_default().div_ceil(1_000)));
}

/// Adds to the documents of a router what the layer adds to its answers: the headers, and a 429 of the schema `refusal`.
pub fn documented<S: Clone + Send + Sync + 'static>(
    mut router: OpenApiRouter<S>,
    refusal: &'static str,
) -> OpenApiRouter<S> {
    let number = |why: &str| {
        let number = ObjectBuilder::new().schema_type(Type::Integer).build();
        HeaderBuilder::new().schema(Some(number)).description(Some(why)).build()
    };
    let standing = [
        ("X-RateLimit-Limit", "Requests per minute; 2147483647 is without a limit"),
        ("X-RateLimit-Remaining", "Requests that are left of the caller's minute"),
        ("X-RateLimit-Reset", "When that minute is over, in seconds since 1970"),
    ];
    let standing = standing.map(|(name, why)| (name.to_owned(), RefOr::T(number(why))));
    for item in router.get_openapi_mut().paths.paths.values_mut() {
        for operation in operations(item) {
            let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(refusal))).build();
            let refused = ResponseBuilder::new()
                .description("The caller has used up a minute")
                .content("application/json", content)
                .header("Retry-After", number("Seconds to wait"));
            let answers = &mut operation.responses.responses;
            answers.entry("429".to_owned()).or_insert_with(|| refused.build().into());
            for answer in answers.values_mut() {
                if let RefOr::T(answer) = answer {
                    answer.headers.extend(standing.clone());
                }
            }
        }
    }
    router
}

#[cfg(test)]
mod tests {
    use super::*;
    use utoipa_axum::routes;

    #[utoipa::path(get, path = "/things", responses((status = 200, description = "Things")))]
    async fn things() {}

    #[test]
    fn the_documents_say_what_the_layer_adds() {
        let document = documented(OpenApiRouter::<()>::new().routes(routes!(things)), "Refusal").into_openapi();
        let document = serde_json::to_value(document).unwrap();
        let answers = &document["paths"]["/things"]["get"]["responses"];
        assert_eq!(answers["200"]["headers"]["X-RateLimit-Remaining"]["schema"]["type"], "integer");
        let refused = &answers["429"];
        assert_eq!(refused["content"]["application/json"]["schema"]["$ref"], "#/components/schemas/Refusal");
        assert!(refused["headers"]["Retry-After"].is_object() && refused["headers"]["X-RateLimit-Reset"].is_object());
    }
}
