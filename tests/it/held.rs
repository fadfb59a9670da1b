//! The HTTP client of the tests: every answer that it sees is held against the server's own OpenAPI document.
//!
//! Status, media type and JSON body must be as documented, or the test fails at that request. Streams and files are handed
//! on unread. Addresses that the document does not know are other tests' business.

use echodesk::http::documents::openapi;
use jsonschema::Validator;
use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::{Method, RequestBuilder, Response, multipart};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

/// A client like reqwest's, for as much of it as the tests use.
#[derive(Clone)]
pub struct Client(reqwest::Client);

/// A request that is being put together.
pub struct Request(RequestBuilder);

impl Client {
    pub fn new() -> Self {
        Self(reqwest::Client::builder().timeout(Duration::from_mins(1)).no_proxy().build().unwrap())
    }

    pub fn request(&self, method: Method, url: impl AsRef<str>) -> Request {
        Request(self.0.request(method, url.as_ref()))
    }

    pub fn get(&self, url: impl AsRef<str>) -> Request {
        self.request(Method::GET, url)
    }

    pub fn post(&self, url: impl AsRef<str>) -> Request {
        self.request(Method::POST, url)
    }

    pub fn put(&self, url: impl AsRef<str>) -> Request {
        self.request(Method::PUT, url)
    }

    pub fn patch(&self, url: impl AsRef<str>) -> Request {
        self.request(Method::PATCH, url)
    }

    pub fn delete(&self, url: impl AsRef<str>) -> Request {
        self.request(Method::DELETE, url)
    }
}

impl Request {
    pub fn header<N, V>(self, name: N, value: V) -> Self
    where
        HeaderName: TryFrom<N, Error: Into<http::Error>>,
        HeaderValue: TryFrom<V, Error: Into<http::Error>>,
    {
        Self(self.0.header(name, value))
    }

    pub fn bearer_auth(self, token: impl std::fmt::Display) -> Self {
        Self(self.0.bearer_auth(token))
    }

    pub fn json(self, body: &(impl Serialize + ?Sized)) -> Self {
        Self(self.0.json(body))
    }

    pub fn body(self, body: impl Into<reqwest::Body>) -> Self {
        Self(self.0.body(body))
    }

    pub fn query(self, query: &(impl Serialize + ?Sized)) -> Self {
        Self(self.0.query(query))
    }

    pub fn multipart(self, form: multipart::Form) -> Self {
        Self(self.0.multipart(form))
    }

    pub async fn send(self) -> reqwest::Result<Response> {
        let (client, request) = self.0.build_split();
        let request = request?;
        let method = request.method().clone();
        let response = client.execute(request).await?;
        // Where a redirection led, if there was one.
        let path = response.url().path().to_owned();
        held(&method, &path, response).await
    }
}

/// Checks an answer and hands it on, as if nobody had read it.
pub async fn held(method: &Method, path: &str, response: Response) -> reqwest::Result<Response> {
    let Some((documented, operations)) = operations_at(path) else { return Ok(response) };
    let status = response.status().as_u16();
    let asked = if *method == Method::HEAD { "get".to_owned() } else { method.as_str().to_lowercase() };
    let Some(operation) = operations.get(&asked) else {
        assert!(
            status == 405 || *method == Method::OPTIONS,
            "{method} {documented} answers {status} and has no document"
        );
        return Ok(response);
    };
    let answers = &operation["responses"];
    let answer = answers.get(status.to_string()).or_else(|| answers.get("default"));
    let answer = answer.unwrap_or_else(|| panic!("{method} {documented} answers {status}, which is not documented"));
    let answer = resolved(answer);
    let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default().to_owned();
    let kind = kind.split(';').next().unwrap().trim().to_owned();
    let Some(content) = answer.get("content") else {
        assert!(
            status == 304 || kind.is_empty(),
            "{method} {documented} answers {status} with {kind}, which is not documented"
        );
        return Ok(response);
    };
    let range = kind.split('/').next().unwrap();
    let ways = [kind.clone(), format!("{range}/*"), "*/*".to_owned()];
    let found = ways.iter().find(|way| content.get(way.as_str()).is_some());
    let way = found.unwrap_or_else(|| panic!("{method} {documented} answers {status} with {kind}, not {content}"));
    let is_json = kind == "application/json" || kind.ends_with("+json");
    if !is_json || *method == Method::HEAD || way == "*/*" {
        return Ok(response);
    }
    let place = format!("{documented} {asked} {status} {way}");
    let (head, bytes) = (parts_of(&response), response.bytes().await?);
    let body: Value = serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("{place}: {error}: {bytes:?}"));
    let validator = validator(&place, &content[way]["schema"]);
    let wrong: Vec<String> =
        validator.iter_errors(&body).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(wrong.is_empty(), "{place} is not as documented:\n  {}\n{body:#}", wrong.join("\n  "));
    Ok(rebuilt(head, bytes))
}

