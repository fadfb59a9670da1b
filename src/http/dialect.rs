//! What the HTTP dialects have in common in kind: who calls, what they sent, how they are told no.
//!
//! A dialect says how it tells no (`Dialect::failure`); the extractors here do the rest, so that every refusal below a
//! dialect's prefix comes in its own form. What is sent and answered is each dialect's own, and nothing of it is shared.

use super::{App, form, gate};
use axum::body::Body as HttpBody;
use axum::extract::{FromRequest, FromRequestParts, MatchedPath, RawPathParams, Request, State};
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::{FutureExt as _, StreamExt as _};
use model::error::Problem;
use model::{Actor, Error};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::marker::PhantomData;
use std::ops::Deref;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

/// One way in which clients of HTTP are spoken to.
pub trait Dialect: Send + Sync + 'static {
    /// The routes that take files as they come, with the dialect's prefix. Their handlers know who calls before they read, and
    /// wait for no silence.
    const STREAMS: &'static [&'static str] = &[];

    /// How its clients are told no.
    fn failure(failure: &Failure) -> Response;

    /// What they name themselves by, as [`engine::Engine::authenticate`] takes it.
    fn credential(parts: &Parts) -> Option<String> {
        gate::credential(&parts.headers)
    }
}

/// Why a request is not carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// It can't be read: a path, a query or a body that is not what it has to be.
    Malformed(Vec<Problem>),
    /// The body has more bytes than the server takes.
    TooLarge { limit: u64 },
    /// Nothing stands at this path.
    NoSuchRoute,
    /// Something stands there, and not for this method.
    WrongMethod,
    /// It took longer than the server waits.
    TimedOut,
    /// The engine said no.
    Refused(Error),
}

impl Failure {
    pub fn malformed(field: &'static str, problem: impl Into<String>) -> Self {
        Self::Malformed(vec![Problem { field, problem: problem.into() }])
    }
}

/// A failure on its way to a client of this dialect; `?` makes one out of an [`Error`].
pub struct Fail<D>(pub Failure, PhantomData<D>);

impl<D> Fail<D> {
    pub fn new(failure: Failure) -> Self {
        Self(failure, PhantomData)
    }

    /// What is wrong with a query string makes a request malformed, not merely invalid.
    pub fn of_query(error: Error) -> Self {
        #[expect(clippy::wildcard_enum_match_arm, reason = "one that lists problems, and all others")]
        Self::new(match error {
            Error::Invalid(problems) => Failure::Malformed(problems),
            other => Failure::Refused(other),
        })
    }
}

impl<D> From<Error> for Fail<D> {
    fn from(error: Error) -> Self {
        Self::new(Failure::Refused(error))
    }
}

impl<D: Dialect> IntoResponse for Fail<D> {
    fn into_response(self) -> Response {
        if let Failure::Refused(Error::Internal(why)) = &self.0 {
            tracing::error!(why, "a request failed inside");
        }
        D::failure(&self.0)
    }
}

/// Who calls: somebody with a credential that works. Deleted tickets are gone for them, but to the handler that restores one.
pub struct Caller<D>(engine::Caller, PhantomData<D>);

impl<D> Deref for Caller<D> {
    type Target = engine::Caller;

    fn deref(&self) -> &engine::Caller {
        &self.0
    }
}

impl<D: Dialect> FromRequestParts<Arc<App>> for Caller<D> {
    type Rejection = Fail<D>;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Fail<D>> {
        let actor = app.engine.authenticate(D::credential(parts).as_deref()).await?;
        if matches!(actor, Actor::Anonymous) {
            return Err(model::access::sign_in().into());
        }
        gate::note(&actor);
        let key = gate::key(&parts.headers).map_err(|problem| Fail::new(Failure::Malformed(vec![problem])))?;
        Ok(Self(engine::Caller::new(actor).ignoring_deleted().keyed(key), PhantomData))
    }
}

/// The numbers in a path, in their order.
pub struct Ids<D, const N: usize>(pub [i64; N], pub PhantomData<D>);

impl<D: Dialect, const N: usize> FromRequestParts<Arc<App>> for Ids<D, N> {
    type Rejection = Fail<D>;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Fail<D>> {
        let not_text = |_| Fail::new(Failure::malformed("id", "must be an integer"));
        let all = RawPathParams::from_request_parts(parts, app).await.map_err(not_text)?;
        let numbers: Option<Vec<i64>> = all.iter().map(|(_, text)| id(text)).collect();
        let numbers = numbers.and_then(|numbers| <[i64; N]>::try_from(numbers).ok());
        let numbers = numbers.ok_or_else(|| Fail::new(Failure::malformed("id", "must be an integer")))?;
        Ok(Self(numbers, PhantomData))
    }
}

/// A number too large for us is one that nothing has. `7.0` is an integer, too.
fn id(text: &str) -> Option<i64> {
    let text = text.strip_suffix(".0").unwrap_or(text);
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some(text.parse().unwrap_or(i64::MAX))
}

/// The query string. An empty value is an absent one, the last of several counts, and unknown names are ignored.
pub struct Params<T, D>(pub T, pub PhantomData<D>);

impl<T: DeserializeOwned, D: Dialect> FromRequestParts<Arc<App>> for Params<T, D> {
    type Rejection = Fail<D>;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<App>) -> Result<Self, Fail<D>> {
        let query = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(&parts.uri);
        let axum::extract::Query(pairs) = query.map_err(|_| Fail::new(Failure::malformed("query", "can't be read")))?;
        let given = pairs.into_iter().filter(|(_, value)| !value.trim().is_empty());
        let all: Map<String, Value> = given.map(|(name, value)| (name, Value::String(value))).collect();
        let read = serde_json::from_value(Value::Object(all));
        let read = read.map_err(|_| Fail::new(Failure::malformed("query", "can't be read")))?;
        Ok(Self(read, PhantomData))
    }
}