type Head = (http::StatusCode, http::Version, http::HeaderMap);

fn parts_of(response: &Response) -> Head {
    (response.status(), response.version(), response.headers().clone())
}

fn rebuilt((status, version, headers): Head, body: bytes::Bytes) -> Response {
    let mut response = http::Response::new(body);
    *response.status_mut() = status;
    *response.version_mut() = version;
    *response.headers_mut() = headers;
    response.into()
}

/// The documented path that an address belongs to; one without parameters wins.
pub fn operations_at(path: &str) -> Option<(&'static String, &'static Value)> {
    let steps: Vec<&str> = path.split('/').collect();
    let fits = |documented: &str| {
        let documented: Vec<&str> = documented.split('/').collect();
        documented.len() == steps.len()
            && documented.iter().zip(&steps).all(|(one, step)| one == step || one.starts_with('{') && !step.is_empty())
    };
    let paths = openapi()["paths"].as_object().unwrap();
    paths
        .iter()
        .filter(|(documented, _)| fits(documented))
        .min_by_key(|(documented, _)| documented.matches('{').count())
}

fn resolved(value: &'static Value) -> &'static Value {
    let target = value.get("$ref").and_then(Value::as_str);
    target.map_or(value, |target| openapi().pointer(&target[1..]).unwrap())
}

/// The schema with all that it may refer to, compiled once.
fn validator(place: &str, schema: &Value) -> Arc<Validator> {
    static KNOWN: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);
    let mut known = KNOWN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let compile = || {
        let whole = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "allOf": [schema],
            "components": openapi()["components"],
        });
        let made = jsonschema::options().should_validate_formats(true).build(&whole);
        Arc::new(made.unwrap_or_else(|error| panic!("{place}: the schema is no schema: {error}")))
    };
    Arc::clone(known.entry(place.to_owned()).or_insert_with(compile))
}

#[tokio::test]
async fn an_answer_that_is_not_as_documented_fails_the_test() {
    let answer = |status: u16, kind: &str, body: &'static str| -> Response {
        http::Response::builder().status(status).header(CONTENT_TYPE, kind).body(body).unwrap().into()
    };
    let json = "application/json; charset=utf-8";
    let good = answer(200, json, r#"{"ready":true,"missing":[]}"#);
    let handed_on: Value = held(&Method::GET, "/readyz", good).await.unwrap().json().await.unwrap();
    assert_eq!(handed_on["ready"], true);
    for (method, status, kind, body) in [
        (Method::GET, 200, json, r#"{"ready":"yes","missing":[]}"#),
        (Method::GET, 200, json, r#"{"ready":true}"#),
        (Method::GET, 200, "text/plain", "ready"),
        (Method::GET, 418, json, "{}"),
        (Method::PUT, 200, json, "{}"),
    ] {
        let told = format!("{method} {status} {body}");
        let check = async move { held(&method, "/readyz", answer(status, kind, body)).await.map(|_| ()) };
        assert!(tokio::spawn(check).await.is_err(), "{told}");
    }
    assert!(held(&Method::GET, "/nowhere", answer(418, "x/y", "")).await.is_ok());
}