/// The body, a JSON object whatever its type is said to be; none at all is an empty object. Fields are a
/// [`Field`](super::field::Field) each, so that one that is wrong doesn't hide the others.
pub struct Body<T, D>(pub T, pub PhantomData<D>);

impl<T: DeserializeOwned, D: Dialect> FromRequest<Arc<App>> for Body<T, D> {
    type Rejection = Fail<D>;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Fail<D>> {
        let bytes = gathered(request.into_body(), app.config.http.max_body_bytes).await.map_err(Fail::new)?;
        read(&bytes).map(|body| Self(body, PhantomData)).map_err(Fail::new)
    }
}

/// The body, a JSON array of objects.
pub struct Rows<T, D>(pub Vec<T>, pub PhantomData<D>);

impl<T: DeserializeOwned, D: Dialect> FromRequest<Arc<App>> for Rows<T, D> {
    type Rejection = Fail<D>;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Fail<D>> {
        let bytes = gathered(request.into_body(), app.config.http.max_body_bytes).await.map_err(Fail::new)?;
        rows("body", &bytes).map(|rows| Self(rows, PhantomData)).map_err(Fail::new)
    }
}

/// How much of a body that is too long is read on and thrown away. A client that is still sending when it is answered may
/// find its connection reset before it has read the answer.
const PATIENCE: u64 = 8 << 20;

/// A body of at most so many bytes.
async fn gathered(body: HttpBody, limit: u64) -> Result<Vec<u8>, Failure> {
    let (mut stream, mut bytes, mut total) = (body.into_data_stream(), Vec::new(), 0_u64);
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| Failure::malformed("body", "broke off"))?;
        total = total.saturating_add(chunk.len() as u64);
        if total <= limit {
            bytes.extend_from_slice(&chunk);
        } else if total > limit.saturating_add(PATIENCE) {
            break;
        } else {
            bytes = Vec::new();
        }
    }
    if total > limit { Err(Failure::TooLarge { limit }) } else { Ok(bytes) }
}

fn json(field: &'static str, bytes: &[u8]) -> Result<Value, Failure> {
    serde_json::from_slice(bytes).map_err(|error| {
        let place = (error.line(), error.column());
        Failure::malformed(field, format!("is not valid JSON (line {}, column {})", place.0, place.1))
    })
}

/// A JSON array of objects.
pub fn rows<T: DeserializeOwned>(field: &'static str, bytes: &[u8]) -> Result<Vec<T>, Failure> {
    let wrong = || Failure::Refused(Error::invalid(field, "must be a JSON array of objects"));
    let Value::Array(all) = json(field, bytes.trim_ascii())? else { return Err(wrong()) };
    let each = all.into_iter().map(|one| {
        if !one.is_object() {
            return Err(wrong());
        }
        serde_json::from_value(one).map_err(|error| Failure::Refused(Error::internal(error)))
    });
    each.collect()
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Failure> {
    let value = match bytes.trim_ascii() {
        [] => Value::Object(Map::new()),
        some => json("body", some)?,
    };
    if !value.is_object() {
        return Err(Failure::Refused(Error::invalid("body", "must be a JSON object")));
    }
    serde_json::from_value(value).map_err(|error| Failure::Refused(Error::internal(error)))
}

/// The layer around a dialect's routes: what takes too long and what panics is told in the dialect's own form, too. A file
/// may take as long as it keeps coming; that depends on the route, and on nothing that the caller says.
pub async fn guarded<D: Dialect>(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let patience = Duration::from_secs(app.config.http.request_timeout_seconds);
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let patience = if D::STREAMS.contains(&route) { form::LONGEST } else { patience };
    let running = AssertUnwindSafe(next.run(request)).catch_unwind();
    match tokio::time::timeout(patience, running).await {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => Fail::<D>::from(Error::internal("a request panicked")).into_response(),
        Err(_) => Fail::<D>::new(Failure::TimedOut).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_integers_of_any_size() {
        for (text, is) in [
            ("100001", Some(100_001)),
            ("-3", Some(-3)),
            ("99999999999999999999999", Some(i64::MAX)),
            ("007", Some(7)),
            ("", None),
            ("-", None),
            ("1.5", None),
            ("abc", None),
            ("+1", None),
            ("１", None),
            ("1 or 1=1", None),
        ] {
            assert_eq!(id(text), is, "{text}");
        }
    }

    #[test]
    fn rows_are_objects_in_an_array() {
        let told = |text: &str| rows::<Map<String, Value>>("file", text.as_bytes());
        assert_eq!(told(r#"[{"a": 1}, {}]"#).unwrap().len(), 2);
        assert!(matches!(told(""), Err(Failure::Malformed(_))));
        for other in ["{}", "[1]", "null"] {
            assert!(matches!(told(other), Err(Failure::Refused(Error::Invalid(_)))), "{other}");
        }
    }

    #[test]
    fn bodies_are_objects() {
        let told = |text: &str| read::<Map<String, Value>>(text.as_bytes());
        assert_eq!(told(" \n"), Ok(Map::new()));
        assert!(told(r#"{"a": 1, "a": 2}"#).is_ok());
        for bad in ["{", "nonsense", "{\"a\": }", "\u{feff}", &"[".repeat(1_000)] {
            assert!(matches!(told(bad), Err(Failure::Malformed(_))), "{bad}");
        }
        for other in ["[]", "5", "null", "\"{}\""] {
            assert!(matches!(told(other), Err(Failure::Refused(Error::Invalid(_)))), "{other}");
        }
    }
}
